"""How a descent is kept in a run's folder, and read from it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from gradiometer.descent.frames import Descent
from gradiometer.descent.trajectory import CERTIFIED, End, Series, Trajectory
from gradiometer.runs.journal import read_journal, read_series
from gradiometer.runs.schema import Layout, Row
from gradiometer.runs.store import RunFolder, read_info
from gradiometer.vocabulary.outcome import Status

DESCENT = Layout(
    experiment="descent",
    key=("rule", "method"),
    record=(End,),
    series=Series,
    journal="steps",
    figure="",
    singular={"losses": "loss"},
)


def keep(folder: RunFolder, trajectory: Trajectory) -> None:
    """Keep a trajectory: its end as a record, its steps as what the record stands on."""
    row = asdict(trajectory)
    series = {name: row.pop(name) for name in Series.__dataclass_fields__}
    folder.append(row, series if trajectory.losses else None)


def read(path: Path) -> Descent:
    """Return the descent that a folder holds.

    Raises:
        GradiometerError: If a file in it is missing or damaged, or it is no descent.
    """
    info = read_info(path, DESCENT.experiment)
    records, _ = read_journal(path / "records.jsonl", DESCENT)
    steps = read_series(path, records, DESCENT)
    trajectories = [_trajectory(row, steps.get(DESCENT.name(row), {})) for row in records]
    shown = [t for t in trajectories if t.losses or t.method != CERTIFIED]
    options = {name: info["options"][name] for name in ("threads", "seed", "timeout_s")}
    told = {"run": info["id"], "path": str(path), **info["facts"], **options}
    return Descent(told | {"machine": info["environment"]}, shown)


def _trajectory(row: Row, series: Row) -> Trajectory:
    ended = {name: row[name] for name in End.__dataclass_fields__}
    taken = {name: series.get(name, []) for name in Series.__dataclass_fields__}
    return Trajectory(**(ended | {"status": Status(row["status"])}), **taken)
