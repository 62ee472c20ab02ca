"""Descends one problem with every method from the same start, beside a certified trajectory.

The coordinator's side: for each rule, the certified trajectory first, in the reference worker; then
every method in its tool's own, prepared elsewhere and checked at the start. Each method gives
exactly one trajectory. The steps themselves are in `take_steps`.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, Self

import numpy as np

from gradiometer.descent.settings import CERTIFIED, Settings, Trajectory
from gradiometer.descent.steps import LOSS, RULES, Limits, Rule, Steps, cut, moved
from gradiometer.errors import GradiometerError, describe
from gradiometer.measure.harness import Origins, Progress, never_ran, reference
from gradiometer.measure.noise import REFERENCE
from gradiometer.measure.plan import Case, Cell, Points
from gradiometer.measure.pool import Failure, Pool
from gradiometer.measure.trial import Conditions, Trial
from gradiometer.plugins.address import pack
from gradiometer.reference.enclosure import Floats, norm
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.outcome import Status
from gradiometer.vocabulary.problem import Point, Problem

CAUTION = 0.5
"""The default rate, as a share of the Cauchy step at the start. With half of it the quadratic model
loses three quarters of what it can lose along the gradient, and the descent stays stable until the
curvature has grown fourfold. A fixed number cannot serve: the chains of the source alone differ in
curvature by five orders of magnitude."""

STRAIGHT_RATE = 0.1
"""The default rate where the function has no curvature along the gradient: any will do."""

SLICE_S = 1.0
"""Seconds after which a worker reports the steps it has taken: what it loses if it dies."""


class Lead:
    """Leads every method down one problem; a context manager that ends the workers.

    Args:
        problem: A problem with a scalar value.
        size: Label of its size.
        methods: The methods, in order.
        settings: How to descend.
        origins: Where workers load plugin modules from.
        logs: Folder for the workers' output.
        progress: Told in a few words what is being done.

    Raises:
        GradiometerError: If the start cannot be drawn.
    """

    def __init__(
        self,
        problem: Problem,
        size: str,
        methods: Sequence[Method],
        settings: Settings,
        origins: Origins,
        logs: Path,
        progress: Progress = lambda text: None,
    ) -> None:
        self.settings = settings
        self.points = _points(problem, size, settings.seed)
        self.rate = settings.rate
        self._problem, self._size, self._methods = problem, size, methods
        self._origins, self._progress = origins, progress
        self._pool = Pool(logs, settings.threads)

    def __enter__(self) -> Self:
        self._pool.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self._pool.__exit__(*details)

    def trajectories(self) -> Iterator[Trajectory]:
        """Yield the trajectories, by rule: the certified one, then each method's."""
        for rule in RULES.values():
            try:
                descent = self._descent(rule)
                yield descent.certified
                descent.require_a_step()
            except Failure as failure:
                for method in self._methods:
                    yield self._refused(rule, method, failure)
                continue
            for method in self._methods:
                yield descent.follow(method)

    def _descent(self, rule: Rule) -> _Descent:
        """Return a rule's certified trajectory, for methods to follow.

        Raises:
            Failure: If the rule cannot be begun, for any method.
        """
        n = self.points.check.n
        if n > rule.most_inputs:
            raise Failure(
                Status.SKIPPED,
                f"{n:,} inputs: {rule.name} is not attempted beyond {rule.most_inputs:,}.",
            )
        self._progress(f"{rule.name}: reference")
        truths = {op: self._certified(op) for op in (LOSS, *rule.operators)}
        if truths["gradient"].zero:
            raise Failure(Status.SKIPPED, "the gradient is zero at the start: nothing to descend.")
        if rule.rated and self.rate is None:
            self.rate = self._cauchy_rate(truths["gradient"].high)
        rules = self.settings.options(rule), self._origins
        conditions = {
            op: Conditions(Case(self._problem, self._size, op), *self.points, truth, *rules)
            for op, truth in truths.items()
        }
        limits = Limits(rule.name, self.rate or math.nan, self.settings.length(rule), 0, SLICE_S)
        return _Descent(limits, conditions, self._pool, self._progress)

    def _cauchy_rate(self, gradient: Floats) -> float:
        """Return a share of ‖g‖²/|gᵀHg|, which minimises the quadratic model along the gradient.

        Reference: Cauchy, Comptes rendus 25 (1847); Nocedal and Wright, Numerical Optimization,
        2nd ed., (3.26).
        """
        check = self.points.check
        scaled = gradient / norm(gradient)
        along = Point(check.inputs, check.given, cut(check, scaled), check.cotangents)
        curvature = abs(float(scaled @ self._certified("hvp", along).high))
        return CAUTION / curvature if curvature > 0.0 else STRAIGHT_RATE

    def _certified(self, op: str, point: Point | None = None) -> Any:
        return reference(
            self._pool,
            self._problem,
            point or self.points.check,
            op,
            self._origins,
            self.settings.timeout_s,
        )

    def _refused(self, rule: Rule, method: Method, failure: Failure) -> Trajectory:
        """Return the trajectory of a method where the rule could not be begun."""
        found = Trajectory(rule.name, method.name, method.mode, self.settings.length(rule))
        try:
            _admit(Cell(Case(self._problem, self._size, LOSS), method))
            found.end(failure)
        except Failure as own:
            found.end(own)
        return found


class _Descent:
    """One rule: the certified trajectory, and what it takes to follow it with a method."""

    def __init__(
        self,
        whole: Limits,
        conditions: dict[str, Conditions],
        pool: Pool,
        progress: Progress,
    ) -> None:
        self._whole, self._conditions = whole, conditions
        self._pool, self._progress = pool, progress
        self._start = conditions[LOSS].point
        self._timeout_s = conditions[LOSS].options.timeout_s
        self._true = Steps.begin()
        self.certified = self._certify()

    def require_a_step(self) -> None:
        """Make sure that there is a trajectory to follow.

        Raises:
            Failure: If the certified one ends where it starts.
        """
        if self._true.ended and not self._true.steps:
            told = f"the certified trajectory takes no step: {self._true.ended}."
            raise Failure(Status.SKIPPED, told)

    def follow(self, method: Method) -> Trajectory:
        """Return the trajectory of a method."""
        trials = [
            Trial(Cell(conditions.case, method), conditions, self._pool)
            for conditions in self._conditions.values()
        ]
        found = Trajectory(self._whole.rule, method.name, method.mode, self._whole.steps)
        taken = Steps.begin()
        try:
            _admit(trials[0].cell)
            self._progress(f"{self._whole.rule}: {method.name}")
            for trial in trials:
                trial.check()
            keys = {c.cell.case.operator: c.cell.id for c in trials}
            self._take(method.tool, method.name, taken, "descend", keys=keys)
            for trial in trials:
                trial.loops, trial.samples[0] = taken.steps, 0.0
                trial.check_again()
        except Failure as failure:
            found.end(failure)
        self._conclude(found, taken)
        if self._ends_there_too(found, taken):
            found.faulty = False
            found.reason += f" The certified trajectory ends at step {self._true.steps}."
        return found

    def _ends_there_too(self, found: Trajectory, taken: Steps) -> bool:
        """Return whether a trajectory ended where the certified one does, within a step.

        Some tools say by an exception what others say by NaN.
        """
        stopped = found.status in (Status.NONFINITE, Status.ERROR) and bool(taken.path)
        return stopped and bool(self._true.ended) and taken.steps >= self._true.steps - 1

    def _certify(self) -> Trajectory:
        found = Trajectory(self._whole.rule, CERTIFIED, CERTIFIED, self._whole.steps)
        address = pack(self._conditions[LOSS].case.problem, self._conditions[LOSS].origins)
        try:
            self._take(REFERENCE, CERTIFIED, self._true, "descend_certified", problem=address)
        except Failure as failure:
            found.end(failure)
        self._conclude(found, self._true)
        found.seconds = [math.nan] * len(found.losses)
        found.faulty = False
        return found

    def _conclude(self, found: Trajectory, taken: Steps) -> None:
        """Turn the steps that were taken into the trajectory."""
        if taken.ended and found.status is Status.OK:
            found.end(Failure(Status.NONFINITE, f"{taken.ended}."))
        found.losses, found.seconds = taken.losses, taken.seconds
        pairs = zip_longest(taken.path, self._true.path[: len(taken.path)])
        found.drift = [_drift(theta, true) for theta, true in pairs]

    def _take(self, tool: str, who: str, into: Steps, request: str, **arguments: Any) -> None:
        """Let a worker take the steps, slice by slice; what it has taken stays, if it fails.

        Raises:
            Failure: If it fails, or the time is spent.
        """
        whole, worker = self._whole, self._pool.worker(tool)
        end = time.monotonic() + self._timeout_s
        try:
            while not into.path or (into.steps < whole.steps and not into.ended):
                done, left_s = into.steps, end - time.monotonic()
                self._progress(f"{whole.rule}: {who}, step {done} of {whole.steps}")
                if left_s <= 0.0:
                    raise Failure(Status.TIMEOUT, "")
                point = moved(self._start, into.path[-1]) if into.path else self._start
                limits = whole._replace(steps=whole.steps - done, first=done)
                into.extend(worker.ask(request, left_s, point=point, limits=limits, **arguments))
        except Failure as failure:
            if failure.status is Status.TIMEOUT:
                told = f"{into.steps} of {whole.steps} steps took {self._timeout_s:g} s."
                raise Failure(Status.TIMEOUT, told) from None
            if worker.alive:
                with contextlib.suppress(Failure):
                    into.extend(worker.ask("taken", self._timeout_s))
            raise


def _admit(cell: Cell) -> None:
    """Let a method pass that can be tried.

    Raises:
        Failure: If it cannot.
    """
    early = never_ran(cell)
    if early is not None:
        raise Failure(early.status, early.reason)


def _points(problem: Problem, size: str, seed: int) -> Points:
    try:
        return Case(problem, size, "gradient").points(seed, lambda point: [])
    except GradiometerError:
        raise
    except Exception as error:  # a problem's own code: whatever it raises is the reason
        raise GradiometerError(f"The point of {problem.name}: {describe(error)}.") from error


def _drift(theta: Floats, true: Floats | None) -> float:
    if true is None:
        return math.nan
    with np.errstate(all="ignore"):
        apart, length = norm(theta - true), norm(true)
    return apart / length if length > 0.0 else math.inf if apart > 0.0 else 0.0
