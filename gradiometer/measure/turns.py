"""Whose turn it is on this machine: runs that are measured at once spoil each other's times.

Every process that measures leaves a note in a folder that all users of the machine share, and
takes it away when it ends. A note counts while its process lives.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

VARIABLE = "GRADIOMETER_TURNS"
"""Environment variable that names another folder for the notes."""

LOOK_S = 0.5
"""How often a process that waits for its turn looks, seconds."""


@dataclass(frozen=True)
class Note:
    """What a process that measures tells others.

    Attributes:
        pid: Its number.
        started: When it began to live, as the system tells: numbers are given again.
        since: When it asked to measure, seconds since the epoch.
        run: What it measures: the folder of a run.
    """

    pid: int
    started: float
    since: float
    run: str

    @property
    def counts(self) -> bool:
        """Whether its process still lives."""
        try:
            return abs(psutil.Process(self.pid).create_time() - self.started) < 1.0
        except psutil.Error:
            return False

    def __str__(self) -> str:
        return f"{self.run} (process {self.pid})"


@dataclass
class Turn:
    """The turn of this process.

    Attributes:
        note: What it tells others.
        met: Those that were measuring at the same time, as far as was looked, by what they measure.
    """

    note: Note
    met: dict[str, Note]

    def look(self) -> None:
        """See who else is measuring now."""
        self.met |= {note.run: note for note in others(self.note)}

    def warnings(self) -> list[str]:
        """Return one line for each run that was measured at the same time."""
        return [f"{note} was being measured at the same time" for note in self.met.values()]


@contextmanager
def turn(run: Path, wait: Callable[[str], None] | None = None) -> Iterator[Turn]:
    """Tell others that this process measures; wait for those that asked before it, if wanted.

    Args:
        run: The folder of what it measures.
        wait: Told again and again whom it waits for; without it, it does not wait.
    """
    process = psutil.Process()
    note = Note(process.pid, process.create_time(), time.time(), str(run.resolve()))
    file = folder() / f"{note.pid}-{run.name}.json"
    with contextlib.suppress(OSError):  # where nothing can be left for others they see nothing
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.parent.stat().st_uid == os.getuid():
            file.parent.chmod(0o1777)  # for all users, each of whom removes only what is theirs
        file.write_text(json.dumps(asdict(note)), "utf-8")
    try:
        while wait is not None and (before := [o for o in others(note) if o.since < note.since]):
            wait(f"waiting for {before[0]}")
            time.sleep(LOOK_S)
        ours = Turn(note, {})
        ours.look()
        yield ours
    finally:
        with contextlib.suppress(OSError):
            file.unlink()


def others(note: Note) -> list[Note]:
    """Return the notes of other processes that measure now, the first to ask first."""
    found = []
    for file in folder().glob("*.json"):
        with contextlib.suppress(OSError, ValueError, TypeError):  # gone meanwhile, or half written
            found.append(Note(**json.loads(file.read_text("utf-8"))))
    mine = (note.pid, note.run)
    alive = (each for each in found if (each.pid, each.run) != mine and each.counts)
    return sorted(alive, key=lambda each: each.since)


def folder() -> Path:
    """Return the folder of the notes."""
    return Path(os.environ.get(VARIABLE) or Path(tempfile.gettempdir()) / "gradiometer-turns")
