"""Arrays of double-double balls: unevaluated sums of two doubles, each with a radius.

`DoubleDouble(high, low, radius)` says of each component that the true number lies in
[high + low − radius, high + low + radius]. Of a component in which one of the three is not finite
it says nothing, and neither does what is computed from it: NaN stays NaN. Plain array arithmetic
and the few functions of NumPy that the tape asks for work on it; whatever else is asked raises
`BeyondDoubles`, so that the computation goes on in another arithmetic.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from flint import arb
from numpy.typing import NDArray

from gradiometer.reference import balls as arbs
from gradiometer.reference.balls import Balls
from gradiometer.reference.doubles import arithmetic
from gradiometer.reference.doubles.beyond import BeyondDoubles
from gradiometer.reference.doubles.errorfree import Floats

Shape = tuple[int, ...]


class DoubleDouble:
    """An array of double-double balls, which is never changed.

    Args:
        high: The sum of high and low, rounded to nearest.
        low: What it lacks, |low| ≤ u·|high|; None for zeros.
        radius: How far the truth can be from both together; None for zeros.
    """

    __slots__ = ("high", "low", "radius")

    def __init__(self, high: Floats, low: Floats | None = None, radius: Floats | None = None):
        self.high, self.low, self.radius = high, low, radius

    @classmethod
    def exact(cls, x: Any) -> DoubleDouble:
        """Return doubles or integers as they are.

        Raises:
            BeyondDoubles: If one is not finite, or too large.
        """
        if isinstance(x, DoubleDouble):
            return x
        array = np.asarray(x)
        if array.dtype.kind in "bui":
            high = array.astype(np.float64)
            if array.size and array.itemsize == 8 and np.abs(high).max() > 2.0**53:
                whole = [int(n) for n in array.ravel().tolist()]
                low = [float(n - int(h)) for n, h in zip(whole, high.ravel(), strict=True)]
                return cls(high, np.array(low).reshape(high.shape))
            return cls(high)
        if array.dtype.kind != "f" or array.itemsize > 8:
            raise BeyondDoubles("numbers that are no doubles")
        high = array.astype(np.float64)
        if not np.isfinite(high).all():
            raise BeyondDoubles("a number that is not finite")
        return cls(high)

    @classmethod
    def from_balls(cls, x: Balls) -> DoubleDouble:
        """Return an enclosure of balls; structural zeros become exact ones."""
        x = np.asarray(arbs.settled(x), dtype=object)
        high, low, radius = (part.reshape(x.shape) for part in arbs.pairs(x.ravel()))
        found = cls(high, low if low.any() else None, radius if radius.any() else None)
        return found.checked()

    def balls(self) -> Balls:
        """Return an enclosure of it in balls."""
        high, low, radius = (each.ravel().tolist() for each in self.pairs())
        found = np.empty(self.size, dtype=object)
        found[:] = list(map(_ball, high, low, radius))
        return found.reshape(self.shape)

    def pairs(self) -> tuple[Floats, Floats, Floats]:
        """Return high, low and radius, as an enclosure has them."""
        nothing = np.zeros(self.shape)
        low, radius = (nothing if x is None else x for x in (self.low, self.radius))
        return self.high, low, radius

    def checked(self) -> DoubleDouble:
        """Return it.

        Raises:
            BeyondDoubles: If it says nothing of a component.
        """
        if not self.finite.all():
            raise BeyondDoubles("a number that is not finite, or too large")
        return self

    @property
    def finite(self) -> NDArray[np.bool_]:
        """Of which components it says something."""
        found = np.isfinite(self.high)
        for part in (self.low, self.radius):
            if part is not None:
                found &= np.isfinite(part)
        return found

    def signs(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the proven sign of each, 0 where there is none, and which are exactly 0.

        |x| ≥ |high|·(1 − u) − radius, and high has the sign of high + low.

        Raises:
            BeyondDoubles: If it says nothing of a component.
        """
        self.checked()
        sign = np.sign(self.high).astype(np.int64)
        if self.radius is None:
            return sign, np.asarray(sign == 0)
        known = np.abs(self.high) * (1.0 - 2.0**-51) > self.radius
        return np.where(known, sign, 0), np.asarray((self.high == 0.0) & (self.radius == 0.0))

    def reach(self) -> Floats:
        """Return bounds on the moduli: |high|·(1 + u) + radius, rounded up."""
        size = np.abs(self.high)
        return (size if self.radius is None else size + self.radius) * (1.0 + 2.0**-50)

    # What moves components, and computes none.

    def each(self, move: Callable[[Any], Any]) -> DoubleDouble:
        """Return what a function that moves components, and fills in zeros, makes of it."""
        low, radius = (None if x is None else move(x) for x in (self.low, self.radius))
        return DoubleDouble(move(self.high), low, radius)

    @property
    def shape(self) -> Shape:
        """Shape, as every array has one."""
        return self.high.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.high.ndim

    @property
    def size(self) -> int:
        """Number of components."""
        return self.high.size

    @property
    def T(self) -> DoubleDouble:  # noqa: N802  # NumPy's name
        """The axes in the opposite order."""
        return self.transpose()

    def __len__(self) -> int:
        return len(self.high)

    def __getitem__(self, key: Any) -> DoubleDouble:
        return self.each(lambda x: np.asarray(x[key]))

    def reshape(self, *shape: Any) -> DoubleDouble:
        """Return the components in another shape."""
        return self.each(lambda x: x.reshape(*shape))

    def ravel(self) -> DoubleDouble:
        """Return the components in a row."""
        return self.each(np.ravel)

    def transpose(self, *axes: Any) -> DoubleDouble:
        """Return the axes in another order."""
        return self.each(lambda x: x.transpose(*axes))

    # Arithmetic.

    def __neg__(self) -> DoubleDouble:
        low = None if self.low is None else -self.low
        return DoubleDouble(-self.high, low, self.radius)

    def __add__(self, other: Any) -> DoubleDouble:
        return _computed(arithmetic.add, self, DoubleDouble.exact(other))

    def __sub__(self, other: Any) -> DoubleDouble:
        return self + -DoubleDouble.exact(other)

    def __mul__(self, other: Any) -> DoubleDouble:
        return _computed(arithmetic.multiply, self, DoubleDouble.exact(other))

    def __truediv__(self, other: Any) -> DoubleDouble:
        return _computed(arithmetic.divide, self, DoubleDouble.exact(other))

    def __pow__(self, exponent: Any) -> DoubleDouble:
        if not isinstance(exponent, int | np.integer):
            raise BeyondDoubles("a power that is no whole number")
        if exponent < 0:
            return DoubleDouble.exact(1.0) / self ** -int(exponent)
        left, square = int(exponent), self
        found: DoubleDouble | None = None
        while left:
            if left % 2:
                found = square if found is None else found * square
            left //= 2
            square = square * square if left else square
        return DoubleDouble(np.ones(self.shape)) if found is None else found

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: Any) -> DoubleDouble:
        return DoubleDouble.exact(other) - self

    def __rtruediv__(self, other: Any) -> DoubleDouble:
        return DoubleDouble.exact(other) / self

    def sqrt(self) -> DoubleDouble:
        """Return the square roots.

        Raises:
            BeyondDoubles: If one of them may be of a negative number.
        """
        return _computed(arithmetic.square_root, self)

    def sum(self, axis: int | Sequence[int] | None = None) -> DoubleDouble:
        """Return the sums over axes, all of them by default: added in halves."""
        axes = range(self.ndim) if axis is None else np.atleast_1d(axis).tolist()
        summed = tuple(int(k) % self.ndim for k in axes)
        if not summed:
            return self
        kept = [k for k in range(self.ndim) if k not in summed]
        shape = tuple(self.shape[k] for k in kept)
        rows = math.prod(self.shape[k] for k in summed)
        left = self.transpose((*summed, *kept)).reshape(rows, math.prod(shape))
        odd = DoubleDouble(np.zeros(math.prod(shape)))
        while rows > 1:
            odd = odd + left[-1] if rows % 2 else odd
            rows //= 2
            left = left[:rows] + left[rows : 2 * rows]
        return (left[0] + odd if rows else odd).reshape(shape)

    # What is not here is no operation of this arithmetic.

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if ufunc is np.add and method == "accumulate" and options == {"axis": 0}:
            return FUNCTIONS[np.cumsum](*inputs)
        if method != "__call__" or options or ufunc not in _UFUNCS:
            raise BeyondDoubles(f"numpy.{ufunc.__name__}")
        return _UFUNCS[ufunc](*inputs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function not in FUNCTIONS:
            raise BeyondDoubles(f"numpy.{function.__name__}")
        return FUNCTIONS[function](*args, **kwargs)

    def __array__(self, *dtype: Any, **options: Any) -> Any:
        raise BeyondDoubles("an array of another type")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise BeyondDoubles(f".{name} of an array")

    def _missing(self, *args: Any) -> Any:
        raise BeyondDoubles("an operation that arrays of it have not")

    __abs__ = __bool__ = __contains__ = __float__ = __floordiv__ = __ge__ = __gt__ = _missing
    __index__ = __int__ = __iter__ = __le__ = __lt__ = __matmul__ = __mod__ = _missing
    __rfloordiv__ = __rmatmul__ = __rmod__ = __rpow__ = __setitem__ = _missing
    __eq__ = __ne__ = _missing
    __hash__: ClassVar[None] = None  # type: ignore[assignment]


def _left(by: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda a, b: by(DoubleDouble.exact(a), b)


_UFUNCS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: _left(operator.add),
    np.subtract: _left(operator.sub),
    np.multiply: _left(operator.mul),
    np.divide: _left(operator.truediv),
    np.negative: operator.neg,
}

FUNCTIONS: dict[Any, Callable[..., Any]] = {}
"""Functions of NumPy's that take such arrays, `gradiometer.reference.doubles.moves`."""


def _ball(high: float, low: float, radius: float) -> Any:
    middle = arb(high) if low == 0.0 else arb(high) + arb(low)
    return middle + arb(0.0, radius) if radius else middle


def _computed(by: arithmetic.Operation, *operands: DoubleDouble) -> DoubleDouble:
    with np.errstate(all="ignore"):
        triples = [(x.high, x.low, x.radius) for x in operands]
        return DoubleDouble(*arithmetic.in_pieces(by, triples))
