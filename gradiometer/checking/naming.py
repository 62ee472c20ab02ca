"""Finds what is named on the command line: a function, and what is said to differentiate it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.plugins import loader
from gradiometer.plugins.own import Arguments, Called
from gradiometer.plugins.registry import Registry
from gradiometer.plugins.selection import choose_problem
from gradiometer.tracing.at import drawn
from gradiometer.tracing.function import OwnFunction
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
    arguments = Arguments(tuple(at), tuple(wrt))
    registry = Registry() if ":" in what else loader.load()
    entry = choose_problem(registry, what, arguments)
    problem = entry.address.load()
    if isinstance(problem.function, OwnFunction) or not arguments:
        return problem, []
    if wrt:
        raise GradiometerError(f"{what} is a problem, of which every input is differentiated.")
    _, draw = drawn(arguments.values())
    inputs = problem.point(problem.labels[0]).inputs
    return problem, [inputs | draw(np.random.default_rng(0))[1]]


def named(what: str, problem: Problem) -> Any:
    """Return what `FILE.py:name`, `package.module:name`, or a name beside a function stands for.

    Raises:
        GradiometerError: If there is no such thing.
    """
    if ":" in what:
        return Called.named(what, Arguments()).found()
    beside = vars(sys.modules.get(problem.written.__module__, sys))
    if what not in beside:
        functions = [key for key, value in beside.items() if callable(value) and key[0] != "_"]
        raise UnknownName("function", what, functions)
    return beside[what]
