"""Which case goes to which node, and when; nothing is sent here, and no clock is read.

All cases of a problem in one dtype go to one node, one after the other and in the order of the
plan, so that forecasts from smaller sizes, costs in multiples of the value and growth with size are
of one machine. The problems with most work left begin. Where a node is lost, another one of its
kind takes over what is left of its problem.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from gradiometer.vocabulary.case import Case, Cell

MOST_TRIES = 3
"""Nodes that a case is tried on before its cells are `crashed`: the first, and two others."""

Work = Sequence[Cell]
"""The cells of one case."""


@dataclass
class Series:
    """The cases of a problem in one dtype, on one device.

    Attributes:
        problem: Its name.
        cases: What is left of them, the first of which is the next, or under way.
        left_s: Roughly how long they take, seconds.
        tries: How often the first was begun.
    """

    problem: str
    cases: deque[Work] = field(default_factory=deque)
    left_s: float = 0.0
    tries: int = 0


class Spreading:
    """Gives cases to nodes.

    Args:
        cells: What is to be measured, case by case.
        estimate: Tells roughly how many seconds a case takes.
    """

    def __init__(self, cells: Sequence[Cell], estimate: Callable[[Work], float]) -> None:
        self._estimate = estimate
        self._series: dict[tuple[str, str, str], Series] = {}
        self._kinds: dict[str, str] = {}
        self._held: dict[str, Series] = {}
        self._busy: set[str] = set()
        self._measured: set[str] = set()
        for case, group in groupby(cells, lambda cell: cell.case):
            work = list(group)
            series = self._series.setdefault(_key(case), Series(case.problem))
            series.cases.append(work)
            series.left_s += estimate(work)
        self._waiting = list(self._series.values())

    @property
    def left(self) -> int:
        """How many cases are left, those that are under way among them."""
        return sum(len(series.cases) for series in self._series.values())

    @property
    def left_s(self) -> float:
        """Roughly how long these take on one machine, seconds."""
        return sum(series.left_s for series in self._series.values())

    @property
    def under_way(self) -> int:
        """How many nodes have a case."""
        return len(self._busy)

    def give(self, node: str, kind: str) -> Work | None:
        """Return the cells that a free node of a kind is to measure; `None` where there are none.

        Args:
            node: The node.
            kind: What machine it is: a problem stays with one kind.
        """
        if node not in self._held:
            able = [s for s in self._waiting if self._kinds.get(s.problem, kind) == kind]
            if not able:
                return None
            self._held[node] = max(able, key=lambda series: series.left_s)
            self._waiting.remove(self._held[node])
        series = self._held[node]
        series.tries += 1
        self._kinds[series.problem] = kind
        self._busy.add(node)
        return series.cases[0]

    def end(self, node: str) -> Work:
        """Note that a node's case has ended, and return it."""
        self._busy.remove(node)
        series = self._held[node]
        self._measured.add(series.problem)
        work = self._drop(series)
        if not series.cases:
            del self._held[node]
        return work

    def lose(self, node: str) -> Work:
        """Note that a node is lost; return the cells of its case if that is not tried again."""
        series = self._held.pop(node, None)
        if series is None:
            return ()
        begun = node in self._busy
        self._busy.discard(node)
        lost = self._drop(series) if begun and series.tries >= MOST_TRIES else ()
        if series.cases:
            self._waiting.append(series)
        held = {each.problem for each in self._held.values()}
        if series.problem not in self._measured | held:
            self._kinds.pop(series.problem, None)
        return lost

    def recall(self, node: str) -> None:
        """Note that a node has not begun with its case, and is free for it again."""
        self._busy.remove(node)
        self._held[node].tries -= 1

    def stranded(self, kinds: Collection[str]) -> Iterator[tuple[Work, str]]:
        """Drop and yield the cases of problems that stay with a kind of which no node is left.

        Args:
            kinds: Those of which there are nodes.
        """
        for series in self._waiting:
            kind = self._kinds.get(series.problem)
            while kind is not None and kind not in kinds and series.cases:
                yield self._drop(series), kind
        self._waiting = [series for series in self._waiting if series.cases]

    def drop(self) -> Iterator[Work]:
        """Drop and yield all cases that no node has."""
        for series in self._waiting:
            while series.cases:
                yield self._drop(series)
        self._waiting.clear()

    def _drop(self, series: Series) -> Work:
        work = series.cases.popleft()
        series.left_s -= self._estimate(work)
        series.tries = 0
        return work


def _key(case: Case) -> tuple[str, str, str]:
    return case.problem, case.dtype, case.device
