"""Functions of each component: smooth ones as a table, and those with kinks and jumps.

Every function takes arrays, nodes or numbers, and returns a node.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb

from gradiometer.reference import balls as numeric
from gradiometer.reference import tape
from gradiometer.reference.array import integers, lift
from gradiometer.reference.evaluation import compare
from gradiometer.reference.place import WrongValue, refusal
from gradiometer.reference.rounding import ELEMENTARY, of_function
from gradiometer.reference.tape import Node, Scaled


@dataclass(frozen=True)
class Smooth:
    """A smooth function of a real number.

    Attributes:
        value: It, of one ball.
        slope: Its derivative, as an expression of the nodes x and y = f(x).
        edge: How far x is from where the function is not defined; `None` for an entire function.
        units: Roundings that a tool's implementation is granted.
    """

    value: Callable[[arb], arb]
    slope: Callable[[Node, Node], Any]
    edge: Callable[[Any], Any] | None = None
    units: float = ELEMENTARY


def _inside(x: Any) -> Any:
    return np.abs(1.0 - np.abs(x))


def _log2(x: arb) -> arb:
    return x.log() / arb(2).log()


SMOOTH: dict[str, Smooth] = {
    "exp": Smooth(arb.exp, lambda x, y: y),
    "exp2": Smooth(lambda x: (x * arb(2).log()).exp(), lambda x, y: y * _constant(arb(2).log())),
    "expm1": Smooth(arb.expm1, lambda x, y: y + 1),
    "log": Smooth(arb.log, lambda x, y: 1 / x, np.abs),
    "log2": Smooth(_log2, lambda x, y: 1 / (x * _constant(arb(2).log())), np.abs),
    "log10": Smooth(
        lambda x: x.log() / arb(10).log(), lambda x, y: 1 / (x * _constant(arb(10).log())), np.abs
    ),
    "log1p": Smooth(arb.log1p, lambda x, y: 1 / (1 + x), lambda x: np.abs(1.0 + x)),
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
    "acosh": Smooth(
        arb.acosh, lambda x, y: 1 / smooth("sqrt", x * x - 1), lambda x: np.abs(x - 1.0)
    ),
    "atanh": Smooth(arb.atanh, lambda x, y: 1 / (1 - x * x), _inside),
    "sigmoid": Smooth(lambda x: 1 / (1 + (-x).exp()), lambda x, y: y * (1 - y)),
    "softplus": Smooth(lambda x: x.exp().log1p(), lambda x, y: smooth("sigmoid", x)),
    "erf": Smooth(arb.erf, lambda x, y: _constant(2 / arb.pi().sqrt()) * smooth("exp", -x * x)),
    "erfc": Smooth(arb.erfc, lambda x, y: _constant(-2 / arb.pi().sqrt()) * smooth("exp", -x * x)),
}


def smooth(name: str, x: Any) -> Node:
    """Return a function of the table, of each component."""
    f = SMOOTH[name]
    return tape.smooth(name, f.value, lift(x), f.slope, units=f.units, edge=f.edge)


def _constant(ball: arb) -> Node:
    """Return a constant that a tool holds rounded."""
    return Node(np.array(ball, dtype=object), ("number", ball), rounding=of_function(1.0))


def pi() -> Node:
    """Return π itself."""
    return _constant(arb.pi())


def e() -> Node:
    """Return Euler's number itself."""
    return _constant(arb(1).exp())


def power(a: Any, b: Any) -> Node:
    """Return a to the power of b; a whole number takes a negative base."""
    whole = isinstance(b, int | np.integer) and not isinstance(b, bool)
    return lift(a) ** (int(b) if whole else lift(b))


def divide(a: Any, b: Any) -> Node:
    """Return a/b."""
    return lift(a) / lift(b)


def truth(x: Any) -> Any:
    """Return which components are true: booleans as they are, numbers that are not zero."""
    if isinstance(x, np.ndarray | np.generic | bool) and np.asarray(x).dtype == bool:
        return np.asarray(x)
    return compare(lift(x), "!=", Node(0))


def where(condition: Any, a: Any, b: Any) -> Node:
    """Choose componentwise; to the branch that was not taken nothing flows, whatever it holds."""
    return tape.where(truth(condition), lift(a), lift(b))


def maximum(a: Any, b: Any) -> Node:
    """Return the larger."""
    a, b = lift(a), lift(b)
    return tape.where(compare(a, ">=", b), a, b)


def minimum(a: Any, b: Any) -> Node:
    """Return the smaller."""
    a, b = lift(a), lift(b)
    return tape.where(compare(a, "<=", b), a, b)


def clip(x: Any, min: Any = None, max: Any = None) -> Node:  # noqa: A002  # the standard's names
    """Return x, held between two bounds."""
    x = lift(x) if min is None else maximum(x, min)
    return lift(x) if max is None else minimum(x, max)


def absolute(x: Any) -> Node:
    """Return |x|."""
    x = lift(x)
    return tape.where(compare(x, ">=", Node(0)), x, -x)


def relu(x: Any) -> Node:
    """Return max(x, 0)."""
    x = lift(x)
    return tape.where(compare(x, ">", Node(0)), x, Node(0))


def sign(x: Any) -> Node:
    """Return 1, 0 or −1."""
    x, zero = lift(x), Node(0)
    below = tape.where(compare(x, "<", zero), Node(-1), zero)
    return tape.where(compare(x, ">", zero), Node(1), below)


def floor(x: Any) -> Node:
    """Return the largest integer that is not larger: a step at each integer."""
    x = lift(x)
    near = Node(np.rint(_with_fractions(x)))
    return tape.where(compare(x, ">=", near), near, near - 1)


def ceil(x: Any) -> Node:
    """Return the smallest integer that is not smaller: a step at each integer."""
    return -floor(-lift(x))


def trunc(x: Any) -> Node:
    """Return the integer next to it towards zero: a step at each integer but zero."""
    x = lift(x)
    near = np.rint(_with_fractions(x))
    apart = tape.where(near == 0.0, Node(1.0), x)  # no step at zero
    out = np.where(near == 0.0, 1.0, near)
    beyond = np.where(out > 0.0, compare(apart, ">=", Node(out)), compare(apart, "<=", Node(out)))
    stepped = np.where(beyond, near, near - np.sign(near))
    return Node(np.where(near == 0.0, 0.0, stepped))


def rounded(x: Any, decimals: int = 0) -> Node:
    """Return the nearest integer, of two the even one: a step at each half."""
    x = lift(x)
    if decimals:
        scale = Node(10) ** abs(decimals)
        return rounded(x * scale) / scale if decimals > 0 else rounded(x / scale) * scale
    middle = _with_fractions(x)
    below = np.floor(middle - 0.25) + 0.0
    low = np.where(middle - below > 1.0, below + 1.0, below)
    odd = np.mod(low, 2.0) == 1.0
    half = Node(low + 0.5)
    up = np.where(odd, compare(x, ">=", half), compare(x, ">", half))
    return Node(np.where(up, low + 1.0, low))


def floor_divide(a: Any, b: Any) -> Node:
    """Return ⌊a/b⌋; of integers exactly."""
    return _quotient(a, b) if integers(a) and integers(b) else floor(divide(a, b))


def remainder(a: Any, b: Any) -> Node:
    """Return a − b·⌊a/b⌋, which has the sign of b."""
    above, below = lift(a), lift(b)
    return above - below * floor_divide(a, b)


def _with_fractions(x: Node) -> Any:
    """Return the midpoints of numbers that are rounded to integers.

    Raises:
        WrongValue: If one is so large that doubles near it have no fraction.
    """
    if (x.moduli >= 2.0**52).any():
        raise refusal(
            "a number beyond 2⁵² is rounded to an integer",
            "doubles have no fraction there; integers are divided exactly by `//`.",
            WrongValue,
        )
    return x.floats


def _quotient(a: Any, b: Any) -> Node:
    """Return ⌊a/b⌋ of integers."""
    whole = np.frompyfunc(lambda x, y: int(x.unique_fmpz()) // int(y.unique_fmpz()), 2, 1)
    return Node(np.asarray(whole(lift(a).value, lift(b).value), dtype=object))


def atan2(y: Any, x: Any) -> Node:
    """Return the angle of the point (x, y); a jump where y = 0 and x < 0."""
    y, x = lift(y), lift(x)
    zero = Node(0)
    left = numeric.signs(x.value)[0] < 0
    above = compare(tape.where(left, y, Node(1)), ">=", zero)
    value = np.asarray(np.frompyfunc(_angle, 3, 1)(y.value, x.value, above), dtype=object)
    angle = Node(value, ("atan2", y, x, above), rounding=of_function(ELEMENTARY))
    angle.follow(
        Scaled(y, lambda: x / (x * x + y * y), value.shape),
        Scaled(x, lambda: -y / (x * x + y * y), value.shape),
    )
    return angle


def _angle(y: arb, x: arb, above: bool) -> arb:
    if y.contains(0) and x.contains(0):
        return arb("nan")
    angle = arb.atan2(y, x)
    if above and y < 0 and x < 0:
        return angle + 2 * arb.pi()
    if not above and not y < 0:
        return angle - 2 * arb.pi()
    return angle


def hypot(a: Any, b: Any) -> Node:
    """Return √(a² + b²)."""
    a, b = lift(a), lift(b)
    return smooth("sqrt", a * a + b * b)


def logaddexp(a: Any, b: Any) -> Node:
    """Return log(eᵃ + eᵇ)."""
    a, b = lift(a), lift(b)
    peak = Node(np.maximum(a.floats, b.floats))
    return smooth("log", smooth("exp", a - peak) + smooth("exp", b - peak)) + peak
