"""The chart of a ranking: every method at its own place, in each case the same."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from gradiometer.report import colors, marks
from gradiometer.runs import analysis, footnotes
from gradiometer.runs.run import RecordedRun

RATIOS = ["ratio", "ratio_low", "ratio_high"]
DECADES = [10.0**k for k in range(10)]

UNTIMED = "not timed"
"""What stands in the place of a time where an answer is right, but was not timed."""

PANELS, WIDTH = 4, 900
"""Panels side by side, at most, and the pixels that they have in all."""


def ranking(run: RecordedRun, operator: str) -> alt.TopLevelMixin | None:
    """Return times as multiples of the fastest, with 95% intervals, a panel a problem and dtype.

    Of each the largest size that was timed is shown. All panels list the same methods in the same
    order: by the geometric mean of their ratios over the cases shown, those that were only given
    translations behind them, and last those without any time. What has no time says how it ended.
    """
    table = analysis.largest(marks.cells(run, operator))
    known = analysis.timed(table).dropna(subset="ratio")
    if known.empty:
        return None
    methods = order(table)
    drawn = _drawn(table, known.index)
    panels, variants = list(drawn["label"].unique()), analysis.variant(known).nunique()
    columns = min(len(panels), max(PANELS - PANELS % variants, variants))
    low, top = float(known[RATIOS].min().min()), float(known[RATIOS].max().max())
    scale = marks.log_scale(min(0.7, 0.9 * low), max(20.0, 1.2 * top))
    panel = alt.layer(*_layers(scale, methods), data=drawn)
    width = min(400, WIDTH // columns)
    panel = panel.properties(width=width, height=marks.LINE * len(methods))
    header = alt.Header(labelFontWeight="bold", labelLimit=width)
    facet = alt.Facet("label:N", title=None, sort=panels, header=header)
    faceted = panel.facet(facet, columns=columns, spacing=18)
    return marks.styled(faceted.resolve_axis(x="independent"))


def order(table: pd.DataFrame) -> list[str]:
    """Return the methods of cells by the geometric mean of their ratios.

    Methods that were only given translations follow, and last those without a ratio; what is equal
    stays in the order of the cells.
    """
    known = analysis.timed(table).dropna(subset="ratio")
    means = np.log(known["ratio"]).groupby(known["method"]).mean()
    apart = analysis.translated(known).groupby(known["method"]).all()
    keys = {method: (apart[method], mean) for method, mean in means.items()}
    last = (True, np.inf)
    return sorted(table["method"].unique(), key=lambda method: keys.get(method, last))


def _drawn(table: pd.DataFrame, timed: pd.Index) -> pd.DataFrame:
    """Return what is drawn of each cell: a ratio, or in its place a text and the text's colour."""
    told = table[["label", "method", "color", "shape", *RATIOS]].copy()
    has = table.index.isin(timed)
    told.loc[~has, RATIOS] = np.nan
    text = table["status"].mask(table["status"] == "ok", UNTIMED)
    told["ended"] = text.mask(has, "")
    told["ink"] = (analysis.ends(table) == analysis.WRONG).map(
        {True: colors.FAULT, False: colors.MISSED}
    )
    told["mark"] = analysis.translated(table).map({True: footnotes.TRANSLATED, False: ""})
    return told


def _layers(scale: alt.Scale, methods: list[str]) -> list[alt.Chart]:
    axis = alt.Axis(values=DECADES, format="~s", labelOverlap=True)
    x = alt.X("ratio:Q", scale=scale, axis=axis, title="× fastest (log scale)")
    names = alt.Axis(labelLimit=200, grid=True)
    y = alt.Y("method:N", title=None, sort=methods, axis=names)
    color = marks.own("color", alt.Color)
    base = alt.Chart().encode(y=y)
    known = base.transform_filter("isValid(datum.ratio)")
    bars = known.encode(x=alt.X("ratio_low:Q", scale=scale), x2="ratio_high:Q", color=color)
    points = known.encode(x=x, color=color, shape=marks.own("shape", alt.Shape))
    beside = known.encode(x=alt.X("ratio_high:Q", scale=scale), text="mark:N", color=color)
    ended = base.encode(x=alt.value(4), text="ended:N", color=marks.own("ink", alt.Color))
    return [
        bars.mark_rule(strokeWidth=2),
        points.mark_point(filled=True, size=45, opacity=1),
        beside.mark_text(align="left", dx=6, fontSize=10),
        ended.mark_text(align="left", fontSize=10),
    ]
