"""The chart of a first answer: what import, preparation and first call take beside a warm call."""

from __future__ import annotations

import altair as alt

from gradiometer.report import cases, marks
from gradiometer.report.sections import Figure
from gradiometer.runs import analysis
from gradiometer.runs.run import RecordedRun

LAYERS = dict(zip(cases.COLD, ("diamond", "square", "triangle-up", "circle"), strict=True))
"""The shapes of what a first answer consists of, and of a warm call."""

WIDTH = 560


def figures(run: RecordedRun, case: str) -> list[Figure]:
    """Return the chart of first answers of one of `cases.largest`; none without such times."""
    chart, place = draw(run, case), cases.largest(run).index(case)
    title = f"What a first answer takes, {cases.title(run, case)}"
    return [] if chart is None else [Figure(f"first-answer-{place}", title, chart)]


def draw(run: RecordedRun, case: str) -> alt.TopLevelMixin | None:
    """Return the times of a case's methods, cold and warm: what answers first stands at the top.

    Each layer is a point of its own on a logarithmic axis, since layers that are stacked cannot be
    read on one, and on a linear axis a warm call is nothing. A line joins a method's points.
    """
    table = marks.cells(run, cases.operator(run, case))
    table = analysis.timed(table[table["case"] == case])
    table = table.assign(first=analysis.cold(table)).sort_values("first", kind="stable")
    methods = list(table["name"])
    long = table.melt(["name", "color"], list(cases.COLD.values()), "layer", "seconds")
    long["layer"] = long["layer"].map({column: name for name, column in cases.COLD.items()})
    long = long[long["seconds"] > 0.0]
    if long.empty:
        return None
    low, high = long["seconds"].min() / 1.3, long["seconds"].max() * 1.3
    scale = marks.log_scale(low, high)
    x = alt.X("seconds:Q", scale=scale, axis=marks.durations(), title="time (log scale)")
    names = alt.Axis(labelLimit=200, grid=True)
    y = alt.Y("name:N", title=None, sort=methods, axis=names)
    legend = alt.Legend(orient="top", symbolFillColor="#555555", symbolStrokeColor="#555555")
    shapes = alt.Scale(domain=list(LAYERS), range=list(LAYERS.values()))
    shape = alt.Shape("layer:N", scale=shapes, title=None, legend=legend)
    base = alt.Chart(long).encode(y=y, color=marks.own("color", alt.Color))
    joined = base.encode(x=alt.X("min(seconds):Q", scale=scale), x2="max(seconds):Q")
    points = base.encode(x=x, shape=shape).mark_point(filled=True, size=55, opacity=1)
    layers = alt.layer(joined.mark_rule(strokeWidth=1, opacity=0.5), points)
    return marks.styled(layers, width=WIDTH, height=(marks.LINE + 2) * len(methods))
