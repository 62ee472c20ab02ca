"""Tables on a console, in blocks where they are too wide for it.

The lines are put together here and printed as one text: rich's own tables measure and wrap every
entry alone, which takes a quarter of the time of `gradiometer list methods`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from gradiometer.vocabulary.outcome import Status

if TYPE_CHECKING:
    from rich.console import Console

NARROW = 10
"""Width below which a heading is not broken."""

GAP = "   "
"""What stands between columns."""

STYLES = {"exact": "green"} | {
    status.value: "dim" if status.blameless else "bold red"
    for status in Status
    if status is not Status.OK
}
"""Styles of the entries of tables: faults are red."""

Part = str | tuple[str, str]
"""Some text, and its style where it has one."""


def print_table(
    console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Print a table; one too wide for the console in blocks that repeat its first column."""
    from rich.text import Text

    cells = [[str(value) for value in row] for row in rows]
    headers = [_folded(name, [row[i] for row in cells]) for i, name in enumerate(columns)]
    widths = [max(map(_width, column)) for column in zip(headers, *cells, strict=True)]
    for block in _blocks(console.width, widths):
        fitting = _fitting([widths[i] for i in block], console.width)
        parts: list[Part] = [(title, "bold"), "\n\n"]
        parts += _lines(console, [headers[i] for i in block], fitting, heading=True)
        parts.append(f" {'─' * (sum(fitting) + len(GAP) * len(block) - 1)}\n")
        for row in cells:
            parts += _lines(console, [row[i] for i in block], fitting)
        console.print(Text.assemble(*parts, no_wrap=True, overflow="ignore"), soft_wrap=True)


def _lines(
    console: Console, row: Sequence[str], widths: Sequence[int], heading: bool = False
) -> Iterator[Part]:
    """Yield the lines of a row, whose entries are folded where they are wider than the column."""
    styles = ["bold" if heading else _style(entry) for entry in row]
    folded = [_fold(console, entry, width) for entry, width in zip(row, widths, strict=True)]
    if heading:  # which stand on the rule
        deepest = max(map(len, folded))
        folded = [[""] * (deepest - len(lines)) + lines for lines in folded]
    for line in zip_longest(*folded, fillvalue=""):
        gap = GAP[1:]
        for entry, width, styled in zip(line, widths, styles, strict=True):
            yield gap
            yield (entry, styled) if styled else entry
            gap = " " * (width - _width(entry)) + GAP
        yield "\n"


def _fold(console: Console, entry: str, width: int) -> list[str]:
    """Return the lines of an entry in a column; a word that is wider than that is broken."""
    from rich.text import Text

    if "\n" not in entry and _width(entry) <= width:
        return [entry]
    return [line.plain for line in Text(entry).wrap(console, width, overflow="fold")]


def _width(text: str) -> int:
    """Return the cells of a terminal that a text takes, of its widest line."""
    from rich.cells import cell_len

    return max(map(cell_len, text.split("\n")))


def _style(entry: str) -> str:
    """Return the style of an entry: a status may have figures in brackets behind it."""
    return STYLES.get(entry.partition(" (")[0], "")


def _folded(name: str, values: Sequence[str]) -> str:
    """Return a heading broken between its words where it is wider than what stands under it."""
    width = max([NARROW, *map(len, values)])
    return "\n".join(textwrap.wrap(name, width, break_long_words=False))


def _blocks(width: int, widths: Sequence[int]) -> Iterator[list[int]]:
    """Yield the columns of each block, the first always among them."""
    first, *others = (each + len(GAP) for each in widths)
    block, used = [0], first
    for i, each in enumerate(others, 1):
        if used + each > width and len(block) > 1:
            yield block
            block, used = [0], first
        block.append(i)
        used += each
    yield block


def _fitting(widths: list[int], width: int) -> list[int]:
    """Return the widths that columns have on a console: the widest give way, to one cell."""
    fitting = list(widths)
    while sum(fitting) + len(GAP) * len(fitting) > width and max(fitting) > 1:
        fitting[fitting.index(max(fitting))] -= 1
    return fitting
