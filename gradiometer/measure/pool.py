"""The coordinator's side of the workers: starting, asking with a time limit, ending.

One process a tool, spawned (fork after use hangs PyTorch, TensorFlow and JAX), in a session of its
own so that Ctrl-C reaches only the coordinator, its output in a log. A worker that dies or exceeds
its time raises a `Failure` with the status that the cell ends with; the next request starts a new
one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, Self, TypeVar, cast

import psutil

from gradiometer.errors import describe
from gradiometer.measure import environment as surroundings
from gradiometer.plugins.environments import APART, Environment
from gradiometer.vocabulary.method import Target
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.worker import cores, requests

if TYPE_CHECKING:
    from gradiometer.worker.tool import Tool

REFERENCE = "reference-worker"
"""Name of the worker that certifies, and that holds the controls; no file of a tool has it."""

MARK = "GRADIOMETER_WORKER"
"""Environment variable by which a worker's processes are known, even as orphans."""

ELSEWHERE = Path(requests.__file__).with_name("elsewhere.py")
"""What a worker in another environment runs."""

TOLD_S = 10.0
"""Time that a worker may take to do as all are told, seconds."""

WATCH_S = 0.1
"""How often a busy worker's memory is looked at, seconds."""


P = ParamSpec("P")
T = TypeVar("T")
Request = Callable[Concatenate["Tool", P], T]
"""A function of a worker's tool, with whatever else it takes; see `gradiometer.worker.requests`."""


class AnyWorker(Protocol):
    """What requests can be sent to: a worker process, or a stand-in within this one."""

    opened: dict[tuple[str, Target], float]
    """Methods that were set up, for what, with the seconds that the import took."""

    @property
    def alive(self) -> bool:
        """Whether requests can be sent."""

    def ask(self, request: Request[P, T], timeout_s: float, *args: P.args, **kwargs: P.kwargs) -> T:
        """Send a request and return its result.

        Raises:
            Failure: If the worker fails the request, exceeds the time, or dies.
        """

    def stop(self) -> None:
        """End it."""


class AnyPool(Protocol):
    """What has a worker for every tool."""

    def worker(self, tool: str, environment: str = "") -> AnyWorker:
        """Return the living worker of a tool in an environment, started if need be."""

    def start(self, tool: str, environment: str = "") -> AnyWorker:
        """Return a fresh worker of a tool in an environment, which the caller must stop."""


class Worker:
    """A handle on one worker process.

    Args:
        log: File that its standard output and error are appended to.
        threads: Threads and cores it may use.
        memory: Resident memory at which it is killed, bytes.
        certifies: Whether it may import the reference.
        environment: The environment whose interpreter it is of; this process's own by default.
        within: A folder for all that it writes: its working directory, its home, and its temporary
            files, `work`, `home` and `tmp`; by default those of this process.
        search: Folders in which it finds modules before any others.
    """

    def __init__(
        self,
        log: Path,
        threads: int,
        memory: int,
        *,
        certifies: bool = False,
        environment: str = "",
        within: Path | None = None,
        search: Sequence[str] = (),
    ) -> None:
        self.log = log
        self.opened: dict[tuple[str, Target], float] = {}
        self._memory = memory
        self._logged = 0
        self._turn = threading.Lock()
        self._mark = secrets.token_hex(8)
        ours, theirs = Pipe()
        environ = os.environ | {MARK: self._mark}
        surroundings.restrict(environ, threads)
        self._scratch = tempfile.mkdtemp(prefix="gradiometer-")
        surroundings.refresh_caches(environ, self._scratch)
        if search:
            given = filter(None, (environ.get("PYTHONPATH"),))
            environ["PYTHONPATH"] = os.pathsep.join((*search, *given))
        if within is not None:
            surroundings.move(environ, within)
        if not certifies:  # who certifies keeps certificates in the user's cache
            environ["XDG_CACHE_HOME"] = self._scratch
        command = [sys.executable, "-P", "-m", "gradiometer.worker.process"]
        if environment:
            environ[APART] = environment
            command = [str(Environment(environment).interpreter), "-P", str(ELSEWHERE)]
        with log.open("ab") as output:
            self._process = psutil.Popen(
                [*command, str(theirs.fileno()), str(threads), *(["certifies"] * certifies)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=within and within / "work",
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

    def ask(self, request: Request[P, T], timeout_s: float, *args: P.args, **kwargs: P.kwargs) -> T:
        """Send a request and return its result.

        Raises:
            Failure: If the worker fails the request, exceeds the time, or dies.
        """
        with self._turn:  # others may ask the reference at the same time
            return self._asked(request, timeout_s, *args, **kwargs)

    def end(self, timeout_s: float) -> None:
        """Let the worker come to its end by itself, so that it tidies up; then as `stop`."""
        self._connection.close()
        with contextlib.suppress(psutil.TimeoutExpired):
            self._process.wait(timeout_s)
        self.stop()

    def stop(self) -> None:
        """Kill the worker and whatever it started, wherever that went."""
        self._connection.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._scratch, ignore_errors=True)
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get(MARK) == self._mark:
                    process.kill()

    def cpu_s(self) -> float:
        """Return the CPU time that the worker has used, in seconds."""
        try:
            used = self._process.cpu_times()
        except psutil.Error:
            return 0.0
        return float(used.user + used.system)

    def _asked(
        self, request: Request[P, T], timeout_s: float, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        name = request.__name__.replace("_", " ")
        with contextlib.suppress(FileNotFoundError):
            self._logged = self.log.stat().st_size
        try:
            self._connection.send(((request.__module__, request.__qualname__), args, kwargs))
            self._await(name, timeout_s)
            done, result = self._connection.recv()
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise Failure(Status.CRASHED, self._how_it_died(name)) from None
        except Failure:
            raise
        except Exception as error:  # whatever unpickling a tool's own object raises here
            raise Failure(Status.ERROR, f"the reply to {name}: {describe(error)}") from error
        if not done:
            raise result
        return cast(T, result)

    def _await(self, request: str, timeout_s: float) -> None:
        """Wait for the reply, as long as time and memory allow.

        Raises:
            Failure: If either runs out.
        """
        end = time.monotonic() + timeout_s
        while not self._connection.poll(max(0.0, min(WATCH_S, end - time.monotonic()))):
            used = self._resident()
            if used > self._memory:
                self.stop()
                limit = f"{self._memory / 2**30:.3g} GiB"
                reason = f"{request} used {used / 2**30:.3g} GiB, over the limit of {limit}."
                raise Failure(Status.OUT_OF_MEMORY, reason)
            if time.monotonic() >= end:
                self.stop()
                raise Failure(Status.TIMEOUT, f"{request} took longer than {timeout_s:g} s.")

    def _resident(self) -> int:
        """Return the resident memory of the process and its children, bytes."""
        total = 0
        with contextlib.suppress(psutil.Error):
            for member in (self._process, *self._process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    total += member.memory_info().rss
        return total

    def _how_it_died(self, request: str) -> str:
        """Return how the process died, and the last line it wrote since it was asked."""
        with contextlib.suppress(psutil.TimeoutExpired):
            self._process.wait(1.0)  # it closes its pipe before it has ended
        self.stop()
        code = self._process.returncode
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        written = self.log.read_bytes()[self._logged :].decode(errors="replace")
        lines = written.strip().splitlines()
        last = f"; log ends {lines[-1]!r}" if lines else ""
        return f"worker died during {request}: {how}{last}"


class Pool:
    """The workers of a run, started as they are first needed; a context manager that ends them.

    Args:
        logs: Folder for their output.
        threads: Threads and cores of each.
        memory_gib: Resident memory of each, GiB; half of the machine's by default.
        search: Folders in which they find modules before any others.

    Attributes:
        memory: Resident memory at which a worker is killed, bytes.
    """

    def __init__(
        self,
        logs: Path,
        threads: int,
        memory_gib: float | None = None,
        *,
        search: Sequence[str] = (),
    ) -> None:
        cores.require_linux("measuring")
        self._logs = logs
        self._threads = threads
        self._search = search
        limit = memory_gib * 2**30 if memory_gib else psutil.virtual_memory().total / 2
        self.memory = int(limit)
        self._workers: dict[tuple[str, str], Worker] = {}
        self._spread = False
        self._closed = False
        self._starting = threading.Lock()

    @property
    def cores(self) -> int:
        """How many workers can work at once, each on cores of its own."""
        return max(1, (len(cores.ALLOWED) or os.cpu_count() or 1) // self._threads)

    def spread(self) -> None:
        """Let workers use all cores, so that they can work at once."""
        self._spread = True
        self._tell(requests.spread)

    def settle(self) -> None:
        """Keep workers on the same cores, where they are timed one at a time."""
        self._spread = False
        self._tell(requests.settle, self._threads)

    def __enter__(self) -> Self:
        self._logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *details: object) -> None:
        self._closed = True
        for worker in self._workers.values():
            worker.stop()

    def forget(self) -> None:
        """Let every living worker drop what it has prepared."""
        self._tell(requests.forget)

    def worker(self, tool: str, environment: str = "") -> Worker:
        """Return the living worker of a tool in an environment, started if need be."""
        with self._starting:
            worker = self._workers.get((tool, environment))
            if worker is None or not worker.alive:
                worker = self.start(tool, environment)
                self._workers[tool, environment] = worker
            return worker

    def start(self, tool: str, environment: str = "") -> Worker:
        """Return a fresh worker of a tool in an environment, which the caller must stop.

        Raises:
            Failure: If the run is ending.
        """
        if self._closed:
            raise Failure(Status.ERROR, "the run is ending")
        name = "-in-".join(filter(None, (tool, environment))).replace("/", "-")
        worker = Worker(
            self._logs / f"{name}.log",
            self._threads,
            self.memory,
            certifies=tool == REFERENCE,
            environment=environment,
            search=self._search,
        )
        if self._spread:
            worker.ask(requests.spread, TOLD_S)
        return worker

    def cpu_s(self) -> float:
        """Return the CPU time that the living workers have used, in seconds."""
        return sum(worker.cpu_s() for worker in self._workers.values() if worker.alive)

    def _tell(self, request: Request[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Send all living workers a request; one that fails it is started anew when needed."""
        for worker in list(self._workers.values()):
            if worker.alive:
                with contextlib.suppress(Failure):
                    worker.ask(request, TOLD_S, *args, **kwargs)
