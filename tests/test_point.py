"""Points and directions, and the spaces that a problem maps between."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from gradiometer.vocabulary.point import Argument, Directions, Point, Points, Signature
from gradiometer.vocabulary.space import Space

POINT = Point({"x": np.array([1.0, 2.0])})


@pytest.mark.parametrize(
    ("inputs", "outputs", "n", "m"),
    [
        ({"x": ()}, {"value": ()}, 1, 1),
        ({"x": (3, 4), "y": ()}, {"a": (2, 3), "b": ()}, 13, 7),
        ({"x": (0,)}, {}, 0, 0),
        ({"x": (0, 5), "y": (1, 1, 2)}, {"a": (0,)}, 2, 0),
    ],
)
def test_a_signature_counts_inputs_and_outputs(
    inputs: dict[str, Any], outputs: dict[str, Any], n: int, m: int
) -> None:
    found = Signature(Space(inputs), Space(outputs))
    assert (found.n, found.m) == (n, m)


def test_an_argument_is_a_point_and_its_directions() -> None:
    along = Directions({"x": np.ones(2)}, {"value": np.ones(())})
    point, directions = Argument(POINT, along)
    assert point is POINT
    assert directions is along


def test_nothing_is_given_and_no_direction_drawn_by_default() -> None:
    assert POINT.given == {}
    assert Argument(POINT).directions == Directions({}, {})


@pytest.mark.parametrize(
    "made",
    [POINT, Directions(), Signature(Space({}), Space({})),
     Points(Signature(Space({}), Space({})), (Argument(POINT),), Argument(POINT))],
)  # fmt: skip
def test_what_a_case_rests_on_cannot_be_changed(made: Any) -> None:
    for each in dataclasses.fields(made):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, each.name, None)
