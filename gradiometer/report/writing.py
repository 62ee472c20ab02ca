"""Writes a report in the formats that are asked for: each renderer needs nothing but sections."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import pandas as pd

from gradiometer.errors import UnknownName
from gradiometer.report import markdown, webpage
from gradiometer.report.sections import Section
from gradiometer.report.spreadsheet import as_csv
from gradiometer.runs.store import writing

FORMATS = ("html", "md", "csv", "parquet")
"""The formats of a report: one page, Markdown with SVG, and its tables."""

USUAL = ("html", "md", "csv")
"""Those that are written where none is named."""


def formatted(
    make: Callable[[], Section],
    tables: Mapping[str, pd.DataFrame],
    folder: Path,
    formats: Collection[str] = USUAL,
    *,
    fresh: bool = False,
) -> list[Path]:
    """Write a report and its tables into a folder; return its main files, the page first.

    Args:
        make: Makes the outermost section, if it is needed.
        tables: What is kept as CSV or Parquet, by name.
        folder: Made where it is missing.
        formats: Of `FORMATS`.
        fresh: Whether to leave an existing folder alone, and write into one of a longer name.

    Raises:
        UnknownName: If there is no such format.
        GradiometerError: If it cannot be written there.
    """
    for name in formats:
        if name not in FORMATS:
            raise UnknownName("format", name, FORMATS)
    if fresh and folder.exists():
        folder = folder.with_name(f"{folder.name}-{secrets.token_hex(2)}")
    found = []
    with writing(f"the report to {folder}", "Choose another folder with --reports."):
        folder.mkdir(parents=True, exist_ok=not fresh)
        report = make() if {"html", "md"} & {*formats} else Section("")
        if "html" in formats:
            found.append(webpage.write(report, tables, folder))
        if "md" in formats:
            found.append(markdown.write(report, folder))
        for name, table in tables.items():
            if "csv" in formats:
                (folder / f"{name}.csv").write_text(as_csv(table), encoding="utf-8")
            if "parquet" in formats:
                _of_one_type(table).to_parquet(folder / f"{name}.parquet", index=False)
    return found or [folder]


def _of_one_type(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose columns Parquet can hold: numbers among texts are texts."""
    mixed = [name for name in table.columns if table[name].dtype == object]
    return table.astype(dict.fromkeys(mixed, "str"))
