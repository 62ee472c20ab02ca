"""Journals: files of one row a line, of which whatever ends a run leaves all whole lines."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from gradiometer.errors import GradiometerError
from gradiometer.runs.schema import COMPARISON, Layout, Row, dump, parse


def append(file: Path, row: Row) -> None:
    """Add a row, and make sure it has left this process."""
    with file.open("a", encoding="utf-8") as stream:
        stream.write(dump(row) + "\n")


def cut_half_line(file: Path) -> None:
    """Cut a half-written line off a journal's end."""
    data = file.read_bytes() if file.exists() else b""
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with file.open("r+b") as stream:
            stream.truncate(whole)


def read_journal(
    file: Path, layout: Layout = COMPARISON, required: Collection[str] = ("status",)
) -> tuple[list[Row], bool]:
    """Return the rows, and whether a half-written last line was left out.

    Args:
        file: The journal.
        layout: How the experiment keeps its rows.
        required: What each row has beside its key.

    Raises:
        GradiometerError: If a line that is not the last cannot be read.
    """
    text = read_text(file)
    lines = text.removesuffix("\n").split("\n") if text else []
    rows = []
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(parse(line, layout, required))
        except ValueError as error:
            if number == len(lines):
                return rows, True
            told = f"{file}, line {number}: {error}. The file was edited."
            raise GradiometerError(told) from error
    return rows, False


def read_series(
    path: Path, records: Iterable[Row], layout: Layout = COMPARISON
) -> dict[tuple[str, ...], Row]:
    """Return what the records of a run stand on, by their keys.

    Of a record that was made again the last series counts, of one without a figure none.

    Args:
        path: The run's folder.
        records: Its records.
        layout: How the experiment keeps them.

    Raises:
        GradiometerError: If a line that is not the last cannot be read.
    """
    file = path / f"{layout.journal}.jsonl"
    figure = layout.figure
    counted = {layout.name(r) for r in records if not figure or r.get(figure) is not None}
    lines = read_journal(file, layout, required=())[0] if file.exists() else []
    return {layout.name(line): line for line in lines if layout.name(line) in counted}


def read_statuses(file: Path) -> list[str]:
    """Return how each record ended, whatever the experiment.

    Raises:
        GradiometerError: If a line that is not the last cannot be read.
    """
    rows, _ = read_journal(file, replace(COMPARISON, key=()))
    return [str(row["status"]) for row in rows]


def read_text(file: Path) -> str:
    """Return a file's text.

    Raises:
        GradiometerError: If it cannot be read.
    """
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError as error:
        raise GradiometerError(f"Cannot read {file}: {error.strerror}.") from error
