"""Computes a problem in ball arithmetic, forward under a watch and backward, at a point."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.intermediates.naming import Variables
from gradiometer.intermediates.watching import Watch
from gradiometer.reference.adjoints import adjoints, enclosures, tight
from gradiometer.reference.array import Array as TapeArray
from gradiometer.reference.certify import certify
from gradiometer.reference.forward import PRECISIONS, Forward, forward_pass, precisions
from gradiometer.reference.lookup import evaluated
from gradiometer.reference.node import Node
from gradiometer.reference.refusals import Undecided
from gradiometer.tracing.array import Traced
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.point import Argument, Directions, Point
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Array, Space

MOST_NODES = 50_000
"""Nodes beyond which nothing is traced."""

LOWER = (
    "derivatives in a symmetric matrix that `cholesky` reads are of its lower triangle; their "
    "symmetric form is right as well"
)


@dataclass(frozen=True)
class Computed:
    """A computation in ball arithmetic.

    Attributes:
        done: The forward pass.
        nodes: The tracked nodes that the output depends on, in the order of computation.
        ends: The nodes that the outputs are, by their names; that of a scalar may have none.
        variables: What nodes are called.
        adjoint: The adjoint of each node.
        value_of: The value of each node.
        adjoint_of: The enclosed adjoint of each node.
        cotangents: What the outputs' cotangents are, by name.
        note: What is to be said of comparisons and conventions.
    """

    done: Forward
    nodes: list[Node]
    ends: dict[str, Node]
    variables: Variables
    adjoint: dict[Node, Node]
    value_of: dict[Node, Enclosure]
    adjoint_of: dict[Node, Enclosure]
    cotangents: dict[str, Array]
    note: str = ""


def compute(problem: Problem, point: Point, output: str | None = None) -> Computed:
    """Return a problem's computation at a point, with the first precision that is enough.

    Args:
        problem: The problem.
        point: The point.
        output: An output, or one of its components; by default the sum of all of them.

    Raises:
        GradiometerError: If it cannot be certified, or there is no such output.
    """
    first, _ = evaluated(problem, point)
    outputs = Space(dict(zip(problem.output_names, first.shapes, strict=True)))
    cotangents = _cotangents(problem, outputs, output)
    note = _certified(problem, point, first, cotangents)
    if first.evaluation.conventions:
        note = "; ".join(filter(None, (note, LOWER)))
    for bits in (bits for bits in precisions(point) if bits >= first.bits):
        with suppress(Undecided):
            found = _computed(problem, point, bits, cotangents, note)
            enclosed = [*found.value_of.values(), *found.adjoint_of.values()]
            if bits == PRECISIONS[-1] or all(map(tight, enclosed)):
                return found
    raise GradiometerError(f"{problem.name}: no precision was enough. Choose another point.")


def _cotangents(problem: Problem, outputs: Space, output: str | None) -> dict[str, Array]:
    """Return ones for what is asked for, zeros for the other outputs.

    Raises:
        UnknownName: If there is no such output, or component of one.
    """
    if output is None:
        return {name: np.ones(shape) for name, shape in outputs.shapes.items()}
    found = outputs.zeros()
    name, _, index = output.partition("[")
    if not problem.outputs or name not in found:
        raise UnknownName(f"output of {problem.name!r}", output, list(outputs.names))
    components = list(outputs.components())
    if not index:
        found[name][...] = 1.0
        return found
    wanted = re.sub(r"\s*,\s*", ", ", output)
    if wanted not in components:
        raise UnknownName(f"component of an output of {problem.name!r}", output, components)
    flat = np.zeros(outputs.size)
    flat[components.index(wanted)] = 1.0
    return outputs.split(flat)


def _certified(problem: Problem, point: Point, first: Forward, cotangents: dict[str, Array]) -> str:
    """Return what is to be said of comparisons that could have come out otherwise.

    Raises:
        ReferenceFailure: If the output has no derivative here for that reason.
    """
    if not first.evaluation.open:
        return ""
    operator = "vjp" if problem.outputs else "gradient"
    certify(problem, Argument(point, Directions(cotangents=cotangents)), operator, first)
    place = first.evaluation.open[0].place
    return (
        f"a comparison{place} could have come out otherwise, and the output has the same "
        "derivative then; the intermediate values are those of the branch taken here"
    )


def _computed(
    problem: Problem, point: Point, bits: int, cotangents: dict[str, Array], note: str
) -> Computed:
    watch = Watch(_node, lambda a, b: a is b, frozenset(_files(problem)))
    with watch:
        done = forward_pass(problem, point, bits)
    inputs = dict(zip(done.inputs, point.inputs, strict=True))
    seeded = {
        y: name for y, name in zip(done.outputs, cotangents, strict=True) if cotangents[name].any()
    }
    nodes = [n for n in in_order(seeded) if n.tracked and n not in seeded]
    if len(nodes) > MOST_NODES:
        raise GradiometerError(
            f"{problem.name} computes {len(nodes):,} intermediate values: no more than "
            f"{MOST_NODES:,} are traced. Choose a smaller size."
        )
    found = adjoints(done, list(cotangents.values()))
    nodes = [*done.inputs, *(node for node in nodes if node.made[0] != "input")]
    reached = [node for node in nodes if node in found]
    # An output is a node of its own on the tape, over the one that the function returned.
    ends = {
        name if problem.outputs else _formula(problem): y.parts[0].parent if y.parts else y
        for y, name in seeded.items()
    }
    return Computed(
        done,
        nodes,
        ends,
        Variables(watch.bindings, inputs, _code(problem)),
        found,
        dict(zip(nodes, enclosures(done, nodes), strict=True)),
        dict(zip(reached, enclosures(done, [found[node] for node in reached]), strict=True)),
        cotangents,
        note,
    )


def in_order(ends: Iterable[Node]) -> list[Node]:
    """Return nodes and all that they were computed from, as Python evaluates: left to right."""
    found: dict[Node, None] = {}
    stack = [(end, False) for end in reversed(list(ends))]
    while stack:
        node, finished = stack.pop()
        if node in found:
            continue
        if finished:
            found[node] = None
            continue
        stack.append((node, True))
        before = list(node.before)
        if node.made[0] != "divide":  # of which the divisor comes first
            before.reverse()
        stack.extend((each, False) for each in before)
    return list(found)


def _formula(problem: Problem) -> str:
    """Return what the output is called where the function is told by a formula, `y = …`."""
    told = re.match(r"([^\W\d]\w*) = ", inspect.getdoc(problem.written) or "")
    return told.group(1) if told else ""


def _node(x: Any) -> Node | None:
    """Return the node that a value of the function's is, if it is on the tape."""
    if isinstance(x, Traced):
        x = x.native
    return x.node if isinstance(x, TapeArray) else None


def _files(problem: Problem) -> Iterable[str]:
    code = _code(problem)
    return [code.co_filename] if code is not None else []


def _code(problem: Problem) -> CodeType | None:
    """Return the code of the function as it is written."""
    written = inspect.unwrap(problem.written)
    written = getattr(written, "__func__", written)
    if not hasattr(written, "__code__"):
        written = type(written).__call__  # of an object that can be called
    code = getattr(written, "__code__", None)
    return code if isinstance(code, CodeType) else None
