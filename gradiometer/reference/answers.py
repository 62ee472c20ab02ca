"""What each operator is, read from a tape: its true answer in balls, and its bound on rounding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gradiometer.reference import numeric
from gradiometer.reference.forward import Forward
from gradiometer.reference.node import Node
from gradiometer.reference.parts import View
from gradiometer.reference.passes import backward, forward, plain, seed, taped
from gradiometer.reference.rounding import Floats, likely
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.point import Directions
from gradiometer.vocabulary.space import Array, blocks


class Answer(NamedTuple):
    """An answer's components, flattened.

    Attributes:
        balls: The truth, as the tape's values are.
        bound: What rounding can do.
        probable: Of which components the bound is the likely one, not the sound one.
    """

    balls: Any
    bound: Floats
    probable: NDArray[np.bool_]

    def at_least(self, other: Answer) -> Answer:
        """Return the answer with the larger of its own and another computation's bounds."""
        larger = np.maximum(self.bound, other.bound)
        return Answer(self.balls, larger, self.probable | other.probable)


def _value(done: Forward, asked: Operator, along: Directions) -> Answer:
    return flat(done, done.outputs)


def _gradient(done: Forward, asked: Operator, along: Directions) -> Answer:
    return flat(done, _cotangents({done.outputs[0]: seed(1.0)}, done.inputs))


def _vjp(done: Forward, asked: Operator, along: Directions) -> Answer:
    return flat(done, _cotangents(_seeds(done.outputs, along.cotangents), done.inputs))


def _jvp(done: Forward, asked: Operator, along: Directions) -> Answer:
    return flat(done, _tangents(_seeds(done.inputs, along.tangents), done.outputs))


def _jacobian(done: Forward, asked: Operator, along: Directions) -> Answer:
    if done.signature.n < done.signature.m:
        columns = [flat(done, _tangents(unit, done.outputs), k) for k, unit in _units(done.inputs)]
        return _matrix(done, columns, asked, turned=True)
    return _matrix(done, _rows(done, done.outputs), asked)


def _hvp(done: Forward, asked: Operator, along: Directions) -> Answer:
    """Return forward over reverse, with the larger of its bounds and those of reverse over it."""
    slope = _slope(done)
    pushed = _tangents(_seeds(done.inputs, along.tangents), slope)
    pulled = _cotangents(_seeds(slope, along.tangents), done.inputs)
    both = flat(done, [*pushed, *pulled])  # at once, since they share the way to the slope
    one, other = (Answer(*half) for half in zip(*(np.split(part, 2) for part in both), strict=True))
    return one.at_least(other)


def _hessian(done: Forward, asked: Operator, along: Directions) -> Answer:
    """Return reverse over reverse; its columns are rows of forward over reverse."""
    rows = _rows(done, _slope(done))
    return _matrix(done, rows, asked).at_least(_matrix(done, rows, asked, turned=True))


ANSWERS: dict[str, Callable[[Forward, Operator, Directions], Answer]] = {
    "value": _value,
    "gradient": _gradient,
    "jacobian": _jacobian,
    "hessian": _hessian,
    "jvp": _jvp,
    "vjp": _vjp,
    "hvp": _hvp,
}
"""An operator's answer at the point of a forward pass, along directions."""


def _slope(done: Forward) -> list[Node]:
    """Return the gradient on the tape, to be differentiated again."""
    return _cotangents({done.outputs[0]: seed(1.0)}, done.inputs, taped)


def _cotangents(
    seeds: Mapping[Node, Node], inputs: Sequence[Node], view: View = plain
) -> list[Node]:
    found = backward(seeds, view)
    return [found.get(x) or _nothing(x) for x in inputs]


def _tangents(seeds: Mapping[Node, Node], outputs: Sequence[Node]) -> list[Node]:
    found = forward(seeds, outputs)
    return [found.get(y) or _nothing(y) for y in outputs]


def _nothing(like: Node) -> Node:
    """Return the derivative of what does not depend on it: structural zeros."""
    return Node(numeric.zeros(like.shape), ("nothing", like.shape), sparse=True)


def _seeds(nodes: Sequence[Node], directions: Mapping[str, Array]) -> dict[Node, Node]:
    return {node: seed(a) for node, a in zip(nodes, directions.values(), strict=True)}


def _units(nodes: Sequence[Node]) -> Iterator[tuple[int, dict[Node, Node]]]:
    """Yield the unit directions of several nodes, a component at a time, numbered."""
    number = count()
    for node in nodes:
        for i in range(node.size):
            unit = np.zeros(node.shape)
            unit.reshape(-1)[i] = 1.0
            yield next(number), {node: seed(unit)}


def _rows(done: Forward, ends: Sequence[Node]) -> list[Answer]:
    return [flat(done, _cotangents(unit, done.inputs), k) for k, unit in _units(ends)]


def flat(done: Forward, nodes: Sequence[Node], line: int | None = None) -> Answer:
    """Return the components of nodes; of a line of a matrix, draws are kept for the others."""
    settled = [numeric.settled(n.value) if n.sparse else n.value for n in nodes]
    whole = np.concatenate([balls.ravel() for balls in settled])
    if not done.bounded:
        return Answer(whole, np.zeros(whole.shape), np.zeros(whole.shape, dtype=bool))
    bounds = [node.bound for node in nodes]
    beyond = [node.bound > done.dtype.promise * node.moduli for node in nodes]
    if any(each.any() for each in beyond):
        drawn = likely(nodes) if line is None else likely(nodes, (1, line), keep=True)
        both = zip(beyond, drawn, bounds, strict=True)
        beyond = [wide & (other < bound) for wide, other, bound in both]
        bounds = [np.where(*each) for each in zip(beyond, drawn, bounds, strict=True)]
    return Answer(whole, *(np.concatenate([x.ravel() for x in each]) for each in (bounds, beyond)))


def _matrix(
    done: Forward, lines: Sequence[Answer], asked: Operator, *, turned: bool = False
) -> Answer:
    """Return the blocks of a matrix, given by its rows, or by its columns to be turned."""
    rows, columns = asked.spaces(done.signature)

    def cut(arrays: Iterable[Any]) -> Any:
        matrix = np.stack(list(arrays))
        found = blocks(matrix.T if turned else matrix, rows, columns)
        return np.concatenate([np.ravel(block) for block in found])

    return Answer(*(cut(parts) for parts in zip(*lines, strict=True)))
