"""The journals of a run as pandas frames, each column of one type."""

from __future__ import annotations

import hashlib
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


def series_rows(table: pd.DataFrame, layout: Layout = COMPARISON) -> list[Row]:
    """Return the series that a frame was made of, with their keys: what `series_frame` undoes."""
    kinds = columns(layout.series)
    named = table.rename(columns={one: many for many, one in layout.singular.items()})
    listed = [name for name, kind in kinds.items() if get_args(kind)]
    single = [name for name in kinds if name not in listed]
    rows = []
    for key, group in named.groupby(list(layout.key), sort=False):
        row = dict(zip(layout.key, key, strict=True))
        row |= {name: group[name].astype(object).iloc[0] for name in single}
        rows.append(row | {name: group[name].astype(object).tolist() for name in listed})
    return rows


def tables(path: Path, layout: Layout = COMPARISON) -> dict[str, pd.DataFrame]:
    """Return the tables of what a run's journals hold, by name."""
    rows = read_journal(path / "records.jsonl", layout).rows
    series = read_series(path, rows, layout).values()
    records = frame(rows, layout)
    found = {"records": records, layout.journal: series_frame(series, layout)}
    if (path / f"{answers.JOURNAL}.jsonl").exists():
        found[answers.JOURNAL] = answers.table(path, records)
    return found


def plain_rows(table: pd.DataFrame) -> list[Row]:
    """Return a frame's rows as plain data; gaps are None."""
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def counted(words: pd.Series[str]) -> str:
    """Return how often each word occurs, the commonest first: `240 ok, 12 skipped`."""
    return ", ".join(f"{count} {word}" for word, count in words.value_counts().items())


def write_tables(path: Path, layout: Layout = COMPARISON) -> dict[str, str]:
    """Write the tables of a run's journals as Parquet; return the SHA-256 of each, by name."""
    made = {}
    for name, table in tables(path, layout).items():
        draft = path / f"{name}.parquet.new"
        table.to_parquet(draft, index=False)
        made[name] = sha256(draft)
        draft.replace(path / f"{name}.parquet")
    return made


def read_table(
    path: Path, name: str, info: Mapping[str, Any], layout: Layout = COMPARISON
) -> pd.DataFrame:
    """Return a table of a run: as it was written, which reads faster, or from the journals.

    Args:
        path: The run's folder.
        name: `records`, the name of the layout's series, or `answers`.
        info: What `run.json` says.
        layout: How the experiment keeps its rows.
    """
    if is_whole(path, name, info):
        found = pd.read_parquet(path / f"{name}.parquet")
        if name != "records":
            return found
        later = {column: text for column, text in layout.added.items() if column not in found}
        found = found.assign(**later)
        if set(found.columns) == set(layout.columns):
            return _typed(found, layout.columns)
    return tables(path, layout)[name]


def is_whole(path: Path, name: str, info: Mapping[str, Any]) -> bool:
    """Return whether a table is there, as it was written when the run ended."""
    file, written = path / f"{name}.parquet", info.get("tables", {}).get(name)
    return file.exists() and sha256(file) == written


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _typed(table: pd.DataFrame, kinds: Mapping[str, Any]) -> pd.DataFrame:
    filled = {
        name: table[name].to_numpy(object, na_value="") if kind is str else table[name]
        for name, kind in kinds.items()
    }
    return pd.DataFrame({name: pd.array(filled[name], DTYPES[kinds[name]]) for name in kinds})
