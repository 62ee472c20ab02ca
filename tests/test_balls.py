"""Arrays of balls: exact in, enclosing out, shapes kept; zeros that absorb what they meet."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import flint
import numpy as np
import pytest
from exact import contains, rational
from flint import arb

from gradiometer.errors import ReferenceFailure
from gradiometer.reference.balls import (
    ZERO,
    balls,
    cholesky,
    finite,
    floats,
    inverse,
    matmul,
    settled,
    signs,
)

LARGEST, SMALLEST = float(np.finfo(np.float64).max), 5e-324


@pytest.fixture(autouse=True)
def working_precision() -> Iterator[None]:
    with flint.ctx.workprec(192):
        yield


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


def test_a_structural_zero_passes_through_conversion() -> None:
    assert balls(np.array([ZERO, 1.0], dtype=object))[0] is ZERO


def test_a_string_is_not_taken_for_a_number() -> None:
    with pytest.raises((TypeError, ValueError)):
        balls(np.array(["one"]))


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (balls([-1.0, 2.5, 0.0]), [-1.0, 2.5, 0.0]),
        (balls([[wide(-2.0, 1e-9)]]), [[-2.0]]),
        (balls([arb(2) ** 2000, -(arb(2) ** -2000)]), [np.inf, -0.0]),
        (np.array([ZERO, arb(3)], dtype=object), [0.0, 3.0]),
        (balls(np.zeros((0, 2))), np.zeros((0, 2))),
        (balls(0.1), 0.1),
    ],
)
def test_balls_in_float64_are_their_midpoints(array: Any, expected: Any) -> None:
    found = floats(array)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)
    assert found.shape == np.shape(expected)


@pytest.mark.parametrize(
    ("ball", "expected"),
    [(arb(1), True), (arb.nan(), False), (arb.pos_inf(), False), (arb("nan"), False),
     (1 / wide(0.0, 1.0), False), (ZERO, True)],
)  # fmt: skip
def test_what_is_undefined_or_infinite_is_not_finite(ball: Any, expected: bool) -> None:
    assert finite(np.array([ball, arb(0)], dtype=object)).tolist() == [expected, True]


# Structural zeros.


@pytest.mark.parametrize("other", [arb(3), arb.nan(), arb.pos_inf(), wide(1.0, 0.5), ZERO])
def test_a_structural_zero_is_the_zero_of_sums_and_absorbs_products(other: Any) -> None:
    assert ZERO * other is ZERO
    assert other * ZERO is ZERO
    assert ZERO + other is other
    assert other + ZERO is other
    assert other - ZERO is other
    assert -ZERO is ZERO


def test_what_is_subtracted_from_a_structural_zero_is_negated() -> None:
    assert ZERO - arb(3) == -3
    assert ZERO - ZERO is ZERO


@pytest.mark.parametrize("operation", [operator.add, operator.mul, operator.sub])
def test_structural_zeros_act_within_arrays(operation: Any) -> None:
    zeros, ones = np.array([ZERO, arb(2)], dtype=object), balls([5.0, 7.0])
    np.testing.assert_array_equal(floats(operation(zeros, ones)), operation(floats(zeros), [5, 7]))
    np.testing.assert_array_equal(floats(operation(ones, zeros)), operation([5, 7], floats(zeros)))


def test_settling_makes_plain_balls_of_structural_zeros_and_leaves_the_rest() -> None:
    ball = wide(1.0, 0.25)
    found = settled(np.array([[ZERO, ball]], dtype=object))
    assert isinstance(found[0, 0], arb)
    assert found[0, 0].is_zero()
    assert found[0, 1] is ball
    assert settled(np.array(ZERO, dtype=object)).shape == ()


# Matrices.

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


def test_radii_of_the_factors_reach_the_product() -> None:
    product = matmul(balls([[wide(1.0, 0.5)]]), balls([[wide(2.0, 0.25)]]))[0, 0]
    assert contains(product, Fraction(1, 2) * Fraction(7, 4))
    assert contains(product, Fraction(3, 2) * Fraction(9, 4))


def test_factors_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"incompatible|mismatch"):
        matmul(balls(np.ones((2, 3))), balls(np.ones((2, 3))))


@pytest.mark.parametrize("wild", [None, arb.nan(), arb.pos_inf()])
def test_a_product_with_structural_zeros_is_the_one_component_by_component(wild: Any) -> None:
    rng = np.random.default_rng(9)
    a, b = balls(rng.integers(1, 9, (4, 3))), balls(rng.integers(1, 9, (3, 5)))
    a[0], a[1, 2], b[2, 1], b[:, 4] = ZERO, ZERO, ZERO, ZERO
    if wild is not None:
        b[2, 0] = wild  # which reaches the rows of `a` whose third component is alive
    found = matmul(a, b)
    for (i, j), ball in np.ndenumerate(found):
        terms = [x * y for x, y in zip(a[i], b[:, j], strict=True) if ZERO is not x * y]
        if not terms:
            assert ball is ZERO
        elif all(term.is_finite() for term in terms):
            assert ball == sum(terms)
        else:
            assert not ball.is_finite()
    assert finite(found[1]).all()  # though the component below the structural zero is wild


@pytest.mark.parametrize("n", [1, 2, 4])
def test_an_inverse_encloses_the_exact_one(n: int) -> None:
    A = np.random.default_rng(n).integers(-9, 9, (n, n)).astype(float) + 20.0 * np.eye(n)
    identity = matmul(inverse(balls(A)), balls(A))
    assert identity.shape == (n, n)
    for index, ball in np.ndenumerate(identity):
        assert contains(ball, Fraction(int(index[0] == index[1])))
        assert float(ball.rad()) < 1e-50


def test_a_singular_matrix_has_no_inverse() -> None:
    with pytest.raises(ReferenceFailure, match="singular here: choose another point"):
        inverse(balls(np.ones((2, 2))))


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_a_cholesky_factor_is_lower_and_its_square_encloses_the_matrix(n: int) -> None:
    root = np.random.default_rng(n).integers(-9, 9, (n, n)).astype(float) + 20.0 * np.eye(n)
    a = root @ root.T
    read = balls(np.tril(a) + np.triu(np.full((n, n), np.nan), 1))  # the upper triangle is not read
    factor = cholesky(read)
    assert all(factor[i, j] == 0 for i, j in zip(*np.triu_indices(n, 1), strict=True))
    for ball, truth in zip(matmul(factor, factor.T).flat, a.flat, strict=True):
        assert contains(ball, Fraction(truth))
        assert float(ball.rad()) < 1e-45


@pytest.mark.parametrize(
    "matrix", [[[-1.0]], [[1.0, 2.0], [2.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]], [[np.nan]]]
)
def test_a_matrix_that_is_not_positive_definite_has_no_cholesky_factor(matrix: Any) -> None:
    with pytest.raises(ReferenceFailure, match=r"not positive definite here.*choose another point"):
        cholesky(balls(matrix))


# Signs.


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([2.0, 1.0], [1.0, 2.0], [1, -1]),
        ([SMALLEST], [0.0], [1]),
        ([-SMALLEST], [0.0], [-1]),
        ([1.0], [np.nextafter(1.0, 2.0)], [-1]),
        ([LARGEST], [-LARGEST], [1]),
        ([], [], []),
        ([[1.0], [3.0]], [0.0, 2.0], [[1, -1], [1, 1]]),
        (wide(1.0, 0.25), 0.5, 1),
        (0.5, wide(1.0, 0.25), -1),
    ],
)
def test_a_sign_is_proven_in_each_component(a: Any, b: Any, expected: Any) -> None:
    found, exact = signs(np.asarray(balls(a) - balls(b), dtype=object))
    np.testing.assert_array_equal(found, expected)
    assert found.shape == exact.shape == np.shape(expected)
    assert not exact.any()


@pytest.mark.parametrize(
    ("ball", "exact"),
    [
        (arb(0), True),
        (arb(1) - 1, True),
        (wide(0.0, 1e-300), False),
        (wide(1.0, 0.5) - 1.25, False),
        (arb.nan(), False),
        (arb.pos_inf() - arb.pos_inf(), False),
    ],
)
def test_a_ball_that_holds_zero_has_no_sign_and_is_told_from_an_exact_zero(
    ball: arb, exact: bool
) -> None:
    found, zero = signs(balls([1.0, ball]))
    assert found.tolist() == [1, 0]
    assert zero.tolist() == [False, exact]
