"""The tables of a run, as pandas frames made from its tidy records.

Figures are of cells that are `ok`. In a matrix every other cell holds its status instead, so that
nothing drops out in silence, and nothing wrong looks right. Cases that differ in dtype, device
or kind of machine alone are cases of their own, named apart and side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.outcome import Status

ZERO = "zero"
"""What stands for digits where an answer is right and the truth is zero."""

SHOWN = sorted(OPERATORS, key=lambda name: not OPERATORS[name].differentiates)
"""The operators in the order in which they are shown: derivatives first, the primal last."""

NOT_REACHED = "not-reached"
"""The status of a planned cell that has no record."""

DAMAGED = "damaged"
"""The status of a planned cell without a record in a run of which records were lost."""

EXPECTED = [*(s.value for s in Status if s.blameless and s is not Status.OK), NOT_REACHED]
"""The statuses that are neither `ok` nor a fault."""

RIGHT, WRONG, MISSING = "right", "wrong or failed", "not measured"
"""How a cell ended."""

WORST_FIRST = [DAMAGED, *(s.value for s in Status if not s.blameless), *EXPECTED]
"""All statuses but `ok`: faults first."""

USUAL = {"dtype": Case.dtype, "device": Case.device, "machine": ""}
"""What is not said in the name of a case."""


def timed(records: pd.DataFrame) -> pd.DataFrame:
    """Return the records that have a time and are `ok`: no other time is ever compared."""
    return records[_timed(records)]


def translated(records: pd.DataFrame) -> pd.Series[bool]:
    """Return whether each cell's method was given a translation of the function."""
    return records["translated"].fillna("") != ""


def ends(records: pd.DataFrame) -> pd.Series[str]:
    """Return how each cell ended: `RIGHT`, `MISSING` where that could be expected, or `WRONG`."""
    right, missing = records["status"] == "ok", records["status"].isin(EXPECTED)
    return pd.Series(np.select([right, missing], [RIGHT, MISSING], WRONG), records.index)


def with_ratios(records: pd.DataFrame) -> pd.DataFrame:
    """Return the records with ratios where methods were timed one after the other.

    Interleaved runs have ratios paired by round. Without rounds, a ratio is that of the medians,
    and its interval the widest that the two medians' intervals allow. The fastest is of those
    methods that took the function itself, as it is in rounds.
    """
    lacking = _timed(records) & records["ratio"].isna()
    if not lacking.any():
        return records
    alone = records[lacking]
    itself = ~translated(alone)
    compared = itself | ~itself.groupby(alone["case"]).transform("any")
    times = alone["time_s"].where(compared).groupby(alone["case"])
    best = alone.loc[times.transform("idxmin")].set_index(alone.index)
    filled = records.copy()
    filled.loc[lacking, "ratio"] = alone["time_s"] / best["time_s"]
    filled.loc[lacking, "ratio_low"] = alone["low_s"] / best["high_s"]
    filled.loc[lacking, "ratio_high"] = alone["high_s"] / best["low_s"]
    return filled


def with_unreached(
    records: pd.DataFrame, plan: Sequence[dict[str, Any]], lost: str = ""
) -> pd.DataFrame:
    """Return the records with a row for each planned cell without one: `not-reached`.

    Args:
        records: The records.
        plan: The cells that were planned.
        lost: What cannot be read of the records; such cells are `damaged` then.
    """
    reached = set(_cells(records))
    ended = {"status": NOT_REACHED, "reason": "the run ended before it", "node": "", "machine": ""}
    if lost:
        ended |= {"status": DAMAGED, "reason": f"no record of it can be read; {lost}"}
    rows = [row | ended for row in plan if (row["case"], row["method"]) not in reached]
    return pd.concat([records, pd.DataFrame(rows)], ignore_index=True) if rows else records


def in_order(records: pd.DataFrame, plan: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Return the records in the order of the plan, whatever the order in which cells ended.

    A problem's cases of one size stand together, whichever dtypes they are of.
    """
    places = {(row["case"], row["method"]): place for place, row in enumerate(plan)}
    firsts: dict[tuple[str, str], int] = {}
    for place, row in enumerate(plan):
        firsts.setdefault((row["problem"], row["size"]), place)
    sized = zip(records["problem"], records["size"], strict=True)
    order = [
        (firsts.get(where, len(plan)), places.get(cell, len(plan)))
        for where, cell in zip(sized, _cells(records), strict=True)
    ]
    return records.iloc[sorted(range(len(order)), key=order.__getitem__)]


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
    """Return the records of each problem's largest size that was timed, by operator and dtype."""
    series = ["operator", "problem", *USUAL]
    sizes = timed(records).groupby([*series, "case"], sort=False)["n"].max().fillna(0)
    last = sizes.reset_index().sort_values("n", kind="stable")
    last = last.drop_duplicates(series, keep="last")
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
    """Return one figure by method and case; where a cell is not `ok` or has none, its status.

    Methods that only have translations of the functions stand behind all others.
    """
    chosen = records[records["operator"] == operator]
    shown = chosen[figure].astype(object).where(chosen["status"] == "ok").fillna(chosen["status"])
    table = chosen.assign(label=label(chosen), shown=shown)
    wide = table.pivot_table(index="method", columns="label", values="shown", aggfunc="first")
    behind = translated(chosen).groupby(chosen["method"]).all()
    methods = sorted(chosen["method"].unique(), key=behind.__getitem__)
    wide = wide.reindex(index=methods, columns=table["label"].unique())
    return wide.rename_axis(columns=None)


def label(records: pd.DataFrame) -> pd.Series[str]:
    """Return a case's short name: the problem, the size where it has several, and its variant."""
    return _joined(records["problem"], records["size"], variant(records))


def series(records: pd.DataFrame) -> pd.Series[str]:
    """Return what the sizes of a problem have in common: the problem and the case's variant."""
    return _joined(records["problem"], variant(records))


def variant(records: pd.DataFrame) -> pd.Series[str]:
    """Return in which dtype, on which device and kind of machine a case is, if not the usual."""
    return _joined(
        *(records[name].where(records[name] != value, "") for name, value in USUAL.items())
    )


def cost(records: pd.DataFrame, operator: str, base: str) -> pd.DataFrame:
    """Return times as multiples of the same method's `base`: a row a method, a column a case.

    The two are timed in rounds of their own: a ratio of medians, without an interval.
    """
    return matrix(records.assign(cost=per(records, base)), "cost", operator)


def per(records: pd.DataFrame, operator: str) -> pd.Series[float]:
    """Return each cell's time over that of another operator, of the same method and problem.

    Both are of one node of a cluster.
    """
    where = ["problem", "size", "dtype", "device", "node", "method"]
    base = timed(records[records["operator"] == operator]).set_index(where)["time_s"]
    own = pd.MultiIndex.from_frame(records[where])
    per: pd.Series[float] = records["time_s"] / base.reindex(own).to_numpy()
    return per


def timing(records: pd.DataFrame) -> pd.DataFrame:
    """Return cold and warm times of every timed cell, in seconds, case by case.

    `ratio` is the trimmed mean over the rounds of the time to the case's fastest method, and
    `per_primal` the time over that of the method's own `value` of the same problem.
    """
    figures = timed(records)
    columns = [
        "case", "method", "route", "translated", "time_s", "low_s", "high_s", "ratio", "ratio_low",
        "ratio_high", "import_s", "prepare_s", "first_s", "rounds", "loops",
    ]  # fmt: skip
    return figures[columns].assign(per_primal=per(figures, "value")).reset_index(drop=True)


def cold(records: pd.DataFrame) -> pd.Series[float]:
    """Return the seconds until a method's first answer; NaN where a part was not measured."""
    imported = records["import_s"].fillna(0.0)  # of a method without a library there is none
    return imported + records["prepare_s"] + records["first_s"]


def break_even(records: pd.DataFrame, operator: str = "gradient") -> pd.DataFrame:
    """Return after how many calls one method has overtaken another, case by case.

    A row for each pair of which one starts cheaper (import, preparation and first call together)
    and the other calls faster: `calls` is the number from which the faster one's total is less.
    """
    chosen = timed(records[records["operator"] == operator])
    starts = chosen[["case", "method", "time_s"]].assign(cold_s=cold(chosen)).dropna()
    pairs = starts.merge(starts.rename(columns={"method": "overtakes"}), on="case")
    gained, owed = pairs["time_s_y"] - pairs["time_s_x"], pairs["cold_s_x"] - pairs["cold_s_y"]
    pairs = pairs.assign(calls=np.ceil(owed / gained))[(gained > 0) & (owed > 0)]
    return pairs[["case", "method", "overtakes", "calls"]].reset_index(drop=True)


def ranking(records: pd.DataFrame) -> pd.DataFrame:
    """Return methods by speed within each case; methods whose intervals meet share a rank.

    A method's rank is one more than the number of methods that are faster beyond doubt: the upper
    end of whose ratio to the fastest lies below the lower end of this one's. Methods that were
    given a translation of the function follow, and are ranked among themselves.
    """
    table = timing(records)
    cases = table.groupby("case", sort=False).ngroup()
    table = table.assign(order=2 * cases + translated(table))
    table = table.sort_values(["order", "ratio"], kind="stable")
    columns = [
        "case", "rank", "method", "ratio", "ratio_low", "ratio_high", "time_s", "per_primal",
        "route", "translated",
    ]  # fmt: skip
    return table.assign(rank=_ranks(table))[columns].reset_index(drop=True)


def coverage(records: pd.DataFrame) -> pd.DataFrame:
    """Return every cell that is not `ok`, with the reason; the worst first."""
    missed = records[records["status"] != "ok"]
    known = (missed["status"] == missed["expected"]).map({True: " (expected)", False: ""})
    missed = missed.assign(reason=missed["reason"] + known)
    missed = missed[["status", "case", "method", "reason"]]
    severity = missed["status"].map({status: place for place, status in enumerate(WORST_FIRST)})
    return missed.iloc[severity.argsort(kind="stable")].reset_index(drop=True)


def _timed(records: pd.DataFrame) -> pd.Series[bool]:
    return (records["status"] == "ok") & records["time_s"].notna()


def _joined(*columns: pd.Series[str]) -> pd.Series[str]:
    """Return texts beside each other, a space between those that are not empty."""
    texts = [" ".join(filter(None, each)) for each in zip(*columns, strict=True)]
    return pd.Series(texts, index=columns[0].index, dtype="str")


def _cells(records: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield what names each record: its case and its method."""
    return zip(records["case"], records["method"], strict=True)


def _ranks(table: pd.DataFrame) -> NDArray[np.int64]:
    """Return ranks within runs of equal `order`: one more than the surely faster methods."""
    order, low, high = (table[c].to_numpy() for c in ("order", "ratio_low", "ratio_high"))
    ends = np.flatnonzero(np.diff(order)) + 1
    ranks = [
        1 + np.searchsorted(np.sort(highs), lows, side="left")
        for lows, highs in zip(np.split(low, ends), np.split(high, ends), strict=True)
    ]
    return np.concatenate(ranks).astype(np.int64)
