"""Certification: every built-in case, checked by a second, independent proof; every refusal."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
from flint import arb, arb_series

from gradiometer import Namespace, Problem, plugins
from gradiometer.errors import ReferenceFailure
from gradiometer.measure.reference.certify import PRECISIONS, TIGHT, certify
from gradiometer.measure.reference.enclosure import Enclosure
from gradiometer.problem import Point

PROBLEMS = plugins.load().problems
CASES = [(p.name, label) for p in PROBLEMS.values() for label in p.labels]
LARGE = "64-256-256-10x64"
Array = np.ndarray


@cache
def truth(problem: str, label: str, operator: str) -> Enclosure:
    return certify(PROBLEMS[problem], PROBLEMS[problem].point(label), operator)


def one(function: Callable[..., Any], given: Any = None, **at: Any) -> tuple[Problem, Point]:
    problem = Problem("candidate", function, at, given or {})
    return problem, problem.point()


def certified(function: Callable[..., Any], operator: str = "gradient", **at: Any) -> Enclosure:
    return certify(*one(function, **at), operator)


# Every built-in case is certified.


@pytest.mark.parametrize("operator", ["value", "gradient"])
@pytest.mark.parametrize(("problem", "label"), CASES)
def test_every_built_in_case_is_certified_in_full(problem: str, label: str, operator: str) -> None:
    found = truth(problem, label, operator)
    n = PROBLEMS[problem].point(label).n if operator == "gradient" else 1
    for part in (found.high, found.low, found.radius, found.magnitude):
        assert part.shape == (n,)
        assert part.dtype == np.float64
        assert np.isfinite(part).all()
    assert found.bits == PRECISIONS[0]
    assert (found.radius >= 0.0).all()
    assert (found.radius <= 1e-30 * found.norm).all()
    assert (np.abs(found.low) <= np.spacing(np.abs(found.high)) / 2).all()
    assert (found.magnitude >= np.abs(found.high) * (1 - 1e-12)).all()
    assert found.condition < 1e3


# The second proof: Taylor series along a line, in ball arithmetic. It shares neither the tape, nor
# the derivative rules, nor the matrix products, nor the summation order with what it checks.


class Series:
    """f(t) = c₀ + c₁·t + O(t²), with balls for coefficients."""

    def __init__(self, terms: Any) -> None:
        self.terms = terms if isinstance(terms, arb_series) else arb_series([arb(terms)])

    def _with(self, other: Any, operation: Callable[[Any, Any], Any]) -> Any:
        if isinstance(other, np.ndarray):
            return NotImplemented  # NumPy then takes it elementwise
        b = other if isinstance(other, Series) else Series(other)
        return Series(operation(self.terms, b.terms))

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

    def __neg__(self) -> Series:
        return Series(-self.terms)

    def __gt__(self, other: Any) -> bool:
        difference = (self - other).terms[0]
        assert difference > 0 or difference < 0, "the second proof met a kink"
        return bool(difference > 0)


def elementwise(name: str) -> Callable[[Any], Any]:
    return np.frompyfunc(lambda s: Series(getattr(s.terms, name)()), 1, 1)


def tanh(x: Any) -> Any:
    growth = elementwise("exp")(2.0 * x)
    return 1.0 - 2.0 / (growth + 1.0)


SERIES = Namespace(
    None,
    {name: elementwise(name) for name in ("exp", "log", "sin", "cos")}
    | {
        "tanh": tanh,
        "sum": np.sum,
        "where": lambda condition, a, b: np.where(condition, a, b)[()],
    },
)


def along(start: Array, direction: Array) -> Any:
    """Return start + t·direction as an array of series, or as one."""
    pair = np.frompyfunc(lambda c, v: Series(arb_series([arb(c), arb(v)])), 2, 1)
    return pair(start, direction)


def slope(problem: Problem, point: Point, directions: list[Array]) -> tuple[arb, arb]:
    """Return balls around f(x) and the derivative of f(x + t·v) at t = 0."""
    cap = flint.ctx.cap
    with flint.ctx.workprec(192):
        flint.ctx.cap = 2
        try:
            line = [along(x, v) for x, v in zip(point.inputs.values(), directions, strict=True)]
            terms = problem.function(SERIES, *line, **point.given).terms
            return terms[0], terms[1]
        finally:
            flint.ctx.cap = cap


def projected(found: Enclosure, directions: list[Array]) -> arb:
    """Return the ball of ⟨gradient, v⟩."""
    with flint.ctx.workprec(192):
        v = np.concatenate([np.ravel(d) for d in directions])
        parts = zip(found.high, found.low, found.radius, v, strict=True)
        return sum(
            ((arb(h) + arb(low) + arb(0, r)) * arb(d) for h, low, r, d in parts), start=arb(0)
        )


def random_direction(point: Point, seed: int) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(a.shape) for a in point.inputs.values()]


def assert_agree(a: arb, b: arb) -> None:
    assert a.overlaps(b)
    width = float(a.rad()) + float(b.rad())
    assert width <= 1e-27 * max(1.0, abs(float(a)))


SMALL = [(p, label) for p, label in CASES if label not in ("10-50-50-1x32", LARGE)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("problem", "label"), SMALL)
def test_taylor_series_prove_the_same_gradient_along_random_directions(
    problem: str, label: str, seed: int
) -> None:
    point = PROBLEMS[problem].point(label)
    v = random_direction(point, seed)
    value, derivative = slope(PROBLEMS[problem], point, v)
    assert_agree(derivative, projected(truth(problem, label, "gradient"), v))
    assert_agree(value, projected(truth(problem, label, "value"), [np.ones(1)]))


@pytest.mark.parametrize(("problem", "label"), SMALL)
def test_taylor_series_prove_the_same_derivative_in_every_single_input(
    problem: str, label: str
) -> None:
    point = PROBLEMS[problem].point(label)
    shapes = [a.shape for a in point.inputs.values()]
    for i, unit in enumerate(np.eye(point.n)):
        cuts = np.cumsum([math.prod(s) for s in shapes])[:-1]
        v = [part.reshape(s) for part, s in zip(np.split(unit, cuts), shapes, strict=True)]
        found = truth(problem, label, "gradient")
        single = Enclosure(*(a[[i]] for a in (found.high, found.low, found.radius)), unit, 192)
        _, derivative = slope(PROBLEMS[problem], point, v)
        assert_agree(derivative, projected(single, [np.ones(1)]))


@pytest.mark.parametrize("seed", [1, 2])
def test_taylor_series_prove_the_same_gradient_of_a_network_of_thousands(seed: int) -> None:
    problem, label = "mlp", "10-50-50-1x32"
    point = PROBLEMS[problem].point(label)
    v = random_direction(point, seed)
    value, derivative = slope(PROBLEMS[problem], point, v)
    assert_agree(derivative, projected(truth(problem, label, "gradient"), v))
    assert_agree(value, projected(truth(problem, label, "value"), [np.ones(1)]))


@pytest.mark.parametrize("component", [0, 5, 14])
def test_the_second_proof_notices_one_wrong_component(component: int) -> None:
    point = PROBLEMS["mlp"].point("2-3-1x1")
    found = truth("mlp", "2-3-1x1", "gradient")
    wrong = found.high.copy()
    wrong[component] *= 1.0 + 1e-15
    v = random_direction(point, 0)
    _, derivative = slope(PROBLEMS["mlp"], point, v)
    tampered = Enclosure(wrong, found.low, found.radius, found.magnitude, found.bits)
    assert not derivative.overlaps(projected(tampered, v))


# Truths that are known otherwise.


@pytest.mark.parametrize(
    ("function", "at", "value", "gradient"),
    [
        (lambda xp, x, y, z: (x + y) * z, {"x": -2.0, "y": 5.0, "z": -4.0}, -12, [-4, -4, 3]),
        (lambda xp, x: x * x * x, {"x": 0.5}, 0.125, [0.75]),
        (lambda xp, x, y: x / y, {"x": 3.0, "y": 4.0}, 0.75, [0.25, -0.1875]),
        (lambda xp, x: x @ x, {"x": [1.0, -2.0, 3.0]}, 14, [2, -4, 6]),
        (lambda xp, x: xp.sum(x[:1] * x), {"x": [2.0, 3.0]}, 10, [7, 2]),
        (lambda xp, x: x, {"x": 7.0}, 7, [1]),
        (lambda xp, x, y: x + 0.0 * y, {"x": 7.0, "y": 2.0}, 7, [1, 0]),
        (lambda xp, x, y: 2.0 * x, {"x": 7.0, "y": [1.0, 2.0]}, 14, [2, 0, 0]),
    ],
)
def test_a_result_that_doubles_hold_is_exact(
    function: Any, at: dict[str, Any], value: float, gradient: list[float]
) -> None:
    for operator, expected in (("value", [value]), ("gradient", gradient)):
        found = certified(function, operator, **at)
        np.testing.assert_array_equal(found.high, expected)
        assert not found.low.any()
        assert not found.radius.any()


@pytest.mark.parametrize(
    ("function", "derivative", "x"),
    [
        (lambda xp, x: xp.exp(xp.sin(x)), lambda x: mpmath.cos(x) * mpmath.exp(mpmath.sin(x)), 1.1),
        (lambda xp, x: xp.log(1.0 + x * x), lambda x: 2 * x / (1 + x * x), -0.3),
        (lambda xp, x: x**x, lambda x: x**x * (1 + mpmath.log(x)), 2.7),
        (lambda xp, x: xp.sin(x), mpmath.cos, 1e300),
        (lambda xp, x: xp.exp(-x * x), lambda x: -2 * x * mpmath.exp(-x * x), 15.0),
        (lambda xp, x: xp.sqrt(x) - xp.cos(x), lambda x: mpmath.sqrt(x) / 2 / x + mpmath.sin(x), 9),
    ],
)
def test_a_derivative_is_the_one_that_mpmath_finds(
    function: Any, derivative: Any, x: float
) -> None:
    found = certified(function, x=x)
    with mpmath.workdps(400):
        centre = mpmath.mpf(float(found.high[0])) + mpmath.mpf(float(found.low[0]))
        assert abs(derivative(mpmath.mpf(x)) - centre) <= mpmath.mpf(float(found.radius[0]))


def test_components_come_in_the_order_of_the_inputs_flattened() -> None:
    def weighed(xp: Any, a: Any, b: Any, c: Any) -> Any:
        return xp.sum(a * np.arange(6.0).reshape(2, 3)) + 10.0 * b + c @ [20.0, 30.0]

    found = certified(weighed, a=np.ones((2, 3)), b=1.0, c=[1.0, 1.0])
    np.testing.assert_array_equal(found.high, [0, 1, 2, 3, 4, 5, 10, 20, 30])


def test_given_values_are_held_constant() -> None:
    def affine(xp: Any, x: Any, *, a: Any, b: Any) -> Any:
        return xp.sum(a * x) + b

    point = one(affine, given={"a": [2, 3], "b": 1.5}, x=[1.0, 1.0])
    np.testing.assert_array_equal(certify(*point, "gradient").high, [2.0, 3.0])
    np.testing.assert_array_equal(certify(*point, "value").high, [6.5])


def test_a_scalar_component_may_be_used_again_and_again() -> None:
    found = certified(lambda xp, x: x[0] * x[0] * x[1], x=[2.0, 3.0])
    np.testing.assert_array_equal(found.high, [12.0, 4.0])


# Precision grows with what cancels.


@pytest.mark.parametrize("operator", ["value", "gradient"])
def test_cancellation_that_ruins_doubles_does_not_touch_the_truth(operator: str) -> None:
    found = certified(lambda xp, x: (1e20 + x) - 1e20 + x * 1e-30, operator, x=1.5)
    scale = 1.5 if operator == "value" else 1.0
    assert (found.high[0], found.low[0]) == (scale, pytest.approx(scale * 1e-30, rel=1e-15))


def shifted(shift: float) -> Callable[..., Any]:
    """f = (shift + x)² − shift² − 2·shift·x = x², if shift² is not lost."""
    return lambda xp, x: (shift + x) * (shift + x) - shift * (shift + 2.0 * x)


@pytest.mark.parametrize(
    ("shift", "bits"),
    [(2.0**20, 192), (2.0**100, 768), (2.0**300, 768), (2.0**400, 3072), (2.0**500, 3072)],
)
def test_precision_rises_until_the_enclosure_is_tight(shift: float, bits: int) -> None:
    def cancelling(xp: Any, x: Any) -> Any:
        y = shift + xp.exp(x)
        return y * y - shift * shift - 2.0 * shift * xp.exp(x)

    found = certified(cancelling, "value", x=1.0)
    assert found.bits == bits
    with mpmath.workdps(60):
        assert abs(mpmath.exp(2) - found.high[0] - found.low[0]) <= float(found.radius[0]) + 1e-50
    assert found.radius[0] <= TIGHT * found.norm


def test_cancellation_in_a_gradient_shows_in_its_condition() -> None:
    found = certified(shifted(2.0**40), x=1.5)
    assert found.high[0] == 3.0
    assert found.condition == pytest.approx(4 * 2.0**40 / 3.0, rel=1e-10)


def test_precision_is_restored() -> None:
    before = flint.ctx.prec
    certified(shifted(2.0**300), "value", x=1.5)
    with pytest.raises(ReferenceFailure):
        certified(lambda xp, x: xp.abs(x), x=0.0)
    assert flint.ctx.prec == before


def test_a_comparison_that_needs_more_precision_gets_it() -> None:
    def close(xp: Any, x: Any) -> Any:
        # exp(log x) − x is zero; the shift of 2⁻²⁵⁰ is below what 192 bits tell.
        return xp.where(xp.exp(xp.log(x)) > x - 2.0**-250, 5.0 * x, 7.0 * x)

    found = certified(close, x=3.0)
    assert (found.high[0], found.bits) == (5.0, 768)


# Refusals.


@pytest.mark.parametrize("operator", ["value", "gradient"])
@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda xp, x: xp.abs(x), 0.0),
        (lambda xp, x: xp.relu(x), 0.0),
        (lambda xp, x: xp.maximum(x, 2.0), 2.0),
        (lambda xp, x: xp.where(x > 1.0, x, 2.0 * x), 1.0),
        (lambda xp, x: xp.abs(xp.sin(x) ** 2 + xp.cos(x) ** 2 - 1.0) + x, 0.7),
    ],
)
def test_a_kink_is_refused_at_every_precision(function: Any, at: float, operator: str) -> None:
    with pytest.raises(ReferenceFailure, match="lies on a kink; choose another"):
        certified(function, operator, x=at)


@pytest.mark.parametrize("operator", ["value", "gradient"])
@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda xp, x: 1.0 / x, 0.0),
        (lambda xp, x: xp.log(x), 0.0),
        (lambda xp, x: xp.log(x), -1.0),
        (lambda xp, x: xp.sqrt(x), -1.0),
        (lambda xp, x: x**0.5, -2.0),
        (lambda xp, x: x - x / (x - x), 1.0),
        (lambda xp, x: x * math.inf, 1.0),
        (lambda xp, x: x + math.nan, 1.0),
    ],
)
def test_a_function_that_is_not_finite_is_refused(function: Any, at: float, operator: str) -> None:
    with pytest.raises(ReferenceFailure, match=r"not finite here: choose"):
        certified(function, operator, x=at)


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda xp, x: xp.sqrt(x), 0.0),
        (lambda xp, x: xp.asin(x), 1.0),
        (lambda xp, x: xp.exp(x), 800.0),
        (lambda xp, x: xp.sum(xp.sqrt(x)), [1.0, 0.0, 4.0]),
    ],
)
def test_a_derivative_that_is_not_finite_is_refused(function: Any, at: Any) -> None:
    with pytest.raises(ReferenceFailure, match="not finite here: choose another point"):
        certified(function, x=at)


@pytest.mark.parametrize(
    ("function", "at", "shape"),
    [
        (lambda xp, x: x, [1.0, 2.0], r"\(2,\)"),
        (lambda xp, x: xp.sum(x, axis=0), np.ones((2, 3)), r"\(3,\)"),
        (lambda xp, x: xp.sum(x, axis=0, keepdims=True), [1.0, 2.0], r"\(1,\)"),
        (lambda xp, x: xp.reshape(x, (1, 1)), 1.0, r"\(1, 1\)"),
    ],
)
def test_a_result_that_is_no_scalar_is_refused(function: Any, at: Any, shape: str) -> None:
    with pytest.raises(ReferenceFailure, match=rf"'candidate' returned an array of shape {shape}"):
        certified(function, x=at)


@pytest.mark.parametrize(
    ("returned", "kind"),
    [(3.0, "float"), (None, "NoneType"), (np.float64(1.0), "float64"), ((1.0,), "tuple")],
)
def test_a_function_that_ignores_its_namespace_is_refused(returned: Any, kind: str) -> None:
    with pytest.raises(ReferenceFailure, match=rf"returned {kind}, not an array computed"):
        certified(lambda xp, x: returned, x=1.0)


def test_a_function_that_returns_a_tuple_of_results_is_refused() -> None:
    with pytest.raises(ReferenceFailure, match="returned tuple"):
        certified(lambda xp, x: (x, x), x=1.0)


@pytest.mark.parametrize("foreign", [np.sin, math.sin, lambda x: np.add(x, 1.0)])
def test_a_function_that_calls_another_library_never_gets_a_reference(foreign: Any) -> None:
    with pytest.raises((ReferenceFailure, TypeError)):
        certified(lambda xp, x: foreign(x), x=0.5)


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda xp, x: x - x, 1.5),
        (lambda xp, x: 0.0 * x, 1.5),
        (lambda xp, x: xp.sin(x) ** 2 + xp.cos(x) ** 2, 1.5),
        (lambda xp, x: (x - 2.0) ** 2, 2.0),
        (lambda xp, x: xp.sum(xp.cos(x)), [0.0, 0.0]),
        (lambda xp, x: xp.sum(np.ones(3) * 2.0 + 0.0 * x), [1.0, 1.0, 1.0]),
    ],
)
def test_a_zero_derivative_is_refused_since_zeros_would_pass(function: Any, at: Any) -> None:
    with pytest.raises(ReferenceFailure, match="all-zero answer would pass: choose another point"):
        certified(function, x=at)


def test_a_zero_value_is_refused() -> None:
    with pytest.raises(ReferenceFailure, match=r"true value .*zero"):
        certified(lambda xp, x: x - 2.0, "value", x=2.0)
    assert certified(lambda xp, x: x - 2.0, "gradient", x=2.0).high[0] == 1.0


def test_a_derivative_that_does_not_depend_on_any_input_is_refused() -> None:
    def constant(xp: Any, x: Any, *, c: Any) -> Any:
        return xp.sum(xp.exp(c))

    point = one(constant, given={"c": [1.0, 2.0]}, x=1.0)
    assert certify(*point, "value").high[0] == pytest.approx(math.e + math.e**2)
    with pytest.raises(ReferenceFailure, match="zero"):
        certify(*point, "gradient")


def test_one_component_may_be_zero() -> None:
    found = certified(lambda xp, x: xp.sum(xp.cos(x)), x=[0.0, 1.0])
    assert (found.high[0], found.radius[0]) == (0.0, 0.0)


def test_what_no_precision_encloses_is_not_said_to_be_zero() -> None:
    # sin(e^10000): of 14,427 bits before the point, the largest precision has 3,072.
    with pytest.raises(ReferenceFailure, match="true value") as caught:
        certified(lambda xp, x: xp.sin(xp.exp(x)), "value", x=1e4)
    assert "is zero" not in str(caught.value)


@pytest.mark.parametrize("name", ["max", "gamma", "fft"])
def test_an_unknown_operation_is_named(name: str) -> None:
    with pytest.raises(ReferenceFailure, match=rf"no rule for the operation '{name}'.*Write"):
        certified(lambda xp, x: getattr(xp, name)(x), x=1.0)


@pytest.mark.parametrize("function", [lambda xp, x: xp.where(x == 1.0, x, -x),
                                      lambda xp, x: xp.where(x != 1.0, x, -x)])  # fmt: skip
def test_equality_between_balls_is_refused(function: Any) -> None:
    with pytest.raises(ReferenceFailure, match="cannot decide `==`"):
        certified(function, x=1.0)


@pytest.mark.parametrize("error", [ValueError("of its own"), ZeroDivisionError("of its own")])
def test_an_error_of_the_problem_s_own_is_passed_on(error: Exception) -> None:
    def failing(xp: Any, x: Any) -> Any:
        raise error

    with pytest.raises(type(error), match="of its own"):
        certified(failing, x=1.0)


# Magnitudes.


@pytest.mark.parametrize(
    ("function", "at", "magnitude"),
    [
        (lambda xp, x: xp.sum(x), [1.0, 2.0], [1, 1]),
        (lambda xp, x: x[0] * x[1], [3.0, -2.0], [2, 3]),
        (lambda xp, x: xp.sum(x) - xp.sum(x * 0.5), [1.0, 2.0], [1.5, 1.5]),
        (lambda xp, x: (x[0] - x[1]) * 4.0 + x[1] * 3.0, [1.0, 2.0], [4, 7]),
        (lambda xp, x: (x @ [1.0, -1.0]) * 3.0, [1.0, 2.0], [3, 3]),
    ],
)
def test_the_magnitude_of_a_component_is_its_sum_without_cancellation(
    function: Any, at: Any, magnitude: list[float]
) -> None:
    np.testing.assert_array_equal(certified(function, x=at).magnitude, magnitude)


def test_the_magnitude_of_a_value_is_its_modulus() -> None:
    found = certified(lambda xp, x: x - 3.0, "value", x=1.0)
    assert (found.magnitude[0], found.condition) == (2.0, 1.0)


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda xp, x: xp.logsumexp(x), [800.0, 790.0]),
        (lambda xp, x: xp.sum(xp.sigmoid(x) * x), [-800.0, 1.0]),
        (lambda xp, x: xp.log(xp.cosh(x)), 1000.0),
    ],
)
def test_intermediate_overflow_leaves_magnitudes_finite(function: Any, at: Any) -> None:
    found = certified(function, x=at)
    assert np.isfinite(found.magnitude).all()
    assert (found.magnitude >= np.abs(found.high) * (1 - 1e-12)).all()
    assert found.condition < 10.0


def test_a_large_case_is_certified_at_another_seed_too() -> None:
    problem = PROBLEMS["mlp"]
    found = certify(problem, problem.point("10-50-50-1x32", seed=7), "gradient")
    assert (found.high != truth("mlp", "10-50-50-1x32", "gradient").high).all()
    assert found.radius.max() <= 1e-30 * found.norm
