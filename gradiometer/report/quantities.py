"""Numbers as people read them: three digits and a unit, a dash where there is none."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

GAP = "–"
"""What stands where there is no number."""


def duration(seconds: float) -> str:
    """Return a time with three digits and its unit: `60.0 ns`, `1.24 ms`, `47.0 s`.

    Example:
        >>> duration(6.2e-8), duration(0.00124), duration(47)
        ('62.0 ns', '1.24 ms', '47.0 s')
    """
    if pd.isna(seconds):
        return GAP
    shown = float(f"{seconds:.3g}")  # rounded first, so that 999.96 ns is a microsecond
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if shown >= factor:
            return f"{three(shown / factor)} {unit}"
    return f"{three(shown / 1e-9)} ns"


def three(x: float) -> str:
    """Return three significant digits without an exponent: `1.00`, `34.7`, `7,430`."""
    if pd.isna(x):
        return GAP
    if math.isinf(x):
        return str(x)
    shown = float(f"{x:.3g}")
    decimals = 2 - math.floor(math.log10(abs(shown))) if shown else 2
    return f"{shown:,.{max(0, decimals if abs(shown) < 0.1 else min(decimals, 2))}f}"


def digits(x: Any) -> str:
    """Return digits with one decimal, `exact` where nothing is wrong; a status as it is."""
    if not isinstance(x, float):
        return str(x)
    return "exact" if x == math.inf else GAP if math.isnan(x) else f"{round(x, 1) + 0.0:.1f}"


def multiple(x: Any) -> str:
    """Return a ratio like `34.7×`, or a status as it is."""
    return f"{three(x)}×" if isinstance(x, float) and not math.isnan(x) else digits(x)


def interval(low: float, high: float) -> str:
    """Return the ends of a ratio's interval: `[34.1, 35.5]`."""
    return GAP if pd.isna(low) else f"[{three(low)}, {three(high)}]"


def megabytes(count: float) -> str:
    """Return bytes as megabytes: `51.1 MB`."""
    if pd.isna(count):
        return GAP
    return "< 0.1 MB" if count < 1e5 else f"{three(float(count) / 1e6)} MB"
