"""The charts of a report, one definition each, over the run's own frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from gradiometer.report.tables import digits
from gradiometer.runs import analysis
from gradiometer.runs.run import Run

Chart = alt.Chart | alt.LayerChart | alt.FacetChart | alt.ConcatChart
MODES = ["manual", "numerical", "symbolic", "forward", "reverse"]
DECADES = [10.0**k for k in range(10)]
TICKS = [digit * decade for decade in DECADES for digit in (1, 2, 3, 5)]
MODE_COLORS = ["#1b1b1b", "#e08214", "#7b3294", "#1b9e77", "#2166ac"]
LINE = 13
"""Pixels from one line of small text to the next."""

WIDTH, HEIGHT = 300, 21 * LINE
"""Pixels of a panel of lines, high enough for the names of all methods."""

RATIOS = ["ratio", "ratio_low", "ratio_high"]


def agreement(run: Run, operator: str) -> Chart | None:
    """Return a heat map of digits, with statuses where there are none; the longer axis down."""
    table = _of(run, operator)
    if table.empty:
        return None
    shown = table["digits"].where(table["status"].isin(["ok", "disagrees"]))
    table["text"] = shown.map(_shown).fillna(table["status"].replace("ok", analysis.ZERO))
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
    tiles = base.mark_rect(stroke="white").encode(
        color=alt.Color("level:Q", scale=scale, title="correct digits")
    )
    words = base.mark_text().encode(text="text:N", color=_text_color(), size=_text_size())
    return _styled(tiles + words, width=58 * len(columns), height=18 * len(rows))


def ranking(run: Run, operator: str) -> Chart | None:
    """Return times as multiples of the fastest, with 95% intervals, a panel a problem.

    Of each problem the largest size that was timed is shown.
    """
    table = analysis.largest(_of(run, operator))
    table = table.loc[table["ratio"].notna(), [*RATIOS, "label", "method", "mode"]]
    if table.empty:
        return None
    ratios = table[RATIOS].to_numpy()
    low, top = float(np.nanmin(ratios)), float(np.nanmax(ratios))
    x = alt.X(
        "ratio:Q",
        scale=alt.Scale(type="log", domain=[min(0.7, 0.9 * low), max(20.0, 1.2 * top)], nice=False),
        axis=alt.Axis(values=DECADES, format="~s", labelOverlap=True),
        title="× fastest (log scale)",
    )
    y = alt.Y("method:N", title=None, sort=alt.EncodingSortField("ratio", order="ascending"))
    color = _mode_color()
    points = alt.Chart().mark_point(filled=True, size=45, opacity=1).encode(x=x, y=y, color=color)
    bars = (
        alt.Chart()
        .mark_rule(strokeWidth=2)
        .encode(x="ratio_low:Q", x2="ratio_high:Q", y=y, color=color)
    )
    most = int(table.groupby("label")["method"].nunique().max())
    facets = alt.layer(bars, points, data=table).properties(width=210, height=LINE * max(3, most))
    return _styled(
        facets.facet(
            alt.Facet("label:N", title=None, sort=list(table["label"].unique())), columns=3
        ).resolve_scale(y="independent")
    )


def scaling(run: Run, operator: str) -> Chart | None:
    """Return times against the number of inputs, a panel for each problem of several sizes."""
    table = _of(run, operator)
    table = table.loc[table["time_s"].notna(), ["problem", "method", "mode", "n", "time_s"]]
    table = table[table.groupby("problem")["n"].transform("nunique") > 2].astype({"n": float})
    if table.empty:
        return None
    problems = list(table["problem"].unique())
    named = pd.concat(_named(table[table["problem"] == name]) for name in problems)
    header = alt.Header(labelFontWeight="bold", labelAnchor="start")
    facets = _lines().properties(data=named, width=WIDTH, height=HEIGHT)
    return _styled(
        facets.facet(
            alt.Facet("problem:N", title=None, sort=problems, header=header),
            columns=min(2, len(problems)),
            spacing={"column": 130, "row": 30},
        ).resolve_scale(x="independent", y="independent")
    )


CHARTS: dict[str, tuple[str, Callable[[Run, str], Chart | None]]] = {
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
    x = alt.X(
        "n:Q",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(values=TICKS, format=",", labelOverlap=True, labelSeparation=12),
        title="scalar inputs (log scale)",
    )
    y = alt.Y(
        "time_s:Q",
        scale=alt.Scale(type="log", nice=False),
        axis=_durations(),
        title="time a call (log scale)",
    )
    color = _mode_color()
    lines = alt.Chart().encode(x=x, y=y, color=color, detail="method:N")
    names = alt.Chart().encode(color=color).transform_filter("isValid(datum.place)")
    leaders = names.mark_rule(strokeWidth=0.5, opacity=0.6).encode(
        x=x, y=y, x2=alt.value(WIDTH + 12), y2="place:Q"
    )
    words = names.mark_text(align="left", fontSize=10).encode(
        x=alt.value(WIDTH + 15), y="place:Q", text="method:N"
    )
    panel: alt.LayerChart = (
        leaders + lines.mark_line() + lines.mark_point(filled=True, opacity=1) + words
    )
    return panel


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Return a problem's times, with the place of each method's name beside its last one.

    Names stand in the order in which the lines end, a line of text apart.
    """
    ends = table.sort_values("n").groupby("method").tail(1).sort_values("time_s")
    places = np.log(ends["time_s"].to_numpy())
    low, high = np.log(table["time_s"].min()), np.log(table["time_s"].max())
    apart = (high - low) * LINE / HEIGHT
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + apart)
    places[-1] = min(places[-1], high)
    for i in reversed(range(len(places) - 1)):
        places[i] = min(places[i], places[i + 1] - apart)
    return table.assign(place=pd.Series(np.exp(places), index=ends.index))


def _shown(value: Any) -> str | None:
    return None if pd.isna(value) else digits(value)


def _durations() -> alt.Axis:
    """Return an axis of decades that reads 1 µs, 10 µs, …."""
    return alt.Axis(
        values=[10.0**k for k in range(-9, 4)],
        labelExpr="replace(format(datum.value, '~s'), /([µmn]?)$/, ' $1s')",
    )


def _text_color() -> Any:
    return alt.when(alt.datum.level > 9).then(alt.value("white")).otherwise(alt.value("#444"))


def _text_size() -> Any:
    """Return the size of a cell's text: small for words."""
    return alt.when(alt.expr.length(alt.datum.text) > 6).then(alt.value(8)).otherwise(alt.value(10))


def _mode_color() -> alt.Color:
    return alt.Color(
        "mode:N",
        scale=alt.Scale(domain=MODES, range=MODE_COLORS),
        title="mode",
        legend=alt.Legend(orient="top"),
    )


def _styled(chart: Any, **size: Any) -> Chart:
    styled: Chart = (
        chart.properties(**size).configure_view(stroke=None).configure(background="white")
    )
    return styled
