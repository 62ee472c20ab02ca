"""Strided views of a flat array, in the operations of `xp`: what a tensor shows of its storage.

Reading takes the cheapest operation that gives the view (a reshape, a slice, a transposition, a
broadcast), and positions otherwise. Writing replaces the components that a view shows.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np


class Geometry(NamedTuple):
    """Which components of a storage a tensor shows.

    Attributes:
        shape: Its shape.
        stride: Steps in the storage, one an axis.
        offset: Where it starts.
    """

    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int

    @property
    def size(self) -> int:
        """Number of components."""
        return math.prod(self.shape)

    @property
    def order(self) -> tuple[int, ...]:
        """The axes from the longest step to the shortest."""
        axes = range(len(self.shape))
        return tuple(sorted(axes, key=lambda k: (-self.stride[k], -self.shape[k])))

    def positions(self) -> Any:
        """Return where in the storage each component lies, as integers of this shape."""
        steps = np.zeros(self.shape, dtype=np.int64) + self.offset
        for axis, (n, step) in enumerate(zip(self.shape, self.stride, strict=True)):
            along = (1,) * axis + (n,) + (1,) * (len(self.shape) - axis - 1)
            steps = steps + (np.arange(n) * step).reshape(along)
        return steps

    def packed(self) -> bool:
        """Return whether it shows its part of the storage without gaps, in the order of axes."""
        step = 1
        for n, stride in zip(reversed(self.shape), reversed(self.stride), strict=True):
            if n != 1 and stride != step:
                return False
            step *= n
        return True


def shown(xp: Any, flat: Any, geometry: Geometry) -> Any:
    """Return the array that a view shows.

    Args:
        xp: The array namespace.
        flat: All components of the storage, shape (n,).
        geometry: Of the view.
    """
    shape, stride, offset = geometry
    if geometry.size == 0:
        return xp.reshape(flat[:0], shape)
    if 0 in [step for n, step in zip(shape, stride, strict=True) if n > 1]:
        once = tuple(1 if step == 0 else n for n, step in zip(shape, stride, strict=True))
        return xp.broadcast_to(shown(xp, flat, Geometry(once, stride, offset)), shape)
    order = geometry.order
    sorted_ = Geometry(tuple(shape[k] for k in order), tuple(stride[k] for k in order), offset)
    if not sorted_.packed():
        return xp.reshape(xp.take(flat, geometry.positions().ravel(), axis=0), shape)
    whole = offset == 0 and geometry.size == flat.shape[0]
    part = xp.reshape(flat if whole else flat[offset : offset + geometry.size], sorted_.shape)
    if order == tuple(range(len(shape))):
        return part
    return xp.permute_dims(part, tuple(int(k) for k in np.argsort(order)))


def stored(xp: Any, array: Any, geometry: Geometry, size: int) -> Any:
    """Return a storage, shape (size,), that holds an array and zeros beside it."""
    if geometry.size == size:
        if geometry.packed():
            return xp.reshape(array, (size,))
        order = geometry.order
        if Geometry(
            tuple(geometry.shape[k] for k in order), tuple(geometry.stride[k] for k in order), 0
        ).packed():
            return xp.reshape(xp.permute_dims(array, order), (size,))
    there = np.full(size, geometry.size)
    there[geometry.positions().ravel()] = np.arange(geometry.size)
    joined = xp.concat([xp.reshape(array, (-1,)), xp.zeros((1,))], axis=0)
    return xp.take(joined, there, axis=0)


def replaced(xp: Any, flat: Any, array: Any, geometry: Geometry) -> Any:
    """Return a storage in which the components that a view shows are replaced."""
    size = flat.shape[0]
    there = np.arange(size)
    there[geometry.positions().ravel()] = size + np.arange(geometry.size)
    joined = xp.concat([flat, xp.reshape(array, (-1,))], axis=0)
    return xp.take(joined, there, axis=0)
