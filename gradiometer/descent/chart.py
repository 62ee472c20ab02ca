"""The chart of a descent: loss against step and against time, and drift, a row a rule."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from gradiometer.descent.trajectory import CERTIFIED
from gradiometer.report import colors, marks

Panel = alt.LayerChart | alt.FacetChart

CERTIFIED_COLOR = "#cccccc"
SPREAD = 30.0
"""Ratio of the largest to the smallest loss from which a logarithmic axis shows more."""
EXACT = 1e-17
"""Where a drift of zero is drawn."""


def draw(frame: pd.DataFrame, titles: dict[str, str]) -> alt.TopLevelMixin | None:
    """Return the chart, or None where no method took a step.

    Args:
        frame: One row a rule, method and step; columns as in `Descent.frame`.
        titles: What to write over each rule's panels.
    """
    taken = frame[frame.groupby(["rule", "method"])["step"].transform("max") > 0]
    taken = taken.assign(color=taken["method"].map(colors.colors(frame[["method"]])))
    rows = []
    for rule, title in titles.items():
        chosen = taken[taken["rule"] == rule]
        methods = chosen[chosen["method"] != CERTIFIED]
        if not methods.empty:
            by_step = _by_step(methods, chosen[chosen["method"] == CERTIFIED])
            panels = alt.hconcat(by_step, _by_time(methods), _drift(methods), spacing=40)
            rows.append(panels.properties(title=alt.Title(title, anchor="start", dy=-10)))
    return marks.styled(alt.vconcat(*rows, spacing=40)) if rows else None


def loss_axis(losses: pd.Series[float]) -> alt.Y:
    """Return an axis for losses: logarithmic where they are positive and span decades."""
    positive, size = losses[losses > 0.0], losses.abs()
    if len(positive) and losses.min() >= 0.0 and losses.max() > SPREAD * positive.min():
        return _log_axis("loss", "loss (log scale)", float(positive.min()), float(losses.max()))
    if size.max() > SPREAD**2 * size.min():
        unit = float(size[size > 0.0].min())
        powers = marks.powers(unit, float(size.max()))
        values = [v for p in powers for v in (-p, p) if losses.min() <= v <= losses.max()]
        scale = alt.Scale(type="symlog", constant=unit, domain=[losses.min(), losses.max()])
        title = "loss (log scale on both sides of 0)"
        return alt.Y("loss:Q", scale=scale, axis=marks.ticks(values), title=title)
    scale = alt.Scale(zero=False, domain=[losses.min(), losses.max()])
    return alt.Y("loss:Q", scale=scale, title="loss")


def _by_step(methods: pd.DataFrame, true: pd.DataFrame) -> Panel:
    y = loss_axis(pd.concat([methods, true])["loss"])
    x = alt.X("step:Q", title="step (thick grey: the certified trajectory)")
    thick = alt.Chart(_drawn(true)).mark_line(color=CERTIFIED_COLOR, strokeWidth=7)
    return _panel(methods, thick.encode(x=x, y=y), _lines(x, y))


def _by_time(methods: pd.DataFrame) -> Panel:
    """Return loss against time, each method's name above the start of its line."""
    timed = methods[(methods["step"] > 0) & (methods["seconds"] > 0.0)]
    low, high = timed["seconds"].min() / 1.3, timed["seconds"].max() * 1.3
    title = "time in derivative calls, one measurement (log scale)"
    x = alt.X("seconds:Q", scale=marks.log_scale(low, high), axis=marks.durations(), title=title)
    y = loss_axis(methods["loss"])
    starts = timed.sort_values("step").groupby("method").head(1)
    timed = marks.placed(timed, starts, "seconds", (low, high), marks.WIDTH)
    return _panel(timed, _lines(x, y), marks.names_above(x, y))


def _drift(methods: pd.DataFrame) -> Panel:
    """Return drift against step, each method's name beside the end of its line."""
    known = methods[np.isfinite(methods["drift"]) & (methods["step"] > 0)]
    known = known.assign(drift=known["drift"].clip(lower=EXACT))
    low, high = EXACT / 2, max(1e-10, 3.0 * float(known["drift"].max() if len(known) else 0.0))
    y = _log_axis("drift", "‖θ − θ*‖ / ‖θ*‖ (log scale; 0 drawn at 1e-17)", low, high)
    x = alt.X("step:Q", title="step")
    ends = known.sort_values("step").groupby("method").tail(1)
    known = marks.placed(known, ends, "drift", (low, high), marks.HEIGHT)
    return _panel(known, _lines(x, y), marks.names_beside(x, y))


def _panel(frame: pd.DataFrame, *layers: alt.Chart | alt.LayerChart) -> Panel:
    return alt.layer(*layers, data=_drawn(frame), width=marks.WIDTH, height=marks.HEIGHT)


def _lines(x: alt.X, y: alt.Y) -> Any:
    return marks.by_method(x=x, y=y).mark_line(strokeWidth=1.2)


def _drawn(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what a chart needs of a frame, so that the drawing stays small."""
    kept = ["method", "color", "step", "loss", "seconds", "drift", "place"]
    return frame[[name for name in kept if name in frame]]


def _log_axis(column: str, title: str, low: float, high: float) -> alt.Y:
    scale, axis = marks.log_scale(low, high, clamp=True), marks.ticks(marks.powers(low, high))
    return alt.Y(f"{column}:Q", scale=scale, axis=axis, title=title)
