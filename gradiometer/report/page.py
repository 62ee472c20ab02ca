"""The report of a run: its sections, made from the run's frames. Nothing is measured here.

The prose is `templates/run.md.j2`, a block a section.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from gradiometer.report import answers, cases, markdown, tables
from gradiometer.report.charts import figures
from gradiometer.report.quantities import digits, duration
from gradiometer.report.sections import Figure, Section, Table
from gradiometer.runs import analysis, footnotes
from gradiometer.runs.run import RecordedRun
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.operators import OPERATORS

MOST_LINES = 30
"""Lines of a table beyond which it is folded away."""

CLAIMS = (
    "Some methods estimate their own errors: the digits that they claim by that stand beside those "
    "that are proven, each at the point where they are fewest."
)
"""What precedes a table of estimates."""


def write(run: RecordedRun, reports: Path) -> Path:
    """Write the report of a run into `reports/<run-id>`, and return the path of `report.md`.

    Raises:
        GradiometerError: If it cannot be written there.
    """
    return markdown.write(page(run), tables.csv(run), reports / run.id)


def page(run: RecordedRun) -> Section:
    """Return the report of a run."""
    facts = {
        "counts": tables.counts(run),
        "worst": _worst(run),
        "floor": duration(run.floor_s),
        "marks": footnotes.meanings(run.cells),
        "dtypes": list(run.cells["dtype"].unique()),
        "owed": Method.digits,
    }
    prose = markdown.Prose("gradiometer.report", "run.md.j2", run=run, **facts)
    below = [section for make in SECTIONS if (section := make(run, prose))]
    return Section(f"Differentiation methods compared: run {run.id}", [prose("opening")], below)


def _agreement(run: RecordedRun, prose: markdown.Prose) -> Section:
    below = []
    for name in run.operators:
        table = _matrix(tables.agreement(run, name))
        meaning = f"{OPERATORS[name].meaning}."
        parts: list[str | Table | Figure] = [meaning, *figures(run, "agreement", name), table]
        claims = tables.claims(run, name)
        if claims is not None:
            parts += [CLAIMS, Table(claims, "As a table" if len(claims) > MOST_LINES else "")]
        below.append(Section(name, parts))
    return Section("Agreement", [prose("agreement")], below)


def _speed(run: RecordedRun, prose: markdown.Prose) -> Section:
    timed = set(cases.timed(run)["operator"])
    below = [
        Section(f"{name}, time", [_matrix(tables.speed(run, name)), *figures(run, "ranking", name)])
        for name in run.operators
        if name in timed
    ]
    return Section("Speed", [prose("speed"), *([] if below else ["Nothing was timed."])], below)


def _ranking(run: RecordedRun, prose: markdown.Prose) -> Section | None:
    rankings, below = cases.rankings(run), []
    for problem, rows in cases.timed(run).groupby("problem", sort=False):
        ordered = [
            case for name in run.operators for case in rows.loc[rows.operator == name, "case"]
        ]
        each = [Section(cases.title(run, case), [Table(rankings[case])]) for case in ordered]
        below.append(Section(str(problem), sections=each, folded=True))
    return Section("Ranking", [prose("ranking")], below) if below else None


def _cost(run: RecordedRun, prose: markdown.Prose) -> Section | None:
    below = [
        Section(f"{name}, in multiples of the {base}", [Table(tables.upright(cost))])
        for name, (base, _) in tables.COSTS.items()
        if (cost := tables.cost(run, name)) is not None
    ]
    return Section("Cost against the primal", [prose("cost")], below) if below else None


def _scaling(run: RecordedRun, prose: markdown.Prose) -> Section | None:
    found = {name: figures(run, "scaling", name) for name in run.operators}
    below = [Section(f"{name}, scaling", drawn) for name, drawn in found.items() if drawn]
    return Section("Scaling", [prose("scaling")], below) if below else None


def _cold(run: RecordedRun, prose: markdown.Prose) -> Section | None:
    found = cases.largest(run)
    if not found:
        return None
    repeats = int(run.cells.loc[run.cells["case"].isin(found), "cold"].fillna(0).max())
    told = prose("cold", repeats=repeats, first=cases.FIRST)
    below = [Section(cases.title(run, case), [Table(cases.cold(run, case))]) for case in found]
    return Section("Cold and warm", [told], below)


def _memory(run: RecordedRun, prose: markdown.Prose) -> Section | None:
    below = [
        Section(f"{cases.title(run, case)}, memory", [Table(cases.memory(run, case))])
        for case in cases.largest(run)
        if cases.rows(run, case)["call_bytes"].notna().any()
    ]
    return Section("Memory", [prose("memory")], below) if below else None


def _coverage(run: RecordedRun, prose: markdown.Prose) -> Section:
    """Return what has no figure; if it is much, what could be expected of it is folded away."""
    missed = tables.reasons(run.coverage())
    if missed.empty:
        return Section("Coverage", ["Every planned cell has its figure."])
    folded = missed["status"].isin(analysis.EXPECTED) & (len(missed) > MOST_LINES)
    summary = (
        f"{folded.sum()} reasons why cells are {' or '.join(missed['status'][folded].unique())}"
    )
    parts = [Table(missed[~folded]), Table(missed[folded], summary)]
    shown = [table for table in parts if len(table.frame)]
    return Section("Coverage", [prose("coverage"), *shown])


def _answers(run: RecordedRun, prose: markdown.Prose) -> Section:
    below = [
        Section(cases.title(run, case), [Table(answers.table(run, case))], folded=True)
        for case in answers.shown(run)
    ]
    return Section("Answers", [prose("answers", empty=not below)], below)


def _environment(run: RecordedRun, prose: markdown.Prose) -> Section:
    return Section("Environment", [Table(tables.environment(run)), prose("closing")])


SECTIONS: tuple[Callable[[RecordedRun, markdown.Prose], Section | None], ...] = (
    _agreement, _speed, _ranking, _cost, _scaling, _cold, _memory, _answers, _coverage,
    _environment,
)  # fmt: skip
"""What makes the sections of a report, in order; None where a run has nothing of the kind."""


def _matrix(table: pd.DataFrame) -> Table:
    tall = tables.upright(table)
    return Table(tall, "As a table" if len(tall) > MOST_LINES else "")


def _worst(run: RecordedRun) -> list[dict[str, str]]:
    """Return, for each dtype, the least accurate answer that agrees.

    That is of methods that promise to be exact: as many digits as of second derivatives.
    """
    owed = {dtype: second for dtype, (_, second) in Method.digits.items()}
    known = run.cells.assign(exact=run.cells["dtype"].map(owed).astype(float))
    kept = known[(known["promise"] >= known["exact"]) & (known["status"] == "ok")]
    kept = kept.dropna(subset="digits")
    found = kept.loc[kept.groupby("dtype", sort=False)["digits"].idxmin()]
    return [
        {
            "digits": digits(float(row["digits"])),
            "promise": f"{row['exact']:g}",
            "method": row["method"],
            "case": row["case"],
        }
        for row in found.to_dict("records")
    ]
