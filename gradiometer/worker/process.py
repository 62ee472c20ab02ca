"""The worker process: answers the coordinator's requests with a `Tool` of its own.

Started afresh (never forked) as `python -m gradiometer.worker.process FD THREADS`. It reads
requests from the pipe and answers each with a result or a failure; what the tool prints goes to the
log.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from gradiometer.errors import Declined, GradiometerError, Unsupported, describe
from gradiometer.vocabulary.outcome import Status
from gradiometer.worker.isolation import guarded
from gradiometer.worker.tool import Tool

STATUSES: dict[type[BaseException], Status] = {
    Declined: Status.SKIPPED,
    Unsupported: Status.UNSUPPORTED,
    NotImplementedError: Status.UNSUPPORTED,  # how tools say that they lack an operation
    MemoryError: Status.OUT_OF_MEMORY,
    BaseException: Status.ERROR,
}
"""What an exception in a request means for the cell; the first kind that fits counts."""


def serve(connection: Connection) -> None:
    """Answer requests until the coordinator closes the pipe."""
    bench = Tool()
    while True:
        try:
            name, arguments = connection.recv()
        except EOFError:
            return
        request: Callable[..., Any] = getattr(bench, name)
        try:
            with contextlib.nullcontext() if name == "open" else guarded():
                reply: tuple[bool, Any] = (True, request(**arguments))
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            reply = (False, judge(error))
        sys.stdout.flush()
        sys.stderr.flush()
        connection.send(reply)


def judge(error: BaseException) -> tuple[Status, str]:
    """Return the status that an exception stands for, and its reason in one line."""
    status = next(s for kind, s in STATUSES.items() if isinstance(error, kind))
    return status, str(error) if isinstance(error, GradiometerError) else describe(error)


def pin(threads: int) -> None:
    """Keep this process on `threads` cores, the last that it may use; a no-op where impossible."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])


def main() -> None:
    """Run as a worker: `python -m gradiometer.worker.process FD THREADS`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: end with the coordinator
    pin(int(sys.argv[2]))
    serve(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
