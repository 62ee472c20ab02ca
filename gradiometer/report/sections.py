"""What a report says and shows, as plain data: sections of prose, tables and figures.

Knows no output format: a renderer needs nothing but these. A figure shows itself in a notebook.
Prose is CommonMark; titles, summaries and the entries of tables are plain text. A link to
`#a-title` leads to the section of that title.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    import altair as alt


@dataclass(frozen=True)
class Table:
    """A frame of text, to be read.

    Attributes:
        frame: Its rows, without an index.
        summary: What stands in its place until it is unfolded; empty if it is shown at once.
    """

    frame: pd.DataFrame
    summary: str = ""


@dataclass(frozen=True)
class Figure:
    """A chart.

    Attributes:
        name: Its name among the report's files, without a suffix.
        title: What it shows, for who can't see it.
        chart: The chart.
    """

    name: str
    title: str
    chart: alt.TopLevelMixin = field(repr=False)

    def svg(self) -> str:
        """Return it as a drawing, made without a browser or a network."""
        drawing = io.StringIO()
        with _of_any_size():
            self.chart.save(drawing, format="svg")
        return drawing.getvalue()

    def definition(self) -> dict[str, Any]:
        """Return its definition in Vega-Lite, the data included."""
        with _of_any_size():
            return dict(self.chart.to_dict())

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """Show the drawing in a notebook: Altair's own way of showing loads a library from afar."""
        return {"image/svg+xml": self.svg(), "text/plain": repr(self)}


@dataclass(frozen=True)
class Cells:
    """Cells of a run, to be explored where that is possible.

    Attributes:
        frame: A row a cell: the columns of `runs.cells`.
        view: `matrix` (methods by cases, a figure at a time), `list` (a row a cell) or
            `break-even` (a case's methods against one of them).
        plain: What stands in its place where nothing can be explored.
        case: The case that is shown first, if one is.
    """

    frame: pd.DataFrame
    view: str
    plain: Sequence[str | Table | Figure] = ()
    case: str = ""


Part = str | Table | Figure | Cells
"""What a section consists of; text is CommonMark."""


@dataclass(frozen=True)
class Section:
    """A part of a report under a title of its own; a report is the outermost one.

    Attributes:
        title: Its heading.
        parts: Prose, tables, figures and cells to explore, in order.
        sections: The sections below it, which follow its parts.
        folded: Whether only the title shows until it is unfolded.
    """

    title: str
    parts: Sequence[Part] = ()
    sections: Sequence[Section] = ()
    folded: bool = False

    def figures(self) -> Iterator[Figure]:
        """Yield the figures of this section and of all below it."""
        for part in self.parts:
            shown = part.plain if isinstance(part, Cells) else [part]
            yield from (each for each in shown if isinstance(each, Figure))
        for section in self.sections:
            yield from section.figures()


@contextmanager
def _of_any_size() -> Iterator[None]:
    """Let charts of any number of rows be drawn while the block is carried out.

    Altair refuses more than 5,000 otherwise, lest notebooks grow; those of a report are its own.
    """
    import altair as alt

    with alt.data_transformers.enable("default", max_rows=None):
        yield
