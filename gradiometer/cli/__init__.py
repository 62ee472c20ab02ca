"""The command line: a file a verb, each with what it declares and what it does.

A verb imports what it needs when it runs, so that `--help` answers at once. Results go to stdout,
progress and errors to stderr. Exit codes: 0 all is well, 1 a cell disagrees or failed, 2 the
command could not be carried out, 130 interrupted (143 by SIGTERM, 129 by a hang-up).
"""

from __future__ import annotations

import re
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from gradiometer.cli import (
    check,
    compare,
    conformance,
    descend,
    environments,
    history,
    listing,
    new,
    query,
    report,
    run,
    runs,
    show,
    stepsize,
    trace,
)
from gradiometer.cli.ending import exit_code, listening
from gradiometer.cli.options import help_if_alone
from gradiometer.errors import GradiometerError
from gradiometer.libraries import BENCH, not_installed
from gradiometer.runs.command import came_by


class Root(TyperGroup):
    """All verbs; one that is interrupted says so, with the exit code that tells by what.

    Typer itself would make 130 of each, and say nothing.
    """

    def invoke(self, ctx: Any) -> Any:
        """Carry out a verb."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            sys.stderr.write("gradiometer: interrupted.\n")
            raise typer.Exit(exit_code(error)) from None


app = typer.Typer(
    cls=Root,
    help="Compare differentiation methods: which is right, and which is fast?",
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
VERBS = (
    run, check, compare, history, query, conformance, show, trace, descend, stepsize, report,
)  # fmt: skip
for verb in VERBS:
    app.add_typer(verb.app)
app.add_typer(listing.app, name="list")
app.add_typer(runs.app, name="runs")
app.add_typer(environments.app, name="environments")
app.add_typer(new.app, name="new")


def _version(asked: bool) -> None:
    if asked:
        from gradiometer import __version__

        sys.stdout.write(f"gradiometer {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    help_if_alone(context)


def _not_installed(error: ModuleNotFoundError) -> str:
    """Return what to install; empty where what is missing is none of ours.

    A library that is imported lazily is named in the text alone.
    """
    told = re.findall(r"No module named \'(\w+)", str(error))
    missing = error.name or next(iter(told), "")
    name = missing.partition(".")[0]
    return not_installed(name) if name in BENCH else ""


def main() -> None:
    """Run the command line; every mistake is one line on stderr."""
    try:
        came_by(sys.argv[1:])
        with listening():
            sys.exit(app(standalone_mode=False, prog_name="gradiometer"))
    except ModuleNotFoundError as error:
        told = _not_installed(error)
        if not told:
            raise
        sys.stderr.write(f"gradiometer: {told}\n")
        sys.exit(2)
    except (TyperException, GradiometerError) as error:
        told = error.format_message() if isinstance(error, TyperException) else str(error)
        sys.stderr.write(f"gradiometer: {' '.join(told.split())}\n")
        sys.exit(2)
