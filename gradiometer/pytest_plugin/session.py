"""What a pytest session measures: the coordinator's trials, in pytest's own process.

All methods share the process, and pytest-benchmark times them one after the other: ratios between
them are not paired within rounds, and the run that is kept says so.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_limits

from gradiometer.api import extent, facts, identity, selection
from gradiometer.errors import GradiometerError
from gradiometer.judging.kept import Kept
from gradiometer.measure.conditions import Conditions, References
from gradiometer.measure.environment import versions
from gradiometer.measure.options import Options
from gradiometer.measure.plan import make_plan
from gradiometer.measure.statistics import median
from gradiometer.measure.trial import Trial
from gradiometer.plugins import default, loader
from gradiometer.plugins.registry import KINDS, Kind
from gradiometer.plugins.selection import choose
from gradiometer.pytest_plugin.process import ThisProcess
from gradiometer.runs.answers import Answers
from gradiometer.runs.schema import record
from gradiometer.runs.store import RunFolder
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.outcome import Failure, Outcome, Status
from gradiometer.worker import requests

PACKAGES = ("pytest", "pytest-benchmark")


class Session:
    """What the cells of a pytest session share: the plan, the process, and the run that is kept.

    Args:
        extra: Files or folders with further plugins.
        dtypes: What numbers are, by name; float64 if none is named.
        problems: Problems by name, pattern or file; the default selection if none is named.
        methods: Methods, likewise.
        everything: Whether to take all sizes and all operators.
        builtin: Whether to take built-in problems that are not named.
        timed: Whether calls are timed.
    """

    def __init__(
        self,
        extra: Sequence[str],
        dtypes: Sequence[str] = (),
        *,
        problems: Sequence[str] = (),
        methods: Sequence[str] = (),
        everything: bool = False,
        builtin: bool = True,
        timed: bool = True,
    ) -> None:
        registry = loader.load(extra)
        self.options = Options()
        self.timed = timed
        named: dict[Kind, list[Any]] = {}
        for kind, names in zip(KINDS, (problems, methods), strict=True):
            named |= choose(registry, names, (kind,)) if names else {}
        taken = selection(registry, named, everything=everything)
        if not (builtin or problems):
            taken[0] = [each for each in taken[0] if not default.built_in(each)]
        self.plan = make_plan(
            registry,
            *taken,
            dtypes=dtypes,
            extent=extent(not problems, quick=False, everything=everything),
            everything=everything,
        )
        self.process = ThisProcess()
        self.floor_s = float("nan")
        self._references = References(self.process, self.options.timeout_s)
        self._conditions: dict[Case, Conditions] = {}
        self.folder: RunFolder | None = None
        self._answers = Answers()
        threadpool_limits(self.options.threads)  # NumPy was imported before it could be told

    def trial(self, cell: Cell) -> Trial:
        """Return a cell's trial; its case's points and truths are found once.

        Raises:
            Failure: If the cell cannot be tried, or its case has no reference.
        """
        end = self.plan.ended.get(cell)
        if end is not None:
            raise Failure(end.status, end.reason)
        registry, case = self.plan.registry, cell.case
        if case not in self._conditions:
            address = registry.problems[case.problem].address
            found = self._references.conditions(case, address, self.options)
            self._conditions[case] = found
        return Trial(registry.methods[cell.method], self._conditions[case], self.process)

    def add(self, cell: Cell, outcome: Outcome, kept: Kept | None, root: Path) -> None:
        """Record a cell in the session's run, which is made when the first one ends."""
        if self.folder is None:
            info = facts(self.plan, self.options, "sequential", PACKAGES)
            self.folder = RunFolder.create(root / "results", info)
        lines = self._answers.lines(cell.case.id, cell.method, kept)
        self.folder.append(record(identity(cell, self.plan.registry), outcome), answers=lines)


class BenchmarkCell:
    """One cell as a test meets it: first `check()`, then `time(benchmark)`.

    Args:
        cell: The cell.
        session: What it shares with the others.
    """

    def __init__(self, cell: Cell, session: Session) -> None:
        self.cell = cell
        self.outcome = Outcome(Status.ERROR, "the test ended before its check")
        self.kept: Kept | None = None
        self._session = session
        self._trial: Trial | None = None

    def check(self) -> None:
        """Prepare the cell, and assert that its answer agrees with the certified truth.

        A cell that cannot be tried here, or declines, is skipped with its reason.
        """
        try:
            self._trial = trial = self._session.trial(self.cell)
            self.outcome = trial.outcome
            try:
                trial.check()
            finally:
                self.kept = trial.kept
        except Failure as failure:
            self._end(failure)

    def time(self, benchmark: Any) -> None:
        """Time the checked call with pytest-benchmark's fixture; completion is part of the call.

        Afterwards the answers are checked again, and those that are only remembered are found out.
        """
        session, trial = self._session, self._trial
        if trial is None:
            raise GradiometerError(f"{self.cell.id} was not checked: call check() before time().")
        at, method, verdict = trial.conditions.points.declared, trial.method, self.outcome.verdict
        call, args, kwargs = session.process.ask(requests.call, 0.0, self.cell.id, at)
        if not session.timed:
            benchmark.disabled = True  # which calls once
            benchmark(call, *args, **kwargs)
            return
        benchmark.group = self.cell.case.id
        benchmark.extra_info.update(
            method=method.name,
            mode=method.mode,
            digits=str(verdict.digits),
            worst_digits=str(verdict.worst_digits),
            promise=verdict.promise,
            floor_s=session.floor_s,
            versions=versions(("numpy", *method.requires)),
        )
        with warnings.catch_warnings(action="ignore"):
            benchmark(call, *args, **kwargs)
        stats, trial.loops = benchmark.stats.stats, benchmark.stats.iterations
        trial.samples = dict(enumerate(stats.data))
        try:
            trial.check_again()
            trial.meet_fresh_points(stats.min)
        except Failure as failure:
            self._end(failure)
        warm = self.outcome.warm
        warm.time_s, warm.low_s, warm.high_s = median(stats.data)
        warm.rounds, warm.loops = stats.rounds, trial.loops

    def _end(self, failure: Failure) -> None:
        """End the test as the cell ended: skipped if nobody is to blame, failed otherwise."""
        self.outcome.status, self.outcome.reason = failure.status, failure.reason
        told = f"{failure.status}: {failure.reason}"
        if failure.status.blameless:
            pytest.skip(told)
        pytest.fail(told, pytrace=False)
