"""One cell on its way through a case: prepared, checked, sampled, in its tool's worker.

Each step either succeeds or ends the cell with a status and a reason. A worker that died meanwhile
(through a neighbour's fault) is replaced, and the cell prepared again.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from gradiometer.measure.agreement import Agreement, agree
from gradiometer.measure.conditions import Conditions
from gradiometer.measure.options import FEWEST_ROUNDS
from gradiometer.measure.pool import AnyPool, AnyWorker
from gradiometer.measure.statistics import Median, median, paired
from gradiometer.plugins.registry import MethodEntry
from gradiometer.vocabulary.case import Cell
from gradiometer.vocabulary.outcome import Cold, Failure, Outcome, Status, Verdict, Warm
from gradiometer.worker import requests
from gradiometer.worker.requests import Preparation, Work

SLOW_SHARE = 0.25
"""Share of a case's budget that one method may take before it leaves the rounds."""

MORE_THAN_GIVEN = 1.2
"""Threads used, over threads given, from which a tool is flagged."""


class Trial:
    """A cell that can be measured: its library is installed and its plugin was loaded.

    Attributes:
        cell: The cell.
        method: The description of its method.
        outcome: What has become of it so far.
        samples: Seconds a call, by the number of the round.
        calm: Rounds of them in which the machine was undisturbed.
        loops: Calls in a sample.
    """

    def __init__(self, method: MethodEntry, conditions: Conditions, pool: AnyPool) -> None:
        self.cell = Cell(conditions.case, method.name)
        self.method = method
        truth = conditions.truths[0]
        self.outcome = Outcome(
            Status.OK,
            verdict=Verdict(
                n=conditions.points.signature.n,
                condition=truth.condition,
                owed=truth.owed,
                undecided=truth.undecided,
                bound=truth.kind,
            ),
        )
        self.samples: dict[int, float] = {}
        self.calm: Sequence[int] = ()
        self.loops = 0
        self._conditions = conditions
        self._pool = pool
        self._worker: AnyWorker | None = None
        self._cpu_s = 0.0

    def check(self) -> None:
        """Prepare the cell, and compare its answers with the truth.

        Raises:
            Failure: If a step fails or an answer disagrees.
        """
        case, verdict = self.cell.case, self.outcome.verdict
        verdict.promise = self._conditions.operator.promise(self.method.digits, case.dtype)
        if verdict.promise is None:
            raise Failure(
                Status.UNSUPPORTED, f"{self.method.name} promises nothing in {case.dtype}."
            )
        self._prepare()
        found = self._agreement()
        verdict.digits, verdict.worst_digits, verdict.ulps = (
            found.digits, found.worst_digits, found.ulps,
        )  # fmt: skip
        if found.status is not Status.OK:
            raise Failure(found.status, found.reason)

    def calibrate(self) -> None:
        """Settle how many calls make a sample.

        Raises:
            Failure: If the worker fails.
        """
        if not self._placed:
            self._prepare()
        options = self._conditions.options
        self.loops, self.outcome.warm.call_bytes = self._ready.ask(
            requests.calibrate,
            options.timeout_s,
            self.cell.id,
            self._conditions.timed,
            options.sample_s,
        )

    def sample(self, number: int) -> None:
        """Take the sample of a round.

        Raises:
            Failure: If the worker fails.
        """
        if not (self._placed and self.loops):
            self.calibrate()
        taken = self._ready.ask(
            requests.sample, self._conditions.options.timeout_s, self.cell.id, self.loops
        )
        self.samples[number] = taken.wall_s
        self._cpu_s += taken.cpu_s

    def check_again(self) -> None:
        """Compare another answer with the truth, after all the calls that were timed.

        Raises:
            Failure: If it is no longer right.
        """
        if self._placed:
            found = self._agreement()
            if found.status is not Status.OK:
                calls = self.loops * len(self.samples)
                raise Failure(
                    found.status, f"right at first, not after {calls} calls: {found.reason}"
                )

    def repeat_cold(self) -> None:
        """Repeat import, preparation and first call in fresh workers; keep the medians.

        Raises:
            Failure: If a fresh worker fails.
        """
        runs = []
        for _ in range(self._conditions.options.cold):
            worker = self._pool.start(self.method.tool)
            try:
                runs.append((self._set_up(worker), *self._prepare_in(worker)))
            finally:
                worker.stop()
        cold = self.outcome.cold
        if runs:
            import_s, prepare_s, first_s, *_ = zip(*runs, strict=True)
            cold.import_s = statistics.median(import_s) if self.method.requires else None
            cold.prepare_s = statistics.median(prepare_s)
            cold.first_s = statistics.median(first_s)
        cold.cold = len(runs)

    @property
    def slow(self) -> bool:
        """Whether its calls are so long that it leaves the rounds with what it has."""
        taken, options = len(self.samples), self._conditions.options
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
        given, taken = self._conditions.options.threads, list(self.samples.values())
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

    def _agreement(self) -> Agreement:
        """Return the verdict at the first point where the answer is wrong, or at the first."""
        conditions, asked = self._conditions, self._conditions.operator
        found, notes = [], []
        for at, truth in zip(conditions.points.checked, conditions.truths, strict=True):
            timeout_s = conditions.options.timeout_s
            answer = self._ready.ask(requests.answer, timeout_s, self.cell.id, at)
            each = agree(
                answer.arrays,
                truth,
                asked.layout(conditions.points.signature),
                promise=self.outcome.verdict.promise or 0.0,
                exact=self.method.exact or not asked.differentiates,
                dtype=conditions.case.dtype,
            )
            if each.status is not Status.OK:
                return each
            found.append(each)
            notes += [answer.note, each.note]
        self.outcome.reason = "; ".join(dict.fromkeys(filter(None, notes)))
        return found[0]

    @property
    def _placed(self) -> bool:
        """Whether the worker that it was prepared in still lives."""
        return self._worker is not None and self._worker.alive

    @property
    def _ready(self) -> AnyWorker:
        """The worker that it was prepared in."""
        if self._worker is None:
            raise Failure(Status.ERROR, f"{self.cell.id} was asked for before it was prepared")
        return self._worker

    def _prepare(self) -> None:
        worker = self._worker = self._pool.worker(self.method.tool)
        opened = (self.method.name, self._conditions.target)
        if opened not in worker.opened:
            worker.opened[opened] = self._set_up(worker)
        first = next(iter(worker.opened.values()))  # the import was paid for by the first
        prepared = self._prepare_in(worker)
        self.outcome.route = prepared.route
        import_s = first if self.method.requires else None
        self.outcome.cold = Cold(
            import_s, prepared.prepare_s, prepared.first_s, prepared.peak_bytes, cold=0
        )

    def _set_up(self, worker: AnyWorker) -> float:
        conditions = self._conditions
        return worker.ask(
            requests.set_up, conditions.options.timeout_s, self.method.address, conditions.target
        )

    def _prepare_in(self, worker: AnyWorker) -> Preparation:
        conditions, options = self._conditions, self._conditions.options
        work = Work(
            self.method.address,
            conditions.problem,
            conditions.case.operator,
            conditions.points.signature,
        )
        return worker.ask(
            requests.prepare,
            options.timeout_s,
            self.cell.id,
            work,
            conditions.points.preparation,
            options.budget_s,
        )
