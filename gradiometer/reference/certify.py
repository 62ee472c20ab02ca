"""Certifies a case: the true answer of an operator of a problem at a point, as an enclosure.

What an open comparison could change is found by making the computation again with it turned. At a
tie, all ways must lead to one and the same answer: the branches join smoothly, and the function is
differentiable there. Where rounding decides, values must agree, and what the answers differ by is
added to the bound on rounding: either is right.
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradiometer.errors import Kink, NotFinite, ReferenceFailure
from gradiometer.reference import numeric
from gradiometer.reference.answers import ANSWERS, Answer
from gradiometer.reference.evaluation import Key, Open
from gradiometer.reference.forward import PRECISIONS, Forward, forward_pass, precisions
from gradiometer.reference.refusals import Undecided
from gradiometer.vocabulary.dtype import DTYPES, Dtype
from gradiometer.vocabulary.enclosure import Enclosure, Floats, norm
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.operators import operator as find_operator
from gradiometer.vocabulary.point import Argument
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Space

TIGHT = 1e-24
"""Largest radius, relative to the norm, at which an enclosure can judge answers in any dtype."""

ALL_COMBINATIONS, MOST_OPEN, DRAWN = 4, 64, 16
"""Ties of which all combinations are tried; open comparisons beyond which a case is refused; and
combinations that are drawn of more ties, beside each by itself and all together."""

PIECE = 65_536
"""Components that are rounded at a time: what is made on the way takes memory."""

LARGE = 10_000
"""Inputs from which a tape is let go of at once."""

LOWER, SYMMETRIC = "of the lower triangle", "of (A + Aᵀ)/2"
"""What a derivative in a matrix that is symmetric by contract can be of."""


def certify(
    problem: Problem, at: Argument, operator: str, first: Forward | None = None
) -> Enclosure:
    """Return a proven enclosure of `operator` applied to the problem.

    Args:
        problem: The problem.
        at: The point, and the directions there.
        operator: What, by name.
        first: The forward pass of the first precision that decides all comparisons, if it was made.

    Raises:
        Kink: If the point lies on a kink or a jump, or rounding decides between branches that
            do not meet.
        ReferenceFailure: If an operation has no rule, rounding leaves nothing of the answer, or it
            is not finite.
    """
    found = _Case(problem, at, find_operator(operator), first).certified()
    if Space.of(at.point.inputs).size > LARGE:
        gc.collect()  # nodes refer to each other, and would stay until some later time
    return found


def nearest(problem: Problem, at: Argument, operator: str) -> Floats:
    """Return the true answer rounded to float64, however little of it rounding would leave.

    Raises:
        ReferenceFailure: As `certify`, but for what rounding does.
    """
    return _Case(problem, at, find_operator(operator), rounds=False).refined().high


@dataclass
class _Case:
    """An operator of a problem at a point.

    Attributes:
        problem: The problem.
        at: The point, and the directions there.
        asked: The operator.
        first: The forward pass of the first precision that decides all comparisons, if known.
        rounds: Whether what rounding does counts.
        symmetrised: Whether matrices that are symmetric by contract are read as (A + Aᵀ)/2.
        decided: Where rounding decides a comparison whose branches meet.
    """

    problem: Problem
    at: Argument
    asked: Operator
    first: Forward | None = None
    rounds: bool = True
    symmetrised: bool = False
    decided: str = ""

    def certified(self) -> Enclosure:
        """Return the enclosure, by both conventions where those differ."""
        found = self.refined()
        self._refuse_what_is_lost(found)
        if not found.convention:
            return found
        other = replace(self, symmetrised=True).refined()
        apart = np.abs(found.high - other.high) > found.radius + other.radius + np.abs(found.low)
        if not apart.any():
            return replace(found, convention="")
        return replace(found, other=replace(other, convention=SYMMETRIC))

    def refined(self) -> Enclosure:
        """Return the enclosure of the first precision at which it is tight."""
        failure = ReferenceFailure("no precision was tried.")
        least = 0 if self.first is None else self.first.bits
        for bits in (bits for bits in precisions(self.at.point) if bits >= least):
            try:
                found = self._enclosed(bits)
            except Undecided as error:
                failure = error
                continue
            if _tight(found):
                return found
            if bits == PRECISIONS[-1] and _vanishes(found):
                return _as_zero(found)
            failure = self._too_wide(found)
        raise failure

    def _enclosed(self, bits: int) -> Enclosure:
        done = self._forward(bits)
        found = self._resolved(done, self._answer(done, self.asked))
        enclosure = rounded(found, done)
        if done.evaluation.conventions and self.asked.differentiates:
            enclosure = replace(enclosure, convention=LOWER)
        return enclosure

    def _forward(self, bits: int, turned: Collection[Key] = ()) -> Forward:
        first = self.first
        if first is not None and bits == first.bits and not (turned or self.symmetrised):
            return first
        point = self.at.point
        done = forward_pass(self.problem, point, bits, turned, symmetrised=self.symmetrised)
        done.bounded = self.rounds
        return done

    def _answer(self, done: Forward, asked: Operator) -> Answer:
        with done.working():
            return ANSWERS[asked.name](done, asked, self.at.directions)

    # Comparisons that could have come out otherwise.

    def _resolved(self, done: Forward, found: Answer) -> Answer:
        if not done.evaluation.open:
            return found
        ties = [each for each in done.evaluation.open if each.tie]
        near = [each for each in done.evaluation.open if self.rounds and not each.tie]
        if len(ties) > MOST_OPEN:
            raise ties[0].kink
        sides = [self._answer(done, each) for each in self._sides()]
        for several in _combinations(ties):
            kink = several[0].kink
            for one, other in zip((found, *sides), self._turned(done, several, kink), strict=True):
                if not all(a.overlaps(b) for a, b in _pairs(one, other)):
                    raise kink
        if len(near) > MOST_OPEN:
            raise _rounding_decides(near[0].place, done.dtype)
        for each in near:
            refused = _rounding_decides(each.place, done.dtype)
            turned = self._turned(done, [each], refused)
            one, other = sides[0] if sides else found, turned[1 if sides else 0]
            if not _same_value(one, other, done.dtype.promise):
                raise refused
            found = _widened(found, turned[0])
            self.decided = each.place
        return found

    def _sides(self) -> list[Operator]:
        """Return the operators of lower order, which must agree as well."""
        return [find_operator(name) for name in ("value", "gradient")[: self.asked.order]]

    def _turned(
        self, done: Forward, several: Sequence[Open], refused: ReferenceFailure
    ) -> list[Answer]:
        """Return the answers with comparisons turned: that which is asked for, and its sides."""
        try:
            again = self._forward(done.bits, [each.key for each in several])
            answers = [self._answer(again, each) for each in (self.asked, *self._sides())]
        except Undecided:
            raise
        except ReferenceFailure as error:
            raise refused from error
        finite = (numeric.finite(each.balls).all() for each in answers)
        if again.shapes != done.shapes or not all(finite):
            raise refused
        return answers

    # Refusals.

    def _refuse_what_is_lost(self, found: Enclosure) -> None:
        if not np.isfinite(found.bound).all():
            raise self._overflow()
        if not found.zero and norm(found.bound) >= found.norm:
            cause = f", since it decides a comparison{self.decided}" if self.decided else ""
            raise ReferenceFailure(
                f"rounding in {found.dtype} can be as large as the true {self.asked.name}, "
                f"{found.norm:.1e}{cause}, and an all-zero answer would pass: choose another "
                "point, or write the function in another form."
            )

    def _overflow(self) -> ReferenceFailure:
        return ReferenceFailure(
            f"{self.at.point.dtype} overflows, or rounding reaches the edge of a domain, on the "
            f"way to the {self.asked.name}: what a tool computes here is no measure of it. Choose "
            "another point, or write the function in another form."
        )

    def _too_wide(self, found: Enclosure) -> ReferenceFailure:
        if self.rounds and not np.isfinite(found.bound).all():
            return self._overflow()
        return ReferenceFailure(
            f"the true {self.asked.name} could not be enclosed tightly with {found.bits} bits."
        )


def _tight(found: Enclosure) -> bool:
    """Return whether an enclosure can judge answers: it is narrow, or an exact zero.

    Two doubles leave more than balls do. Of them every component is asked to be narrow, too: beside
    what rounding does to it, or beside itself.
    """
    narrow = bool(found.norm > 0.0 and np.max(found.radius) <= TIGHT * found.norm)
    if narrow and found.bits == numeric.DOUBLES:
        least = np.maximum(found.bound / 16.0, np.abs(found.high) * 2.0**-60)
        narrow = bool((found.radius <= least).all())
    return found.zero or narrow


def _vanishes(found: Enclosure) -> bool:
    """Return whether all balls contain zero, and are narrower than what rounding does."""
    size = np.abs(found.high) + np.abs(found.low)
    most = np.maximum(found.bound, DTYPES[found.dtype].smallest)
    narrow = np.isfinite(found.bound) & (size + found.radius <= most)
    return bool((size <= found.radius).all() and narrow.all())


def _as_zero(found: Enclosure) -> Enclosure:
    reach = np.nextafter(np.abs(found.high) + np.abs(found.low) + found.radius, np.inf)
    nothing = np.zeros(reach.shape)
    return replace(found, high=nothing, low=nothing, radius=reach, zero=True)


def _combinations(ties: Sequence[Open]) -> list[list[Open]]:
    if len(ties) <= ALL_COMBINATIONS:
        sizes = range(1, len(ties) + 1)
        return [list(each) for k in sizes for each in itertools.combinations(ties, k)]
    chosen = np.random.default_rng(len(ties)).integers(0, 2, (DRAWN, len(ties)), dtype=bool)
    drawn = [list(itertools.compress(ties, each)) for each in chosen.tolist()]
    return [*([tie] for tie in ties), list(ties), *filter(None, drawn)]


def _rounding_decides(place: str, dtype: Dtype) -> Kink:
    return Kink(
        f"rounding decides a comparison{place} in {dtype.name}, and its two branches do not meet: "
        "choose another point, or write the comparison in another form."
    )


def _same_value(one: Answer, other: Answer, promise: float) -> bool:
    """Return whether two values differ by no more than what is promised, or rounding explains."""
    if one.balls.shape != other.balls.shape:
        return False
    values, turned = (numeric.floats(each.balls) for each in (one, other))
    gaps = np.array([float(abs(a - b).mid()) for a, b in _pairs(one, other)])
    largest = np.max(np.maximum(np.abs(values), np.abs(turned)), initial=0.0)
    return bool((gaps <= one.bound + promise * largest).all())


def _widened(found: Answer, turned: Answer) -> Answer:
    """Return the answer with its bounds widened to hold that of a turned comparison."""
    gaps = [float((a - b).abs_upper()) for a, b in _pairs(found, turned)]
    return found._replace(bound=found.bound + np.array(gaps))


def _pairs(one: Answer, other: Answer) -> Iterator[tuple[Any, Any]]:
    """Return the balls of two answers, side by side."""
    return zip(*(numeric.balls(each.balls).tolist() for each in (one, other)), strict=True)


def rounded(found: Answer, done: Forward) -> Enclosure:
    """Return balls as pairs of doubles, with radii that cover what the pairs leave out."""
    starts = range(0, found.balls.size, PIECE)
    with done.working():
        pieces = [numeric.pairs(found.balls[k : k + PIECE]) for k in starts]
    high, low, radius = (np.concatenate(part) for part in zip(*pieces, strict=True))
    if not (np.isfinite(high).all() and np.isfinite(radius).all()):
        raise NotFinite("the derivative is not finite here: choose another point.")
    zero = not (high.any() or radius.any())
    probable = bool(found.probable.any())
    figures, facts = (high, low, radius, found.bound), (done.bits, done.shapes, zero, probable)
    return Enclosure(*figures, *facts, dtype=done.dtype.name)
