"""The benchmark suite inside pytest: the same bench, references and records as `gradiometer run`.

Here the methods share one process, and pytest-benchmark times them one after the other: ratios
between them are not paired within rounds, and the run that is kept says so.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from threadpoolctl import threadpool_limits

from gradiometer.errors import GradiometerError
from gradiometer.measure.agreement import Agreement, agree
from gradiometer.measure.environment import describe_machine, versions
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Case, Cell, Points, make_plan
from gradiometer.measure.statistics import median
from gradiometer.plugins import loader
from gradiometer.plugins.address import pack
from gradiometer.plugins.registry import select
from gradiometer.reference.enclosure import Enclosure
from gradiometer.reference.lookup import certified, outline
from gradiometer.report.process import write_report
from gradiometer.runs.schema import record
from gradiometer.runs.store import RunFolder
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.outcome import Outcome, Status
from gradiometer.worker.process import judge
from gradiometer.worker.tool import Tool

PACKAGES = ("gradiometer", "numpy", "pytest", "pytest-benchmark", "python-flint")


class Session:
    """What the cells of a pytest session share: the plan, the bench, and the run that is kept.

    Args:
        extra: Files or folders with further plugins.
        everything: Whether to take all sizes and all operators.
    """

    def __init__(self, extra: Sequence[str], *, everything: bool = False) -> None:
        self.registry = loader.load(extra)
        self.options = Options()
        self.plan = make_plan(
            select(self.registry.problems, "*", "problem"),
            list(self.registry.methods.values()),
            extent="full" if everything else "typical",
            everything=everything,
        )
        self.bench = Tool()
        self.floor_s = float("nan")
        self._folder: RunFolder | None = None
        self._truths: dict[Case, Enclosure] = {}
        self._points: dict[Case, Points] = {}
        threadpool_limits(self.options.threads)  # NumPy was imported before it could be told

    def truth(self, case: Case) -> Enclosure:
        """Return a case's certified truth, found once."""
        if case not in self._truths:
            self._truths[case] = certified(case.problem, self.points(case).check, case.operator)
        return self._truths[case]

    def points(self, case: Case) -> Points:
        """Return where a case is checked, and where methods are prepared; found once.

        Raises:
            TooLarge: If the case's answer is too large to be certified.
        """
        if case not in self._points:
            self._points[case] = case.points(
                self.options.seed, lambda point: outline(case.problem, point)
            )
        return self._points[case]

    def add(self, cell: Cell, outcome: Outcome, root: Path) -> None:
        """Record a cell in the session's run, which is made when the first one ends."""
        if self._folder is None:
            packages = {m.package for m in self.plan.methods if m.package}
            self._folder = RunFolder.create(
                root / "results",
                {
                    "environment": describe_machine({*PACKAGES, *packages}),
                    "timing": "sequential",
                    "options": asdict(self.options),
                    "plan": {
                        "cases": [c.id for c in self.plan.cases],
                        "methods": [m.name for m in self.plan.methods],
                    },
                },
            )
        self._folder.append(record(cell, outcome))

    @property
    def run(self) -> Path | None:
        """Folder of the session's run, if any cell was tried."""
        return None if self._folder is None else self._folder.path

    def keep(self, root: Path) -> Path:
        """Conclude the session's run, and return its report.

        Raises:
            GradiometerError: If no cell was tried, or the disk takes no more.
        """
        if self._folder is None:
            raise GradiometerError("no cell was tried: nothing to report.")
        self._folder.info["floor_s"] = self.floor_s
        self._folder.finish("complete")
        return write_report(self._folder.path, root / "reports")


class BenchmarkCell:
    """One cell as a test meets it: first `check()`, then `time(benchmark)`.

    Args:
        cell: The cell.
        session: What it shares with the others.
    """

    def __init__(self, cell: Cell, session: Session) -> None:
        self.cell = cell
        self.outcome = Outcome(Status.ERROR, "the test ended before its check")
        self._session = session
        self._note = ""

    def check(self) -> None:
        """Prepare the cell, and assert that its answer agrees with the certified truth.

        A cell that cannot be tried here, or declines, is skipped with its reason.
        """
        method = self.cell.method
        if method.missing:
            self._end(Status.NOT_INSTALLED, method.missing)
        if method.fault or self.cell.case.problem.fault:
            self._end(Status.ERROR, str(method.fault or self.cell.case.problem.fault))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a tool's own remarks are no fault of the cell
                found = self._agreement()
        except Exception as error:  # the tool's own: it becomes the reason of the record
            self._end(*judge(error))
        self.outcome.digits, self.outcome.worst_digits = found.digits, found.worst_digits
        self.outcome.ulps = found.ulps
        if found.status is not Status.OK:
            self._end(found.status, found.reason)
        self.outcome.status, self.outcome.reason = Status.OK, self._note

    def time(self, benchmark: Any) -> None:
        """Time the checked call with pytest-benchmark's fixture; completion is part of the call."""
        call, args, kwargs = self._session.bench.call(
            self.cell.id, self._session.points(self.cell.case).check
        )
        outcome, method = self.outcome, self.cell.method
        benchmark.group = self.cell.case.id
        benchmark.extra_info.update(
            method=method.name,
            mode=method.mode,
            digits=str(outcome.digits),
            worst_digits=str(outcome.worst_digits),
            promise=outcome.promise,
            floor_s=self._session.floor_s,
            versions=versions(filter(None, ("numpy", method.package))),
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            benchmark(call, *args, **kwargs)
        stats = benchmark.stats.stats
        outcome.time_s, outcome.low_s, outcome.high_s = median(stats.data)
        outcome.rounds, outcome.loops = stats.rounds, benchmark.stats.iterations

    def _agreement(self) -> Agreement:
        cell, session = self.cell, self._session
        method, case = cell.method, cell.case
        asked, origins = operator(case.operator), session.registry.origins
        points, truth = session.points(case), session.truth(case)
        promise = asked.promise(method)
        self.outcome = Outcome(
            Status.ERROR,
            n=points.check.n,
            condition=truth.condition,
            owed=truth.owed,
            undecided=truth.undecided,
            bound=truth.kind,
            promise=promise,
        )
        opened = session.bench.open(pack(method, origins), session.options.threads)
        self.outcome.import_s = opened if method.package else None
        prepared = session.bench.prepare(
            cell.id,
            pack(method, origins),
            pack(case.problem, origins),
            case.operator,
            points.preparation,
            session.options.budget_s,
        )
        outcome = self.outcome
        outcome.prepare_s, outcome.first_s, outcome.prepare_bytes, outcome.route = prepared
        answer = session.bench.answer(cell.id, points.check)
        found = agree(
            answer.arrays,
            truth,
            asked.layout(points.check),
            promise=promise,
            exact=asked.exact(method),
        )
        self._note = "; ".join(filter(None, (answer.note, found.note)))
        return found

    def _end(self, status: Status, reason: str) -> None:
        self.outcome.status, self.outcome.reason = status, reason
        if status.blameless:
            pytest.skip(f"{status}: {reason}")
        pytest.fail(f"{status}: {reason}", pytrace=False)
