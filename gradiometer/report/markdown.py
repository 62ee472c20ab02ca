"""Writes sections as Markdown: `report.md`, with charts as SVG and tables as CSV beside it."""

from __future__ import annotations

import html
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from gradiometer.errors import GradiometerError
from gradiometer.report.prose import literal
from gradiometer.report.sections import Figure, Section, Table

MOST_TEXT = 2000
"""Characters of a table beyond which its columns are not aligned in the source."""


def write(
    report: Section, tables: Mapping[str, pd.DataFrame], folder: Path, *, fresh: bool = False
) -> Path:
    """Write a report and the tables beside it into a folder; return the path of `report.md`.

    Args:
        report: The outermost section.
        tables: What is kept as CSV, by name.
        folder: Made where it is missing.
        fresh: Whether to leave an existing folder alone, and write into one of a longer name.

    Raises:
        GradiometerError: If it cannot be written there.
    """
    try:
        if fresh and folder.exists():
            folder = folder.with_name(f"{folder.name}-{secrets.token_hex(2)}")
        folder.mkdir(parents=True, exist_ok=not fresh)
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False)
        for figure in report.figures():
            figure.chart.save(str(folder / _file(figure)))
        path = folder / "report.md"
        path.write_text(render(report), encoding="utf-8")
    except OSError as error:
        raise GradiometerError(
            f"Cannot write the report to {folder}: {error.strerror}. "
            "Choose another folder with --reports."
        ) from error
    return path


def render(report: Section) -> str:
    """Return a report as Markdown, with links to its figures."""
    return _section(report, 1) + "\n"


def _section(section: Section, level: int) -> str:
    text = "\n\n".join(_blocks(section, level))
    if section.folded:
        return _folded(section.title, text)
    return f"{'#' * level} {literal(section.title)}\n\n{text}"


def _blocks(section: Section, level: int) -> Iterator[str]:
    for part in section.parts:
        if isinstance(part, Table):
            text = _table(part.frame)
            yield _folded(part.summary, text) if part.summary else text
        else:
            yield f"![{literal(part.title)}]({_file(part)})" if isinstance(part, Figure) else part
    for below in section.sections:
        yield _section(below, level + 1)


def _folded(summary: str, text: str) -> str:
    shown = html.escape(summary, quote=False)
    return f"<details>\n<summary>{shown}</summary>\n\n{text}\n\n</details>"


def _table(frame: pd.DataFrame) -> str:
    escaped = frame.map(lambda value: literal(value) if isinstance(value, str) else value)
    text = str(escaped.to_markdown(index=False, disable_numparse=True))
    return re.sub(r" +\|", " |", re.sub(r"-{3,}", "---", text)) if len(text) > MOST_TEXT else text


def _file(figure: Figure) -> str:
    return f"{figure.name}.svg"
