"""What is carried out on a node: a session a run, in which the harness measures case by case.

A session keeps the harness, and so the workers with what they have imported, from case to case. It
has a thread of its own, which may use all cores, while the engine's threads keep off the one on
which is timed; the workers end with that thread. A session that is asked nothing for a while ends
by itself, since a coordinator that was killed cannot end it.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from gradiometer.cluster.travel import Package
from gradiometer.measure.forecast import Cost
from gradiometer.measure.harness import Ended, Harness
from gradiometer.measure.options import Options
from gradiometer.measure.turns import Turn, turn
from gradiometer.vocabulary.case import Cell
from gradiometer.worker import cores

IDLE_S = 60.0
"""Time without a case after which a session ends, seconds."""

Costs = Mapping[Cell, Cost]


@dataclass(frozen=True)
class Measured:
    """What a node returns of a case.

    Attributes:
        ended: Its cells, each with its outcome.
        noise: How steady the node was so far, as `run.json` keeps it.
        met: Other runs that were measured on the node at the same time.
    """

    ended: list[Ended]
    noise: dict[str, Any]
    met: list[str]


@dataclass(frozen=True)
class Setup:
    """What a session is made of.

    Attributes:
        token: The run, as no other is called.
        run: What is told of it to others that measure on the same machine.
        package: Problems and methods.
        options: How to measure.
        share: Nodes that share this machine, and its memory.
    """

    token: str
    run: str
    package: Package
    options: Options
    share: int = 1


class Session:
    """A harness, and the thread that it works in.

    Args:
        setup: What it is made of.

    Raises:
        GradiometerError: If a file did not arrive as it was sent.
    """

    def __init__(self, setup: Setup) -> None:
        options = setup.options
        if options.memory_gib is None:
            whole = psutil.virtual_memory().total / 2**30
            options = replace(options, memory_gib=whole / 2 / setup.share)
        with ExitStack() as entered:
            folder = Path(entered.enter_context(_scratch()))
            self._turn: Turn = entered.enter_context(turn(Path(setup.run)))
            plan = setup.package.plan(folder / "plugins")
            self._harness = entered.enter_context(Harness(plan, options, folder / "logs"))
            self._entered = entered.pop_all()
        self._thread = ThreadPoolExecutor(1, "measuring", _use_all_cores)

    def measure(self, cells: Sequence[Cell], known: Costs) -> Measured:
        """Return how the cells of a case ended.

        Args:
            cells: The cells.
            known: What cells of smaller sizes needed that were measured elsewhere.
        """
        return self._thread.submit(self._measure, cells, known).result()

    def close(self) -> None:
        """End the workers: what is under way fails."""
        self._entered.close()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _measure(self, cells: Sequence[Cell], known: Costs) -> Measured:
        self._harness.learn(known)
        ended = list(self._harness.outcomes(cells))
        self._turn.look()
        met, own = self._turn.met.items(), self._turn.note.run
        told = [f"{n} was being measured at the same time" for run, n in met if run != own]
        return Measured(ended, self._harness.meter.noise().facts(), told)


class Sessions:
    """The sessions of this process, by their runs."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}
        self._timers: dict[str, threading.Timer] = {}
        self._lock = threading.Lock()

    def begin(self, setup: Setup) -> None:
        """Open a session, unless it is open."""
        with self._lock:
            if setup.token in self._open:
                return
        session = Session(setup)
        with self._lock:
            self._open[setup.token] = session
        self._expect(setup.token)

    def measure(self, token: str, cells: Sequence[Cell], known: Costs) -> Measured | None:
        """Return how cells ended; `None` where the session has ended."""
        with self._lock:
            session = self._open.get(token)
            self._stop_timer(token)
        if session is None:
            return None
        try:
            return session.measure(cells, known)
        finally:
            self._expect(token)

    def end(self, token: str) -> None:
        """Close a session, if it is open."""
        with self._lock:
            session = self._open.pop(token, None)
            self._stop_timer(token)
        if session is not None:
            session.close()

    def _expect(self, token: str) -> None:
        """End the session unless something is asked of it in time."""
        with self._lock:
            self._stop_timer(token)
            if token in self._open:
                timer = threading.Timer(IDLE_S, self.end, (token,))
                timer.daemon = True
                self._timers[token] = timer
                timer.start()

    def _stop_timer(self, token: str) -> None:
        timer = self._timers.pop(token, None)
        if timer is not None:
            timer.cancel()


SESSIONS = Sessions()


def begin(setup: Setup) -> None:
    """Open a session on this node, unless it is open."""
    SESSIONS.begin(setup)


def measure(token: str, cells: Sequence[Cell], known: Costs) -> Measured | None:
    """Return how cells ended on this node; `None` where the session has ended."""
    return SESSIONS.measure(token, cells, known)


def end(token: str) -> None:
    """Close a session on this node, if it is open."""
    SESSIONS.end(token)


def _scratch() -> AbstractContextManager[str]:
    return tempfile.TemporaryDirectory(prefix="gradiometer-node-", ignore_cleanup_errors=True)


def _use_all_cores() -> None:
    if cores.ALLOWED:
        os.sched_setaffinity(0, cores.ALLOWED)
