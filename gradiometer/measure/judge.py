"""Compares the answers of a cell with the truth, and keeps what they are worth."""

from __future__ import annotations

from functools import partial

from gradiometer.judging.agreement import Explain, agree
from gradiometer.judging.diagnosis import explain
from gradiometer.judging.estimate import estimate
from gradiometer.judging.kept import Kept, kept
from gradiometer.judging.stale import elsewhere
from gradiometer.measure.conditions import Conditions, References
from gradiometer.measure.pool import AnyPool
from gradiometer.plugins.registry import MethodEntry
from gradiometer.vocabulary.answer import Answer
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.outcome import Failure, Status, Verdict
from gradiometer.vocabulary.point import Argument


class Judge:
    """What the answers of a cell are worth.

    Args:
        method: The description of its method.
        conditions: What it shares with the other cells of its case.
        pool: The workers, of which the reference's is asked what explains a wrong answer.

    Attributes:
        verdict: The figures of the worst answer so far.
        kept: The components of the answer at the first point, once there was one.
        notes: What is to be said of answers that agree.
    """

    def __init__(self, method: MethodEntry, conditions: Conditions, pool: AnyPool) -> None:
        truth = conditions.truths[0]
        self.verdict = Verdict(conditions.points.signature.n)
        self.verdict.condition, self.verdict.owed = truth.condition, truth.owed
        self.verdict.undecided, self.verdict.bound = truth.undecided, truth.kind
        self.kept: Kept | None = None
        self.notes: tuple[str, ...] = ()
        self._method, self._conditions, self._pool = method, conditions, pool
        self._right_at: set[int] = set()

    def judge(self, answer: Answer, k: int, when: str) -> None:
        """Compare an answer with the truth at the checked point of a number, from 0.

        Raises:
            Failure: If it is wrong, saying where, and when if it was right there before.
        """
        signature, asked = self._conditions.points.signature, self._conditions.operator
        truth, verdict = self._conditions.truths[k], self.verdict
        exact, dtype = self._method.exact or not asked.differentiates, self._conditions.case.dtype
        layout, promise = asked.layout(signature), verdict.promise or 0.0
        found = agree(
            answer.arrays, truth, layout, promise=promise, exact=exact, dtype=dtype,
            explain=self._explain(self._conditions.points.checked[k]),
        )  # fmt: skip
        if k == 0:
            self.kept = kept(found.compared, asked, signature)
        verdict.digits = _least(verdict.digits, found.digits)
        verdict.worst_digits = _least(verdict.worst_digits, found.worst_digits)
        own = estimate(answer.error, found.compared, layout)
        verdict.estimated_digits = _least(verdict.estimated_digits, own.digits)
        verdict.ulps = max(filter(None, (verdict.ulps, found.ulps)), default=verdict.ulps)
        unjudged = found.status is Status.SKIPPED and k > 0
        if found.status is not Status.OK and not unjudged:
            where = f"at point {k + 1} of {len(self._conditions.truths)}: " if k else ""
            before = when if k in self._right_at else ""
            reason = "; ".join(filter(None, (found.reason, own.note)))
            raise Failure(found.status, f"{before}{where}{reason}")
        self._right_at.add(k)
        notes = (*self.notes, answer.note, found.note, own.note)
        self.notes = tuple(dict.fromkeys(filter(None, notes)))

    def _explain(self, at: Argument) -> Explain:
        """Return what explains a wrong answer at a point."""
        conditions, points = self._conditions, self._conditions.points
        asked, timeout_s = conditions.operator, conditions.options.timeout_s
        references = References(self._pool, timeout_s)

        def certified(at: Argument) -> Enclosure:
            return references.truth(conditions.problem, at, asked.name)

        others = partial(elsewhere, points, conditions.truths, asked, at, certified)
        return partial(explain, asked=asked, signature=points.signature, elsewhere=others)


def _least(one: float | None, other: float | None) -> float | None:
    return min((x for x in (one, other) if x is not None), default=None)
