"""Makes a problem of a function as it stands, written with NumPy and `math`, or in a framework."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, describe
from gradiometer.tracing.arguments import results, wrong
from gradiometer.tracing.calling import Argnums, Calling
from gradiometer.tracing.framework_problem import framework_problem
from gradiometer.tracing.frameworks import framework_of
from gradiometer.tracing.function import MOST_RECORDED
from gradiometer.tracing.lazy import lazy_modules_hidden
from gradiometer.tracing.users import users_file
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
        return framework_problem(native, function, args, kwargs, argnums, at, name)
    made = Calling(function, args, kwargs, argnums, at, root)
    declared = made.leaves(np.random.default_rng(0))
    program, found = made.program, declared
    returned = _outcome(made, found)
    program.outputs = tuple(returned)
    constant = not made.drawn
    problem = Problem(
        name or made.title,
        program,
        {k: found[k] for k in program.inputs} if constant else made.inputs,
        {k: found[k] for k in program.given} if constant else made.given,
        source=made.where,
        outputs=_output_names(returned),
    )
    shapes = [np.shape(y) for y in returned.values()]
    program.points = functools.partial(_points, problem, shapes)
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


def _output_names(returned: Mapping[str, Any]) -> tuple[str, ...]:
    if list(returned) == [""]:
        return () if np.ndim(returned[""]) == 0 else ("y",)
    return tuple(returned)


def _outcome(made: Calling, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the function returns, by names, called once as it is.

    Raises:
        GradiometerError: If it fails, or returns what has no derivative.
    """
    try:
        with np.errstate(all="ignore"), lazy_modules_hidden():
            returned = made.program.run(values)
    except GradiometerError:
        raise
    except Exception as error:
        own = [f for f in traceback.extract_tb(error.__traceback__) if users_file(f.filename)]
        at = f" at {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
        raise GradiometerError(
            f"{made.title!r} fails when it is called: {describe(error)}{at}."
        ) from error
    what = wrong(returned) or _no_array(returned)
    if what:
        raise GradiometerError(f"{made.title!r} returns {what}")
    found = results(returned)
    for name, y in found.items():
        kind = np.asarray(y).dtype.kind if not isinstance(y, str | None) else "O"
        what = wrong(y) or (f"{type(y).__name__}: expected real numbers." if kind != "f" else "")
        if what:
            raise GradiometerError(f"{made.title!r} returns {what}{name and f' ({name})'}")
    if not found:
        raise GradiometerError(
            f"{made.title!r} returns no real number: expected a float or arrays."
        )
    return found


def _no_array(returned: Any) -> str:
    if returned is None:
        return "None: expected a number or arrays. End it by `return`."
    if isinstance(returned, str):
        return "a str: expected a number or arrays."
    if isinstance(returned, bool | int | np.bool_ | np.integer):
        kind = type(returned).__name__
        return f"{kind}: expected a float. A count has no derivative; write 1.0 for 1."
    return ""


def _points(problem: Problem, shapes: list[Any]) -> Iterator[Point]:
    """Yield the declared point, then points that may lie in other branches."""
    points = problem.points(outline=lambda at: shapes)
    yield points.declared.point
    for number in range(1, 5):
        checked = (points.declared,) * number
        for each in islice(
            problem.candidates(replace(points, checked=checked)), MOST_RECORDED // 4
        ):
            yield each.point
