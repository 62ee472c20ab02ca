"""The heat map: which answers are right, by how many digits, and what became of the others."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from gradiometer.report import colors, marks
from gradiometer.report.quantities import digits
from gradiometer.runs import analysis, footnotes
from gradiometer.runs.run import RecordedRun

BEYOND = [0.0, 1.0, 2.0, 4.0]
"""Digits beyond those promised at which the colour of what is right changes."""

TEALS = ["#e3f4f1", "#b8e2da", "#7cc7ba", "#40a496", "#0b5f57"]
"""Colours of what is right, from fewer digits than promised, where rounding leaves no more, up."""

ENDS = {analysis.WRONG: colors.FAULT, analysis.MISSING: colors.EMPTY}
"""Colours of tiles that are not right."""

ACROSS = 16
"""Tiles side by side; what is more goes into a block of its own below."""

WIDTH, HEIGHT = 62, 18
"""Pixels of a tile."""


def agreement(run: RecordedRun, operator: str) -> alt.TopLevelMixin | None:
    """Return a heat map: digits of what is `ok`, statuses of the rest; the longer axis down.

    What is right is coloured by its digits beyond those that the method promises.
    """
    table = _tiles(run, operator)
    if table.empty:
        return None
    across, down = "label", "method"
    if table[across].nunique() > table[down].nunique():
        across, down = down, across
    columns, rows = (list(table[name].unique()) for name in (across, down))
    parts = [columns[first : first + ACROSS] for first in range(0, len(columns), ACROSS)]
    blocks = [_block(table[table[across].isin(part)], across, down, part, rows) for part in parts]
    return marks.styled(blocks[0] if len(blocks) == 1 else alt.vconcat(*blocks, spacing=20))


def fill(beyond: float) -> str:
    """Return the colour of what is right with so many digits beyond those promised."""
    return TEALS[int(np.searchsorted(BEYOND, beyond, side="right"))]


def _tiles(run: RecordedRun, operator: str) -> pd.DataFrame:
    """Return a row a tile: its text, the text's colour, how it ended, digits beyond the promise."""
    table = marks.cells(run, operator)
    table["end"] = analysis.ends(table)
    right = table["end"] == analysis.RIGHT
    shown = table["digits"].where(right)
    words = shown.map(digits, na_action="ignore").astype(object)
    table["text"] = words.fillna(table["status"].mask(right, analysis.ZERO))
    table["text"] += (
        analysis.translated(table).map({True: footnotes.TRANSLATED, False: ""}).where(right, "")
    )
    spare = shown.clip(lower=0, upper=16) - table["promise"]
    table["beyond"] = spare.where(~right | spare.notna(), 0.0)
    table["ink"] = [
        colors.ink(fill(beyond) if end == analysis.RIGHT else ENDS[end])
        for end, beyond in zip(table["end"], table["beyond"], strict=True)
    ]
    return table[["label", "method", "text", "ink", "end", "beyond"]]


def _block(
    table: pd.DataFrame, across: str, down: str, columns: list[str], rows: list[str]
) -> alt.LayerChart:
    names = alt.Axis(labelAngle=-35, orient="top", labelLimit=220)
    base = alt.Chart(table).encode(
        x=alt.X(f"{across}:N", title=None, sort=columns, axis=names),
        y=alt.Y(f"{down}:N", title=None, sort=rows, axis=alt.Axis(labelLimit=220)),
    )
    tiles, ends = base.mark_rect(stroke="white"), alt.datum.end != analysis.RIGHT
    colored = tiles.encode(color=_right_color()).transform_filter(alt.datum.end == analysis.RIGHT)
    marked = tiles.encode(color=_end_color()).transform_filter(ends)
    texts = base.mark_text().encode(
        text="text:N",
        color=marks.own("ink", alt.Color),
        size=alt.when(ends).then(alt.value(9)).otherwise(alt.value(11)),
    )
    layers = alt.layer(colored, marked, texts).resolve_scale(color="independent")
    block: alt.LayerChart = layers.properties(width=WIDTH * len(columns), height=HEIGHT * len(rows))
    return block


def _right_color() -> alt.Color:
    scale = alt.Scale(type="threshold", domain=BEYOND, range=TEALS)
    legend = alt.Legend(orient="bottom", symbolType="square")
    return alt.Color("beyond:Q", scale=scale, title="right: digits beyond promise", legend=legend)


def _end_color() -> alt.Color:
    scale = alt.Scale(domain=list(ENDS), range=list(ENDS.values()))
    legend = alt.Legend(orient="bottom", symbolType="square")
    return alt.Color("end:N", scale=scale, title="no digits", legend=legend)
