"""How points are drawn: near the declared one, mirrored, spread, and those that an author names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradiometer.vocabulary.drawing import DRAWS, SPREADS, Draw
from gradiometer.vocabulary.point import Argument, Point
from gradiometer.vocabulary.problem import Problem

HALF = DRAWS // 2
SEEDS = range(20)


def draw(x: Any, seed: int = 0, given: Any = None, dtype: str = "float64") -> Draw:
    """Return the draw of a problem at a point, which may be fixed."""
    at = x if callable(x) else {"x": x}
    return Draw("p", at, {"k": given} if given is not None else {}, None, "", seed, dtype)


def far(drawn: Draw, number: int, attempt: int) -> Any:
    """Return the input of a candidate, and that of the declared point."""
    declared = drawn.point("check")
    moved = drawn.far(declared, f"check {number}/{attempt}", number, attempt)
    return moved.inputs["x"], declared.inputs["x"]


# What is fixed


@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_neighbour_is_tried_near(seed: int) -> None:
    moved, declared = far(draw([2.0, -3.0, 0.0], seed), 1, 0)
    share = moved[:2] / declared[:2]
    assert ((share >= 0.95) & (share <= 0.99)).all()
    assert 0.01 <= moved[2] / 3.0 <= 0.05  # zero has no size of its own


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_fixed_at_zero_is_moved_too(seed: int, number: int) -> None:
    moved, _ = far(draw(0.0, seed), number, 0)
    assert 0.01 <= abs(moved) <= 1.5


@pytest.mark.parametrize("number", [2, 3, 4])
@pytest.mark.parametrize("x", [2.0, [2.0, -3.0, 5.0]])
@pytest.mark.parametrize("seed", SEEDS)
def test_further_neighbours_are_tried_mirrored(seed: int, x: Any, number: int) -> None:
    moved, declared = far(draw(x, seed), number, 0)
    share = np.atleast_1d(moved / declared)
    assert ((np.abs(share) >= 0.5) & (np.abs(share) <= 1.5)).all()
    assert (share < 0.0).any()


@pytest.mark.parametrize("attempt", range(1, DRAWS))
@pytest.mark.parametrize(("x", "unit"), [(20.0, 20.0), (0.01, 0.01), (0.0, 1.0)])
def test_further_attempts_spread_by_the_size(attempt: int, x: float, unit: float) -> None:
    moved, declared = far(draw(np.full(2000, x)), 1, attempt)
    spread = SPREADS[(attempt - 1) % len(SPREADS)]
    expected = spread * (unit if attempt % 2 else max(unit, 1.0))
    assert np.std(moved - declared) == pytest.approx(expected, rel=0.1)
    assert abs(np.mean(moved - declared)) < 0.1 * expected


# What is drawn


def half_drawn(size: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Draw half of a vector; the other half is fixed."""
    return {"x": np.concatenate([np.full(3, 2.0), rng.standard_normal(3)])}


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("attempt", range(DRAWS))
def test_what_is_drawn_is_moved_in_the_second_half(attempt: int, number: int) -> None:
    drawn = draw(half_drawn)
    moved, declared = far(drawn, number, attempt)
    anew = drawn.point(f"check {number}/{attempt}").inputs["x"]
    assert not (anew[3:] == declared[3:]).any()
    assert (moved[3:] == anew[3:]).all() == (attempt < HALF)
    assert not (moved[:3] == declared[:3]).any()


def test_every_attempt_draws_anew_and_by_the_seed() -> None:
    p = Problem("p", lambda xp, x: xp.sum(x), half_drawn)
    one, again, other = (
        [at.point.inputs["x"].tolist() for at in p.candidates(p.points(seed=seed), seed=seed)]
        for seed in (1, 1, 2)
    )
    assert one == again
    assert len({x for each in (*one, *other) for x in each}) == 2 * DRAWS * 6


# What is drawn for every dtype, and what is not moved


@pytest.mark.parametrize("attempt", [0, 1, HALF])
@pytest.mark.parametrize("number", [1, 2])
def test_a_candidate_is_of_the_dtype(number: int, attempt: int) -> None:
    moved, _ = far(draw([2.0, 3.0], dtype="float32"), number, attempt)
    assert moved.dtype == np.float32


@pytest.mark.parametrize("given", [3, 2.5, [True, False]])
def test_what_is_given_and_fixed_stays(given: Any) -> None:
    drawn = draw(1.0, given=given)
    declared = drawn.point("check")
    for attempt in range(DRAWS):
        moved = drawn.far(declared, "a", 1, attempt).given["k"]
        assert moved.dtype == declared.given["k"].dtype
        np.testing.assert_array_equal(moved, declared.given["k"])


def test_arrays_of_another_shape_are_left_as_drawn() -> None:
    def some(size: Any, rng: np.random.Generator) -> dict[str, Any]:
        return {"x": rng.standard_normal(rng.integers(1, 9))}

    drawn = draw(some)
    declared = Point({"x": np.zeros(20)})
    for found in (drawn.near(declared, "a"), drawn.far(declared, "a", 2, HALF)):
        np.testing.assert_array_equal(found.inputs["x"], drawn.point("a").inputs["x"])


# What the author names


def test_named_points_come_first_one_each() -> None:
    def constant(size: Any, rng: np.random.Generator) -> dict[str, Any]:
        return {"k": rng.standard_normal()}

    named = ({"x": 7.0}, lambda size, rng: {"x": 8.0})
    p = Problem("p", lambda xp, x, *, k: k * x, {"x": 1.0}, constant, also_at=named)
    points = p.points(dtype="float32")
    for expected in (7.0, 8.0):
        (only,) = p.candidates(points, dtype="float32")
        assert only.point.inputs["x"] == expected
        assert only.point.inputs["x"].dtype == np.float32
        assert only.point.given == points.declared.point.given
        assert not any(same_tangent(only, at) for at in points.checked)
        points = replace(points, checked=(*points.checked, only))
    assert len(list(p.candidates(points))) == DRAWS


def same_tangent(one: Argument, other: Argument) -> bool:
    """Return whether two points have the same tangent of x."""
    return bool((one.directions.tangents["x"] == other.directions.tangents["x"]).all())
