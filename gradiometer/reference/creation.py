"""Creation of arrays: from numbers, of one value, in order; and conversions between types.

Types are three: real numbers, exact integers, and booleans, which are NumPy's own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np

from gradiometer.reference import piecewise, shapes
from gradiometer.reference.array import Array, constants, index, integers, lift
from gradiometer.reference.node import Node
from gradiometer.reference.refusals import refusal
from gradiometer.reference.rounding import computing

Operation = Callable[..., Any]


def kind_of(dtype: Any) -> str:
    """Return `float`, `int` or `bool`, which a dtype asks for.

    Raises:
        WrongType: If it is another, of which the reference knows nothing.
    """
    with contextlib.suppress(TypeError):
        kind = np.dtype(dtype)
        if kind in (np.float64, computing().name) or kind.kind in "iub":
            return {"f": "float", "b": "bool"}.get(kind.kind, "int")
    raise refusal(f"dtype={dtype!r}", "the reference knows real numbers: leave it out.")


def asarray(x: Any, /, *, dtype: Any = None, copy: bool | None = None) -> Any:
    """Return numbers as an array; an array as it is."""
    if dtype is not None:
        return astype(asarray(x), dtype)
    if isinstance(x, Array):
        return x.__copy__() if copy else x
    if integers(x) and np.asarray(x).dtype == bool:
        return np.asarray(x)
    return Array(lift(x), integer=integers(x), scalar=False)


def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    """Return the array with components of another type."""
    kind = kind_of(dtype)
    if kind == "bool":
        return piecewise.truth(x)
    if kind == "int" and not integers(x):
        whole = np.trunc(constants(asarray(x), "a conversion to integers"))
        return Array(Node(whole), integer=True, scalar=False)
    return Array(lift(x), integer=kind == "int", scalar=False)


def full(shape: Any, value: Any, *, dtype: Any = None) -> Any:
    """Return an array that holds one value throughout."""
    kind = ("int" if integers(value) else "float") if dtype is None else kind_of(dtype)
    if kind == "bool":
        return np.full(index(shape), bool(value))
    return Array(shapes.broadcast_to(value, index(shape)), integer=kind == "int", scalar=False)


def eye(rows: int, columns: int | None = None, *, k: int = 0, dtype: Any = None) -> Any:
    """Return ones on a diagonal, zeros elsewhere."""
    return asarray(np.eye(index(rows), index(columns), k), dtype=dtype)


def arange(start: Any, stop: Any = None, step: Any = 1, *, dtype: Any = None) -> Any:
    """Return evenly spaced numbers, of a step; integers of integers."""
    given = (0, start, step) if stop is None else (start, stop, step)
    numbers = (constants(x, "arange").item() if isinstance(x, Array) else x for x in given)
    return asarray(np.arange(*numbers), dtype=dtype)


def linspace(start: Any, stop: Any, num: int, *, endpoint: bool = True, dtype: Any = None) -> Any:
    """Return evenly spaced numbers, of a count; the ends may depend on inputs."""
    a, b = lift(start), lift(stop)
    steps = Node(np.arange(int(num)))
    return Array(a + (b - a) * steps / max(1, int(num) - bool(endpoint)), scalar=False)


def like(make: Operation) -> Operation:
    """Return `zeros_like` of `zeros`: the shape and type are those of an array."""

    def made(x: Any, *values: Any, dtype: Any = None) -> Any:
        chosen = dtype or (np.int64 if integers(x) else np.float64)
        return make(lift(x).shape, *values, dtype=chosen)

    return made


def zeros(shape: Any, *, dtype: Any = None) -> Any:
    """Return zeros."""
    return full(shape, 0, dtype=dtype or np.float64)


def ones(shape: Any, *, dtype: Any = None) -> Any:
    """Return ones."""
    return full(shape, 1, dtype=dtype or np.float64)


def empty(shape: Any, *, dtype: Any = None) -> Any:
    """Return an array to be written: zeros, since what it holds is not defined."""
    return zeros(shape, dtype=dtype)
