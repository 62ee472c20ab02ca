"""`gradiometer report`: writes the report of a recorded run, whatever its experiment."""

from __future__ import annotations

import sys
import webbrowser
from typing import Annotated

import typer
from typer import Option

from gradiometer.cli import options as shared
from gradiometer.cli.output import tell_damage
from gradiometer.errors import GradiometerError

app = typer.Typer()


FORMAT = (
    "What to write: html (one page that carries everything), md (Markdown and SVG charts), csv, "
    "parquet; repeatable. By default all but the last."
)


@app.command(
    epilog="Examples: `gradiometer report latest --open`; "
    "`gradiometer report 20260102-150405-1a2b --format md --format parquet`."
)
def report(
    run: shared.RunName,
    formats: Annotated[shared.Names, Option("--format", help=FORMAT)] = None,
    opened: Annotated[bool, Option("--open", help="Show the page in a browser.")] = False,
    results: shared.Results = shared.RESULTS,
    reports: shared.Reports = shared.REPORTS,
) -> None:
    """Write the report of a run, of whatever experiment, and print where it is."""
    from gradiometer.cli.experiments import read
    from gradiometer.report.page import write
    from gradiometer.report.run import Run
    from gradiometer.report.writing import USUAL
    from gradiometer.runs.store import find_run

    path, chosen = find_run(run, results), formats or USUAL
    if opened and "html" not in chosen:
        raise GradiometerError("--open shows the page: add --format html.")
    found = read(path)
    if isinstance(found, Run):
        files = write(found, reports, chosen)
    else:
        files = found.write(reports, chosen)
    sys.stdout.write("".join(f"{file}\n" for file in files))
    if opened:
        page = files[0].resolve().as_uri()
        if not webbrowser.open(page):
            raise GradiometerError(f"No browser was found: open {page} in one.")
    if tell_damage(found.damage, path):
        raise typer.Exit(1)
