"""Data movement without rules: a framework moves positions, and one indexing moves the numbers.

What only moves numbers (a gather, a pad, a transposition) does to an array of integers what it does
to real numbers. So the framework itself is asked, once, with the positions of the components.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def moved(xp: Any, by: Callable[..., Any], arrays: Sequence[Any]) -> Any:
    """Return what comes of moving the components of arrays.

    Args:
        xp: The array namespace.
        by: Takes an integer array of positions for each array, and returns one, or several.
        arrays: Arrays of the namespace, of real numbers or of truth values.

    Returns:
        An array of the namespace, or a list of them where `by` returns several.
    """
    shapes = [tuple(x.shape) for x in arrays]
    sizes = [int(np.prod(shape, dtype=int)) for shape in shapes]
    ends = np.cumsum(sizes)
    there = by(
        *(
            np.arange(end - size, end).reshape(shape)
            for end, size, shape in zip(ends, sizes, shapes, strict=True)
        )
    )
    flat = [xp.reshape(x, (-1,)) for x in arrays]
    joined = xp.concat(flat, axis=0) if len(flat) > 1 else flat[0]
    several = isinstance(there, list | tuple)
    found = [
        _taken(xp, joined, arrays, np.asarray(each)) for each in (there if several else [there])
    ]
    return found if several else found[0]


def _taken(xp: Any, joined: Any, arrays: Sequence[Any], there: Any) -> Any:
    """Return the components at positions; as they are where nothing but the shape changes."""
    in_order = np.array_equal(there.ravel(), np.arange(int(np.prod(joined.shape, dtype=int))))
    if in_order and len(arrays) == 1:
        same = tuple(arrays[0].shape) == there.shape
        return arrays[0] if same else xp.reshape(joined, there.shape)
    taken = joined if in_order else xp.take(joined, there.ravel(), axis=0)
    return xp.reshape(taken, there.shape)
