"""Every method on real problems: certified to what it promises, in its own process.

All cells are of one run, so that each tool is started once: built-in problems; problems with what
none of those has; both dtypes in turn.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import built_in
import pandas as pd
import pytest

from gradiometer import Options
from gradiometer.api import measure
from gradiometer.measure.plan import Plan, applies
from gradiometer.plugins import default, loader
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.graph import Operation
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.recording import record

pytestmark = pytest.mark.timeout(600)  # whichever test comes first waits for all records

ODD = '''
"""What no built-in problem has: inputs that are not used, functions that are linear or saturate,
whole numbers, outputs of which some use no input, a vector to the right, arrays made anew. Graphs.
"""
from dataclasses import replace
import numpy as np
from gradiometer import problem
from gradiometer.vocabulary.recording import record

TABLE = np.array([0.3, 0.9])

@problem(at={"x": [0.5, -1.5], "y": 0.25, "u": [1.0, 2.0]})
def linear(xp, x, y, u):
    return 3.0 * xp.sum(x) - y

@problem(at={"x": [25.0, -30.0], "c": [1.5]})
def saturated(xp, x, c):
    return xp.sum(xp.softplus(x) + xp.where(x > 1, x * c, x * x)) + 2 * c[0] ** 3 - 1

@problem(at={"x": [0.5, -1.5], "y": [2.0], "u": 3.0}, outputs=("a", "b", "c"))
def several(xp, x, y, u):
    return 2.0 * x, x[0] * y, y[0] * y[0] * y[0]

@problem(at={"a": [[4.0, 1.0], [0.5, 3.0]], "b": [1.0, 2.0]})
def solved(xp, a, b):
    x = xp.linalg.solve(a, b)
    return xp.sum(x * x)

@problem(at={"x": [0.3, 0.7]}, given={"k": 0.1})
def made_anew(xp, x, *, k):
    """f = Σ (x·w + c)², where w and c are made in every way that there is."""
    w = xp.linspace(0.1, 0.2, 2) + xp.asarray(TABLE) + xp.zeros((2,)) + xp.eye(2)[0]
    r = x * w + xp.asarray(0.1) + xp.full((2,), 0.3) * xp.ones((2,)) * k
    return xp.sum(r * r)

@made_anew.backprop
def _(x, *, k):
    w = np.array([1.1, 0.2], x.dtype) + TABLE.astype(x.dtype)
    return (2.0 * w * (x * w + 0.1 + 0.3 * k),)

solved_graph, saturated_graph, made_anew_graph = (
    replace(p, name=f"{p.name}-graph", function=record(p.function, p.point()))
    for p in (solved, saturated, made_anew)
)
'''
REGISTRY = built_in.registry()
METHODS = list(default.METHODS)
NUMERICAL = ["forward-difference", "central-difference", "complex-step"]
HANDS = ["backprop", *NUMERICAL]
ALIKE = ["jax", "tensorflow-function", "tensorflow-xla"]
"""Methods whose operators are those of jax-jit and tensorflow: they differ by a compiler alone."""
CORE = {
    *HANDS, "sympy", "pytorch", "pytorch-func", "pytorch-forward",
    "tensorflow", "tensorflow-function", "tensorflow-xla",
    "jax", "jax-jit", "jax-forward", "jax-linearize",
}  # fmt: skip


def cells(
    problems: list[str],
    methods: list[str],
    operators: list[str],
    dtype: str = "float64",
    size: int = 0,
) -> list[Cell]:
    """Return the cells of problems, at one of their sizes, that have the operators."""
    known = REGISTRY.problems
    return [
        Cell(Case(name, known[name].labels[size] if name in known else "", operator, dtype), method)
        for name in problems
        for operator in operators
        if name not in known or applies(operator, known[name])
        for method in methods
    ]


def first(name: str) -> list[str]:
    """Return the first derivative of a built-in problem."""
    return ["jacobian"] if REGISTRY.problems[name].outputs else ["gradient"]


ALL = [name for name, p in REGISTRY.problems.items() if not p.on_request]
COVERING = [
    "prelu-chain", "speelpenning", "lennard-jones", "rnn", "softmax-cross-entropy",
    "black-scholes", "gaussian-process", "polar-coordinates", "brusselator", "robot-arm",
    "logistic-regression",
]  # fmt: skip
"""Problems that call every operation which any of them calls, for tools that compile."""
SEVERAL = ["logistic-regression", "polar-coordinates", "brusselator"]
"""A scalar of arrays, two outputs, and outputs that are arrays."""
NATIVE = [name for name in METHODS if name not in ALIKE]
UNCOMPILED = [name for name in NATIVE if not name.startswith("jax")]
PLANNED = [
    *(cell for name in ALL for cell in cells([name], [*HANDS, "pytorch"], first(name))),
    *(
        cell
        for name in COVERING
        for cell in cells([name], ["sympy", "jax-jit", "tensorflow-function"], first(name))
    ),
    *(
        cell
        for name in ALL
        if len(REGISTRY.problems[name].labels) > 1
        for cell in cells([name], ["backprop"], first(name), size=1)
    ),
    *cells(SEVERAL, [*HANDS, "sympy", "pytorch", "pytorch-func", "pytorch-forward"], [*OPERATORS]),
    *cells(
        ["gaussian-process"],
        [*HANDS, "sympy", "pytorch", "pytorch-func", "pytorch-forward"],
        ["gradient", "hvp"],
    ),
    *cells(["gaussian-process"], ["pytorch", "pytorch-func", "pytorch-forward"], ["hessian"]),
    *cells(["rosenbrock", "log-sum-exp"], ["backprop", "pytorch"], ["hessian", "hvp"]),
    *cells(["sigmoid-affine"], ["backprop", "central-difference"], ["jacobian", "jvp", "vjp"]),
    *cells(["linear"], METHODS, ["hvp"]),
    *cells(["linear"], NATIVE, ["gradient", "hessian"]),
    *cells(["saturated"], UNCOMPILED, ["gradient"]),
    *cells(["saturated"], NATIVE, ["hvp"]),
    *cells(["several"], METHODS, ["value"]),
    *cells(["several"], NATIVE, ["jvp", "vjp"]),
    *cells(["several"], [*sorted({*NATIVE} - {"tensorflow"}), "tensorflow-function"], ["jacobian"]),
    *cells(["polar-coordinates"], ["tensorflow"], ["jacobian"]),
    *cells(["solved"], [*UNCOMPILED, "jax-jit"], ["gradient"]),
    *cells(
        ["solved-graph", "saturated-graph", "made-anew-graph"],
        ["central-difference", "sympy", "pytorch", "jax-jit", "tensorflow-function"],
        ["gradient"],
    ),
    *cells(["made-anew"], METHODS, ["gradient"]),
    *cells(["made-anew"], NATIVE, ["gradient"], "float32"),
    *cells(["polar-coordinates"], METHODS, ["vjp"]),
    *cells(["polar-coordinates"], UNCOMPILED, ["vjp"], "float32"),
    *cells(["sigmoid-affine"], ["backprop"], ["gradient"], "float32"),
]


def named(cell: Cell) -> tuple[str, str, str, str, str]:
    """Return what a record is found by."""
    case = cell.case
    return cell.method, case.problem, case.size, case.operator, case.dtype


CELLS = sorted({cell: named(cell) for cell in PLANNED}.values())
EXCUSES = [
    (r"(sympy|complex-step) gaussian-process \S+", "unsupported", r"linalg\.cholesky"),
    (r"sympy solved(-graph)? \S+", "unsupported", r"no elementwise operation 'linalg\.solve'"),
    (r"complex-step \S+ (hessian|hvp)", "unsupported", "has no (Hessian|hvp)"),
    (r"pytorch-forward gaussian-process (hessian|hvp)", "unsupported", r"linalg\.solve loses a"),
    (r"forward-difference linear (hessian|hvp)", "skipped", "the truth is zero: a method with a"),
    (r"backprop (linear|saturated|several|solved) (?!value)\S+", "unsupported", "no hand-coded"),
]
"""Cells, as patterns of method, problem and operator, with the end that is right, and why."""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Agreement of every cell, untimed, in one run: each tool is started once."""
    folder = tmp_path_factory.mktemp("methods")
    (folder / "odd.py").write_text(ODD, "utf-8")
    once = sorted(set(PLANNED), key=lambda cell: (cell.case.id, cell.method))
    plan = Plan.of(once, loader.load([folder / "odd.py"]))
    found = measure(plan, Options(rounds=0, budget_s=2.0), folder / "results").records
    return found.set_index(["method", "problem", "size", "operator", "dtype"]).sort_index()


def excuse(method: str, problem: str, operator: str) -> tuple[str, str]:
    """Return the status that is right, and a pattern of its reason."""
    found = [end for cell, *end in EXCUSES if re.fullmatch(cell, f"{method} {problem} {operator}")]
    known = REGISTRY.problems.get(problem)
    if known and method == "backprop" and OPERATORS[operator].order == 2:
        found += [["unsupported", "has no hand-coded"]] * (operator not in known.by_hand)
    status, reason = found[0] if found else ("ok", "")
    return status, reason


def is_right(record: Any) -> bool:
    """Return whether a cell ended as it should, and an answer with the digits that are owed."""
    method, problem, _, operator, _ = record.name
    status, reason = excuse(method, problem, operator)
    if method == "sympy" and record["status"] == "skipped":
        status, reason = "skipped", "not attempted beyond"
    if (record["status"], bool(re.search(reason, record["reason"]))) != (status, True):
        return False
    exact = REGISTRY.methods[method].exact or not OPERATORS[operator].differentiates
    left = record["owed"] if exact else math.inf
    at_zero = pd.isna(record["owed"])  # nothing has digits there
    return status != "ok" or at_zero or record["digits"] >= min(record["promise"], left)


def test_the_core_methods_are_all_there() -> None:
    assert set(METHODS) >= CORE


def test_every_planned_cell_has_exactly_one_record(records: pd.DataFrame) -> None:
    assert records.index.is_unique
    assert set(records.index) == set(CELLS)


def test_what_compiles_meets_every_operation_of_any_problem() -> None:
    called = {}
    for name in ALL:
        problem = built_in.PROBLEMS[name]
        steps = record(problem.function, problem.point(problem.labels[0])).steps
        functions = [step.function for step in steps if isinstance(step, Operation)]
        called[name] = {f if isinstance(f, str) else f.__name__ for f in functions}
    assert set().union(*called.values()) == set().union(*(called[name] for name in COVERING))


@pytest.mark.parametrize("method", METHODS)
def test_every_answer_keeps_its_promise_or_the_method_says_why_it_declines(
    records: pd.DataFrame, method: str
) -> None:
    found = records.loc[[cell for cell in CELLS if cell[0] == method]]
    wrong = found[[not is_right(record) for _, record in found.iterrows()]]
    assert wrong[["status", "reason", "digits"]].to_dict("index") == {}


@pytest.mark.parametrize("method", METHODS)
def test_second_derivatives_are_promised_less_and_the_value_twelve_digits(
    records: pd.DataFrame, method: str
) -> None:
    first, second = REGISTRY.methods[method].digits["float64"]
    doubles = records.xs((method, "float64"), level=("method", "dtype"))
    promised = doubles["promise"].groupby("operator").first()
    assert promised.get("gradient") == promised.get("jacobian", first) == first
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
    *[(name, "several", operator, "native")
      for name in ("pytorch", "pytorch-func", "jax-jit")
      for operator in ("jacobian", "jvp", "vjp")],
    ("tensorflow", "several", "jvp", "native"),
    ("tensorflow", "several", "vjp", "native"),
    ("tensorflow", "polar-coordinates", "jacobian", "native"),
    ("tensorflow-function", "several", "jacobian", "native"),
    *[(name, "logistic-regression", operator, "native")
      for name in ("pytorch", "pytorch-func", "pytorch-forward", "forward-difference", "sympy")
      for operator in ("hessian", "hvp")],
    *[(name, "linear", operator, "native")
      for name in ("jax-jit", "jax-forward", "jax-linearize", "tensorflow")
      for operator in ("hessian", "hvp")],
]  # fmt: skip


@pytest.mark.parametrize(("method", "problem", "operator", "route"), ROUTES)
def test_a_record_says_whether_an_operator_is_the_method_s_own(
    records: pd.DataFrame, method: str, problem: str, operator: str, route: str
) -> None:
    known = REGISTRY.problems.get(problem)
    size = known.labels[0] if known else ""
    assert records.loc[method, problem, size, operator, "float64"]["route"] == route


EVALUATIONS = {
    "forward-difference": 1001, "central-difference": 2000, "complex-step": 1000,
    "pytorch-forward": 1000, "jax-forward": 1000, "jax-linearize": 1000,
}  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_the_cost_of_a_gradient_grows_with_the_inputs_unless_it_is_pulled_back(method: str) -> None:
    found = built_in.METHODS[method].evaluations("gradient", 1000, 1)
    assert found == EVALUATIONS.get(method)


def test_formulas_of_very_many_symbols_are_declined() -> None:
    declines = built_in.METHODS["sympy"].declines
    assert declines("gradient", 300, 1) is None
    assert "301 symbols: not attempted beyond 300" in declines("gradient", 301, 1)


@pytest.mark.parametrize("method", [n for n in METHODS if REGISTRY.methods[n].requires])
def test_cold_figures_of_a_library_are_kept_apart(records: pd.DataFrame, method: str) -> None:
    record = records.loc[method, "polar-coordinates", "", "vjp", "float64"]
    assert record["import_s"] > 0.01
    assert record["prepare_s"] > 0
    assert record["first_s"] > 0


# In float32.


@pytest.fixture(scope="module")
def right(records: pd.DataFrame) -> pd.DataFrame:
    """The records of what is right, of cells that are met in both dtypes."""
    rows = records[records["status"] == "ok"].reset_index()
    dtypes = rows.groupby(["problem", "size", "operator", "method"])["dtype"]
    return rows[dtypes.transform("nunique") == 2]


def test_every_method_is_right_in_both_dtypes(right: pd.DataFrame) -> None:
    met = right.groupby("problem")["method"].agg(set).to_dict()
    assert met == {
        "made-anew": set(NATIVE), "polar-coordinates": set(UNCOMPILED),
        "sigmoid-affine": {"backprop"},
    }  # fmt: skip


def test_an_exact_method_has_the_digits_of_the_dtype_and_not_more(right: pd.DataFrame) -> None:
    exact = right[~right["method"].isin(["forward-difference", "central-difference"])]
    wider = exact["reason"].str.contains("computed in float64")
    found = exact[~wider & (exact["digits"] < math.inf)]
    single, double = (found[found["dtype"] == dtype]["digits"] for dtype in ("float32", "float64"))
    assert single.between(4.0, 10.0).all()
    assert double.between(12.0, 20.0).all()
    assert len(single) > 0.7 * len(double) > 10


def test_cells_that_computed_in_float64_are_told(records: pd.DataFrame) -> None:
    told = records[records["reason"].str.contains("computed in float64")].reset_index()
    assert set(told["dtype"]) == {"float32"}
    assert {"backprop"} <= set(told["method"]) <= {"backprop", "pytorch-forward"}


def test_the_folder_of_methods_holds_no_file_named_like_a_library() -> None:
    stems = {path.stem for path in loader.built_in("methods").glob("*.py")}
    packages = {package for m in REGISTRY.methods.values() for package in m.requires}
    assert not stems & packages
    assert Path(loader.built_in("methods")).is_dir()
