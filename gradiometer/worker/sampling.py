"""Times a prepared call: a tight loop, its calibration, and one sample. Runs inside a worker.

The loop is compiled for the exact arguments, as `timeit` does: no wrapper, no unpacking, nothing
but the calls (and the tool's own wait, where it is asynchronous) stand between two clock readings.
They go through several points in turn, so that one answer that is remembered is not enough.
"""

from __future__ import annotations

import gc
import itertools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from gradiometer.worker.given import Given
from gradiometer.worker.requests import Sample

P = TypeVar("P")

Call = tuple[tuple[Any, ...], dict[str, Any]]
"""The positional and keyword arguments of a call."""


@dataclass(frozen=True)
class Loop:
    """A timing loop: the same function called with several arguments in turn.

    Attributes:
        run: Returns the seconds that a number of turns take.
        calls: Calls in a turn.
        last: Holds the result of the last call of the last turn, and the place of its arguments.
        given: What the calls are given, as it was at first.
    """

    run: Callable[[int], float]
    calls: int
    last: list[Any]
    given: Sequence[Given]


def make_loop(
    call: Callable[..., Any],
    arguments: Sequence[Call],
    wait: Callable[[Any], Any] | None = None,
) -> Loop:
    """Return a loop, its calls unrolled.

    Args:
        call: The prepared operator.
        arguments: Positional and keyword arguments of each call in a turn, native arrays.
        wait: Blocks until a result is finished; `None` where the call itself blocks.
    """
    last: list[Any] = [None, len(arguments) - 1]
    scope: dict[str, Any] = {"repeat": itertools.repeat, "clock": time.perf_counter}
    scope |= {"call": call, "wait": wait, "last": last}
    statements = []
    for k, (args, kwargs) in enumerate(arguments):
        keywords = [*[""] * len(args), *(f"{key}=" for key in kwargs)]
        bound = {f"a{k}_{i}": value for i, value in enumerate((*args, *kwargs.values()))}
        scope |= bound
        made = f"call({', '.join(map(''.join, zip(keywords, bound, strict=True)))})"
        statements.append(f"wait({made})" if wait is not None else made)
    statements[-1] = f"result = {statements[-1]}"
    body = "".join(f"        {statement}\n" for statement in statements)
    source = (
        f"def loop(n, {', '.join(f'{name}={name}' for name in scope)}):\n"
        "    start = clock()\n"
        "    for _ in repeat(None, n):\n"
        f"{body}"
        "    elapsed = clock() - start\n"
        "    if n:\n"
        "        last[0] = result\n"
        "    return elapsed\n"
    )
    exec(compile(source, "<gradiometer loop>", "exec"), scope)
    loop = scope.pop("loop")  # no cycle: what it holds goes with it
    return Loop(loop, len(statements), last, [Given({"an argument": arguments})])


def in_turn(loops: Sequence[Loop]) -> Loop:
    """Return a loop whose runs are those of several loops of one call, in turn."""
    places, last = itertools.cycle(range(len(loops))), [None, 0]

    def run(n: int) -> float:
        place = next(places)
        elapsed, own = loops[place].run(n), loops[place].last
        last[:] = own[0], place
        own[0] = None  # of all results the last alone is kept
        return elapsed

    return Loop(run, 1, last, [given for loop in loops for given in loop.given])


def timing_loop(
    make: Callable[[Sequence[P]], Loop], points: Sequence[P], sample_s: float
) -> tuple[Loop, int]:
    """Return the loop in which calls at points are timed, and the calls in a sample.

    A turn goes through all the points. Where that takes longer than a sample, each sample is of the
    next point. Doubles as the warm-up.

    Args:
        make: Returns a loop over points.
        points: The points.
        sample_s: About the length of a sample, seconds.
    """
    first = make(points[:1])
    call_s = _once(first.run, sample_s)
    if call_s * len(points) > sample_s:
        return in_turn([first, *(make([point]) for point in points[1:])]), _whole(sample_s / call_s)
    loop = make(points)
    return loop, calibrate(loop.run, sample_s) * loop.calls


RETRIED = 50
"""Samples' lengths up to which a call is timed again before it is believed to be that long."""


def calibrate(loop: Callable[[int], float], sample_s: float) -> int:
    """Return how many turns make a sample of about `sample_s` seconds; at least one.

    A turn longer than a sample counts as one. Doubles as the warm-up.
    """
    loops = 1
    while True:
        elapsed = _once(loop, sample_s, loops)
        if elapsed >= sample_s / 4:
            return _whole(loops * sample_s / elapsed)
        loops *= 2 if elapsed > sample_s / 64 else 10


def _once(loop: Callable[[int], float], sample_s: float, turns: int = 1) -> float:
    """Return what turns take, seconds; not what a tool does once, if it does not take long."""
    elapsed = loop(turns)
    if sample_s / 4 <= elapsed < RETRIED * sample_s:
        return min(elapsed, loop(turns))
    return elapsed


def _whole(turns: float) -> int:
    return max(1, round(turns))


WARMING = 8
"""One turn in so many goes before a sample, untimed: others ran meanwhile, and caches are cold."""


def sample(loop: Loop, calls: int) -> Sample:
    """Return what one call takes, over a number of calls, with garbage collection off.

    Turns that are not timed go before it, unless one turn is a sample by itself.
    """
    turns = max(1, calls // loop.calls)
    gc.collect(0)
    enabled = gc.isenabled()
    gc.disable()
    try:
        if turns > 1:
            loop.run(math.ceil(turns / WARMING))
        before = time.process_time()
        wall_s = loop.run(turns)
        spent_s, calls = time.process_time() - before, turns * loop.calls
        return Sample(wall_s / calls, spent_s / calls)
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
