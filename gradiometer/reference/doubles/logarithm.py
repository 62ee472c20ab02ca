"""log x and log(1 + x) of double words.

x = 2ᵉ·m with m from √½ to √2. With R near 1/m, of 13 binary places, and ρ of 18 places,

    f = m·R − 1,    q = (1 + f)·(1 + ρ) − 1 = f + ρ + f·ρ,    |q| ≤ 2⁻¹⁷·⁸,
    log x = e·log 2 + (−log R − log(1 + ρ) + log(1 + q)),

where the logarithms of R and 1 + ρ come from tables, and that of 1 + q from its series. Next to
m = 1, R = 1, so that the error of log x is relative to itself there.

Bounds are in units of u² and proven in docs/certificates.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from flint import arb

from gradiometer.reference.doubles import tables, words
from gradiometer.reference.doubles.errorfree import (
    UNIT,
    Floats,
    Pair,
    quick_two_sum,
    split,
    two_product,
    two_sum,
)

ROUNDING = 22.0, 4.1
"""log x is within so many u² of log m, and of itself, but for what follows."""

ARGUMENT = 2.2
"""log x is within so many u·|low|/high more, where R ≠ 1: m·R is rounded."""

_ROOT = int(np.float64(0.5**0.5).view(np.int64))
_LEAST, _MOST = 362, 725  # of 512·m
_FINE = 410  # of 2¹⁸·|ρ|
_EXPONENTS = 402


@dataclass(frozen=True)
class _Tables:
    """1/m for 512·m from 362 to 725; its logarithm's opposite; those of 1 + ρ; those of 2ᵉ."""

    reciprocal: Floats
    coarse: Pair
    fine: Pair
    power: Pair
    third: tuple[float, float]


@cache
def _tables() -> _Tables:
    with tables.precise():
        reciprocal = np.rint(512 * 2.0**13 / np.arange(_LEAST, _MOST)) / 2.0**13
        fine = np.arange(-_FINE, _FINE + 1) / -(2.0**18)
        two = arb(2).log()
        return _Tables(
            reciprocal,
            tables.table(-arb(r).log() for r in reciprocal.tolist()),
            tables.table(-arb(r).log1p() for r in fine.tolist()),
            tables.table(two * e for e in range(-_EXPONENTS, _EXPONENTS + 1)),
            tables.word(arb(-1) / 3),
        )


def log(x: Pair) -> tuple[Pair, Floats]:
    """Return log x and a bound on its error, for x from 2⁻⁴⁰⁰ to 2⁴⁰⁰."""
    exponent, index, m = _scaled(x)
    reciprocal = _tables().reciprocal.take(index)
    return _logarithm(exponent, index, _nearness(m, reciprocal), m[1] * reciprocal)


def log1p(x: Pair) -> tuple[Pair, Floats]:
    """Return log(1 + x) and a bound on its error, for x from −1 + 2⁻¹⁰⁰ to 2⁴⁰⁰."""
    high, low = two_sum(1.0, x[0])
    added = low + x[1]  # within u·|added|
    exponent, index, m = _scaled(quick_two_sum(high, added))
    reciprocal = _tables().reciprocal.take(index)
    near = (index == 512 - _LEAST) & (exponent == 0)  # x itself is f
    f = words.chosen(near, x, _nearness(m, reciprocal))
    found, error = _logarithm(exponent, index, f, m[1] * reciprocal)
    return found, error + np.where(near, 0.0, UNIT * np.abs(added / high))


def _scaled(x: Pair) -> tuple[Any, Any, Pair]:
    """Return e, the index of R, and m."""
    bits = x[0].view(np.int64)
    exponent = (bits - _ROOT) >> 52
    m = words.scaled(x, ((1023 - exponent) << 52).view(np.float64))
    return exponent, np.rint(m[0] * 512.0).astype(np.int64) - _LEAST, m


def _nearness(m: Pair, reciprocal: Floats) -> Pair:
    """Return f = m·R − 1: both products of halves of m and R are exact, and so is the first sum."""
    head, tail = split(m[0])
    high, low = two_sum(head * reciprocal - 1.0, tail * reciprocal)
    return two_sum(high, low + m[1] * reciprocal)


def _logarithm(exponent: Any, index: Any, f: Pair, argument: Floats) -> tuple[Pair, Floats]:
    """Return the logarithm and a bound on its error, of e, the index of R, and f."""
    given = _tables()
    fine = np.rint(f[0] * 2.0**18)
    offset = fine.astype(np.int64) + _FINE
    q = _multiplied(f, fine * -(2.0**-18))
    found = words.add(tables.at(given.fine, offset), _series(q, given.third))
    of_m = words.add(tables.at(given.coarse, index), found)
    high, low = words.add(tables.at(given.power, exponent + _EXPONENTS), of_m)
    by_m, by_itself = ROUNDING
    error = UNIT**2 * (by_m * np.abs(of_m[0]) + by_itself * np.abs(high))
    rounded = np.where(index == 512 - _LEAST, 0.0, np.abs(argument))
    return (high, low), error + (ARGUMENT * UNIT) * rounded


def _multiplied(f: Pair, rho: Floats) -> Pair:
    """Return q = f + ρ + f·ρ, within 4.2u²·|f|; equal to f where ρ = 0. The first sum is exact."""
    product = f[0] * rho
    head, tail = split(f[0])
    error = (head * rho - product) + tail * rho
    high, low = two_sum(f[0] + rho, product)
    return two_sum(high, (low + error) + f[1] * (1.0 + rho))


def _series(q: Pair, third: tuple[float, float]) -> Pair:
    """Return log(1 + q) = q − q²·(1/2 − q/3 + q²/4 − …), for |q| ≤ 2⁻¹⁷; within 4.6u² of itself."""
    x = q[0]
    high, low = two_product(x, third[0])
    high, rest = quick_two_sum(0.5, high)
    tail = (x * x) * (1 / 4 + x * (-1 / 5 + x * (1 / 6 - x * (1 / 7))))
    half = quick_two_sum(high, rest + (low + (x * third[1] + (q[1] * third[0] + tail))))
    return words.add_small(q, words.negative(words.multiply(words.square(q), half)))
