"""Where a stale answer may be right: at preparation, in a part of it, at other checked points."""

from __future__ import annotations

import numpy as np
import pytest

from gradiometer import Argument, Directions, Point, Signature, Space
from gradiometer.errors import GradiometerError
from gradiometer.judging.stale import elsewhere
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.vocabulary.point import Points

SIGNATURE = Signature(Space({"x": ()}), Space({"value": ()}))
PREPARED = "at the point of preparation"


def argument(x: float, given: float, tangent: float) -> Argument:
    point = Point({"x": np.array(x)}, {"w": np.array(given)})
    return Argument(point, Directions({"x": np.array(tangent)}))


def numbers(at: Argument) -> tuple[float, float, float]:
    """Return the input, the given value, and the direction of an argument."""
    (x,), (w,), (t,) = (
        named.values() for named in (at.point.inputs, at.point.given, at.directions.tangents)
    )
    return float(x), float(w), float(t)


def truth(number: float) -> Enclosure:
    one = np.array([number])
    return Enclosure(one, 0.0 * one, 0.0 * one, 0.0 * one, 192)


def asked_for(
    preparation: Argument, operator: str = "hvp", refused: Exception | None = None
) -> list[tuple[str, float | tuple[float, float, float]]]:
    """Return where an answer at the second of three points may be right, and what is right there.

    What is certified is told by its argument; the truths at checked points are numbered.
    """
    checked = (argument(1.0, 2.0, 3.0), argument(4.0, 5.0, 6.0), argument(7.0, 8.0, 9.0))
    met = []

    def certified(at: Argument) -> Enclosure:
        met.append(numbers(at))
        if refused is not None and len(met) == 1:
            raise refused
        return truth(-float(len(met)))

    points = Points(SIGNATURE, checked, preparation)
    truths = [truth(float(k)) for k in range(3)]
    found = elsewhere(points, truths, OPERATORS[operator], checked[1], certified)
    told = [(where, float(each.high[0])) for where, each in found]
    return [(where, met[int(-k) - 1] if k < 0 else k) for where, k in told]


OTHERS = [("at another point that is checked", 0.0), ("at another point that is checked", 2.0)]
BOTH = [
    ("in the directions of preparation", (4.0, 5.0, -3.0)),
    ("at the point of preparation in the directions of the call", (-1.0, -2.0, 6.0)),
]
GIVEN = ("with the given values of preparation", (4.0, -2.0, 6.0))


@pytest.mark.parametrize(
    ("before", "operator", "mixed"),
    [
        ((-1.0, -2.0, -3.0), "hvp", [*BOTH, GIVEN]),
        ((-1.0, -2.0, -3.0), "gradient", [GIVEN]),
        ((-1.0, -2.0, 6.0), "hvp", [GIVEN]),
        ((-1.0, 5.0, 6.0), "hvp", []),
    ],
)
def test_all_of_preparation_is_tried_then_each_part_that_differs_then_other_points(
    before: tuple[float, float, float], operator: str, mixed: list[object]
) -> None:
    assert asked_for(argument(*before), operator) == [(PREPARED, before), *mixed, *OTHERS]


@pytest.mark.parametrize("refused", [Failure(Status.CRASHED, "lost"), GradiometerError("no proof")])
def test_what_cannot_be_certified_is_left_out(refused: Exception) -> None:
    found = asked_for(argument(-1.0, -2.0, -3.0), refused=refused)
    assert found == [*BOTH, GIVEN, *OTHERS]


def test_a_truth_is_expected_at_each_checked_point() -> None:
    here = argument(1.0, 2.0, 3.0)
    points = Points(SIGNATURE, (here, here), here)
    found = elsewhere(points, [truth(1.0)], OPERATORS["gradient"], here, lambda at: truth(0.0))
    with pytest.raises(ValueError, match="shorter"):
        list(found)
