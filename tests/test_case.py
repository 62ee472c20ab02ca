"""Cases and cells: names that identify what is compared."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from gradiometer.vocabulary.case import Case, Cell

CASE = Case("mlp", "10-5x2", "gradient")
CHANGES = {
    "problem": "mlp-2", "size": "10-5x3", "operator": "value", "dtype": "float32", "device": "gpu",
}  # fmt: skip


@pytest.mark.parametrize(
    ("case", "text"),
    [
        (CASE, "mlp/10-5x2/float64/gradient"),
        (Case("saddle", "", "jvp"), "saddle/float64/jvp"),
        (replace(CASE, dtype="float32"), "mlp/10-5x2/float32/gradient"),
        (replace(CASE, device="gpu"), "mlp/10-5x2/float64/gpu/gradient"),
    ],
)
def test_a_case_s_id_leaves_out_what_goes_without_saying(case: Case, text: str) -> None:
    assert case.id == text
    assert Cell(case, "tape").id == f"{text}/tape"


@pytest.mark.parametrize("part", CHANGES)
def test_every_part_of_a_case_counts(part: str) -> None:
    other = replace(CASE, **{part: CHANGES[part]})
    assert other != CASE
    assert other.id != CASE.id
    assert len({CASE, other, replace(CASE)}) == 2


def test_a_cell_is_its_case_and_its_method() -> None:
    cells = {Cell(CASE, "a"), Cell(CASE, "b"), Cell(replace(CASE, size=""), "a"), Cell(CASE, "a")}
    assert len(cells) == 3
    assert len({cell.id for cell in cells}) == 3


def test_cases_are_sorted_by_problem_first() -> None:
    cases = [Case("b", "", "value"), Case("a", "2", "value"), Case("a", "1", "vjp")]
    assert sorted(cases) == cases[::-1]


def test_a_case_travels_between_processes() -> None:
    cell = Cell(CASE, "tape")
    assert pickle.loads(pickle.dumps(cell)) == cell
