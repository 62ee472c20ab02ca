"""Runs that earlier versions recorded: read, taken up and compared as if they were of today."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gradiometer.report.run import Run
from gradiometer.runs.facts import read_info
from gradiometer.runs.formats import FORMAT, to_current
from gradiometer.runs.frames import tables
from gradiometer.runs.schema import Identity, columns
from gradiometer.runs.store import RunFolder

RECORDED = Path(__file__).parent / "recorded" / "format-2"
"""A run as format 2 recorded it, with its tables as they were written then."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RECORDED, tmp_path / "results" / "old"))


def test_the_recorded_run_is_of_format_2() -> None:
    facts = json.loads((RECORDED / "run.json").read_text("utf-8"))
    assert facts["format"] == 2
    assert facts["plan"]["methods"] == ["backprop", "forward-difference", "pytorch", "sympy"]
    assert '"device"' not in (RECORDED / "records.jsonl").read_text("utf-8")


def test_it_loads_with_the_same_numbers() -> None:
    before = pd.read_parquet(RECORDED / "records.parquet")
    run = Run.read(RECORDED)
    pd.testing.assert_frame_equal(run.records[list(before.columns)], before)
    assert set(run.records["device"]) == {"cpu"}
    assert run.planned == len(before) == 24


def test_it_loads_with_the_same_samples() -> None:
    before = pd.read_parquet(RECORDED / "samples.parquet")
    found = tables(RECORDED)["samples"]
    pd.testing.assert_frame_equal(found, before, check_dtype=False)
    pd.testing.assert_frame_equal(Run.read(RECORDED).samples(), before, check_dtype=False)


def test_it_has_no_answers() -> None:
    assert Run.read(RECORDED).answers().empty


def test_its_tables_are_in_the_order_of_its_plan() -> None:
    run = Run.read(RECORDED)
    assert run.operators == ["gradient", "jacobian", "value"]
    digits = run.agreement("value")
    assert digits.columns.tolist() == ["mlp 2-3-1x1", "polar-coordinates", "where-trap"]
    assert digits.index.tolist() == ["backprop", "forward-difference", "pytorch", "sympy"]
    trap = run.agreement()["where-trap"].tolist()
    assert trap == [np.inf, np.inf, "nonfinite", "error"]
    assert run.faulty.empty
    assert len(run.coverage()) == 2
    assert (run.ranking().groupby("case")["ratio"].first() == 1.0).all()


def test_ids_of_cases_are_taken_apart() -> None:
    plan = {"cases": ["net/2/3/float64/hvp", "sine/float64/value"], "methods": ["tape", "jit"]}
    info = to_current({"id": "r", "format": 2, "state": "complete", "plan": plan})
    assert (info["format"], info["experiment"], info["id"]) == (FORMAT, "comparison", "r")
    assert all(list(row) == list(columns(Identity)) for row in info["plan"])
    names = ("case", "problem", "size", "dtype", "device", "operator", "method")
    assert [tuple(row[name] for name in names) for row in info["plan"]] == [
        ("net/2/3/float64/hvp", "net", "2/3", "float64", "cpu", "hvp", "tape"),
        ("net/2/3/float64/hvp", "net", "2/3", "float64", "cpu", "hvp", "jit"),
        ("sine/float64/value", "sine", "", "float64", "cpu", "value", "tape"),
        ("sine/float64/value", "sine", "", "float64", "cpu", "value", "jit"),
    ]


def test_its_plan_names_the_cells_of_its_records() -> None:
    names = ["case", "problem", "size", "dtype", "device", "operator", "method"]
    records = Run.read(RECORDED).records.sort_values(["case", "method"])
    plan = pd.DataFrame(read_info(RECORDED)["plan"]).sort_values(["case", "method"])
    assert plan[names].to_numpy().tolist() == records[names].to_numpy().tolist()


def test_cells_that_it_did_not_reach_are_told(old: Path) -> None:
    journal = old / "records.jsonl"
    lines = journal.read_text("utf-8").splitlines(keepends=True)
    journal.write_text("".join(lines[:20]) + lines[20][:30], "utf-8")
    cells = Run.read(old).cells
    assert len(cells) == 24
    unreached = cells[cells["status"] == "not-reached"]
    assert unreached["operator"].tolist() == ["gradient"] * 4
    assert unreached["problem"].tolist() == ["where-trap"] * 4


def test_it_is_taken_up_in_the_format_of_today(old: Path) -> None:
    journal = old / "records.jsonl"
    lines = journal.read_text("utf-8").splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]), "utf-8")
    folder, rows = RunFolder.reopen(old)
    assert len(rows) == 23
    folder.append(json.loads(lines[-1]) | {"device": "cpu"})
    folder.finish("complete")
    assert json.loads((old / "run.json").read_text("utf-8"))["format"] == FORMAT
    before = Run.read(RECORDED)
    pd.testing.assert_frame_equal(Run.read(old).records, before.records)
    pd.testing.assert_frame_equal(Run.read(old).samples(), before.samples(), check_dtype=False)
