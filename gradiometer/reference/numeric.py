"""The arithmetic of the tape's values: balls of any precision, or double-double balls.

A node's value is an object array of balls (`gradiometer.reference.balls`) or a `DoubleDouble`. Both
are computed with by Python's operators, indexing, and NumPy's functions that move components. Here
is what else the rules of the tape ask of either, and which of the two a computation is in. Nothing
beside this module knows that there are two.

What double-double arithmetic lacks is computed in balls, component by component, where a rule asks
for that (`mapped`); else it raises `BeyondDoubles`, and the computation is made again in balls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import flint
import numpy as np

from gradiometer.reference import balls as balls_
from gradiometer.reference.doubles import moves
from gradiometer.reference.doubles import values as _of_doubles  # noqa: F401  # answers of them
from gradiometer.reference.doubles.array import DoubleDouble
from gradiometer.reference.doubles.functions import FUNCTIONS
from gradiometer.reference.values import (
    array,
    balls,
    blank,
    cholesky,
    exact,
    finite,
    floats,
    floats_without_underflow,
    infinite,
    inverse,
    keep,
    order,
    pairs,
    placed,
    plain,
    products,
    scattered,
    settled,
    signs,
    total,
    undefined,
    whole,
)

__all__ = [
    "DOUBLES",
    "TINY",
    "WITHIN",
    "ZERO",
    "array",
    "balls",
    "blank",
    "cholesky",
    "constants",
    "exact",
    "finite",
    "floats",
    "floats_without_underflow",
    "function",
    "held",
    "infinite",
    "inverse",
    "keep",
    "mapped",
    "order",
    "pairs",
    "placed",
    "plain",
    "products",
    "scattered",
    "settled",
    "signs",
    "total",
    "undefined",
    "whole",
    "working",
    "zeros",
]

DOUBLES = 106
"""Bits that stand for double-double arithmetic, in which every number is two doubles."""

WITHIN = 128
"""Bits of balls by which double-double arithmetic finds what it lacks."""

TINY = balls_.TINY
ZERO = balls_.ZERO

_in_doubles: list[bool] = [False]


@contextmanager
def working(bits: int) -> Iterator[None]:
    """Let new values be of an arithmetic: `DOUBLES`, or balls of that many bits."""
    _in_doubles.append(bits == DOUBLES)
    try:
        with flint.ctx.workprec(WITHIN if bits == DOUBLES else bits):
            yield
    finally:
        _in_doubles.pop()


def constants(x: Any) -> Any:
    """Return numbers as exact values of the arithmetic at work; balls as they are.

    Raises:
        BeyondDoubles: If a double is not finite.
    """
    if not _in_doubles[-1]:
        return balls_.balls(x)
    if isinstance(x, DoubleDouble):
        return x
    array = np.asarray(x)
    if array.dtype != object:
        return DoubleDouble.exact(array)
    return DoubleDouble.from_balls(balls_.balls(array))


def held(x: Any) -> Any:
    """Return what a rule has computed as a value."""
    if isinstance(x, DoubleDouble):
        return x.done() if isinstance(x, moves.Written) else x
    found = np.asarray(x, dtype=object)
    return DoubleDouble.from_balls(found) if _in_doubles[-1] else found


def zeros(shape: tuple[int, ...]) -> Any:
    """Return structural zeros. Among doubles they are exact zeros.

    A double-double ball that is not finite says nothing, and nothing follows from it; times all
    others an exact zero is one.
    """
    return DoubleDouble(np.zeros(shape)) if _in_doubles[-1] else np.full(shape, ZERO)


def mapped(function: Callable[..., Any], *values: Any) -> Any:
    """Return a function of balls, of each component; other arguments are NumPy's arrays."""
    by = np.frompyfunc(function, len(values), 1)
    if not any(isinstance(x, DoubleDouble) for x in values):
        return np.asarray(by(*values), dtype=object)
    found = by(*(x.balls() if isinstance(x, DoubleDouble) else x for x in values))
    return DoubleDouble.from_balls(np.asarray(found, dtype=object))


def function(name: str, of_ball: Callable[[Any], Any], x: Any) -> Any:
    """Return a function of each component.

    Args:
        name: Its name on the tape.
        of_ball: It, of one ball.
        x: Values.
    """
    if isinstance(x, DoubleDouble) and name in FUNCTIONS:
        return FUNCTIONS[name](x)
    return mapped(of_ball, x)
