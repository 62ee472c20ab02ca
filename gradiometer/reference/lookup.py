"""References found again: what was certified once is kept under the identity of its computation.

Whether a certificate is known is told by the computation itself, so the function is evaluated
before every look-up; twice, since what gives two different computations is no function of its
inputs. Where a comparison could have come out otherwise, a certificate rests on what the function
would have computed then, which is not known of one evaluation: it is certified anew.
"""

from __future__ import annotations

import contextlib

from gradiometer.errors import ReferenceFailure
from gradiometer.reference import cache, identity
from gradiometer.reference.certify import certify
from gradiometer.reference.forward import PRECISIONS, Forward, forward_pass, precisions
from gradiometer.reference.numeric import DOUBLES
from gradiometer.reference.original import no_function, refuse_another_function
from gradiometer.reference.refusals import Undecided
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.operators import operator as find_operator
from gradiometer.vocabulary.point import Argument, Point
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Shape

QUICK = 64
"""Bits of an evaluation that need not decide anything."""


def certified(problem: Problem, at: Argument, operator: str, *, kept: bool = True) -> Enclosure:
    """Return the enclosure that is kept of this computation, or certify it, and keep it.

    Where a comparison could have come out otherwise, the tape does not hold all that the
    certificate rests on: it is made anew. Without `kept` it is, too, and nothing is written.

    Raises:
        ReferenceFailure: As `certify`, and if two evaluations differ.
    """
    done, computation = evaluated(problem, at.point)
    if done.evaluation.open or not kept:
        return certify(problem, at, operator, done)
    key = _key(computation, at, operator)
    known = cache.find(key)
    if known is None:
        known = certify(problem, at, operator, done)
        cache.keep(key, known)
    return known


def outline(problem: Problem, point: Point) -> tuple[Shape, ...]:
    """Return the shapes of a problem's outputs at a point.

    Raises:
        ReferenceFailure: If it cannot be evaluated there.
    """
    return first_pass(problem, point).shapes


def identified(problem: Problem, at: Argument, operator: str) -> tuple[Forward, str]:
    """Return a computation, and the digest of everything that an enclosure depends on.

    Raises:
        ReferenceFailure: As `evaluated`.
    """
    done, computation = evaluated(problem, at.point)
    return done, _key(computation, at, operator)


def evaluated(problem: Problem, point: Point) -> tuple[Forward, bytes]:
    """Return a problem's evaluation at a point, and the digest of what it computes.

    Raises:
        ReferenceFailure: If the problem cannot be evaluated, two evaluations differ, or the program
            is not the function that it was made of.
    """
    done = first_pass(problem, point)
    computation = identity.of_tape(done)
    if not _same_again(problem, point, done, computation):
        raise no_function(problem)
    refuse_another_function(problem, point, done)
    return done, computation


def _key(computation: bytes, at: Argument, operator: str) -> str:
    point, directions = at.point, find_operator(operator).directions(at.directions)
    known = (computation, point.inputs, point.given, directions)
    return identity.of_values(identity.rules(), PRECISIONS, operator, point.dtype, *known)


def _same_again(problem: Problem, point: Point, done: Forward, computation: bytes) -> bool:
    """Return whether another evaluation is the same computation.

    It is made with few digits, which takes less time; twice anew where those do not suffice.
    """
    quick = done.bits if done.bits == DOUBLES else QUICK
    with contextlib.suppress(ReferenceFailure):
        if identity.of_tape(forward_pass(problem, point, quick)) == computation:
            return True
    return all(identity.of_tape(first_pass(problem, point)) == computation for _ in range(2))


def first_pass(problem: Problem, point: Point) -> Forward:
    """Return the forward pass of the first precision that decides all comparisons.

    Raises:
        ReferenceFailure: As `forward_pass`.
    """
    *tried, last = precisions(point)
    for bits in tried:
        with contextlib.suppress(Undecided):
            return forward_pass(problem, point, bits)
    return forward_pass(problem, point, last)
