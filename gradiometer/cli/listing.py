"""`gradiometer list`: problems, methods, operators, recorded runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gradiometer.cli.output import print_json, print_table, stdout
from gradiometer.plugins import loader as registries
from gradiometer.runs.store import read_info, read_journal, run_folders
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.problem import Problem


def problems(plugins: Sequence[Path], json: bool) -> None:
    """List the problems: sizes with their scalar inputs, outputs, derivatives written by hand."""
    _print(
        "Problems",
        [
            {
                "name": p.name,
                "sizes": [label for label in p.labels if label],
                "inputs": _inputs(p),
                "outputs": list(p.output_names),
                "by_hand": list(p.derivatives),
                "formula": p.fault or p.summary,
                "source": p.source,
            }
            for p in registries.load(plugins).problems.values()
        ],
        json,
        hidden=("source",),
    )


def _inputs(problem: Problem) -> list[int | None]:
    """Return how many scalar inputs each size has; None where the point cannot be drawn."""
    return [None if problem.fault else _count(problem, label) for label in problem.labels]


def _count(problem: Problem, label: str) -> int | None:
    try:
        return problem.point(label).n
    except Exception:  # a problem's own code: `show` tells what it raises
        return None


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


def operators(json: bool) -> None:
    """List the operators."""
    _print(
        "Operators",
        [
            {
                "name": o.name,
                "of": "scalar problems" if o.of_scalars else "all problems",
                "takes": o.direction or None,
                "what": o.meaning,
            }
            for o in OPERATORS.values()
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
    headings = [c.replace("_", " ") for c in columns]
    print_table(stdout(), title, headings, [[_text(row[c]) for c in columns] for row in rows])


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or "–"
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:g}"
    return "–" if value is None else str(value)
