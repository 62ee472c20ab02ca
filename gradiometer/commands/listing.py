"""`gradiometer list`: problems, methods, recorded runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradiometer import plugins as registries
from gradiometer.commands.output import print_json, print_table, stdout
from gradiometer.runs.store import read_info, read_journal, run_folders


def problems(plugins: Sequence[Path], json: bool) -> None:
    """List the problems."""
    _print(
        "Problems",
        [
            {
                "name": p.name,
                "sizes": [label for label in p.labels if label],
                "backprop": p.backward is not None,
                "formula": p.fault or p.summary,
                "source": p.source,
            }
            for p in registries.load(plugins).problems.values()
        ],
        json,
        hidden=("backprop", "source"),
    )


def methods(plugins: Sequence[Path], json: bool) -> None:
    """List the methods."""
    _print(
        "Methods",
        [
            {
                "name": m.name,
                "mode": m.mode,
                "digits": m.digits,
                "available": not (m.missing or m.fault),
                "about": m.fault or m.missing or (type(m).__doc__ or "").partition("\n")[0],
            }
            for m in registries.load(plugins).methods.values()
        ],
        json,
    )


def runs(results: Path, json: bool) -> None:
    """List the recorded runs."""
    rows = []
    for path in run_folders(results):
        info = read_info(path)
        records, _ = read_journal(path / "records.jsonl")
        planned = len(info["plan"]["cases"]) * len(info["plan"]["methods"])
        rows.append(
            {
                "run": path.name,
                "started": info.get("environment", {}).get("started", "–"),
                "state": info["state"],
                "planned": planned,
                "recorded": len(records),
                "ok": sum(r["status"] == "ok" for r in records),
            }
        )
    _print("Runs", rows, json)


def _print(
    title: str, rows: Sequence[dict[str, Any]], json: bool, hidden: Sequence[str] = ()
) -> None:
    if json:
        print_json(rows)
        return
    if not rows:
        stdout().print(f"No {title.lower()} yet.")
        return
    columns = [c for c in rows[0] if c not in hidden]
    print_table(stdout(), title, columns, [[_text(row[c]) for c in columns] for row in rows])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value) or "–"
    return f"{value:g}" if isinstance(value, float) else str(value)
