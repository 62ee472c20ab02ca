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
from gradiometer.measure.contender import Contender, Situation
from gradiometer.measure.fleet import Failure, Fleet
from gradiometer.measure.instrument import REFERENCE, Instrument, Noise
from gradiometer.measure.options import Options
from gradiometer.measure.outcome import Outcome, Status
from gradiometer.measure.plan import Case, Cell, Plan, TooLarge
from gradiometer.measure.reference.enclosure import Enclosure
from gradiometer.measure.rounds import attempt, take_rounds
from gradiometer.measure.shipping import pack
from gradiometer.operators import operator
from gradiometer.problem import Point, Problem, Shapes

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
        self._fleet = Fleet(logs, options.threads, options.memory_gib)
        self._instrument = Instrument(self._fleet, options)
        self._progress = progress

    def __enter__(self) -> Harness:
        self._fleet.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        try:
            self._instrument.close()
        finally:
            self._fleet.__exit__(*details)

    def noise(self) -> Noise:
        """Return how steady the machine was while cells were sampled."""
        return self._instrument.noise()

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
            situation = self._situation(case)
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
            contender = Contender(cell, situation, self._fleet)
            if attempt(contender, contender.check):
                right.append(contender)
            else:
                yield Ended(cell, contender.outcome)
        yield from self._timed(case, situation.options, right)

    def _timed(self, case: Case, options: Options, right: list[Contender]) -> Iterator[Ended]:
        """Time the contenders that agree, and yield each."""
        if options.rounds and right:
            say = self._progress
            take_rounds(right, self._instrument, options, lambda text: say(f"{case.id}: {text}"))
        for contender in right:
            if options.cold and contender.outcome.status is Status.OK:
                self._progress(f"{contender.cell.id}: cold")
                attempt(contender, contender.chill)
            yield Ended(contender.cell, contender.outcome, contender.samples, contender.calm)
        self._fleet.forget()

    def _situation(self, case: Case) -> Situation:
        """Return the case's points and certified truth.

        Raises:
            Failure: If the problem or its reference fails.
        """
        if case.problem.fault:
            raise Failure(Status.ERROR, case.problem.fault)
        options = self._options.for_order(operator(case.operator).order)
        return situate(case, self._fleet, options, self._origins)


def situate(case: Case, fleet: Fleet, options: Options, origins: Origins) -> Situation:
    """Return where a case is checked, by which rules, and its certified truth there.

    Raises:
        Failure: If the problem or its reference fails.
    """
    try:
        points = case.points(
            options.seed,
            lambda point: outline(fleet, case.problem, point, origins, options.timeout_s),
        )
    except Failure:
        raise
    except TooLarge as large:
        raise Failure(Status.SKIPPED, str(large)) from large
    except Exception as error:  # a problem's own code: whatever it raises is the reason
        raise Failure(Status.ERROR, f"point of {case.problem.name}: {_text(error)}") from error
    truth = reference(fleet, case.problem, points.check, case.operator, origins, options.timeout_s)
    return Situation(case, *points, truth, options, origins)


def reference(
    fleet: Fleet, problem: Problem, point: Point, op: str, origins: Origins, timeout_s: float
) -> Enclosure:
    """Return the certified truth of a problem at a point, from the reference's worker.

    Raises:
        Failure: If it cannot be certified, with the reason.
    """
    found: Enclosure = _asked(fleet, "certify", problem, point, origins, timeout_s, op=op)
    return found


def outline(
    fleet: Fleet, problem: Problem, point: Point, origins: Origins, timeout_s: float
) -> Shapes:
    """Return the shapes of a problem's outputs at a point, from the reference's worker.

    Raises:
        Failure: If it cannot be evaluated there, with the reason.
    """
    found: Shapes = _asked(fleet, "outline", problem, point, origins, timeout_s)
    return found


def _asked(
    fleet: Fleet,
    request: str,
    problem: Problem,
    point: Point,
    origins: Origins,
    timeout_s: float,
    **more: str,
) -> Any:
    worker = fleet.worker(REFERENCE)
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
