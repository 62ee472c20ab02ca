"""All runs as tables of a database in memory, over their Parquet files: asked in SQL."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gradiometer.errors import GradiometerError
from gradiometer.runs import answers
from gradiometer.runs.facts import read_info
from gradiometer.runs.frames import frame, is_whole, read_table, series_frame
from gradiometer.runs.schema import COMPARISON, Layout

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

RUNS = ["run", "experiment", "started", "state", "cpu", "cores", "python", "planned", "versions"]
"""Columns of the table of runs; `versions` is JSON."""


class Database:
    """All runs of a folder.

    Tables: `runs`; of comparisons `records`, `samples`, `answers`; of each other experiment
    `EXPERIMENT_records` and what its records stand on. All have a column `run`.

    Args:
        paths: Folders of the runs.
        layouts: How each experiment keeps its rows.

    Attributes:
        left_out: Why runs are not in it, a line each.
    """

    def __init__(self, paths: Sequence[Path], layouts: Iterable[Layout]) -> None:
        import duckdb  # which takes a while

        self._connection: DuckDBPyConnection = duckdb.connect(":memory:")
        self.left_out: list[str] = []
        self._tables = ["runs"]
        infos: dict[Path, dict[str, Any]] = {}
        for path in paths:
            try:
                infos[path] = read_info(path)
            except GradiometerError as error:
                self.left_out.append(str(error))
        runs = pd.DataFrame([_facts(path, info) for path, info in infos.items()], columns=RUNS)
        self._connection.register("runs", runs)
        for layout in layouts:
            own = {p: i for p, i in infos.items() if i["experiment"] == layout.experiment}
            for name, empty in _empty(layout).items():
                first = "" if layout is COMPARISON else f"{layout.experiment}_"
                self._add(f"{first}{name}" if name == "records" else name, name, own, layout, empty)

    def ask(self, query: str) -> pd.DataFrame:
        """Return what a query selects.

        Raises:
            GradiometerError: If it is no valid query.
        """
        import duckdb

        try:
            found: pd.DataFrame = self._connection.sql(query).df()
            return found
        except duckdb.Error as error:
            raise GradiometerError(f"The query failed: {' '.join(str(error).split())}") from error
        except AttributeError:  # a statement that selects nothing gives no relation
            raise GradiometerError("The query selects nothing: expected SELECT …") from None

    def columns(self) -> pd.DataFrame:
        """Return the tables, with their numbers of rows and their columns."""
        rows = []
        for table in self._tables:
            columns = self.ask(f'SELECT * FROM "{table}" LIMIT 0').columns
            count = int(self.ask(f'SELECT count(*) AS n FROM "{table}"')["n"].iloc[0])
            rows.append((f"{table} ({count})", ", ".join(columns)))
        return pd.DataFrame(rows, columns=["table", "columns"])

    def _add(
        self,
        shown: str,
        name: str,
        infos: dict[Path, dict[str, Any]],
        layout: Layout,
        empty: pd.DataFrame,
    ) -> None:
        """Make a view of what all runs have of a table: of files where they are as written."""
        whole = [path for path, info in infos.items() if is_whole(path, name, info)]
        others = [path for path in infos if path not in whole]
        frames = [empty.assign(run=pd.Series(dtype="str"))]
        frames += [
            read_table(path, name, infos[path], layout).assign(run=path.name)
            for path in others
            if (path / f"{name}.jsonl").exists()
        ]
        self._connection.register(f"journals of {shown}", pd.concat(frames, ignore_index=True))
        parts = [f'SELECT * FROM "journals of {shown}"']
        for path in whole:
            file = str(path / f"{name}.parquet").replace("'", "''")
            run = path.name.replace("'", "''")
            parts.append(f"SELECT *, '{run}' AS run FROM read_parquet('{file}')")
        united = " UNION ALL BY NAME ".join(parts)
        self._connection.execute(f'CREATE TEMP VIEW "{shown}" AS {united}')
        self._tables.append(shown)


def _empty(layout: Layout) -> dict[str, pd.DataFrame]:
    """Return the tables of an experiment, without rows."""
    found = {"records": frame([], layout), layout.journal: series_frame([], layout)}
    if layout is COMPARISON:
        kinds = answers.COLUMNS.items()
        found[answers.JOURNAL] = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds})
    return found


def _facts(path: Path, info: dict[str, Any]) -> dict[str, Any]:
    machine = info.get("environment", {})
    told = {name: machine.get(name) for name in ("started", "cpu", "cores", "python")}
    own = {"run": path.name, "experiment": info["experiment"], "state": info["state"]}
    versions = json.dumps(machine.get("versions", {}))
    return own | told | {"planned": len(info["plan"]), "versions": versions}
