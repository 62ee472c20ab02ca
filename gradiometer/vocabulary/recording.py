"""Records a function of an array namespace as a graph, by evaluating it in NumPy at a point.

What Python decides on a value becomes a guard: an `if`, or a length, an index or a number that does
not depend on an input. So do the shapes, which are the point's. A loop is recorded as often as it
runs.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradiometer.vocabulary.composed import scan
from gradiometer.vocabulary.graph import Branches, Graph, Named, shape_of
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.recorded import NUMPY, Recorded, Recorder, Unrecordable


def record(function: Callable[..., Any], point: Point) -> Graph:
    """Return a function's operations at a point, as a graph.

    Args:
        function: `function(xp, *inputs, **given)`.
        point: Where; the graph holds for arrays of these shapes, on the branches taken here.

    Raises:
        Unrecordable: If a number that depends on an input leaves the computation, or two
            evaluations differ.

    Example:
        >>> graph = record(lambda xp, x: x if x > 0.0 else -x, Point({"x": np.array(3.0)}))
        >>> float(graph(np, 2.0))
        2.0
    """
    graph = _evaluated(function, point)
    if _evaluated(function, point) != graph:
        raise Unrecordable(
            "not a function of its inputs: two evaluations at one point differ. It must not use "
            "random numbers, the clock, or anything that it changes."
        )
    return graph


def record_branches(function: Callable[..., Any], points: Sequence[Point]) -> Branches:
    """Return a function's branches that are taken at some points.

    Raises:
        Unrecordable: As `record`.
    """
    graphs: list[Graph] = []
    for graph in (record(function, point) for point in points):
        if graph not in graphs:
            graphs.append(graph)
    return Branches(tuple(graphs))


def _evaluated(function: Callable[..., Any], point: Point) -> Graph:
    """Return the graph of one evaluation."""
    recorder = Recorder()
    inputs = [recorder.array(np.array(a), tracked=True) for a in point.inputs.values()]
    given = {k: recorder.array(np.array(a), tracked=False) for k, a in point.given.items()}
    for array in (*inputs, *given.values()):
        recorder.guard(shape_of, array)
    result = recorder.reference(function(_Names(recorder, NUMPY), *inputs, **given))
    return Graph(tuple(point.inputs), tuple(point.given), tuple(recorder.steps), result)


class _Names:
    """The array namespace that a function meets: its functions are recorded."""

    def __init__(self, recorder: Recorder, names: Namespace, prefix: str = "") -> None:
        self._recorder = recorder
        self._names = names
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        if name == "scan":  # its steps are recorded, as those of any loop
            return functools.partial(scan, self)
        found, full = getattr(self._names, name), self._prefix + name
        if isinstance(found, Namespace):
            return _Names(self._recorder, found, f"{full}.")
        if isinstance(found, float) and math.isfinite(found):
            return Recorded(self._recorder, Named(full), np.float64(found), tracked=False)
        if isinstance(found, type) and issubclass(found, np.generic):
            return Named(full)
        return functools.partial(self._recorder.call, full) if callable(found) else found
