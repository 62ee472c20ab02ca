"""What is wrong with the derivative that a framework has of one operation, or with its numbers.

An operation is a rule that was written by hand, or one of the framework's own. Its pullback, and
the derivative of that, are compared with the certified ones at the values that flowed through it.
What cannot be proven is no fault.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradiometer.checking.graphs import of_graph
from gradiometer.errors import GradiometerError, describe
from gradiometer.judging.agreement import agree
from gradiometer.judging.diagnosis import explain
from gradiometer.reference.lookup import certified, outline
from gradiometer.tracing.derived import answer
from gradiometer.tracing.frameworks import Framework
from gradiometer.tracing.lowered import Kernel, Rule
from gradiometer.vocabulary.dtype import DTYPES, find_dtype
from gradiometer.vocabulary.operators import operator as find_operator
from gradiometer.vocabulary.outcome import Status
from gradiometer.vocabulary.point import Points
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Array


def wrong_derivative(folder: Framework, of: Rule | Kernel, order: int) -> str:
    """Return what is wrong with an operation's derivative, up to an order; empty if nothing is."""
    dtype = of.at[0].dtype.name
    if of.function is None or dtype not in DTYPES:
        return ""
    at = dict(zip(of.forward.inputs, of.at, strict=True))
    problem = of_graph(of.name, of.forward, at)
    try:
        points = problem.points(dtype=dtype, outline=partial(outline, problem))
    except GradiometerError:
        return ""
    cotangents = list(points.declared.directions.cotangents.values())
    pulled = partial(answer, folder, of.function, of.at, "vjp", cotangents)
    by_hand = isinstance(of, Rule)
    found = _fault(problem, points, "vjp", pulled, by_hand=by_hand)
    if found:
        return f"its backward pass {found}" if found[:5] == "fails" else f"its pullback {found}"
    if order == 1:
        return ""
    weighted, twice = _weighted(folder, of, problem, cotangents)
    tangents = list(points.declared.directions.tangents.values())
    again = partial(answer, folder, twice, of.at, "hvp", tangents)
    at_once = weighted.points(dtype=dtype, outline=partial(outline, weighted))
    found = _fault(weighted, at_once, "hvp", again, by_hand=by_hand)
    return f"its pullback is right, and the derivative of that {found}" if found else ""


def _weighted(
    folder: Framework, of: Rule | Kernel, problem: Problem, cotangents: Sequence[Array]
) -> tuple[Problem, Callable[..., Any]]:
    """Return an operation's outputs summed with weights: as a problem, and in the framework."""
    native = [folder.native(np.asarray(w)) for w in cotangents]

    def twice(*xs: Any) -> Any:
        assert of.function is not None
        return sum((w * y).sum() for w, y in zip(native, of.function(*xs), strict=True))

    def weighted(xp: Any, *xs: Any) -> Any:
        found = problem.function(xp, *xs)
        several = found if isinstance(found, tuple) else (found,)
        return sum(xp.sum(xp.asarray(w) * y) for w, y in zip(cotangents, several, strict=True))

    return Problem(of.name, weighted, problem.at), twice


def _fault(
    problem: Problem,
    points: Points,
    operator: str,
    found: Callable[[], Sequence[Array]],
    *,
    by_hand: bool,
) -> str:
    """Return what is wrong with an answer; empty if nothing is, or can be proven."""
    asked, at = find_operator(operator), points.declared
    try:
        truth = certified(problem, at, operator, kept=False)
    except GradiometerError:
        return ""
    try:
        answered = [np.asarray(a) for a in found()]
    except Exception as error:  # it is the user's code, or not to be differentiated
        return f"fails: {describe(error)}" if by_hand else ""
    dtype = at.point.dtype
    judged = agree(
        answered, truth, asked.layout(points.signature), dtype=dtype, exact=True,
        promise=find_dtype(dtype).digits[asked.order - 1],
        explain=partial(explain, asked=asked, signature=points.signature),
    )  # fmt: skip
    return "" if judged.status is Status.OK else f"is wrong: {judged.pattern or judged.reason}"


def wrong_numbers(kernel: Kernel) -> str:
    """Return what is wrong with an operation's numbers; empty if nothing is, or can be proven."""
    dtype = kernel.found[0].dtype.name
    if dtype not in DTYPES:
        return ""
    names, asked = kernel.forward.inputs, find_operator("value")
    problem = of_graph(kernel.name, kernel.forward, dict(zip(names, kernel.at, strict=True)))
    try:
        points = problem.points(dtype=dtype, outline=partial(outline, problem))
        truth = certified(problem, points.declared, "value", kept=False)
    except GradiometerError:
        return ""
    found = agree(
        kernel.found, truth, asked.layout(points.signature),
        promise=find_dtype(dtype).digits[0], exact=True, dtype=dtype,
    )  # fmt: skip
    return "" if found.status is Status.OK else f"its numbers are wrong: {found.reason}"
