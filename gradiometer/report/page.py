"""The report of a run: its sections, made from the run's frames. Nothing is measured here.

The prose is `templates/run.md.j2`, a block a section.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import pandas as pd

from gradiometer.report import answers, cases, conclusions, markdown, scaling, tables
from gradiometer.report.charts import figures
from gradiometer.report.first_answer import figures as first_answers
from gradiometer.report.quantities import digits, duration
from gradiometer.report.sections import Cells, Figure, Part, Section, Table
from gradiometer.report.writing import USUAL, formatted
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


def write(run: RecordedRun, reports: Path, formats: Collection[str] = USUAL) -> list[Path]:
    """Write the report of a run into `reports/<run-id>`; return the paths of its main files.

    Args:
        run: The run.
        reports: Folder that holds the reports.
        formats: Of `writing.FORMATS`: `html` is one page that carries everything, `md` is Markdown
            with charts as SVG, `csv` and `parquet` are the tables.

    Raises:
        GradiometerError: If it cannot be written there.
    """
    return formatted(lambda: page(run), tables.csv(run), reports / run.id, formats)


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


def _answer(run: RecordedRun, prose: markdown.Prose) -> Section:
    return Section("The answer", ["\n".join(f"- {line}" for line in conclusions.conclusions(run))])


def _matrix(run: RecordedRun, prose: markdown.Prose) -> Section:
    """Return cells to explore; else the first derivative's times, or digits if there are none."""
    shown = [name for name in analysis.first_derivatives(run.cells) if name in run.operators]
    timed = set(cases.timed(run)["operator"])
    plain: list[str | Table | Figure] = []
    for name in shown:
        make = tables.speed if name in timed else tables.agreement
        told = prose("matrix", operator=name, timed=name in timed)
        plain += [told, *_installed(run, make(run, name), name)]
    first = run.whole_cells.loc[run.whole_cells["operator"].isin(shown), "case"]
    return Section("Matrix", [Cells(run.whole_cells, "matrix", plain, next(iter(first), ""))])


def _right(run: RecordedRun, prose: markdown.Prose) -> Section:
    below = []
    for name in _of_interest(run):
        meaning = f"{OPERATORS[name].meaning}."
        parts: list[Part] = [meaning, *figures(run, "agreement", name)]
        claims = tables.claims(run, name)
        if claims is not None:
            parts += [CLAIMS, _unless_long(claims, "As a table")]
        below.append(Section(name, parts))
    return Section("Right", [prose("right")], below)


def _fast(run: RecordedRun, prose: markdown.Prose) -> Section:
    timed = set(cases.timed(run)["operator"])
    below = [
        Section(f"{name}, time", [*figures(run, "ranking", name), *_trade_off(run, name)])
        for name in _of_interest(run)
        if name in timed
    ]
    more = [each for make in (_cold, _cost) if (each := make(run, prose))]
    told = [prose("fast"), *([] if below else ["Nothing was timed."])]
    return Section("Fast", told, [*below, *more])


def _of_interest(run: RecordedRun) -> list[str]:
    """Return the operators that differentiate; all, if none does."""
    return [name for name in run.operators if OPERATORS[name].differentiates] or run.operators


def _trade_off(run: RecordedRun, name: str) -> list[Figure]:
    """Return cost against accuracy, of derivatives alone: values are all as accurate."""
    return figures(run, "accuracy-cost", name) if OPERATORS[name].differentiates else []


def _cost(run: RecordedRun, prose: markdown.Prose) -> Section | None:
    below = [
        Section(f"{name}, in multiples of the {base}", [Table(tables.upright(cost))])
        for name, (base, _) in tables.COSTS.items()
        if (cost := tables.cost(run, name)) is not None
    ]
    return Section("Cost against the primal", [prose("cost")], below) if below else None


def _cold(run: RecordedRun, prose: markdown.Prose) -> Section | None:
    """Return what a first answer costs, and when it has paid off."""
    found = cases.largest(run)
    if not found:
        return None
    repeats = int(run.cells.loc[run.cells["case"].isin(found), "cold"].fillna(0).max())
    below = []
    for case in found:
        parts: list[Part] = [*first_answers(run, case), Table(cases.cold(run, case))]
        pays = cases.break_even(run, case)
        if pays is not None:
            parts += [
                prose("break_even"),
                Cells(run.whole_cells, "break-even", [Table(pays)], case),
            ]
        below.append(Section(cases.title(run, case), parts))
    return Section("Cold and warm", [prose("cold", repeats=repeats)], below)


def _growth(run: RecordedRun, prose: markdown.Prose) -> Section | None:
    """Return how figures grow with the number of inputs, and who overtakes whom."""
    below = []
    for name in _of_interest(run):
        parts: list[Part] = [
            figure
            for chart in ("scaling", "cost", "memory")
            for figure in figures(run, chart, name)
        ]
        if not parts:
            continue
        overtaken = scaling.crossovers(run, name)
        if overtaken is not None:
            lines = [f"- {markdown.literal(line)}." for line in scaling.sentences(run, name)]
            parts += [
                "\n".join(lines) or "The lead never changes beyond doubt.",
                _unless_long(overtaken, "Who overtakes whom"),
            ]
        slopes = scaling.slopes(run, name)
        if slopes is not None:
            parts += [prose("slopes"), Table(slopes, "Slopes")]
        below.append(Section(f"{name}, growth", parts))
    return Section("Growth", [prose("growth")], below) if below else None


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


def _environment(run: RecordedRun, prose: markdown.Prose) -> Section:
    return Section("Environment", [Table(tables.environment(run)), prose("closing")])


def _details(run: RecordedRun, prose: markdown.Prose) -> Section:
    below = [section for make in DETAILS if (section := make(run, prose))]
    return Section("Details", sections=below)


def _installed(run: RecordedRun, table: pd.DataFrame, name: str) -> list[str | Table]:
    """Return a matrix without the methods that are not installed, and the line that tells them."""
    left, told = tables.installed(run, table, name)
    return [Table(tables.upright(left)), *([markdown.literal(told)] if told else [])]


def _unless_long(frame: pd.DataFrame, summary: str) -> Table:
    """Return a table, folded away if it is long."""
    return Table(frame, summary if len(frame) > MOST_LINES else "")


def _values(run: RecordedRun, prose: markdown.Prose) -> Section | None:
    """Return the charts of what is no derivative, if there are derivatives."""
    charts = ("agreement", "ranking", "scaling")
    others = [name for name in run.operators if name not in _of_interest(run)]
    drawn = [figure for name in others for chart in charts for figure in figures(run, chart, name)]
    return Section("Values", [prose("values"), *drawn], folded=True) if drawn else None


def _tables(run: RecordedRun, prose: markdown.Prose) -> Section:
    """Return the matrices of digits and times, an operator each."""
    timed = set(cases.timed(run)["operator"])
    below = []
    for name in run.operators:
        of = {f"Correct digits, {name}": tables.agreement}
        of |= {f"Time, {name}, as a multiple of the fastest": tables.speed} if name in timed else {}
        for title, make in of.items():
            parts = _installed(run, make(run, name), name)
            below.append(Section(title, parts, folded=True))
    return Section("Tables", [prose("tables")], below)


def _ranking(run: RecordedRun, prose: markdown.Prose) -> Section | None:
    rankings, below = cases.rankings(run), []
    for problem, rows in cases.timed(run).groupby("problem", sort=False):
        ordered = [
            case for name in run.operators for case in rows.loc[rows.operator == name, "case"]
        ]
        each = [Section(cases.title(run, case), [Table(rankings[case])]) for case in ordered]
        below.append(Section(str(problem), sections=each, folded=True))
    return Section("Ranking", [prose("ranking")], below) if below else None


def _memory(run: RecordedRun, prose: markdown.Prose) -> Section | None:
    below = [
        Section(f"{cases.title(run, case)}, memory", [Table(cases.memory(run, case))])
        for case in cases.largest(run)
        if run.cases[case]["call_bytes"].notna().any()
    ]
    return Section("Memory", [prose("memory")], below) if below else None


def _answers(run: RecordedRun, prose: markdown.Prose) -> Section:
    below = [
        Section(cases.title(run, case), [Table(answers.table(run, case))], folded=True)
        for case in answers.shown(run)
    ]
    return Section("Answers", [prose("answers", empty=not below)], below)


def _records(run: RecordedRun, prose: markdown.Prose) -> Section:
    return Section("Records", [prose("records"), Cells(run.whole_cells, "list")])


DETAILS: tuple[Callable[[RecordedRun, markdown.Prose], Section | None], ...] = (
    _tables, _values, _ranking, _memory, _answers, _records,
)  # fmt: skip
"""What makes the parts of the last section."""

SECTIONS: tuple[Callable[[RecordedRun, markdown.Prose], Section | None], ...] = (
    _answer, _matrix, _right, _fast, _growth, _coverage, _environment, _details,
)  # fmt: skip
"""What makes the sections of a report, in order; None where a run has nothing of the kind."""


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
