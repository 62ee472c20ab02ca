"""A framework's own derivative graph, beside the certified derivative of the function.

Where the two are apart in real numbers, a rule is wrong, by whatever way it is computed. Where they
are not, what rounding does in the framework's graph is granted to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from gradiometer.checking.places import Place
from gradiometer.errors import GradiometerError
from gradiometer.reference.lookup import certified
from gradiometer.reference.overlap import apart
from gradiometer.tracing.derived import derivative, named
from gradiometer.tracing.native_function import NativeFunction
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.graph import Graph
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.point import Argument, Point
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Array


def graph_is_apart(
    program: NativeFunction, place: Place, asked: Operator
) -> tuple[bool | None, Place]:
    """Return whether a framework's derivative is another in real numbers; `None` if not known.

    Args:
        program: The function.
        place: Where it is to be known.
        asked: Which derivative.

    Returns:
        It, and the place with what rounding can do in the framework's graph, where that is not
        apart.
    """
    truth, point = place.truth, place.at.point
    if not isinstance(truth, Enclosure):
        return None, place
    directions = list(asked.directions(place.at.directions).values())
    values = point.inputs | point.given
    arrays = [np.asarray(values[name]) for name in program.taken.names]
    try:
        own = derivative(
            program.folder, program.taken.function, arrays, program.taken.names,
            program.taken.given, asked.name, directions,
        )  # fmt: skip
        along = named(directions)
        problem = of_graph(asked.name, own.graph, point.inputs, point.given | along)
        at = Point(point.inputs, point.given | along)
        if apart(problem, at, truth):
            return True, place
    except GradiometerError:
        return None, place
    try:
        found = certified(problem, Argument(at), "value", kept=False)
    except GradiometerError:  # rounding leaves nothing of it
        return False, place
    return False, replace(place, truth=granted(truth, found))


def granted(truth: Enclosure, own: Enclosure) -> Enclosure:
    """Return an enclosure with the larger of its own and another computation's bounds."""
    between = np.abs((own.high - truth.high) + (own.low - truth.low)) + own.radius
    return replace(truth, bound=np.maximum(truth.bound, own.bound + between))


def of_graph(
    name: str, graph: Graph, at: Mapping[str, Array], given: Mapping[str, Array] | None = None
) -> Problem:
    """Return a graph as a problem; its outputs are numbered.

    Args:
        name: What to call it.
        graph: The graph.
        at: Values of its inputs.
        given: Values that are held constant.
    """
    several: Sequence[object] = graph.result if isinstance(graph.result, tuple) else (graph.result,)
    one = graph if len(several) > 1 else replace(graph, result=several[0])
    outputs = tuple(f"y{k}" for k in range(len(several)))
    return Problem(name, one, dict(at), dict(given or {}), outputs=outputs)
