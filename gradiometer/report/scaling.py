"""What grows with the number of inputs: charts, fitted slopes, and who overtakes whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from gradiometer.report import marks
from gradiometer.report.quantities import GAP, three
from gradiometer.runs import growth
from gradiometer.runs.run import RecordedRun

DECADES = [10.0**k for k in range(-3, 13)]
TICKS = [digit * decade for decade in DECADES for digit in (1, 2, 3, 5)]


@dataclass(frozen=True)
class Quantity:
    """What stands on the upright axis of a chart of growth.

    Attributes:
        column: Its column in the rows of `growth.sized`.
        title: What the axis says.
        axis: Makes the axis.
        fewest: At how many sizes a method has to have it, to be drawn.
    """

    column: str
    title: str
    axis: Callable[[], alt.Axis]
    fewest: int = 1


TIME = Quantity("time_s", "time a call (log scale)", marks.durations)
MEMORY = Quantity(
    "call_bytes",
    "memory of a call (log scale)",
    lambda: alt.Axis(values=DECADES, labelExpr="format(datum.value, '~s') + 'B'"),
    fewest=2,
)
COST = Quantity(
    "per_primal",
    "× own primal (log scale)",
    lambda: alt.Axis(values=TICKS, format=",", labelOverlap=True),
)


def time(run: RecordedRun, operator: str) -> alt.TopLevelMixin | None:
    """Return times against the number of inputs, a panel a problem of three sizes and dtype."""
    return draw(run, operator, TIME)


def memory(run: RecordedRun, operator: str) -> alt.TopLevelMixin | None:
    """Return peak memory of a call against the number of inputs; none of calls that need none."""
    return draw(run, operator, MEMORY)


def cost(run: RecordedRun, operator: str) -> alt.TopLevelMixin | None:
    """Return times, in multiples of the method's own primal, against the number of inputs."""
    return draw(run, operator, COST)


def draw(run: RecordedRun, operator: str, quantity: Quantity) -> alt.TopLevelMixin | None:
    """Return a quantity against the number of inputs, on logarithmic axes, with slopes to see."""
    looks = marks.cells(run, operator)[["name", "color", "shape"]]
    table = growth.sized(run.cells, operator).join(looks)
    table = table.assign(method=table["name"], value=table[quantity.column]).dropna(subset="value")
    sizes = table.groupby(["series", "method"])["n"].transform("nunique")
    table = table[sizes >= quantity.fewest]
    table = table[table.groupby("series")["value"].transform("nunique") > 1]
    table = table[["series", "method", "color", "shape", "n", "value"]]
    if table.empty:
        return None
    panels = list(table["series"].unique())
    most = int(table.groupby("series")["method"].nunique().max())
    height = max(marks.HEIGHT, marks.LINE * most)
    named = pd.concat(_named(table[table["series"] == name], height) for name in panels)
    header = alt.Header(labelFontWeight="bold", labelAnchor="start")
    panel = _lines(quantity).properties(data=named, width=marks.WIDTH, height=height)
    each = alt.Facet("series:N", title=None, sort=panels, header=header)
    columns, spacing = min(2, len(panels)), {"column": 140, "row": 30}
    drawn = panel.facet(each, columns=columns, spacing=spacing)
    return marks.styled(drawn.resolve_scale(x="independent", y="independent"))


def slopes(run: RecordedRun, operator: str) -> pd.DataFrame | None:
    """Return by which power of the number of inputs figures grow: a row a problem and method.

    None where no problem has three sizes that were timed.
    """
    found = growth.slopes(run.cells, operator)
    if found.empty:
        return None
    names = _names(run, operator)
    told = found.assign(
        method=found["method"].map(names), text=list(map(_slope, found.itertuples()))
    )
    wide = told.pivot_table(
        index=["series", "method"], columns="figure", values="text", aggfunc="first", sort=False
    )
    columns = [name for name in growth.FIGURES if name in wide]
    wide = wide[columns].fillna(GAP).rename_axis(columns=None).reset_index()
    return wide.rename(columns={"series": "problem"})


def crossovers(run: RecordedRun, operator: str) -> pd.DataFrame | None:
    """Return where a method overtakes another as problems grow, those that change the lead first.

    None where none does beyond doubt.
    """
    found = growth.crossovers(run.cells, operator)
    if found.empty:
        return None
    found, names = found.sort_values("lead", ascending=False, kind="stable"), _names(run, operator)
    between = [
        f"{below:,.0f} and {above:,.0f}"
        for below, above in zip(found["below"], found["above"], strict=True)
    ]
    return pd.DataFrame(
        {
            "problem": found["series"].tolist(),
            "method": found["method"].map(names).tolist(),
            "overtakes": found["overtakes"].map(names).tolist(),
            "at about": [f"{_rounded(n)} inputs" for n in found["n"]],
            "sure at": between,
            "takes the lead": found["lead"].map({True: "yes", False: ""}).tolist(),
        }
    )


def sentences(run: RecordedRun, operator: str) -> list[str]:
    """Return the crossovers of the lead, a sentence each, problem by problem."""
    found, names = growth.crossovers(run.cells, operator), _names(run, operator)
    led = found[found["lead"]]
    told = zip(*(led[name] for name in ("series", "method", "overtakes", "n")), strict=True)
    return [
        f"{names[new]} overtakes {names[old]} on {series} at n ≈ {_rounded(n)}"
        for series, new, old, n in told
    ]


def _names(run: RecordedRun, operator: str) -> dict[str, str]:
    """Return what methods are called, marked where they were given a translation."""
    cells = marks.cells(run, operator)
    return dict(zip(cells["method"], cells["name"], strict=True))


def _slope(row: Any) -> str:
    known = not pd.isna(row.low)
    return f"{row.slope:z.2f}" + (f" [{row.low:z.2f}, {row.high:z.2f}]" if known else "")


def _rounded(n: float) -> str:
    """Return a number of inputs with two significant digits."""
    return f"{float(f'{n:.2g}'):,.0f}" if n >= 1 else three(n)


def _lines(quantity: Quantity) -> alt.LayerChart:
    """Return lines of methods, and their names to the right of the panel."""
    scale = marks.log_scale()
    axis = alt.Axis(values=TICKS, format=",", labelOverlap=True, labelSeparation=12)
    x = alt.X("n:Q", scale=scale, axis=axis, title="scalar inputs (log scale)")
    y = alt.Y("value:Q", scale=scale, axis=quantity.axis(), title=quantity.title)
    lines = marks.by_method(x=x, y=y)
    points = lines.encode(shape=marks.own("shape", alt.Shape)).mark_point(filled=True, opacity=1)
    panel: alt.LayerChart = marks.names_beside(x, y) + lines.mark_line() + points
    return panel


def _named(table: pd.DataFrame, height: int) -> pd.DataFrame:
    """Return a panel's figures, with the place of each method's name beside its last one."""
    ends = table.sort_values("n").groupby("method").tail(1)
    domain = (table["value"].min(), table["value"].max())
    return marks.placed(table, ends, "value", domain, height)
