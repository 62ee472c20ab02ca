"""What the shell offers when Tab is pressed: names of problems, methods, runs and the like.

Only what comes with Gradiometer is named: what files and other packages bring, nobody knows without
executing it. Where nothing is offered, shells offer files.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from gradiometer.cli.names import known

PLAIN = re.compile(r"[\w.+=-]+")
"""What no shell takes for anything but text: names of folders are others' text."""

OF_PROBLEMS = ("problem", "function", "what", "problems")
"""Parameters that name problems, in all commands."""


def problems(context: typer.Context) -> list[str]:
    """Offer problems."""
    return _plain(known()["problems"])


def methods(context: typer.Context) -> list[str]:
    """Offer methods."""
    return _plain(known()["methods"])


def both(context: typer.Context) -> list[str]:
    """Offer problems and methods."""
    return problems(context) + methods(context)


def sizes(context: typer.Context) -> list[str]:
    """Offer the sizes of the problems that are named before; of all, where none is."""
    problems = known()["problems"]
    given = [name for each in OF_PROBLEMS for name in _words(context, each)]
    given += context.args  # words that stand before an option whose value is looked for
    named = [name for pattern in given for name in fnmatch.filter(problems, pattern)]
    return _plain(label for name in named or problems for label in problems[name])


def operators(context: typer.Context) -> list[str]:
    """Offer operators."""
    from gradiometer.vocabulary.operators import OPERATORS

    return list(OPERATORS)


def dtypes(context: typer.Context) -> list[str]:
    """Offer dtypes."""
    from gradiometer.vocabulary.dtype import DTYPES

    return list(DTYPES)


def statuses(context: typer.Context) -> list[str]:
    """Offer the statuses that a cell can end with."""
    from gradiometer.vocabulary.outcome import Status

    return [*map(str, Status), "none"]


def runs(context: typer.Context) -> list[str]:
    """Offer recorded runs, the newest first."""
    journals = Path(context.params["results"]).glob("*/records.jsonl")
    found = sorted((path.parent.name for path in journals), reverse=True)
    return _plain(["latest", *found] if found else [])


def environments(context: typer.Context) -> list[str]:
    """Offer the environments that methods ask for."""
    return _plain(name for each in known()["methods"].values() for name in each)


def _words(context: typer.Context, parameter: str) -> list[str]:
    """Return what was given for a parameter, once or several times."""
    given: Any = context.params.get(parameter) or ()
    return [given] if isinstance(given, str) else [str(each) for each in given]


def _plain(names: Iterable[str]) -> list[str]:
    """Return those names that can be offered, each once."""
    return [name for name in dict.fromkeys(names) if PLAIN.fullmatch(name)]
