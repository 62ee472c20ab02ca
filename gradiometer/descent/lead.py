"""Descends one problem with every method from the same start, beside a certified trajectory.

The coordinator's side: for each rule, the certified trajectory first, in the reference worker; then
every method in its tool's own, prepared elsewhere and checked at the start. Each method gives
exactly one trajectory. The steps themselves are in `gradiometer.descent.steps`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Self

from gradiometer.descent.by_rule import ByRule
from gradiometer.descent.settings import Settings
from gradiometer.descent.steps import LOSS, RULES, Limits, Rule
from gradiometer.descent.trajectory import CERTIFIED, Trajectory
from gradiometer.measure.conditions import Conditions
from gradiometer.measure.plan import early_end
from gradiometer.measure.pool import Pool
from gradiometer.measure.progress import Progress
from gradiometer.measure.references import References
from gradiometer.plugins.registry import Broken, MethodEntry, ProblemEntry
from gradiometer.reference.enclosure import Enclosure, norm
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.outcome import Failure, Outcome, Status
from gradiometer.vocabulary.point import Argument, Directions, Points
from gradiometer.vocabulary.space import Floats

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
        logs: Folder for the workers' output.
        done: Trajectories that are known already, by rule and method, and are left out.
        progress: Told what is being done.
    """

    def __init__(
        self,
        problem: ProblemEntry,
        size: str,
        methods: Sequence[MethodEntry | Broken],
        settings: Settings,
        logs: Path,
        done: Collection[tuple[str, str]] = (),
        progress: Progress | None = None,
    ) -> None:
        self.settings = settings
        self.rate = settings.rate
        self._problem, self._size, self._methods = problem, size, methods
        self._done, self._progress = done, progress or Progress()
        self._pool = Pool(logs, settings.threads)
        self._references = References(self._pool, settings.timeout_s)

    def __enter__(self) -> Self:
        self._pool.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self._pool.__exit__(*details)

    def points(self) -> Points:
        """Return where the descent starts, and where methods are prepared.

        Raises:
            Failure: If the start cannot be drawn.
        """
        return self._references.points(self._problem.address, self._size, self.settings.seed)

    def trajectories(self, points: Points) -> Iterator[Trajectory]:
        """Yield the trajectories, by rule: the certified one, then each method's."""
        for rule in RULES.values():
            left = [m for m in self._methods if (rule.name, m.name) not in self._done]
            known = (rule.name, CERTIFIED) in self._done
            if known and not left:
                continue
            certified, descent = self._begun(rule, points)
            if not known:
                yield certified
            for method in left:
                early = early_end(self._problem, method)
                if early is not None or isinstance(method, Broken):
                    yield self._refused(rule, method, early or Outcome(Status.ERROR))
                elif isinstance(descent, ByRule):
                    yield descent.follow(method)
                else:
                    yield self._refused(rule, method, descent)

    def _begun(self, rule: Rule, points: Points) -> tuple[Trajectory, ByRule | Outcome]:
        """Return a rule's certified trajectory, and what follows it, or why nothing does."""
        certified = Trajectory(rule.name, CERTIFIED, CERTIFIED, self.settings.length(rule))
        try:
            descent = self._descent(rule, points)
            certified = descent.certified
            descent.require_a_step()
        except Failure as failure:
            if not certified.losses:
                certified.status, certified.reason = failure.status, failure.reason
            return certified, Outcome(failure.status, failure.reason)
        return certified, descent

    def _descent(self, rule: Rule, points: Points) -> ByRule:
        """Return a rule's certified trajectory, for methods to follow.

        Raises:
            Failure: If the rule cannot be begun, for any method.
        """
        n = points.signature.n
        if n > rule.most_inputs:
            raise Failure(
                Status.SKIPPED,
                f"{n:,} inputs: {rule.name} is not attempted beyond {rule.most_inputs:,}.",
            )
        self._progress.say(f"{rule.name}: reference")
        at, options = points.checked[0], self.settings.options(rule)
        truths = {operator: self._truth(operator, at) for operator in (LOSS, *rule.operators)}
        if truths["gradient"].zero:
            raise Failure(Status.SKIPPED, "the gradient is zero at the start: nothing to descend.")
        if rule.rated and self.rate is None:
            self.rate = self._cauchy_rate(points, truths["gradient"].high)
        conditions = [
            Conditions(
                Case(self._problem.name, self._size, operator),
                self._problem.address,
                points,
                (truth,),
                options,
            )
            for operator, truth in truths.items()
        ]
        length = self.settings.length(rule)
        limits = Limits(rule.name, self.rate or math.nan, length, 0, SLICE_S)
        return ByRule(self._problem, limits, conditions, self._pool, self._progress)

    def _cauchy_rate(self, points: Points, gradient: Floats) -> float:
        """Return a share of ‖g‖²/|gᵀHg|, which minimises the quadratic model along the gradient.

        Reference: Cauchy, Comptes rendus 25 (1847); Nocedal and Wright, Numerical Optimization,
        2nd ed., (3.26).
        """
        scaled = gradient / norm(gradient)
        along = Directions(tangents=points.signature.inputs.split(scaled))
        truth = self._truth("hvp", Argument(points.checked[0].point, along))
        curvature = abs(float(scaled @ truth.high))
        return CAUTION / curvature if curvature > 0.0 else STRAIGHT_RATE

    def _truth(self, operator: str, at: Argument) -> Enclosure:
        return self._references.truth(self._problem.address, at, operator)

    def _refused(self, rule: Rule, method: MethodEntry | Broken, why: Outcome) -> Trajectory:
        """Return the trajectory of a method that takes no step."""
        mode = "" if isinstance(method, Broken) else method.mode
        found = Trajectory(rule.name, method.name, mode, self.settings.length(rule))
        found.end(Failure(why.status, why.reason))
        return found
