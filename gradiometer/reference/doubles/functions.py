"""Which functions of a component double-double arithmetic has, under the names of the tape."""

from __future__ import annotations

from collections.abc import Callable

from gradiometer.reference.doubles import elementary
from gradiometer.reference.doubles.array import DoubleDouble

FUNCTIONS: dict[str, Callable[[DoubleDouble], DoubleDouble]] = {
    "atan": elementary.arctan,
    "cos": elementary.cos,
    "cosh": elementary.cosh,
    "exp": elementary.exp,
    "expm1": elementary.expm1,
    "log": elementary.log,
    "log1p": elementary.log1p,
    "reciprocal": lambda x: 1.0 / x,
    "sigmoid": elementary.sigmoid,
    "sin": elementary.sin,
    "sinh": elementary.sinh,
    "softplus": elementary.softplus,
    "sqrt": DoubleDouble.sqrt,
    "square": lambda x: x * x,
    "tan": elementary.tan,
    "tanh": elementary.tanh,
}
