"""The built-in problems and methods as objects, and the points of any problem."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from gradiometer import Argument, Method, Problem
from gradiometer.plugins import loader
from gradiometer.plugins.registry import Registry
from gradiometer.reference.lookup import outline
from gradiometer.vocabulary.point import Points


@cache
def registry() -> Registry:
    """Return the registry of all that is built in."""
    return loader.load()


@cache
def problem(name: str) -> Problem:
    """Return a built-in problem."""
    return registry().problems[name].address.load()


@cache
def method(name: str) -> Method:
    """Return a built-in method."""
    return registry().methods[name].address.load()


def size(of: Problem, label: str) -> int:
    """Return the number of scalar inputs."""
    return sum(a.size for a in of.point(label).inputs.values())


PROBLEMS = {name: problem(name) for name in registry().problems}
METHODS = {name: method(name) for name in registry().methods}


def points(of: Problem, label: str = "", seed: int = 0, count: int = 1) -> Points:
    """Return the points of a problem, with directions; the first candidates beside the declared."""
    found = of.points(label, seed, outline=lambda at: outline(of, at))
    while len(found.checked) < count:
        at = next(of.candidates(found, label, seed))
        found = replace(found, checked=(*found.checked, at))
    return found


def argument(of: Problem, label: str = "", seed: int = 0) -> Argument:
    """Return the declared point of a problem, with directions."""
    return points(of, label, seed).declared
