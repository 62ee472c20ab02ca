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
import mpmath
import numpy as np
import pytest
from built_in import PROBLEMS
from calculus import CALCULUS, Operation, scalarised
from flint import arb, arb_series
from generic import cholesky, inverse, linear_algebra, namespace, where
from textbook import Decompositions, avg_pool, conv, det, each, max_pool, scan

from gradiometer import Argument, Namespace, Point, Problem
from gradiometer.reference.certify import certify
from gradiometer.reference.elementary import SMOOTH
from gradiometer.reference.operations import (
    ARITHMETIC,
    COMPONENTWISE,
    LABELLED,
    MATRICES,
    NETWORKS,
    OPERATIONS,
    REDUCTIONS,
    SHAPES,
)
from gradiometer.reference.special import SPECIAL
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

    def __float__(self) -> float:
        return float(self.terms[0].mid())

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


FLOOR, SIGN = step(math.floor), step(lambda x: (x > 0) - (x < 0))


def variance(x: Any, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    count = np.size(x) // np.size(np.sum(x, axis=axis))
    apart = x - np.sum(x, axis=axis, keepdims=True) / count
    return np.sum(apart * apart, axis=axis, keepdims=keepdims) / (count - correction)


def clip(x: Any, low: Any = None, high: Any = None) -> Any:
    x = x if low is None else np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def vector_norm(x: Any, axis: Any = None, ord: Any = 2) -> Any:  # noqa: A002  # the standard's
    sizes = where(x > 0.0, x, -x)
    if math.isinf(ord):
        return np.max(sizes, axis=axis) if ord > 0 else np.min(sizes, axis=axis)
    total = np.sum(sizes**ord, axis=axis)
    return total if ord == 1 else SQRT(total) if ord == 2 else total ** (1.0 / ord)


def roots(matrix: Any) -> list[Series]:
    """Return a symmetric matrix's eigenvalues, without derivatives, to most of the digits."""
    middles = [[b.terms[0].mid().str(170, radius=False) for b in row] for row in matrix]
    with mpmath.workdps(170):
        found = mpmath.eigsy(mpmath.matrix(middles), eigvals_only=True)
        return [Series(arb(mpmath.nstr(x, 160)) + arb(0, 1e-100)) for x in sorted(found)]


def diff(x: Any, axis: int = -1, n: int = 1, prepend: Any = None) -> Any:
    whole = x if prepend is None else np.concatenate([prepend, x], axis=axis)
    return np.diff(whole, n=n, axis=axis)


FOUND = Decompositions(roots, SQRT)
INVERSE = each(inverse)
ALGEBRA = linear_algebra(SQRT) | {
    "cholesky": each(lambda a: cholesky(a, SQRT)),
    "cross": lambda a, b: np.stack(
        [a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in ((1, 2), (2, 0), (0, 1))], -1
    ),
    "det": each(det),
    "eigh": each(FOUND.eigen),
    "eigvalsh": lambda a: each(FOUND.eigen)(a)[0],
    "inv": INVERSE,
    "matrix_norm": FOUND.matrix_norm,
    "matrix_power": lambda a, n: functools.reduce(
        np.matmul, abs(n) * [a if n >= 0 else INVERSE(a)], CONSTANT(np.eye(a.shape[-1]))
    ),
    "matmul": np.matmul,
    "matrix_transpose": np.matrix_transpose,
    "outer": np.outer,
    "pinv": each(FOUND.pseudoinverse),
    "qr": each(FOUND.triangular),
    "slogdet": lambda a: (SIGN(each(det)(a)), LOG(each(det)(a) * SIGN(each(det)(a)))),
    "solve": lambda a, b: INVERSE(a) @ b,
    "svd": lambda a, full_matrices: each(FOUND.singular)(a),
    "svdvals": lambda a: each(FOUND.singular)(a)[1],
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
        "sign": SIGN,
        "floor_divide": lambda a, b: FLOOR(a / b),
        "remainder": lambda a, b: a - b * FLOOR(a / b),
        "clip": clip,
        "var": variance,
        "std": lambda x, **how: SQRT(variance(x, **how)),
        "cumulative_prod": lambda x, axis=0: np.cumprod(x, axis=axis),
        "copysign": lambda x, y: where(x > 0.0, x, -x) * SIGN(y),
        "diff": diff,
        "gelu": lambda x: x * (1.0 + of_flint("erf")(x / SQRT(2))) / 2.0,
        "log_softmax": lambda x: x - LOG(np.sum(EXP(x), axis=-1, keepdims=True)),
        "softmax": lambda x: EXP(x) / np.sum(EXP(x), axis=-1, keepdims=True),
        "conv": conv,
        "avg_pool": avg_pool,
        "max_pool": max_pool,
        "scan": scan,
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


def assert_agree(found: Any, proven: Any, tight: float = 1e-26) -> None:
    """Check that two arrays of balls overlap in each component, and that they are tight."""
    found, proven = np.ravel(found), np.ravel(proven)
    assert found.shape == proven.shape
    scale = max(abs(float(b)) for b in proven)
    for one, other in zip(found, proven, strict=True):
        assert one.overlaps(other)
        assert float(one.rad()) + float(other.rad()) <= tight * scale


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
    summed = 1e-24  # the radii of thousands of components, which two doubles and no ball have
    assert_agree(enclosed(truth(problem, label, "gradient")) @ v, slope, summed)
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


def named(operation: Operation, arrays: list[Any]) -> tuple[Problem, Argument]:
    inputs = {f"x{i}": np.asarray(a, dtype=float) for i, a in enumerate(arrays)}
    problem = Problem("operation", scalarised(operation), inputs)
    return problem, problem.points().checked[0]


PLACES = {"argmax", "argmin", "argsort"}
"""Operations that return integers."""

ALONE = {
    *SMOOTH, *SPECIAL, "abs", "relu", "maximum", "minimum", "where", "sum", "mean",
    "cumulative_sum", "concat", "expand_dims", "permute_dims", "reshape", "stack", "take",
}  # fmt: skip
"""Operations whose derivatives are known in closed form, and compared with it."""

ON_TAPE = {"add", "subtract", "multiply", "divide", "negative", "positive"}
"""Arithmetic, whose first and second derivatives test_tape.py compares with rational numbers."""


def test_every_operation_is_differentiated() -> None:
    tables = (ARITHMETIC, COMPONENTWISE, LABELLED, NETWORKS, REDUCTIONS, SHAPES)
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
