"""Where commands write: tables or JSON on stdout, progress and remarks on stderr.

rich is imported when something is printed: no `--help` needs it.
"""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradiometer.cli.terminal_table import print_table

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

WIDE = 160
"""Width of tables where stdout is no terminal, and so has none of its own."""


def stdout() -> Console:
    """Return a console for results: coloured and as wide as the terminal, if it is one.

    Text is printed as it is, and lines are not broken; `say` breaks them.
    """
    from rich.console import Console

    width = None if sys.stdout.isatty() else WIDE
    return Console(width=width, soft_wrap=True, markup=False, highlight=False, emoji=False)


def stderr() -> Console:
    """Return a console for progress and remarks."""
    from rich.console import Console

    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def say(console: Console, text: str, style: str | None = None, indent: int = 0) -> None:
    """Print a text as it is; on a terminal, `broken`."""
    console.print(broken(console, text, indent), style=style, soft_wrap=True)


def broken(console: Console, text: str, indent: int = 0) -> str:
    """Return a text whose lines are broken between words on a terminal; words stay whole.

    Args:
        console: Where it is to be printed.
        text: The text.
        indent: How far the lines that follow a broken one are indented.
    """
    if not console.is_terminal:
        return text
    how: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
    lines = (
        textwrap.wrap(line, console.width, subsequent_indent=" " * indent, **how) or [""]
        for line in text.split("\n")
    )
    return "\n".join(part for each in lines for part in each)


def print_json(data: Any) -> None:
    """Print strict JSON; infinities and gaps, which it has not, as text and null."""
    from gradiometer.runs.schema import strict

    sys.stdout.write(json.dumps(strict(data), indent=2, ensure_ascii=False) + "\n")


IN_FULL = ("larger", "source")
"""Columns for `show` and --json alone: too long for a table."""


def print_rows(title: str, rows: Sequence[dict[str, Any]], json: bool) -> None:
    """Print rows of the same columns, as JSON or as a table."""
    if json:
        print_json(rows)
        return
    columns = [c for c in rows[0] if c not in IN_FULL]
    cells = [[as_text(row[c]) for c in columns] for row in rows]
    print_table(stdout(), title, [c.replace("_", " ") for c in columns], cells, alike=True)


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
        say(stderr(), f"Damaged: {told}. {advice}", style="red")
    return bool(damage)
