"""What a notebook shows of an experiment: what it is, a table, remarks, and a chart."""

from __future__ import annotations

import html
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    import altair as alt


def shown(
    what: str, table: pd.DataFrame, remarks: Iterable[str], chart: alt.TopLevelMixin | None
) -> str:
    """Return HTML, in which all text stands as it is.

    Args:
        what: What the experiment is, in a line.
        table: A frame of text.
        remarks: What is to be said of it, a line each.
        chart: Its chart, if there is one.
    """
    told = "".join(f"<li>{html.escape(line)}</li>" for line in remarks)
    drawing = io.StringIO()
    if chart is not None:
        chart.save(drawing, format="svg")
    head = f"<p><code>{html.escape(what)}</code></p>"
    return f"{head}{table.to_html(index=False)}<ul>{told}</ul>{drawing.getvalue()}"
