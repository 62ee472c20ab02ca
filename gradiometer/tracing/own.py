"""Makes a problem of a function as it stands, written with NumPy and `math`."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, UnknownName, describe
from gradiometer.tracing.arguments import Leaves, results, wrong
from gradiometer.tracing.at import drawn, random
from gradiometer.tracing.function import MOST_RECORDED, OwnFunction
from gradiometer.tracing.users import users_file
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.problem import Problem

Argnums = int | str | Sequence[int | str] | None


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
    made = _Making(function, args, kwargs, argnums, at, root)
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


def _output_names(returned: Mapping[str, Any]) -> tuple[str, ...]:
    if list(returned) == [""]:
        return () if np.ndim(returned[""]) == 0 else ("y",)
    return tuple(returned)


class _Making:
    """A function and what it is called with."""

    def __init__(
        self, function: Any, args: Any, kwargs: Any, argnums: Argnums, at: Any, root: str
    ) -> None:
        self.function = function
        self.title, self.where = title(function), where(function)
        self.drawn, self._at = drawn(at)
        self._args, self._kwargs, self._argnums = args, kwargs, argnums
        self._root = root
        if inspect.isclass(function):
            raise GradiometerError(
                f"{self.title!r} is a class: expected a function. Name an instance that can be "
                "called, or a method of one."
            )
        if not callable(function):
            what = type(function).__name__
            raise GradiometerError(f"{what} cannot be called: expected a function.")
        try:
            self._signature = inspect.signature(function)
        except (TypeError, ValueError):  # NumPy's universal functions
            kind = inspect.Parameter.POSITIONAL_ONLY
            count = max(len(args), getattr(function, "nin", 0))
            names = ("x", "y", "z", "u", "v", "w")[:count]
            self._signature = inspect.Signature([inspect.Parameter(n, kind) for n in names])
        self.program: Any = None

    def leaves(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return the values of inputs and given values; the first time, make the program."""
        bound = self._bound(rng)
        leaves, given = Leaves(self.title), Leaves(self.title)
        chosen = self._chosen(bound)

        def taken(parameter: str, x: Any) -> Any:
            if parameter in chosen:
                return leaves.take(parameter, x)
            return given.take(parameter, x, held=True)

        positional: list[Any] = []
        named: dict[str, Any] = {}
        for parameter, x in bound.arguments.items():
            kind = self._signature.parameters[parameter].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                positional += [taken(parameter, each) for each in x]
            elif kind is inspect.Parameter.VAR_KEYWORD:
                named |= {k: leaves.take(k, v) for k, v in x.items()}
            elif kind is inspect.Parameter.KEYWORD_ONLY:
                named[parameter] = taken(parameter, x)
            else:
                positional.append(taken(parameter, x))
        clash = set(leaves.values) & set(given.values)
        if clash:
            raise GradiometerError(f"Two arguments are named {sorted(clash)[0]!r}: rename one.")
        if self.program is None:
            if not leaves.values:
                raise GradiometerError(self._nothing(bound))
            names = tuple(leaves.values), tuple(given.values)
            self.program = OwnFunction(self.function, positional, named, *names, root=self._root)
        return leaves.values | given.values

    def inputs(self, size: Any, rng: np.random.Generator) -> dict[str, Any]:
        """Draw the inputs."""
        self._state = rng.bit_generator.state
        found = self.leaves(rng)
        return {k: found[k] for k in self.program.inputs}

    def given(self, size: Any, rng: np.random.Generator) -> dict[str, Any]:
        """Draw the given values, from where the inputs were drawn: they belong together."""
        again = np.random.default_rng(0)
        again.bit_generator.state = self._state
        found = self.leaves(again)
        return {k: found[k] for k in self.program.given}

    def _bound(self, rng: np.random.Generator) -> inspect.BoundArguments:
        args, more = self._at(rng)
        kwargs = self._kwargs | more
        parameters = self._signature.parameters
        open_ = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        for each in kwargs:
            if each not in parameters and not open_:
                raise UnknownName(f"argument of {self.title!r}", each, list(parameters))
        positional = list(self._args or args)
        for parameter in list(parameters.values())[len(positional) :]:
            if parameter.kind is parameter.POSITIONAL_ONLY and parameter.name in kwargs:
                positional.append(kwargs.pop(parameter.name))
        try:
            bound = self._signature.bind(*positional, **kwargs)
        except TypeError as error:
            missing = [
                p.name
                for p in list(parameters.values())[len(positional) :]
                if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
                and p.name not in kwargs
            ]  # fmt: skip
            if not missing:
                raise GradiometerError(f"{self.title!r} cannot be called so: {error}.") from None
            options = " ".join(f"--at {each}=…" for each in missing)
            raise GradiometerError(
                f"{self.title!r} has no value for {', '.join(map(repr, missing))}: expected an "
                f"argument each. Give {options} (2.0, normal:3x4, or a file), or pass them in "
                "Python."
            ) from None
        bound.apply_defaults()
        return bound

    def _chosen(self, bound: inspect.BoundArguments) -> set[str]:
        """Return the names of the arguments that are differentiated.

        Raises:
            GradiometerError: If one of `argnums` is none of them.
        """
        parameters = list(self._signature.parameters.values())
        names = [p.name for p in parameters]
        if self._argnums is not None:
            several = self._argnums
            listed = [several] if isinstance(several, int | str) else several
            for each in listed:
                fits = each in names if isinstance(each, str) else -len(names) <= each < len(names)
                if not fits:
                    raise UnknownName(f"argument of {self.title!r}", str(each), names)
            return {each if isinstance(each, str) else names[each] for each in listed}
        first = names[: len(self._args)]
        needed = [p.name for p in parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY]
        return set(first) | set(needed) or set(names)

    def _nothing(self, bound: inspect.BoundArguments) -> str:
        kinds = {k: type(v).__name__ for k, v in bound.arguments.items()}
        told = ", ".join(f"{k} is {v}" for k, v in kinds.items()) or "it has no arguments"
        return (
            f"{self.title!r} has no real number to differentiate ({told}): expected floats, or "
            "arrays of floats. Write 2.0 for 2, or say which arguments by `argnums` (--wrt)."
        )


def _outcome(made: _Making, values: Mapping[str, Any]) -> dict[str, Any]:
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
        raise GradiometerError(f"{made.title!r} fails when it is called: {describe(error)}{at}.") from error
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
        raise GradiometerError(f"{made.title!r} returns no real number: expected a float or arrays.")
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
        for each in islice(problem.candidates(replace(points, checked=checked)), MOST_RECORDED // 4):
            yield each.point


@contextmanager
def lazy_modules_hidden() -> Iterator[None]:
    """Take modules that were never used out of `sys.modules`, which SciPy would ask, and import."""
    lazy = importlib.util._LazyModule
    hidden = {name: module for name, module in sys.modules.items() if type(module) is lazy}
    for name in hidden:
        del sys.modules[name]
    try:
        yield
    finally:
        for name, module in hidden.items():
            sys.modules.setdefault(name, module)


def title(function: Any) -> str:
    """Return a function's name as a problem's: in kebab-case."""
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", "")
    if not name or name in ("__call__", "<lambda>"):
        held = getattr(function, "__self__", function)
        name = "function" if name == "<lambda>" else type(held).__name__
    return str(name).replace("_", "-").strip("-").lower() or "function"


def where(function: Any) -> str:
    """Return the file and line that a function is written at."""
    function = inspect.unwrap(function) if callable(function) else function
    function = getattr(function, "func", function)
    function = getattr(function, "__func__", function)
    if not hasattr(function, "__code__"):
        function = getattr(type(function), "__call__", function)
    code = getattr(function, "__code__", None)
    return f"{Path(code.co_filename).name}, line {code.co_firstlineno}" if code else ""


__all__ = ["own_problem", "random"]
