"""How much longer calls take at points that were never met than at the same points again.

A method that computes takes as long at both. One that remembers the answers it gave, by the values
of its inputs or by the objects that hold them, is quick where it is timed, in loops over a few
points, and pays at points that are new. Loops and branches of the program may cost more at one
point than at another; both times are therefore taken at the same points.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gradiometer.vocabulary.point import Argument, Point
from gradiometer.worker.requests import Sample

if TYPE_CHECKING:
    from gradiometer.worker.tool import Called, PreparedCell

TIMED_S = 1e-3
"""About how long the calls of one pass over new points take together, seconds."""

LEAST, MOST, GROUP = 3, 24, 3
"""How many variants of a new point are met, and how many of them before they come again: no more
than the points that calls are timed at, so that a short memory shows, too."""

LONG_S = 0.01
"""What a call takes from which a single one is made at a new point, seconds."""

TIMES, CLEAR = 4, 1.5
"""How often it is measured while it exceeds what is clearly no memory; the least counts, since a
disturbance does not come every time."""

APART = 1e-3
"""How far the variants of a point are shrunk at most, relative."""

HELD_BYTES, EVICTING_BYTES = 2**17, 2**26
"""What any processor's own cache holds, beside other data; and what takes the place of all that
caches hold: points that are larger come from memory at first, and from a cache again."""


def novelty(
    cell: PreparedCell, at: Sequence[Argument], call_s: float, warm: Callable[[], object]
) -> float:
    """Return the ratio of the time of first calls to that of second ones.

    Args:
        cell: A prepared cell.
        at: Points that it never met.
        call_s: What its calls take where they are timed.
        warm: Makes calls as they are timed: others ran meanwhile, and arguments may still be on
            their way.
    """
    wanted = min(MOST, max(LEAST, math.ceil(TIMED_S / max(call_s, 1e-9))))
    wanted = wanted if call_s < LONG_S else 1
    found, large = math.inf, _bytes(at[0].point) * GROUP > HELD_BYTES
    for number in range(TIMES):
        start = APART * number / TIMES
        shrunk = [start + APART * k / TIMES / wanted for k in range(wanted)]
        calls = [cell.called(_shrunk(at[number % len(at)], by)) for by in shrunk]
        warm()
        found = min(found, _ratio(calls, _evict if large and number else _nothing))
        if found <= CLEAR:
            break
    return found


def _ratio(calls: list[Called], before: Callable[[], object]) -> float:
    """Return the median, over groups of calls, of the ratio of first times to second ones.

    Of wall and CPU time the smaller ratio counts: what other processes take is in one alone.

    Args:
        calls: Calls at new points.
        before: What is done before calls are timed, the first and the second time.
    """
    ratios = []
    for k in range(0, len(calls), GROUP):
        times = []
        for _ in range(2):
            before()
            times.append(_seconds(calls[k : k + GROUP]))
        first, again = times
        ratios.append(min(a / b for a, b in zip(first, again, strict=True)))
        if first.wall_s > LONG_S * GROUP:
            break
    return statistics.median(ratios)


def _evict() -> None:
    """Let caches hold something else."""
    np.ones(EVICTING_BYTES // 8).sum()


def _nothing() -> None:
    """Leave caches as they are."""


def _bytes(point: Point) -> int:
    return sum(np.asarray(a).nbytes for a in (*point.inputs.values(), *point.given.values()))


def _seconds(calls: Sequence[Called]) -> Sample:
    start, before = time.perf_counter(), time.process_time()
    for call, args, kwargs in calls:
        call(*args, **kwargs)
    return Sample(time.perf_counter() - start, time.process_time() - before)


def _shrunk(at: Argument, by: float) -> Argument:
    """Return a point that is a little nearer to zero, where it is zero a little off, as typed."""
    moved = {k: np.where(a == 0.0, by, a * (1.0 - by)) for k, a in at.point.inputs.items()}
    inputs = {k: np.asarray(a, at.point.inputs[k].dtype) for k, a in moved.items()}
    return at._replace(point=Point(inputs, at.point.given))
