"""Tries the steps of every method of differences at one point, beside the certified derivative.

The coordinator's side: the truth first, from the reference's worker; then every method in its
tool's own, a request a step. Each method gives exactly one curve.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from gradiometer.judging.agreement import agree
from gradiometer.measure.conditions import References, require_size
from gradiometer.measure.plan import early_end
from gradiometer.measure.pool import Pool
from gradiometer.measure.progress import Progress
from gradiometer.plugins.registry import Broken, MethodEntry, ProblemEntry
from gradiometer.stepsizes import task
from gradiometer.stepsizes.curve import Curve
from gradiometer.stepsizes.settings import Settings
from gradiometer.stepsizes.theory import best_step
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.enclosure import norm
from gradiometer.vocabulary.method import Target
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.worker import requests
from gradiometer.worker.requests import Work


class Lead:
    """Leads the methods of differences through their steps.

    Args:
        problem: The problem.
        case: Its size and dtype, and the operator.
        settings: Which steps are tried, and how.
        pool: The workers.
        progress: Told what is being done.

    Attributes:
        points: Where methods answer, and where they are prepared.
        truth: The certified derivative there.

    Raises:
        Failure: If the point cannot be drawn, or the truth cannot be certified, is zero, or is too
            large.
    """

    def __init__(
        self, problem: ProblemEntry, case: Case, settings: Settings, pool: Pool, progress: Progress
    ) -> None:
        self._problem, self._case, self._settings = problem.address, case, settings
        self._pool, self._progress = pool, progress
        self._target = Target(settings.threads, case.device, case.dtype)
        progress.say("reference")
        references = References(pool, settings.timeout_s)
        self.points = references.points(self._problem, case.size, settings.seed, case.dtype)
        require_size(case, self.points.signature)
        self.truth = references.truth(self._problem, self.points.declared, case.operator)
        if self.truth.zero:
            told = f"the {case.operator} is zero at the point: no error is relative to it"
            raise Failure(Status.SKIPPED, told)

    def curves(
        self, methods: Sequence[MethodEntry | Broken], done: Collection[str] = ()
    ) -> Iterator[Curve]:
        """Yield the curve of each method.

        Args:
            methods: The methods, in order.
            done: Names of those whose curves are known already, and which are left out.
        """
        for method in methods:
            if method.name not in done:
                found = Curve(method.name, method.mode)
                try:
                    self._follow(method, found)
                except Failure as failure:
                    found.end(failure)
                found.conclude()
                yield found

    def _follow(self, method: MethodEntry | Broken, into: Curve) -> None:
        """Try a method's own step, then all others.

        Raises:
            Failure: If it cannot be tried, has no finite answer, fails, or the time is spent.
        """
        if end := early_end(method):
            raise Failure(end.status, end.reason)
        assert isinstance(method, MethodEntry)  # a broken one has ended
        grid, timeout_s = self._settings.grid(self._case.dtype), self._settings.timeout_s
        end_s = time.monotonic() + timeout_s
        self._set_up(method)
        tried = self._try(method, None, timeout_s, timeout_s / (1 + len(grid)))
        into.default_step, into.default_error = tried.usual, self._error(tried)
        order = operator(self._case.operator).order
        into.theory_step = best_step(tried.accuracy, order, self._case.dtype)
        for count, step in enumerate(grid):
            self._progress.say(f"{method.name}, step {count} of {len(grid)}")
            spent = Failure(Status.TIMEOUT, f"{count} of {len(grid)} steps took {timeout_s:g} s.")
            left_s = end_s - time.monotonic()
            if left_s <= 0.0:
                raise spent
            try:
                tried = self._try(method, step, left_s)
            except Failure as failure:
                if failure.status is Status.TIMEOUT:
                    raise spent from None
                raise Failure(failure.status, f"step {step:.3g}: {failure.reason}") from failure
            into.add(step, self._error(tried), tried.note)
        if not np.isfinite([into.default_error, *into.errors]).any():
            told = f": {tried.note}" if tried.note else ""
            raise Failure(Status.NONFINITE, f"no step gives a finite answer{told}")

    def _set_up(self, method: MethodEntry) -> None:
        worker = self._pool.worker(method.tool, method.environment)
        opened = method.name, self._target
        if opened not in worker.opened:
            timeout_s = self._settings.timeout_s
            worker.opened[opened] = worker.ask(
                requests.set_up, timeout_s, method.address, self._target
            )

    def _try(
        self, method: MethodEntry, step: float | None, left_s: float, most_s: float | None = None
    ) -> task.Tried:
        signature, target = self.points.signature, self._target
        work = Work(method.address, self._problem, self._case.operator, signature, target)
        worker = self._pool.worker(method.tool, method.environment)
        at = self.points.preparation, self.points.declared
        return worker.ask(task.try_step, left_s, work, *at, step, most_s)

    def _error(self, tried: task.Tried) -> float:
        """Return how far an answer is from the truth, in the norm, relative to the truth.

        Raises:
            Failure: If what came is no such answer.
        """
        if tried.answer is None:
            return float("inf")
        layout = operator(self._case.operator).layout(self.points.signature)
        found = agree(
            tried.answer.arrays, self.truth, layout,
            promise=-np.inf, exact=False, dtype=self._case.dtype,
        )  # fmt: skip
        if found.status is Status.DISAGREES or found.compared is None:
            raise Failure(found.status, found.reason)
        return norm(found.compared.errors) / self.truth.norm
