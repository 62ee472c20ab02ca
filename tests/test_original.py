"""A certificate of a function is of that function, whatever else decides what it computes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradiometer.checking.check import check
from gradiometer.errors import ReferenceFailure
from gradiometer.reference.lookup import certified
from gradiometer.tracing.own import own_problem

CALLS: list[float] = []


class Counter:
    """Counts its calls."""

    count = 0

    def __call__(self, x: float) -> float:
        self.count += 1
        return x * self.count


def by_text(x: float) -> float:
    return x * len(f"{x:.3f}")


def by_type(x: float) -> float:
    return x * 2.0 if type(x) is float else x * 3.0


def by_attribute(x: float) -> float:
    return x if hasattr(x, "is_integer") else x * 3.0


def by_key(x: float) -> float:
    return x * {1.25: 2.0}.get(x, 7.0)


def by_length(x: float) -> Any:
    return np.ones(len(str(x))) * x


def appending(x: float) -> float:
    CALLS.append(0.0)
    return x * len(CALLS)


@pytest.mark.parametrize("function", [by_text, by_type, by_attribute, by_key, by_length])
def test_what_is_not_traced_does_not_decide_unnoticed(function: Callable[..., Any]) -> None:
    problem = own_problem(function, 1.25)
    asked = "jacobian" if problem.outputs else "gradient"
    with pytest.raises(ReferenceFailure, match=r"returns .*, and .* where it is traced"):
        certified(problem, problem.points().declared, asked)


@pytest.mark.parametrize("function", [Counter(), appending])
def test_what_changes_from_call_to_call_is_no_function(function: Callable[..., Any]) -> None:
    problem = own_problem(function, 1.25)
    with pytest.raises(ReferenceFailure, match="two evaluations at one point differ"):
        certified(problem, problem.points().declared, "gradient")


def test_nothing_is_proven_where_the_function_fails() -> None:
    def fails_elsewhere(x: float) -> float:
        if type(x) is float and x > 2.0:
            raise ValueError("too large")
        return x * x

    problem = own_problem(fails_elsewhere, 1.25)
    at = problem.points().declared
    beyond = own_problem(fails_elsewhere, 1.25)
    beyond.at["x"] = np.array(3.0)  # type: ignore[index]
    assert certified(problem, at, "gradient").high == [2.5]
    with pytest.raises(ReferenceFailure, match=r"ValueError: too large at test_original\.py, line"):
        certified(beyond, beyond.points().declared, "gradient")


def test_rounding_and_iterations_are_no_other_function() -> None:
    def iterated(x: float) -> float:
        y = x
        while abs(y * y - x) > 1e-9:
            y = 0.5 * (y + x / y)
        return y + (1e9 + x) - 1e9  # of which rounding leaves seven digits

    problem = own_problem(iterated, 1.7)
    assert certified(problem, problem.points().declared, "gradient").high == pytest.approx(
        1.0 + 0.5 / math.sqrt(1.7)
    )


def test_one_reason_for_all_methods_is_told_once() -> None:
    told = repr(check(by_text, 1.25))
    assert told.count("where it is traced") == 1
    assert told.startswith("UNDECIDED: whether forward-difference, central-difference")
