"""What all cells of a case share."""

from __future__ import annotations

from dataclasses import dataclass

from gradiometer.measure.options import Options
from gradiometer.plugins.address import Address
from gradiometer.reference.enclosure import Enclosure
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.method import Target
from gradiometer.vocabulary.operators import Operator, operator
from gradiometer.vocabulary.point import Argument, Points
from gradiometer.vocabulary.problem import Problem


@dataclass(frozen=True)
class Conditions:
    """What all cells of a case share: where, against what, and by which rules.

    Attributes:
        case: The case.
        problem: Where a worker finds its problem.
        points: Where it is checked and prepared.
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
    def timed(self) -> Argument:
        """Where calls are timed: the first of the checked points."""
        return self.points.checked[0]

    @property
    def target(self) -> Target:
        """What methods are set up for."""
        return Target(self.options.threads, self.case.device, self.case.dtype)
