"""What an answer is worth: a verdict on each claim, at each point, component by component."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What a check can say."""

    RIGHT = "right"
    WRONG = "wrong"
    UNDECIDED = "undecided"


class Finding(StrEnum):
    """What a verdict rests on."""

    RIGHT = "right"
    ROUNDING = "rounding"
    INTENDED = "intended"
    WRONG_RULE = "wrong rule"
    WRONG_KERNEL = "wrong kernel"
    WRONG = "wrong"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Row:
    """A component of an answer.

    Attributes:
        component: Its name.
        claimed: What was answered.
        true: The true number to 17 digits; at a kink from the least to the largest of the branches.
        digits: Decimal digits that are right; none at a kink.
        owed: Decimal digits that rounding leaves of it; none where the truth is zero.
        wrong: Whether it is beyond what rounding explains.
    """

    component: str
    claimed: float
    true: str
    digits: float | None
    owed: float | None
    wrong: bool


@dataclass(frozen=True)
class Judgement:
    """What an answer at a point is worth.

    Attributes:
        verdict: Right, wrong, or not decided.
        reason: Why, unless right.
        pattern: What explains all that is wrong, if anything does.
        digits: Decimal digits that are right in the norm.
        wrong: How many components are wrong.
        size: Of how many.
        rows: The components, or the ten worst of more.
        note: What else is to be said of it.
    """

    verdict: Verdict
    reason: str
    pattern: str = ""
    digits: float | None = None
    wrong: int = 0
    size: int = 0
    rows: Sequence[Row] = ()
    note: str = ""


@dataclass(frozen=True)
class Judged:
    """What was checked, and what it is worth at each point.

    Attributes:
        name: What to call it.
        origin: Where it comes from.
        at: One judgement a point.
        promise: Decimal digits that it owes.
        exact: Whether rounding is its only error.
    """

    name: str
    origin: str
    at: Sequence[Judgement]
    promise: float
    exact: bool

    @property
    def verdict(self) -> Verdict:
        """Wrong if it is at any point, else undecided if it is at any."""
        found = {each.verdict for each in self.at}
        for verdict in (Verdict.WRONG, Verdict.UNDECIDED):
            if verdict in found:
                return verdict
        return Verdict.RIGHT

    @property
    def rounded(self) -> bool:
        """Whether it has fewer digits than it owes somewhere, and rounding explains that."""
        digits = [each.digits for each in self.at if each.digits is not None]
        return self.verdict is Verdict.RIGHT and any(d < self.promise for d in digits)

    @property
    def worst(self) -> int:
        """The point that decides the verdict: the first of those that are as bad, from 0."""
        return [each.verdict for each in self.at].index(self.verdict)
