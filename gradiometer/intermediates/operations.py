"""Writes the operations of a tape's nodes out, in terms of the names of what they are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiometer.reference import linear
from gradiometer.reference.node import Node

SIGNS = {"add": ("+", 1), "subtract": ("-", 1), "multiply": ("*", 2), "divide": ("/", 2)}
"""Operators between two operands, and how closely they bind."""

CLOSELY = 5
"""How closely a name or a call binds."""

MOST_OPERANDS = 4
"""Operands of a call that are written out."""

Text = tuple[str, int]
"""What is written, and how closely it binds."""

Find = Callable[[Node], Text]


def operation(node: Node, find: Find) -> Text:
    """Return a node's operation as text.

    Args:
        node: The node.
        find: Returns the text of an operand.
    """
    name, *given = node.made
    if name in SIGNS:
        sign, closely = SIGNS[name]
        # On the tape the divisor comes first.
        a, b = given if name != "divide" else reversed(given)
        gap = " " if closely == 1 else ""
        after = closely + (name in ("subtract", "divide"))
        return f"{_within(find(a), closely)}{gap}{sign}{gap}{_within(find(b), after)}", closely
    if name == "negative":
        return f"-{_within(find(given[0]), 2)}", 2
    if name == "power":
        base, exponent = given
        raised = _within(find(exponent), 4) if isinstance(exponent, Node) else str(exponent)
        return f"{_within(find(base), 4)}**{raised}", 3
    if name == "matmul":
        a, b = given
        return f"{_within(find(a), 2)} @ {_within(find(b), 3)}", 2
    if name == "linear":
        return _moved(given[0], given[1], find)
    if name in ("constant", "number"):
        return _constant(node), CLOSELY
    if name == "untracked":
        return find(given[0])
    operands = [find(each)[0] for each in given if isinstance(each, Node)]
    if len(operands) > MOST_OPERANDS:
        operands = [*operands[: MOST_OPERANDS - 1], "…"]
    return f"{name}({', '.join(operands)})", CLOSELY


def _within(text: Text, least: int) -> str:
    """Return a text in brackets if it binds less closely than is needed."""
    return f"({text[0]})" if text[1] < least else text[0]


def _moved(by: linear.LinearMap, x: Node, find: Find) -> Text:
    if isinstance(by, linear.Collapse):
        return f"sum({find(x)[0]})", CLOSELY
    if isinstance(by, linear.Take):
        several = _unshaped(x)
        if several.made[0] == "concat" and len(several.made) == 4 and np.size(by.key) > 1:
            before, assigned = several.made[2:]  # as assignments in functions of NumPy's are made
            return f"{find(before)[0]} ← {find(assigned)[0]}", 0
        return f"{_within(find(x), CLOSELY)}[{_index(by.key)}]", CLOSELY
    if isinstance(by, linear.Permute):
        return f"{_within(find(x), CLOSELY)}.T", CLOSELY
    return find(x)


def _unshaped(x: Node) -> Node:
    while x.made[0] == "linear" and isinstance(x.made[1], linear.Reshape):
        x = x.made[2]
    return x


def _index(key: Any) -> str:
    if isinstance(key, tuple):
        return ", ".join(map(_index, key))
    if isinstance(key, slice):
        start, stop, step = ("" if k is None else str(k) for k in (key.start, key.stop, key.step))
        return f"{start}:{stop}" + (f":{step}" if step else "")
    if key is Ellipsis or key is None:
        return "..." if key is Ellipsis else "None"
    found = np.asarray(key)
    if found.size == 1 and found.dtype != bool:
        return str(found.ravel()[0])
    return "mask" if found.dtype == bool else "indices"


def _constant(node: Node) -> str:
    if node.size != 1:
        return f"array{node.shape}"
    number = float(node.floats.ravel()[0])
    return str(int(number)) if number == int(number) and abs(number) < 1e6 else f"{number:.6g}"
