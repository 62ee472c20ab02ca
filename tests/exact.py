"""Balls compared with exact rational numbers."""

from __future__ import annotations

from fractions import Fraction

from flint import arb


def rational(exact: arb) -> Fraction:
    mantissa, exponent = exact.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def contains(ball: arb, truth: Fraction) -> bool:
    return ball.is_finite() and abs(rational(ball.mid()) - truth) <= rational(ball.rad())
