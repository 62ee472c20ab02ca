"""Prepares a cell: loads its method and problem, derives what the method lacks, calls it once."""

from __future__ import annotations

import time

from gradiometer.errors import Declined
from gradiometer.vocabulary.derivation import prepare
from gradiometer.vocabulary.method import Method, Primal
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.operators import Operator, operator
from gradiometer.vocabulary.point import Argument
from gradiometer.worker.memory import Peak
from gradiometer.worker.requests import Preparation, Work
from gradiometer.worker.tool import PreparedCell


def prepared(work: Work, at: Argument, budget_s: float) -> tuple[PreparedCell, Preparation]:
    """Return a cell that was called once at the point of preparation, and what that took.

    Raises:
        Declined: If the method declines, or one call is forecast to exceed the budget.
    """
    method, asked, signature = work.method.load(), operator(work.operator), work.signature
    xp = method.namespace()
    wrapped = xp if isinstance(xp, Namespace) else Namespace(xp)
    f = Primal(work.problem.load(), wrapped, at.point, signature)
    refusal = method.declines(asked.name, signature.n, signature.m)
    if refusal:
        raise Declined(refusal)
    if asked.differentiates:
        _forecast(method, asked, f, at, budget_s)
    with Peak() as peak:
        start = time.perf_counter()
        cell = PreparedCell(method, asked, prepare(method, f, asked.name), signature)
        prepare_s = time.perf_counter() - start
        _, first_s = cell.run(at)
    return cell, Preparation(prepare_s, first_s, peak.bytes, cell.route.text)


def _forecast(method: Method, asked: Operator, f: Primal, at: Argument, budget_s: float) -> None:
    """Refuse a case of which one call would not fit into the budget.

    Raises:
        Declined: With the forecast.
    """
    evaluations = method.evaluations(asked.name, f.signature.n, f.signature.m)
    if evaluations is None:
        return
    value = operator("value")
    primal = PreparedCell(method, value, prepare(method, f, value.name), f.signature)
    primal.run(at)
    _, primal_s = primal.run(at)
    if evaluations * primal_s > budget_s:
        raise Declined(
            f"{evaluations:,} primal evaluations a call, {_duration(primal_s)} each: forecast "
            f"{_duration(evaluations * primal_s)} a call, over the case's budget of {budget_s:g} s."
        )


def _duration(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds >= 1 else f"{seconds * 1e3:.2g} ms"
