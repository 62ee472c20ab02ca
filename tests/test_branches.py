"""Which points are checked: in the function's domain, and in as many of its branches as found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import built_in
import numpy as np
import pytest

from gradiometer.errors import GradiometerError, ReferenceFailure
from gradiometer.reference.branches import FEW, FEWEST, MOST, neighbour
from gradiometer.reference.certify import certify
from gradiometer.vocabulary.point import Argument, Point, Points
from gradiometer.vocabulary.problem import Problem

SEEDS = range(6)
Function = Callable[..., Any]


def checked(p: Problem, operator: str = "gradient", seed: int = 0) -> list[Any]:
    """Return x at the points at which answers of a problem are checked."""
    points = built_in.points(p, seed=seed)
    while (found := neighbour(p, points, "", seed, "float64", operator)) is not None:
        at, truth = found
        np.testing.assert_array_equal(truth.high, certify(p, at, operator).high)
        points = replace(points, checked=(*points.checked, at))
    return [at.point.inputs["x"].tolist() for at in points.checked]


def at_one(function: Function, **details: Any) -> Problem:
    """Return a problem whose point is fixed at 1."""
    return Problem("p", function, {"x": 1.0}, **details)


# Branches


@pytest.mark.parametrize(
    ("function", "border"),
    [
        (lambda xp, x: xp.abs(x), 0.0),
        (lambda xp, x: xp.relu(x), 0.0),
        (lambda xp, x: xp.where(x > 0.0, x, x * x), 0.0),
        (lambda xp, x: x if x > 0.0 else x * x, 0.0),
        (lambda xp, x: xp.where(x > 20.0, x, x * x), 20.0),
    ],
    ids=["abs", "relu", "where", "if", "threshold"],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_both_sides_of_a_branch_are_met(function: Function, border: float, seed: int) -> None:
    found = checked(at_one(function), seed=seed)
    assert min(found) < border < max(found)
    assert len(found) == FEWEST


@pytest.mark.parametrize("seed", SEEDS)
def test_all_of_three_regions_are_met(seed: int) -> None:
    clipped = at_one(lambda xp, x: x * xp.minimum(xp.maximum(x, -1.0), 3.0))
    found = np.array(checked(clipped, seed=seed))
    assert {*np.digitize(found, [-1.0, 3.0])} == {0, 1, 2}


def test_more_points_are_taken_for_further_branches() -> None:
    steps = at_one(lambda xp, x: sum((xp.abs(x - k - 0.3) for k in range(-8, 8)), 0.5 * x))
    assert len(checked(steps)) == MOST


@pytest.mark.parametrize("n", [FEW, FEW + 1])
def test_where_much_is_compared_three_are_enough(n: int) -> None:
    relus = Problem("p", lambda xp, x: xp.sum(xp.relu(x)), {"x": np.linspace(0.1, 1.0, n)})
    assert len(checked(relus)) == (MOST if n == FEW else FEWEST)


def test_without_comparisons_exactly_three_are_taken() -> None:
    near, mirrored = checked(at_one(lambda xp, x: x * x))[1:]
    assert 0.95 <= near <= 0.99
    assert -1.5 <= mirrored <= -0.5


# The domain


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_outside_the_domain_is_drawn_again(seed: int) -> None:
    found = checked(at_one(lambda xp, x: xp.log(x)), seed=seed)
    assert (len(set(found)), min(found) > 0.0) == (FEWEST, True)


def test_where_nothing_is_certified_points_are_asked_for() -> None:
    narrow = Listed("p", lambda xp, x: xp.log(x), {"x": 1.0})
    narrow.others = [-1.0, -2.0]
    with pytest.raises(
        ReferenceFailure, match=r"^answers are checked at three points at least, "
    ) as e:
        checked(narrow)
    assert "(the function is not finite here" in str(e.value)
    assert str(e.value).endswith("name some in the problem's `also_at`.")


@pytest.mark.parametrize("seed", range(5))
def test_a_point_where_the_answer_vanishes_is_a_last_resort(seed: int) -> None:
    def bell(xp: Any, x: Any) -> Any:
        return xp.where(x > 0.0, xp.exp(-1e3 * x * x), xp.exp(-2e3 * x * x))

    p = Problem("p", bell, {"x": 0.01})
    assert all(abs(x) < 0.3 for x in checked(p, seed=seed))
    p.also_at = ({"x": 1.0}, {"x": -1.0})
    assert checked(p, seed=seed)[:3] == [0.01, 1.0, -1.0]


def test_named_points_are_all_taken() -> None:
    named = [{"x": float(k)} for k in range(2, 8)]
    assert checked(at_one(lambda xp, x: xp.log(x), also_at=named)) == [1.0, *range(2, 8)]


@pytest.mark.parametrize(
    ("x", "operator", "reason"),
    [
        ([-1.0, 1.0], "gradient", "the function is not finite here"),
        ([1.0], "gradient", "inputs have other shapes than at the declared point."),
        ([1.0, 2.0, 3.0], "hvp", "inputs have other shapes than at the declared point."),
    ],
)
def test_a_named_point_that_is_refused_is_told(x: list[float], operator: str, reason: str) -> None:
    named = ({"x": [2.0, 3.0]}, {"x": x})
    p = Problem("p", lambda xp, x: xp.sum(xp.log(x)), {"x": [1.0, 2.0]}, also_at=named)
    with pytest.raises(ReferenceFailure) as caught:
        checked(p, operator)
    assert str(caught.value).startswith(f"at the point 2 of `also_at`: {reason}")


def cut(xp: Any, x: Any) -> Any:
    """Return less where the first component is negative."""
    return x * x if x[0] > 0.0 else x[:1]


def of_any_length(size: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Draw a vector of a length that is drawn, too."""
    return {"x": rng.standard_normal(rng.integers(2, 5))}


@pytest.mark.parametrize("operator", ["jacobian", "jvp", "vjp"])
@pytest.mark.parametrize("at", [{"x": [1.0, 2.0]}, of_any_length])
def test_points_of_other_shapes_are_drawn_again(at: Any, operator: str) -> None:
    p = Problem("p", cut, at, outputs=("y",))
    found = checked(p, operator)
    assert len({len(x) for x in found}) == 1
    assert len({x[0] > 0.0 for x in found}) == 1


# Conditioning


class Listed(Problem):
    """A problem of which it is known what could be checked."""

    others: Sequence[float] = ()

    def candidates(
        self, points: Points, label: str = "", seed: int = 0, dtype: str = "float64"
    ) -> Iterator[Argument]:
        for x in self.others:
            yield Argument(Point({"x": np.array(x)}), points.declared.directions)


def smooth(xp: Any, x: Any) -> Any:
    """Return x³/3 − 2·x, whose derivative loses digits at √2 and −√2."""
    return x * x * x / 3.0 - 2.0 * x


def branched(xp: Any, x: Any) -> Any:
    """Return the same, with two branches."""
    return xp.where(x > 0.0, smooth(xp, x), 2.0 * smooth(xp, x))


@pytest.mark.parametrize(
    ("function", "others", "taken"),
    [
        (smooth, [1.41421, 2.0], 2.0),
        (smooth, [1.4142, 1.41421, 1.413], 1.413),
        (branched, [2.0, -2.0], -2.0),
        (branched, [-1.4142, -2.0], -2.0),
        (branched, [1.4142, 2.0, 2.5], 2.0),
        (branched, [2.0, -1.4142], 2.0),
        (branched, [1.4142, -1.41421], 1.4142),
    ],
)
def test_ill_conditioned_points_are_a_last_resort(
    function: Function, others: list[float], taken: float
) -> None:
    p = Listed("p", function, {"x": 1.0})
    p.others = others
    found = neighbour(p, built_in.points(p), "", 0, "float64", "gradient")
    assert found is not None
    assert found[0].point.inputs["x"] == taken


def test_an_input_that_is_misnamed_is_refused() -> None:
    with pytest.raises(GradiometerError, match=r"has inputs \['y'\]: its function takes \['x'\]"):
        checked(at_one(smooth, also_at=({"y": 1.0},)))
