"""The command line: `gradiometer run`, `list`, `show`, `descend`, `report`.

Only declarations: what a command does stands in `gradiometer.commands`, imported when it runs, so
that `--help` answers at once. Results go to stdout, progress and errors to stderr. Exit codes:
0 all is well, 1 a cell disagrees or failed, 2 the command could not be carried out, 130
interrupted.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from gradiometer.errors import GradiometerError

app = typer.Typer(
    help="Compare differentiation methods: which is right, and which is fast?",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
lists = typer.Typer(
    help="List what there is: problems, methods, operators, recorded runs.",
    epilog="Example: `gradiometer list problems`.",
    invoke_without_command=True,
    rich_markup_mode=None,
)
app.add_typer(lists, name="list")

Globs = list[str] | None
Plugins = Annotated[
    list[Path] | None,
    typer.Option("--plugins", help="File or folder with further problems and methods; repeatable."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout instead of tables.")]
Results = Annotated[Path, typer.Option("--results", help="Folder that holds the runs.")]
Reports = Annotated[Path, typer.Option("--reports", help="Folder that holds the reports.")]
Seed = Annotated[int, typer.Option(help="Seed of drawn points and of the order of samples.")]

OPERATORS_HELP = (
    "value, gradient, jacobian, hessian, jvp, vjp, hvp; repeatable. Value and first derivative by "
    "default."
)
RESULTS, REPORTS = Path("results"), Path("reports")


@app.command(
    epilog="Examples: `gradiometer run --quick`; `gradiometer run --problem '*chain*' --method "
    "'jax*' --method backprop`; `gradiometer run --problem mlp --size '10-*' --json`; "
    "`gradiometer run --problem rosenbrock --operator hessian --operator hvp`."
)
def run(
    problem: Annotated[
        Globs, typer.Option(help="Problems, by glob; repeatable. One size of each by default.")
    ] = None,
    method: Annotated[Globs, typer.Option(help="Methods, by glob; repeatable.")] = None,
    size: Annotated[Globs, typer.Option(help="Sizes, by glob; repeatable.")] = None,
    operator: Annotated[Globs, typer.Option(help=OPERATORS_HELP)] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Smallest sizes, few samples.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="All sizes of all problems, and all operators.")
    ] = False,
    threads: Annotated[int, typer.Option(help="Threads, and cores, that each tool may use.")] = 1,
    precision: Annotated[
        str, typer.Option(help="Half-width of a ratio's 95% interval at which rounds end.")
    ] = "2%",
    budget: Annotated[
        float | None,
        typer.Option(
            help="Seconds after which a case's rounds end: 3, or 1 where one size of each is "
            "taken; half of it for plain values.",
            show_default=False,
        ),
    ] = None,
    rounds: Annotated[int, typer.Option(help="Most rounds; 0 checks agreement only.")] = 1000,
    cold: Annotated[
        int, typer.Option(help="Fresh workers in which cold figures are repeated.")
    ] = 0,
    timeout: Annotated[float, typer.Option(help="Seconds any one step may take.")] = 60.0,
    memory_limit: Annotated[
        float | None,
        typer.Option(help="GiB a worker may hold; half of the machine's by default."),
    ] = None,
    fail_on: Annotated[
        Globs,
        typer.Option(help="Statuses that make the exit code 1, or `none`; by default, all faults."),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            help="Take up a run that was cut off, with its own options: its id or folder."
        ),
    ] = None,
    seed: Seed = 0,
    plugins: Plugins = None,
    results: Results = RESULTS,
    reports: Reports = REPORTS,
    json: Json = False,
) -> None:
    """Measure methods on problems: a run under results/, a report under reports/.

    By default: the value and the first derivative of every problem, at one typical size. Naming
    problems takes all their sizes; --all takes every size and every operator.
    """
    from gradiometer.api import default_budget_s, extent
    from gradiometer.cli.run import Request, carry_out, parse_share
    from gradiometer.measure.options import Options

    taken = extent(not (problem or size), quick=quick, everything=everything)
    options = Options(
        threads=threads,
        precision=parse_share(precision),
        budget_s=default_budget_s(taken) if budget is None else budget,
        rounds=rounds,
        cold=cold,
        timeout_s=timeout,
        memory_gib=memory_limit,
        seed=seed,
    )
    request = Request(
        problems=problem,
        methods=method or ["*"],
        sizes=size,
        operators=operator,
        extent=taken,
        quick=quick,
        everything=everything,
        options=options,
        plugins=plugins or [],
        results=results,
        reports=reports,
        json=json,
        fail_on=fail_on,
        resume=resume,
    )
    raise typer.Exit(carry_out(request))


@lists.command("problems", epilog="Example: `gradiometer list problems --json`.")
def list_problems(plugins: Plugins = None, json: Json = False) -> None:
    """List the problems, with their sizes and formulas."""
    from gradiometer.cli import listing

    listing.problems(plugins or [], json)


@lists.command("methods", epilog="Example: `gradiometer list methods --plugins my_method.py`.")
def list_methods(plugins: Plugins = None, json: Json = False) -> None:
    """List the methods: what each promises, and whether it can run here."""
    from gradiometer.cli import listing

    listing.methods(plugins or [], json)


@lists.command("operators", epilog="Example: `gradiometer list operators`.")
def list_operators(json: Json = False) -> None:
    """List the operators: what can be computed of a problem."""
    from gradiometer.cli import listing

    listing.operators(json)


@lists.command("runs", epilog="Example: `gradiometer list runs`.")
def list_runs(results: Results = RESULTS, json: Json = False) -> None:
    """List the recorded runs, oldest first."""
    from gradiometer.cli import listing

    listing.runs(results, json)


@app.command(
    epilog="Examples: `gradiometer show sigmoid-affine`; `gradiometer show polar-coordinates "
    "--operator jacobian --operator jvp`."
)
def show(
    problem: Annotated[str, typer.Argument(help="A problem's name.")],
    size: Annotated[
        str | None, typer.Option(help="One of its sizes; the first by default.")
    ] = None,
    operator: Annotated[Globs, typer.Option(help=OPERATORS_HELP)] = None,
    seed: Seed = 0,
    plugins: Plugins = None,
    json: Json = False,
) -> None:
    """Show a problem: formula, source, inputs, certified value and derivatives."""
    from gradiometer.cli.show import show

    show(problem, size, operator, seed, plugins or [], json)


@app.command(
    epilog="Examples: `gradiometer descend prelu-chain`; `gradiometer descend mlp --steps 200 "
    "--method 'jax*' --method forward-difference`; `gradiometer descend rosenbrock --rate 0.001 "
    "--json`."
)
def descend(
    problem: Annotated[str, typer.Argument(help="Name of a problem with a scalar value.")],
    size: Annotated[
        str | None, typer.Option(help="One of its sizes; the first by default.")
    ] = None,
    method: Annotated[Globs, typer.Option(help="Methods, by glob; repeatable.")] = None,
    steps: Annotated[
        int | None, typer.Option(help="Most steps; by default 100, and 20 of Newton's method.")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(help="Step size η; by default half the Cauchy step at the start."),
    ] = None,
    plugins: Plugins = None,
    reports: Reports = REPORTS,
    threads: Annotated[int, typer.Option(help="Threads, and cores, that each tool may use.")] = 1,
    seed: Seed = 0,
    timeout: Annotated[float, typer.Option(help="Seconds that one trajectory may take.")] = 60.0,
    json: Json = False,
) -> None:
    """Minimise a problem with every method: loss against steps and time, drift, a page.

    Gradient descent and Newton's method from the problem's point, each method in its own process,
    beside a trajectory of certified derivatives.
    """
    from gradiometer.cli.descend import Request, carry_out

    request = Request(
        problem=problem,
        methods=method or ["*"],
        size=size,
        steps=steps,
        rate=rate,
        threads=threads,
        seed=seed,
        timeout_s=timeout,
        plugins=plugins or [],
        reports=reports,
        json=json,
    )
    raise typer.Exit(carry_out(request))


@app.command(epilog="Example: `gradiometer report latest`.")
def report(
    run: Annotated[str, typer.Argument(help="A run's id or folder, or `latest`.")],
    results: Results = RESULTS,
    reports: Reports = REPORTS,
) -> None:
    """Write the report of a recorded run: Markdown, SVG charts, CSV tables."""
    from gradiometer.api import load
    from gradiometer.report.page import write

    sys.stdout.write(f"{write(load(run, results), reports)}\n")


def _version(asked: bool) -> None:
    if asked:
        from gradiometer import __version__

        sys.stdout.write(f"gradiometer {__version__}\n")
        raise typer.Exit


@lists.callback()
def _lists(context: typer.Context) -> None:
    _help_if_alone(context)


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    _help_if_alone(context)


def _help_if_alone(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")


def main() -> None:
    """Run the command line; every mistake is one line on stderr."""
    try:
        sys.exit(app(standalone_mode=False))
    except TyperException as error:
        _fail(error.format_message())
    except GradiometerError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.stderr.write("gradiometer: interrupted.\n")
        sys.exit(130)


def _fail(message: str) -> None:
    sys.stderr.write(f"gradiometer: {' '.join(message.split())}\n")
    sys.exit(2)
