"""What is measured beside the methods: the floor, and how noisy the machine is.

Two controls are sampled in every round in a worker of their own, on the same core as the methods:
a call that does nothing, and a fixed piece of work, the kernel. The spread of the second, the clock
frequency and the CPU time of other processes tell whether the run's times can be trusted; and where
the kernel was slower than this machine can do it, so was the round: figures are made of the others.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import psutil

from gradiometer.measure import baseline
from gradiometer.measure.options import FEWEST_ROUNDS, Options
from gradiometer.measure.pool import REFERENCE, Pool, Worker
from gradiometer.vocabulary.outcome import Failure
from gradiometer.vocabulary.space import Floats
from gradiometer.worker import requests

NOISY, MOVED, BUSY, DISTURBED = 0.05, 0.05, 0.10, 0.5
"""Spread of the kernel, change of the clock, CPU share of others, and share of rounds that were
disturbed, from which a run warns."""

CALM = 1.1
"""The kernel's time, over the machine's baseline, up to which a round counts as undisturbed."""

FASTEST = 0.1
"""The quantile of a run's kernel times that is taken for the machine's baseline."""

KERNELS = 20
"""Kernel times from which a run's baseline is kept for later runs."""

OVERRUN, OVERRUN_OF_A_RUN = 2.0, 10.0
"""Budgets that a case's rounds may overrun in wait of calm, and a run's altogether."""


@dataclass
class Noise:
    """How steady the machine was while a run sampled.

    Attributes:
        spread: Interquartile range of the kernel's time over its median, over all rounds.
        clock_mhz: Lowest and highest clock frequency seen, where the system tells.
        others: Share of the cores' time that other processes used.
        efficiency: Share of the rounds' time spent inside the methods' timed calls.
        calm: Share of the rounds in which the machine was undisturbed.
        baseline_s: The kernel's time on this machine when nothing disturbs it, as far as is known.
    """

    spread: float | None = None
    clock_mhz: tuple[float, float] | None = None
    others: float | None = None
    efficiency: float | None = None
    calm: float | None = None
    baseline_s: float | None = None

    def facts(self) -> dict[str, Any]:
        """Return what `run.json` keeps, the warnings among it."""
        return asdict(self) | {"warnings": self.warnings()}

    def warnings(self) -> list[str]:
        """Return one line for each thing that makes times doubtful."""
        spread, others = self.spread or 0.0, self.others or 0.0
        low, high = self.clock_mhz or (0.0, 0.0)
        slow = 0.0 if self.calm is None else 1.0 - self.calm
        doubts = {
            f"a fixed piece of work varied by {spread:.0%} from round to round": spread > NOISY,
            f"the clock moved between {low:.0f} and {high:.0f} MHz": high > (1 + MOVED) * low,
            f"other processes used {others:.0%} of the cores' time": others > BUSY,
            f"the machine was slower than it can be in {slow:.0%} of the rounds": slow > DISTURBED,
        }
        return [line for line, doubtful in doubts.items() if doubtful]


@dataclass
class NoiseMeter:
    """The controls and the account of a run.

    Attributes:
        pool: The run's workers.
        options: The run's options.
    """

    pool: Pool
    options: Options
    _recalled_s: float | None = field(default_factory=baseline.recall)
    _kernel: list[float] = field(default_factory=list)
    _rounds: dict[int, float] = field(default_factory=dict)
    _taken: int = 0
    _calm: int = 0
    _waited_s: float = 0.0
    _over_s: float = 0.0
    _floor: list[float] = field(default_factory=list)
    _clock: list[float] = field(default_factory=list)
    _loops: dict[str, int] = field(default_factory=dict)
    _held_by: Worker | None = None
    _start: Floats = field(default_factory=lambda: np.zeros(3))
    _spent: Floats = field(default_factory=lambda: np.zeros(3))
    _inside_s: float = 0.0

    def begin(self) -> None:
        """Start the account of a case's rounds."""
        self._floor.clear()
        self._rounds.clear()
        self._over_s = 0.0
        self._held_by = None  # workers forget what they held at the end of a case
        self._start = self._clocks_s()

    def sample(self, number: int) -> None:
        """Sample the controls: before each round, and once after the last."""
        with contextlib.suppress(Failure):  # a control that is lost costs its round, no cell
            floor_s, kernel_s = self._controls_s()
            self._floor.append(floor_s)
            self._kernel.append(kernel_s)
            self._rounds[number] = kernel_s

    @property
    def baseline_s(self) -> float | None:
        """The kernel's time when nothing disturbs the machine: of this run, or of one before."""
        now_s = float(np.quantile(self._kernel, FASTEST)) if self._kernel else None
        return min(filter(None, (now_s, self._recalled_s)), default=None)

    @property
    def calm(self) -> frozenset[int]:
        """The case's rounds before and after which the kernel kept to the machine's baseline."""
        most_s = CALM * (self.baseline_s or 0.0)
        kept = {number for number, taken_s in self._rounds.items() if taken_s <= most_s}
        return frozenset(number for number in kept if number + 1 in kept)

    def waits(self, over_s: float) -> bool:
        """Return whether rounds go on for want of calm ones, though over their budget."""
        self._over_s = over_s
        allowed = OVERRUN_OF_A_RUN * self.options.budget_s - self._waited_s
        allowed = min(allowed, OVERRUN * self.options.budget_s)
        return len(self.calm) < FEWEST_ROUNDS and over_s < allowed

    def end(self, inside_s: float) -> None:
        """Close the account of a case's rounds, of which `inside_s` were timed calls."""
        self._taken += max(0, len(self._rounds) - 1)
        self._calm += len(self.calm)
        self._waited_s += self._over_s
        self._spent += np.maximum(0.0, self._clocks_s() - self._start)
        self._inside_s += inside_s
        frequency = psutil.cpu_freq()
        if frequency is not None and frequency.current:
            self._clock.append(float(frequency.current))

    @property
    def floor_s(self) -> float | None:
        """Median floor of the case's rounds, seconds."""
        return statistics.median(self._floor) if self._floor else None

    def noise(self) -> Noise:
        """Return how steady the machine was so far."""
        wall_s, busy_s, ours_s = map(float, self._spent)
        if not self._kernel or not wall_s:
            return Noise()
        low, middle, high = np.quantile(self._kernel, [0.25, 0.5, 0.75])
        clock = (min(self._clock), max(self._clock)) if self._clock else None
        others = max(0.0, busy_s - ours_s) / (wall_s * (psutil.cpu_count() or 1))
        efficiency = self._inside_s / wall_s
        calm = self._calm / self._taken if self._taken else None
        return Noise(float((high - low) / middle), clock, others, efficiency, calm, self.baseline_s)

    def close(self) -> None:
        """Keep the machine's baseline for later runs."""
        if self.baseline_s is not None and len(self._kernel) >= KERNELS:
            baseline.remember(self.baseline_s)

    def _controls_s(self) -> tuple[float, float]:
        """Return the seconds of the floor and of the kernel, each sampled once.

        A sample of a control is a quarter as long as one of a method.
        """
        timeout_s, length_s = self.options.timeout_s, self.options.sample_s / 4
        worker = self.pool.worker(REFERENCE)
        if worker is not self._held_by:
            for name in ("floor", "kernel"):
                self._loops[name] = worker.ask(requests.control, timeout_s, name, length_s)
            self._held_by = worker
        taken = (worker.ask(requests.sample, timeout_s, *loop) for loop in self._loops.items())
        floor, kernel = (sample.wall_s for sample in taken)
        return floor, kernel

    def _clocks_s(self) -> Floats:
        """Return the time, and the CPU time of all processes and of ours, seconds."""
        return np.array([time.perf_counter(), _busy_s(), self._cpu_s()])

    def _cpu_s(self) -> float:
        mine = psutil.Process().cpu_times()
        ended = mine.children_user + mine.children_system  # workers that died are counted here
        return float(mine.user + mine.system + ended) + self.pool.cpu_s()


def _busy_s() -> float:
    """Return the CPU time of all processes on all cores since the machine started, seconds."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))
