"""Makes a problem of a function as it stands, written with NumPy and `math`, or in a framework."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.tracing.calling import Argnums, Calling
from gradiometer.tracing.frameworks import framework_of
from gradiometer.tracing.function import MOST_RECORDED
from gradiometer.tracing.native_calling import NativeCalling
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.problem import Problem


def own_problem(
    function: Callable[..., Any],
    *args: Any,
    argnums: Argnums = None,
    at: Any = None,
    name: str | None = None,
    root: str = "",
    **kwargs: Any,
) -> Problem:
    """Return a function as a problem, with the arguments to differentiate it at.

    Real numbers of the differentiated arguments, in any nesting of dicts, lists, tuples and
    dataclasses, are its inputs. Arrays of real numbers in the other arguments are given values; all
    else is part of the function. The function is called once, with NumPy, to learn what it returns.

    Args:
        function: A function, method, partial, or object with `__call__`.
        *args: Its positional arguments; parameters with defaults may be left out.
        argnums: Which arguments to differentiate, by position or by name; by default those that
            are passed by position, and those without default; all, if there are none of either.
        at: Further arguments by name, or a function that returns arguments: a dict by name, a tuple
            by position. Where it takes `rng`, it draws them. What `gradiometer.tracing.random`
            makes is drawn, too.
        name: The problem's name; the function's by default.
        root: A package of the user's that is installed.
        **kwargs: Its keyword arguments.

    Raises:
        GradiometerError: If it cannot be called so, has no real number to differentiate, or returns
            what has no derivative.

    Example:
        >>> def loss(w, x):
        ...     return np.sum(np.tanh(x @ w) ** 2)
        >>> problem = own_problem(loss, np.ones(3), np.eye(3), argnums=0)
        >>> problem.points().signature.n
        3
    """
    native = framework_of(function, args, kwargs)
    if native:
        made: Calling = NativeCalling(native, function, args, kwargs, argnums, at)
    else:
        made = Calling(function, args, kwargs, argnums, at, root)
    found = made.leaves(np.random.default_rng(0))
    program, shapes = made.program, made.outcome(found)
    inputs, given = ({k: found[k] for k in names} for names in program.names)
    problem = Problem(
        name or made.title,
        program,
        made.inputs if made.drawn else inputs,
        made.given if made.drawn else given,
        source=made.where,
        outputs=_output_names(shapes),
    )
    program.points = functools.partial(_points, problem, tuple(shapes.values()))
    return problem


def as_problem(
    function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], argnums: Argnums, at: Any,
    instead: str,
) -> Problem:  # fmt: skip
    """Return a problem as it is, and a function as a problem.

    Args:
        function: The function, or a `Problem`, which has a point.
        args: The function's arguments by position; of a problem none.
        kwargs: Those by name.
        argnums: Which of them are differentiated.
        at: Further ones.
        instead: What to do in place of giving a problem arguments.

    Raises:
        GradiometerError: As `own_problem`; or if a problem is given arguments.
    """
    if not isinstance(function, Problem):
        return own_problem(function, *args, argnums=argnums, at=at, **kwargs)
    if args or kwargs or at is not None or argnums is not None:
        raise GradiometerError(f"{function.name} is a problem, which has a point: {instead}")
    return function


def _output_names(shapes: Mapping[str, tuple[int, ...]]) -> tuple[str, ...]:
    if list(shapes) == [""]:
        return ("y",) if shapes[""] else ()
    return tuple(shapes)


def _points(problem: Problem, shapes: tuple[Any, ...]) -> Iterator[Point]:
    """Yield the declared point, then points that may lie in other branches."""
    dtype = problem.dtype
    points = problem.points(dtype=dtype, outline=lambda at: shapes)
    yield points.declared.point
    for number in range(1, 5):
        checked = (points.declared,) * number
        candidates = problem.candidates(replace(points, checked=checked), dtype=dtype)
        for each in islice(candidates, MOST_RECORDED // 4):
            yield each.point
