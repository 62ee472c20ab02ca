"""Which functions of a component double-double arithmetic has, under the names of the tape."""

from __future__ import annotations

from collections.abc import Callable

from gradiometer.reference.doubles.array import DoubleDouble

FUNCTIONS: dict[str, Callable[[DoubleDouble], DoubleDouble]] = {
    "reciprocal": lambda x: 1.0 / x,
    "sqrt": DoubleDouble.sqrt,
    "square": lambda x: x * x,
}
