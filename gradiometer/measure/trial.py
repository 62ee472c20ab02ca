"""One cell on its way through a case: prepared, checked, sampled, in its tool's worker.

Each step either succeeds or ends the cell with a status and a reason. A worker that died meanwhile
(through a neighbour's fault) is replaced, and the cell prepared again.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradiometer.measure.agreement import Agreement, agree
from gradiometer.measure.options import FEWEST_ROUNDS, Options
from gradiometer.measure.plan import Case, Cell
from gradiometer.measure.pool import Failure, Pool, Worker
from gradiometer.measure.statistics import Median, median, paired
from gradiometer.plugins.address import pack
from gradiometer.reference.enclosure import Enclosure
from gradiometer.vocabulary.operators import Answer, operator
from gradiometer.vocabulary.outcome import Outcome, Status
from gradiometer.vocabulary.problem import Point
from gradiometer.worker.tool import Preparation

SLOW_SHARE = 0.25
"""Share of a case's budget that one method may take before it leaves the rounds."""

MORE_THAN_GIVEN = 1.2
"""Threads used, over threads given, from which a tool is flagged."""


@dataclass(frozen=True)
class Conditions:
    """What all cells of a case share: where, against what, and by which rules."""

    case: Case
    point: Point
    preparation: Point
    truth: Enclosure
    options: Options
    origins: Mapping[str, Path | None]


class Trial:
    """A cell that can be measured: its library is installed and its plugin was loaded.

    Attributes:
        cell: The cell.
        outcome: What has become of it so far.
        samples: Seconds a call, by the number of the round.
        calm: Rounds of them in which the machine was undisturbed.
        loops: Calls in a sample.
    """

    def __init__(self, cell: Cell, conditions: Conditions, pool: Pool) -> None:
        self.cell = cell
        truth = conditions.truth
        self.outcome = Outcome(
            Status.OK,
            n=conditions.point.n,
            condition=truth.condition,
            owed=truth.owed,
            undecided=truth.undecided,
            bound=truth.kind,
        )
        self.samples: dict[int, float] = {}
        self.calm: Sequence[int] = ()
        self.loops = 0
        self._conditions = conditions
        self._pool = pool
        self._worker: Worker | None = None
        self._cpu_s = 0.0

    def check(self) -> None:
        """Prepare the cell, and compare its answer with the truth.

        Raises:
            Failure: If a step fails or the answer disagrees.
        """
        asked = operator(self._conditions.case.operator)
        self.outcome.promise = asked.promise(self.cell.method)
        self._prepare()
        found = self._agreement()
        self.outcome.digits, self.outcome.worst_digits = found.digits, found.worst_digits
        self.outcome.ulps = found.ulps
        if found.status is not Status.OK:
            raise Failure(found.status, found.reason)

    def calibrate(self) -> None:
        """Settle how many calls make a sample.

        Raises:
            Failure: If the worker fails.
        """
        if not self._placed:
            self._prepare()
        conditions = self._conditions
        self.loops, self.outcome.call_bytes = self._ask(
            "calibrate", point=conditions.point, sample_s=conditions.options.sample_s
        )

    def sample(self, number: int) -> None:
        """Take the sample of a round.

        Raises:
            Failure: If the worker fails.
        """
        if not (self._placed and self.loops):
            self.calibrate()
        taken = self._ask("sample", loops=self.loops)
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
        method, repeats = self.cell.method, self._conditions.options.cold
        runs = []
        for _ in range(repeats):
            worker = self._pool.start(method.tool)
            try:
                runs.append((self._open(worker), *self._prepare_in(worker)))
            finally:
                worker.stop()
        if runs:
            import_s, prepare_s, first_s, *_ = zip(*runs, strict=True)
            self.outcome.import_s = statistics.median(import_s) if method.package else None
            self.outcome.prepare_s = statistics.median(prepare_s)
            self.outcome.first_s = statistics.median(first_s)
        self.outcome.cold = repeats

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
        seconds = list(self.samples.values())
        outcome, given = self.outcome, self._conditions.options.threads
        outcome.time_s, outcome.low_s, outcome.high_s = median(list(self.counted.values()))
        outcome.ratio, outcome.ratio_low, outcome.ratio_high = self.ratio_to(fastest)
        outcome.rounds, outcome.calm, outcome.loops = len(seconds), len(self.calm), self.loops
        outcome.stopped = "slow" if self.slow else stopped
        outcome.floor_s = floor_s
        outcome.threads_used = self._cpu_s / sum(seconds)
        if outcome.threads_used > MORE_THAN_GIVEN * given:
            used = f"used {outcome.threads_used:.1f} threads, {given} given"
            outcome.reason = "; ".join(filter(None, (outcome.reason, used)))

    def _agreement(self) -> Agreement:
        conditions, method = self._conditions, self.cell.method
        asked = operator(conditions.case.operator)
        answer: Answer = self._ask("answer", point=conditions.point)
        found = agree(
            answer.arrays,
            conditions.truth,
            asked.layout(conditions.point),
            promise=asked.promise(method),
            exact=asked.exact(method),
        )
        self.outcome.reason = "; ".join(filter(None, (answer.note, found.note)))
        return found

    @property
    def _placed(self) -> bool:
        """Whether the worker that it was prepared in still lives."""
        return self._worker is not None and self._worker.alive

    def _prepare(self) -> None:
        worker = self._worker = self._pool.worker(self.cell.method.tool)
        if self.cell.method.name not in worker.opened:
            opened = self._open(worker)
            worker.import_s = opened if worker.import_s is None else worker.import_s
            worker.opened.add(self.cell.method.name)
        outcome = self.outcome
        outcome.import_s = worker.import_s if self.cell.method.package else None
        prepared = self._prepare_in(worker)
        outcome.prepare_s, outcome.first_s, outcome.prepare_bytes, outcome.route = prepared
        outcome.cold = 0

    def _open(self, worker: Worker) -> float:
        options = self._conditions.options
        address = pack(self.cell.method, self._conditions.origins)
        seconds: float = worker.ask(
            "open", options.timeout_s, address=address, threads=options.threads
        )
        return seconds

    def _prepare_in(self, worker: Worker) -> Preparation:
        conditions = self._conditions
        found: Preparation = worker.ask(
            "prepare",
            conditions.options.timeout_s,
            key=self.cell.id,
            method=pack(self.cell.method, conditions.origins),
            problem=pack(conditions.case.problem, conditions.origins),
            op=conditions.case.operator,
            point=conditions.preparation,
            budget_s=conditions.options.budget_s,
        )
        return found

    def _ask(self, request: str, **arguments: Any) -> Any:
        if self._worker is None:
            raise Failure(
                Status.ERROR, f"{self.cell.id} was asked to {request} before it was ready"
            )
        timeout_s = self._conditions.options.timeout_s
        return self._worker.ask(request, timeout_s, key=self.cell.id, **arguments)
