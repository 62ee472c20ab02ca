"""Prepares a node's process before it is asked anything: which cores it and its threads keep to.

The engine's threads keep off the cores on which is timed, where there are others. Nodes that were
started on one machine share its cores.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Any

from distributed.diagnostics.plugin import WorkerPlugin

from gradiometer.cluster.settings import DISTURBING
from gradiometer.worker import cores

NAME = "gradiometer"


class Preparing(WorkerPlugin):
    """Sets up each node, those that come later too.

    Args:
        threads: Threads that are timed at once.
        share: Nodes, named 0, 1 and so on, that the coordinator has started on its own machine, and
            that share its cores and its terminal; 0 of others.
    """

    name = NAME

    def __init__(self, threads: int, share: int = 0) -> None:
        self._threads, self._share = threads, share

    def setup(self, worker: Any) -> None:
        """Keep all threads that there are, and those that they will start, to their cores."""
        for name in DISTURBING:
            os.environ.pop(name, None)
        for name in ("profile", "profile-cycle"):
            if name in worker.periodic_callbacks:
                worker.periodic_callbacks[name].stop()
        if self._share:  # Ctrl-C is for the coordinator, which ends them
            signal.signal(signal.SIGINT, lambda number, frame: None)
        if cores.ALLOWED and self._share > 1:
            cores.ALLOWED = part(sorted(cores.ALLOWED), self._share, int(worker.name))
            cores.keep(cores.ALLOWED)
        cores.keep(cores.ALLOWED[: -self._threads])


def part(allowed: Sequence[int], share: int, number: int) -> Sequence[int]:
    """Return the cores of one of several nodes; with fewer cores than nodes, one that it shares."""
    size = len(allowed) // share
    if size == 0:
        return [allowed[number % len(allowed)]]
    return allowed[number * size : (number + 1) * size]
