"""Every method on every problem, for real: certified to what it promises, in its own process."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import built_in
import pandas as pd
import pytest

from gradiometer import Options
from gradiometer.api import measure
from gradiometer.measure.plan import Extent, Plan, applies, first_order, make_plan
from gradiometer.plugins import loader
from gradiometer.vocabulary.case import Cell
from gradiometer.vocabulary.operators import OPERATORS

pytestmark = pytest.mark.timeout(600)  # whichever test comes first waits for all records

REGISTRY = built_in.registry()
METHODS = list(REGISTRY.methods)
COMPILING = [n for n, m in REGISTRY.methods.items() if {*m.requires} & {"jax", "tensorflow"}]
"""Methods that compile, or dispatch, for seconds."""
QUICK = [n for n in METHODS if n not in COMPILING and not n.startswith(("sympy", "pytorch-"))]
CORE = {
    "backprop", "forward-difference", "central-difference", "complex-step", "sympy",
    "pytorch", "pytorch-func", "pytorch-forward",
    "tensorflow", "tensorflow-function", "tensorflow-xla",
    "jax", "jax-jit", "jax-forward", "jax-linearize",
}  # fmt: skip


def cells(
    problems: list[str],
    methods: list[str],
    operators: list[str] | None = None,
    extent: Extent = "smallest",
    sizes: str | None = None,
) -> Sequence[Cell]:
    chosen = [REGISTRY.problems[name] for name in problems]
    asked = [REGISTRY.methods[name] for name in methods]
    plan = make_plan(REGISTRY, chosen, asked, operators=operators, extent=extent, sizes=sizes)
    return plan.cells


ALL = [name for name, p in REGISTRY.problems.items() if not p.on_request]
SEVERAL = ["logistic-regression", "polar-coordinates", "brusselator", "gaussian-process"]
"""A scalar of arrays, two outputs, outputs that are arrays, and linear algebra."""
LARGEST = "64-256-256-10x64"
TOO_SLOW = ["sympy", "forward-difference", "central-difference", "complex-step", "jax-forward"]
PLANNED = [
    *cells(ALL, QUICK, list(OPERATORS)),
    *cells(SEVERAL, ["sympy", "pytorch-func", "pytorch-forward"], list(OPERATORS)),
    *cells(["logistic-regression"], COMPILING, ["value", "gradient", "hessian", "hvp"]),
    *cells(["polar-coordinates"], COMPILING, ["jacobian", "jvp", "vjp"]),
    *cells(["brusselator"], ["jax-jit", "tensorflow"], ["jvp"]),
    *cells(["gaussian-process"], ["jax-jit"], ["hvp"]),
    # What a tool's namespace lacks shows in any of its methods.
    *cells(ALL, ["sympy", "jax-jit", "tensorflow-function"], ["gradient", "jacobian"]),
    *cells(ALL, ["backprop", "pytorch", "complex-step"], extent="typical"),
]
DECLINED = cells(["mlp"], TOO_SLOW, ["gradient"], sizes=LARGEST)
CELLS = sorted({(c.method, c.case.problem, c.case.size, c.case.operator) for c in PLANNED})


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Agreement of every cell, untimed, in one run: each tool is started once."""
    once = sorted({*PLANNED, *DECLINED}, key=lambda cell: (cell.case.id, cell.method))
    options, results = Options(rounds=0, budget_s=2.0), tmp_path_factory.mktemp("results")
    found = measure(Plan.of(once, REGISTRY), options, results).records
    return found.set_index(["method", "problem", "size", "operator"]).sort_index()


def record_of(records: pd.DataFrame, *cell: Any) -> Any:
    """Return the record of a method, a problem, a size and an operator."""
    return records.loc[cell]


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
    assert len(records) == len(CELLS) + len(TOO_SLOW)
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


def test_the_folder_of_methods_holds_no_file_named_like_a_library() -> None:
    stems = {path.stem for path in loader.built_in("methods").glob("*.py")}
    packages = {package for m in REGISTRY.methods.values() for package in m.requires}
    assert not stems & packages
    assert Path(loader.built_in("methods")).is_dir()
