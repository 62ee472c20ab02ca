"""Journals: files of one row a line, of which whatever ends a run leaves all whole lines.

Each line ends with a checksum of what stands before it. A line that is not what was written is left
out and counted: what is read of a journal is what was measured, or it is said what is missing.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from gradiometer.errors import GradiometerError
from gradiometer.runs.schema import COMPARISON, Layout, Row, dump, parse

MARK = ', "crc32": "'
"""What stands before a line's checksum, the last of its entries."""


@dataclass
class Journal:
    """What can be read of a journal.

    Attributes:
        file: Where it is.
        rows: The rows of its whole lines.
        broken: Numbers of the lines that cannot be read, or are not what was written.
        cut: Whether it ends in a half-written line, as it does when its process is killed.
    """

    file: Path
    rows: list[Row] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    cut: bool = False

    @property
    def damage(self) -> str:
        """How many lines are broken, and which; empty if none is."""
        if not self.broken:
            return ""
        shown = ", ".join(map(str, self.broken[:5])) + ", …" * (len(self.broken) > 5)
        lines = "line" if len(self.broken) == 1 else "lines"
        return f"{self.file.name}: {len(self.broken)} broken {lines} ({shown})"


def line_of(row: Row) -> str:
    """Return a row as a line of a journal: strict JSON with a checksum (CRC-32, as in zlib)."""
    text = dump(row)
    return f'{text[:-1]}{MARK}{_checksum(text)}"}}\n'


def append(file: Path, row: Row) -> None:
    """Add a row, and make sure it has left this process."""
    with file.open("a", encoding="utf-8") as stream:
        stream.write(line_of(row))


def cut_half_line(file: Path) -> None:
    """Cut a half-written line off a journal's end."""
    data = file.read_bytes() if file.exists() else b""
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        with file.open("r+b") as stream:
            stream.truncate(whole)


def read_journal(
    file: Path, layout: Layout = COMPARISON, required: Collection[str] = ("status",)
) -> Journal:
    """Return what can be read of a journal; of a file that is not there, nothing.

    Args:
        file: The journal.
        layout: How the experiment keeps its rows.
        required: What each row has beside its key.

    Raises:
        GradiometerError: If it is there, and cannot be opened.
    """
    found = Journal(file)
    for number, line, whole in _lines(file):
        try:
            found.rows.append(parse(_checked(line), layout, required))
        except ValueError:
            if whole:
                found.broken.append(number)
            else:
                found.cut = True
    return found


def read_rows(path: Path, layout: Layout) -> list[Row]:
    """Return the records of a run, each with the series that it stands on."""
    records = read_journal(path / "records.jsonl", layout).rows
    series = read_series(path, records, layout)
    return [row | series.get(layout.name(row), {}) for row in records]


def read_series(
    path: Path, records: Iterable[Row], layout: Layout = COMPARISON
) -> dict[tuple[str, ...], Row]:
    """Return what the records of a run stand on, by their keys.

    Of a record that was made again the last series counts, of one without a figure none.

    Args:
        path: The run's folder.
        records: Its records.
        layout: How the experiment keeps them.
    """
    figure = layout.figure
    counted = {layout.name(r) for r in records if not figure or r.get(figure) is not None}
    lines = read_journal(path / f"{layout.journal}.jsonl", layout, required=()).rows
    return {layout.name(line): line for line in lines if layout.name(line) in counted}


def read_statuses(file: Path) -> list[str]:
    """Return how each record ended, whatever the experiment."""
    return [str(row["status"]) for row in read_journal(file, replace(COMPARISON, key=())).rows]


def mend(file: Path, layout: Layout, further: Iterable[Row] = ()) -> None:
    """Rewrite a journal without what is broken in it, which is kept beside it, in `*.broken`.

    Args:
        file: The journal.
        layout: How the experiment keeps its rows.
        further: Rows that are added to it.
    """
    kept, broken = [], []
    for _, line, _ in _lines(file):
        try:
            parse(_checked(line), layout, ())
            kept.append(f"{line}\n")
        except ValueError:
            broken.append(f"{line}\n")
    if broken:
        with file.with_name(f"{file.name}.broken").open("a", encoding="utf-8") as stream:
            stream.writelines(broken)
    draft = file.with_name(f"{file.name}.new")
    draft.write_text("".join([*kept, *map(line_of, further)]), encoding="utf-8")
    draft.replace(file)


def count_lines(path: Path) -> dict[str, int]:
    """Return the number of lines of each journal in a folder, by name."""
    found = {}
    for file in sorted(path.glob("*.jsonl")):
        with file.open("rb") as stream:
            found[file.stem] = sum(1 for _ in stream)
    return found


def read_text(file: Path) -> str:
    """Return a file's text.

    Raises:
        GradiometerError: If it cannot be read.
    """
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError as error:
        raise GradiometerError(f"Cannot read {file}: {error.strerror}.") from error


def _lines(file: Path) -> Iterator[tuple[int, str, bool]]:
    """Yield the lines of a journal, with their numbers, and whether their ends were written."""
    text = read_text(file) if file.exists() else ""
    *lines, last = text.split("\n")
    for number, line in enumerate(lines, start=1):
        yield number, line, True
    if last:
        yield len(lines) + 1, last, False


def _checked(line: str) -> str:
    """Return a line without its checksum; lines of older versions have none.

    Raises:
        ValueError: If the line is not what was written.
    """
    before, mark, told = line.rpartition(MARK)
    if not mark:
        return line
    text = before + "}"
    if told != f'{_checksum(text)}"}}':
        raise ValueError("the checksum is another")
    return text


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode('utf-8')):08x}"
