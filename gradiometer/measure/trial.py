"""One cell on its way through a case: prepared, checked, sampled, in its tool's worker.

Each step either succeeds or ends the cell with a status and a reason. A worker that died meanwhile
(through a neighbour's fault) is replaced, and the cell prepared again.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence

from gradiometer.judging.kept import Kept
from gradiometer.measure.conditions import Conditions
from gradiometer.measure.judge import Judge
from gradiometer.measure.options import FEWEST_ROUNDS
from gradiometer.measure.pool import AnyPool, AnyWorker, P, Request, T
from gradiometer.measure.statistics import Median, median, paired
from gradiometer.plugins.registry import MethodEntry
from gradiometer.vocabulary.answer import Answer
from gradiometer.vocabulary.case import Cell
from gradiometer.vocabulary.outcome import Cold, Failure, Outcome, Status, Warm
from gradiometer.worker import requests
from gradiometer.worker.requests import Work

SLOW_SHARE = 0.25
"""Share of a case's budget that one method may take before it leaves the rounds."""

MORE_THAN_GIVEN = 1.2
"""Threads used, over threads given, from which a tool is flagged."""

PASSES, MORE_PASSES, MOST_PASSES, PASSES_S = 2, 3, 6, 0.02
"""Passes over the checked points before a cell is timed, or instead; how many, and for how long, in
seconds, where they take little time. With those of the samples and after them, nine answers or
more are checked of every cell that is timed or not."""

LOOKED_AT = frozenset(2**k for k in range(2, 20))
"""Numbers of samples of which the last answer is checked."""

MEMOISES = 2.0
"""Time at new points, over that when they come again, from which a method is said to memoise."""


class Trial:
    """A cell that can be measured: its library is installed and its plugin was loaded.

    Args:
        method: The description of its method.
        conditions: What it shares with the other cells of its case.
        pool: The workers.
        sharing: Further methods for which it is measured as well, since they evaluate the same.
        worker: The name of the worker that it is measured in; by default, that of the tool.
        primal_s: What a call of its primal takes, seconds, where it was measured.

    Attributes:
        cell: The cell.
        cells: The cell, and those of the methods for which it is measured as well.
        method: The description of its method.
        conditions: What it shares with the other cells of its case.
        outcome: What has become of it so far.
        samples: Seconds a call, by the number of the round.
        calm: Rounds of them in which the machine was undisturbed.
        loops: Calls in a sample.
    """

    def __init__(
        self,
        method: MethodEntry,
        conditions: Conditions,
        pool: AnyPool,
        sharing: Sequence[MethodEntry] = (),
        worker: str = "",
        primal_s: float | None = None,
    ) -> None:
        self.cells = [Cell(conditions.case, each.name) for each in (method, *sharing)]
        self.cell = self.cells[0]
        self.method = method
        self.conditions = conditions
        self._place = worker or method.tool
        self._primal_s = primal_s
        self._judge = Judge(method, conditions, pool)
        self.outcome = Outcome(Status.OK, verdict=self._judge.verdict)
        self.samples: dict[int, float] = {}
        self.calm: Sequence[int] = ()
        self.loops = 0
        self._pool = pool
        self._worker: AnyWorker | None = None
        self._cpu_s = 0.0

    def check(self) -> None:
        """Prepare the cell, and compare its answers with the truth.

        Raises:
            Failure: If a step fails or an answer disagrees.
        """
        dtype, verdict = self.cell.case.dtype, self.outcome.verdict
        verdict.promise = self.conditions.operator.promise(self.method.digits, dtype)
        if verdict.promise is None:
            what = f"of a {self.cell.case.operator} in {dtype}"
            raise Failure(Status.UNSUPPORTED, f"{self.method.name} promises nothing {what}.")
        self._prepare()
        self._compare("")
        start, fewest = time.monotonic(), PASSES if self.conditions.options.rounds else MORE_PASSES
        for number in range(2, MOST_PASSES + 1):
            if number > fewest and time.monotonic() - start > PASSES_S:
                break
            self._compare(f"right at first, not in answer {number} at the same point: ")
        self._ask(self._worker, requests.inspect, self.cell.id)

    def calibrate(self) -> None:
        """Settle how many calls make a sample.

        Raises:
            Failure: If the worker fails.
        """
        if not self._placed:
            self._prepare()
        points, sample_s = self.conditions.points.checked, self.conditions.options.sample_s
        found = self._ask(self._worker, requests.calibrate, self.cell.id, points, sample_s)
        self.loops, self.outcome.warm.call_bytes = found

    def sample(self, number: int) -> None:
        """Take the sample of a round; compare its last answer with the truth now and then.

        Raises:
            Failure: If the worker fails, or the answer is wrong.
        """
        if not (self._placed and self.loops):
            self.calibrate()
        taken = self._ask(self._worker, requests.sample, self.cell.id, self.loops)
        self.samples[number] = taken.wall_s
        self._cpu_s += taken.cpu_s
        if len(self.samples) in LOOKED_AT:
            answer, place = self._ask(self._worker, requests.sampled, self.cell.id)
            self._judged(answer, place, self._after())

    def check_again(self) -> None:
        """Compare answers with the truth, after all the calls that were timed.

        Raises:
            Failure: If they are no longer right, or a call has changed what it is given.
        """
        if self._placed:
            self._ask(self._worker, requests.inspect, self.cell.id)
            self._compare(self._after())

    def meet_fresh_points(self, call_s: float) -> None:
        """Compare the time of first calls, at points that it never met, with that of second ones.

        Args:
            call_s: What its calls take where they are timed.

        Raises:
            Failure: If it memoises, or the worker fails.
        """
        if not self._placed:
            return
        fresh = self.conditions.points.fresh
        times = self._ask(self._worker, requests.novelty, self.cell.id, fresh, call_s)
        if times > MEMOISES:
            told = f"{times:.3g} times slower at a point that is new to it than when it comes again"
            raise Failure(
                Status.MEMOISES,
                f"{told}: answers are remembered, not computed, or programs compiled for each",
            )

    def repeat_cold(self) -> None:
        """Repeat import, preparation and first call in fresh workers; keep the medians.

        Raises:
            Failure: If a fresh worker fails.
        """
        runs = []
        for _ in range(self.conditions.options.cold):
            worker = self._pool.start(self._place, self.method.environment)
            try:
                runs.append(self._prepare_in(worker, wall=True)[0])
            finally:
                worker.stop()
        self.outcome.cold.cold = len(runs)
        for name in ("import_s", "prepare_s", "first_s"):
            taken = [getattr(run, name) for run in runs]
            if None not in taken:
                setattr(self.outcome.cold, name, statistics.median(taken))

    @property
    def kept(self) -> Kept | None:
        """The components of its answer where calls are timed, once it has answered."""
        return self._judge.kept

    @property
    def slow(self) -> bool:
        """Whether its calls are so long that it leaves the rounds with what it has."""
        taken, options = len(self.samples), self.conditions.options
        long_calls = self.spent_s > 2 * taken * options.sample_s
        over_share = self.spent_s > SLOW_SHARE * options.budget_s
        return taken >= FEWEST_ROUNDS and long_calls and over_share

    @property
    def spent_s(self) -> float:
        """Seconds that its samples took."""
        return sum(self.samples.values()) * self.loops

    @property
    def counted(self) -> Mapping[int, float]:
        """The samples that figures are made of: those of calm rounds, or all if those are few."""
        if len(self.calm) < FEWEST_ROUNDS:
            return self.samples
        return {number: self.samples[number] for number in self.calm}

    def ratio_to(self, other: Trial) -> Median:
        """Return the ratio of its time to another's, paired within rounds, with its interval."""
        shared = self.counted.keys() & other.samples.keys()
        ours = self.counted if len(shared) >= FEWEST_ROUNDS else self.samples
        return paired(ours, other.samples)

    def conclude(self, fastest: Trial, stopped: str, floor_s: float | None) -> None:
        """Turn the samples into the outcome's figures."""
        given, taken = self.conditions.options.threads, list(self.samples.values())
        threads_used = self._cpu_s / sum(taken)
        times, ratios = median(list(self.counted.values())), self.ratio_to(fastest)
        self.outcome.warm = Warm(
            *times,
            *ratios,
            rounds=len(taken),
            calm=len(self.calm),
            loops=self.loops,
            stopped="slow" if self.slow else stopped,
            floor_s=floor_s,
            threads_used=threads_used,
            call_bytes=self.outcome.warm.call_bytes,
        )
        if threads_used > MORE_THAN_GIVEN * given:
            used = f"used {threads_used:.1f} threads, {given} given"
            self.outcome.reason = "; ".join(filter(None, (self.outcome.reason, used)))

    def _compare(self, when: str) -> None:
        """Compare an answer at each checked point with the truth there.

        Raises:
            Failure: If one is wrong, saying when; or the worker fails.
        """
        at = self.conditions.points.checked
        for k, answer in enumerate(self._ask(self._worker, requests.answers, self.cell.id, at)):
            self._judged(answer, k, when)

    def _judged(self, answer: Answer, k: int, when: str) -> None:
        self._judge.judge(answer, k, when)
        self.outcome.reason = "; ".join(self._judge.notes)

    def _after(self) -> str:
        return f"right at first, not after {self.loops * len(self.samples)} calls: "

    @property
    def _placed(self) -> bool:
        """Whether the worker that it was prepared in still lives."""
        return self._worker is not None and self._worker.alive

    def _prepare(self) -> None:
        self._worker = self._pool.worker(self._place, self.method.environment)
        outcome = self.outcome
        outcome.cold, outcome.route, outcome.translated = self._prepare_in(self._worker)

    def _prepare_in(self, worker: AnyWorker, *, wall: bool = False) -> tuple[Cold, str, str]:
        """Prepare the cell in a worker; return as `requests.prepare`."""
        conditions, address, key = self.conditions, self.method.address, self.cell.id
        points, opened = conditions.points, (self.method.name, conditions.target)
        if opened not in worker.opened:
            worker.opened[opened] = self._ask(
                worker, requests.set_up, address, conditions.target, wall=wall
            )
        operator, target = conditions.case.operator, conditions.target
        work = Work(address, conditions.problem, operator, points.signature, target)
        limits = conditions.options.longest_call_s, self._primal_s
        at = points.preparation
        found = self._ask(worker, requests.prepare, key, work, at, *limits, wall=wall)
        if self.method.requires:  # the first to import paid for it
            found[0].import_s = next(iter(worker.opened.values()))
        return found

    def _ask(
        self, worker: AnyWorker | None, request: Request[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if worker is None:
            raise Failure(Status.ERROR, f"{self.cell.id} was asked for before it was prepared")
        return worker.ask(request, self.conditions.options.timeout_s, *args, **kwargs)
