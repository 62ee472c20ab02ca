"""Linear maps that move and add components: what a tape's structural operations are made of.

A map acts on any NumPy array alike: on balls, on float64 (sizes and error bounds), on integers
(where components came from). It knows its adjoint, which is what its pullback is. What is filled up
is filled with structural zeros.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from numpy.typing import NDArray

from gradiometer.reference import numeric

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class LinearMap:
    """A map of arrays of shape `before` to arrays of shape `after`."""

    before: Shape
    after: Shape

    def __call__(self, x: Any) -> Any:
        """Return the map's value at an array of shape `before`."""
        raise NotImplementedError

    @property
    def adjoint(self) -> LinearMap:
        """The transposed map."""
        raise NotImplementedError

    @property
    def terms(self) -> Any:
        """How many components are added in one of the result: a number, or an array of them."""
        return 1


class Reshape(LinearMap):
    """The components in another shape."""

    def __call__(self, x: Any) -> Any:
        return x.reshape(self.after)

    @property
    def adjoint(self) -> Reshape:
        return Reshape(self.after, self.before)


class Spread(LinearMap):
    """Broadcast to a larger shape."""

    def __call__(self, x: Any) -> Any:
        return np.broadcast_to(x, self.after)

    @property
    def adjoint(self) -> Collapse:
        return Collapse(self.after, self.before)


class Collapse(LinearMap):
    """Summed over the axes along which `after` would be broadcast to `before`."""

    def __call__(self, x: Any) -> Any:
        return numeric.total(x, self._axes).reshape(self.after)

    @property
    def adjoint(self) -> Spread:
        return Spread(self.after, self.before)

    @property
    def terms(self) -> int:
        return math.prod(self.before[axis] for axis in self._axes)

    @cached_property
    def _axes(self) -> tuple[int, ...]:
        padded = (-1,) * (len(self.before) - len(self.after)) + self.after
        return tuple(axis for axis, n in enumerate(self.before) if n != padded[axis])


@dataclass(frozen=True, eq=False)
class Permute(LinearMap):
    """The axes in another order."""

    axes: Shape

    def __call__(self, x: Any) -> Any:
        return x.transpose(self.axes)

    @property
    def adjoint(self) -> Permute:
        return Permute(self.after, self.before, tuple(np.argsort(self.axes).tolist()))


@dataclass(frozen=True, eq=False)
class Take(LinearMap):
    """The components at an index of any kind, `x[key]`."""

    key: Any

    def __call__(self, x: Any) -> Any:
        return numeric.array(x[self.key])

    @property
    def adjoint(self) -> Put:
        return Put(self.after, self.before, self.key)


@dataclass(frozen=True, eq=False)
class Put(LinearMap):
    """Zeros, with components added at an index."""

    key: Any

    def __call__(self, x: Any) -> Any:
        put = numeric.placed if self._apart else numeric.scattered
        return put(x, self.after, self.key)

    @property
    def adjoint(self) -> Take:
        return Take(self.after, self.before, self.key)

    @cached_property
    def terms(self) -> Any:
        if self._apart:
            return 1
        counts = np.zeros(self.after)
        np.add.at(counts, self.key, 1.0)
        return np.maximum(counts, 1.0)

    @property
    def _apart(self) -> bool:
        """Whether no component is met twice: an index of whole numbers and slices alone."""
        keys = self.key if isinstance(self.key, tuple) else (self.key,)
        plain = (int, np.integer, slice, type(None), type(Ellipsis))
        return all(isinstance(k, plain) and not isinstance(k, bool) for k in keys)


@dataclass(frozen=True, eq=False)
class Accumulate(LinearMap):
    """Partial sums along the first axis: from its start, or from its end."""

    backwards: bool = False

    def __call__(self, x: Any) -> Any:
        if not x.size:
            return x
        along = x[::-1] if self.backwards else x
        sums = np.add.accumulate(along, axis=0)
        return sums[::-1] if self.backwards else sums

    @property
    def adjoint(self) -> Accumulate:
        return Accumulate(self.after, self.before, not self.backwards)

    @property
    def terms(self) -> Any:
        counts = np.arange(1.0, 1.0 + self.before[0])
        counts = counts[::-1] if self.backwards else counts
        return counts.reshape(-1, *(1,) * (len(self.before) - 1))


@dataclass(frozen=True, eq=False)
class Keep(LinearMap):
    """The components where a mask is true, zeros elsewhere."""

    mask: NDArray[np.bool_]

    def __call__(self, x: Any) -> Any:
        return numeric.keep(x, self.mask)

    @property
    def adjoint(self) -> Keep:
        return self


def reshape(before: Shape, shape: Sequence[int] | int) -> Reshape:
    """Return the map to a shape, of which one length may be −1."""
    return Reshape(before, np.empty(before, dtype=bool).reshape(shape).shape)


def permute(before: Shape, axes: Sequence[int]) -> Permute:
    """Return the map that puts the axes into another order."""
    order = tuple(int(axis) % len(before) for axis in axes)
    return Permute(before, tuple(before[axis] for axis in order), order)


def take(before: Shape, key: Any) -> Take:
    """Return the map that takes the components at an index."""
    return Take(before, np.empty(before, dtype=bool)[key].shape, key)


def total(before: Shape, axis: int | Sequence[int] | None) -> tuple[Collapse, Reshape]:
    """Return the maps that sum over axes, first with the axes kept, then without."""
    summed = set(axes_of(before, axis))
    kept = tuple(1 if k in summed else length for k, length in enumerate(before))
    left = tuple(length for k, length in enumerate(before) if k not in summed)
    return Collapse(before, kept), Reshape(kept, left)


def axes_of(shape: Shape, axis: int | Sequence[int] | None) -> Shape:
    """Return the numbers of axes, counted from the front; all of them by default.

    Raises:
        AxisError: If the array has no such axis, or one is named twice.
    """
    if axis is None:
        return tuple(range(len(shape)))
    if not shape and np.ndim(axis) == 0 and axis in (0, -1):
        return ()  # as NumPy: of a number, the whole
    found: Shape = normalize_axis_tuple(axis, len(shape))
    return found
