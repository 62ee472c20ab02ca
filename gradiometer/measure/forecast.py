"""Forecasts of what a cell needs, from smaller sizes that were measured in the same run.

A cost that grew by some power of the number of inputs between the last two sizes is taken to go on
growing by it. What is forecast to take longer, or more memory, than it may is skipped, with the
forecast; so is what ran out of either at a smaller size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from operator import attrgetter

from gradiometer.measure.options import Options
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.outcome import Outcome, Status

EXHAUSTED = (Status.TIMEOUT, Status.OUT_OF_MEMORY)
"""Statuses of cells that larger sizes will not do better than."""

LEAST_S = 0.01
"""Growth of what takes less is not extrapolated: a tool's constant costs outweigh it, seconds."""

Series = tuple[str, str, str, str, str]
"""Problem, operator, dtype, device, and whose cost it is."""


@dataclass(frozen=True)
class Cost:
    """What a cell needed at one size.

    Attributes:
        n: Scalar inputs.
        start_s: Seconds until its first answer, import left out; of the reference, all it took.
        call_s: Seconds of a warm call, if it was timed.
        peak: Most memory beyond the level before, bytes, if it was found.
        ended: How it ended, if that was for want of time or memory.
    """

    n: int
    start_s: float | None = None
    call_s: float | None = None
    peak: int | None = None
    ended: str = ""


@dataclass
class Forecasts:
    """What was learnt of costs so far.

    Attributes:
        options: The run's options, which limit them.
        memory: What a worker may hold, bytes.
    """

    options: Options
    memory: int
    _known: dict[Series, dict[int, Cost]] = field(default_factory=dict)

    def learn(self, case: Case, who: str, cost: Cost) -> None:
        """Note what the case cost a method, or the reference; of equal sizes, the last counts."""
        self._known.setdefault(_series(case, who), {})[cost.n] = cost

    def refusal(self, case: Case, who: str, n: int) -> str | None:
        """Return why a method, or the reference, is not to try a case of `n` inputs."""
        known = self._known.get(_series(case, who), {})
        smaller = sorted((c for c in known.values() if c.n < n), key=attrgetter("n"))
        if not smaller:
            return None
        if smaller[-1].ended:
            return f"not attempted: at {smaller[-1].n:,} inputs it ended as {smaller[-1].ended}"
        limits = (
            ("start_s", self.options.timeout_s, "until the first answer", "s", 1.0),
            ("call_s", self.options.longest_call_s, "a call", "s", 1.0),
            ("peak", self.memory, "of memory", "GiB", 2.0**30),
        )
        for name, most, what, unit, size in limits:
            last = [(c.n, getattr(c, name)) for c in smaller if getattr(c, name)][-2:]
            found = _extrapolated(last, n, LEAST_S if unit == "s" else 0.0)
            if found > most:
                told = f"{found / size:,.3g} {unit} {what}, over {most / size:,.3g} {unit}"
                return f"forecast from {_listed(last)} inputs: {told}"
        return None


SPENT = (
    "n", "status", "prepare_s", "first_s", "time_s", "prepare_bytes", "call_bytes",
)  # fmt: skip
"""Columns of a record that its cost is found from: the arguments of `spent`."""


def spent(
    n: int,
    status: str,
    prepare_s: float | None,
    first_s: float | None,
    time_s: float | None,
    prepare_bytes: int | None,
    call_bytes: int | None,
) -> Cost:
    """Return what a cell of `n` inputs needed, from its figures and the way it ended."""
    start_s = None if first_s is None else first_s + (prepare_s or 0.0)
    peak = max(filter(None, (prepare_bytes, call_bytes)), default=None)
    return Cost(n, start_s, time_s, peak, exhausted(status))


def needed(n: int, outcome: Outcome) -> Cost:
    """Return what a cell of `n` inputs needed."""
    cold, warm = outcome.cold, outcome.warm
    return spent(
        n, outcome.status, cold.prepare_s, cold.first_s, warm.time_s, cold.prepare_bytes,
        warm.call_bytes,
    )  # fmt: skip


def exhausted(status: str) -> str:
    """Return the status of what ended for want of time or memory, or nothing."""
    return str(status) if status in EXHAUSTED else ""


def _series(case: Case, who: str) -> Series:
    return case.problem, case.operator, case.dtype, case.device, who


def _extrapolated(known: list[tuple[int, float]], n: int, least: float) -> float:
    """Return a cost at `n` from those at two smaller sizes, or 0 where fewer are known."""
    if len(known) < 2:
        return 0.0
    (n0, c0), (n1, c1) = known
    power = math.log(max(c1, least) / max(c0, least)) / math.log(n1 / n0)
    return c1 * math.exp(max(0.0, power) * math.log(n / n1))


def _listed(known: list[tuple[int, float]]) -> str:
    return " and ".join(f"{n:,}" for n, _ in known)
