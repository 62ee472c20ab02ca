"""The charts of a report, one definition each, over the run's own frames."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt
import pandas as pd

from gradiometer.report import marks
from gradiometer.report.quantities import digits
from gradiometer.report.sections import Figure
from gradiometer.runs import analysis
from gradiometer.runs.run import Run

DECADES = [10.0**k for k in range(10)]
TICKS = [digit * decade for decade in DECADES for digit in (1, 2, 3, 5)]
RATIOS = ["ratio", "ratio_low", "ratio_high"]


def figures(run: Run, name: str, operator: str) -> list[Figure]:
    """Return a chart of `CHARTS` as a figure of a report; none where there is nothing to draw."""
    title, draw = CHARTS[name]
    chart = draw(run, operator)
    return [] if chart is None else [Figure(f"{name}-{operator}", title.format(operator), chart)]


def agreement(run: Run, operator: str) -> alt.TopLevelMixin | None:
    """Return a heat map of digits, with statuses where there are none; the longer axis down."""
    table = _of(run, operator)
    if table.empty:
        return None
    shown = table["digits"].where(table["status"].isin(["ok", "disagrees"]))
    words = shown.map(digits, na_action="ignore").astype(object)
    table["text"] = words.fillna(table["status"].replace("ok", analysis.ZERO))
    table["level"] = shown.clip(lower=0, upper=16)
    across, down = "label", "method"
    if table[across].nunique() > table[down].nunique():
        across, down = down, across
    names = alt.Axis(labelAngle=-35, orient="top", labelLimit=220)
    columns, rows = (list(table[name].unique()) for name in (across, down))
    base = alt.Chart(table[["label", "method", "text", "level"]]).encode(
        x=alt.X(f"{across}:N", title=None, sort=columns, axis=names),
        y=alt.Y(f"{down}:N", title=None, sort=rows, axis=alt.Axis(labelLimit=220)),
    )
    scale = alt.Scale(scheme="yellowgreenblue", domain=[0, 16])
    level = alt.Color("level:Q", scale=scale, title="correct digits")
    light = alt.when(alt.datum.level > 9).then(alt.value("white")).otherwise(alt.value("#444"))
    long = alt.expr.length(alt.datum.text) > 6  # a status
    size = alt.when(long).then(alt.value(8)).otherwise(alt.value(10))
    tiles = base.mark_rect(stroke="white").encode(color=level)
    texts = base.mark_text().encode(text="text:N", color=light, size=size)
    return marks.styled(tiles + texts, width=58 * len(columns), height=18 * len(rows))


def ranking(run: Run, operator: str) -> alt.TopLevelMixin | None:
    """Return times as multiples of the fastest, with 95% intervals, a panel a problem.

    Of each problem the largest size that was timed is shown.
    """
    table = analysis.largest(_of(run, operator))
    table = table.loc[table["ratio"].notna(), [*RATIOS, "label", "method", "mode"]]
    if table.empty:
        return None
    low, top = float(table[RATIOS].min().min()), float(table[RATIOS].max().max())
    scale = marks.log_scale(min(0.7, 0.9 * low), max(20.0, 1.2 * top))
    axis = alt.Axis(values=DECADES, format="~s", labelOverlap=True)
    x = alt.X("ratio:Q", scale=scale, axis=axis, title="× fastest (log scale)")
    y = alt.Y("method:N", title=None, sort=alt.EncodingSortField("ratio", order="ascending"))
    base = alt.Chart().encode(y=y, color=marks.mode_color())
    points = base.mark_point(filled=True, size=45, opacity=1).encode(x=x)
    bars = base.mark_rule(strokeWidth=2).encode(x="ratio_low:Q", x2="ratio_high:Q")
    most = int(table.groupby("label")["method"].nunique().max())
    panel = alt.layer(bars, points, data=table)
    panel = panel.properties(width=210, height=marks.LINE * max(3, most))
    panels = alt.Facet("label:N", title=None, sort=list(table["label"].unique()))
    return marks.styled(panel.facet(panels, columns=3).resolve_scale(y="independent"))


def scaling(run: Run, operator: str) -> alt.TopLevelMixin | None:
    """Return times against the number of inputs, a panel for each problem of several sizes."""
    table = _of(run, operator)
    table = table.loc[table["time_s"].notna(), ["problem", "method", "mode", "n", "time_s"]]
    table = table[table.groupby("problem")["n"].transform("nunique") > 2].astype({"n": float})
    if table.empty:
        return None
    problems = list(table["problem"].unique())
    named = pd.concat(_named(table[table["problem"] == name]) for name in problems)
    header = alt.Header(labelFontWeight="bold", labelAnchor="start")
    panel = _lines().properties(data=named, width=marks.WIDTH, height=marks.HEIGHT)
    each = alt.Facet("problem:N", title=None, sort=problems, header=header)
    columns, spacing = min(2, len(problems)), {"column": 130, "row": 30}
    panels = panel.facet(each, columns=columns, spacing=spacing)
    return marks.styled(panels.resolve_scale(x="independent", y="independent"))


CHARTS: dict[str, tuple[str, Callable[[Run, str], alt.TopLevelMixin | None]]] = {
    "agreement": ("Correct digits, {}, by method and function", agreement),
    "ranking": ("Time, {}, as a multiple of the fastest method, by function", ranking),
    "scaling": ("Time, {}, against the number of inputs, by problem", scaling),
}
"""The charts of a report by name: what each shows of an operator, and how to draw it."""


def _of(run: Run, operator: str) -> pd.DataFrame:
    chosen = run.cells[run.cells["operator"] == operator]
    return chosen.assign(label=analysis.label(chosen))


def _lines() -> alt.LayerChart:
    """Return lines of methods, and their names to the right of the panel."""
    scale = marks.log_scale()
    axis = alt.Axis(values=TICKS, format=",", labelOverlap=True, labelSeparation=12)
    x = alt.X("n:Q", scale=scale, axis=axis, title="scalar inputs (log scale)")
    title = "time a call (log scale)"
    y = alt.Y("time_s:Q", scale=scale, axis=marks.durations(), title=title)
    lines = marks.by_method(x=x, y=y)
    points = lines.mark_point(filled=True, opacity=1)
    panel: alt.LayerChart = marks.names_beside(x, y) + lines.mark_line() + points
    return panel


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Return a problem's times, with the place of each method's name beside its last one."""
    ends = table.sort_values("n").groupby("method").tail(1)
    domain = (table["time_s"].min(), table["time_s"].max())
    return marks.placed(table, ends, "time_s", domain, marks.HEIGHT)
