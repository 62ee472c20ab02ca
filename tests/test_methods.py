"""Every method on every problem, for real: certified to what it promises, in its own process."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import built_in
import numpy as np
import pandas as pd
import pytest

from gradiometer import Options, Target
from gradiometer.api import measure
from gradiometer.measure.plan import Plan, applies, first_order, make_plan
from gradiometer.measure.pool import Pool
from gradiometer.plugins import loader
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.worker import requests
from gradiometer.worker.requests import Work

pytestmark = pytest.mark.timeout(600)  # whichever test comes first waits for all records

REGISTRY = built_in.registry()
METHODS = list(REGISTRY.methods)
COMPILING = [n for n, m in REGISTRY.methods.items() if {*m.requires} & {"jax", "tensorflow"}]
"""Methods that compile, or dispatch, for seconds: not taken to every problem."""
QUICK = [name for name in METHODS if name not in COMPILING]
CORE = {
    "backprop", "forward-difference", "central-difference", "complex-step", "sympy",
    "pytorch", "pytorch-func", "pytorch-forward",
    "tensorflow", "tensorflow-function", "tensorflow-xla",
    "jax", "jax-jit", "jax-forward", "jax-linearize",
}  # fmt: skip


def cells(
    problems: list[str], methods: list[str], operators: list[str] | None, extent: Any = "smallest"
) -> list[tuple[str, str, str, str]]:
    """Return the cells of a plan as (method, problem, size, operator)."""
    plan = plan_of(problems, methods, operators, extent)
    return [(c.method, c.case.problem, c.case.size, c.case.operator) for c in plan.cells]


def plan_of(
    problems: list[str], methods: list[str], operators: list[str] | None, extent: Any = "smallest"
) -> Plan:
    chosen = [REGISTRY.problems[name] for name in problems]
    asked = [REGISTRY.methods[name] for name in methods]
    return make_plan(REGISTRY, chosen, asked, operators=operators, extent=extent)


ALL = [name for name, p in REGISTRY.problems.items() if not p.on_request]
PLANS: list[tuple[Any, ...]] = [
    (ALL, QUICK, list(OPERATORS)),
    # A scalar of arrays, and several outputs: every operator of everyone.
    (["logistic-regression", "polar-coordinates"], COMPILING, list(OPERATORS)),
    (["brusselator", "gaussian-process"], ["jax-jit", "tensorflow"], ["jvp", "hvp"]),
    # What a tool's namespace lacks shows in any of its methods.
    (ALL, ["jax-jit", "tensorflow"], ["gradient", "jacobian"]),
    (ALL, ["backprop", "pytorch", "complex-step"], None, "typical"),
]
CELLS = sorted({cell for plan in PLANS for cell in cells(*plan)})
LARGEST = "64-256-256-10x64"
TOO_SLOW = ["sympy", "forward-difference", "central-difference", "complex-step", "jax-forward"]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Agreement of every cell, untimed."""
    results = tmp_path_factory.mktemp("results")
    found = [checked(plan_of(*plan), results) for plan in PLANS]
    mlp = [REGISTRY.problems["mlp"]]
    declining = [REGISTRY.methods[name] for name in TOO_SLOW]
    largest = make_plan(REGISTRY, mlp, declining, sizes=LARGEST, operators=["gradient"])
    found.append(checked(largest, results))
    table = pd.concat(found).drop_duplicates(["method", "problem", "size", "operator"])
    return table.set_index(["method", "problem", "size", "operator"]).sort_index()


def record_of(records: pd.DataFrame, *cell: Any) -> Any:
    """Return the record of a method, a problem, a size and an operator."""
    return records.loc[cell]


def checked(plan: Plan, results: Path) -> pd.DataFrame:
    """Return the records of a plan, each cell once."""
    records = measure(plan, Options(rounds=0, budget_s=2.0), results).records
    assert len(records) == len(plan.cells)
    return records


def excuse(method: str, problem: str, operator: str) -> str | None:
    """Return the reason that a cell may have for not being right, as a pattern; or `None`."""
    second = OPERATORS[operator].order == 2
    if problem == "gaussian-process" and method in ("sympy", "complex-step"):
        return r"linalg\.cholesky"
    if method == "complex-step" and second:
        return "has no (Hessian|hvp)"
    if method == "pytorch-forward" and problem == "gaussian-process" and second:
        return r"linalg\.solve loses a second-order term"
    if method == "backprop" and second and operator not in REGISTRY.problems[problem].by_hand:
        return "has no hand-coded"
    return None


def test_the_core_methods_are_all_there() -> None:
    assert set(METHODS) >= CORE


def test_every_planned_cell_has_exactly_one_record(records: pd.DataFrame) -> None:
    assert records.index.is_unique
    assert set(CELLS) <= set(records.index)


@pytest.mark.parametrize(("method", "problem", "size", "operator"), CELLS)
def test_every_answer_keeps_its_promise_or_the_method_says_why_it_declines(
    records: pd.DataFrame, method: str, problem: str, size: str, operator: str
) -> None:
    record = record_of(records, method, problem, size, operator)
    expected = excuse(method, problem, operator)
    if expected is not None:
        assert record["status"] == "unsupported"
        assert re.search(expected, record["reason"])
    elif method == "sympy" and record["status"] == "skipped":
        assert "not attempted beyond" in record["reason"]
    else:
        assert record["status"] == "ok", record["reason"]
        exact = REGISTRY.methods[method].exact or not OPERATORS[operator].differentiates
        left = record["owed"] if exact else math.inf
        assert record["digits"] >= min(record["promise"], left)


@pytest.mark.parametrize("method", METHODS)
def test_second_derivatives_are_promised_less_and_the_value_twelve_digits(
    records: pd.DataFrame, method: str
) -> None:
    first, second = REGISTRY.methods[method].digits["float64"]
    promised = records.xs(method, level="method")["promise"].groupby("operator").first()
    assert promised.get("gradient") == promised.get("jacobian") == first
    assert promised.get("value", 12.0) == 12.0
    assert promised.get("hessian", second) == second <= first


ROUTES: list[tuple[str, str, str, str]] = [
    ("backprop", "polar-coordinates", "jacobian", "native"),
    ("backprop", "brusselator", "jvp", "8 vjps"),
    ("backprop", "sigmoid-affine", "jacobian", "gradient"),
    ("backprop", "sigmoid-affine", "jvp", "gradient"),
    ("backprop", "sigmoid-affine", "vjp", "gradient"),
    ("complex-step", "polar-coordinates", "vjp", "2 jvps"),
    ("forward-difference", "brusselator", "vjp", "8 jvps"),
    ("central-difference", "sigmoid-affine", "vjp", "gradient"),
    ("pytorch-forward", "brusselator", "vjp", "8 jvps"),
    ("jax-forward", "polar-coordinates", "vjp", "2 jvps"),
    ("jax-linearize", "polar-coordinates", "vjp", "2 jvps"),
    *[(name, "polar-coordinates", operator, "native")
      for name in ("pytorch", "pytorch-func", "jax", "jax-jit", "tensorflow", "tensorflow-xla")
      for operator in ("jacobian", "jvp", "vjp")],
    *[(name, "logistic-regression", operator, "native")
      for name in ("pytorch", "pytorch-func", "pytorch-forward", "forward-difference", "jax-jit",
                   "jax-forward", "jax-linearize", "tensorflow-function", "sympy")
      for operator in ("hessian", "hvp")],
]  # fmt: skip


@pytest.mark.parametrize(("method", "problem", "operator", "route"), ROUTES)
def test_a_record_says_whether_an_operator_is_the_method_s_own(
    records: pd.DataFrame, method: str, problem: str, operator: str, route: str
) -> None:
    size = REGISTRY.problems[problem].labels[0]
    assert record_of(records, method, problem, size, operator)["route"] == route


@pytest.mark.parametrize("method", METHODS)
def test_no_method_declines_a_first_derivative_of_a_small_case(
    records: pd.DataFrame, method: str
) -> None:
    for problem in ALL:
        p = REGISTRY.problems[problem]
        cell = (method, problem, p.labels[0], first_order(p)[1])
        if cell in records.index and not excuse(method, problem, cell[-1]):
            assert record_of(records, *cell)["status"] == "ok"


@pytest.mark.parametrize("method", TOO_SLOW)
def test_a_method_too_slow_for_the_largest_network_declines_and_says_why(
    records: pd.DataFrame, method: str
) -> None:
    record = record_of(records, method, "mlp", LARGEST, "gradient")
    assert record["status"] == "skipped"
    assert re.search(r"forecast [\d.]+e?\+?\d* s a call|not attempted beyond", record["reason"])


@pytest.mark.parametrize("method", [n for n, m in REGISTRY.methods.items() if m.requires])
def test_cold_figures_of_a_library_are_kept_apart(records: pd.DataFrame, method: str) -> None:
    record = record_of(records, method, "polar-coordinates", "", "jacobian")
    assert record["import_s"] > 0.01
    assert record["prepare_s"] > 0
    assert record["first_s"] > 0


@pytest.mark.parametrize("problem", ALL)
def test_every_operator_of_every_problem_is_had_by_several_methods(
    records: pd.DataFrame, problem: str
) -> None:
    p = REGISTRY.problems[problem]
    for operator in filter(lambda name: applies(name, p), OPERATORS):
        right = records.xs((problem, p.labels[0], operator), level=(1, 2, 3))["status"] == "ok"
        assert right.sum() >= 3


Answers = Callable[[str, str], list[np.ndarray]]

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
"""The sources' printed figures of the gradient (`None` where a source prints none), decimals."""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answers]:
    """Return the answer of a method to a problem's gradient, from the method's own worker."""
    with Pool(tmp_path_factory.mktemp("logs"), threads=1) as pool:

        @cache
        def answer(name: str, problem: str) -> list[np.ndarray]:
            method, worker = REGISTRY.methods[name], pool.worker(REGISTRY.methods[name].tool)
            points, key = built_in.points(built_in.problem(problem)), name + problem
            address = REGISTRY.problems[problem].address
            work = Work(method.address, address, "gradient", points.signature)
            worker.ask(requests.set_up, 60.0, method.address, Target())
            worker.ask(requests.prepare, 60.0, key, work, points.preparation, 5.0)
            return worker.ask(requests.answers, 60.0, key, points.checked)[0].arrays

        yield answer


@pytest.mark.parametrize("problem", PUBLISHED)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_reproduces_the_published_figures(
    answers: Answers, method: str, problem: str
) -> None:
    printed, decimals = PUBLISHED[problem]
    found = answers(method, problem)
    for figure, part in zip(printed, found, strict=True):
        if figure is not None:
            # Half a unit for the source's rounding, the rest for the error of differences.
            assert float(part) == pytest.approx(figure, abs=0.51 * 10.0**-decimals)


def test_the_folder_of_methods_holds_no_file_named_like_a_library() -> None:
    stems = {path.stem for path in loader.built_in("methods").glob("*.py")}
    packages = {package for m in REGISTRY.methods.values() for package in m.requires}
    assert not stems & packages
    assert Path(loader.built_in("methods")).is_dir()
