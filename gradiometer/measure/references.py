"""Finds what all cells of a case share: its points and the true answers there.

Problems are evaluated in the reference's worker alone; the coordinator runs none of their code.
"""

from __future__ import annotations

from typing import ParamSpec, TypeVar

from gradiometer.measure.conditions import Conditions
from gradiometer.measure.options import Options
from gradiometer.measure.pool import AnyPool, Request
from gradiometer.plugins.address import Address
from gradiometer.reference.enclosure import Enclosure
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.operators import operator
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.vocabulary.point import Argument, Points
from gradiometer.vocabulary.problem import Problem
from gradiometer.worker import requests

REFERENCE = "reference-worker"
"""Name of the worker that certifies, and that holds the controls; no file of a tool has it."""

MOST_COMPONENTS = 300_000
"""Components of an answer beyond which a case is skipped, with its reason."""

P = ParamSpec("P")
T = TypeVar("T")


class References:
    """Asks the reference's worker about problems.

    Args:
        pool: The workers.
        timeout_s: Time that one question may take, seconds.
    """

    def __init__(self, pool: AnyPool, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s

    def conditions(self, case: Case, problem: Address[Problem], options: Options) -> Conditions:
        """Return where a case is checked, by which rules, and its certified truth there.

        Raises:
            Failure: If the problem or its reference fails, or the answer is too large.
        """
        points = self.points(problem, case.size, options.seed, case.dtype)
        components = operator(case.operator).layout(points.signature).size
        if components > MOST_COMPONENTS:
            raise Failure(
                Status.SKIPPED,
                f"the {case.operator} has {components:,} components: none is compared beyond "
                f"{MOST_COMPONENTS:,}",
            )
        truths = tuple(self.truth(problem, at, case.operator) for at in points.checked)
        return Conditions(case, problem, points, truths, options)

    def points(
        self, problem: Address[Problem], size: str, seed: int, dtype: str = "float64"
    ) -> Points:
        """Return the points at which a problem is checked and prepared.

        Raises:
            Failure: If they cannot be drawn, or the problem cannot be evaluated there.
        """
        told = f"point of {problem.name}"
        return self._ask(told, requests.points, problem, size, seed, dtype, 1)

    def truth(self, problem: Address[Problem], at: Argument, operator: str) -> Enclosure:
        """Return the certified truth of a problem at a point.

        Raises:
            Failure: If it cannot be certified, with the reason.
        """
        return self._ask("reference", requests.certify, problem, at, operator)

    def _ask(self, what: str, request: Request[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        worker = self._pool.worker(REFERENCE)
        try:
            return worker.ask(request, self._timeout_s, *args, **kwargs)
        except Failure as failure:
            raise Failure(failure.status, f"{what}: {failure.reason}") from failure
