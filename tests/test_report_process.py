"""A report written in a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gradiometer.errors import GradiometerError
from gradiometer.report.process import write_report
from gradiometer.runs.store import RunFolder

VALUE = {
    "case": "affine/float64/value", "problem": "affine", "size": "", "dtype": "float64",
    "device": "cpu", "operator": "value", "method": "tape", "tool": "tapes", "mode": "reverse",
    "expected": "",
}  # fmt: skip
INFO: dict[str, Any] = {
    "environment": {
        "started": "2026-01-01T12:00:00+00:00", "python": "3.11.7", "system": "Linux 6.1",
        "cpu": "X", "cores": 2, "memory_gib": 15.5, "load_average": [0.1, 0.2, 0.3],
        "versions": {},
    },
    "timing": "interleaved",
    "options": {
        "threads": 1, "rounds": 0, "sample_s": 0.005, "budget_s": 5.0, "precision": 0.02, "seed": 0,
    },
    "plan": [VALUE],
}  # fmt: skip


def recorded(results: Path) -> RunFolder:
    """Return a finished run whose only cell is a value: nothing to draw."""
    folder = RunFolder.create(results, INFO)
    folder.append(VALUE | {"status": "ok", "reason": "", "route": "native"})
    folder.finish("complete")
    return folder


def test_the_path_is_returned_and_no_file_of_the_working_folder_stands_in_for_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pandas.py").write_text("raise RuntimeError('the wrong pandas')\n")
    folder = recorded(tmp_path / "my results")
    monkeypatch.chdir(tmp_path)
    path = write_report(folder.path.relative_to(tmp_path), Path("größere reports"))
    assert path == Path("größere reports") / folder.path.name / "report.html"
    assert f"run {folder.path.name}" in path.read_text("utf-8")


def test_a_report_that_cannot_be_written_says_why_and_that_the_run_is_kept(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "results")
    (tmp_path / "reports").write_text("mine")
    with pytest.raises(GradiometerError) as caught:
        write_report(folder.path, tmp_path / "reports")
    message = str(caught.value)
    assert message.startswith("No report: Cannot write the report to ")
    assert "Choose another folder with --reports." in message
    assert message.endswith(f" The run is kept in {folder.path}.")
    assert "gradiometer:" not in message
    assert "\n" not in message
