"""How long work is followed in a notebook: a bar in the output of the cell that does it.

rich and tqdm draw theirs with ipywidgets, which a notebook need not have; this one needs IPython.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

from gradiometer.measure.progress import Progress

PAUSE_S = 0.25
"""Least time between two pictures of the bar: drawing takes time that is measured beside it."""


@contextmanager
def following(progress: Progress | bool, rows: str, go_on: str = "") -> Iterator[Progress]:
    """Yield what is told of long work: a bar in a notebook, and elsewhere nothing.

    Args:
        progress: What is told instead; or whether there is a bar.
        rows: What is kept of the work, in the plural.
        go_on: A function that takes up again what was cut off; empty if there is none.
    """
    if isinstance(progress, Progress):
        yield progress
    elif progress and in_notebook():
        bar = NotebookBar(rows, go_on)
        try:
            yield bar
        finally:
            bar.stop()
    else:
        yield Progress()


def in_notebook() -> bool:
    """Return whether this process is the kernel of a notebook. Imports nothing."""
    loaded = sys.modules.get("IPython")
    shell = None if loaded is None else loaded.get_ipython()
    return getattr(shell, "kernel", None) is not None


class NotebookBar(Progress):
    """A bar of the rows that are kept, and what is being done.

    Args:
        rows: What is kept, in the plural.
        go_on: A function that takes up again what was cut off; empty if there is none.
    """

    def __init__(self, rows: str, go_on: str) -> None:
        self._rows, self._go_on = rows, go_on
        self._done, self._planned, self._folder = 0, 0, ""
        self._warnings: list[str] = []
        self._said, self._began, self._drawn = "", time.monotonic(), 0.0
        self._handle: Any = None

    def start(self, planned: int, done: int, folder: Path | None) -> None:
        """Show the bar."""
        self._done, self._planned, self._folder = done, planned, str(folder or "")
        self._draw()

    def warn(self, text: str) -> None:
        """Show it, above the bar."""
        self._warnings.append(text)
        self._draw()

    def say(self, text: str) -> None:
        """Show what is being done, beside the bar."""
        self._said = text
        self._draw_in_time()

    def advance(self, text: str) -> None:
        """Move the bar by a row."""
        self._done += 1
        self._draw_in_time()

    def stop(self) -> None:
        """Put in the place of the bar what is kept, if the work has begun."""
        if self._handle is None:
            return
        where = f" in {self._folder}" if self._folder else ""
        told = f"{self._counted} in {self._took}, kept{where}."
        if self._done < self._planned and self._go_on:
            told += f" Go on with {self._go_on}({self._folder!r})."
        self._show(told, "")

    @property
    def _counted(self) -> str:
        return f"{self._done} of {self._planned} {self._rows}"

    @property
    def _took(self) -> str:
        minutes, seconds = divmod(round(time.monotonic() - self._began), 60)
        return f"{minutes}:{seconds:02}"

    def _draw_in_time(self) -> None:
        if self._handle is not None and time.monotonic() - self._drawn >= PAUSE_S:
            self._draw()

    def _draw(self) -> None:
        bar = f'<progress value="{self._done}" max="{self._planned}"></progress> '
        self._show(f"{self._counted}, {self._took}: {self._said or 'starting'}", bar)
        self._drawn = time.monotonic()

    def _show(self, line: str, bar: str) -> None:
        """Show warnings, and below them a line, behind a bar; in the place of what was shown."""
        from IPython.display import display, update_display

        above = "".join(f"<div>{escape(text)}</div>" for text in self._warnings)
        shown = {
            "text/html": f"{above}<div>{bar}{escape(line)}</div>",
            "text/plain": "\n".join([*self._warnings, line]),
        }
        if self._handle is None:
            self._handle = display(shown, raw=True, display_id=True)
        else:
            update_display(shown, raw=True, display_id=self._handle.display_id)
