"""What is kept of an answer: all of it, or its worst components."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradiometer import Signature, Space
from gradiometer.judging.compared import Compared
from gradiometer.judging.kept import Kept, kept
from gradiometer.vocabulary.enclosure import UNIT, Enclosure
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.space import Array

GRADIENT = OPERATORS["gradient"]


def of(answer: Array, true: Array, convention: str = "") -> Kept:
    """Return what is kept of a gradient in one array x."""
    none = np.zeros_like(true)
    truth = Enclosure(true, none, none, UNIT * np.abs(true), 192, convention=convention)
    signature = Signature(Space({"x": true.shape}), Space({"value": ()}))
    found = kept(Compared(answer, truth, 12.0, True), GRADIENT, signature)
    assert found is not None
    return found


def test_a_small_answer_is_kept_whole() -> None:
    assert of(np.array([1.0, math.nan, 3.00456789]), np.array([1.0, 2.0, 3.0])) == Kept(
        [0, 1, 2], ["∂/∂x[0]", "∂/∂x[1]", "∂/∂x[2]"], [1.0, 2.0, 3.0],
        pytest.approx([1.0, math.nan, 3.00456789], nan_ok=True), [0.0, math.inf, 4.57e-3],
        [False, True, True],
    )  # fmt: skip


@pytest.mark.parametrize(("size", "count"), [(1000, 1000), (1001, 10)])
def test_of_a_large_answer_the_worst_components_are_kept(size: int, count: int) -> None:
    true = np.arange(1.0, size + 1.0)
    answer = true.copy()
    places = [7, 100, 500, size - 1]
    answer[places] *= 1.0 + 1e-9  # the worst by what is allowed of each, not by size
    answer[3] = math.inf
    found = of(answer, true)
    assert len(found.places) == len(found.values) == count
    assert found.places == sorted(found.places)
    assert {3, *places} <= set(found.places)
    assert [p for p, wrong in zip(found.places, found.wrong, strict=True) if wrong] == [3, *places]
    assert found.names[-1] == f"∂/∂x[{size - 1}]"


def test_of_components_that_are_as_bad_the_first_are_kept() -> None:
    true = np.arange(2000.0)
    answer = true.copy()
    answer[[40, 1500]] *= 1.0 + 1e-13  # less than is allowed, and more than nothing
    found = of(answer, true)
    assert found.places == [*range(8), 40, 1500]
    assert not any(found.wrong)


def test_where_nothing_is_allowed_any_error_is_among_the_worst() -> None:
    true = np.zeros(2000)
    answer = true.copy()
    answer[[30, 1500]] = 1e-300
    assert of(answer, true).places == [*range(8), 30, 1500]


def test_the_convention_stands_with_the_name() -> None:
    assert of(np.ones(1), np.ones(1), "of (A + Aᵀ)/2").names == ["∂/∂x[0], of (A + Aᵀ)/2"]


def test_nothing_is_kept_of_what_was_no_answer() -> None:
    signature = Signature(Space({"x": ()}), Space({"value": ()}))
    assert kept(None, GRADIENT, signature) is None
