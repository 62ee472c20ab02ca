"""What is on the disk when something goes wrong, and which of two files is believed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import records

from gradiometer.errors import GradiometerError
from gradiometer.runs.frames import read_table
from gradiometer.runs.journal import append, read_journal
from gradiometer.runs.run import Run
from gradiometer.runs.schema import samples
from gradiometer.runs.store import RunFolder

INFO = {"plan": [], "options": {}, "environment": {}}


def test_no_record_is_kept_without_the_samples_that_it_stands_on(tmp_path: Path) -> None:
    folder = RunFolder.create(tmp_path, INFO)
    folder.series.mkdir()  # where they cannot be written
    with pytest.raises(GradiometerError, match="Cannot write"):
        folder.append(records.row(**records.timed()), samples({0: 1e-6}, (), 1))
    assert (read_journal(folder.journal), folder.recorded) == (([], False), 0)
    folder.append(records.row("untimed"))
    assert [row["method"] for row in read_journal(folder.journal)[0]] == ["untimed"]


@pytest.mark.parametrize("table", ["records", "samples"])
@pytest.mark.parametrize(
    ("younger_ns", "methods"),
    [(-1, ["first", "second"]), (0, ["first"]), (1, ["first"])],
    ids=["older", "of-the-same-time", "younger"],
)
def test_a_table_is_read_unless_it_is_older_than_the_journal(
    tmp_path: Path, table: str, younger_ns: int, methods: list[str]
) -> None:
    folder = RunFolder.create(tmp_path, INFO)
    folder.append(records.row("first", **records.timed()), samples({0: 1e-6}, (), 1))
    folder.finish("interrupted")
    second = records.row("second", **records.timed())
    append(folder.series, {"case": second["case"], "method": "second"} | samples({0: 1e-6}, (), 1))
    append(folder.journal, second)
    written_ns = folder.journal.stat().st_mtime_ns
    read = folder.path / f"{table}.parquet"
    os.utime(read, ns=(written_ns + younger_ns, written_ns + younger_ns))
    assert read_table(folder.path, table)["method"].tolist() == methods
    run = Run.read(folder.path)
    shown = run.records if table == "records" else run.samples()
    assert shown["method"].tolist() == methods
