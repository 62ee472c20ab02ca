"""The coordinator: takes a plan case by case, and yields exactly one outcome for every cell.

Two phases alternate. In the first all cores work: methods are prepared and checked on a case, while
the reference of the next is certified. In the second, all that agree are sampled in interleaved
rounds, one process at a time on one core. The coordinator imports no framework, runs no problem's
code and computes no derivative.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, Self

from gradiometer.judging.kept import Kept
from gradiometer.measure.conditions import Conditions, References
from gradiometer.measure.forecast import Cost, Forecasts, exhausted, needed
from gradiometer.measure.noise import NoiseMeter
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Plan
from gradiometer.measure.pool import REFERENCE, Pool
from gradiometer.measure.progress import Progress
from gradiometer.measure.rounds import attempt, take_rounds
from gradiometer.measure.trial import Trial
from gradiometer.plugins.registry import MethodEntry
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.outcome import Failure, Outcome, Status

MOST_METHODS = 3
"""Methods of a tool beyond which it has several workers, so that several cores prepare them."""


class Ended(NamedTuple):
    """A cell that ended: its answer, if it gave one; its seconds a call by round; calm rounds."""

    cell: Cell
    outcome: Outcome
    samples: Mapping[int, float] = MappingProxyType({})
    calm: Sequence[int] = ()
    kept: Kept | None = None


class Measuring(Protocol):
    """What measures a plan: the harness here, or the nodes of a cluster; a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *details: object) -> None: ...

    def outcomes(self) -> Iterator[Ended]:
        """Yield every planned cell that is not done with its outcome, case by case."""

    def learnt(self) -> dict[str, Any]:
        """Return what `run.json` keeps of how it was measured: `noise`, at least."""


class Harness:
    """Measures a plan; a context manager that ends the workers.

    Args:
        plan: What to measure.
        options: How to measure it.
        logs: Folder for the workers' output.
        done: Cells, by ids of case and method, that ended in an earlier part of the run, with what
            they needed, if that is known.
        progress: Told what is being done.

    Attributes:
        meter: Knows how steady the machine was while cells were sampled.
    """

    def __init__(
        self,
        plan: Plan,
        options: Options,
        logs: Path,
        done: Mapping[tuple[str, str], Cost | None] = MappingProxyType({}),
        progress: Progress | None = None,
    ) -> None:
        self._plan = plan
        self._options = options
        self._done = done
        self._pool = Pool(logs, options.threads, options.memory_gib)
        self._took: dict[str, float] = {}
        self._primals_s: dict[Cell, float] = {}
        self._workers = workers(plan.methods, self._pool.cores)
        self._references = References(self._pool, options.timeout_s)
        self._forecasts = Forecasts(options, self._pool.memory)
        self.meter = NoiseMeter(self._pool, options)
        self._progress = progress or Progress()
        self._threads = ThreadPoolExecutor(self._pool.cores)  # with which the workers would end

    def __enter__(self) -> Self:
        self._pool.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        try:
            self.meter.close()
        finally:
            self._pool.__exit__(*details)

    def outcomes(self, cells: Iterable[Cell] | None = None) -> Iterator[Ended]:
        """Yield cells with their outcomes, case by case.

        Args:
            cells: By default those of the plan that are not done, early ends among them.
        """
        if cells is None:
            tried, ended = self._plan.begun(self._done)
            yield from (Ended(cell, outcome) for cell, outcome in ended.items())
            known = {cell: self._done.get((cell.case.id, cell.method)) for cell in self._plan.cells}
            self.learn({cell: cost for cell, cost in known.items() if cost is not None})
        else:
            tried = list(cells)
        cases = [(case, list(group)) for case, group in groupby(tried, lambda cell: cell.case)]
        coming = self._certify(cases[:1])
        for k, (_, planned) in enumerate(cases):
            (found,) = (each.result() for each in coming)
            self._pool.spread()
            coming = self._certify(cases[k + 1 : k + 2])
            if isinstance(found, Failure):
                end = (found.status, found.reason)
                yield from (Ended(cell, Outcome(*end)) for cell in planned)
                continue
            trials = self._trials(found, planned)
            yield from self._prepared(trials)
            wait(coming)
            self._pool.settle()
            yield from self._timed(found, [each for each in trials if _right(each)])
            self._pool.forget()

    def learn(self, costs: Mapping[Cell, Cost]) -> None:
        """Note what cells needed that were measured elsewhere, or earlier."""
        for cell, cost in costs.items():
            self._forecasts.learn(cell.case, cell.method, cost)

    def learnt(self) -> dict[str, Any]:
        """Return how steady the machine was so far."""
        return {"noise": self.meter.noise().facts()}

    def _certify(
        self, cases: Sequence[tuple[Case, list[Cell]]]
    ) -> list[Future[Conditions | Failure]]:
        """Begin to find what the cells of each case share."""
        return [self._threads.submit(self._conditions, case) for case, _ in cases]

    def _conditions(self, case: Case) -> Conditions | Failure:
        """Return what the cells of a case share, or why there is no reference."""
        self._progress.say(f"{case.id}: reference")
        options = self._options.for_order(operator(case.operator).order)
        address = self._plan.registry.problems[case.problem].address
        admitted: list[int] = []

        def admit(n: int) -> None:
            most = options.most_inputs
            if most is not None and n > most:
                told = f"{n:,} inputs: none beyond {most:,} is taken unless the problem is named"
                raise Failure(Status.SKIPPED, told)
            self._admit(case, REFERENCE, n)
            admitted.append(n)

        start = time.monotonic()
        found: Conditions | Failure
        try:
            found = self._references.conditions(case, address, options, admit)
        except Failure as failure:
            found = failure
        ended = found.status if isinstance(found, Failure) else Status.OK
        for n in admitted:
            cost = Cost(n, time.monotonic() - start, ended=exhausted(ended))
            self._forecasts.learn(case, REFERENCE, cost)
        return found

    def _admit(self, case: Case, who: str, n: int) -> None:
        """Refuse what is forecast to need more than it may.

        Raises:
            Failure: With the forecast.
        """
        refusal = self._forecasts.refusal(case, who, n)
        if refusal is not None:
            raise Failure(Status.SKIPPED, refusal)

    def _trials(self, conditions: Conditions, cells: Sequence[Cell]) -> list[Trial]:
        """Return the trials of a case: one a method, and of a primal that several share, one."""
        asked, dtype = conditions.operator, conditions.case.dtype
        value = replace(conditions.case, operator="value")
        groups: dict[Any, list[MethodEntry]] = {}
        for method in (self._plan.registry.methods[cell.method] for cell in cells):
            alike = method.tool, method.primal, asked.promise(method.digits, dtype)
            groups.setdefault(method.name if asked.differentiates else alike, []).append(method)
        return [
            Trial(
                one,
                conditions,
                self._pool,
                more,
                self._workers[one.name],
                self._primals_s.get(Cell(value, one.name)),
            )
            for one, *more in groups.values()
        ]

    def _prepared(self, trials: Sequence[Trial]) -> Iterator[Ended]:
        """Prepare and check cells, each worker's one after the other; yield those that failed.

        What took longest in the case before begins.
        """
        queues: dict[str, list[Trial]] = {}
        for trial in trials:
            queues.setdefault(self._workers[trial.method.name], []).append(trial)
        first = sorted(queues, key=lambda name: self._took.get(name, 0.0), reverse=True)
        going = {name: self._threads.submit(self._check, queues[name]) for name in first}
        self._took |= {name: done.result() for name, done in going.items()}
        yield from (end for each in trials if not _right(each) for end in self._ends(each))

    def _check(self, trials: Sequence[Trial]) -> float:
        """Prepare and check the cells of one worker, one after the other; return the seconds."""
        start = time.monotonic()
        for trial in trials:
            self._progress.say(trial.cell.id)
            cell, n = trial.cell, trial.conditions.points.signature.n
            if attempt(trial, self._admit, cell.case, cell.method, n):
                attempt(trial, trial.check)
        return time.monotonic() - start

    def _timed(self, conditions: Conditions, trials: Sequence[Trial]) -> Iterator[Ended]:
        """Yield the cells of a case that agree, sampled side by side."""
        case, options, say = conditions.case, conditions.options, self._progress.say
        if options.rounds and trials:
            take_rounds(trials, self.meter, options, lambda text: say(f"{case.id}: {text}"))
        for trial in trials:
            if options.cold and trial.outcome.status is Status.OK:
                say(f"{trial.cell.id}: cold")
                attempt(trial, trial.repeat_cold)
            yield from self._ends(trial)

    def _ends(self, trial: Trial) -> Iterator[Ended]:
        """Yield the trial's cell as it ended, and those that it was measured for as well."""
        warm = trial.outcome.warm
        cost = needed(trial.conditions.points.signature.n, trial.outcome)
        self._forecasts.learn(trial.cell.case, trial.cell.method, cost)
        for cell in trial.cells:
            if not trial.conditions.operator.differentiates and warm.time_s is not None:
                self._primals_s[cell] = warm.time_s
            shared = "" if cell == trial.cell else trial.cell.method
            outcome = replace(trial.outcome, shared=shared)
            yield Ended(cell, outcome, trial.samples, trial.calm, trial.kept)


def workers(methods: Sequence[MethodEntry], cores: int) -> dict[str, str]:
    """Return the name of each method's worker, its tool's, where several cores work numbered.

    Args:
        methods: All that are measured in the run.
        cores: How many workers can work at once.
    """
    names = {}
    for tool in {method.tool: None for method in methods}:
        own = [method.name for method in methods if method.tool == tool]
        several = min(cores, math.ceil(len(own) / MOST_METHODS))
        for k, name in enumerate(own):
            number = k * several // len(own) + 1
            names[name] = tool if number == 1 else f"{tool}-{number}"
    return names


def _right(trial: Trial) -> bool:
    return trial.outcome.status is Status.OK
