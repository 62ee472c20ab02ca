"""What stands in for processes of their own, where these are not what a test is about.

To start a worker, or to draw a report elsewhere, takes longer than most of what is asked of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gradiometer.descent import descend
from gradiometer.measure import harness, pool
from gradiometer.pytest_plugin.process import ThisProcess
from gradiometer.stepsizes import stepsize
from gradiometer.worker import requests


class Here(ThisProcess):
    """A pool of workers that carries all requests out in this process."""

    cores, memory = 1, 2**40

    def __init__(self, logs: Path, threads: int, memory_gib: float | None = None) -> None:
        super().__init__()
        logs.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Here:
        return self

    def __exit__(self, *details: object) -> None:
        pass

    def spread(self) -> None:
        pass

    def settle(self) -> None:
        pass

    def forget(self) -> None:
        self.ask(requests.forget, 0.0)

    def cpu_s(self) -> float:
        return 0.0


@contextmanager
def in_this_process() -> Iterator[None]:
    """Start no worker: runs, descents, studies of steps and `show` ask this process."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (pool, harness, descend, stepsize):
            patch.setattr(module, "Pool", Here)
        yield
