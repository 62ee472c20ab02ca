"""sin x and cos x of double words.

x = k·π/8192 + r with |r| ≤ 0.5000001·π/8192. With s = sin(k·π/8192) and c = cos(k·π/8192) from a
table of the full circle, and sin r and cos r − 1 from their series,

    sin x = s + (s·(cos r − 1) + c·sin r),    cos x = c + (c·(cos r − 1) − s·sin r).

Bounds are in units of u² and proven in docs/certificates.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from flint import arb

from gradiometer.reference.doubles import tables, words
from gradiometer.reference.doubles.errorfree import UNIT, Floats, Pair, quick_two_sum
from gradiometer.reference.doubles.reduction import REDUCTION, Reduction

LARGEST = 2.0**15
"""Largest modulus of x."""

ROUNDING = 6.3, 28.0
"""sin x and cos x are within so many u² of themselves, and of r, but for the reduction."""

_QUARTER = 4096


@dataclass(frozen=True)
class _Tables:
    """What x is reduced by; sines of the full circle, in steps of π/8192."""

    reduction: Reduction
    sine: Pair
    sixth: tuple[float, float]


@cache
def _tables() -> _Tables:
    with tables.precise():
        step = arb.pi() / (2 * _QUARTER)
        rising = tables.table((step * k).sin() for k in range(_QUARTER + 1))
        return _Tables(
            Reduction.by(step),
            (_circle(rising[0]), _circle(rising[1])),
            tables.word(arb(-1) / 6),
        )


def _circle(rising: Floats) -> Floats:
    half = np.concatenate([rising, rising[-2:0:-1]])
    return np.concatenate([half, -half])


def sin_and_cos(x: Pair) -> tuple[tuple[Pair, Floats], tuple[Pair, Floats]]:
    """Return sin x and cos x, each with a bound on its error, for |x| ≤ `LARGEST`."""
    given = _tables()
    k, r = given.reduction(x)
    index = k.astype(np.int64)
    s, c = (tables.at(given.sine, i & (4 * _QUARTER - 1)) for i in (index, index + _QUARTER))
    sine, cosine = _series(r, given.sixth)
    by_itself, by_rest = ROUNDING
    moved = np.where(k == 0.0, 0.0, REDUCTION * np.abs(x[0])) + by_rest * np.abs(r[0])

    def total(first: Pair, second: Pair, sine: Pair) -> tuple[Pair, Floats]:
        change = words.add(words.multiply(first, cosine), words.multiply(second, sine))
        found = words.add(first, change)
        return found, UNIT**2 * (by_itself * np.abs(found[0]) + moved)

    return total(s, c, sine), total(c, s, words.negative(sine))


def _series(r: Pair, sixth: tuple[float, float]) -> tuple[Pair, Pair]:
    """Return sin r and cos r − 1 for |r| ≤ 2⁻¹²·³; within 3.6u² of itself, and 2.1u²."""
    square = words.square(r)
    x = square[0]
    third = quick_two_sum(sixth[0], sixth[1] + x * (1 / 120 - x * (1 / 5040)))
    cubic = words.multiply(r, words.multiply(square, third))
    half = quick_two_sum(-0.5, x * (1 / 24 - x * (1 / 720 - x * (1 / 40320))))
    return words.add_small(r, cubic), words.multiply(square, half)
