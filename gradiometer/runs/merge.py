"""Runs of one machine made one: every cell of each, with its samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gradiometer.errors import GradiometerError
from gradiometer.runs import answers
from gradiometer.runs.conditions import conditions
from gradiometer.runs.damage import find_damage
from gradiometer.runs.facts import DamagedRun, read_info
from gradiometer.runs.journal import read_journal, read_series
from gradiometer.runs.schema import COMPARISON, Row
from gradiometer.runs.store import RunFolder

RATIOS = ("ratio", "ratio_low", "ratio_high")


def merge(paths: Sequence[Path], results: Path) -> RunFolder:
    """Write a new run under `results` with all cells of several, and return its folder.

    Of a cell recorded in several, the last given run's record counts, unless only an earlier one
    is `ok`. Where a case's cells come from several runs, they were not timed in the same rounds:
    their paired ratios are left out.

    Args:
        paths: Folders of two or more comparisons, measured in one environment by one set of
            options.
        results: Folder that holds the runs.

    Raises:
        GradiometerError: If the runs differ in what must be the same, or cannot be read.
    """
    if len({path.resolve() for path in paths}) < max(2, len(paths)):
        raise GradiometerError("Nothing to merge: expected two or more runs, each named once.")
    infos = [read_info(path, COMPARISON.experiment) for path in paths]
    for path, info in zip(paths, infos, strict=True):
        for journal, told in find_damage(path, info | {"tables": {}}, COMPARISON).items():
            raise DamagedRun(path / f"{journal}.jsonl", told)
    plan: dict[tuple[str, ...], Row] = {}
    cells: dict[tuple[str, ...], _Cell] = {}
    for path, info in zip(paths, infos, strict=True):
        for row in info["plan"]:
            plan.setdefault(COMPARISON.name(row), row)
        rows = read_journal(path / "records.jsonl").rows
        series, given = read_series(path, rows), answers.read(path)
        for row in rows:
            name = COMPARISON.name(row)
            if name not in cells or row["status"] == "ok" or cells[name].row["status"] != "ok":
                cells[name] = _Cell(path, row, series.get(name), given.get(name))
    folder = RunFolder.create(results, _facts(infos) | {"plan": list(plan.values())})
    state = "failed"
    try:
        _write(folder, cells.values())
        state = "complete" if plan.keys() <= cells.keys() else "interrupted"
    finally:
        folder.finish(state)
    return folder


class _Cell(NamedTuple):
    """A record of a run, what it stands on, and the cell's answer."""

    path: Path
    row: Row
    series: Row | None
    answer: Row | None


def _write(folder: RunFolder, cells: Collection[_Cell]) -> None:
    sources = Counter(case for case, _ in {(cell.row["case"], cell.path) for cell in cells})
    writer = answers.Answers()
    for cell in cells:
        mixed = sources[cell.row["case"]] > 1
        row = cell.row | dict.fromkeys(RATIOS) if mixed else cell.row
        lines = writer.of_row(cell.answer) if cell.answer else ()
        folder.append(row, cell.series, answers=lines)


def _facts(infos: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the facts of the merged run: the last run's, with what only others have.

    Raises:
        GradiometerError: If two of them contradict each other.
    """
    seen: dict[str, Any] = {}
    for info in infos:
        told = conditions(info)
        differing = [name for name in told if seen.setdefault(name, told[name]) != told[name]]
        if differing:
            values = ", ".join(f"{name} ({told[name]}, not {seen[name]})" for name in differing)
            what = f"Run {info['id']} differs from those before it in {values}"
            raise GradiometerError(f"{what}: only runs measured alike can be merged.")
    versions = {k: v for info in infos for k, v in _versions(info).items()}
    warnings = [w for info in infos for w in info.get("noise", {}).get("warnings", ())]
    return {
        **{key: infos[-1][key] for key in ("timing", "options", "floor_s") if key in infos[-1]},
        "environment": infos[-1].get("environment", {}) | {"versions": versions},
        "plugins": list(dict.fromkeys(p for info in infos for p in info.get("plugins", ()))),
        "noise": {"warnings": list(dict.fromkeys(warnings))},
        "merged": [info["id"] for info in infos],
    }


def _versions(info: dict[str, Any]) -> dict[str, str]:
    return dict(info.get("environment", {}).get("versions", {}))
