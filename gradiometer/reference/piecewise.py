"""Functions with kinks and jumps, of each component: each is made of comparisons.

Every function takes arrays, nodes or numbers, and returns a node.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from flint import arb

from gradiometer.reference import numeric, structure
from gradiometer.reference.array import integers, lift
from gradiometer.reference.evaluation import compare
from gradiometer.reference.loose import Loose
from gradiometer.reference.node import Node, componentwise
from gradiometer.reference.refusals import WrongValue, refusal
from gradiometer.reference.rounding import ELEMENTARY, computing, of_function

RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def truth(x: Any) -> Any:
    """Return which components are true: booleans as they are, numbers that are not zero."""
    if isinstance(x, Loose):
        return x
    if isinstance(x, np.ndarray | np.generic | bool) and np.asarray(x).dtype == bool:
        return np.asarray(x)
    return compare(lift(x), "!=", Node(0))


def where(condition: Any, a: Any, b: Any) -> Node:
    """Choose componentwise; the other branch has a zero cotangent, whatever it holds."""
    return structure.where(truth(condition), lift(a), lift(b))


def maximum(a: Any, b: Any) -> Node:
    """Return the larger."""
    a, b = lift(a), lift(b)
    return structure.where(compare(a, ">=", b), a, b)


def minimum(a: Any, b: Any) -> Node:
    """Return the smaller."""
    a, b = lift(a), lift(b)
    return structure.where(compare(a, "<=", b), a, b)


def clip(x: Any, min: Any = None, max: Any = None) -> Node:  # noqa: A002  # the standard's names
    """Return x, held between two bounds."""
    x = lift(x) if min is None else maximum(x, min)
    return lift(x) if max is None else minimum(x, max)


def absolute(x: Any) -> Node:
    """Return |x|, the larger of x and −x."""
    x = lift(x)
    return maximum(x, -x)


def relu(x: Any) -> Node:
    """Return max(0, x)."""
    return maximum(0, x)


def sign(x: Any) -> Node:
    """Return 1, 0 or −1."""
    x, zero = lift(x), Node(0)
    below = structure.where(compare(x, "<", zero), Node(-1), zero)
    return structure.where(compare(x, ">", zero), Node(1), below)


def copysign(x: Any, y: Any) -> Node:
    """Return |x| with the sign of y, of which zero is positive."""
    x, y = absolute(x), lift(y)
    return structure.where(compare(y, ">=", Node(0)), x, -x)


def floor(x: Any) -> Node:
    """Return the largest integer that is not larger: a step at each integer."""
    x = lift(x)
    near = np.rint(_with_fractions(x))
    return Node(np.where(compare(x, ">=", Node(near)), near, near - 1.0))


def ceil(x: Any) -> Node:
    """Return the smallest integer that is not smaller: a step at each integer."""
    return -floor(-lift(x))


def trunc(x: Any) -> Node:
    """Return the integer next to it towards zero: a step at each integer but zero."""
    x = lift(x)
    near = np.rint(_with_fractions(x))
    size = structure.where(near < 0.0, -x, x)
    whole = floor(structure.where(near == 0.0, Node(0.5), size))  # no step at zero
    return structure.where(near < 0.0, -whole, whole)


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
    return _quotient(a, b) if integers(a) and integers(b) else floor(lift(a) / lift(b))


def remainder(a: Any, b: Any) -> Node:
    """Return a − b·⌊a/b⌋, which has the sign of b."""
    above, below = lift(a), lift(b)
    return above - below * floor_divide(a, b)


def _with_fractions(x: Node) -> Any:
    """Return the midpoints of numbers that are rounded to integers.

    Raises:
        WrongValue: If one is so large that numbers near it have no fraction.
    """
    dtype = computing()
    least = 0.5 / dtype.unit
    if (x.moduli >= least).any():
        exponent = str(round(math.log2(least))).translate(RAISED)
        raise refusal(
            f"a number beyond 2{exponent} is rounded to an integer",
            f"{dtype.name} has no fraction there; integers are divided exactly by `//`.",
            WrongValue,
        )
    return x.floats


def _quotient(a: Any, b: Any) -> Node:
    """Return ⌊a/b⌋ of integers."""
    above, below = np.broadcast_arrays(*(_integers(lift(x)) for x in (a, b)))
    return Node(np.asarray(above // below, dtype=object))


def _integers(x: Node) -> Any:
    return np.array(numeric.whole(x.value), dtype=object).reshape(x.shape)


def atan2(y: Any, x: Any) -> Node:
    """Return the angle of the point (x, y); a jump where y = 0 and x < 0."""
    y, x = lift(y), lift(x)
    zero = Node(0)
    left = numeric.signs(x.value)[0] < 0
    above = compare(structure.where(left, y, Node(1)), ">=", zero)
    return componentwise(
        "atan2",
        numeric.mapped(_angle, y.value, x.value, above),
        (y, lambda: x / (x * x + y * y)),
        (x, lambda: -y / (x * x + y * y)),
        given=(above,),
        rounding=of_function(ELEMENTARY),
    )


def _angle(y: arb, x: arb, above: bool) -> arb:
    if y.contains(0) and x.contains(0):
        return arb("nan")
    angle = arb.atan2(y, x)
    if above and y < 0 and x < 0:
        return angle + 2 * arb.pi()
    if not above and not y < 0:
        return angle - 2 * arb.pi()
    return angle
