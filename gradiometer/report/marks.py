"""What charts share: their rows, how methods look, logarithmic axes, and names beside lines."""

from __future__ import annotations

import math
from typing import Any, TypeVar, cast

import altair as alt
import numpy as np
import pandas as pd

from gradiometer.report import colors
from gradiometer.runs import analysis, footnotes
from gradiometer.runs.run import RecordedRun

Channel = TypeVar("Channel", alt.Color, alt.Shape)

LINE = 13
"""Pixels from one line of small text to the next."""

WIDTH, HEIGHT = 300, 21 * LINE
"""Pixels of a panel of lines, high enough for the names of all methods."""


def cells(run: RecordedRun, operator: str) -> pd.DataFrame:
    """Return the cells of an operator, in the order of the plan, with what is drawn of each.

    Columns: those of records; `label` and `series`, which name case and problem; `name`, which is
    the method's, marked where it was given a translation; `color` and `shape` of the method, which
    are the same in all charts of the run.
    """
    chosen = run.cells[run.cells["operator"] == operator]
    return chosen.assign(
        label=analysis.label(chosen),
        series=analysis.series(chosen),
        name=footnotes.named(chosen),
        color=chosen["method"].map(colors.colors(run.cells)),
        shape=chosen["method"].map(colors.shapes(run.cells)),
    )


def own(column: str, channel: type[Channel]) -> Channel:
    """Return a channel whose values stand in a column as they are drawn, without a legend."""
    return channel(f"{column}:N", scale=None, legend=None)


def log_scale(*domain: float, clamp: bool = False) -> alt.Scale:
    """Return a logarithmic scale, by default of the domain of the data; it ends at its ends.

    Args:
        domain: Its ends.
        clamp: Whether to draw at its ends what lies beyond them: ticks, too, under wrong names.
    """
    return alt.Scale(type="log", nice=False, clamp=clamp, domain=list(domain) or alt.Undefined)


def ticks(values: list[float]) -> alt.Axis:
    """Return an axis of a logarithmic scale that reads 1e-6 where there is such a value."""
    return alt.Axis(values=values, format=".0e")


def powers(low: float, high: float) -> list[float]:
    """Return up to nine powers of ten between two numbers; if there are few, 2 and 5 times them."""
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    every = 1 + (last - first) // 9
    values = [10.0**k for k in range(first, last + 1, every)]
    if len(values) < 3:
        values = [m * 10.0**k for k in range(first - 1, last + 1) for m in (1, 2, 5)]
    return [v for v in values if low <= v <= high]


def durations() -> alt.Axis:
    """Return an axis of decades that reads 1 µs, 10 µs, …."""
    return alt.Axis(
        values=[10.0**k for k in range(-9, 4)],
        labelExpr="replace(format(datum.value, '~s'), /([µmn]?)$/, ' $1s')",
    )


def placed(
    table: pd.DataFrame, ends: pd.DataFrame, column: str, domain: tuple[float, float], pixels: int
) -> pd.DataFrame:
    """Return the table with the `place` of each method's name, near the end of its line.

    Names stand in the order of the ends, a line of text apart.

    Args:
        table: The points of lines.
        ends: Its rows that names stand beside, one a method.
        column: What is shown along the axis of the names, a logarithmic one.
        domain: Ends of that axis.
        pixels: Its length.
    """
    ends = ends.sort_values(column)
    low, high = map(math.log, domain)
    offsets = np.arange(len(ends)) * (high - low) * LINE / pixels
    raised = np.maximum.accumulate(np.log(ends[column].to_numpy()) - offsets)
    places = np.minimum(raised, high - offsets[-1:]) + offsets
    return table.assign(place=pd.Series(np.exp(places), index=ends.index))


def by_method(**encoding: Any) -> alt.Chart:
    """Return what is drawn of each method, in its own `color`; a mark is still to be set."""
    color = own("color", alt.Color)
    encoded: alt.Chart = alt.Chart().encode(color=color, detail="method:N", **encoding)
    return encoded


def names_beside(x: alt.X, y: alt.Y, width: int = WIDTH) -> alt.LayerChart:
    """Return the names of methods to the right of a panel, each tied to the end of its line."""
    leader = by_method(x=x, y=y, x2=alt.value(width + 12), y2="place:Q")
    return _names(leader, by_method(x=alt.value(width + 15), y="place:Q"))


def names_above(x: alt.X, y: alt.Y) -> alt.LayerChart:
    """Return the names of methods above a panel, slanted, each tied to the start of its line."""
    leader = by_method(x=x, y=y, x2="place:Q", y2=alt.value(-4))
    name = by_method(x="place:Q", y=alt.value(-7))
    return _names(leader, name, baseline="middle", angle=300)


def styled(chart: Any, **size: Any) -> alt.TopLevelMixin:
    """Return a whole chart on white, without frames around its panels."""
    plain = chart.properties(**size).configure_view(stroke=None)
    white: alt.TopLevelMixin = plain.configure(background="white")
    return white


def _names(leader: alt.Chart, name: alt.Chart, **text: Any) -> alt.LayerChart:
    rules = leader.mark_rule(strokeWidth=0.5, opacity=0.6)
    words = name.encode(text="method:N").mark_text(align="left", fontSize=10, **text)
    named = "isValid(datum.place)"
    layers: Any = rules.transform_filter(named) + words.transform_filter(named)
    return cast(alt.LayerChart, layers)
