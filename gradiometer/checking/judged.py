"""Asks for a derivative at points, and judges what it answers."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from gradiometer.checking.claims import Claim
from gradiometer.checking.places import Place
from gradiometer.checking.reading import Unreadable, advice
from gradiometer.checking.result import Judged, Judgement, Verdict
from gradiometer.checking.rows import rows_at_kink, rows_of
from gradiometer.errors import ChangedInput, Declined, GradiometerError, Unsupported, describe
from gradiometer.judging.agreement import agree, flattened, misfit
from gradiometer.judging.compared import Compared
from gradiometer.judging.diagnosis import explain
from gradiometer.judging.kinks import beside
from gradiometer.judging.stale import elsewhere
from gradiometer.reference.lookup import certified
from gradiometer.reference.refusals import users
from gradiometer.vocabulary.answer import Answer
from gradiometer.vocabulary.derivation import prepare
from gradiometer.vocabulary.enclosure import Enclosure, Floats
from gradiometer.vocabulary.hull import Hull
from gradiometer.vocabulary.method import Primal, Target
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.outcome import Status
from gradiometer.vocabulary.point import Argument, Points
from gradiometer.vocabulary.problem import Problem
from gradiometer.worker.tool import PreparedCell, forecast

PACKAGE = str(Path(__file__).parents[1])

MOST_S = 10.0
"""Seconds that a call of a method may be forecast to take."""

VERDICTS = {Status.OK: Verdict.RIGHT, Status.SKIPPED: Verdict.UNDECIDED}


def judged(
    problem: Problem, claim: Claim, asked: Operator, points: Points, places: Sequence[Place]
) -> Judged | None:
    """Return what a claim is worth at each point; `None` if it has no way to the operator.

    Raises:
        GradiometerError: If what is claimed raises an exception.
    """
    dtype = points.declared.point.dtype
    promise = asked.promise(claim.method.digits, dtype)
    cell = None if promise is None else _prepared(problem, claim, asked, points, dtype)
    if cell is None or promise is None:
        return None
    exact = claim.method.exact or not asked.differentiates
    judge = _Judge(problem, claim, cell, points, places, promise, exact)
    found = [judge.at(k) for k in range(len(places))]
    return Judged(claim.name, claim.origin, found, promise, exact)


def _prepared(
    problem: Problem, claim: Claim, asked: Operator, points: Points, dtype: str
) -> PreparedCell | None:
    method, signature = claim.method, points.signature
    if method.declines(asked.name, signature.n, signature.m):
        return None
    method.setup(Target(dtype=dtype))
    xp = method.namespace()
    wrapped = xp if isinstance(xp, Namespace) else Namespace(xp)
    f = Primal(problem, wrapped, points.preparation.point, signature)
    try:
        if asked.differentiates:
            forecast(method, asked, f, points.preparation, MOST_S)
        return PreparedCell(method, asked, prepare(method, f, asked.name), signature)
    except (Declined, Unsupported):
        return None
    except GradiometerError:
        raise
    except Exception as error:
        raise _raised(claim, error) from error


class _Judge:
    """Judges one claim."""

    def __init__(
        self, problem: Problem, claim: Claim, cell: PreparedCell, points: Points,
        places: Sequence[Place], promise: float, exact: bool,
    ) -> None:  # fmt: skip
        self.problem, self.claim, self.cell = problem, claim, cell
        self.points, self.places = points, places
        self.promise, self.exact = promise, exact
        self.asked, self.signature = cell.operator, points.signature
        self.layout = self.asked.layout(self.signature)

    def at(self, k: int) -> Judgement:
        """Return the judgement at a point, by its number from 0."""
        place = self.places[k]
        if place.truth is None:
            return Judgement(Verdict.UNDECIDED, f"nothing is proven here: {place.refusal}")
        try:
            answer = self._answer(place.at)
        except (ChangedInput, Unreadable) as error:
            return Judgement(Verdict.WRONG, f"{self.claim.name}: {error}", size=self.layout.size)
        fault = misfit(answer.arrays, self.layout)
        if fault:
            told = "; ".join(filter(None, (fault, advice(answer.arrays, self.layout))))
            return Judgement(Verdict.WRONG, told, size=self.layout.size)
        if isinstance(place.truth, Hull):
            return self._at_kink(flattened(answer.arrays), place.truth)
        return self._smooth(answer, place.at, place.truth)

    def _answer(self, at: Argument) -> Answer:
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                return self.cell.answer(at)
        except GradiometerError:
            raise
        except Exception as error:
            raise _raised(self.claim, error) from error

    def _elsewhere(self, at: Argument) -> Any:
        truths = [(p.at, p.truth) for p in self.places if isinstance(p.truth, Enclosure)]
        points = [each for each, _ in truths]

        def truth(there: Argument) -> Enclosure:
            return certified(self.problem, there, self.asked.name, kept=False)

        known = replace(self.points, checked=tuple(points))
        return elsewhere(known, [each for _, each in truths], self.asked, at, truth)

    def _smooth(self, answer: Answer, at: Argument, truth: Enclosure) -> Judgement:
        found = agree(
            answer.arrays, truth, self.layout,
            promise=self.promise, exact=self.exact, dtype=at.point.dtype,
            explain=partial(
                explain, asked=self.asked, signature=self.signature,
                elsewhere=partial(self._elsewhere, at),
            ),
        )  # fmt: skip
        compared = cast("Compared", found.compared)
        verdict = VERDICTS.get(found.status, Verdict.WRONG)
        wrong = verdict is Verdict.WRONG
        return Judgement(
            verdict,
            found.reason,
            found.pattern,
            found.digits,
            int(np.count_nonzero(compared.wrong)) if wrong else 0,
            self.layout.size,
            rows_of(compared, self.asked, self.signature),
            "; ".join(filter(None, (answer.note, found.note))),
        )

    def _at_kink(self, answer: Floats, hull: Hull) -> Judgement:
        found = beside(answer, hull, self.promise)
        size = answer.size
        where = f"{hull.ties} comparison{'s' if hull.ties > 1 else ''}{hull.place} could come out"
        here = f"the point lies on a kink ({where} either way)"
        rows = rows_at_kink(answer, hull, found.beyond, self.asked, self.signature)
        if found.lies == "outside":
            count = int(np.count_nonzero(found.beyond))
            beyond = (
                f"{count} of {size} components are outside of what any branch has"
                if count
                else "the answer is no convex combination of the branches' derivatives"
            )
            return Judgement(Verdict.WRONG, f"{here}, and {beyond}", "", None, count, size, rows)
        inside = "the answer is within the hull of the branches' derivatives"
        if found.branch:
            inside = "the answer is the derivative of one of the branches"
        if found.lies == "open":
            inside = "the answer is within an outer hull of the branches' derivatives"
        return Judgement(Verdict.UNDECIDED, f"{here}: {inside}", "", None, 0, size, rows)


def _raised(claim: Claim, error: Exception) -> GradiometerError:
    own = [f for f in traceback.extract_tb(error.__traceback__) if users(f.filename)]
    own = [f for f in own if not f.filename.startswith(PACKAGE)]
    where = f" at {Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""
    return GradiometerError(f"{claim.name} raised {describe(error)}{where}.")
