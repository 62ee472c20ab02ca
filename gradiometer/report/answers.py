"""The tables of answers: methods' own numbers beside the certified ones, case by case."""

from __future__ import annotations

import pandas as pd

from gradiometer.judging.kept import WRONG
from gradiometer.report.quantities import GAP
from gradiometer.runs import analysis
from gradiometer.runs.run import RecordedRun

MOST_COLUMNS = 5
"""Components of a case that are shown."""


def shown(run: RecordedRun) -> list[str]:
    """Return the cases whose answers are shown: first derivatives, and what has a wrong answer.

    Of each problem's first derivatives it is the first in the plan, in each dtype.
    """
    kept = run.cells[run.cells["case"].isin(run.components["case"])]
    first = [
        case
        for rows in analysis.first_derivatives(kept).values()
        for case in rows.drop_duplicates(["problem", *analysis.USUAL])["case"]
    ]
    wrong = run.components.loc[run.components["wrong"], "case"]
    taken = {*first, *wrong}
    return [case for case in kept["case"].unique() if case in taken]


def table(run: RecordedRun, case: str) -> pd.DataFrame:
    """Return some components of a case: the certified ones, then those of each method.

    Components that are wrong in an answer go before others; a method is told with each that is kept
    of it, and with its status if that is not `ok`.
    """
    rows = run.components[run.components["case"] == case]
    wrong = rows.groupby("place")["wrong"].any().sort_values(ascending=False, kind="stable")
    chosen = rows[rows["place"].isin(wrong.index[:MOST_COLUMNS])].sort_values("place")
    text = [
        f"{value!r}{WRONG * mark} ({error:.2g})"
        for value, mark, error in zip(
            chosen["value"], chosen["wrong"], chosen["error"], strict=True
        )
    ]
    told = chosen.assign(text=text)[["method", "component", "text"]]
    true = chosen.drop_duplicates("component")
    true = true.assign(method="certified", text=true["certified"].map(repr))
    both = pd.concat([true[["method", "component", "text"]], told])
    found = both.pivot_table(index="method", columns="component", values="text", aggfunc="first")
    methods = ["certified", *run.cells["method"].unique()]
    order = [method for method in methods if method in found.index]
    found = found.reindex(index=order, columns=true["component"]).fillna(GAP)
    cells = run.cases[case]
    ends = {
        m: f"{m} ({s})" for m, s in zip(cells["method"], cells["status"], strict=True) if s != "ok"
    }
    return found.rename(index=ends).rename_axis(columns=None).reset_index()
