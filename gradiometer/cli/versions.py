"""`gradiometer run --against`: two versions of one's own code, side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gradiometer.cli.output import print_frame, print_json, stderr, stdout, tell_damage
from gradiometer.cli.progress import following

if TYPE_CHECKING:
    from gradiometer.measure.options import Options
    from gradiometer.measure.plan import Plan
    from gradiometer.versions.compare import Move, Other
    from gradiometer.versions.result import Versions


@dataclass(frozen=True)
class Kept:
    """Where things are kept, and how they are told.

    Attributes:
        results: Folder of the runs.
        reports: Folder of the reports.
        json: Whether JSON is printed.
        wait: Whether to wait for other runs that are being measured.
    """

    results: Path
    reports: Path
    json: bool
    wait: bool


def compare_and_tell(
    plan: Callable[[Move], Plan],
    words: Sequence[str],
    other: Other,
    options: Options,
    kept: Kept,
    failing: Collection[str],
    fail_above: float | None,
) -> int:
    """Measure two versions, print what became of each cell, and return the exit code.

    Args:
        plan: Plans what is named, every word of it moved to a version.
        words: Those words.
        other: What is compared with.
        options: How each pair of processes is measured.
        kept: Where things are kept, and how they are told.
        failing: Statuses that make it fail.
        fail_above: Ratio above which a cell that is slower makes it fail.
    """
    from gradiometer.versions.compare import measure_versions

    with following("", "cells") as progress:
        found = measure_versions(
            plan, words, other, options, kept.results, progress, wait=kept.wait
        )
        for line in found.warnings:
            stderr().print(f"Noisy machine: {line}.", soft_wrap=True)
        progress.say("report")
        report = found.write(kept.reports)
    if kept.json:
        print_json(found.as_json() | {"report": str(report)})
    else:
        print_versions(found)
        stdout().print(f"report  {report}")
    damaged = tell_damage(found.damage, found.path)
    failed = found.records["status"].isin(list(failing)).any()
    slower = fail_above is not None and len(found.above(fail_above)) > 0
    return 1 if damaged or failed or slower else 0


def print_versions(found: Versions) -> None:
    """Print what became of each cell, and where all of it is kept."""
    console = stdout()
    print_frame(console, found.title, found.table())
    for line in found.remarks():
        console.print(line)
    console.print(f"run     {found.path}")
