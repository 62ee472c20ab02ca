"""Error-free transformations of float64 arrays: sums and products as pairs of doubles.

They hold in binary64 rounded to nearest with gradual underflow; NumPy rounds after every operation
(no contraction to a fused multiply-add across its functions). What overflows leaves a NaN or an
infinity in the second number of the pair.

Reference:
    Muller et al., Handbook of Floating-Point Arithmetic, 2nd ed., §4.3 and 4.4.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Pair = tuple[Floats, Floats]

UNIT = 2.0**-53
"""u: the relative error of one rounding to nearest."""

NO_UNDERFLOW = 2.0**-960
"""From this modulus of a product on, its rounding error is a double (2⁻⁹⁶⁹ would do)."""

_SPLITTER = 2.0**27 + 1.0


def two_sum(a: Any, b: Any) -> Pair:
    """Return s = fl(a + b) and e with s + e = a + b exactly, unless s overflows (Knuth)."""
    s = a + b
    of_b = s - a
    return s, (a - (s - of_b)) + (b - of_b)


def quick_two_sum(a: Any, b: Any) -> Pair:
    """Return `two_sum(a, b)` of |a| ≥ |b|, or a = 0 (Dekker)."""
    s = a + b
    return s, b - (s - a)


def split(a: Any) -> Pair:
    """Return a as the sum of two numbers of 26 bits (Veltkamp); exact for |a| ≤ 2⁹⁹⁶."""
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def two_product(a: Any, b: Any) -> Pair:
    """Return p = fl(a·b) and e with p + e = a·b exactly (Dekker).

    Exact for |a|, |b| ≤ 2⁹⁹⁶, and p = 0 of a zero or `NO_UNDERFLOW` ≤ |p| < ∞; of smaller p, p + e
    is within 2⁻¹⁰⁰⁰ of a·b, since each of the ten roundings is of less than 2⁻⁹⁵⁷.
    """
    p = a * b
    (a_high, a_low), (b_high, b_low) = split(a), split(b)
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low
