"""The schema of `run.json` and `--json` is what docs say, and what runs are."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import jsonschema
import pytest
from shell import command

import gradiometer
from gradiometer import Options
from gradiometer.runs.documented import schema

PAGE = Path(__file__).parents[1] / "docs" / "run.schema.json"


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_the_schema_stands_in_the_docs(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module("gradiometer.runs.documented", run_name="__main__")
    assert PAGE.read_text("utf-8") == capsys.readouterr().out


@pytest.mark.usefixtures("in_this_process")
def test_a_run_and_what_is_printed_of_it_are_as_the_schema_says(tmp_path: Path) -> None:
    run = gradiometer.run(
        "product-of-sum",
        ["backprop", "central-difference"],
        options=Options(rounds=7, sample_s=0.0005),
        results=tmp_path / "results",
    )
    told = json.loads(command(tmp_path, "runs", "show", "latest", "--json").out)
    for text in (run.path / "run.json", run.path / "begun.json"):
        jsonschema.validate(json.loads(text.read_text("utf-8")), schema())
    jsonschema.validate(told, schema())
    lines = (run.path / "records.jsonl").read_text("utf-8").splitlines()
    row = schema()["properties"]["records"]["items"]
    for line in lines:
        jsonschema.validate(json.loads(line), row)
    assert {*told} - {"run", "path"} <= {*schema()["properties"]}


def test_what_is_no_run_is_none() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"id": "r", "format": 3, "plan": []}, schema())
