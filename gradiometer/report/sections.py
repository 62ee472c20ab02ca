"""What a report says and shows, as plain data: sections of prose, tables and figures.

Knows no output format: a renderer needs nothing but these. A figure shows itself in a notebook.
Prose is CommonMark; titles, summaries and the entries of tables are plain text. A link to
`#a-title` leads to the section of that title.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
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
        self.chart.save(drawing, format="svg")
        return drawing.getvalue()

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """Show the drawing in a notebook: Altair's own way of showing loads a library from afar."""
        return {"image/svg+xml": self.svg(), "text/plain": repr(self)}


@dataclass(frozen=True)
class Section:
    """A part of a report under a title of its own; a report is the outermost one.

    Attributes:
        title: Its heading.
        parts: Prose, tables and figures, in order.
        sections: The sections below it, which follow its parts.
        folded: Whether only the title shows until it is unfolded.
    """

    title: str
    parts: Sequence[str | Table | Figure] = ()
    sections: Sequence[Section] = ()
    folded: bool = False

    def figures(self) -> Iterator[Figure]:
        """Yield the figures of this section and of all below it."""
        yield from (part for part in self.parts if isinstance(part, Figure))
        for section in self.sections:
            yield from section.figures()
