"""`gradiometer history`: a figure over all runs, with its steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from gradiometer.cli import completion
from gradiometer.cli import options as shared
from gradiometer.cli.output import print_frame, print_json, say, stderr, stdout

if TYPE_CHECKING:
    from gradiometer.runs.history import Series

app = typer.Typer()

FIGURE = "time, ratio (to the case's fastest), digits, memory, prepare, or first."
CHART = "Write a chart: a file that ends in .svg, .png or .html."


@app.command(
    epilog="Examples: `gradiometer history --problem mlp --method jax-jit`; `gradiometer history "
    "--figure ratio --chart history.svg`; `gradiometer history --problem mlp --json`."
)
def history(
    problem: Annotated[
        str | None, Option(help="The problem.", autocompletion=completion.problems)
    ] = None,
    method: Annotated[
        str | None, Option(help="The method.", autocompletion=completion.methods)
    ] = None,
    operator: Annotated[
        str | None, Option(help="The operator.", autocompletion=completion.operators)
    ] = None,
    size: Annotated[str | None, Option(help="The size.", autocompletion=completion.sizes)] = None,
    dtype: Annotated[
        str | None, Option(help="float64 or float32.", autocompletion=completion.dtypes)
    ] = None,
    figure: Annotated[str, Option(help=FIGURE)] = "time",
    chart: Annotated[Path | None, Option(help=CHART)] = None,
    results: shared.Results = shared.RESULTS,
    json: shared.Json = False,
) -> None:
    """Follow a figure over all runs: where it took a step, and what changed there.

    Of one cell every run is shown; of several, each cell's first and last figure and its steps.
    Times are of the newest run's machine alone.
    """
    from gradiometer.errors import GradiometerError
    from gradiometer.report.run import Run
    from gradiometer.runs import history as made
    from gradiometer.runs.facts import read_info
    from gradiometer.runs.schema import COMPARISON
    from gradiometer.runs.store import run_folders, writing

    runs = []
    for path in run_folders(results):
        try:
            if read_info(path)["experiment"] == COMPARISON.experiment:
                runs.append(Run.read(path))
        except GradiometerError as error:
            say(stderr(), f"Left out: {error}")
    chosen = {"problem": problem, "method": method, "operator": operator}
    found, told = made.history(runs, figure, **chosen, size=size, dtype=dtype)
    for line in told:
        say(stderr(), line)
    if chart is not None:
        from gradiometer.report.history import draw

        with writing(chart, "Choose another file with --chart."):
            draw(found, figure).save(str(chart))
    if json:
        print_json([_as_json(each) for each in found])
        return
    from gradiometer.report.history import of_cell, of_cells

    whole = len(found) == 1
    table = of_cell(found[0], figure) if whole else of_cells(found, figure)
    title = f"{figure}, {found[0].name}" if whole else f"{figure}, {len(found)} cells"
    print_frame(stdout(), title, table)


def _as_json(series: Series) -> dict[str, Any]:
    from gradiometer.runs.frames import plain_rows

    steps = [vars(step) for step in series.steps]
    return {**series.cell, "runs": plain_rows(series.table), "steps": steps}
