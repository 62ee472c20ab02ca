"""Every method that comes along conforms, as far as there is time: `make conformance` has the rest.

All cells are of one run, so that each tool is started once. Which problems a method is tried on
stands in `TRIED`; a method that is not installed is skipped.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from gradiometer.conformance.agreement import agreement, cells_of
from gradiometer.conformance.conform import judged, subjects
from gradiometer.conformance.contract import contract
from gradiometer.conformance.expected import EXPECTED
from gradiometer.conformance.requests import described
from gradiometer.conformance.result import Check, Report, Verdict
from gradiometer.plugins import loader
from gradiometer.plugins.registry import MethodEntry
from gradiometer.vocabulary.case import Cell
from gradiometer.worker.tool import Tool

pytestmark = pytest.mark.timeout(900)  # whichever test comes first waits for all cells

FEW = ["product-of-sum", "polar-coordinates", "special-branches"]
"""For tools that compile: numbers, two outputs, and all branches of `where` at once."""

MANY = [
    "special-unused", "special-size-one", "special-empty", "special-several", "special-constant",
    "special-solve", "special-softplus", "special-saturated", "special-given", "special-not-square",
    "special-branches", "special-two-branches", "rosenbrock", "mlp", "polar-coordinates",
]  # fmt: skip

NATIVELY = ["special-given", "polar-coordinates"]
"""Problems of which all operators are tried that a method has itself: a scalar, and a vector."""

TRIED = {
    "jax": MANY,
    "jax*": FEW, "tensorflow": MANY, "tensorflow-*": FEW, "pytensor*": FEW, "numba*": FEW,
    "mlx-compile*": FEW, "heyoka*": FEW, "enzyme*": FEW, "drjit*": FEW, "warp*": FEW,
    "symforce*": FEW, "casadi*": FEW, "*compile*": FEW, "keras*": FEW, "asdex*": FEW,
    "jet*": FEW, "*": MANY,
}  # fmt: skip
"""Problems by patterns of methods' names; the first pattern that fits counts."""

METHODS = loader.built_ins().methods


def problems(method: str) -> list[str]:
    """Return the problems that a method is tried on."""
    return next(names for pattern, names in TRIED.items() if fnmatchcase(method, pattern))


def wanted(cell: Cell, method: MethodEntry) -> bool:
    """Return whether there is time for a cell: first derivatives, and what a method has itself."""
    case = cell.case
    first = case.operator in ("gradient", "jacobian") and case.problem in problems(method.name)
    if case.operator == "jacobian" and "gradient" in method.native and first:
        first = case.problem in VECTORS
    native = case.operator in method.native and case.problem in NATIVELY
    return first or (native and case.problem in {*problems(method.name), "special-given"})


VECTORS = ("polar-coordinates", "special-several", "special-constant", "special-not-square")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """The agreement of all methods that can be tried, in one run, each judged."""
    tried = [*FEW, *(name for name in MANY if name not in FEW)]
    found = subjects(list(METHODS), problems=tried)
    methods = {method.name: method for method in found.methods}
    cells = cells_of(found.problems, found.methods, dtypes=["float64"])
    chosen = [cell for cell in cells if wanted(cell, methods[cell.method])]
    logs = tmp_path_factory.mktemp("conformance")
    return Report(judged([*agreement(chosen, found.registry, logs)], EXPECTED))


def told(checks: list[Check]) -> list[str]:
    return [f"{each.where}: {each.found} ({each.cause})" for each in checks]


@pytest.mark.parametrize("name", METHODS)
def test_its_answers_are_right_or_it_says_why_not(report: Report, name: str) -> None:
    if METHODS[name].missing:
        pytest.skip(METHODS[name].missing)
    found = report.of(name)
    assert told(found.having(Verdict.FAILED)) == []
    assert found.having(Verdict.PASSED)


@pytest.mark.parametrize("name", METHODS)
def test_it_describes_itself_as_the_contract_asks(name: str) -> None:
    checks = contract(METHODS[name], described(Tool(), METHODS[name].address))
    assert told(Report(judged([*checks], EXPECTED)).having(Verdict.FAILED)) == []


def test_rows_of_expected_failures_are_of_methods_and_say_why() -> None:
    for row in EXPECTED:
        assert row.reason
        assert any(fnmatchcase(name, row.method) for name in METHODS), f"no method is {row.method}"
