"""The rows of a trace: which nodes have one, what they are called, and what flows between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradiometer.intermediates.computed import Computed, in_order
from gradiometer.intermediates.operations import CLOSELY, Text, operation
from gradiometer.reference.adjoints import enclosures, norms, shares
from gradiometer.reference.linear import Collapse, Reshape
from gradiometer.reference.node import Node
from gradiometer.vocabulary.enclosure import Enclosure

LONGEST = 36
"""Characters of an operation up to which it is written out inside of another one."""

MOST_DRAWN = 150
"""Rows up to which what flows between them is found: of more no picture is drawn."""

ARITHMETIC = ("add", "subtract", "multiply", "divide", "negative", "power", "matmul")
"""Operations that have no row of their own inside of another one of them."""


@dataclass(frozen=True)
class Figure:
    """A value or a derivative.

    Attributes:
        shape: Its shape.
        components: Its components, flattened.
        norm: Their Euclidean norm.
    """

    shape: tuple[int, ...]
    components: Enclosure
    norm: Enclosure


@dataclass(frozen=True)
class ByHand:
    """What a hand-written pass holds of a value or a derivative.

    Attributes:
        variable: Its variable there; empty for what it returns.
        numbers: What it holds, flattened.
        wrong: How many components are wrong.
        matched: Whether it was found by its value, since its name tells nothing.
    """

    variable: str
    numbers: Any
    wrong: int
    matched: bool = False


@dataclass
class Row:
    """An intermediate value.

    Attributes:
        name: Its name.
        operation: What it was computed by, in terms of other names; empty if that is its name.
        kind: `input`, `output`, or empty.
        value: It.
        adjoint: The derivative of the output in it.
        flows: What flows back from it, by the row that it flows to; of at most `MOST_DRAWN` rows.
        by_hand: What a hand-written pass holds of it.
        adjoint_by_hand: What a hand-written pass holds of the derivative.
    """

    name: str
    operation: str
    kind: str
    value: Figure
    adjoint: Figure
    flows: dict[int, Figure] = field(default_factory=dict)
    by_hand: ByHand | None = None
    adjoint_by_hand: ByHand | None = None

    @property
    def wrong(self) -> bool:
        """Whether the hand-written pass holds another number."""
        return any(found and found.wrong for found in (self.by_hand, self.adjoint_by_hand))


class Rows:
    """The rows of a computation.

    Args:
        found: The computation.
        full: Whether every operation has a row.
    """

    def __init__(self, found: Computed, *, full: bool = False) -> None:
        self.found = found
        self._full = full
        self._ends = {end: name for name, end in found.ends.items()}
        self._users: dict[Node, list[Node]] = {}
        for node in found.nodes:
            for part in node.parts:
                self._users.setdefault(part.parent, []).append(node)
        names = found.variables.names
        self._named = any(n in names and n.made[0] != "input" for n in found.nodes)
        self._texts: dict[Node, Text] = {}
        self._operations: dict[Node, str] = {}
        self.nodes: list[Node] = []
        tracked = set(found.nodes)
        for node in in_order(found.nodes):
            self._write(node, shows=node in tracked)

    def _write(self, node: Node, *, shows: bool) -> None:
        """Find what a node is called where it is an operand, and whether it has a row."""
        name = self._called(node)
        text = (
            operation(node, self._texts.__getitem__) if node.made[0] != "input" else ("", CLOSELY)
        )
        self._operations[node] = text[0]
        long = len(text[0]) > LONGEST
        if shows and (name or long or not self._within(node)):
            self.nodes.append(node)
        symbol = name or (f"v{len(self.nodes)}" if long and shows else "")
        self._texts[node] = (symbol, CLOSELY) if symbol else text
        if long and not symbol:
            self._texts[node] = "…", CLOSELY

    def _within(self, node: Node) -> bool:
        """Return whether a node without a name is only seen inside of another one's operation."""
        if node in self._ends:
            return False
        if node.made[0] == "concat" or _moved(node):
            return True
        users = self._users.get(node, [])
        if self._full or len(users) != 1:
            return False
        (user,) = users
        while _moved(user) and not self._called(user) and user not in self._ends:
            users = self._users.get(user, [])
            if len(users) != 1:
                return False
            (user,) = users
        if _moved(user) and isinstance(user.made[1], Reshape):
            return bool(self._called(user)) or user in self._ends
        return self._named and {node.made[0], user.made[0]} <= set(ARITHMETIC)

    def _called(self, node: Node) -> str:
        """Return the name of a node: its variable's, or the output's; empty if it has none."""
        return self.found.variables.of(node) or self._ends.get(node, "")

    def rows(self) -> list[Row]:
        """Return the rows, in the order of computation."""
        found, position = self.found, {node: k for k, node in enumerate(self.nodes)}
        values = self._figures(self.nodes, [found.value_of[node] for node in self.nodes])
        rows = []
        for node, value, slope in zip(self.nodes, values, self._adjoints(), strict=True):
            kind = "output" if node in self._ends else ""
            kind = "input" if node.made[0] == "input" else kind
            name, told = self._texts[node][0], self._operations[node]
            rows.append(Row(name, "" if told == name else told, kind, value, slope))
        if len(rows) <= MOST_DRAWN:
            for node, row in zip(self.nodes, rows, strict=True):
                row.flows = self._flowing(node, position)
        return rows

    def _adjoints(self) -> Iterator[Figure]:
        found = self.found
        reached = [node for node in self.nodes if node in found.adjoint]
        figures = self._figures(
            [found.adjoint[node] for node in reached], [found.adjoint_of[node] for node in reached]
        )
        known = dict(zip(reached, figures, strict=True))
        for node in self.nodes:
            yield known.get(node) or nothing(node.shape)

    def _figures(self, nodes: list[Node], enclosed: list[Enclosure]) -> list[Figure]:
        sizes = norms(self.found.done, nodes)
        pairs = zip(nodes, enclosed, sizes, strict=True)
        return [Figure(node.shape, each, size) for node, each, size in pairs]

    def _flowing(self, node: Node, position: dict[Node, int]) -> dict[int, Figure]:
        found = self.found
        if node not in found.adjoint:
            return {}
        back = shares(found.done, node, found.adjoint[node], lambda n: n in position)
        nodes = list(back.values())
        figures = self._figures(nodes, enclosures(found.done, nodes, bounded=False))
        return {position[n]: each for n, each in zip(back, figures, strict=True)}


def _moved(node: Node) -> bool:
    """Return whether a node holds the components of another one elsewhere."""
    return node.made[0] == "linear" and not isinstance(node.made[1], Collapse)


def nothing(shape: tuple[int, ...]) -> Figure:
    """Return the derivative in what nothing depends on."""
    zeros = np.zeros(int(np.prod(shape)))
    zero = Enclosure(zeros, zeros, zeros, zeros, 0, zero=True)
    size = Enclosure(*(np.zeros(1),) * 4, 0, zero=True)
    return Figure(shape, zero, size)
