"""The enclosure of a true derivative, as plain float64 arrays.

Each component is known to lie within `radius` of `high + low`, an unevaluated sum of two doubles
(32 digits). Knows nothing of how it was found, so that the coordinator can check answers and read
cached references without loading python-flint.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from gradiometer.vocabulary.dtype import DTYPES

Floats = NDArray[np.float64]

UNIT = DTYPES["float64"].unit
"""Half the distance from 1 to the next double: the largest relative error of one rounding."""


@dataclass(frozen=True)
class Enclosure:
    """Balls around the true answer's components, flattened in declared order.

    Attributes:
        high: The nearest doubles, shape `(n,)`.
        low: What they lack, shape `(n,)`.
        radius: Proven bounds on |truth − (high + low)|, shape `(n,)`.
        bound: What rounding can do to each component in this computation, shape `(n,)`.
        bits: Working precision at which it was found.
        shapes: Shapes of the problem's outputs.
        zero: Whether the truth is zero, as far as it can be told: answers are judged by `bound`.
        probable: Whether `bound` rests on long sums being rounded up and down by chance.
        convention: What the derivative is of, where two conventions give different ones.
        other: The enclosure by the other convention, if so.
        dtype: What tools compute in, to which `bound` applies.
    """

    high: Floats
    low: Floats
    radius: Floats
    bound: Floats
    bits: int
    shapes: tuple[tuple[int, ...], ...] = ((),)
    zero: bool = False
    probable: bool = False
    convention: str = ""
    other: Enclosure | None = None
    dtype: str = "float64"

    @property
    def norm(self) -> float:
        """Euclidean norm of the midpoint."""
        return norm(self.high)

    @property
    def unit(self) -> float:
        """The largest relative error of one rounding: 2⁻⁵³ of float64, 2⁻²⁴ of float32."""
        return DTYPES[self.dtype].unit

    @property
    def condition(self) -> float | None:
        """‖bound‖ in units of ‖truth‖·`unit`, at least 1: how far rounding is amplified."""
        return None if self.zero else max(1.0, norm(self.bound) / self.norm / self.unit)

    @property
    def owed(self) -> float | None:
        """Digits that rounding leaves: −log₁₀(‖bound‖/‖truth‖); none of a zero."""
        if self.zero:
            return None
        with np.errstate(divide="ignore"):
            return float(np.log10(self.norm) - np.log10(norm(self.bound)))

    @property
    def kind(self) -> str:
        """`likely` where the bound rests on roundings that are random, else `sound`."""
        return "likely" if self.probable else "sound"

    @property
    def undecided(self) -> int:
        """Number of components that are not zero, and of which rounding leaves no digit."""
        size = np.abs(self.high)
        return int(np.count_nonzero((self.bound >= size) & (size > self.radius)))

    def errors(self, answer: Floats) -> Floats:
        """Return proven bounds on |answer − truth| for each component; the radius counts against.

        The first difference is exact where the answer is within a factor of two of the truth
        (Sterbenz); elsewhere it is rounded by a relative 2⁻⁵¹, far below what is being measured.
        """
        with np.errstate(over="ignore"):
            return np.abs((answer - self.high) - self.low) + self.radius


def decimal(high: float, low: float, digits: int) -> str:
    """Return the unevaluated sum of two doubles, rounded to so many significant digits."""
    with localcontext() as context:
        context.prec = 800  # of which the sum of two doubles needs no more
        exact = Decimal(float(high)) + Decimal(float(low))
        context.prec = digits
        shown = (+exact).normalize()
    return f"{shown:f}" if -7 < shown.adjusted() < digits else str(shown)


def norm(x: Floats) -> float:
    """Return the Euclidean norm of x, scaled so that squares neither overflow nor vanish."""
    scale = float(np.max(np.abs(x), initial=0.0))
    if scale == 0.0 or not np.isfinite(scale):
        return scale
    return scale * float(np.sqrt(np.sum((x / scale) ** 2)))
