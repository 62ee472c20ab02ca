"""Finite differences of higher order, extrapolated, and in one call."""

from __future__ import annotations

from typing import Any

import built_in
import numpy as np
import pytest
from test_hooks import trial

from gradiometer import Problem
from gradiometer.measure.trial import Trial
from gradiometer.vocabulary.differences import reach
from gradiometer.vocabulary.flat import flattened
from gradiometer.vocabulary.outcome import Failure, Status

QUARTIC = Problem("quartic", lambda xp, x: x * x * x * x, {"x": 1.5})
SHARP = Problem("sharp", lambda xp, x: xp.sin(61.0 * x), {"x": 0.3})
EDGE = Problem("edge", lambda xp, x: xp.log(x), {"x": 0.01})
ADDED_UP = Problem("added-up", lambda xp, x: xp.sum(x * x), {"x": [1.0, 2.0]})
CHOICE = Problem("choice", lambda xp, x: x * x if x > 0.0 else x, {"x": 1.5})
ROWS = Problem("rows", lambda xp, x: x[..., 0] * x[..., 1], {"x": [1.0, 2.0]})
COLUMNS = Problem("columns", lambda xp, x: x[0] * x[1], {"x": [1.0, 2.0]})
WITH_GIVEN = Problem(
    "with-given", lambda xp, x, *, w: x * w[0] + x * x * w[1], {"x": 1.5}, {"w": [2.0, 3.0]}
)
SEVERAL = Problem(
    "several", lambda xp, x, y: (x * y, xp.stack([x, x * x])), {"x": 1.5, "y": 2.0},
    outputs=("product", "powers"),
)  # fmt: skip


def checked(method: str, problem: Problem, operator: str = "gradient") -> Trial:
    """Return the trial of a built-in method, once it was found right."""
    found = trial(built_in.method(method), operator, problem)
    found.check()
    return found


def figures(method: str, problem: Problem, operator: str = "gradient") -> tuple[float, float]:
    """Return the digits that are proven, and those that are claimed."""
    verdict = checked(method, problem, operator).outcome.verdict
    return verdict.digits or 0.0, verdict.estimated_digits or 0.0


@pytest.mark.parametrize(("operator", "digits"), [("gradient", 11.0), ("hessian", 8.0)])
def test_five_points_leave_rounding_only_of_a_quartic(operator: str, digits: float) -> None:
    assert figures("five-point", QUARTIC, operator)[0] > digits


@pytest.mark.parametrize("problem", [QUARTIC, SHARP, EDGE], ids=lambda each: each.name)
@pytest.mark.parametrize("operator", ["gradient", "jvp", "hessian", "hvp"])
def test_extrapolation_finds_its_step_and_its_error(problem: Problem, operator: str) -> None:
    digits, claimed = figures("richardson", problem, operator)
    assert claimed > 4.0
    assert digits > claimed - 1.0


@pytest.mark.parametrize(
    ("problem", "operator"),
    [(QUARTIC, "gradient"), (QUARTIC, "hessian"), (QUARTIC, "jvp"), (ROWS, "gradient"),
     (COLUMNS, "hessian"), (WITH_GIVEN, "gradient"), (SEVERAL, "jacobian"), (SEVERAL, "jvp")],
)  # fmt: skip
def test_a_batch_is_right_where_the_function_broadcasts(problem: Problem, operator: str) -> None:
    assert checked("batched-difference", problem, operator).outcome.status is Status.OK


@pytest.mark.parametrize("problem", [ADDED_UP, CHOICE], ids=lambda each: each.name)
@pytest.mark.parametrize("operator", ["gradient", "hessian"])
def test_a_batch_is_refused_where_it_does_not(problem: Problem, operator: str) -> None:
    with pytest.raises(Failure, match="does not take arrays in the place of numbers") as caught:
        checked("batched-difference", problem, operator)
    assert caught.value.status is Status.UNSUPPORTED


def test_a_batch_is_declined_where_it_would_be_too_large() -> None:
    method = built_in.method("batched-difference")
    assert method.declines("gradient", 100, 1) is None
    assert "more than" in (method.declines("hessian", 1000, 1) or "")


@pytest.mark.parametrize(
    ("tangents", "factor"), [([[4.0, 1.0]], 0.5), ([[0.5, 0.5]], 2.0), ([[0.0, 0.0]], 1.0)]
)
def test_a_direction_moves_no_component_by_more_than_its_size(tangents: Any, factor: float) -> None:
    assert reach([np.array([-2.0, 0.1])], [np.array(each) for each in tangents]) == factor


def test_arrays_come_back_from_their_vector() -> None:
    arrays = [np.arange(4.0).reshape(2, 2), 5.0, np.zeros(0), np.array([6.0])]
    vector, unpack = flattened(arrays)
    assert vector.tolist() == [0.0, 1.0, 2.0, 3.0, 5.0, 6.0]
    back = unpack(vector)
    assert all(np.array_equal(a, b) for a, b in zip(arrays, back, strict=True))
    assert isinstance(back[1], float)
