"""All runs, asked in SQL: tables of every experiment, with and without Parquet files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from records import plan, row, timed
from shell import command

from gradiometer.cli.experiments import layouts
from gradiometer.errors import GradiometerError
from gradiometer.runs.query import Database
from gradiometer.runs.schema import samples
from gradiometer.runs.store import RunFolder, run_folders


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two runs: a finished one, and one without tables; and one that is damaged."""
    for number in range(3):
        rows = [row("tape", **timed(seconds=1e-6)), row("it's", digits=None, status="error")]
        folder = RunFolder.create(tmp_path / "results", {"plan": plan(*rows)})
        folder.append(rows[0], samples({0: 1e-6, 1: 2e-6}, (), 1))
        folder.append(rows[1])
        folder.finish("complete")
        if number == 1:
            for table in folder.path.glob("*.parquet"):
                table.unlink()
        if number == 2:
            (folder.path / "run.json").write_text("{")
    return tmp_path / "results"


def asked(results: Path, query: str) -> pd.DataFrame:
    return Database(run_folders(results), layouts()).ask(query)


def test_all_runs_are_asked_wherever_their_rows_are(results: Path) -> None:
    found = asked(results, "select run, method, status, time_s from records order by run, method")
    assert found["method"].tolist() == ["it's", "tape"] * 2
    assert found["run"].nunique() == 2
    assert found["time_s"].notna().tolist() == [False, True] * 2
    assert asked(results, "select sum(seconds) as s from samples")["s"].tolist() == [
        pytest.approx(6e-6)
    ]


def test_tables_of_all_experiments_are_there_without_rows(results: Path) -> None:
    for table in ("answers", "descent_records", "steps", "versions_records", "processes"):
        assert asked(results, f"select count(*) as n from {table}")["n"].tolist() == [0]


def test_runs_are_told_with_their_machine(tmp_path: Path) -> None:
    machine = {"started": "today", "cpu": "one", "cores": 4, "python": "3.11"}
    for facts in ({}, {"environment": machine | {"versions": {"numpy": "2.1"}}}):
        RunFolder.create(tmp_path, facts | {"plan": plan(row())}).finish("complete")
    found = asked(tmp_path, "select * exclude (run) from runs order by started")
    assert found.astype(object).where(found.notna(), None).to_dict("records") == [
        {"experiment": "comparison", "state": "complete", "planned": 1} | told
        for told in (
            {**machine, "versions": '{"numpy": "2.1"}'},
            {**dict.fromkeys(machine), "versions": "{}"},
        )
    ]


def test_tables_are_listed_with_their_columns(results: Path) -> None:
    listed = Database(run_folders(results), layouts()).columns().set_index("table")["columns"]
    assert listed.index.tolist() == [
        "runs (2)", "records (4)", "samples (4)", "answers (0)", "descent_records (0)",
        "steps (0)", "stepsize_records (0)", "curves (0)", "versions_records (0)", "processes (0)",
    ]  # fmt: skip
    assert listed["runs (2)"] == "run, experiment, started, state, cpu, cores, python, " + (
        "planned, versions"
    )
    assert listed["samples (4)"] == "case, method, loops, round, seconds, calm, run"


def test_a_folder_may_have_any_name(results: Path) -> None:
    moved = results.rename(results.with_name("it's"))
    assert len(asked(moved, "select * from records")) == 4


@pytest.mark.parametrize("query", ["selekt 1", "select nothing from records", "select * from no"])
def test_a_wrong_query_is_one_line(results: Path, query: str) -> None:
    with pytest.raises(GradiometerError, match="The query failed: ") as caught:
        asked(results, query)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("query", [";", "-- a remark alone"])
def test_a_query_without_a_statement_is_refused(tmp_path: Path, query: str) -> None:
    with pytest.raises(GradiometerError, match="selects nothing: expected SELECT"):
        asked(tmp_path, query)


def test_no_runs_are_no_rows(tmp_path: Path) -> None:
    assert asked(tmp_path / "nowhere", "select * from records").empty


VALUES = """
select [1, 2] as l, date '2026-01-02' as d, null as n, true as b, 1.5 as x, 1234 as i, 'a' as s,
{'k': 1} as t, 1.25::decimal(5, 2) as c, 'inf'::double as f
"""


def test_values_of_all_types_are_printed(tmp_path: Path) -> None:
    (told,) = json.loads(command(tmp_path, "query", VALUES, "--json").out)
    assert told == {
        "l": [1, 2], "d": "2026-01-02 00:00:00", "n": None, "b": True, "x": 1.5, "i": 1234,
        "s": "a", "t": {"k": 1}, "c": 1.25, "f": "inf",
    }  # fmt: skip
    title, _, headings, _, cells, *_ = command(tmp_path, "query", VALUES).out.splitlines()
    assert (title, headings.split()) == ("1 rows", [*told])
    shown = ["1, 2", "2026-01-02 00:00:00", "–", "yes", "1.5", "1,234", "a", "k 1", "1.25", "inf"]
    assert re.split(r"\s{2,}", cells.strip()) == shown
    for nothing in ("", "  "):
        assert command(tmp_path, "query", nothing).out.startswith("Tables (rows)\n")


def test_the_command_prints_tables_csv_and_json(results: Path) -> None:
    where, query = results.parent, "select method, count(*) as n from records group by 1 order by 1"
    done = command(where, "query", query, "--csv")
    assert (done.code, done.out) == (0, "method,n\nit's,2\ntape,2\n")
    assert "Left out: " in done.err
    told = json.loads(command(where, "query", query, "--json").out)
    assert told == [{"method": "it's", "n": 2}, {"method": "tape", "n": 2}]
    listed = command(where, "query").out
    assert "records (4)" in listed
    assert "estimated_digits" in listed
    assert "time_s" in command(where, "query", "select time_s from records").out
