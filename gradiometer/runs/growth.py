"""How figures grow with the number of inputs: fitted slopes, and where methods overtake each other.

Both are of problems with three timed sizes and more, by problem, dtype and device; their numbers of
inputs differ, the largest from the smallest by a factor of `SPAN` at least.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from gradiometer.runs import analysis

FEWEST = 3
"""Sizes of a problem of which growth is told."""

SPAN = 4.0
"""Largest over smallest number of inputs of which growth is told."""

LEAST_BYTES = 1e5
"""Memory below which pages of the system are counted, rather than what a method holds."""

FIGURES = {"time": "time_s", "memory": "call_bytes", "× own primal": "per_primal"}
"""What grows, and the column of it."""

FREEDOM = 2
"""Points beyond the two that make a line, below which a slope has no interval."""


class Slope(NamedTuple):
    """The exponent of a power law, and the ends of its 95% interval; NaN where it has none."""

    value: float
    low: float
    high: float


def sized(records: pd.DataFrame, operator: str) -> pd.DataFrame:
    """Return the timed records of an operator, of problems with at least three sizes.

    `series` names the problem, with dtype and device; `per_primal` is the time over that of the
    method's own value, none for values themselves; `call_bytes` is NaN below `LEAST_BYTES`.
    """
    figures = analysis.timed(records[records["operator"] == operator])
    figures = figures.assign(series=analysis.series(figures), per_primal=np.nan)
    if operator != "value":
        figures["per_primal"] = analysis.per(records, "value").reindex(figures.index)
    figures = figures.astype({"n": float, "call_bytes": float})
    figures["call_bytes"] = figures["call_bytes"].where(figures["call_bytes"] >= LEAST_BYTES)
    sizes = figures.groupby("series")["n"]
    several = sizes.transform("nunique") >= FEWEST
    wide = sizes.transform("max") >= SPAN * sizes.transform("min")
    return figures[several & wide]


def slopes(records: pd.DataFrame, operator: str = "gradient") -> pd.DataFrame:
    """Return by which power of the number of inputs each figure of a method grows.

    A row a problem, method and figure of `FIGURES`, where at least three sizes have it: `points`
    is how many there are, `slope` the exponent, `low` and `high` the ends of its 95% interval.
    """
    table, rows = sized(records, operator), []
    for (series, method), group in table.groupby(["series", "method"], sort=False):
        n, *grown = (group[column].to_numpy() for column in ("n", *FIGURES.values()))
        for figure, values in zip(FIGURES, grown, strict=True):
            known = np.isfinite(values)
            if len(set(n[known])) >= FEWEST:
                rows.append((series, method, figure, known.sum(), *fit(n[known], values[known])))
    columns = ["series", "method", "figure", "points", "slope", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


def fit(n: NDArray[np.float64], figures: NDArray[np.float64]) -> Slope:
    """Return the slope of log figures against log n by least squares.

    The interval is Student's t, and takes the residuals for independent and of one variance.

    Args:
        n: Numbers of inputs, at least two different ones.
        figures: Positive figures.

    Reference:
        Draper and Smith, Applied Regression Analysis, 3rd ed., §1.4.

    Example:
        >>> n = np.array([1.0, 10.0, 100.0])
        >>> round(fit(n, n**1.5).value, 12)
        1.5
    """
    x, y = np.log(n), np.log(figures)
    x -= x.mean()
    square = float(x @ x)
    slope = float(x @ y) / square
    freedom = len(x) - 2
    if freedom < FREEDOM:
        return Slope(slope, np.nan, np.nan)
    rest = y - y.mean() - slope * x
    error = float(np.sqrt(rest @ rest / freedom / square))
    half = float(stdtrit(freedom, 0.975)) * error
    return Slope(slope, slope - half, slope + half)


def crossovers(records: pd.DataFrame, operator: str = "gradient") -> pd.DataFrame:
    """Return where one method overtakes another as problems grow.

    A row a pair of which one is faster at one size, and the other at the next size at which it is
    sure which is faster: the intervals of their ratios to the fastest are apart. `n` is where the
    lines between the two sizes meet on logarithmic axes, `below` and `above` are the sizes. `lead`
    tells whether the one that is overtaken was the fastest of all, and the other one is then.
    """
    rows = [
        (series, *crossing)
        for series, table in sized(records, operator).groupby("series", sort=False)
        for crossing in _crossings(table)
    ]
    columns = ["series", "method", "overtakes", "n", "below", "above", "lead"]
    return pd.DataFrame(rows, columns=columns).astype({"lead": bool})


def _crossings(table: pd.DataFrame) -> list[tuple[str, str, float, float, float, bool]]:
    """Return the crossings of the methods of a problem, by size: what a row has after `series`."""
    sizes = table.sort_values("n", kind="stable").drop_duplicates(["n", "method"])
    ratio, low, high = (
        sizes.pivot_table(index="n", columns="method", values=column, sort=False).sort_index()
        for column in ("ratio", "ratio_low", "ratio_high")
    )
    names, fastest = list(ratio.columns), dict(ratio.idxmin(axis=1))
    before = below = np.full((len(names), len(names)), np.nan)  # when last it was sure, and where
    found = []
    for n, logs, lows, highs in zip(
        map(float, ratio.index), np.log(ratio.to_numpy()), low.to_numpy(), high.to_numpy(),
        strict=True,
    ):  # fmt: skip
        after = logs[:, np.newaxis] - logs
        sure = (highs[:, np.newaxis] < lows) | (lows[:, np.newaxis] > highs)
        for new, old in np.argwhere(sure & (before > 0.0) & (after < 0.0)):
            start, was = below[new, old], before[new, old]
            crossing = start * (n / start) ** (was / (was - after[new, old]))
            lead = fastest[start] == names[old] and fastest[n] == names[new]
            found.append((names[new], names[old], float(crossing), float(start), n, lead))
        before, below = np.where(sure, after, before), np.where(sure, n, below)
    return sorted(found, key=lambda row: row[2])
