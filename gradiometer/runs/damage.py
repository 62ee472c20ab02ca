"""What can no longer be read of a run, and what a repair saves of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from gradiometer.errors import GradiometerError
from gradiometer.runs import answers
from gradiometer.runs.facts import COPY, FILE, read_facts, write_facts
from gradiometer.runs.frames import is_whole, plain_rows, series_rows, write_tables
from gradiometer.runs.journal import Journal, count_lines, mend, read_journal
from gradiometer.runs.lock import hold
from gradiometer.runs.schema import Layout, Row


def find_damage(path: Path, info: Mapping[str, Any], layout: Layout) -> dict[str, str]:
    """Return what of a run cannot be read: by the name of the journal, what is missing of it.

    A journal whose table is as it was written is not looked at: the table has all of its rows.

    Args:
        path: The run's folder.
        info: What `run.json` says.
        layout: How the experiment keeps its rows.
    """
    found = {}
    for name in _journals(layout):
        if not is_whole(path, name, info):
            journal = read_journal(path / f"{name}.jsonl", layout, required=())
            found[name] = _told(journal, info.get("lines", {}).get(name, 0))
    return {name: told for name, told in found.items() if told}


def repair(path: Path, layouts: Iterable[Layout]) -> list[str]:
    """Make a damaged run one that can be read; return what was done, a line each.

    Facts are taken from `run.json` or, if that is damaged, from what was written when the run
    began; rows that a journal has lost from its table, if that is as it was written. What is
    broken in a journal is moved to `*.broken`. Of a whole run nothing is changed.

    Raises:
        GradiometerError: If neither file of facts can be read, or the run is being measured.
    """
    lock = hold(path)
    try:
        info, done = _facts(path)
        (layout,) = (each for each in layouts if each.experiment == info["experiment"])
        for name in _journals(layout):
            done += _repaired(path, name, info, layout)
        if done:
            _conclude(path, info, layout)
    finally:
        lock.release()
    return done


def _facts(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what the run is, and what was done to find it."""
    try:
        return read_facts(path / FILE), []
    except GradiometerError as damaged:
        try:
            return read_facts(path / COPY), [f"{FILE}: taken from {COPY}, as the run began"]
        except GradiometerError:
            raise damaged from None


def _repaired(path: Path, name: str, info: Mapping[str, Any], layout: Layout) -> list[str]:
    """Mend a journal, and add to it what only its table has."""
    file, done = path / f"{name}.jsonl", []
    journal = read_journal(file, layout, required=())
    known = _known(path, name, layout)
    lost: Sequence[Row] = ()
    if is_whole(path, name, info):
        table = pd.read_parquet(path / f"{name}.parquet")
        lost = [row for row in _rows(name, table, layout) if layout.name(row) not in known]
    if journal.broken:
        done.append(f"{journal.damage}, moved to {file.name}.broken")
    if lost:
        done.append(f"{file.name}: {len(lost)} rows taken from {name}.parquet")
    missing = info.get("lines", {}).get(name, 0) - len(journal.rows) - len(lost)
    if missing > len(journal.broken):
        done.append(f"{file.name}: {missing} rows are lost")
    if name in info.get("tables", {}) and not is_whole(path, name, info):
        done.append(f"{name}.parquet: written anew")
    if journal.broken or lost or journal.cut:
        mend(file, layout, lost)
    return done


def _conclude(path: Path, info: dict[str, Any], layout: Layout) -> None:
    """Write facts and tables of a run of which the journals are whole."""
    rows = read_journal(path / "records.jsonl", layout).rows
    recorded = {layout.name(row) for row in rows}
    reached = {layout.name(row) for row in info["plan"]} <= recorded
    state = "complete" if reached else "interrupted"
    noted = {"state": state, "repaired": datetime.now(UTC).isoformat(timespec="seconds")}
    (path / "records.jsonl").touch()
    info |= noted | {"lines": count_lines(path), "tables": write_tables(path, layout)}
    write_facts(path, info)
    write_facts(path, info, COPY)


def _journals(layout: Layout) -> list[str]:
    return ["records", layout.journal, answers.JOURNAL]


def _told(journal: Journal, written: int) -> str:
    missing = written - len(journal.rows)
    if written and not journal.file.exists():
        return f"{journal.file.name} is missing"
    if missing > len(journal.broken):
        return f"{journal.file.name}: {missing} of {written} lines are missing"
    return journal.damage


def _known(path: Path, name: str, layout: Layout) -> set[tuple[str, ...]]:
    """Return the keys of what a journal still tells in full."""
    if name == answers.JOURNAL:
        return set(answers.read(path))
    rows = read_journal(path / f"{name}.jsonl", layout, required=()).rows
    return {layout.name(row) for row in rows}


def _rows(name: str, table: pd.DataFrame, layout: Layout) -> list[Row]:
    """Return the lines of a journal that a table was made of."""
    if name == "records":
        return plain_rows(table)
    return answers.rows_of(table) if name == answers.JOURNAL else series_rows(table, layout)
