"""What can be asked of a worker process: the one module of this room that both sides import.

A request is a function whose first argument is the worker's `Tool`; the coordinator sends its
qualified name and the other arguments (`gradiometer.measure.pool`). What a request needs to be
carried out is imported when it is called, in the worker. Experiments bring requests of their own.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from gradiometer.errors import GradiometerError
from gradiometer.plugins.address import Address
from gradiometer.reference.enclosure import Enclosure
from gradiometer.vocabulary.answer import Answer
from gradiometer.vocabulary.method import Method, Target
from gradiometer.vocabulary.outcome import Cold
from gradiometer.vocabulary.point import Argument, Points, Signature
from gradiometer.vocabulary.problem import Problem

if TYPE_CHECKING:
    from gradiometer.worker.tool import Tool


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


def set_up(tool: Tool, method: Address[Method], target: Target) -> float:
    """Import a method's libraries and set it up; return the seconds the import took."""
    opened = method.load()
    start = time.perf_counter()
    for package in opened.requires:
        # A lazily imported module is complete once it has been asked for something.
        vars(importlib.import_module(package)).get("__version__")
    elapsed = time.perf_counter() - start
    tool.set_up(opened, target)
    return elapsed


def prepare(tool: Tool, key: str, work: Work, at: Argument, budget_s: float) -> tuple[Cold, str]:
    """Prepare a cell at a point, and call it there once; return what that took, and the route.

    Raises:
        Declined: If the method declines, or one call is forecast to exceed the budget.
    """
    from gradiometer.worker.tool import prepared

    tool.turn_to(work.target)
    tool.cells[key], cold = prepared(work, at, budget_s)
    return cold, tool.cells[key].route.text


def answer(tool: Tool, key: str, at: Argument) -> Answer:
    """Evaluate a prepared cell."""
    return tool.ready(key).answer(at)[0]


def call(
    tool: Tool, key: str, at: Argument
) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    """Return a prepared cell's call, completion included, and its arguments; in this process."""
    cell = tool.ready(key)
    wait, called = cell.method.wait, cell.route.call
    finished = called if wait is None else lambda *args, **kwargs: wait(called(*args, **kwargs))
    return finished, *cell.arguments(at)


def calibrate(tool: Tool, key: str, at: Argument, sample_s: float) -> tuple[int, int | None]:
    """Build a cell's timing loop; return the calls in a sample, and a call's peak memory."""
    from gradiometer.worker import sampling
    from gradiometer.worker.memory import Peak

    cell = tool.ready(key)
    args, kwargs = cell.arguments(at)
    loop = sampling.make_loop(cell.route.call, args, kwargs, cell.method.wait)
    loops = sampling.calibrate(loop, sample_s)
    with Peak() as peak:
        loop(1)
    tool.loops[key] = loop
    return loops, peak.bytes


def control(tool: Tool, name: str, sample_s: float) -> int:
    """Build the loop of a control, `floor` or `kernel`; return the calls in a sample."""
    from gradiometer.worker import sampling

    tool.loops[name] = sampling.make_loop(*sampling.CONTROLS[name], {})
    return sampling.calibrate(tool.loops[name], sample_s)


def sample(tool: Tool, key: str, loops: int) -> Sample:
    """Take one sample of a cell or a control."""
    from gradiometer.worker import sampling

    if key not in tool.loops:
        raise GradiometerError(f"{key} was not calibrated before it was sampled.")
    if key in tool.cells:
        tool.ready(key)
    return sampling.sample(tool.loops[key], loops)


def forget(tool: Tool) -> None:
    """Forget the prepared cells."""
    tool.cells.clear()
    tool.loops.clear()


def points(
    tool: Tool, problem: Address[Problem], size: str, seed: int, dtype: str, count: int
) -> Points:
    """Return the points of a problem, and its signature.

    Raises:
        GradiometerError: If they cannot be drawn, or a vector problem cannot be evaluated there.
    """
    from gradiometer.reference.lookup import outline

    found = problem.load()
    return found.points(size, seed, dtype, count=count, outline=lambda at: outline(found, at))


def certify(tool: Tool, problem: Address[Problem], at: Argument, operator: str) -> Enclosure:
    """Return the enclosure of the true answer, found again or certified."""
    from gradiometer.reference.lookup import certified

    return certified(problem.load(), at, operator)
