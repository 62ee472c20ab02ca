"""Functions made of eˣ and log(1 + x), of double words: hyperbolic ones, logistic and softplus.

Bounds are in units of u² and proven in docs/certificates.md.
"""

from __future__ import annotations

import numpy as np

from gradiometer.reference.doubles import words
from gradiometer.reference.doubles.errorfree import UNIT, Floats, Pair
from gradiometer.reference.doubles.exponential import LARGEST, exp, expm1
from gradiometer.reference.doubles.logarithm import log1p

TANH = 17.2
"""tanh x is within so many u² of itself, but for the error of e²ˣ − 1."""

SATURATED = 40.0
"""|x| from which |tanh x| is taken for 1, within 2⁻¹¹⁴."""

SINH = 11.8
"""sinh x is within so many u² of itself, but for the error of eˣ − 1."""

COSH = 10.7
"""cosh x is within so many u² of itself, but for the error of eˣ."""

LOGISTIC = 17.2
"""1/(1 + e⁻ˣ) is within so many u² of itself, but for the error of e^−|x|."""

SOFTPLUS = 3.1
"""log(1 + eˣ) is within so many u² of itself, but for the errors of e^−|x| and log(1 + e^−|x|)."""

VANISHED = 2.0**-399
"""More than eˣ for any x < −`LARGEST`."""


def tanh(x: Pair) -> tuple[Pair, Floats, Floats]:
    """Return tanh x = E/(E + 2) with E = e²ˣ − 1, a bound on its error, and one on 1 − tanh² x."""
    sign = np.copysign(1.0, x[0])
    beyond = np.abs(x[0]) > SATURATED
    size = words.chosen(beyond, (np.full_like(x[0], SATURATED), 0.0), words.scaled(x, sign))
    power, error = expm1(words.scaled(size, 2.0))
    below = words.add_number(power, 2.0)
    found = words.divide(power, below)
    slope = 4.0 * (power[0] + 1.0) / below[0] ** 2
    bound = error * (slope / (2.0 * (power[0] + 1.0))) + (TANH * UNIT**2) * found[0]
    found = words.chosen(beyond, (1.0, 0.0), found)
    return words.scaled(found, sign), np.where(beyond, 2.0**-114, bound), slope * (1.0 + 2.0**-48)


def sinh(x: Pair) -> tuple[Pair, Floats]:
    """Return sinh x = (E + E/(E + 1))/2 with E = eˣ − 1 and a bound on its error."""
    sign = np.copysign(1.0, x[0])
    power, error = expm1(words.scaled(x, sign))
    other = words.divide(power, words.add_number(power, 1.0))
    found = words.scaled(words.add(power, other), 0.5 * sign)
    return found, error + (SINH * UNIT**2) * np.abs(found[0])


def cosh(x: Pair) -> tuple[Pair, Floats]:
    """Return cosh x = (P + 1/P)/2 with P = e^|x| and a bound on its error."""
    power, error = exp(words.scaled(x, np.copysign(1.0, x[0])))
    one = np.ones_like(power[0]), np.zeros_like(power[0])
    found = words.scaled(words.add(power, words.divide(one, power)), 0.5)
    return found, 0.5 * error + (COSH * UNIT**2) * found[0]


def logistic(x: Pair) -> tuple[Pair, Floats, Floats]:
    """Return 1/(1 + e⁻ˣ), a bound on its error, and one on its derivative."""
    power, error = falling(x)
    below = words.add_number(power, 1.0)
    above = words.chosen(x[0] < 0.0, power, (1.0, 0.0))
    high, low = words.divide(above, below)
    slope = (power[0] + error) * (1.0 + 2.0**-48) / below[0] ** 2
    return (high, low), error + (LOGISTIC * UNIT**2) * high, slope * (1.0 + 2.0**-48)


def softplus(x: Pair) -> tuple[Pair, Floats, Floats]:
    """Return log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|), as `logistic` does its function."""
    power, error = falling(x)
    rest, error_of_rest = log1p(power)
    high, low = words.add(words.chosen(x[0] > 0.0, x, (0.0, 0.0)), rest)
    slope = np.where(x[0] < 0.0, (power[0] + error) * (1.0 + 2.0**-48), 1.0)
    return (high, low), error + error_of_rest + (SOFTPLUS * UNIT**2) * high, slope


def falling(x: Pair) -> tuple[Pair, Floats]:
    """Return e^−|x| and a bound on its error: zero where it is smaller than `VANISHED`."""
    size = words.scaled(x, -np.copysign(1.0, x[0]))
    beyond = size[0] < -LARGEST
    power, error = exp(words.chosen(beyond, (0.0, 0.0), size))
    return words.chosen(beyond, (0.0, 0.0), power), np.where(beyond, VANISHED, error)
