"""Elementary functions of double-double balls.

The function is computed at high + low as if that were exact, with a proven bound on the error. What
the operand's radius r adds is bounded by r times the largest modulus of the derivative over the
whole ball. Proofs are in docs/certificates.md.

Every function takes and returns a `DoubleDouble`, and raises `BeyondDoubles` where a component is
not finite, not zero but smaller than 2⁻⁴⁰⁰ in modulus, or outside of the range that it says, and
where a ball is so wide that it reaches a pole or the end of the domain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiometer.reference.doubles import (
    arctangent,
    exponential,
    hyperbolic,
    logarithm,
    trigonometric,
    words,
)
from gradiometer.reference.doubles.arithmetic import LARGEST, SMALLEST, Triple, in_pieces
from gradiometer.reference.doubles.array import DoubleDouble
from gradiometer.reference.doubles.beyond import BeyondDoubles
from gradiometer.reference.doubles.errorfree import UNIT, Floats, Pair

UP = 1.0 + 2.0**-46
"""More than all that rounding loses in the computation of a radius, or of a bound of a slope."""

DOWN = 1.0 - 2.0**-46

LEAST_RADIUS = 2.0**-960
"""What is added to a radius that a slope is multiplied by: more than what underflows."""

NARROW = 1.0
"""Largest radius of an operand."""


def exp(x: DoubleDouble) -> DoubleDouble:
    """Return eˣ for x ≤ 277; what is below e⁻²⁷⁷ has a radius of 2⁻³⁹⁹ alone."""
    return _computed(_exp, x)


def expm1(x: DoubleDouble) -> DoubleDouble:
    """Return eˣ − 1 for |x| ≤ 277."""
    return _computed(_expm1, x)


def log(x: DoubleDouble) -> DoubleDouble:
    """Return log x for x from 2⁻⁴⁰⁰ to 2⁴⁰⁰."""
    return _computed(_log, x)


def log1p(x: DoubleDouble) -> DoubleDouble:
    """Return log(1 + x) for x from −1 + 2⁻⁴⁰ to 2⁴⁰⁰."""
    return _computed(_log1p, x)


def sin(x: DoubleDouble) -> DoubleDouble:
    """Return sin x for |x| ≤ 2¹⁵."""
    return _computed(_sin, x)


def cos(x: DoubleDouble) -> DoubleDouble:
    """Return cos x for |x| ≤ 2¹⁵."""
    return _computed(_cos, x)


def tan(x: DoubleDouble) -> DoubleDouble:
    """Return tan x for |x| ≤ 2¹⁵."""
    return _computed(_tan, x)


def arctan(x: DoubleDouble) -> DoubleDouble:
    """Return arctan x for |x| ≤ 2⁴⁰⁰."""
    return _computed(_arctan, x)


def sinh(x: DoubleDouble) -> DoubleDouble:
    """Return sinh x for |x| ≤ 277."""
    return _computed(_sinh, x)


def cosh(x: DoubleDouble) -> DoubleDouble:
    """Return cosh x for |x| ≤ 277."""
    return _computed(_cosh, x)


def tanh(x: DoubleDouble) -> DoubleDouble:
    """Return tanh x."""
    return _computed(_tanh, x)


def sigmoid(x: DoubleDouble) -> DoubleDouble:
    """Return 1/(1 + e⁻ˣ); what is below e⁻²⁷⁷ has a radius of 2⁻³⁹⁹ alone."""
    return _computed(_sigmoid, x)


def softplus(x: DoubleDouble) -> DoubleDouble:
    """Return log(1 + eˣ); what is below e⁻²⁷⁷ has a radius of 2⁻³⁹⁹ alone."""
    return _computed(_softplus, x)


def _exp(x: Triple) -> Triple:
    at, radius = _operand(x)
    _require(at[0] <= exponential.LARGEST, "an exponential that is too large")
    beyond = at[0] < -exponential.LARGEST
    found, error = exponential.exp(words.chosen(beyond, (0.0, 0.0), at))
    found = words.chosen(beyond, (0.0, 0.0), found)
    error = np.where(beyond, hyperbolic.VANISHED, error)
    return _ball(found, error, radius, lambda r: (found[0] + error) * (1.0 + r))


def _expm1(x: Triple) -> Triple:
    at, radius = _operand(x)
    _require(np.abs(at[0]) <= exponential.LARGEST, "an exponential that is too large or small")
    found, error = exponential.expm1(at)
    return _ball(
        found, error, radius, lambda r: ((found[0] + 1.0) + np.abs(found[1]) + error) * (1.0 + r)
    )


def _log(x: Triple) -> Triple:
    at, radius = _operand(x)
    _require((at[0] >= SMALLEST) & (at[0] <= LARGEST), "a logarithm of what may be zero or less")
    found, error = logarithm.log(at)
    return _ball(found, error, radius, lambda r: 1.0 / _apart(at[0] * DOWN, r))


def _log1p(x: Triple) -> Triple:
    at, radius = _operand(x)
    above = 1.0 + at[0]
    _require((above >= 2.0**-40) & (above <= LARGEST), "a logarithm of what may be zero or less")
    found, error = logarithm.log1p(at)
    # |low| ≤ 2⁻⁵³ where 1 + high is small, at least 2⁻⁴⁰
    return _ball(found, error, radius, lambda r: 1.0 / _apart(above * (1.0 - 2.0**-12), r))


def _sin(x: Triple) -> Triple:
    at, radius = _angle(x)
    (found, error), _ = trigonometric.sin_and_cos(at)
    return _ball(found, error, radius, lambda r: 1.0)


def _cos(x: Triple) -> Triple:
    at, radius = _angle(x)
    _, (found, error) = trigonometric.sin_and_cos(at)
    return _ball(found, error, radius, lambda r: 1.0)


def _tan(x: Triple) -> Triple:
    at, radius = _angle(x)
    (sine, error_of_sine), (cosine, error_of_cosine) = trigonometric.sin_and_cos(at)
    least = _apart(np.abs(cosine[0]) * DOWN, error_of_cosine)
    found = words.divide(sine, cosine)
    size = np.abs(found[0])
    error = (error_of_sine + size * error_of_cosine) / least + (TAN * UNIT**2) * size
    return _ball(found, error, radius, lambda r: 1.0 / (least * _apart(least, r)))


TAN = 15.2
"""tan x is within so many u² of itself, but for the errors of sin x and cos x."""


def _arctan(x: Triple) -> Triple:
    at, radius = _operand(x)
    _require(np.abs(at[0]) <= LARGEST, "an arctangent of too large a number")
    found, error = arctangent.arctan(at)

    def slope(r: Floats) -> Any:
        return 1.0 / (1.0 + np.maximum(np.abs(at[0]) * DOWN - r, 0.0) ** 2)

    return _ball(found, error, radius, slope)


def _sinh(x: Triple) -> Triple:
    at, radius = _operand(x)
    _require(np.abs(at[0]) <= exponential.LARGEST, "a hyperbolic sine that is too large")
    found, error = hyperbolic.sinh(at)
    return _ball(found, error, radius, lambda r: (np.abs(found[0]) + error + 1.0) * (1.0 + r))


def _cosh(x: Triple) -> Triple:
    at, radius = _operand(x)
    _require(np.abs(at[0]) <= exponential.LARGEST, "a hyperbolic cosine that is too large")
    found, error = hyperbolic.cosh(at)
    return _ball(found, error, radius, lambda r: (found[0] + error) * (1.0 + r))


def _tanh(x: Triple) -> Triple:
    at, radius = _operand(x)
    found, error, slope = hyperbolic.tanh(at)
    return _ball(found, error, radius, lambda r: slope * (1.0 + 8.0 * r))


def _sigmoid(x: Triple) -> Triple:
    at, radius = _operand(x)
    found, error, slope = hyperbolic.logistic(at)
    return _ball(found, error, radius, lambda r: slope * (1.0 + 2.0 * r))


def _softplus(x: Triple) -> Triple:
    at, radius = _operand(x)
    found, error, slope = hyperbolic.softplus(at)
    return _ball(found, error, radius, lambda r: slope * (1.0 + 2.0 * r))


def _computed(by: Callable[[Triple], Triple], x: DoubleDouble) -> DoubleDouble:
    with np.errstate(all="ignore"):
        return DoubleDouble(*in_pieces(by, [(x.high, x.low, x.radius)]))


def _operand(x: Triple) -> tuple[Pair, Floats | None]:
    """Return the word and the radius."""
    high, low, radius = x
    size = np.abs(high)
    _require(size < np.inf, "a number that is not finite")
    _require((size >= SMALLEST) | (size == 0.0), "a number that is too small")
    low = np.zeros_like(high) if low is None else low
    _require(np.abs(low) <= size * UNIT, "a word that is not normalised")
    if radius is not None:
        _require(radius <= NARROW, "a ball that is too wide")
    return (high, low), radius


def _angle(x: Triple) -> tuple[Pair, Floats | None]:
    at, radius = _operand(x)
    _require(np.abs(at[0]) <= trigonometric.LARGEST, "a large angle")
    return at, radius


def _apart(distance: Floats, radius: Floats) -> Floats:
    """Return how far a ball stays from a pole whose distance from its center is given."""
    _require(radius <= 0.5 * distance, "a ball that may reach a pole")
    return (distance - radius) * DOWN


def _ball(
    found: Pair, error: Floats, radius: Floats | None, slope: Callable[[Floats], Any]
) -> Triple:
    """Return a word with its radius, of its own error and of the operand's radius."""
    if radius is None:
        return found[0], found[1], error * UP
    moved = radius * slope(radius) * UP + np.where(radius > 0.0, LEAST_RADIUS, 0.0)
    return found[0], found[1], (error + moved) * UP


def _require(condition: Any, what: str) -> None:
    if not np.all(condition):
        raise BeyondDoubles(what)
