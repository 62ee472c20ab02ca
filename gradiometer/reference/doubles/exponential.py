"""eˣ and eˣ − 1 of double words.

x = (e + i/512 + j/2¹⁸)·log 2 + r, with |i|, |j| ≤ 256 and |r| ≤ 0.5000001·log 2/2¹⁸. With tables of
A = 2^(i/512) and 1 + b = 2^(j/2¹⁸), and p = eʳ − 1 from its series,

    v = b + p·(1 + b),    w = (A − 1) + A·v,    eˣ = 2ᵉ·(1 + w).

Bounds are in units of u² and proven in docs/certificates.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from flint import arb

from gradiometer.reference.doubles import tables, words
from gradiometer.reference.doubles.errorfree import (
    UNIT,
    Floats,
    Pair,
    quick_two_sum,
    two_product,
)
from gradiometer.reference.doubles.reduction import REDUCTION, Reduction

LARGEST = 277.0
"""Largest modulus of x: eˣ is between 2⁻⁴⁰⁰ and 2⁴⁰⁰."""

ROUNDING = 4.0
"""eˣ is within so many u² of itself, but for what the reduction does."""

ROUNDING_NEAR_ZERO = 40.0
"""eˣ − 1 = w, where e = 0, is within so many u² of itself."""

ROUNDING_ELSEWHERE = 7.5, 2.1
"""eˣ − 1, where e ≠ 0, is within so many u² of 2ᵉ and of 1, but for the reduction."""


@dataclass(frozen=True)
class _Tables:
    """What x is reduced by, and double words for i and j from −256 to 255."""

    reduction: Reduction
    power: Pair
    power_less_one: Pair
    step: Pair
    step_less_one: Pair
    sixth: tuple[float, float]


@cache
def _tables() -> _Tables:
    with tables.precise():
        indices = range(-256, 256)
        powers = [arb(i) / 512 for i in indices]
        coarse = [(arb(2).log() * x).exp() for x in powers]
        fine = [(arb(2).log() * x / 512).exp() for x in powers]
        return _Tables(
            Reduction.by(arb(2).log() / 2**18),
            tables.table(coarse),
            tables.table(x - 1 for x in coarse),
            tables.table(fine),
            tables.table(x - 1 for x in fine),
            tables.word(arb(1) / 6),
        )


def exp(x: Pair) -> tuple[Pair, Floats]:
    """Return eˣ and a bound on its error, for |x| ≤ `LARGEST`."""
    power, w = _reduced(x)
    high, low = words.scaled(words.add_number(w, 1.0), power)
    error = high * (UNIT**2 * (ROUNDING + REDUCTION * np.abs(x[0])))
    return (high, low), np.where(x[0] == 0.0, 0.0, error)


def expm1(x: Pair) -> tuple[Pair, Floats]:
    """Return eˣ − 1 and a bound on its error, for |x| ≤ `LARGEST`."""
    power, w = _reduced(x)
    near = power == 1.0
    less = power - 1.0
    exact = (power < 2.0**52) & (power > 2.0**-52)  # 2ᵉ − 1 is a double
    found = words.add_number(words.scaled(w, power), np.where(exact, less, power))
    high, low = words.add_number(found, np.where(exact, 0.0, -1.0))
    by_power, by_one = ROUNDING_ELSEWHERE
    elsewhere = power * (by_power + (1.42 * REDUCTION) * np.abs(x[0])) + by_one
    return (high, low), UNIT**2 * np.where(near, ROUNDING_NEAR_ZERO * np.abs(high), elsewhere)


def _reduced(x: Pair) -> tuple[Floats, Pair]:
    """Return 2ᵉ and w."""
    given = _tables()
    k, rest = given.reduction(x)
    p = _series(rest, given.sixth)
    index = k.astype(np.int64)
    index += 256
    j = index & 511
    index >>= 9
    index += 256
    i = index & 511
    index >>= 9
    v = words.add(tables.at(given.step_less_one, j), words.multiply(p, tables.at(given.step, j)))
    w = words.add(tables.at(given.power_less_one, i), words.multiply(v, tables.at(given.power, i)))
    index += 1023
    index <<= 52
    return index.view(np.float64), w


def _series(r: Pair, sixth: tuple[float, float]) -> Pair:
    """Return eʳ − 1 = r + r²·(1/2 + r/6 + r²/24 + …), for |r| ≤ 2⁻¹⁹; within 3.2u² of itself."""
    x = r[0]
    high, low = two_product(x, sixth[0])
    high, rest = quick_two_sum(0.5, high)
    tail = (x * x) * (1 / 24 + x * (1 / 120 + x * (1 / 720)))
    half = quick_two_sum(high, rest + (low + (x * sixth[1] + (r[1] * sixth[0] + tail))))
    return words.add_small(r, words.multiply(words.square(r), half))
