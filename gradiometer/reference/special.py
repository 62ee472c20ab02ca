"""Special functions of each component: error functions, gamma functions, Bessel functions.

A family whose derivatives are members of it is made by its order. Every function takes arrays,
nodes or numbers, and returns a node.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from flint import acb, arb

from gradiometer.reference.array import index, lift
from gradiometer.reference.elementary import Smooth, applied, constant, smooth
from gradiometer.reference.node import Node
from gradiometer.reference.reductions import logsumexp, total
from gradiometer.reference.rounding import ELEMENTARY

UNITS = 4 * ELEMENTARY
"""Units granted to a special function, which libraries find by series and recurrences."""


def _to_pole(x: Any) -> Any:
    """Return how far x is from zero, or from the nearest negative integer."""
    return np.where(x > 0.0, np.abs(x), np.abs(x - np.minimum(np.rint(x), 0.0)))


def _lgamma(x: arb) -> arb:
    return x.lgamma() if x > 0 else abs(x.gamma()).log()


@cache
def derivative_of_digamma(n: int) -> Smooth:
    """Return the n-th derivative of the logarithm of Γ, less one."""

    def value(x: arb) -> arb:
        if not n:
            return x.digamma()
        found = acb(x).polygamma(acb(n))
        return found.real if found.is_finite() else arb("nan")

    def slope(x: Node, y: Node) -> Node:
        return applied(f"polygamma {n + 1}", derivative_of_digamma(n + 1), x)

    return Smooth(value, slope, _to_pole, UNITS, conditioned=True)


def polygamma(n: Any, x: Any) -> Node:
    """Return the n-th derivative of digamma, of each component."""
    order = operator.index(index(n))
    return applied(f"polygamma {order}", derivative_of_digamma(order), x)


BESSEL: dict[str, tuple[Callable[[arb, int], arb], int, int]] = {
    "j": (arb.bessel_j, 1, -1),
    "y": (arb.bessel_y, 1, -1),
    "i": (arb.bessel_i, 1, 1),
    "k": (arb.bessel_k, -1, -1),
}
"""Families of Bessel functions: their value, and the signs s, t in 2·f′ₙ = s·fₙ₋₁ + t·fₙ₊₁ (NIST
Digital Library of Mathematical Functions, 10.6.1 and 10.29.1)."""


@cache
def bessel(kind: str, n: int) -> Smooth:
    """Return a Bessel function of a whole order."""
    found, before, after = BESSEL[kind]

    def slope(x: Node, y: Node) -> Node:
        lower, upper = (applied(f"{kind}{k}", bessel(kind, k), x) for k in (n - 1, n + 1))
        return (lower * before + upper * after) * 0.5

    boundary = np.abs if kind in ("y", "k") else None
    return Smooth(lambda x: found(x, n), slope, boundary, UNITS, conditioned=True)


def _erfinv_slope(x: Node, y: Node) -> Node:
    return constant(arb.pi().sqrt() / 2) * smooth("exp", y * y)


SPECIAL: dict[str, Smooth] = {
    "erfinv": Smooth(
        arb.erfinv, _erfinv_slope, lambda x: np.abs(1.0 - np.abs(x)), UNITS, conditioned=True
    ),
    "gamma": Smooth(
        arb.gamma,
        lambda x, y: y * applied("digamma", derivative_of_digamma(0), x),
        _to_pole,
        UNITS,
        conditioned=True,
    ),
    "lgamma": Smooth(
        _lgamma,
        lambda x, y: applied("digamma", derivative_of_digamma(0), x),
        _to_pole,
        UNITS,
        conditioned=True,
    ),
    "digamma": derivative_of_digamma(0),
} | {f"{kind}{n}": bessel(kind, n) for kind in BESSEL for n in (0, 1)}


def gelu(x: Any) -> Node:
    """Return x·Φ(x), with Φ the normal distribution's function."""
    z = lift(x)
    return z * 0.5 * (1 + smooth("erf", z / constant(arb(2).sqrt())))


def log_softmax(x: Any, axis: int = -1) -> Node:
    """Return x − log Σ e^x over an axis."""
    z = lift(x)
    return z - logsumexp(z, axis, keepdims=True)


def softmax(x: Any, axis: int = -1) -> Node:
    """Return e^x / Σ e^x over an axis."""
    x = lift(x)
    shift = Node(np.max(x.floats, axis=axis, keepdims=True, initial=-np.inf))
    powers = smooth("exp", x - shift)
    return powers / total(powers, axis, keepdims=True)
