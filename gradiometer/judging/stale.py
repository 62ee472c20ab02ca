"""Where else than at the point of a call an answer may be right, if it is stale."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.outcome import Failure
from gradiometer.vocabulary.point import Argument, Point, Points
from gradiometer.vocabulary.space import Array


def elsewhere(
    points: Points,
    truths: Sequence[Enclosure],
    asked: Operator,
    at: Argument,
    certified: Callable[[Argument], Enclosure],
) -> Iterator[tuple[str, Enclosure]]:
    """Yield the truths that a stale answer may be, each with words for where it is right.

    They are certified as they are asked for; what cannot be certified is left out.

    Args:
        points: Where answers are checked, and methods prepared.
        truths: The true answers, one at each checked point.
        asked: What was computed.
        at: Where the answer was asked for.
        certified: Returns the truth at a point.
    """
    for where, argument in _mixed(points.preparation, asked, at):
        with contextlib.suppress(Failure, GradiometerError):
            yield where, certified(argument)
    for other, truth in zip(points.checked, truths, strict=True):
        if other is not at:
            yield "at another point that is checked", truth


def _mixed(before: Argument, asked: Operator, at: Argument) -> Iterator[tuple[str, Argument]]:
    """Yield arguments of which all, or a part, is that of preparation."""
    here = "at the point of preparation"
    yield here, before
    if _differ(asked.directions(at.directions), asked.directions(before.directions)):
        yield "in the directions of preparation", Argument(at.point, before.directions)
        yield f"{here} in the directions of the call", Argument(before.point, at.directions)
    if _differ(at.point.given, before.point.given):
        mixed = Point(at.point.inputs, before.point.given)
        yield "with the given values of preparation", Argument(mixed, at.directions)


def _differ(some: dict[str, Array], others: dict[str, Array]) -> bool:
    return any(not np.array_equal(some[name], others[name]) for name in some)
