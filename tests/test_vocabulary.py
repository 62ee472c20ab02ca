"""The vocabulary in every tool: what docs/vocabulary.md says works, does, and nothing else does.

Tried is the gradient of the first example of each operation, or of every fifth in tools that
compile or derive each anew; `make vocabulary` tries all, at both orders, and writes the page.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradiometer.reference.operations import OPERATIONS
from gradiometer.vocabulary.graph import Graph
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.recorded import NUMPY
from gradiometer.vocabulary.recording import record

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))


from vocabulary import EXAMPLES, MARKS, NAMES, TOOLS, example, tried  # noqa: E402

ROWS = [
    [cell.strip(" `") for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "vocabulary.md").read_text().splitlines()
    if line.startswith("| `")
]
STATED = {row[0]: dict(zip(["reference", *TOOLS], row[1:], strict=True)) for row in ROWS}
SLOW = {"SymPy", "TensorFlow", "JAX"}
WORKING = (MARKS[1], MARKS[2])


def test_the_page_has_a_row_for_each_operation_and_all_are_certified_twice() -> None:
    assert list(STATED) == NAMES
    assert set(EXAMPLES) - {"indexing"} == set(NAMES)
    assert {row["reference"] for row in STATED.values()} == {"●"}
    assert {name.split(".")[0] for name in NAMES} == set(OPERATIONS)


@pytest.mark.parametrize("tool", TOOLS)
def test_what_the_page_says_works_does_and_nothing_else(
    tool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TOOLS, "JAX", "jax-jit")  # one program a gradient, not one an operation
    wrong = []
    for name in NAMES[:: 5 if tool in SLOW else 1]:
        mark = STATED[name][tool]
        works = mark in WORKING
        examples = range(1 if works else len(EXAMPLES[name]))
        faults = [tried(tool, name, k, "gradient") for k in examples]
        fault = next(filter(None, faults), "")
        if works != (not fault) or (fault and (mark == "–") != fault.startswith("unsupported")):
            wrong.append(f"{name}: {mark} is stated; {fault or 'it works'}")
    assert wrong == []


def test_a_tool_that_computes_wrongly_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "sinh", np.cosh)
    assert tried("NumPy", "sinh", 0, "gradient").startswith("disagrees")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_recorded_is_what_numpy_computes(name: str) -> None:
    problem = example(name, 0)
    point = problem.point()
    graph: Any = record(problem.function, Point(point.inputs))
    assert isinstance(graph, Graph)
    expected = problem.function(NUMPY, *point.inputs.values())
    assert graph(NUMPY, *point.inputs.values()) == pytest.approx(float(expected), rel=1e-12)
