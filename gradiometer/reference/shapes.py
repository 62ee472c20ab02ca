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
from gradiometer.reference.structure import moved, permuted, shaped


def reshape(x: Any, shape: Any, *, copy: bool | None = None) -> Node:
    """Return the components in another shape, of which one length may be −1."""
    return structure.reshape(lift(x), index(shape))


def permute_dims(x: Any, axes: Sequence[int] | None = None) -> Node:
    """Return the axes in another order, reversed by default."""
    return permuted(lift(x), lambda a: a.transpose(axes))


def matrix_transpose(x: Any) -> Node:
    """Return the matrices transposed: the last two axes exchanged."""
    return permuted(lift(x), lambda a: a.mT)


def moveaxis(x: Any, source: Any, destination: Any) -> Node:
    """Return the array with axes moved."""
    return permuted(lift(x), lambda a: np.moveaxis(a, source, destination))


def expand_dims(x: Any, axis: Any = 0) -> Node:
    """Return the array with an axis of length one put in."""
    return shaped(lift(x), lambda a: np.expand_dims(a, axis))


def squeeze(x: Any, axis: Any = None) -> Node:
    """Return the array without axes of length one."""
    return shaped(lift(x), lambda a: a.squeeze(axis))


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
    front = moveaxis(x, axis, 0)
    return tuple(front[k] for k in range(front.shape[0]))


def take(x: Any, indices: Any, axis: int | None = None) -> Node:
    """Return the slices at integer indices along an axis; of the flattened array without one."""
    node = lift(x)
    if axis is None:
        node, axis = (node if node.ndim == 1 else structure.reshape(node, (-1,))), 0
    return node[(*(slice(None),) * (axis % node.ndim), np.asarray(index(indices)))]


def take_along_axis(x: Any, indices: Any, axis: int = -1) -> Node:
    """Return the components at integer indices along an axis, each with its own."""
    at = np.asarray(index(indices))
    return moved(lift(x), lambda positions: np.take_along_axis(positions, at, axis))


def broadcast_to(x: Any, shape: Any) -> Node:
    """Return x broadcast to a shape."""
    return structure.spread(lift(x), tuple(np.atleast_1d(shape).tolist()))


def broadcast_arrays(*arrays: Any) -> list[Node]:
    """Return arrays broadcast against each other."""
    nodes = [lift(x) for x in arrays]
    shape = np.broadcast_shapes(*(x.shape for x in nodes))
    return [structure.spread(x, shape) for x in nodes]


def meshgrid(*arrays: Any, indexing: str = "xy") -> list[Node]:
    """Return coordinates of a grid, of those along its axes; the first two exchanged by default."""
    nodes = [lift(x) for x in arrays]
    places = np.meshgrid(*(np.arange(x.size) for x in nodes), indexing=indexing)  # type: ignore[call-overload]
    flat = [structure.reshape(x, (-1,)) for x in nodes]
    return [x[at] for x, at in zip(flat, places, strict=True)]


def flip(x: Any, axis: Any = None) -> Node:
    """Return the array with the order along axes reversed."""
    return moved(lift(x), lambda positions: np.flip(positions, axis))


def roll(x: Any, shift: Any, axis: Any = None) -> Node:
    """Return the array with components shifted around."""
    return moved(lift(x), lambda positions: np.roll(positions, shift, axis))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Node:
    """Return the array with each slice repeated."""
    return moved(lift(x), lambda positions: np.repeat(positions, index(repeats), axis))


def tile(x: Any, repetitions: Any) -> Node:
    """Return the array repeated as a whole."""
    return moved(lift(x), lambda positions: np.tile(positions, repetitions))


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
    return moved(lift(x), lambda positions: positions.diagonal(offset, -2, -1))


def diff(x: Any, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Node:
    """Return the n-th differences of neighbours along an axis, of an array with ends put on."""
    parts = [lift(each) for each in (prepend, x, append) if each is not None]
    front = moveaxis(structure.concat(parts, axis) if len(parts) > 1 else parts[0], axis, 0)
    for _ in range(n):
        front = front[1:] - front[:-1]
    return moveaxis(front, 0, axis)
