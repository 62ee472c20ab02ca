"""One rule of a descent: the certified trajectory, and what it takes to follow it with a method."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from itertools import zip_longest

import numpy as np

from gradiometer.descent import task
from gradiometer.descent.steps import Limits, Steps, moved
from gradiometer.descent.trajectory import CERTIFIED, Trajectory
from gradiometer.measure.conditions import Conditions
from gradiometer.measure.pool import AnyWorker, Pool
from gradiometer.measure.progress import Progress
from gradiometer.measure.references import REFERENCE
from gradiometer.measure.trial import Trial
from gradiometer.plugins.registry import MethodEntry, ProblemEntry
from gradiometer.reference.enclosure import norm
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.space import Floats

Further = Callable[[AnyWorker, float, Point, Limits], Steps]
"""Asks a worker, within so many seconds, for steps from a point."""


class ByRule:
    """One rule: the certified trajectory, and what it takes to follow it with a method."""

    def __init__(
        self,
        problem: ProblemEntry,
        whole: Limits,
        conditions: Sequence[Conditions],
        pool: Pool,
        progress: Progress,
    ) -> None:
        self._problem, self._whole, self._conditions = problem, whole, conditions
        self._pool, self._progress = pool, progress
        self._start = conditions[0].timed.point
        self._timeout_s = conditions[0].options.timeout_s
        self._true = Steps()
        self.certified = self._certify()

    def require_a_step(self) -> None:
        """Make sure that there is a trajectory to follow.

        Raises:
            Failure: If the certified one ends where it starts.
        """
        if self._true.ended and not self._true.count:
            told = f"the certified trajectory takes no step: {self._true.ended}."
            raise Failure(Status.SKIPPED, told)

    def follow(self, method: MethodEntry) -> Trajectory:
        """Return the trajectory of a method."""
        found = Trajectory(self._whole.rule, method.name, method.mode, self._whole.steps)
        steps = Steps()
        try:
            self._descend(method, steps)
        except Failure as failure:
            found.end(failure)
        self._conclude(found, steps)
        if self._ends_there_too(found, steps):
            found.faulty = False
            found.reason += f" The certified trajectory ends at step {self._true.count}."
        return found

    def _descend(self, method: MethodEntry, into: Steps) -> None:
        """Check a method at the start, take its steps, and check it again.

        Raises:
            Failure: If it fails or disagrees.
        """
        self._progress.say(f"{self._whole.rule}: {method.name}")
        trials = [Trial(method, conditions, self._pool) for conditions in self._conditions]
        for trial in trials:
            trial.check()
        keys = {trial.cell.case.operator: trial.cell.id for trial in trials}
        self._take(
            self._pool.worker(method.tool),
            method.name,
            into,
            lambda worker, left_s, point, limits: worker.ask(
                task.descend, left_s, keys, point, limits
            ),
        )
        for trial in trials:
            trial.loops, trial.samples[0] = into.count, 0.0
            trial.check_again()

    def _ends_there_too(self, found: Trajectory, steps: Steps) -> bool:
        """Return whether a trajectory ended where the certified one does, within a step.

        Some tools say by an exception what others say by NaN.
        """
        stopped = found.status in (Status.NONFINITE, Status.ERROR) and bool(steps.path)
        return stopped and bool(self._true.ended) and steps.count >= self._true.count - 1

    def _certify(self) -> Trajectory:
        found = Trajectory(self._whole.rule, CERTIFIED, CERTIFIED, self._whole.steps)
        try:
            self._take(
                self._pool.worker(REFERENCE),
                CERTIFIED,
                self._true,
                lambda worker, left_s, point, limits: worker.ask(
                    task.descend_certified, left_s, self._problem.address, point, limits
                ),
            )
        except Failure as failure:
            found.end(failure)
        self._conclude(found, self._true)
        found.seconds = [math.nan] * len(found.losses)
        found.faulty = False
        return found

    def _conclude(self, found: Trajectory, steps: Steps) -> None:
        """Turn the steps that were taken into the trajectory."""
        if steps.ended and found.status is Status.OK:
            found.end(Failure(Status.NONFINITE, f"{steps.ended}."))
        found.losses, found.seconds = steps.losses, steps.seconds
        pairs = zip_longest(steps.path, self._true.path[: len(steps.path)])
        found.drift = [_drift(theta, true) for theta, true in pairs]

    def _take(self, worker: AnyWorker, who: str, into: Steps, further: Further) -> None:
        """Let a worker take the steps, slice by slice; what it has taken stays, if it fails.

        Raises:
            Failure: If it fails, or the time is spent.
        """
        whole, end = self._whole, time.monotonic() + self._timeout_s
        try:
            while not into.path or (into.count < whole.steps and not into.ended):
                done, left_s = into.count, end - time.monotonic()
                self._progress.say(f"{whole.rule}: {who}, step {done} of {whole.steps}")
                if left_s <= 0.0:
                    raise Failure(Status.TIMEOUT, "")
                point = moved(self._start, into.path[-1]) if into.path else self._start
                limits = whole._replace(steps=whole.steps - done, first=done)
                into.extend(further(worker, left_s, point, limits))
        except Failure as failure:
            if failure.status is Status.TIMEOUT:
                told = f"{into.count} of {whole.steps} steps took {self._timeout_s:g} s."
                raise Failure(Status.TIMEOUT, told) from None
            if worker.alive:
                with contextlib.suppress(Failure):
                    into.extend(worker.ask(task.taken, self._timeout_s))
            raise


def _drift(theta: Floats, true: Floats | None) -> float:
    if true is None:
        return math.nan
    with np.errstate(all="ignore"):
        apart, length = norm(theta - true), norm(true)
    return apart / length if length > 0.0 else math.inf if apart > 0.0 else 0.0
