"""Kinks: the hull of the branches' derivatives, and which answers lie in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import gradiometer
from gradiometer import Problem, problem
from gradiometer.checking.result import Verdict
from gradiometer.errors import ReferenceFailure
from gradiometer.judging.kinks import beside, nearest_shares
from gradiometer.reference.kinks import EACH_BRANCH, SAME, _meet, hull
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.hull import Hull


def of(function: Callable[..., Any], **at: Any) -> Problem:
    return problem(at=at)(function)


def hull_of(function: Callable[..., Any], operator: str = "gradient", **at: Any) -> Hull:
    made = of(function, **at)
    return hull(made, made.points().declared, operator)


def branches(found: Hull) -> list[list[float]]:
    return sorted(each.high.tolist() for each in found.branches)


def ends(found: Hull) -> tuple[Any, Any]:
    return found.box.high - found.box.radius, found.box.high + found.box.radius


def nested(xp, x, y):
    if x > 0.0:
        return x * 2.0 if y > 0.0 else x * 3.0
    return x + y * 0.0


@pytest.mark.parametrize(
    ("function", "at", "expected"),
    [
        (lambda xp, x: xp.abs(x), {"x": 0.0}, [[-1.0], [1.0]]),
        (lambda xp, x: xp.relu(x) + 2.0 * x, {"x": 0.0}, [[2.0], [3.0]]),
        (lambda xp, x: xp.max(x), {"x": [1.0, 1.0, 0.0]}, [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]),
        (nested, {"x": 0.0, "y": 0.0}, [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]]),
    ],
)
def test_each_branch_that_meets_is_enclosed(
    function: Any, at: dict[str, Any], expected: list[list[float]]
) -> None:
    found = hull_of(function, **{k: np.array(v) for k, v in at.items()})
    assert branches(found) == expected
    low, high = ends(found)
    assert (low <= np.min(expected, axis=0)).all()
    assert (high >= np.max(expected, axis=0)).all()


def test_a_second_derivative_has_a_hull_where_first_ones_meet() -> None:
    huber = lambda xp, x: xp.where(x < 1.0, 0.5 * x * x, x - 0.5)  # noqa: E731
    assert branches(hull_of(huber, "hessian", x=1.0)) == [[0.0], [1.0]]


@pytest.mark.parametrize("count", [1, EACH_BRANCH, EACH_BRANCH + 1, 40])
def test_of_many_ties_an_outer_hull_holds_every_branch(count: int) -> None:
    weights = np.arange(1.0, count + 1.0)
    made = of(lambda xp, x: xp.sum(xp.asarray(weights) * xp.relu(x)), x=np.zeros(count))
    found = hull(made, made.points().declared, "gradient")
    low, high = ends(found)
    assert found.ties == count
    assert bool(found.branches) == (count <= EACH_BRANCH)
    np.testing.assert_allclose(low, 0.0, atol=1e-6)
    np.testing.assert_allclose(high, weights, rtol=1e-6)
    assert (high >= weights).all()


REFUSED: dict[str, tuple[Callable[..., Any], str, str]] = {
    "a jump": (lambda xp, x: xp.sum(xp.where(x > 0.0, 1.0 + x, x)), "gradient", "jumps there"),
    "a kink of f": (lambda xp, x: xp.sum(xp.abs(x)), "hessian", "no second derivative there"),
    "a side without value": (
        lambda xp, x: xp.sum(xp.where(x > 0.0, x, 1.0 / x)), "gradient", "not finite"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("count", [1, EACH_BRANCH + 1])
def test_what_has_no_hull_is_refused(what: str, count: int) -> None:
    function, operator, told = REFUSED[what]
    with pytest.raises(ReferenceFailure, match=told):
        hull_of(function, operator, x=np.zeros(count))


@pytest.mark.parametrize(
    "function",
    [
        lambda xp, x: xp.sum(x[x > 0.0]),
        lambda xp, x: xp.sum((x > 0.0) * x),
        lambda xp, x: xp.sum(x) if xp.any(x > 0.0) else xp.sum(2.0 * x),
    ],
)
def test_of_many_ties_none_may_decide_more_than_a_choice(function: Any) -> None:
    with pytest.raises(ReferenceFailure, match="decides more than a choice"):
        hull_of(function, x=np.zeros(EACH_BRANCH + 1))


@pytest.mark.parametrize(
    "mask",
    [
        lambda x: ~(x > 0.0),
        lambda x: (x < 0.0) | (x == 0.0),
        lambda x: (x <= 0.0) & (x > -9.0),
        lambda x: (x > 0.0) ^ np.ones(9, bool),
    ],
)
def test_booleans_that_may_be_either_join(mask: Any) -> None:
    found = hull_of(lambda xp, x: xp.sum(xp.where(mask(x), 0.0 * x, x)), x=np.zeros(9))
    low, high = ends(found)
    np.testing.assert_allclose([low, high], [np.zeros(9), np.ones(9)], atol=1e-6)


# Which answers lie in it.


def maximum(xp, x):
    return xp.max(x)


@pytest.mark.parametrize(
    ("answer", "lies", "branch"),
    [
        ([1.0, 0.0, 0.0], "inside", True),
        ([0.5, 0.5, 0.0], "inside", False),
        ([0.25, 0.5, 0.25], "inside", False),
        ([1.0, 1.0, 0.0], "outside", False),
        ([1.0 / 3, 1.0 / 3, 1.0 / 3 + 1e-6], "outside", False),
        ([0.0, 0.0, 0.0], "outside", False),
        ([2.0, -1.0, 0.0], "outside", False),
        ([np.nan, 0.0, 1.0], "outside", False),
    ],
)
def test_a_convex_combination_is_told_from_what_is_none(
    answer: list[float], lies: str, branch: bool
) -> None:
    found = beside(np.array(answer), hull_of(maximum, x=np.ones(3)), 12.0)
    assert (found.lies, found.branch) == (lies, branch)


def enclosed(high: Any, bound: Any = 0.0, radius: Any = 0.0) -> Enclosure:
    """Return the enclosure of a truth; `bound` is what rounding can do."""
    high = np.array(high, dtype=np.float64)
    low, radius, bound = (
        np.broadcast_to(x, high.shape).astype(float) for x in (0.0, radius, bound)
    )
    return Enclosure(high, low, radius, bound, 192)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(("high", "gap"), [(0.0, 14.0), (1.0, 15.0), (-2.0, 16.0)])
def test_branches_meet_up_to_rounding_radii_and_the_last_digits(
    high: float, gap: float, sign: float
) -> None:
    one = enclosed([high], 2.0 * SAME, 4.0 * SAME)
    for share, meet in ((0.99, True), (1.01, False)):
        moved = np.array([sign * share * gap * SAME])
        assert _meet(one, replace(enclosed([high], 0.0, 8.0 * SAME), low=moved)) is meet


def between(one: list[float], other: list[float], bound: float = 0.0, wide: float = 0.0) -> Hull:
    """Return the hull of two branches' derivatives; `wide` is what rounding can do to the box."""
    middle = np.mean([one, other], axis=0)
    box = enclosed(middle, wide, np.abs(middle - one))
    return Hull("", 1, (enclosed(one, bound), enclosed(other, bound)), box)


@pytest.mark.parametrize("known", [True, False], ids=["branch", "box only"])
@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize(("promise", "bound"), [(3.0, 0.0), (3.0, 5e-3), (12.0, 1e-6)])
@pytest.mark.parametrize("radius", [0.0, 0.25])
def test_each_component_may_be_off_by_what_is_owed_or_rounding_explains(
    known: bool, size: int, promise: float, bound: float, radius: float
) -> None:
    true = enclosed([2.0, -3.0][:size], bound, [radius, 0.0][:size])
    alone = Hull("", 1, (true,) if known else (), true)
    granted = max(10.0**-promise * (2.0 + radius), bound)
    for share in (-1.01, -0.99, 0.99, 1.01):
        answer = true.high.copy()
        answer[0] += share * granted if known else share * (granted + radius)
        found = beside(answer, alone, promise)
        assert found.branch is (known and abs(share) < 1.0)
        if not known:
            assert found.lies == ("open" if abs(share) < 1.0 else "outside")
            assert found.beyond.tolist() == [abs(share) > 1.0, False][:size]


def test_what_is_no_number_is_beyond_all_branches() -> None:
    found = beside(np.array([0.5, np.nan, 7.0, np.inf]), between([0.0] * 4, [1.0] * 4), 12.0)
    assert found.beyond.tolist() == [False, True, True, True]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(
    ("off", "bound", "wide", "lies"),
    [
        (5e-13, 0.0, 0.0, "inside"),
        (2e-10, 0.0, 0.0, "open"),  # so near that computing where it lies proves nothing
        (1e-6, 0.0, 0.0, "outside"),
        (0.9e-3, 1e-3, 0.0, "inside"),
        (1.1e-3, 1e-3, 0.0, "outside"),
        (1.9e-3, 1e-3, 1e-3, "inside"),
        (2.1e-3, 1e-3, 1e-3, "outside"),
    ],
)
def test_beside_a_segment_lies_what_is_further_than_may_be(
    scale: float, off: float, bound: float, wide: float, lies: str
) -> None:
    segment = between([0.0, 0.0, 0.0], [scale, scale, 0.0], scale * bound, scale * wide)
    for share in (0.3, 0.5):
        answer = scale * np.array([share + off, share - off, 0.0])
        assert beside(answer, segment, 12.0).lies == lies


@pytest.mark.parametrize("seed", range(20))
def test_the_nearest_combination_is_nearest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((rng.integers(2, 12), rng.integers(1, 6))) + rng.uniform(0, 2)
    shares = nearest_shares(points)
    assert (shares >= 0.0).all()
    assert shares.sum() == pytest.approx(1.0)
    nearest = shares @ points
    assert (points @ nearest >= nearest @ nearest - 1e-9 * np.max(points**2)).all()


@pytest.mark.parametrize(
    ("points", "nearest"),
    [
        ([[3.0, 4.0]], [3.0, 4.0]),
        ([[3.0, 4.0], [3.0, 4.0]], [3.0, 4.0]),
        ([[3.0, 3.0], [1.0, 1.0], [2.0, 2.0]], [1.0, 1.0]),
        ([[3.0, 0.0], [-1.0, 0.0]], [0.0, 0.0]),
        ([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], [0.0, 0.0]),
        ([[1.0, 1.0], [0.0, 0.0]], [0.0, 0.0]),
        ([[2.0, 1.0], [3.0, 0.0], [2.0, -1.0]], [2.0, 0.0]),
        ([[2.0, 1.0], [2.0, 3.0], [2.0, -3.0], [2.0, -1.0]], [2.0, 0.0]),
        ([[1.0, 4.0], [4.0, 1.0], [5.0, 5.0], [9.0, 0.0]], [2.5, 2.5]),
    ],
)
@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_the_nearest_combination_of_points_that_lie_specially(
    points: list[list[float]], nearest: list[float], scale: float
) -> None:
    made = scale * np.array(points)
    shares = nearest_shares(made)
    assert shares.min() >= 0.0
    np.testing.assert_allclose(shares @ made / scale, nearest, atol=1e-7)


def leaky(count: int) -> Problem:
    return of(lambda xp, x: xp.sum(xp.where(x > 0.0, x, 0.1 * x)), x=np.zeros(count))


@pytest.mark.parametrize("count", [1, 3, 9])
@pytest.mark.parametrize(
    ("slope", "verdict"),
    [(1.0, "undecided"), (0.1, "undecided"), (0.5, "undecided"), (-0.1, "wrong"), (1.2, "wrong")],
)
def test_inside_is_not_decided_and_outside_is_wrong(count: int, slope: float, verdict: str) -> None:
    def gradient(x):
        return np.where(x > 0.0, 1.0, np.where(x < 0.0, 0.1, slope))

    done = gradiometer.check(leaky(count), gradient=gradient)
    assert done.verdict == verdict
    assert "he point lies on a kink" in repr(done)
    assert f"{count} comparison" in repr(done)
    assert [each.verdict for each in done.claims[0].at[1:]] == ["right"] * (len(done.places) - 1)
    if verdict == "wrong":
        assert f"{count} of {count} components" in repr(done)


def test_two_equal_maxima_have_no_slope_of_one_each() -> None:
    made = of(maximum, x=np.array([1.0, 1.0, 0.0]))
    done = gradiometer.check(made, gradient=lambda x: 1.0 * (x == x.max()))
    assert done.verdict is Verdict.WRONG
    assert "no convex combination of the branches' derivatives" in repr(done)
    assert gradiometer.check(made, gradient=lambda x: np.eye(3)[x.argmax()]).verdict == "undecided"


def test_what_is_wrong_elsewhere_is_wrong_though_a_kink_is_not_decided() -> None:
    done = gradiometer.check(leaky(2), gradient=lambda x: np.where(x > 0.0, 1.0, 1.0))
    assert done.verdict is Verdict.WRONG
    assert done.claims[0].worst > 0
