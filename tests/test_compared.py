"""An answer beside the truth: how large each error is, and may be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradiometer.judging.compared import Compared
from gradiometer.vocabulary.enclosure import UNIT, Enclosure

BOUND = [1e-20, 1e-3]


def compared(answer: Any, high: Any, promise: float, exact: bool, **more: Any) -> Compared:
    true, radius = np.array(high, np.float64), np.array([1e-30, 0.0])
    truth = Enclosure(true, 0.0 * true, radius, np.array(BOUND), 192, **more)
    return Compared(np.array(answer, np.float64), truth, promise, exact)


@pytest.mark.parametrize(
    ("high", "exact", "zero", "allowed"),
    [
        ([3.0, 4.0], True, False, [3e-7 + 1e-30, 1e-3]),
        ([3.0, 4.0], False, False, [1e-7 * 5.0 / math.sqrt(2.0) + 1e-30, 4e-7]),
        ([0.0, 0.0], True, True, [1e-20 + 1e-30, 1e-3]),
        ([0.0, 0.0], False, True, [1e-27 / UNIT + 1e-30, 1e-10 / UNIT]),
    ],
)
def test_what_is_allowed_of_each_component(
    high: list[float], exact: bool, zero: bool, allowed: list[float]
) -> None:
    found = compared(high, high, 7.0, exact, zero=zero)
    np.testing.assert_allclose(found.allowed, allowed, rtol=1e-15)
    assert not found.wrong.any()
    beyond = found.truth.high + np.array(allowed) * [1.01, 0.99]
    assert compared(beyond, high, 7.0, exact, zero=zero).wrong.tolist() == [True, False]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_wrong_without_bound(number: float) -> None:
    found = compared([number, 2.0], [1.0, 2.0], 7.0, True)
    assert found.errors.tolist() == [math.inf, 0.0]
    assert found.wrong.tolist() == [True, False]
