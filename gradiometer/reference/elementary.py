"""Smooth functions of each component: those of one operand as a table, then those of two.

Every function takes arrays, nodes or numbers, and returns a node.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from flint import arb

from gradiometer.reference import numeric
from gradiometer.reference.array import lift
from gradiometer.reference.node import Node, componentwise
from gradiometer.reference.rounding import ELEMENTARY, absorbing, of_function


@dataclass(frozen=True)
class Smooth:
    """A smooth function of a real number.

    Attributes:
        value: It, of one ball.
        slope: Its derivative, as an expression of the nodes x and y = f(x).
        boundary: How far x is from where it is not defined; `None` for an entire function.
        units: Roundings that a tool's implementation is granted.
        conditioned: Whether as many roundings of x are granted, too: near its zeros, a function
            that is found by series and recurrences is not exact to its own last place.
    """

    value: Callable[[arb], arb]
    slope: Callable[[Node, Node], Any]
    boundary: Callable[[Any], Any] | None = None
    units: float = ELEMENTARY
    conditioned: bool = False


def _inside(x: Any) -> Any:
    return np.abs(1.0 - np.abs(x))


def _logarithm(base: int) -> Smooth:
    def slope(x: Node, y: Node) -> Node:
        return 1 / (x * constant(arb(base).log()))

    return Smooth(lambda x: x.log() / arb(base).log(), slope, np.abs)


SMOOTH: dict[str, Smooth] = {
    "exp": Smooth(arb.exp, lambda x, y: y),
    "exp2": Smooth(lambda x: (x * arb(2).log()).exp(), lambda x, y: y * constant(arb(2).log())),
    "expm1": Smooth(arb.expm1, lambda x, y: y + 1),
    "log": Smooth(arb.log, lambda x, y: 1 / x, np.abs),
    "log2": _logarithm(2),
    "log10": _logarithm(10),
    "log1p": Smooth(arb.log1p, lambda x, y: 1 / (1 + x), lambda x: abs(1.0 + x)),
    "sqrt": Smooth(arb.sqrt, lambda x, y: 1 / (2 * y), np.abs, 1.0),
    "square": Smooth(lambda x: x * x, lambda x, y: 2 * x, units=1.0),
    "reciprocal": Smooth(lambda x: 1 / x, lambda x, y: -y * y, np.abs, 1.0),
    "sin": Smooth(arb.sin, lambda x, y: smooth("cos", x)),
    "cos": Smooth(arb.cos, lambda x, y: -smooth("sin", x)),
    "tan": Smooth(arb.tan, lambda x, y: 1 + y * y),
    "asin": Smooth(arb.asin, lambda x, y: 1 / smooth("sqrt", 1 - x * x), _inside),
    "acos": Smooth(arb.acos, lambda x, y: -1 / smooth("sqrt", 1 - x * x), _inside),
    "atan": Smooth(arb.atan, lambda x, y: 1 / (1 + x * x)),
    "sinh": Smooth(arb.sinh, lambda x, y: smooth("cosh", x)),
    "cosh": Smooth(arb.cosh, lambda x, y: smooth("sinh", x)),
    "tanh": Smooth(arb.tanh, lambda x, y: 1 - y * y),
    "asinh": Smooth(arb.asinh, lambda x, y: 1 / smooth("sqrt", x * x + 1)),
    "acosh": Smooth(arb.acosh, lambda x, y: 1 / smooth("sqrt", x * x - 1), lambda x: abs(x - 1.0)),
    "atanh": Smooth(arb.atanh, lambda x, y: 1 / (1 - x * x), _inside),
    "sigmoid": Smooth(lambda x: 1 / (1 + (-x).exp()), lambda x, y: y * (1 - y)),
    "softplus": Smooth(lambda x: x.exp().log1p(), lambda x, y: smooth("sigmoid", x)),
    "erf": Smooth(arb.erf, lambda x, y: constant(2 / arb.pi().sqrt()) * smooth("exp", -x * x)),
    "erfc": Smooth(arb.erfc, lambda x, y: constant(-2 / arb.pi().sqrt()) * smooth("exp", -x * x)),
}


def smooth(name: str, x: Any) -> Node:
    """Return a function of the table, of each component."""
    return applied(name, SMOOTH[name], x)


def applied(name: str, f: Smooth, x: Any) -> Node:
    """Return a smooth function of each component."""
    x = lift(x)
    value = numeric.function(name, f.value, x.value)
    slope = cache(lambda: f.slope(x, y))
    rounding = of_function(f.units)
    if f.conditioned:
        rounding = replace(rounding, base=lambda: y.moduli + absorbing(x.moduli, slope().moduli))
    y: Node = componentwise(name, value, (x, slope), rounding=rounding, boundary=f.boundary)
    return y


def constant(ball: arb) -> Node:
    """Return a constant that a tool holds rounded."""
    return Node(np.array(ball, dtype=object), ("number", ball), rounding=of_function(1.0))


def power(a: Any, b: Any) -> Node:
    """Return a to the power of b; a whole number takes a negative base."""
    if isinstance(b, int | np.integer) and not isinstance(b, bool):
        return lift(a) ** int(b)
    a, b = lift(a), lift(b)
    exponent = numeric.floats(b.value)
    whole = (exponent % 1.0 == 0.0) & (exponent >= 0.0)
    y: Node = componentwise(
        "power",
        numeric.mapped(operator.pow, a.value, b.value),
        (a, lambda: b * power(a, b - 1)),
        (b, lambda: y * smooth("log", a)),
        rounding=of_function(2 * ELEMENTARY),
        boundary=lambda base: np.where(whole, np.inf, np.abs(base)),
    )
    return y


def hypot(a: Any, b: Any) -> Node:
    """Return √(a² + b²)."""
    a, b = lift(a), lift(b)
    return smooth("sqrt", a * a + b * b)


def logaddexp(a: Any, b: Any) -> Node:
    """Return log(eᵃ + eᵇ)."""
    a, b = lift(a), lift(b)
    shift = Node(np.maximum(a.floats, b.floats))
    return smooth("log", smooth("exp", a - shift) + smooth("exp", b - shift)) + shift
