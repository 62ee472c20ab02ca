"""The reference run that is kept: what can be read of it, and that it names no machine's place."""

from __future__ import annotations

import re
from pathlib import Path

import gradiometer

ROOT = Path(__file__).parents[1]


def test_the_reference_run_can_be_read_and_is_whole() -> None:
    run = gradiometer.load(ROOT / "results" / "reference")
    assert run.damage == {}
    assert len(run.records) == run.planned


def test_what_is_kept_of_it_names_no_place_of_a_machine() -> None:
    for file in (ROOT / "results/reference/run.json", ROOT / "reports/reference/report.md"):
        assert re.findall(r"[`\"](/[\w/.-]+)", file.read_text("utf-8")) == []
