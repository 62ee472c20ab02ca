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
        "warnings": run.warnings,
        "worst": _worst(run),
        "floor": tables.duration(run.floor_s),
        "charts": {name: drawn.get(name, "") for name in charts.CHARTS},
        "agreement": _markdown(tables.agreement(run).reset_index()),
        "speed": _markdown(tables.speed(run).reset_index()),
        "cases": [
            {"title": tables.case_title(run, c), "ranking": _markdown(tables.ranking(run, c))}
            for c in cases
        ],
        **_largest(run, cases),
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


def _largest(run: Run, cases: list[str]) -> dict[str, Any]:
    """Return the cold figures and the memory of the case with the most inputs."""
    if not cases:
        return {"cold": None, "memory": None}
    n = run.records.groupby("case")["n"].max()
    case = max(cases, key=lambda each: int(n[each]))
    rows = run.records[run.records["case"] == case]
    return {
        "cold": {
            "title": tables.case_title(run, case),
            "table": _markdown(tables.cold(run, case)),
            "first": tables.first_to_start(run, case),
            "repeats": 0 if rows["cold"].isna().all() else int(rows["cold"].max()),
        },
        "memory": None if rows["call_bytes"].isna().all() else _markdown(tables.memory(run, case)),
    }


def _environment(run: Run) -> pd.DataFrame:
    machine, options = run.info["environment"], run.info["options"]
    sampling = (
        f"rounds of {options['sample_s'] * 1e3:g} ms a method, until every ratio is known within "
        f"±{options['precision']:.0%} or {options['budget_s']:g} s are spent"
    )
    facts = {
        "Machine": f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB",
        "System": f"{machine['system']}, Python {machine['python']}",
        "Started": machine["started"],
        "Load before": ", ".join(map(str, machine["load_average"])) + " (1, 5, 15 minutes)",
        "Threads a tool": str(options["threads"]),
        "Sampling": sampling if run.info["timing"] == "interleaved" else "by pytest-benchmark",
        "Noise": _noise(run.info.get("noise", {})),
        "Seed": str(options["seed"]),
        "Versions": ", ".join(f"{k} {v}" for k, v in machine["versions"].items()),
    }
    return pd.DataFrame({"fact": list(facts), "value": list(facts.values())})


def _noise(noise: dict[str, Any]) -> str:
    parts = []
    if noise.get("spread") is not None:
        parts.append(f"a fixed piece of work varied by {noise['spread']:.1%} (interquartile range)")
    if noise.get("others") is not None:
        parts.append(f"other processes used {noise['others']:.1%} of the cores' time")
    if noise.get("efficiency") is not None:
        parts.append(f"{noise['efficiency']:.0%} of the rounds' time was spent in timed calls")
    if noise.get("calm") is not None:
        parts.append(f"the machine was undisturbed in {noise['calm']:.0%} of the rounds")
    return "; ".join(parts) or "not measured"


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
