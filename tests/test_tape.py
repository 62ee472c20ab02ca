"""The tape: values and derivatives enclose the exact ones, bounds cover what rounding does."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import flint
import lazy_loader as lazy
import mpmath
import numpy as np
import pytest
from exact import contains
from flint import arb

from gradiometer.errors import ReferenceFailure
from gradiometer.reference import elementary, linear, piecewise
from gradiometer.reference.algebra import matmul
from gradiometer.reference.balls import ZERO, balls, settled
from gradiometer.reference.contraction import times
from gradiometer.reference.elementary import SMOOTH, power, smooth
from gradiometer.reference.evaluation import (
    RELATIONS,
    Evaluation,
    Open,
    compare,
    current,
)
from gradiometer.reference.linear import Collapse, Keep, LinearMap, Spread
from gradiometer.reference.matrices import cholesky, inverse, solve
from gradiometer.reference.node import Node, lift
from gradiometer.reference.passes import backward, forward, gather, plain, seed, taped
from gradiometer.reference.reductions import prod
from gradiometer.reference.refusals import Undecided
from gradiometer.reference.rounding import CONFIDENCE, likely, ordered
from gradiometer.reference.structure import (
    concat,
    reshape,
    spread,
    transpose,
    transposed,
    where,
)
from gradiometer.vocabulary.enclosure import UNIT

sympy = lazy.load("sympy")
Array = np.ndarray


@pytest.fixture(autouse=True)
def working_precision() -> Iterator[None]:
    with flint.ctx.workprec(192):
        yield


def variables(*values: Any) -> list[Node]:
    return [Node(np.asarray(v, dtype=float), tracked=True) for v in values]


def derivative(found: dict[Node, Node], node: Node) -> Array:
    """Return a cotangent or tangent in balls, zeros where there is none."""
    return settled(found[node].value) if node in found else balls(np.zeros(node.shape))


def gradients(f: Callable[..., Node], *values: Any) -> list[Array]:
    """Return the gradients of a scalar f, as object arrays of balls."""
    nodes = variables(*values)
    found = backward({f(*nodes): seed(1.0)})
    return [derivative(found, node) for node in nodes]


def as_floats(balls_: Array) -> Array:
    return np.array([float(b) for b in balls_.flat]).reshape(balls_.shape)


def summed(node: Node) -> Node:
    """Return the sum of all components."""
    return node.apply(Collapse(node.shape, ()))


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


@pytest.mark.parametrize(("f", "dx", "dy"), [c[1:] for c in RATIONAL], ids=[c[0] for c in RATIONAL])
def test_arithmetic_encloses_the_exact_value_and_derivatives(f: Any, dx: Any, dy: Any) -> None:
    for at in POINTS:
        x, y = map(Fraction, at)
        assert contains(f(*variables(*at)).value[()], Fraction(f(x, y))), at
        found = gradients(f, *at)
        assert contains(found[0][()], Fraction(dx(x, y))), at
        assert contains(found[1][()], Fraction(dy(x, y))), at


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
    assert float(gradients(lambda x: power(x, exponent), -3.0)[0][()]) == -6.0


@pytest.mark.parametrize("exponent", [0.5, -1.25, 3.0, 1e-20])
@pytest.mark.parametrize("base", [2.0, 1e-100, 3e200])
def test_a_power_encloses_the_true_derivatives_in_base_and_exponent(
    base: float, exponent: float
) -> None:
    found, (db, de) = power(base, exponent), gradients(power, base, exponent)
    with mpmath.workdps(120):
        b, e = mpmath.mpf(base), mpmath.mpf(exponent)
        for ball, truth in [
            (found.value[()], b**e),
            (db[()], e * b ** (e - 1)),
            (de[()], b**e * mpmath.log(b)),
        ]:
            mantissa, exponent_ = truth.man_exp
            assert ball.contains(arb((int(mantissa) * int(mpmath.sign(truth)), exponent_)))


def test_a_constant_to_a_variable_power() -> None:
    slope = gradients(lambda x: power(2.0, x), 3.0)[0][()]
    assert float(slope) == pytest.approx(8.0 * np.log(2.0), rel=1e-15)


def test_a_constant_exponent_needs_no_logarithm_of_a_negative_base() -> None:
    assert contains(gradients(lambda x: power(x, -1.0), -2.0)[0][()], Fraction(-1, 4))


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
@pytest.mark.parametrize("binary", [operator.add, operator.sub, operator.mul, operator.truediv])
def test_numbers_and_arrays_on_the_left_leave_the_operation_to_the_node(
    binary: Any, left: Any
) -> None:
    result = binary(left, Node([2.0, 4.0], tracked=True))
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
    outcome = matmul(Node(a), Node(b))
    np.testing.assert_array_equal(as_floats(outcome.value), a @ b)
    assert outcome.shape == (a @ b).shape
    da, db = gradients(lambda x, y: summed(matmul(x, y) * weights), a, b)
    for found, whole, at in ((da, a, 0), (db, b, 1)):
        for index in np.ndindex(whole.shape):
            unit = np.zeros_like(whole)
            unit[index] = 1.0
            change = unit @ b if at == 0 else a @ unit
            assert float(found[index]) == float(np.sum(weights * change))


@pytest.mark.parametrize(("left", "right"), [((2, 2, 3), (2, 2)), ((), (2,)), ((2,), (2, 3, 2))])
def test_a_matrix_product_of_axes_that_do_not_fit_is_refused(
    left: tuple[int, ...], right: tuple[int, ...]
) -> None:
    with pytest.raises(ReferenceFailure, match="they must be of one length"):
        matmul(Node(np.ones(left)), Node(np.ones(right)))


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
    found = backward({nodes[0][key]: seed(weights)})
    expected = np.bincount(positions.ravel(), weights.ravel(), minlength=12).reshape(3, 4)
    np.testing.assert_array_equal(as_floats(derivative(found, nodes[0])), expected)
    np.testing.assert_array_equal(as_floats(nodes[0][key].value), x[key])


def squared(node: Node) -> Node:
    return node * node


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        pytest.param(lambda x: squared(x[1]), [0.0, 6.0], id="index"),
        pytest.param(lambda x: squared(transpose(x[0], ())), [4.0, 0.0], id="transpose"),
        pytest.param(lambda x: squared(matmul(x, Node([1, 1]))), [10.0, 10.0], id="product"),
        pytest.param(lambda x: squared(-x[0]) + squared(x[1] / 1), [4.0, 6.0], id="elementwise"),
    ],
)
def test_a_scalar_that_is_used_twice_gathers_both_cotangents(
    f: Callable[[Node], Node], expected: list[float]
) -> None:
    np.testing.assert_array_equal(as_floats(gradients(f, [2.0, 3.0])[0]), expected)


def test_the_transposed_matrix_sends_its_cotangent_back_transposed() -> None:
    weights = np.arange(6.0).reshape(3, 2)
    (x,) = variables(np.ones((2, 3)))
    assert transposed(x).shape == (3, 2)
    found = backward({transposed(x): seed(weights)})
    np.testing.assert_array_equal(as_floats(derivative(found, x)), weights.T)


@pytest.mark.parametrize("shape", [(), (0,), (4,), (2, 3)])
def test_a_node_has_the_shape_of_its_array(shape: tuple[int, ...]) -> None:
    node, array = Node(np.zeros(shape)), np.zeros(shape)
    assert (node.shape, node.ndim, node.size) == (array.shape, array.ndim, array.size)


def test_lifting_leaves_nodes_alone_and_makes_constants_of_the_rest() -> None:
    node = Node(1.0, tracked=True)
    assert lift(node) is node
    assert not lift(2.0).tracked
    assert lift([1.0, 2.0]).shape == (2,)


def test_only_what_depends_on_a_variable_is_recorded() -> None:
    x, constant = Node(2.0, tracked=True), Node(3.0)
    assert not (constant * constant + 1.0).tracked
    mixed = constant * x
    assert mixed.tracked
    assert set(backward({mixed: seed(1.0)})) == {mixed, x}


def test_an_untracked_copy_has_no_operands() -> None:
    (x,) = variables([0.1, 3.0])
    y = x * x
    copy = y.untracked
    assert not copy.tracked
    assert copy is y.untracked
    assert copy.untracked is copy
    assert copy.value is y.value
    np.testing.assert_array_equal(copy.bound, y.bound)
    assert list(backward({copy * x: seed([1.0, 1.0])})).count(y) == 0


def test_a_node_that_the_output_does_not_depend_on_has_no_cotangent() -> None:
    x, y = variables(2.0, 3.0)
    found = backward({x * 2.0: seed(1.0)})
    assert y not in found
    assert x in found


def test_an_output_that_is_the_input_has_the_seed_for_cotangent_and_tangent() -> None:
    (x,) = variables(2.0)
    seven = seed(7.0)
    assert backward({x: seven})[x] is forward({x: seven}, [x])[x] is seven


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
    a, b, both = ([derivative(backward({y: seed(s)}), n) for n in nodes] for s in seeds)
    for one, other, mixed in zip(a, b, both, strict=True):
        assert all(u.overlaps(3 * v - 2 * w) for u, v, w in zip(mixed, one, other, strict=True))


def test_a_long_chain_needs_no_recursion() -> None:
    def chain(x: Node) -> Node:
        for _ in range(5000):
            x = x + 1.0
        return x

    assert float(gradients(chain, 0.0)[0][()]) == 1.0
    (x,) = variables(0.0)
    y = chain(x)
    assert float(forward({x: seed(1.0)}, [y])[y].value[()]) == 1.0
    assert 0.0 < y.bound[()] <= UNIT * 5000 * 5001 / 2 * (1 + 1e-12)


# Several outputs.


def test_cotangents_of_several_outputs_add_up() -> None:
    x, y = variables(2.0, 3.0)
    found = backward({x * y: seed(5.0), x + y * y: seed(-7.0), x: seed(11.0)})
    assert float(found[x].value[()]) == 5 * 3 - 7 + 11
    assert float(found[y].value[()]) == 5 * 2 - 7 * 2 * 3


def test_an_output_may_be_computed_from_another() -> None:
    (x,) = variables(2.0)
    y = x * x
    z = y * x
    for seeds in ({y: seed(3.0), z: seed(5.0)}, {z: seed(5.0), y: seed(3.0)}):
        assert float(backward(seeds)[x].value[()]) == 3 * 4 + 5 * 12


def test_tangents_of_several_inputs_add_up() -> None:
    x, y = variables(2.0, 3.0)
    ends = [x * y, x + y * y, x * 2.0, y.untracked * y.untracked]
    found = forward({x: seed(5.0), y: seed(-7.0)}, ends)
    assert [float(found[end].value[()]) for end in ends[:3]] == [5 * 3 - 7 * 2, 5 - 7 * 6, 10]
    assert ends[3] not in found


# The backward pass on the tape, differentiated again.


def slopes(f: Callable[..., Node], nodes: list[Node]) -> list[Node]:
    """Return the gradient of a scalar f as nodes."""
    found = backward({f(*nodes): seed(1.0)}, taped)
    return [found.get(node, Node(np.zeros(node.shape))) for node in nodes]


def hessian(f: Callable[..., Node], *values: Any) -> list[list[Array]]:
    """Return the second derivatives of a scalar f: a row of blocks for each component."""
    nodes, rows = variables(*values), []
    for slope in slopes(f, nodes):
        for i in np.ndindex(slope.shape):
            unit = np.zeros(slope.shape)
            unit[i] = 1.0
            found = backward({slope: seed(unit)})
            rows.append([derivative(found, n) for n in nodes])
    return rows


@pytest.mark.parametrize("f", [c[1] for c in RATIONAL], ids=[c[0] for c in RATIONAL])
def test_second_derivatives_of_arithmetic_enclose_the_exact_ones(f: Any) -> None:
    symbols = sympy.symbols("x y")
    second = sympy.hessian(f(*symbols), symbols)
    for at in POINTS:
        there = {s: sympy.Rational(Fraction(a)) for s, a in zip(symbols, at, strict=True)}
        exact, rows = second.subs(there), hessian(f, *at)
        for i, j in np.ndindex(2, 2):
            truth = Fraction(int(exact[i, j].p), int(exact[i, j].q))
            assert contains(rows[i][j][()], truth), (at, i, j)


@pytest.mark.parametrize("f", [c[1] for c in RATIONAL], ids=[c[0] for c in RATIONAL])
def test_a_gradient_on_the_tape_has_the_values_of_one_that_is_not(f: Any) -> None:
    nodes = variables(-0.75, 2.5)
    on_tape = slopes(f, nodes)
    for node, untaped in zip(on_tape, gradients(f, -0.75, 2.5), strict=True):
        assert node.value[()].overlaps(untaped[()])
        assert float(node.value[()].rad()) <= 1e-50


def test_third_derivatives_come_of_a_third_pass() -> None:
    (x,) = variables(2.0)
    (first,) = slopes(lambda x: x**5, [x])
    second = backward({first: seed(1.0)}, taped)[x]
    third = backward({second: seed(1.0)})[x]
    assert [float(n.value[()]) for n in (first, second, third)] == [80, 160, 240]
    assert (first.tracked, second.tracked, third.tracked) == (True, True, False)


def test_a_gradient_that_does_not_depend_on_the_inputs_is_not_tracked() -> None:
    x, y = variables(2.0, 3.0)
    assert not any(s.tracked for s in slopes(lambda x, y: 3.0 * x - y, [x, y]))
    assert [s.tracked for s in slopes(lambda x, y: x * x + y, [x, y])] == [True, False]


MASK = np.array([[True, False, True], [False, True, True]])
MAPS: dict[str, LinearMap] = {
    "reshape": linear.reshape((2, 3), (3, -1)),
    "reshape to one axis": linear.reshape((2, 3), 6),
    "permute": linear.permute((2, 3, 4), (2, 0, 1)),
    "permute back": linear.permute((2, 3, 4), (1, -1, 0)),
    "take": linear.take((3,), np.array([2, 0, 2])),
    "take a column": linear.take((2, 3), (slice(None), 1)),
    "take one": linear.take((2, 3), (1, 2)),
    "take by booleans": linear.take((2, 3), MASK),
    "put": linear.Put((3,), (4,), np.array([1, 1, 3])),
    "put a column": linear.Put((2,), (2, 3), (slice(None), 1)),
    "put one": linear.Put((), (2, 3), (1, 2)),
    "put by booleans": linear.Put((4,), (2, 3), MASK),
    "keep": Keep((2, 3), (2, 3), MASK),
    "keep nothing": Keep((2,), (2,), np.array([False, False])),
    "spread": Spread((3,), (2, 3)),
    "spread a column": Spread((2, 1), (2, 3)),
    "spread one": Spread((), (2, 3)),
    "spread nothing": Spread((1,), (0,)),
    "collapse": Collapse((2, 3), (3,)),
    "collapse to one": Collapse((2, 3), ()),
    "collapse nothing": Collapse((2, 3), (2, 3)),
    "collapse between": Collapse((3, 2, 5, 4), (2, 1, 4)),
    "collapse emptiness": Collapse((0,), (1,)),
}


def matrix_of(by: LinearMap) -> Array:
    """Return the map's matrix of integers: a column an input."""
    size = np.prod(by.before, dtype=int)
    columns = [np.ravel(by(unit.reshape(by.before))) for unit in np.eye(size, dtype=np.int64)]
    return (
        np.reshape(columns, (size, -1)).T if size else np.zeros((np.prod(by.after, dtype=int), 0))
    )


@pytest.mark.parametrize("by", MAPS.values(), ids=MAPS)
def test_the_adjoint_of_a_map_is_its_transpose(by: LinearMap) -> None:
    assert (by.adjoint.before, by.adjoint.after) == (by.after, by.before)
    np.testing.assert_array_equal(matrix_of(by.adjoint), matrix_of(by).T)
    np.testing.assert_array_equal(matrix_of(by.adjoint.adjoint), matrix_of(by))


@pytest.mark.parametrize("by", MAPS.values(), ids=MAPS)
def test_a_map_of_balls_is_that_of_integers_with_structural_zeros_elsewhere(
    by: LinearMap,
) -> None:
    x = np.random.default_rng(4).integers(1, 9, by.before)
    found, matrix = by(balls(x)), matrix_of(by)
    assert found.shape == by.after
    assert found.dtype == object
    np.testing.assert_array_equal(as_floats(found).ravel(), matrix @ x.ravel())
    if not isinstance(by, Collapse):  # the sum of nothing is a zero of its own
        nothing = [ball is ZERO for ball in found.flat]
        assert nothing == (matrix == 0).all(axis=1).tolist()


@pytest.mark.parametrize("by", MAPS.values(), ids=MAPS)
def test_a_map_knows_how_many_terms_it_adds(by: LinearMap) -> None:
    counts = np.maximum(matrix_of(by).sum(axis=1), 0 if isinstance(by, Collapse) else 1)
    np.testing.assert_array_equal(np.broadcast_to(by.terms, by.after).ravel(), counts)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 0, 1), ()])
def test_a_total_is_a_collapse_and_a_reshape(axis: Any) -> None:
    x = np.arange(24).reshape(2, 3, 4)
    summed_, dropped = linear.total(x.shape, axis)
    np.testing.assert_array_equal(summed_(x), x.sum(axis=axis, keepdims=True))
    np.testing.assert_array_equal(dropped(summed_(x)), x.sum(axis=axis))


LINEAR: dict[str, tuple[Callable[[Node], Node], tuple[int, ...]]] = {
    **{
        name: (lambda x, by=by: x.apply(by), by.before)
        for name, by in MAPS.items()
        if 0 not in by.before
    },
    "times, left": (lambda x: times(x, Node(np.arange(6.0).reshape(3, 2))), (2, 3)),
    "times, right": (lambda x: times(Node(np.arange(6.0).reshape(3, 2)), x), (2, 3)),
    "where": (lambda x: where(MASK, x, Node(0)), (2, 3)),
    "where, broadcast": (lambda x: where(MASK, Node(0), x), (3,)),
    "concat": (lambda x: concat([x, Node(np.zeros((2, 1))), x], axis=-1), (2, 3)),
}


@pytest.mark.parametrize(("f", "shape"), LINEAR.values(), ids=LINEAR)
def test_the_square_of_a_linear_function_has_its_gram_matrix(
    f: Callable[[Node], Node], shape: tuple[int, ...]
) -> None:
    x = np.random.default_rng(4).integers(-9, 9, shape).astype(float)
    units = np.eye(x.size).reshape(-1, *shape)
    rows = [as_floats(settled(f(Node(unit)).value)).ravel() for unit in units]
    matrix = np.array(rows)  # one row an input: the transposed map
    weights = np.random.default_rng(5).integers(1, 9, matrix.shape[-1]).astype(float)

    def squares(node: Node) -> Node:
        y = f(node)
        return summed(y * (y * weights.reshape(y.shape)))

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
    first = slopes(lambda x, y: summed(matmul(x, y) * weights), nodes)
    found = backward({slope: seed(d) for slope, d in zip(first, (da, db), strict=True)})
    for node, other, at in ((nodes[0], db, 0), (nodes[1], da, 1)):
        for index in np.ndindex(node.shape):
            unit = np.zeros(node.shape)
            unit[index] = 1.0
            change = unit @ other if at == 0 else other @ unit
            assert float(derivative(found, node)[index]) == float(np.sum(weights * change))


@pytest.mark.parametrize("key", KEYS[:-1], ids=repr)
def test_the_square_of_what_an_index_takes_curves_where_it_was_taken(key: Any) -> None:
    x = np.arange(12.0).reshape(3, 4)
    positions = np.arange(12).reshape(3, 4)[key]

    def squares(node: Node) -> Node:
        y = reshape(node[key], (-1,))
        return summed(y * y)

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


# Forward mode, and both passes over each other.

NAMES = {name: 1.5 if name == "acosh" else 0.3 for name in SMOOTH}
SKEW = np.array([[2.0, -1.0, 0.5], [0.25, 3.0, -0.75], [1.0, 0.5, -2.0]])
LOWER = np.tril(SKEW) + 4.0 * np.eye(3)
WHOLE = {
    "add": (lambda a, b: a + b, [(2, 1), (3,)]),
    "subtract": (lambda a, b: a - b, [(3,), (2, 3)]),
    "multiply": (lambda a, b: a * b, [(2, 1), (3,)]),
    "negative": (lambda a: -a, [(2, 3)]),
    "cube": (lambda a: a**3, [(3,)]),
    "where": (lambda a, b: where(MASK, a, b), [(3,), (2, 3)]),
    "concat": (lambda a, b: concat([a, b, a], axis=1), [(2, 3), (2, 1)]),
    "index": (lambda a: a[np.array([1, 1, 0]), 1:], [(2, 3)]),
    "gather": (lambda a, b: gather([a, b, a]), [(3,), (3,)]),
    "times": (times, [(2, 3), (3, 4)]),
    "product": (matmul, [(3,), (3, 2)]),
    **{name: (lambda a, by=by: a.apply(by), [by.before]) for name, by in MAPS.items()},
}
RANDOM = np.random.default_rng(2)
# name: (primitive, points)
PRIMITIVES: dict[str, tuple[Callable[..., Node], list[Any]]] = {
    **{
        name: (f, [RANDOM.integers(-9, 9, shape).astype(float) for shape in shapes])
        for name, (f, shapes) in WHOLE.items()
    },
    **{name: (lambda a, name=name: smooth(name, a), [[x, 2 * x]]) for name, x in NAMES.items()},
    "divide": (lambda a, b: a / b, [[[1.0], [-3.0]], [2.0, 0.7]]),
    "power": (power, [[0.5, 3.0], [[2.5], [-1.0]]]),
    "power of a constant": (lambda b: power(2.0, b), [[0.5, -3.0]]),
    "negative power": (lambda a: a**-2, [[0.5, -3.0]]),
    "atan2": (piecewise.atan2, [[1.5, -1.5], [-2.0, 0.75]]),
    "prod": (lambda a: prod(a, axis=1), [SKEW]),
    "inverse": (inverse, [SKEW]),
    "solve": (solve, [SKEW, [1.0, 2.0, 3.0]]),
    "solve for a matrix": (solve, [SKEW, SKEW[:, :2]]),
    "cholesky": (cholesky, [LOWER @ LOWER.T]),
}
each_primitive = pytest.mark.parametrize(("f", "at"), PRIMITIVES.values(), ids=PRIMITIVES)


def whole_numbers(*shapes: tuple[int, ...]) -> list[Array]:
    rng = np.random.default_rng(6)
    return [rng.integers(-9, 9, shape).astype(float) for shape in shapes]


def agree(a: Any, b: Any) -> bool:
    """Return whether two balls overlap, and are tight."""
    return bool(a.overlaps(b)) and float((a - b).rad()) <= 1e-40 * (1.0 + abs(float(b)))


@each_primitive
def test_what_is_pushed_weighs_as_much_as_what_is_pulled(f: Any, at: list[Any]) -> None:
    nodes = variables(*at)
    y = f(*nodes)
    (w,), tangents = whole_numbers(y.shape), whole_numbers(*(node.shape for node in nodes))
    pushed = derivative(forward({n: seed(t) for n, t in zip(nodes, tangents, strict=True)}, [y]), y)
    pulled = backward({y: seed(w)})
    one = np.sum(pushed * w) + arb(0)
    other = sum(
        np.sum(derivative(pulled, n) * t) for n, t in zip(nodes, tangents, strict=True)
    ) + arb(0)
    assert agree(one, other)
    if f in (whole for whole, _ in WHOLE.values()):
        assert (one - other).is_zero()


@each_primitive
def test_forward_over_reverse_reverse_over_reverse_and_reverse_over_forward_agree(
    f: Any, at: list[Any]
) -> None:
    nodes = variables(*at)
    y = f(*nodes)
    (w,), directions = whole_numbers(y.shape), whole_numbers(*(node.shape for node in nodes))
    end = summed(y * y * w)
    tangents = {node: seed(d) for node, d in zip(nodes, directions, strict=True)}
    first = [backward({end: seed(1.0)}, taped)[node] for node in nodes]
    pulled = backward({g: seed(d) for g, d in zip(first, directions, strict=True)})
    turned = backward({forward(tangents, [end], taped)[end]: seed(1.0)})
    pushed = forward(tangents, first)
    for node, slope in zip(nodes, first, strict=True):
        found = [derivative(pushed, slope), derivative(pulled, node), derivative(turned, node)]
        for one, other, third in zip(*(each.ravel() for each in found), strict=True):
            assert agree(one, other)
            assert agree(other, third)


@each_primitive
def test_an_error_is_shifted_as_a_tangent_and_widened_by_the_moduli_of_the_derivative(
    f: Any, at: list[Any]
) -> None:
    for node in ordered([f(*variables(*at))], lambda node: not node.tracked):
        for part in node.parts:
            if part.parent.tracked:
                (error,) = whole_numbers(part.parent.shape)
                shifted = as_floats(part.push(seed(error), plain).value)
                most = np.zeros(node.shape)
                for unit in np.eye(error.size).reshape(error.size, *error.shape) * error:
                    most += np.abs(as_floats(part.push(seed(unit), plain).value))
                tolerance = 1e-13 * (1.0 + most)
                assert (np.abs(part.shift(error) - shifted) <= tolerance).all()
                assert (part.widen(np.abs(error)) >= most - tolerance).all()
                assert (part.widen(np.abs(error)) <= 20.0 * most + tolerance).all()


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.parametrize("b", [None, 1, 2])
def test_a_solution_solves_and_an_inverse_inverts(n: int, b: int | None) -> None:
    rng = np.random.default_rng(n)
    a = rng.integers(-9, 9, (n, n)).astype(float) + 20.0 * np.eye(n)
    right = rng.integers(-9, 9, (n,) if b is None else (n, b)).astype(float)
    x = solve(Node(a), Node(right))
    assert x.shape == right.shape
    for ball, truth in zip(matmul(Node(a), x).value.flat, right.flat, strict=True):
        assert contains(ball, Fraction(truth))
    for ball, truth in zip(
        times(Node(a), inverse(Node(a))).value.flat, np.eye(n).flat, strict=True
    ):
        assert contains(ball, Fraction(truth))


# Bounds on rounding.


def bounds(f: Callable[..., Node], *values: Any) -> Array:
    return np.asarray(f(*variables(*values)).bound)


A, B, C = np.array([0.1, -0.7, 3.3]), np.array([1.3, 0.9, -0.2]), np.array([[0.6], [-1.7]])
M, N = np.array([[0.1, -0.7], [3.3, 1.9]]), np.array([[1.3, 0.9], [-0.2, 0.3]])
CHOSEN = np.array([True, False, True])
# name: (f, points, bound in units)
OWN: dict[str, tuple[Callable[..., Node], list[Any], Any]] = {
    "input": (lambda a: a, [A], 0 * A),
    "negative": (lambda a: -a, [A], 0 * A),
    "index": (lambda a: a[::-1], [A], 0 * A),
    "reshape": (lambda a: reshape(a, (2, 2)), [M.ravel()], 0 * M),
    "transpose": (transposed, [M], 0 * M),
    "spread": (lambda a: spread(a, (2, 3)), [A], np.zeros((2, 3))),
    "concat": (lambda a, b: concat([a, b]), [A, B], np.zeros(6)),
    "where": (lambda a, b: where(CHOSEN, a, b), [A, B], 0 * A),
    "add": (lambda a, b: a + b, [A, B], abs(A + B)),
    "subtract": (lambda a, b: a - b, [A, B], abs(A - B)),
    "multiply": (lambda a, b: a * b, [A, C], abs(A * C)),
    "divide": (lambda a, b: a / b, [A, B], abs(A / B)),
    "cube": (lambda a: a**3, [A], 4 * abs(A**3)),
    "power": (lambda a: power(a, 0.5), [abs(A)], 8 * abs(A) ** 0.5),
    "sqrt": (lambda a: smooth("sqrt", a), [abs(A)], abs(A) ** 0.5),
    "exp": (lambda a: smooth("exp", a), [A], 4 * np.exp(A)),
    "pi": (lambda: elementary.constant(arb.pi()), [], np.pi),
    "sum": (summed, [A], 2 * np.sum(abs(A))),
    "sum of one": (summed, [A[:1]], 0.0),
    "put": (
        lambda a: a.apply(linear.Put((3,), (4,), np.array([1, 1, 3]))), [A],
        [0, abs(A[0]) + abs(A[1]), 0, 0],
    ),
    "times": (times, [M, N], 2 * (abs(M) @ abs(N))),
}  # fmt: skip
PASSED: dict[str, tuple[Callable[..., Node], list[Any], Any]] = {
    "sum": (lambda a, b: summed(a * b), [A, B], 3 * np.sum(abs(A * B))),
    "difference": (lambda a, b: a * b - a, [A, B], abs(A * B) + abs(A * B - A)),
    "product": (lambda a, b: (a * b) * a, [A, B], 2 * abs(A * B * A)),
    "product of products": (
        lambda a, b: (a * b) * (a * b), [A, B], (3 + UNIT) * (A * B) ** 2
    ),
    "exp": (lambda a, b: smooth("exp", a * b), [A, B], np.exp(A * B) * (4 + abs(A * B))),
    "index": (lambda a, b: (a * b)[1:], [A, B], abs(A * B)[1:]),
    "where": (lambda a, b: where(CHOSEN, a * b, a), [A, B], CHOSEN * abs(A * B)),
    "concat": (lambda a, b: concat([a, a * b]), [A, B], [*0 * A, *abs(A * B)]),
    "times": (
        lambda m, n: times(m * n, n), [M, N], 3 * abs(M * N) @ abs(N)
    ),
    "times, right": (lambda m, n: times(m, m * n), [M, N], 3 * abs(M) @ abs(M * N)),
}  # fmt: skip


@pytest.mark.parametrize(
    ("f", "at", "units"),
    [*OWN.values(), *PASSED.values()],
    ids=[*OWN, *(f"of {k}" for k in PASSED)],
)
def test_a_bound_is_what_the_operation_rounds_and_what_its_operands_pass_on(
    f: Any, at: list[Any], units: Any
) -> None:
    found = bounds(f, *at)
    assert found.dtype == np.float64
    assert found.shape == np.shape(units)
    np.testing.assert_allclose(found, UNIT * np.asarray(units), rtol=1e-14)


SMALL = Node(1e-200)
UNDERFLOWS = {
    "product": lambda: SMALL * SMALL,
    "matrix product": lambda: times(reshape(SMALL, (1, 1)), reshape(SMALL, (1, 1)))[0, 0],
    "function": lambda: smooth("exp", Node(-800.0)),
}


@pytest.mark.parametrize("f", UNDERFLOWS.values(), ids=UNDERFLOWS)
def test_what_underflows_may_be_flushed_and_with_it_all_of_a_result(f: Any) -> None:
    lost = f()
    assert lost.bound[()] == pytest.approx(np.finfo(np.float64).tiny, rel=1e-15)
    scaled = lost * 1e300 * 1e300
    assert scaled.bound[()] > float(scaled.value[()])
    assert likely([scaled])[0][()] > float(scaled.value[()])
    assert np.isinf(smooth("log", lost).bound)
    assert (SMALL * 0.0).bound[()] == 0.0


@pytest.mark.parametrize(
    ("f", "units"),
    [
        (lambda x: x * 3.0 - x * 2.0, 5 + 5),  # what each path rounds, and their sum
        (lambda x: x - x, 2),
        (lambda x: x * 1e16 - x * 1e16, 2e16 + 2e16),
        (lambda x: (x - 5.0) * (x - 5.0), 6 + 2 * 3 + 6),
    ],
)
def test_a_derivative_is_bounded_by_what_its_paths_add_up_to(f: Any, units: float) -> None:
    (x,) = variables(2.0)
    assert backward({f(x): seed(1.0)})[x].bound[()] == pytest.approx(
        UNIT * units, rel=1e-14, abs=0.0
    )


def powers(x: Any) -> Any:
    return ((((x * 0.1 + 0.3) * x - 0.7) * x + 1.1) * x - 0.9) * x / (x - 0.4)


def recurrence(x: Any) -> Any:
    y = x
    for _ in range(30):
        y = 3.7 * y * (1.0 - y)
    return y


def quotients(x: Any) -> Any:
    return (x - 1.1) / (x + 0.3) - (x - 1.1) ** 3 / (x + 0.3) ** 2


@pytest.mark.parametrize("f", [powers, recurrence, quotients])
def test_what_doubles_compute_lies_within_the_bounds(f: Any) -> None:
    x = np.random.default_rng(1).uniform(0.0, 1.0, 40)
    node = f(Node(x))
    errors = np.abs(as_floats(node.value - balls(f(x))))
    assert (errors <= node.bound).all()
    assert (errors <= likely([node])[0]).all()
    assert errors.any()


def layers(depth: int) -> Node:
    rng = np.random.default_rng(0)
    x = Node(rng.standard_normal((30, 1)))
    for _ in range(depth):
        x = times(Node(rng.standard_normal((30, 30)) / 30**0.5), x)
    return x


def test_over_many_layers_what_is_likely_is_far_below_what_is_possible() -> None:
    node = layers(12)
    (found,) = likely([node])
    assert (found < 1e-4 * node.bound).all()
    rng = np.random.default_rng(0)
    x = rng.standard_normal((30, 1))
    for _ in range(12):
        x = rng.standard_normal((30, 30)) / 30**0.5 @ x
    errors = np.abs(as_floats(node.value - balls(x)))
    assert (errors <= found).all()
    assert (found <= 1e3 * np.max(errors)).all()


def test_likely_bounds_are_the_same_each_time_and_others_in_another_series() -> None:
    node = layers(2)
    first, again, other = likely([node])[0], likely([node])[0], likely([node], (1,))[0]
    np.testing.assert_array_equal(first, again)
    assert (first != other).all()


def test_a_rounding_is_followed_over_all_its_paths() -> None:
    x, y = variables(0.1, 0.7)
    z = x * y
    kept = z * y
    twice, once, apart = z - z, z + x * 0.0, z - x * y
    assert twice.bound[()] == pytest.approx(2 * UNIT * 0.07, rel=1e-12, abs=0.0)
    assert likely([twice])[0][()] == 0.0
    assert likely([apart])[0][()] > 0.0
    likely([kept], keep=True)
    # z's draws are not made again
    assert likely([once - z], keep=True)[0][()] < UNIT * 0.07 * CONFIDENCE


def test_what_is_exact_has_no_likely_error() -> None:
    (x,) = variables([1.0, 2.0])
    np.testing.assert_array_equal(likely([x, -x])[1], [0.0, 0.0])


# Where its error reaches the edge of a domain, a function may have any value.

EDGES = {
    "log": 0.0, "log2": 0.0, "log10": 0.0, "log1p": -1.0, "sqrt": 0.0, "reciprocal": 0.0,
    "asin": 1.0, "acos": 1.0, "acosh": 1.0, "atanh": 1.0,
}  # fmt: skip
NEAR = 2.0**-60
"""Far less than what rounding in 1 + x does."""


def near(edge: float, sign: int = 1) -> Node:
    """Return a node beside an edge, by less than its own error."""
    return edge + sign * ((Node(NEAR) + 1.0) - 1.0)


def test_every_function_with_an_edge_is_tested() -> None:
    assert {name for name, f in SMOOTH.items() if f.boundary} == set(EDGES)


@pytest.mark.parametrize("name", EDGES)
def test_an_error_at_the_edge_of_a_domain_is_unbounded(name: str) -> None:
    x = near(EDGES[name], -1 if name in ("asin", "acos", "atanh") else 1)
    y = smooth(name, x)
    assert y.value[()].is_finite()
    assert y.bound[()] == np.inf
    assert likely([y, x])[0][()] == np.inf


@pytest.mark.parametrize("name", EDGES)
def test_what_is_exact_may_lie_beside_the_edge(name: str) -> None:
    beside = {0.0: NEAR, -1.0: -1.0 + 2**-50, 1.0: 1.0 + (2**-50 if name == "acosh" else -(2**-50))}
    assert np.isfinite(smooth(name, Node(beside[EDGES[name]])).bound)


@pytest.mark.parametrize("name", sorted(set(SMOOTH) - set(EDGES)))
def test_a_function_without_an_edge_takes_any_error(name: str) -> None:
    assert np.isfinite(smooth(name, near(0.0)).bound)


@pytest.mark.parametrize(
    ("f", "unbounded"),
    [
        (lambda x: 1.0 / x, True),
        (lambda x: x**-1, True),
        (lambda x: power(x, 0.5), True),
        (lambda x: power(x, -2.0), True),
        (lambda x: x**2, False),
        (lambda x: power(x, 2.0), False),
        (lambda x: x**0, False),
    ],
)
def test_a_power_has_an_edge_at_zero_unless_it_is_whole(f: Any, unbounded: bool) -> None:
    assert np.isinf(f(near(0.0)).bound) == unbounded


def test_an_error_half_way_to_the_edge_is_doubled() -> None:
    x = Node(2 * UNIT + 4 * UNIT**2) + 0.0
    small = (Node(1.0) + x) - 1.0  # with an error of a unit, and an error of rounding it
    half = small.bound[()] / float(small.value[()])
    assert 0.4 < half < 0.6
    bound = smooth("log", small).bound[()]
    assert bound == pytest.approx(half / (1.0 - half), rel=1e-6)


def cancelling() -> Node:
    """Return a sum that is larger than its likely error, and less than its possible one."""
    ones = np.ones(10_000)
    ones[::2] = -1.0
    ones[0] += 2.0**-28
    return summed(Node(ones))


def test_an_edge_that_only_the_sound_bound_reaches_is_not_met() -> None:
    y = smooth("log", cancelling())
    assert y.bound[()] == np.inf
    assert np.isfinite(likely([y])[0])


def test_errors_larger_than_the_numbers_multiply_too() -> None:
    x, y = near(0.0), near(0.0)
    size, error = NEAR, x.bound[()]
    assert error > size
    expected = error * error + 2.0 * size * error
    assert (x * y).bound[()] == pytest.approx(expected, rel=1e-12, abs=0.0)
    product_ = times(reshape(x, (1, 1)), reshape(y, (1, 1)))
    assert product_.bound[0, 0] == pytest.approx(expected, rel=1e-12, abs=0.0)


def test_what_was_not_chosen_adds_nothing_to_a_bound() -> None:
    (x,) = variables([-2.0, 4.0])
    mask = np.array([False, True])
    y = where(mask, smooth("log", x), x * x)
    np.testing.assert_allclose(y.bound, UNIT * np.array([4.0, 4.0 * np.log(4.0)]), rtol=1e-14)
    slope = backward({y: seed([1.0, 1.0])})[x]
    np.testing.assert_array_equal(as_floats(slope.value), [-4.0, 0.25])
    assert (slope.bound <= 4 * UNIT * 4.0).all()
    curved = backward({backward({y: seed([1.0, 1.0])}, taped)[x]: seed([1.0, 1.0])})[x]
    np.testing.assert_array_equal(as_floats(curved.value), [2.0, -0.0625])
    assert np.isfinite(curved.bound).all()


# Comparisons.


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([0.5, 2.0], 1.0),
        (1.0, [0.5, 2.0]),
        ([[1.0], [3.0]], [0.0, 2.0]),
        (np.nextafter(1.0, 2.0), 1.0),
        (-5e-324, 0.0),
        ([], []),
    ],
)
def test_a_comparison_gives_the_booleans_that_doubles_give(relation: str, a: Any, b: Any) -> None:
    with Evaluation() as ev:
        found = compare(*variables(a, b)[:1], relation, Node(b))
    assert found.dtype == bool
    np.testing.assert_array_equal(found, RELATIONS[relation](np.asarray(a), np.asarray(b)))
    assert ev.open == []


@pytest.mark.parametrize("relation", RELATIONS)
def test_a_tie_comes_out_as_of_equal_numbers_and_is_open(relation: str) -> None:
    (x,) = variables([3.0, 1.0])
    with Evaluation() as ev:
        found = compare(x, relation, Node(1.0))
    assert found.tolist() == [RELATIONS[relation](3, 1), RELATIONS[relation](1, 1)]
    (tie,) = ev.open
    assert (tie.key, tie.tie) == ((0, 1), True)
    assert tie.place.startswith(" at test_tape.py, line ")


@pytest.mark.parametrize("relation", RELATIONS)
def test_an_open_comparison_can_be_turned(relation: str) -> None:
    (x,) = variables([[1.0, 5.0], [1.0, 0.0]])
    with Evaluation() as straight:
        compare(x, ">", Node(7.0))
        found = compare(x, relation, Node(1.0))
    with Evaluation(turned={(1, 2), (1, 1)}) as ev:  # of which the second is not open
        compare(x, ">", Node(7.0))
        turned = compare(x, relation, Node(1.0))
    assert (
        [each.key for each in straight.open] == [each.key for each in ev.open] == [(1, 0), (1, 2)]
    )
    assert (found != turned).tolist() == [[False, False], [True, False]]
    assert ev.made[1][2] is turned


def test_two_variables_that_happen_to_be_equal_tie() -> None:
    x, y = variables(3.0, 3.0)
    with Evaluation() as ev:
        compare(x, ">", y)
    assert [each.tie for each in ev.open] == [True]


IDENTICAL: dict[str, Callable[[Node], tuple[Node, Node]]] = {
    "itself": lambda x: (x, x),
    "picked": lambda x: (x[1], x[np.array([0, 1])][1]),
    "moved": lambda x: (transpose(reshape(x, (2, 2)), (1, 0))[::-1].untracked[::-1][1, 0], x[1]),
    "joined": lambda x: (concat([x, x])[:4], x),
    "chosen": lambda x: (where(np.ones(4, dtype=bool), x, -x), x),
    "seen untracked": lambda x: (lambda y: (y, y.untracked))(x * x),
    "constants": lambda x: (Node([1.0, 2.0]), Node([1, 2])),
}


@pytest.mark.parametrize("name", IDENTICAL)
def test_what_is_compared_with_itself_is_never_open(name: str) -> None:
    (x,) = variables([2.0, 3.0, 5.0, 7.0])
    a, b = IDENTICAL[name](x)
    with Evaluation() as ev:
        assert not compare(a, "!=", b).any()
    assert ev.open == []


@pytest.mark.parametrize(
    "sides",
    [
        lambda x: (x[0] * 3.0, 3.0 * x[0]),
        lambda x: (summed(x[np.array([0, 3])]), summed(x[np.array([1, 2])])),
    ],
)
def test_equal_results_of_different_computations_tie(sides: Any) -> None:
    (x,) = variables([1.0, 2.0, 3.0, 4.0])
    with Evaluation() as ev:
        a, b = sides(x)
        compare(a, "==", b)
    assert [each.tie for each in ev.open] == [True]


@pytest.mark.parametrize(("gap", "open_"), [(0.25, True), (-0.25, True), (50.0, False)])
def test_rounding_decides_where_the_sides_are_closer_than_what_it_does(
    gap: float, open_: bool
) -> None:
    x, y = variables(1.5, 1.25)
    side = x * y - 1.875 + Node(gap * UNIT)
    with Evaluation() as ev:
        found = compare(side, ">", Node(0.0))
    assert found == (gap > 0)
    assert ev.open == ([Open((0, 0), False, ev.open[0].place)] if open_ else [])
    if open_:
        with Evaluation(turned={(0, 0)}):
            assert compare(side, ">", Node(0.0)) == (gap < 0)


def test_rounding_does_not_decide_what_only_the_sound_bound_reaches() -> None:
    side = cancelling()
    assert side.bound[()] > float(side.value[()])
    with Evaluation() as ev:
        assert compare(side, ">", Node(0.0))
    assert ev.open == []


def test_a_comparison_of_exact_numbers_is_not_decided_by_rounding() -> None:
    x, y = variables(np.nextafter(1.0, 2.0), 1.0)
    with Evaluation() as ev:
        assert compare(x, ">", y)
    assert ev.open == []


def wide(middle: float, radius: float) -> Node:
    return Node(arb(middle, radius), tracked=True)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (wide(1.0, 0.5), Node(1.25)),
        (wide(1.0, 0.5), wide(1.8, 0.5)),
        (Node(arb.nan()), Node(0.0)),
        (Node(arb.pos_inf()), Node(arb.pos_inf()) * 2.0),
    ],
)
def test_balls_that_overlap_are_undecided_until_no_precision_is_left(a: Node, b: Node) -> None:
    for one, other in ((a, b), (b, a)):
        with Evaluation(), pytest.raises(Undecided, match="lies on a kink; choose another"):
            compare(one, ">", other)
        with Evaluation(final=True) as ev:
            assert compare(one, ">=", other)
            assert not compare(one, ">", other)
        assert [each.tie for each in ev.open] == [True, True]


def test_one_undecided_component_among_many_is_enough() -> None:
    a = balls(np.arange(1.0, 100.0))
    a[57] = arb(0.0, 1.0)
    with Evaluation(), pytest.raises(Undecided):
        compare(Node(a, tracked=True), ">", Node(0.0))


def test_balls_that_only_touch_nothing_are_decided() -> None:
    with Evaluation() as ev:
        assert compare(wide(1.0, 0.25), ">", Node(0.5))
        assert not compare(Node(0.5), ">", wide(1.0, 0.25))
    assert ev.open == []


def test_an_undecided_comparison_is_a_failure_of_the_reference() -> None:
    assert issubclass(Undecided, ReferenceFailure)


def test_an_evaluation_ends_with_its_block() -> None:
    before = current()
    with Evaluation() as outer:
        with pytest.raises(Undecided), Evaluation():
            compare(wide(0.0, 1.0), ">", Node(0.0))
        assert current() is outer
    assert current() is before
