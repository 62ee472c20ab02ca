"""Arrays of balls: exact in, enclosing out, shapes kept, and no comparison ever guessed."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest
from flint import arb

from gradiometer.errors import ReferenceFailure
from gradiometer.measure.reference.balls import (
    Undecided,
    balls,
    greater,
    inverse,
    matmul,
    moduli,
    modulus,
    unbroadcast,
)

LARGEST, SMALLEST = float(np.finfo(np.float64).max), 5e-324


def rational(exact: arb) -> Fraction:
    mantissa, exponent = exact.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def contains(ball: arb, truth: Fraction) -> bool:
    return ball.is_finite() and abs(rational(ball.mid()) - truth) <= rational(ball.rad())


def wide(middle: float, radius: float) -> arb:
    return arb(middle, radius)


@pytest.mark.parametrize(
    "number",
    [0.0, -0.0, 0.1, -1 / 3, SMALLEST, -2.5e-320, LARGEST, 3, -(2**40), 2**62 + 1, 2**100 + 1],
)
def test_a_number_becomes_an_exact_ball(number: float) -> None:
    ball = balls(number)[()]
    assert ball.is_exact()
    assert rational(ball) == Fraction(number)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint64, np.float32, np.float64, np.bool_])
def test_every_real_dtype_is_taken_exactly(dtype: type) -> None:
    array = np.array([0, 1, 100, 2**24 + 1][: 3 if dtype is np.int8 else 4]).astype(dtype)
    assert [rational(b) for b in balls(array)] == [Fraction(x) for x in array.tolist()]


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (2, 0), (2, 3), (2, 1, 3)])
def test_conversion_keeps_the_shape(shape: tuple[int, ...]) -> None:
    converted = balls(np.ones(shape))
    assert converted.shape == shape
    assert converted.dtype == object
    assert all(isinstance(b, arb) for b in converted.flat)


def test_a_ball_passes_through_conversion_with_its_radius() -> None:
    ball = wide(1.0, 0.25)
    assert balls(ball)[()] is ball
    assert balls([ball, 2.0])[0] is ball


def test_a_string_is_not_taken_for_a_number() -> None:
    with pytest.raises((TypeError, ValueError)):
        balls(np.array(["one"]))


@pytest.mark.parametrize(
    ("coefficient", "expected"),
    [
        (-1, 1.0),
        (0, 0.0),
        (3, 3.0),
        (-2.5, 2.5),
        (arb(-0.5), 0.5),
        (wide(-2.0, 1e-9), 2.0),
        (balls([-1.0, 2.0, 0.0]), [1.0, 2.0, 0.0]),
        (balls([[-0.25]]), [[0.25]]),
        (balls(np.zeros((0, 2))), np.zeros((0, 2))),
    ],
)
def test_a_modulus_is_the_midpoint_s_in_float64(coefficient: Any, expected: Any) -> None:
    found = modulus(coefficient)
    assert np.asarray(found).dtype == np.float64
    np.testing.assert_array_equal(found, expected)
    assert np.shape(found) == np.shape(expected)


@pytest.mark.parametrize(
    ("coefficient", "expected"),
    [
        (-1, 1.0),
        (-2.5, 2.5),
        (wide(-2.0, 1e-9), 2.0),
        (balls([-1.0, 2.0, 0.0]), [1.0, 2.0, 0.0]),
        (balls(np.zeros((0, 2))), np.zeros((0, 2))),
    ],
)
def test_moduli_are_exact_balls(coefficient: Any, expected: Any) -> None:
    found = moduli(coefficient)
    assert found.dtype == object
    assert found.shape == np.shape(expected)
    for ball, size in zip(found.flat, np.ravel(expected).tolist(), strict=True):
        assert ball.is_exact()
        assert ball == size


def test_moduli_hold_what_doubles_do_not() -> None:
    huge = arb(2) ** 2000
    assert modulus(huge) == np.inf
    assert moduli(-huge)[()] == huge


@pytest.mark.parametrize("n", [1, 2, 4])
def test_an_inverse_encloses_the_exact_one(n: int) -> None:
    A = np.random.default_rng(n).integers(-9, 9, (n, n)).astype(float) + 20.0 * np.eye(n)
    with flint.ctx.workprec(192):
        identity = matmul(inverse(balls(A)), balls(A))
    assert identity.shape == (n, n)
    for index, ball in np.ndenumerate(identity):
        assert contains(ball, Fraction(int(index[0] == index[1])))
        assert float(ball.rad()) < 1e-50


def test_a_singular_matrix_has_no_inverse() -> None:
    with pytest.raises(ReferenceFailure, match="singular here: choose another point"):
        inverse(balls(np.ones((2, 2))))


SHAPES = [(1, 1, 1), (1, 4, 1), (3, 1, 2), (2, 3, 4), (5, 5, 5)]


def dyadic(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape) * 2.0 ** rng.integers(-60, 60, shape)


@pytest.mark.parametrize("bits", [53, 192])
@pytest.mark.parametrize(("n", "k", "m"), SHAPES)
def test_a_product_encloses_the_exact_one(n: int, k: int, m: int, bits: int) -> None:
    rng = np.random.default_rng([n, k, m])
    A, B = dyadic(rng, n, k), dyadic(rng, k, m)
    with flint.ctx.workprec(bits):
        product = matmul(balls(A), balls(B))
    assert product.shape == (n, m)
    for (i, j), ball in np.ndenumerate(product):
        truth = sum(Fraction(a) * Fraction(b) for a, b in zip(A[i], B[:, j], strict=True))
        assert contains(ball, Fraction(truth))


@pytest.mark.parametrize(("n", "k", "m"), SHAPES)
def test_floats_multiply_as_numpy_does(n: int, k: int, m: int) -> None:
    rng = np.random.default_rng([m, k, n])
    A, B = rng.standard_normal((n, k)), rng.standard_normal((k, m))
    product = matmul(A, B)
    assert product.dtype == np.float64
    np.testing.assert_array_equal(product, A @ B)


def test_radii_of_the_factors_reach_the_product() -> None:
    product = matmul(np.array([[wide(1.0, 0.5)]]), np.array([[wide(2.0, 0.25)]]))[0, 0]
    assert contains(product, Fraction(1, 2) * Fraction(7, 4))
    assert contains(product, Fraction(3, 2) * Fraction(9, 4))


@pytest.mark.parametrize("convert", [balls, np.asarray])
def test_factors_that_do_not_fit_are_refused(convert: Any) -> None:
    with pytest.raises(ValueError, match=r"incompatible|mismatch"):
        matmul(convert(np.ones((2, 3))), convert(np.ones((2, 3))))


BROADCASTS = [
    ((), ()),
    ((), (3,)),
    ((), (2, 3)),
    ((1,), (3,)),
    ((3,), (3,)),
    ((3,), (2, 3)),
    ((1,), (1, 1)),
    ((1, 3), (2, 3)),
    ((2, 1), (2, 3)),
    ((1, 1), (2, 3)),
    ((2, 1, 4), (3, 2, 5, 4)),
    ((0,), (2, 0)),
    ((1,), (0,)),
]


@pytest.mark.parametrize("convert", [balls, np.asarray])
@pytest.mark.parametrize(("shape", "stretched"), BROADCASTS)
def test_unbroadcasting_is_the_adjoint_of_broadcasting(
    shape: tuple[int, ...], stretched: tuple[int, ...], convert: Any
) -> None:
    rng = np.random.default_rng(len(stretched))
    x = rng.integers(-9, 9, shape).astype(float)
    g = rng.integers(-9, 9, stretched).astype(float)
    back = unbroadcast(convert(g), shape)
    assert back.shape == shape
    assert float(np.sum(back * x)) == float(np.sum(g * np.broadcast_to(x, stretched)))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([2.0, 1.0], [1.0, 2.0], [True, False]),
        ([SMALLEST], [0.0], [True]),
        ([-SMALLEST], [0.0], [False]),
        ([1.0], [np.nextafter(1.0, 2.0)], [False]),
        ([LARGEST], [-LARGEST], [True]),
        ([], [], []),
        ([[1.0], [3.0]], [0.0, 2.0], [[True, False], [True, True]]),
    ],
)
def test_a_comparison_is_proven_in_each_component(a: Any, b: Any, expected: Any) -> None:
    decided = greater(balls(np.array(a, dtype=float)), balls(np.array(b, dtype=float)))
    assert decided.dtype == np.bool_
    np.testing.assert_array_equal(decided, np.array(expected, dtype=bool))


def test_a_comparison_of_scalars_has_no_axes() -> None:
    assert greater(balls(2.0), balls(1.0)).shape == ()


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (0.0, -0.0),
        (1.0, 1.0),
        (wide(1.0, 0.5), 1.25),
        (wide(1.0, 0.5), wide(1.8, 0.5)),
        (arb.nan(), 0.0),
        (arb.pos_inf(), arb.pos_inf()),
    ],
)
def test_a_comparison_of_balls_that_overlap_is_refused(a: Any, b: Any) -> None:
    with pytest.raises(Undecided, match="lies on a kink; choose another"):
        greater(balls(a), balls(b))
    with pytest.raises(Undecided):
        greater(balls(b), balls(a))


def test_one_undecided_component_among_many_is_enough() -> None:
    a = np.arange(1.0, 100.0)
    b = np.zeros(99)
    b[57] = a[57]
    with pytest.raises(Undecided):
        greater(balls(a), balls(b))


def test_balls_that_only_touch_nothing_are_decided() -> None:
    assert greater(balls(wide(1.0, 0.25)), balls(0.5))[()]
    assert not greater(balls(0.5), balls(wide(1.0, 0.25)))[()]


def test_an_undecided_comparison_is_a_failure_of_the_reference() -> None:
    assert issubclass(Undecided, ReferenceFailure)
