"""The vocabulary in every tool: what docs/vocabulary.md says works, does, and nothing else does.

Tried is the gradient of the first example of each operation, in tools that interpret; of every
fifth in those that derive formulas or compile operations. `make vocabulary` tries all, in all
tools, at both orders, and writes the page.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradiometer.plugins import loader
from gradiometer.reference.operations import OPERATIONS
from gradiometer.vocabulary.graph import Graph
from gradiometer.vocabulary.method import Target
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.vocabulary.point import Argument, Point
from gradiometer.vocabulary.recorded import NUMPY
from gradiometer.vocabulary.recording import record
from gradiometer.worker.process import failure

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

from examples import EXAMPLES, answer, example  # noqa: E402
from vocabulary import ENDS, MARKS, NAMES, TABLES, TOOLS, Ask, tried  # noqa: E402

METHODS = loader.built_ins().methods
TRIED = TOOLS | {"JAX": "jax-jit"}  # one program a gradient, not one an operation
INTERPRETED = (
    "NumPy", "complex step", "SymPy", "PyTorch", "TensorFlow", "JAX", "Autograd", "MyGrad",
    "num-dual",
)  # fmt: skip
"""Those of which a process can hold several: after others in one, fastdual refuses much."""

SLOW = {"SymPy", "TensorFlow", "JAX"}
WORKING = (MARKS[1], MARKS[2])
REFUSED = (Status.UNSUPPORTED, Status.SKIPPED)


def stated() -> dict[str, dict[str, str]]:
    """Return the marks on the page: by tool, of each operation."""
    found: dict[str, dict[str, str]] = {}
    for line in (ROOT / "docs" / "vocabulary.md").read_text().splitlines():
        cells = [cell.strip(" `") for cell in line.strip("|").split("|")]
        if line.startswith("| operation "):
            tools = cells[1:]
        elif line.startswith("| `"):
            for tool, mark in zip(tools, cells[1:], strict=True):
                found.setdefault(tool, {})[cells[0]] = mark
    return found


STATED = stated()


def asked(name: str) -> Ask:
    """Return what asks a method in this process."""
    method = METHODS[name].address.load()
    os.environ.update(method.environ)
    for library in method.requires:
        importlib.import_module(library)
    method.setup(Target())

    def ask(name: str, number: int, operator: str, at: Argument, signature: Any) -> list[Any]:
        try:
            return answer(method, name, number, operator, at, signature)
        except Exception as error:  # whatever a tool raises: it is what is asked
            raise failure(error) from error

    return ask


def test_the_page_has_a_row_for_each_operation_in_each_table() -> None:
    assert set(EXAMPLES) - {"indexing"} == set(NAMES)
    assert {name.split(".")[0] for name in NAMES} == set(OPERATIONS)
    for tool, marks in STATED.items():
        assert tool in TOOLS
        assert list(marks) == NAMES
        assert set(marks.values()) <= {*MARKS.values(), *ENDS.values()}
    assert sum(map(len, TABLES.values())) == len(TOOLS)


@pytest.mark.parametrize("tool", INTERPRETED)
def test_what_the_page_says_works_does_and_nothing_else(tool: str) -> None:
    method = METHODS[TRIED[tool]]
    if method.missing:
        pytest.skip(method.missing)
    ask, wrong = asked(method.name), []
    for name in NAMES[:: 5 if tool in SLOW else 1]:
        mark = STATED[tool][name]
        works = mark in WORKING
        examples = range(1 if works else len(EXAMPLES[name]))
        faults = [tried(ask, method, name, k, "gradient") for k in examples]
        fault = next((f for f in faults if f and not (works and f.status is Status.SKIPPED)), None)
        refused = fault is not None and fault.status in REFUSED
        if works != (fault is None) or (mark == MARKS[-1]) != refused:
            wrong.append(f"{name}: {mark} is stated; {fault or 'it works'}")
    assert wrong == []


def test_a_tool_that_computes_wrongly_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "sinh", np.cosh)
    fault = tried(asked("central-difference"), METHODS["central-difference"], "sinh", 0, "gradient")
    assert isinstance(fault, Failure)
    assert fault.status is Status.DISAGREES


@pytest.mark.parametrize("name", NAMES)
def test_what_is_recorded_is_what_numpy_computes(name: str) -> None:
    problem = example(name, 0)
    point = problem.point()
    graph: Any = record(problem.function, Point(point.inputs))
    assert isinstance(graph, Graph)
    expected = problem.function(NUMPY, *point.inputs.values())
    assert graph(NUMPY, *point.inputs.values()) == pytest.approx(float(expected), rel=1e-12)
