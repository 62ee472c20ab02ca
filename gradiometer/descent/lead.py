"""Descends one problem with every method from the same start, beside a certified trajectory.

The coordinator's side: for each rule, the certified trajectory first, in the reference worker; then
every method in its tool's own, prepared elsewhere and checked at the start. Each method gives
exactly one trajectory. The steps themselves are in `gradiometer.descent.steps`.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any

import numpy as np

from gradiometer.descent import task
from gradiometer.descent.settings import Settings
from gradiometer.descent.steps import LOSS, RULES, Limits, Rule, Steps, moved
from gradiometer.descent.trajectory import CERTIFIED, Trajectory
from gradiometer.measure.conditions import Conditions, References
from gradiometer.measure.plan import early_end
from gradiometer.measure.pool import REFERENCE, Pool, Request
from gradiometer.measure.progress import Progress
from gradiometer.measure.trial import Trial
from gradiometer.plugins.registry import Broken, MethodEntry, ProblemEntry
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.enclosure import norm
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.vocabulary.point import Argument, Directions, Point
from gradiometer.vocabulary.space import Floats

CAUTION = 0.5
"""The default rate, as a share of the Cauchy step at the start. With half of it the quadratic model
loses three quarters of what it can lose along the gradient, and the descent stays stable until the
curvature has grown fourfold. A fixed number cannot serve: the chains of the source alone differ in
curvature by five orders of magnitude."""

STRAIGHT_RATE = 0.1
"""The default rate where the function has no curvature along the gradient: any will do."""

Further = Request[[Any, Point, Limits], Steps]
"""Asks a worker for steps from a point; takes whatever the derivatives come from."""

SLICE_S = 1.0
"""Seconds after which a worker reports the steps it has taken: what it loses if it dies."""


class Lead:
    """Leads every method down one problem.

    Args:
        problem: A problem with a scalar value.
        size: Label of its size.
        settings: How to descend.
        pool: The workers.
        progress: Told what is being done.

    Attributes:
        points: Where the descent starts, and where methods are prepared.
        rate: η, once it is known.

    Raises:
        Failure: If the start cannot be drawn.
    """

    def __init__(
        self, problem: ProblemEntry, size: str, settings: Settings, pool: Pool, progress: Progress
    ) -> None:
        self.problem, self.size, self.settings = problem.address, size, settings
        self.pool, self.progress = pool, progress
        self.references = References(pool, settings.timeout_s)
        self.points = self.references.points(self.problem, size, settings.seed)
        self.rate = settings.rate

    def trajectories(
        self, methods: Sequence[MethodEntry | Broken], done: Collection[tuple[str, str]]
    ) -> Iterator[Trajectory]:
        """Yield the trajectories, by rule: the certified one, then each method's.

        Args:
            methods: The methods, in order.
            done: Trajectories that are known already, by rule and method, and are left out.
        """
        for rule in RULES.values():
            left = [method for method in methods if (rule.name, method.name) not in done]
            known = (rule.name, CERTIFIED) in done
            if left or not known:
                descent = _ByRule(self, rule)
                yield from [] if known else [descent.certified]
                yield from map(descent.follow, left)


class _ByRule:
    """One rule: the certified trajectory, and what it takes to follow it with a method.

    Attributes:
        certified: The certified trajectory; without steps where the rule cannot be begun.
    """

    def __init__(self, lead: Lead, rule: Rule) -> None:
        self._lead, self._rule = lead, rule
        self._start = lead.points.declared
        self._length = lead.settings.length(rule)
        self._conditions: list[Conditions] = []
        self._true = Steps()
        self.certified = self._trajectory(CERTIFIED, CERTIFIED, self._true, self._certify)
        self.certified.seconds = [math.nan] * len(self._true.losses)

    def follow(self, method: MethodEntry | Broken) -> Trajectory:
        """Return the trajectory of a method."""
        steps, descend = Steps(), partial(self._descend, method)
        found = self._trajectory(method.name, method.mode, steps, descend)
        stopped = found.status in (Status.NONFINITE, Status.ERROR) and bool(steps.path)
        if stopped and self._true.ended and steps.count >= self._true.count - 1:
            found.faulty = False  # some tools say by an exception what others say by NaN
            found.reason += f" The certified trajectory ends at step {self._true.count}."
        return found

    def _trajectory(
        self, name: str, mode: str, steps: Steps, descend: Callable[[Steps], None]
    ) -> Trajectory:
        """Return the trajectory of the steps that are taken."""
        found = Trajectory(self._rule.name, name, mode, self._length)
        try:
            descend(steps)
            if steps.ended:
                found.end(Failure(Status.NONFINITE, f"{steps.ended}."))
        except Failure as failure:
            found.end(failure)
        found.losses, found.seconds = steps.losses, steps.seconds
        pairs = zip_longest(steps.path, self._true.path[: len(steps.path)])
        found.drift = [_drift(theta, true) for theta, true in pairs]
        return found

    def _certify(self, into: Steps) -> None:
        """Take the certified steps.

        Raises:
            Failure: If the rule cannot be begun, or the reference fails.
        """
        self._conditions = self._begin()
        self._take(into, CERTIFIED, (REFERENCE, ""), task.descend_certified, self._lead.problem)

    def _descend(self, method: MethodEntry | Broken, into: Steps) -> None:
        """Check a method at the start, take its steps, and check it again.

        Raises:
            Failure: If it cannot be tried, there is nothing to follow, it fails or disagrees.
        """
        if end := early_end(method):
            raise Failure(end.status, end.reason)
        assert isinstance(method, MethodEntry)  # a broken one has ended
        if not self._conditions:
            raise Failure(self.certified.status, self.certified.reason)
        if self._true.ended and not self._true.count:
            told = f"the certified trajectory takes no step: {self._true.ended}."
            raise Failure(Status.SKIPPED, told)
        self._lead.progress.say(f"{self._rule.name}: {method.name}")
        trials = [Trial(method, conditions, self._lead.pool) for conditions in self._conditions]
        for trial in trials:
            trial.check()
        keys = {trial.cell.case.operator: trial.cell.id for trial in trials}
        place = method.tool, method.environment
        self._take(into, method.name, place, task.descend, keys)
        for trial in trials:
            trial.loops, trial.samples[0] = into.count, 0.0
            trial.check_again()

    def _begin(self) -> list[Conditions]:
        """Return where and against what methods are checked, for each operator; settle the rate.

        Raises:
            Failure: If the rule cannot be begun, for any method.
        """
        lead, rule, n = self._lead, self._rule, self._lead.points.signature.n
        if n > rule.most_inputs:
            most = f"{rule.name} is not attempted beyond {rule.most_inputs:,}"
            raise Failure(Status.SKIPPED, f"{n:,} inputs: {most}.")
        lead.progress.say(f"{rule.name}: reference")
        options, found = lead.settings.options(rule), {}
        for operator in (LOSS, *rule.operators):
            case = Case(lead.problem.name, lead.size, operator)
            truth = lead.references.truth(lead.problem, self._start, operator)
            found[operator] = Conditions(case, lead.problem, lead.points, (truth,), options)
        (gradient,) = found["gradient"].truths
        if gradient.zero:
            raise Failure(Status.SKIPPED, "the gradient is zero at the start: nothing to descend.")
        if rule.rated and lead.rate is None:
            lead.rate = self._cauchy_rate(gradient.high)
        return list(found.values())

    def _cauchy_rate(self, gradient: Floats) -> float:
        """Return a share of ‖g‖²/|gᵀHg|, which minimises the quadratic model along the gradient.

        Reference: Cauchy, Comptes rendus 25 (1847); Nocedal and Wright, Numerical Optimization,
        2nd ed., (3.26).
        """
        lead, scaled = self._lead, gradient / norm(gradient)
        along = Directions(tangents=lead.points.signature.inputs.split(scaled))
        truth = lead.references.truth(lead.problem, Argument(self._start.point, along), "hvp")
        curvature = abs(float(scaled @ truth.high))
        return CAUTION / curvature if curvature > 0.0 else STRAIGHT_RATE

    def _take(
        self, into: Steps, who: str, place: tuple[str, str], request: Further, given: Any
    ) -> None:
        """Let a worker take the steps, slice by slice; what it has taken stays, if it fails.

        Raises:
            Failure: If it fails, or the time is spent.
        """
        start, length, rule = self._start.point, self._length, self._rule.name
        worker = self._lead.pool.worker(*place)
        rate, timeout_s = self._lead.rate or math.nan, self._lead.settings.timeout_s
        end = time.monotonic() + timeout_s
        try:
            while not into.path or (into.count < length and not into.ended):
                done, left_s = into.count, end - time.monotonic()
                self._lead.progress.say(f"{rule}: {who}, step {done} of {length}")
                if left_s <= 0.0:
                    raise Failure(Status.TIMEOUT, "")
                point = moved(start, into.path[-1]) if into.path else start
                limits = Limits(rule, rate, length - done, done, SLICE_S)
                into.extend(worker.ask(request, left_s, given, point, limits))
        except Failure as failure:
            if failure.status is Status.TIMEOUT:
                told = f"{into.count} of {length} steps took {timeout_s:g} s."
                raise Failure(Status.TIMEOUT, told) from None
            if worker.alive:
                with contextlib.suppress(Failure):
                    into.extend(worker.ask(task.taken, timeout_s))
            raise


def _drift(theta: Floats, true: Floats | None) -> float:
    if true is None:
        return math.nan
    with np.errstate(all="ignore"):
        apart, length = norm(theta - true), norm(true)
    return apart / length if length > 0.0 else math.inf if apart > 0.0 else 0.0
