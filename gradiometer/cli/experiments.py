"""What commands of experiments share: how they begin and end, what each keeps, how it is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from gradiometer.cli.output import print_json, say, stdout
from gradiometer.errors import GradiometerError
from gradiometer.runs.facts import read_info

if TYPE_CHECKING:
    from gradiometer.descent.frames import Descent
    from gradiometer.report.run import Run
    from gradiometer.runs.schema import Layout
    from gradiometer.stepsizes.frames import StepSizes
    from gradiometer.versions.result import Versions


def require_one(problem: str | None, resume: str | None, begun: str, what: str) -> None:
    """Refuse a command that names no problem, and takes nothing up.

    Args:
        problem: What is to be begun.
        resume: What is to be taken up.
        begun: What a problem to begin with is called.
        what: What the experiment is called, with its article.

    Raises:
        GradiometerError: If it is neither.
    """
    if problem is None and resume is None:
        raise GradiometerError(f"Name {begun}, or --resume {what} that was cut off.")


def print_rest(found: Descent | StepSizes) -> None:
    """Print what to know of an experiment beside its tables: why parts end early, where it is."""
    for line in found.reasons():
        say(stdout(), line)
    say(stdout(), f"run     {found.facts['path']}")


def conclude(found: Any, report: Path, json: bool, show: Callable[[Any], None]) -> NoReturn:
    """Print what came of an experiment, and where its report is; exit with 1 if it is faulty.

    Args:
        found: A descent, or a study of steps.
        report: The report's page.
        json: Whether to print JSON.
        show: Prints it as tables.
    """
    if json:
        print_json({"report": str(report), **found.as_json()})
    else:
        show(found)
        say(stdout(), f"report  {report}")
    raise typer.Exit(1 if found.faulty else 0)


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
