"""Options that several commands take, so that each is named and explained once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from gradiometer.cli import completion
from gradiometer.errors import GradiometerError

Names = list[str] | None

At = Annotated[
    Names,
    Option(
        "--at",
        help="What a function of your own is called with: NAME=2.0, NAME=normal:3x4, "
        "NAME=FILE.npy, FILE.npz, or FILE.py:name of what returns the arguments; repeatable.",
    ),
]
Wait = Annotated[
    bool,
    Option("--wait", help="Wait for other runs that are being measured on this machine."),
]
Wrt = Annotated[
    Names,
    Option("--wrt", help="Argument to differentiate a function of your own in; repeatable."),
]
Dtypes = Annotated[
    Names,
    Option(
        "--dtype",
        help="float64 or float32; a function's own by default; repeatable: both.",
        autocompletion=completion.dtypes,
    ),
]
OwnDtype = Annotated[
    str | None,
    Option(
        "--dtype",
        help="What the point's numbers are: float64 or float32; the function's own by default.",
        autocompletion=completion.dtypes,
    ),
]
Json = Annotated[bool, Option("--json", help="Print JSON on stdout instead of tables.")]
Methods = Annotated[
    Names,
    Option(
        "--method",
        help="Methods: name, glob, file, FILE.py:name, or `all` that can run here.",
        autocompletion=completion.methods,
    ),
]
Operators = Annotated[
    Names,
    Option(
        "--operator",
        help="value, gradient, jacobian, hessian, jvp, vjp, hvp; repeatable. Value and first "
        "derivative by default.",
        autocompletion=completion.operators,
    ),
]
Plugins = Annotated[
    list[Path] | None,
    Option("--plugins", help="File or folder with further problems and methods; repeatable."),
]
Reports = Annotated[Path, Option("--reports", help="Folder that holds the reports.")]
Results = Annotated[Path, Option("--results", help="Folder that holds the runs.")]
Resume = Annotated[
    str | None,
    Option(
        "--resume",
        help="Take up what was cut off, as it was begun: id, folder, or `latest`.",
        autocompletion=completion.runs,
    ),
]
RunName = Annotated[
    str,
    Argument(help="A run's id or folder, or `latest`.", autocompletion=completion.runs),
]
Seed = Annotated[int, Option(help="Seed of drawn points and of the order of samples.")]
Size = Annotated[
    str | None,
    Option(help="One of its sizes; the first by default.", autocompletion=completion.sizes),
]
Threads = Annotated[int, Option(help="Threads, and cores, that each tool may use.")]

REPORTS, RESULTS = Path("reports"), Path("results")


WITH_RESUME = frozenset(
    {"resume", "results", "reports", "fail_on", "wait", "cluster", "pin_kind", "json"}
)
"""Options that do not change what is taken up."""


def require_as_begun(context: typer.Context) -> None:
    """Refuse whatever else is given with `--resume`, which would be of no effect.

    Raises:
        GradiometerError: If something is.
    """
    asked = [p for p in context.command.params if _is_given(context, p.name)]
    more = [_word(p, context) for p in asked if p.name not in WITH_RESUME]
    if more and any(p.name == "resume" for p in asked):
        raise GradiometerError(
            f"--resume takes up what was begun, as it was planned: leave {', '.join(more)} out."
        )


def _word(parameter: Any, context: typer.Context) -> str:
    """Return how a parameter was given: an option by its name, an argument by what it is."""
    word: str = parameter.opts[-1]
    given = context.params[parameter.name]
    return word if word.startswith("-") else " ".join([given] if isinstance(given, str) else given)


def _is_given(context: typer.Context, name: str | None) -> bool:
    source = context.get_parameter_source(str(name))
    return source is not None and source.name == "COMMANDLINE"


def require_bound(fail_above: float | None) -> None:
    """Refuse a ratio above which a cell is to fail, if it is none.

    Raises:
        GradiometerError: If it is below 1.
    """
    if fail_above is not None and not fail_above >= 1.0:
        raise GradiometerError(f"--fail-above is {fail_above:g}: expected a ratio, 1 or more.")


def group(about: str, example: str) -> typer.Typer:
    """Return a group of commands, which alone prints its help."""
    return typer.Typer(
        help=about,
        epilog=f"Example: `gradiometer {example}`.",
        callback=help_if_alone,
        invoke_without_command=True,
        rich_markup_mode=None,
    )


def help_if_alone(context: typer.Context) -> None:
    """Print a group's help where no command of it is named."""
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")
