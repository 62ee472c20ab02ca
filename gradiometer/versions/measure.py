"""Measures two versions in the same rounds, pair of processes by pair of processes.

Where code and data lie in memory is drawn anew with each process, and moves a time by per cent. So
the process is the replicate: in each turn both versions have fresh ones, which take the same
rounds, and give one paired ratio a cell. Turns go on until every cell's change is clear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gradiometer.measure.conditions import Conditions, References
from gradiometer.measure.noise import NoiseMeter
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Plan
from gradiometer.measure.pool import Pool
from gradiometer.measure.progress import Progress
from gradiometer.measure.rounds import attempt, take_rounds
from gradiometer.measure.statistics import median
from gradiometer.measure.trial import Trial
from gradiometer.measure.verdicts import FEWEST, MOST, Change, change, over_processes
from gradiometer.versions.result import Ended, Processes
from gradiometer.versions.sides import Side
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.outcome import Failure, Outcome, Status


class Version(NamedTuple):
    """A side, and the plan of what is measured of it: cells of the same names as the other's."""

    side: Side
    plan: Plan


@dataclass
class Measured:
    """A cell of both versions, as far as it has come.

    Attributes:
        cell: The cell, by names that both plans have.
        ended: How it ended so far.
        series: What its ratio is the mean of.
        done: Whether it needs no further processes.
    """

    cell: Cell
    ended: Ended = field(default_factory=Ended)
    series: Processes = field(default_factory=Processes)
    done: bool = False

    def end(self, label: str, outcome: Outcome) -> None:
        """End it, since one version did not come to an end that can be compared."""
        self.ended.status, self.ended.reason = str(outcome.status), f"{label}: {outcome.reason}"
        self.done = True

    def learn(self, old: Trial, new: Trial) -> None:
        """Learn what a pair of processes came to."""
        self.series.ratios.append(new.ratio_to(old).value)
        for seconds, trial in ((self.series.old_seconds, old), (self.series.new_seconds, new)):
            seconds.append(median(list(trial.counted.values())).value)
        self.ended.old_digits = old.outcome.verdict.digits
        self.ended.new_digits = new.outcome.verdict.digits
        self.tell()

    def tell(self) -> None:
        """Say what became of its time, by the processes that it has."""
        ended, ratio = self.ended, over_processes(self.series.ratios)
        ended.processes, (ended.ratio, ended.low, ended.high) = len(self.series.ratios), ratio
        ended.old_s = float(np.median(self.series.old_seconds))
        ended.new_s = float(np.median(self.series.new_seconds))
        told = change(ratio) if ended.processes >= FEWEST else Change.UNCLEAR
        ended.change = told.value
        self.done = told is not Change.UNCLEAR or ended.processes >= MOST


class Measuring:
    """Measures two versions; a context manager that ends the workers.

    Args:
        old: The version that is compared with.
        new: The version that is compared.
        options: How each pair of processes is measured.
        logs: Folder for the workers' output.
        progress: Told what is being done.

    Attributes:
        meter: Knows how steady the machine was.
    """

    def __init__(
        self, old: Version, new: Version, options: Options, logs: Path, progress: Progress
    ) -> None:
        self._versions = (old, new)
        self._options = options
        self._logs = logs
        self._progress = progress
        self._certifiers = [self._pool(version, "reference") for version in self._versions]
        self._known: dict[tuple[int, Case], Conditions | Failure] = {}
        self._left = ExitStack()
        self.meter = NoiseMeter(self._certifiers[1], options)

    def __enter__(self) -> Measuring:
        for pool in self._certifiers:
            self._left.enter_context(pool)
        return self

    def __exit__(self, *details: object) -> None:
        try:
            self.meter.close()
        finally:
            self._left.close()

    def ended(self) -> Iterator[Measured]:
        """Yield each cell that both versions have, once it is clear what became of it."""
        cells = [Measured(cell) for cell in self._versions[1].plan.cells]
        for each in cells:
            for version in self._versions:
                if each.cell in version.plan.ended:
                    each.end(version.side.label, version.plan.ended[each.cell])
        yield from (each for each in cells if each.done)
        left = [each for each in cells if not each.done]
        for turn in range(MOST):
            if not left:
                return
            self._take_turn(turn, left)
            yield from (each for each in left if each.done)
            left = [each for each in left if not each.done]

    def _take_turn(self, turn: int, cells: Sequence[Measured]) -> None:
        """Start fresh processes of both versions, and measure all cells with them."""
        said = f"processes {turn + 1} of {FEWEST} to {MOST}"
        with ExitStack() as stack:
            pools = [stack.enter_context(self._pool(v, "workers")) for v in self._versions]
            for case, grouped in groupby(cells, lambda each: each.cell.case):
                for each in grouped:
                    self._progress.say(f"{said}: {each.cell.id}")
                    self._measure(each, case, pools, turn)

    def _measure(self, each: Measured, case: Case, pools: Sequence[Pool], turn: int) -> None:
        trials = []
        for side, (version, pool) in enumerate(zip(self._versions, pools, strict=True)):
            found = self._conditions(side, case)
            if isinstance(found, Failure):
                each.end(version.side.label, Outcome(found.status, found.reason))
                return
            trials.append(Trial(version.plan.registry.methods[each.cell.method], found, pool))
        right = [attempt(trial, trial.check) for trial in trials]
        if all(right):
            options = replace(self._options, seed=self._options.seed + turn)
            take_rounds(trials, self.meter, options, lambda text: None)
        for version, trial in zip(self._versions, trials, strict=True):
            if trial.outcome.status is not Status.OK:
                each.end(version.side.label, trial.outcome)
        if not each.done:
            each.learn(*trials)

    def _conditions(self, side: int, case: Case) -> Conditions | Failure:
        """Return what the cells of a case share, of the problem as one version has it."""
        if (side, case) not in self._known:
            self._progress.say(f"{case.id}: reference")
            references = References(self._certifiers[side], self._options.timeout_s)
            problem = self._versions[side].plan.registry.problems[case.problem].address
            try:
                found: Conditions | Failure = references.conditions(case, problem, self._options)
            except Failure as failure:
                found = failure
            self._known[side, case] = found
        return self._known[side, case]

    def _pool(self, version: Version, what: str) -> Pool:
        name = "old" if version is self._versions[0] else "new"
        options, logs = self._options, self._logs / f"{name}-{what}"
        return Pool(logs, options.threads, options.memory_gib, search=version.side.search)
