"""Every operation of the reference: its balls contain the truth, and its cotangents are exact."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
from flint import arb

from gradiometer.errors import ReferenceFailure
from gradiometer.measure.reference.balls import Undecided, balls
from gradiometer.measure.reference.operations import NAMESPACE, OPERATIONS, SMOOTH
from gradiometer.measure.reference.tape import Node, backward, enclosing, taped
from gradiometer.namespace import BEYOND_THE_STANDARD

xp = NAMESPACE
Array = np.ndarray

BELOW_1, ABOVE_1 = float(np.nextafter(1.0, 0.0)), float(np.nextafter(1.0, 2.0))
LINE = (0.5, -3.25, 1e-30, -1e-100, 20.0)
UNIT = (0.5, -0.3, 1e-30, BELOW_1, -BELOW_1)
POSITIVE = (0.5, 1e-100, 3.0, BELOW_1, 1e100)

# name: (the same function in mpmath, points of its domain, some of them beside a singularity)
TRUTHS: dict[str, tuple[Callable[[Any], Any], tuple[float, ...]]] = {
    "exp": (mpmath.exp, (*LINE, 700.0, -700.0)),
    "expm1": (mpmath.expm1, LINE),
    "log": (mpmath.log, (*POSITIVE, ABOVE_1)),
    "log1p": (mpmath.log1p, (0.5, 1e-100, -1e-30, -BELOW_1, 1e100)),
    "sqrt": (mpmath.sqrt, POSITIVE),
    "square": (lambda x: x * x, (*LINE, 0.0, 1e100)),
    "sin": (mpmath.sin, (*LINE, 0.0, math.pi, 1e22)),
    "cos": (mpmath.cos, (*LINE, 0.0, math.pi / 2, 1e22)),
    "tan": (mpmath.tan, (*LINE, math.pi / 2, math.pi, 1e22)),
    "asin": (mpmath.asin, UNIT),
    "acos": (mpmath.acos, UNIT),
    "atan": (mpmath.atan, (*LINE, 0.0, 1e100)),
    "sinh": (mpmath.sinh, (*LINE, 700.0)),
    "cosh": (mpmath.cosh, (*LINE, 0.0, -700.0)),
    "tanh": (mpmath.tanh, (*LINE, 0.0, 22.0)),
    "asinh": (mpmath.asinh, (*LINE, 0.0, 1e100)),
    "acosh": (mpmath.acosh, (1.5, ABOVE_1, 20.0, 1e100)),
    "atanh": (mpmath.atanh, UNIT),
    "erf": (mpmath.erf, (0.5, -3.25, 1e-30, 0.0, 5.5)),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), (*LINE, 0.0, 40.0, -700.0)),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), (0.5, -3.25, 40.0, -700.0, 700.0)),
    "relu": (lambda x: max(x, 0), (0.5, -3.25, 1e-300, -1e-300)),
    "abs": (abs, (0.5, -3.25, 1e-300, -1e-300, 1e300)),
}
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


def gradients(f: Callable[..., Node], *values: Any, seed: Any = 1) -> list[Array]:
    """Return the cotangents of f's arguments, as object arrays of balls."""
    nodes = [Node(np.asarray(v, dtype=float), variable=True) for v in values]
    found = backward({f(*nodes): balls(seed)}, enclosing)
    return [balls(np.broadcast_to(found.get(n, np.zeros(())), n.shape)) for n in nodes]


def as_floats(x: Any) -> Array:
    array = balls(x)
    return np.array([float(b) for b in array.flat]).reshape(array.shape)


def test_every_operation_is_tested_here() -> None:
    tested = set(TRUTHS) | set(STRUCTURAL) | {name for name, *_ in REDUCTIONS} | {"pi", "e"}
    tested |= {"matmul", "maximum", "minimum", "pow", "where", "prod", "cumulative_sum"}
    tested |= {"atan2", "linalg"}
    assert tested >= set(OPERATIONS) | set(BEYOND_THE_STANDARD)
    assert set(SMOOTH) <= set(TRUTHS)


@pytest.mark.parametrize(
    ("name", "x"), [(name, x) for name, (_, points) in TRUTHS.items() for x in points]
)
def test_value_and_derivative_contain_the_truth_and_are_tight(name: str, x: float) -> None:
    truth = TRUTHS[name][0]
    operation = getattr(xp, name)
    value = operation(Node(x)).value[()]
    slope = gradients(operation, x)[0][()]
    with mpmath.workdps(TRUTH_DIGITS):
        true_value, true_slope = truth(mpmath.mpf(x)), mpmath.diff(truth, mpmath.mpf(x))
        for ball, expected in ((value, true_value), (slope, true_slope)):
            # A numerical derivative is exact to hundreds of digits, a ball may have no radius.
            error = abs(expected) * mpmath.mpf(10) ** -150 + mpmath.mpf(10) ** -350
            assert ball.overlaps(exact(expected) + arb(0, 1) * exact(error))
            assert float(ball.rad()) <= 1e-38 * abs(float(expected)) + 1e-250


def curvature(f: Callable[[Any], Node], x: float) -> arb:
    """Return f″(x), by a backward pass over the tape of one."""
    node = Node(x, variable=True)
    slope = backward({f(node): Node(1)}, taped)[node]
    return balls(backward({slope: balls(1)}, enclosing).get(node, 0.0))[()]


@pytest.mark.parametrize(
    ("name", "x"), [(name, x) for name, (_, points) in TRUTHS.items() for x in points]
)
def test_the_second_derivative_contains_the_truth_and_is_as_tight_as_the_others(
    name: str, x: float
) -> None:
    truth = TRUTHS[name][0]
    ball = curvature(getattr(xp, name), x)
    with mpmath.workdps(TRUTH_DIGITS):
        expected, slope = (mpmath.diff(truth, mpmath.mpf(x), k) for k in (2, 1))
        error = abs(expected) * mpmath.mpf(10) ** -150 + mpmath.mpf(10) ** -350
        assert ball.overlaps(exact(expected) + arb(0, 1) * exact(error))
    # Next to a saturation, 1 − y is as exact as y, and no more.
    assert float(ball.rad()) <= 1e-38 * max(abs(float(expected)), abs(float(slope))) + 1e-250


@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_a_ball_in_gives_a_ball_that_covers_its_images(name: str) -> None:
    truth, points = TRUTHS[name]
    middle, radius = points[0], 1e-3
    ball = getattr(xp, name)(Node(arb(middle, radius))).value[()]
    with mpmath.workdps(60):
        for t in (-1, -0.5, 0, 0.3, 1):
            assert ball.contains(exact(truth(mpmath.mpf(middle) + t * mpmath.mpf(radius) * 0.999)))


@pytest.mark.parametrize("name", [*sorted(SMOOTH), "sigmoid", "softplus", "abs", "relu"])
def test_an_array_is_taken_componentwise(name: str) -> None:
    points = np.array(TRUTHS[name][1][:3])
    operation = getattr(xp, name)
    x = np.stack([points, points[::-1]])
    weights = np.arange(1.0, 7.0).reshape(2, 3)
    assert operation(Node(x)).shape == (2, 3)
    found = gradients(operation, x, seed=weights)[0]
    for index in np.ndindex(2, 3):
        alone = gradients(operation, x[index], seed=weights[index])[0][()]
        assert found[index].overlaps(alone)


@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("log", 0.0), ("log", -1.0), ("sqrt", -1e-300), ("asin", ABOVE_1), ("acos", -ABOVE_1),
        ("acosh", BELOW_1), ("atanh", 1.0), ("log1p", -1.0), ("log1p", -2.0),
    ],
)  # fmt: skip
def test_outside_its_domain_a_function_has_no_finite_ball(name: str, x: float) -> None:
    assert not getattr(xp, name)(Node(x)).value[()].is_finite()


@pytest.mark.parametrize(
    ("name", "x"), [("sqrt", 0.0), ("asin", 1.0), ("acos", -1.0), ("acosh", 1.0)]
)
def test_where_a_derivative_is_infinite_it_has_no_finite_ball(name: str, x: float) -> None:
    assert getattr(xp, name)(Node(x)).value[()].is_finite()
    assert not gradients(getattr(xp, name), x)[0][()].is_finite()


@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_a_constant_is_not_differentiated(name: str) -> None:
    assert not getattr(xp, name)(TRUTHS[name][1][0]).tracked


def test_softplus_is_smooth_at_zero() -> None:
    assert float(gradients(xp.softplus, 0.0)[0][()]) == 0.5


@pytest.mark.parametrize(
    ("f", "at"),
    [
        pytest.param(xp.abs, [0.0], id="abs"),
        pytest.param(xp.relu, [0.0], id="relu"),
        pytest.param(lambda x: xp.maximum(x, x), [1.0], id="maximum"),
        pytest.param(lambda x: xp.minimum(x, 2.0), [2.0], id="minimum"),
        pytest.param(lambda x: xp.maximum(x[0], x[1]), [[3.0, 3.0]], id="tie"),
        pytest.param(lambda x: xp.where(x > 0.0, x, -x), [0.0], id="where"),
        pytest.param(xp.abs, [[1.0, -2.0, 0.0]], id="one of three"),
    ],
)
def test_a_kink_is_refused(f: Callable[..., Node], at: list[Any]) -> None:
    with pytest.raises(Undecided, match="kink"):
        gradients(f, *at)


PAIRS = [((), ()), ((3,), (3,)), ((), (3,)), ((3,), ()), ((2, 1), (3,)), ((1, 3), (2, 1))]


def spread(condition: Array, weights: Array, shape: tuple[int, ...]) -> Array:
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
        operation: Callable[..., Node] = lambda x, y: xp.where(chosen, x, y)  # noqa: E731
    else:
        operation = getattr(xp, name)
    np.testing.assert_array_equal(as_floats(operation(a, b).value), np.where(chosen, a, b))
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
def test_a_condition_of_numbers_is_refused_or_taken_for_what_it_says(dtype: type) -> None:
    mask = np.array([1, 0]).astype(dtype)
    try:
        da, db = gradients(lambda a, b: xp.sum(xp.where(mask, a, b)), [1.0, 2.0], [3.0, 4.0])
    except (ReferenceFailure, TypeError):
        return
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
    for kept in ([{}, {"keepdims": True}] if name != "logsumexp" else [{}])
]


def in_numpy(name: str, x: Array, **how: Any) -> Array:
    if name == "logsumexp":
        return np.log(np.sum(np.exp(x), **how))
    return getattr(np, name)(x, **how)


@pytest.mark.parametrize(("name", "how"), REDUCTIONS, ids=str)
def test_a_reduction_has_numpy_s_value_and_shape(name: str, how: dict[str, Any]) -> None:
    x = np.random.default_rng(1).standard_normal((2, 3, 4))
    value = as_floats(getattr(xp, name)(x, **how).value)
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
    assert float(getattr(xp, name)(2.5).value[()]) == 2.5
    assert float(gradients(getattr(xp, name), 2.5)[0][()]) == 1.0


def test_a_sum_of_nothing_is_zero() -> None:
    assert float(xp.sum(np.zeros((0, 3))).value[()]) == 0.0
    np.testing.assert_array_equal(as_floats(xp.sum(np.zeros((0, 3)), 0).value), np.zeros(3))


@pytest.mark.parametrize("x", [[0.5, -1.0, 2.0], [800.0, 801.0, 0.0], [-2000.0, -2001.0, -2000.5]])
def test_logsumexp_contains_the_truth_where_doubles_overflow(x: list[float]) -> None:
    value, (slopes,) = xp.logsumexp(Node(x)).value[()], gradients(xp.logsumexp, x)
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
    np.testing.assert_array_equal(as_floats(operation(xp, places).value), moved)
    found = gradients(lambda *nodes: operation(xp, nodes), *places, seed=weights)
    expected = np.bincount(moved.ravel(), weights.ravel(), minlength=starts[-1])
    for cotangent, place in zip(found, places, strict=True):
        np.testing.assert_array_equal(as_floats(cotangent), expected[place])


def test_structural_operations_take_constants_among_variables() -> None:
    (found,) = gradients(lambda x: xp.sum(xp.stack([x, 2.0, x * 3.0])), 1.0)
    assert float(found[()]) == 4.0


def test_matmul_and_pow_are_the_operators() -> None:
    A, x = np.array([[1.0, 2.0], [3.0, 4.0]]), [5.0, 6.0]
    np.testing.assert_array_equal(as_floats(xp.matmul(A, x).value), [17.0, 39.0])
    (dx,) = gradients(lambda v: xp.sum(xp.matmul(A, v)), x)
    np.testing.assert_array_equal(as_floats(dx), [4.0, 6.0])
    assert float(xp.pow(3.0, 2).value[()]) == 9.0
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
    np.testing.assert_array_equal(as_floats(found.value), whole)
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
    np.testing.assert_array_equal(as_floats(found.value), np.cumsum(x, axis=axis))
    (back,) = gradients(lambda v: xp.cumulative_sum(v, axis=axis), x, seed=weights)
    expected = np.flip(np.cumsum(np.flip(weights, axis), axis), axis)
    np.testing.assert_array_equal(as_floats(back), expected)


@pytest.mark.parametrize("y", [-2.0, -1e-30, 0.5, 1e100])
@pytest.mark.parametrize("x", [-3.0, -1e-30, 0.0, 0.25, 1e100])
def test_an_angle_and_its_derivatives_contain_the_truth_in_every_quadrant(
    y: float, x: float
) -> None:
    angle, (dy, dx) = xp.atan2(y, x).value[()], gradients(xp.atan2, y, x)
    with mpmath.workdps(TRUTH_DIGITS):
        Y, X = mpmath.mpf(y), mpmath.mpf(x)
        square = X * X + Y * Y
        for ball, truth in (
            (angle, mpmath.atan2(Y, X)),
            (dy[()], X / square),
            (dx[()], -Y / square),
        ):
            error = abs(truth) * mpmath.mpf(10) ** -150
            assert ball.overlaps(exact(truth) + arb(0, 1) * exact(error))
            assert float(ball.rad()) <= 1e-38 * abs(float(truth))


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
    inverse = xp.linalg.inv(Node(a))
    for product in (inverse @ a, a @ inverse):
        for (i, j), ball in np.ndenumerate(product.value):
            assert ball.contains(int(i == j))
            assert float(ball.rad()) <= 1e-45


@pytest.mark.parametrize("right", [(3,), (3, 1), (3, 2)])
def test_a_solution_solves(right: tuple[int, ...]) -> None:
    b = np.random.default_rng(3).standard_normal(right)
    solution = xp.linalg.solve(Node(SKEW), Node(b))
    assert solution.shape == right
    for ball, expected in zip((SKEW @ solution).value.flat, b.ravel().tolist(), strict=True):
        assert ball.contains(expected)
    np.testing.assert_allclose(as_floats(solution.value), np.linalg.solve(SKEW, b), rtol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_a_cholesky_factor_is_lower_and_gives_the_matrix_back(n: int) -> None:
    root = np.random.default_rng(n).standard_normal((n, n)) + 3.0 * np.eye(n)
    a = root @ root.T
    a = (a + a.T) / 2
    factor = xp.linalg.cholesky(Node(a))
    assert factor.shape == (n, n)
    np.testing.assert_array_equal(as_floats(factor.value)[np.triu_indices(n, 1)], 0.0)
    for ball, expected in zip((factor @ factor.T).value.flat, a.ravel().tolist(), strict=True):
        assert ball.contains(expected)
    np.testing.assert_allclose(as_floats(factor.value), np.linalg.cholesky(a), atol=1e-12)


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
    shape = operation(Node(SKEW)).shape
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


def test_a_matrix_that_is_not_positive_has_no_finite_factor() -> None:
    assert not xp.linalg.cholesky(np.array([[1.0, 2.0], [2.0, 1.0]])).value[1, 1].is_finite()


@pytest.mark.parametrize("name", ["det", "svd", "eigh"])
def test_linear_algebra_without_a_rule_is_named_in_full(name: str) -> None:
    with pytest.raises(ReferenceFailure, match=rf"no rule for the operation 'linalg\.{name}'"):
        getattr(xp.linalg, name)


def test_the_constants_are_the_doubles_that_every_method_uses() -> None:
    assert type(xp.pi) is type(xp.e) is float
    assert (xp.pi, xp.e) == (math.pi, math.e)


@pytest.mark.parametrize("name", ["max", "cumsum", "einsum", "gamma"])
def test_an_operation_without_a_rule_is_named_with_those_there_are(name: str) -> None:
    with pytest.raises(ReferenceFailure, match=rf"no rule for the operation '{name}'.*exp.*where"):
        getattr(xp, name)


def test_looking_for_a_protocol_does_not_fail_the_case() -> None:
    assert not hasattr(xp, "__array_namespace_info__")
    assert getattr(xp, "__wrapped__", None) is None


@pytest.mark.parametrize("name", sorted(BEYOND_THE_STANDARD))
def test_what_the_standard_lacks_is_composed(name: str) -> None:
    assert isinstance(getattr(xp, name)(Node([0.5, 2.0])), Node)
