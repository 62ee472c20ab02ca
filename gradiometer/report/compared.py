"""A comparison of two runs, as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from gradiometer.report.quantities import GAP, digits, duration, interval, multiple
from gradiometer.runs.compare import CHANGED, RunComparison


def shown(found: RunComparison, *, everything: bool = False) -> pd.DataFrame:
    """Return a row a cell, as text: case, method, what became of it, and by how much.

    Args:
        found: The comparison.
        everything: Whether cells that did not change are shown, too.
    """
    rows = found.table if everything else found.changed
    names = zip(*(rows[name] for name in ("problem", "size", "dtype", "operator")), strict=True)
    usual = (part if part != "float64" else "" for row in names for part in row)
    cases = [" ".join(filter(None, parts)) for parts in zip(*[usual] * 4, strict=True)]
    ends = zip(rows["low"], rows["high"], strict=True)
    right = [_both(digits, *pair) for pair in _pairs(rows, "digits")]
    times = {} if found.across else {
        f"time, {side}": [duration(value) for value in rows[f"{side}_s"]] for side in ("old", "new")
    }  # fmt: skip
    return pd.DataFrame(
        {
            "case": cases,
            "method": rows["method"].tolist(),
            "change": rows["change"].tolist(),
            "new / old": [multiple(value) for value in rows["ratio"]],
            "95 %": [interval(*pair) for pair in ends],
            **times,
            "digits": right,
            "status": [_both(str, *pair) for pair in _pairs(rows, "status")],
        }
    )


def remarks(found: RunComparison) -> list[str]:
    """Return what is to know of a comparison, in sentences."""
    counted = ", ".join(f"{n} {name}" for name, n in found.counts.items())
    told = [f"{len(found.table)} cells: {counted}."]
    if not any(name in found.counts for name in CHANGED):
        told.append("Nothing changed that two runs can tell.")
    if found.across:
        told.append(
            "The runs are of different machines: ratios are those of each method to the fastest of "
            "its case, within each run."
        )
    if found.shared != 1.0 and not found.across:
        told.append(
            f"What all cells have in common, {multiple(found.shared)}, is taken out of the ratios: "
            "the machine, or something that all of them use."
        )
    ends = (found.table["high"] / found.table["low"]) ** 0.5 - 1.0
    apart = f": what is less than about {ends.median():.0%} apart is unclear" if len(ends) else ""
    told.append(f"Reckoned with processes that scatter by {found.scatter:.1%}{apart}.")
    for run in (found.old, found.new):
        told += [f"Noisy machine in {run.id}: {line}." for line in run.warnings]
    return told + [f"{line}." for line in found.notes]


def _pairs(rows: pd.DataFrame, name: str) -> list[tuple[Any, Any]]:
    return list(zip(rows[f"old_{name}"], rows[f"new_{name}"], strict=True))


def _both(told: Callable[[Any], str], old: Any, new: Any) -> str:
    """Return what was and what is, or what both are; a dash where there is none."""
    was, now = (GAP if pd.isna(value) else told(value) for value in (old, new))
    return was if was == now else f"{was} → {now}"
