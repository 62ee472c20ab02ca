"""The plan: which cases and cells a choice gives, and which of them have ended already."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gradiometer import Method, Problem
from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.measure import plan as module
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Plan, applies, early_end, first_order
from gradiometer.plugins.loader import load
from gradiometer.plugins.registry import Broken, MethodEntry, ProblemEntry, Registry
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.outcome import Status

REGISTRY = Registry()


def add_problem(name: str, *sizes: Any, **settings: Any) -> ProblemEntry:
    """Return a problem of these sizes."""
    REGISTRY.add(Problem(name, lambda xp, x: x, {"x": 1.0}, sizes=sizes, **settings))
    return REGISTRY.problems[name]


def add_method(name: str, tool: str = "tool", **settings: Any) -> MethodEntry:
    """Return a method of a tool."""
    REGISTRY.add(type("M", (Method,), {"name": name, "tool": tool, **settings})())
    return REGISTRY.methods[name]


PLAIN, SIZED, OTHER = add_problem("plain"), add_problem("sized", 1, 10, 100), add_problem("b", 5)
PAIR, VECTOR = add_problem("two", 3, 4), add_problem("vector", outputs=("a", "b"))
ONE, TWO = add_method("one"), add_method("two")
ALONE = add_method("alone", "alone")
ABSENT = add_method("absent", "absent", requires=("absent_library",))
REGISTRY.add_broken("problems", "bad-problem", "bad.py failed to load: it broke")
REGISTRY.add_broken("methods", "bad-method", "worse.py failed to load: it broke")
BAD_PROBLEM, BAD_METHOD = REGISTRY.broken


def make_plan(problems: Any, methods: Any, **choice: Any) -> Plan:
    """Return a plan of this registry."""
    return module.make_plan(REGISTRY, problems, methods, **choice)


def case_ids(plan: Plan) -> list[str]:
    """Return the cases of a plan as text."""
    return [c.id for c in plan.cases]


def test_every_cell_of_a_plan_has_a_name_of_its_own() -> None:
    ids = [c.id for c in make_plan([PLAIN, SIZED, OTHER], [ONE, TWO]).cells]
    assert len(ids) == 5 * 2 * 2
    assert len(set(ids)) == len(ids)


# Which cases


def test_a_plan_runs_case_by_case() -> None:
    plan = make_plan([SIZED, PLAIN], [TWO, ONE], sizes=["10", ""], operators=["gradient"])
    assert [c.id for c in plan.cells] == [
        "sized/10/float64/gradient/two",
        "sized/10/float64/gradient/one",
        "plain/float64/gradient/two",
        "plain/float64/gradient/one",
    ]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(None, ["float32", "float64"]), ("float64", ["float64"]), (["float32"], ["float32"])],
)
def test_numbers_are_what_each_problem_s_are(asked: Any, expected: list[str]) -> None:
    single = replace(PLAIN, name="single", dtype="float32")
    registry = Registry(REGISTRY.problems | {"single": single}, REGISTRY.methods)
    plan = module.make_plan(registry, [single, PLAIN], [ONE], dtypes=asked)
    assert list(dict.fromkeys(case.dtype for case in plan.cases)) == expected


def test_all_sizes_and_first_order_are_the_default() -> None:
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
def test_all_operators_of_a_problem_can_be_planned(
    problem: ProblemEntry, operators: list[str]
) -> None:
    for plan in (make_plan([problem], [ONE], everything=True),
                 make_plan([problem], [ONE], operators=OPERATORS)):  # fmt: skip
        assert [c.operator for c in plan.cases] == operators
    assert [name for name in OPERATORS if applies(name, problem)] == operators


@pytest.mark.parametrize(("problem", "operator"), [(PLAIN, "gradient"), (VECTOR, "jacobian")])
def test_the_first_derivative_is_one_that_applies(problem: ProblemEntry, operator: str) -> None:
    assert first_order(problem) == ("value", operator)
    assert all(applies(name, problem) for name in first_order(problem))


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_an_operator_of_scalars_is_of_scalars_only(name: str) -> None:
    plan = make_plan([PLAIN, VECTOR], [ONE], operators=[name])
    expected = ["plain"] if name in ("gradient", "hessian", "hvp") else ["plain", "vector"]
    assert [c.problem for c in plan.cases] == expected


@pytest.mark.parametrize("operators", [["hessian"], ["gradient", "hvp"]])
def test_operators_that_no_problem_has_are_refused(operators: list[str]) -> None:
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
def test_sizes_are_chosen_by_pattern_in_order(sizes: Any, expected: list[str]) -> None:
    plan = make_plan([PLAIN, SIZED, OTHER], [ONE], sizes=sizes, operators=["value"])
    assert case_ids(plan) == [f"{text}/float64/value" for text in expected]


@pytest.mark.parametrize(
    ("extent", "expected"),
    [
        ("smallest", ["plain", "sized/1", "b/5", "two/3"]),
        ("default", ["plain", "sized/10", "b/5", "two/3"]),
        ("full", ["plain", "sized/1", "sized/10", "sized/100", "b/5", "two/3", "two/4"]),
    ],
)
def test_an_extent_is_smallest_default_or_full(extent: Any, expected: list[str]) -> None:
    problems = [PLAIN, SIZED, OTHER, PAIR]
    plan = make_plan(problems, [ONE], operators=["value"], extent=extent)
    assert case_ids(plan) == [f"{text}/float64/value" for text in expected]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [("*", ["plain", "sized/1", "b/5"]), ("1?*", ["sized/10"]), ("5", ["b/5"])],
)
def test_the_smallest_of_the_chosen_sizes_can_be_had(sizes: str, expected: list[str]) -> None:
    plan = make_plan(
        [PLAIN, SIZED, OTHER], [ONE], sizes=sizes, operators=["value"], extent="smallest"
    )
    assert case_ids(plan) == [f"{text}/float64/value" for text in expected]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [("1000", [1000]), (["1*", "2000"], [1, 10, 100, 2000]), ("*", [1, 10, 100])],
)
def test_a_larger_size_is_taken_where_it_is_named_in_full(sizes: Any, expected: list[int]) -> None:
    problem = replace(SIZED, larger=("1000", "2000"))
    assert problem.label("2000") == "2000"
    for extent in ("full", "default"):
        plan = make_plan([problem], [ONE], operators="value", extent=extent)
        assert not set(problem.larger) & {case.size for case in plan.cases}
    plan = make_plan([problem], [ONE], sizes=sizes, operators="value")
    assert [case.size for case in plan.cases] == [str(n) for n in expected]


@pytest.mark.parametrize("operators", [["gradient"], ("value", "gradient"), iter(["value"])])
def test_operators_are_planned_in_the_order_asked(operators: Any) -> None:
    names = list(operators)
    plan = make_plan([PLAIN], [ONE], operators=iter(names))
    assert [c.operator for c in plan.cases] == names


@pytest.mark.parametrize("operators", [None, [], ()])
def test_no_choice_of_operators_means_the_usual_ones(operators: Any) -> None:
    plan = make_plan([PLAIN], [ONE], operators=operators)
    assert [c.operator for c in plan.cases] == ["value", "gradient"]


def test_an_operator_asked_for_twice_is_planned_once() -> None:
    plan = make_plan([PLAIN], [ONE], operators=["value", "value"])
    assert case_ids(plan) == ["plain/float64/value"]


@pytest.mark.parametrize(("problems", "methods"), [([], [ONE]), ([PLAIN], [])])
def test_without_problems_or_methods_there_are_no_cells(
    problems: list[ProblemEntry], methods: list[MethodEntry]
) -> None:
    assert make_plan(problems, methods, sizes=[] if not problems else "*").cells == []


def test_a_plan_knows_what_its_names_stand_for() -> None:
    plan = make_plan([PLAIN], [TWO, ONE])
    assert plan.registry.problems[plan.cases[0].problem] is PLAIN
    assert [m.name for m in plan.methods] == ["two", "one"]
    assert plan.methods[1] is ONE


def test_a_plan_can_be_made_of_its_cells() -> None:
    plan = make_plan([PLAIN, BAD_PROBLEM], [TWO, ABSENT])
    assert Plan.of(plan.cells, REGISTRY) == plan


# What is refused


@pytest.mark.parametrize("sizes", ["1000", ["1", "2*"], "", "sized"])
def test_a_size_that_matches_nothing_is_refused(sizes: Any) -> None:
    with pytest.raises(UnknownName, match=r"Unknown size '.*': expected one of 1, 10, 100, 5"):
        make_plan([SIZED, OTHER], [ONE], sizes=sizes)


def test_a_size_where_there_are_none_is_refused() -> None:
    with pytest.raises(UnknownName, match=r"Unknown size 'big': expected one of \(none\)"):
        make_plan([PLAIN], [ONE], sizes="big")


@pytest.mark.parametrize("operators", [["gradinet"], ["value", "jacobain"], ["*"]])
def test_an_unknown_operator_is_refused(operators: list[str]) -> None:
    with pytest.raises(UnknownName, match=re.escape(f"Unknown operator '{operators[-1]}'")):
        make_plan([PLAIN], [ONE], operators=operators)


# What has ended already


@pytest.mark.parametrize(
    ("problem", "method", "status", "reason"),
    [
        (PLAIN, ABSENT, Status.NOT_INSTALLED, "absent_library is not installed: pip install"),
        (PLAIN, BAD_METHOD, Status.ERROR, "worse.py failed to load: it broke"),
        (BAD_PROBLEM, ONE, Status.ERROR, "bad.py failed to load: it broke"),
        (BAD_PROBLEM, BAD_METHOD, Status.ERROR, "worse.py failed to load: it broke"),
    ],
    ids=["missing library", "broken method", "broken problem", "both broken"],
)
def test_what_cannot_be_tried_has_ended_in_the_plan(
    problem: ProblemEntry | Broken, method: MethodEntry | Broken, status: Status, reason: str
) -> None:
    plan = make_plan([problem, SIZED], [method, ALONE], sizes="*", operators=["value"])
    outcome = plan.ended[Cell(Case(problem.name, "", "value"), method.name)]
    assert (outcome.status, outcome.reason[: len(reason)]) == (status, reason)
    assert early_end(method, problem) == outcome
    tried = [cell.id for cell in plan.cells if cell not in plan.ended]
    for size in SIZED.labels:
        assert f"sized/{size}/float64/value/alone" in tried


def test_a_cell_that_can_be_tried_has_not_ended() -> None:
    plan = make_plan([PLAIN, SIZED], [ONE, TWO])
    assert plan.ended == {}
    assert early_end(PLAIN, ONE) is None


def test_what_is_broken_has_the_cells_of_a_plain_scalar() -> None:
    plan = make_plan([BAD_PROBLEM], [ONE])
    assert case_ids(plan) == [f"bad-problem/float64/{o}" for o in ("value", "gradient")]
    assert set(plan.ended) == set(plan.cells)


def test_a_broken_file_is_planned_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "acme.py").write_text("1 / 0\n")
    registry = load([tmp_path])
    problem, methods = registry.problems["mlp"], registry.matching("methods", "acme")
    plan = module.make_plan(registry, [problem], methods, extent="smallest")
    assert {cell.method for cell in plan.ended} == {"acme"}
    assert all("ZeroDivisionError" in outcome.reason for outcome in plan.ended.values())


# Time


def test_methods_that_cannot_run_keep_their_cells() -> None:
    plan = make_plan([PLAIN], [ONE, BAD_METHOD, ABSENT], operators=["value"])
    assert plan.methods == [ONE]
    assert len(plan.cells) == 3


def test_cells_that_have_ended_take_no_time() -> None:
    tried = make_plan([PLAIN], [ONE]).estimate_s(Options())
    assert make_plan([PLAIN, BAD_PROBLEM], [ONE, ABSENT]).estimate_s(Options()) == tried
    assert make_plan([BAD_PROBLEM], [ONE, ABSENT]).estimate_s(Options()) == 0.0


def test_the_estimate_grows_with_cells_rounds_and_tools() -> None:
    base = make_plan([PLAIN], [ONE]).estimate_s(Options())
    assert base > 0.0
    assert make_plan([PLAIN, OTHER], [ONE]).estimate_s(Options()) > base
    assert make_plan([PLAIN], [ONE, TWO]).estimate_s(Options()) > base
    assert make_plan([PLAIN], [ONE, ALONE]).estimate_s(Options()) > (
        make_plan([PLAIN], [ONE, TWO]).estimate_s(Options())
    )
    assert make_plan([PLAIN], [ONE]).estimate_s(Options(rounds=0)) < base
    assert make_plan([PLAIN], [ONE]).estimate_s(Options(budget_s=30.0)) > base
    assert make_plan([PLAIN], [ONE]).estimate_s(Options(cold=3)) > base
    first, second = (make_plan([PLAIN], [ONE], operators=[o]) for o in ("gradient", "hessian"))
    assert second.estimate_s(Options()) > first.estimate_s(Options())


@pytest.mark.parametrize(
    ("problems", "methods", "operator", "more", "expected"),
    [
        ([PLAIN], [ONE], "value", {}, 1.0 + 0.05 + 1.5),
        ([PLAIN], [ONE], "gradient", {}, 1.0 + 0.2 + 1.5),
        ([PLAIN], [ONE], "hessian", {}, 1.0 + 0.8 + 1.5),
        ([PLAIN], [ONE, TWO], "gradient", {}, 2.0 + 2 * 0.2 + 1.5),
        ([PLAIN], [ONE, ALONE], "gradient", {}, 2.0 + 2 * 0.2 + 2 * 1.5),
        ([PLAIN, OTHER], [ONE], "gradient", {}, 2 * (1.0 + 0.2) + 1.5),
        ([PLAIN, OTHER], [ONE, TWO], "gradient", {"cold": 2}, 2 * (2.0 + 2 * 0.2) + 3.0 * 8 + 1.5),
        ([PLAIN, OTHER], [ONE], "gradient", {"budget_s": 0.75}, 2 * (0.75 + 0.2) + 1.5),
    ],
)
def test_the_estimate_is_of_samples_preparations_cold_starts_and_imports(
    problems: Any, methods: Any, operator: str, more: dict[str, Any], expected: float
) -> None:
    options = Options(**{"rounds": 10, "sample_s": 0.1, "budget_s": 60.0, "cold": 0} | more)
    plan = make_plan(problems, methods, operators=[operator])
    assert plan.estimate_s(options) == pytest.approx(expected)


def test_an_empty_plan_takes_no_time() -> None:
    assert Plan([], REGISTRY).estimate_s(Options()) == 0.0


def test_the_estimate_is_at_least_the_time_of_the_samples() -> None:
    plan = make_plan([SIZED], [ONE, TWO])
    options = Options(rounds=50, sample_s=0.02)
    assert plan.estimate_s(options) >= len(plan.cells) * 50 * 0.02
