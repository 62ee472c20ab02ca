"""A wrong answer as hypotheses on its fault meet it: would it be right, were this undone?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

import numpy as np

from gradiometer.errors import listing
from gradiometer.measure.compared import Compared, Mask
from gradiometer.vocabulary.enclosure import Enclosure, Floats
from gradiometer.vocabulary.space import Space

MOST_NAMES = 4
"""Arrays that are named at most."""

Elsewhere = Callable[[], Iterable[tuple[str, Enclosure]]]
"""Yields truths that a stale answer may be, with words for where each is right."""


@dataclass(frozen=True)
class WrongAnswer:
    """A wrong answer, and what hypotheses on it need.

    Attributes:
        found: Its components beside the true ones.
        layout: The arrays that it is made of.
        spaces: What it runs over: one space, or the rows and columns of a matrix.
        elsewhere: Asked for truths at other points, certified one after the other.
    """

    found: Compared
    layout: Space
    spaces: Sequence[Space]
    elsewhere: Elsewhere

    @property
    def numbers(self) -> Floats:
        """The answer's components."""
        return self.found.answer

    @property
    def wrong(self) -> Mask:
        """Which of them are wrong."""
        return self.found.wrong

    @property
    def true(self) -> Floats:
        """The true components, rounded to doubles."""
        return self.found.truth.high

    @cached_property
    def touched(self) -> list[str]:
        """The arrays that hold a wrong component."""
        return [name for name, part in self.layout.split(self.wrong).items() if part.any()]

    @cached_property
    def parts(self) -> dict[str, slice]:
        """Where each array lies among the components."""
        ends = [0, *accumulate(self.layout.sizes)]
        return {name: slice(*ends[k : k + 2]) for k, name in enumerate(self.layout.names)}

    def right(self, repaired: Floats, where: Mask | None = None) -> bool:
        """Return whether numbers are right wherever the answer is wrong, or where it is said."""
        beyond = replace(self.found, answer=repaired).wrong
        return not beyond[self.wrong if where is None else where].any()

    def like(self, expected: Floats) -> Mask:
        """Return which components are wrong, or would be right even with the fault."""
        return self.wrong | (np.abs(expected - self.true) <= self.found.allowed)

    def told(self, fault: str, alike: Mask) -> str:
        """Return the fault and where it is.

        Args:
            fault: What is wrong.
            alike: Which components are as the fault would have them.
        """
        whole = {name for name, part in self.layout.split(alike).items() if part.all()}
        if self.layout.size == 1:
            return fault
        if not whole.issuperset(self.touched):
            return f"{fault} in each of them"
        if len(self.layout.names) > 1 and whole.issuperset(self.layout.names):
            return f"{fault} everywhere"
        return f"{fault} in all of {listing(self.touched, MOST_NAMES)}"
