"""A figure of a cell over all runs, with the steps in it, and what changed where one is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from gradiometer.errors import GradiometerError
from gradiometer.runs.compare import KEY
from gradiometer.runs.conditions import differing, machine
from gradiometer.runs.run import RecordedRun
from gradiometer.vocabulary.space import Floats

FIGURES = {
    "time": "time_s", "ratio": "ratio", "digits": "digits", "memory": "call_bytes",
    "prepare": "prepare_s", "first": "first_s",
}  # fmt: skip
"""What can be followed: its name, and its column."""

FEWEST = 4
"""Runs below which no step is looked for."""

LEAST = 0.02
"""The least scatter of a logarithm from run to run that is reckoned with: that of processes."""

PENALTY = 2.5
"""Multiple of scatter × log(number of runs) by which a step must bring runs nearer to levels.

Simulated, with a scatter of 5 %: of six runs without a step one is found in 6 % of the cases, of
twelve or more in fewer than 1 %; one of 30 % among eight runs, in 93 %."""


@dataclass(frozen=True)
class Step:
    """A step in a series.

    Attributes:
        run: The first run after it.
        factor: The level after it over that before; of digits, their difference.
        changed: What else changed with that run: versions, options, machine.
    """

    run: str
    factor: float
    changed: str


@dataclass(frozen=True)
class Series:
    """A figure of a cell over all runs that have it.

    Attributes:
        cell: The cell, by the columns that name it.
        table: A row a run, the oldest first: run, started, value, low, high, step (whether one is
            before it), changed.
        steps: The steps.
    """

    cell: Mapping[str, str]
    table: pd.DataFrame
    steps: Sequence[Step]

    @property
    def name(self) -> str:
        """The cell in a few words."""
        usual = {"device": "cpu", "dtype": "float64"}
        told = [value for key, value in self.cell.items() if value and usual.get(key) != value]
        return " ".join(told)


def history(
    runs: Sequence[RecordedRun],
    figure: str = "time",
    **chosen: str | None,
) -> tuple[list[Series], list[str]]:
    """Return the series of all cells that are chosen, and what was left out, a line each.

    Times are of one machine, the newest run's; ratios and digits of all.

    Args:
        runs: Runs, the oldest first.
        figure: One of `FIGURES`.
        chosen: Values of columns that name a cell: problem, method, operator, size, dtype.

    Raises:
        GradiometerError: If there is no such figure, or no cell is chosen.
    """
    if figure not in FIGURES:
        raise GradiometerError(f"Unknown figure {figure!r}: expected one of {', '.join(FIGURES)}.")
    kept, told = list(runs), []
    if figure not in ("ratio", "digits") and runs:
        newest = machine(runs[-1].info)
        kept = [run for run in runs if machine(run.info) == newest]
        if len(kept) < len(runs):
            told = [f"{len(runs) - len(kept)} runs of other machines are left out."]
    frames = [run.records.assign(run=run.id) for run in kept if len(run.records)]
    rows = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[*KEY, "run"])
    for name, value in chosen.items():
        if value is not None:
            rows = rows[rows[name] == value]
    found = []
    if len(rows):
        rows = rows[(rows["status"] == "ok") & rows[FIGURES[figure]].notna()]
        by_run = {run.id: run for run in kept}
        for key, cells in rows.groupby(KEY, sort=False):
            found.append(_series(dict(zip(KEY, map(str, key), strict=True)), cells, figure, by_run))
    if not found:
        named = ", ".join(f"{name} {value}" for name, value in chosen.items() if value is not None)
        raise GradiometerError(f"No run has a {figure} of {named or 'any cell'}.")
    return found, told


def _series(
    cell: Mapping[str, str], rows: pd.DataFrame, figure: str, runs: Mapping[str, RecordedRun]
) -> Series:
    column = FIGURES[figure]
    rows = rows.drop_duplicates("run", keep="last")
    ends = {"time": ("low_s", "high_s"), "ratio": ("ratio_low", "ratio_high")}.get(figure)
    values: Floats = rows[column].to_numpy(np.float64)
    finite = np.where(np.isfinite(values), values, 17.0) if figure == "digits" else values
    logs: Floats = np.log(np.maximum(finite, 1e-300))
    places = _steps(finite if figure == "digits" else logs)
    names = rows["run"].tolist()
    changed = ["", *(_changed(runs[a], runs[b]) for a, b in pairwise(names))]
    edges = [0, *places, len(values)]
    levels = [float(np.median(finite[a:b])) for a, b in pairwise(edges)]
    steps = [
        Step(names[place], after - before if figure == "digits" else after / before, changed[place])
        for place, (before, after) in zip(places, pairwise(levels), strict=True)
    ]
    table = pd.DataFrame(
        {
            "run": names,
            "started": [runs[name].info.get("environment", {}).get("started") for name in names],
            "value": values,
            "low": rows[ends[0]].to_numpy() if ends else math.nan,
            "high": rows[ends[1]].to_numpy() if ends else math.nan,
            "step": [place in places for place in range(len(values))],
            "changed": changed,
        }
    )
    return Series(cell, table, steps)


def _steps(values: Floats) -> list[int]:
    """Return where a new level begins: changes of the median, found by PELT; an outlier is none.

    Reference: Killick, Fearnhead and Eckley, Optimal detection of changepoints with a linear
    computational cost, Journal of the American Statistical Association 107 (2012).
    """
    if len(values) < FEWEST:
        return []
    import ruptures  # which takes a while

    scatter = 1.4826 * float(np.median(np.abs(np.diff(values)))) / math.sqrt(2.0)
    penalty = PENALTY * max(scatter, LEAST) * math.log(len(values))
    found = ruptures.Pelt(model="l1", min_size=2, jump=1).fit(values).predict(pen=penalty)
    return [int(place) for place in found[:-1]]


def _changed(before: RecordedRun, after: RecordedRun) -> str:
    found = differing(before.info, after.info)
    return ", ".join(f"{name} {told}" for name, told in found.items())
