"""The tables of single cases: who is fastest, and what a first answer costs in time and memory."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gradiometer.report.quantities import GAP, duration, interval, megabytes, multiple
from gradiometer.runs import analysis, footnotes, regimes
from gradiometer.runs.run import RecordedRun

COLD = {
    "import": "import_s",
    "preparation": "prepare_s",
    "first call": "first_s",
    "warm call": "time_s",
}
"""The columns of a table of cold figures, and what they show."""


def timed(run: RecordedRun) -> pd.DataFrame:
    """Return the timed cases, one row each, in the order of the plan."""
    return analysis.timed(run.cells).drop_duplicates("case")


def largest(run: RecordedRun) -> list[str]:
    """Return the timed case with the most inputs, one for each dtype that the run has.

    Each is of the first operator that was timed.
    """
    found = timed(run)
    first = found[found["operator"].isin(analysis.operators(found)[:1])]
    variants = first.assign(n=first["n"].fillna(0)).groupby(analysis.variant(first), sort=False)
    return [str(cases.set_index("case")["n"].idxmax()) for _, cases in variants]


def operator(run: RecordedRun, case: str) -> str:
    """Return the operator of a case."""
    return str(run.cases[case]["operator"].iloc[0])


def title(run: RecordedRun, case: str) -> str:
    """Return a heading for a case: its operator, short name, and how many inputs it has."""
    found = run.cases[case]
    n = found["n"].max()
    named = f"{operator(run, case)} of {analysis.label(found).iloc[0]}"
    return named + ("" if pd.isna(n) else f" ({n:,} inputs)")


def rankings(run: RecordedRun) -> dict[str, pd.DataFrame]:
    """Return each timed case's methods by speed, with intervals; `=` marks a shared rank."""
    return {str(case): _ranking(rows) for case, rows in run.ranking().groupby("case", sort=False)}


def _ranking(table: pd.DataFrame) -> pd.DataFrame:
    apart = table.assign(apart=analysis.translated(table))
    shared = apart.duplicated(["rank", "apart"], keep=False).map({True: "=", False: ""})
    shown = {
        "rank": table["rank"].astype("str") + shared,
        "method": footnotes.named(table),
        "× fastest": table["ratio"].map(multiple),
        "95% interval": list(map(interval, table["ratio_low"], table["ratio_high"])),
        "time a call": table["time_s"].map(duration),
        "× own primal": table["per_primal"].map(multiple),
    }
    native = (table["route"] == "native").all()
    return pd.DataFrame(shown if native else shown | {"route": table["route"]})


def cold(run: RecordedRun, case: str) -> pd.DataFrame:
    """Return one case's cold figures beside the warm one: what a first answer costs."""
    table = _itself_first(analysis.timed(run.cases[case]).sort_values("time_s"))
    shown = {name: table[column].map(duration) for name, column in COLD.items()}
    return pd.DataFrame({"method": footnotes.named(table), **shown})


def opponent(run: RecordedRun, case: str) -> str | None:
    """Return the automatic method, of modes forward and reverse, that is fastest in a case.

    That is of those that took the function itself, if there are any; None where none was timed.
    """
    found = analysis.timed(run.cases[case])
    found = found[found["mode"].map(regimes.KINDS) == regimes.AUTOMATIC]
    return (
        None if found.empty else str(_itself_first(found.sort_values("time_s"))["method"].iloc[0])
    )


def break_even(run: RecordedRun, case: str, against: str | None = None) -> pd.DataFrame | None:
    """Return from which number of calls on each method is ahead of one of them, or until when.

    A method is ahead where import, preparation, first call and all further calls take less in sum.

    Args:
        run: The run.
        case: The case.
        against: The method that all others are compared with; by default the `opponent`.

    Returns:
        A row a method: what its first answer takes, what a warm call, and when it is ahead. None
        where there is no such method.
    """
    against = against or opponent(run, case)
    table = analysis.timed(run.cases[case]).sort_values("time_s", kind="stable")
    table = _itself_first(table).assign(first=analysis.cold(table))
    if against not in set(table["method"]):
        return None
    pairs = run.break_even(operator(run, case))
    pairs = pairs[pairs["case"] == case]
    gains = pairs[pairs["overtakes"] == against].set_index("method")["calls"]
    loses = pairs[pairs["method"] == against].set_index("overtakes")["calls"]
    other = table[table["method"] == against].iloc[0]
    told = [
        _ahead(row, other, gains.get(row["method"]), loses.get(row["method"]))
        for _, row in table.iterrows()
    ]
    return pd.DataFrame(
        {
            "method": footnotes.named(table),
            "first answer": table["first"].map(duration),
            "warm call": table["time_s"].map(duration),
            f"ahead of {against}": told,
        }
    )


def _ahead(row: Any, other: Any, gains: float | None, loses: float | None) -> str:
    """Return when a method is ahead of another, in words."""
    if row["method"] == other["method"] or pd.isna(row["first"]) or pd.isna(other["first"]):
        return GAP
    if gains is not None:
        return f"from {gains:,.0f} calls on"
    if loses is not None:
        return f"until {loses:,.0f} calls"
    return (
        "always" if (row["first"], row["time_s"]) < (other["first"], other["time_s"]) else "never"
    )


def memory(run: RecordedRun, case: str) -> pd.DataFrame:
    """Return the peak resident memory of one case's methods, over the level before."""
    table = _itself_first(analysis.timed(run.cases[case]).sort_values("call_bytes"))
    return pd.DataFrame(
        {
            "method": footnotes.named(table),
            "preparation and first call": table["prepare_bytes"].map(megabytes),
            "warm call": table["call_bytes"].map(megabytes),
        }
    )


def _itself_first(table: pd.DataFrame) -> pd.DataFrame:
    """Return the methods that took the function itself, then those with a translation."""
    return table.iloc[analysis.translated(table).argsort(kind="stable")]
