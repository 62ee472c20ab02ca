"""The two passes over a tape: cotangents from the outputs back, tangents from the inputs on.

A pass is made of nodes' own operations. It is recorded on the tape, to be differentiated again, or
only evaluated, with the bounds on rounding that `gradiometer.reference.rounding` finds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from gradiometer.reference.node import Node, componentwise
from gradiometer.reference.parts import View
from gradiometer.reference.rounding import of_sum, ordered


def seed(x: Any) -> Node:
    """Return a cotangent or tangent with which a pass starts."""
    return Node(np.asarray(x, dtype=np.float64))


def taped(node: Node) -> Node:
    """Use a local derivative as it is: the pass is recorded, to be differentiated again."""
    return node


plain: View = attrgetter("untracked")
"""Uses a local derivative untracked: the pass is only evaluated."""


def backward(seeds: Mapping[Node, Node], view: View = plain) -> dict[Node, Node]:
    """Return the cotangent of every tracked node that the outputs depend on.

    Args:
        seeds: Outputs and their cotangents.
        view: `plain`, or `taped` to record the pass on the tape.
    """
    terms = {node: [cotangent] for node, cotangent in seeds.items()}
    found: dict[Node, Node] = {}
    for node in reversed(_tracked(seeds)):
        found[node] = gather(terms.pop(node))
        for part in node.parts:
            if part.parent.tracked:
                terms.setdefault(part.parent, []).append(part.pull(found[node], view))
    return found


def forward(
    tangents: Mapping[Node, Node], ends: Iterable[Node], view: View = plain
) -> dict[Node, Node]:
    """Return the tangent of every node between the inputs and the ends that depends on a seed.

    Args:
        tangents: Inputs and their tangents.
        ends: What the tangents are wanted of.
        view: `plain`, or `taped` to record the pass on the tape.
    """
    found: dict[Node, Node] = dict(tangents)
    for node in _tracked(ends):
        terms = [part.push(found[part.parent], view) for part in node.parts if part.parent in found]
        if terms:
            found[node] = gather(terms)
    return found


def gather(nodes: Sequence[Node]) -> Node:
    """Return the sum of nodes of one shape, in whatever order a tool adds them."""
    if len(nodes) == 1:
        return nodes[0]
    value = sum((n.value for n in nodes[1:]), start=nodes[0].value)
    rounding = of_sum(len(nodes) - 1, lambda: np.add.reduce([n.moduli for n in nodes]))
    return componentwise("gather", value, *((n, 1) for n in nodes), rounding=rounding)


def _tracked(ends: Iterable[Node]) -> list[Node]:
    """Return the tracked nodes that the ends were computed from, in the order of computation."""
    return list(ordered(ends, lambda node: not node.tracked))
