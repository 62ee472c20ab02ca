"""Operations that move components, by the array API standard: joining, cutting, repeating.

Every function takes arrays, nodes or numbers, and returns a node.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiometer.reference import structure
from gradiometer.reference.array import index, lift
from gradiometer.reference.node import Node
from gradiometer.reference.structure import transpose


def reshape(x: Any, shape: Any, *, copy: bool | None = None) -> Node:
    """Return the components in another shape, of which one length may be −1."""
    return structure.reshape(lift(x), shape if isinstance(shape, tuple | list) else (shape,))


def permute_dims(x: Any, axes: Sequence[int] | None = None) -> Node:
    """Return the axes in another order, reversed by default."""
    x = lift(x)
    return transpose(x, range(x.ndim)[::-1] if axes is None else axes)


def matrix_transpose(x: Any) -> Node:
    """Return the matrices transposed: the last two axes exchanged."""
    x = lift(x)
    return transpose(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def moveaxis(x: Any, source: Any, destination: Any) -> Node:
    """Return the array with axes moved."""
    x = lift(x)
    return transpose(x, _axes_moved(x.ndim, source, destination))


def swapaxes(x: Any, a: int, b: int) -> Node:
    """Return the array with two axes exchanged."""
    x = lift(x)
    axes = list(range(x.ndim))
    axes[a], axes[b] = axes[b], axes[a]
    return transpose(x, axes)


def expand_dims(x: Any, axis: Any = 0) -> Node:
    """Return the array with an axis of length one put in."""
    x = lift(x)
    return structure.reshape(x, np.expand_dims(np.empty(x.shape), axis).shape)


def squeeze(x: Any, axis: Any = None) -> Node:
    """Return the array without axes of length one."""
    x = lift(x)
    return structure.reshape(x, np.empty(x.shape).squeeze(axis).shape)


def concat(arrays: Any, axis: int | None = 0) -> Node:
    """Join along an existing axis; flattened, without one."""
    nodes = [lift(a) for a in arrays]
    if axis is None:
        nodes, axis = [structure.reshape(n, (-1,)) for n in nodes], 0
    return structure.concat(nodes, axis)


def stack(arrays: Any, axis: int = 0) -> Node:
    """Join along a new axis."""
    return structure.concat([expand_dims(a, axis) for a in arrays], axis)


def unstack(x: Any, *, axis: int = 0) -> tuple[Node, ...]:
    """Return the slices along an axis."""
    front = to_front(lift(x), axis)
    return tuple(front[k] for k in range(front.shape[0]))


def take(x: Any, indices: Any, axis: int | None = None) -> Node:
    """Return the slices at integer indices along an axis; of the flattened array without one."""
    node = lift(x)
    if axis is None:
        node, axis = (node if node.ndim == 1 else structure.reshape(node, (-1,))), 0
    return node[(*(slice(None),) * (axis % node.ndim), np.asarray(index(indices)))]


def take_along_axis(x: Any, indices: Any, axis: int = -1) -> Node:
    """Return the components at integer indices along an axis, each with its own."""
    x = lift(x)
    where = np.take_along_axis(_positions(x), np.asarray(index(indices)), axis)
    return _take(x, where)


def broadcast_to(x: Any, shape: Any) -> Node:
    """Return x broadcast to a shape."""
    return structure.spread(lift(x), tuple(np.atleast_1d(shape).tolist()))


def flip(x: Any, axis: Any = None) -> Node:
    """Return the array with the order along axes reversed."""
    x = lift(x)
    return _take(x, np.flip(_positions(x), axis))


def roll(x: Any, shift: Any, axis: Any = None) -> Node:
    """Return the array with components shifted around."""
    x = lift(x)
    return _take(x, np.roll(_positions(x), shift, axis))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Node:
    """Return the array with each slice repeated."""
    x = lift(x)
    return _take(x, np.repeat(_positions(x), index(repeats), axis))


def tile(x: Any, repetitions: Any) -> Node:
    """Return the array repeated as a whole."""
    x = lift(x)
    return _take(x, np.tile(_positions(x), repetitions))


def tril(x: Any, k: int = 0) -> Node:
    """Return the lower triangle, zeros above."""
    x = lift(x)
    return structure.where(np.tri(x.shape[-2], x.shape[-1], k, dtype=bool), x, Node(0))


def triu(x: Any, k: int = 0) -> Node:
    """Return the upper triangle, zeros below."""
    x = lift(x)
    return structure.where(~np.tri(x.shape[-2], x.shape[-1], k - 1, dtype=bool), x, Node(0))


def diagonal(x: Any, offset: int = 0) -> Node:
    """Return a diagonal of each matrix."""
    x = lift(x)
    return _take(x, np.diagonal(_positions(x), offset, -2, -1))


def diff(x: Any, axis: int = -1) -> Node:
    """Return the differences of neighbours along an axis."""
    front = to_front(lift(x), axis)
    return from_front(front[1:] - front[:-1], axis)


def to_front(x: Node, axis: int) -> Node:
    """Return the array with an axis moved to the front."""
    return x if axis % x.ndim == 0 else transpose(x, _axes_moved(x.ndim, axis, 0))


def from_front(x: Node, axis: int) -> Node:
    """Return the array with its first axis moved to a place."""
    return x if axis % x.ndim == 0 else transpose(x, _axes_moved(x.ndim, 0, axis))


def _axes_moved(ndim: int, source: Any, destination: Any) -> tuple[int, ...]:
    lengths = tuple(range(2, 2 + ndim))  # that differ, so that they tell the order
    moved = np.moveaxis(np.broadcast_to(np.empty(()), lengths), source, destination).shape
    return tuple(length - 2 for length in moved)


def _positions(x: Node) -> Any:
    return np.arange(x.size).reshape(x.shape)


def _take(x: Node, positions: Any) -> Node:
    return structure.reshape(x, (-1,))[positions]
