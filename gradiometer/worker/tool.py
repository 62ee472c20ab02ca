"""What measuring one tool consists of: open, prepare, answer, calibrate, sample.

Runs inside a worker process (or inside pytest, for `pytest --benchmark-only`). It knows nothing of
plans, records or verdicts.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradiometer.descent.steps import DeadEnd, Limits, Steps, take_steps
from gradiometer.errors import Declined, GradiometerError, NotFinite, ReferenceFailure
from gradiometer.plugins.address import Address, unpack
from gradiometer.vocabulary.derivation import NATIVE, Route, prepare
from gradiometer.vocabulary.method import Method, Primal
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.operators import Answer, Operator, operator
from gradiometer.vocabulary.problem import Array, Point, Problem, Shapes
from gradiometer.worker import sampling
from gradiometer.worker.memory import Peak


@dataclass
class Ready:
    """A prepared cell."""

    method: Method
    operator: Operator
    route: Route

    def arguments(self, point: Point) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments of the call at a point, as native arrays."""
        inputs, given, directions = self.operator.native(point, self.method)
        if self.route.text != NATIVE:
            return (inputs, given, *directions), {}
        return self.method.arguments(inputs, given, *directions)

    def run(self, point: Point) -> tuple[Any, float]:
        """Evaluate the operator once at a point; return the finished result and the seconds."""
        args, kwargs = self.arguments(point)
        start = time.perf_counter()
        result = self.route.call(*args, **kwargs)
        if self.method.wait is not None:
            result = self.method.wait(result)
        return result, time.perf_counter() - start


class Preparation(NamedTuple):
    """What preparing a cell took: seconds of preparation and first call, peak memory, the route."""

    prepare_s: float
    first_s: float
    peak_bytes: int | None
    route: str


class Tool:
    """One tool, ready to be measured; each public method answers one kind of request."""

    def __init__(self) -> None:
        self._ready: dict[str, Ready] = {}
        self._loops: dict[str, sampling.Loop] = {}
        self._set_up: set[str] = set()
        self._take = Steps.begin()

    def open(self, address: Address, threads: int) -> float:
        """Import a method's library and set it up; return the seconds the import took."""
        method = _method(address)
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
        self, key: str, method: Address, problem: Address, op: str, point: Point, budget_s: float
    ) -> Preparation:
        """Prepare a cell at `point`, and call it there once."""
        chosen, asked = _method(method), operator(op)
        xp = chosen.namespace()
        f = Primal(_problem(problem), xp if isinstance(xp, Namespace) else Namespace(xp), point)
        refusal = chosen.declines(op, point.n, point.m)
        if refusal:
            raise Declined(refusal)
        if asked.differentiates:
            _forecast(chosen, asked, f, point, budget_s)
        with Peak() as peak:
            start = time.perf_counter()
            ready = Ready(chosen, asked, prepare(chosen, f, op))
            prepare_s = time.perf_counter() - start
            _, first_s = ready.run(point)
        self._ready[key] = ready
        return Preparation(prepare_s, first_s, peak.bytes, ready.route.text)

    def answer(self, key: str, point: Point) -> Answer:
        """Evaluate a prepared cell at the point of the case; return the answer as NumPy arrays."""
        ready = self._ready[key]
        result, _ = ready.run(point)
        return ready.operator.answer(result, point)

    def call(
        self, key: str, point: Point
    ) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
        """Return a prepared cell's call, completion included, and its arguments at the point."""
        ready = self._ready[key]
        wait, call = ready.method.wait, ready.route.call
        finished = call if wait is None else lambda *args, **kwargs: wait(call(*args, **kwargs))
        return finished, *ready.arguments(point)

    def calibrate(self, key: str, point: Point, sample_s: float) -> tuple[int, int | None]:
        """Build a cell's timing loop; return the calls in a sample, and a call's peak memory."""
        ready = self._ready[key]
        args, kwargs = ready.arguments(point)
        loop = sampling.make_loop(ready.route.call, args, kwargs, ready.method.wait)
        loops = sampling.calibrate(loop, sample_s)
        with Peak() as peak:
            loop(1)
        self._loops[key] = loop
        return loops, peak.bytes

    def control(self, name: str, sample_s: float) -> int:
        """Build the loop of a control, `floor` or `kernel`; return the calls in a sample."""
        self._loops[name] = sampling.make_loop(*sampling.CONTROLS[name], {})
        return sampling.calibrate(self._loops[name], sample_s)

    def sample(self, key: str, loops: int) -> sampling.Sample:
        """Take one sample of a cell or a control."""
        if key not in self._loops:
            raise GradiometerError(f"{key} was not calibrated before it was sampled.")
        return sampling.sample(self._loops[key], loops)

    def drop(self) -> None:
        """Forget the prepared cells."""
        self._ready.clear()
        self._loops.clear()

    def certify(self, problem: Address, point: Point, op: str) -> Any:
        """Return the enclosure of the true answer, found again or certified."""
        from gradiometer.reference.lookup import certified  # only this worker needs it

        return certified(_problem(problem), point, op)

    def outline(self, problem: Address, point: Point) -> Shapes:
        """Return the shapes of a problem's outputs."""
        from gradiometer.reference.lookup import outline  # only this worker needs it

        return outline(_problem(problem), point)

    def descend(self, keys: dict[str, str], point: Point, limits: Limits) -> Steps:
        """Descend from a point with a method's prepared cells, given by operator."""

        def evaluate(op: str, here: Point) -> tuple[Array, float]:
            ready = self._ready[keys[op]]
            result, seconds = ready.run(here)
            arrays = ready.operator.answer(result, here).arrays
            return np.concatenate([np.ravel(a) for a in arrays]).astype(np.float64), seconds

        self._take = Steps.begin()
        return take_steps(self._take, point, limits, evaluate)

    def descend_certified(self, problem: Address, point: Point, limits: Limits) -> Steps:
        """Descend from a point with certified derivatives, rounded to float64."""
        from gradiometer.reference.certify import nearest  # only this worker needs it

        loss = _problem(problem)

        def evaluate(op: str, here: Point) -> tuple[Array, float]:
            try:
                return nearest(loss, here, op), 0.0
            except NotFinite:
                return np.array([np.nan]), 0.0
            except ReferenceFailure as error:
                raise DeadEnd(str(error).rstrip(".")) from error

        self._take = Steps.begin()
        return take_steps(self._take, point, limits, evaluate)

    def taken(self) -> Steps:
        """Return how far the last descent has come, where it failed on its way."""
        return self._take


def _forecast(method: Method, asked: Operator, f: Primal, point: Point, budget_s: float) -> None:
    """Refuse a case of which one call would not fit into the budget.

    Raises:
        Declined: With the forecast.
    """
    evaluations = method.evaluations(asked.name, point.n, point.m)
    if evaluations is None:
        return
    primal = Ready(method, operator("value"), prepare(method, f, "value"))
    primal.run(point)
    _, primal_s = primal.run(point)
    if evaluations * primal_s > budget_s:
        raise Declined(
            f"{evaluations:,} primal evaluations a call, {_duration(primal_s)} each: forecast "
            f"{_duration(evaluations * primal_s)} a call, over the case's budget of {budget_s:g} s."
        )


def _duration(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds >= 1 else f"{seconds * 1e3:.2g} ms"


def _method(address: Address) -> Method:
    item = unpack(address)
    if not isinstance(item, Method):
        raise GradiometerError(f"{address.name!r} is not a method.")
    return item


def _problem(address: Address) -> Problem:
    item = unpack(address)
    if not isinstance(item, Problem):
        raise GradiometerError(f"{address.name!r} is not a problem.")
    return item
