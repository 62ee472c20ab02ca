"""Two runs compared, cell by cell: what became slower, faster, wrong, or right.

On one machine a cell's time is compared with its time, beside what the times of all cells have in
common: a machine is slower on one day than on another. Between machines a time says nothing: there
the ratio to the same other method of the case, paired within rounds in each run, is compared.

A run has one process a method, and where a process lies in memory moves its times. That scatter is
part of every interval: it is read off the two runs themselves, of which most cells are as they
were, or, where they share few cells, assumed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from gradiometer.errors import GradiometerError
from gradiometer.measure.options import FEWEST_ROUNDS
from gradiometer.measure.statistics import Median, paired
from gradiometer.measure.verdicts import Change, change, holm, interval, two_sided
from gradiometer.runs.conditions import differing, machine
from gradiometer.runs.formats import FORMAT
from gradiometer.runs.frames import counted, plain_rows, series_rows
from gradiometer.runs.run import RecordedRun
from gradiometer.runs.schema import Row
from gradiometer.vocabulary.outcome import Status

KEY = ["problem", "size", "dtype", "device", "operator", "method"]
"""What two cells have in common that are compared."""

SCATTER = 0.02
"""Standard deviation of the logarithm of a method's time from process to process that is assumed
where two runs share too few cells to tell."""

FEWEST_CELLS = 12
"""Cells that two runs share from which on they tell how much processes scatter."""

EFFICIENCY = 0.37
"""Share of the cells whose standard deviation would tell the scatter as well as their median
absolute deviation does, if it were normal; see Huber and Ronchetti, Robust Statistics, §1.1."""

LEAST_SCATTER = 0.005
"""The scatter that is granted even where all cells agree by better."""

BROKE, MENDED, UNTIMED = "broke", "mended", "not timed"
OLD_ONLY, NEW_ONLY = "old only", "new only"
"""What becomes of a cell, beside what becomes of its time."""

CHANGED = (BROKE, Change.SLOWER.value, MENDED, Change.FASTER.value)
"""What is shown first."""

COLUMNS = [
    *KEY, "change", "ratio", "low", "high", "p", "old_s", "new_s", "old_digits", "new_digits",
    "old_status", "new_status",
]  # fmt: skip


@dataclass(frozen=True)
class RunComparison:
    """What became of each cell from one run to another.

    Attributes:
        old: The run that is compared with.
        new: The run that is compared.
        table: A row a cell of either: names, change, ratio of times new to old with a 95 % interval
            (for one cell alone) and p-value, times, digits, statuses. What is `slower` or `faster`
            is so after correction for the number of cells (Holm, 5 %), and beyond 3 %.
        across: Whether the runs are of different machines, and so ratios of ratios compared.
        scatter: Standard deviation of the logarithm of a time from process to process that was
            reckoned with.
        shared: Median ratio of all compared cells: what they have in common, which is the machine,
            or something that all of them use. It is taken out of every ratio; 1 where they are too
            few to tell.
        notes: What differs between the runs, one line each.
    """

    old: RecordedRun
    new: RecordedRun
    table: pd.DataFrame
    across: bool
    scatter: float
    shared: float
    notes: list[str]

    @cached_property
    def changed(self) -> pd.DataFrame:
        """The rows of cells that broke, are slower, mended, or faster; in this order."""
        order = {name: place for place, name in enumerate(CHANGED)}
        found = self.table[self.table["change"].isin(CHANGED)]
        return found.sort_values("change", key=lambda c: c.map(order), kind="stable")

    @property
    def counts(self) -> dict[str, int]:
        """How many cells ended how."""
        return {
            str(name): int(count) for name, count in self.table["change"].value_counts().items()
        }

    def above(self, bound: float) -> pd.DataFrame:
        """Return the rows that broke, or are slower by more than a bound."""
        slower = (self.table["change"] == Change.SLOWER) & (self.table["ratio"] > bound)
        return self.table[slower | (self.table["change"] == BROKE)]

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        rows = plain_rows(self.table)
        facts = {"across": self.across, "scatter": self.scatter, "shared": self.shared}
        runs = {"format": FORMAT, "old": self.old.id, "new": self.new.id}
        return runs | facts | {"notes": self.notes, "counts": self.counts, "cells": rows}

    def __repr__(self) -> str:
        return f"RunComparison({self.old.id} → {self.new.id}: {counted(self.table['change'])})"

    def _repr_html_(self) -> str:
        return str(self.changed.to_html(index=False, escape=True))


def compare(old: RecordedRun, new: RecordedRun) -> RunComparison:
    """Return what became of each cell from one run to another.

    Raises:
        GradiometerError: If they share no cell.
    """
    sides = [run.cells.drop_duplicates(KEY, keep="last") for run in (old, new)]
    both = sides[0].merge(sides[1], on=KEY, how="outer", suffixes=("_old", "_new"), indicator=True)
    if not (both["_merge"] == "both").any():
        raise GradiometerError(f"Runs {old.id} and {new.id} share no cell: nothing to compare.")
    across = machine(old.info) != machine(new.info)
    cells = [dict(zip(both.columns, row, strict=True)) for row in both.to_numpy(object)]
    timed = {place: cell for place, cell in enumerate(cells) if _timed(cell)}
    found = _related(old, new, timed) if across else _absolute(timed)
    shared = _in_common([ratio for ratio, _ in found.values()])
    found = {place: (ratio / shared, error) for place, (ratio, error) in found.items()}
    scatter = _scatter(list(found.values()))
    freedom = EFFICIENCY * len(found) if len(found) >= FEWEST_CELLS else math.inf
    spread = scatter * (2.0 if across else math.sqrt(2.0))  # of four processes, or two
    errors = {place: math.hypot(error, spread) for place, (_, error) in found.items()}
    p_values = {place: two_sided(found[place][0], errors[place], freedom) for place in found}
    refused = dict(zip(p_values, holm(list(p_values.values())), strict=True))
    rows = []
    for place, cell in enumerate(cells):
        row = {name: cell[name] for name in KEY} | _facts(cell)
        if place in found:
            ratio = interval(found[place][0], errors[place], freedom)
            row |= {"change": change(ratio, refused[place]).value, "ratio": ratio.value}
            row |= {"low": ratio.low, "high": ratio.high, "p": p_values[place]}
        rows.append(row)
    notes = [f"{name}: {told}" for name, told in differing(old.info, new.info).items()]
    table = pd.DataFrame(rows, columns=COLUMNS)
    return RunComparison(old, new, table, across, scatter, shared, notes)


def _timed(cell: Row) -> bool:
    """Return whether a cell is right, and has a time, in both runs."""
    right = cell["status_old"] == cell["status_new"] == "ok"
    return bool(right and cell["time_s_old"] > 0.0 and cell["time_s_new"] > 0.0)


def _facts(cell: Row) -> Row:
    """Return what a row says of both runs, and what became of the cell beside its time."""
    known = {"left_only": OLD_ONLY, "right_only": NEW_ONLY, "both": ""}[cell["_merge"]]
    row = {
        f"{side}_{short}": cell[f"{name}_{side}"]
        for short, name in (("s", "time_s"), ("digits", "digits"), ("status", "status"))
        for side in ("old", "new")
    }
    if not known:
        was, now = row["old_status"] == "ok", row["new_status"] == "ok"
        known = BROKE if was and _faulty(row["new_status"]) else MENDED if now and not was else ""
        known = known or (UNTIMED if was == now else str(row["new_status"]))
    return row | {"change": known}


def _faulty(status: str) -> bool:
    return status not in list(Status) or not Status(status).blameless


def _absolute(timed: Mapping[int, Row]) -> dict[int, tuple[float, float]]:
    """Return the ratio of each cell's times, and the standard error of its logarithm."""
    found = {}
    for place, cell in timed.items():
        errors = [_error(cell[f"low_s_{side}"], cell[f"high_s_{side}"]) for side in ("old", "new")]
        found[place] = cell["time_s_new"] / cell["time_s_old"], math.hypot(*errors)
    return found


def _related(
    old: RecordedRun, new: RecordedRun, timed: Mapping[int, Row]
) -> dict[int, tuple[float, float]]:
    """Return the same of each cell's ratio to one method of its case, paired within rounds.

    That method is the old run's fastest of those that both have; it has no ratio itself.
    """
    cases: dict[tuple[str, str], list[int]] = {}
    for place, cell in timed.items():
        cases.setdefault((cell["case_old"], cell["case_new"]), []).append(place)
    samples, found = (_by_cell(old), _by_cell(new)), {}
    for names, places in cases.items():
        fastest = timed[min(places, key=lambda place: timed[place]["time_s_old"])]["method"]
        for place in places:
            method = timed[place]["method"]
            sides = [
                _paired(kept.get((name, method), {}), kept.get((name, fastest), {}))
                for kept, name in zip(samples, names, strict=True)
            ]
            if method != fastest and sides[0] and sides[1]:
                errors = [_error(side.low, side.high) for side in sides if side]
                found[place] = sides[1].value / sides[0].value, math.hypot(*errors)
    return found


def _paired(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Median | None:
    return paired(ours, theirs) if ours.keys() & theirs.keys() else None


def _by_cell(run: RecordedRun) -> Mapping[tuple[str, str], dict[int, float]]:
    """Return the samples of each cell by round: those of calm rounds, or all if those are few."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    for row in series_rows(run.samples()):
        rounds = dict(zip(row["rounds"], row["seconds"], strict=True))
        calm = {number for number, is_calm in zip(rounds, row["calm"], strict=True) if is_calm}
        counted = calm if len(calm) >= FEWEST_ROUNDS else rounds
        found[row["case"], row["method"]] = {number: rounds[number] for number in counted}
    return found


def _error(low: float, high: float) -> float:
    """Return the standard error that the ends of a 95 % interval tell of a logarithm."""
    return math.log(high / low) / (2.0 * 1.96) if 0.0 < low < high else 0.0


def _in_common(ratios: Sequence[float]) -> float:
    """Return the ratio that the cells have in common; 1 where they are too few to tell."""
    return float(np.median(ratios)) if len(ratios) >= FEWEST_CELLS else 1.0


def _scatter(found: Sequence[tuple[float, float]]) -> float:
    """Return how much processes scatter: what is left of the cells' scatter without their own.

    The median absolute deviation is that of most cells, whatever became of the others.

    Args:
        found: Ratios, and the standard errors of their logarithms.
    """
    if len(found) < FEWEST_CELLS:
        return SCATTER
    whole = 1.4826 * float(np.median([abs(math.log(ratio)) for ratio, _ in found]))
    left = whole**2 - float(np.median([error for _, error in found])) ** 2
    return max(LEAST_SCATTER, math.sqrt(max(0.0, left) / 2.0))
