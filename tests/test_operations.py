"""Every operation of the reference: its balls contain the truth, and its cotangents are exact."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
import scipy.special
from flint import arb

from gradiometer import Argument, Problem
from gradiometer.errors import ReferenceFailure
from gradiometer.reference.array import Array
from gradiometer.reference.balls import balls, settled
from gradiometer.reference.certify import certify
from gradiometer.reference.elementary import SMOOTH
from gradiometer.reference.evaluation import Evaluation
from gradiometer.reference.node import Node
from gradiometer.reference.operations import (
    LABELLED,
    MATRICES,
    NAMESPACE,
    NETWORKS,
    OPERATIONS,
    WHOLE,
)
from gradiometer.reference.passes import backward, seed, taped
from gradiometer.reference.protocol import array
from gradiometer.reference.special import SPECIAL
from gradiometer.vocabulary.enclosure import UNIT
from gradiometer.vocabulary.namespace import BEYOND_THE_STANDARD, Namespace

xp = NAMESPACE
Floats = np.ndarray

BELOW_1, ABOVE_1 = float(np.nextafter(1.0, 0.0)), float(np.nextafter(1.0, 2.0))
LINE = (0.5, -3.25, 1e-30, -1e-100, 20.0)
INSIDE = (0.5, -0.3, 1e-30, BELOW_1, -BELOW_1)
POSITIVE = (0.5, 1e-100, 3.0, BELOW_1, 1e100)


# name: (the same function in mpmath, points of its domain, some of them beside a singularity)
TRUTHS: dict[str, tuple[Callable[[Any], Any], tuple[float, ...]]] = {
    "exp": (mpmath.exp, (*LINE, 700.0, -700.0)),
    "exp2": (lambda x: mpmath.power(2, x), LINE),
    "expm1": (mpmath.expm1, LINE),
    "log": (mpmath.log, (*POSITIVE, ABOVE_1)),
    "log2": (lambda x: mpmath.log(x, 2), (*POSITIVE, ABOVE_1)),
    "log10": (mpmath.log10, (*POSITIVE, ABOVE_1)),
    "reciprocal": (lambda x: 1 / x, LINE),
    "log1p": (mpmath.log1p, (0.5, 1e-100, -1e-30, -BELOW_1, 1e100)),
    "sqrt": (mpmath.sqrt, POSITIVE),
    "square": (lambda x: x * x, (*LINE, 0.0, 1e100)),
    "sin": (mpmath.sin, (*LINE, 0.0, math.pi, 1e22)),
    "cos": (mpmath.cos, (*LINE, 0.0, math.pi / 2, 1e22)),
    "tan": (mpmath.tan, (*LINE, math.pi / 2, math.pi, 1e22)),
    "asin": (mpmath.asin, INSIDE),
    "acos": (mpmath.acos, INSIDE),
    "atan": (mpmath.atan, (*LINE, 0.0, 1e100)),
    "sinh": (mpmath.sinh, (*LINE, 700.0)),
    "cosh": (mpmath.cosh, (*LINE, 0.0, -700.0)),
    "tanh": (mpmath.tanh, (*LINE, 0.0, 22.0)),
    "asinh": (mpmath.asinh, (*LINE, 0.0, 1e100)),
    "acosh": (mpmath.acosh, (1.5, ABOVE_1, 20.0, 1e100)),
    "atanh": (mpmath.atanh, INSIDE),
    "erf": (mpmath.erf, (0.5, -3.25, 1e-30, 0.0, 5.5)),
    "erfc": (mpmath.erfc, (0.5, -3.25, 1e-30, 0.0, 5.5)),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), (*LINE, 0.0, 40.0, -700.0)),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), (0.5, -3.25, 40.0, -700.0, 700.0)),
    "relu": (lambda x: max(x, 0), (0.5, -3.25, 1e-300, -1e-300)),
    "abs": (abs, (0.5, -3.25, 1e-300, -1e-300, 1e300)),
    "erfinv": (mpmath.erfinv, (0.5, -0.75, 1e-30, 0.0, 0.9)),
    "gamma": (mpmath.gamma, (0.5, 1.0, -2.5, 1e-30, 5.0)),
    "lgamma": (lambda x: mpmath.re(mpmath.loggamma(x)), (2.5, 0.5, 1.0, -2.5, 1e-30, 1e3)),
    "digamma": (mpmath.digamma, (2.5, 1.4616321449683622, -0.75, 1e-30, 1e20)),
    **{
        f"{kind}{n}": (functools.partial(bessel, n), points)
        for kind, bessel, points in (
            ("j", mpmath.besselj, (0.5, 2.404825557695773, -3.25, 0.0, 100.5)),
            ("y", mpmath.bessely, (0.8935769662791675, 1.5, 2.0)),
            ("i", mpmath.besseli, (0.5, -3.25, 0.0, 50.0)),
            ("k", mpmath.besselk, (3.25, 2.0, 2.5)),
        )
        for n in (0, 1)
    },
}


def truth(name: str, x: float, order: int) -> arb:
    """Return a derivative of one of these, as far as numerical differentiation finds it."""
    function = TRUTHS[name][0]
    digits, exact_to, least = (400, 150, 350)
    if name in SPECIAL:  # which take mpmath seconds
        digits, exact_to, least = (40, 28, 38) if name[0] in "yk" else (60, 45, 55)
    with mpmath.workdps(digits):
        value = mpmath.diff(function, mpmath.mpf(x), order) if order else function(mpmath.mpf(x))
        error = abs(value) * mpmath.mpf(10) ** -exact_to + mpmath.mpf(10) ** -least
        return exact(value) + arb(0, 1) * exact(error)


TRUTH_DIGITS = 400
"""Enough for numerical differentiation in mpmath to be exact to far more than 60 digits."""


@pytest.fixture(autouse=True)
def working_precision() -> Iterator[None]:
    with flint.ctx.workprec(192):
        yield


def exact(truth: Any) -> arb:
    """Return an mpmath number as a ball without radius."""
    mantissa, exponent = mpmath.mpf(truth).man_exp
    return arb((int(mantissa) * (-1 if truth < 0 else 1), exponent))


def variables(*values: Any) -> list[Array]:
    nodes = [Node(np.asarray(v, dtype=float), tracked=True) for v in values]
    return [Array(node, scalar=False) for node in nodes]


def gradients(f: Callable[..., Any], *values: Any, seed: Any = 1.0) -> list[Floats]:
    """Return the cotangents of f's arguments, as object arrays of balls."""
    arrays = variables(*values)
    return pulled(f(*arrays), arrays, seed)


def pulled(y: Array, arrays: list[Array], weights: Any) -> list[Floats]:
    found = backward({y.node: seed(weights)}) if y.node.tracked else {}
    nothing = [balls(np.zeros(a.shape)) for a in arrays]
    return [
        settled(found[a.node].value) if a.node in found else zeros
        for a, zeros in zip(arrays, nothing, strict=True)
    ]


def as_floats(x: Any) -> Floats:
    whole = balls(x.node.value if isinstance(x, Array) else x)
    return np.array([float(b) for b in whole.flat]).reshape(whole.shape)


def ball(x: Array) -> arb:
    return x.node.value[()]


@pytest.mark.parametrize("name", TRUTHS)
def test_value_and_derivative_contain_the_truth_and_are_tight(name: str) -> None:
    operation = getattr(xp, name)
    for x in TRUTHS[name][1]:
        value = ball(operation(array(x)))
        slope = gradients(operation, x)[0][()]
        for order, found in enumerate((value, slope)):
            expected = truth(name, x, order)
            assert found.overlaps(expected), x
            assert float(found.rad()) <= 1e-38 * abs(float(expected)) + 1e-50, x


def curvature(f: Callable[[Any], Array], x: float) -> arb:
    """Return f″(x), by a backward pass over the tape of one."""
    (at,) = variables(x)
    slope = backward({f(at).node: seed(1.0)}, taped)[at.node]
    return pulled(Array(slope), [at], 1.0)[0][()]


@pytest.mark.parametrize("name", TRUTHS)
def test_the_second_derivative_contains_the_truth_and_is_as_tight_as_the_others(name: str) -> None:
    for x in TRUTHS[name][1]:
        found = curvature(getattr(xp, name), x)
        expected, slope = (truth(name, x, order) for order in (2, 1))
        assert found.overlaps(expected), x
        # Next to a saturation, 1 − y is as exact as y, and no more.
        most = max(abs(float(expected)), abs(float(slope)))
        assert float(found.rad()) <= 1e-38 * most + 1e-50, x


@pytest.mark.parametrize("name", sorted(SMOOTH | SPECIAL))
def test_a_ball_in_gives_a_ball_that_covers_its_images(name: str) -> None:
    function, points = TRUTHS[name]
    middle, radius = points[0], 1e-3
    found = ball(getattr(xp, name)(Array(Node(arb(middle, radius)))))
    with mpmath.workdps(60):
        for t in (-1, -0.5, 0, 0.3, 1):
            assert found.contains(
                exact(function(mpmath.mpf(middle) + t * mpmath.mpf(radius) * 0.999))
            )


@pytest.mark.parametrize("name", sorted(TRUTHS))
def test_an_array_is_taken_componentwise(name: str) -> None:
    points = np.array(TRUTHS[name][1][:3])
    operation = getattr(xp, name)
    x = np.stack([points, points[::-1]])
    weights = np.arange(1.0, 7.0).reshape(2, 3)
    assert operation(array(x)).shape == (2, 3)
    found = gradients(operation, x, seed=weights)[0]
    for index in np.ndindex(2, 3):
        alone = gradients(operation, x[index], seed=weights[index])[0][()]
        assert found[index].overlaps(alone)


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("log", 0.0), ("log", -1.0), ("sqrt", -1e-300), ("asin", ABOVE_1), ("acos", -ABOVE_1),
        ("acosh", BELOW_1), ("atanh", 1.0), ("log1p", -1.0), ("log1p", -2.0), ("erfinv", 1.0),
        ("erfinv", -ABOVE_1), ("gamma", 0.0), ("gamma", -3.0), ("lgamma", 0.0), ("lgamma", -2.0),
        ("digamma", 0.0), ("digamma", -1.0), ("y0", 0.0), ("y1", -1.0), ("k0", 0.0), ("k1", -1.0),
    ],
)  # fmt: skip
def test_outside_its_domain_a_function_has_no_finite_ball(name: str, x: float) -> None:
    assert not ball(getattr(xp, name)(array(x))).is_finite()


@pytest.mark.parametrize(
    ("name", "x"), [("sqrt", 0.0), ("asin", 1.0), ("acos", -1.0), ("acosh", 1.0)]
)
def test_where_a_derivative_is_infinite_it_has_no_finite_ball(name: str, x: float) -> None:
    assert ball(getattr(xp, name)(array(x))).is_finite()
    assert not gradients(getattr(xp, name), x)[0][()].is_finite()


@pytest.mark.parametrize("name", sorted(SMOOTH | SPECIAL))
def test_a_constant_is_not_differentiated(name: str) -> None:
    assert not getattr(xp, name)(TRUTHS[name][1][0]).node.tracked


def test_softplus_is_smooth_at_zero() -> None:
    assert float(gradients(xp.softplus, 0.0)[0][()]) == 0.5


# Kinks and jumps: both sides of an open comparison can be had.

KINKS: dict[str, tuple[Callable[..., Any], list[Any], list[Any]]] = {
    # name: (f, point, the slopes, or the value of a jump, on either side)
    "abs": (xp.abs, [0.0], [1.0, -1.0]),
    "relu": (xp.relu, [0.0], [0.0, 1.0]),
    "maximum": (lambda x: xp.maximum(x, 2.0), [2.0], [1.0, 0.0]),
    "minimum": (lambda x: xp.minimum(3.0, x), [3.0], [0.0, 1.0]),
    "tie": (lambda x: xp.maximum(x[0], x[1]), [[3.0, 3.0]], [[1.0, 0.0], [0.0, 1.0]]),
    "where": (lambda x: xp.where(x > 0.0, x, -x), [0.0], [-1.0, 1.0]),
    "one of three": (lambda x: xp.sum(xp.abs(x)), [[1.0, -2.0, 0.0]], [[1, -1, 1], [1, -1, -1]]),
    "clip below": (lambda x: xp.clip(x, -1.0, 1.0), [-1.0], [1.0, 0.0]),
    "clip above": (lambda x: xp.clip(x, -1.0, 1.0), [1.0], [1.0, 0.0]),
    "max": (xp.max, [[2.0, 5.0, 5.0]], [[0, 1, 0], [0, 0, 1]]),
    "min": (xp.min, [[2.0, 5.0, 2.0]], [[1, 0, 0], [0, 0, 1]]),
    "sort": (lambda x: xp.sort(x)[1], [[2.0, 1.0, 2.0]], [[1, 0, 0], [0, 0, 1]]),
    "max_pool": (
        lambda x: xp.max_pool(xp.reshape(x, (1, 1, 3)), 3),
        [[2.0, 5.0, 5.0]],
        [[0, 1, 0], [0, 0, 1]],
    ),
    "matrix_norm": (
        lambda x: xp.linalg.matrix_norm(xp.reshape(x, (1, 3)), ord=1),
        [[2.0, 5.0, 5.0]],
        [[0, 1, 0], [0, 0, 1]],
    ),
    "argmax": (lambda x: x[xp.argmax(x)], [[2.0, 5.0, 5.0]], [[0, 1, 0], [0, 0, 1]]),
    "argmin": (lambda x: x[xp.argmin(x)], [[2.0, 1.0, 1.0]], [[0, 1, 0], [0, 0, 1]]),
}
JUMPS: dict[str, tuple[Callable[..., Any], list[Any], list[Any]]] = {
    "floor": (xp.floor, [3.0], [3.0, 2.0]),
    "floor of zero": (xp.floor, [0.0], [0.0, -1.0]),
    "ceil": (xp.ceil, [-3.0], [-3.0, -2.0]),
    "trunc": (xp.trunc, [3.0], [3.0, 2.0]),
    "trunc below": (xp.trunc, [-3.0], [-3.0, -2.0]),
    "round to even": (xp.round, [2.5], [2.0, 3.0]),
    "round up to even": (xp.round, [-1.5], [-2.0, -1.0]),
    "sign": (lambda x: xp.sign(x + 0.0), [0.0], [0.0, -1.0]),
    "floor_divide": (xp.floor_divide, [6.0, 2.0], [3.0, 2.0]),
    "remainder": (xp.remainder, [6.0, 2.0], [0.0, 2.0]),
    "copysign": (xp.copysign, [2.0, 0.0], [2.0, -2.0]),
    "atan2": (xp.atan2, [0.0, -1.0], [math.pi, -math.pi]),
}


@pytest.mark.parametrize(("f", "at", "sides"), KINKS.values(), ids=KINKS)
def test_a_kink_is_open_and_turned_it_gives_the_slope_of_the_other_side(
    f: Any, at: list[Any], sides: list[Any]
) -> None:
    with Evaluation() as ev:
        np.testing.assert_array_equal(as_floats(gradients(f, *at)[0]), sides[0])
    (tie,) = ev.open
    assert tie.tie
    with Evaluation(turned={tie.key}):
        np.testing.assert_array_equal(as_floats(gradients(f, *at)[0]), sides[1])


@pytest.mark.parametrize(("f", "at", "sides"), JUMPS.values(), ids=JUMPS)
def test_a_jump_is_open_and_turned_it_gives_the_value_of_the_other_side(
    f: Any, at: list[Any], sides: list[Any]
) -> None:
    with Evaluation() as ev:
        assert float(ball(f(*variables(*at)))) == sides[0]
    assert all(each.tie for each in ev.open)
    others = []
    for each in ev.open:
        with Evaluation(turned={each.key}):
            others.append(float(ball(f(*variables(*at)))))
    assert sides[1] in others


SMOOTHLY: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "maximum of itself": (lambda x: xp.maximum(x, x), [1.0]),
    "trunc at zero": (xp.trunc, [0.0]),
    "round at an integer": (xp.round, [2.0]),
    "floor between": (xp.floor, [2.5]),
    "atan2 on the right": (xp.atan2, [0.0, 1.0]),
    "atan2 above": (xp.atan2, [1.0, 0.0]),
    "overlapping windows": (
        lambda x: xp.max_pool(xp.reshape(x, (1, 1, 3)), 2, stride=1, padding=1),
        [[2.0, 1.0, 3.0]],
    ),
    "sort without ties": (xp.sort, [[3.0, 1.0, 2.0]]),
    "sort of constants": (lambda x: xp.sort([2.0, 1.0, 2.0]) * x, [1.0]),
    "repeated": (lambda x: xp.max(xp.tile(x, 3)), [[2.0, 1.0]]),
}


@pytest.mark.parametrize(("f", "at"), SMOOTHLY.values(), ids=SMOOTHLY)
def test_where_there_is_neither_nothing_is_open(f: Any, at: list[Any]) -> None:
    with Evaluation() as ev:
        f(*variables(*at))
    assert ev.open == []


PAIRS = [((), ()), ((3,), (3,)), ((), (3,)), ((3,), ()), ((2, 1), (3,)), ((1, 3), (2, 1))]


def spread(condition: Floats, weights: Floats, shape: tuple[int, ...]) -> Floats:
    """Return the weights where the condition holds, summed into what was broadcast from shape."""
    found = np.zeros(shape)
    source = np.broadcast_to(np.arange(found.size).reshape(shape), weights.shape)
    np.add.at(found.reshape(-1), source.ravel(), np.where(condition, weights, 0.0).ravel())
    return found


@pytest.mark.parametrize(("left", "right"), PAIRS, ids=str)
@pytest.mark.parametrize("name", ["maximum", "minimum", "where"])
def test_a_choice_sends_cotangents_only_to_what_was_chosen(
    name: str, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(11)
    a, b = rng.standard_normal(left), rng.standard_normal(right)
    chosen = {"maximum": a > b, "minimum": a < b, "where": a + b > 0.1}[name]
    weights = rng.integers(1, 9, np.shape(chosen)).astype(float)
    if name == "where":
        operation: Callable[..., Any] = lambda x, y: xp.where(chosen, x, y)  # noqa: E731
    else:
        operation = getattr(xp, name)
    np.testing.assert_array_equal(as_floats(operation(a, b)), np.where(chosen, a, b))
    da, db = gradients(operation, a, b, seed=weights)
    np.testing.assert_array_equal(as_floats(da), spread(np.asarray(chosen), weights, left))
    np.testing.assert_array_equal(as_floats(db), spread(~np.asarray(chosen), weights, right))


@pytest.mark.parametrize("condition", [True, False, np.array([[True], [False]])])
def test_a_condition_is_broadcast_against_the_branches(condition: Any) -> None:
    da, db = gradients(
        lambda a, b: xp.sum(xp.where(condition, a * a, b * b)), [1.0, 2.0], [3.0, 4.0]
    )
    rows, taken = np.size(condition), np.count_nonzero(condition)
    np.testing.assert_array_equal(as_floats(da), 2 * taken * np.array([1.0, 2.0]))
    np.testing.assert_array_equal(as_floats(db), 2 * (rows - taken) * np.array([3.0, 4.0]))


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_a_condition_of_numbers_is_taken_for_what_it_says(dtype: type) -> None:
    mask = np.array([1, 0]).astype(dtype)
    da, db = gradients(lambda a, b: xp.sum(xp.where(mask, a, b)), [1.0, 2.0], [3.0, 4.0])
    np.testing.assert_array_equal(as_floats(da), [1.0, 0.0])
    np.testing.assert_array_equal(as_floats(db), [0.0, 1.0])


def test_a_branch_not_taken_may_lie_outside_its_domain() -> None:
    found = gradients(lambda x: xp.sum(xp.where(x > 0.0, xp.log(x), x * x)), [-2.0, 4.0])[0]
    np.testing.assert_array_equal(as_floats(found), [-4.0, 0.25])


# name, arguments beside the array
REDUCTIONS: list[tuple[str, dict[str, Any]]] = [
    (name, {"axis": axis} | kept)
    for name in ("sum", "mean", "logsumexp")
    for axis in (None, 0, 1, 2, -1, (0, 1), (0, -1), (2, 0, 1))
    for kept in ({}, {"keepdims": True})
]


def in_numpy(name: str, x: Floats, **how: Any) -> Floats:
    if name == "logsumexp":
        return np.log(np.sum(np.exp(x), **how))
    return getattr(np, name)(x, **how)


@pytest.mark.parametrize(("name", "how"), REDUCTIONS, ids=str)
def test_a_reduction_has_numpy_s_value_and_shape(name: str, how: dict[str, Any]) -> None:
    x = np.random.default_rng(1).standard_normal((2, 3, 4))
    value = as_floats(getattr(xp, name)(x, **how))
    expected = in_numpy(name, x, **how)
    assert value.shape == expected.shape
    np.testing.assert_allclose(value, expected, rtol=1e-14)


@pytest.mark.parametrize(("name", "how"), REDUCTIONS, ids=str)
def test_a_reduction_sends_cotangents_back_over_the_axes(name: str, how: dict[str, Any]) -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((2, 3, 4))
    keep = {"axis": how["axis"], "keepdims": True}
    total = np.sum(np.exp(x), **keep)
    weights = rng.integers(1, 9, total.shape).astype(float)
    local = {
        "sum": np.ones_like(x),
        "mean": np.full_like(x, total.size / x.size),
        "logsumexp": np.exp(x) / total,
    }[name]
    seed = weights.reshape(in_numpy(name, x, **how).shape)
    found = gradients(lambda v: getattr(xp, name)(v, **how), x, seed=seed)[0]
    assert found.shape == x.shape
    np.testing.assert_allclose(as_floats(found), weights * local, rtol=1e-14)


@pytest.mark.parametrize("name", ["sum", "mean", "logsumexp"])
def test_a_scalar_reduces_to_itself(name: str) -> None:
    assert float(getattr(xp, name)(2.5)) == 2.5
    assert float(gradients(getattr(xp, name), 2.5)[0][()]) == 1.0


def test_a_sum_of_nothing_is_zero() -> None:
    assert float(xp.sum(np.zeros((0, 3)))) == 0.0
    assert xp.isfinite(xp.sum(np.zeros((0, 3)), axis=0)).all()


@pytest.mark.parametrize("x", [[0.5, -1.0, 2.0], [800.0, 801.0, 0.0], [-2000.0, -2001.0, -2000.5]])
def test_logsumexp_contains_the_truth_where_doubles_overflow(x: list[float]) -> None:
    value, (slopes,) = ball(xp.logsumexp(array(x))), gradients(xp.logsumexp, x)
    with mpmath.workdps(TRUTH_DIGITS):
        powers = [mpmath.exp(mpmath.mpf(v)) for v in x]
        assert value.overlaps(exact(mpmath.log(sum(powers))))
        for slope, power in zip(slopes, powers, strict=True):
            assert slope.contains(exact(power / sum(powers)))


Operation = Callable[[Any, Any], Any]
# name: cases of (operation on (namespace, arrays), the arrays' shapes)
STRUCTURAL: dict[str, list[tuple[Operation, list[tuple[int, ...]]]]] = {
    "reshape": [
        (lambda m, a: m.reshape(a[0], (3, 2)), [(2, 3)]),
        (lambda m, a: m.reshape(a[0], (-1,)), [(2, 3)]),
        (lambda m, a: m.reshape(a[0], ()), [(1, 1)]),
        (lambda m, a: m.reshape(a[0], (1,)), [()]),
        (lambda m, a: m.reshape(a[0], (0, 4)), [(2, 0)]),
    ],
    "permute_dims": [
        (lambda m, a: m.permute_dims(a[0], (1, 0)), [(2, 3)]),
        (lambda m, a: m.permute_dims(a[0], (2, 0, 1)), [(2, 3, 4)]),
        (lambda m, a: m.permute_dims(a[0], (0, 2, 1)), [(3, 3, 3)]),
        (lambda m, a: m.permute_dims(a[0], (1, 2, 0)), [(3, 3, 3)]),
        (lambda m, a: m.permute_dims(a[0], ()), [()]),
        (lambda m, a: m.permute_dims(a[0], (-1, 0)), [(3, 3)]),
    ],
    "stack": [
        (lambda m, a: m.stack(a), [(2, 3), (2, 3)]),
        (lambda m, a: m.stack(a, axis=1), [(2, 3), (2, 3), (2, 3)]),
        (lambda m, a: m.stack(a, axis=-1), [(2, 3), (2, 3)]),
        (lambda m, a: m.stack(a), [(), (), ()]),
        (lambda m, a: m.stack([a[0], a[0]]), [(2,)]),
    ],
    "concat": [
        (lambda m, a: m.concat(a), [(2, 3), (1, 3)]),
        (lambda m, a: m.concat(a, axis=1), [(2, 3), (2, 1), (2, 2)]),
        (lambda m, a: m.concat(a, axis=-1), [(4,), (1,)]),
        (lambda m, a: m.concat(a), [(0,), (3,)]),
        (lambda m, a: m.concat([a[0], a[1], a[0]]), [(2,), (1,)]),
    ],
    "expand_dims": [
        (lambda m, a: m.expand_dims(a[0], axis=0), [(2, 3)]),
        (lambda m, a: m.expand_dims(a[0], axis=1), [(2, 3)]),
        (lambda m, a: m.expand_dims(a[0], axis=-1), [(2, 3)]),
        (lambda m, a: m.expand_dims(a[0], axis=0), [()]),
    ],
    "take": [
        (lambda m, a: m.take(a[0], np.array([2, 0, 2]), axis=0), [(3,)]),
        (lambda m, a: m.take(a[0], np.array([1, 1]), axis=0), [(2, 3)]),
        (lambda m, a: m.take(a[0], np.array([2, 0, 2]), axis=1), [(2, 3)]),
        (lambda m, a: m.take(a[0], np.array([2, 0, 2]), axis=-1), [(2, 3)]),
        (lambda m, a: m.take(a[0], np.array([-1]), axis=1), [(2, 3, 2)]),
        (lambda m, a: m.take(a[0], np.array([], dtype=int), axis=0), [(3,)]),
    ],
}


@pytest.mark.parametrize(
    ("operation", "shapes"),
    [
        pytest.param(*case, id=f"{name} {i}")
        for name, cases in STRUCTURAL.items()
        for i, case in enumerate(cases)
    ],
)
def test_a_structural_operation_moves_values_and_returns_each_cotangent_to_its_place(
    operation: Operation, shapes: list[tuple[int, ...]]
) -> None:
    sizes = [math.prod(shape) for shape in shapes]
    starts = np.cumsum([0, *sizes])
    places = [
        np.arange(start, start + size).reshape(shape)
        for start, size, shape in zip(starts[:-1], sizes, shapes, strict=True)
    ]
    moved = operation(np, places)
    weights = np.arange(1.0, 1.0 + moved.size).reshape(moved.shape)
    np.testing.assert_array_equal(as_floats(operation(xp, places)), moved)
    found = gradients(lambda *nodes: operation(xp, nodes), *places, seed=weights)
    expected = np.bincount(moved.ravel(), weights.ravel(), minlength=starts[-1])
    for cotangent, place in zip(found, places, strict=True):
        np.testing.assert_array_equal(as_floats(cotangent), expected[place])


def test_structural_operations_take_constants_among_variables() -> None:
    (found,) = gradients(lambda x: xp.sum(xp.stack([x, 2.0, x * 3.0])), 1.0)
    assert float(found[()]) == 4.0


def test_matmul_and_pow_are_the_operators() -> None:
    A, x = np.array([[1.0, 2.0], [3.0, 4.0]]), [5.0, 6.0]
    np.testing.assert_array_equal(as_floats(xp.matmul(A, x)), [17.0, 39.0])
    (dx,) = gradients(lambda v: xp.sum(xp.matmul(A, v)), x)
    np.testing.assert_array_equal(as_floats(dx), [4.0, 6.0])
    assert float(xp.pow(3.0, 2)) == 9.0
    assert float(gradients(lambda v: xp.pow(v, 2.0), -3.0)[0][()]) == -6.0


@pytest.mark.parametrize(
    ("shape", "how"),
    [
        ((5,), {}),
        ((1,), {}),
        ((0,), {}),
        ((), {}),
        ((2, 3), {}),
        ((7,), {"axis": 0}),
        ((2, 3), {"axis": 0}),
        ((2, 3), {"axis": 1}),
        ((2, 3, 4), {"axis": -1}),
        ((0, 3), {"axis": 0}),
    ],
    ids=str,
)
def test_a_product_over_an_axis_is_exact_on_integers(
    shape: tuple[int, ...], how: dict[str, int]
) -> None:
    x = np.random.default_rng(6).integers(1, 5, shape).astype(float)
    whole = np.prod(x, **how)
    found = xp.prod(x, **how)
    assert found.shape == whole.shape
    np.testing.assert_array_equal(as_floats(found), whole)
    weights = np.random.default_rng(7).integers(1, 5, whole.shape).astype(float)
    (slopes,) = gradients(lambda v: xp.prod(v, **how), x, seed=weights)
    keep = {"axis": how.get("axis"), "keepdims": True}
    spread_out = weights.reshape(np.prod(x, **keep).shape)
    np.testing.assert_allclose(as_floats(slopes), spread_out * np.prod(x, **keep) / x, rtol=1e-15)


def test_a_product_with_zeros_among_its_factors_divides_by_none() -> None:
    np.testing.assert_array_equal(
        as_floats(gradients(xp.prod, [2.0, 0.0, 5.0, 3.0])[0]), [0.0, 30.0, 0.0, 0.0]
    )
    np.testing.assert_array_equal(as_floats(gradients(xp.prod, [2.0, 0.0, 0.0])[0]), [0, 0, 0])


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((4,), 0),
        ((4,), -1),
        ((2, 3), 0),
        ((2, 3), 1),
        ((2, 3, 2), 1),
        ((2, 3, 2), 2),
        ((2, 3), -1),
        ((2, 3, 2), -1),
        ((2, 3, 2), -2),
    ],
)
def test_partial_sums_are_exact_and_each_cotangent_goes_to_all_that_was_summed(
    shape: tuple[int, ...], axis: int
) -> None:
    x = np.random.default_rng(6).integers(-9, 9, shape).astype(float)
    weights = np.random.default_rng(7).integers(-9, 9, shape).astype(float)
    found = xp.cumulative_sum(x, axis=axis)
    np.testing.assert_array_equal(as_floats(found), np.cumsum(x, axis=axis))
    (back,) = gradients(lambda v: xp.cumulative_sum(v, axis=axis), x, seed=weights)
    expected = np.flip(np.cumsum(np.flip(weights, axis), axis), axis)
    np.testing.assert_array_equal(as_floats(back), expected)


@pytest.mark.parametrize("y", [-2.0, -1e-30, 0.5, 1e100])
@pytest.mark.parametrize("x", [-3.0, -1e-30, 0.0, 0.25, 1e100])
def test_an_angle_and_its_derivatives_contain_the_truth_in_every_quadrant(
    y: float, x: float
) -> None:
    angle, (dy, dx) = ball(xp.atan2(y, x)), gradients(xp.atan2, y, x)
    with mpmath.workdps(TRUTH_DIGITS):
        Y, X = mpmath.mpf(y), mpmath.mpf(x)
        square = X * X + Y * Y
        for found, truth in (
            (angle, mpmath.atan2(Y, X)),
            (dy[()], X / square),
            (dx[()], -Y / square),
        ):
            error = abs(truth) * mpmath.mpf(10) ** -150
            assert found.overlaps(exact(truth) + arb(0, 1) * exact(error))
            assert float(found.rad()) <= 1e-38 * abs(float(truth))


def test_an_angle_is_broadcast() -> None:
    dy, dx = gradients(xp.atan2, [1.0, 2.0], 2.0, seed=np.ones(2))
    np.testing.assert_allclose(as_floats(dy), [0.4, 0.25], rtol=1e-15)
    np.testing.assert_allclose(as_floats(dx), -0.2 - 0.25, rtol=1e-15)


# Linear algebra.

SKEW = np.array([[2.0, -1.0, 0.5], [0.25, 3.0, -0.75], [1.0, 0.5, -2.0]])
DEFINITE = SKEW @ SKEW.T


@pytest.mark.parametrize("n", [1, 2, 5])
def test_an_inverse_is_one_on_both_sides(n: int) -> None:
    a = np.random.default_rng(n).standard_normal((n, n)) + 3.0 * np.eye(n)
    inverse = xp.linalg.inv(array(a))
    for product in (inverse @ a, a @ inverse):
        for (i, j), entry in np.ndenumerate(product.node.value):
            assert entry.contains(int(i == j))
            assert float(entry.rad()) <= 1e-45


@pytest.mark.parametrize("right", [(3,), (3, 1), (3, 2)])
def test_a_solution_solves(right: tuple[int, ...]) -> None:
    b = np.random.default_rng(3).standard_normal(right)
    solution = xp.linalg.solve(array(SKEW), array(b))
    assert solution.shape == right
    for entry, expected in zip((SKEW @ solution).node.value.flat, b.ravel().tolist(), strict=True):
        assert entry.contains(expected)
    np.testing.assert_allclose(as_floats(solution), np.linalg.solve(SKEW, b), rtol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_a_cholesky_factor_is_lower_and_gives_the_matrix_back(n: int) -> None:
    root = np.random.default_rng(n).standard_normal((n, n)) + 3.0 * np.eye(n)
    a = root @ root.T
    a = (a + a.T) / 2
    factor = xp.linalg.cholesky(array(a))
    assert factor.shape == (n, n)
    np.testing.assert_array_equal(as_floats(factor)[np.triu_indices(n, 1)], 0.0)
    for entry, expected in zip(
        (factor @ factor.T).node.value.flat, a.ravel().tolist(), strict=True
    ):
        assert entry.contains(expected)
    np.testing.assert_allclose(as_floats(factor), np.linalg.cholesky(a), atol=1e-12)


@pytest.mark.parametrize(
    ("operation", "derivative"),
    [
        (xp.linalg.inv, lambda a, e: -np.linalg.inv(a) @ e @ np.linalg.inv(a)),
        (lambda a: xp.linalg.solve(a, [1.0, 2.0, 3.0]),
         lambda a, e: -np.linalg.inv(a) @ e @ np.linalg.solve(a, [1.0, 2.0, 3.0])),
        (xp.linalg.diagonal, lambda a, e: np.diagonal(e)),
    ],
    ids=["inv", "solve", "diagonal"],
)  # fmt: skip
def test_linear_algebra_pulls_cotangents_back_by_the_textbook_s_differentials(
    operation: Any, derivative: Any
) -> None:
    shape = operation(array(SKEW)).shape
    weights = np.random.default_rng(5).standard_normal(shape)
    (found,) = gradients(operation, SKEW, seed=weights)
    for index in np.ndindex(3, 3):
        unit = np.zeros((3, 3))
        unit[index] = 1.0
        expected = np.sum(weights * derivative(SKEW, unit))
        assert float(found[index]) == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_a_cholesky_factor_pulls_cotangents_back_by_the_textbook_s_differential() -> None:
    # dL = L·Φ(L⁻¹·dA·L⁻ᵀ), where Φ keeps the lower triangle and half the diagonal (Murray 2016).
    L = np.linalg.cholesky(DEFINITE)
    weights = np.random.default_rng(5).standard_normal((3, 3))
    (found,) = gradients(xp.linalg.cholesky, DEFINITE, seed=weights)
    for i, j in zip(*np.tril_indices(3), strict=True):
        unit = np.zeros((3, 3))
        unit[i, j] = unit[j, i] = 1.0
        inner = np.tril(np.linalg.solve(L, np.linalg.solve(L, unit).T))
        inner[np.diag_indices(3)] *= 0.5
        both = float(found[i, j]) + (float(found[j, i]) if i != j else 0.0)
        assert both == pytest.approx(np.sum(weights * (L @ inner)), rel=1e-11)


@pytest.mark.parametrize("name", ["inv", "solve"])
def test_a_singular_matrix_is_refused(name: str) -> None:
    arguments = [np.ones((2, 2)), np.ones(2)][: 1 if name == "inv" else 2]
    with pytest.raises(ReferenceFailure, match="a matrix is singular here: choose another point"):
        getattr(xp.linalg, name)(*arguments)


def test_a_matrix_that_is_not_positive_definite_is_refused() -> None:
    with pytest.raises(ReferenceFailure, match="not positive definite here"):
        xp.linalg.cholesky(np.array([[1.0, 2.0], [2.0, 1.0]]))


def test_a_cholesky_factor_is_a_function_of_the_lower_triangle_or_of_the_symmetric_part() -> None:
    weights = np.random.default_rng(5).standard_normal((3, 3))
    with Evaluation() as constant:
        xp.linalg.cholesky(DEFINITE)
    with Evaluation() as lower:
        one = as_floats(gradients(xp.linalg.cholesky, DEFINITE, seed=weights)[0])
    with Evaluation(symmetrised=True):
        other = as_floats(gradients(xp.linalg.cholesky, DEFINITE, seed=weights)[0])
    assert (constant.conventions, lower.conventions) == (False, True)
    np.testing.assert_array_equal(np.triu(one, 1), 0.0)
    np.testing.assert_allclose(other, (one + one.T) / 2, rtol=1e-14)


@pytest.mark.parametrize("name", ["matrix_rank", "lstsq"])
def test_linear_algebra_without_a_rule_is_named_in_full(name: str) -> None:
    with pytest.raises(ReferenceFailure, match=rf"no rule for the operation 'linalg\.{name}'"):
        getattr(xp.linalg, name)


@pytest.mark.parametrize(("name", "truth"), [("pi", mpmath.mp.pi), ("e", mpmath.mp.e)])
def test_the_constants_are_true_numbers_that_every_tool_rounds(name: str, truth: Any) -> None:
    found = getattr(xp, name)
    with mpmath.workdps(100):
        assert (ball(found) + arb(0, 1) * exact(truth * mpmath.mpf(10) ** -60)).contains(
            exact(+truth)
        )
    assert float(ball(found).rad()) < 1e-50
    assert abs(ball(found) - getattr(math, name)) < found.node.bound[()]
    assert found.node.bound[()] == pytest.approx(UNIT * getattr(math, name), rel=1e-12, abs=0.0)


@pytest.mark.parametrize("name", ["cumsum", "fft", "searchsorted"])
def test_an_operation_without_a_rule_is_named_with_those_there_are(name: str) -> None:
    with pytest.raises(ReferenceFailure, match=rf"no rule for the operation '{name}'.*exp.*where"):
        getattr(xp, name)


def test_looking_for_a_protocol_does_not_fail_the_case() -> None:
    assert not hasattr(xp, "__array_namespace_info__")
    assert getattr(xp, "__wrapped__", None) is None


@pytest.mark.parametrize(
    "name", sorted(BEYOND_THE_STANDARD.keys() - NETWORKS.keys() - LABELLED.keys())
)
def test_what_the_standard_lacks_is_there(name: str) -> None:
    assert isinstance(getattr(xp, name)(array([0.5, 2.0])), Array)


# NumPy's own answers: of the same shape and type, and within the bound on what rounding does.

ROWS = np.array([[0.6, -1.3, 2.1], [1.4, 0.7, -0.3]])
SQUARE = np.array([[2.1, 0.3, -0.6], [0.2, 1.7, 0.1], [-0.4, 0.9, 3.3]])
FIRST = np.array([[2, 0], [1, 1]])
MASK = np.array([[True, False, True], [False, False, True]])
WHOLE_ROWS = np.array([[3, -5, 8], [6, 3, -1]])
BATCH = np.stack([SQUARE, SQUARE.T + 0.5])
IMAGES = np.random.default_rng(8).integers(-9, 9, (2, 3, 4, 5)) / 8
KERNELS = np.random.default_rng(9).integers(-9, 9, (2, 3, 2, 3)) / 8
HALVES = np.array([-3.0, -2.5, -1.5, -0.5, -0.2, 0.0, 0.5, 1.5, 2.4, 2.5, 2.6, 3.0])
HOLES = np.array([0.5, np.nan, np.inf, -np.inf, 0.0])

NAMES = {"lgamma": "gammaln"}
NUMPY = Namespace(
    np,
    {name: getattr(scipy.special, NAMES.get(name, name)) for name in ("erf", "erfc", *SPECIAL)}
    | {"empty": np.zeros, "empty_like": np.zeros_like},
)
each_axis = [{}, {"axis": 0}, {"axis": -1}]
Case = tuple[Callable[..., Any], list[Any]]


def called(name: str, *arrays: Any, **how: Any) -> Case:
    return lambda m, *given: getattr(m, name)(*given, **how), list(arrays)


def over_axes(name: str, *more: dict[str, Any]) -> list[Case]:
    return [called(name, ROWS, **how) for how in (*each_axis, *more)]


def of_matrices(name: str, *arrays: Any, **how: Any) -> Case:
    return lambda m, *given: getattr(m.linalg, name)(*given, **how), list(arrays)


BINARY = ("add", "subtract", "multiply", "divide", "floor_divide", "remainder", "hypot",
          "logaddexp", "maximum", "minimum", "atan2", "greater", "greater_equal", "less",
          "less_equal", "equal", "not_equal")  # fmt: skip
LOGICAL = ("logical_and", "logical_or", "logical_xor")
STEPS = ("ceil", "floor", "sign", "trunc", "negative", "positive", "stop_gradient")
CASES: dict[str, list[Case]] = {
    **{name: [called(name, np.array(points))] for name, (_, points) in TRUTHS.items()},
    **{
        name: [called(name, ROWS, ROWS[1] + 0.1), called(name, WHOLE_ROWS, WHOLE_ROWS[0])]
        for name in BINARY
    },
    **{
        name: [called(name, MASK, MASK[0]), called(name, ROWS, [0.0, 0.0, 1.5])] for name in LOGICAL
    },
    **{name: [called(name, x) for x in (ROWS * 2.0, WHOLE_ROWS, HALVES)] for name in STEPS},
    "round": [
        called("round", HALVES),
        called("round", WHOLE_ROWS),
        (lambda m, x: m.round(x, 1), [ROWS]),
        (lambda m, x: m.round(x, decimals=-1), [13.9 * ROWS]),
    ],
    "pow": [called("pow", abs(ROWS), ROWS[0]), called("pow", ROWS, 3), called("pow", ROWS, -2)],
    "matmul": [
        called("matmul", a, b)
        for a, b in (
            (ROWS, SQUARE),
            (SQUARE, ROWS[0]),
            (ROWS[0], SQUARE),
            (BATCH, ROWS[0]),
            (ROWS[0], BATCH),
            (BATCH[:, None], BATCH),
            (BATCH[:, :, :1], ROWS[:, None, :1]),
            (BATCH[:, :, :0], SQUARE[:0]),
            (BATCH[:0], SQUARE),
        )
    ],
    "conv": [
        *[
            (lambda m, x, w, how=how: m.conv(x, w, **how), [IMAGES, KERNELS])
            for how in (
                {},
                {"stride": 2},
                {"padding": (2, 1)},
                {"dilation": (1, 2)},
                {"stride": (1, 3), "padding": 1, "dilation": 2},
            )
        ],
        (lambda m, x, w: m.conv(x, w, padding=1), [IMAGES[:, :, 0], KERNELS[:, :, 0]]),
        called("conv", IMAGES[..., None], KERNELS[..., None]),
        called("conv", IMAGES[:0], KERNELS),
    ],
    **{
        name: [
            (lambda m, x, name=name, how=how: getattr(m, name)(x, **how), [IMAGES])
            for how in (
                {"window": 2},
                {"window": (2, 3), "stride": 1, "padding": 1},
                {"window": (3, 1), "stride": (2, 3), "padding": (1, 0)},
            )
        ]
        for name in ("avg_pool", "max_pool")
    },
    "einsum": [
        (lambda m, *x, how=how: m.einsum(how, *x), arrays)
        for how, arrays in (
            ("ij,jk->ik", [ROWS, SQUARE]),
            ("ij,kj", [ROWS, ROWS]),
            ("ii", [SQUARE]),
            ("ii->i", [SQUARE]),
            ("ij->ji", [ROWS]),
            ("ij->", [ROWS]),
            ("i,i->i", [ROWS[0]] * 2),
            ("i,j->ij", [ROWS[0], ROWS[1]]),
            ("...ij,...j->...i", [BATCH, ROWS[0]]),
            ("b...,...->b...", [BATCH, SQUARE]),
            ("ij , j -> i", [ROWS, ROWS[:1, 0]]),
            ("ij,jk,kl->il", [ROWS, SQUARE, ROWS.T]),
            ("j,bij,bj->b", [ROWS[0], BATCH, ROWS]),
            ("ij,j->i", [ROWS[:, :0], ROWS[0, :0]]),
            ("i,j,k->ik", [ROWS[0]] * 3),
        )
    ],
    "scan": [
        (lambda m, x, k=k: m.scan(lambda s, v: (s + v, s * v), x[0], x)[k], [ROWS]) for k in (0, 1)
    ],
    "clip": [
        (lambda m, x: m.clip(x, -1.0, 1.0), [ROWS]),
        (lambda m, x: m.clip(x, None, 1.0), [ROWS]),
        (lambda m, x: m.clip(x, min=0.0), [ROWS]),
        (lambda m, x: m.clip(x, -2, 4), [WHOLE_ROWS]),
    ],
    "where": [
        (lambda m, a: m.where(MASK, a, 1.5), [ROWS]),
        (lambda m, a: m.where(a > 0, a, 2), [WHOLE_ROWS]),
    ],
    "copysign": [called("copysign", ROWS, -ROWS[0])],
    **{
        name: [called(name, ROWS), *([called(name, ROWS, axis=0)] if name != "gelu" else [])]
        for name in ("gelu", "log_softmax", "softmax")
    },
    "isfinite": [called("isfinite", HOLES)],
    "isinf": [called("isinf", HOLES)],
    "signbit": [called("signbit", ROWS)],
    "count_nonzero": [
        (lambda m, x, how=how: m.count_nonzero(x > 0.0, **how), [ROWS]) for how in each_axis
    ],
    "nonzero": [(lambda m, x, k=k: m.nonzero(x > 0.0)[k], [ROWS]) for k in (0, 1)],
    "isnan": [called("isnan", HOLES)],
    "logical_not": [called("logical_not", MASK), called("logical_not", np.array([0.0, 2.0]))],
    "all": [(lambda m, x, how=how: m.all(x > -0.5, **how), [ROWS]) for how in each_axis],
    "any": [(lambda m, x, how=how: m.any(x > 2.0, **how), [ROWS]) for how in each_axis],
    **{name: over_axes(name) for name in ("argmax", "argmin")},
    **{name: over_axes(name)[1:] for name in ("argsort", "sort")},
    **{
        name: over_axes(name, {"keepdims": True}, {"axis": (0, 1)})
        for name in ("max", "min", "mean", "prod", "sum")
    },
    **{
        name: over_axes(name, {"correction": 1}, {"axis": 0, "keepdims": True})
        for name in ("std", "var")
    },
    "logsumexp": over_axes("logsumexp"),
    **{
        name: [
            called(name, ROWS, axis=0),
            called(name, ROWS, axis=-1),
            called(name, ROWS[0]),
            called(name, ROWS, axis=1, include_initial=True),
            called(name, ROWS[:0], axis=0),
        ]
        for name in ("cumulative_prod", "cumulative_sum")
    },
    "broadcast_to": [(lambda m, x: m.broadcast_to(x, (2, 3)), [ROWS[0]])],
    "concat": [
        (lambda m, a, b: m.concat([a, b], axis=1), [ROWS, ROWS[:, :1]]),
        (lambda m, a, b: m.concat([a, b], axis=None), [ROWS, ROWS[0]]),
    ],
    "broadcast_arrays": [
        (lambda m, x, y, k=k: m.broadcast_arrays(x, y)[k], [ROWS, ROWS[:, :1]]) for k in (0, 1)
    ],
    "meshgrid": [
        (lambda m, x, y, k=k, how=how: m.meshgrid(x, y, **how)[k], [ROWS[0], ROWS[1, :2]])
        for k in (0, 1)
        for how in ({}, {"indexing": "ij"})
    ],
    "diff": [
        *over_axes("diff", {"n": 2}, {"axis": 0, "n": 2}),
        (lambda m, x, y: m.diff(x, prepend=y, append=y), [ROWS, ROWS[:, :1]]),
    ],
    "expand_dims": over_axes("expand_dims", {"axis": (0, 2)})[1:],
    "flip": over_axes("flip", {"axis": (0, 1)}),
    "matrix_transpose": [called("matrix_transpose", np.arange(24.0).reshape(2, 3, 4))],
    "moveaxis": [
        (lambda m, x: m.moveaxis(x, 0, -1), [np.arange(24.0).reshape(2, 3, 4)]),
        (lambda m, x: m.moveaxis(x, (0, 1), (2, 0)), [np.arange(24.0).reshape(2, 3, 4)]),
    ],
    "permute_dims": [
        (lambda m, x: m.permute_dims(x, (2, 0, 1)), [np.arange(24.0).reshape(2, 3, 4)])
    ],
    "repeat": [
        (lambda m, x: m.repeat(x, 2), [ROWS]),
        (lambda m, x: m.repeat(x, np.array([2, 0, 1]), axis=1), [ROWS]),
    ],
    "reshape": [(lambda m, x: m.reshape(x, (3, -1)), [ROWS])],
    "roll": [
        (lambda m, x: m.roll(x, 2), [ROWS]),
        (lambda m, x: m.roll(x, (1, -1), axis=(0, 1)), [ROWS]),
    ],
    "squeeze": [called("squeeze", ROWS[None, :1]), called("squeeze", ROWS[:1], axis=0)],
    "stack": [(lambda m, a, b: m.stack([a, b], axis=-1), [ROWS, 2 * ROWS])],
    "take": [
        (lambda m, x: m.take(x, np.array([2, 0, 2]), axis=1), [ROWS]),
        (lambda m, x: m.take(x, np.array([4, -1])), [ROWS]),
    ],
    "take_along_axis": [(lambda m, x: m.take_along_axis(x, FIRST, axis=1), [ROWS])],
    "tile": [(lambda m, x: m.tile(x, (2, 1)), [ROWS]), (lambda m, x: m.tile(x, 2), [ROWS])],
    **{
        name: [called(name, SQUARE), called(name, SQUARE, k=1), called(name, ROWS, k=-1)]
        for name in ("tril", "triu")
    },
    "unstack": [
        (lambda m, x, axis=axis: m.concat(m.unstack(x, axis=axis)[::-1]), [ROWS]) for axis in (0, 1)
    ],
    "tensordot": [called("tensordot", ROWS, SQUARE, axes=1), called("tensordot", ROWS, ROWS)],
    "vecdot": [called("vecdot", ROWS, ROWS[1]), called("vecdot", BATCH, ROWS[0], axis=-1)],
    "arange": [
        (lambda m: m.arange(5), []),
        (lambda m: m.arange(1, 9, 3), []),
        (lambda m: m.arange(0.0, 1.0, 0.25), []),
    ],
    "asarray": [
        (lambda m: m.asarray([[1, 2], [3, 4]]), []),
        (lambda m: m.asarray([1.5, 2]), []),
        (lambda m: m.asarray([True, False]), []),
        (lambda m, x: m.asarray([x[0, 0], 2.0, x[1, 1]]), [ROWS]),
        (lambda m: m.asarray([1, 2], dtype=m.float64), []),
    ],
    "astype": [
        (lambda m, x: m.astype(x, m.float64), [WHOLE_ROWS]),
        (lambda m, x: m.astype(x, m.int64), [ROWS]),
        (lambda m, x: m.astype(x, m.bool), [WHOLE_ROWS - 3]),
    ],
    "eye": [(lambda m: m.eye(3), []), (lambda m: m.eye(2, 3, k=1), [])],
    "full": [(lambda m: m.full((2, 3), 1.5), []), (lambda m: m.full(3, 2), [])],
    "full_like": [
        (lambda m, x: m.full_like(x, 2), [ROWS]),
        (lambda m, x: m.full_like(x, 2), [FIRST]),
    ],
    "linspace": [
        (lambda m: m.linspace(0.0, 1.0, 5), []),
        (lambda m: m.linspace(-1.0, 1.0, 4, endpoint=False), []),
    ],
    **{
        name: [(lambda m, name=name: getattr(m, name)((2, 3)), [])]
        for name in ("empty", "ones", "zeros")
    },
    **{
        name: [called(name, ROWS), called(name, FIRST)]
        for name in ("empty_like", "ones_like", "zeros_like")
    },
    "linalg.cholesky": [
        of_matrices("cholesky", SQUARE @ SQUARE.T),
        of_matrices("cholesky", SQUARE @ SQUARE.T, upper=True),
        of_matrices("cholesky", BATCH @ BATCH.mT),
    ],
    "linalg.cross": [
        of_matrices("cross", ROWS, ROWS[1]),
        of_matrices("cross", ROWS.T, ROWS.T, axis=0),
    ],
    "linalg.eigh": [
        (lambda m, a, k=k: abs(m.linalg.eigh(a)[k]), [x @ x.mT])
        for x in (SQUARE, BATCH, BATCH[:0])
        for k in (0, 1)
    ],
    "linalg.eigvalsh": [of_matrices("eigvalsh", x @ x.mT) for x in (SQUARE, BATCH, SQUARE[:1, :1])],
    "linalg.svd": [
        (lambda m, a, k=k: abs(m.linalg.svd(a, full_matrices=False)[k]), [x])
        for x in (ROWS, ROWS.T, BATCH)
        for k in (0, 1, 2)
    ],
    "linalg.svdvals": [of_matrices("svdvals", x) for x in (ROWS, ROWS.T, BATCH[:, :2])],
    "linalg.qr": [
        (lambda m, a, k=k: abs(m.linalg.qr(a)[k]), [x])
        for x in (ROWS, ROWS.T, SQUARE, BATCH)
        for k in (0, 1)
    ],
    "linalg.pinv": [of_matrices("pinv", x) for x in (ROWS, ROWS.T, BATCH[:, :2])],
    "linalg.slogdet": [
        (lambda m, a, k=k: m.linalg.slogdet(a)[k], [x])
        for x in (SQUARE, -SQUARE, BATCH, SQUARE[:0, :0])
        for k in (0, 1)
    ],
    "linalg.matrix_norm": [
        *[
            of_matrices("matrix_norm", x, ord=p)
            for x in (ROWS, BATCH)
            for p in ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf)
        ],
        of_matrices("matrix_norm", BATCH, keepdims=True),
    ],
    "linalg.det": [
        *[of_matrices("det", x) for x in (BATCH, BATCH[:0])],
        of_matrices("det", SQUARE),
        of_matrices("det", SQUARE[[1, 0, 2]] * 0.01),
    ],
    "linalg.diagonal": [of_matrices("diagonal", ROWS), of_matrices("diagonal", SQUARE, offset=-1)],
    "linalg.inv": [of_matrices("inv", SQUARE), of_matrices("inv", BATCH)],
    "linalg.matmul": [of_matrices("matmul", ROWS, SQUARE)],
    "linalg.matrix_power": [
        (lambda m, a, n=n: m.linalg.matrix_power(a, n), [x])
        for n in (-2, 0, 1, 3)
        for x in (SQUARE, BATCH)
    ],
    "linalg.matrix_transpose": [of_matrices("matrix_transpose", ROWS)],
    "linalg.outer": [of_matrices("outer", ROWS[0], ROWS[1])],
    "linalg.solve": [
        of_matrices("solve", SQUARE, ROWS[0]),
        of_matrices("solve", SQUARE, ROWS.T),
        *[of_matrices("solve", BATCH, b) for b in (ROWS[0], ROWS.T, BATCH[:, None])],
    ],
    "linalg.tensordot": [of_matrices("tensordot", ROWS, ROWS, axes=([0, 1], [0, 1]))],
    "linalg.trace": [of_matrices("trace", SQUARE), of_matrices("trace", SQUARE, offset=1)],
    "linalg.vecdot": [of_matrices("vecdot", ROWS, ROWS, axis=0)],
    "linalg.vector_norm": [
        of_matrices("vector_norm", ROWS, **how)
        for how in ({}, {"axis": 0}, {"ord": 1}, {"ord": math.inf, "axis": 1}, {"ord": 3.0})
    ],
}


def test_every_operation_is_compared_with_numpy_s() -> None:
    assert set(CASES) == OPERATIONS.keys() - {"linalg"} | {f"linalg.{name}" for name in MATRICES}
    assert set(TRUTHS) == SMOOTH.keys() | SPECIAL.keys() | {"abs", "relu"}


def met(x: Any) -> Any:
    """Return an array as a problem's function meets it."""
    x = np.asarray(x)
    return x if x.dtype == bool else array(x, integer=x.dtype.kind == "i")


@pytest.mark.parametrize(
    ("operation", "arrays"),
    [
        pytest.param(*case, id=f"{name} {i}")
        for name, cases in CASES.items()
        for i, case in enumerate(cases)
    ],
)
def test_numpy_s_answer_has_the_shape_and_type_and_lies_within_the_bound(
    operation: Callable[..., Any], arrays: list[Any]
) -> None:
    expected = operation(NUMPY, *map(np.asarray, arrays))
    with Evaluation():
        found = operation(xp, *map(met, arrays))
    assert found.shape == np.shape(expected)
    assert found.dtype.kind == expected.dtype.kind
    if not isinstance(found, Array):  # booleans, and places of components
        np.testing.assert_array_equal(found, expected)
        return
    bound = found.node.bound
    assert (np.abs(as_floats(found.node.value - balls(expected))) <= bound).all()
    assert (bound <= 1e-13 * np.maximum(np.abs(expected), 1.0)).all()
    if found.dtype.kind == "i":
        assert not bound.any()


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_of_integers_come_numpy_s_integers(name: str) -> None:
    compared = 0
    for operation, arrays in CASES[name if name in CASES else f"linalg.{name}"]:
        whole = [np.rint(np.clip(4 * np.asarray(a), -99, 99)).astype(np.int64) for a in arrays]
        if name == "pow":
            whole = [abs(a) for a in whole]
        expected = operation(NUMPY, *whole)
        if expected.dtype.kind == "i":  # with no real number among other arguments
            with Evaluation():
                found = operation(xp, *map(met, whole))
            assert found.integer
            np.testing.assert_array_equal(as_floats(found), expected)
            compared += 1
    assert compared


@pytest.mark.parametrize("n", [0, 1, 2])
def test_derivatives_of_digamma_are_mpmath_s(n: int) -> None:
    x = np.array([0.3, 2.5])
    problem = Problem("polygamma", lambda xp, x: xp.sum(xp.polygamma(n, x)), {"x": x})
    at = problem.points().declared
    values = [float(mpmath.polygamma(n, each)) for each in x]
    slopes = [float(mpmath.polygamma(n + 1, each)) for each in x]
    assert certify(problem, at, "value").high[0] == pytest.approx(sum(values), rel=1e-14)
    np.testing.assert_allclose(certify(problem, at, "gradient").high, slopes, rtol=1e-14)


INTO_REALS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "add": lambda xp, n, x: xp.add(n, x),
    "clip": lambda xp, n, x: xp.clip(n, x, 9),
    "clip by name": lambda xp, n, x: xp.clip(n, min=x),
    "concat": lambda xp, n, x: xp.concat([n, x]),
    "cross": lambda xp, n, x: xp.linalg.cross(n, x),
    "diff": lambda xp, n, x: xp.diff(n, prepend=x),
    "matmul": lambda xp, n, x: xp.matmul(n, x),
    "maximum": lambda xp, n, x: xp.maximum(n, x),
    "multiply": lambda xp, n, x: xp.multiply(n, x),
    "outer": lambda xp, n, x: xp.linalg.outer(n, x),
    "subtract": lambda xp, n, x: xp.subtract(n, x),
    "tensordot": lambda xp, n, x: xp.tensordot(n, x, axes=1),
    "tensordot of axes": lambda xp, n, x: xp.tensordot(n, x, axes=([0], [0])),
    "vecdot": lambda xp, n, x: xp.vecdot(n, x),
    "where": lambda xp, n, x: xp.where(np.array([True, False, True]), n, x),
}


@pytest.mark.parametrize("name", sorted(INTO_REALS))
def test_integers_beside_reals_become_reals(name: str) -> None:
    def total(xp: Any, x: Any) -> Any:
        return xp.sum(INTO_REALS[name](xp, xp.asarray(np.array([1, 0, 2])), x) * 1.5)

    problem = Problem("total", total, {"x": np.array([1.25, 0.5, 3.75])})
    assert certify(problem, problem.points().declared, "gradient").norm > 0.0


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("axis", [0, 1])
def test_an_order_may_be_descending(axis: int, descending: bool) -> None:
    order = np.argsort(-ROWS if descending else ROWS, axis=axis)
    np.testing.assert_array_equal(xp.argsort(array(ROWS), axis=axis, descending=descending), order)
    np.testing.assert_array_equal(
        as_floats(xp.sort(array(ROWS), axis=axis, descending=descending)),
        np.take_along_axis(ROWS, order, axis),
    )


def test_the_ends_of_a_line_may_be_differentiated() -> None:
    da, db = gradients(lambda a, b: xp.linspace(a, b, 5), 1.0, 3.0, seed=[0.0, 1.0, 0.0, 4.0, 8.0])
    assert (float(da[()]), float(db[()])) == (0.75 + 1.0, 0.25 + 3.0 + 8.0)


def test_an_array_is_filled_with_what_is_differentiated() -> None:
    assert float(gradients(lambda x: xp.sum(xp.full((2, 3), x)), 1.0)[0][()]) == 6.0


@pytest.mark.parametrize(
    "call",
    [
        lambda x: xp.exp(x, out=x),
        lambda x: xp.exp(x, x),
        lambda x: xp.sum(x, where=x > 0.0),
        lambda x: xp.zeros((2,), dtype=np.float32),
        lambda x: xp.sum(x, dtype=complex),
        lambda x: x @ xp.ones((3, 2)),
        lambda x: xp.linalg.inv(x),
        lambda x: xp.linalg.solve(xp.eye(2), xp.ones((3,))),
        lambda x: xp.linalg.cross(x, x),
        lambda x: xp.linalg.matrix_norm(xp.eye(2), ord=3),
        lambda x: xp.linalg.svd(xp.ones((3, 2))),
        lambda x: xp.linalg.qr(xp.ones((3, 2)), mode="complete"),
        lambda x: xp.linalg.svdvals(x),
        lambda x: xp.tensordot(x, xp.ones((3,)), axes=1),
        lambda x: xp.einsum(x, [0]),
        lambda x: xp.einsum("i,i->", x),
        lambda x: xp.einsum("ij->i", x),
        lambda x: xp.einsum("i,i->", x, xp.ones((3,))),
        lambda x: xp.einsum("i->j", x),
        lambda x: xp.einsum("...->", x),
        lambda x: xp.conv(x, x),
        lambda x: xp.conv(xp.ones((1, 2, 4)), xp.ones((1, 1, 2))),
        lambda x: xp.conv(xp.ones((1, 1, 2)), xp.ones((1, 1, 3))),
        lambda x: xp.conv(xp.ones((1, 1, 2)), xp.ones((1, 1, 2)), stride=0),
        lambda x: xp.conv(xp.ones((1, 1, 2)), xp.ones((1, 1, 2)), stride=(1, 2)),
        lambda x: xp.max_pool(xp.ones((1, 1, 4)), 2, padding=2),
        lambda x: xp.avg_pool(x, 2),
    ],
)
def test_what_an_operation_cannot_do_as_numpy_does_is_refused(call: Callable[[Any], Any]) -> None:
    with pytest.raises(ReferenceFailure, match=r"at test_operations\.py, line \d+: "):
        call(array([1.0, 2.0]))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: xp.linalg.eigvalsh(np.eye(2)), "are equal, or closer than the precision tells"),
        (lambda: xp.linalg.svdvals(np.eye(2)), "are equal, or closer than the precision tells"),
        (lambda: xp.linalg.svdvals(np.ones((2, 2))), "has not full rank"),
        (lambda: xp.linalg.pinv(np.ones((3, 2))), "has not full rank"),
        (lambda: xp.linalg.qr(np.ones((2, 2))), "has not full rank"),
    ],
)
def test_a_decomposition_that_has_no_derivative_is_refused(
    call: Callable[[], Any], told: str
) -> None:
    with pytest.raises(ReferenceFailure, match=told):
        call()


@pytest.mark.parametrize(
    ("of", "f"),
    [
        ("eigenvectors", lambda m, a: m.linalg.eigh(a + a.T)[1][0, 0]),
        ("eigenvectors", lambda m, a: m.sum(m.prod(m.linalg.eigh(a + a.T)[1], axis=1))),
        ("singular vectors", lambda m, a: m.linalg.svd(a, full_matrices=False)[0][0, 0]),
        ("QR factors", lambda m, a: m.linalg.qr(a)[1][0, 1]),
    ],
)
def test_what_depends_on_a_sign_that_is_not_defined_is_refused(of: str, f: Any) -> None:
    problem = Problem("signed", f, {"a": SKEW})
    with pytest.raises(ReferenceFailure, match=f"depends on the signs of {of}"):
        certify(problem, Argument(problem.point()), "gradient")


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (3, 3)])
def test_enclosed_factors_give_the_matrix_back(shape: tuple[int, int]) -> None:
    a = np.random.default_rng(4).standard_normal(shape)
    with Evaluation():
        q, r = xp.linalg.qr(array(a))
        u, s, vh = xp.linalg.svd(array(a), full_matrices=False)
        values, vectors = xp.linalg.eigh(array(a @ a.T))
        inverse = xp.linalg.pinv(array(a))
    for found, expected in (
        (q @ r, a), ((u * s) @ vh, a), ((vectors * values) @ vectors.T, a @ a.T),
        (array(a) @ inverse @ a, a), (q.T @ q, np.eye(q.shape[1])),
    ):  # fmt: skip
        for entry, true in zip(found.node.value.flat, np.ravel(expected).tolist(), strict=True):
            assert float(entry.rad()) < 1e-40
            assert abs(float(entry) - true) < 1e-13
            assert entry.contains(true) or expected is not a
