"""The charts of a report, one definition each, over the run's own frames."""

from __future__ import annotations

from collections.abc import Callable

import altair as alt

from gradiometer.report import heat_map, ranking, scaling, trade_off
from gradiometer.report.sections import Figure
from gradiometer.runs.run import RecordedRun


def figures(run: RecordedRun, name: str, operator: str) -> list[Figure]:
    """Return a chart of `CHARTS` as a figure of a report; none where there is nothing to draw."""
    title, draw = CHARTS[name]
    chart = draw(run, operator)
    return [] if chart is None else [Figure(f"{name}-{operator}", title.format(operator), chart)]


CHARTS: dict[str, tuple[str, Callable[[RecordedRun, str], alt.TopLevelMixin | None]]] = {
    "agreement": ("Correct digits, {}, by method and function", heat_map.agreement),
    "ranking": ("Time, {}, as a multiple of the fastest method, by function", ranking.ranking),
    "accuracy-cost": ("Time, {}, against correct digits, by method", trade_off.accuracy_cost),
    "scaling": ("Time, {}, against the number of inputs, by problem", scaling.time),
    "memory": ("Memory of a call, {}, against the number of inputs, by problem", scaling.memory),
    "cost": ("Time, {}, in multiples of the primal, against the number of inputs", scaling.cost),
}
"""The charts of a report by name: what each shows of an operator, and how to draw it."""
