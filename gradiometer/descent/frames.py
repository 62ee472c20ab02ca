"""A descent as it is read and shown: frames, a table, a chart, and a report of its own.

The prose of the report is `templates/descent.md.j2`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gradiometer.descent.steps import RULES
from gradiometer.descent.trajectory import CERTIFIED, DESCENT, Series, Trajectory
from gradiometer.report import display, markdown
from gradiometer.report.quantities import GAP, duration, multiple
from gradiometer.report.sections import Figure, Section, Table
from gradiometer.report.writing import USUAL, formatted
from gradiometer.runs.damage import find_damage
from gradiometer.runs.facts import read_info
from gradiometer.runs.frames import counted, plain_rows
from gradiometer.runs.journal import read_rows
from gradiometer.runs.schema import columns
from gradiometer.vocabulary.outcome import Status

if TYPE_CHECKING:
    import altair as alt

CHART_TITLE = "Loss against step and time, and drift from the certified trajectory, by rule"
STEPS = ["rule", "method", "mode", "step", "loss", "seconds", "drift"]
FIGURES = ["first_loss", "last_loss", "seconds", "ratio", "drift"]


@dataclass(frozen=True)
class Descent:
    """What every method came to, descending one problem from the same start.

    Attributes:
        facts: The problem, its size, number of inputs, rate, seed, threads, machine and versions.
        trajectories: One a rule and method, the certified one of a rule before its methods'.
        damage: What can no longer be read of the run, by the name of the journal.
    """

    facts: dict[str, Any]
    trajectories: Sequence[Trajectory]
    damage: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Descent:
        """Return the descent that a folder holds.

        Raises:
            GradiometerError: If `run.json` is damaged, or it is no descent.
        """
        info = read_info(path, DESCENT.experiment)
        rows = read_rows(path, DESCENT)
        kept = [Trajectory(**row | {"status": Status(row["status"])}) for row in rows]
        told = {"run": info["id"], "path": str(path), "machine": info["environment"]}
        shown = [t for t in kept if t.losses or t.method != CERTIFIED]
        return cls(told | info["options"] | info["facts"], shown, find_damage(path, info, DESCENT))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row a rule, method and step.

        Columns: rule, method, mode, step, loss (the method's own value), seconds (spent in
        derivative calls until then), drift (relative distance from the certified trajectory).
        """
        rows = [
            (t.rule, t.method, t.mode, step, *figures)
            for t in self.trajectories
            for step, figures in enumerate(zip(t.losses, t.seconds, t.drift, strict=True))
        ]
        return pd.DataFrame(rows, columns=STEPS)

    @cached_property
    def methods(self) -> pd.DataFrame:
        """One row a rule and method: how it ended, and its figures at the last step.

        The ratio is to the rule's fastest among those that took every step.
        """
        rows = [
            asdict(t)
            | {
                "status": str(t.status),
                "steps": t.steps,
                "first_loss": t.losses[0] if t.losses else None,
                "last_loss": t.losses[-1] if t.losses else None,
                "seconds": t.seconds[-1] if t.steps else None,
                "drift": t.drift[-1] if t.losses else None,
            }
            for t in self.trajectories
        ]
        table = pd.DataFrame(rows, columns=[*DESCENT.columns, "steps", *FIGURES])
        table[FIGURES] = table[FIGURES].astype("float64")
        whole = table["seconds"].where(table["status"] == "ok")
        table["ratio"] = whole / whole.groupby(table["rule"]).transform("min")
        return table

    @property
    def faulty(self) -> bool:
        """Whether a method disagrees or failed, where the certified trajectory goes on."""
        return any(t.faulty for t in self.trajectories)

    @property
    def title(self) -> str:
        """The problem, its size, and how many inputs it has."""
        named = " ".join(filter(None, (self.facts["problem"], self.facts["size"])))
        return f"{named} ({self.facts['inputs']:,} inputs)"

    def table(self) -> pd.DataFrame:
        """Return one row a rule and method, as text: steps, losses, time, drift, status."""
        return pd.DataFrame({name: self.methods[c].map(f) for name, (c, f) in SHOWN.items()})

    def reasons(self) -> list[str]:
        """Return why trajectories ended early, one line for all that share status and reason."""
        told = self.methods[self.methods["reason"] != ""]
        groups = told.groupby(["status", "rule", "reason"], sort=False)["method"]
        return [
            f"{status}: {rule}/{', '.join(methods)}: {reason}"
            for (status, rule, reason), methods in groups
        ]

    def chart(self) -> alt.TopLevelMixin | None:
        """Return loss against step and time, and drift; None where no method took a step."""
        from gradiometer.descent.chart import draw  # drawing takes long to import

        return draw(self.frame, {rule: self.heading(rule) for rule in RULES})

    def figures(self) -> list[Figure]:
        """Return the chart as a figure of a report; none where there is nothing to draw."""
        chart = self.chart()
        return [] if chart is None else [Figure("descent", CHART_TITLE, chart)]

    def page(self) -> Section:
        """Return the report: the rules, the chart, the table, and what to know of them."""
        prose = markdown.Prose("gradiometer.descent", "descent.md.j2")
        rules = {self.heading(rule.name): rule.formula for rule in RULES.values()}
        opening = prose("opening", rules=rules)
        closing = prose("closing", facts=self.facts, reasons=self.reasons())
        table = Table(self.table())
        return Section(f"Descending {self.title}", [opening, *self.figures(), table, closing])

    def write(
        self, reports: str | Path = "reports", formats: Collection[str] = USUAL
    ) -> list[Path]:
        """Write the report, with chart and trajectories; return its main files, the page first.

        The folder is `descend-<problem>-<time>` under `reports`.

        Raises:
            GradiometerError: If it cannot be written there.
        """
        folder = f"descend-{self.facts['problem']}-{datetime.now():%Y%m%d-%H%M%S}"
        tables = {"trajectories": self.frame, "methods": self.methods}
        return formatted(self.page, tables, Path(reports) / folder, formats, fresh=True)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data: facts, and a trajectory's series beside its figures."""
        rows = plain_rows(self.methods)
        for row, trajectory in zip(rows, self.trajectories, strict=True):
            row["trajectory"] = {name: getattr(trajectory, name) for name in columns(Series)}
        return self.facts | {"methods": rows}

    def heading(self, rule: str) -> str:
        """Return a rule's name, with its rate if it takes one."""
        rate = self.facts["rate"]
        return f"{rule}, η = {rate:.3g}" if RULES[rule].rated and rate is not None else rule

    def __repr__(self) -> str:
        return f"Descent({self.title}: {counted(self.methods['status'])})"

    def _repr_html_(self) -> str:
        """Show the descent in a notebook: table, reasons, chart."""
        return display.shown(repr(self), self.table(), self.reasons(), self.figures())


def _loss(value: float) -> str:
    return GAP if pd.isna(value) else f"{value:.6g}"


def _drift(value: float) -> str:
    return GAP if pd.isna(value) else f"{value:.1e}" if value else "0"


SHOWN: dict[str, tuple[str, Callable[[Any], str]]] = {
    "rule": ("rule", str),
    "method": ("method", str),
    "steps": ("steps", str),
    "first loss": ("first_loss", _loss),
    "last loss": ("last_loss", _loss),
    "in derivatives": ("seconds", duration),
    "× fastest, one measurement": ("ratio", multiple),
    "final drift": ("drift", _drift),
    "status": ("status", str),
}
"""The columns of the table that is shown: of which figure, and how it is written."""
