"""A figure over all runs, as text and as a chart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from gradiometer.report.quantities import GAP, digits, duration, megabytes, multiple
from gradiometer.runs.history import Series

if TYPE_CHECKING:
    import altair as alt

SHOWN: dict[str, Callable[[Any], str]] = {
    "time": duration, "prepare": duration, "first": duration, "ratio": multiple,
    "digits": lambda value: digits(float(value)), "memory": megabytes,
}  # fmt: skip
"""How each figure is written."""

TITLES = {
    "time": "time of a call, s", "prepare": "preparation, s", "first": "first call, s",
    "ratio": "time, as a multiple of the fastest's", "digits": "correct digits",
    "memory": "memory of a call, bytes",
}  # fmt: skip
"""What stands at a chart's axis."""


def of_cell(series: Series, figure: str) -> pd.DataFrame:
    """Return a row a run, as text: the figure, a step before it, and what changed."""
    rows, steps = series.table, {step.run: step for step in series.steps}
    return pd.DataFrame(
        {
            "run": rows["run"].tolist(),
            "started": [str(value) if value else GAP for value in rows["started"]],
            figure: [SHOWN[figure](value) for value in rows["value"]],
            "step": [
                _step(steps[run].factor, figure) if run in steps else "" for run in rows["run"]
            ],
            "changed": rows["changed"].tolist(),
        }
    )


def of_cells(found: Sequence[Series], figure: str) -> pd.DataFrame:
    """Return a row a cell, as text: how many runs have it, the first and last figure, the steps."""
    return pd.DataFrame(
        {
            "cell": [each.name for each in found],
            "runs": [str(len(each.table)) for each in found],
            "first": [SHOWN[figure](each.table["value"].iloc[0]) for each in found],
            "last": [SHOWN[figure](each.table["value"].iloc[-1]) for each in found],
            "steps": [
                "; ".join(
                    f"{_step(step.factor, figure)} at {step.run}"
                    + (f" ({step.changed})" if step.changed else "")
                    for step in each.steps
                )
                for each in found
            ],
        }
    )


def draw(found: Sequence[Series], figure: str) -> alt.TopLevelMixin:
    """Return a chart of the figure over the runs: a line a cell, its interval, its steps."""
    import altair as alt

    rows = pd.concat([each.table.assign(cell=each.name) for each in found], ignore_index=True)
    scale = alt.Scale(type="linear" if figure == "digits" else "log", zero=False)
    base = alt.Chart(rows).encode(
        x=alt.X("run:N", title="run", sort=None),
        color=alt.Color("cell:N", title=None, legend=alt.Legend(labelLimit=400)),
    )
    value = alt.Y("value:Q", title=TITLES[figure], scale=scale)
    lines = base.mark_line(point=True).encode(y=value)
    intervals = base.mark_rule().encode(y=alt.Y("low:Q", scale=scale), y2="high:Q")
    steps = (
        base.transform_filter("datum.step")
        .mark_point(shape="diamond", size=160, filled=False, strokeWidth=2)
        .encode(y=value, tooltip=["run:N", "changed:N"])
    )
    return alt.layer(intervals, lines, steps).properties(width=640, height=320)


def _step(factor: float, figure: str) -> str:
    return f"{factor:+.1f} digits" if figure == "digits" else multiple(factor)
