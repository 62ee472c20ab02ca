"""Certification: every built-in case in full, truths that are known otherwise, every refusal."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import flint
import mpmath
import numpy as np
import pytest

from gradiometer import Problem, plugins
from gradiometer.errors import ReferenceFailure, ZeroTruth
from gradiometer.measure.agreement import ROUNDINGS, UNIT
from gradiometer.measure.plan import Case, applies
from gradiometer.measure.reference.certify import PRECISIONS, TIGHT, certify
from gradiometer.measure.reference.enclosure import Enclosure
from gradiometer.operators import OPERATORS
from gradiometer.problem import Point

PROBLEMS = plugins.load().problems
MOST_INPUTS = {"hessian": 30, "jacobian": 180, "jvp": 180, "hvp": 180}
"""Of the cases that are certified here; of other operators, all sizes are."""
CASES = [
    (p.name, label, operator)
    for p in PROBLEMS.values()
    for label in p.labels
    for operator in OPERATORS
    if applies(operator, p) and p.point(label).n <= MOST_INPUTS.get(operator, 100_000)
    if (p.name, label) != ("gaussian-process", "3x100") or operator in ("value", "gradient")
]
Array = np.ndarray


@cache
def drawn(problem: str, label: str, seed: int = 0) -> Point:
    p = PROBLEMS[problem]
    return Case(p, label, "value").points(seed, lambda at: certify(p, at, "value").shapes).check


@cache
def truth(problem: str, label: str, operator: str) -> Enclosure:
    return certify(PROBLEMS[problem], drawn(problem, label), operator)


def one(function: Callable[..., Any], given: Any = None, **at: Any) -> tuple[Problem, Point]:
    problem = Problem("candidate", function, at, given or {})
    return problem, problem.point()


def certified(function: Callable[..., Any], operator: str = "gradient", **at: Any) -> Enclosure:
    return certify(*one(function, **at), operator)


# Every built-in case is certified.


@pytest.mark.parametrize(("problem", "label", "operator"), CASES)
def test_every_built_in_case_is_certified_in_full(problem: str, label: str, operator: str) -> None:
    found = truth(problem, label, operator)
    n = OPERATORS[operator].layout(drawn(problem, label)).size
    for part in (found.high, found.low, found.radius, found.magnitude):
        assert part.shape == (n,)
        assert part.dtype == np.float64
        assert np.isfinite(part).all()
    assert found.shapes == tuple(a.shape for a in drawn(problem, label).cotangents.values())
    assert found.bits in PRECISIONS
    assert (found.radius >= 0.0).all()
    assert (found.radius <= TIGHT * found.norm).all()
    assert (np.abs(found.low) <= np.spacing(np.abs(found.high)) / 2).all()
    assert (found.magnitude >= np.abs(found.high) * (1 - 1e-12)).all()


@pytest.mark.parametrize(
    ("problem", "label", "operator"),
    CASES,
)
def test_no_built_in_case_cancels_so_much_that_zeros_would_pass_for_roundings(
    problem: str, label: str, operator: str
) -> None:
    assert ROUNDINGS * UNIT * truth(problem, label, operator).condition < 0.01


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
    [(3.0, "float"), (None, "NoneType"), (np.float64(1.0), "float64"), ((1.0,), "float")],
)
def test_a_function_that_ignores_its_namespace_is_refused(returned: Any, kind: str) -> None:
    with pytest.raises(ReferenceFailure, match=rf"returned {kind}, not an array computed"):
        certified(lambda xp, x: returned, x=1.0)


@pytest.mark.parametrize("several", [tuple, list])
def test_a_scalar_problem_that_returns_several_results_is_refused(several: type) -> None:
    with pytest.raises(ReferenceFailure, match=r"returned 2 arrays: a scalar.*outputs=\(…\)"):
        certified(lambda xp, x: several([x, x]), x=1.0)


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


# Every operator.

INTEGERS = {"x": [1.0, 2.0, -3.0], "y": 4.0}
TANGENTS = {"x": np.array([2.0, -1.0, 1.0]), "y": np.array(3.0)}


def at_integers(
    function: Callable[..., Any],
    operator: str,
    cotangents: dict[str, Any] | None = None,
    inputs: dict[str, Any] | None = None,
    tangents: dict[str, Any] | None = None,
) -> Enclosure:
    """Certify at an integer point, along integer directions; the cotangents name the outputs."""
    outputs = tuple(cotangents) if cotangents else ()
    problem = Problem("candidate", function, inputs or INTEGERS, outputs=outputs)
    w = {k: np.asarray(a, dtype=float) for k, a in (cotangents or {"value": 5.0}).items()}
    v = {k: np.asarray(a, dtype=float) for k, a in (tangents or TANGENTS).items()}
    return certify(problem, Point(problem.point().inputs, {}, v, w), operator)


def cubic(xp: Any, x: Any, y: Any) -> Any:
    """x₀²·x₁ + y·x₂, whose Hessian is known."""
    return x[0] * x[0] * x[1] + y * x[2]


HESSIAN = np.array([[4, 2, 0, 0], [2, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])


def assert_exactly(found: Enclosure, expected: Any) -> None:
    np.testing.assert_array_equal(found.high, np.ravel(expected))
    assert not found.low.any()
    assert not found.radius.any()


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("value", [-10]),
        ("gradient", [4, 1, 4, -3]),
        ("jacobian", [4, 1, 4, -3]),
        ("jvp", [4 * 2 - 1 + 4 - 3 * 3]),
        ("vjp", [20, 5, 20, -15]),
        ("hvp", HESSIAN @ [2, -1, 1, 3]),
        # the blocks (x, x), (x, y), (y, x) and (y, y) in turn
        ("hessian", [4, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0]),
    ],
)
def test_every_operator_of_a_polynomial_is_exact(operator: str, expected: Any) -> None:
    assert_exactly(at_integers(cubic, operator), expected)


COTANGENTS = {"a": [2.0, -1.0], "b": 3.0}


def pair(xp: Any, x: Any, y: Any) -> Any:
    """a = (x₀·x₁, y²), b = x₂·y: four inputs, three outputs."""
    return xp.stack([x[0] * x[1], y * y]), x[2] * y


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("value", [2, 16, -12]),
        # ∂a/∂x, ∂a/∂y, ∂b/∂x, ∂b/∂y
        ("jacobian", [2, 1, 0, 0, 0, 0, 0, 8, 0, 0, 4, -3]),
        ("jvp", [2 * 2 - 1, 8 * 3, 4 - 3 * 3]),
        ("vjp", [2 * 2, 2 * 1, 3 * 4, -8 + 3 * -3]),
    ],
)
def test_every_operator_of_several_outputs_is_exact(operator: str, expected: Any) -> None:
    found = at_integers(pair, operator, COTANGENTS)
    assert_exactly(found, expected)
    assert found.shapes == ((2,), ())


@pytest.mark.parametrize("m", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("shape", [(3,), (1, 3), (3, 1)])
def test_a_jacobian_is_the_same_by_rows_and_by_columns(shape: tuple[int, ...], m: int) -> None:
    matrix = np.random.default_rng(m).integers(-9, 9, (m, 3)).astype(float)
    found = at_integers(
        lambda xp, x: matrix @ xp.reshape(x * x, (3,)) / 2,
        "jacobian",
        {"y": np.ones(m)},
        inputs={"x": np.reshape([1.0, 2.0, -3.0], shape)},
        tangents={"x": np.ones(shape)},
    )
    assert_exactly(found, matrix * [1, 2, -3])


@pytest.mark.parametrize("operator", ["jacobian", "jvp", "vjp"])
def test_an_output_may_be_an_input_and_another_depend_on_nothing(operator: str) -> None:
    expected = {
        "jacobian": [*np.eye(3).ravel(), 0, 0, 0, 0, 0, 0, 0],
        "jvp": [2, -1, 1, 0],
        "vjp": [1, 2, 3, 0],
    }[operator]
    found = at_integers(
        lambda xp, x, y: (x, xp.exp(1.0)), operator, {"a": [1.0, 2.0, 3.0], "b": 7.0}
    )
    assert_exactly(found, expected)


@pytest.mark.parametrize(
    "operator",
    ["jacobian", "jvp", "vjp"],
)
def test_two_outputs_may_be_one_and_the_same(operator: str) -> None:
    def twice(xp: Any, x: Any, y: Any) -> Any:
        z = y * y
        return z, z

    expected = {"jacobian": [0, 0, 0, 8, 0, 0, 0, 8], "jvp": [24, 24], "vjp": [0, 0, 0, 8 * 5]}
    found = at_integers(twice, operator, {"a": 2.0, "b": 3.0})
    assert_exactly(found, expected[operator])


@pytest.mark.parametrize(
    ("function", "second", "x"),
    [
        (lambda xp, x: xp.exp(xp.sin(x)),
         lambda x: (mpmath.cos(x) ** 2 - mpmath.sin(x)) * mpmath.exp(mpmath.sin(x)), 1.1),
        (lambda xp, x: xp.log(1.0 + x * x), lambda x: 2 * (1 - x * x) / (1 + x * x) ** 2, -0.3),
        (lambda xp, x: xp.erf(x),
         lambda x: -4 * x / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x), 0.7),
        (lambda xp, x: x**x,
         lambda x: x**x * ((1 + mpmath.log(x)) ** 2 + 1 / x), 2.7),
    ],
)  # fmt: skip
@pytest.mark.parametrize("operator", ["hessian", "hvp"])
def test_a_second_derivative_is_the_one_that_calculus_gives(
    function: Any, second: Any, x: float, operator: str
) -> None:
    problem, point = one(function, x=x)
    found = certify(problem, point, operator)
    with mpmath.workdps(400):
        expected = second(mpmath.mpf(x))
        if operator == "hvp":
            expected *= mpmath.mpf(float(point.tangents["x"]))
        centre = mpmath.mpf(float(found.high[0])) + mpmath.mpf(float(found.low[0]))
        assert abs(expected - centre) <= mpmath.mpf(float(found.radius[0]))


@pytest.mark.parametrize("operator", ["jvp", "hessian", "hvp"])
def test_cancellation_that_ruins_doubles_does_not_touch_what_is_taped_twice(operator: str) -> None:
    def cancelling(xp: Any, x: Any) -> Any:
        return (1e20 * x * x + xp.exp(x)) - 1e20 * x * x

    problem, point = one(cancelling, x=1.5)
    found, v = certify(problem, point, operator), float(point.tangents["x"])
    expected = math.exp(1.5) * (1.0 if operator == "hessian" else v)
    assert found.high[0] == pytest.approx(expected, rel=1e-15)
    assert found.condition > 1e18


@pytest.mark.parametrize("operator", ["jvp", "hessian", "hvp"])
def test_precision_rises_for_what_is_taped_twice_too(operator: str) -> None:
    def cancelling(xp: Any, x: Any) -> Any:
        y = 2.0**200 + xp.exp(x)
        return y * y - 2.0**400 - 2.0**201 * xp.exp(x)

    problem, point = one(cancelling, x=1.0)
    found, v = certify(problem, point, operator), float(point.tangents["x"])
    factor = {"jvp": 2.0 * v, "hessian": 4.0, "hvp": 4.0 * v}[operator]
    assert found.bits == 768
    assert found.high[0] == pytest.approx(factor * math.exp(2.0), rel=1e-15)


# A second derivative that vanishes is no fault of the problem's.


@pytest.mark.parametrize("operator", ["hessian", "hvp"])
@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda xp, x: 3.0 * x, 1.5),
        (lambda xp, x: xp.sum(x) - x[0], [1.0, 2.0]),
        (lambda xp, x: x, 1.5),
        (lambda xp, x: x * x * x, 0.0),
        (lambda xp, x: xp.relu(x), 2.0),
        (lambda xp, x: xp.where(x > 0.0, x, x * x), 2.0),
    ],
)
def test_a_vanishing_second_derivative_is_told_apart(function: Any, at: Any, operator: str) -> None:
    with pytest.raises(ZeroTruth, match=f"the true {operator} is zero: nothing to agree with"):
        certified(function, operator, x=at)


def test_tangents_that_the_hessian_maps_to_zero_leave_nothing_to_agree_with() -> None:
    def flat_in_y(xp: Any, x: Any, y: Any) -> Any:
        return x[0] * x[1] * x[2] + y

    with pytest.raises(ZeroTruth, match="the true hvp is zero"):
        at_integers(flat_in_y, "hvp", tangents={"x": np.zeros(3), "y": 1.0})
    assert at_integers(flat_in_y, "hessian").norm > 0.0


@pytest.mark.parametrize("operator", ["gradient", "jacobian", "jvp", "vjp"])
def test_a_vanishing_first_derivative_is_the_problem_s_fault(operator: str) -> None:
    with pytest.raises(ReferenceFailure, match="choose another point") as caught:
        certified(lambda xp, x: (x - 2.0) ** 2, operator, x=2.0)
    assert not isinstance(caught.value, ZeroTruth)


def test_a_second_derivative_that_only_cancels_is_not_called_zero() -> None:
    with pytest.raises(ReferenceFailure, match="cannot be told from zero") as caught:
        certified(lambda xp, x: xp.sin(x) ** 2 + xp.cos(x) ** 2 + x, "hessian", x=0.7)
    assert not isinstance(caught.value, ZeroTruth)


@pytest.mark.parametrize("operator", ["jvp", "hessian", "hvp"])
def test_a_kink_is_refused_by_what_is_taped_twice(operator: str) -> None:
    with pytest.raises(ReferenceFailure, match="lies on a kink; choose another"):
        certified(lambda xp, x: xp.abs(x) * x, operator, x=0.0)


@pytest.mark.parametrize("operator", ["hessian", "hvp"])
def test_a_second_derivative_that_is_not_finite_is_refused(operator: str) -> None:
    with pytest.raises(ReferenceFailure, match="not finite here: choose another point"):
        certified(lambda xp, x: xp.sqrt(x) * x, operator, x=0.0)


# Outputs that are not as declared.


@pytest.mark.parametrize("operator", ["value", "jacobian", "jvp", "vjp"])
@pytest.mark.parametrize(
    ("names", "returned", "reason"),
    [
        (("a", "b"), lambda x: x, "returned 1 outputs: 2 are named (a, b)"),
        (("a", "b"), lambda x: (x, x, x), "returned 3 outputs in a tuple: 2 are named (a, b)"),
        (("a", "b"), lambda x: (x,), "returned 1 outputs in a tuple: 2 are named (a, b)"),
        (("a",), lambda x: (x, x), "returned 2 outputs in a tuple: 1 are named (a)"),
        (("a",), lambda x: (x,), "returned 1 outputs in a tuple: 1 are named (a)"),
        (("a",), lambda x: (), "returned 0 outputs in a tuple: 1 are named (a)"),
    ],
)
def test_another_number_of_outputs_than_declared_is_told(
    names: tuple[str, ...], returned: Any, reason: str, operator: str
) -> None:
    problem = Problem("candidate", lambda xp, x: returned(x), {"x": [1.0, 2.0]}, outputs=names)
    point = problem.point("", 0, [(2,)] * len(names))
    with pytest.raises(ReferenceFailure) as caught:
        certify(problem, point, operator)
    assert reason in str(caught.value)
    assert "Return one array, or a tuple of several." in str(caught.value)


def test_a_vector_problem_that_ignores_its_namespace_is_refused() -> None:
    problem = Problem("candidate", lambda xp, x: (x, 1.0), {"x": 1.0}, outputs=("a", "b"))
    with pytest.raises(ReferenceFailure, match="returned float, not an array computed"):
        certify(problem, problem.point(), "value")


def test_one_output_that_is_not_finite_among_several_is_refused() -> None:
    problem = Problem("candidate", lambda xp, x: (x, 1.0 / x), {"x": 0.0}, outputs=("a", "b"))
    with pytest.raises(ReferenceFailure, match="not finite here"):
        certify(problem, problem.point(), "value")


# Magnitudes of every operator.


@pytest.mark.parametrize(
    ("operator", "magnitude"),
    [
        ("gradient", [5, 3]),
        ("jacobian", [5, 3]),
        ("jvp", [5 * 2 + 3 * 4]),
        ("vjp", [7 * 5, 7 * 3]),
    ],
)
def test_the_magnitude_of_a_product_counts_every_path_and_the_direction_s_modulus(
    operator: str, magnitude: list[float]
) -> None:
    def linear(xp: Any, x: Any) -> Any:
        return xp.sum(x * 3.0) - x[0] * 2.0

    point = Point(
        {"x": np.array([1.0, 1.0])}, {}, {"x": np.array([2.0, -4.0])}, {"value": np.array(-7.0)}
    )
    found = certify(Problem("candidate", linear, {}), point, operator)
    np.testing.assert_array_equal(found.magnitude, magnitude)


@pytest.mark.parametrize("operator", ["hessian", "hvp"])
def test_all_components_of_a_second_derivative_share_the_largest_magnitude(operator: str) -> None:
    found = at_integers(cubic, operator)
    assert len(set(found.magnitude.tolist())) == 1
    assert found.magnitude[0] >= np.abs(found.high).max()


def test_the_magnitudes_of_a_value_are_the_largest_of_each_output() -> None:
    found = at_integers(pair, "value", COTANGENTS)
    np.testing.assert_array_equal(found.magnitude, [16, 16, 12])


@pytest.mark.parametrize("operator", ["jacobian", "jvp", "vjp", "hessian", "hvp"])
@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda xp, x: xp.logsumexp(x), [800.0, 790.0]),
        (lambda xp, x: xp.log(xp.cosh(x[0])) + x[1] * x[1], [1000.0, 2.0]),
    ],
)
def test_intermediate_overflow_leaves_the_magnitudes_of_every_operator_finite(
    function: Any, at: Any, operator: str
) -> None:
    found = certified(function, operator, x=at)
    assert np.isfinite(found.magnitude).all()
    assert (found.magnitude >= np.abs(found.high) * (1 - 1e-12)).all()
