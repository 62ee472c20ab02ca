"""What measuring one tool consists of: open, prepare, answer, calibrate, sample.

Runs inside a worker process (or inside pytest, for `pytest --benchmark-only`). It knows nothing of
plans, records or verdicts.
"""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from typing import Any, NamedTuple

from gradiometer.errors import GradiometerError
from gradiometer.measure import sampling
from gradiometer.measure.memory import Peak
from gradiometer.measure.shipping import Ticket, unpack
from gradiometer.method import Method, Prepared, Primal
from gradiometer.namespace import Namespace
from gradiometer.operators import Operator, as_numpy, operator
from gradiometer.problem import Array, Point, Problem


class Declined(GradiometerError):
    """A method will not attempt a case: its forecast is beyond the budget."""


@dataclass
class Ready:
    """A prepared cell."""

    method: Method
    operator: Operator
    call: Prepared

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


class Preparation(NamedTuple):
    """What preparing a cell took: seconds of preparation and first call, peak memory of both."""

    prepare_s: float
    first_s: float
    peak_bytes: int | None


class Bench:
    """One tool, ready to be measured; each public method answers one kind of request."""

    def __init__(self) -> None:
        self._ready: dict[str, Ready] = {}
        self._loops: dict[str, sampling.Loop] = {}
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
    ) -> Preparation:
        """Prepare a cell at `point`, and call it there once."""
        chosen, asked = _method(method), operator(op)
        xp = chosen.namespace()
        f = Primal(_problem(problem), xp if isinstance(xp, Namespace) else Namespace(xp), point)
        refusal = chosen.declines(point.n)
        if refusal:
            raise Declined(refusal)
        if asked.differentiates:
            _forecast(chosen, f, point, budget_s)
        with Peak() as peak:
            start = time.perf_counter()
            ready = Ready(chosen, asked, asked.prepare(chosen, f))
            prepare_s = time.perf_counter() - start
            _, first_s = ready.run(point)
        self._ready[key] = ready
        return Preparation(prepare_s, first_s, peak.bytes)

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

    def calibrate(self, key: str, point: Point, sample_s: float) -> tuple[int, int | None]:
        """Build a cell's timing loop; return the calls in a sample, and a call's peak memory."""
        ready = self._ready[key]
        args, kwargs = ready.arguments(point)
        loop = sampling.make_loop(ready.call, args, kwargs, ready.method.wait)
        loops = sampling.calibrate(loop, sample_s)
        with Peak() as peak:
            loop(1)
        self._loops[key] = loop
        return loops, peak.bytes

    def yardstick(self, name: str, sample_s: float) -> int:
        """Build the loop of a yardstick, `floor` or `kernel`; return the calls in a sample."""
        self._loops[name] = sampling.make_loop(*sampling.YARDSTICKS[name], {})
        return sampling.calibrate(self._loops[name], sample_s)

    def sample(self, key: str, loops: int) -> sampling.Sample:
        """Take one sample of a cell or a yardstick."""
        if key not in self._loops:
            raise GradiometerError(f"{key} was not calibrated before it was sampled.")
        return sampling.sample(self._loops[key], loops)

    def drop(self) -> None:
        """Forget the prepared cells."""
        self._ready.clear()
        self._loops.clear()

    def certify(self, problem: Ticket, point: Point, op: str) -> Any:
        """Return the enclosure of the true answer."""
        from gradiometer.measure.reference.certify import certify  # only this worker needs it

        return certify(_problem(problem), point, op)


def _forecast(method: Method, f: Primal, point: Point, budget_s: float) -> None:
    """Refuse a case of which one call would not fit into the budget.

    Raises:
        Declined: With the forecast.
    """
    evaluations = method.evaluations(point.n)
    if evaluations is None:
        return
    primal = Ready(method, operator("value"), method.value(f))
    primal.run(point)
    _, primal_s = primal.run(point)
    if evaluations * primal_s > budget_s:
        raise Declined(
            f"{evaluations:,} primal evaluations a call, {_duration(primal_s)} each: forecast "
            f"{_duration(evaluations * primal_s)} a call, over the case's budget of {budget_s:g} s."
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
