"""The chart of a descent: loss against step and against time, and drift, a row a rule."""

from __future__ import annotations

import math
from typing import Any, cast

import altair as alt
import numpy as np
import pandas as pd

from gradiometer.report.charts import MODE_COLORS, MODES

LINE = 13
"""Pixels from one name to the next."""
WIDTH, HEIGHT = 300, 20 * LINE
CERTIFIED_COLOR = "#cccccc"
SPREAD = 30.0
"""Ratio of the largest to the smallest loss from which a logarithmic axis shows more."""
EXACT = 1e-17
"""Where a drift of zero is drawn."""
BESIDE = 15
"""Pixels from a panel to the names beside it."""


def draw(frame: pd.DataFrame, titles: dict[str, str], certified: str) -> alt.VConcatChart | None:
    """Return the chart, or None where no method took a step.

    Args:
        frame: One row a rule, method and step; columns as in `Descent.frame`.
        titles: What to write over each rule's panels.
        certified: The name of the certified trajectory among the methods.
    """
    taken = frame[frame.groupby(["rule", "method"])["step"].transform("max") > 0]
    rows = []
    for rule, title in titles.items():
        chosen = taken[taken["rule"] == rule]
        methods = chosen[chosen["method"] != certified]
        if not methods.empty:
            true = chosen[chosen["method"] == certified]
            panels = alt.hconcat(
                _by_step(methods, true), _by_time(methods), _drift(methods), spacing=40
            )
            rows.append(panels.properties(title=alt.Title(title, anchor="start", dy=-10)))
    if not rows:
        return None
    chart: alt.VConcatChart = (
        alt.vconcat(*rows, spacing=40).configure_view(stroke=None).configure(background="white")
    )
    return chart


def _by_step(methods: pd.DataFrame, true: pd.DataFrame) -> alt.LayerChart:
    y = _loss_axis(pd.concat([methods, true])["loss"])
    x = alt.X("step:Q", title="step (thick grey: the certified trajectory)")
    thick = alt.Chart(_drawn(true)).mark_line(color=CERTIFIED_COLOR, strokeWidth=7)
    lines = alt.Chart(_drawn(methods)).mark_line(strokeWidth=1.2)
    return _panel(thick.encode(x=x, y=y), _by_method(lines, x=x, y=y))


def _by_time(methods: pd.DataFrame) -> alt.LayerChart:
    """Return loss against time, each method's name above the start of its line."""
    timed = methods[(methods["step"] > 0) & (methods["seconds"] > 0.0)]
    low, high = timed["seconds"].min() / 1.3, timed["seconds"].max() * 1.3
    x = alt.X(
        "seconds:Q",
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=_durations(),
        title="time in derivative calls, one measurement (log scale)",
    )
    y = _loss_axis(methods["loss"])
    starts = timed.sort_values("step").groupby("method").head(1).sort_values("seconds")
    starts = starts.assign(place=_apart(starts["seconds"], low, high, LINE / WIDTH))
    named = alt.Chart(_drawn(starts))
    leaders = _by_method(
        named.mark_rule(strokeWidth=0.5, opacity=0.6), x=x, y=y, x2="place:Q", y2=alt.value(-4)
    )
    names = _by_method(
        named.mark_text(align="left", baseline="middle", angle=300, fontSize=10),
        x="place:Q",
        y=alt.value(-7),
        text="method:N",
    )
    lines = _by_method(alt.Chart(_drawn(timed)).mark_line(strokeWidth=1.2), x=x, y=y)
    return _panel(leaders, lines, names)


def _drift(methods: pd.DataFrame) -> alt.LayerChart:
    """Return drift against step, each method's name beside the end of its line."""
    known = methods[np.isfinite(methods["drift"]) & (methods["step"] > 0)]
    known = known.assign(drift=known["drift"].clip(lower=EXACT))
    low, high = EXACT / 2, max(1e-10, 3.0 * float(known["drift"].max() if len(known) else 0.0))
    y = alt.Y(
        "drift:Q",
        scale=alt.Scale(type="log", domain=[low, high], nice=False),
        axis=_ticks(_powers(low, high)),
        title="‖θ − θ*‖ / ‖θ*‖ (log scale; 0 drawn at 1e-17)",
    )
    x = alt.X("step:Q", title="step")
    ends = known.sort_values("step").groupby("method").tail(1).sort_values("drift")
    ends = ends.assign(place=_apart(ends["drift"], low, high, LINE / HEIGHT))
    named = alt.Chart(_drawn(ends))
    leaders = _by_method(
        named.mark_rule(strokeWidth=0.5, opacity=0.6),
        x=x,
        y=y,
        x2=alt.value(WIDTH + BESIDE - 3),
        y2="place:Q",
    )
    names = _by_method(
        named.mark_text(align="left", fontSize=10),
        x=alt.value(WIDTH + BESIDE),
        y="place:Q",
        text="method:N",
    )
    lines = _by_method(alt.Chart(_drawn(known)).mark_line(strokeWidth=1.2), x=x, y=y)
    return _panel(leaders, lines, names)


def _panel(*layers: alt.Chart) -> alt.LayerChart:
    panel: Any = alt.layer(*layers, width=WIDTH, height=HEIGHT)
    return cast(alt.LayerChart, panel)


def _by_method(chart: alt.Chart, **encoding: Any) -> alt.Chart:
    """Encode a mark, a line or name for each method, in the colour of its mode."""
    color = alt.Color(
        "mode:N",
        scale=alt.Scale(domain=MODES, range=MODE_COLORS),
        title="mode",
        legend=alt.Legend(orient="top"),
    )
    encoded: alt.Chart = chart.encode(color=color, detail="method:N", **encoding)
    return encoded


def _drawn(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what a chart needs of a frame, so that the drawing stays small."""
    kept = ["method", "mode", "step", "loss", "seconds", "drift", "place"]
    return frame[[name for name in kept if name in frame]]


def _loss_axis(losses: pd.Series[float]) -> alt.Y:
    """Return an axis for losses: logarithmic where they are positive and span decades."""
    positive, size = losses[losses > 0.0], losses.abs()
    if len(positive) and losses.min() >= 0.0 and losses.max() > SPREAD * positive.min():
        low, high = float(positive.min()), float(losses.max())
        scale = alt.Scale(type="log", domain=[low, high], clamp=True, nice=False)
        return alt.Y(
            "loss:Q", scale=scale, axis=_ticks(_powers(low, high)), title="loss (log scale)"
        )
    if size.max() > SPREAD**2 * size.min():
        unit = float(size[size > 0.0].min())
        powers = _powers(unit, float(size.max()))
        values = [v for p in powers for v in (-p, p) if losses.min() <= v <= losses.max()]
        scale = alt.Scale(type="symlog", constant=unit, domain=[losses.min(), losses.max()])
        title = "loss (log scale on both sides of 0)"
        return alt.Y("loss:Q", scale=scale, axis=_ticks(values), title=title)
    scale = alt.Scale(zero=False, domain=[losses.min(), losses.max()])
    return alt.Y("loss:Q", scale=scale, title="loss")


def _ticks(values: list[float]) -> alt.Axis:
    return alt.Axis(values=values, format=".0e")


def _powers(low: float, high: float) -> list[float]:
    """Return up to nine powers of ten between two numbers; if there are few, 2 and 5 times them."""
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    every = 1 + (last - first) // 9
    values = [10.0**k for k in range(first, last + 1, every)]
    if len(values) < 3:
        values = [m * 10.0**k for k in range(first - 1, last + 1) for m in (1, 2, 5)]
    return [v for v in values if low <= v <= high]


def _apart(sorted_values: pd.Series[float], low: float, high: float, step: float) -> list[float]:
    """Return where to write names on a log axis: near their values, `step` of its length apart."""
    length = math.log(high / low)
    placed = [math.log(x / low) / length for x in sorted_values]
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + step)
    if placed:
        placed[-1] = min(placed[-1], 1.0)
    for i in range(len(placed) - 2, -1, -1):
        placed[i] = min(placed[i], placed[i + 1] - step)
    return [low * math.exp(u * length) for u in placed]


def _durations() -> alt.Axis:
    """Return an axis of decades that reads 1 µs, 10 µs, …."""
    return alt.Axis(
        values=[10.0**k for k in range(-9, 4)],
        labelExpr="replace(format(datum.value, '~s'), /([µmn]?)$/, ' $1s')",
    )
