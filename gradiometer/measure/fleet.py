"""The coordinator's side of the workers: starting, asking with a time limit, ending.

One process a tool, spawned (fork after use hangs PyTorch, TensorFlow and JAX), in a session of its
own so that Ctrl-C reaches only the coordinator, its output in a log. A worker that dies or exceeds
its time raises a `Failure` with the status that the cell ends with; the next request starts a new
one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, Self

from gradiometer.measure import environment
from gradiometer.measure.outcome import Status


class Failure(Exception):
    """A request that came to no result."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Worker:
    """A handle on one worker process.

    Args:
        name: The tool it serves; names its log.
        log: File that its standard output and error are appended to.
        threads: Threads and cores it may use.
    """

    def __init__(self, name: str, log: Path, threads: int) -> None:
        self.name = name
        self.log = log
        self.import_s: float | None = None
        ours, theirs = Pipe()
        environ = dict(os.environ)
        environment.restrict(environ, threads)
        command = [sys.executable, "-P", "-m", "gradiometer.measure.worker"]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), str(threads)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environ,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        theirs.close()
        self._connection: Connection = ours

    @property
    def alive(self) -> bool:
        """Whether requests can be sent."""
        return not self._connection.closed and self._process.poll() is None

    def ask(self, request: str, timeout_s: float, **arguments: Any) -> Any:
        """Send a request and return its result.

        Raises:
            Failure: If the worker fails the request, exceeds the time, or dies.
        """
        try:
            self._connection.send((request, arguments))
            if not self._connection.poll(timeout_s):
                self.stop()
                raise Failure(Status.TIMEOUT, f"{request} took longer than {timeout_s:g} s.")
            done, result = self._connection.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise Failure(Status.CRASHED, self._epitaph(request)) from None
        if not done:
            raise Failure(*result)
        return result

    def stop(self) -> None:
        """Kill the worker and whatever it started."""
        self._connection.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _epitaph(self, request: str) -> str:
        """Return how the process died, and the last line it wrote."""
        self.stop()
        code = self._process.returncode
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return f"worker died during {request}: {how}" + (
            f"; log ends {lines[-1]!r}" if lines else ""
        )


class Fleet:
    """The workers of a run, started as they are first needed; a context manager that ends them."""

    def __init__(self, logs: Path, threads: int) -> None:
        self._logs = logs
        self._threads = threads
        self._workers: dict[str, Worker] = {}

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *details: object) -> None:
        for worker in self._workers.values():
            worker.stop()

    def forget(self, timeout_s: float = 10.0) -> None:
        """Let every living worker drop what it has prepared."""
        for worker in self._workers.values():
            if worker.alive:
                with contextlib.suppress(Failure):  # a worker that fails here is started anew
                    worker.ask("drop", timeout_s)

    def worker(self, tool: str) -> Worker:
        """Return the living worker of a tool, started if need be."""
        worker = self._workers.get(tool)
        if worker is None or not worker.alive:
            worker = Worker(tool, self._logs / f"{tool}.log", self._threads)
            self._workers[tool] = worker
        return worker
