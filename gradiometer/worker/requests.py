"""What can be asked of a worker process: the one module of this room that both sides import.

A request is a function whose first argument is the worker's `Tool`; the coordinator sends its
qualified name and the other arguments (`gradiometer.measure.pool`). What a request needs to be
carried out is imported when it is called, in the worker. Experiments bring requests of their own.
"""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from gradiometer.errors import GradiometerError
from gradiometer.plugins.address import Address
from gradiometer.vocabulary.answer import Answer
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.method import Method, Target
from gradiometer.vocabulary.outcome import Cold
from gradiometer.vocabulary.point import Argument, Points, Signature
from gradiometer.vocabulary.problem import Problem

if TYPE_CHECKING:
    from gradiometer.worker.tool import Called, Tool


class Sample(NamedTuple):
    """Seconds of wall time and of CPU time (of all threads) that one call takes."""

    wall_s: float
    cpu_s: float


class Work(NamedTuple):
    """What a cell computes: a method's operator of a problem, set up for a target."""

    method: Address[Method]
    problem: Address[Problem]
    operator: str
    signature: Signature
    target: Target = Target()


def clocks(*, wall: bool) -> Callable[[], float]:
    """Return the clock of wall time, or that of this process's CPU time, both in seconds."""
    return time.perf_counter if wall else time.process_time


def set_up(tool: Tool, method: Address[Method], target: Target, *, wall: bool = False) -> float:
    """Import a method's libraries and set it up; return the seconds the import took.

    CPU seconds, or wall seconds, which mean something where nothing else runs.
    """
    opened, clock = method.load(), clocks(wall=wall)
    os.environ.update(opened.environ)
    start = clock()
    for package in opened.requires:
        # A lazily imported module is complete once it has been asked for something.
        vars(importlib.import_module(package)).get("__version__")
    elapsed = clock() - start
    tool.set_up(opened, target)
    return elapsed


def prepare(
    tool: Tool,
    key: str,
    work: Work,
    at: Argument,
    most_s: float,
    primal_s: float | None = None,
    *,
    wall: bool = False,
) -> tuple[Cold, str, str]:
    """Prepare a cell at a point, and call it there once.

    Returns what that took, the route, and the framework that the function was translated from. In
    CPU seconds, or wall seconds, as `set_up`.

    Args:
        tool: Where it is prepared.
        key: The cell.
        work: What it computes.
        at: The point.
        most_s: What one call may take at most, seconds.
        primal_s: What a call of the primal takes, seconds, where it was measured; otherwise it is
            prepared and called where a forecast needs it.
        wall: Whether the seconds are of wall time.

    Raises:
        Declined: If the method declines, or one call is forecast to take longer.
    """
    from gradiometer.worker.tool import prepared

    tool.turn_to(work.target)
    tool.cells[key], cold = prepared(work, at, most_s, primal_s, clocks(wall=wall))
    return cold, tool.cells[key].route.text, tool.cells[key].translated


def answers(tool: Tool, key: str, at: Sequence[Argument]) -> list[Answer]:
    """Evaluate a prepared cell at points in turn.

    Raises:
        ChangedInput: If the method changes what it is called with.
    """
    return [tool.ready(key).answer(each) for each in at]


def call(tool: Tool, key: str, at: Argument) -> Called:
    """Return a prepared cell's call, completion included, and its arguments; in this process."""
    return tool.ready(key).called(at)


def calibrate(
    tool: Tool, key: str, at: Sequence[Argument], sample_s: float
) -> tuple[int, int | None]:
    """Build a cell's timing loop over points; return the calls in a sample, and a call's memory.

    The memory is the peak over the level before, in bytes, of a turn.
    """
    from gradiometer.worker import sampling
    from gradiometer.worker.memory import Peak

    loop, calls = sampling.timing_loop(tool.ready(key).loop, at, sample_s)
    with Peak() as peak:
        loop.run(1)
    tool.loops[key] = loop
    return calls, peak.bytes


def control(tool: Tool, name: str, sample_s: float) -> int:
    """Build the loop of a control, `floor` or `kernel`; return the calls in a sample."""
    from gradiometer.worker import sampling

    call, args = sampling.CONTROLS[name]
    tool.loops[name] = loop = sampling.make_loop(call, [(args, {})] * 3)
    return sampling.calibrate(loop.run, sample_s) * loop.calls


def sample(tool: Tool, key: str, calls: int) -> Sample:
    """Take one sample of a cell or a control."""
    from gradiometer.worker import sampling

    if key not in tool.loops:
        raise GradiometerError(f"{key} was not calibrated before it was sampled.")
    if key in tool.cells:
        tool.ready(key)
    return sampling.sample(tool.loops[key], calls)


def sampled(tool: Tool, key: str) -> tuple[Answer, int]:
    """Return the last answer of the last sample, and of which of the points it is, from 0."""
    result, place = tool.loops[key].last
    return tool.ready(key).read(result), place


def inspect(tool: Tool, key: str) -> None:
    """Look at what a cell did in the calls that were timed and checked.

    Raises:
        ChangedInput: If what the timed calls were given is not the same any more, bit by bit.
        WorkBeside: If its work is done outside the calls.
    """
    if key in tool.loops:
        for given in tool.loops[key].given:
            given.compare()
    tool.cells[key].inspect()


def novelty(tool: Tool, key: str, at: Sequence[Argument], call_s: float) -> float:
    """Return how much longer calls take at points that are new than when those come again.

    Args:
        tool: Where the cell is prepared.
        key: The cell.
        at: Points that it never met.
        call_s: What its calls take where they are timed.
    """
    from gradiometer.worker.novelty import novelty as measured

    cell, loop = tool.ready(key), tool.loops.get(key)
    warm = partial(cell.run, at[0]) if loop is None else partial(loop.run, 1)
    return measured(cell, at, call_s, warm)


def spread(tool: Tool) -> None:
    """Let this process use all the cores that it may."""
    from gradiometer.worker import cores

    cores.keep(cores.ALLOWED)


def settle(tool: Tool, threads: int) -> None:
    """Keep this process on as many cores as it has threads, the same as all others."""
    from gradiometer.worker import cores

    cores.pin(threads)


def forget(tool: Tool) -> None:
    """Forget the prepared cells."""
    tool.cells.clear()
    tool.loops.clear()


def points(tool: Tool, problem: Address[Problem], size: str, seed: int, dtype: str) -> Points:
    """Return a problem's declared point, those that need no truth, and its signature.

    Raises:
        GradiometerError: If they cannot be drawn, or a vector problem cannot be evaluated there.
    """
    from gradiometer.reference.lookup import outline

    found = problem.load()
    return found.points(size, seed, dtype, outline=lambda at: outline(found, at))


def neighbour(
    tool: Tool,
    problem: Address[Problem],
    points: Points,
    size: str,
    seed: int,
    dtype: str,
    operator: str,
) -> tuple[Argument, Enclosure] | None:
    """Return the next point to check answers at, with the truth; `None` if there are enough.

    Raises:
        GradiometerError: If a point is wanted, and none that was tried can be certified.
    """
    from gradiometer.reference.branches import neighbour as chosen

    return chosen(problem.load(), points, size, seed, dtype, operator)


def certify(tool: Tool, problem: Address[Problem], at: Argument, operator: str) -> Enclosure:
    """Return the enclosure of the true answer, found again or certified."""
    from gradiometer.reference.lookup import certified

    return certified(problem.load(), at, operator)
