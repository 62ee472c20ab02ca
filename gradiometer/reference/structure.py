"""Operations that move the components of nodes: joining, choosing, and other shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import arb

from gradiometer.reference import linear
from gradiometer.reference.loose import Loose
from gradiometer.reference.node import Node
from gradiometer.reference.parts import Mapped, Part, Shared

Move = Callable[[Any], Any]
"""One of NumPy's functions, which tells of any array's components where they go."""


def where(mask: Any, a: Node, b: Node) -> Node:
    """Choose componentwise by booleans; the cotangent of what was not chosen is exactly zero."""
    if isinstance(mask, Loose):
        return _either(mask, a, b)
    mask = np.asarray(mask, dtype=bool)
    shape = np.broadcast_shapes(mask.shape, a.shape, b.shape)
    mask = np.broadcast_to(mask, shape)
    a, b = spread(a, shape), spread(b, shape)
    parts = [Mapped(x, linear.Keep(shape, shape, kept)) for x, kept in ((a, mask), (b, ~mask))]
    return Node(np.where(mask, a.value, b.value), ("where", mask, a, b), parts)


def _either(mask: Loose, a: Node, b: Node) -> Node:
    """Choose by booleans of which some may be either: there, all between 0 and 1 of a cotangent."""
    shape = np.broadcast_shapes(mask.chosen.shape, a.shape, b.shape)
    chosen, either = (np.broadcast_to(each, shape) for each in (mask.chosen, mask.open))
    a, b = spread(a, shape), spread(b, shape)
    value = np.where(chosen, a.value, b.value)
    value[either] = [x.union(y) for x, y in zip(a.value[either], b.value[either], strict=True)]
    share = Node(np.full(shape, arb(0.5, 0.5)))
    keep = linear.Keep(shape, shape, either)
    kept = ((a, chosen & ~either), (b, ~chosen & ~either))
    parts: list[Part] = [Mapped(x, linear.Keep(shape, shape, each)) for x, each in kept]
    parts += [Shared(x, keep, share) for x in (a, b)]
    return Node(value, ("either", chosen, either, a, b), parts)


def concat(nodes: Sequence[Node], axis: int = 0) -> Node:
    """Join along an existing axis."""
    value = np.concatenate([n.value for n in nodes], axis=axis)
    ends = np.cumsum([n.shape[axis] for n in nodes]).tolist()
    before = (slice(None),) * (axis % value.ndim)
    parts = [
        Mapped(n, linear.Put(n.shape, value.shape, (*before, slice(end - n.shape[axis], end))))
        for n, end in zip(nodes, ends, strict=True)
    ]
    return Node(value, ("concat", int(axis), *nodes), parts)


def reshape(x: Node, shape: Sequence[int]) -> Node:
    """Return the components in another shape."""
    return x.apply(linear.reshape(x.shape, shape))


def transpose(x: Node, axes: Sequence[int]) -> Node:
    """Return the array with its axes in another order."""
    map_ = linear.permute(x.shape, axes)
    return x if map_.axes == tuple(range(x.ndim)) else x.apply(map_)


def transposed(x: Node) -> Node:
    """Return the transposed matrices: the last two axes exchanged."""
    return transpose(x, (*range(x.ndim - 2), -1, -2))


def shaped(x: Node, by: Move) -> Node:
    """Return x in the shape that one of NumPy's functions gives an array, in the same order."""
    return reshape(x, by(np.empty(x.shape, dtype=bool)).shape)


def permuted(x: Node, by: Move) -> Node:
    """Return x with its axes in the order that one of NumPy's functions puts them."""
    lengths = range(2, 2 + x.ndim)  # that differ, so that they tell the order
    return transpose(x, [length - 2 for length in by(np.broadcast_to(0, lengths)).shape])


def moved(x: Node, by: Move) -> Node:
    """Return the components that one of NumPy's functions takes, in its order."""
    return reshape(x, (-1,))[by(np.arange(x.size).reshape(x.shape))]


def stop_gradient(x: Node) -> Node:
    """Return the same array as a constant: its value is exact, its derivatives are zero."""
    return Node(x.value, ("stop_gradient", x), source=x.untracked, sparse=x.sparse)


def spread(x: Node, shape: tuple[int, ...]) -> Node:
    """Return x broadcast to a shape."""
    return x if x.shape == shape else x.apply(linear.Spread(x.shape, shape))
