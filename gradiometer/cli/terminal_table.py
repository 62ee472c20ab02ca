"""Tables on a console, upright or in blocks where they are too wide for it.

The lines are put together here and printed as one text: rich's own tables measure and wrap every
entry alone, which takes a quarter of the time of `gradiometer list methods`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

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
    console: Console,
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    joined: Collection[int] = (),
    *,
    alike: bool = False,
) -> None:
    """Print a table; one too wide for the console turned upright, or in blocks.

    It is turned upright, a column for each row, where that fits. Blocks repeat the first column, or
    as many of the first as it takes to tell rows apart.

    Args:
        console: Where to.
        title: What stands above each block.
        columns: The headings.
        rows: What stands below them, a sequence for each row.
        joined: Columns, by their places, that stay in the block of the one before.
        alike: Whether what is the same in all rows is told in a line, where there are blocks.
    """
    table, told = _Table.of(columns, [[str(value) for value in row] for row in rows]), ""
    if table.is_wide(console):
        turned = _Table.of(*table.turned()) if table.cells else table
        if len(table.cells) == 1 or not turned.is_wide(console):
            table = turned
        elif alike:
            table, told = table.without_alike()
    for block in _blocks(console.width, table, joined):
        _print_block(console, title, table, block)
    if told:
        console.print("\n".join(_fold(console, told, console.width)), soft_wrap=True)


class _Table(NamedTuple):
    """A table of text, with its headings broken where they are wide.

    Attributes:
        columns: The headings as they were given.
        cells: The entries, a list for each row.
        headers: The headings, broken.
        widths: What the columns need.
    """

    columns: list[str]
    cells: list[list[str]]
    headers: list[str]
    widths: list[int]

    @classmethod
    def of(cls, columns: Sequence[str], cells: list[list[str]]) -> _Table:
        headers = [_folded(name, [row[i] for row in cells]) for i, name in enumerate(columns)]
        widths = [max(map(_width, column)) for column in zip(headers, *cells, strict=True)]
        return cls(list(columns), cells, headers, widths)

    @property
    def key(self) -> int:
        """How many of the first columns it takes to tell rows apart; 1 if none do."""
        for several in range(1, len(self.columns)):
            if len({tuple(row[:several]) for row in self.cells}) == len(self.cells):
                return several
        return 1

    def is_wide(self, console: Console) -> bool:
        """Return whether it is wider than a console."""
        return sum(self.widths) + len(GAP) * len(self.widths) > console.width

    def turned(self) -> tuple[list[str], list[list[str]]]:
        """Return columns and cells of the table that has a column for each row."""
        first, *rest = ([*line] for line in zip(self.columns, *self.cells, strict=True))
        return first, rest

    def without_alike(self) -> tuple[_Table, str]:
        """Return it without columns that are alike in all rows, and the line that tells those."""
        same = [i for i, column in enumerate(zip(*self.cells, strict=True)) if len({*column}) == 1]
        left = [i for i in range(len(self.columns)) if i not in same]
        if not same or 0 in same:
            return self, ""
        told = ", ".join(f"{self.columns[i]} {self.cells[0][i]}" for i in same)
        cells = [[row[i] for i in left] for row in self.cells]
        return _Table.of([self.columns[i] for i in left], cells), f"In all rows: {told}."


def _print_block(console: Console, title: str, table: _Table, block: Sequence[int]) -> None:
    """Print some columns of a table."""
    from rich.text import Text

    fitting = _fitting([table.widths[i] for i in block], console.width)
    parts: list[Part] = [(title, "bold"), "\n\n"]
    parts += _lines(console, [table.headers[i] for i in block], fitting, heading=True)
    parts.append(f" {'─' * (sum(fitting) + len(GAP) * len(block) - 1)}\n")
    for row in table.cells:
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
    return [line.plain.rstrip() for line in Text(entry).wrap(console, width, overflow="fold")]


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


def _blocks(width: int, table: _Table, joined: Collection[int]) -> Iterator[list[int]]:
    """Yield the columns of each block, the key always among them."""
    needed = [each + len(GAP) for each in table.widths]
    key = [*range(table.key)]
    groups: list[list[int]] = []
    for i in range(len(key), len(needed)):
        if i in joined and groups:
            groups[-1].append(i)
        else:
            groups.append([i])
    block = list(key)
    for group in groups:
        if sum(needed[i] for i in block + group) > width and len(block) > len(key):
            yield block
            block = list(key)
        block += group
    yield block


def _fitting(widths: list[int], width: int) -> list[int]:
    """Return the widths that columns have on a console: the widest give way, to one cell."""
    fitting = list(widths)
    while sum(fitting) + len(GAP) * len(fitting) > width and max(fitting) > 1:
        fitting[fitting.index(max(fitting))] -= 1
    return fitting
