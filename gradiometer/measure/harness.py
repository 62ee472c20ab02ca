"""The coordinator: takes a plan case by case, and yields exactly one outcome for every cell.

For a case: the reference first; then each method prepared and checked; then all that agree sampled
in interleaved rounds. It imports no framework, runs no problem's code and computes no derivative.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from gradiometer.measure.conditions import References
from gradiometer.measure.kept import Kept
from gradiometer.measure.noise import NoiseMeter
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Plan
from gradiometer.measure.pool import Pool
from gradiometer.measure.progress import Progress
from gradiometer.measure.rounds import attempt, take_rounds
from gradiometer.measure.trial import Trial
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.outcome import Failure, Outcome, Status


class Ended(NamedTuple):
    """A cell that ended: its answer, if it gave one; its seconds a call by round; calm rounds."""

    cell: Cell
    outcome: Outcome
    samples: Mapping[int, float] = MappingProxyType({})
    calm: Sequence[int] = ()
    kept: Kept | None = None


class Harness:
    """Measures a plan; a context manager that ends the workers.

    Args:
        plan: What to measure.
        options: How to measure it.
        logs: Folder for the workers' output.
        done: Cells, by ids of case and method, that ended in an earlier part of the run.
        progress: Told what is being done.

    Attributes:
        meter: Knows how steady the machine was while cells were sampled.
    """

    def __init__(
        self,
        plan: Plan,
        options: Options,
        logs: Path,
        done: Collection[tuple[str, str]] = (),
        progress: Progress | None = None,
    ) -> None:
        self._plan = plan
        self._options = options
        self._done = frozenset(done)
        self._pool = Pool(logs, options.threads, options.memory_gib)
        self._references = References(self._pool, options.timeout_s)
        self.meter = NoiseMeter(self._pool, options)
        self._progress = progress or Progress()

    def __enter__(self) -> Harness:
        self._pool.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        try:
            self.meter.close()
        finally:
            self._pool.__exit__(*details)

    def outcomes(self) -> Iterator[Ended]:
        """Yield every planned cell that is not done with its outcome, case by case."""
        left = [cell for cell in self._plan.cells if (cell.case.id, cell.method) not in self._done]
        for case, cells in groupby(left, lambda cell: cell.case):
            tried = []
            for cell in cells:
                if cell in self._plan.ended:
                    yield Ended(cell, self._plan.ended[cell])
                else:
                    tried.append(cell)
            if tried:
                yield from self._case(case, tried)

    def _case(self, case: Case, cells: list[Cell]) -> Iterator[Ended]:
        say, registry = self._progress.say, self._plan.registry
        say(f"{case.id}: reference")
        options = self._options.for_order(operator(case.operator).order)
        try:
            address = registry.problems[case.problem].address
            conditions = self._references.conditions(case, address, options)
        except Failure as failure:
            yield from (Ended(cell, Outcome(failure.status, failure.reason)) for cell in cells)
            return
        right = []
        for cell in cells:
            say(cell.id)
            trial = Trial(registry.methods[cell.method], conditions, self._pool)
            if attempt(trial, trial.check):
                right.append(trial)
            else:
                yield Ended(cell, trial.outcome, kept=trial.kept)
        if options.rounds and right:
            take_rounds(right, self.meter, options, lambda text: say(f"{case.id}: {text}"))
        for trial in right:
            if options.cold and trial.outcome.status is Status.OK:
                say(f"{trial.cell.id}: cold")
                attempt(trial, trial.repeat_cold)
            yield Ended(trial.cell, trial.outcome, trial.samples, trial.calm, trial.kept)
        self._pool.forget()
