"""The tables that people read, as frames of text, the same in the terminal and in Markdown."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from gradiometer.runs import compare
from gradiometer.runs.run import Run

CSV = ("agreement", "speed", "ranking", "timing", "break_even", "coverage", "records")
"""The tables that a report keeps as CSV, with unrounded numbers."""


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
    """Return digits by method and case, beside the digits that each method promises."""
    chosen = run.records[run.records["operator"] == operator]
    promise = chosen.groupby("method")["promise"].max().map(lambda p: f"{p:g}", na_action="ignore")
    table = run.agreement(operator).map(digits)
    table.insert(0, "promise", promise.reindex(table.index).astype(object).fillna("–"))
    return table


def speed(run: Run, operator: str = "gradient") -> pd.DataFrame:
    """Return ratios to the fastest by method and case."""
    return run.speed(operator).map(multiple)


def ranking(run: Run, case: str) -> pd.DataFrame:
    """Return one case's methods by speed, with intervals; `=` marks a shared rank."""
    table = run.ranking()
    table = table[table["case"] == case]
    shared = table["rank"].duplicated(keep=False)
    return pd.DataFrame(
        {
            "rank": [
                f"{r}{'=' if tied else ''}" for r, tied in zip(table["rank"], shared, strict=True)
            ],
            "method": table["method"],
            "× fastest": table["ratio"].map(multiple),
            "95% interval": list(map(interval, table["ratio_low"], table["ratio_high"])),
            "time a call": table["time_s"].map(duration),
            "× own primal": table["per_primal"].map(multiple),
        }
    )


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
    even = run.break_even()
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
    table = table.assign(cold_s=compare.cold(table)).dropna(subset="cold_s")
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
    tables = {name: getattr(run, name)() for name in CSV if name != "records"}
    for name in ("agreement", "speed"):
        tables[name] = tables[name].reset_index()
    return tables | {"records": run.records}


def gradient_cases(run: Run) -> list[str]:
    """Return the ids of the cases that have a timed gradient, in order."""
    timed = run.records[run.records["time_s"].notna() & (run.records["operator"] == "gradient")]
    return list(timed["case"].unique())


def case_title(run: Run, case: str) -> str:
    """Return a heading for a case: its short name and how many inputs it has."""
    rows = run.records[run.records["case"] == case]
    n = rows["n"].max()
    return f"{compare.label(rows).iloc[0]}" + ("" if pd.isna(n) else f" ({n:,} inputs)")
