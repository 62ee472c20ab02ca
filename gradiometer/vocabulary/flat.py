"""NumPy's numbers, and arrays of them as one vector: for methods that only evaluate functions."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import lazy_loader as lazy
import numpy as np

from gradiometer.vocabulary.composed import clip
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.space import Array

scipy = lazy.load("scipy")

Unpack = Callable[[Any], tuple[Any, ...]]


def functions() -> Namespace:
    """Return NumPy's functions, and SciPy's special ones."""
    return Namespace(np, {"clip": clip}, special)


def special(name: str) -> Any:
    """Return a special function by SciPy's name."""
    return getattr(scipy.special, name)  # NumPy has none


def number(a: Any) -> Any:
    """Return a scalar as a number: Python's own of a double, which is fast, else NumPy's."""
    return a[()] if a.dtype == np.float32 else float(a)


def flattened(arrays: Sequence[Any]) -> tuple[Array, Unpack]:
    """Return arrays as one vector, and the function that cuts such a vector up again."""
    shapes = tuple(getattr(a, "shape", ()) for a in arrays)
    return np.concatenate(arrays, axis=None), _unpacking(shapes, number)


def unpacking(shapes: Iterable[tuple[int, ...]], scalar: Callable[[Any], Any]) -> Unpack:
    """Return the function that cuts a vector into arrays.

    Args:
        shapes: Of the arrays, in order.
        scalar: What a component becomes that is no part of an array.
    """
    return _unpacking(tuple(shapes), scalar)


@functools.lru_cache(maxsize=64)
def _unpacking(shapes: tuple[tuple[int, ...], ...], scalar: Callable[[Any], Any]) -> Unpack:
    if not any(shapes):
        return lambda vector: tuple(map(scalar, vector))
    parts, start = [], 0
    for shape in shapes:
        parts.append((shape, start, start + math.prod(shape)))
        start = parts[-1][-1]

    def unpack(vector: Any) -> tuple[Any, ...]:
        return tuple(
            vector[start:end].reshape(shape) if shape else scalar(vector[start])
            for shape, start, end in parts
        )

    return unpack
