"""A problem: a mathematical function, written once, with the points to differentiate it at.

This is what the author of a file in `problems/` meets. It knows arrays and random generators; it
must not know how anything is differentiated.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gradiometer.errors import GradiometerError, UnknownName, listing
from gradiometer.vocabulary.drawing import DRAWS, Draw, Drawn
from gradiometer.vocabulary.point import Argument, Point, Points, Signature
from gradiometer.vocabulary.space import Shape, Space
from gradiometer.vocabulary.value import value

Outline = Callable[[Point], Sequence[Shape]]
"""Finds the shapes of a function's outputs at a point."""

DERIVATIVES = ("gradient", "jacobian", "hessian", "jvp", "vjp", "hvp")
"""The operators that a problem's author can write by hand."""

FRESH = ("fresh 1", "fresh 2")
"""What fresh points are drawn for."""


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
        also_at: Further points at which answers are checked, as `at` is given; where there are
            fewer than two, others are drawn.
        derivatives: Hand-coded operators by name; see `Problem.derivative`.
        larger: Further sizes, each of which is taken only where it is named in full.
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
    also_at: Sequence[Drawn] = ()
    derivatives: dict[str, Callable[..., Any]] = field(default_factory=dict)
    larger: tuple[Any, ...] = ()

    def __call__(self, *inputs: Any, **given: Any) -> Any:
        """Return the function's value, computed with NumPy: a number, an array, or a tuple of them.

        Args:
            *inputs: All inputs in order, of the shapes that they have at one of the sizes; without
                them the declared point of the first size is taken.
            **given: Given values, in the place of those that belong to that size.

        Raises:
            GradiometerError: If they are not as many, not of such shapes, or no real numbers.
        """
        declared = (self.point(label, dtype=self.dtype) for label in self.labels)
        return value(self.name, self.function, declared, inputs, given)

    def __repr__(self) -> str:
        summary = (inspect.getdoc(self.written) or "").partition("\n")[0].rstrip(".")
        sizes = f"sizes {listing(self.labels, 4)}" if self.sizes else ""
        told = "; ".join(filter(None, (summary, sizes)))
        return f"Problem({self.name}{self._called()}{told and f': {told}'})"

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
        function = getattr(self.function, "written", self.function)
        while isinstance(function, functools.partial):
            function = function.func
        return function

    @property
    def dtype(self) -> str:
        """What its numbers are unless another type is asked for: what it was written in."""
        return getattr(self.function, "dtype", "float64")

    @property
    def labels(self) -> tuple[str, ...]:
        """The sizes as text; one empty label for a problem that has a single size."""
        return tuple(str(s) for s in self.sizes) or ("",)

    @property
    def larger_labels(self) -> tuple[str, ...]:
        """The larger sizes as text."""
        return tuple(map(str, self.larger))

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
        point = self._draw(label, seed, dtype).point("check")
        self._check_names(point)
        return point

    def points(
        self,
        label: str = "",
        seed: int = 0,
        dtype: str = "float64",
        *,
        outline: Outline = lambda point: (),
    ) -> Points:
        """Return the declared point, one to prepare methods at, and fresh ones.

        What the problem draws is drawn anew for each; a component that is fixed is shrunk by 1 to
        5%, seeded. A derivative that was frozen, or an argument that was folded into a constant
        during preparation, thus differs from the truth at the declared point.

        Args:
            label: One of `labels`.
            seed: Seed of the run.
            dtype: What the numbers are.
            outline: Finds the outputs' shapes, without which a vector problem has no cotangents;
                those of a scalar problem are known.

        Raises:
            GradiometerError: As `point`.
        """
        declared = self.point(label, seed, dtype)
        shapes = outline(declared) if self.outputs else [()]
        outputs = Space(dict(zip(self.output_names, shapes, strict=False)))
        signature = Signature(Space.of(declared.inputs), outputs)
        draw = self._draw(label, seed, dtype)
        near = (draw.near(declared, purpose) for purpose in FRESH)
        fresh = tuple(draw.along(signature, *each) for each in zip(near, FRESH, strict=True))
        preparation = draw.along(signature, draw.near(declared, "prepare"), "prepare")
        return Points(signature, (draw.along(signature, declared, "check"),), preparation, fresh)

    def candidates(
        self, points: Points, label: str = "", seed: int = 0, dtype: str = "float64"
    ) -> Iterator[Argument]:
        """Yield what could be checked beside the points that are, in the order to try them.

        Those that the author names in `also_at` come first, one each; then twenty draws. What the
        problem draws is drawn anew, and moved in the second half of them; what is fixed is moved
        (`gradiometer.vocabulary.drawing`).

        Raises:
            GradiometerError: As `point`.
        """
        number, declared = len(points.checked), points.declared.point
        draw = self._draw(label, seed, dtype)
        if number <= len(self.also_at):
            named = replace(draw, at=self.also_at[number - 1]).point("check")
            self._check_names(named)
            at = Point(named.inputs, declared.given)
            yield draw.along(points.signature, at, f"check {number}")
            return
        for attempt in range(DRAWS):
            purpose = f"check {number}/{attempt}"
            at = draw.far(declared, purpose, number, attempt)
            yield draw.along(points.signature, at, purpose)

    def _draw(self, label: str, seed: int, dtype: str) -> Draw:
        labels = self.labels + self.larger_labels
        if label not in labels:
            known = [text for text in labels if text]
            raise UnknownName(f"size of problem {self.name!r}", label, known)
        sizes = (*self.sizes, *self.larger)
        size = {str(each): each for each in sizes}.get(label)
        return Draw(self.name, self.at, self.constants, size, label, seed, dtype)

    def _called(self) -> str:
        """Return how it is called: its inputs, and behind a star its given values, by name."""
        try:
            parameters = list(inspect.signature(self.function).parameters.values())[1:]
        except (TypeError, ValueError):  # which no point fits either
            return "(…)"
        plain = [p.replace(annotation=p.empty, default=p.empty) for p in parameters]
        return str(inspect.Signature(plain)).replace(", /", "")

    def _check_names(self, point: Point) -> None:
        inputs, given = point.inputs, point.given
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
    larger: Sequence[Any] = (),
    source: str = "",
    outputs: Sequence[str] = (),
    name: str | None = None,
    on_request: bool = False,
    expected: Mapping[str, str] | None = None,
    also_at: Sequence[Drawn] = (),
) -> Callable[[Callable[..., Any]], Problem]:
    """Make a `Problem` of a function `f(xp, *inputs, **given)`; used as a decorator.

    Args:
        at: Inputs by name, or a function of `(size, rng)` that draws them.
        given: Constants by name, or a function of `(size, rng)`.
        sizes: The sizes to run it at, smallest first.
        larger: Sizes to run it at only where one is named in full, `--size 2000x1000`.
        source: Paper, book or document it is from.
        outputs: Names of a vector problem's outputs; none for a scalar problem.
        name: Registered name; the function's own in kebab-case by default.
        on_request: Whether to measure it only where it is named.
        expected: Statuses that cells are known to end with, by glob patterns of methods' names.
        also_at: Further points to check answers at, each as `at` is given: in other branches of
            the function, say, or where drawn points would leave its domain.

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
        facts = (tuple(sizes), source, tuple(outputs), on_request, expected or {}, tuple(also_at))
        return Problem(registered, function, at, given or {}, *facts, larger=tuple(larger))

    return decorate
