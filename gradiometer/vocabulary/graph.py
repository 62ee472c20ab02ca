"""Programs as graphs: operations by name, loops, and guards that tell which branch was taken.

A graph is a list of steps. A step computes one value of earlier ones, or guards how a decision came
out that Python took on a value: then the steps that follow are known to be those of that branch. A
graph knows no framework: operators are Python's, functions are looked up in the namespace that it
is evaluated in, constants are NumPy's.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Any, cast

import numpy as np

from gradiometer.errors import GradiometerError, Unsupported
from gradiometer.vocabulary.place import at_place
from gradiometer.vocabulary.program import Program
from gradiometer.vocabulary.space import Array


class UnknownBranch(Unsupported):
    """A decision came out as in no evaluation that was recorded."""


@dataclass(frozen=True)
class Value:
    """A value of the evaluation: inputs are counted first, then given values, then operations."""

    number: int

    def find(self, xp: Any, values: Sequence[Any]) -> Any:
        """Return it."""
        return values[self.number]


@dataclass(frozen=True)
class Named:
    """What the namespace has under a name and is no function: π, or a type."""

    name: str

    def find(self, xp: Any, values: Sequence[Any]) -> Any:
        """Return it."""
        return operator.attrgetter(self.name)(xp)


@dataclass(frozen=True, eq=False)
class Constant:
    """An array of NumPy that is part of the program."""

    array: Array

    def find(self, xp: Any, values: Sequence[Any]) -> Any:
        """Return it as an array of the namespace, where that makes arrays."""
        own = self.array.copy()  # a tool may share its memory, and change it in place
        make = getattr(xp, "asarray", None)
        return own if make is None else make(own)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self.array.dumps() == other.array.dumps()


@dataclass(frozen=True)
class Operation:
    """A step that computes a value.

    Attributes:
        function: A function of the namespace by name, such as `exp` or `linalg.solve`; a program;
            a function of Python's `operator`; or `getattr` or `call_method`, for what a tool's
            arrays have of their own.
        arguments: `Value`, `Named`, `Constant` or plain values, in any nesting.
        options: Arguments by name.
        place: The line that it is from, ` at FILE, line N`.
    """

    function: str | Program | Callable[..., Any]
    arguments: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)
    place: str = field(default="", compare=False)

    def evaluate(self, xp: Any, values: Sequence[Any]) -> Any:
        """Return its result in a namespace."""
        function = self.function
        indexing = function in (operator.getitem, operator.setitem)
        arguments = [
            _found(each, None if indexing and k == 1 else xp, values)  # indices stay NumPy's
            for k, each in enumerate(self.arguments)
        ]
        options = _found(self.options, xp, values)
        if isinstance(function, Program):
            return function.evaluate(xp, arguments, options)
        called = operator.attrgetter(function)(xp) if isinstance(function, str) else function
        return called(*arguments, **options)


@dataclass(frozen=True)
class Guard:
    """A step that checks how a decision came out.

    Attributes:
        test: What is asked of the value: `bool`, `int` or `float`, `numbers_of` or `shape_of`.
        value: Of what.
        outcome: The answer that the steps behind it hold for.
        place: The line that decides, ` at FILE, line N`.
    """

    test: Callable[[Any], Any]
    value: Value | Named
    outcome: Any
    place: str = field(default="", compare=False)


def shape_of(array: Any) -> tuple[int, ...]:
    """Return an array's shape: as what a guard asks; numbers have no axes."""
    return tuple(getattr(array, "shape", ()))


def numbers_of(array: Any) -> tuple[Any, ...]:
    """Return an array's components, which do not depend on an input: as what a guard asks."""
    return tuple(np.asarray(array).ravel().tolist())


def call_method(array: Any, name: str, *arguments: Any, **options: Any) -> Any:
    """Call a method that arrays have of their own: as an operation's function."""
    return getattr(array, name)(*arguments, **options)


@dataclass(frozen=True)
class Graph(Program):
    """A function's operations on one branch.

    Attributes:
        inputs: Names of the inputs.
        given: Names of the given values.
        steps: Operations and guards, in order.
        result: What it returns: a `Value`, or a tuple of them.

    Example:
        >>> square = Graph(("x",), (), (Operation(operator.mul, (Value(0), Value(0))),), Value(1))
        >>> square(None, 3.0)
        9.0
    """

    inputs: tuple[str, ...]
    given: tuple[str, ...]
    steps: tuple[Operation | Guard, ...]
    result: Any

    @property
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the inputs, and those of the given values."""
        return self.inputs, self.given

    def evaluate(self, xp: Any, inputs: Sequence[Any], given: Mapping[str, Any]) -> Any:
        """Return the outputs."""
        return Branches((self,)).evaluate(xp, inputs, given)


@dataclass(frozen=True)
class Branches(Program):
    """A function of which several branches are known, each as a graph.

    The guards choose: graphs share their steps up to the first guard that came out otherwise, so
    that an evaluation follows all of them until then, and makes no operation twice.

    Raises:
        GradiometerError: If two graphs differ elsewhere than behind a guard.
    """

    graphs: tuple[Graph, ...]

    def __post_init__(self) -> None:
        for k, one in enumerate(self.graphs):
            if not all(_parted_by_a_guard(one, other) for other in self.graphs[:k]):
                raise GradiometerError(
                    "graphs that are no branches of one function: their steps must be the same up "
                    "to a guard that came out otherwise. Record them of one function."
                )

    @property
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the inputs, and those of the given values."""
        return self.graphs[0].names

    def evaluate(self, xp: Any, inputs: Sequence[Any], given: Mapping[str, Any]) -> Any:
        """Return the outputs."""
        names, branches = self.names, self.graphs
        if len(inputs) != len(names[0]) or set(given) != set(names[1]):
            raise GradiometerError(
                f"a program of the inputs {names[0]} and the given values {names[1]} was called "
                f"with {len(inputs)} inputs and the given values {tuple(given)}."
            )
        values = [*inputs, *(given[name] for name in names[1])]
        at = 0
        while at < len(branches[0].steps):
            step = branches[0].steps[at]  # any branch's: they share what is behind them
            with at_place(step.place):
                if isinstance(step, Guard):
                    branches = _chosen(branches, at, step.test(step.value.find(xp, values)))
                else:
                    values.append(step.evaluate(xp, values))
            at += 1
        return _found(branches[0].result, xp, values)


@dataclass(frozen=True)
class Loop(Program):
    """A body that is repeated; it returns the values it ends with, then outputs of all its steps.

    The first inputs of the body are carried from step to step. The others are cut along the first
    axis, a step each. Of what the body returns, the first are carried on; the others are stacked.

    Attributes:
        body: One step; it returns a tuple.
        carried: How many values are carried.
        steps: How often the body is evaluated.
    """

    body: Program
    carried: int
    steps: int

    @property
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the inputs, and those of the given values."""
        return self.body.names

    def evaluate(self, xp: Any, inputs: Sequence[Any], given: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the outputs."""
        carried, cut = tuple(inputs[: self.carried]), inputs[self.carried :]
        outputs = []
        for k in range(self.steps):
            returned = self.body.evaluate(xp, (*carried, *(x[k] for x in cut)), given)
            carried = returned[: self.carried]
            outputs.append(returned[self.carried :])
        return (*carried, *(xp.stack(column) for column in zip(*outputs, strict=True)))


def substitute(nested: Any, leaf: Callable[[Any], Any]) -> Any:
    """Return nested tuples, lists, dicts and slices with each of their leaves replaced."""
    if isinstance(nested, tuple | list):
        parts = [substitute(each, leaf) for each in nested]
        return parts if isinstance(nested, list) else tuple(parts)
    if isinstance(nested, dict):
        return {name: substitute(each, leaf) for name, each in nested.items()}
    if isinstance(nested, slice):
        return slice(*(substitute(each, leaf) for each in (nested.start, nested.stop, nested.step)))
    return leaf(nested)


def _found(nested: Any, xp: Any, values: Sequence[Any]) -> Any:
    def leaf(each: Any) -> Any:
        return each.find(xp, values) if isinstance(each, Value | Named | Constant) else each

    return substitute(nested, leaf)


def _chosen(branches: tuple[Graph, ...], at: int, found: Any) -> tuple[Graph, ...]:
    """Return the branches of which the guard at a step came out so."""
    guards = [cast("Guard", branch.steps[at]) for branch in branches]
    chosen = tuple(compress(branches, [guard.outcome == found for guard in guards]))
    if not chosen:
        known = sorted({str(guard.outcome) for guard in guards})
        raise UnknownBranch(
            f"the program branches{guards[0].place}: {guards[0].test.__name__} of a value is "
            f"{found} there, where only {' and '.join(known)} was recorded. Record the program at "
            "a point on this branch as well."
        )
    return chosen


def _parted_by_a_guard(one: Graph, other: Graph) -> bool:
    if one.names != other.names:
        return False
    for a, b in zip(one.steps, other.steps, strict=False):
        if a != b:
            both = isinstance(a, Guard) and isinstance(b, Guard)
            return both and (a.test, a.value) == (b.test, b.value)  # type: ignore[union-attr]
    return False
