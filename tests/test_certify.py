"""Certification: every built-in case in full, truths that are known otherwise, every refusal."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import built_in
import flint
import mpmath
import numpy as np
import pytest
from built_in import PROBLEMS

from gradiometer import Argument, Directions, Problem
from gradiometer.errors import NotFinite, ReferenceFailure
from gradiometer.reference.certify import (
    LOWER,
    MOST_OPEN,
    SYMMETRIC,
    TIGHT,
    certify,
    nearest,
)
from gradiometer.reference.forward import PRECISIONS
from gradiometer.vocabulary.enclosure import UNIT, Enclosure
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.point import Points

MOST_INPUTS = {"gradient": 100_000, "jacobian": 60, "hessian": 20}
"""Beyond the smallest size, of what is certified here."""


def certified_at(p: Problem, label: str, operator: str) -> bool:
    """Whether a case is certified here: larger ones at first order, Hessians at the second size."""
    if OPERATORS[operator].of_scalars and p.outputs:
        return False
    if label == p.labels[0]:
        return True
    if (operator == "jacobian" and not p.outputs) or (
        operator == "hessian" and label != p.labels[1]
    ):
        return False
    return built_in.size(p, label) <= MOST_INPUTS.get(operator, 0)


CASES = [
    (p.name, label, operator)
    for p in PROBLEMS.values()
    for label in p.labels
    for operator in OPERATORS
    if certified_at(p, label, operator)
]
Array = np.ndarray


@cache
def drawn(problem: str, label: str) -> Points:
    return built_in.points(PROBLEMS[problem], label)


@cache
def truth(problem: str, label: str, operator: str) -> Enclosure:
    return certify(PROBLEMS[problem], drawn(problem, label).checked[0], operator)


def one(function: Callable[..., Any], given: Any = None, **at: Any) -> tuple[Problem, Argument]:
    problem = Problem("candidate", function, at, given or {})
    return problem, problem.points().checked[0]


def certified(function: Callable[..., Any], operator: str = "gradient", **at: Any) -> Enclosure:
    return certify(*one(function, **at), operator)


# Every built-in case is certified.


@pytest.mark.parametrize(("problem", "label", "operator"), CASES)
def test_every_built_in_case_is_certified_in_full(problem: str, label: str, operator: str) -> None:
    found = truth(problem, label, operator)
    signature = drawn(problem, label).signature
    n = OPERATORS[operator].layout(signature).size
    for part in (found.high, found.low, found.radius, found.bound):
        assert part.shape == (n,)
        assert part.dtype == np.float64
        assert np.isfinite(part).all()
    assert found.shapes == tuple(signature.outputs.shapes.values())
    assert found.bits in PRECISIONS
    assert (found.radius >= 0.0).all()
    assert (found.radius <= TIGHT * found.norm).all()
    assert (np.abs(found.low) <= np.spacing(np.abs(found.high)) / 2).all()
    assert (found.bound >= 0.0).all()
    assert (found.zero, found.convention, found.other) == (False, "", None)
    assert found.owed > 11.0
    assert found.undecided == 0


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


PUBLISHED: dict[str, tuple[list[float | None], int]] = {
    "product-of-sum": ([-4.0, -4.0, 3.0], 3),
    "sigmoid-affine": ([0.00273, 0.00182, 0.00091], 5),
    "log-cos-exp-sin-chain": (
        [-0.646, 4.830, 0.476, -0.211, 1.0, None, 4.552, 2.415, -0.139, 0.864],
        3,
    ),
    "cos-exp-sin-chain": (
        [2.281, -17.060, -1.683, 0.745, 5.246, -16.079, -8.530, 0.489],
        3,
    ),
}
"""Figures of the gradient as sources print them (`None` where a source prints none), decimals."""


@pytest.mark.parametrize("problem", PUBLISHED)
def test_a_truth_is_what_its_source_prints(problem: str) -> None:
    printed, decimals = PUBLISHED[problem]
    for figure, component in zip(printed, truth(problem, "", "gradient").high, strict=True):
        assert figure is None or round(component, decimals) == figure


def test_components_come_in_the_order_of_the_inputs_flattened() -> None:
    def weighed(xp: Any, a: Any, b: Any, c: Any) -> Any:
        return xp.sum(a * np.arange(6.0).reshape(2, 3)) + 10.0 * b + c @ [20.0, 30.0]

    found = certified(weighed, a=np.ones((2, 3)), b=1.0, c=[1.0, 1.0])
    np.testing.assert_array_equal(found.high, [0, 1, 2, 3, 4, 5, 10, 20, 30])


def test_given_values_are_held_constant() -> None:
    def affine(xp: Any, x: Any, *, a: Any, b: Any) -> Any:
        return xp.sum(a * x) + b

    case = one(affine, given={"a": [2, 3], "b": 1.5}, x=[1.0, 1.0])
    np.testing.assert_array_equal(certify(*case, "gradient").high, [2.0, 3.0])
    np.testing.assert_array_equal(certify(*case, "value").high, [6.5])


def test_a_scalar_component_may_be_used_again_and_again() -> None:
    found = certified(lambda xp, x: x[0] * x[0] * x[1], x=[2.0, 3.0])
    np.testing.assert_array_equal(found.high, [12.0, 4.0])


# Cancellation: the truth is found all the same, and certified while rounding leaves some of it.


def cancelling(shift: float) -> Callable[..., Any]:
    """f = (shift + eˣ)² − shift² − 2·shift·eˣ = e²ˣ, if shift² is not lost."""

    def function(xp: Any, x: Any) -> Any:
        y = shift + xp.exp(x)
        return y * y - shift * shift - 2.0 * shift * xp.exp(x)

    return function


LOST = "rounding in float64 can be as large as the true {}, .*all-zero answer would pass: choose an"
FACTORS = {"value": 1.0, "gradient": 2.0, "jvp": 2.0, "hessian": 4.0, "hvp": 4.0}


@pytest.mark.parametrize("operator", FACTORS)
@pytest.mark.parametrize("shift", [2.0**100, 2.0**300, 2.0**500])
def test_a_truth_that_drowns_in_rounding_is_refused_and_its_nearest_doubles_are_found(
    shift: float, operator: str
) -> None:
    problem, at = one(cancelling(shift), x=1.0)
    with pytest.raises(ReferenceFailure, match=LOST.format(operator)):
        certify(problem, at, operator)
    along = float(at.directions.tangents["x"]) if OPERATORS[operator].direction else 1.0
    expected = along * FACTORS[operator] * math.exp(2.0)
    assert nearest(problem, at, operator)[0] == pytest.approx(expected, rel=1e-15)


def test_a_sum_that_loses_what_was_added_is_refused_and_its_derivative_is_not() -> None:
    problem, at = one(lambda xp, x: (1e20 + x) - 1e20 + x * 1e-30, x=1.5)
    with pytest.raises(ReferenceFailure, match=LOST.format("value")):
        certify(problem, at, "value")
    assert nearest(problem, at, "value") == [1.5]
    found = certify(problem, at, "gradient")
    assert (found.high[0], found.low[0]) == (1.0, pytest.approx(1e-30, rel=1e-15))
    assert found.bound[0] <= 2.0 * UNIT


@pytest.mark.parametrize("shift", [2.0**10, 2.0**20])
def test_digits_that_are_lost_and_digits_that_are_left_show_in_the_bound(shift: float) -> None:
    found = certified(cancelling(shift), "value", x=1.0)
    assert found.high[0] == pytest.approx(math.exp(2.0), rel=1e-15)
    assert shift**2 < found.bound[0] / UNIT < 10.0 * shift**2
    assert found.owed == pytest.approx(math.log10(math.exp(2.0) / found.bound[0]))
    assert found.condition == pytest.approx(found.bound[0] / UNIT / math.exp(2.0))


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e200])
def test_a_truth_is_certified_up_to_where_the_norm_of_its_bound_is_its_own(scale: float) -> None:
    def summed(shift: float) -> Callable[..., Any]:
        return lambda xp, x: scale * ((shift + xp.exp(x)) - shift)

    # What is added and subtracted is e; the shift is rounded by 2 and by 4.
    assert certified(summed(2.0**54), "value", x=1.0).owed == pytest.approx(math.log10(math.e / 2))
    with pytest.raises(ReferenceFailure, match=LOST.format("value")):
        certified(summed(2.0**55), "value", x=1.0)


def test_one_component_may_drown_in_rounding_where_the_norm_does_not() -> None:
    def function(xp: Any, x: Any) -> Any:
        return x[0] * x[0] + cancelling(2.0**100)(xp, x[1])

    found = certified(function, x=[1e60, 1.0])
    assert found.high.tolist() == [2e60, pytest.approx(2.0 * math.exp(2.0), rel=1e-15)]
    assert found.undecided == 1
    assert found.owed > 15.0


def test_precision_is_restored() -> None:
    before = flint.ctx.prec
    nearest(*one(cancelling(2.0**300), x=1.5), "value")
    with pytest.raises(ReferenceFailure):
        certified(lambda xp, x: xp.abs(x), x=0.0)
    assert flint.ctx.prec == before


def test_what_no_precision_encloses_is_not_said_to_be_zero() -> None:
    # sin(e^10000): of 14,427 bits before the point, the largest precision has 3,072.
    problem, at = one(lambda xp, x: xp.sin(xp.exp(x)), x=1e4)
    with pytest.raises(ReferenceFailure, match="float64 overflows"):
        certify(problem, at, "value")
    with pytest.raises(ReferenceFailure, match="true value could not be enclosed tightly"):
        nearest(problem, at, "value")


# Overflow.


@pytest.mark.parametrize("operator", FACTORS)
@pytest.mark.parametrize(
    "function", [lambda xp, x: xp.log(xp.cosh(x)), lambda xp, x: xp.log(xp.exp(x)) + x * x]
)
def test_overflow_on_the_way_to_an_answer_is_refused(function: Any, operator: str) -> None:
    with pytest.raises(ReferenceFailure, match=f"float64 overflows.*on the way to the {operator}"):
        certified(function, operator, x=1000.0)


def test_what_overflows_in_float64_has_its_nearest_doubles_all_the_same() -> None:
    problem, at = one(lambda xp, x: xp.log(xp.cosh(x)), x=1000.0)
    assert nearest(problem, at, "value")[0] == 1000.0 - math.log(2.0)
    assert nearest(problem, at, "gradient")[0] == 1.0


@pytest.mark.parametrize("operator", FACTORS)
@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda xp, x: xp.logsumexp(x), [800.0, 790.0]),
        (lambda xp, x: xp.logaddexp(x[0], x[1]), [800.0, 790.0]),
        (lambda xp, x: xp.sum(xp.softplus(x)), [800.0, 0.5]),
        (lambda xp, x: xp.sum(xp.sigmoid(x) * x), [-800.0, 1.0]),
        (lambda xp, x: xp.where(x[0] > 0.0, x[0] * x[1], xp.exp(1e3 * x[0])), [2.0, 3.0]),
    ],
)
def test_what_a_tool_computes_without_overflow_has_finite_bounds(
    function: Any, at: Any, operator: str
) -> None:
    found = certified(function, operator, x=at)
    assert np.isfinite(found.bound).all()
    assert found.owed > 10.0


# Comparisons.


def test_a_comparison_that_needs_more_precision_gets_it() -> None:
    def close(xp: Any, x: Any) -> Any:
        # exp(log x) − x is zero; the shift of 2⁻²⁵⁰ is below what 192 bits tell.
        return xp.where(xp.exp(xp.log(x)) > x - 2.0**-250, 5.0 * x, 7.0 * x - 6.0)

    found = certified(close, x=3.0)
    assert (found.high[0], found.bits) == (5.0, 768)


# Ties: whichever way they are decided, the answer must be the same.

KINK = "sides of a comparison at test_certify.py, line .*lies on a kink; choose another"


def huber(xp: Any, x: Any) -> Any:
    return xp.where(xp.abs(x) <= 1.0, 0.5 * x * x, xp.abs(x) - 0.5)


@pytest.mark.parametrize(
    ("function", "at", "value"),
    [
        (lambda xp, x: xp.abs(x), 0.0, 0.0),
        (lambda xp, x: xp.relu(x), 0.0, 0.0),
        (lambda xp, x: xp.maximum(x, 2.0), 2.0, 2.0),
        (lambda xp, x: xp.max(x), [2.0, 2.0, 1.0], 2.0),
        (lambda xp, x: xp.sort(x)[0], [3.0, 3.0], 3.0),
        (lambda xp, x: xp.where(x > 1.0, x, 2.0 * x - 1.0), 1.0, 1.0),
        (lambda xp, x: xp.where(x == 1.0, x, 2.0 * x - 1.0), 1.0, 1.0),
        (lambda xp, x: xp.where(x != 1.0, x, 2.0 * x - 1.0), 1.0, 1.0),
        (lambda xp, x: xp.asarray(2.0) if x < 0.0 else xp.abs(x) + 2.0, 0.0, 2.0),
    ],
)
def test_at_a_kink_there_is_a_value_and_no_derivative(function: Any, at: Any, value: float) -> None:
    assert certified(function, "value", x=at).high[0] == value
    for operator in ("gradient", "jacobian", "jvp", "vjp", "hessian", "hvp"):
        with pytest.raises(ReferenceFailure, match=KINK):
            certified(function, operator, x=at)


@pytest.mark.parametrize("find", [certify, nearest])
@pytest.mark.parametrize("operator", ["value", "gradient", "hessian"])
@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda xp, x: xp.where(x > 1.0, x, 2.0 * x), 1.0),
        (lambda xp, x: xp.where(x >= 1.0, x, x + 1.0), 1.0),
        (lambda xp, x: xp.where(x == 1.0, x, -x), 1.0),
        (lambda xp, x: xp.where(x != 1.0, x, -x), 1.0),
        (lambda xp, x: xp.floor(x) + x, 2.0),
        (lambda xp, x: xp.where(x >= 0.0, x + 1.0, 1.0 / x), 0.0),
        (lambda xp, x: x if bool(x > 1.0) else xp.stack([x, x])[0] + 1.0, 1.0),
    ],
)
def test_at_a_jump_there_is_neither(find: Any, function: Any, at: float, operator: str) -> None:
    with pytest.raises(ReferenceFailure, match=KINK):
        find(*one(function, x=at), operator)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_where_two_branches_join_smoothly_there_are_derivatives_up_to_the_order_of_the_join(
    side: float,
) -> None:
    assert_exactly(certified(huber, "value", x=side), [0.5])
    assert_exactly(certified(huber, "gradient", x=side), [side])
    with pytest.raises(ReferenceFailure, match=KINK):
        certified(huber, "hessian", x=side)
    assert certified(lambda xp, x: xp.abs(x) ** 3, "hessian", x=0.0).zero


def test_a_gradient_of_two_branches_that_jump_by_a_constant_is_refused_though_it_is_the_same() -> (
    None
):
    with pytest.raises(ReferenceFailure, match=KINK):
        certified(lambda xp, x: xp.where(x > 1.0, x, x + 1.0), "gradient", x=1.0)


@pytest.mark.parametrize(
    "function",
    [
        lambda xp, x: xp.maximum(x, x),
        lambda xp, x: xp.max(xp.stack([x, x, 1.0 * x[None][0]])[:2]),
        lambda xp, x: xp.where(x + 0.0 * x == x, x, x),
        lambda xp, x: xp.where(np.array(2.0) >= 2.0, x, -x),
        lambda xp, x: xp.where(xp.ones(()) >= 1.0, x, -x),
    ],
)
def test_what_is_one_and_the_same_component_or_a_constant_is_no_tie(function: Any) -> None:
    np.testing.assert_array_equal(certified(function, x=2.0).high, [1.0])


@pytest.mark.parametrize("more", [0, 2, 3, 20])
def test_ties_are_turned_together(more: int) -> None:
    def corner(xp: Any, x: Any) -> Any:
        return xp.relu(x[0]) * xp.relu(x[1]) + xp.sum(xp.relu(x[2:]) ** 3) + x[0]

    # Turned one by one, no second derivative is seen; together, x₀·x₁ has one.
    at = np.zeros(2 + more)
    assert_exactly(certified(corner, x=at), [1.0, *at[1:]])
    with pytest.raises(ReferenceFailure, match=KINK):
        certified(corner, "hessian", x=at)


def test_more_ties_than_are_turned_are_refused() -> None:
    def smooth(xp: Any, x: Any) -> Any:
        return xp.sum(xp.relu(x) ** 2 + x)

    assert_exactly(certified(smooth, x=np.zeros(MOST_OPEN)), np.ones(MOST_OPEN))
    with pytest.raises(ReferenceFailure, match=KINK):
        certified(smooth, x=np.zeros(MOST_OPEN + 1))


def test_a_tie_that_no_precision_tells_from_equality_is_one() -> None:
    # |sin² + cos² − 1| = 0 whichever way it is decided: the function is x.
    found = certified(lambda xp, x: xp.abs(xp.sin(x) ** 2 + xp.cos(x) ** 2 - 1.0) + x, x=0.7)
    assert (found.high[0], found.bits) == (1.0, PRECISIONS[-1])


# Comparisons that rounding decides.

DECIDES = "rounding decides a comparison at test_certify.py, line .*choose another point"


def folded(xp: Any, x: Any) -> Any:
    """100·x + |x² − c| by components, where rounding in x² decides the sign."""
    return xp.sum(100.0 * x + xp.abs(x * x - 1.1 * 1.1))


@pytest.mark.parametrize("operator", ["value", "gradient", "hessian", "hvp"])
def test_a_jump_that_rounding_decides_is_refused_whatever_the_operator(operator: str) -> None:
    def stepped(xp: Any, x: Any) -> Any:
        return xp.where(x * x > 1.1 * 1.1, x, 2.0 * x)

    problem, at = one(stepped, x=1.1)
    with pytest.raises(ReferenceFailure, match=DECIDES):
        certify(problem, at, operator)
    assert nearest(problem, at, "value") in ([1.1], [2.2])


def test_where_the_branches_meet_what_they_differ_by_is_added_to_the_bound() -> None:
    assert certified(folded, "value", x=[1.1]).owed > 14.0
    found = certified(folded, x=[1.1])
    assert found.high[0] in (pytest.approx(102.2), pytest.approx(97.8))
    assert found.bound[0] == pytest.approx(4.4)
    assert found.radius[0] < 1e-20


def test_rounding_may_decide_so_many_comparisons_and_no_more() -> None:
    found = certified(folded, x=np.full(MOST_OPEN, 1.1))
    np.testing.assert_allclose(found.bound, 4.4)
    with pytest.raises(ReferenceFailure, match=DECIDES):
        certified(folded, x=np.full(MOST_OPEN + 1, 1.1))


def test_where_the_branches_differ_as_much_as_the_answer_the_comparison_is_told() -> None:
    with pytest.raises(
        ReferenceFailure, match=r"since it decides a comparison at test_certify\.py"
    ):
        certified(lambda xp, x: x + xp.abs(x * x - 1.1 * 1.1), x=1.1)


def test_a_comparison_beyond_rounding_is_left_alone() -> None:
    found = certified(folded, x=[1.1 + 1e-14])
    assert found.bound[0] < 1e-12


# Refusals.


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
    with pytest.raises(NotFinite, match=r"not finite here: choose"):
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
    with pytest.raises(NotFinite, match="not finite here: choose another point"):
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


@pytest.mark.parametrize(
    ("foreign", "told"),
    [
        (np.sin, r"numpy\.sin is called at test_certify.py, line \d+: write xp\.sin"),
        (np.sum, r"numpy\.sum is called at test_certify.py, line \d+: write xp\.sum"),
        (math.sin, r"takes a number out .* at test_certify.py, line \d+: its derivative would be"),
    ],
)
def test_a_function_that_calls_another_library_never_gets_a_reference(
    foreign: Any, told: str
) -> None:
    with pytest.raises(ReferenceFailure, match=told):
        certified(lambda xp, x: foreign(x), x=0.5)


# A truth of zero.


@pytest.mark.parametrize(
    ("function", "at", "operators"),
    [
        (lambda xp, x: x - 2.0, 2.0, ["value"]),
        (lambda xp, x: x - x, 1.5, ["value", "gradient", "jvp", "hvp"]),
        (lambda xp, x: 0.0 * x, 1.5, ["value", "gradient", "vjp", "hessian"]),
        (lambda xp, x: (x - 2.0) ** 2, 2.0, ["value", "gradient", "jacobian", "jvp", "vjp"]),
        (lambda xp, x: xp.sum(xp.cos(x)), [0.0, 0.0], ["gradient", "jvp"]),
        (lambda xp, x: xp.sum(np.ones(3) * 2.0 + 0.0 * x), [1.0, 1.0, 1.0], ["gradient"]),
        (lambda xp, x: xp.exp(1.0) + 0.0 * x, 1.0, ["gradient"]),
        (lambda xp, x: 3.0 * x, 1.5, ["hessian", "hvp"]),
        (lambda xp, x: xp.sum(x) - x[0], [1.0, 2.0], ["hessian", "hvp"]),
        (lambda xp, x: x, 1.5, ["hessian", "hvp"]),
        (lambda xp, x: x * x * x, 0.0, ["value", "gradient", "hessian", "hvp"]),
        (lambda xp, x: xp.relu(x), 2.0, ["hessian", "hvp"]),
        (lambda xp, x: xp.where(x > 0.0, x, x * x), 2.0, ["hessian", "hvp"]),
    ],
)
def test_a_truth_that_is_exactly_zero_is_certified_as_such(
    function: Any, at: Any, operators: list[str]
) -> None:
    for operator in operators:
        found = certified(function, operator, x=at)
        assert_exactly(found, np.zeros(found.high.size))
        assert (found.zero, found.owed, found.condition, found.undecided) == (True, None, None, 0)
        assert not nearest(*one(function, x=at), operator).any()


@pytest.mark.parametrize("operator", ["gradient", "jacobian", "jvp", "vjp", "hessian", "hvp"])
def test_a_derivative_that_cancels_beyond_every_precision_is_zero_up_to_its_bound(
    operator: str,
) -> None:
    def one_in_disguise(xp: Any, x: Any) -> Any:
        return xp.sin(x) ** 2 + xp.cos(x) ** 2

    found = certified(one_in_disguise, operator, x=0.7)
    assert (found.zero, found.bits) == (True, PRECISIONS[-1])
    assert found.high[0] == found.low[0] == 0.0
    assert 0.0 < found.radius[0] < 1e-300
    assert UNIT / 10.0 < found.bound[0] < 100.0 * UNIT
    assert nearest(*one(one_in_disguise, x=0.7), operator) == [0.0]


def test_what_is_given_has_no_derivative() -> None:
    def constant(xp: Any, x: Any, *, c: Any) -> Any:
        return xp.sum(xp.exp(c))

    case = one(constant, given={"c": [1.0, 2.0]}, x=1.0)
    assert certify(*case, "value").high[0] == pytest.approx(math.e + math.e**2)
    assert certify(*case, "gradient").zero


def test_tangents_that_the_hessian_maps_to_zero_make_a_product_of_zero() -> None:
    def flat_in_y(xp: Any, x: Any, y: Any) -> Any:
        return x[0] * x[1] * x[2] + y

    assert at_integers(flat_in_y, "hvp", tangents={"x": np.zeros(3), "y": 1.0}).zero
    assert not at_integers(flat_in_y, "hessian").zero


@pytest.mark.parametrize("x", [1e-290, 2.0**-600])
def test_a_truth_that_is_only_tiny_is_not_zero(x: float) -> None:
    assert not certified(lambda xp, x: 3.0 * x, "value", x=x).zero


def test_a_truth_that_tools_may_flush_to_zero_is_refused() -> None:
    with pytest.raises(ReferenceFailure, match="rounding in float64 can be as large"):
        certified(lambda xp, x: 3.0 * x, "value", x=5e-324)


def test_one_component_may_be_zero() -> None:
    found = certified(lambda xp, x: xp.sum(xp.cos(x)), x=[0.0, 1.0])
    assert (found.high[0], found.radius[0], found.zero) == (0.0, 0.0, False)


@pytest.mark.parametrize("name", ["searchsorted", "fft"])
def test_an_unknown_operation_is_named(name: str) -> None:
    with pytest.raises(ReferenceFailure, match=rf"no rule for the operation '{name}'.*Write"):
        certified(lambda xp, x: getattr(xp, name)(x), x=1.0)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("of its own"), "ValueError: of its own"),
        (ZeroDivisionError("of its own\nand more"), "ZeroDivisionError: of its own"),
        (NotImplementedError(), "NotImplementedError"),
        (KeyError("x"), "KeyError: 'x'"),
    ],
)
def test_an_error_of_the_problem_s_own_is_told_with_its_line(error: Exception, told: str) -> None:
    def failing(xp: Any, x: Any) -> Any:
        raise error

    line = failing.__code__.co_firstlineno + 1
    with pytest.raises(ReferenceFailure) as caught:
        certified(failing, x=1.0)
    assert str(caught.value) == f"{told} at test_certify.py, line {line}."
    assert caught.value.__cause__ is error


def test_of_an_error_within_an_operation_the_problem_s_line_is_told() -> None:
    def failing(xp: Any, x: Any) -> Any:
        return xp.reshape(x, (2, 3))

    line = failing.__code__.co_firstlineno + 1
    with pytest.raises(ReferenceFailure, match=rf"at test_certify\.py, line {line}\b"):
        certified(failing, x=[1.0, 2.0])


@pytest.mark.parametrize("error", [MemoryError("too much"), KeyboardInterrupt()])
def test_what_is_not_the_problem_s_fault_is_passed_on(error: BaseException) -> None:
    def failing(xp: Any, x: Any) -> Any:
        raise error

    with pytest.raises(type(error)):
        certified(failing, x=1.0)


# A matrix that is symmetric by contract has two derivatives.


def log_determinant(xp: Any, A: Any) -> Any:
    return 2.0 * xp.sum(xp.log(xp.linalg.diagonal(xp.linalg.cholesky(A))))


A = np.array([[2.0, 1.0], [1.0, 3.0]])
INVERSE = np.array([[3.0, -1.0], [-1.0, 2.0]]) / 5.0


@pytest.mark.parametrize("operator", ["gradient", "vjp", "jvp"])
def test_a_derivative_in_a_symmetric_matrix_is_certified_by_both_conventions(operator: str) -> None:
    problem, at = one(log_determinant, A=A)
    found = certify(problem, at, operator)
    assert (found.convention, found.other.convention) == (LOWER, SYMMETRIC)
    triangle = np.array([[1.0, 0.0], [2.0, 1.0]]) * INVERSE
    for enclosure, gradient in ((found, triangle), (found.other, INVERSE)):
        if operator == "jvp":
            expected = [np.sum(gradient * at.directions.tangents["A"])]
        else:
            expected = np.ravel(gradient)
            if operator == "vjp":
                expected = expected * at.directions.cotangents["value"]
        np.testing.assert_allclose(enclosure.high, expected, rtol=1e-14)
        assert (enclosure.radius <= TIGHT * enclosure.norm).all()


@pytest.mark.parametrize("operator", ["hessian", "hvp"])
def test_second_derivatives_in_a_symmetric_matrix_differ_as_well(operator: str) -> None:
    found = certified(log_determinant, operator, A=A)
    assert (found.convention, found.other.convention) == (LOWER, SYMMETRIC)
    assert (np.abs(found.high - found.other.high) > 1e-3).any()


@pytest.mark.parametrize(
    ("function", "operator", "at"),
    [
        (log_determinant, "value", {"A": A}),
        (lambda xp, x: log_determinant(xp, x[:, None] * x + np.eye(2)), "gradient", {"x": [1, 2]}),
        (lambda xp, x: log_determinant(xp, xp.eye(2) * x), "hessian", {"x": 2.0}),
        (lambda xp, x: xp.sum(xp.linalg.cholesky(xp.asarray(A)) * x), "gradient", {"x": A}),
    ],
)
def test_where_the_conventions_agree_none_is_told(
    function: Any, operator: str, at: dict[str, Any]
) -> None:
    found = certified(function, operator, **at)
    assert (found.convention, found.other) == ("", None)


# A large case.


def test_a_large_case_is_certified_at_another_seed_too() -> None:
    problem = PROBLEMS["mlp"]
    found = certify(problem, built_in.argument(problem, "10-50-50-1x32", seed=7), "gradient")
    assert (found.high != truth("mlp", "10-50-50-1x32", "gradient").high).all()
    assert found.radius.max() <= 1e-28 * found.norm


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
    return certify(problem, Argument(problem.point(), Directions(v, w)), operator)


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
    problem, at = one(function, x=x)
    found = certify(problem, at, operator)
    with mpmath.workdps(400):
        expected = second(mpmath.mpf(x))
        if operator == "hvp":
            expected *= mpmath.mpf(float(at.directions.tangents["x"]))
        centre = mpmath.mpf(float(found.high[0])) + mpmath.mpf(float(found.low[0]))
        assert abs(expected - centre) <= mpmath.mpf(float(found.radius[0]))


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
    at = problem.points(outline=lambda point: [(2,)] * len(names)).checked[0]
    with pytest.raises(ReferenceFailure) as caught:
        certify(problem, at, operator)
    assert reason in str(caught.value)
    assert "Return one array, or a tuple of several." in str(caught.value)


def test_a_vector_problem_that_ignores_its_namespace_is_refused() -> None:
    problem = Problem("candidate", lambda xp, x: (x, 1.0), {"x": 1.0}, outputs=("a", "b"))
    with pytest.raises(ReferenceFailure, match="returned float, not an array computed"):
        certify(problem, Argument(problem.point()), "value")


def test_one_output_that_is_not_finite_among_several_is_refused() -> None:
    problem = Problem("candidate", lambda xp, x: (x, 1.0 / x), {"x": 0.0}, outputs=("a", "b"))
    with pytest.raises(ReferenceFailure, match="not finite here"):
        certify(problem, Argument(problem.point()), "value")
