"""Keeps a run as the reference: its records, its report, and what the README shows of it.

    python benchmarks/reference.py latest

Writes `results/reference` (facts and records, no samples, no answers), `reports/reference`
(Markdown and charts), and the README between its two marks.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
from pathlib import Path

import gradiometer
from gradiometer.report import cases
from gradiometer.report.conclusions import conclusions
from gradiometer.report.page import page
from gradiometer.report.run import Run
from gradiometer.report.writing import formatted
from gradiometer.runs.facts import write_facts

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
MARKED = re.compile(r"(<!-- excerpt -->\n).*(<!-- /excerpt -->)", re.DOTALL)
NAME = "reference"
TABLE = "records.parquet"
PICTURE = "accuracy-cost-gradient.svg"
RANKED = "mlp/64-256-256-10x64/float64/gradient"
"""The case of which the ranking is shown."""


def keep(run: Run, results: Path) -> Run:
    """Copy the facts and records of a run into `results/reference`, and read them there."""
    to = results / NAME
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    shutil.copyfile(run.path / TABLE, to / TABLE)
    records = {"records": run.info["tables"]["records"]}
    write_facts(to, run.info | {"tables": records, "lines": {}})
    return Run.read(to)


def report(run: Run, reports: Path) -> None:
    """Write its Markdown and charts into `reports/reference`."""
    shutil.rmtree(reports / NAME, ignore_errors=True)
    formatted(lambda: page(run), {}, reports / NAME, ["md"])


def excerpt(run: Run) -> str:
    """Return what the README shows of a run: what it comes to, a picture, and a ranking."""
    machine, command = run.info["environment"], run.info.get("command", "make run")
    points = "\n".join(f"- {line}" for line in conclusions(run))
    links = points.replace("(#coverage)", f"(reports/{NAME}/report.md)")
    table = cases.rankings(run)[RANKED]
    rows = [list(table.columns), ["---"] * len(table.columns), *table.to_numpy().tolist()]
    parts = [
        f"`{command}` on {machine['cpu']}, {machine['cores']} cores, one thread a tool, "
        f"{machine['started'][:10]}: {run.cells['method'].nunique()} methods, "
        f"{run.cells.groupby(['problem', 'size']).ngroups} functions, {run.planned:,} cells.",
        links,
        f"![Time of a gradient against correct digits, by method](reports/{NAME}/{PICTURE})",
        f"Of one of the larger functions, {cases.title(run, RANKED)}:",
        "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows),
        f"[The whole report](reports/{NAME}/report.md); as a page that can be explored: "
        f"`gradiometer report results/{NAME} --open`.",
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Keep the run that is named, and rewrite the README."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", help="its id, its folder, or `latest`")
    parser.add_argument("--results", default="results", help="folder that holds the runs")
    asked = parser.parse_args()
    try:
        found = gradiometer.load(asked.run, Path(asked.results).resolve())
    except gradiometer.GradiometerError as error:
        raise SystemExit(str(error)) from None
    with contextlib.chdir(ROOT):  # what is kept names places from here on
        run = keep(found, Path("results"))
        report(run, Path("reports"))
    text, marks = MARKED.subn(
        lambda m: m[1] + excerpt(run) + m[2], README.read_text(encoding="utf-8")
    )
    if not marks:
        raise SystemExit(f"{README} has no marks: expected <!-- excerpt --> and <!-- /excerpt -->.")
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
