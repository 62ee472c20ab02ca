"""Finds what is named on the command line: a problem, and the function that is its derivative."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from gradiometer.errors import GradiometerError, UnknownName, describe
from gradiometer.plugins import loader
from gradiometer.plugins.files import load_file
from gradiometer.plugins.selection import choose_problem
from gradiometer.vocabulary.problem import Problem

Names = Mapping[str, Any]


def find_problem(what: str) -> tuple[Problem, Names]:
    """Return the problem that is named, and what is defined beside it.

    Raises:
        GradiometerError: If there is none, or its file cannot be loaded.
    """
    entry = choose_problem(loader.load(), what)
    problem = entry.address.load()
    file, colon, _ = what.partition(".py:")
    return problem, module(f"{file}.py") if colon else {}


def named(what: str, names: Names) -> Any:
    """Return what `FILE.py:name`, `package.module:name`, or a name beside the function stands for.

    Raises:
        GradiometerError: If there is no such thing.
    """
    origin, colon, name = what.rpartition(":")
    known = module(origin) if colon else names
    if name not in known:
        functions = [key for key, value in known.items() if callable(value) and key[0] != "_"]
        raise UnknownName(f"function in {origin}" if colon else "function", name, functions)
    return known[name]


def module(origin: str) -> Names:
    """Return the names that a file or a module defines.

    Raises:
        GradiometerError: If it cannot be loaded.
    """
    try:
        if origin.endswith(".py"):
            path = Path(origin).resolve()
            if not path.is_file():
                raise GradiometerError(f"No file at {origin!r}: check the path.")
            return vars(load_file(loader.module_name(path), path))
        return vars(import_module(origin))
    except GradiometerError:
        raise
    except (Exception, SystemExit) as error:
        raise GradiometerError(f"{origin} failed to load: {describe(error)}") from error
