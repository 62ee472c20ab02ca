"""Constants of a program as balls: exact, or within a unit of what they were rounded from.

A rule that a framework has written down carries constants such as 2/√π rounded to a double. Where
its graph is compared with a derivative, they stand for the numbers next to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flint import arb

from gradiometer.reference import numeric

_units: list[float] = [0.0]


@contextmanager
def within(unit: float) -> Iterator[None]:
    """Let constants that are no integers be known up to a relative error."""
    _units.append(unit)
    try:
        yield
    finally:
        _units.pop()


def constants(x: Any) -> Any:
    """Return constants as values of the tape."""
    exact, unit = numeric.constants(x), _units[-1]
    return numeric.mapped(lambda ball: _wide(ball, unit), exact) if unit else exact


def _wide(ball: Any, unit: float) -> Any:
    whole = ball is numeric.ZERO or not ball.is_finite() or ball.is_integer()
    return ball if whole else ball * arb(1, unit)
