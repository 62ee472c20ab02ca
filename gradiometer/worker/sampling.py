"""Times a prepared call: a tight loop, its calibration, and one sample. Runs inside a worker.

The loop is compiled for the exact arguments, as `timeit` does: no wrapper, no unpacking, nothing
but the call (and the tool's own wait, where it is asynchronous) stands between two clock readings.
"""

from __future__ import annotations

import gc
import itertools
import math
import time
from collections.abc import Callable
from typing import Any

from gradiometer.worker.requests import Sample

Loop = Callable[[int], float]


def make_loop(
    call: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    wait: Callable[[Any], Any] | None = None,
) -> Loop:
    """Return `loop(n)`: the seconds that n calls take.

    Args:
        call: The prepared operator.
        args: Its positional arguments, native arrays.
        kwargs: Its keyword arguments.
        wait: Blocks until a result is finished; `None` where the call itself blocks.
    """
    keywords = [*[""] * len(args), *(f"{key}=" for key in kwargs)]
    bound = {f"a{i}": value for i, value in enumerate((*args, *kwargs.values()))}
    statement = f"call({', '.join(map(''.join, zip(keywords, bound, strict=True)))})"
    if wait is not None:
        statement = f"wait({statement})"
    scope: dict[str, Any] = {"repeat": itertools.repeat, "clock": time.perf_counter}
    scope |= {"call": call, "wait": wait} | bound
    local = ", ".join(f"{name}={name}" for name in scope)
    source = (
        f"def loop(n, {local}):\n"
        "    start = clock()\n"
        "    for _ in repeat(None, n):\n"
        f"        {statement}\n"
        "    return clock() - start\n"
    )
    exec(compile(source, "<gradiometer loop>", "exec"), scope)
    loop: Loop = scope.pop("loop")  # no cycle: what it holds goes with it
    return loop


RETRIED = 50
"""Samples' lengths up to which a call is timed again before it is believed to be that long."""


def calibrate(loop: Loop, sample_s: float) -> int:
    """Return how many calls make a sample of about `sample_s` seconds; at least one.

    A call longer than a sample counts as one. Doubles as the warm-up.
    """
    loops = 1
    while True:
        elapsed = loop(loops)
        if sample_s / 4 <= elapsed < RETRIED * sample_s:
            elapsed = min(elapsed, loop(loops))  # what a tool does once is not met twice
        if elapsed >= sample_s / 4:
            return max(1, round(loops * sample_s / elapsed))
        loops *= 2 if elapsed > sample_s / 64 else 10


WARMING = 8
"""One call in so many goes before a sample, untimed: others ran meanwhile, and caches are cold."""


def sample(loop: Loop, loops: int) -> Sample:
    """Return what one call takes, over `loops` calls, with garbage collection off.

    Calls that are not timed go before it, unless one call is a sample by itself.
    """
    gc.collect(0)
    enabled = gc.isenabled()
    gc.disable()
    try:
        if loops > 1:
            loop(math.ceil(loops / WARMING))
        before = time.process_time()
        wall_s = loop(loops)
        return Sample(wall_s / loops, (time.process_time() - before) / loops)
    finally:
        if enabled:
            gc.enable()


def nothing(*args: Any, **kwargs: Any) -> None:
    """Do nothing: what it costs to call this is the floor of the measurement."""


def kernel(n: int) -> float:
    """Do a fixed amount of work: how its time spreads tells how noisy the machine is."""
    total = 0.0
    for i in range(n):
        total += 0.5 * i
    return total


CONTROLS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "floor": (nothing, (1.0, 2.0, 3.0)),
    "kernel": (kernel, (500,)),
}
"""What is sampled beside the methods, in every round: a function and its arguments."""
