"""A report is written in the formats that are asked for, whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.report.sections import Section
from gradiometer.report.writing import FORMATS, formatted

FRAME = pd.DataFrame({"x": [1.5, 2.5], "mixed": [1.0, "skipped"], "text": ["a", "=b"]})
FILES = {"html": "report.html", "md": "report.md", "csv": "kept.csv", "parquet": "kept.parquet"}


@pytest.mark.parametrize("name", FORMATS)
def test_only_what_is_asked_for_is_written(tmp_path: Path, name: str) -> None:
    where = tmp_path / "a" / "b"
    found = formatted(lambda: Section("First"), {"kept": FRAME}, where, [name])
    assert [path.name for path in where.iterdir()] == [FILES[name]]
    assert found == [where / FILES[name] if name in ("html", "md") else where]


def test_tables_read_as_they_were(tmp_path: Path) -> None:
    formatted(lambda: Section("First"), {"kept": FRAME}, tmp_path, ["csv", "parquet"])
    read = pd.read_parquet(tmp_path / "kept.parquet")
    assert read["x"].tolist() == FRAME["x"].tolist()
    assert read["mixed"].tolist() == ["1.0", "skipped"]
    assert pd.read_csv(tmp_path / "kept.csv")["text"].tolist() == ["a", "'=b"]


def test_a_format_that_there_is_not_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="pdf"):
        formatted(lambda: Section("First"), {}, tmp_path / "new", ["md", "pdf"])
    assert not (tmp_path / "new").exists()


def test_a_fresh_report_leaves_what_is_there_alone(tmp_path: Path) -> None:
    first, second = (
        formatted(lambda title=title: Section(title), {}, tmp_path / "here", ["md"], fresh=True)[0]
        for title in "ab"
    )
    assert first.read_text("utf-8").startswith("# a")
    assert re.fullmatch("here-[0-9a-f]{4}", second.parent.name)


@pytest.mark.parametrize("fresh", [False, True])
def test_where_nothing_can_be_written_the_error_says_what_to_do(
    tmp_path: Path, fresh: bool
) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(GradiometerError, match=r"^Cannot write the report to .*--reports\.$"):
        formatted(lambda: Section("First"), {}, tmp_path / "file" / "below", fresh=fresh)
