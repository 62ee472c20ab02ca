"""Enclosures in doubles: they hold the truth, their errors are bounds, their norms are safe."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from fractions import Fraction

import built_in
import numpy as np
import pytest
from flint import arb, ctx

from gradiometer import Problem
from gradiometer.errors import ReferenceFailure
from gradiometer.reference.array import Array as Reference
from gradiometer.reference.certify import certify
from gradiometer.reference.node import Node
from gradiometer.vocabulary.enclosure import UNIT, Enclosure, norm

Array = np.ndarray
SMALLEST = 5e-324
LARGEST = float(np.finfo(np.float64).max)


def rational(exact: arb) -> Fraction:
    mantissa, exponent = exact.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def rounded(balls: list[arb]) -> Enclosure:
    """Return the enclosure of a gradient that consists of these balls: that of Σ ballₖ·xₖ."""
    constants = Reference(Node(np.array(balls, dtype=object)))
    linear = Problem("linear", lambda xp, x: xp.sum(x * constants), {"x": np.ones(len(balls))})
    return certify(linear, built_in.argument(linear), "gradient")


def drawn(rng: np.random.Generator, exponent: int, *, radius: float = 0.0) -> arb:
    """Return a random ball of 192 bits and about the magnitude 2^exponent."""
    with ctx.workprec(192):
        mantissa = int.from_bytes(rng.bytes(24), "little") | (1 << 191) | 1
        middle = arb((mantissa, exponent - 192)) * (-1 if rng.random() < 0.5 else 1)
        return middle + arb(0, 1) * middle * radius


def assert_holds(found: Enclosure, balls: list[arb]) -> None:
    for ball, high, low, radius in zip(balls, found.high, found.low, found.radius, strict=True):
        centre = Fraction(float(high)) + Fraction(float(low))
        reach = abs(rational(ball.mid()) - centre) + rational(ball.rad())
        assert reach <= Fraction(float(radius))


@pytest.mark.parametrize("radius", [0.0, 1e-55, 1e-40, 1e-30])
@pytest.mark.parametrize("exponent", [0, 1, -1, 100, -100, 1023, -700, -850])
def test_a_random_ball_is_enclosed_to_32_digits(exponent: int, radius: float) -> None:
    rng = np.random.default_rng([abs(exponent), exponent > 0])
    balls = [drawn(rng, exponent, radius=radius) for _ in range(30)]
    found = rounded(balls)
    assert_holds(found, balls)
    assert (found.radius <= (2.0**-104 + 3 * radius) * np.abs(found.high)).all()
    assert found.bits == 192


@pytest.mark.parametrize("exponent", [-900, -960, -1000, -1021, -1030, -1073, -1080, -2000])
def test_a_ball_near_underflow_beside_a_large_one_is_enclosed(exponent: int) -> None:
    rng = np.random.default_rng(-exponent)
    balls = [arb(1), *(drawn(rng, exponent) for _ in range(30))]
    assert_holds(rounded(balls), balls)


@pytest.mark.parametrize("exponent", [-1021, -1030, -1060])
def test_a_truth_that_doubles_cannot_hold_is_enclosed_or_refused(exponent: int) -> None:
    ball = drawn(np.random.default_rng(0), exponent)
    with contextlib.suppress(ReferenceFailure):
        assert_holds(rounded([ball]), [ball])


@pytest.mark.parametrize(
    "number", [1.0, -0.1, 3e300, LARGEST, 1e-300, 2.0**-1022, 2 * SMALLEST, -7 * SMALLEST]
)
def test_a_double_is_enclosed_exactly(number: float) -> None:
    found = rounded([arb(1), arb(number)])
    assert (found.high[1], found.low[1], found.radius[1]) == (number, 0.0, 0.0)


def test_high_is_the_nearest_double_and_low_what_it_lacks() -> None:
    with ctx.workprec(192):
        third = arb(1) / 3
    found = rounded([third])
    assert found.high[0] == 1 / 3
    assert abs(found.low[0]) <= np.spacing(1 / 3) / 2
    assert Fraction(1, 3) - Fraction(1 / 3) == pytest.approx(Fraction(found.low[0]), rel=1e-15)


def test_components_keep_their_order_and_their_own_radii() -> None:
    rng = np.random.default_rng(4)
    balls = [drawn(rng, e, radius=r) for e, r in [(3, 0.0), (-40, 1e-28), (20, 1e-45), (0, 0.0)]]
    found = rounded(balls)
    assert_holds(found, balls)
    np.testing.assert_array_equal(found.high, [float(b) for b in balls])
    assert found.radius[1] / abs(found.high[1]) > 1e-29 > found.radius[2] / abs(found.high[2])


def enclosure(high: Array, low: Array | float = 0.0, radius: Array | float = 0.0) -> Enclosure:
    high = np.asarray(high, dtype=np.float64)
    return Enclosure(high, 0.0 * high + low, 0.0 * high + radius, UNIT * np.abs(high), 192)


def bounded(high: list[float], bound: list[float], *, zero: bool = False) -> Enclosure:
    return dataclasses.replace(enclosure(np.array(high)), bound=np.array(bound), zero=zero)


def extended(rng: np.random.Generator, n: int, scale: float) -> Enclosure:
    high = scale * rng.standard_normal(n)
    low = rng.uniform(-0.5, 0.5, n) * np.spacing(high)
    return enclosure(high, low, np.abs(high) * 2.0**-105)


@pytest.mark.parametrize("scale", [1.0, 1e-280, 1e280])
@pytest.mark.parametrize("relative", [0.0, 1e-16, 1e-9, 0.5, 1.0, 3.0, 1e6])
def test_errors_bound_the_distance_to_every_point_of_the_enclosure(
    scale: float, relative: float
) -> None:
    rng = np.random.default_rng(8)
    truth = extended(rng, 200, scale)
    answer = truth.high * (1.0 + relative * rng.uniform(-1.0, 1.0, 200))
    for i, bound in enumerate(truth.errors(answer)):
        centre = Fraction(truth.high[i]) + Fraction(truth.low[i])
        farthest = abs(Fraction(answer[i]) - centre) + Fraction(truth.radius[i])
        # Rounding of the bound itself: two operations on doubles.
        assert Fraction(bound) * (1 + Fraction(2) ** -51) >= farthest
        assert Fraction(bound) <= farthest * (1 + Fraction(2) ** -51)


def test_an_exact_answer_to_an_exact_truth_has_no_error() -> None:
    values = np.array([1.0, -0.1, 0.0, SMALLEST, 1e300])
    np.testing.assert_array_equal(enclosure(values).errors(values), np.zeros(5))


def test_the_low_part_counts() -> None:
    truth = enclosure([1.0], low=1e-17)
    assert truth.errors(np.array([1.0]))[0] == 1e-17
    assert truth.errors(np.array([1.0 + 2.0**-52]))[0] == pytest.approx(2.0**-52 - 1e-17)


def test_the_radius_counts_against_the_answer() -> None:
    truth = enclosure([1.0, -2.0], radius=0.25)
    np.testing.assert_array_equal(truth.errors(np.array([1.0, -2.5])), [0.25, 0.75])


@pytest.mark.parametrize("answer", [math.nan, math.inf, -math.inf])
def test_an_answer_that_is_not_finite_never_has_a_small_error(answer: float) -> None:
    assert not enclosure([1.0]).errors(np.array([answer]))[0] < math.inf


def test_a_finite_answer_of_the_wrong_sign_near_overflow_has_an_infinite_error() -> None:
    assert enclosure([-1e308]).errors(np.array([1e308]))[0] >= 1.7e308


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], 0.0),
        ([0.0, -0.0], 0.0),
        ([3.0, -4.0], 5.0),
        ([-2.5], 2.5),
        ([3e300, 4e300], 5e300),
        ([3e-300, 4e-300], 5e-300),
        ([SMALLEST], SMALLEST),
        ([3 * SMALLEST, 4 * SMALLEST], 5 * SMALLEST),
        ([LARGEST], LARGEST),
        ([1e300, 1e-300], 1e300),
        ([math.inf, 1.0], math.inf),
        ([[3.0, 0.0], [0.0, 4.0]], 5.0),
    ],
)
def test_a_norm_neither_overflows_nor_vanishes(values: list[float], expected: float) -> None:
    assert norm(np.array(values, dtype=np.float64)) == pytest.approx(expected, rel=1e-15, abs=0)


def test_a_norm_of_what_is_not_a_number_is_not_a_number() -> None:
    assert math.isnan(norm(np.array([1.0, math.nan])))


@pytest.mark.parametrize("exponent", [-900, -300, 1, 300, 900])
def test_a_norm_scales_exactly_by_powers_of_two(exponent: int) -> None:
    x = np.random.default_rng(6).standard_normal(50)
    assert norm(x * 2.0**exponent) == norm(x) * 2.0**exponent


def test_a_norm_is_the_one_that_math_computes() -> None:
    x = np.random.default_rng(7).standard_normal(1000)
    assert norm(x) == pytest.approx(math.hypot(*x), rel=1e-14)


@pytest.mark.parametrize(
    ("high", "units", "condition"),
    [
        ([3.0, 4.0], [3.0, 4.0], 1.0),
        ([3.0, 4.0], [30.0, -40.0], 10.0),
        ([1e-200], [1e-100], 1e100),
        ([1e-200], [1e-201], 1.0),
        ([1e200, 1.0], [1e202, 0.0], 100.0),
        ([1.0, 0.0], [0.0, 7.0], 7.0),
        ([1.0], [0.0], 1.0),
    ],
)
def test_the_condition_is_how_far_rounding_is_amplified_and_at_least_one(
    high: list[float], units: list[float], condition: float
) -> None:
    found = bounded(high, [UNIT * abs(each) for each in units])
    assert found.condition == pytest.approx(condition, rel=1e-14)


@pytest.mark.parametrize(
    ("high", "bound", "owed"),
    [
        ([3.0, 4.0], [3e-12, 4e-12], 12.0),
        ([3.0, 4.0], [5e-3, 0.0], 3.0),
        ([1e-200], [1e-203], 3.0),
        ([1e300, 1e300], [1e299, 1e299], 1.0),
        ([1.0], [10.0], -1.0),
        ([1.0, 0.0], [0.0, 0.0], math.inf),
        ([5e-324], [1e300], -623.306),
    ],
)
def test_the_digits_that_are_owed_are_those_that_rounding_leaves_in_the_norm(
    high: list[float], bound: list[float], owed: float
) -> None:
    assert bounded(high, bound).owed == pytest.approx(owed, abs=1e-3)


@pytest.mark.parametrize(
    ("high", "bound", "undecided"),
    [
        ([1.0, 2.0], [1e-16, 2e-16], 0),
        ([1.0, -2.0], [0.999, 2.0], 1),
        ([1.0, -2.0, 3.0], [2.0, 2.0, 4.0], 3),
        ([1.0, 0.0], [0.0, 1e-16], 0),
        ([1.0, 1e-60], [0.0, 1e-16], 0),
        ([1.0, 1e-58], [0.0, 1e-16], 1),
    ],
)
def test_a_component_is_undecided_where_rounding_leaves_no_digit_of_it_and_it_is_not_zero(
    high: list[float], bound: list[float], undecided: int
) -> None:
    found = dataclasses.replace(bounded(high, bound), radius=np.full(len(high), 1e-59))
    assert found.undecided == undecided


@pytest.mark.parametrize("bound", [[0.0, 0.0], [1e-16, 1.0]])
def test_of_a_zero_no_digits_are_owed_and_nothing_is_amplified(bound: list[float]) -> None:
    found = bounded([0.0, 0.0], bound, zero=True)
    assert (found.condition, found.owed, found.undecided) == (None, None, 0)


def test_the_norm_of_an_enclosure_is_its_midpoint_s() -> None:
    assert enclosure([3.0, -4.0], radius=1.0).norm == 5.0


def test_an_enclosure_is_of_a_scalar_that_is_no_zero_by_one_convention_unless_it_is_told() -> None:
    found = enclosure([1.0])
    assert found.shapes == ((),)
    assert (found.zero, found.probable, found.convention, found.other) == (False, False, "", None)


def test_an_enclosure_of_several_outputs_knows_their_shapes() -> None:
    problem = Problem("p", lambda xp, x: (x, x[:1, None]), {"x": [1.0, 2.0]}, outputs=("a", "b"))
    for operator in ("value", "jvp", "jacobian"):
        assert certify(problem, built_in.argument(problem), operator).shapes == ((2,), (1, 1))


def test_an_enclosure_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        enclosure([1.0]).bits = 53  # type: ignore[misc]
