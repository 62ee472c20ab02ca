"""The checker of answers: honest ones pass; every kind of wrong one fails, and is told why."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import built_in
import numpy as np
import pytest
from built_in import PROBLEMS

from gradiometer import Argument, Directions, Point, Problem, Signature, Space
from gradiometer.judging.agreement import ZERO, Agreement, agree
from gradiometer.reference.certify import LOWER, SYMMETRIC, certify
from gradiometer.vocabulary.enclosure import UNIT, Enclosure
from gradiometer.vocabulary.operators import OPERATORS, Operator
from gradiometer.vocabulary.outcome import Status
from gradiometer.vocabulary.point import Points
from gradiometer.vocabulary.space import blocks, matrix

BY_HAND = built_in.method("backprop")
LARGE = "64-256-256-10x64"
CASES = [
    ("prelu-chain", "y=1"),
    ("speelpenning", "10"),
    ("mlp", "2-3-1x1"),
    ("gaussian-process", "1x3"),
    ("polar-coordinates", ""),
]
"""A case of each kind: scalars, an array, arrays, a matrix factored, several outputs."""
NETWORK = ("mlp", "10-50-50-1x32")
Array = np.ndarray
Parts = list[Array]


def pullback(problem: Problem) -> Operator:
    """Return what a hand-coded backward pass computes of a problem."""
    return OPERATORS["vjp" if problem.outputs else "gradient"]


def by_hand(problem: Problem, at: Argument) -> Parts:
    """Return the answer of the hand-coded backward pass."""
    assert problem.backward is not None
    inputs, given, directions = pullback(problem).native(at, BY_HAND)
    args, kwargs = BY_HAND.arguments(inputs, given, *directions)
    return [np.asarray(g) for g in problem.backward(*args, **kwargs)]


@dataclass(frozen=True)
class Exam:
    """A case of a real problem, with its certified pullback and an honest answer."""

    problem: Problem
    label: str
    points: Points
    truth: Enclosure
    honest: Parts

    @property
    def at(self) -> Argument:
        return self.points.checked[0]

    @property
    def layout(self) -> Space:
        return pullback(self.problem).layout(self.points.signature)

    @property
    def names(self) -> tuple[str, ...]:
        return self.layout.names

    def mark(self, answer: Sequence[Any], promise: float = 12.0, exact: bool = True) -> Agreement:
        return agree(answer, self.truth, self.layout, promise=promise, exact=exact)

    def split(self, flat: Array) -> Parts:
        return list(self.layout.split(flat).values())

    def with_error(self, component: int, relative: float) -> Parts:
        flat = self.layout.flatten(self.honest)
        flat[component] *= 1.0 + relative
        return self.split(flat)


@cache
def exam(problem: str, label: str, seed: int = 0) -> Exam:
    found = PROBLEMS[problem]
    points = built_in.points(found, label, seed)
    at = points.checked[0]
    truth = certify(found, at, pullback(found).name)
    return Exam(found, label, points, truth, by_hand(found, at))


def enclosed(high: Any, bound: Any, low: Any = 0.0, radius: Any = 0.0, **more: Any) -> Enclosure:
    """Return the enclosure of a truth; `bound` is what rounding can do."""
    high = np.array(high, dtype=np.float64)
    parts = (np.broadcast_to(np.asarray(x, dtype=np.float64), high.shape) for x in (low, radius))
    return Enclosure(high, *parts, np.broadcast_to(bound, high.shape), 192, **more)


def exactly(*values: float) -> Enclosure:
    """Return the enclosure of a truth that doubles hold, and that is rounded once."""
    return enclosed(values, UNIT * np.abs(values))


def zero(*bound: float, **more: Any) -> Enclosure:
    """Return the enclosure of a truth of zero."""
    return enclosed(np.zeros(len(bound)), bound, zero=True, **more)


def compare(answer: Any, truth: Enclosure, promise: float = 12.0, exact: bool = True) -> Agreement:
    """Return the verdict on an answer that is one array x."""
    layout = Space({"x": truth.high.shape})
    return agree([np.asarray(answer)], truth, layout, promise=promise, exact=exact)


# What must pass.


@pytest.mark.parametrize(("problem", "label"), CASES)
def test_an_honest_answer_passes(problem: str, label: str) -> None:
    found = exam(problem, label).mark(exam(problem, label).honest)
    assert found.status is Status.OK
    assert found.reason == ""
    assert found.digits is not None
    assert found.digits >= exam(problem, label).truth.owed


@pytest.mark.parametrize(("problem", "label"), CASES)
def test_the_truth_rounded_to_doubles_passes_with_all_its_digits(problem: str, label: str) -> None:
    case = exam(problem, label)
    found = case.mark(case.split(case.truth.high))
    assert found.status is Status.OK
    assert found.ulps is not None
    assert found.digits is not None
    assert found.ulps <= 0.5000001
    assert found.digits > 15.9


@pytest.mark.parametrize("seed", range(1, 9))
def test_honest_networks_pass_at_other_points(seed: int) -> None:
    case = exam(*NETWORK, seed)
    assert case.mark(case.honest).reason == ""


def test_an_honest_answer_of_a_large_network_passes_and_a_wrong_one_does_not() -> None:
    case = exam("mlp", LARGE)
    assert case.mark(case.honest).status is Status.OK
    middle = int(np.argsort(np.abs(case.truth.high))[case.truth.high.size // 2])
    assert case.mark(case.with_error(middle, 1e-9)).status is Status.DISAGREES


def test_summation_in_another_order_passes() -> None:
    case = exam(*NETWORK)
    x, *rest = case.at.point.inputs.values()
    inputs = dict(zip(case.names, [x[::-1], *rest], strict=True))
    backwards = Point(inputs, {"y": case.at.point.given["y"][::-1]})
    dx, *others = by_hand(case.problem, Argument(backwards))
    found = case.mark([dx[::-1], *others])
    assert found.status is Status.OK
    assert any((a != b).any() for a, b in zip([dx[::-1], *others], case.honest, strict=True))


@pytest.mark.parametrize(
    "values", [(1.0,), (-0.1, 3e200), (5e-324,), (0.0, 1.0), (-0.0, 1e308), (1e-300, 1e300)]
)
def test_an_exact_answer_has_infinitely_many_digits(values: tuple[float, ...]) -> None:
    found = compare(values, exactly(*values))
    assert found == Agreement(Status.OK, "", math.inf, math.inf, 0.0)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.int8, np.complex128])
def test_every_numeric_dtype_is_read_as_numbers(dtype: type) -> None:
    assert compare(np.array([1, -2, 3]).astype(dtype), exactly(1.0, -2.0, 3.0)).digits == math.inf


def test_an_exact_answer_in_single_precision_disagrees() -> None:
    found = compare(np.array([1, -2, 3], dtype=np.float32), exactly(1.0, -2.0, 3.0))
    assert found.status is Status.DISAGREES
    assert found.reason.endswith("is float32, float64 expected")


@pytest.mark.parametrize(
    ("value", "note"), [(1.0, ""), *((y, "y was computed in float64") for y in (0.1, 1e-60, 1e60))]
)
def test_an_answer_in_a_wider_type_is_told_where_it_is_more_than_the_type_holds(
    value: float, note: str
) -> None:
    answer = [np.float32(-2.0), np.float64(value)]
    truth, layout = exactly(-2.0, value), Space({"x": (), "y": ()})
    found = agree(answer, truth, layout, promise=5.0, exact=True, dtype="float32")
    assert (found.status, found.note) == (Status.OK, note)


def test_figures_are_in_units_of_the_dtype() -> None:
    truth, layout = replace(exactly(1.0), dtype="float32"), Space({"x": ()})
    answer = [np.float32(1.0 + 2.0**-22)]
    found = agree(answer, truth, layout, promise=5.0, exact=True, dtype="float32")
    assert found.ulps == 2.0


@pytest.mark.parametrize("scalar", [2.5, np.float64(2.5), np.array(2.5)])
def test_a_value_is_one_scalar(scalar: Any) -> None:
    found = agree([scalar], exactly(2.5), Space({"value": ()}), promise=12.0, exact=True)
    assert found.status is Status.OK


each_draw = pytest.mark.parametrize("draws", [range(k, k + 50) for k in range(0, 200, 50)])


def sizes(rng: np.random.Generator) -> Array:
    """Draw the components of a truth, up to six, of any size."""
    return rng.uniform(1.0, 10.0, rng.integers(1, 7)) * 10.0 ** rng.integers(-100, 100)


@each_draw
def test_an_inexact_method_owes_its_promise_in_the_norm(draws: range) -> None:
    for draw in draws:
        rng = np.random.default_rng(draw)
        truth, promise = exactly(*sizes(rng)), rng.uniform(0.0, 8.0)
        missed = float(rng.choice([-1.0, 1.0])) * 10.0 ** rng.uniform(-3.0, 0.0)
        error = rng.standard_normal(truth.high.size)
        error *= 10.0 ** (missed - promise) * truth.norm / np.linalg.norm(error)
        found = compare(truth.high + error, truth, promise, exact=False)
        assert (found.status is Status.OK) is (missed < 0.0), draw
        assert found.digits == pytest.approx(promise - missed, abs=1e-6), draw


def test_an_inexact_method_may_lose_a_small_component_and_an_exact_one_may_not() -> None:
    truth = exactly(1.0, 1e-9)
    assert compare([1.0, 0.0], truth, 7.0, exact=False).status is Status.OK
    assert compare([1.0, 0.0], truth, 7.0, exact=True).status is Status.DISAGREES


def test_errors_that_are_small_each_may_be_too_large_together() -> None:
    answer = [3.0 + 2.9e-7, 1.0 + 2.2e-7]
    found = compare(answer, exactly(3.0, 1.0), 7.0, exact=False)
    assert (found.status, found.pattern) == (Status.DISAGREES, "")
    assert found.reason == (
        f"6.9 digits, 7 promised; largest error in x[0]: {answer[0]!r}, true 3.0"
    )


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("bound", [1e-16, 1e-12, 1e-3, 7.0])
def test_an_exact_method_is_granted_what_rounding_can_do_to_each_component_and_no_more(
    bound: float, sign: float
) -> None:
    truth = enclosed([1e3, 1e-8, 0.0], [0.0, bound, bound])
    for component in (1, 2):
        answer = truth.high.copy()
        answer[component] += sign * 0.999 * bound
        assert compare(answer, truth).status is Status.OK
        answer[component] += sign * 0.002 * bound + sign * 1e-20
        found = compare(answer, truth)
        assert found.status is Status.DISAGREES
        assert f"largest error in x[{component}]: " in found.reason


def test_the_width_of_the_enclosure_does_not_condemn_a_component() -> None:
    wide = enclosed([1.0, 1e-20], 0.0, radius=[0.0, 1e-26])
    assert compare([1.0, 1e-20], wide).status is Status.OK
    wide = enclosed([1.0], 1e-3, radius=1e-4)
    assert compare([1.0 + 0.95e-3], wide).status is Status.OK


# What must fail, whatever the problem.

Wrong = Callable[[Exam], Sequence[Any]]


def frozen(case: Exam) -> Parts:
    return by_hand(case.problem, case.points.preparation)


def swapped(case: Exam) -> Parts:
    flat = case.layout.flatten(case.honest)
    order = np.argsort(np.abs(flat))
    i, j = order[len(order) // 2 - 1], order[-1]
    flat[[i, j]] = flat[[j, i]]
    return case.split(flat)


WRONG: dict[str, Wrong] = {
    "all zero": lambda case: [np.zeros_like(a) for a in case.honest],
    "negated": lambda case: [-a for a in case.honest],
    "eleven-fold": lambda case: [11.0 * a for a in case.honest],
    "twice": lambda case: [2.0 * a for a in case.honest],
    "all ones": lambda case: [np.ones_like(a) for a in case.honest],
    "frozen at the preparation point": frozen,
    "two components swapped": swapped,
    "off by a trillionth everywhere": lambda case: [a * (1 + 2e-12) for a in case.honest],
    "first input not differentiated": lambda case: [0.0 * case.honest[0], *case.honest[1:]],
    "last input not differentiated": lambda case: [*case.honest[:-1], 0.0 * case.honest[-1]],
    "one sign wrong": lambda case: [-case.honest[0], *case.honest[1:]],
    "too large by far": lambda case: [a * 1e100 for a in case.honest],
    "too small by far": lambda case: [a * 1e-200 for a in case.honest],
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("problem", "label"), CASES)
def test_a_wrong_gradient_disagrees(problem: str, label: str, wrong: str) -> None:
    case = exam(problem, label)
    found = case.mark(WRONG[wrong](case))
    assert found.status is Status.DISAGREES
    assert "largest error in " in found.reason


@pytest.mark.parametrize("promise", [12.0, 7.0, 4.5, 1.0])
@pytest.mark.parametrize(("problem", "label"), CASES)
def test_zeros_disagree_however_little_a_method_promises(
    problem: str, label: str, promise: float
) -> None:
    case = exam(problem, label)
    found = case.mark([np.zeros_like(a) for a in case.honest], promise, exact=False)
    assert found.status is Status.DISAGREES
    assert found.digits == pytest.approx(0.0, abs=1e-12)
    assert f"0.0 digits, {promise:g} promised" in found.reason


@pytest.mark.parametrize(("problem", "label"), CASES)
def test_an_answer_rounded_to_single_precision_disagrees(problem: str, label: str) -> None:
    case = exam(problem, label)
    for answer in (
        [a.astype(np.float32) for a in case.honest],
        [a.astype(np.float32).astype(np.float64) for a in case.honest],
    ):
        found = case.mark(answer)
        assert found.status is Status.DISAGREES
        assert found.digits is not None
        assert 6.5 < found.digits < 9.5


@each_draw
def test_an_exact_method_owes_each_component_its_promise_or_what_rounding_leaves(
    draws: range,
) -> None:
    for draw in draws:
        rng = np.random.default_rng(draw)
        high, promise = sizes(rng), rng.uniform(1.0, 12.0)
        truth = enclosed(high, high * 10.0 ** rng.uniform(-16.0, -1.0, high.size))
        component = int(rng.integers(high.size))
        grant = max(10.0**-promise * high[component], truth.bound[component])
        for share in (0.99, 1.01, 10.0 ** rng.uniform(0.1, 6.0)):
            for sign in (-1.0, 1.0):
                answer = high.copy()
                answer[component] += sign * share * grant
                found = compare(answer, truth, promise)
                assert (found.status is Status.OK) is (share < 1.0), draw
                assert share < 1.0 or f"x[{component}]: " in found.reason, draw


def test_an_error_of_a_billionth_is_caught_in_each_of_thousands_of_components() -> None:
    case = exam(*NETWORK)
    flat = case.layout.flatten(case.honest)
    missed = []
    for i in range(0, flat.size, 7):  # which meets every array, and every column and row of it
        honest = flat[i]
        flat[i] *= 1.0 + 1e-9
        if case.mark(case.split(flat)).status is not Status.DISAGREES:
            missed.append(i)
        flat[i] = honest
    assert missed == []


@pytest.mark.parametrize("rank", [0.0, 0.01, 0.5, 1.0])
def test_the_reason_names_the_component_that_is_wrong(rank: float) -> None:
    case = exam(*NETWORK)
    order = np.argsort(np.abs(case.truth.high))
    component = int(order[round(rank * (order.size - 1))])
    found = case.mark(case.with_error(component, 1e-9))
    assert f"{case.layout.locate(component)}: " in found.reason


def test_the_reason_does_not_name_a_component_that_is_within_bounds() -> None:
    # x[0] has the larger error, but one that the promise allows.
    found = compare([1.0 + 4e-13, 1e-9 * (1.0 + 1e-6)], exactly(1.0, 1e-9))
    assert found.status is Status.DISAGREES
    assert "x[1]: " in found.reason


@pytest.mark.parametrize("answer", [0.0, -0.1])
def test_what_is_about_zero_has_no_digits_rather_than_less_than_none(answer: float) -> None:
    assert compare([answer], exactly(2.0)).reason.startswith("0.0 digits, 12 promised; ")


def test_the_reason_shows_the_answer_and_the_truth_as_plain_numbers() -> None:
    found = compare([1.0, 2.5], exactly(1.0, 2.0))
    assert found.reason == (
        "1 of 2 components wrong; 0.7 digits, 12 promised; largest error in x[1]: 2.5, true 2.0"
    )


@pytest.mark.parametrize("array", ["W2", "x"])
def test_a_transposed_matrix_disagrees(array: str) -> None:
    case = exam(*NETWORK)
    k = case.names.index(array)
    turned = case.honest[k].T.reshape(case.honest[k].shape)
    found = case.mark([*case.honest[:k], turned, *case.honest[k + 1 :]])
    assert found.status is Status.DISAGREES
    assert f"largest error in {array}[" in found.reason


@pytest.mark.parametrize(("one", "other"), [("b1", "b2"), ("W1", "W3"), ("x", "W1")])
def test_arrays_in_the_wrong_order_disagree(one: str, other: str) -> None:
    case = exam(*NETWORK)
    answer = list(case.honest)
    i, j = case.names.index(one), case.names.index(other)
    answer[i], answer[j] = answer[j], answer[i]
    assert case.mark(answer).status is Status.DISAGREES


def test_a_batch_of_which_one_member_was_left_out_disagrees() -> None:
    case = exam(*NETWORK)
    x, *rest = case.at.point.inputs.values()
    inputs = dict(zip(case.names, [x[1:], *rest], strict=True))
    fewer = Point(inputs, {"y": case.at.point.given["y"][1:]})
    dx, *others = by_hand(case.problem, Argument(fewer))
    assert case.mark([np.concatenate([0.0 * dx[:1], dx]), *others]).status is Status.DISAGREES


def test_a_component_whose_truth_is_zero_must_be_zero() -> None:
    truth = exactly(0.0, 1.0)
    assert compare([0.0, 1.0], truth).status is Status.OK
    found = compare([1e-20, 1.0], truth)
    assert found.status is Status.DISAGREES
    assert found.reason.startswith("1 of 2 components beyond what rounding explains")


def test_a_component_that_cancels_to_zero_may_show_rounding_and_no_more() -> None:
    truth = enclosed([0.0, 1.0], [1e-15, 1e-16])
    assert compare([1e-16, 1.0], truth).status is Status.OK
    assert compare([1e-14, 1.0], truth).status is Status.DISAGREES


@pytest.mark.parametrize("wrong", [9.0, 8.0, 2.0, 1.0 + 1e-9, 0.0, -1.0])
def test_a_small_component_beside_a_huge_one_must_be_right(wrong: float) -> None:
    truth = enclosed([1e16, 1.0], [1.2, 1.2e-16])
    assert compare([1e16, 1.0], truth).status is Status.OK
    found = compare([1e16, wrong], truth)
    assert found.status is Status.DISAGREES
    assert "1 of 2 components beyond what rounding explains; largest error in x[1]" in found.reason


@pytest.mark.parametrize(
    ("operator", "answer"),
    [("hessian", [[2e9, 0.0], [0.0, 2e-9]]), ("hvp", [2e9, 2e-9]), ("gradient", [2e9, 2e-9])],
)
@pytest.mark.parametrize("wrong", [1e-6, 0.0, -2e-9, 4e-9, 2e-9 * (1.0 + 1e-9)])
def test_an_entry_beside_a_huge_one_must_be_right_in_every_operator(
    operator: str, answer: Any, wrong: float
) -> None:
    problem = Problem("scaled", lambda xp, x: 1e9 * x[0] ** 2 + 1e-9 * x[1] ** 2, {"x": [1.0, 1.0]})
    at = Argument(problem.point(), Directions({"x": np.ones(2)}))
    truth = certify(problem, at, operator)
    layout = OPERATORS[operator].layout(problem.points().signature)
    spoiled = np.array(answer)
    assert agree([spoiled], truth, layout, promise=11.0, exact=True).status is Status.OK
    spoiled.reshape(-1)[-1] = wrong
    found = agree([spoiled], truth, layout, promise=11.0, exact=True)
    assert found.status is Status.DISAGREES
    assert "1 of " in found.reason


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("factor", [11.0, -1.0, 0.0, 1.0 + 1e-4])
@pytest.mark.parametrize("scale", [1e-8, 1e-150, 1e-300, 2.0**-1040, 1e300])
def test_a_wrong_gradient_of_tiny_or_huge_values_disagrees(
    scale: float, factor: float, exact: bool
) -> None:
    values = scale * np.array([1.0, -2.0, 0.5])
    truth = exactly(*values)
    assert compare(values, truth, 7.0, exact).digits == math.inf
    assert compare(factor * values, truth, 7.0, exact).status is Status.DISAGREES


@pytest.mark.parametrize("scale", [1e-8, 1e-150, 1e-290])
def test_an_eleven_fold_gradient_of_a_tiny_function_disagrees(scale: float) -> None:
    tiny = Problem("tiny", lambda xp, x: scale * xp.sum(xp.sin(x)), {"x": [0.3, 1.0, 2.0]})
    truth = certify(tiny, Argument(tiny.point()), "gradient")
    honest = scale * np.cos([0.3, 1.0, 2.0])
    assert compare(honest, truth).status is Status.OK
    assert compare(11.0 * honest, truth, promise=4.5, exact=False).status is Status.DISAGREES


def test_a_wrong_component_is_caught_where_intermediate_values_overflow() -> None:
    lse = Problem("lse", lambda xp, x: xp.logsumexp(x), {"x": [800.0, 780.0]})
    truth = certify(lse, Argument(lse.point()), "gradient")
    assert compare(truth.high, truth).status is Status.OK
    assert compare(truth.high * [1.0, 1.0 + 1e-4], truth).status is Status.DISAGREES


# What is no answer at all.


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(("problem", "label"), CASES)
def test_an_answer_that_is_not_finite_is_told_so(problem: str, label: str, bad: float) -> None:
    case = exam(problem, label)
    last = case.honest[-1].copy()
    last[(-1,) * last.ndim] = bad
    found = case.mark([*case.honest[:-1], last])
    n, where = case.layout.size, case.layout.locate(case.layout.size - 1)
    assert found == Agreement(Status.NONFINITE, f"1 of {n} components not finite: {where}")


def test_of_many_components_not_finite_the_first_is_named_and_all_are_counted() -> None:
    case = exam(*NETWORK)
    answer = [a.copy() for a in case.honest]
    answer[1][2, 3], answer[4][7] = math.nan, math.inf
    assert case.mark(answer).reason == "2 of 3471 components not finite: W1[2, 3]"


@pytest.mark.parametrize(
    "truth", [exactly(1.0), exactly(1e308), enclosed([1.0], 9.0), zero(9.0), zero(0.0)]
)
def test_not_a_number_matches_nothing(truth: Enclosure) -> None:
    assert compare([math.nan], truth, promise=0.0, exact=False).status is Status.NONFINITE


@pytest.mark.parametrize(
    ("answer", "shape", "reason"),
    [
        ([np.zeros(3)], (2,), r"x has shape (3,), (2,) expected"),
        ([np.zeros((2, 1))], (2,), r"x has shape (2, 1), (2,) expected"),
        ([np.zeros((1, 2))], (2, 1), r"x has shape (1, 2), (2, 1) expected"),
        ([np.zeros(1)], (), r"x has shape (1,), () expected"),
        ([1.0], (1,), r"x has shape (), (1,) expected"),
        ([np.zeros(0)], (2,), r"x has shape (0,), (2,) expected"),
        ([], (2,), r"0 arrays returned, 1 expected (x)"),
        ([np.zeros(2), np.zeros(2)], (2,), r"2 arrays returned, 1 expected (x)"),
    ],
)
def test_an_answer_of_the_wrong_shape_disagrees_whatever_its_values(
    answer: Any, shape: tuple[int, ...], reason: str
) -> None:
    truth = exactly(*np.ones(int(np.prod(shape))))
    found = agree(answer, truth, Space({"x": shape}), promise=0.0, exact=False)
    assert found == Agreement(Status.DISAGREES, reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda a: a[:-1], "6 arrays returned, 7 expected"),
        (lambda a: [*a, a[0]], "8 arrays returned, 7 expected"),
        (lambda a: [a[0].T, *a[1:]], r"x has shape (10, 32), (32, 10) expected"),
        (lambda a: [a[0], a[1].ravel(), *a[2:]], r"W1 has shape (500,), (10, 50) expected"),
        (lambda a: [*a[:-1], a[-1][0]], r"b3 has shape (), (1,) expected"),
        (lambda a: [a[0][None], *a[1:]], r"x has shape (1, 32, 10), (32, 10) expected"),
        (lambda a: [np.concatenate([p.ravel() for p in a])], "1 arrays returned, 7 expected"),
    ],
)
def test_a_network_s_arrays_must_all_be_there_in_their_shapes(change: Any, reason: str) -> None:
    case = exam(*NETWORK)
    found = case.mark(change(case.honest))
    assert found.status is Status.DISAGREES
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(
    ("answer", "holds"),
    [
        (np.array(["1.0", "2.0"]), "<U3"),
        (np.array([b"1.0", b"2.0"]), "|S3"),
        (np.array([1.0, 2.0], dtype=object), "object"),
        (np.array([None, None]), "object"),
        (np.array([True, True]), "bool"),
        (np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[D]"), "datetime64[D]"),
        (np.array([1, 2], dtype="timedelta64[s]"), "timedelta64[s]"),
    ],
)
def test_an_answer_that_holds_no_numbers_disagrees(answer: Array, holds: str) -> None:
    found = compare(answer, exactly(1.0, 2.0), promise=0.0, exact=False)
    assert found == Agreement(Status.DISAGREES, f"x holds {holds} instead of numbers")


@pytest.mark.parametrize("imaginary", [1e-300, 1e-9, 1.0, math.nan, math.inf])
def test_an_answer_with_an_imaginary_part_disagrees(imaginary: float) -> None:
    answer = np.array([complex(1.0, 0.0), complex(2.0, imaginary)])
    found = compare(answer, exactly(1.0, 2.0), promise=0.0, exact=False)
    assert found == Agreement(Status.DISAGREES, "x is complex, real numbers expected")


def test_a_conjugated_or_rotated_answer_disagrees() -> None:
    case = exam(*NETWORK)
    assert case.mark([a * 1j for a in case.honest]).reason == "x is complex, real numbers expected"
    assert case.mark([a + 0j for a in case.honest]).status is Status.OK


# What must fail of the other operators.


@dataclass(frozen=True)
class Sheet:
    """An operator of a small problem, with its certified truth, and that rounded to doubles."""

    problem: Problem
    operator: Operator
    points: Points
    truth: Enclosure

    @property
    def at(self) -> Argument:
        return self.points.checked[0]

    @property
    def signature(self) -> Signature:
        return self.points.signature

    @property
    def layout(self) -> Space:
        return self.operator.layout(self.signature)

    @property
    def honest(self) -> Parts:
        return self.cut(self.truth.high)

    @property
    def matrix(self) -> Array:
        """The Jacobian or Hessian as one matrix, put together from its blocks."""
        return matrix(self.truth.high, *self.operator.spaces(self.signature))

    def cut(self, flat: Array) -> Parts:
        return list(self.layout.split(flat).values())

    def arrange(self, matrix: Array) -> Parts:
        return blocks(matrix, *self.operator.spaces(self.signature))

    def along(self, **changed: dict[str, Array]) -> Parts:
        """Return the rounded truth in other directions."""
        at = self.at._replace(directions=replace(self.at.directions, **changed))
        return self.cut(certify(self.problem, at, self.operator.name).high)

    def mark(self, answer: Sequence[Any], promise: float = 12.0, exact: bool = True) -> Agreement:
        return agree(answer, self.truth, self.layout, promise=promise, exact=exact)


@cache
def sheet(problem: str, operator: str) -> Sheet:
    found = PROBLEMS[problem]
    points = built_in.points(found, found.labels[0])
    truth = certify(found, points.checked[0], operator)
    return Sheet(found, OPERATORS[operator], points, truth)


SHEETS = [
    (name, operator.name)
    for name, _ in CASES
    for operator in OPERATORS.values()
    if not (operator.of_scalars and PROBLEMS[name].outputs)
]


@pytest.mark.parametrize(("problem", "operator"), SHEETS)
def test_the_rounded_truth_of_every_operator_passes(problem: str, operator: str) -> None:
    found = sheet(problem, operator).mark(sheet(problem, operator).honest)
    assert (found.status, found.reason) == (Status.OK, "")


@pytest.mark.parametrize(("problem", "operator"), SHEETS)
def test_zeros_negatives_and_elevenfolds_of_every_operator_disagree(
    problem: str, operator: str
) -> None:
    page = sheet(problem, operator)
    for factor in (0.0, -1.0, 11.0):
        spoiled = [factor * a for a in page.honest]
        for promise, exact in ((12.0, True), (7.0, False), (1.0, False)):
            assert page.mark(spoiled, promise, exact).status is Status.DISAGREES


@pytest.mark.parametrize(("problem", "operator"), SHEETS)
def test_what_was_frozen_at_the_preparation_point_disagrees(problem: str, operator: str) -> None:
    page = sheet(problem, operator)
    stale = page.cut(certify(page.problem, page.points.preparation, operator).high)
    assert page.mark(stale).status is Status.DISAGREES


SQUARE = ["polar-coordinates", "brusselator"]


@pytest.mark.parametrize("problem", SQUARE)
def test_a_transposed_jacobian_disagrees(problem: str) -> None:
    page = sheet(problem, "jacobian")
    assert page.mark(page.arrange(page.matrix)).status is Status.OK
    found = page.mark(page.arrange(page.matrix.T))
    assert found.status is Status.DISAGREES
    assert "largest error in ∂" in found.reason


def test_a_wrong_block_disagrees_and_is_named() -> None:
    page = sheet("brusselator", "jacobian")
    answer = page.honest
    answer[1] = answer[1] + np.arange(16.0).reshape(2, 2, 2, 2)
    found = page.mark(answer)
    assert found.status is Status.DISAGREES
    assert "largest error in ∂du/∂v[" in found.reason


@pytest.mark.parametrize("order", [(1, 0, 2, 3), (2, 3, 0, 1), (0, 2, 1, 3), (3, 1, 2, 0)])
@pytest.mark.parametrize("problem", SQUARE)
def test_a_jacobian_whose_blocks_are_in_another_order_disagrees(
    problem: str, order: tuple[int, ...]
) -> None:
    page = sheet(problem, "jacobian")
    assert page.mark([page.honest[k] for k in order]).status is Status.DISAGREES


def test_a_jacobian_of_the_wrong_shape_is_told_by_the_name_of_its_block() -> None:
    page = sheet("robot-arm", "jacobian")
    x, *others = page.honest
    assert page.mark([x[:1], *others]).reason == "∂x/∂theta has shape (1,), (2,) expected"
    assert page.mark(others).reason.startswith("2 arrays returned, 3 expected (∂x/∂theta, ∂y/∂")
    assert page.mark([page.matrix]).reason.startswith("1 arrays returned, 3 expected")


Change = Callable[[Array], Array]
MISTAKES: dict[str, Change] = {
    "half the diagonal": lambda H: H - 0.5 * np.diag(np.diag(H)),
    "twice the diagonal": lambda H: H + np.diag(np.diag(H)),
    "the upper triangle": np.triu,
    "the lower triangle": np.tril,
    "the diagonal": lambda H: np.diag(np.diag(H)),
    "no diagonal": lambda H: H - np.diag(np.diag(H)),
    "twice what is off the diagonal": lambda H: 2.0 * H - np.diag(np.diag(H)),
    "columns in reverse": lambda H: H[:, ::-1],
    "the inverse sign of a row": lambda H: np.concatenate([-H[:1], H[1:]]),
    "only a Gauss-Newton part": lambda H: np.outer(H[0], H[0]),
}
CURVED = [name for name, operator in SHEETS if operator == "hessian"]


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_wrong_hessian_disagrees(mistake: str) -> None:
    pages = [sheet(problem, "hessian") for problem in CURVED]
    wrong = [(page, MISTAKES[mistake](page.matrix)) for page in pages]
    changed = [(page, H) for page, H in wrong if (np.abs(H - page.matrix) > 1e-30).any()]
    assert len(changed) > 1
    for page, H in changed:
        for promise, exact in ((12.0, True), (4.0, False)):
            assert page.mark(page.arrange(H), promise, exact).status is Status.DISAGREES


@pytest.mark.parametrize("problem", CURVED)
def test_an_error_of_a_billionth_in_any_entry_of_a_hessian_disagrees(problem: str) -> None:
    page = sheet(problem, "hessian")
    grant = 2.0 * (page.truth.bound + page.truth.radius) + 1e-300
    for i, entry in enumerate(page.truth.high.tolist()):
        wrong = page.truth.high.copy()
        wrong[i] += max(1e-9 * abs(entry), grant[i])
        assert page.mark(page.cut(wrong)).status is Status.DISAGREES


SEVERAL = [
    (name, output)
    for name, problem in PROBLEMS.items()
    for output in range(len(problem.outputs))
    if len(problem.outputs) > 1
]


@pytest.mark.parametrize(("problem", "output"), SEVERAL)
def test_a_pullback_that_forgets_an_output_disagrees(problem: str, output: int) -> None:
    page = sheet(problem, "vjp")
    w = dict(page.at.directions.cotangents)
    name = list(w)[output]
    w[name] = 0.0 * w[name]
    assert page.mark(page.along(cotangents=w)).status is Status.DISAGREES


@pytest.mark.parametrize(("problem", "output"), SEVERAL)
def test_a_pushforward_with_one_wrong_sign_disagrees(problem: str, output: int) -> None:
    page = sheet(problem, "jvp")
    answer = page.honest
    answer[output] = -answer[output]
    assert page.mark(answer).status is Status.DISAGREES
    assert page.mark(answer, 1.0, exact=False).status is Status.DISAGREES


@pytest.mark.parametrize(
    ("problem", "operator"), [page for page in SHEETS if OPERATORS[page[1]].direction]
)
def test_a_stale_direction_disagrees(problem: str, operator: str) -> None:
    page = sheet(problem, operator)
    stale = page.points.preparation.directions
    changed = page.along(cotangents=stale.cotangents, tangents=stale.tangents)
    assert page.mark(changed).status is Status.DISAGREES
    counting = {k: 1.0 + np.arange(a.size).reshape(a.shape) for k, a in stale.tangents.items()}
    ones = {k: np.ones_like(a) for k, a in stale.cotangents.items()}
    assert page.mark(page.along(cotangents=ones, tangents=counting)).status is Status.DISAGREES


def test_a_pushforward_in_the_place_of_a_pullback_disagrees() -> None:
    page = sheet("polar-coordinates", "vjp")
    w = page.at.directions.cotangents.values()
    tangents = dict(zip(("x", "y"), w, strict=True))
    other = certify(page.problem, page.at._replace(directions=Directions(tangents)), "jvp")
    assert page.mark(page.cut(other.high)).status is Status.DISAGREES


@pytest.mark.parametrize("problem", CURVED)
def test_a_gradient_in_the_place_of_a_hessian_s_product_disagrees(problem: str) -> None:
    page = sheet(problem, "hvp")
    gradient = certify(page.problem, page.at, "gradient")
    assert page.mark(page.cut(gradient.high)).status is Status.DISAGREES


# What rounding explains is granted to exact methods, and to them alone.

CANCELLED = enclosed([1e-8, 2e-8], [1e-16, 2e-16])


@pytest.mark.parametrize("share", [0.1, 0.999])
def test_what_rounding_explains_is_granted_in_the_norm_to_exact_methods_only(share: float) -> None:
    answer = CANCELLED.high + share * CANCELLED.bound
    assert compare(answer, CANCELLED, exact=True).status is Status.OK
    found = compare(answer, CANCELLED, exact=False)
    assert found.status is Status.DISAGREES
    assert "digits, 12 promised" in found.reason


@pytest.mark.parametrize("share", [1.001, 2.0, 1e6])
def test_what_rounding_does_not_explain_is_granted_to_nobody(share: float) -> None:
    answer = CANCELLED.high + share * CANCELLED.bound
    for exact in (True, False):
        assert compare(answer, CANCELLED, exact=exact).status is Status.DISAGREES


def test_the_digits_of_a_cancelled_answer_are_those_that_are_right() -> None:
    found = compare(CANCELLED.high * (1.0 + 1e-9), CANCELLED)
    assert (found.status, found.reason) == (Status.OK, "")
    assert found.digits == pytest.approx(9.0, abs=0.01)


def test_one_component_may_not_live_on_the_cancellation_of_another() -> None:
    truth = enclosed([1.0, 1e-8], [1e-9, 1e-24])
    assert compare([1.0 + 5e-10, 1e-8], truth).status is Status.OK
    found = compare([1.0, 1e-8 + 5e-10], truth)
    assert found.status is Status.DISAGREES
    assert "x[1]: " in found.reason


def test_a_component_of_which_rounding_leaves_nothing_may_be_anything_within_its_bound() -> None:
    truth = enclosed([1.0, 1e-20], [1e-16, 1e-16])
    for small in (0.0, -1e-20, 9e-17):
        assert compare([1.0, small], truth).status is Status.OK
    assert compare([1.0, 1.1e-16], truth).status is Status.DISAGREES


# A truth of zero.


@pytest.mark.parametrize("promise", [12.0, 4.0])
@pytest.mark.parametrize(
    ("answer", "bound", "right"),
    [
        ([0.0, 0.0], [0.0, 0.0], True),
        ([-0.0, 0.0], [0.0, 0.0], True),
        ([5e-324, 0.0], [0.0, 0.0], False),
        ([1e-16, 0.0], [0.0, 1.0], False),
        ([0.999e-16, -1.999e-16], [1e-16, 2e-16], True),
        ([0.0, -2.001e-16], [1e-16, 2e-16], False),
        ([1.0, 1.0], [1e-16, 2e-16], False),
    ],
)
def test_an_exact_method_owes_a_zero_up_to_what_rounding_can_do_to_each_component(
    answer: list[float], bound: list[float], right: bool, promise: float
) -> None:
    found = compare(answer, zero(*bound), promise)
    if right:
        assert found == Agreement(Status.OK, note=ZERO)
    else:
        assert (found.status, found.digits) == (Status.DISAGREES, None)
        assert "of 2 components beyond what rounding explains; largest error in x[" in found.reason
        assert found.reason.endswith("true 0.0")


def test_the_width_of_a_zero_does_not_condemn_an_answer() -> None:
    assert compare([0.0], zero(0.0, radius=1e-300)).status is Status.OK
    assert compare([1e-299], zero(0.0, radius=1e-300)).status is Status.DISAGREES


@pytest.mark.parametrize("promise", [7.0, 4.5])
@pytest.mark.parametrize("bound", [[1e-16], [3e-16, 4e-16], [1e-200, 0.0]])
def test_an_inexact_method_owes_its_digits_of_what_was_added_up_to_zero(
    bound: list[float], promise: float
) -> None:
    truth = zero(*bound)
    owed = 10.0**-promise * np.array(bound) / UNIT
    assert compare(0.999 * owed, truth, promise, exact=False) == Agreement(Status.OK, note=ZERO)
    found = compare(-1.001 * owed, truth, promise, exact=False)
    assert (found.status, found.digits) == (Status.DISAGREES, None)
    assert f"where the truth is zero, {promise:g} digits of " in found.reason
    assert "largest error in x" in found.reason


def test_where_nothing_was_added_up_an_inexact_method_owes_nothing_and_is_skipped() -> None:
    truth = zero(0.0, 0.0)
    assert compare([0.0, 0.0], truth, 7.0, exact=False) == Agreement(Status.OK, note=ZERO)
    found = compare([1e-9, 0.0], truth, 7.0, exact=False)
    assert (found.status, found.digits) == (Status.SKIPPED, None)
    assert "the truth is zero: a method with a truncation error owes nothing" in found.reason


def test_an_answer_to_a_zero_is_a_number_of_the_right_shape_and_precision() -> None:
    assert compare([math.nan, 0.0], zero(1.0, 1.0)).status is Status.NONFINITE
    assert compare([0.0], zero(1.0, 1.0)).reason == "x has shape (1,), (2,) expected"
    narrow = compare(np.zeros(2, dtype=np.float32), zero(1.0, 1.0))
    assert narrow.reason == "x is float32, float64 expected"


@pytest.mark.parametrize("operator", ["hessian", "hvp"])
def test_a_second_derivative_of_an_affine_function_is_checked(operator: str) -> None:
    problem = Problem("affine", lambda xp, x: xp.sum(3.0 * x) - x[0], {"x": [1.0, 2.0]})
    points = problem.points()
    truth = certify(problem, points.checked[0], operator)
    layout = OPERATORS[operator].layout(points.signature)
    (zeros,) = layout.zeros().values()
    assert agree([zeros], truth, layout, promise=11.0, exact=True).status is Status.OK
    assert agree([zeros + 1e-9], truth, layout, promise=11.0, exact=True).reason
    steps = agree([zeros + 1e-9], truth, layout, promise=4.0, exact=False)
    assert steps.status is Status.SKIPPED


# Two conventions.


def both() -> Enclosure:
    """Return a truth by the lower triangle, and by (A + Aᵀ)/2."""
    bound = UNIT * np.ones(4)
    other = enclosed([2.0, 3.0, 3.0, 1.0], bound, convention=SYMMETRIC)
    return enclosed([2.0, 0.0, 6.0, 1.0], bound, convention=LOWER, other=other)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    ("answer", "note"), [([2.0, 0.0, 6.0, 1.0], LOWER), ([2.0, 3.0, 3.0, 1.0], SYMMETRIC)]
)
def test_an_answer_by_either_convention_agrees_and_it_is_told_by_which(
    answer: list[float], note: str, exact: bool
) -> None:
    found = compare(answer, both(), exact=exact)
    assert (found.status, found.digits, found.note) == (Status.OK, math.inf, note)


@pytest.mark.parametrize(
    "answer",
    [
        [2.0, 6.0, 0.0, 1.0],
        [2.0, 0.0, 3.0, 1.0],
        [2.0, 3.0, 6.0, 1.0],
        [2.0, 1.5, 4.5, 1.0],
        [0.0, 0.0, 0.0, 0.0],
    ],
)
def test_an_answer_by_no_convention_or_by_a_mixture_disagrees_with_the_first(
    answer: list[float],
) -> None:
    found = compare(answer, both())
    assert (found.status, found.note) == (Status.DISAGREES, "")
    assert found == compare(answer, replace(both(), other=None))


def test_where_there_is_one_convention_nothing_is_noted() -> None:
    assert compare([1.0], exactly(1.0)).note == ""


# The figures.


@pytest.mark.parametrize("exponent", [-900, -500, -20, 1, 20, 500, 900])
@pytest.mark.parametrize("promise", [12.0, 7.0])
def test_a_verdict_does_not_change_when_a_problem_is_scaled_by_a_power_of_two(
    exponent: int, promise: float
) -> None:
    rng = np.random.default_rng(9)
    for relative in (0.0, 1e-16, 1e-13, 1e-9, 1e-3, 10.0):
        high = rng.standard_normal(20)
        low = 2.0**-60 * high
        size = np.abs(high)
        truth = enclosed(high, 3.0 * UNIT * size, low, 2.0**-100 * size)
        answer = high * (1.0 + relative * rng.standard_normal(20))
        factor = 2.0**exponent
        scaled = Enclosure(*(factor * getattr(truth, p) for p in
                             ("high", "low", "radius", "bound")), bits=192)  # fmt: skip
        before = compare(answer, truth, promise)
        after = compare(factor * answer, scaled, promise)
        assert after.status is before.status
        assert after.digits == pytest.approx(before.digits, abs=1e-9)
        assert after.worst_digits == pytest.approx(before.worst_digits, abs=1e-9)
        assert after.ulps == before.ulps


@pytest.mark.parametrize("k", [3, 10, 20, 30, 40, 45])
@pytest.mark.parametrize("n", [1, 2, 100])
def test_digits_are_minus_the_logarithm_of_the_relative_error(n: int, k: int) -> None:
    high = np.random.default_rng(n).integers(1, 99, n) * 2.0 ** np.arange(n)
    found = compare(high * (1.0 + 2.0**-k), exactly(*high))
    assert found.digits == pytest.approx(k * math.log10(2.0), abs=1e-12)
    assert found.worst_digits == pytest.approx(k * math.log10(2.0), abs=1e-12)


@pytest.mark.parametrize("factor", [2.0, 11.0, 101.0, -9.0])
def test_digits_are_negative_where_the_error_exceeds_the_truth(factor: float) -> None:
    found = compare([factor * 3.0, factor * 4.0], exactly(3.0, 4.0))
    assert found.digits == pytest.approx(-math.log10(abs(factor - 1.0)), abs=1e-12)


def test_digits_are_those_of_the_norm_and_worst_digits_those_of_the_worst_component() -> None:
    found = compare([1.0, 1e-6 * 1.001], exactly(1.0, 1e-6))
    assert found.digits == pytest.approx(9.0, abs=1e-3)
    assert found.worst_digits == pytest.approx(3.0, abs=1e-3)


@pytest.mark.parametrize(
    ("truth", "answer", "digits"),
    [(1e-8, 1e-8 + 1e-12, 4.0), (0.0, 1e-14, 14.0), (0.0, 0.0, math.inf), (2.0, 2.002, 3.0)],
)
def test_a_component_s_digits_are_relative_to_it_or_where_it_is_zero_to_what_was_added_up(
    truth: float, answer: float, digits: float
) -> None:
    cancelled = enclosed([1.0, truth], UNIT)
    assert compare([1.0, answer], cancelled).worst_digits == pytest.approx(digits, abs=1e-3)


def test_a_component_that_cannot_be_told_from_zero_counts_as_one_whose_truth_is_zero() -> None:
    truth = enclosed([1.0, 1e-60], [UNIT, UNIT], radius=[0.0, 1e-58])
    found = compare([1.0, 2.0**-54], truth)
    assert found.status is Status.OK
    assert found.worst_digits == pytest.approx(54.0 * math.log10(2.0))
    assert found.ulps == 0.25


@pytest.mark.parametrize("seed", range(20))
def test_the_worst_component_has_no_more_digits_than_the_norm(seed: int) -> None:
    rng = np.random.default_rng(seed)
    high = rng.standard_normal(30) * 10.0 ** rng.integers(-5, 5, 30)
    answer = high * (1.0 + 10.0 ** rng.integers(-15, 1, 30) * rng.standard_normal(30))
    found = compare(answer, exactly(*high))
    assert found.digits is not None
    assert found.worst_digits is not None
    assert found.worst_digits <= found.digits + 1e-9


def test_the_radius_of_the_truth_takes_digits_from_the_answer() -> None:
    wide = enclosed([1.0], UNIT, radius=1e-6)
    found = compare([1.0], wide, promise=5.0)
    assert found.digits == pytest.approx(6.0)
    assert compare([1.0], wide, promise=7.0, exact=False).status is Status.DISAGREES


@pytest.mark.parametrize("value", [1.0, 1.5, -3.7, 1e200, -1e-200, 2.0**-1022])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_ulps_count_steps_between_doubles(value: float, steps: int) -> None:
    answer = value
    for _ in range(steps):
        answer = math.nextafter(answer, math.copysign(math.inf, value))
    assert compare([answer, 1.0], exactly(value, 1.0)).ulps == steps
    assert compare([1.0, answer], exactly(1.0, value)).ulps == steps


@pytest.mark.parametrize(
    ("answer", "true", "dtype"),
    [
        ([1.0, 1.0], [0.0, 1.0], "float64"),
        ([1e300, 1.0], [1e-300, 1.0], "float64"),
        ([1e300, 1.0], [1e60, 1.0], "float32"),
    ],
)
def test_figures_beyond_all_numbers_are_found_without_a_warning(
    answer: list[float], true: list[float], dtype: str
) -> None:
    found = compare(answer, replace(enclosed(true, 0.0), dtype=dtype), 1.0)
    assert found.worst_digits is not None
    assert found.worst_digits <= -240.0
    assert found.ulps is not None
    assert not found.ulps < 1e300


def test_ulps_are_those_of_the_worst_component() -> None:
    found = compare([1.0 + 2.0**-52, 1e9 + 3 * 2.0**-23], exactly(1.0, 1e9))
    assert found.ulps == 3.0


def test_half_an_ulp_below_a_power_of_two_is_half_an_ulp_of_the_truth() -> None:
    assert compare([math.nextafter(1.0, 0.0)], exactly(1.0)).ulps == 0.5


def test_ulps_of_the_truth_between_two_doubles_are_fractions() -> None:
    between = enclosed([1.0], UNIT, low=2.0**-54)
    assert compare([1.0], between).ulps == 0.25
    assert compare([1.0 + 2.0**-52], between).ulps == 0.75


@pytest.mark.parametrize(
    ("answer", "truth", "digits"),
    [
        ((1e200, math.nextafter(1e-200, 1.0)), (1e200, 1e-200), 415.84),
        ((1e300,), (1e-300,), -600.0),
        ((1e300, 1.0), (1e-300, 1.0), -300.0),
        ((1e308,), (-1e308,), -0.30103),
    ],
)
def test_extreme_errors_have_figures_and_give_no_warnings(
    answer: tuple[float, ...], truth: tuple[float, ...], digits: float
) -> None:
    found = compare(answer, exactly(*truth))
    assert found.digits is not None
    # An error beyond the largest double may be called infinite.
    assert found.digits == pytest.approx(digits, abs=0.01) or found.digits == -math.inf
    assert found.status is (Status.OK if digits > 12.0 else Status.DISAGREES)


def test_every_component_of_a_network_has_a_name_of_its_own() -> None:
    layout = exam(*NETWORK).layout
    assert len({layout.locate(i) for i in range(layout.size)}) == layout.size == 3471
