"""Writes a run's report: `report.md` with SVG charts and CSV tables, into a folder of its own.

The text is `templates/report.md.j2`; the figures come from the run's frames. Nothing is measured
here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from gradiometer.errors import GradiometerError
from gradiometer.report import charts, tables
from gradiometer.runs.run import Run


def write(run: Run, reports: Path) -> Path:
    """Write the report of a run into `reports/<run-id>`, and return the path of `report.md`.

    Raises:
        GradiometerError: If it cannot be written there.
    """
    folder = reports / run.id
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.csv(run).items():
            table.to_csv(folder / f"{name}.csv", index=False)
        drawn = _draw(run, folder)
        path = folder / "report.md"
        path.write_text(render(run, drawn), encoding="utf-8")
    except OSError as error:
        raise GradiometerError(
            f"Cannot write the report to {folder}: {error.strerror}. "
            "Choose another folder with --reports."
        ) from error
    return path


def render(run: Run, drawn: dict[str, str]) -> str:
    """Return the report as Markdown.

    Args:
        run: The run.
        drawn: Image links by chart name.
    """
    loader = PackageLoader("gradiometer.report")
    engine = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)
    text = engine.get_template("report.md.j2").render(_context(run, drawn))
    return "\n".join(_without_gaps(text.splitlines())) + "\n"


def _context(run: Run, drawn: dict[str, str]) -> dict[str, Any]:
    threads = run.info["options"]["threads"]
    cases = tables.gradient_cases(run)
    missed = run.coverage()
    return {
        "run": run,
        "paired": run.info["timing"] == "interleaved",
        "methods": run.records["method"].nunique(),
        "functions": len(run.records.groupby(["problem", "size"])),
        "cores": "core" if threads == 1 else f"{threads} cores",
        "planned": f"{run.planned:,}",
        "counts": tables.counts(run),
        "faulty": len(run.faulty),
        "worst": _worst(run),
        "floor": tables.duration(run.info.get("floor_s", float("nan"))),
        "charts": {name: drawn.get(name, "") for name in charts.CHARTS},
        "agreement": _markdown(tables.agreement(run).reset_index()),
        "speed": _markdown(tables.speed(run).reset_index()),
        "cases": [
            {"title": tables.case_title(run, c), "ranking": _markdown(tables.ranking(run, c))}
            for c in cases
        ],
        "cold": _cold(run, cases),
        "coverage": "" if missed.empty else _markdown(missed),
        "environment": _markdown(_environment(run)),
    }


def _draw(run: Run, folder: Path) -> dict[str, str]:
    links = {}
    for name, (title, chart) in charts.CHARTS.items():
        drawing = chart(run)
        if drawing is not None:
            drawing.save(str(folder / f"{name}.svg"))
            links[name] = f"![{title}]({name}.svg)"
    return links


def _worst(run: Run) -> dict[str, str] | None:
    kept = run.records[(run.records["promise"] >= 12) & (run.records["status"] == "ok")]
    if kept.empty:
        return None
    row = kept.sort_values("digits").iloc[0]
    digits = tables.digits(float(row["digits"]))
    return {"digits": digits, "method": row["method"], "case": row["case"]}


def _cold(run: Run, cases: list[str]) -> dict[str, str] | None:
    if not cases:
        return None
    n = run.records.groupby("case")["n"].max()
    largest = max(cases, key=lambda case: int(n[case]))
    table = _markdown(tables.cold(run, largest))
    return {"title": tables.case_title(run, largest), "table": table}


def _environment(run: Run) -> pd.DataFrame:
    machine, options = run.info["environment"], run.info["options"]
    sampling = f"{options['rounds']} rounds of {options['sample_s'] * 1e3:g} ms"
    facts = {
        "Machine": f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB",
        "System": f"{machine['system']}, Python {machine['python']}",
        "Started": machine["started"],
        "Load before": ", ".join(map(str, machine["load_average"])) + " (1, 5, 15 minutes)",
        "Threads a tool": str(options["threads"]),
        "Sampling": sampling if run.info["timing"] == "interleaved" else "by pytest-benchmark",
        "Seed": str(options["seed"]),
        "Versions": ", ".join(f"{k} {v}" for k, v in machine["versions"].items()),
    }
    return pd.DataFrame({"fact": list(facts), "value": list(facts.values())})


def _markdown(table: pd.DataFrame) -> str:
    return str(table.map(_escaped).to_markdown(index=False, disable_numparse=True))


def _escaped(value: object) -> object:
    if not isinstance(value, str):
        return value
    line = " ".join(value.splitlines())
    return re.sub(r"([\\|<_*`])", r"\\\1", line)


def _without_gaps(lines: list[str]) -> list[str]:
    """Return the lines with runs of empty ones reduced to one."""
    return [a for a, b in zip(lines, ["x", *lines], strict=False) if a.strip() or b.strip()]
