"""The cores that a process works on; a no-op where the system has no say in it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from gradiometer.errors import GradiometerError

ALLOWED: Sequence[int] = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else ()
"""The cores that this process might use when it began."""

TASKS = Path("/proc/self/task")


def require_linux(what: str) -> None:
    """Refuse what measures in worker processes elsewhere than on Linux.

    Raises:
        GradiometerError: If this is another system.
    """
    if sys.platform != "linux":
        raise GradiometerError(
            f"{what} needs Linux, for processes that are pinned and watched; `gradiometer check` "
            "and `gradiometer.testing` work everywhere."
        )


def require_cores(threads: int) -> None:
    """Refuse more threads than there are cores, on which they would wait for each other.

    Raises:
        GradiometerError: If there are not so many.
    """
    if ALLOWED and threads > len(ALLOWED):
        told = f"expected at most {len(ALLOWED)}, the cores that this process may use"
        raise GradiometerError(f"threads is {threads}: {told}.")


def keep(cores: Sequence[int]) -> None:
    """Keep this process, with all the threads that it has, on these cores."""
    if not cores:
        return
    os.sched_setaffinity(0, cores)
    threads = TASKS.iterdir() if TASKS.is_dir() else ()
    for thread in threads:
        with contextlib.suppress(OSError):  # one that has ended meanwhile
            os.sched_setaffinity(int(thread.name), cores)


def pin(threads: int) -> None:
    """Keep this process on as many cores as it has threads, the last that it may use."""
    keep(ALLOWED[-threads:])
