"""The two passes over a tape: cotangents from the outputs back, tangents from the inputs on.

A pass is made of the tape's own operations. On the tape, it can be differentiated again; off it, it
is only evaluated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gradiometer.reference.rounding import ordered
from gradiometer.reference.tape import Node, View, gather


def seed(x: Any) -> Node:
    """Return a cotangent or tangent with which a pass starts."""
    return Node(np.asarray(x, dtype=np.float64))


def taped(node: Node) -> Node:
    """See a local derivative as it is: the pass is on the tape, to be differentiated again."""
    return node


def plain(node: Node) -> Node:
    """See a local derivative as its untracked twin: the pass is only evaluated."""
    return node.twin


def backward(seeds: Mapping[Node, Node], view: View = plain) -> dict[Node, Node]:
    """Return the cotangent of every tracked node that the outputs depend on.

    Args:
        seeds: Outputs and their cotangents.
        view: `plain`, or `taped` to put the pass on the tape.
    """
    flows = {node: [cotangent] for node, cotangent in seeds.items()}
    found: dict[Node, Node] = {}
    for node in reversed(_tracked(seeds)):
        found[node] = gather(flows.pop(node))
        for part in node.parts:
            if part.parent.tracked:
                flows.setdefault(part.parent, []).append(part.pull(found[node], view))
    return found


def forward(
    tangents: Mapping[Node, Node], ends: Iterable[Node], view: View = plain
) -> dict[Node, Node]:
    """Return the tangent of every node between the inputs and the ends that depends on a seed.

    Args:
        tangents: Inputs and their tangents.
        ends: What the tangents are wanted of.
        view: `plain`, or `taped` to put the pass on the tape.
    """
    found: dict[Node, Node] = dict(tangents)
    for node in _tracked(ends):
        flows = [part.push(found[part.parent], view) for part in node.parts if part.parent in found]
        if flows:
            found[node] = gather(flows)
    return found


def _tracked(ends: Iterable[Node]) -> list[Node]:
    """Return the tracked nodes that the ends were computed from, in the order of computation."""
    return list(ordered(ends, lambda node: not node.tracked))
