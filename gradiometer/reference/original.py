"""A program that was made of a function must compute what the function does.

What is not traced (text, files, the types of arguments, a library's own checks) can decide what a
function computes. So the function is called as it is, and its value compared with the enclosure of
the program's: a certificate of another function is none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, ReferenceFailure
from gradiometer.reference.answers import flat
from gradiometer.reference.forward import Forward
from gradiometer.reference.numeric import floats
from gradiometer.reference.refusals import failure
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.program import Program

CLOSE = 1e-6
"""Difference, relative to the largest component, that iterations may leave."""

TIMES_BOUND = 8.0
"""Difference, over what rounding can do to the program: libraries may add in another order."""


def refuse_another_function(problem: Problem, point: Point, done: Forward) -> None:
    """Compare the value of a program with that of the function that it was made of.

    Raises:
        ReferenceFailure: If they differ by more than rounding explains, or the function fails.
    """
    program = problem.function
    if not isinstance(program, Program) or (returned := _returned(program, point)) is None:
        return
    again = _returned(program, point)
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(returned, again, strict=True)):
        raise no_function(problem)
    shapes = tuple(map(np.shape, returned))
    if shapes != done.shapes:
        raise _another(problem, f"arrays of shapes {shapes}", f"such of shapes {done.shapes}")
    value = np.concatenate([np.asarray(y, dtype=np.float64).ravel() for y in returned])
    with done.working():
        certified = np.concatenate([floats(y.value).ravel() for y in done.outputs])
        gap = _gaps(value, certified)
        allowed = CLOSE * np.max(np.abs(certified), initial=0.0)
        if not (gap > allowed).any():
            return
        beyond = gap > np.maximum(allowed, TIMES_BOUND * flat(done, done.outputs).bound)
    if beyond.any():
        k = int(np.argmax(np.where(beyond, gap, -1.0)))
        raise _another(problem, repr(float(value[k])), repr(float(certified[k])))


def _returned(program: Program, point: Point) -> Any:
    try:
        return program.original(list(point.inputs.values()), point.given)
    except (GradiometerError, MemoryError):
        raise
    except Exception as error:
        raise failure(error) from error


def no_function(problem: Problem) -> ReferenceFailure:
    """Return what is raised where two evaluations at one point differ."""
    return ReferenceFailure(
        f"{problem.name!r} is not a function of its inputs: two evaluations at one point "
        "differ. It must not use random numbers, the clock, or anything that it changes."
    )


def _gaps(value: Any, certified: Any) -> Any:
    """Return how far apart numbers are; those that are not finite are refused elsewhere."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.nan_to_num(np.abs(value - certified), nan=np.inf, posinf=np.inf)


def _another(problem: Problem, original: str, traced: str) -> ReferenceFailure:
    return ReferenceFailure(
        f"{problem.name!r} returns {original}, and {traced} where it is traced: it decides by "
        "something that cannot be traced, such as text, types, or a random number. Compute with "
        "its numbers alone."
    )
