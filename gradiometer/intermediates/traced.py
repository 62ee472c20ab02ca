"""A trace, as it is handed out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradiometer.intermediates import picture, telling
from gradiometer.intermediates.rows import Row
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.problem import Problem


@dataclass(frozen=True, repr=False)
class Trace:
    """Every intermediate value of a function at a point, and the derivative of the output in it.

    Attributes:
        problem: The function, as a problem.
        point: The point.
        rows: The intermediate values, in the order of computation.
        of: What is differentiated: the output's name, or `Σ` for a sum.
        outputs: What it is the sum of.
        full: Whether every component is shown.
        by_hand: The hand-written pass beside it; empty if there is none.
        left: Variables of that pass that no row was found for.
        remark: What is wrong with what that pass returned.
        note: What is to be said of comparisons and conventions.
        notes: Where a framework's function drops digits that are kept here.
    """

    problem: Problem
    point: Point
    rows: Sequence[Row]
    of: str
    outputs: Sequence[str]
    full: bool = False
    by_hand: str = ""
    left: Sequence[str] = ()
    remark: str = ""
    note: str = ""
    notes: Sequence[str] = ()

    @property
    def title(self) -> str:
        """What is shown, in a line."""
        return f"{self.problem.name}: intermediate values, and ∂{self.of}/∂· by reverse mode"

    @property
    def right(self) -> bool:
        """Whether nothing that the hand-written pass holds is wrong."""
        return not self.remark and not any(row.wrong for row in self.rows)

    def __getitem__(self, name: str) -> Row:
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def __repr__(self) -> str:
        headings, cells = telling.table(self)
        lines = [headings, *cells[: telling.MOST_ROWS]]
        widths = [max(len(line[k]) for line in lines) for k in range(len(headings))]
        text = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in lines]
        return "\n".join(line.rstrip() for line in [self.title, *text, *telling.remarks(self)])

    def _repr_html_(self) -> str:
        return telling.html(self)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain data, for JSON: every component with its radius."""
        return telling.as_data(self)

    def markdown(self, digits: int = telling.DIGITS) -> str:
        """Return it as a table in Markdown."""
        return telling.markdown(self, digits)

    def svg(self) -> str:
        """Return it as a picture of the graph: values on the nodes, adjoints on the edges.

        Raises:
            GradiometerError: If there are too many nodes.
        """
        return picture.svg(self)
