"""`gradiometer report`: writes the report of a recorded run, whatever its experiment."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer import Argument

from gradiometer.cli import options as shared

app = typer.Typer()


@app.command(
    epilog="Examples: `gradiometer report latest`; `gradiometer report 20260102-150405-1a2b`."
)
def report(
    run: Annotated[str, Argument(help="A run's id or folder, or `latest`.")],
    results: shared.Results = shared.RESULTS,
    reports: shared.Reports = shared.REPORTS,
) -> None:
    """Write the report of a comparison or a descent: Markdown, SVG charts, CSV tables."""
    from gradiometer.descent.frames import Descent
    from gradiometer.descent.trajectory import DESCENT
    from gradiometer.report.page import write
    from gradiometer.runs.run import Run
    from gradiometer.runs.store import find_run, read_info

    path = find_run(run, results)
    descended = read_info(path)["experiment"] == DESCENT.experiment
    page = Descent.read(path).write(reports) if descended else write(Run.read(path), reports)
    sys.stdout.write(f"{page}\n")
