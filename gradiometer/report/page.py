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
from gradiometer.vocabulary.operators import OPERATORS

MOST_LINES = 30
"""Lines of a table beyond which it is folded away."""

MOST_TEXT = 2000
"""Characters of a table beyond which its columns are not aligned in the source."""

EXPECTED = ["skipped", "unsupported", "not-installed"]
"""Statuses that are no surprise: folded away where there are many."""


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


def render(run: Run, drawn: dict[str, dict[str, str]]) -> str:
    """Return the report as Markdown.

    Args:
        run: The run.
        drawn: Image links by operator and chart name.
    """
    loader = PackageLoader("gradiometer.report")
    engine = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)
    text = engine.get_template("report.md.j2").render(_context(run, drawn))
    return "\n".join(_without_gaps(text.splitlines())) + "\n"


def _context(run: Run, drawn: dict[str, dict[str, str]]) -> dict[str, Any]:
    threads = run.info["options"]["threads"]
    rankings = tables.rankings(run)
    operators = [_operator(run, name, drawn.get(name, {})) for name in run.operators]
    return {
        "run": run,
        "paired": run.info["timing"] == "interleaved",
        "methods": run.cells["method"].nunique(),
        "functions": len(run.cells.groupby(["problem", "size"])),
        "cores": "core" if threads == 1 else f"{threads} cores",
        "planned": f"{run.planned:,}",
        "counts": tables.counts(run),
        "faulty": len(run.faulty),
        "warnings": run.warnings,
        "worst": _worst(run),
        "floor": tables.duration(run.floor_s),
        "operators": operators,
        "derived": bool(tables.derived(run).any()),
        "costs": _costs(run),
        "rankings": _by_problem(run, rankings),
        **_largest(run, list(rankings)),
        "coverage": _coverage(run.coverage()),
        "environment": _markdown(_environment(run)),
    }


def _operator(run: Run, name: str, links: dict[str, str]) -> dict[str, Any]:
    """Return what a report shows of one operator."""
    return {
        "name": name,
        "meaning": OPERATORS[name].meaning,
        "timed": bool(run.cells.loc[run.cells["operator"] == name, "time_s"].notna().any()),
        "agreement": _matrix(tables.agreement(run, name)),
        "speed": _matrix(tables.speed(run, name)),
        "charts": {chart: links.get(chart, "") for chart in charts.CHARTS},
    }


def _matrix(table: pd.DataFrame) -> dict[str, Any]:
    tall = tables.upright(table)
    return {"text": _markdown(tall), "long": len(tall) > MOST_LINES}


def _costs(run: Run) -> list[dict[str, str]]:
    """Return the tables of costs that theory bounds, where the run has them."""
    found = {name: tables.cost(run, name) for name in tables.COSTS if name in run.operators}
    return [
        {
            "title": f"{name}, in multiples of the {tables.COSTS[name][0]}",
            "table": _markdown(tables.upright(table)),
        }
        for name, table in found.items()
        if table is not None
    ]


def _by_problem(run: Run, rankings: dict[str, pd.DataFrame]) -> dict[str, list[dict[str, str]]]:
    """Return the ranking of every case, problem by problem, in each operator by operator."""
    found: dict[str, list[dict[str, str]]] = {case.partition("/")[0]: [] for case in rankings}
    for operator in run.operators:
        for case in [case for case in rankings if tables.operator_of(case) == operator]:
            shown = {"title": tables.case_title(run, case), "table": _markdown(rankings[case])}
            found[case.partition("/")[0]].append(shown)
    return found


def _coverage(missed: pd.DataFrame) -> dict[str, Any]:
    """Return what has no figure: in one table, or what could be expected apart if it is much."""
    expected = missed["status"].isin(EXPECTED)
    apart = len(missed) > MOST_LINES
    shown, folded = missed[~(expected & apart)], missed[expected & apart]
    return {
        "any": len(missed) > 0,
        "shown": _markdown(shown) if len(shown) else "",
        "folded": _markdown(folded) if len(folded) else "",
        "count": len(folded),
    }


def _draw(run: Run, folder: Path) -> dict[str, dict[str, str]]:
    links: dict[str, dict[str, str]] = {}
    for operator in run.operators:
        links[operator] = {}
        for name, (title, chart) in charts.CHARTS.items():
            drawing = chart(run, operator)
            if drawing is not None:
                file = f"{name}-{operator}.svg"
                drawing.save(str(folder / file))
                links[operator][name] = f"![{title.format(operator)}]({file})"
    return links


def _worst(run: Run) -> dict[str, str] | None:
    kept = run.records[(run.records["promise"] >= 11) & (run.records["status"] == "ok")]
    if kept.empty:
        return None
    row = kept.sort_values("digits").iloc[0]
    digits = tables.digits(float(row["digits"]))
    return {"digits": digits, "method": row["method"], "case": row["case"]}


def _largest(run: Run, cases: list[str]) -> dict[str, Any]:
    """Return the cold figures and the memory of the first operator's case with the most inputs."""
    timed = {tables.operator_of(case) for case in cases}
    first = next((name for name in run.operators if name in timed), None)
    if first is None:
        return {"cold": None, "memory": None}
    n = run.records.groupby("case")["n"].max().fillna(0)
    cases = [case for case in cases if tables.operator_of(case) == first]
    case = max(cases, key=lambda each: int(n[each]))
    rows = run.records[run.records["case"] == case]
    return {
        "cold": {
            "title": tables.case_title(run, case),
            "operator": first,
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
    text = str(table.map(_escaped).to_markdown(index=False, disable_numparse=True))
    return re.sub(r" +\|", " |", re.sub(r"-{3,}", "---", text)) if len(text) > MOST_TEXT else text


def _escaped(value: object) -> object:
    if not isinstance(value, str):
        return value
    line = " ".join(value.splitlines())
    return re.sub(r"([\\|<_*`])", r"\\\1", line)


def _without_gaps(lines: list[str]) -> list[str]:
    """Return the lines with runs of empty ones reduced to one."""
    return [a for a, b in zip(lines, ["x", *lines], strict=False) if a.strip() or b.strip()]
