"""The tables that people read, as frames of text, the same in the terminal and in Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pandas as pd

from gradiometer.runs import analysis
from gradiometer.runs.run import Run

CSV = ("agreement", "speed", "ranking", "timing", "break_even", "coverage", "records")
"""The tables that a report keeps as CSV, with unrounded numbers."""

DERIVED = "†"
"""Marks a time of an operator that the method has not, and that was put together from others."""

COSTS = {"gradient": ("value", "4 to 5"), "hvp": ("gradient", "2 to 3")}
"""Operators whose cost theory bounds in reverse mode: in multiples of what, and by how much."""


OWED = "rounding leaves"
"""The row of a table of digits that says how many rounding in float64 leaves of each case."""


def duration(seconds: float) -> str:
    """Return a time with three digits and its unit: `60.0 ns`, `1.24 ms`, `47.0 s`.

    Example:
        >>> duration(6.2e-8), duration(0.00124), duration(47)
        ('62.0 ns', '1.24 ms', '47.0 s')
    """
    if pd.isna(seconds):
        return "–"
    shown = float(f"{seconds:.3g}")  # rounded first, so that 999.96 ns is a microsecond
    for factor, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if shown >= factor:
            return f"{three(shown / factor)} {unit}"
    return f"{three(shown / 1e-9)} ns"


def three(x: float) -> str:
    """Return three significant digits without an exponent: `1.00`, `34.7`, `7,430`."""
    if pd.isna(x):
        return "–"
    if math.isinf(x):
        return str(x)
    shown = float(f"{x:.3g}")
    decimals = 2 - math.floor(math.log10(abs(shown))) if shown else 2
    return f"{shown:,.{max(0, decimals if abs(shown) < 0.1 else min(decimals, 2))}f}"


def digits(x: Any) -> str:
    """Return digits with one decimal, `exact` where nothing is wrong; a status as it is."""
    if not isinstance(x, float):
        return str(x)
    return "exact" if x == math.inf else "–" if math.isnan(x) else f"{round(x, 1) + 0.0:.1f}"


def multiple(x: Any) -> str:
    """Return a ratio like `34.7×`, or a status as it is."""
    return f"{three(x)}×" if isinstance(x, float) and not math.isnan(x) else digits(x)


def interval(low: float, high: float) -> str:
    """Return the ends of a ratio's interval: `[34.1, 35.5]`."""
    return "–" if pd.isna(low) else f"[{three(low)}, {three(high)}]"


def agreement(run: Run, operator: str = "gradient") -> pd.DataFrame:
    """Return digits by method and case, beside the digits that each method promises.

    Where rounding leaves fewer digits of a case than exact methods promise, the first row says how
    many it leaves.
    """
    chosen = run.cells[run.cells["operator"] == operator]
    promise = chosen.groupby("method")["promise"].max().map(lambda p: f"{p:g}", na_action="ignore")
    table = run.agreement(operator).map(digits)
    table.insert(0, "promise", promise.reindex(table.index).astype(object).fillna("–"))
    owed = chosen.groupby(analysis.label(chosen))["owed"].min().reindex(table.columns)
    if (owed < chosen["promise"].max()).any():
        row = owed.map(lambda x: "–" if pd.isna(x) else digits(float(x))).to_frame(OWED).T
        table = pd.concat([row, table]).rename_axis(index=str(table.index.name))
    return table


def speed(run: Run, operator: str = "gradient") -> pd.DataFrame:
    """Return ratios to the fastest by method and case; what was derived is marked."""
    marked = run.cells.assign(mark=derived(run).map({True: DERIVED}))
    marks = analysis.matrix(marked, "mark", operator)
    return run.speed(operator).map(multiple) + marks.where(marks == DERIVED, "")


def derived(run: Run) -> pd.Series[bool]:
    """Return which cells were timed of an operator that their method derived from others."""
    return (run.cells["route"] != "native") & run.cells["time_s"].notna()


def cost(run: Run, operator: str) -> pd.DataFrame | None:
    """Return the cost of an operator of `COSTS` by method, at each problem's largest size.

    The bound stands beside the methods it holds for. None where nothing was measured.
    """
    base, bound = COSTS[operator]
    largest = analysis.largest(run.cells)
    labels = analysis.label(largest[largest["operator"] == operator]).unique()
    table = run.cost(operator, base)[labels]
    if not table.map(lambda x: isinstance(x, float)).any(axis=None):
        return None
    modes = run.records.groupby("method")["mode"].first().reindex(table.index)
    table = table.replace("ok", math.nan).map(multiple)
    table.insert(0, "bound", modes.isin(["reverse", "manual"]).map({True: bound, False: "–"}))
    return table


def upright(table: pd.DataFrame) -> pd.DataFrame:
    """Return a matrix of methods by cases with its longer axis downwards, names first."""
    cases = len(table.columns.difference(["promise", "bound"]))
    tall = table if len(table) >= cases else table.T.rename_axis("function")
    return tall.rename_axis(columns=None).reset_index()


def rankings(run: Run) -> dict[str, pd.DataFrame]:
    """Return each timed case's methods by speed, with intervals; `=` marks a shared rank."""
    return {str(case): _ranking(rows) for case, rows in run.ranking().groupby("case", sort=False)}


def _ranking(table: pd.DataFrame) -> pd.DataFrame:
    shared = table["rank"].duplicated(keep=False)
    shown = {
        "rank": [
            f"{r}{'=' if tied else ''}" for r, tied in zip(table["rank"], shared, strict=True)
        ],
        "method": table["method"],
        "× fastest": table["ratio"].map(multiple),
        "95% interval": list(map(interval, table["ratio_low"], table["ratio_high"])),
        "time a call": table["time_s"].map(duration),
        "× own primal": table["per_primal"].map(multiple),
    }
    native = (table["route"] == "native").all()
    return pd.DataFrame(shown if native else shown | {"route": table["route"]})


def cold(run: Run, case: str) -> pd.DataFrame:
    """Return one case's cold figures beside the warm one: what a first answer costs."""
    table = run.timing()
    table = table[table["case"] == case].sort_values("time_s")
    shown = {
        "method": table["method"],
        "import": table["import_s"],
        "preparation": table["prepare_s"],
        "first call": table["first_s"],
        "warm call": table["time_s"],
    }
    times = {k: v.map(duration) if k != "method" else v for k, v in shown.items()}
    even = run.break_even(operator_of(case))
    even = even[(even["case"] == case) & (even["overtakes"] == first_to_start(run, case))]
    calls = table["method"].map(even.set_index("method")["calls"])
    return pd.DataFrame(times | {"pays off after": calls.map(_calls)})


def memory(run: Run, case: str) -> pd.DataFrame:
    """Return the peak resident memory of one case's methods, over the level before."""
    table = run.records[(run.records["case"] == case) & run.records["time_s"].notna()]
    table = table.sort_values("call_bytes")
    return pd.DataFrame(
        {
            "method": table["method"],
            "preparation and first call": table["prepare_bytes"].map(megabytes),
            "warm call": table["call_bytes"].map(megabytes),
        }
    )


def first_to_start(run: Run, case: str) -> str:
    """Return the method whose first answer costs least, import included."""
    table = run.timing()
    table = table[table["case"] == case]
    table = table.assign(cold_s=analysis.cold(table)).dropna(subset="cold_s")
    ordered = table.sort_values("cold_s", kind="stable")["method"]
    return str(ordered.iloc[0]) if len(ordered) else "none"


def megabytes(count: float) -> str:
    """Return bytes as megabytes: `51.1 MB`."""
    if pd.isna(count):
        return "–"
    return "< 0.1 MB" if count < 1e5 else f"{three(float(count) / 1e6)} MB"


def _calls(count: float) -> str:
    return "–" if pd.isna(count) else f"{count:,.0f} calls"


def counts(run: Run) -> str:
    """Return how many cells ended how: `240 ok, 12 skipped`."""
    ended = run.records["status"].value_counts()
    told = [f"{n} {status}" for status, n in ended.items()]
    if run.planned > len(run.records):
        told.append(f"{run.planned - len(run.records)} not reached")
    return ", ".join(told) or "none"


def csv(run: Run) -> dict[str, pd.DataFrame]:
    """Return the tables that a report keeps as CSV, by name."""
    return {
        "agreement": _stacked(run.operators, run.agreement),
        "speed": _stacked(run.operators, run.speed),
        "ranking": run.ranking(),
        "timing": run.timing(),
        "break_even": pd.concat(map(run.break_even, run.operators or ["gradient"])),
        "coverage": run.coverage(),
        "records": run.records,
    }


def _stacked(operators: list[str], matrix: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """Return the matrices of several operators below each other."""
    tables = [matrix(name).reset_index() for name in operators]
    named = [t.assign(operator=name) for t, name in zip(tables, operators, strict=True)]
    if not named:
        return pd.DataFrame(columns=["operator", "method"])
    stacked = pd.concat(named, ignore_index=True)
    stacked.insert(0, "operator", stacked.pop("operator"))
    return stacked


def operator_of(case: str) -> str:
    """Return the operator that a case is of: the last part of its id."""
    return case.rpartition("/")[2]


def case_title(run: Run, case: str) -> str:
    """Return a heading for a case: its operator, short name, and how many inputs it has."""
    rows = run.records[run.records["case"] == case]
    n = rows["n"].max()
    title = f"{operator_of(case)} of {analysis.label(rows).iloc[0]}"
    return title + ("" if pd.isna(n) else f" ({n:,} inputs)")
