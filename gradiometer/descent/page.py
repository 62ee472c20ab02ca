"""Writes a descent's page: `report.md` with its chart and CSV tables, into a folder of its own."""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from gradiometer.descent.steps import RULES
from gradiometer.errors import GradiometerError

if TYPE_CHECKING:
    from gradiometer.descent.frames import Descent


def write(descent: Descent, reports: Path) -> Path:
    """Write a descent into `reports/descend-<problem>-<time>`; return the path of `report.md`.

    Raises:
        GradiometerError: If it cannot be written there.
    """
    name = f"descend-{descent.facts['problem']}-{datetime.now():%Y%m%d-%H%M%S}"
    folder = reports / name
    try:
        if folder.exists():  # two in one second
            folder = reports / f"{name}-{secrets.token_hex(2)}"
        folder.mkdir(parents=True)
        descent.frame.to_csv(folder / "trajectories.csv", index=False)
        descent.methods.to_csv(folder / "methods.csv", index=False)
        chart = descent.chart()
        if chart is not None:
            chart.save(str(folder / "descent.svg"))
        page = folder / "report.md"
        page.write_text(render(descent, drawn=chart is not None), encoding="utf-8")
    except OSError as error:
        raise GradiometerError(
            f"Cannot write the report to {folder}: {error.strerror}. "
            "Choose another folder with --reports."
        ) from error
    return page


def render(descent: Descent, *, drawn: bool) -> str:
    """Return the page as Markdown; `drawn` tells whether the chart stands beside it."""
    loader = PackageLoader("gradiometer.descent")
    engine = Environment(loader=loader, undefined=StrictUndefined, keep_trailing_newline=True)
    table = descent.table().map(_escaped)
    return engine.get_template("descent.md.j2").render(
        title=descent.title,
        facts=descent.facts,
        rules={descent.heading(rule.name): rule.formula for rule in RULES.values()},
        table=table.to_markdown(index=False, disable_numparse=True),
        reasons=[_escaped(line) for line in descent.reasons()],
        drawn=drawn,
    )


def _escaped(text: str) -> str:
    return re.sub(r"([\\|<_*`])", r"\\\1", " ".join(text.splitlines()))
