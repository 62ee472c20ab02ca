"""`gradiometer trace`: every intermediate value, the derivative in it, and those by hand beside."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Argument, Option

from gradiometer.cli import completion
from gradiometer.cli import options as shared
from gradiometer.errors import GradiometerError

if TYPE_CHECKING:
    from gradiometer.intermediates.traced import Trace

FUNCTION = "A problem's name, FILE.py:name, or package.module:name."
GRADIENT = (
    "A backward pass written by hand, called with the function's arguments: FILE.py:name, "
    "package.module:name, or a name beside the function. By default what a problem brings along, "
    "or what is named as its derivative beside it."
)
OUTPUT = "Output to differentiate, or a component of it: y, 'y[0]'; the sum of all by default."
FULL = "Show every operation, and every component of arrays."
MOST_DIGITS = 25

app = typer.Typer()


@app.command(
    epilog="Examples: `gradiometer trace log-cos-exp-sin-chain --digits 4`; `gradiometer trace mlp "
    "--svg mlp.svg`; `gradiometer trace notebook.py:loss --at W=normal:3x4 --at x=2.0 --gradient "
    "loss_backward`; `gradiometer trace robot-arm --output 'x'`. "
    "Exit code 0: all that is held by hand is right; 1: some of it is wrong; 2: it could not be "
    "carried out."
)
def trace(
    function: Annotated[str, Argument(help=FUNCTION, autocompletion=completion.problems)],
    at: shared.At = None,
    wrt: shared.Wrt = None,
    size: shared.Size = None,
    seed: shared.Seed = 0,
    dtype: shared.OwnDtype = None,
    plugins: shared.Plugins = None,
    gradient: Annotated[str | None, Option("--gradient", help=GRADIENT)] = None,
    output: Annotated[str | None, Option("--output", help=OUTPUT)] = None,
    full: Annotated[bool, Option("--full", help=FULL)] = False,
    digits: Annotated[
        int, Option("--digits", min=1, max=MOST_DIGITS, help="Significant digits.")
    ] = 17,
    json: shared.Json = False,
    markdown: Annotated[bool, Option("--markdown", help="Print Markdown.")] = False,
    svg: Annotated[Path | None, Option("--svg", help="Draw the graph into this file: SVG.")] = None,
) -> None:
    """Trace a function: every intermediate value and the derivative in it, certified.

    Beside them stands what the variables of a hand-written backward pass hold, right or wrong. Of a
    registered problem, --at names inputs to trace it at.
    """
    from gradiometer.intermediates.selecting import beside, find
    from gradiometer.intermediates.trace import trace_problem

    if json and markdown:
        raise GradiometerError("--json and --markdown are two formats: choose one.")
    problem = find(function, at or (), wrt or (), plugins or ())
    written = beside(gradient, problem) if gradient else None
    options: dict[str, Any] = {"output": output, "size": size, "seed": seed, "dtype": dtype}
    done = trace_problem(problem, written, **options, full=full)
    if svg is not None:
        _draw(done, svg)
    if json:
        from gradiometer.cli.output import print_json

        print_json(done.as_dict())
    elif markdown:
        sys.stdout.write(done.markdown(digits))
    else:
        _print(done, digits)
    raise typer.Exit(0 if done.right else 1)


def _print(done: Trace, digits: int) -> None:
    from gradiometer.cli.output import say, stdout
    from gradiometer.cli.terminal_table import print_table
    from gradiometer.intermediates.telling import MOST_ROWS, remarks, table

    headings, cells = table(done, digits)
    print_table(stdout(), done.title, headings, cells[:MOST_ROWS])
    if len(cells) > MOST_ROWS:
        left = len(cells) - MOST_ROWS
        say(stdout(), f"… and {left:,} more rows (--json and --markdown print them all).")
    for each in remarks(done):
        say(stdout(), each)


def _draw(done: Trace, file: Path) -> None:
    picture = done.svg()
    try:
        file.write_text(picture, encoding="utf-8")
    except OSError as error:
        told = f"the picture cannot be written: {file}: {error.strerror or error}"
        raise GradiometerError(told) from error
