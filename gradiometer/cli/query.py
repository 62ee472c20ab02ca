"""`gradiometer query`: SQL over all runs."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from typer import Argument, Option

from gradiometer.cli import options as shared
from gradiometer.cli.output import as_text, print_frame, print_json, say, stderr, stdout

app = typer.Typer()


@app.command(
    epilog='Examples: `gradiometer query "select method, median(ratio) from records group by '
    'method order by 2"`; `gradiometer query "select run, cpu, state from runs" --csv`; '
    "`gradiometer query` lists the tables."
)
def query(
    select: Annotated[str, Argument(help="The query; without one, the tables are listed.")] = "",
    csv: Annotated[bool, Option("--csv", help="Print CSV.")] = False,
    results: shared.Results = shared.RESULTS,
    json: shared.Json = False,
) -> None:
    """Ask all recorded runs in SQL (DuckDB's), over their Parquet files.

    Tables: runs; of comparisons records, samples, answers; of other experiments descent_records,
    steps, stepsize_records, curves, versions_records, processes. All have a column run. Units are
    in the names of columns.
    """
    from gradiometer.cli.experiments import layouts
    from gradiometer.runs.frames import plain_rows
    from gradiometer.runs.query import Database
    from gradiometer.runs.store import run_folders

    database = Database(run_folders(results), layouts())
    for line in database.left_out:
        say(stderr(), f"Left out: {line}")
    found = database.ask(select) if select.strip() else database.columns()
    if json:
        print_json([{k: _plain(v) for k, v in row.items()} for row in plain_rows(found)])
    elif csv:
        sys.stdout.write(found.to_csv(index=False))
    else:
        shown = found.astype(object).where(found.notna(), None)
        title = f"{len(found)} rows" if select.strip() else "Tables (rows)"
        print_frame(stdout(), title, shown.map(lambda v: as_text(_plain(v))))


def _plain(value: object) -> object:
    """Return a value of a database as JSON has it."""
    if hasattr(value, "tolist"):
        return value.tolist()
    return value if isinstance(value, str | int | float | bool | list | dict | None) else str(value)
