"""What measuring one tool consists of: open, prepare, answer, calibrate, sample.

Runs inside a worker process (or inside pytest, for `pytest --benchmark-only`). It knows nothing of
plans, records or verdicts.
"""

from __future__ import annotations

import importlib
import statistics
import time
from dataclasses import dataclass
from typing import Any

from gradiometer.errors import GradiometerError
from gradiometer.measure import sampling
from gradiometer.measure.options import FEWEST_ROUNDS
from gradiometer.measure.shipping import Ticket, unpack
from gradiometer.method import Method, Prepared, Primal
from gradiometer.namespace import Namespace
from gradiometer.operators import Operator, as_numpy, operator
from gradiometer.problem import Array, Point, Problem


class Declined(GradiometerError):
    """A method will not attempt a case: its forecast is beyond the budget."""


@dataclass
class Ready:
    """A prepared cell, and the loop that times it at the point of the case."""

    method: Method
    operator: Operator
    call: Prepared
    loop: sampling.Loop | None = None

    def arguments(self, point: Point) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of the call at a point, as native arrays."""
        return self.method.arguments(*self.operator.native(point, self.method))

    def run(self, point: Point) -> tuple[Any, float]:
        """Evaluate the operator once at a point; return the finished result and the seconds."""
        args, kwargs = self.arguments(point)
        start = time.perf_counter()
        result = self.call(*args, **kwargs)
        if self.method.wait is not None:
            result = self.method.wait(result)
        return result, time.perf_counter() - start


class Bench:
    """One tool, ready to be measured; each public method answers one kind of request."""

    def __init__(self) -> None:
        self._ready: dict[str, Ready] = {}
        self._set_up: set[str] = set()

    def open(self, ticket: Ticket, threads: int) -> float:
        """Import a method's library and set it up; return the seconds the import took."""
        method = _method(ticket)
        start = time.perf_counter()
        if method.package is not None:
            # A lazily imported module is complete once it has been asked for something.
            vars(importlib.import_module(method.package)).get("__version__")
        elapsed = time.perf_counter() - start
        if method.tool not in self._set_up:
            self._set_up.add(method.tool)
            method.setup(threads)
        return elapsed

    def prepare(
        self, key: str, method: Ticket, problem: Ticket, op: str, point: Point, budget_s: float
    ) -> tuple[float, float]:
        """Prepare a cell at `point`; return the seconds of preparation and of the first call."""
        chosen, asked = _method(method), operator(op)
        xp = chosen.namespace()
        f = Primal(_problem(problem), xp if isinstance(xp, Namespace) else Namespace(xp), point)
        refusal = chosen.declines(point.n)
        if refusal:
            raise Declined(refusal)
        if asked.differentiates:
            _forecast(chosen, f, point, budget_s)
        start = time.perf_counter()
        ready = Ready(chosen, asked, asked.prepare(chosen, f))
        prepare_s = time.perf_counter() - start
        _, first_s = ready.run(point)
        self._ready[key] = ready
        return prepare_s, first_s

    def answer(self, key: str, point: Point) -> list[Array]:
        """Evaluate a prepared cell at the point of the case; return the answer as NumPy arrays."""
        ready = self._ready[key]
        result, _ = ready.run(point)
        parts = ready.operator.parts(result)
        shapes = ready.operator.shapes(point)
        shapes += [()] * (len(parts) - len(shapes))
        return [as_numpy(p, like=s) for p, s in zip(parts, shapes, strict=False)]

    def call(self, key: str, point: Point) -> tuple[Prepared, tuple[Any, ...], dict[str, Any]]:
        """Return a prepared cell's call, completion included, and its arguments at the point."""
        ready = self._ready[key]
        wait, call = ready.method.wait, ready.call
        finished = call if wait is None else lambda *args, **kwargs: wait(call(*args, **kwargs))
        return finished, *ready.arguments(point)

    def calibrate(self, key: str, point: Point, sample_s: float) -> int:
        """Build the timing loop of a cell at the point; return the calls in a sample."""
        ready = self._ready[key]
        args, kwargs = ready.arguments(point)
        ready.loop = sampling.make_loop(ready.call, args, kwargs, ready.method.wait)
        return sampling.calibrate(ready.loop, sample_s)

    def sample(self, key: str, loops: int) -> float:
        """Return the seconds a call takes, from one sample."""
        loop = self._ready[key].loop
        if loop is None:
            raise GradiometerError(f"{key} was not calibrated before it was sampled.")
        return sampling.sample(loop, loops)

    def drop(self) -> None:
        """Forget the prepared cells."""
        self._ready.clear()

    def floor(self, sample_s: float) -> float:
        """Return the seconds that calling a function that does nothing takes."""
        loop = sampling.make_loop(sampling.nothing, (1.0, 2.0, 3.0), {})
        loops = sampling.calibrate(loop, sample_s)
        samples = [sampling.sample(loop, loops) for _ in range(FEWEST_ROUNDS)]
        return statistics.median(samples)

    def certify(self, problem: Ticket, point: Point, op: str) -> Any:
        """Return the enclosure of the true answer."""
        from gradiometer.measure.reference.certify import certify  # only this worker needs it

        return certify(_problem(problem), point, op)


def _forecast(method: Method, f: Primal, point: Point, budget_s: float) -> None:
    """Refuse a case whose samples would not fit into the budget.

    Raises:
        Declined: With the forecast.
    """
    evaluations = method.evaluations(point.n)
    if evaluations is None:
        return
    primal = Ready(method, operator("value"), method.value(f))
    primal.run(point)
    _, primal_s = primal.run(point)
    if evaluations * primal_s * FEWEST_ROUNDS > budget_s:
        raise Declined(
            f"{evaluations:,} primal evaluations a call, {_duration(primal_s)} each: forecast "
            f"{_duration(evaluations * primal_s)} a call, and {FEWEST_ROUNDS} calls do not fit "
            f"into the budget of {budget_s:g} s."
        )


def _duration(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds >= 1 else f"{seconds * 1e3:.2g} ms"


def _method(ticket: Ticket) -> Method:
    item = unpack(ticket)
    if not isinstance(item, Method):
        raise GradiometerError(f"{ticket.name!r} is not a method.")
    return item


def _problem(ticket: Ticket) -> Problem:
    item = unpack(ticket)
    if not isinstance(item, Problem):
        raise GradiometerError(f"{ticket.name!r} is not a problem.")
    return item
