"""The lock on a run's folder: one process at a time measures or removes it.

The system lets go of it when the process ends, however it ends: so it tells whether a run that
says that it is running still is.
"""

from __future__ import annotations

from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from gradiometer.errors import GradiometerError

NAME = "lock"


def hold(path: Path) -> BaseFileLock:
    """Hold a run against other processes until it is released; or this process dies.

    Raises:
        GradiometerError: If another process holds it.
    """
    lock = FileLock(path / NAME, blocking=False, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        told = f"Run {path.name} is being measured by another process: wait for its end."
        raise GradiometerError(told) from None
    return lock


def is_held(path: Path) -> bool:
    """Return whether a process holds a run; of a folder that cannot be written, nobody does."""
    if not (path / NAME).exists():
        return False
    try:
        hold(path).release()
    except GradiometerError:
        return True
    except OSError:
        return False
    return False
