"""Encloses what an operator is on the branches that meet at a kink.

Up to eight comparisons that could have come out otherwise are turned one after the other, and the
computation is made on each branch. Of more, both ways are taken at once: a choice between two
arrays gives each of them all between 0 and 1 of its cotangent, which encloses every branch, and
more than that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradiometer.errors import ReferenceFailure
from gradiometer.reference.answers import ANSWERS
from gradiometer.reference.certify import rounded
from gradiometer.reference.evaluation import Key
from gradiometer.reference.forward import BALLS, Forward, forward_pass
from gradiometer.reference.refusals import Undecided
from gradiometer.vocabulary.enclosure import Enclosure, norm
from gradiometer.vocabulary.hull import Hull
from gradiometer.vocabulary.operators import operator as find_operator
from gradiometer.vocabulary.point import Argument
from gradiometer.vocabulary.problem import Problem

EACH_BRANCH = 8
"""Comparisons of which every combination is taken."""

SAME = 1e-20
"""Relative difference of values up to which branches meet."""


def hull(problem: Problem, at: Argument, operator: str) -> Hull:
    """Return what encloses an operator of a problem on all branches that meet at a point.

    Raises:
        ReferenceFailure: If the function jumps there, is not defined on a branch, or takes a
            decision on too many branches otherwise than by a choice between arrays.
    """
    failure = ReferenceFailure("no precision was tried.")
    for bits in BALLS:
        try:
            return _hull(problem, at, operator, bits)
        except Undecided as error:
            failure = error
    raise failure


def _hull(problem: Problem, at: Argument, operator: str, bits: int) -> Hull:
    first = forward_pass(problem, at.point, bits)
    ties, most = len(first.evaluation.open), 2**EACH_BRANCH
    place = first.evaluation.open[0].place if ties else ""
    if ties <= EACH_BRANCH:
        leaves = _leaves(problem, at, bits, first)
        branches = [done for done, _ in zip(leaves, range(most + 1), strict=False)]
        if len(branches) <= most:
            return _of_branches([_answered(done, at, operator) for done in branches], place, ties)
    done = forward_pass(problem, at.point, bits, loose=True)
    *sides, found = _answered(done, at, operator)
    for side in sides:
        if (side.radius > SAME * norm(side.high)).any():
            raise _apart(place, side is sides[0])
    return Hull(place, ties, (), found)


def _leaves(
    problem: Problem, at: Argument, bits: int, done: Forward, turned: frozenset[Key] = frozenset()
) -> Iterator[Forward]:
    """Yield the forward pass of each branch; comparisons behind the last turned one are open."""
    yield done
    behind = max(turned, default=(-1, -1))
    for each in done.evaluation.open:
        if each.key > behind:
            more = turned | {each.key}
            other = forward_pass(problem, at.point, bits, more)
            yield from _leaves(problem, at, bits, other, more)


def _answered(done: Forward, at: Argument, operator: str) -> list[Enclosure]:
    """Return what branches must agree in, the value first, and what the operator gives on one."""
    last = find_operator(operator)
    asked = [find_operator(name) for name in ("value", "gradient")[: max(1, last.order)]]
    with done.working():
        answers = [ANSWERS[each.name](done, each, at.directions) for each in (*asked, last)]
    return [rounded(each, done) for each in answers]


def _of_branches(found: list[list[Enclosure]], place: str, ties: int) -> Hull:
    for *sides, _ in found[1:]:
        for k, (one, other) in enumerate(zip(found[0], sides, strict=False)):
            if not _meet(one, other):
                raise _apart(place, k == 0)
    branches = [each[-1] for each in found]
    distinct = list({(each.high.tobytes(), each.low.tobytes()): each for each in branches}.values())
    return Hull(place, ties, tuple(distinct), _box(distinct))


def _meet(one: Enclosure, other: Enclosure) -> bool:
    if one.shapes != other.shapes:
        return False
    gap = np.abs((other.high - one.high) + (other.low - one.low))
    within = one.bound + one.radius + other.radius + SAME * np.abs(one.high)
    return bool((gap <= within).all())


def _box(branches: list[Enclosure]) -> Enclosure:
    """Return the enclosure of all branches: the middle of the least and the largest, and half."""
    least = np.min([np.nextafter(each.high - each.radius, -np.inf) for each in branches], axis=0)
    most = np.max([np.nextafter(each.high + each.radius, np.inf) for each in branches], axis=0)
    middle = least / 2 + most / 2
    radius = np.nextafter(np.maximum(most - middle, middle - least), np.inf)
    bound = np.max([each.bound for each in branches], axis=0)
    zeros = np.zeros_like(middle)
    return replace(branches[0], high=middle, low=zeros, radius=radius, bound=bound, zero=False)


def _apart(place: str, in_value: bool) -> ReferenceFailure:
    what = "jumps there, and has no derivative" if in_value else "has no second derivative there"
    return ReferenceFailure(
        f"the branches of a comparison{place} do not meet: the function {what}. Choose another "
        "point."
    )
