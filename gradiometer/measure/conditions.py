"""What all cells of a case share, and how it is found.

Problems are evaluated in the reference's worker alone; the coordinator runs none of their code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from gradiometer.measure.options import Options
from gradiometer.measure.pool import REFERENCE, AnyPool, P, Request, T
from gradiometer.plugins.address import Address
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.method import Target
from gradiometer.vocabulary.operators import Operator, operator
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.vocabulary.point import Argument, Points, Signature
from gradiometer.vocabulary.problem import Problem
from gradiometer.worker import requests


@dataclass(frozen=True)
class Conditions:
    """What all cells of a case share: where, against what, and by which rules.

    Attributes:
        case: The case.
        problem: Where a worker finds its problem.
        points: Where it is checked, timed and prepared.
        truths: The true answers, one at each checked point.
        options: The run's options.
    """

    case: Case
    problem: Address[Problem]
    points: Points
    truths: tuple[Enclosure, ...]
    options: Options

    @property
    def operator(self) -> Operator:
        """The case's operator."""
        return operator(self.case.operator)

    @property
    def target(self) -> Target:
        """What methods are set up for."""
        return Target(self.options.threads, self.case.device, self.case.dtype)


def require_size(case: Case, signature: Signature) -> None:
    """Refuse a case whose answer is too large.

    Raises:
        Failure: If it has more components than are compared.
    """
    asked = operator(case.operator)
    components = asked.layout(signature).size
    if components > asked.most:
        most = f"none is compared beyond {asked.most:,}"
        told = f"the {case.operator} has {components:,} components: {most}"
        raise Failure(Status.SKIPPED, told)


class References:
    """Asks the reference's worker about problems.

    Args:
        pool: The workers.
        timeout_s: Time that one question may take, seconds.
    """

    def __init__(self, pool: AnyPool, timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s

    def conditions(
        self,
        case: Case,
        problem: Address[Problem],
        options: Options,
        admit: Callable[[int], None] = lambda n: None,
    ) -> Conditions:
        """Return where a case is checked, by which rules, and its certified truth there.

        Args:
            case: The case.
            problem: Where its problem is found.
            options: The run's options.
            admit: Told the number of inputs before anything is certified; raises what refuses it.

        Raises:
            Failure: If the problem or its reference fails, or the answer is too large.
        """
        points = self.points(problem, case.size, options.seed, case.dtype)
        admit(points.signature.n)
        require_size(case, points.signature)
        truths = [self.truth(problem, points.declared, case.operator)]
        while (found := self._neighbour(problem, points, case, options.seed)) is not None:
            points = replace(points, checked=(*points.checked, found[0]))
            truths.append(found[1])
        return Conditions(case, problem, points, tuple(truths), options)

    def points(
        self, problem: Address[Problem], size: str, seed: int, dtype: str = "float64"
    ) -> Points:
        """Return the declared point of a problem, and those that need no truth.

        Raises:
            Failure: If they cannot be drawn, or the problem cannot be evaluated there.
        """
        what = f"point of {problem.name}"
        return self._ask(what, requests.points, problem, size, seed, dtype)

    def truth(self, problem: Address[Problem], at: Argument, operator: str) -> Enclosure:
        """Return the certified truth of a problem at a point.

        Raises:
            Failure: If it cannot be certified, with the reason.
        """
        return self._ask("reference", requests.certify, problem, at, operator)

    def _neighbour(
        self, problem: Address[Problem], points: Points, case: Case, seed: int
    ) -> tuple[Argument, Enclosure] | None:
        what, at = "reference", (case.size, seed, case.dtype)
        return self._ask(what, requests.neighbour, problem, points, *at, case.operator)

    def _ask(self, what: str, request: Request[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        worker = self._pool.worker(REFERENCE)
        try:
            return worker.ask(request, self._timeout_s, *args, **kwargs)
        except Failure as failure:
            raise Failure(failure.status, f"{what}: {failure.reason}") from failure
