"""Where else than at the point of a call an answer may be right, if it is stale."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np

from gradiometer.measure.conditions import Conditions, References
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.outcome import Failure
from gradiometer.vocabulary.point import Argument, Point
from gradiometer.vocabulary.space import Array


def elsewhere(
    conditions: Conditions, at: Argument, references: References
) -> Iterator[tuple[str, Enclosure]]:
    """Yield the truths that a stale answer may be, each with words for where it is right.

    They are certified as they are asked for; what cannot be certified is left out.

    Args:
        conditions: Those of the case.
        at: Where the answer was asked for.
        references: Asked for the truths at the point of preparation.
    """
    for where, argument in _mixed(conditions, at):
        with contextlib.suppress(Failure):
            truth = references.truth(conditions.problem, argument, conditions.case.operator)
            yield where, truth
    for other, truth in zip(conditions.points.checked, conditions.truths, strict=True):
        if other is not at:
            yield "at another point that is checked", truth


def _mixed(conditions: Conditions, at: Argument) -> Iterator[tuple[str, Argument]]:
    """Yield arguments of which all, or a part, is that of preparation."""
    before, asked = conditions.points.preparation, conditions.operator
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
