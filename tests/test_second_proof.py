"""Taylor series along lines, in ball arithmetic, prove the certified derivatives a second time.

They share neither the tape, nor the derivative rules, nor the matrix products, nor the order of
summation with what they check: f(x + t·v) = c₀ + c₁·t + c₂·t² has c₁ = J·v and 2·c₂ = vᵀ·H·v.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import built_in
import flint
import numpy as np
import pytest
from built_in import PROBLEMS
from flint import arb, arb_series
from generic import inverse, linear_algebra, namespace, where

from gradiometer import Argument, Namespace, Point, Problem
from gradiometer.reference.certify import certify
from gradiometer.reference.elementary import SMOOTH
from gradiometer.reference.operations import (
    ARITHMETIC,
    COMPONENTWISE,
    MATRICES,
    OPERATIONS,
    REDUCTIONS,
    SHAPES,
)
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.operators import OPERATORS


def size(point: Point) -> int:
    """Return the number of scalar inputs."""
    return sum(a.size for a in point.inputs.values())


CASES = [
    (p.name, label)
    for p in PROBLEMS.values()
    for label in p.labels[:2]
    if size(p.point(label)) <= 180 and sum(a.size for a in p.point(label).given.values()) <= 1100
]
SMALL = [(name, label) for name, label in CASES if size(PROBLEMS[name].point(label)) <= 16]
BITS = 512
Array = np.ndarray


@pytest.fixture(autouse=True)
def working_precision() -> Iterator[None]:
    cap = flint.ctx.cap
    with flint.ctx.workprec(BITS):
        flint.ctx.cap = 3
        yield
        flint.ctx.cap = cap


# The arithmetic.


class Series:
    """f(t) = c₀ + c₁·t + c₂·t² + O(t³), with balls for coefficients."""

    def __init__(self, terms: Any) -> None:
        self.terms = terms if isinstance(terms, arb_series) else arb_series([arb(terms)])

    def _with(self, other: Any, operation: Callable[[Any, Any], Any]) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented  # NumPy then takes it elementwise
        return Series(operation(self.terms, lift(other).terms))

    def __add__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a + b)

    def __sub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a - b)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a * b)

    def __truediv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: a / b)

    def __rsub__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: b - a)

    def __rtruediv__(self, other: Any) -> Any:
        return self._with(other, lambda a, b: b / a)

    __radd__, __rmul__ = __add__, __mul__

    def __pow__(self, exponent: Any) -> Any:
        if isinstance(exponent, int):
            power = Series(1)
            for _ in range(abs(exponent)):
                power = power * self
            return power if exponent >= 0 else 1 / power
        return self._with(exponent, lambda a, b: (b * a.log()).exp())

    def __rpow__(self, base: Any) -> Any:
        return lift(base) ** self

    def __neg__(self) -> Series:
        return Series(-self.terms)

    def __pos__(self) -> Series:
        return self

    def __gt__(self, other: Any) -> bool:
        difference = (self - other).terms[0]
        assert difference > 0 or difference < 0, "the second proof met a kink"
        return bool(difference > 0)

    def __lt__(self, other: Any) -> bool:
        return not self > other

    __ge__, __le__ = __gt__, __lt__


def lift(x: Any) -> Series:
    return x if isinstance(x, Series) else Series(x)


CONSTANT = np.frompyfunc(Series, 1, 1)


def of_flint(name: str) -> Callable[[Any], Any]:
    taken: Callable[[Any], Any] = np.frompyfunc(
        lambda x: Series(getattr(lift(x).terms, name)()), 1, 1
    )
    return taken


EXP, LOG, SQRT, ATAN = map(of_flint, ("exp", "log", "sqrt", "atan"))


def tanh(x: Any) -> Any:
    return 1.0 - 2.0 / (EXP(2.0 * x) + 1.0)


def atan2(y: Any, x: Any) -> Any:
    return 2.0 * ATAN(y / (SQRT(x * x + y * y) + x))


def step(number: Callable[[float], int]) -> Callable[[Any], Any]:
    """Return a function that is constant between its steps."""
    taken: Callable[[Any], Any] = np.frompyfunc(
        lambda x: Series(number(float(lift(x).terms[0].mid()))), 1, 1
    )
    return taken


FLOOR = step(math.floor)


def variance(x: Any, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    count = np.size(x) // np.size(np.sum(x, axis=axis))
    apart = x - np.sum(x, axis=axis, keepdims=True) / count
    return np.sum(apart * apart, axis=axis, keepdims=keepdims) / (count - correction)


def clip(x: Any, low: Any = None, high: Any = None) -> Any:
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def det(a: Any) -> Any:
    """Return the determinant by Leibniz' formula."""
    n = len(a)
    total: Any = 0
    for order in itertools.permutations(range(n)):
        swaps = sum(order[i] > order[j] for i, j in itertools.combinations(range(n), 2))
        total = total + (-1) ** swaps * np.prod(a[range(n), order])
    return total


def vector_norm(x: Any, axis: Any = None, ord: Any = 2) -> Any:  # noqa: A002  # the standard's
    sizes = where(x > 0.0, x, -x)
    if ord == math.inf:
        return np.max(sizes, axis=axis)
    total = np.sum(sizes**ord, axis=axis)
    return total if ord == 1 else SQRT(total) if ord == 2 else total ** (1.0 / ord)


ALGEBRA = linear_algebra(SQRT) | {
    "det": det,
    "matrix_power": lambda a, n: functools.reduce(
        np.matmul, abs(n) * [a if n >= 0 else inverse(a)], CONSTANT(np.eye(len(a)))
    ),
    "matmul": np.matmul,
    "matrix_transpose": np.matrix_transpose,
    "outer": np.outer,
    "tensordot": np.tensordot,
    "trace": np.trace,
    "vecdot": lambda a, b, axis=-1: np.sum(a * b, axis=axis),
    "vector_norm": vector_norm,
}
SERIES = namespace(
    {name: of_flint(name) for name in ("sin", "cos", "tan", "asin", "acos", "erf")}
    | {
        "exp": EXP,
        "log": LOG,
        "sqrt": SQRT,
        "atan": ATAN,
        "atan2": atan2,
        "sinh": lambda x: (EXP(x) - EXP(-x)) / 2.0,
        "cosh": lambda x: (EXP(x) + EXP(-x)) / 2.0,
        "tanh": tanh,
        "asinh": lambda x: LOG(x + SQRT(x * x + 1.0)),
        "acosh": lambda x: LOG(x + SQRT(x * x - 1.0)),
        "atanh": lambda x: LOG((1.0 + x) / (1.0 - x)) / 2.0,
        "erfc": lambda x: 1.0 - of_flint("erf")(x),
        "exp2": lambda x: 2 ** np.asarray(x),
        "log2": lambda x: LOG(x) / LOG(2),
        "log10": lambda x: LOG(x) / LOG(10),
        "reciprocal": lambda x: 1 / x,
        "relu": lambda x: where(x > 0.0, x, 0.0 * x),
        "hypot": lambda a, b: SQRT(a * a + b * b),
        "logaddexp": lambda a, b: LOG(EXP(a) + EXP(b)),
        "floor": FLOOR,
        "ceil": step(math.ceil),
        "trunc": step(math.trunc),
        "round": step(round),
        "sign": step(lambda x: (x > 0) - (x < 0)),
        "floor_divide": lambda a, b: FLOOR(a / b),
        "remainder": lambda a, b: a - b * FLOOR(a / b),
        "clip": clip,
        "var": variance,
        "std": lambda x, **how: SQRT(variance(x, **how)),
        "cumulative_prod": lambda x, axis=0: np.cumprod(x, axis=axis),
        "vecdot": ALGEBRA["vecdot"],
        "linalg": Namespace(None, ALGEBRA),
    }
)

Directions = Sequence[Any]


def taylor(problem: Problem, point: Point, directions: Directions) -> list[Array]:
    """Return c₀, c₁ and c₂ of f(x + t·v), all outputs flattened into one array each."""
    line = np.frompyfunc(lambda c, v: Series(arb_series([arb(c), arb(v)])), 2, 1)
    inputs = [line(x, v) for x, v in zip(point.inputs.values(), directions, strict=True)]
    given = {k: CONSTANT(a) if a.dtype.kind == "f" else a for k, a in point.given.items()}
    returned = problem.function(SERIES, *inputs, **given)
    outputs = returned if isinstance(returned, tuple) else (returned,)
    flat = [lift(s) for y in outputs for s in np.asarray(y, dtype=object).ravel()]
    return [np.array([s.terms[k] for s in flat], dtype=object) for k in range(3)]


def curvature(problem: Problem, point: Point, directions: Directions) -> arb:
    """Return vᵀ·H·v of a scalar problem."""
    twice: arb = 2 * taylor(problem, point, directions)[2][0]
    return twice


def cut(flat: Any, point: Point) -> list[Array]:
    """Return a vector of all inputs' components as one array an input."""
    ends = np.cumsum([a.size for a in point.inputs.values()])[:-1]
    parts = np.split(np.asarray(flat, dtype=object), ends)
    return [p.reshape(a.shape) for p, a in zip(parts, point.inputs.values(), strict=True)]


def exactly(arrays: Any) -> Array:
    """Return all components in one array of balls without radius."""
    flat = np.concatenate([np.ravel(a) for a in arrays])
    return np.array([arb(x) for x in flat.tolist()], dtype=object)


def units(n: int) -> Array:
    return np.array([[arb(int(i == j)) for j in range(n)] for i in range(n)], dtype=object)


def random(point: Point, seed: int) -> Array:
    return exactly([np.random.default_rng(seed).standard_normal(size(point))])


def enclosed(found: Enclosure, *shape: int) -> Array:
    """Return an enclosure as balls."""
    parts = zip(found.high.tolist(), found.low.tolist(), found.radius.tolist(), strict=True)
    flat = [arb(high) + arb(low) + arb(0, radius) for high, low, radius in parts]
    return np.array(flat, dtype=object).reshape(shape or (-1,))


def assert_agree(found: Any, proven: Any) -> None:
    """Check that two arrays of balls overlap in each component, and that they are tight."""
    found, proven = np.ravel(found), np.ravel(proven)
    assert found.shape == proven.shape
    scale = max(abs(float(b)) for b in proven)
    for one, other in zip(found, proven, strict=True):
        assert one.overlaps(other)
        assert float(one.rad()) + float(other.rad()) <= 1e-26 * scale


def as_matrix(found: Enclosure, rows: dict[str, Array], columns: dict[str, Array]) -> Array:
    """Return the blocks of a matrix put together, which runs over the components of arrays."""
    heights, widths = ([a.size for a in arrays.values()] for arrays in (rows, columns))
    ends = np.cumsum([m * n for m, n in itertools.product(heights, widths)])[:-1]
    blocks = iter(np.split(enclosed(found), ends))
    lines = [[next(blocks).reshape(m, n) for n in widths] for m in heights]
    return np.concatenate([np.concatenate(line, axis=1) for line in lines])


def hessian(found: Enclosure, point: Point) -> Array:
    """Return the blocks of a Hessian put together."""
    return as_matrix(found, point.inputs, point.inputs)


@functools.cache
def drawn(problem: str, label: str) -> Argument:
    return built_in.argument(PROBLEMS[problem], label)


def at(problem: str, label: str) -> Point:
    return drawn(problem, label).point


def tangents(problem: str, label: str) -> list[Array]:
    return list(drawn(problem, label).directions.tangents.values())


@functools.cache
def truth(problem: str, label: str, operator: str) -> Enclosure:
    return certify(PROBLEMS[problem], drawn(problem, label), operator)


def having(operator: str, cases: list[tuple[str, str]], most: int = 1000) -> list[tuple[str, str]]:
    """Return the cases that have an operator, up to a number of inputs."""
    return [
        (name, label)
        for name, label in cases
        if not (OPERATORS[operator].of_scalars and PROBLEMS[name].outputs)
        if size(PROBLEMS[name].point(label)) <= most
    ]


# First derivatives of every built-in case.


@pytest.mark.parametrize(("problem", "label"), CASES)
def test_series_prove_value_jacobian_and_pullback_along_random_directions(
    problem: str, label: str
) -> None:
    p, point = PROBLEMS[problem], at(problem, label)
    cotangents = drawn(problem, label).directions.cotangents
    jacobian = as_matrix(truth(problem, label, "jacobian"), cotangents, point.inputs)
    pullback = enclosed(truth(problem, label, "vjp"))
    v = random(point, 0)
    value, slope, _ = taylor(p, point, cut(v, point))
    assert_agree(enclosed(truth(problem, label, "value")), value)
    assert_agree(jacobian @ v, slope)
    assert_agree(pullback @ v, exactly(cotangents.values()) @ slope)
    if not p.outputs:
        assert_agree(enclosed(truth(problem, label, "gradient")) @ v, slope)


@pytest.mark.parametrize(("problem", "label"), CASES)
def test_series_prove_the_pushforward_of_the_case_s_own_tangents(problem: str, label: str) -> None:
    point = at(problem, label)
    _, slope, _ = taylor(PROBLEMS[problem], point, tangents(problem, label))
    assert_agree(enclosed(truth(problem, label, "jvp")), slope)


def test_series_prove_the_gradient_of_a_network_of_thousands() -> None:
    problem, label = "mlp", "10-50-50-1x32"
    point = at(problem, label)
    v = random(point, 1)
    value, slope, _ = taylor(PROBLEMS[problem], point, cut(v, point))
    assert_agree(enclosed(truth(problem, label, "gradient")) @ v, slope)
    assert_agree(enclosed(truth(problem, label, "value")), value)


# Second derivatives of every built-in case.


@pytest.mark.parametrize(("problem", "label"), having("hvp", CASES, most=60))
def test_series_prove_the_curvature_along_the_case_s_own_tangents(problem: str, label: str) -> None:
    point = at(problem, label)
    v = exactly(tangents(problem, label))
    proven = curvature(PROBLEMS[problem], point, tangents(problem, label))
    assert_agree(v @ enclosed(truth(problem, label, "hvp")), proven)


@pytest.mark.parametrize(("problem", "label"), having("hvp", SMALL))
def test_series_prove_every_component_of_the_hessian_times_the_tangents(
    problem: str, label: str
) -> None:
    p, point = PROBLEMS[problem], at(problem, label)
    v = exactly(tangents(problem, label))
    along = curvature(p, point, cut(v, point))
    proven = [
        (curvature(p, point, cut(unit + v, point)) - along - curvature(p, point, cut(unit, point)))
        / 2
        for unit in units(size(point))
    ]
    assert_agree(enclosed(truth(problem, label, "hvp")), proven)


@pytest.mark.parametrize(("problem", "label"), having("hessian", SMALL))
def test_the_hessian_is_symmetric_and_of_the_proven_curvature(problem: str, label: str) -> None:
    found = truth(problem, label, "hessian")
    assert_curved(PROBLEMS[problem], at(problem, label), found)


def assert_curved(problem: Problem, point: Point, found: Enclosure) -> None:
    """Check a Hessian: no entry and its mirror image can be wrong along all of random lines."""
    matrix = hessian(found, point)
    assert_agree(matrix, matrix.T)
    for seed in range(3):
        v = random(point, seed)
        assert_agree(v @ matrix @ v, curvature(problem, point, cut(v, point)))


# The proof can fail.


def tampered(found: Enclosure, *components: int) -> Enclosure:
    wrong = found.high.copy()
    wrong[list(components)] *= 1.0 + 1e-15
    return replace(found, high=wrong)


@pytest.mark.parametrize("component", [0, 5, 14])
def test_one_wrong_component_of_a_gradient_is_noticed(component: int) -> None:
    point = at("mlp", "2-3-1x1")
    found = tampered(truth("mlp", "2-3-1x1", "gradient"), component)
    v = random(point, 0)
    _, slope, _ = taylor(PROBLEMS["mlp"], point, cut(v, point))
    assert not slope[0].overlaps(enclosed(found) @ v)


@pytest.mark.parametrize("entries", [(0,), (1, 10), (99,)])
def test_a_wrong_entry_of_a_hessian_and_its_mirror_image_are_noticed(
    entries: tuple[int, ...],
) -> None:
    problem = PROBLEMS["speelpenning"]
    point = at(problem.name, "10")
    shifted = truth(problem.name, "10", "hessian")
    wrong = shifted.high.copy()
    wrong[list(entries)] += 1e-15
    found = replace(shifted, high=wrong)
    v = random(point, 0)
    along = curvature(problem, point, cut(v, point))
    assert not along.overlaps(v @ hessian(found, point) @ v)


@pytest.mark.parametrize("output", [0, 1])
def test_a_wrong_output_of_a_pushforward_is_noticed(output: int) -> None:
    point = at("polar-coordinates", "")
    found = tampered(truth("polar-coordinates", "", "jvp"), output)
    _, slope, _ = taylor(PROBLEMS["polar-coordinates"], point, tangents("polar-coordinates", ""))
    with pytest.raises(AssertionError):
        assert_agree(enclosed(found), slope)


# First and second derivatives of operations, but for those that test_operations.py takes alone.

MATRIX = np.array([[2.0, 0.3, -0.5], [0.3, 1.5, 0.2], [-0.5, 0.2, 3.0]])
SKEW = np.array([[2.0, -0.4], [0.7, 1.25]])
ROWS = np.array([[0.5, -1.25, 2.0], [1.5, 0.75, -0.25]])
MASK = np.array([[True, False, True], [False, False, True]])

Operation = Callable[..., Any]
# name: cases of (operation on (namespace, arrays), the arrays)
CALCULUS: dict[str, list[tuple[Operation, list[Any]]]] = {
    **{
        name: [(lambda m, x, name=name: x * getattr(m, name)(x), [[0.75, -1.25, 2.25]])]
        for name in ("ceil", "floor", "round", "sign", "trunc")
    },
    **{
        name: [(lambda m, a, b, name=name: b * getattr(m, name)(a, b), [ROWS, [0.35, -0.7, 4.0]])]
        for name in ("floor_divide", "remainder")
    },
    "clip": [
        (lambda m, x: m.clip(x, -1.0, 1.0), [ROWS]),
        (lambda m, x, low: m.clip(x, low), [ROWS, [0.6, 0.7, 0.8]]),
        (lambda m, x, low, high: m.clip(x, low, high), [ROWS, -0.5, [0.6, 0.7, 0.8]]),
    ],
    "hypot": [(lambda m, a, b: m.hypot(a, b), [ROWS, [0.6, 0.7, 0.8]])],
    "logaddexp": [(lambda m, a, b: m.logaddexp(a, b), [ROWS, [0.6, 0.7, 0.8]])],
    "atan2": [
        (lambda m, y, x: m.atan2(y, x), [[1.5, -1.5, 0.5], [2.0, 0.75, 0.0]]),
        (lambda m, y, x: m.atan2(y, x), [[1.5, -0.5], -2.0]),
    ],
    "logsumexp": [
        (lambda m, x, axis=axis: m.logsumexp(x, axis=axis), [ROWS]) for axis in (None, 0)
    ],
    "prod": [
        (lambda m, x: m.prod(x), [[2.0, 0.0, 3.0]]),
        (lambda m, x: m.prod(x, axis=1), [ROWS]),
    ],
    "matmul": [
        (lambda m, a, b: m.matmul(a, b), [ROWS, ROWS.T.copy()]),
        (lambda m, a: a @ a, [SKEW]),
    ],
    "pow": [
        (lambda m, b: m.pow(b, 3), [[0.5, -2.0]]),
        (lambda m, b: m.pow(b, -2), [[0.5, -2.0]]),
        (lambda m, b: m.pow(b, 1.5), [[0.5, 2.0]]),
        (lambda m, b, e: m.pow(b, e), [[0.5, 2.0], [2.5, -0.5]]),
        (lambda m, e: 3.0**e, [[0.5, 2.0]]),
        (lambda m, b: b**0 * b, [[0.5, -2.0]]),
        (lambda m, b: b**1, [[0.5, -2.0]]),
    ],
    "broadcast_to": [(lambda m, x: m.broadcast_to(x, (2, 3)), [ROWS[:1]])],
    "diff": [(lambda m, x, axis=axis: m.diff(x, axis=axis), [ROWS]) for axis in (0, -1)],
    "flip": [(lambda m, x, axis=axis: m.flip(x, axis=axis), [ROWS]) for axis in (None, 1)],
    "matrix_transpose": [(lambda m, x: m.matrix_transpose(x), [ROWS])],
    "moveaxis": [(lambda m, x: m.moveaxis(x, 0, -1), [ROWS])],
    "repeat": [(lambda m, x: m.repeat(x, 2, axis=1), [ROWS])],
    "roll": [(lambda m, x: m.roll(x, 1, axis=-1), [ROWS])],
    "squeeze": [(lambda m, x: m.squeeze(x, axis=0), [ROWS[:1]])],
    "take_along_axis": [
        (lambda m, x: m.take_along_axis(x, np.array([[2, 0], [1, 1]]), axis=1), [ROWS])
    ],
    "tile": [(lambda m, x: m.tile(x, (2, 1)), [ROWS])],
    "tril": [(lambda m, x: m.tril(x), [MATRIX])],
    "triu": [(lambda m, x: m.triu(x, k=1), [MATRIX])],
    "unstack": [
        (
            lambda m, x, axis=axis: functools.reduce(lambda a, b: a * b, m.unstack(x, axis=axis)),
            [ROWS],
        )
        for axis in (0, 1)
    ],
    "cumulative_prod": [
        (lambda m, x, axis=axis: m.cumulative_prod(x, axis=axis), [ROWS]) for axis in (0, 1)
    ],
    **{
        name: [
            (lambda m, x, name=name, axis=axis: getattr(m, name)(x, axis=axis), [ROWS])
            for axis in (None, 0, 1)
        ]
        for name in ("max", "min", "std", "var")
    },
    "sort": [(lambda m, x, axis=axis: m.sort(x, axis=axis), [ROWS]) for axis in (0, -1)],
    "vecdot": [(lambda m, a, b: m.vecdot(a, b), [ROWS, ROWS[1]])],
    "tensordot": [
        (lambda m, a, b: m.tensordot(a, b, axes=1), [ROWS, MATRIX]),
        (lambda m, a, b: m.tensordot(a, b, axes=([0, 1], [1, 0])), [ROWS, ROWS.T.copy()]),
    ],
    "linalg.det": [
        (lambda m, a: m.linalg.det(a), [MATRIX]),
        (lambda m, a: m.linalg.det(a), [MATRIX[[1, 0, 2]] * [0.1, 1.0, 1.0]]),
    ],
    "linalg.matmul": [(lambda m, a, b: m.linalg.matmul(a, b), [ROWS, MATRIX])],
    "linalg.matrix_power": [
        (lambda m, a, n=n: m.linalg.matrix_power(a, n), [SKEW]) for n in (-2, 0, 1, 3)
    ],
    "linalg.matrix_transpose": [(lambda m, a: m.linalg.matrix_transpose(a), [ROWS])],
    "linalg.outer": [(lambda m, a, b: m.linalg.outer(a, b), [ROWS[0], ROWS[1]])],
    "linalg.tensordot": [(lambda m, a, b: m.linalg.tensordot(a, b, axes=1), [ROWS, MATRIX])],
    "linalg.trace": [
        (lambda m, a, offset=offset: m.linalg.trace(a, offset=offset), [MATRIX])
        for offset in (0, -1)
    ],
    "linalg.vecdot": [(lambda m, a, b: m.linalg.vecdot(a, b, axis=0), [ROWS, ROWS])],
    "linalg.vector_norm": [
        (lambda m, x, p=p: m.linalg.vector_norm(x, ord=p), [ROWS]) for p in (1, 2, 3, 2.5, math.inf)
    ],
    "linalg.inv": [
        (lambda m, a: m.linalg.inv(a), [SKEW]),
        (lambda m, a: m.linalg.inv(a), [MATRIX]),
    ],
    "linalg.solve": [
        (lambda m, a, b: m.linalg.solve(a, b), [SKEW, [1.0, -2.0]]),
        (lambda m, a, b: m.linalg.solve(a, b), [SKEW, ROWS]),
    ],
    "linalg.cholesky": [
        (lambda m, a: m.linalg.cholesky(a + a.T), [MATRIX]),
        (lambda m, a: m.linalg.cholesky(a @ a.T), [SKEW]),
    ],
    "linalg.diagonal": [(lambda m, a: m.linalg.diagonal(a), [MATRIX])],
    "indexing": [(lambda m, a: a[1:, None] * a[[0, 0, 2]], [[0.5, 2.0, -1.5]])],
}


def scalarised(operation: Operation) -> Operation:
    """Return 1 + Σ wᵢ·yᵢ + ½·w′ᵢ·yᵢ²."""

    def function(xp: Any, *arrays: Any) -> Any:
        y = operation(xp, *arrays)
        w, other = np.random.default_rng(12).uniform(0.5, 2.0, (2, *getattr(y, "shape", ())))
        return 1.0 + xp.sum(w * y) + 0.5 * xp.sum(other * y * y)

    return function


def named(operation: Operation, arrays: list[Any]) -> tuple[Problem, Argument]:
    inputs = {f"x{i}": np.asarray(a, dtype=float) for i, a in enumerate(arrays)}
    problem = Problem("operation", scalarised(operation), inputs)
    return problem, problem.points().checked[0]


PLACES = {"argmax", "argmin", "argsort"}
"""Operations that return integers."""

ALONE = {
    *SMOOTH, "abs", "relu", "maximum", "minimum", "where", "sum", "mean", "cumulative_sum",
    "concat", "expand_dims", "permute_dims", "reshape", "stack", "take",
}  # fmt: skip
"""Operations whose derivatives are known in closed form, and compared with it."""

ON_TAPE = {"add", "subtract", "multiply", "divide", "negative", "positive"}
"""Arithmetic, whose first and second derivatives test_tape.py compares with rational numbers."""


def test_every_operation_is_differentiated() -> None:
    tables = (ARITHMETIC, COMPONENTWISE, REDUCTIONS, SHAPES)
    expected = {name for table in tables for name in table} - PLACES - ALONE - ON_TAPE
    expected |= {f"linalg.{name}" for name in MATRICES} | (MATRICES.keys() & OPERATIONS.keys())
    assert set(CALCULUS) == expected | {"indexing"}


@pytest.mark.parametrize(
    ("operation", "arrays"),
    [
        pytest.param(*case, id=f"{name} {i}")
        for name, cases in CALCULUS.items()
        for i, case in enumerate(cases)
    ],
)
def test_series_prove_both_derivatives_of_an_operation(
    operation: Operation, arrays: list[Any]
) -> None:
    problem, case = named(operation, arrays)
    point = case.point
    slopes = [taylor(problem, point, cut(unit, point))[1][0] for unit in units(size(point))]
    assert_agree(enclosed(certify(problem, case, "gradient")), slopes)
    assert_curved(problem, point, certify(problem, case, "hessian"))
