"""Puts the tables of a run into the README, between its two marks.

python benchmarks/excerpt.py latest
python benchmarks/excerpt.py 20261129-230826-e83c --results results
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pandas as pd

import gradiometer
from gradiometer.report import cases, tables
from gradiometer.report.run import Run

README = Path(__file__).resolve().parents[1] / "README.md"
MARKED = re.compile(r"(<!-- excerpt -->\n).*(<!-- /excerpt -->)", re.DOTALL)
OPERATOR = "gradient"
RANKED = "mlp/64-256-256-10x64/float64/gradient"
"""The case of which the ranking is shown."""


def excerpt(run: Run) -> str:
    """Return what the README shows of a run."""
    machine, warnings = run.info["environment"], run.info["noise"]["warnings"]
    noise = f"\nThe machine was noisy, and the run said so: {'; '.join(warnings)}." * bool(warnings)
    parts = [
        f"From the report of `make run` on {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['memory_gib']} GiB, one thread a tool. Of {len(run.records)} cells: "
        f"{tables.counts(run)}.{noise}",
        "Correct decimal digits of the gradient; `exact` is the true number itself:",
        _table(tables.upright(tables.agreement(run, OPERATOR))),
        "Time of a warm gradient call, as a multiple of the fastest method of the same function. "
        "Of small functions the call costs more than the work, of large ones (`rosenbrock 1000`, "
        "`mlp 64-256-256-10x64`) the work costs more than the call:",
        _table(tables.upright(tables.speed(run, OPERATOR))),
        f"For one of the functions, {cases.title(run, RANKED)}, with intervals:",
        _table(cases.rankings(run)[RANKED]),
    ]
    return "\n\n".join(parts) + "\n"


def _table(frame: pd.DataFrame) -> str:
    rows = [list(frame.columns), ["---"] * len(frame.columns), *frame.to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


def main() -> None:
    """Rewrite the README."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("run", help="its id, its folder, or `latest`")
    parser.add_argument("--results", default="results", help="folder that holds the runs")
    asked = parser.parse_args()
    try:
        made = excerpt(gradiometer.load(asked.run, asked.results))
    except gradiometer.GradiometerError as error:
        raise SystemExit(str(error)) from None
    text, found = MARKED.subn(lambda m: m[1] + made + m[2], README.read_text(encoding="utf-8"))
    if not found:
        raise SystemExit(f"{README} has no marks: expected <!-- excerpt --> and <!-- /excerpt -->.")
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
