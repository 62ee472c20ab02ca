"""The chart of a study of steps: error against step, a line a method, on logarithmic axes."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from gradiometer.report import marks

COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#1b1b1b", "#e69f00", "#56b4e9"]
"""Colours of lines that colour-blind readers tell apart, too: Okabe and Ito's, without yellow,
which is too light for a line."""

DASHES = [[1, 0], [6, 3], [2, 2], [9, 3, 2, 3], [4, 1], [12, 4]]
"""Dashes of lines, of another number than colours: where lines lie on each other, both are seen."""

DEFAULT, BEYOND, BEST = "default step", "default step, further left", "best step found"
SHAPES = {DEFAULT: "circle", BEYOND: "triangle-left", BEST: "diamond"}
"""What is marked on the lines, and how."""

EXACT, MOST = 1e-17, 1e2
"""Where an error of zero is drawn, and the end of the axis: from 1 on no digit is right."""

WIDTH, HEIGHT = 620, 400


def draw(frame: pd.DataFrame, methods: pd.DataFrame) -> alt.TopLevelMixin | None:
    """Return the chart, or None where no method gave an answer.

    Args:
        frame: One row a method and step, with columns method, step and error.
        methods: One row a method, with columns method, default_step, default_error, best_step and
            best_error.
    """
    lines = _drawn(frame[["method", "step", "error"]])
    if lines["error"].isna().all():
        return None
    low = float(frame["step"].min())
    points = _marked(methods, low)
    names = [name for name in methods["method"] if name in set(lines["method"])]
    least = float(pd.concat([lines["error"], points["error"]]).min())
    high = max(MOST, 10.0 * least)
    x = _axis(alt.X, "step", "step, relative to max(1, |x|) (log scale)", low, 1.0)
    title = "error, relative to the truth (log scale; 0 drawn at 1e-17)"
    y = _axis(alt.Y, "error", title, least / 2.0, high)
    base = alt.Chart().encode(x=x, y=y, color=_told_apart(alt.Color, names, COLORS))
    dashed = base.encode(strokeDash=_told_apart(alt.StrokeDash, names, DASHES))
    curves = dashed.mark_line(strokeWidth=1.6, clip=True).properties(data=lines)
    told = [alt.Tooltip("at:Q", title="step", format=".2e"), alt.Tooltip("error:Q", format=".2e")]
    marked = base.encode(shape=_shapes(points), tooltip=["method:N", "mark:N", *told])
    spots = marked.mark_point(filled=True, size=90, opacity=1.0, stroke="white", strokeWidth=0.8)
    layers = alt.layer(curves, spots.properties(data=points[points["error"] <= high]))
    return marks.styled(layers, width=WIDTH, height=HEIGHT)


def _drawn(table: pd.DataFrame) -> pd.DataFrame:
    """Return errors as they are drawn: zeros at their place, gaps for infinite ones."""
    finite = table["error"].where(np.isfinite(table["error"]))
    return table.assign(error=finite.clip(lower=EXACT))


def _marked(methods: pd.DataFrame, low: float) -> pd.DataFrame:
    """Return the steps that are marked; one before the axis stands at its beginning."""
    parts = []
    for kind, column in ((DEFAULT, "default"), (BEST, "best")):
        part = methods[["method", f"{column}_step", f"{column}_error"]].dropna()
        part = part.set_axis(["method", "at", "error"], axis=1)
        mark = np.where((part["at"] < low) & (kind == DEFAULT), BEYOND, kind)
        parts.append(part.assign(step=part["at"].clip(lower=low), mark=mark))
    return _drawn(pd.concat(parts, ignore_index=True)).dropna()


def _told_apart(channel: Any, names: list[str], kinds: list[Any]) -> Any:
    """Return a channel by which methods are told apart, each by one of some kinds in turn."""
    scale = alt.Scale(domain=names, range=[kinds[k % len(kinds)] for k in range(len(names))])
    legend = alt.Legend(symbolType="stroke", symbolSize=500, labelLimit=260)
    return channel("method:N", scale=scale, title="method", sort=names, legend=legend)


def _shapes(points: pd.DataFrame) -> alt.Shape:
    there = [mark for mark in SHAPES if mark in set(points["mark"])]
    scale = alt.Scale(domain=there, range=[SHAPES[mark] for mark in there])
    legend = alt.Legend(symbolFillColor="#666666", labelLimit=260)
    return alt.Shape("mark:N", scale=scale, title="marked", sort=there, legend=legend)


def _axis(channel: Any, column: str, title: str, low: float, high: float) -> Any:
    scale, axis = marks.log_scale(low, high), marks.ticks(marks.powers(low, high))
    return channel(f"{column}:Q", scale=scale, axis=axis, title=title)
