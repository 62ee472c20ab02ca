"""The answers that a run keeps: methods' own numbers beside the certified ones.

A third journal, with a line a cell. Names and certified components of an answer that is kept whole
stand once a case, in a line without a method; where they are the cell's own, of the worst
components of a large answer say, in its own line. Runs from before there were answers have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from gradiometer.judging.kept import Kept
from gradiometer.runs.journal import read_journal
from gradiometer.runs.schema import Layout, Row, record

JOURNAL = "answers"
"""Name of the journal, and of the table."""

COLUMNS: dict[str, Any] = {
    "case": "str", "method": "str", "place": "int64", "component": "str", "certified": "float64",
    "value": "float64", "error": "float64", "wrong": "bool",
}  # fmt: skip
"""The table's columns: a row a component of a cell; `place` counts the answer's components."""

FACTS = ["problem", "size", "dtype", "operator"]
"""What names a case in a table."""

OF_CASE = ("places", "names", "certified")
"""What the cells of a case share, where answers are kept whole."""


@dataclass(frozen=True)
class Line:
    """A line of the journal, beside the key: what `Kept` says, in part or wholly."""

    places: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    certified: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)


LAYOUT = Layout("comparison", ("case", "method"), (Line,), Line, JOURNAL)


class Answers:
    """Makes the lines of a journal, each case's own line once."""

    def __init__(self) -> None:
        self._told: dict[str, Row] = {}

    def lines(self, case: str, method: str, kept: Kept | None) -> list[Row]:
        """Return the lines of a cell; none of one that gave no answer."""
        if kept is None:
            return []
        row = record(kept) | {"wrong": [i for i, wrong in enumerate(kept.wrong) if wrong]}
        return self.of_row({"case": case, "method": method} | row)

    def of_row(self, row: Row) -> list[Row]:
        """Return the lines of a cell of which everything is known."""
        shared, case = {name: row[name] for name in OF_CASE}, row["case"]
        own = {name: value for name, value in row.items() if name not in shared}
        if row["places"] == list(range(len(row["places"]))) and case not in self._told:
            self._told[case] = shared
            return [{"case": case, "method": ""} | shared, own]
        return [own if self._told.get(case) == shared else row]


def read(path: Path) -> dict[tuple[str, ...], Row]:
    """Return every kept answer in a run's folder, with all that is known of it, by case and method.

    Of what was written again the last counts. Cells of a case whose own line cannot be read have
    none.
    """
    file = path / f"{JOURNAL}.jsonl"
    found: dict[tuple[str, ...], Row] = {}
    shared: dict[str, Row] = {}
    for line in read_journal(file, LAYOUT, required=()).rows:
        if line["method"]:
            found[LAYOUT.name(line)] = shared.get(line["case"], {}) | line
        else:
            shared[line["case"]] = {name: line[name] for name in OF_CASE}
    return {name: row for name, row in found.items() if row.keys() >= set(OF_CASE)}


def table(path: Path, records: pd.DataFrame) -> pd.DataFrame:
    """Return a run's answers as a frame, from its journal.

    Args:
        path: The run's folder.
        records: The run's records; answers without one are left out.
    """
    found = read(path)
    cells = zip(records["case"], records["method"], strict=True)
    found = {name: found[name] for name in cells if name in found}
    frames = [_frame(row) for row in found.values()]
    empty = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in COLUMNS.items()})
    return pd.concat(frames, ignore_index=True).astype(COLUMNS) if frames else empty


def rows_of(table: pd.DataFrame) -> list[Row]:
    """Return the lines of the journal that a frame was made of: what `table` undoes."""
    rows = []
    for (case, method), group in table.groupby(list(LAYOUT.key), sort=False):
        named = {"places": "place", "names": "component", "certified": "certified"}
        named |= {"values": "value", "errors": "error"}
        lists = {name: group[column].tolist() for name, column in named.items()}
        wrong = [i for i, is_wrong in enumerate(group["wrong"]) if is_wrong]
        rows.append({"case": case, "method": method} | lists | {"wrong": wrong})
    return rows


def wide(answers: pd.DataFrame, cells: pd.DataFrame) -> pd.DataFrame:
    """Return answers with a row a component, and each method's numbers beside the certified one.

    Columns: problem, size, dtype, operator, component, certified, and for each method its value
    and, as `METHOD error`, the bound on its error. What a method did not answer, or what is not
    kept of it, is a gap.

    Args:
        answers: As `table` returns them.
        cells: The run's cells, by whose order rows and columns are ordered.
    """
    rows = ["case", "place", "component"]
    facts = cells.drop_duplicates("case").set_index("case")[FACTS]
    found = answers.drop_duplicates(rows).join(facts, on="case")
    found = found[["case", *FACTS, "place", "component", "certified"]]
    index = pd.MultiIndex.from_frame(found[rows])
    for method in cells["method"].unique():
        own = answers[answers["method"] == method].set_index(rows)
        if len(own):
            figures = own[["value", "error"]].reindex(index).to_numpy()
            found[method], found[f"{method} error"] = figures.T
    order = {case: i for i, case in enumerate(facts.index)}
    found = found.assign(case=found["case"].map(order)).sort_values(["case", "place"])
    return found.drop(columns=["case", "place"]).reset_index(drop=True)


def _frame(row: Mapping[str, Any]) -> pd.DataFrame:
    wrong = set(row["wrong"])
    count = len(row["values"])
    columns = (
        row["case"], row["method"], row["places"], row["names"], row["certified"], row["values"],
        row["errors"], [i in wrong for i in range(count)],
    )  # fmt: skip
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
