"""What explains a wrong answer: one fault that explains all that is wrong, or nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import cache, partial
from typing import Any

import built_in
import numpy as np
import pytest

from gradiometer import Argument, Problem, Signature, Space
from gradiometer.judging.agreement import Agreement, agree
from gradiometer.judging.compared import Compared
from gradiometer.judging.diagnosis import explain
from gradiometer.judging.wrong_answer import runs
from gradiometer.reference.certify import LOWER, SYMMETRIC, certify
from gradiometer.vocabulary.enclosure import UNIT, Enclosure
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.space import Array, blocks, matrix

Told = Iterable[tuple[str, Enclosure]]
GRADIENT = OPERATORS["gradient"]


@cache
def certified(problem: str, operator: str) -> tuple[Signature, Enclosure, Enclosure]:
    """Return the truth of a problem's smallest size, and that at the point of preparation."""
    of = built_in.PROBLEMS[problem]
    points = built_in.points(of, of.labels[0])
    here, there = (certify(of, at, operator) for at in (points.checked[0], points.preparation))
    return points.signature, here, there


def named(
    answer: Any, truth: Enclosure, signature: Signature, operator: str = "gradient",
    promise: float = 12.0, exact: bool = True, elsewhere: Callable[[], Told] = tuple,
) -> str:  # fmt: skip
    """Return what explains an answer that is wrong."""
    found = Compared(np.asarray(answer, np.float64), truth, promise, exact)
    assert found.wrong.any()
    return explain(found, OPERATORS[operator], signature, elsewhere)


def exactly(*values: float, **more: Any) -> Enclosure:
    """Return the enclosure of a truth that doubles hold, and that is rounded once."""
    high = np.array(values)
    return Enclosure(high, 0.0 * high, 0.0 * high, UNIT * np.abs(high), 192, **more)


def of(**shapes: tuple[int, ...]) -> Signature:
    """Return the signature of a scalar function of arrays of these shapes."""
    return Signature(Space(shapes), Space({"value": ()}))


def small(answer: Any, *values: float, **more: Any) -> str:
    """Return what explains a wrong gradient in one array x."""
    return named(answer, exactly(*values), of(x=(len(values),)), **more)


# Each pattern, on certified truths.


def in_array(name: str, fault: Callable[[Array], Array]) -> Callable[[Array, Space], Array]:
    """Return the fault of one array of the answer."""

    def spoil(flat: Array, layout: Space) -> Array:
        parts = layout.split(flat.copy())
        return layout.flatten(fault(a) if k == name else a for k, a in parts.items())

    return spoil


def everywhere(fault: Callable[[Array], Array]) -> Callable[[Array, Space], Array]:
    return lambda flat, layout: fault(flat)


def diagonal(factor: float) -> Callable[[Array], Array]:
    return lambda H: H + (factor - 1.0) * np.diag(np.diag(H))


MLP, NET = ("mlp", "gradient"), ("mlp-outputs", "jacobian")
FAULTS: list[tuple[tuple[str, str], Callable[[Array, Space], Array], str]] = [
    (MLP, everywhere(lambda a: 0.0 * a), "zero everywhere"),
    (MLP, in_array("W1", lambda a: 0.0 * a), "zero in all of W1"),
    (NET, everywhere(lambda a: a * (np.arange(a.size) % 2)), "zero in each of them"),
    (("sigmoid-affine", "value"), everywhere(lambda a: 0.0 * a), "zero"),
    (MLP, everywhere(np.negative), "the sign is reversed everywhere"),
    (MLP, in_array("b1", np.negative), "the sign is reversed in all of b1"),
    (("determinant", "gradient"), everywhere(np.negative), "the sign is reversed in all of A"),
    (("sigmoid-affine", "value"), everywhere(np.negative), "the sign is reversed"),
    (("sigmoid-affine", "value"), everywhere(lambda a: 0.5 * a), "half what it should be"),
    (MLP, everywhere(lambda a: 2.0 * a), "twice what it should be everywhere"),
    (MLP, everywhere(lambda a: a / 32.0), "0.03125 times what it should be everywhere"),
    (MLP, in_array("W1", lambda a: -3.1 * a), "-3.1 times what it should be in all of W1"),
    (MLP, everywhere(lambda a: (1.0 + 3e-9) * a), "(1 + 3e-09) times what it should be everywhere"),
    (("determinant", "gradient"), in_array("A", np.transpose), "A is transposed"),
    (("mlp", "gradient"), in_array("W1", lambda a: a.T.reshape(a.shape)), "W1 is transposed"),
    (("determinant", "gradient"), in_array("A", diagonal(0.5)),
     "the diagonal of A is half what it should be"),
    (("determinant", "gradient"), in_array("A", lambda a: 2.0 * a - np.diag(np.diag(a))),
     "what is off the diagonal of A is twice what it should be"),
    (("rosenbrock", "hessian"), in_array("∂²/∂x∂x", diagonal(2.0)),
     "the diagonal is twice what it should be"),
    (("log-sum-exp", "gradient"), everywhere(lambda a: np.roll(a, 1)),
     "the components of x are permuted"),
    (MLP, everywhere(lambda a: a.astype(np.float32).astype(np.float64)),
     "rounded to float32 everywhere"),
    (MLP, everywhere(lambda a: a * (1.0 + 6e-8 * np.cos(np.arange(a.size)))),
     "errors of the size of float32's rounding"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "fault", "words"), FAULTS)
def test_a_fault_is_named_where_it_is(
    case: tuple[str, str], fault: Callable[[Array, Space], Array], words: str
) -> None:
    signature, truth, _ = certified(*case)
    layout = OPERATORS[case[1]].layout(signature)
    assert named(fault(truth.high, layout), truth, signature, case[1]) == words


@pytest.mark.parametrize("problem", ["polar-coordinates", "brusselator"])
def test_a_transposed_jacobian_is_named(problem: str) -> None:
    signature, truth, _ = certified(problem, "jacobian")
    spaces = OPERATORS["jacobian"].spaces(signature)
    turned = matrix(truth.high, *spaces).T
    flat = np.concatenate([block.ravel() for block in blocks(turned, *spaces)])
    assert named(flat, truth, signature, "jacobian") == "the matrix is transposed"


def test_a_transposed_block_of_a_matrix_is_named() -> None:
    signature, truth, _ = certified("brusselator", "jacobian")
    layout = OPERATORS["jacobian"].layout(signature)
    parts = layout.split(truth.high.copy())
    block = parts["∂du/∂v"].reshape(4, 4) + np.arange(16.0).reshape(4, 4)
    full = layout.flatten((parts | {"∂du/∂v": block}).values())
    wrong = layout.flatten((parts | {"∂du/∂v": block.T}).values())
    truth = Enclosure(full, 0.0 * full, 0.0 * full, truth.bound, 192)
    assert named(wrong, truth, signature, "jacobian") == "∂du/∂v is transposed"


@pytest.mark.parametrize(
    ("order", "words"),
    [("bac", "a and b are exchanged"), ("bca", "a, b, c are in another order")],
)
def test_arrays_in_another_order_are_named(order: str, words: str) -> None:
    true = dict(zip("abc", np.arange(1.0, 7.0).reshape(3, 2), strict=True))
    answer = np.concatenate([true[name] for name in order])
    truth = exactly(*np.concatenate(list(true.values())))
    assert named(answer, truth, of(a=(2,), b=(2,), c=(2,))) == words


@pytest.mark.parametrize(("off", "words"), [(0.04, "a and b are exchanged"), (0.1, "")])
def test_arrays_are_exchanged_if_each_would_be_right_whatever_the_truth_is(
    off: float, words: str
) -> None:
    true = np.array([1.0, 2.0])  # or up to 0.1 more or less
    truth = Enclosure(true, 0.0 * true, 0.0 * true + 0.1, 0.0 * true + 0.05, 192)
    assert named(true[::-1] + off, truth, of(a=(1,), b=(1,))) == words


def test_two_components_in_each_other_s_place_are_named() -> None:
    assert small([1.0, 5.0, 3.0, 2.0], 1.0, 2.0, 3.0, 5.0) == "x[1] and x[3] are exchanged"


@pytest.mark.parametrize("case", [MLP, ("rosenbrock", "hvp"), ("sigmoid-affine", "value")])
@pytest.mark.parametrize(("promise", "exact"), [(12.0, True), (7.0, False), (4.0, False)])
def test_what_is_right_elsewhere_is_stale(
    case: tuple[str, str], promise: float, exact: bool
) -> None:
    signature, truth, other = certified(*case)
    told = named(
        other.high, truth, signature, case[1], promise, exact,
        lambda: [("nowhere", exactly(*(7.0 * truth.high))), ("at another", other)],
    )  # fmt: skip
    assert told.startswith("stale")
    assert told.endswith(", right at another")


def test_one_array_that_is_stale_is_named() -> None:
    signature, truth, other = certified(*MLP)
    parts = signature.inputs.split(truth.high) | {"W1": signature.inputs.split(other.high)["W1"]}
    answer = signature.inputs.flatten(parts.values())
    told = named(answer, truth, signature, elsewhere=lambda: [("at p", other)])
    assert told == "stale in all of W1, right at p"


def test_a_stale_answer_may_follow_the_other_convention() -> None:
    truth = exactly(3.0, 4.0, other=exactly(5.0, 7.0))
    told = small([5.0, 7.0], 1.0, 2.0, elsewhere=lambda: [("at p", truth)])
    assert told == "stale in all of x, right at p"


# What is not named.


def two_faults(flat: Array, layout: Space) -> Array:
    half = flat.size // 2
    return np.concatenate([0.0 * flat[:half], -flat[half:]])


NOTHING: dict[str, Callable[[Array, Space], Array]] = {
    "noise": lambda flat, layout: flat + np.random.default_rng(1).standard_normal(flat.size),
    "small noise": lambda flat, layout: flat * (1.0 + 1e-10 * np.cos(np.arange(flat.size))),
    "one wrong": lambda flat, layout: np.append(flat[:-1], 1.37 * flat[-1] + 0.1),
    "one off by a billionth": lambda flat, layout: np.append(flat[:-1], flat[-1] * (1.0 + 1e-9)),
    "two faults": two_faults,
    "negated, and one wrong": lambda flat, layout: np.append(-flat[:-1], 1.37 * flat[-1]),
    "stale, and one wrong": lambda flat, layout: np.append(
        certified(*MLP)[2].high[:-1], 1.37 * flat[-1]
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", NOTHING)
@pytest.mark.parametrize(("promise", "exact"), [(12.0, True), (7.0, False)])
def test_what_does_not_explain_all_is_not_named(fault: str, promise: float, exact: bool) -> None:
    signature, truth, other = certified(*MLP)
    answer = NOTHING[fault](truth.high.copy(), signature.inputs)
    found = Compared(answer, truth, promise, exact)
    if found.wrong.any():
        assert explain(found, GRADIENT, signature, lambda: [("at p", other)]) == ""
    else:
        assert not exact


@pytest.mark.parametrize("factor", [2.3456, 1.01, 11.0, 1.0 / 11.0, 13.0, 1.0 / 13.0])
def test_of_a_single_number_only_a_simple_factor_is_named(factor: float) -> None:
    assert small([factor * 3.0], 3.0) == ""
    assert small([factor * 3.0, factor * -3.0], 3.0, -3.0) == ""
    assert small([factor * 3.0, factor * 4.0], 3.0, 4.0).endswith("what it should be in all of x")


@pytest.mark.parametrize("factor", [10.0, 0.1, 7.0 / 9.0, -3.0])
def test_of_a_single_number_a_simple_factor_is_named(factor: float) -> None:
    assert small([factor * 3.0], 3.0) == f"{factor:.9g} times what it should be"


@pytest.mark.parametrize(
    ("promise", "words"), [(7.0, "twice what it should be"), (5.0, ""), (4.0, "")]
)
def test_of_a_single_number_no_factor_is_named_that_few_digits_may_come_near(
    promise: float, words: str
) -> None:
    assert small([6.0], 3.0, promise=promise, exact=False) == words


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(("promise", "factor"), [(4.0, 1.01), (4.0, 0.99), (3.0, 1.1), (3.0, 0.9)])
def test_a_factor_that_accuracy_may_explain_is_not_named(
    promise: float, factor: float, exact: bool
) -> None:
    true = np.array([2.0, 3.0, 4.0])  # of which the last has the least of what is allowed
    owed = 10.0**-promise * (1.0 if exact else norm_share(true))
    for times, named in ((99.0, False), (100.5, True)):
        off = math.copysign(times * owed, factor - 1.0)
        told = small((1.0 + off) * true, *true, promise=promise, exact=exact)
        assert told.endswith(" times what it should be in all of x") is named


def norm_share(true: Array) -> float:
    """Return the most that an inexact method may be off in a component, relative to it."""
    return float(np.linalg.norm(true) / np.sqrt(true.size) / np.abs(true).min())


def test_where_zero_should_be_no_factor_is_named() -> None:
    assert small([1.0, 4.0], 0.0, 2.0) == ""


@pytest.mark.parametrize(
    ("promise", "told"),
    [(12.0, "rounded to float32 in all of x"), (7.5, "rounded to float32 in all of x"), (7.0, "")],
)
def test_float32_explains_nothing_where_no_more_digits_are_owed(promise: float, told: str) -> None:
    answer = np.array([1.0, -2.0, 0.75])
    true = answer * (1.0 + 3e-7 * np.array([1.0, -1.0, 1.0]))
    truth = Enclosure(true, 0.0 * true, 0.0 * true, 8.0 * UNIT * np.abs(true), 192)
    assert named(answer, truth, of(x=(3,)), promise=promise) == told


@pytest.mark.parametrize(("off", "words"), [(0.9, "rounded to float32 in all of x"), (1.1, "")])
def test_float32_rounds_by_half_the_distance_to_the_next_number(off: float, words: str) -> None:
    held = np.array([1.0, -2.0, 4.0])
    true = held * (1.0 + off * 2.0**-24 * np.array([1.0, -1.0, 1.0]))
    assert small(held, *true) == words


@pytest.mark.parametrize(("count", "named"), [(4, True), (3, True), (2, False), (1, False)])
@pytest.mark.parametrize(("times", "near"), [(1.0, True), (0.025, True), (1 / 80, False)])
def test_errors_are_like_float32_s_if_they_are_of_its_size_in_most_components(
    count: int, named: bool, times: float, near: bool
) -> None:
    true = np.array([1.1, -2.3, 3.7, 0.9])
    off = np.where(np.arange(4) < count, 2.0**-24 * times, 0.0) * [0.9, -0.8, 0.7, 0.95]
    told = "errors of the size of float32's rounding" if named and near else ""
    assert small(true * (1.0 + off), *true) == told


@pytest.mark.parametrize(("promise", "exact"), [(12.0, False), (7.0, True), (5.0, True)])
def test_float32_is_named_of_what_it_cannot_hold(promise: float, exact: bool) -> None:
    rough = np.float32([0.1, 0.7, 0.3]).astype(np.float64)
    rough[2] += 1e-4
    assert "float32" not in small(rough, 0.1, 0.7, 0.3, promise=promise, exact=exact)


@pytest.mark.parametrize("operator", ["hessian", "hvp"])
@pytest.mark.parametrize("error", [1e-320, 1e-12, 1.0, 1e300])
def test_an_answer_to_a_truth_of_zero_is_explained_by_nothing(operator: str, error: float) -> None:
    none = np.zeros(4 if operator == "hessian" else 2)
    truth = Enclosure(none, none, none, none, 192, zero=True)
    answer = error * np.cos(np.arange(none.size))
    assert named(answer, truth, of(x=(2,)), operator) == ""


def test_numbers_of_float32_that_are_far_off_are_not_rounded_to_it() -> None:
    assert small([1.5, 2.25], 1.0, 2.0) == ""


# Where it is wrong, and one fault for each array.


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ([(0, 0)], "zero in W[0, 0]"),
        ([(0, 0), (2, 3)], "zero in W[0, 0], W[2, 3]"),
        ([(0, 0), (0, 1), (1, 2), (2, 3)], "zero in W[0, 0], W[0, 1], W[1, 2], W[2, 3]"),
        ([(0, 0), (0, 1), (1, 2), (2, 0), (2, 3)], "zero in each of them"),
        ([(1, j) for j in range(4)], "zero in W[1, :]"),
        ([(i, 2) for i in range(3)], "zero in W[:, 2]"),
        ([(i, j) for i in range(3) for j in (1, 3)], "zero in W[:, 1], W[:, 3]"),
        ([(i, j) for i in range(3) for j in range(4) if i != j], "zero in each of them"),
    ],
)
def test_what_is_wrong_is_named(wrong: list[tuple[int, int]], words: str) -> None:
    true = np.arange(1.0, 13.0).reshape(3, 4)
    answer = true.copy()
    for at in wrong:
        answer[at] = 0.0
    assert named(answer.ravel(), exactly(*true.ravel()), of(W=(3, 4))) == words


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("a", "a"), ("b0 b1", "b0, b1"), ("b0 b1 b2", "b0…b2"), ("b0 b2 b3", "b0, b2, b3"),
        ("b9 b10 b11 c", "b9…b11, c"), ("a1 b2 b3 b4 b6", "a1, b2…b4, b6"),
    ],
)  # fmt: skip
def test_names_that_are_numbered_in_a_row_are_told_as_one(names: str, told: str) -> None:
    assert ", ".join(runs(names.split())) == told


def of_arrays(*factors: float) -> str:
    """Return what explains arrays of two components each, times factors; the truth is 1, 2, 3, …"""
    true = np.arange(1.0, 1.0 + 2 * len(factors))
    shapes = {f"a{k}": (2,) for k in range(len(factors))}
    return named(true * np.repeat(factors, 2), exactly(*true), of(**shapes))


@pytest.mark.parametrize(
    ("factors", "words"),
    [
        ([-1, 0, 1], "the sign is reversed in all of a0; zero in all of a1"),
        ([-1, -1, -1, 3, 1], "the sign is reversed in all of a0…a2; 3 times what it should be in "
                             "all of a3"),
        ([0, 3, 0, 3, 1], "zero in all of a0, a2; 3 times what it should be in all of a1, a3"),
        ([0, -1, 2, 3, 1], "zero in all of a0; the sign is reversed in all of a1; twice what it "
                           "should be in all of a2; 3 times what it should be in all of a3"),
        ([0, -1, 2, 3, 4], ""),
    ],
)  # fmt: skip
def test_each_array_may_have_a_fault_of_its_own(factors: list[float], words: str) -> None:
    assert of_arrays(*factors) == words


@pytest.mark.parametrize(
    ("shape", "factor", "words"),
    [
        ((1, 1), 0.5, "half what it should be in all of A"),
        ((2, 2), 2.0, "twice what it should be in all of A"),
        ((2, 3), 2.0, "twice what it should be in all of A"),
    ],
)
def test_a_whole_matrix_is_no_fault_of_its_diagonal(
    shape: tuple[int, ...], factor: float, words: str
) -> None:
    true = np.arange(1.0, 1.0 + np.prod(shape) + 2)
    answer = true.copy()
    answer[:-2] *= factor
    assert named(answer, exactly(*true), of(A=shape, b=(2,))) == words


MANY: dict[str, tuple[tuple[int, ...], Callable[[list[Array]], list[Array]], str]] = {
    "transposed": ((2, 2), lambda parts: [a.T for a in parts], "are transposed"),
    "in another order": ((2,), lambda parts: parts[1:] + parts[:1], "are in another order"),
    "their diagonals": (
        (2, 2), lambda parts: [a * (1.0 + np.eye(2)) for a in parts],
        "the diagonal of a0, a1, a2, a3, … is twice what it should be",
    ),
    "off by a factor": (
        (2,), lambda parts: [3.0 * a for a in parts[:-1]] + parts[-1:],
        "3 times what it should be in all of a0…a4",
    ),
    "permuted": (
        (3,), lambda parts: [a[[1, 2, 0]] for a in parts],
        "the components of a0, a1, a2, a3, … are permuted",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", MANY)
def test_of_many_arrays_four_are_named(what: str) -> None:
    shape, fault, words = MANY[what]
    parts = list(np.arange(1.0, 1.0 + 6 * np.prod(shape)).reshape(6, *shape) ** 2)
    signature = of(**{f"a{k}": shape for k in range(6)})
    flat = np.concatenate([a.ravel() for a in fault(parts)])
    told = named(flat, exactly(*np.ravel(parts)), signature)
    assert told == (words if words.startswith(("the", "3")) else f"a0, a1, a2, a3, … {words}")


# The simpler wins, and nobody is asked in vain.


@pytest.mark.parametrize(
    ("answer", "true", "words"),
    [
        ([-1.0, 1.0], [1.0, -1.0], "the sign is reversed in all of x"),
        ([2.0, 4.0], [1.0, 2.0], "twice what it should be in all of x"),
        ([0.0, 1.0], [1.0, 0.0], "x[0] and x[1] are exchanged"),
    ],
)
def test_of_two_explanations_the_simpler_is_named(
    answer: list[float], true: list[float], words: str
) -> None:
    assert small(answer, *true, elsewhere=lambda: [("at p", exactly(*answer))]) == words


def test_a_matrix_without_a_diagonal_is_twice_as_a_whole() -> None:
    truth = exactly(0.0, 3.0, 3.0, 0.0)
    told = named(2.0 * truth.high, truth, of(x=(2,)), "hessian")
    assert told == "twice what it should be in all of ∂²/∂x∂x"


@pytest.mark.parametrize("answer", [[-1.0, -2.0], [1.0, 2.0 * (1.0 + 1e-9)]])
def test_other_points_are_asked_only_where_the_answer_may_be_stale(answer: list[float]) -> None:
    small(answer, 1.0, 2.0, elsewhere=partial(pytest.fail, "asked"))


# In the reason.


def judged(answer: Any, truth: Enclosure, signature: Signature) -> Agreement:
    layout = GRADIENT.layout(signature)
    parts = list(layout.split(np.asarray(answer)).values())
    explained = partial(explain, asked=GRADIENT, signature=signature)
    return agree(parts, truth, layout, promise=12.0, exact=True, explain=explained)


def test_the_reason_counts_and_explains() -> None:
    truth, shapes = exactly(1.0, 2.0, 3.0), of(a=(), x=(2,))
    assert judged([1.0, -2.0, -3.0], truth, shapes).reason == (
        "2 of 3 components wrong: the sign is reversed in all of x; -0.3 digits, 12 promised; "
        "largest error in x[1]: -3.0, true 3.0"
    )
    huge = exactly(1e16, 1.0)
    assert judged([1e16, -1.0], huge, of(x=(2,))).reason == (
        "1 of 2 components beyond what rounding explains: the sign is reversed in x[1]; "
        "largest error in x[1]: -1.0, true 1.0"
    )
    assert judged([-2.0], exactly(2.0), of(a=())).reason == (
        "the sign is reversed; -0.3 digits, 12 promised; largest error in a: -2.0, true 2.0"
    )


def test_the_convention_that_explains_is_told() -> None:
    def log_det(xp: Any, A: Any) -> Any:
        return 2.0 * xp.sum(xp.log(xp.linalg.diagonal(xp.linalg.cholesky(A))))

    problem = Problem("log-det", log_det, {"A": [[2.0, 1.0], [1.0, 3.0]]})
    at = Argument(problem.point())
    truth = certify(problem, at, "gradient")
    assert truth.other is not None
    assert {truth.convention, truth.other.convention} == {LOWER, SYMMETRIC}
    for each in (truth, truth.other):
        found = judged(-each.high, truth, of(A=(2, 2)))
        assert found.pattern == "the sign is reversed in all of A"
    symmetric = truth if truth.convention == SYMMETRIC else truth.other
    halved = symmetric.high * [0.5, 1.0, 1.0, 0.5]
    told = judged(halved, truth, of(A=(2, 2))).pattern
    assert told == "the diagonal of A is half what it should be"
