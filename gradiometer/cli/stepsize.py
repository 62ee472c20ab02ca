"""`gradiometer stepsize`: the error of differences against their step: a table, a chart, a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from gradiometer.cli import options as shared
from gradiometer.cli.output import print_frame, stdout

if TYPE_CHECKING:
    from gradiometer.stepsizes.frames import StepSizes

app = typer.Typer()


@app.command(
    epilog="Examples: `gradiometer stepsize sigmoid-affine`; `gradiometer stepsize rosenbrock "
    "--size 10 --operator hessian`; `gradiometer stepsize mlp --method central-difference "
    "--dtype float32`; `gradiometer stepsize my_problems.py:bowl --json`; "
    "`gradiometer stepsize --resume latest`."
)
def stepsize(
    context: typer.Context,
    problem: Annotated[
        str | None, Argument(help="A problem's name, or FILE.py:name, of a function too.")
    ] = None,
    size: shared.Size = None,
    methods: Annotated[
        list[str] | None,
        Option("--method", help="Methods of differences: name, glob, file, FILE.py:name."),
    ] = None,
    operator: Annotated[
        str | None,
        Option(
            help="gradient, jacobian, hessian, jvp, vjp or hvp; by default the first derivative."
        ),
    ] = None,
    steps: Annotated[int, Option(help="How many steps are tried.")] = 60,
    resume: shared.Resume = None,
    plugins: shared.Plugins = None,
    dtype: shared.OwnDtype = None,
    results: shared.Results = shared.RESULTS,
    reports: shared.Reports = shared.REPORTS,
    threads: shared.Threads = 1,
    seed: shared.Seed = 0,
    at: shared.At = None,
    wrt: shared.Wrt = None,
    timeout: Annotated[float, Option(help="Seconds that the steps of one method may take.")] = 60.0,
    wait: shared.Wait = False,
    json: shared.Json = False,
) -> None:
    """Study how the error of differences depends on their step, beside certified derivatives.

    Each method of differences is taken with steps from well below the unit of rounding to 1: its
    error falls, then rises. Default step and best step are marked.
    """
    from gradiometer.worker.cores import require_linux

    require_linux("gradiometer stepsize")
    from gradiometer.cli.experiments import conclude, require_one
    from gradiometer.cli.progress import following
    from gradiometer.plugins.own import Arguments
    from gradiometer.runs.store import try_folder
    from gradiometer.stepsizes import stepsize as experiment

    shared.require_as_begun(context)
    require_one(problem, resume, "a problem", "a study of steps")
    try_folder(reports, "--reports")
    with following("stepsize", "curves") as progress:
        if problem is None:
            study = experiment.resume_stepsize(str(resume), results, progress, wait=wait)
        else:
            study = experiment.stepsize(
                problem,
                methods or None,
                operator=operator,
                size=size,
                dtype=dtype,
                steps=steps,
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
        page, *_ = study.write(reports)
    conclude(study, page, json, print_steps)


def print_steps(study: StepSizes) -> None:
    """Print the table, why curves end early, and where all of it is kept."""
    from gradiometer.cli.experiments import print_rest

    console = stdout()
    print_frame(console, f"Step and error: {study.title}", study.table())
    print_rest(study)
