"""Compares methods with the tools as their own documentation uses them, and prints one table.

    python benchmarks/idiomatic.py                 # all tools, some minutes
    python benchmarks/idiomatic.py jax-jit pytorch # some of them

A method goes through `Method`, `Namespace` and `Primal`; what it is compared with knows nothing of
Gradiometer. Both are called in this process, in interleaved samples; a ratio is the median of the
ratios within the rounds. Up to 10 % more is good: no more of a figure is Gradiometer's. What a
method declines, or would evaluate very often, is compared at the problem's smallest size. A tool is
added as one function in `idioms/`, under the name of its method. Nothing is asserted.
"""

# ruff: noqa: E402  # variables that hold tools to one thread are set before any is imported
from __future__ import annotations

import functools
import gc
import importlib
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gradiometer.measure.environment import restrict

restrict(os.environ, 1)

import numpy as np
from idioms import IDIOMS
from idioms.functions import Call
from table import Figure, print_table

from gradiometer.errors import Declined, Unsupported
from gradiometer.measure.statistics import Median, median
from gradiometer.plugins.describing import described
from gradiometer.vocabulary.derivation import prepare
from gradiometer.vocabulary.method import Method, Primal, Target
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.point import Argument, Points
from gradiometer.vocabulary.problem import Problem
from gradiometer.worker.tool import PreparedCell

SAMPLE_S, SECONDS, FEWEST = 0.003, 3.0, 15
"""Seconds of a sample, seconds for a comparison, and the fewest rounds of one."""

MOST = 1.1
"""What a method may take, as a multiple of the idiom; less is no fault of either."""

GOAL = f"≤ {MOST:g}"

REGISTRY = described(())
"""Described by another process, so that this one has the files of the compared methods alone."""

EVALUATIONS = 1_000
"""Evaluations of a function that a call may take."""

GRADIENT = operator("gradient")
SIZES = {"sigmoid-affine": "", "log-sum-exp": "100000", "mlp": "10-50-50-1x32"}


def figures(name: str) -> Iterator[Figure]:
    """Yield how a method's warm gradient compares with its tool's, on each function."""
    entry = REGISTRY.methods.get(name)
    refusal = "no such method" if entry is None else entry.missing
    if entry is None or refusal:
        yield Figure(name, GOAL, refusal or "", False)
        return
    method = entry.address.load()
    os.environ.update(method.environ)
    for library in method.requires:
        importlib.import_module(library)
    method.setup(Target())
    for problem, largest in SIZES.items():
        for label in dict.fromkeys((largest, REGISTRY.problems[problem].labels[0])):
            what = f"{name}, {problem} {label}".strip()
            figure = _compared_at(method, problem, label, what)
            if not isinstance(figure, str):
                break
        yield Figure(what, GOAL, figure, True) if isinstance(figure, str) else figure


def _compared_at(method: Method, problem_name: str, label: str, what: str) -> Figure | str:
    """Return how a method compares on a problem of a size; or why it does not."""
    problem = _sized(problem_name, label)
    points = problem.points(label)
    n = points.signature.n
    forward = n if method.mode == "forward" else 1
    if (method.evaluations("gradient", n, 1) or forward) > EVALUATIONS:
        return f"more than {EVALUATIONS:,} evaluations"
    try:
        refusal = method.declines("gradient", n, 1)
        if refusal:
            return refusal
        point = points.declared.point
        theirs = IDIOMS[method.name](problem_name, list(point.inputs.values()), point.given)
        cell = _prepared(method, problem, points)
    except (Declined, Unsupported, NotImplementedError) as error:
        return str(error)
    first, _ = method.digits["float64"]
    return _figure(what, cell, points.declared, theirs, min(9.0, first - 1.0))


def _figure(what: str, cell: PreparedCell, at: Argument, theirs: Call, digits: float) -> Figure:
    function, args, kwargs = cell.called(at)
    ours = functools.partial(function, *args, **kwargs)
    if not _agree(cell, ours(), theirs(), digits):
        return Figure(what, GOAL, "they do not agree", False)
    ratio, seconds = _compared(ours, theirs)
    shown = f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f}), {seconds * 1e6:,.3g} µs"
    return Figure(what, GOAL, shown, ratio.value <= MOST)


def _sized(name: str, label: str) -> Problem:
    """Return a problem that has a size, whether or not it is one of its own."""
    problem = REGISTRY.problems[name].address.load()
    return problem if label in problem.labels else replace(problem, sizes=(int(label),))


def _prepared(method: Method, problem: Problem, points: Points) -> PreparedCell:
    """Return a method's gradient, prepared as in a run."""
    xp = method.namespace()
    wrapped = xp if isinstance(xp, Namespace) else Namespace(xp)
    f = Primal(problem, wrapped, points.preparation.point, points.signature)
    return PreparedCell(method, GRADIENT, prepare(method, f, "gradient"), points.signature)


def _agree(cell: PreparedCell, ours: Any, theirs: Any, digits: float) -> bool:
    """Return whether two native answers are the same, to so many digits."""
    first, second = (
        np.concatenate([np.ravel(each) for each in answer])
        for answer in (cell.read(ours).arrays, theirs)
    )
    error = np.linalg.norm(first - second)
    return first.shape == second.shape and bool(error <= 10.0**-digits * np.linalg.norm(first))


def _compared(ours: Call, theirs: Call) -> tuple[Median, float]:
    """Return the ratio of two calls' times with its interval, and the seconds of our call."""
    turns = {call: _turns(call) for call in (ours, theirs)}
    ratios: list[float] = []
    seconds: list[float] = []
    end = time.perf_counter() + SECONDS
    gc.disable()
    try:
        while len(ratios) < FEWEST or time.perf_counter() < end:
            order = (ours, theirs) if len(ratios) % 2 else (theirs, ours)
            took = {call: _sample(call, turns[call]) for call in order}
            ratios.append(took[ours] / took[theirs])
            seconds.append(took[ours])
    finally:
        gc.enable()
    return median(ratios), float(np.median(seconds))


def _turns(call: Call) -> int:
    """Return how many calls make a sample, once it is warm."""
    for _ in range(3):
        call()
    return max(1, round(SAMPLE_S / min(_sample(call, 3) for _ in range(3))))


def _sample(call: Call, turns: int) -> float:
    """Return the seconds that a call takes, of so many, after a few that are not timed."""
    for _ in range(turns // 8):
        call()
    start = time.perf_counter()
    for _ in range(turns):
        call()
    return (time.perf_counter() - start) / turns


if __name__ == "__main__":
    print_table({name: functools.partial(figures, name) for name in IDIOMS}, sys.argv[1:])
