"""Where commands write: tables or JSON on stdout, progress and remarks on stderr."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    import pandas as pd

WIDE = 160
"""Width of tables where stdout is no terminal, and so has none of its own."""

STYLES = {
    "exact": "green", "skipped": "dim", "unsupported": "dim", "not-installed": "dim",
    "disagrees": "bold red", "nonfinite": "bold red", "error": "bold red",
    "crashed": "bold red", "timeout": "red", "out-of-memory": "red",
}  # fmt: skip


def stdout() -> Console:
    """Return a console for results: coloured and as wide as the terminal, if it is one."""
    return Console(width=None if sys.stdout.isatty() else WIDE, highlight=False, emoji=False)


def stderr() -> Console:
    """Return a console for progress and remarks."""
    return Console(stderr=True, highlight=False, emoji=False)


def print_json(data: Any) -> None:
    """Print strict JSON; infinities and gaps, which it has not, as text and null."""
    sys.stdout.write(json.dumps(_strict(data), indent=2, ensure_ascii=False) + "\n")


def print_table(
    console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Print a table; one too wide for the console in blocks that repeat its first column."""
    for block in _blocks(console.width, columns, rows):
        table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
        for i in block:
            table.add_column(columns[i], overflow="fold")
        for row in rows:
            table.add_row(*(Text(str(row[i]), style=STYLES.get(str(row[i]), "")) for i in block))
        console.print(table)


def print_frame(console: Console, title: str, frame: pd.DataFrame) -> None:
    """Print a frame of text as a table."""
    print_table(console, title, [str(c) for c in frame.columns], frame.to_numpy().tolist())


def _blocks(
    width: int, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> Iterator[list[int]]:
    """Yield the columns of each block, the first always among them."""
    widths = [
        max(_longest_word(name), *(len(str(row[i])) for row in rows), 4) + 2
        for i, name in enumerate(columns)
    ]
    block, used = [0], widths[0]
    for i in range(1, len(columns)):
        if used + widths[i] > width and len(block) > 1:
            yield block
            block, used = [0], widths[0]
        block.append(i)
        used += widths[i]
    yield block


def _longest_word(name: str) -> int:
    return max(len(word) for word in name.replace("-", "- ").split()) if name else 0


def _strict(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _strict(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_strict(value) for value in data]
    if isinstance(data, float) and not math.isfinite(data):
        return None if math.isnan(data) else str(data)
    return data
