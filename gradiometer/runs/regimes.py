"""Where a call costs more than its work, and how methods compare over many functions.

Figures are geometric means over functions of the ratio to the fastest method. The intervals tell
what is known of these very functions; how much other functions would differ, they do not tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from gradiometer.runs import analysis

AUTOMATIC = "automatic"

KINDS: Mapping[str, str] = {
    "reverse": AUTOMATIC, "forward": AUTOMATIC, "manual": "by hand", "symbolic": "symbolic",
    "numerical": "differences",
}  # fmt: skip
"""Kinds of methods that are ranked apart, by mode."""

NORMAL_95 = 1.959963984540054
"""How many standard deviations the 95 % interval of a normal distribution reaches either way."""


class Lead(NamedTuple):
    """How much faster one method is than another: a ratio of geometric means.

    Attributes:
        ratio: Of the slower one's time to the faster one's.
        low: Lower end of its 95 % interval.
        high: Upper end.
    """

    ratio: float
    low: float
    high: float


def compared(records: pd.DataFrame) -> pd.DataFrame:
    """Return the records whose ratios are compared: timed, right, of the function itself."""
    timed = analysis.timed(records)
    return timed[timed["ratio"].notna() & ~analysis.translated(timed)]


def call_cost(records: pd.DataFrame) -> float:
    """Return the least time that any automatic method needs for any call; NaN without one.

    No function is so small that a library would be called, and would answer, in less: it is what
    a call costs the cheapest of them.
    """
    found = compared(records)
    return float(found.loc[found["mode"].map(KINDS) == AUTOMATIC, "time_s"].min())


def dominated(records: pd.DataFrame) -> pd.Series[bool]:
    """Return for each case whether calls dominate it: its fastest method is below `call_cost`.

    Of cases of such a function a table tells what calls cost, and little of the work. Indexed by
    case, in the order of the records.
    """
    found = compared(records)
    return found.groupby("case", sort=False)["time_s"].min() < call_cost(records)


def slowdowns(records: pd.DataFrame) -> pd.DataFrame:
    """Return each method's geometric mean over cases of its ratio to the fastest, best first.

    Columns: method, kind, cases (in how many it was timed), ratio. Methods that were timed in more
    cases stand first: means over different cases are not comparable.
    """
    found = compared(records)
    logs = found.assign(log=np.log(found["ratio"].astype(float)), kind=found["mode"].map(KINDS))
    groups = logs.groupby("method", sort=False)
    table = groups.agg(kind=("kind", "first"), cases=("case", "nunique"), log=("log", "mean"))
    table = table.assign(ratio=np.exp(table.pop("log"))).reset_index()
    order = table.sort_values(["cases", "ratio"], ascending=[False, True], kind="stable")
    return order.reset_index(drop=True)


def lead(records: pd.DataFrame, faster: str, slower: str) -> Lead:
    """Return how much faster one method is than another, over the cases that both were timed in.

    The ratio's logarithm is a mean of differences of logarithms of ratios within rounds, whose
    variances add up, as independent ones do.
    """
    found = compared(records)
    own = found[found["method"] == faster].set_index("case")
    other = found[found["method"] == slower].set_index("case")
    cases = own.index.intersection(other.index)
    logs = [np.log(each.loc[cases, "ratio"].astype(float)) for each in (own, other)]
    variance = sum(_variance(each.loc[cases]) for each in (own, other))
    mean = float((logs[1] - logs[0]).mean())
    half = NORMAL_95 * float(np.sqrt(variance)) / len(cases)
    return Lead(float(np.exp(mean)), float(np.exp(mean - half)), float(np.exp(mean + half)))


def _variance(rows: pd.DataFrame) -> float:
    """Return the sum of the variances of the logarithms of ratios, from their intervals."""
    low, high = (np.log(rows[name].astype(float)) for name in ("ratio_low", "ratio_high"))
    return float((((high - low) / (2.0 * NORMAL_95)) ** 2).sum())
