"""The journals of a run as pandas frames, each column of one type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from gradiometer.runs import answers
from gradiometer.runs.journal import read_journal, read_series
from gradiometer.runs.schema import COMPARISON, Layout, Row, columns

DTYPES: dict[type, Any] = {str: "str", bool: "bool", int: "Int64", float: "float64"}


def frame(rows: Sequence[Row], layout: Layout = COMPARISON) -> pd.DataFrame:
    """Return records as a frame, each column of one type: text, or numbers with gaps."""
    return _typed(pd.DataFrame(rows, columns=list(layout.columns)), layout.columns)


def series_frame(lines: Iterable[Row], layout: Layout = COMPARISON) -> pd.DataFrame:
    """Return series as a frame: a row an item, beside the key of the record that stands on it."""
    kinds = dict.fromkeys(layout.key, str) | columns(layout.series)
    listed = [name for name, kind in kinds.items() if get_args(kind)]
    filled = [line for line in lines if line[listed[0]]]
    table = pd.DataFrame(filled, columns=list(kinds)).explode(listed, ignore_index=True)
    items = {name: (*get_args(kind), kind)[0] for name, kind in kinds.items()}
    return _typed(table, items).rename(columns=dict(layout.singular))


def tables(path: Path, layout: Layout = COMPARISON) -> dict[str, pd.DataFrame]:
    """Return the tables of what a run's journals hold, by name."""
    rows, _ = read_journal(path / "records.jsonl", layout)
    series = read_series(path, rows, layout).values()
    records = frame(rows, layout)
    found = {"records": records, layout.journal: series_frame(series, layout)}
    if (path / f"{answers.JOURNAL}.jsonl").exists():
        found[answers.JOURNAL] = answers.table(path, records)
    return found


def read_table(path: Path, name: str, layout: Layout = COMPARISON) -> pd.DataFrame:
    """Return a table of a run: as it was written, which reads faster, or from the journals.

    Args:
        path: The run's folder.
        name: `records`, or the name of the layout's series.
        layout: How the experiment keeps its rows.
    """
    table, journal = path / f"{name}.parquet", path / "records.jsonl"
    if table.exists() and journal.exists():
        found = pd.read_parquet(table)
        younger = table.stat().st_mtime_ns >= journal.stat().st_mtime_ns
        if younger and (name != "records" or list(found.columns) == list(layout.columns)):
            return found
    return tables(path, layout)[name]


def _typed(table: pd.DataFrame, kinds: Mapping[str, Any]) -> pd.DataFrame:
    filled = {
        name: table[name].to_numpy(object, na_value="") if kind is str else table[name]
        for name, kind in kinds.items()
    }
    return pd.DataFrame({name: pd.array(filled[name], DTYPES[kinds[name]]) for name in kinds})
