"""The worker process: answers the coordinator's requests with a `Tool` of its own.

Started afresh (never forked) as `python -m gradiometer.worker.process FD THREADS [certifies]`. It
reads requests from the pipe and answers each with a result or a failure; what the tool prints goes
to the log. Where methods are measured the reference cannot be imported, lest one answer with it.
"""

from __future__ import annotations

import ctypes
import os
import random
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from importlib.abc import MetaPathFinder
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from gradiometer.errors import ChangedInput, Declined, GradiometerError, Unsupported, describe
from gradiometer.plugins.environments import APART
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.worker.cores import pin
from gradiometer.worker.requests import set_up
from gradiometer.worker.tool import Tool

REFERENCE = "gradiometer.reference"
"""What methods cannot import."""

STATUSES: dict[type[BaseException], Status] = {
    Declined: Status.SKIPPED,
    ChangedInput: Status.DISAGREES,
    Unsupported: Status.UNSUPPORTED,
    NotImplementedError: Status.UNSUPPORTED,  # how tools say that they lack an operation
    MemoryError: Status.OUT_OF_MEMORY,
    BaseException: Status.ERROR,
}
"""What an exception in a request means for the cell; the first kind that fits counts."""


def serve(connection: Connection) -> None:
    """Answer requests until the coordinator closes the pipe."""
    tool = Tool()
    while True:
        try:
            (module, name), args, kwargs = connection.recv()
        except EOFError:
            return
        try:
            reply: tuple[bool, Any] = (True, carry_out(tool, module, name, args, kwargs))
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            reply = (False, failure(error))
        sys.stdout.flush()
        sys.stderr.flush()
        connection.send(reply)


def carry_out(tool: Tool, module: str, name: str, args: Any, kwargs: Any) -> Any:
    """Return what a request, given by its qualified name, returns.

    What a tool changes in its process is undone, but for what its import and set-up do.
    """
    request = getattr(import_module(module), name)
    with nullcontext() if request is set_up else restored():
        return request(tool, *args, **kwargs)


@contextmanager
def restored() -> Iterator[None]:
    """Restore working directory, `sys.path`, NumPy's error state and random seeds at the end."""
    folder, path, errors = Path.cwd(), list(sys.path), np.geterr()
    seed, legacy_seed = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        sys.path[:] = path
        np.seterr(**errors)
        random.setstate(seed)
        np.random.set_state(legacy_seed)  # noqa: NPY002
        os.chdir(folder)


def failure(error: BaseException) -> Failure:
    """Return what an exception means for the cell: a status, and the reason in one line.

    A problem may need what is installed where the run was started, and not in an environment.
    """
    apart = os.environ.get(APART)
    if apart and isinstance(error, ModuleNotFoundError):
        return Failure(Status.NOT_INSTALLED, f"{error}, in the environment {apart}")
    status = next(s for kind, s in STATUSES.items() if isinstance(error, kind))
    return Failure(status, str(error) if isinstance(error, GradiometerError) else describe(error))


class Fence(MetaPathFinder):
    """Refuses to find the reference: against mistakes, not against attackers."""

    def find_spec(self, name: str, *path: object) -> None:
        """Refuse.

        Raises:
            ImportError: If the reference or a part of it is asked for.
        """
        if name == REFERENCE or name.startswith(f"{REFERENCE}."):
            raise ImportError("a method cannot use the reference that its answers are checked by")


def main() -> None:
    """Run as a worker: `python -m gradiometer.worker.process FD THREADS [certifies]`."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: end with the coordinator
    pin(int(sys.argv[2]))
    if sys.argv[3:] != ["certifies"]:
        sys.meta_path.insert(0, Fence())
    serve(Connection(int(sys.argv[1])))


if __name__ == "__main__":
    main()
