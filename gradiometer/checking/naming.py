"""Finds what is named on the command line: a function, and what is said to differentiate it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradiometer.checking.beside import scope
from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.plugins import loader
from gradiometer.plugins.own import Arguments, Called
from gradiometer.plugins.registry import Registry
from gradiometer.plugins.selection import choose_problem
from gradiometer.tracing.at import Drawn, drawn
from gradiometer.tracing.written import Written
from gradiometer.vocabulary.problem import Problem

Names = Mapping[str, Any]


def find_problem(
    what: str, at: Sequence[str] = (), wrt: Sequence[str] = ()
) -> tuple[Problem, list[Names]]:
    """Return the function that is named, as a problem, and further points of it.

    Args:
        what: A problem's name, `FILE.py:name`, or `package.module:name`.
        at: The arguments that a function is called with; of a problem, inputs of a further point.
        wrt: Which arguments are differentiated.

    Raises:
        GradiometerError: If there is none, or its file cannot be loaded.
    """
    problem, draw = chosen(what, at, wrt)
    if draw is None:
        return problem, []
    inputs = problem.point(problem.labels[0]).inputs
    return problem, [inputs | draw(np.random.default_rng(0))[1]]


def chosen(
    what: str, at: Sequence[str], wrt: Sequence[str], plugins: Sequence[Path] = ()
) -> tuple[Problem, Drawn | None]:
    """Return the function that is named, as a problem, and what draws inputs of a problem.

    Args:
        what: A problem's name, `FILE.py:name`, or `package.module:name`.
        at: The arguments that a function is called with; of a problem, inputs to draw.
        wrt: Which arguments are differentiated.
        plugins: Files or folders with further problems.

    Raises:
        GradiometerError: If there is none, or its file cannot be loaded.
    """
    arguments = Arguments(tuple(at), tuple(wrt))
    registry = Registry() if ":" in what and not plugins else loader.load(plugins)
    problem = choose_problem(registry, what, arguments).address.load()
    if isinstance(problem.function, Written) or not arguments:
        return problem, None
    if wrt:
        raise GradiometerError(
            f"{what} is a problem, of which every input is differentiated: leave out --wrt."
        )
    return problem, drawn(arguments.values())[1]


def named(what: str, problem: Problem) -> Any:
    """Return what `FILE.py:name`, `package.module:name`, or a name beside a function stands for.

    Raises:
        GradiometerError: If there is no such thing.
    """
    if ":" in what:
        return Called.named(what, Arguments()).found()
    beside = scope(problem)
    if what not in beside:
        functions = [
            key for key, value in beside.items()
            if callable(value) and not isinstance(value, Problem) and key[0] != "_"
        ]  # fmt: skip
        raise UnknownName("function", what, functions)
    return beside[what]
