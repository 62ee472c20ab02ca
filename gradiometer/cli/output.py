"""Where commands write: tables or JSON on stdout, progress and remarks on stderr.

rich is imported when something is printed: no `--help` needs it.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradiometer.vocabulary.outcome import Status

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

WIDE = 160
"""Width of tables where stdout is no terminal, and so has none of its own."""

NARROW = 10
"""Width below which a heading is not broken."""

GAP = 3
"""Spaces that a column takes beside its text."""

STYLES = {"exact": "green"} | {
    status.value: "dim" if status.blameless else "bold red"
    for status in Status
    if status is not Status.OK
}
"""Styles of the entries of tables: faults are red."""


def stdout() -> Console:
    """Return a console for results: coloured and as wide as the terminal, if it is one.

    Text is printed as it is, and lines are not broken.
    """
    from rich.console import Console

    width = None if sys.stdout.isatty() else WIDE
    return Console(width=width, soft_wrap=True, markup=False, highlight=False, emoji=False)


def stderr() -> Console:
    """Return a console for progress and remarks."""
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def print_json(data: Any) -> None:
    """Print strict JSON; infinities and gaps, which it has not, as text and null."""
    from gradiometer.runs.schema import strict

    sys.stdout.write(json.dumps(strict(data), indent=2, ensure_ascii=False) + "\n")


def print_table(
    console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Print a table; one too wide for the console in blocks that repeat its first column."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    cells = [[str(value) for value in row] for row in rows]
    headers = [_folded(name, [row[i] for row in cells]) for i, name in enumerate(columns)]
    for block in _blocks(console.width, headers, cells):
        table = Table(box=box.SIMPLE_HEAD)
        for i in block:
            table.add_column(Text(headers[i]), overflow="fold")
        for row in cells:
            table.add_row(*(Text(row[i], style=_style(row[i])) for i in block))
        console.print(Text(title, "bold"))  # not the table's own, which would break at its width
        console.print(table, soft_wrap=False)


def print_rows(title: str, rows: Sequence[dict[str, Any]], json: bool) -> None:
    """Print rows of the same columns, as JSON or as a table."""
    if json:
        print_json(rows)
        return
    columns = [c for c in rows[0] if c != "source"]  # whole sentences, for `show` and --json
    headings = [c.replace("_", " ") for c in columns]
    print_table(stdout(), title, headings, [[as_text(row[c]) for c in columns] for row in rows])


def as_text(value: Any) -> str:
    """Return a value as people read it: `yes`, `a, b`, `name 3`, `1,234`, or a dash."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        named = (f"{name.replace('_', ' ')} {as_text(v)}" for name, v in value.items())
        return ", ".join(named) or "–"
    if isinstance(value, list):
        return ", ".join(map(as_text, value)) or "–"
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:g}"
    return "–" if value is None else str(value)


def print_frame(console: Console, title: str, frame: pd.DataFrame) -> None:
    """Print a frame of text as a table."""
    print_table(console, title, [str(c) for c in frame.columns], frame.to_numpy().tolist())


def tell_damage(damage: Mapping[str, str], path: Path) -> bool:
    """Say on stderr what can no longer be read of a run; return whether there is such."""
    for told in damage.values():
        advice = f"`gradiometer runs repair {path}` saves what can be."
        stderr().print(f"Damaged: {told}. {advice}", style="red", soft_wrap=True)
    return bool(damage)


def _style(entry: str) -> str:
    """Return the style of an entry: a status may have figures in brackets behind it."""
    return STYLES.get(entry.partition(" (")[0], "")


def _folded(name: str, values: Sequence[str]) -> str:
    """Return a heading broken between its words where it is wider than what stands under it."""
    width = max([NARROW, *map(len, values)])
    return "\n".join(textwrap.wrap(name, width, break_long_words=False))


def _blocks(
    width: int, headers: Sequence[str], rows: Sequence[Sequence[str]]
) -> Iterator[list[int]]:
    """Yield the columns of each block, the first always among them."""
    widths = [
        max(len(text) for text in (*header.split("\n"), *(row[i] for row in rows))) + GAP
        for i, header in enumerate(headers)
    ]
    block, used = [0], widths[0]
    for i in range(1, len(headers)):
        if used + widths[i] > width and len(block) > 1:
            yield block
            block, used = [0], widths[0]
        block.append(i)
        used += widths[i]
    yield block
