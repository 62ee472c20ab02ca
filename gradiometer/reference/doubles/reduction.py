"""Reduction of arguments: x = k·step + r with an integer k and |r| ≤ step/2, as a double word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from gradiometer.reference.doubles import tables
from gradiometer.reference.doubles.errorfree import Floats, Pair, two_sum

REDUCTION = 6.1
"""A reduced argument r is within so many u²·|x|, and `REMAINDER` u²·|r|, of x − k·step.

k·first and k·second are exact (27 + 26 bits), and so are the two sums with what they lack, a and b,
each at most u·(|r| + 2⁻²⁴·|x|). With s = |k·step| ≤ |x| + |r| rounding loses of k·third u²·s, of
low − k·third u²·(|x| + s), of a + b 2.01u²·(|r| + 2⁻²⁴|x|), of the sum of these
u²·(2.01·(|r| + 2⁻²⁴|x|) + |x| + s); the pieces lack u²·s. Together 6.001u²·|x| + 8.1u²·|r|. Where
k = 0, nothing is rounded: r = x.
"""

REMAINDER = 8.3
"""See `REDUCTION`: users count it in their own bounds, where r is small beside the result."""

MOST = 2.0**27
"""The largest modulus of k."""


@dataclass(frozen=True)
class Reduction:
    """How arguments are reduced by multiples of a step.

    Attributes:
        step: Step as a sum of two doubles of 26 bits and one of 53.
        rate: 1/step, rounded.
    """

    step: tuple[float, float, float]
    rate: float

    @classmethod
    def by(cls, step: arb) -> Reduction:
        """Return the reduction by a step of about 300 bits."""
        return cls(tables.pieces(step), float(1 / step))

    def __call__(self, x: Pair) -> tuple[Any, Pair]:
        """Return k and r of words x with |x| < `MOST`·step; |r| ≤ 0.5000001·step."""
        high, low = x
        first, second, third = self.step
        k: Floats = np.rint(high * self.rate)
        high, lost = two_sum(high, k * -first)
        high, lost_again = two_sum(high, k * -second)
        return k, two_sum(high, (lost + lost_again) + (low - k * third))
