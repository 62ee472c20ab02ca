"""`gradiometer conformance`: does a method keep its contract, and is it right everywhere?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from gradiometer.cli import completion
from gradiometer.cli import options as shared

if TYPE_CHECKING:
    from gradiometer.conformance.result import Check, Report

METHODS = "Methods: name, glob, FILE.py, FILE.py:name."
PROBLEMS = (
    "Problems to check agreement on, by name or glob; repeatable. By default all that are built "
    "in, in their first sizes, and those that are made for this."
)
OPERATORS = "value, gradient, jacobian, hessian, jvp, vjp, hvp; repeatable. All by default."
DTYPES = "float64 or float32; both by default; repeatable."
QUICK = "Three built-in problems beside the special ones, and float64 alone."
EXPECTED = "TOML file with failures that are expected, and why; repeatable."

app = typer.Typer()


@app.command(
    epilog="Examples: `gradiometer conformance my_method.py --quick`; `gradiometer conformance "
    "'jax*' --operator hvp`; `gradiometer conformance my-tool --plugins plugins/ --problem "
    "'special-*' --json`; `gradiometer conformance 'wrong-*' --plugins "
    "gradiometer.conformance.wrong --quick`, which must fail. Exit code 0: all as expected; 1: "
    "something is not; 2: it could not be carried out."
)
def conformance(
    methods: Annotated[
        list[str], Argument(metavar="METHOD...", help=METHODS, autocompletion=completion.methods)
    ],
    plugins: shared.Plugins = None,
    problems: Annotated[
        shared.Names, Option("--problem", help=PROBLEMS, autocompletion=completion.problems)
    ] = None,
    operators: Annotated[
        shared.Names, Option("--operator", help=OPERATORS, autocompletion=completion.operators)
    ] = None,
    dtypes: Annotated[
        shared.Names, Option("--dtype", help=DTYPES, autocompletion=completion.dtypes)
    ] = None,
    quick: Annotated[bool, Option("--quick", help=QUICK)] = False,
    expected: Annotated[list[Path] | None, Option("--expected", help=EXPECTED)] = None,
    json: shared.Json = False,
) -> None:
    """Check whether methods conform: contract, agreement with proven derivatives, manners.

    Every operator, of small problems and of those that methods stumble over, in both dtypes, in
    call after call; what it prints, leaves behind, imports too early or keeps. Nothing is timed.
    """
    from gradiometer.cli.output import print_json
    from gradiometer.cli.progress import following
    from gradiometer.conformance.conform import check, judged
    from gradiometer.conformance.expected import rows_of
    from gradiometer.conformance.result import Report

    ended: list[Check] = []
    try:
        with following("conformance", "checks", "what was checked until then:") as bar:
            report = check(
                methods,
                plugins=plugins or (),
                problems=problems,
                operators=operators,
                dtypes=dtypes,
                quick=quick,
                expected=expected or (),
                progress=bar,
                each=ended.append,
            )
        code = 0 if report.ok else 1
    except typer.Exit as interrupted:
        report, code = Report(judged(ended, rows_of(expected or ()))), interrupted.exit_code
    if json:
        print_json(report.as_json())
    elif report.checks:
        print_report(report)
    raise typer.Exit(code)


def print_report(report: Report) -> None:
    """Print how many checks of each method came to what, and what is to be told of them."""
    from gradiometer.cli.output import say, stdout
    from gradiometer.cli.terminal_table import print_table

    console = stdout()
    counts = [(method, report.of(method)) for method in report.methods]
    headings = ["method", *counts[0][1].counts()]
    rows = [[method, *(n or "–" for n in of.counts().values())] for method, of in counts]
    print_table(console, "Conformance", headings, rows)
    for line in report.lines():
        say(console, line, "red" if line.startswith("  FAILED") else None, indent=4)
