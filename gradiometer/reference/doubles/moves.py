"""What moves components of arrays of double-double balls, or adds those that meet."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradiometer.reference.doubles.array import FUNCTIONS, DoubleDouble, Shape


class Written(DoubleDouble):
    """Exact zeros, to be written to while an array is made."""

    __slots__ = ()

    def __init__(self, shape: Shape) -> None:
        super().__init__(np.zeros(shape), np.zeros(shape), np.zeros(shape))

    def __setitem__(self, key: Any, value: DoubleDouble) -> None:
        for part, new in zip(self.pairs(), value.pairs(), strict=True):
            part[key] = new

    def done(self) -> DoubleDouble:
        """Return what was made."""
        high, low, radius = self.pairs()
        return DoubleDouble(high, low if low.any() else None, radius if radius.any() else None)


def scattered(x: DoubleDouble, shape: Shape, key: Any) -> DoubleDouble:
    """Return zeros of a shape, with components added at an index; those that meet, in halves."""
    positions = np.arange(math.prod(shape)).reshape(shape)[key]
    at = np.broadcast_to(positions, x.shape).ravel()
    order = np.argsort(at, kind="stable")
    left, at = x.ravel()[order], at[order]
    while (same := at[1:] == at[:-1]).any():
        starts = np.flatnonzero(np.append(True, ~same))
        number = np.arange(at.size) - np.repeat(starts, np.diff(np.append(starts, at.size)))
        even = np.flatnonzero(number % 2 == 0)
        paired = np.append(same, False)[even]
        partner = left[np.minimum(even + 1, at.size - 1)]
        left = left[even] + where(paired, partner, 0.0)
        at = at[even]
    found = Written((math.prod(shape),))
    found[at] = left
    return found.done().reshape(shape)


def accumulated(x: DoubleDouble) -> DoubleDouble:
    """Return the partial sums along the first axis, by doubling."""
    step = 1
    while step < len(x):
        x = concatenate([x[:step], x[step:] + x[:-step]])
        step *= 2
    return x


def concatenate(arrays: Any, axis: int = 0) -> DoubleDouble:
    """Join along an axis."""
    given = [DoubleDouble.exact(x) for x in arrays]
    return _joined(given, lambda parts: np.concatenate(parts, axis))


def stack(arrays: Any, axis: int = 0) -> DoubleDouble:
    """Join along a new axis."""
    given = [DoubleDouble.exact(x) for x in arrays]
    return _joined(given, lambda parts: np.stack(parts, axis))


def where(mask: Any, a: Any, b: Any) -> DoubleDouble:
    """Choose by booleans."""
    return _joined([DoubleDouble.exact(a), DoubleDouble.exact(b)], lambda p: np.where(mask, *p))


def split(x: DoubleDouble, ends: Any, axis: int = 0) -> list[DoubleDouble]:
    """Cut along an axis, as `numpy.split`."""
    pieces = np.split(np.arange(x.shape[axis]), ends)
    front = (slice(None),) * (axis % x.ndim)
    spans = [slice(piece[0], piece[-1] + 1) if piece.size else slice(0) for piece in pieces]
    return [x[(*front, span)] for span in spans]


def _joined(given: list[DoubleDouble], join: Any) -> DoubleDouble:
    """Return what a function makes of the three parts; of None where there are none."""
    found = [join([x.high for x in given])]
    for part in ("low", "radius"):
        parts = [getattr(x, part) for x in given]
        if all(each is None for each in parts):
            found.append(None)
            continue
        pairs = zip(parts, given, strict=True)
        found.append(join([np.zeros(x.shape) if each is None else each for each, x in pairs]))
    return DoubleDouble(*found)


FUNCTIONS.update(
    {
        np.broadcast_to: lambda x, shape: x.each(lambda part: np.broadcast_to(part, shape)),
        np.concatenate: concatenate,
        np.cumsum: accumulated,
        np.ravel: DoubleDouble.ravel,
        np.shape: lambda x: x.shape,
        np.split: split,
        np.stack: stack,
        np.where: where,
    }
)
