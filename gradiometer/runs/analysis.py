"""The tables of a run, as pandas frames made from its tidy records.

In a matrix, a cell without a figure holds its status, so that nothing drops out in silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gradiometer.vocabulary.operators import OPERATORS

ZERO = "zero"
"""What stands for digits where an answer is right and the truth is zero."""

SHOWN = sorted(OPERATORS, key=lambda name: not OPERATORS[name].differentiates)
"""The operators in the order in which they are shown: derivatives first, the primal last."""

WORST_FIRST = [
    "disagrees", "nonfinite", "crashed", "error", "timeout", "out-of-memory",
    "unsupported", "not-installed", "skipped", "not-reached",
]  # fmt: skip


def with_ratios(records: pd.DataFrame) -> pd.DataFrame:
    """Return the records with ratios where methods were timed one after the other.

    Interleaved runs have ratios paired by round. Without rounds, a ratio is that of the medians,
    and its interval the widest that the two medians' intervals allow.
    """
    lacking = records["time_s"].notna() & records["ratio"].isna()
    if not lacking.any():
        return records
    timed = records[lacking]
    best = timed.loc[timed.groupby("case")["time_s"].transform("idxmin")].set_index(timed.index)
    filled = records.copy()
    filled.loc[lacking, "ratio"] = timed["time_s"] / best["time_s"]
    filled.loc[lacking, "ratio_low"] = timed["low_s"] / best["high_s"]
    filled.loc[lacking, "ratio_high"] = timed["high_s"] / best["low_s"]
    return filled


def with_unreached(records: pd.DataFrame, plan: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the records with a row, of status `not-reached`, for each planned cell without one."""
    reached = set(_cells(records))
    ended = {"status": "not-reached", "reason": "the run ended before it"}
    rows = [row | ended for row in plan if (row["case"], row["method"]) not in reached]
    return pd.concat([records, pd.DataFrame(rows)], ignore_index=True) if rows else records


def in_order(records: pd.DataFrame, plan: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the records in the order of the plan, whatever the order in which cells ended."""
    places = {(row["case"], row["method"]): place for place, row in enumerate(plan)}
    order = [places.get(cell, len(plan)) for cell in _cells(records)]
    return records.iloc[np.argsort(order, kind="stable")]


def operators(records: pd.DataFrame) -> list[str]:
    """Return the operators that records are of, in the order in which they are shown."""
    found = set(records["operator"])
    return [name for name in SHOWN if name in found]


def first_derivatives(records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the records of each problem's first derivative, by operator.

    That is the gradient, and the Jacobian of problems without one; where there is neither, the
    first operator that there is.
    """
    gradients = records[records["operator"] == "gradient"]
    scalar = records["problem"].isin(gradients["problem"])
    jacobians = records[(records["operator"] == "jacobian") & ~scalar]
    found = {"gradient": gradients, "jacobian": jacobians}
    first = {name: rows for name, rows in found.items() if len(rows)}
    others = operators(records)[:1]
    return first or {name: records[records["operator"] == name] for name in others}


def largest(records: pd.DataFrame) -> pd.DataFrame:
    """Return the records of each problem's largest size that was timed, by operator."""
    timed = records[records["time_s"].notna()]
    sizes = timed.groupby(["operator", "problem", "case"], sort=False)["n"].max().fillna(0)
    last = sizes.reset_index().sort_values("n", kind="stable")
    last = last.drop_duplicates(["operator", "problem"], keep="last")
    return records[records["case"].isin(last["case"])]


def agreement(records: pd.DataFrame, operator: str = "gradient") -> pd.DataFrame:
    """Return digits proven correct in the norm: a row a method, a column a case.

    Nothing agrees with zero in digits: an answer that is right where the truth is zero is `zero`.
    """
    return matrix(records, "digits", operator).replace("ok", ZERO)


def speed(records: pd.DataFrame, operator: str = "gradient") -> pd.DataFrame:
    """Return times as multiples of the case's fastest method: a row a method, a column a case."""
    return matrix(records, "ratio", operator)


def matrix(records: pd.DataFrame, figure: str, operator: str) -> pd.DataFrame:
    """Return one figure by method and case; where there is none, the cell's status."""
    chosen = records[records["operator"] == operator]
    figures = chosen[figure].astype(object)
    shown = figures.where(chosen["status"].isin(["ok", "disagrees"]) & figures.notna())
    shown = shown.fillna(chosen["status"])
    table = chosen.assign(label=label(chosen), shown=shown)
    wide = table.pivot_table(index="method", columns="label", values="shown", aggfunc="first")
    wide = wide.reindex(index=chosen["method"].unique(), columns=table["label"].unique())
    return wide.rename_axis(columns=None)


def label(records: pd.DataFrame) -> pd.Series[str]:
    """Return a case's short name: the problem, and the size where it has several."""
    return (records["problem"] + " " + records["size"]).str.strip()


def cost(records: pd.DataFrame, operator: str, base: str) -> pd.DataFrame:
    """Return times as multiples of the same method's `base`: a row a method, a column a case.

    The two are timed in rounds of their own: a ratio of medians, without an interval.
    """
    return matrix(records.assign(cost=_per(records, base)), "cost", operator)


def timing(records: pd.DataFrame) -> pd.DataFrame:
    """Return cold and warm times of every timed cell, in seconds, case by case.

    `ratio` is the median over the rounds of the time to the case's fastest method, and
    `per_primal` the time over that of the method's own `value` of the same problem.
    """
    timed = records[records["time_s"].notna()]
    columns = [
        "case", "method", "route", "time_s", "low_s", "high_s", "ratio", "ratio_low", "ratio_high",
        "import_s", "prepare_s", "first_s", "rounds", "loops",
    ]  # fmt: skip
    return timed[columns].assign(per_primal=_per(timed, "value")).reset_index(drop=True)


def cold(records: pd.DataFrame) -> pd.Series[float]:
    """Return the seconds until a method's first answer; NaN where a part was not measured."""
    imported = records["import_s"].fillna(0.0)  # of a method without a library there is none
    return imported + records["prepare_s"] + records["first_s"]


def break_even(records: pd.DataFrame, operator: str = "gradient") -> pd.DataFrame:
    """Return after how many calls one method has overtaken another, case by case.

    A row for each pair of which one starts cheaper (import, preparation and first call together)
    and the other calls faster: `calls` is the number from which the faster one's total is less.
    """
    timed = records[records["time_s"].notna() & (records["operator"] == operator)]
    timed = timed[["case", "method", "time_s"]].assign(cold_s=cold(timed)).dropna()
    pairs = timed.merge(timed.rename(columns={"method": "overtakes"}), on="case")
    gained, owed = pairs["time_s_y"] - pairs["time_s_x"], pairs["cold_s_x"] - pairs["cold_s_y"]
    pairs = pairs.assign(calls=np.ceil(owed / gained))[(gained > 0) & (owed > 0)]
    return pairs[["case", "method", "overtakes", "calls"]].reset_index(drop=True)


def ranking(records: pd.DataFrame) -> pd.DataFrame:
    """Return methods by speed within each case; methods whose intervals meet share a rank.

    A method's rank is one more than the number of methods that are faster beyond doubt: the upper
    end of whose ratio to the fastest lies below the lower end of this one's.
    """
    timed = timing(records)
    timed = timed.assign(order=timed.groupby("case", sort=False).ngroup())
    timed = timed.sort_values(["order", "ratio"], kind="stable")
    columns = [
        "case", "rank", "method", "ratio", "ratio_low", "ratio_high", "time_s", "per_primal",
        "route",
    ]  # fmt: skip
    return timed.assign(rank=_ranks(timed))[columns].reset_index(drop=True)


def coverage(records: pd.DataFrame) -> pd.DataFrame:
    """Return every cell that is not `ok`, with the reason; the worst first."""
    missed = records[records["status"] != "ok"]
    known = (missed["status"] == missed["expected"]).map({True: " (expected)", False: ""})
    missed = missed.assign(reason=missed["reason"] + known)
    missed = missed[["status", "case", "method", "reason"]]
    severity = missed["status"].map(WORST_FIRST.index)
    return missed.iloc[severity.argsort(kind="stable")].reset_index(drop=True)


def _cells(records: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield what names each record: its case and its method."""
    return zip(records["case"], records["method"], strict=True)


def _per(records: pd.DataFrame, operator: str) -> pd.Series[float]:
    """Return each cell's time over that of another operator of the same method and problem."""
    where = ["problem", "size", "dtype", "device", "method"]
    base = records[records["operator"] == operator].set_index(where)["time_s"]
    own = pd.MultiIndex.from_frame(records[where])
    per: pd.Series[float] = records["time_s"] / base.reindex(own).to_numpy()
    return per


def _ranks(timed: pd.DataFrame) -> NDArray[np.int64]:
    """Return ranks within runs of equal `order`: one more than the surely faster methods."""
    order, low, high = (timed[c].to_numpy() for c in ("order", "ratio_low", "ratio_high"))
    ends = np.flatnonzero(np.diff(order)) + 1
    ranks = [
        1 + np.searchsorted(np.sort(highs), lows, side="left")
        for lows, highs in zip(np.split(low, ends), np.split(high, ends), strict=True)
    ]
    return np.concatenate(ranks).astype(np.int64)
