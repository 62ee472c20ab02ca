"""The answers of a run: kept, taken up, merged, and laid beside the certified ones."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import records
from records import case, plan, row

from gradiometer.errors import UnknownName
from gradiometer.judging.kept import Kept
from gradiometer.report import answers as shown
from gradiometer.report import page
from gradiometer.report.run import Run
from gradiometer.runs.answers import COLUMNS, Answers, read, table
from gradiometer.runs.merge import merge
from gradiometer.runs.store import RunFolder

INFO: dict[str, Any] = {"timing": "interleaved", "options": {"threads": 1, "seed": 0}}
SINE, WIDE = case("sine"), case("wide")


def whole(*values: float, wrong: tuple[bool, ...] = (False, False)) -> Kept:
    """Return an answer of two components, which is kept whole."""
    errors = [abs(v - t) for v, t in zip(values, (1.0, 2.0), strict=True)]
    return Kept([0, 1], ["∂/∂x[0]", "∂/∂x[1]"], [1.0, 2.0], [*values], errors, [*wrong])


def worst(*places: int) -> Kept:
    """Return the worst components of a large answer."""
    names = [f"∂/∂x[{place}]" for place in places]
    numbers = [float(place) for place in places]
    return Kept([*places], names, numbers, numbers, [0.0] * len(places), [False] * len(places))


def kept(results: Path, *cells: tuple[dict[str, Any], Kept | None]) -> RunFolder:
    """Return the folder of a run that has these records and answers, and is not finished."""
    rows = [each for each, _ in cells]
    folder, answers = RunFolder.create(results, INFO | {"plan": plan(*rows)}), Answers()
    for each, answer in cells:
        lines = answers.lines(each["case"], each["method"], answer)
        folder.append(each, answers=lines)
    return folder


def two(results: Path) -> RunFolder:
    """Return a run of two cases: one kept whole, by three methods, one in part, by two."""
    return kept(
        results,
        (row("tape", "sine"), whole(1.0, 2.0)),
        (row("wrong", "sine", status="disagrees"), whole(1.0, -2.0, wrong=(False, True))),
        (row("absent", "sine", status="not-installed"), None),
        (row("tape", "wide"), worst(3, 2000)),
        (row("wrong", "wide"), worst(7, 2000)),
    )


# The journal.


def test_what_a_case_shares_is_written_once(tmp_path: Path) -> None:
    folder = two(tmp_path)
    lines = [json.loads(x) for x in (folder.path / "answers.jsonl").read_text().splitlines()]
    names = {"places", "names", "certified"}
    told = [(x["case"], x["method"], names <= x.keys(), "values" in x) for x in lines]
    assert told == [
        (SINE, "", True, False), (SINE, "tape", False, True), (SINE, "wrong", False, True),
        (WIDE, "tape", True, True), (WIDE, "wrong", True, True),
    ]  # fmt: skip


def test_an_answer_by_another_convention_has_its_own_truth(tmp_path: Path) -> None:
    other = Kept([0, 1], ["a", "b"], [5.0, 6.0], [5.0, 6.0], [0.0, 0.0], [False, False])
    found = read(kept(tmp_path, (row("tape"), whole(1.0, 2.0)), (row("jit"), other)).path)
    assert found[case("affine"), "tape"]["certified"] == [1.0, 2.0]
    assert found[case("affine"), "jit"]["certified"] == [5.0, 6.0]


def test_numbers_come_back_to_the_last_bit(tmp_path: Path) -> None:
    values = [0.1, -0.0, math.inf, -math.inf, 5e-324, math.nan]
    names = ["inf", "nan", "-inf", "3", "a|b", "größe"]
    places = [*range(6)]
    answer = Kept(places, names, values, values, values, [False] * 6)
    (found,) = read(kept(tmp_path, (row(), answer)).path).values()
    assert found["names"] == names
    for column in ("certified", "values", "errors"):
        assert list(map(repr, found[column])) == list(map(repr, values))


def test_an_answer_is_there_before_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, written = two(tmp_path), []

    def note(file: Path, line: Any) -> None:
        written.append(file.name)

    monkeypatch.setattr("gradiometer.runs.store.append", note)
    folder.append(row(), {"loops": 1}, answers=[{"case": "c"}])
    assert written == ["answers.jsonl", "samples.jsonl", "records.jsonl"]


def test_a_run_is_taken_up_with_its_answers(tmp_path: Path) -> None:
    path = two(tmp_path).path
    with (path / "answers.jsonl").open("a") as file:
        file.write('{"case": "wide/flo')
    folder, _ = RunFolder.reopen(path)
    again = Answers().lines(SINE, "tape", whole(1.0, 2.5))
    folder.append(row("late", "sine"), answers=Answers().lines(SINE, "late", whole(0.5, 2.0)))
    folder.append(row("tape", "sine"), answers=again)
    folder.finish("complete")
    found = Run.read(path).components.set_index(["case", "method", "place"])["value"].sort_index()
    assert found.loc[SINE, "late"].tolist() == [0.5, 2.0]
    assert found.loc[SINE, "tape"].tolist() == [1.0, 2.5]
    assert found.loc[WIDE, "tape"].tolist() == [3.0, 2000.0]


def test_an_answer_without_a_record_does_not_count(tmp_path: Path) -> None:
    folder = two(tmp_path)
    journal = folder.path / "records.jsonl"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    folder.finish("interrupted")
    methods = pd.read_parquet(folder.path / "answers.parquet").groupby("case")["method"].unique()
    assert methods[WIDE].tolist() == ["tape"]


def test_a_damaged_line_is_left_out_and_told(tmp_path: Path) -> None:
    folder = two(tmp_path)
    whole = read(folder.path)
    journal = folder.path / "answers.jsonl"
    journal.write_text("damaged\n" + journal.read_text())
    assert read(folder.path) == whole
    assert Run.read(folder.path).damage == {"answers": "answers.jsonl: 1 broken line (1)"}


# The table.


def test_the_table_is_the_same_from_parquet_and_from_the_journal(tmp_path: Path) -> None:
    folder = two(tmp_path)
    before = Run.read(folder.path).components
    folder.finish("complete")
    assert (folder.path / "answers.parquet").exists()
    pd.testing.assert_frame_equal(Run.read(folder.path).components, before)
    assert {name: str(kind) for name, kind in before.dtypes.items()} == COLUMNS
    assert len(before) == 8
    assert before.loc[before["wrong"], ["method", "place", "value"]].to_numpy().tolist() == [
        ["wrong", 1, -2.0]
    ]


def test_answers_of_cells_without_a_record_do_not_count(tmp_path: Path) -> None:
    folder = two(tmp_path)
    run = Run.read(folder.path)
    assert table(folder.path, run.records.head(0)).empty


def test_a_run_without_answers_has_an_empty_table(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, INFO | {"plan": plan(row())})
    folder.append(row())
    folder.finish("complete")
    assert not list(folder.path.glob("answers*"))
    run = Run.read(folder.path)
    assert list(run.components.columns) == list(COLUMNS)
    facts = ["problem", "size", "dtype", "operator", "component", "certified"]
    assert list(run.answers().columns) == facts
    assert run.answers().empty


def test_answers_stand_beside_the_certified_ones(tmp_path: Path) -> None:
    run = Run.read(two(tmp_path).path)
    found = run.answers()
    assert list(found.columns) == [
        "problem", "size", "dtype", "operator", "component", "certified", "tape", "tape error",
        "wrong", "wrong error",
    ]  # fmt: skip
    assert found["component"].tolist() == [f"∂/∂x[{i}]" for i in (0, 1, 3, 7, 2000)]
    assert found["certified"].tolist() == [1.0, 2.0, 3.0, 7.0, 2000.0]
    assert found["wrong"].tolist()[:2] == [1.0, -2.0]
    assert found["wrong error"].tolist()[:2] == [0.0, 4.0]
    assert found["tape"].isna().tolist() == [False, False, False, True, False]


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ({"problem": "sine"}, 2),
        ({"operator": "gradient", "size": ""}, 5),
        ({"dtype": "float64"}, 5),
    ],
)
def test_answers_are_chosen_by_name(tmp_path: Path, asked: dict[str, str], rows: int) -> None:
    assert len(Run.read(two(tmp_path).path).answers(**asked)) == rows


def test_a_name_that_the_run_has_not_is_refused(tmp_path: Path) -> None:
    run = Run.read(two(tmp_path).path)
    with pytest.raises(UnknownName, match=r"Unknown problem of the run 'sines': .* mean 'sine'"):
        run.answers("sines")
    with pytest.raises(UnknownName, match="Unknown operator of the run 'hessian'"):
        run.answers(operator="hessian")


# Merged, and in the report.


def test_merged_runs_keep_their_answers(tmp_path: Path) -> None:
    info = {"environment": {"versions": {}}}
    one, other = two(tmp_path), kept(tmp_path, (row("late", "sine"), whole(1.0, 2.0)))
    moved = kept(tmp_path, (row("moved", "sine"), worst(0, 1)))
    for folder in (one, other, moved):
        folder.note(**info)
        folder.finish("complete")
    run = Run.read(merge([one.path, other.path, moved.path], tmp_path).path)
    found = run.components.set_index(["case", "method", "place"]).sort_index()
    assert found.loc[SINE, "late"]["value"].tolist() == [1.0, 2.0]
    assert found.loc[SINE, "moved"]["certified"].tolist() == [0.0, 1.0]
    assert found.loc[WIDE, "wrong"]["value"].tolist() == [7.0, 2000.0]
    assert found.loc[SINE, "wrong"]["wrong"].tolist() == [False, True]


def test_the_report_shows_first_derivatives_and_what_is_wrong(tmp_path: Path) -> None:
    wrong = whole(1.0, -2.0, wrong=(False, True))
    rows = [
        (row("tape", "sine", operator="value"), whole(1.0, 2.0)),
        (row("tape", "sine"), whole(1.0, 2.0)),
        (row("tape", "sine", "9"), whole(1.0, 2.0)),
        (row("tape", "net", operator="value", status="disagrees"), wrong),
        (row("tape", "net"), whole(1.0, 2.0)),
    ]
    run = Run.read(kept(tmp_path, *rows).path)
    assert shown.shown(run) == [SINE, case("net", operator="value"), case("net")]


def test_the_report_shows_the_first_derivative_in_each_dtype(tmp_path: Path) -> None:
    cells = [(row("tape", "sine", dtype=d), whole(1.0, 2.0)) for d in ("float64", "float32")]
    run = Run.read(kept(tmp_path, *cells).path)
    assert shown.shown(run) == [SINE, case("sine", dtype="float32")]


@pytest.mark.parametrize("status", ["disagrees", "memoises"])
def test_the_report_names_how_a_cell_ended_beside_its_numbers(tmp_path: Path, status: str) -> None:
    cells = [(row(m, "sine", status=s), whole(1.0, 2.0)) for m, s in (("a", "ok"), ("b", status))]
    found = shown.table(Run.read(kept(tmp_path, *cells).path), SINE)
    assert found["method"].tolist() == ["certified", "a", f"b ({status})"]


def test_of_many_components_the_wrong_ones_are_shown_first(tmp_path: Path) -> None:
    places = [*range(8)]
    numbers = [float(i) for i in places]
    answer = Kept(places, [f"x[{i}]" for i in places], numbers, numbers, [0.0] * 7 + [0.25],
                  [False] * 7 + [True])  # fmt: skip
    run = Run.read(kept(tmp_path, (row("tape"), answer)).path)
    found = shown.table(run, case("affine"))
    assert list(found.columns) == ["method", "x[0]", "x[1]", "x[2]", "x[3]", "x[7]"]
    assert found.to_numpy().tolist() == [
        ["certified", "0.0", "1.0", "2.0", "3.0", "7.0"],
        ["tape", "0.0 (0)", "1.0 (0)", "2.0 (0)", "3.0 (0)", "7.0 ✗ (0.25)"],
    ]


def test_what_is_not_kept_of_a_method_is_a_gap(tmp_path: Path) -> None:
    found = shown.table(Run.read(two(tmp_path).path), WIDE).set_index("method")
    assert found.loc["tape"].tolist() == ["3.0 (0)", "–", "2000.0 (0)"]
    assert found.loc["certified"].tolist() == ["3.0", "7.0", "2000.0"]


def test_the_report_says_where_nothing_is_kept() -> None:
    assert page._answers(records.measured(), page.markdown.Prose(
        "gradiometer.report", "run.md.j2", run=None
    )).parts[0].startswith("This run keeps no answers: ")  # fmt: skip
