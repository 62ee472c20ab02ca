"""`gradiometer report`: writes the report of a recorded run, whatever its experiment."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer import Argument

from gradiometer.cli import options as shared
from gradiometer.cli.output import tell_damage

app = typer.Typer()


@app.command(
    epilog="Examples: `gradiometer report latest`; `gradiometer report 20260102-150405-1a2b`."
)
def report(
    run: Annotated[str, Argument(help="A run's id or folder, or `latest`.")],
    results: shared.Results = shared.RESULTS,
    reports: shared.Reports = shared.REPORTS,
) -> None:
    """Write the report of a run, of whatever experiment: Markdown, SVG charts, CSV tables."""
    from gradiometer.cli.experiments import read
    from gradiometer.report.page import write
    from gradiometer.report.run import Run
    from gradiometer.runs.store import find_run

    path = find_run(run, results)
    found = read(path)
    page = write(found, reports) if isinstance(found, Run) else found.write(reports)
    sys.stdout.write(f"{page}\n")
    if tell_damage(found.damage, path):
        raise typer.Exit(1)
