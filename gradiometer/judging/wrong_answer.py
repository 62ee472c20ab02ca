"""A wrong answer as hypotheses on its fault meet it: would it be right, were this undone?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

import numpy as np

from gradiometer.errors import listing
from gradiometer.judging.compared import Compared, Mask
from gradiometer.vocabulary.enclosure import Enclosure, Floats
from gradiometer.vocabulary.space import Space, component

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
        within: The components that are to be explained, if not all.
    """

    found: Compared
    layout: Space
    spaces: Sequence[Space]
    elsewhere: Elsewhere
    within: Mask | None = None

    @property
    def numbers(self) -> Floats:
        """The answer's components."""
        return self.found.answer

    @cached_property
    def wrong(self) -> Mask:
        """Which of them are wrong, and to be explained."""
        return self.found.wrong if self.within is None else self.found.wrong & self.within

    @property
    def everywhere(self) -> Mask:
        """All components that are to be explained."""
        return np.ones_like(self.found.wrong) if self.within is None else self.within

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
            named = self._spots(alike)
            return f"{fault} in {listing(named, MOST_NAMES) if named else 'each of them'}"
        if len(self.layout.names) > 1 and whole.issuperset(self.layout.names):
            return f"{fault} everywhere"
        return f"{fault} in all of {listing(runs(self.touched), MOST_NAMES)}"

    def _spots(self, alike: Mask) -> list[str]:
        """Return names of what is wrong: arrays, rows, columns, components; none of too many."""
        wrong, like = self.layout.split(self.wrong), self.layout.split(alike)
        found = [each for name in self.touched for each in spots(name, wrong[name], like[name])]
        return found if len(found) <= MOST_NAMES else []


def spots(name: str, wrong: Mask, alike: Mask) -> list[str]:
    """Return what to call the wrong components of an array.

    Args:
        name: Of the array.
        wrong: Which are wrong.
        alike: Which are wrong, or would look the same if they were.
    """
    if alike.all():
        return [name]
    if wrong.ndim == 2:
        rows, columns = (np.flatnonzero(wrong.any(axis=axis)) for axis in (1, 0))
        if alike[rows].all() and len(rows) < len(columns):
            return [f"{name}[{i}, :]" for i in rows]
        if alike[:, columns].all():
            return [f"{name}[:, {j}]" for j in columns]
    return [component(name, tuple(map(int, index))) for index in np.argwhere(wrong)]


def runs(names: Iterable[str]) -> list[str]:
    """Return names with those that are numbered in a row told as one: `b0…b2`."""
    found: list[list[str]] = []
    for name in names:
        if found and _successor(found[-1][-1]) == name:
            found[-1].append(name)
        else:
            found.append([name])
    short = ([f"{run[0]}…{run[-1]}"] if len(run) > 2 else run for run in found)
    return [name for run in short for name in run]


def _successor(name: str) -> str:
    stem = name.rstrip("0123456789")
    number = name[len(stem) :]
    return f"{stem}{int(number) + 1}" if number else ""
