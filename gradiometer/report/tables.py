"""A run's tables, as frames of text, the same in the terminal and in a report."""

from __future__ import annotations

import math
import re

import pandas as pd

from gradiometer.report.quantities import GAP, digits, multiple
from gradiometer.runs import analysis, footnotes
from gradiometer.runs.frames import counted
from gradiometer.runs.run import RecordedRun
from gradiometer.vocabulary.outcome import Status

COSTS = {"gradient": ("value", "4 to 5"), "hvp": ("gradient", "2 to 3")}
"""Operators whose cost theory bounds in reverse mode: in multiples of what, and by how much."""

PROMISE, BOUND = "promise", "bound"
"""What stands beside digits, and beside costs; in a run of several dtypes, once for each."""

OWED = "rounding leaves"
"""The row of a table of digits that says how many rounding in float64 leaves of each case."""

MOST_NAMES = 3
"""Names that are listed where a reason ended many cells."""

NOISE = {
    "spread": "a fixed piece of work varied by {:.1%} (interquartile range)",
    "others": "other processes used {:.1%} of the cores' time",
    "efficiency": "{:.0%} of the rounds' time was spent in timed calls",
    "calm": "the machine was undisturbed in {:.0%} of the rounds",
}
"""What a run notes of its noise, in words."""


def agreement(run: RecordedRun, operator: str = "gradient") -> pd.DataFrame:
    """Return digits by method and case, beside the digits that each method promises.

    A wrong answer shows its status, and its digits behind it: `disagrees (7.2)`. Where rounding
    leaves fewer digits of a case than exact methods promise, the first row says how many it leaves.
    """
    chosen = run.cells[run.cells["operator"] == operator]
    told = [
        f"{status} ({digits(found)})" if status == "disagrees" and found == found else status
        for status, found in zip(chosen["status"], chosen["digits"], strict=True)
    ]
    table = analysis.agreement(chosen.assign(status=told), operator).map(digits)
    table += footnotes.beside(chosen, operator, footnotes.TRANSLATED)
    _insert_promises(table, chosen)
    cases = chosen.groupby(analysis.label(chosen))
    if (cases["owed"].min() < cases["promise"].max()).any():
        owed = cases["owed"].min().reindex(table.columns)
        row = owed.map(lambda x: digits(float(x))).to_frame(OWED).T
        table = pd.concat([row, table]).rename_axis(index=str(table.index.name))
    return table


def installed(
    run: RecordedRun, table: pd.DataFrame, operator: str = "gradient"
) -> tuple[pd.DataFrame, str]:
    """Return a matrix without methods that are not installed, and the line that names those.

    That is methods of which each cell of the operator is `not-installed`; where all are, no row is
    left. The line has, by what installs them, `jax, jax-jit and 2 more (pip install jax)`; it is
    empty where there are none.

    Args:
        run: The run.
        table: A matrix of it with a row a method, as of `agreement` and `speed`.
        operator: The operator that the matrix is of.
    """
    cells = run.cells[run.cells["operator"] == operator]
    absent = (cells["status"] == Status.NOT_INSTALLED).groupby(cells["method"], sort=False).all()
    if not absent.any():
        return table, ""
    left = table.iloc[:0] if absent.all() else table.drop(index=absent.index[absent])
    missed = cells[cells["method"].isin(absent.index[absent])]
    remedies = missed["reason"].map(_remedy)
    told = [
        f"{_named(names)} ({remedy})"
        for remedy, names in missed["method"].groupby(remedies, sort=False)
    ]
    return left, f"Not installed: {'; '.join(told)}."


def claims(run: RecordedRun, operator: str = "gradient") -> pd.DataFrame | None:
    """Return true digits beside those that methods claim by estimates of their own errors.

    A row a cell; None where no method makes estimates.
    """
    cells = run.cells
    chosen = cells[(cells["operator"] == operator) & cells["estimated_digits"].notna()]
    if chosen.empty:
        return None
    shown = {"method": chosen["method"], "function": analysis.label(chosen)}
    pairs = {"digits": "digits", "claims": "estimated_digits"}
    shown |= {name: chosen[column].map(digits) for name, column in pairs.items()}
    return pd.DataFrame(shown).reset_index(drop=True)


def speed(run: RecordedRun, operator: str = "gradient") -> pd.DataFrame:
    """Return ratios to the fastest by method and case, with the marks of `FOOTNOTES`."""
    return analysis.speed(run.cells, operator).map(multiple) + footnotes.beside(run.cells, operator)


def cost(run: RecordedRun, operator: str) -> pd.DataFrame | None:
    """Return the cost of an operator of `COSTS` by method, at each problem's largest size.

    The bound stands beside the methods it holds for. None where nothing was measured.
    """
    base, bound = COSTS[operator]
    largest = analysis.largest(run.cells)
    labels = analysis.label(largest[largest["operator"] == operator]).unique()
    table = analysis.cost(run.cells, operator, base)[labels]
    if not table.map(lambda x: isinstance(x, float)).any(axis=None):
        return None
    modes = run.records.groupby("method")["mode"].first().reindex(table.index)
    marks = footnotes.beside(run.cells, operator, footnotes.TRANSLATED)[labels]
    table = table.replace("ok", math.nan).map(multiple) + marks
    table.insert(0, BOUND, modes.isin(["reverse", "manual"]).map({True: bound, False: GAP}))
    return table


def upright(table: pd.DataFrame) -> pd.DataFrame:
    """Return a matrix of methods by cases with its longer axis downwards, names first."""
    beside = sum(re.match(rf"({PROMISE}|{BOUND})( |$)", name) is not None for name in table.columns)
    tall = table if len(table) >= len(table.columns) - beside else table.T.rename_axis("function")
    return tall.rename_axis(columns=None).reset_index()


def counts(run: RecordedRun) -> str:
    """Return how many cells ended how: `240 ok, 12 skipped`."""
    told = [counted(run.records["status"])] if len(run.records) else []
    if run.planned > len(run.records):
        told.append(f"{run.planned - len(run.records)} not reached")
    return ", ".join(told) or "none"


def reasons(missed: pd.DataFrame) -> pd.DataFrame:
    """Return each reason once, with how many cells it ended, and which.

    Args:
        missed: Cells that ended so: records, or a run's coverage.
    """
    rows = [
        (status, f"{len(cells):,}", _named(cells["method"]), _named(cells["case"]), reason)
        for (status, reason), cells in missed.groupby(["status", "reason"], sort=False)
    ]
    return pd.DataFrame(rows, columns=["status", "cells", "method", "case", "reason"])


def environment(run: RecordedRun) -> pd.DataFrame:
    """Return what the run's figures depend on: command, machine, versions, options, noise."""
    machine, options = run.info["environment"], run.info["options"]
    noise = run.info.get("noise", {})
    measured = [text.format(noise[k]) for k, text in NOISE.items() if noise.get(k) is not None]
    sampling = (
        f"rounds of {options['sample_s'] * 1e3:g} ms a method, until every ratio is known within "
        f"±{options['precision']:.0%} or {options['budget_s']:g} s are spent"
    )
    facts = {
        **({"Command": run.info["command"]} if run.info.get("command") else {}),
        "Machine": f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB",
        **({"Nodes": _nodes(run)} if run.info.get("nodes") else {}),
        "System": f"{machine['system']}, Python {machine['python']}",
        "Started": machine["started"],
        "Load before": ", ".join(map(str, machine["load_average"])) + " (1, 5, 15 minutes)",
        "Threads a tool": str(options["threads"]),
        "Sampling": sampling if run.info["timing"] == "interleaved" else "by pytest-benchmark",
        "Noise": "; ".join(measured) or "not measured",
        "Seed": str(options["seed"]),
        "Versions": ", ".join(f"{k} {v}" for k, v in machine["versions"].items()),
    }
    return pd.DataFrame(list(facts.items()), columns=["fact", "value"])


def _nodes(run: RecordedRun) -> str:
    """Return how many nodes a run was measured on, by their kinds."""
    found: dict[str, int] = {}
    for node in run.info["nodes"].values():
        found[node["machine"]] = found.get(node["machine"], 0) + 1
    return "; ".join(f"{count} × {kind}" for kind, count in found.items())


def csv(run: RecordedRun) -> dict[str, pd.DataFrame]:
    """Return the tables that a report keeps as CSV, by name, with unrounded numbers."""
    names = run.operators or ["gradient"]
    matrices = {"agreement": analysis.agreement, "speed": analysis.speed}
    stacked = {
        kind: pd.concat(
            {name: matrix(run.cells, name) for name in names}, names=["operator"]
        ).reset_index()
        for kind, matrix in matrices.items()
    }
    return stacked | {
        "ranking": run.ranking(),
        "timing": run.timing(),
        "break_even": pd.concat(analysis.break_even(run.cells, name) for name in names),
        "coverage": run.coverage(),
        "answers": run.answers(),
        "records": run.records,
    }


def _insert_promises(table: pd.DataFrame, cells: pd.DataFrame) -> None:
    """Put what each method promises before its digits, a column for each dtype."""
    variants = cells.groupby(analysis.variant(cells), sort=False)
    for place, (variant, rows) in enumerate(variants):
        promise = (
            rows.groupby("method")["promise"].max().map(lambda p: f"{p:g}", na_action="ignore")
        )
        shown = promise.reindex(table.index).astype(object).fillna(GAP)
        table.insert(place, f"{PROMISE} {variant}".strip(), shown)


def _remedy(reason: str) -> str:
    """Return the command at the end of why a library is missing; if there is none, all of it."""
    found = re.search(r"(\S+ -m )?pip install .+|gradiometer environments make \S+", reason)
    return found[0] if found else reason


def _named(names: pd.Series[str]) -> str:
    """Return the first of these names, each once, and how many more there are."""
    each = names.unique()
    more = f" and {len(each) - MOST_NAMES:,} more" if len(each) > MOST_NAMES else ""
    return ", ".join(each[:MOST_NAMES]) + more
