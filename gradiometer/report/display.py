"""What a notebook shows of an experiment: what it is, a table, remarks, and charts."""

from __future__ import annotations

import html
from collections.abc import Iterable

import pandas as pd

from gradiometer.report.sections import Figure


def shown(what: str, table: pd.DataFrame, remarks: Iterable[str], figures: Iterable[Figure]) -> str:
    """Return HTML, in which all text stands as it is.

    Args:
        what: What the experiment is, in a line.
        table: A frame of text.
        remarks: What is to be said of it, a line each.
        figures: Its charts.
    """
    told = "".join(f"<li>{html.escape(line)}</li>" for line in remarks)
    drawn = "".join(figure.svg() for figure in figures)
    head = f"<p><code>{html.escape(what)}</code></p>"
    return f"{head}{table.to_html(index=False)}<ul>{told}</ul>{drawn}"
