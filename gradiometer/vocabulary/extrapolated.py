"""Ridders' table: what a difference quotient tends to as its step goes to zero, and its error."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

ROWS = 12
"""How many steps there are, each half of the one before."""

GIVEN_UP = 2.0
"""How many times more than the best estimate so far the last two rows may differ."""


class Sized:
    """A function, and the largest values that it had."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.size: Any = 0.0

    def __call__(self, *x: Any) -> Any:
        """Return its value."""
        y = self.function(*x)
        self.size = np.maximum(self.size, abs(y))
        return y


def limit(
    quotient: Callable[[float], Any], sized: Sized, divisor: Callable[[float], Any]
) -> tuple[Any, Any]:
    """Return what `quotient(h)` tends to as h goes from 1 to zero, and the error of each component.

    Values of `sized` are wrong by their rounding, which is divided by `divisor(h)`: no entry is
    better than that, and where the next row's cannot be, the table ends.
    """
    above: list[Any] = []
    best: Any = None
    error: Any = math.inf
    for i in range(ROWS):
        step = 0.5**i
        row = [quotient(step)]
        unit = np.finfo(np.asarray(row[0]).dtype).eps
        rounding = unit * sized.size / divisor(step)
        if not np.isfinite(row[0]).all():  # beyond where the function is defined
            above, sized.size = [], 0.0
            continue
        if best is None:
            best, error = row[0], error + abs(row[0])
        for j, former in enumerate(above):
            row.append(row[j] + (row[j] - former) / (4.0 ** (j + 1) - 1.0))
            apart = np.maximum(abs(row[-1] - row[j]), abs(row[-1] - former)) + rounding
            best, error = _better(best, error, row[-1], apart)
        worse = above and (abs(row[-1] - above[-1]) >= GIVEN_UP * error)
        if np.all(error <= 2.0 * rounding) or (
            np.all(worse) and np.all(error <= math.sqrt(unit) * abs(best))
        ):
            break
        above = row
    return (row[0], math.inf + abs(row[0])) if best is None else (best, error)


def _better(best: Any, error: Any, entry: Any, apart: Any) -> tuple[Any, Any]:
    """Return the answer so far, in each component, or the entry where that is less in doubt."""
    if np.ndim(entry) == 0:
        return (entry, apart) if apart < error else (best, error)
    better = apart < error
    return np.where(better, entry, best), np.where(better, apart, error)
