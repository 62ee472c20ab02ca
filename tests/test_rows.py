"""Components of an answer beside the true ones, as they are shown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradiometer.checking.result import Row
from gradiometer.checking.rows import rows_at_kink, rows_of
from gradiometer.judging.compared import Compared
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.hull import Hull
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.space import Space

GRADIENT = OPERATORS["gradient"]


def enclosed(high: Any, bound: Any = 0.0, low: Any = 0.0, radius: Any = 0.0) -> Enclosure:
    high = np.array(high, dtype=np.float64)
    low, radius, bound = (
        np.broadcast_to(x, high.shape).astype(float) for x in (low, radius, bound)
    )
    return Enclosure(high, low, radius, bound, 192)


def signature(size: int) -> Signature:
    return Signature(Space({"x": (size,)}), Space({"value": ()}))


def test_each_component_stands_beside_the_true_one_with_its_digits_and_those_owed() -> None:
    truth = enclosed([2.0, -4.0, 0.0, 0.0], [2e-16, 4e-3, 0.0, 1e-16], [1e-17, 0.0, 0.0, 0.0])
    answer = np.array([2.0, -4.04, 0.0, 1e-3])
    found = rows_of(Compared(answer, truth, 12.0, True), GRADIENT, signature(4))
    assert found == [
        Row("∂/∂x[0]", 2.0, "2", pytest.approx(17.3, abs=0.01),
            pytest.approx(16.0, abs=1e-9), False),
        Row("∂/∂x[1]", -4.04, "-4", pytest.approx(2.0), pytest.approx(3.0), True),
        Row("∂/∂x[2]", 0.0, "0", None, None, False),
        Row("∂/∂x[3]", 1e-3, "0", None, None, True),
    ]  # fmt: skip


def test_an_exact_component_has_infinitely_many_digits() -> None:
    truth = enclosed([3.0])
    (row,) = rows_of(Compared(np.array([3.0]), truth, 12.0, True), GRADIENT, signature(1))
    assert (row.digits, row.owed) == (math.inf, math.inf)


@pytest.mark.parametrize(("size", "shown"), [(10, 10), (11, 10)])
def test_of_many_the_ten_worst_are_shown_in_order(size: int, shown: int) -> None:
    truth = enclosed(np.arange(1.0, size + 1.0))
    answer = truth.high.copy()
    answer[[size - 1, 2]] += 1.0
    found = rows_of(Compared(answer, truth, 12.0, True), GRADIENT, signature(size))
    assert [row.component for row in found] == [f"∂/∂x[{i}]" for i in [*range(shown - 1), size - 1]]
    assert [row.component for row in found if row.wrong] == ["∂/∂x[2]", f"∂/∂x[{size - 1}]"]


BRANCHES = (enclosed([0.0, 1.0, 5.0]), enclosed([2.0, 1.0, -5.0]), enclosed([1.0, 1.0, 0.0]))
BOX = enclosed([1.0, 1.0, 0.0], radius=[1.5, 0.0, 6.0])


@pytest.mark.parametrize(
    ("branches", "true"),
    [(BRANCHES, ["0 … 2", "1", "-5 … 5"]), ((), ["-0.5 … 2.5", "1", "-6 … 6"])],
)
def test_at_a_kink_the_least_and_the_largest_are_shown(
    branches: tuple[Enclosure, ...], true: list[str]
) -> None:
    hull = Hull("", 1, branches, BOX)
    beyond = np.array([False, True, False])
    found = rows_at_kink(np.array([0.5, 7.0, 2.0]), hull, beyond, GRADIENT, signature(3))
    assert found == [
        Row("∂/∂x[0]", 0.5, true[0], None, None, False),
        Row("∂/∂x[1]", 7.0, true[1], None, None, True),
        Row("∂/∂x[2]", 2.0, true[2], None, None, False),
    ]


@pytest.mark.parametrize("size", [10, 11, 30])
def test_of_many_at_a_kink_those_beyond_all_branches_come_before_others(size: int) -> None:
    beyond = np.isin(np.arange(size), [4, size - 1])
    hull = Hull("", 1, (), enclosed(np.zeros(size)))
    found = rows_at_kink(np.zeros(size), hull, beyond, GRADIENT, signature(size))
    assert [row.component for row in found] == [f"∂/∂x[{i}]" for i in [*range(9), size - 1]]
    assert [row.component for row in found if row.wrong] == ["∂/∂x[4]", f"∂/∂x[{size - 1}]"]
