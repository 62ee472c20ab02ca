"""A run in memory: its frames, and how it shows itself."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import records
from records import alone, row, timed

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.report.run import Run
from gradiometer.runs import analysis
from gradiometer.runs.frames import frame
from gradiometer.runs.schema import COMPARISON
from gradiometer.runs.store import RunFolder
from gradiometer.vocabulary.outcome import Status

COLUMNS = list(COMPARISON.columns)
DTYPES = {str: "str", int: "Int64", float: "float64"}
PLAN = records.plan(row("by-hand", operator="value"), row("tape"))


def run(*rows: dict[str, Any], **info: Any) -> Run:
    return records.run(*rows, **{"plan": PLAN} | info)


def full() -> Run:
    return run(
        row("by-hand", operator="value", digits=math.inf, **timed(1.0, seconds=1e-7)),
        row("tape", operator="value", digits=15.5, **timed(3.0, seconds=3e-7)),
        row("by-hand", digits=15.9123456, **timed(1.0, seconds=2e-7)),
        row("tape", status="disagrees", reason="0.1 digits, 12 promised", digits=0.1),
    )


def of_all(*problems: str, operators: str = "value gradient jacobian hessian") -> Run:
    """A run of every operator, by one method."""
    rows = [row(problem=p, operator=o, digits=9.0) for p in problems for o in operators.split()]
    return records.run(*rows)


# The frame of records.


@pytest.mark.parametrize("rows", [[], [row()], [row(), row("by-hand", n=3, digits=12.0)]])
def test_every_column_has_one_type_whatever_the_records_hold(rows: list[dict[str, Any]]) -> None:
    table = frame(rows)
    types = {column: pd.Series([], dtype=DTYPES[COMPARISON.columns[column]]) for column in COLUMNS}
    assert table.dtypes.to_dict() == {column: empty.dtype for column, empty in types.items()}
    assert list(table.columns) == COLUMNS
    assert len(table) == len(rows)


@pytest.mark.parametrize("column", ["n", "rounds", "digits", "time_s", "ratio_low"])
def test_figures_that_are_missing_are_gaps(column: str) -> None:
    assert frame([row(), row(**{column: None})])[column].isna().all()


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("column", ["reason", "tool"])
def test_text_that_is_missing_is_empty(column: str, rows: int) -> None:
    lacking = {k: v for k, v in row().items() if k != column}
    assert frame([row(**{column: None}), row()])[column].tolist()[0] == ""
    assert frame([lacking] * rows)[column].tolist() == [""] * rows


@pytest.mark.parametrize("value", [0.0, 1 / 3, 5e-324, 1.7976931348623157e308, math.inf, -math.inf])
def test_figures_are_not_rounded(value: float) -> None:
    assert frame([row(digits=value), row(digits=None)])["digits"].tolist()[0] == value


@pytest.mark.parametrize("value", [0, 3, 85_002, 2**40])
def test_counts_stay_whole_beside_gaps(value: int) -> None:
    table = frame([row(n=value), row(n=None)])
    assert table.loc[0, "n"] == value
    assert table["n"].isna().tolist() == [False, True]


def test_columns_of_another_version_are_left_out() -> None:
    assert list(frame([row(peak_bytes=7)]).columns) == COLUMNS


def test_records_stay_in_the_order_in_which_they_ended() -> None:
    assert frame([row(m) for m in "bca"])["method"].tolist() == ["b", "c", "a"]


# Reading.


def test_a_run_reads_back_what_its_folder_was_given(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, {"plan": PLAN, "timing": "interleaved"})
    rows = [row("by-hand", digits=math.inf, **timed(seconds=1e-7)), row(status="crashed")]
    for each in rows:
        folder.append(each)
    folder.finish("complete")
    found = Run.read(folder.path)
    assert found.id == folder.path.name
    assert found.path == folder.path
    assert found.info["state"] == "complete"
    pd.testing.assert_frame_equal(found.records, frame(rows))


def test_a_run_timed_one_after_the_other_is_given_ratios_when_read(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, {"plan": PLAN, "timing": "sequential"})
    folder.append(row("by-hand", **alone(1.0, 0.9, 1.1)))
    folder.append(row("tape", **alone(4.0, 3.6, 4.4)))
    assert Run.read(folder.path).records["ratio"].tolist() == [1.0, 4.0]


def test_a_cut_last_line_is_left_out_of_the_records(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, {"plan": PLAN, "timing": "interleaved"})
    folder.append(row())
    with folder.journal.open("a") as file:
        file.write('{"case": "affine/flo')
    assert len(Run.read(folder.path).records) == 1


def test_a_folder_without_facts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").touch()
    with pytest.raises(GradiometerError, match=r"run\.json is damaged: it is missing"):
        Run.read(tmp_path)


# Counting.


@pytest.mark.parametrize(
    ("cases", "methods", "planned"), [(0, 0, 0), (0, 3, 0), (2, 3, 6), (1, 1, 1)]
)
def test_planned_counts_the_rows_of_the_plan(cases: int, methods: int, planned: int) -> None:
    rows = [row(f"m{m}", f"p{c}") for c in range(cases) for m in range(methods)]
    assert run(plan=[records.identity(r) for r in rows]).planned == planned


@pytest.mark.parametrize("status", list(Status))
def test_a_cell_is_faulty_unless_its_end_could_be_expected(status: Status) -> None:
    faulty = run(row("good"), row("tape", status=str(status))).faulty
    assert faulty["method"].tolist() == ([] if status.blameless else ["tape"])


def test_a_run_without_records_has_nothing_faulty() -> None:
    assert run().faulty.empty


# Its tables.


def test_the_tables_of_a_run_are_those_of_its_records() -> None:
    told = full()
    pd.testing.assert_frame_equal(told.agreement(), analysis.agreement(told.records))
    pd.testing.assert_frame_equal(
        told.agreement("value"), analysis.agreement(told.records, "value")
    )
    pd.testing.assert_frame_equal(told.speed("value"), analysis.speed(told.records, "value"))
    costs = analysis.cost(told.records, "gradient", "value")
    pd.testing.assert_frame_equal(told.cost(), costs)
    pd.testing.assert_frame_equal(told.timing(), analysis.timing(told.records))
    pd.testing.assert_frame_equal(told.ranking(), analysis.ranking(told.records))
    pd.testing.assert_frame_equal(told.coverage(), analysis.coverage(told.records))


@pytest.mark.parametrize("operator", ["value", "gradient", "jacobian", "hessian"])
def test_every_operator_of_a_run_has_its_tables(operator: str) -> None:
    told = of_all("affine", "net")
    assert told.agreement(operator).columns.tolist() == ["affine", "net"]
    assert told.speed(operator).loc["tape"].tolist() == ["ok", "ok"]
    assert told.break_even(operator).empty


def test_the_operators_of_a_run_are_named_derivatives_first() -> None:
    assert of_all("net").operators == ["gradient", "jacobian", "hessian", "value"]
    assert run().operators == ["gradient", "value"]


@pytest.mark.parametrize("operator", ["hessian", "hesian", "gradients"])
@pytest.mark.parametrize("table", ["agreement", "speed", "cost", "break_even", "chart"])
def test_an_operator_that_a_run_has_not_is_refused(table: str, operator: str) -> None:
    asked = ("ranking", operator) if table == "chart" else (operator,)
    with pytest.raises(UnknownName, match=f"run '{operator}': expected one of gradient, value"):
        getattr(full(), table)(*asked)


def test_a_cost_is_of_two_operators_that_a_run_has() -> None:
    with pytest.raises(UnknownName, match="run 'hvp': expected one of gradient, value"):
        full().cost("gradient", "hvp")


def test_tables_are_of_a_runs_first_operator_by_default() -> None:
    told = of_all("polar", operators="value jacobian")
    pd.testing.assert_frame_equal(told.agreement(), told.agreement("jacobian"))


def test_tables_are_in_the_order_of_the_plan_whatever_ended_first() -> None:
    plan = records.plan(row("tape", "net"), row("by-hand", "affine"))
    rows = [
        row(m, p, digits=9.0, **timed()) for p in ("affine", "net") for m in ("by-hand", "tape")
    ]
    told = run(*rows, plan=plan)
    assert told.agreement().columns.tolist() == ["net", "affine"]
    assert told.agreement().index.tolist() == ["tape", "by-hand"]
    cases = ["net/float64/gradient", "affine/float64/gradient"]
    assert told.ranking()["case"].unique().tolist() == cases
    assert told.records["problem"].tolist() == ["affine", "affine", "net", "net"]


@pytest.mark.parametrize("table", ["agreement", "speed"])
def test_planned_cells_that_were_not_reached_are_named_in_the_matrices(table: str) -> None:
    plan = records.plan(row("by-hand"), row("tape", problem="sine"))
    cut = run(row("by-hand"), row("tape"), row("by-hand", problem="sine"), plan=plan)
    assert getattr(cut, table)().loc["tape", "sine"] == "not-reached"


def test_coverage_names_what_an_interrupted_run_did_not_reach() -> None:
    missed = run(row("by-hand", operator="value")).coverage()
    assert missed["status"].tolist() == ["not-reached"] * 3
    assert missed["reason"].unique().tolist() == ["the run ended before it"]


@pytest.mark.parametrize("table", ["timing", "ranking"])
def test_a_run_without_records_has_empty_lists(table: str) -> None:
    assert getattr(run(), table)().empty


@pytest.mark.parametrize("table", ["agreement", "speed"])
def test_a_run_without_records_has_matrices_of_cells_that_were_not_reached(table: str) -> None:
    assert set(getattr(run(), table)().to_numpy().ravel()) == {"not-reached"}


# How it shows itself.


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ([], "Run(r: no records)"),
        ([row()], "Run(r: 1 ok)"),
        ([row(), row("a"), row("b", status="timeout")], "Run(r: 2 ok, 1 timeout)"),
    ],
)
def test_a_run_shows_how_its_cells_ended(rows: list[dict[str, Any]], shown: str) -> None:
    assert repr(run(*rows)) == shown


# What shows it.


@pytest.mark.parametrize("name", ["agreement", "ranking"])
def test_a_chart_is_drawn_as_svg_without_a_network(name: str) -> None:
    chart = full().chart(name)
    shown = chart._repr_mimebundle_()
    assert set(shown) == {"image/svg+xml", "text/plain"}
    assert shown["image/svg+xml"].startswith("<svg")
    assert ">by-hand<" in shown["image/svg+xml"]
    assert shown["text/plain"] == repr(chart)
    assert "gradient" in chart.title


def test_a_chart_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(
        UnknownName, match=r"chart 'rankings': .*agreement, ranking, accuracy-cost, scaling"
    ):
        full().chart("rankings")


def test_a_chart_without_anything_to_show_says_what_it_needs() -> None:
    with pytest.raises(GradiometerError, match=r"nothing to show of .*at three sizes"):
        full().chart("scaling")
