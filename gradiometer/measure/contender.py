"""One cell on its way through a case: prepared, checked, sampled, in its tool's worker.

Each step either succeeds or ends the cell with a status and a reason. A worker that died meanwhile
(through a neighbour's fault) is replaced, and the cell prepared again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradiometer.measure.agreement import agree
from gradiometer.measure.fleet import Failure, Fleet, Worker
from gradiometer.measure.options import FEWEST_ROUNDS, Options
from gradiometer.measure.outcome import Outcome, Status
from gradiometer.measure.plan import Case, Cell
from gradiometer.measure.reference.enclosure import Enclosure
from gradiometer.measure.shipping import pack
from gradiometer.measure.statistics import median
from gradiometer.operators import operator
from gradiometer.problem import Point


@dataclass(frozen=True)
class Situation:
    """What all cells of a case share: where, against what, and by which rules."""

    case: Case
    point: Point
    preparation: Point
    truth: Enclosure
    options: Options
    origins: Mapping[str, Path | None]


class Contender:
    """A cell that can be measured: its library is installed and its plugin was loaded."""

    def __init__(self, cell: Cell, situation: Situation, fleet: Fleet) -> None:
        self.cell = cell
        self.samples: list[float] = []
        self.outcome = Outcome(Status.OK, n=situation.point.n, condition=situation.truth.condition)
        self._situation = situation
        self._fleet = fleet
        self._worker: Worker | None = None
        self._loops = 0

    def check(self) -> None:
        """Prepare the cell, and compare its answer with the truth.

        Raises:
            Failure: If a step fails or the answer disagrees.
        """
        method, situation = self.cell.method, self._situation
        asked = operator(situation.case.operator)
        self.outcome.promise = asked.promise(method)
        self._prepare()
        answer = self._ask("answer", point=situation.point)
        found = agree(
            answer,
            situation.truth,
            shapes=asked.shapes(situation.point),
            names=asked.names(situation.point),
            promise=self.outcome.promise,
            exact=method.exact or not asked.differentiates,
        )
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
        situation = self._situation
        self._loops = self._ask(
            "calibrate", point=situation.point, sample_s=situation.options.sample_s
        )

    def sample(self) -> None:
        """Take one sample.

        Raises:
            Failure: If the worker fails.
        """
        if not (self._placed and self._loops):
            self.calibrate()
        self.samples.append(self._ask("sample", loops=self._loops))

    @property
    def _placed(self) -> bool:
        """Whether the worker that it was prepared in still lives."""
        return self._worker is not None and self._worker.alive

    @property
    def finished(self) -> bool:
        """Whether its samples have used up the budget of the cell."""
        spent = sum(self.samples) * self._loops
        return len(self.samples) >= FEWEST_ROUNDS and spent >= self._situation.options.budget_s

    def conclude(self, fastest: Contender) -> None:
        """Turn the samples into the outcome's figures, paired with the fastest's by round."""
        times = median(self.samples)
        ratios = median([a / b for a, b in zip(self.samples, fastest.samples, strict=False)])
        outcome = self.outcome
        outcome.time_s, outcome.low_s, outcome.high_s = times
        outcome.ratio, outcome.ratio_low, outcome.ratio_high = ratios
        outcome.rounds, outcome.loops = len(self.samples), self._loops

    def _prepare(self) -> None:
        method, situation = self.cell.method, self._situation
        ticket = pack(method, situation.origins)
        timeout_s, threads = situation.options.timeout_s, situation.options.threads
        self._worker = self._fleet.worker(method.tool)
        opened = self._worker.ask("open", timeout_s, ticket=ticket, threads=threads)
        if self._worker.import_s is None:
            self._worker.import_s = opened
        self.outcome.import_s = self._worker.import_s if method.package else None
        self.outcome.prepare_s, self.outcome.first_s = self._ask(
            "prepare",
            method=ticket,
            problem=pack(situation.case.problem, situation.origins),
            op=situation.case.operator,
            point=situation.preparation,
            budget_s=situation.options.budget_s,
        )

    def _ask(self, request: str, **arguments: Any) -> Any:
        assert self._worker is not None
        timeout_s = self._situation.options.timeout_s
        return self._worker.ask(request, timeout_s, key=self.cell.id, **arguments)
