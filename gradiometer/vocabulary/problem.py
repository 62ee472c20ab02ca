"""A problem: a mathematical function, written once, with the points to differentiate it at.

This is what the author of a file in `problems/` meets. It knows arrays and random generators; it
must not know how anything is differentiated.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.vocabulary.point import Argument, Directions, Point, Points, Signature
from gradiometer.vocabulary.space import Array, Shape, Space

Values = Mapping[str, Any]
Drawn = Values | Callable[[Any, np.random.Generator], Values]
Outline = Callable[[Point], Sequence[Shape]]
"""Finds the shapes of a function's outputs at a point."""

DERIVATIVES = ("gradient", "jacobian", "hessian", "jvp", "vjp", "hvp")
"""The operators that a problem's author can write by hand."""


@dataclass(eq=False)
class Problem:
    """A function with its points, its source, and its hand-derived backward pass.

    Attributes:
        name: Registered name, kebab-case.
        function: `function(xp, *inputs, **given)`, written against an array namespace, or a
            `Program`.
        at: The inputs by name, or a function of `(size, rng)` that draws them.
        constants: The given values by name, or a function of `(size, rng)` that draws them.
        sizes: The sizes it comes in, smallest first; a size is whatever `at` understands.
        source: Where the problem is from.
        outputs: Names of the outputs of a vector problem, whose function returns one array for each
            (a tuple of them if they are several); empty for a scalar problem.
        on_request: Whether it is measured only where it is named, and not by default.
        expected: How cells are known to end that do not end as `ok`: a status by glob patterns of
            methods' names. Such a cell is no fault of the run.
        derivatives: Hand-coded operators by name; see `Problem.derivative`.
    """

    name: str
    function: Callable[..., Any]
    at: Drawn
    constants: Drawn = field(default_factory=dict)
    sizes: tuple[Any, ...] = ()
    source: str = ""
    outputs: tuple[str, ...] = ()
    on_request: bool = False
    expected: Mapping[str, str] = field(default_factory=dict)
    derivatives: dict[str, Callable[..., Any]] = field(default_factory=dict)

    def backprop(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Register the hand-coded backward pass; used as a decorator.

        It is `backward(*inputs, **given)` for a scalar problem, the gradient; and
        `backward(*inputs, *cotangents, **given)` for a vector problem, the pullback. It returns one
        derivative an input, in order.
        """
        return self.derivative("vjp" if self.outputs else "gradient")(function)

    def derivative(self, operator: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a hand-coded operator; used as a decorator, `@p.derivative("jacobian")`.

        The function is called with the inputs, then the directions (tangents of `jvp` and `hvp`,
        cotangents of `vjp`), then the given values by name. It returns what the operator's answer
        is (`gradiometer.vocabulary.operators`): a Jacobian or Hessian as one matrix, or in blocks.

        Raises:
            UnknownName: If there is no such derivative.
        """
        if operator not in DERIVATIVES:
            raise UnknownName("derivative", operator, DERIVATIVES)

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self.derivatives[operator] = function
            return function

        return register

    @property
    def backward(self) -> Callable[..., Any] | None:
        """The hand-coded backward pass, if there is one."""
        return self.derivatives.get("vjp" if self.outputs else "gradient")

    @property
    def output_names(self) -> tuple[str, ...]:
        """One name an output; a scalar problem's is `value`."""
        return self.outputs or ("value",)

    @property
    def written(self) -> Callable[..., Any]:
        """The function as it is written, without the arguments that `functools.partial` binds."""
        function = self.function
        while isinstance(function, functools.partial):
            function = function.func
        return function

    @property
    def labels(self) -> tuple[str, ...]:
        """The sizes as text; one empty label for a problem that has a single size."""
        return tuple(str(s) for s in self.sizes) or ("",)

    def point(self, label: str = "", seed: int = 0, dtype: str = "float64") -> Point:
        """Return the declared point.

        Args:
            label: One of `labels`.
            seed: Seed of the run; the draw depends on it, the problem's name and the size.
            dtype: What its numbers are.

        Raises:
            UnknownName: If the problem has no such size.
            GradiometerError: If the drawn values do not fit the function.
        """
        return self._draw(label, seed, dtype, "check")

    def points(
        self,
        label: str = "",
        seed: int = 0,
        dtype: str = "float64",
        *,
        count: int = 1,
        outline: Outline = lambda point: (),
    ) -> Points:
        """Return the points at which answers are checked, and another to prepare methods at.

        The first is the declared one. A problem that draws its point draws the others, too; a fixed
        point is shrunk by 1 to 5% in each component, seeded. A derivative that was frozen, or an
        argument that was folded into a constant during preparation, thus differs from the truth at
        the points that are checked.

        Args:
            label: One of `labels`.
            seed: Seed of the run.
            dtype: What the numbers are.
            count: How many points are checked.
            outline: Finds the outputs' shapes, without which a vector problem has no cotangents;
                those of a scalar problem are known.

        Raises:
            GradiometerError: As `point`.
        """
        check = self.point(label, seed, dtype)
        shapes = outline(check) if self.outputs else [()]
        outputs = Space(dict(zip(self.output_names, shapes, strict=False)))
        signature = Signature(Space.of(check.inputs), outputs)

        def argument(purpose: str, shrink: str = "") -> Argument:
            point = check
            if shrink:
                other, rng = self._draw(label, seed, dtype, purpose), self._rng(label, seed, shrink)
                point = Point(
                    {k: _apart(a, other.inputs[k], rng) for k, a in check.inputs.items()},
                    {k: _apart(a, other.given[k], rng) for k, a in check.given.items()},
                )
            rng = self._rng(label, seed, f"{purpose}/directions")
            drawn = (signature.inputs.draw(rng, dtype), signature.outputs.draw(rng, dtype))
            return Argument(point, Directions(*drawn))

        others = [argument(f"check {k}", f"shrink {k}") for k in range(1, count)]
        checked = (argument("check"), *others)
        return Points(signature, checked, argument("prepare", "shrink"))

    def _draw(self, label: str, seed: int, dtype: str, purpose: str) -> Point:
        if label not in self.labels:
            known = [text for text in self.labels if text]
            raise UnknownName(f"size of problem {self.name!r}", label, known)
        size = dict(zip(self.labels, self.sizes, strict=False)).get(label)
        rng = self._rng(label, seed, purpose)
        drawn = _resolve(self.at, size, rng)
        inputs = {k: _floats(self.name, k, v, dtype) for k, v in drawn.items()}
        constants = _resolve(self.constants, size, rng)
        given = {k: _constant(self.name, k, v, dtype) for k, v in constants.items()}
        self._check_names(inputs, given)
        return Point(inputs, given)

    def _rng(self, label: str, seed: int, purpose: str) -> np.random.Generator:
        text = f"{seed}/{self.name}/{label}/{purpose}"
        return np.random.default_rng(list(hashlib.sha256(text.encode()).digest()))

    def _check_names(self, inputs: Values, given: Values) -> None:
        parameters = list(inspect.signature(self.function).parameters.values())[1:]
        positional = [
            p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        expected = positional + list(inputs)[len(positional) :] if variadic else positional
        if list(inputs) != expected:
            raise GradiometerError(
                f"Problem {self.name!r} has inputs {list(inputs)}: its function takes {expected}. "
                "Name them in `at` as the function does, in the same order."
            )
        named = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
        required = {p.name for p in named if p.default is p.empty}
        if not required <= set(given) <= {p.name for p in named}:
            raise GradiometerError(
                f"Problem {self.name!r} has given values {sorted(given)}: its function takes "
                f"{sorted(p.name for p in named)} after the star. Name them in `given`."
            )


def problem(
    *,
    at: Drawn,
    given: Drawn | None = None,
    sizes: Sequence[Any] = (),
    source: str = "",
    outputs: Sequence[str] = (),
    name: str | None = None,
    on_request: bool = False,
    expected: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., Any]], Problem]:
    """Make a `Problem` of a function `f(xp, *inputs, **given)`; used as a decorator.

    Args:
        at: Inputs by name, or a function of `(size, rng)` that draws them.
        given: Constants by name, or a function of `(size, rng)`.
        sizes: The sizes to run it at, smallest first.
        source: Paper, book or document it is from.
        outputs: Names of a vector problem's outputs; none for a scalar problem.
        name: Registered name; the function's own in kebab-case by default.
        on_request: Whether to measure it only where it is named.
        expected: Statuses that cells are known to end with, by glob patterns of methods' names.

    Example:
        >>> @problem(at={"x": 3.0})
        ... def square(xp, x):
        ...     '''y = x²'''
        ...     return x * x
        >>> square.name, square.points().signature.n
        ('square', 1)
    """

    def decorate(function: Callable[..., Any]) -> Problem:
        registered = name or function.__name__.replace("_", "-")
        facts = (tuple(sizes), source, tuple(outputs), on_request, expected or {})
        return Problem(registered, function, at, given or {}, *facts)

    return decorate


def _resolve(drawn: Drawn, size: Any, rng: np.random.Generator) -> Values:
    return drawn(size, rng) if callable(drawn) else drawn


def _floats(problem_name: str, name: str, value: Any, dtype: str) -> Array:
    array = _cast(np.array(value, dtype=np.float64), dtype)
    if not np.isfinite(array).all():
        raise GradiometerError(
            f"Input {name!r} of problem {problem_name!r} is not finite in {dtype}: {value!r}. "
            "Choose a point inside the function's domain."
        )
    return array


def _constant(problem_name: str, name: str, value: Any, dtype: str) -> Array:
    array = np.array(value)
    if array.dtype.kind != "f":
        return array
    found = _cast(array, dtype)
    if (np.isinf(found) & ~np.isinf(array)).any():
        raise GradiometerError(
            f"The given value {name!r} of problem {problem_name!r} is beyond {dtype}: {value!r}. "
            "Measure the problem in float64."
        )
    return found


def _cast(array: Array, dtype: str) -> Array:
    with np.errstate(over="ignore"):  # what becomes infinite is refused
        return array.astype(dtype)


def _apart(check: Array, other: Array, rng: np.random.Generator) -> Array:
    if check.dtype.kind != "f" or check.shape != other.shape:
        return other
    shrunk = check * (1.0 - rng.uniform(0.01, 0.05, size=check.shape))
    return np.where(check == other, shrunk, other).astype(check.dtype)
