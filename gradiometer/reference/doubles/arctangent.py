"""arctan x of double words.

With c = j/4096 nearest to |x|, or to 1/|x| where |x| > 1, and t the tangent of the difference,

    arctan |x| = arctan c + arctan t,          t = (|x| − c)/(1 + c·|x|)    (|x| ≤ 1),
    arctan |x| = π/2 − arctan c − arctan t,    t = (1 − c·|x|)/(|x| + c)    (|x| > 1).

Bounds are in units of u² and proven in docs/certificates.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from flint import arb

from gradiometer.reference.doubles import tables, words
from gradiometer.reference.doubles.errorfree import UNIT, Floats, Pair, quick_two_sum

ROUNDING = 4.2, 36.0
"""arctan x is within so many u² of itself, and of t."""

ROUNDING_BEYOND_ONE = 8.1
"""arctan x, where |x| > 1, is within so many u² more."""

_STEPS = 4096


@dataclass(frozen=True)
class _Tables:
    """arctan(j/4096), π/2 and −1/3."""

    angle: Pair
    quarter: tuple[float, float]
    third: tuple[float, float]


@cache
def _tables() -> _Tables:
    with tables.precise():
        return _Tables(
            tables.table((arb(j) / _STEPS).atan() for j in range(_STEPS + 1)),
            tables.word(arb.pi() / 2),
            tables.word(arb(-1) / 3),
        )


def arctan(x: Pair) -> tuple[Pair, Floats]:
    """Return arctan x and a bound on its error."""
    given = _tables()
    sign = np.copysign(1.0, x[0])
    size = words.scaled(x, sign)
    beyond = size[0] > 1.0
    index = np.rint(_STEPS * np.where(beyond, 1.0 / size[0], size[0])).astype(np.int64)
    center = index / _STEPS
    product = words.multiply_number(size, center)
    difference = words.add_number(size, -center)
    complement = words.add_number(words.negative(product), 1.0)
    above = words.chosen(beyond, complement, difference)
    below = words.chosen(beyond, words.add_number(size, center), words.add_number(product, 1.0))
    t = words.divide(above, below)
    angle = words.add(tables.at(given.angle, index), _series(t, given))
    by_itself, by_rest = ROUNDING
    error = UNIT**2 * (by_itself * np.abs(angle[0]) + by_rest * np.abs(t[0]))
    if beyond.any():
        angle = words.chosen(beyond, words.add(given.quarter, words.negative(angle)), angle)
        error += np.where(beyond, ROUNDING_BEYOND_ONE * UNIT**2, 0.0)
    return words.scaled(angle, sign), error


def _series(t: Pair, given: _Tables) -> Pair:
    """Return arctan t for |t| ≤ 2⁻¹²·⁹, within 5.4u² of itself."""
    square = words.square(t)
    x, third = square[0], given.third
    factor = quick_two_sum(third[0], third[1] + x * (1 / 5 - x * (1 / 7 - x * (1 / 9))))
    return words.add_small(t, words.multiply(t, words.multiply(square, factor)))
