"""A run as a notebook shows it: what it comes to, and times and digits of first derivatives.

Every cell that is coloured has a colour for its text, too, so that it is read in light and in dark.
"""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pandas as pd

from gradiometer.report.colors import EMPTY, FAULT, ink
from gradiometer.report.conclusions import conclusions
from gradiometer.report.markdown import as_html
from gradiometer.report.quantities import digits, multiple
from gradiometer.runs import analysis, footnotes
from gradiometer.runs.run import RecordedRun

SHADES = (
    (8, 29, 88), (37, 52, 148), (34, 94, 168), (29, 145, 192), (65, 182, 196), (127, 205, 187),
    (199, 233, 180), (237, 248, 177), (255, 255, 217),
)  # fmt: skip
"""Colours of times from the fastest's on, evenly over the logarithm of the ratio to it.

ColorBrewer's YlGnBu, in which the charts show digits: the better is the darker in both."""

SLOWEST = 1000.0
"""The ratio from which on all times have the last colour."""

FAILED, MISSING = (f"color: {ink(fill)}; background-color: {fill}" for fill in (FAULT, EMPTY))
"""Styles of what is wrong or failed, and of what was not measured: the colours of the charts."""

BESIDE = '<div style="display: flex; flex-wrap: wrap; gap: 0 2em">{}</div>'
PART = '<div style="max-width: 100%; overflow-x: auto"><h4>{}</h4>{}</div>'
"""Matrices stand beside each other where there is room, and scroll where there is none."""

MORE = (
    "<p>Also in this run: {0}. Show one with <code>run.agreement({1!r})</code> or "
    "<code>run.speed({1!r})</code>.</p>"
)
"""How to get the operators that are not shown at once."""


def html(run: RecordedRun) -> str:
    """Return what a notebook shows of a run: what it comes to, matrices of first derivatives."""
    shown = analysis.first_derivatives(run.cells)
    matrices = "".join(BESIDE.format(_matrices(cells, name)) for name, cells in shown.items())
    told = footnotes.meanings(pd.concat(shown.values())) if shown else {}
    notes = "".join(f"<p>{mark} {escape(meaning)}.</p>" for mark, meaning in told.items())
    others = [name for name in run.operators if name not in shown]
    more = MORE.format(", ".join(others), others[0]) if others else ""
    return f"<p><code>{escape(repr(run))}</code></p>{_conclusions(run)}{matrices}{notes}{more}"


def _conclusions(run: RecordedRun) -> str:
    """Return what the run comes to, as HTML; a report's sections have other names here."""
    lines = "\n".join(f"- {line}" for line in conclusions(run))
    text = lines.replace("[Coverage](#coverage)", "`run.coverage()`")
    return as_html(text)


def _matrices(cells: pd.DataFrame, name: str) -> str:
    """Return times, unless nothing was timed, and digits of an operator."""
    times, parts = analysis.speed(cells, name), ""
    if times.map(lambda x: isinstance(x, float) and x == x).any(axis=None):
        marks = footnotes.beside(cells, name)
        title = f"Time of the {name}, as a multiple of the fastest"
        parts = PART.format(title, _table(times.map(multiple) + marks, times.map(_by_time)))
    found = analysis.agreement(cells, name)
    marks = footnotes.beside(cells, name, footnotes.TRANSLATED)
    table = _table(found.map(digits) + marks, found.map(_by_end))
    return parts + PART.format(f"Correct digits of the {name}", table)


def _table(text: pd.DataFrame, styles: pd.DataFrame) -> str:
    """Return a matrix of text as HTML, its longer axis downwards, each cell in its style."""
    if len(text) < len(text.columns):
        text, styles = text.T, styles.T
    shown = text.rename_axis(index=None, columns=None).style.format(escape="html")
    shown = shown.apply(lambda _: styles, axis=None)
    for axis in ("index", "columns"):
        shown = shown.format_index(escape="html", axis=axis)
    return str(shown.set_table_attributes('style="color: inherit"').to_html())


def _by_end(value: Any) -> str:
    """Return the style of a cell by how it ended; none of what is right."""
    if isinstance(value, float) or value in ("ok", analysis.ZERO):
        return ""
    return MISSING if value in analysis.EXPECTED else FAILED


def _by_time(value: Any) -> str:
    """Return the style of a cell by its ratio to the fastest; of one without, by how it ended."""
    if not isinstance(value, float) or np.isnan(value):
        return _by_end(value)
    place = np.log(max(value, 1.0)) / np.log(SLOWEST) * (len(SHADES) - 1)
    channels = [np.interp(place, range(len(SHADES)), each) for each in zip(*SHADES, strict=True)]
    fill = f"#{''.join(f'{round(x):02x}' for x in channels)}"
    return f"color: {ink(fill)}; background-color: {fill}"
