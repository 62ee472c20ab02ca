"""The plan: which cases and cells a choice of problems, sizes, operators and methods gives."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.measure.options import Options
from gradiometer.measure.plan import (
    MOST_COMPONENTS,
    Case,
    Cell,
    Plan,
    TooLarge,
    applies,
    first_order,
    make_plan,
)
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.problem import Point, Problem, Shapes


def make_problem(name: str, *sizes: Any) -> Problem:
    """Return a problem of these sizes."""
    return Problem(name, lambda xp, x: x, {"x": 1.0}, sizes=sizes)


def make_method(name: str, tool: str = "tool", **settings: Any) -> Method:
    """Return a method of a tool."""
    method = Method()
    for key, value in {"name": name, "tool": tool, **settings}.items():
        setattr(method, key, value)
    return method


PLAIN, SIZED, OTHER = make_problem("plain"), make_problem("sized", 1, 10, 100), make_problem("b", 5)
VECTOR = Problem("vector", lambda xp, x: (x, x), {"x": [1.0, 2.0]}, outputs=("a", "b"))
ONE, TWO = make_method("one"), make_method("two")


def case_ids(plan: Plan) -> list[str]:
    """Return the cases of a plan as text."""
    return [c.id for c in plan.cases]


# Names


@pytest.mark.parametrize(
    ("case", "text"),
    [
        (Case(PLAIN, "", "gradient"), "plain/float64/gradient"),
        (Case(SIZED, "10", "value"), "sized/10/float64/value"),
        (Case(SIZED, "2-3-1x1", "value", "float32"), "sized/2-3-1x1/float32/value"),
    ],
)
def test_a_case_and_a_cell_are_named_by_their_parts(case: Case, text: str) -> None:
    assert case.id == text
    assert Cell(case, ONE).id == f"{text}/one"


def test_every_cell_of_a_plan_has_a_name_of_its_own() -> None:
    ids = [c.id for c in make_plan([PLAIN, SIZED, OTHER], [ONE, TWO]).cells]
    assert len(ids) == 5 * 2 * 2
    assert len(set(ids)) == len(ids)


# Which cases


def test_a_plan_runs_case_by_case_with_every_method_in_each() -> None:
    plan = make_plan([SIZED, PLAIN], [TWO, ONE], sizes=["10", ""], operators=["gradient"])
    assert [c.id for c in plan.cells] == [
        "sized/10/float64/gradient/two",
        "sized/10/float64/gradient/one",
        "plain/float64/gradient/two",
        "plain/float64/gradient/one",
    ]


def test_all_sizes_with_value_and_first_derivative_are_planned_by_default() -> None:
    plan = make_plan([SIZED, VECTOR], [ONE])
    assert [(c.size, c.operator) for c in plan.cases] == [
        *[(size, name) for size in ("1", "10", "100") for name in ("value", "gradient")],
        *[("", "value"), ("", "jacobian")],
    ]


@pytest.mark.parametrize(
    ("problem", "operators"),
    [(PLAIN, list(OPERATORS)), (VECTOR, ["value", "jacobian", "jvp", "vjp"])],
    ids=["scalar", "vector"],
)
def test_every_operator_that_a_problem_has_can_be_planned_at_once(
    problem: Problem, operators: list[str]
) -> None:
    for plan in (make_plan([problem], [ONE], everything=True),
                 make_plan([problem], [ONE], operators=OPERATORS)):  # fmt: skip
        assert [c.operator for c in plan.cases] == operators
    assert [name for name in OPERATORS if applies(name, problem)] == operators


@pytest.mark.parametrize(("problem", "operator"), [(PLAIN, "gradient"), (VECTOR, "jacobian")])
def test_the_first_derivative_of_a_problem_is_one_that_it_has(
    problem: Problem, operator: str
) -> None:
    assert first_order(problem) == ("value", operator)
    assert all(applies(name, problem) for name in first_order(problem))


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_an_operator_of_scalars_is_planned_of_scalars_only(name: str) -> None:
    plan = make_plan([PLAIN, VECTOR], [ONE], operators=[name])
    expected = [PLAIN] if name in ("gradient", "hessian", "hvp") else [PLAIN, VECTOR]
    assert [c.problem for c in plan.cases] == expected


@pytest.mark.parametrize("operators", [["hessian"], ["gradient", "hvp"]])
def test_operators_that_none_of_the_problems_has_are_refused(operators: list[str]) -> None:
    expected = f"Nothing to measure: {', '.join(operators)} of vector. Gradient, hessian and hvp"
    with pytest.raises(GradiometerError, match=expected):
        make_plan([VECTOR], [ONE], operators=operators)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ("*", ["plain", "sized/1", "sized/10", "sized/100", "b/5"]),
        ("1*", ["sized/1", "sized/10", "sized/100"]),
        ("10", ["sized/10"]),
        (["100", "1"], ["sized/1", "sized/100"]),
        (["1*", "10"], ["sized/1", "sized/10", "sized/100"]),
        ("?", ["sized/1", "b/5"]),
        (["5", "10?"], ["sized/100", "b/5"]),
    ],
    ids=str,
)
def test_sizes_are_chosen_by_pattern_in_the_problems_order(sizes: Any, expected: list[str]) -> None:
    plan = make_plan([PLAIN, SIZED, OTHER], [ONE], sizes=sizes, operators=["value"])
    assert case_ids(plan) == [f"{text}/float64/value" for text in expected]


@pytest.mark.parametrize(
    ("extent", "expected"),
    [
        ("smallest", ["plain", "sized/1", "b/5", "two/3"]),
        ("typical", ["plain", "sized/10", "b/5", "two/3"]),
        ("full", ["plain", "sized/1", "sized/10", "sized/100", "b/5", "two/3", "two/4"]),
    ],
)
def test_an_extent_takes_the_smallest_size_of_each_problem_a_typical_one_or_all(
    extent: Any, expected: list[str]
) -> None:
    problems = [PLAIN, SIZED, OTHER, make_problem("two", 3, 4)]
    plan = make_plan(problems, [ONE], operators=["value"], extent=extent)
    assert case_ids(plan) == [f"{text}/float64/value" for text in expected]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [("*", ["plain", "sized/1", "b/5"]), ("1?*", ["sized/10"]), ("5", ["b/5"])],
)
def test_the_smallest_of_the_chosen_sizes_can_be_had_alone(sizes: str, expected: list[str]) -> None:
    plan = make_plan(
        [PLAIN, SIZED, OTHER], [ONE], sizes=sizes, operators=["value"], extent="smallest"
    )
    assert case_ids(plan) == [f"{text}/float64/value" for text in expected]


@pytest.mark.parametrize("operators", [["gradient"], ("value", "gradient"), iter(["value"])])
def test_operators_are_planned_in_the_order_they_are_asked_for(operators: Any) -> None:
    names = list(operators)
    plan = make_plan([PLAIN], [ONE], operators=iter(names))
    assert [c.operator for c in plan.cases] == names


@pytest.mark.parametrize("operators", [None, [], ()])
def test_no_choice_of_operators_means_the_usual_ones(operators: Any) -> None:
    plan = make_plan([PLAIN], [ONE], operators=operators)
    assert [c.operator for c in plan.cases] == ["value", "gradient"]


def test_an_operator_that_is_asked_for_twice_is_planned_once() -> None:
    plan = make_plan([PLAIN], [ONE], operators=["value", "value"])
    assert case_ids(plan) == ["plain/float64/value"]


@pytest.mark.parametrize(("problems", "methods"), [([], [ONE]), ([PLAIN], [])])
def test_without_problems_or_methods_there_are_no_cells(
    problems: list[Problem], methods: list[Method]
) -> None:
    assert make_plan(problems, methods, sizes=[] if not problems else "*").cells == []


def test_a_plan_keeps_the_very_objects_it_was_given() -> None:
    plan = make_plan([PLAIN], [TWO, ONE])
    assert plan.cases[0].problem is PLAIN
    assert [m.name for m in plan.methods] == ["two", "one"]
    assert plan.methods[1] is ONE


# What is refused


@pytest.mark.parametrize("sizes", ["1000", ["1", "2*"], "", "sized"])
def test_a_size_that_matches_nothing_is_refused_with_those_there_are(sizes: Any) -> None:
    with pytest.raises(UnknownName, match=r"Unknown size '.*': expected one of 1, 10, 100, 5"):
        make_plan([SIZED, OTHER], [ONE], sizes=sizes)


def test_a_size_among_problems_without_sizes_is_refused() -> None:
    with pytest.raises(UnknownName, match=r"Unknown size 'big': expected one of \(none\)"):
        make_plan([PLAIN], [ONE], sizes="big")


@pytest.mark.parametrize("operators", [["gradinet"], ["value", "jacobain"], ["*"]])
def test_an_unknown_operator_is_refused(operators: list[str]) -> None:
    with pytest.raises(UnknownName, match=re.escape(f"Unknown operator '{operators[-1]}'")):
        make_plan([PLAIN], [ONE], operators=operators)


# Points


def drawn(problem: Problem, operator: str, outline: Any) -> tuple[Point, Point]:
    """Return the two points of a case, at seed 3."""
    check, preparation = Case(problem, "", operator).points(3, outline)
    return check, preparation


def never(point: Point) -> Shapes:
    raise AssertionError("a scalar problem's output needs no outline")


def test_a_scalar_problem_has_one_cotangent_and_a_tangent_for_each_input() -> None:
    for point in drawn(PLAIN, "jvp", never):
        assert {k: a.shape for k, a in point.tangents.items()} == {"x": ()}
        assert {k: a.shape for k, a in point.cotangents.items()} == {"value": ()}


def test_the_outputs_of_a_vector_problem_are_outlined_at_the_point_to_be_checked() -> None:
    asked: list[Point] = []

    def outline(point: Point) -> Shapes:
        asked.append(point)
        return [(2,), (3, 1)]

    for point in drawn(VECTOR, "jacobian", outline):
        assert {k: a.shape for k, a in point.cotangents.items()} == {"a": (2,), "b": (3, 1)}
        assert point.m == 5
    (at,) = asked
    assert at.inputs["x"].tolist() == [1.0, 2.0]


def test_the_points_of_a_case_differ_in_inputs_and_directions() -> None:
    check, preparation = drawn(VECTOR, "vjp", lambda point: [(2,), (2,)])
    for part in ("inputs", "tangents", "cotangents"):
        for one, other in zip(getattr(check, part).values(), getattr(preparation, part).values(),
                              strict=True):  # fmt: skip
            assert not np.any(one == other)


def test_an_operator_s_directions_do_not_depend_on_the_operator() -> None:
    one, other = (drawn(PLAIN, name, never)[0] for name in ("jvp", "hvp"))
    assert one.tangents == other.tangents


@pytest.mark.parametrize(
    ("operator", "fits"),
    [("gradient", True), ("vjp", True), ("jvp", True), ("hvp", True), ("hessian", False)],
)
def test_an_answer_with_too_many_components_is_refused_before_any_is_computed(
    operator: str, fits: bool
) -> None:
    wide = Problem("wide", lambda xp, x: xp.sum(x), {"x": np.ones(MOST_COMPONENTS)})
    if fits:
        assert drawn(wide, operator, never)[0].n == MOST_COMPONENTS
    else:
        with pytest.raises(
            TooLarge, match=r"hessian has 90,000,000,000 components: none .*300,000"
        ):
            drawn(wide, operator, never)


# Workers and time


def test_a_tool_needs_one_worker_however_many_methods_it_has() -> None:
    methods = [make_method("a", "z"), make_method("b", "y"), make_method("c", "z")]
    assert make_plan([PLAIN], methods).tools == ["y", "z"]


def test_methods_that_cannot_run_need_no_worker_but_keep_their_cells() -> None:
    methods = [
        make_method("a", "sound"),
        make_method("b", "broken", fault="it failed to load"),
        make_method("c", "absent", package="absent_library"),
    ]
    plan = make_plan([PLAIN], methods, operators=["value"])
    assert plan.tools == ["sound"]
    assert len(plan.cells) == 3


def test_the_estimate_grows_with_cells_rounds_and_tools() -> None:
    base = make_plan([PLAIN], [ONE]).estimate_s(Options())
    assert base > 0.0
    assert make_plan([PLAIN, OTHER], [ONE]).estimate_s(Options()) > base
    assert make_plan([PLAIN], [ONE, TWO]).estimate_s(Options()) > base
    assert make_plan([PLAIN], [ONE, make_method("x", "x")]).estimate_s(Options()) > (
        make_plan([PLAIN], [ONE, TWO]).estimate_s(Options())
    )
    assert make_plan([PLAIN], [ONE]).estimate_s(Options(rounds=0)) < base
    assert make_plan([PLAIN], [ONE]).estimate_s(Options(budget_s=30.0)) > base
    assert make_plan([PLAIN], [ONE]).estimate_s(Options(cold=3)) > base
    first, second = (make_plan([PLAIN], [ONE], operators=[o]) for o in ("gradient", "hessian"))
    assert second.estimate_s(Options()) > first.estimate_s(Options())


def test_an_empty_plan_takes_no_time() -> None:
    assert Plan([], []).estimate_s(Options()) == 0.0


def test_the_estimate_is_at_least_the_time_of_the_samples() -> None:
    plan = make_plan([SIZED], [ONE, TWO])
    options = Options(rounds=50, sample_s=0.02)
    assert plan.estimate_s(options) >= len(plan.cells) * 50 * 0.02
