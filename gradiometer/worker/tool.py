"""What a worker process holds of one tool: its prepared cells, and their timing loops.

A cell is prepared by loading its method and problem, deriving what the method lacks, and calling it
once.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from gradiometer.errors import Declined
from gradiometer.vocabulary.answer import Answer, as_arrays
from gradiometer.vocabulary.derivation import NATIVE, Route, prepare
from gradiometer.vocabulary.method import Method, Primal, Target
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.operators import Operator, operator
from gradiometer.vocabulary.outcome import Cold
from gradiometer.vocabulary.point import Argument, Signature
from gradiometer.worker.memory import Peak
from gradiometer.worker.requests import Work
from gradiometer.worker.sampling import Loop


@dataclass
class PreparedCell:
    """A method's operator of a problem, ready to be called."""

    method: Method
    operator: Operator
    route: Route
    signature: Signature
    target: Target = field(default_factory=Target)

    def arguments(self, at: Argument) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of the call, as native arrays."""
        inputs, given, directions = self.operator.native(at, self.method)
        if self.route.text != NATIVE:
            return (inputs, given, *directions), {}
        return self.method.arguments(inputs, given, *directions)

    def run(self, at: Argument) -> tuple[Any, float]:
        """Evaluate the operator once; return the finished result and the seconds."""
        args, kwargs = self.arguments(at)
        start = time.perf_counter()
        result = self.route.call(*args, **kwargs)
        if self.method.wait is not None:
            result = self.method.wait(result)
        return result, time.perf_counter() - start

    def answer(self, at: Argument) -> tuple[Answer, float]:
        """Evaluate the operator once; return the answer as NumPy arrays and the seconds."""
        result, seconds = self.run(at)
        native = self.method.result(result)
        return as_arrays(native, self.operator, self.signature, at.point.dtype), seconds


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


def prepared(work: Work, at: Argument, budget_s: float) -> tuple[PreparedCell, Cold]:
    """Return a cell that was called once at the point of preparation, and what that took.

    Raises:
        Declined: If the method declines, or one call is forecast to exceed the budget.
    """
    method, asked, signature = work.method.load(), operator(work.operator), work.signature
    xp = method.namespace()
    wrapped = xp if isinstance(xp, Namespace) else Namespace(xp)
    f = Primal(work.problem.load(), wrapped, at.point, signature)
    refusal = method.declines(asked.name, signature.n, signature.m)
    if refusal:
        raise Declined(refusal)
    if asked.differentiates:
        _forecast(method, asked, f, at, budget_s)
    with Peak() as peak:
        start = time.perf_counter()
        route = prepare(method, f, asked.name)
        cell = PreparedCell(method, asked, route, signature, work.target)
        prepare_s = time.perf_counter() - start
        _, first_s = cell.run(at)
    return cell, Cold(None, prepare_s, first_s, peak.bytes, cold=0)


def _forecast(method: Method, asked: Operator, f: Primal, at: Argument, budget_s: float) -> None:
    """Refuse a case of which one call would not fit into the budget.

    Raises:
        Declined: With the forecast.
    """
    evaluations = method.evaluations(asked.name, f.signature.n, f.signature.m)
    if evaluations is None:
        return
    value = operator("value")
    primal = PreparedCell(method, value, prepare(method, f, value.name), f.signature)
    primal.run(at)
    _, primal_s = primal.run(at)
    if evaluations * primal_s > budget_s:
        raise Declined(
            f"{evaluations:,} primal evaluations a call, {_duration(primal_s)} each: forecast "
            f"{_duration(evaluations * primal_s)} a call, over the case's budget of {budget_s:g} s."
        )


def _duration(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds >= 1 else f"{seconds * 1e3:.2g} ms"
