"""What is on the disk when something goes wrong, and which of two files is believed."""

from __future__ import annotations

from pathlib import Path

import pytest
import records

from gradiometer.errors import GradiometerError
from gradiometer.report.run import Run
from gradiometer.runs.journal import append, read_journal
from gradiometer.runs.schema import samples
from gradiometer.runs.store import RunFolder

INFO = {"plan": [], "options": {}, "environment": {}}


def test_no_record_is_kept_without_the_samples_that_it_stands_on(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, INFO)
    folder.series.mkdir()  # where they cannot be written
    with pytest.raises(GradiometerError, match="Cannot write"):
        folder.append(records.row(**records.timed()), samples({0: 1e-6}, (), 1))
    assert (read_journal(folder.journal).rows, folder.recorded) == ([], 0)
    folder.append(records.row("untimed"))
    assert [row["method"] for row in read_journal(folder.journal).rows] == ["untimed"]


@pytest.mark.parametrize("table", ["records", "samples"])
@pytest.mark.parametrize("changed", [False, True], ids=["as-written", "changed"])
def test_a_table_is_read_while_it_is_what_was_written(
    tmp_path: Path, table: str, changed: bool
) -> None:
    folder = RunFolder.create(tmp_path, INFO)
    folder.append(records.row("first", **records.timed()), samples({0: 1e-6}, (), 1))
    folder.finish("interrupted")
    second = records.row("second", **records.timed())
    append(folder.series, {"case": second["case"], "method": "second"} | samples({0: 1e-6}, (), 1))
    append(folder.journal, second)
    if changed:
        with (folder.path / f"{table}.parquet").open("ab") as file:
            file.write(b"more")
    run = Run.read(folder.path)
    shown = run.records if table == "records" else run.samples()
    assert shown["method"].tolist() == (["first", "second"] if changed else ["first"])


def test_tables_of_a_run_that_was_taken_up_do_not_count(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, INFO)
    folder.append(records.row("first"))
    folder.finish("interrupted")
    again, _ = RunFolder.reopen(folder.path)
    again.append(records.row("second"))
    assert Run.read(folder.path).records["method"].tolist() == ["first", "second"]
