"""The steps of a descent, with derivatives that are known in closed form."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest

from gradiometer import Point
from gradiometer.descent.steps import RULES, Limits, Steps, flat, moved, take_steps

A = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.0], [0.5, 0.0, 2.0]])
LOWEST = np.array([1.0, -2.0, 3.0])
START = Point({"s": np.array(2.0), "x": np.array([5.0, 7.0])}, {"k": np.array(1.0)})


def quadratic(op: str, here: Point) -> tuple[Any, float]:
    """Answer for ½(θ − θ*)ᵀA(θ − θ*); a call takes a second."""
    away = flat(here) - LOWEST
    if op == "value":
        with np.errstate(over="ignore"):
            return np.array([0.5 * away @ A @ away]), 1.0
    blocks = A[:1, :1], A[:1, 1:], A[1:, :1], A[1:, 1:]
    return A @ away if op == "gradient" else np.concatenate([b.ravel() for b in blocks]), 1.0


def limits(
    rule: str, steps: int, rate: float = 0.1, first: int = 0, slice_s: float = 60.0
) -> Limits:
    return Limits(rule, rate, steps, first, slice_s)


def taken(rule: str, steps: int, evaluate: Any = quadratic, **options: Any) -> Steps:
    return take_steps(Steps(), START, limits(rule, steps, **options), evaluate)


def test_gradient_descent_follows_its_closed_form() -> None:
    found = taken("gradient-descent", 30)
    assert found.count == 30
    assert not found.ended
    for k, theta in enumerate(found.path):
        power = np.linalg.matrix_power(np.eye(3) - 0.1 * A, k)
        np.testing.assert_allclose(theta, LOWEST + power @ (flat(START) - LOWEST), rtol=1e-13)
    assert found.losses == sorted(found.losses, reverse=True)


def test_newton_lands_on_the_minimum_of_a_quadratic_in_one_step() -> None:
    found = taken("newton", 3)
    np.testing.assert_allclose(found.path[1], LOWEST, rtol=1e-14)
    assert found.losses[0] > 10.0
    assert found.losses[1] < 1e-28


@pytest.mark.parametrize(("rule", "a_step"), [("gradient-descent", 1.0), ("newton", 2.0)])
def test_seconds_are_those_of_the_derivative_calls_alone(rule: str, a_step: float) -> None:
    assert taken(rule, 4).seconds == [a_step * k for k in range(5)]


def test_steps_in_slices_are_the_same_steps() -> None:
    whole, parts = taken("gradient-descent", 9), Steps()
    point = START
    while parts.count < 9:
        part = limits("gradient-descent", min(2, 9 - parts.count), first=parts.count)
        parts.extend(take_steps(Steps(), point, part, quadratic))
        point = moved(START, parts.path[-1])
    assert parts.losses == whole.losses
    assert parts.seconds == whole.seconds
    assert all((a == b).all() for a, b in zip(parts.path, whole.path, strict=True))


def test_a_slice_that_is_over_begins_no_further_step() -> None:
    def slow(op: str, here: Point) -> tuple[Any, float]:
        if op == "gradient":
            time.sleep(0.02)
        return quadratic(op, here)

    found = taken("gradient-descent", 1000, slow, slice_s=0.05)
    assert 1 <= found.count <= 3
    assert not found.ended


def test_steps_that_were_not_taken_add_nothing() -> None:
    found = taken("gradient-descent", 3)
    found.extend(Steps())
    assert found.count == 3


# Ends.


@pytest.mark.parametrize(("op", "rule"), [("gradient", "gradient-descent"), ("hessian", "newton")])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_derivative_that_is_not_finite_ends_and_keeps_the_steps(
    op: str, rule: str, bad: float
) -> None:
    calls = []

    def breaks(asked: str, here: Point) -> tuple[Any, float]:
        answer, seconds = quadratic(asked, here)
        if asked == op:
            calls.append(asked)
            answer = np.where(len(calls) == 3, bad, answer)
        return answer, seconds

    found = taken(rule, 10, breaks, first=40)
    assert found.ended == f"the {op} at step 42 is not finite"
    assert found.count == 2


def test_a_loss_that_is_not_finite_ends_the_steps_before_it() -> None:
    found = taken("gradient-descent", 1000, rate=10.0)
    assert found.ended.startswith("the loss at step ")
    assert found.ended.endswith(" is not finite")
    assert np.isfinite(found.losses).all()
    assert len(found.losses) == len(found.path) == len(found.seconds) == found.count + 1


def test_parameters_that_overflow_end_the_steps() -> None:
    def steep(op: str, here: Point) -> tuple[Any, float]:
        return {"value": np.array([1.0]), "gradient": np.full(3, 1e308)}[op], 0.0

    found = taken("gradient-descent", 5, steep, rate=10.0)
    assert found.ended == "θ after step 1 is not finite"
    assert found.count == 0


@pytest.mark.parametrize(
    "hessian",
    [np.zeros((3, 3)), np.ones((3, 3)), np.diag([1.0, 1.0, 1e-17])],
    ids=["zero", "rank one", "nearly"],
)
def test_a_singular_hessian_ends_the_steps_with_its_reason(hessian: Any) -> None:
    def singular(op: str, here: Point) -> tuple[Any, float]:
        return (hessian.ravel(), 0.0) if op == "hessian" else quadratic(op, here)

    found = taken("newton", 5, singular)
    assert found.ended == "the Hessian is singular to working precision at step 0"
    assert (found.count, len(found.losses)) == (0, 1)


def test_a_start_without_a_loss_is_no_step() -> None:
    found = taken("newton", 5, lambda op, here: (np.array([np.nan]), 0.0))
    assert found.ended == "the loss at step 0 is not finite"
    assert found.path == []
    assert found.count == 0


def test_what_raises_on_its_way_leaves_the_steps_before_it() -> None:
    calls = []

    def raises(op: str, here: Point) -> tuple[Any, float]:
        calls.append(op)
        if calls.count("gradient") == 4:
            raise ArithmeticError("worn out")
        return quadratic(op, here)

    kept = Steps()
    with pytest.raises(ArithmeticError):
        take_steps(kept, START, limits("gradient-descent", 9), raises)
    assert kept.count == 3


# Shapes.


def test_inputs_are_flattened_in_order_and_moved() -> None:
    theta = flat(START)
    assert theta.tolist() == [2.0, 5.0, 7.0]
    there = moved(START, np.array([1.0, 2.0, 3.0]))
    assert (there.inputs["s"], there.inputs["x"].tolist()) == (1.0, [2.0, 3.0])
    assert there.given is START.given
    assert START.inputs["s"] == 2.0


def test_every_rule_says_what_it_does() -> None:
    for name, rule in RULES.items():
        assert rule.name == name
        assert rule.formula.startswith("θ ← θ − ")
        assert rule.rated is ("η" in rule.formula)
