"""The coordinator: takes a plan case by case, and yields exactly one outcome for every cell.

For a case: the reference first; then each method prepared and checked; then all that agree sampled
in interleaved rounds, in shuffled order. It imports no framework and computes no derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from gradiometer.errors import GradiometerError, describe
from gradiometer.measure.contender import Contender, Situation
from gradiometer.measure.fleet import Failure, Fleet
from gradiometer.measure.options import Options
from gradiometer.measure.outcome import Outcome, Status
from gradiometer.measure.plan import Case, Cell, Plan
from gradiometer.measure.reference import cache
from gradiometer.measure.reference.enclosure import Enclosure
from gradiometer.measure.shipping import pack
from gradiometer.measure.statistics import median
from gradiometer.problem import Point, Problem

Progress = Callable[[str], None]
Origins = Mapping[str, Path | None]


class Harness:
    """Measures a plan.

    Args:
        plan: What to measure.
        options: How to measure it.
        origins: Where workers load plugin modules from.
        logs: Folder for the workers' output.
        progress: Told in a few words what is being done.
    """

    def __init__(
        self,
        plan: Plan,
        options: Options,
        origins: Origins,
        logs: Path,
        progress: Progress = lambda text: None,
    ) -> None:
        self._plan = plan
        self._options = options
        self._origins = origins
        self._fleet = Fleet(logs, options.threads)
        self._progress = progress

    def __enter__(self) -> Harness:
        self._fleet.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self._fleet.__exit__(*details)

    def floor_s(self) -> float:
        """Return the seconds of a call that does nothing: the floor of every figure."""
        worker = self._fleet.worker(REFERENCE)
        floor: float = worker.ask("floor", self._options.timeout_s, sample_s=self._options.sample_s)
        return floor

    def outcomes(self) -> Iterator[tuple[Cell, Outcome]]:
        """Yield every planned cell with its outcome, case by case."""
        for case in self._plan.cases:
            yield from self._case(case)

    def _case(self, case: Case) -> Iterator[tuple[Cell, Outcome]]:
        cells = [Cell(case, method) for method in self._plan.methods]
        self._progress(f"{case.id}: reference")
        try:
            situation = self._situation(case)
        except Failure as failure:
            for cell in cells:
                early = _never_ran(cell) or Outcome(failure.status, failure.reason)
                yield cell, early
            return
        running = []
        for cell in cells:
            outcome = _never_ran(cell)
            if outcome is None:
                self._progress(cell.id)
                contender = Contender(cell, situation, self._fleet)
                outcome = _attempt(contender, contender.check)
                if outcome is None:
                    running.append(contender)
                    continue
            yield cell, outcome
        self._sample(case, running)
        for contender in running:
            yield contender.cell, contender.outcome
        self._fleet.forget()

    def _sample(self, case: Case, running: list[Contender]) -> None:
        """Sample all contenders in interleaved rounds, and conclude their figures."""
        rng = np.random.default_rng(self._options.seed)
        for number in range(self._options.rounds):
            self._progress(f"{case.id}: round {number + 1} of {self._options.rounds}")
            for i in rng.permutation(len(running)):
                contender = running[i]
                if contender.finished or contender.outcome.status is not Status.OK:
                    continue
                _attempt(contender, contender.sample)
        timed = [c for c in running if c.samples]
        for contender in timed:
            contender.conclude(fastest=min(timed, key=lambda c: median(c.samples).value))

    def _situation(self, case: Case) -> Situation:
        """Return the case's points and certified truth.

        Raises:
            Failure: If the problem or its reference fails.
        """
        if case.problem.fault:
            raise Failure(Status.ERROR, case.problem.fault)
        seed = self._options.seed
        try:
            point = case.problem.point(case.size, seed)
            preparation = case.problem.preparation_point(case.size, seed)
        except Exception as error:  # a problem's own code: whatever it raises is the reason
            raise Failure(Status.ERROR, f"point of {case.problem.name}: {_text(error)}") from error
        truth = self._truth(case, point)
        return Situation(case, point, preparation, truth, self._options, self._origins)

    def _truth(self, case: Case, point: Point) -> Enclosure:
        return reference(
            self._fleet, case.problem, point, case.operator, self._origins, self._options.timeout_s
        )


REFERENCE = "reference"
"""Name of the worker that certifies."""


def reference(
    fleet: Fleet, problem: Problem, point: Point, op: str, origins: Origins, timeout_s: float
) -> Enclosure:
    """Return the certified truth of a problem at a point, from the cache or from a worker.

    Raises:
        Failure: If it cannot be certified, with the reason.
    """
    digest = cache.key(problem, point, op)
    known = cache.find(digest)
    if known is not None:
        return known
    worker = fleet.worker(REFERENCE)
    try:
        found: Enclosure = worker.ask(
            "certify", timeout_s, problem=pack(problem, origins), point=point, op=op
        )
    except Failure as failure:
        raise Failure(failure.status, f"reference: {failure.reason}") from failure
    cache.keep(digest, found)
    return found


def _never_ran(cell: Cell) -> Outcome | None:
    """Return the outcome of a cell that cannot even be tried."""
    if cell.method.fault:
        return Outcome(Status.ERROR, cell.method.fault)
    missing = cell.method.missing
    return Outcome(Status.NOT_INSTALLED, missing) if missing else None


def _attempt(contender: Contender, step: Callable[[], None]) -> Outcome | None:
    """Take a step; return the outcome if the cell ended with it."""
    try:
        step()
    except Failure as failure:
        contender.outcome.status, contender.outcome.reason = failure.status, failure.reason
        contender.samples.clear()
        return contender.outcome
    return None


def _text(error: Exception) -> str:
    return str(error) if isinstance(error, GradiometerError) else describe(error)
