"""How large the formula of a function becomes, counted without making it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from gradiometer.vocabulary.formula_array import OPERATORS, FormulaArray, elementwise
from gradiometer.vocabulary.formulas import formulas
from gradiometer.vocabulary.method import Primal


class FormulaSize(NamedTuple):
    """The size of a function's formula.

    Attributes:
        tree: Nodes, where what is used twice counts twice: what a tool walks that shares nothing.
        graph: Nodes, of which each counts once.
    """

    tree: float
    graph: int


def formula_size(f: Primal, names: Iterable[str], tool: str) -> FormulaSize:
    """Return the size of a function's formula.

    Args:
        f: The function.
        names: The elementwise functions that the tool has.
        tool: What to call the tool in messages.
    """
    made: list[None] = []

    def count(*parts: Any) -> _Count:
        made.append(None)
        return _Count(1.0 + math.fsum(map(_nodes, parts)), count)

    class Counts(FormulaArray):
        own = elementwise(dict.fromkeys((*OPERATORS, *names), count))

    def leaves(a: Any) -> Any:
        return Counts.of((_Count(1.0, count) for _ in range(a.size)), a.shape)

    counted = Primal(f.problem, formulas(Counts.own, tool, Counts), f.point, f.signature)
    given = {name: leaves(a) for name, a in f.point.given.items()}
    y = counted(tuple(map(leaves, f.point.inputs.values())), given)
    outputs = y if isinstance(y, tuple) else (y,)
    parts = [x for part in outputs for x in np.ravel(np.asarray(part)).tolist()]
    return FormulaSize(math.fsum(map(_nodes, parts)), len(made) + 1)


class _Count:
    """A formula of which only the number of nodes is kept."""

    __slots__ = ("count", "nodes")

    def __init__(self, nodes: float, count: Any) -> None:
        self.nodes = nodes
        self.count = count

    def _with(self, *others: Any) -> _Count:
        found: _Count = self.count(self, *others)
        return found

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = _with
    __truediv__ = __rtruediv__ = _with

    def __bool__(self) -> bool:
        raise TypeError("cannot determine the truth value of a formula")


def _nodes(part: Any) -> float:
    return part.nodes if isinstance(part, _Count) else 1.0
