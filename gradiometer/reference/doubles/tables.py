"""Tables of double words, made with balls of 300 bits when they are first needed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import flint
import numpy as np
from flint import arb

from gradiometer.reference.doubles.errorfree import UNIT, Pair

BITS = 300
"""Precision of the balls, far beyond the 106 bits that are kept."""


def table(numbers: Iterable[arb]) -> Pair:
    """Return balls of about `BITS` bits, each rounded as `word` does."""
    high, low = zip(*map(word, numbers), strict=True)
    return np.array(high), np.array(low)


def word(number: arb) -> tuple[float, float]:
    """Return a ball of about `BITS` bits as a double word, proven to be within u² of itself.

    Raises:
        ArithmeticError: If it is further from its ball, which so narrow a ball rules out.
    """
    high = float(number)
    low = float(number - high)
    if not (abs(number - high - low) <= UNIT**2 * abs(number) and high + low == high):
        raise ArithmeticError(f"{number} is not rounded to a double word")
    return high, low


def pieces(number: arb) -> tuple[float, float, float]:
    """Return a positive number as a sum of two doubles of 26 bits and one of 53.

    They lack at most u² of it; the last is at most u of it.

    Raises:
        ArithmeticError: If it is no such sum, as four numbers in five are not.
    """
    first = _head(number)
    second = _head(number - first)
    third = float(number - first - second)
    lost = abs(number - first - second - third)
    if not (abs(third) <= UNIT * number and lost <= UNIT**2 * number):
        raise ArithmeticError(f"{number} is not a sum of three pieces")
    return first, second, third


def at(given: Pair, index: Any) -> Pair:
    """Return the words of a table at indices."""
    return given[0].take(index), given[1].take(index)


def precise() -> flint.types.context:  # type: ignore[name-defined]
    """Return a context of `BITS` bits."""
    return flint.ctx.workprec(BITS)


def _head(x: arb) -> float:
    """Return x rounded to 26 bits."""
    mantissa, exponent = np.frexp(float(x))
    return float(np.ldexp(np.rint(mantissa * 2.0**26), int(exponent) - 26))
