"""Signals that end a command as Ctrl-C does: what was measured is kept, and workers end."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
]  # Windows has no hang-up
"""What asks a process to end, beside Ctrl-C."""

INTERRUPTED = 128 + signal.SIGINT
"""Exit code after Ctrl-C; of other signals, 128 and their number, as shells have it."""


class Ended(KeyboardInterrupt):
    """A signal has asked the command to end.

    Attributes:
        code: The exit code that tells which.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.code = 128 + number


def exit_code(error: KeyboardInterrupt) -> int:
    """Return the exit code of a command that was interrupted."""
    return error.code if isinstance(error, Ended) else INTERRUPTED


@contextmanager
def listening() -> Iterator[None]:
    """Raise `Ended` where a signal asks the command to end; a second one changes nothing.

    Signals that whoever started the command has set aside (`nohup`) stay so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [number for number in SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    if number != signal.SIGTERM:
        _let_go_of_the_terminal()
    raise Ended(number)


def _let_go_of_the_terminal() -> None:
    """Write to nowhere what went to a terminal that has hung up: each write would fail."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # it has no descriptor, or a closed one
            if stream.isatty():
                os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
