"""Finds what is named on the command line: a function, and a backward pass of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gradiometer.checking.naming import chosen, named
from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.vocabulary.problem import Problem


def find(
    what: str, at: Sequence[str] = (), wrt: Sequence[str] = (), plugins: Sequence[Path] = ()
) -> Problem:
    """Return the function that is named, as a problem.

    Args:
        what: A problem's name, `FILE.py:name`, or `package.module:name`.
        at: The arguments that a function is called with; of a problem, inputs to put at its point.
        wrt: Which arguments are differentiated.
        plugins: Files or folders with further problems.

    Raises:
        GradiometerError: If there is none, or its file cannot be loaded.
    """
    problem, draw = chosen(what, at, wrt, plugins)
    if draw is None:
        return problem
    declared = problem.at

    def moved(size: Any, rng: np.random.Generator) -> dict[str, Any]:
        inputs = dict(declared(size, rng) if callable(declared) else declared)
        _, at_them = draw(rng)
        for name, x in at_them.items():
            if name not in inputs:
                raise UnknownName(f"input of {problem.name!r}", name, list(inputs))
            if np.shape(x) != np.shape(inputs[name]):
                raise GradiometerError(
                    f"--at gives {name} the shape {np.shape(x)}: {np.shape(inputs[name])} expected."
                )
        return inputs | at_them

    return replace(problem, at=moved)


def beside(what: str, problem: Problem) -> Any:
    """Return what `FILE.py:name`, `package.module:name`, or a name beside a function stands for.

    Raises:
        GradiometerError: If there is no such function.
    """
    found = named(what, problem)
    if not callable(found) or isinstance(found, type | Problem):
        raise GradiometerError(f"{what!r} is no function: expected a backward pass.")
    return found
