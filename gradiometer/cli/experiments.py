"""What each experiment keeps, and how it is read: of a run in a folder, whatever it is of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gradiometer.runs.facts import read_info

if TYPE_CHECKING:
    from gradiometer.descent.frames import Descent
    from gradiometer.report.run import Run
    from gradiometer.runs.schema import Layout
    from gradiometer.versions.result import Versions


def layouts() -> list[Layout]:
    """Return how each experiment keeps its rows."""
    from gradiometer.descent.trajectory import DESCENT
    from gradiometer.runs.schema import COMPARISON
    from gradiometer.versions.result import VERSIONS

    return [COMPARISON, DESCENT, VERSIONS]


def read(path: Path) -> Run | Descent | Versions:
    """Return what a run's folder holds.

    Raises:
        GradiometerError: If `run.json` is damaged, or of another version.
    """
    from gradiometer.descent.frames import Descent
    from gradiometer.descent.trajectory import DESCENT
    from gradiometer.report.run import Run
    from gradiometer.versions.result import VERSIONS, Versions

    experiment = read_info(path)["experiment"]
    if experiment == DESCENT.experiment:
        return Descent.read(path)
    return Versions.read(path) if experiment == VERSIONS.experiment else Run.read(path)
