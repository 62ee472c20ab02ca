"""Compares two versions of one's own code: finds both, measures them, keeps what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gradiometer import api
from gradiometer.errors import GradiometerError
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Plan, several
from gradiometer.measure.progress import Progress
from gradiometer.plugins import loader
from gradiometer.plugins.selection import choose
from gradiometer.report.progress import following
from gradiometer.runs.schema import record
from gradiometer.runs.store import RunFolder
from gradiometer.versions.measure import Measuring, Version
from gradiometer.versions.result import VERSIONS, Versions
from gradiometer.versions.sides import Side, sides

USUAL = Options(budget_s=0.5, sample_s=0.003)
"""Half a second of rounds a cell and pair of processes: what scatters is between processes."""

Move = Callable[[str], str]
"""Turns a word that names a file of the new version into one that names the same of another."""


@dataclass(frozen=True)
class Other:
    """What a version is compared with.

    Attributes:
        against: `git:REVISION`, or a folder; empty if only the environment differs.
        environment: An interpreter, or the folder of a virtual environment, of the old side.
    """

    against: str = ""
    environment: str = ""


def compare_versions(
    what: str | Iterable[str],
    against: str = "",
    *,
    environment: str = "",
    sizes: str | Iterable[str] | None = None,
    operators: str | Iterable[str] | None = None,
    options: Options | None = None,
    plugins: Sequence[str | Path] = (),
    results: str | Path = "results",
    progress: Progress | bool = True,
    wait: bool = False,
) -> Versions:
    """Measure what is named in its version of today and in another, side by side.

    Args:
        what: Problems and methods: `FILE.py`, `FILE.py:name`, names; a file is taken from both
            versions.
        against: `git:REVISION`, or a folder in which the other version of the files lies.
        environment: An interpreter, or the folder of a virtual environment, with the old versions
            of installed packages.
        sizes: Glob patterns of size labels.
        operators: Operators by name; the value and the first derivative by default.
        options: How each pair of processes is measured; by default half a second a cell.
        plugins: Files or folders with further problems and methods; those of the repository are
            taken from both versions.
        results: Folder under which the run's own folder is made.
        progress: Whether a notebook shows a bar; or what is told each step and each record.
        wait: Whether to wait for other runs that are being measured on this machine.

    Raises:
        GradiometerError: If there is no other version, or it has not what is named.
    """
    named, extra = several(what), [str(path) for path in plugins]

    def plan(move: Move) -> Plan:
        registry = loader.load([move(path) for path in extra])
        chosen = choose(registry, [move(word) for word in named])
        found = {kind: entries for kind, entries in chosen.items() if entries}
        return api.planned(registry, found, sizes=sizes, operators=operators)[0]

    other, to = Other(against, environment), Path(results)
    words = [*named, *extra]
    with following(progress, "cells") as listener:
        return measure_versions(plan, words, other, options or USUAL, to, listener, wait=wait)


def measure_versions(
    plan: Callable[[Move], Plan],
    words: Sequence[str],
    other: Other,
    options: Options,
    results: Path,
    progress: Progress | None = None,
    *,
    wait: bool = False,
) -> Versions:
    """Measure two versions of what is named, side by side.

    Args:
        plan: Plans what is named, every word of it moved to a version.
        words: Those words: files, folders, names.
        other: What is compared with.
        options: How each pair of processes is measured.
        results: Folder under which the run's own folder is made.
        progress: Told each step and each record.
        wait: Whether to wait for other runs that are being measured on this machine.

    Raises:
        GradiometerError: As `compare_versions`.
    """
    if not options.rounds:
        raise GradiometerError("Without rounds no times are compared: expected 7 rounds or more.")
    files = [Path(file) for file in map(_file, words) if file]
    for file in files:
        if not file.is_file():
            raise GradiometerError(f"No file {str(file)!r}: check the path.")
    if not (files or other.environment):
        raise GradiometerError(
            "Nothing that is named has another version: name the file that has, FILE.py, or "
            "another environment, --against-env."
        )
    listener, place = progress or Progress(), files[0] if files else Path.cwd() / "any"
    with sides(place, other.against, other.environment) as (before, now):
        moved = plan(lambda word: _moved(word, before, now))
        old, new = _matched(Version(before, _elsewhere(moved, before)), Version(now, plan(str)))
        told = api.facts(new.plan, options, "interleaved")
        info = told | {"versions": {"old": before.label, "new": now.label}}
        folder = RunFolder.create(results, info, VERSIONS)
        listener.start(len(new.plan.cells), 0, folder.path)
        measuring = Measuring(old, new, options, folder.logs, listener)
        learnt = lambda: {"noise": measuring.meter.noise().facts()}  # noqa: E731
        with api.concluding(folder, listener, learnt, wait=wait) as turn, measuring:
            for each in measuring.ended():
                identity = api.identity(each.cell, new.plan.registry)
                series = record(each.series) if each.series.ratios else None
                folder.append(record(identity, each.ended), series)
                listener.advance(each.cell.id)
                turn.look()
    return Versions.read(folder.path)


def _elsewhere(plan: Plan, side: Side) -> Plan:
    """Return a plan whose methods run in a side's environment, unless they have their own."""
    if not side.environment:
        return plan
    for name, entry in plan.registry.methods.items():
        if not entry.environment:
            plan.registry.methods[name] = replace(entry, environment=side.environment)
    return Plan.of(plan.cells, plan.registry)


def _file(word: str) -> str:
    """Return the file that a word names; empty where it names none."""
    place, colon, _ = word.partition(".py:")
    return f"{place}.py" if colon else word if word.endswith(".py") else ""


def _moved(word: str, side: Side, ours: Side) -> str:
    """Return a word that names the same in another version's files; names stay as they are."""
    file = _file(word)
    if file and Path(file).exists():
        return f"{side.file(Path(file), ours.root)}{word[len(file) :]}"
    folder = Path(word).resolve()
    if folder.is_dir() and folder.is_relative_to(ours.root) and not side.environment:
        return str(side.root / folder.relative_to(ours.root))
    return word


def _matched(old: Version, new: Version) -> tuple[Version, Version]:
    """Return both versions with the cells that they share.

    Raises:
        GradiometerError: If they share none.
    """
    shared = {*old.plan.cells} & {*new.plan.cells}
    if not shared:
        had, has = (sorted({cell.id for cell in v.plan.cells})[:3] for v in (old, new))
        raise GradiometerError(
            f"{old.side.label} and {new.side.label} share no cell: the one has {', '.join(had)}, "
            f"the other {', '.join(has)}."
        )
    cells = [cell for cell in new.plan.cells if cell in shared]
    of_old, of_new = (Version(v.side, Plan.of(cells, v.plan.registry)) for v in (old, new))
    return of_old, of_new
