"""The coordinator: takes a plan case by case, and yields exactly one outcome for every cell.

For a case: the reference first; then each method prepared and checked; then all that agree sampled
in interleaved rounds. It imports no framework and computes no derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from gradiometer.errors import GradiometerError, describe
from gradiometer.measure.noise import REFERENCE, Noise, NoiseMeter
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Case, Cell, Plan, TooLarge
from gradiometer.measure.pool import Failure, Pool
from gradiometer.measure.rounds import attempt, take_rounds
from gradiometer.measure.trial import Conditions, Trial
from gradiometer.plugins.address import pack
from gradiometer.reference.enclosure import Enclosure
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.outcome import Outcome, Status
from gradiometer.vocabulary.problem import Point, Problem, Shapes

Progress = Callable[[str], None]
Origins = Mapping[str, Path | None]


class Ended(NamedTuple):
    """A cell that ended; where it was timed, its seconds a call by round, and the calm rounds."""

    cell: Cell
    outcome: Outcome
    samples: Mapping[int, float] = MappingProxyType({})
    calm: Sequence[int] = ()


class Harness:
    """Measures a plan.

    Args:
        plan: What to measure.
        options: How to measure it.
        origins: Where workers load plugin modules from.
        logs: Folder for the workers' output.
        done: Ids of cells that have ended in an earlier part of the run, and are left out.
        progress: Told in a few words what is being done.
    """

    def __init__(
        self,
        plan: Plan,
        options: Options,
        origins: Origins,
        logs: Path,
        done: Collection[str] = (),
        progress: Progress = lambda text: None,
    ) -> None:
        self._plan = plan
        self._options = options
        self._origins = origins
        self._done = frozenset(done)
        self._pool = Pool(logs, options.threads, options.memory_gib)
        self._meter = NoiseMeter(self._pool, options)
        self._progress = progress

    def __enter__(self) -> Harness:
        self._pool.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        try:
            self._meter.close()
        finally:
            self._pool.__exit__(*details)

    def noise(self) -> Noise:
        """Return how steady the machine was while cells were sampled."""
        return self._meter.noise()

    def outcomes(self) -> Iterator[Ended]:
        """Yield every planned cell that is not done with its outcome, case by case."""
        for case in self._plan.cases:
            cells = [Cell(case, method) for method in self._plan.methods]
            cells = [cell for cell in cells if cell.id not in self._done]
            if cells:
                yield from self._case(case, cells)

    def _case(self, case: Case, cells: list[Cell]) -> Iterator[Ended]:
        self._progress(f"{case.id}: reference")
        try:
            conditions = self._conditions(case)
        except Failure as failure:
            for cell in cells:
                ended = never_ran(cell) or Outcome(failure.status, failure.reason)
                yield Ended(cell, ended)
            return
        right = []
        for cell in cells:
            early = never_ran(cell)
            if early is not None:
                yield Ended(cell, early)
                continue
            self._progress(cell.id)
            trial = Trial(cell, conditions, self._pool)
            if attempt(trial, trial.check):
                right.append(trial)
            else:
                yield Ended(cell, trial.outcome)
        yield from self._timed(case, conditions.options, right)

    def _timed(self, case: Case, options: Options, right: list[Trial]) -> Iterator[Ended]:
        """Time the trials that agree, and yield each."""
        if options.rounds and right:
            say = self._progress
            take_rounds(right, self._meter, options, lambda text: say(f"{case.id}: {text}"))
        for trial in right:
            if options.cold and trial.outcome.status is Status.OK:
                self._progress(f"{trial.cell.id}: cold")
                attempt(trial, trial.repeat_cold)
            yield Ended(trial.cell, trial.outcome, trial.samples, trial.calm)
        self._pool.forget()

    def _conditions(self, case: Case) -> Conditions:
        """Return the case's points and certified truth.

        Raises:
            Failure: If the problem or its reference fails.
        """
        if case.problem.fault:
            raise Failure(Status.ERROR, case.problem.fault)
        options = self._options.for_order(operator(case.operator).order)
        return conditions_of(case, self._pool, options, self._origins)


def conditions_of(case: Case, pool: Pool, options: Options, origins: Origins) -> Conditions:
    """Return where a case is checked, by which rules, and its certified truth there.

    Raises:
        Failure: If the problem or its reference fails.
    """
    try:
        points = case.points(
            options.seed,
            lambda point: outline(pool, case.problem, point, origins, options.timeout_s),
        )
    except Failure:
        raise
    except TooLarge as large:
        raise Failure(Status.SKIPPED, str(large)) from large
    except Exception as error:  # a problem's own code: whatever it raises is the reason
        raise Failure(Status.ERROR, f"point of {case.problem.name}: {_text(error)}") from error
    truth = reference(pool, case.problem, points.check, case.operator, origins, options.timeout_s)
    return Conditions(case, *points, truth, options, origins)


def reference(
    pool: Pool, problem: Problem, point: Point, op: str, origins: Origins, timeout_s: float
) -> Enclosure:
    """Return the certified truth of a problem at a point, from the reference's worker.

    Raises:
        Failure: If it cannot be certified, with the reason.
    """
    found: Enclosure = _asked(pool, "certify", problem, point, origins, timeout_s, op=op)
    return found


def outline(
    pool: Pool, problem: Problem, point: Point, origins: Origins, timeout_s: float
) -> Shapes:
    """Return the shapes of a problem's outputs at a point, from the reference's worker.

    Raises:
        Failure: If it cannot be evaluated there, with the reason.
    """
    found: Shapes = _asked(pool, "outline", problem, point, origins, timeout_s)
    return found


def _asked(
    pool: Pool,
    request: str,
    problem: Problem,
    point: Point,
    origins: Origins,
    timeout_s: float,
    **more: str,
) -> Any:
    worker = pool.worker(REFERENCE)
    try:
        return worker.ask(request, timeout_s, problem=pack(problem, origins), point=point, **more)
    except Failure as failure:
        raise Failure(failure.status, f"reference: {failure.reason}") from failure


def never_ran(cell: Cell) -> Outcome | None:
    """Return the outcome of a cell that cannot even be tried."""
    if cell.method.fault:
        return Outcome(Status.ERROR, cell.method.fault)
    missing = cell.method.missing
    return Outcome(Status.NOT_INSTALLED, missing) if missing else None


def _text(error: Exception) -> str:
    return str(error) if isinstance(error, GradiometerError) else describe(error)
