"""The plan: which cases and cells a choice of problems, sizes, operators and methods gives."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gradiometer.errors import UnknownName
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Case, Cell, Plan, make_plan
from gradiometer.method import Method
from gradiometer.operators import OPERATORS
from gradiometer.problem import Problem


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


def test_all_sizes_and_operators_are_planned_by_default() -> None:
    plan = make_plan([SIZED], [ONE])
    assert [(c.size, c.operator) for c in plan.cases] == [
        (size, name) for size in ("1", "10", "100") for name in OPERATORS
    ]


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
    ("sizes", "expected"),
    [("*", ["plain", "sized/1", "b/5"]), ("1?*", ["sized/10"]), ("5", ["b/5"])],
)
def test_the_smallest_of_the_chosen_sizes_can_be_had_alone(sizes: str, expected: list[str]) -> None:
    plan = make_plan(
        [PLAIN, SIZED, OTHER], [ONE], sizes=sizes, operators=["value"], smallest_only=True
    )
    assert case_ids(plan) == [f"{text}/float64/value" for text in expected]


@pytest.mark.parametrize("operators", [["gradient"], ("value", "gradient"), iter(["value"])])
def test_operators_are_planned_in_the_order_they_are_asked_for(operators: Any) -> None:
    names = list(operators)
    plan = make_plan([PLAIN], [ONE], operators=iter(names))
    assert [c.operator for c in plan.cases] == names


@pytest.mark.parametrize("operators", [None, [], ()])
def test_no_choice_of_operators_means_all(operators: Any) -> None:
    plan = make_plan([PLAIN], [ONE], operators=operators)
    assert [c.operator for c in plan.cases] == list(OPERATORS)


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


@pytest.mark.parametrize("operators", [["gradinet"], ["value", "jacobian"], ["*"]])
def test_an_unknown_operator_is_refused(operators: list[str]) -> None:
    with pytest.raises(UnknownName, match=re.escape(f"Unknown operator '{operators[-1]}'")):
        make_plan([PLAIN], [ONE], operators=operators)


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


def test_an_empty_plan_takes_no_time() -> None:
    assert Plan([], []).estimate_s(Options()) == 0.0


def test_the_estimate_is_at_least_the_time_of_the_samples() -> None:
    plan = make_plan([SIZED], [ONE, TWO])
    options = Options(rounds=50, sample_s=0.02)
    assert plan.estimate_s(options) >= len(plan.cells) * 50 * 0.02
