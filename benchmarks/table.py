"""The table that the measuring scripts print: goals, and what was reached."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Figure(NamedTuple):
    """One line of the table."""

    what: str
    goal: str
    reached: str
    good: bool


def print_table(parts: Mapping[str, Callable[[], Iterator[Figure]]], asked: Sequence[str]) -> None:
    """Measure the parts that were asked for, all by default, and print their figures."""
    unknown = set(asked) - set(parts)
    if unknown:
        sys.exit(f"Unknown part {sorted(unknown)}: expected some of {', '.join(parts)}.")
    table = Table("figure", "goal", "reached", "")
    for name in asked or parts:
        for figure in parts[name]():
            Console(stderr=True).print(f"{figure.what}: {figure.reached}", highlight=False)
            table.add_row(figure.what, figure.goal, figure.reached, "✓" if figure.good else "✗")
    Console(width=120).print(table)
