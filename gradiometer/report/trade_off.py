"""The chart of cost against accuracy, and its front: methods that none beats in both."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from gradiometer.report import marks
from gradiometer.report.ranking import DECADES
from gradiometer.runs import analysis
from gradiometer.runs.run import RecordedRun
from gradiometer.vocabulary.case import Case

WIDTH = 360
"""Pixels of a panel."""

EXACT = 17.0
"""Where an answer without any error is drawn."""


def accuracy_cost(run: RecordedRun, operator: str) -> alt.TopLevelMixin | None:
    """Return cost against accuracy, a panel a dtype: times over the fastest against proven digits.

    Of the largest size of each problem: the geometric mean of the ratios, and the fewest digits. A
    method that was not timed in all of these is drawn hollow, with the number of those in which it
    was, and is not on the front.
    """
    table = summary(analysis.largest(marks.cells(run, operator)))
    if table.empty:
        return None
    table = table.assign(digits=table["digits"].clip(0.0, EXACT))
    panels = list(table["variant"].unique())
    height = max(marks.HEIGHT, marks.LINE * int(table["variant"].value_counts().max()))
    domain = float(table["ratio"].min()), float(table["ratio"].max())
    placed = pd.concat(
        marks.placed(rows, rows, "ratio", domain, height)
        for _, rows in table.groupby("variant", sort=False)
    )
    fewest = float(np.floor(table["digits"].min()))
    front = pd.concat(
        _front(rows, fewest, domain[1])
        for _, rows in table[table["front"]].groupby("variant", sort=False)
    )
    x = _digits(fewest)
    axis = alt.Axis(values=DECADES, format="~s")
    y = alt.Y(
        "ratio:Q",
        scale=marks.log_scale(*domain),
        axis=axis,
        title="× fastest, geometric mean (log)",
    )
    drawn = pd.concat([placed.assign(front=False), front])
    layers = alt.layer(*_layers(x, y), data=drawn, width=WIDTH, height=height)
    facet = alt.Facet("variant:N", title=None, sort=panels)
    return marks.styled(layers.facet(facet, columns=2, spacing=170))


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row a method and dtype: its mean ratio, its fewest digits, and how it is drawn.

    Columns: variant, method (with a note where it has not all cases), color, shape, ratio, digits,
    whole (whether it was timed in as many cases as any), front.
    """
    known = analysis.timed(table).dropna(subset=["ratio", "digits"])
    variant = analysis.variant(known).replace("", Case.dtype)
    known = known.assign(variant=variant, log=np.log(known["ratio"]))
    found = known.groupby(["variant", "name", "color", "shape"], sort=False).agg(
        log=("log", "mean"), digits=("digits", "min"), cases=("case", "nunique")
    )
    found = found.reset_index().assign(ratio=lambda rows: np.exp(rows["log"]))
    most = found.groupby("variant")["cases"].transform("max")
    found["whole"] = found["cases"] == most
    note = " (" + found["cases"].astype("str") + " of " + most.astype("str") + ")"
    found["method"] = found["name"] + note.where(~found["whole"], "")
    found["front"] = False
    for _, rows in found[found["whole"]].groupby("variant"):
        ordered = rows.sort_values(["ratio", "digits"], ascending=[True, False])
        best = ordered["digits"].cummax().shift(fill_value=-np.inf)
        found.loc[ordered.index[ordered["digits"] > best], "front"] = True
    columns = ["variant", "method", "color", "shape", "ratio", "digits", "whole", "front"]
    return found[columns]


def _digits(fewest: float) -> alt.X:
    scale = alt.Scale(domain=[fewest, EXACT], nice=False)
    told = f"datum.value == {EXACT:g} ? 'exact' : datum.value == {EXACT - 1:g} ? '' : datum.label"
    axis = alt.Axis(tickMinStep=1, labelExpr=told)
    return alt.X("digits:Q", scale=scale, axis=axis, title="correct digits, fewest of all cases")


def _front(rows: pd.DataFrame, fewest: float, top: float) -> pd.DataFrame:
    """Return the corners of a front, from the left edge of the panel to its upper one."""
    ordered = rows.sort_values("digits")[["variant", "ratio", "digits"]]
    left = ordered.head(1).assign(digits=fewest)
    return pd.concat([left, ordered, ordered.tail(1).assign(ratio=top)]).assign(front=True)


def _layers(x: alt.X, y: alt.Y) -> list[alt.Chart | alt.LayerChart]:
    front = alt.Chart().transform_filter(alt.datum.front)
    line = front.mark_line(interpolate="step-before", color="#999999", strokeDash=[4, 3])
    methods = "!datum.front && {}datum.whole"
    points = marks.by_method(x=x, y=y).encode(shape=marks.own("shape", alt.Shape))
    whole, part = (points.transform_filter(methods.format(no)) for no in ("", "!"))
    return [
        line.encode(x=x, y=y, order=alt.Order("digits:Q")),
        marks.names_beside(x, y, WIDTH),
        whole.mark_point(filled=True, size=60, opacity=1),
        part.mark_point(filled=False, size=60, opacity=1),
    ]
