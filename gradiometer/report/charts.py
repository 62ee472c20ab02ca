"""The charts of a report, one definition each, over the run's own frames."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt
import numpy as np
import pandas as pd

from gradiometer.report import marks
from gradiometer.report.quantities import digits
from gradiometer.report.sections import Figure
from gradiometer.runs import analysis, footnotes
from gradiometer.runs.run import RecordedRun

DECADES = [10.0**k for k in range(10)]
TICKS = [digit * decade for decade in DECADES for digit in (1, 2, 3, 5)]
RATIOS = ["ratio", "ratio_low", "ratio_high"]


def figures(run: RecordedRun, name: str, operator: str) -> list[Figure]:
    """Return a chart of `CHARTS` as a figure of a report; none where there is nothing to draw."""
    title, draw = CHARTS[name]
    chart = draw(run, operator)
    return [] if chart is None else [Figure(f"{name}-{operator}", title.format(operator), chart)]


def agreement(run: RecordedRun, operator: str) -> alt.TopLevelMixin | None:
    """Return a heat map: digits of what is `ok`, statuses of the rest; the longer axis down."""
    table = _of(run, operator)
    if table.empty:
        return None
    right = table["status"] == "ok"
    shown = table["digits"].where(right)
    words = shown.map(digits, na_action="ignore").astype(object)
    table["text"] = words.fillna(table["status"].mask(right, analysis.ZERO))
    table["text"] += (
        analysis.translated(table).map({True: footnotes.TRANSLATED, False: ""}).where(right, "")
    )
    table["level"] = shown.clip(lower=0, upper=16)
    missing = table["status"].isin(analysis.EXPECTED)
    table["end"] = np.select([right, missing], [marks.RIGHT, marks.MISSING], marks.WRONG)
    across, down = "label", "method"
    if table[across].nunique() > table[down].nunique():
        across, down = down, across
    names = alt.Axis(labelAngle=-35, orient="top", labelLimit=220)
    columns, rows = (list(table[name].unique()) for name in (across, down))
    base = alt.Chart(table[["label", "method", "text", "level", "end"]]).encode(
        x=alt.X(f"{across}:N", title=None, sort=columns, axis=names),
        y=alt.Y(f"{down}:N", title=None, sort=rows, axis=alt.Axis(labelLimit=220)),
    )
    tiles, ends = base.mark_rect(stroke="white"), alt.datum.end != marks.RIGHT
    colored = tiles.encode(color=marks.digits_color())
    marked = tiles.encode(color=marks.end_color()).transform_filter(ends)
    dark = (alt.datum.end == marks.WRONG) | (alt.datum.level > 9)
    light = alt.when(dark).then(alt.value("white")).otherwise(alt.value("#444"))
    size = alt.when(ends).then(alt.value(8)).otherwise(alt.value(10))
    texts = base.mark_text().encode(text="text:N", color=light, size=size)
    layers = alt.layer(colored, marked, texts).resolve_scale(color="independent")
    return marks.styled(layers, width=58 * len(columns), height=18 * len(rows))


def ranking(run: RecordedRun, operator: str) -> alt.TopLevelMixin | None:
    """Return times as multiples of the fastest, with 95% intervals, a panel a problem and dtype.

    Of each the largest size that was timed is shown.
    """
    table = analysis.timed(analysis.largest(_of(run, operator)))
    variants = analysis.variant(table).nunique()
    table = table.assign(method=footnotes.named(table), order=_order(table))
    table = table[[*RATIOS, "label", "method", "mode", "order"]].dropna(subset="ratio")
    if table.empty:
        return None
    low, top = float(table[RATIOS].min().min()), float(table[RATIOS].max().max())
    scale = marks.log_scale(min(0.7, 0.9 * low), max(20.0, 1.2 * top))
    axis = alt.Axis(values=DECADES, format="~s", labelOverlap=True)
    x = alt.X("ratio:Q", scale=scale, axis=axis, title="× fastest (log scale)")
    y = alt.Y("method:N", title=None, sort=alt.EncodingSortField("order", order="ascending"))
    base = alt.Chart().encode(y=y, color=marks.mode_color())
    points = base.mark_point(filled=True, size=45, opacity=1).encode(x=x)
    bars = base.mark_rule(strokeWidth=2).encode(x="ratio_low:Q", x2="ratio_high:Q")
    most = int(table.groupby("label")["method"].nunique().max())
    panel = alt.layer(bars, points, data=table)
    panel = panel.properties(width=210, height=marks.LINE * max(3, most))
    panels = alt.Facet("label:N", title=None, sort=list(table["label"].unique()))
    columns = 3 if variants < 2 else variants
    return marks.styled(panel.facet(panels, columns=columns).resolve_scale(y="independent"))


def scaling(run: RecordedRun, operator: str) -> alt.TopLevelMixin | None:
    """Return times against the number of inputs, a panel a problem of several sizes and dtype."""
    table = analysis.timed(_of(run, operator))
    table = table.assign(series=analysis.series(table), method=footnotes.named(table))
    table = table[["series", "method", "mode", "n", "time_s"]]
    table = table[table.groupby("series")["n"].transform("nunique") > 2].astype({"n": float})
    if table.empty:
        return None
    panels = list(table["series"].unique())
    named = pd.concat(_named(table[table["series"] == name]) for name in panels)
    header = alt.Header(labelFontWeight="bold", labelAnchor="start")
    panel = _lines().properties(data=named, width=marks.WIDTH, height=marks.HEIGHT)
    each = alt.Facet("series:N", title=None, sort=panels, header=header)
    columns, spacing = min(2, len(panels)), {"column": 130, "row": 30}
    drawn = panel.facet(each, columns=columns, spacing=spacing)
    return marks.styled(drawn.resolve_scale(x="independent", y="independent"))


CHARTS: dict[str, tuple[str, Callable[[RecordedRun, str], alt.TopLevelMixin | None]]] = {
    "agreement": ("Correct digits, {}, by method and function", agreement),
    "ranking": ("Time, {}, as a multiple of the fastest method, by function", ranking),
    "scaling": ("Time, {}, against the number of inputs, by problem", scaling),
}
"""The charts of a report by name: what each shows of an operator, and how to draw it."""


def _of(run: RecordedRun, operator: str) -> pd.DataFrame:
    chosen = run.cells[run.cells["operator"] == operator]
    return chosen.assign(label=analysis.label(chosen))


def _order(table: pd.DataFrame) -> pd.Series[int]:
    """Return the places of rows: by ratio, translated methods behind all others."""
    keys = table.assign(apart=analysis.translated(table)).sort_values(["apart", "ratio"])
    return pd.Series(range(len(keys)), index=keys.index)


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
    """Return a panel's times, with the place of each method's name beside its last one."""
    ends = table.sort_values("n").groupby("method").tail(1)
    domain = (table["time_s"].min(), table["time_s"].max())
    return marks.placed(table, ends, "time_s", domain, marks.HEIGHT)
