"""How long work is followed on stderr, and what is said of it where it is interrupted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from gradiometer.cli.ending import exit_code
from gradiometer.cli.output import say, stderr
from gradiometer.measure.progress import Progress

TOLD_S = 60.0
"""Seconds after which it is told again how far the work is, where no bar shows it."""


class Bar(Progress):
    """A bar of the rows that are kept; where the console is no terminal, a line a minute.

    Args:
        console: Where it is shown.
        rows: What is kept, in the plural.

    Attributes:
        folder: Where they are kept; None until the work has begun, or if nothing is.
    """

    def __init__(self, console: Console, rows: str) -> None:
        self.folder: Path | None = None
        self._console, self._rows, self._told = console, rows, ""
        said = TextColumn("{task.description}", markup=False)
        columns = BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(), said
        self._lines = not console.is_terminal
        self._bars = Bars(*columns, console=console, transient=True, disable=self._lines)
        self._task = self._bars.add_task("")
        self._begun_s = self._told_s = time.monotonic()

    def start(self, planned: int, done: int, folder: Path | None) -> None:
        """Show the bar."""
        self.folder = folder
        self._bars.update(self._task, total=planned, completed=done)
        self._bars.start()
        if done >= planned:
            self._told = f"All {planned} {self._rows} were recorded already: nothing was measured."

    def warn(self, text: str) -> None:
        """Print it, above the bar."""
        say(self._console, text)

    def say(self, text: str) -> None:
        """Show what is being done, beside the bar."""
        self._bars.update(self._task, description=text)

    def advance(self, text: str) -> None:
        """Move the bar by a row."""
        self._bars.advance(self._task)
        now = time.monotonic()
        if self._lines and now - self._told_s >= TOLD_S:
            self._told_s = now
            (task,) = self._bars.tasks
            minutes = (now - self._begun_s) / 60.0
            told = f"{task.completed:g} of {task.total:g} {self._rows} after {minutes:.0f} min"
            say(self._console, f"{told}: {text}")

    def stop(self) -> None:
        """Take the bar away, and say so if there was nothing to do."""
        self._bars.stop()
        if self._told:
            say(self._console, self._told)
        self._told = ""

    def kept(self, verb: str) -> str:
        """Return what is told of the rows that are kept, and what goes on with them.

        Args:
            verb: The command that measures those that are missing; empty if none can.
        """
        (task,) = self._bars.tasks
        done, total = task.completed, task.total
        if done == total:
            return (
                f"all {total:g} {self._rows} are kept in {self.folder}; write the report with "
                f"`gradiometer report {self.folder}`."
            )
        told = f"{done:g} of {total:g} {self._rows} are kept in {self.folder}"
        if not verb:
            return f"{told}, and are measured anew the next time."
        return f"{told}; go on with `gradiometer {verb} --resume {self.folder}`."


@contextmanager
def following(verb: str, rows: str, lost: str = "nothing was measured yet.") -> Iterator[Progress]:
    """Follow long work on stderr; where Ctrl-C or a signal ends it, tell what is kept.

    Args:
        verb: The command that goes on with it; empty if none can.
        rows: What is kept of it, in the plural.
        lost: What is told where there is no folder that keeps anything.
    """
    console = stderr()
    bar = Bar(console, rows)
    try:
        yield bar
    except KeyboardInterrupt as error:
        bar.stop()
        say(console, f"Interrupted: {lost if bar.folder is None else bar.kept(verb)}")
        raise typer.Exit(exit_code(error)) from None
    finally:
        bar.stop()
