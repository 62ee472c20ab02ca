"""The tape: every operator's value and derivatives enclose the exact ones; kinks are refused."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
import sympy
from flint import arb

from gradiometer.errors import ReferenceFailure
from gradiometer.measure.reference.balls import Undecided, balls
from gradiometer.measure.reference.tape import (
    Node,
    backward,
    enclosing,
    lift,
    moduli,
    modulus,
    pick,
    product,
    reshape,
    scatter,
    select,
    spread,
    taped,
    times,
    transpose,
    unbroadcast,
)

Array = np.ndarray


@pytest.fixture(autouse=True)
def working_precision() -> Iterator[None]:
    with flint.ctx.workprec(192):
        yield


def rational(exact: arb) -> Fraction:
    mantissa, exponent = exact.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def contains(ball: arb, truth: Fraction) -> bool:
    return ball.is_finite() and abs(rational(ball.mid()) - truth) <= rational(ball.rad())


def variables(*values: Any) -> list[Node]:
    return [Node(np.asarray(v, dtype=float), variable=True) for v in values]


def gradients(f: Callable[..., Node], *values: Any) -> list[Array]:
    """Return the gradients of a scalar f, as object arrays of balls."""
    nodes = variables(*values)
    found = backward({f(*nodes): balls(1)}, enclosing)
    return [balls(found.get(node, np.zeros(node.shape))) for node in nodes]


def as_floats(balls_: Array) -> Array:
    return np.array([float(b) for b in balls_.flat]).reshape(balls_.shape)


def summed(node: Node) -> Node:
    """Return the sum of all components, by products alone."""
    flat = node[tuple(np.indices(node.shape).reshape(node.ndim, -1))] if node.ndim > 1 else node
    return flat @ np.ones(node.size) if node.ndim else node


# (label, f(x, y), ∂f/∂x, ∂f/∂y), all rational
RATIONAL: list[tuple[str, Any, Any, Any]] = [
    ("x + y", lambda x, y: x + y, lambda x, y: 1, lambda x, y: 1),
    ("x − y", lambda x, y: x - y, lambda x, y: 1, lambda x, y: -1),
    ("x·y", lambda x, y: x * y, lambda x, y: y, lambda x, y: x),
    ("x/y", lambda x, y: x / y, lambda x, y: 1 / y, lambda x, y: -x / y**2),
    ("−x", lambda x, y: -x + 0 * y, lambda x, y: -1, lambda x, y: 0),
    ("x³", lambda x, y: x**3 - y, lambda x, y: 3 * x**2, lambda x, y: -1),
    ("x¹", lambda x, y: x**1 + y**1, lambda x, y: 1, lambda x, y: 1),
    ("x⁰", lambda x, y: x**0 * y, lambda x, y: 0, lambda x, y: 1),
    ("x⁻²", lambda x, y: x**-2 * y, lambda x, y: -2 * y / x**3, lambda x, y: 1 / x**2),
    ("3 + x", lambda x, y: 3 + x + y, lambda x, y: 1, lambda x, y: 1),
    ("3 − x", lambda x, y: 3 - x - y, lambda x, y: -1, lambda x, y: -1),
    ("3·x", lambda x, y: 3 * x * y, lambda x, y: 3 * y, lambda x, y: 3 * x),
    ("3/x", lambda x, y: 3 / x / y, lambda x, y: -3 / x**2 / y, lambda x, y: -3 / x / y**2),
    ("x·x", lambda x, y: x * x + y, lambda x, y: 2 * x, lambda x, y: 1),
    ("(x − y)/(x + y)", lambda x, y: (x - y) / (x + y),
     lambda x, y: 2 * y / (x + y) ** 2, lambda x, y: -2 * x / (x + y) ** 2),
]  # fmt: skip
POINTS = [(2.0, 3.0), (-0.1, 0.7), (1e-150, 3e150), (-7e100, 1e-100), (1 / 3, 5e-324)]


@pytest.mark.parametrize("at", POINTS, ids=str)
@pytest.mark.parametrize(("f", "dx", "dy"), [c[1:] for c in RATIONAL], ids=[c[0] for c in RATIONAL])
def test_arithmetic_encloses_the_exact_value_and_derivatives(
    f: Any, dx: Any, dy: Any, at: tuple[float, float]
) -> None:
    x, y = map(Fraction, at)
    assert contains(f(*variables(*at)).value[()], Fraction(f(x, y)))
    found = gradients(f, *at)
    assert contains(found[0][()], Fraction(dx(x, y)))
    assert contains(found[1][()], Fraction(dy(x, y)))


@pytest.mark.parametrize("x", [0.0, -0.0, -1.5])
@pytest.mark.parametrize(("exponent", "slope"), [(1, 1.0), (2, 0.0), (3, 0.0)])
def test_a_positive_whole_power_is_differentiable_at_zero(
    x: float, exponent: int, slope: float
) -> None:
    expected = Fraction(slope) if x == 0.0 else exponent * Fraction(x) ** (exponent - 1)
    assert contains(gradients(lambda v: v**exponent, x)[0][()], expected)


def test_the_zeroth_power_is_constant_even_at_zero() -> None:
    assert contains(gradients(lambda x: x**0 + x, 0.0)[0][()], Fraction(1))


@pytest.mark.parametrize("exponent", [2.0, np.float64(2.0), np.array(2.0), np.int64(2)])
def test_a_whole_exponent_of_any_type_takes_a_negative_base(exponent: Any) -> None:
    assert float(gradients(lambda x: x**exponent, -3.0)[0][()]) == -6.0


@pytest.mark.parametrize("exponent", [0.5, -1.25, 3.0, 1e-20])
@pytest.mark.parametrize("base", [2.0, 1e-100, 3e200])
def test_a_power_encloses_the_true_derivatives_in_base_and_exponent(
    base: float, exponent: float
) -> None:
    power, (db, de) = Node(base) ** exponent, gradients(lambda b, e: b**e, base, exponent)
    with mpmath.workdps(120):
        b, e = mpmath.mpf(base), mpmath.mpf(exponent)
        for ball, truth in [
            (power.value[()], b**e),
            (db[()], e * b ** (e - 1)),
            (de[()], b**e * mpmath.log(b)),
        ]:
            mantissa, exponent_ = truth.man_exp
            assert ball.contains(arb((int(mantissa) * int(mpmath.sign(truth)), exponent_)))


def test_a_constant_to_a_variable_power() -> None:
    slope = gradients(lambda x: 2.0**x, 3.0)[0][()]
    assert float(slope) == pytest.approx(8.0 * np.log(2.0), rel=1e-15)


def test_a_constant_exponent_needs_no_logarithm_of_a_negative_base() -> None:
    assert contains(gradients(lambda x: x**-1.0, -2.0)[0][()], Fraction(-1, 4))


@pytest.mark.parametrize("binary", [operator.add, operator.sub, operator.mul, operator.truediv])
@pytest.mark.parametrize(
    ("left", "right"),
    [((), (3,)), ((3,), ()), ((1,), (3,)), ((2, 1), (3,)), ((2, 3), (1, 3)), ((2, 1), (1, 3))],
    ids=str,
)
def test_operands_are_broadcast_and_their_cotangents_summed_back(
    binary: Any, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(5)
    a, b = rng.uniform(1.0, 2.0, left), rng.uniform(1.0, 2.0, right)
    da, db = gradients(lambda x, y: summed(binary(x, y)), a, b)
    assert (da.shape, db.shape) == (left, right)
    A, B = np.broadcast_arrays(a, b)
    local = {
        operator.add: (np.ones_like(A), np.ones_like(B)),
        operator.sub: (np.ones_like(A), -np.ones_like(B)),
        operator.mul: (B, A),
        operator.truediv: (1 / B, -A / B**2),
    }[binary]
    for found, partial, shape in zip((da, db), local, (left, right), strict=True):
        one_by_one = np.zeros(shape)
        for index in np.ndindex(partial.shape):
            padded = index[len(index) - len(shape) :]
            own = tuple(0 if n == 1 else k for k, n in zip(padded, shape, strict=True))
            one_by_one[own] += partial[index]
        np.testing.assert_allclose(as_floats(found), one_by_one, rtol=1e-14)


@pytest.mark.parametrize("left", [2.0, np.float64(2.0), np.array([2.0, 3.0]), 2, [2.0, 3.0]])
@pytest.mark.parametrize(
    "binary", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
)
def test_numbers_and_arrays_on_the_left_leave_the_operation_to_the_node(
    binary: Any, left: Any
) -> None:
    result = binary(left, Node([2.0, 4.0], variable=True))
    assert isinstance(result, Node)
    np.testing.assert_array_equal(as_floats(result.value), binary(np.asarray(left), [2.0, 4.0]))


MATRIX_PRODUCTS = [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((1, 1), (1, 1))]


@pytest.mark.parametrize(("left", "right"), MATRIX_PRODUCTS, ids=str)
def test_a_matrix_product_and_both_its_cotangents_are_exact_on_integers(
    left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(3)
    a, b = (rng.integers(-9, 9, shape).astype(float) for shape in (left, right))
    weights = rng.integers(-9, 9, (a @ b).shape).astype(float)
    outcome = Node(a) @ Node(b)
    np.testing.assert_array_equal(as_floats(outcome.value), a @ b)
    assert outcome.shape == (a @ b).shape
    da, db = gradients(lambda x, y: summed((x @ y) * weights), a, b)
    for found, whole, at in ((da, a, 0), (db, b, 1)):
        for index in np.ndindex(whole.shape):
            unit = np.zeros_like(whole)
            unit[index] = 1.0
            change = unit @ b if at == 0 else a @ unit
            assert float(found[index]) == float(np.sum(weights * change))


def test_a_matrix_product_takes_numpy_arrays_on_either_side() -> None:
    A, x = np.array([[1.0, 2.0], [3.0, 4.0]]), Node([5.0, 6.0])
    np.testing.assert_array_equal(as_floats((A @ x).value), [17.0, 39.0])
    np.testing.assert_array_equal(as_floats((x @ A).value), [23.0, 34.0])


@pytest.mark.parametrize(("left", "right"), [((2, 2, 2), (2, 2)), ((), (2,)), ((2,), (2, 2, 2))])
def test_a_matrix_product_of_other_than_one_or_two_axes_is_refused(
    left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    with pytest.raises(ReferenceFailure, match="one or two axes only"):
        product(Node(np.ones(left)), Node(np.ones(right)))


KEYS: list[Any] = [
    0,
    -1,
    slice(None),
    slice(1, None, 2),
    (slice(None), 1),
    (1, 2),
    (Ellipsis, 0),
    (None, 0),
    np.array([0, 2, 0, 0]),
    (np.array([0, 1, 1]), np.array([2, 2, 2])),
    np.array([True, False, True]),
    slice(0, 0),
]


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_an_index_sends_each_cotangent_back_to_where_it_was_taken(key: Any) -> None:
    x = np.arange(12.0).reshape(3, 4)
    positions = np.arange(12).reshape(3, 4)[key]
    weights = np.arange(1.0, 1.0 + positions.size).reshape(positions.shape)
    nodes = variables(x)
    found = backward({nodes[0][key]: balls(weights)}, enclosing)[nodes[0]]
    expected = np.bincount(positions.ravel(), weights.ravel(), minlength=12).reshape(3, 4)
    np.testing.assert_array_equal(as_floats(balls(found)), expected)
    np.testing.assert_array_equal(as_floats(nodes[0][key].value), x[key])


def squared(node: Node) -> Node:
    return node * node


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        pytest.param(lambda x: squared(x[1]), [0.0, 6.0], id="index"),
        pytest.param(lambda x: squared(x[0].T), [4.0, 0.0], id="transpose"),
        pytest.param(lambda x: squared(x @ np.ones(2)), [10.0, 10.0], id="product"),
        pytest.param(lambda x: squared(-x[0]) + squared(x[1] / 1), [4.0, 6.0], id="elementwise"),
        pytest.param(lambda x: sum(v * v for v in x), [4.0, 6.0], id="iteration"),
    ],
)
def test_a_scalar_that_is_used_twice_gathers_both_cotangents(
    f: Callable[[Node], Node], expected: list[float]
) -> None:
    np.testing.assert_array_equal(as_floats(gradients(f, [2.0, 3.0])[0]), expected)


def test_the_transposed_matrix_sends_its_cotangent_back_transposed() -> None:
    weights = np.arange(6.0).reshape(3, 2)
    nodes = variables(np.ones((2, 3)))
    assert nodes[0].T.shape == (3, 2)
    found = backward({nodes[0].T: balls(weights)}, enclosing)[nodes[0]]
    np.testing.assert_array_equal(as_floats(found), weights.T)


@pytest.mark.parametrize("shape", [(), (0,), (4,), (2, 3)])
def test_a_node_has_the_shape_of_its_array(shape: tuple[int, ...]) -> None:
    node, array = Node(np.zeros(shape)), np.zeros(shape)
    assert (node.shape, node.ndim, node.size) == (array.shape, array.ndim, array.size)


def test_a_node_s_length_is_that_of_its_first_axis() -> None:
    assert len(Node(np.zeros((2, 3)))) == 2
    assert [v.shape for v in Node(np.zeros((2, 3)))] == [(3,), (3,)]


@pytest.mark.parametrize(
    ("compare", "expected"),
    [
        (lambda x: x > 1.0, [False, True]),
        (lambda x: x < 1.0, [True, False]),
        (lambda x: x >= 1.0, [False, True]),
        (lambda x: x <= 1.0, [True, False]),
        (lambda x: 1.0 > x, [True, False]),  # noqa: SIM300  # the side is what is tested
        (lambda x: np.array([1.0, 1.0]) < x, [False, True]),
        (lambda x: x > Node(1.0), [False, True]),
        (lambda x: x - 0.5 < x, [True, True]),
    ],
)
def test_a_comparison_gives_plain_booleans(compare: Any, expected: list[bool]) -> None:
    decided = compare(Node([0.5, 2.0], variable=True))
    assert isinstance(decided, np.ndarray)
    assert decided.tolist() == expected


@pytest.mark.parametrize("compare", [operator.gt, operator.lt, operator.ge, operator.le])
@pytest.mark.parametrize("x", [1.0, [3.0, 1.0], [[0.0], [1.0]]])
def test_a_comparison_on_a_kink_is_refused(compare: Any, x: Any) -> None:
    with pytest.raises(Undecided, match="kink"):
        compare(Node(x, variable=True), 1.0)


@pytest.mark.parametrize("compare", [operator.eq, operator.ne])
@pytest.mark.parametrize("other", [1.0, 2.0, Node(1.0), None])
def test_equality_is_refused_with_what_to_use_instead(compare: Any, other: Any) -> None:
    with pytest.raises(ReferenceFailure, match=r"`==` between balls: use < or >"):
        compare(Node(1.0), other)


def test_lifting_leaves_nodes_alone_and_makes_constants_of_the_rest() -> None:
    node = Node(1.0, variable=True)
    assert lift(node) is node
    assert not lift(2.0).tracked
    assert lift([1.0, 2.0]).shape == (2,)


def test_only_what_depends_on_a_variable_is_recorded() -> None:
    x, constant = Node(2.0, variable=True), Node(3.0)
    assert not (constant * constant + 1.0).tracked
    assert not (constant * constant).edges
    mixed = constant * x
    assert mixed.tracked
    assert [parent for parent, _ in mixed.edges if parent is not x] == []


def test_a_node_that_the_output_does_not_depend_on_has_no_cotangent() -> None:
    x, y = variables(2.0, 3.0)
    found = backward({x * 2.0: balls(1)}, enclosing)
    assert y not in found
    assert x in found


def test_an_output_that_is_the_input_has_the_seed_for_cotangent() -> None:
    (x,) = variables(2.0)
    assert float(backward({x: balls(7)}, enclosing)[x][()]) == 7.0


def test_cotangents_over_many_paths_add_up() -> None:
    def diamond(x: Node) -> Node:
        a = x * x
        b, c = a * 3.0, a + x
        return b * c + a

    # 3x²·(x² + x) + x², differentiated by hand
    x = Fraction(3, 2)
    assert contains(gradients(diamond, 1.5)[0][()], 12 * x**3 + 9 * x**2 + 2 * x)


def test_backward_is_linear_in_its_seed() -> None:
    nodes = variables([1.5, -2.0], [0.5, 4.0])
    y = nodes[0] * nodes[1] / (nodes[0] * nodes[0] + 1.0)
    seeds = np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([3.0, -2.0])
    a, b, both = ([backward({y: balls(s)}, enclosing)[n] for n in nodes] for s in seeds)
    for one, other, mixed in zip(a, b, both, strict=True):
        assert all(u.overlaps(3 * v - 2 * w) for u, v, w in zip(mixed, one, other, strict=True))


def test_a_long_chain_needs_no_recursion() -> None:
    def chain(x: Node) -> Node:
        for _ in range(5000):
            x = x + 1.0
        return x

    assert float(gradients(chain, 0.0)[0][()]) == 1.0


def magnitudes(f: Callable[..., Node], *values: Any) -> list[float]:
    nodes = variables(*values)
    found = backward({f(*nodes): np.ones(())}, modulus)
    return [float(found[node]) for node in nodes]


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x * 3.0 - x * 2.0, 5.0),
        (lambda x: x - x, 2.0),
        (lambda x: -x * x, 4.0),
        (lambda x: (x - 5.0) * (x - 5.0), 6.0),
        (lambda x: x**-2 - 1.0 / x, 0.5),
        (lambda x: x * 1e16 - x * 1e16, 2e16),
    ],
)
def test_absolute_coefficients_give_the_sum_over_paths(f: Any, expected: float) -> None:
    assert magnitudes(f, 2.0)[0] == expected


@pytest.mark.parametrize(("f", "dx", "dy"), [c[1:] for c in RATIONAL], ids=[c[0] for c in RATIONAL])
def test_the_sum_over_paths_is_never_less_than_the_derivative(f: Any, dx: Any, dy: Any) -> None:
    at = (-0.75, 2.5)
    for sizes, found in zip(magnitudes(f, *at), gradients(f, *at), strict=True):
        assert sizes >= abs(float(found[()])) * (1 - 1e-15)


@pytest.mark.parametrize(("f", "dx", "dy"), [c[1:] for c in RATIONAL], ids=[c[0] for c in RATIONAL])
def test_moduli_in_balls_are_those_in_doubles(f: Any, dx: Any, dy: Any) -> None:
    nodes = variables(-0.75, 2.5)
    y = f(*nodes)
    doubles = backward({y: np.ones(())}, modulus)
    exact = backward({y: balls(1)}, moduli)
    for node in set(nodes) & set(doubles):
        assert float(exact[node][()]) == pytest.approx(float(doubles[node]), rel=1e-14)


def test_moduli_in_balls_hold_what_doubles_do_not() -> None:
    (x,) = variables(2.0)
    y = x * 1e-200 * 1e200 * 1e200
    with np.errstate(over="ignore"):
        assert not np.isfinite(backward({y: np.ones(())}, modulus)[x])
    assert float(backward({y: balls(1)}, moduli)[x][()]) == pytest.approx(1e200)


# Several outputs.


def test_cotangents_of_several_outputs_add_up() -> None:
    x, y = variables(2.0, 3.0)
    found = backward({x * y: balls(5), x + y * y: balls(-7), x: balls(11)}, enclosing)
    assert float(found[x][()]) == 5 * 3 - 7 + 11
    assert float(found[y][()]) == 5 * 2 - 7 * 2 * 3


def test_an_output_may_be_computed_from_another() -> None:
    (x,) = variables(2.0)
    y = x * x
    z = y * x
    for seeds in ({y: balls(3), z: balls(5)}, {z: balls(5), y: balls(3)}):
        assert float(backward(seeds, enclosing)[x][()]) == 3 * 4 + 5 * 12


# The backward pass on the tape, differentiated again.


def slopes(f: Callable[..., Node], nodes: list[Node]) -> list[Node]:
    """Return the gradient of a scalar f as nodes."""
    found = backward({f(*nodes): Node(1)}, taped)
    return [found.get(node, Node(np.zeros(node.shape))) for node in nodes]


def hessian(f: Callable[..., Node], *values: Any) -> list[list[Array]]:
    """Return the second derivatives of a scalar f: a row of blocks for each component."""
    nodes, rows = variables(*values), []
    for slope in slopes(f, nodes):
        for i in np.ndindex(slope.shape):
            unit = np.zeros(slope.shape)
            unit[i] = 1.0
            found = backward({slope: balls(unit)}, enclosing)
            rows.append([balls(np.broadcast_to(found.get(n, 0.0), n.shape)) for n in nodes])
    return rows


@pytest.mark.parametrize("at", POINTS, ids=str)
@pytest.mark.parametrize("f", [c[1] for c in RATIONAL], ids=[c[0] for c in RATIONAL])
def test_second_derivatives_of_arithmetic_enclose_the_exact_ones(
    f: Any, at: tuple[float, float]
) -> None:
    symbols = sympy.symbols("x y")
    formula = f(*symbols)
    there = {s: sympy.Rational(Fraction(a)) for s, a in zip(symbols, at, strict=True)}
    for one, row in zip(symbols, hessian(f, *at), strict=True):
        for other, ball in zip(symbols, row, strict=True):
            exact = sympy.diff(formula, one, other).subs(there)
            assert contains(ball[()], Fraction(int(exact.p), int(exact.q)))


@pytest.mark.parametrize("f", [c[1] for c in RATIONAL], ids=[c[0] for c in RATIONAL])
def test_a_gradient_on_the_tape_has_the_values_of_one_that_is_not(f: Any) -> None:
    nodes = variables(-0.75, 2.5)
    on_tape = slopes(f, nodes)
    for node, plain in zip(on_tape, gradients(f, -0.75, 2.5), strict=True):
        assert node.value[()].overlaps(plain[()])
        assert float(node.value[()].rad()) <= 1e-50


def test_third_derivatives_come_of_a_third_pass() -> None:
    (x,) = variables(2.0)
    (first,) = slopes(lambda x: x**5, [x])
    second = backward({first: Node(1)}, taped)[x]
    third = backward({second: balls(1)}, enclosing)[x]
    assert [float(b) for b in (first.value[()], second.value[()], third[()])] == [80, 160, 240]


def test_a_gradient_that_does_not_depend_on_the_inputs_is_not_tracked() -> None:
    x, y = variables(2.0, 3.0)
    assert not any(s.tracked for s in slopes(lambda x, y: 3.0 * x - y, [x, y]))
    assert [s.tracked for s in slopes(lambda x, y: x * x + y, [x, y])] == [True, False]


MASK = np.array([[True, False, True], [False, True, True]])
# name: (linear map of a node or an array, its argument's shape)
LINEAR: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "reshape": (lambda x: reshape(x, (3, 2)), (2, 3)),
    "transpose": (lambda x: transpose(x, (2, 0, 1)), (2, 3, 4)),
    "transpose back": (lambda x: transpose(x, (1, -1, 0)), (2, 3, 4)),
    "pick": (lambda x: pick(x, np.array([2, 0, 2])), (3,)),
    "pick a column": (lambda x: pick(x, (slice(None), 1)), (2, 3)),
    "scatter": (lambda x: scatter(x, np.array([1, 1, 3]), (4,)), (3,)),
    "select": (lambda x: select(MASK, x), (2, 3)),
    "select, broadcast": (lambda x: select(MASK, x), (3,)),
    "select from one": (lambda x: select(MASK, x), ()),
    "spread": (lambda x: spread(x, (2, 3)), (3,)),
    "spread a column": (lambda x: spread(x, (2, 3)), (2, 1)),
    "unbroadcast": (lambda x: unbroadcast(x, (3,)), (2, 3)),
    "unbroadcast to one": (lambda x: unbroadcast(x, ()), (2, 3)),
    "unbroadcast nothing": (lambda x: unbroadcast(x, (2, 3)), (2, 3)),
    "times, left": (lambda x: times(x, np.arange(6.0).reshape(3, 2)), (2, 3)),
    "times, right": (lambda x: times(np.arange(6.0).reshape(3, 2), x), (2, 3)),
}


@pytest.mark.parametrize(("linear", "shape"), LINEAR.values(), ids=LINEAR)
def test_a_linear_map_of_a_node_is_that_of_its_array_and_its_square_has_its_gram_matrix(
    linear: Callable[[Any], Any], shape: tuple[int, ...]
) -> None:
    x = np.random.default_rng(4).integers(-9, 9, shape).astype(float)
    np.testing.assert_array_equal(as_floats(linear(Node(x, variable=True)).value), linear(x))
    rows = []
    for i in range(x.size):
        unit = np.zeros(x.size)
        unit[i] = 1.0
        rows.append(np.ravel(linear(unit.reshape(shape))))
    matrix = np.array(rows)  # one row an input: the transposed map
    weights = np.random.default_rng(5).integers(1, 9, matrix.shape[1]).astype(float)

    def squares(node: Node) -> Node:
        y = reshape(linear(node), (-1,))
        return y @ (y * weights)

    found = np.array([as_floats(block).ravel() for (block,) in hessian(squares, x)])
    np.testing.assert_array_equal(found, 2 * (matrix * weights) @ matrix.T)


@pytest.mark.parametrize(("left", "right"), MATRIX_PRODUCTS, ids=str)
def test_second_derivatives_of_a_matrix_product_are_exact_on_integers(
    left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(8)
    a, b, da, db = (rng.integers(-9, 9, s).astype(float) for s in (left, right, left, right))
    weights = rng.integers(-9, 9, np.shape(a @ b)).astype(float)
    nodes = variables(a, b)
    first = slopes(lambda x, y: summed((x @ y) * weights), nodes)
    seeds = {slope: balls(d) for slope, d in zip(first, (da, db), strict=True)}
    found = backward(seeds, enclosing)
    for node, other, at in ((nodes[0], db, 0), (nodes[1], da, 1)):
        for index in np.ndindex(node.shape):
            unit = np.zeros(node.shape)
            unit[index] = 1.0
            change = unit @ other if at == 0 else other @ unit
            assert float(found[node][index]) == float(np.sum(weights * change))


@pytest.mark.parametrize("key", KEYS[:-1], ids=repr)
def test_the_square_of_what_an_index_takes_curves_where_it_was_taken(key: Any) -> None:
    x = np.arange(12.0).reshape(3, 4)
    positions = np.arange(12).reshape(3, 4)[key]

    def squares(node: Node) -> Node:
        y = reshape(node[key], (-1,))
        return y @ y

    found = np.array([as_floats(block).ravel() for (block,) in hessian(squares, x)])
    np.testing.assert_array_equal(found, 2 * np.diag(np.bincount(positions.ravel(), minlength=12)))


@pytest.mark.parametrize("binary", [operator.mul, operator.truediv])
@pytest.mark.parametrize(("left", "right"), [((), (3,)), ((2, 1), (3,)), ((2, 3), ())], ids=str)
def test_second_derivatives_are_summed_back_over_what_was_broadcast(
    binary: Any, left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(5)
    a, b = rng.uniform(1.0, 2.0, left), rng.uniform(1.0, 2.0, right)
    rows = hessian(lambda x, y: summed(binary(x, y)), a, b)
    found = np.array([np.concatenate([as_floats(p).ravel() for p in row]) for row in rows])
    names_a = np.array(sympy.symbols(f"a:{a.size}"), dtype=object).reshape(left)
    names_b = np.array(sympy.symbols(f"b:{b.size}"), dtype=object).reshape(right)
    symbols = [*names_a.ravel(), *names_b.ravel()]
    there = dict(zip(symbols, [*a.ravel().tolist(), *b.ravel().tolist()], strict=True))
    exact = sympy.hessian(np.sum(binary(names_a, names_b)), symbols).subs(there)
    np.testing.assert_allclose(found, np.array(exact, dtype=float), rtol=1e-13, atol=1e-13)
