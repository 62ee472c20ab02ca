"""Which checked points a problem needs: in its domain, and in as many of its branches as are found.

Answers are checked at the declared point, and at two neighbours at least. A neighbour is one that
can be certified; one is preferred that is not much worse conditioned than the declared point (where
differences lose more digits than theory says), whose answer does not underflow (as that of a
saturated sigmoid, of which libraries and hand-written code leave zero, or an overflow), and in
which, where the function compares, a comparison comes out as it has at no point before. Of a
function that compares little up to two more are taken.
"""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradiometer.errors import GradiometerError, Kink, ReferenceFailure
from gradiometer.reference.lookup import certified, first_pass
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.point import Argument, Points
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Space

FEWEST, MOST = 3, 5
"""Points at which answers are checked."""

STEEP = 10.0
"""Times the declared point's condition number up to which a neighbour is preferred."""

FAINT = 1e-30
"""Of the declared point's answer, in the norm, what is taken for nothing."""

FEW = 16
"""Components that are compared up to which a function is said to compare little."""

Outcomes = dict[Any, NDArray[np.bool_]]
"""How comparisons came out, by their place in the program and their shape."""


Certify = Callable[[Problem, Argument, str], Enclosure]
"""Returns the truth of an operator of a problem at a point."""


def neighbour(
    problem: Problem,
    points: Points,
    label: str,
    seed: int,
    dtype: str,
    operator: str,
    certified: Certify = certified,
) -> tuple[Argument, Enclosure] | None:
    """Return the next point to check answers at, and the truth there; `None` if there are enough.

    Beside a declared point that is a kink, any point that can be certified will do.

    Raises:
        GradiometerError: If a point is wanted, and none that was tried can be certified.
    """
    seen, number = _Seen(), len(points.checked)
    steady, faint = sys.float_info.max, 0.0
    with contextlib.suppress(Kink):
        declared = certified(problem, points.declared, operator)
        steady, faint = STEEP * (declared.condition or 1.0), FAINT * _norm(declared)
    for at in points.checked:
        seen.add(_outcomes(problem, at, points))
    wanted, named = number < FEWEST, number <= len(problem.also_at)
    if not (wanted or named or (number < MOST and 0 < seen.components <= FEW)):
        return None
    spare, least, refusal = None, math.inf, ""
    for at in problem.candidates(points, label, seed, dtype):
        try:
            outcomes = _outcomes(problem, at, points)
            new = named or not seen.components or seen.adds(outcomes)
            if not (new or (wanted and least > steady)):
                continue
            found = at, certified(problem, at, operator)
        except GradiometerError as error:
            refusal = str(error).rstrip(".")
            continue
        condition = found[1].condition or 1.0
        if found[1].radius.any() and _norm(found[1]) < faint:
            condition = math.inf
        if new and (named or condition <= steady):
            return found
        if spare is None or condition < least:
            spare, least = found, condition
    if spare is None and (wanted or named):
        raise ReferenceFailure(_refused(refusal, number if named else None))
    return spare if wanted else None


def _norm(truth: Enclosure) -> float:
    return float(np.linalg.norm(truth.high))


def _refused(refusal: str, named: int | None) -> str:
    if named:
        return f"at the point {named} of `also_at`: {refusal}."
    return (
        "answers are checked at three points at least, and none was found beside the others that "
        f"can be certified ({refusal}): name some in the problem's `also_at`."
    )


@dataclass
class _Seen:
    """How comparisons came out at some points."""

    true: Outcomes = field(default_factory=dict)
    false: Outcomes = field(default_factory=dict)
    paths: set[bytes] = field(default_factory=set)
    components: int = 0

    def add(self, outcomes: Outcomes) -> None:
        """Note a point."""
        for key, came_out in outcomes.items():
            self.true[key] = self.true.get(key, False) | came_out
            self.false[key] = self.false.get(key, False) | ~came_out
        self.paths.add(_path(outcomes))
        self.components = max(self.components, sum(each.size for each in outcomes.values()))

    def adds(self, outcomes: Outcomes) -> bool:
        """Return whether something came out otherwise than at all points so far."""
        if _path(outcomes) in self.paths:
            return False
        if self.components <= FEW:
            return True
        return any(
            key not in self.true or (came_out > self.true[key]).any()
            or (~came_out > self.false[key]).any()
            for key, came_out in outcomes.items()
        )  # fmt: skip


def _path(outcomes: Outcomes) -> bytes:
    return b"".join(repr(key).encode() + each.tobytes() for key, each in outcomes.items())


def _outcomes(problem: Problem, at: Argument, points: Points) -> Outcomes:
    """Return how comparisons come out at a point.

    Raises:
        ReferenceFailure: If inputs or outputs have other shapes than at the declared point, or the
            problem cannot be evaluated there.
    """
    if Space.of(at.point.inputs) != points.signature.inputs:
        raise ReferenceFailure("inputs have other shapes than at the declared point")
    done = first_pass(problem, at.point)
    if done.shapes != tuple(points.signature.outputs.shapes.values()):
        raise ReferenceFailure(f"outputs have shapes {done.shapes}, others at the declared point")
    made = enumerate(done.evaluation.made)
    return {(k, came_out.shape): came_out for k, (_, _, came_out) in made}
