"""What each experiment keeps, and how it is read: of a run in a folder, whatever it is of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradiometer.runs.facts import read_info

if TYPE_CHECKING:
    from gradiometer.descent.frames import Descent
    from gradiometer.report.run import Run
    from gradiometer.runs.schema import Layout
    from gradiometer.stepsizes.frames import StepSizes
    from gradiometer.versions.result import Versions


def layouts() -> list[Layout]:
    """Return how each experiment keeps its rows."""
    from gradiometer.descent.trajectory import DESCENT
    from gradiometer.runs.schema import COMPARISON
    from gradiometer.stepsizes.curve import STEPSIZE
    from gradiometer.versions.result import VERSIONS

    return [COMPARISON, DESCENT, STEPSIZE, VERSIONS]


def read(path: Path) -> Run | Descent | StepSizes | Versions:
    """Return what a run's folder holds.

    Raises:
        GradiometerError: If `run.json` is damaged, or of another version.
    """
    from gradiometer.descent.frames import Descent
    from gradiometer.descent.trajectory import DESCENT
    from gradiometer.report.run import Run
    from gradiometer.stepsizes.curve import STEPSIZE
    from gradiometer.stepsizes.frames import StepSizes
    from gradiometer.versions.result import VERSIONS, Versions

    readers: dict[str, Any] = {
        DESCENT.experiment: Descent,
        STEPSIZE.experiment: StepSizes,
        VERSIONS.experiment: Versions,
    }
    found: Run | Descent | StepSizes | Versions
    found = readers.get(read_info(path)["experiment"], Run).read(path)
    return found
