"""A study of steps as it is read and shown: frames, a table, a chart, and a report of its own.

The prose of the report is `templates/stepsizes.md.j2`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from gradiometer.judging.agreement import digits_of
from gradiometer.report import display, markdown
from gradiometer.report.quantities import GAP, digits
from gradiometer.report.sections import Figure, Section, Table
from gradiometer.report.writing import USUAL, formatted
from gradiometer.runs.damage import find_damage
from gradiometer.runs.facts import read_info
from gradiometer.runs.frames import counted, plain_rows
from gradiometer.runs.journal import read_rows
from gradiometer.runs.schema import columns
from gradiometer.stepsizes.curve import STEPSIZE, Curve, Series
from gradiometer.vocabulary.outcome import Status

if TYPE_CHECKING:
    import altair as alt

CHART_TITLE = "Error against step, by method, with the default step and the best one found"
STEPS = ["method", "mode", "step", "error", "digits", "note"]
FIGURES = ["default_step", "default_error", "best_step", "best_error", "theory_step"]


@dataclass(frozen=True)
class StepSizes:
    """The error of each method of differences against its step, at one point of one problem.

    Attributes:
        facts: The problem, its size, number of inputs, operator, dtype, seed, machine, versions.
        curves: One a method.
        damage: What can no longer be read of the run, by the name of the journal.
    """

    facts: dict[str, Any]
    curves: Sequence[Curve]
    damage: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> StepSizes:
        """Return the study that a folder holds.

        Raises:
            GradiometerError: If `run.json` is damaged, or it is no study of steps.
        """
        info = read_info(path, STEPSIZE.experiment)
        rows = read_rows(path, STEPSIZE)
        kept = [Curve(**row | {"status": Status(row["status"])}) for row in rows]
        told = {"run": info["id"], "path": str(path), "machine": info["environment"]}
        facts = told | info["options"] | info["facts"]
        return cls(facts, kept, find_damage(path, info, STEPSIZE))

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row a method and step.

        Columns: method, mode, step (relative to max(1, |x|)), error (in the norm, relative to the
        truth; infinite where no finite answer came), digits, note (why there is no answer).
        """
        rows = [
            (curve.method, curve.mode, step, error, digits_of(error, 1.0), note)
            for curve in self.curves
            for step, error, note in zip(curve.steps, curve.errors, curve.notes, strict=True)
        ]
        table = pd.DataFrame(rows, columns=STEPS)
        return table.astype(dict.fromkeys(("step", "error", "digits"), "float64"))

    @cached_property
    def methods(self) -> pd.DataFrame:
        """One row a method: its own step, the best one found and that of theory, with errors."""
        rows = [asdict(curve) | {"status": str(curve.status)} for curve in self.curves]
        table = pd.DataFrame(rows, columns=list(STEPSIZE.columns))
        table[FIGURES] = table[FIGURES].astype("float64")
        for name in ("default", "best"):
            own = table[f"{name}_error"].map(lambda e: digits_of(e, 1.0), na_action="ignore")
            table[f"{name}_digits"] = own.astype("float64")
        return table

    @property
    def faulty(self) -> bool:
        """Whether a method failed."""
        return any(curve.faulty for curve in self.curves)

    @property
    def title(self) -> str:
        """The operator, the problem, its size, how many inputs it has, and the dtype."""
        named = " ".join(filter(None, (self.facts["problem"], self.facts["size"])))
        inputs = f"{self.facts['inputs']:,} inputs, {self.facts['dtype']}"
        return f"{self.facts['operator']} of {named} ({inputs})"

    def table(self) -> pd.DataFrame:
        """Return one row a method, as text: its own step, the best one found, that of theory."""
        return pd.DataFrame({name: self.methods[c].map(f) for name, (c, f) in SHOWN.items()})

    def reasons(self) -> list[str]:
        """Return why curves end early or are missing, one line for all of one reason."""
        told = self.methods[self.methods["reason"] != ""]
        groups = told.groupby(["status", "reason"], sort=False)["method"]
        return [f"{status}: {', '.join(names)}: {reason}" for (status, reason), names in groups]

    def chart(self) -> alt.TopLevelMixin | None:
        """Return the errors against the steps; None where no method gave an answer."""
        from gradiometer.stepsizes.chart import draw  # drawing takes long to import

        return draw(self.frame, self.methods)

    def figures(self) -> list[Figure]:
        """Return the chart as a figure of a report; none where there is nothing to draw."""
        chart = self.chart()
        title = f"{CHART_TITLE}: {self.title}"
        return [] if chart is None else [Figure("stepsizes", title, chart)]

    def page(self) -> Section:
        """Return the report: what was tried, the chart, the table, and what to know of them."""
        prose = markdown.Prose("gradiometer.stepsizes", "stepsizes.md.j2", facts=self.facts)
        opening, closing = prose("opening"), prose("closing", reasons=self.reasons())
        table = Table(self.table())
        return Section(f"Step and error: {self.title}", [opening, *self.figures(), table, closing])

    def write(
        self, reports: str | Path = "reports", formats: Collection[str] = USUAL
    ) -> list[Path]:
        """Write the report, with chart and errors; return its main files, the page first.

        The folder is `stepsize-<problem>-<time>` under `reports`.

        Raises:
            GradiometerError: If it cannot be written there.
        """
        folder = f"stepsize-{self.facts['problem']}-{datetime.now():%Y%m%d-%H%M%S}"
        tables = {"errors": self.frame, "methods": self.methods}
        return formatted(self.page, tables, Path(reports) / folder, formats, fresh=True)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data: facts, and a method's series beside its figures."""
        rows = plain_rows(self.methods)
        for row, curve in zip(rows, self.curves, strict=True):
            row["curve"] = {name: getattr(curve, name) for name in columns(Series)}
        return self.facts | {"methods": rows}

    def __repr__(self) -> str:
        return f"StepSizes({self.title}: {counted(self.methods['status'])})"

    def _repr_html_(self) -> str:
        """Show the study in a notebook: table, reasons, chart."""
        return display.shown(repr(self), self.table(), self.reasons(), self.figures())


def _step(value: float) -> str:
    return GAP if pd.isna(value) else f"{value:.1e}"


def _error(value: float) -> str:
    return "0" if value == 0.0 else "not finite" if math.isinf(value) else _step(value)


def _digits(value: float) -> str:
    return GAP if value == -math.inf else digits(value)


SHOWN: dict[str, tuple[str, Callable[[Any], str]]] = {
    "method": ("method", str),
    "default step": ("default_step", _step),
    "its error": ("default_error", _error),
    "its digits": ("default_digits", _digits),
    "best step found": ("best_step", _step),
    "error there": ("best_error", _error),
    "digits there": ("best_digits", _digits),
    "step by theory": ("theory_step", _step),
    "status": ("status", str),
}
"""The columns of the table that is shown: of which figure, and how it is written."""
