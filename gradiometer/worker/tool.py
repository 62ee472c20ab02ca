"""What a worker process holds of one tool: its prepared cells, and their timing loops.

A cell is prepared by loading its method and problem, deriving what the method lacks, and calling it
once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from gradiometer.errors import Declined, WorkBeside
from gradiometer.vocabulary.answer import Answer, as_arrays
from gradiometer.vocabulary.derivation import NATIVE, Route, prepare
from gradiometer.vocabulary.graph import UnknownBranch
from gradiometer.vocabulary.method import Method, Primal, Target
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.operators import Native, Operator, operator
from gradiometer.vocabulary.outcome import Cold
from gradiometer.vocabulary.point import Argument, Signature
from gradiometer.vocabulary.program import Program
from gradiometer.worker.given import Given
from gradiometer.worker.memory import Peak
from gradiometer.worker.requests import Work
from gradiometer.worker.sampling import Call, Loop, make_loop

MOST_BESIDE_S = 20e-6
"""What may be spent beside a call that takes less; built-in methods spend up to 16 µs, seconds."""

AGAIN = 30
"""Further answers of which the least time counts, before a method is said to work beside calls."""

F = TypeVar("F", bound=Primal)

Called = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""A finished call, and its positional and keyword arguments."""


@dataclass
class PreparedCell:
    """A method's operator of a problem, ready to be called.

    Attributes:
        method: The method.
        operator: The operator.
        route: The prepared operator, and how it came about.
        signature: The shapes of the problem's inputs and outputs.
        target: What the method was set up for.
        program: Its function, where that is a program.
        note: How it is evaluated, where that is not as it is written.
        translated: The framework that it is written in, where the method has a translation of it.
        call_s: The least that a call took, of those that were checked.
        beside_s: The least that the method took beside it, for arguments and result.
        at: Where it answered last.
    """

    method: Method
    operator: Operator
    route: Route
    signature: Signature
    target: Target = field(default_factory=Target)
    program: Program | None = None
    note: str = ""
    translated: str = ""
    call_s: float = math.inf
    beside_s: float = math.inf
    at: Argument | None = None

    def called(self, at: Argument) -> Called:
        """Return the call, completion included, and its arguments as native arrays."""
        wait, call = self.method.wait, self.route.call
        finished = call if wait is None else lambda *args, **kwargs: wait(call(*args, **kwargs))
        return finished, *self._arguments(self.operator.native(at, self.method))

    def loop(self, at: Sequence[Argument]) -> Loop:
        """Return the timing loop over points."""
        arguments = [self._arguments(self.operator.native(each, self.method)) for each in at]
        return make_loop(self.route.call, arguments, self.method.wait)

    def answer(self, at: Argument) -> Answer:
        """Evaluate the operator once.

        Raises:
            ChangedInput: If the method changes what it is called with.
            UnknownBranch: If the function does there what was recorded nowhere.
        """
        self.at = at
        native = self.operator.native(at, self.method)
        inputs, constants, directions = native
        start = time.perf_counter()
        args, kwargs = self._arguments(native)
        passed = time.perf_counter()
        named = dict(zip(at.point.inputs, inputs, strict=True)) | constants
        given = Given(named | {"a direction": directions, "an argument": (args, kwargs)})
        finished, *_ = self.called(at)
        called = time.perf_counter()
        result = finished(*args, **kwargs)
        returned = time.perf_counter()
        result = self.method.result(result)
        read = time.perf_counter()
        given.compare()
        self.call_s = min(self.call_s, returned - called)
        self.beside_s = min(self.beside_s, passed - start + read - returned)
        found = as_arrays(result, self.operator, self.signature, at.point.dtype)
        if self.program and not all(np.isfinite(a).all() for a in found.arrays):
            unknown = self.program.unknown(at.point)
            if unknown:
                raise UnknownBranch(unknown)
        return found._replace(note="; ".join(filter(None, (self.note, found.note))))

    def inspect(self) -> None:
        """Compare the time of the call, which is all that is timed, with that beside it.

        Where that looks too long, answers are given again: a busy machine is no fault of theirs.

        Raises:
            WorkBeside: If what the answers took was spent beside the call.
        """
        if self.at is not None and self._works_beside:
            for _ in range(AGAIN):
                self.answer(self.at)
        if self._works_beside:
            beside, call = f"{self.beside_s * 1e6:,.3g} µs", f"{self.call_s * 1e6:,.3g} µs"
            raise WorkBeside(
                f"`arguments` and `result`, which are not timed, take {beside}, the call {call}: "
                "compute in the call, and wait for what it returns (`wait`)"
            )

    @property
    def _works_beside(self) -> bool:
        return math.inf > self.beside_s > max(self.call_s, MOST_BESIDE_S)

    def read(self, result: Any) -> Answer:
        """Return a finished result as NumPy arrays."""
        native = self.method.result(result)
        return as_arrays(native, self.operator, self.signature, self.target.dtype)

    def run(self, at: Argument) -> tuple[Any, float]:
        """Evaluate the operator once; return the finished result and the seconds."""
        finished, args, kwargs = self.called(at)
        start = time.perf_counter()
        result = finished(*args, **kwargs)
        return result, time.perf_counter() - start

    def _arguments(self, native: Native) -> Call:
        inputs, given, directions = native
        if self.route.text != NATIVE:
            return (inputs, given, *directions), {}
        return self.method.arguments(inputs, given, *directions)


@dataclass
class Tool:
    """One tool, ready to be measured.

    Attributes:
        cells: Prepared cells by their ids.
        loops: Timing loops of cells, by their ids, and of controls, by name.
        states: What experiments keep between their requests, by name.
        setups: The methods that were set up for a target, in order.
        target: What the process is set up for.
    """

    cells: dict[str, PreparedCell] = field(default_factory=dict)
    loops: dict[str, Loop] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)
    setups: dict[Target, list[Method]] = field(default_factory=dict)
    target: Target | None = None

    def set_up(self, method: Method, target: Target) -> None:
        """Set a method up for a target."""
        method.setup(target)
        self.setups.setdefault(target, []).append(method)
        self.target = target

    def turn_to(self, target: Target) -> None:
        """Set the process up for another target as its methods were, if it is not.

        What a tool keeps for the whole process, such as JAX's width of numbers, is thus that of the
        cell that is called, though cells of several dtypes share the process.
        """
        if target != self.target:
            for method in self.setups.get(target, ()):
                method.setup(target)
            self.target = target

    def ready(self, key: str) -> PreparedCell:
        """Return a prepared cell, in a process that is set up for it."""
        cell = self.cells[key]
        self.turn_to(cell.target)
        return cell


def prepared(
    work: Work,
    at: Argument,
    most_s: float,
    primal_s: float | None = None,
    clock: Callable[[], float] = time.process_time,
) -> tuple[PreparedCell, Cold]:
    """Return a cell that was called once at the point of preparation, and what that took.

    Raises:
        Declined: If the method declines, or one call is forecast to take too long.
    """
    method, asked, signature = work.method.load(), operator(work.operator), work.signature
    f = function_of(method, work, at, Primal)
    if asked.differentiates:
        forecast(method, asked, f, at, most_s, primal_s)
    with Peak() as peak:
        start = clock()
        route = prepare(method, f, asked.name)
        cell = PreparedCell(method, asked, route, signature, work.target)
        prepare_s = clock() - start
        finished, args, kwargs = cell.called(at)
        start = clock()
        finished(*args, **kwargs)
        first_s = clock() - start
    if isinstance(f.problem.function, Program):
        cell.program = f.problem.function
        cell.note, cell.translated = cell.program.note, cell.program.translated
    return cell, Cold(None, prepare_s, first_s, peak.bytes, cold=0)


def function_of(method: Method, work: Work, at: Argument, kind: type[F]) -> F:
    """Return a cell's function in the arrays of its method, for the point of preparation.

    Args:
        method: The method, loaded.
        work: What the cell computes.
        at: The point.
        kind: What methods are given as the function.

    Raises:
        Declined: If the method declines.
    """
    signature, xp = work.signature, method.namespace()
    refusal = method.declines(work.operator, signature.n, signature.m)
    if refusal:
        raise Declined(refusal)
    wrapped = xp if isinstance(xp, Namespace) else Namespace(xp)
    return kind(work.problem.load(), wrapped, at.point, signature)


def forecast(
    method: Method,
    asked: Operator,
    f: Primal,
    at: Argument,
    most_s: float,
    primal_s: float | None = None,
) -> None:
    """Refuse a case of which one call would take longer than it may, in seconds.

    Raises:
        Declined: With the forecast.
    """
    evaluations = method.evaluations(asked.name, f.signature.n, f.signature.m)
    if evaluations is None:
        return
    if primal_s is None:
        value = operator("value")
        primal = PreparedCell(method, value, prepare(method, f, value.name), f.signature)
        primal.run(at)
        _, primal_s = primal.run(at)
    if evaluations * primal_s > most_s:
        raise Declined(
            f"{evaluations:,} primal evaluations a call, {_duration(primal_s)} each: forecast "
            f"{_duration(evaluations * primal_s)} a call; of the case's budget one may take "
            f"{_duration(most_s)}."
        )


def _duration(seconds: float) -> str:
    return f"{seconds:,.3g} s" if seconds >= 1 else f"{seconds * 1e3:.3g} ms"
