"""The charts of a report, one definition each, over the run's own frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt
import pandas as pd

from gradiometer.report.tables import digits
from gradiometer.runs import compare
from gradiometer.runs.run import Run

Chart = alt.Chart | alt.LayerChart | alt.FacetChart
MODES = ["manual", "numerical", "symbolic", "forward", "reverse"]
DECADES = [10.0**k for k in range(7)]
MODE_COLORS = ["#1b1b1b", "#e08214", "#7b3294", "#1b9e77", "#2166ac"]


def agreement(run: Run) -> Chart | None:
    """Return a heat map of the gradient's digits, with statuses where there are none."""
    table = _gradients(run)
    if table.empty:
        return None
    table["text"] = table["digits"].where(table["status"].isin(["ok", "disagrees"])).map(_shown)
    table["text"] = table["text"].fillna(table["status"])
    table["level"] = table["digits"].clip(lower=0, upper=16)
    base = alt.Chart(table).encode(
        x=alt.X(
            "label:N",
            title=None,
            sort=None,
            axis=alt.Axis(labelAngle=-35, orient="top", labelLimit=220),
        ),
        y=alt.Y("method:N", title=None, sort=None),
    )
    scale = alt.Scale(scheme="yellowgreenblue", domain=[0, 16])
    tiles = base.mark_rect(stroke="white").encode(
        color=alt.Color("level:Q", scale=scale, title="correct digits")
    )
    words = base.mark_text(fontSize=10).encode(text="text:N", color=_text_color())
    return _styled(
        tiles + words, width=70 * table["label"].nunique(), height=24 * table["method"].nunique()
    )


def ranking(run: Run) -> Chart | None:
    """Return the gradient's time as a multiple of the fastest, by case, with 95% intervals."""
    table = _gradients(run)
    table = table[table["ratio"].notna()]
    if table.empty:
        return None
    top = float(table["ratio"].max())
    x = alt.X(
        "ratio:Q",
        scale=alt.Scale(type="log", domain=[0.7, max(20.0, 1.5 * top)], nice=False),
        axis=alt.Axis(values=DECADES, format=","),
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
    facets = alt.layer(bars, points, data=table).properties(width=210, height=190)
    return _styled(
        facets.facet(
            alt.Facet("label:N", title=None, sort=list(table["label"].unique())), columns=3
        ).resolve_scale(y="independent")
    )


def scaling(run: Run) -> Chart | None:
    """Return the gradient's time against the number of inputs, for problems of several sizes."""
    table = _gradients(run)
    table = table[table["time_s"].notna()]
    sizes = table.groupby("problem")["n"].nunique()
    table = table[table["problem"].isin(sizes[sizes > 2].index)]
    if table.empty:
        return None
    table = table.assign(n=table["n"].astype(float))
    x = alt.X(
        "n:Q",
        scale=alt.Scale(type="log"),
        axis=alt.Axis(values=DECADES, format=","),
        title="scalar inputs (log scale)",
    )
    y = alt.Y(
        "time_s:Q", scale=alt.Scale(type="log"), axis=_durations(), title="time a call (log scale)"
    )
    lines = alt.Chart(table).encode(x=x, y=y, color=_mode_color(), detail=["problem:N", "method:N"])
    names = alt.Chart(_spread(table.sort_values("n").groupby(["problem", "method"]).tail(1)))
    words = names.mark_text(align="left", dx=7, fontSize=9).encode(
        x="n:Q", y="place:Q", text="method:N", color=_mode_color()
    )
    return _styled(lines.mark_line() + lines.mark_point(filled=True) + words, width=560, height=400)


CHARTS: dict[str, tuple[str, Callable[[Run], Chart | None]]] = {
    "agreement": ("Correct digits of the gradient, by method and case", agreement),
    "ranking": ("Time of the gradient as a multiple of the fastest method, by case", ranking),
    "scaling": ("Time of the gradient against the number of inputs", scaling),
}
"""The charts of a report by file name, with what each shows."""


def _gradients(run: Run) -> pd.DataFrame:
    chosen = run.records[run.records["operator"] == "gradient"]
    return chosen.assign(label=compare.label(chosen))


def _shown(value: Any) -> str | None:
    return None if pd.isna(value) else digits(value)


def _spread(ends: pd.DataFrame, apart: float = 1.35) -> pd.DataFrame:
    """Return where to write each line's name: at its end, but no two on top of each other."""
    placed = []
    for _, column in ends.sort_values("time_s").groupby("n"):
        below = 0.0
        for time in column["time_s"]:
            below = max(time, below * apart)
            placed.append(below)
    return ends.sort_values(["n", "time_s"]).assign(place=placed)


def _durations() -> alt.Axis:
    """Return an axis of decades that reads 1 µs, 10 µs, …."""
    return alt.Axis(
        values=[10.0**k for k in range(-9, 4)],
        labelExpr="replace(format(datum.value, '~s'), /([µmn]?)$/, ' $1s')",
    )


def _text_color() -> Any:
    return alt.when(alt.datum.level > 9).then(alt.value("white")).otherwise(alt.value("#444"))


def _mode_color() -> alt.Color:
    return alt.Color("mode:N", scale=alt.Scale(domain=MODES, range=MODE_COLORS), title="mode")


def _styled(chart: Any, **size: Any) -> Chart:
    styled: Chart = (
        chart.properties(**size).configure_view(stroke=None).configure(background="white")
    )
    return styled
