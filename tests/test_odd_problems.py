"""Every method on what no built-in problem has: each operator that it offers, against the truth.

An unused input and a linear function; a softplus beyond 20, an input of one component, a comparison
and whole numbers; several outputs of which some use no input; a system with a vector to the right.
"""

from __future__ import annotations

import re

import built_in
import pytest

from gradiometer.measure.harness import Harness
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Plan
from gradiometer.plugins import loader
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.outcome import Outcome

PROBLEMS = """
from gradiometer import problem

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
"""
METHODS = built_in.registry().methods
ALIKE = ("jax", "tensorflow-function", "tensorflow-xla")
"""Methods whose operators are those of jax-jit and tensorflow: they differ by a compiler alone."""
COMPILED = [name for name, method in METHODS.items() if "jax" in method.requires]
"""Methods that take long to compile: of them each operator has one cell."""
ONCE = [("linear", "gradient"), ("saturated", "hvp")]
CELLS = [
    Cell(Case(problem, "", operator), method)
    for problem, operators in (
        ("linear", ("gradient", "hessian", "hvp")),
        ("saturated", ("gradient", "hvp")),
        ("several", ("jacobian", "jvp", "vjp")),
        ("solved", ("gradient",)),
    )
    for operator in operators
    for method in METHODS
    if (problem, operator) == ("linear", "hvp")
    or (method not in ALIKE and not (method in COMPILED and (problem, operator) in ONCE))
]
EXCUSES = [
    (r"\S+ \S+ backprop", "unsupported", "has no hand-coded"),
    (r"\S+ (hessian|hvp) complex-step", "unsupported", "has no (Hessian|hvp)"),
    (r"solved \S+ sympy", "unsupported", r"no elementwise operation 'linalg\.solve'"),
    (r"linear (hessian|hvp) forward-difference", "skipped", "the truth is zero: a method with a"),
]
"""Cells, as patterns of problem, operator and method, with the status that is right, and why."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[Cell, Outcome]:
    """What came of every cell, untimed."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "odd.py").write_text(PROBLEMS, "utf-8")
    plan = Plan.of(CELLS, loader.load([folder / "odd.py"]))
    with Harness(plan, Options(rounds=0), folder / "logs") as harness:
        return {ended.cell: ended.outcome for ended in harness.outcomes()}


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.id)
def test_a_method_is_right_or_says_why_it_declines(
    outcomes: dict[Cell, Outcome], cell: Cell
) -> None:
    named, found = f"{cell.case.problem} {cell.case.operator} {cell.method}", outcomes[cell]
    expected = [each[1:] for each in EXCUSES if re.fullmatch(each[0], named)] or [("ok", "")]
    ((status, reason),) = expected
    assert found.status == status, found.reason
    assert re.search(reason, found.reason)
