"""`gradiometer descend`: minimises a problem with every method, prints the table, reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from gradiometer.cli import completion
from gradiometer.cli import options as shared
from gradiometer.cli.output import print_frame, stdout
from gradiometer.errors import GradiometerError

if TYPE_CHECKING:
    from gradiometer.descent.frames import Descent

app = typer.Typer()


@app.command(
    epilog="Examples: `gradiometer descend prelu-chain`; `gradiometer descend mlp --steps 200 "
    "--method 'jax*' --method forward-difference`; `gradiometer descend my_problems.py:bowl`; "
    "`gradiometer descend rosenbrock --rate 0.001 --json`; `gradiometer descend --resume latest`."
)
def descend(
    context: typer.Context,
    problem: Annotated[
        str | None,
        Argument(
            help="A problem with a scalar value: its name, or FILE.py:name.",
            autocompletion=completion.problems,
        ),
    ] = None,
    size: shared.Size = None,
    methods: shared.Methods = None,
    steps: Annotated[int | None, Option(help="Most steps; by default 100, of newton 20.")] = None,
    rate: Annotated[float | None, Option(help="Step η; by default half the Cauchy step.")] = None,
    resume: shared.Resume = None,
    plugins: shared.Plugins = None,
    results: shared.Results = shared.RESULTS,
    reports: shared.Reports = shared.REPORTS,
    threads: shared.Threads = 1,
    seed: shared.Seed = 0,
    at: shared.At = None,
    wrt: shared.Wrt = None,
    timeout: Annotated[float, Option(help="Seconds that one trajectory may take.")] = 60.0,
    dtype: Annotated[str, Option("--dtype", hidden=True)] = "float64",
    wait: shared.Wait = False,
    json: shared.Json = False,
) -> None:
    """Minimise a problem with every method: loss against steps and time, drift, a page.

    Gradient descent and Newton's method from the problem's point, each method in its own process,
    beside a trajectory of certified derivatives.
    """
    from gradiometer.worker.cores import require_linux

    require_linux("gradiometer descend")
    from gradiometer.cli.experiments import conclude, require_one
    from gradiometer.cli.progress import following
    from gradiometer.descent import descend as experiment
    from gradiometer.plugins.own import Arguments
    from gradiometer.runs.store import try_folder

    if dtype != "float64":
        raise GradiometerError(f"Descents are of float64 alone, not {dtype!r}: leave --dtype out.")
    shared.require_as_begun(context)
    require_one(problem, resume, "a problem to descend", "a descent")
    try_folder(reports, "--reports")
    with following("descend", "trajectories") as progress:
        if problem is None:
            descent = experiment.resume_descent(str(resume), results, progress, wait=wait)
        else:
            descent = experiment.descend(
                problem,
                methods or None,
                size=size,
                steps=steps,
                rate=rate,
                threads=threads,
                seed=seed,
                timeout_s=timeout,
                arguments=Arguments(tuple(at or ()), tuple(wrt or ())),
                plugins=plugins or (),
                results=results,
                progress=progress,
                wait=wait,
            )
        progress.say("report")
        page, *_ = descent.write(reports)
    conclude(descent, page, json, print_descent)


def print_descent(descent: Descent) -> None:
    """Print the table of each rule, why trajectories ended, and where all of it is kept."""
    from gradiometer.cli.experiments import print_rest

    console = stdout()
    for rule, rows in descent.table().groupby("rule", sort=False):
        title = f"{descent.title}: {descent.heading(str(rule))}"
        print_frame(console, title, rows.drop(columns="rule"))
    print_rest(descent)
