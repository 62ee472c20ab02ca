"""Sums, products and extremes of components that meet at one place: as one reduction a length.

What meets is laid out in rows, of lengths that are powers of two, and each row is reduced.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradiometer.tracing.positions import moved

Places = NDArray[Any]

REDUCTIONS: dict[str, tuple[str, float | None]] = {
    "add": ("sum", 0.0), "mul": ("prod", 1.0), "max": ("max", None), "min": ("min", None),
}  # fmt: skip
"""How rows are reduced, and what fills them; extremes are filled with what is there."""


def gathered(xp: Any, values: Any, places: Places, start: Any, kind: str) -> Any:
    """Return an array into which others were added, or multiplied, at places.

    Args:
        xp: The array namespace.
        values: What is added.
        places: Where each component of it goes, counted in `start`; −1 of what is dropped.
        start: The array before.
        kind: One of `REDUCTIONS`.
    """
    reduce, fill = REDUCTIONS[kind]
    size = int(np.prod(start.shape, dtype=int))
    first = np.arange(size) + int(np.prod(values.shape, dtype=int))
    rows, targets = _rows(places, first, filled=fill is not None)
    if not targets:
        return start
    filler = np.asarray(0.0 if fill is None else fill)
    parts = [
        getattr(xp, reduce)(
            moved(xp, lambda v, s, f, row=row: np.where(row < 0, f, row), [values, start, filler]),
            axis=1,
        )
        for row in rows
    ]

    def put(before: Any, *new: Any) -> Any:
        found = before.copy().ravel()
        for part, target in zip(new, targets, strict=True):
            found[target] = part
        return found.reshape(before.shape)

    return moved(xp, put, [start, *parts])


def _rows(places: Places, first: Places, *, filled: bool) -> tuple[list[Places], list[Places]]:
    """Return what meets at each place, in rows of equal length, and the places, by length.

    Args:
        places: Where each component goes.
        first: What is there before, for each place.
        filled: Whether −1 fills a row up; else its first component does.
    """
    flat = places.ravel()
    order = np.argsort(flat, kind="stable")
    order = order[flat[order] >= 0]
    targets, starts, counts = np.unique(flat[order], return_index=True, return_counts=True)
    lengths = 2 ** np.ceil(np.log2(counts + 1.0)).astype(int)
    rows, found = [], []
    for length in np.unique(lengths):
        chosen = np.flatnonzero(lengths == length)
        row = np.repeat(np.full(chosen.size, -1)[:, None], length, axis=1)
        row[:, 0] = first[targets[chosen]]
        if not filled:
            row[:] = row[:, :1]
        column = np.arange(length - 1)
        inside = column < counts[chosen][:, None]
        at = np.minimum(starts[chosen][:, None] + column, order.size - 1)
        row[:, 1:] = np.where(inside, order[at], row[:, 1:])
        rows.append(row)
        found.append(targets[chosen])
    return rows, found
