"""Makes a problem of a function that is written in a framework."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, describe
from gradiometer.tracing.at import drawn
from gradiometer.tracing.calling import Argnums, title, where
from gradiometer.tracing.frameworks import framework
from gradiometer.tracing.native_function import NativeFunction
from gradiometer.tracing.taken import Taken
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Array

MOST_RECORDED = 6
"""Points in each of four distances at which branches are looked for."""


class FrameworkCall:
    """A framework's function and what it is called with, drawn where that is asked for.

    Args:
        name: The framework's name.
        function: The function, or a module.
        args: Its positional arguments.
        kwargs: Its arguments by name.
        argnums: Which are differentiated.
        at: Further arguments by name, or a function that returns, or draws, arguments.
    """

    def __init__(
        self, name: str, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any],
        argnums: Argnums, at: Any,
    ) -> None:  # fmt: skip
        self.folder = framework(name)
        self.function, self.argnums = function, argnums
        self.drawn, self._at = drawn(at)
        self._args, self._kwargs = args, kwargs

    def taken(self, rng: np.random.Generator) -> Taken:
        """Return the function of flat arrays.

        Raises:
            GradiometerError: If it cannot be called so, or fails.
        """
        args, more = self._at(rng)
        bound = self._bound(self._args or args, {**self._kwargs, **more})
        try:
            return self.folder.taken(self.function, bound.args, bound.kwargs, self.argnums)
        except GradiometerError:
            raise
        except Exception as error:
            raise GradiometerError(
                f"{title(self.function)!r} fails when it is called: {describe(error)}."
            ) from error

    def arrays(self, which: str, size: Any, rng: np.random.Generator) -> dict[str, Array]:
        """Draw the inputs, or the given values from where the inputs were drawn."""
        if which == "inputs":
            self._state = rng.bit_generator.state
        else:
            rng = np.random.default_rng(0)
            rng.bit_generator.state = self._state
        found = self.taken(rng)
        return {name: found.arrays[name] for name in getattr(found, which)}

    def _bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> inspect.BoundArguments:
        called = getattr(self.function, "forward", self.function)
        try:
            signature = inspect.signature(called)
        except (TypeError, ValueError):
            return inspect.Signature.from_callable(lambda *a, **k: None).bind(*args, **kwargs)
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise GradiometerError(
                f"{title(self.function)!r} cannot be called so: {error}. Give --at NAME=…, or pass "
                "it in Python."
            ) from None
        bound.apply_defaults()
        return bound


def framework_problem(
    name: str, function: Any, args: Sequence[Any], kwargs: Mapping[str, Any], argnums: Argnums,
    at: Any, called: str | None,
) -> Problem:  # fmt: skip
    """Return a framework's function as a problem.

    Args:
        name: The framework's name.
        function: The function, or a module.
        args: Its positional arguments.
        kwargs: Its arguments by name.
        argnums: Which are differentiated, by position or name.
        at: Further arguments.
        called: The problem's name; the function's by default.

    Raises:
        GradiometerError: If it cannot be called so, or returns what has no derivative.
    """
    call = FrameworkCall(name, function, args, kwargs, argnums, at)
    declared = call.taken(np.random.default_rng(0))
    program = NativeFunction(name, function, declared)
    shapes = [y.shape for y in _outcome(program, declared, title(function))]
    outputs = declared.outputs
    if list(outputs) == [""]:
        outputs = () if shapes == [()] else ("y",)
    inputs, given = ({k: declared.arrays[k] for k in names} for names in program.names)
    problem = Problem(
        called or title(function),
        program,
        partial(call.arrays, "inputs") if call.drawn else inputs,
        partial(call.arrays, "given") if call.drawn else given,
        source=where(function),
        outputs=outputs,
    )
    program.points = partial(_points, problem, shapes)
    return problem


def _outcome(program: NativeFunction, taken: Taken, name: str) -> Sequence[Array]:
    given = {k: taken.arrays[k] for k in taken.given}
    try:
        return program.original([taken.arrays[k] for k in taken.inputs], given)
    except GradiometerError:
        raise
    except Exception as error:
        raise GradiometerError(f"{name!r} fails when it is called: {describe(error)}.") from error


def _points(problem: Problem, shapes: Any) -> Iterator[Point]:
    """Yield the declared point, then points that may lie in other branches."""
    dtype = problem.function.dtype  # type: ignore[attr-defined]
    points = problem.points(dtype=dtype, outline=lambda at: tuple(shapes))
    yield points.declared.point
    for each in islice(problem.candidates(points, dtype=dtype), MOST_RECORDED):
        yield each.point
