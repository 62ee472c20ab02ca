"""Encloses the values of a tape's nodes, their adjoints, and what flows between them.

The adjoint of a node is the derivative of the outputs in it, along a cotangent: one backward pass
gives it for every node.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from flint import arb

from gradiometer.reference import numeric
from gradiometer.reference.answers import flat
from gradiometer.reference.certify import TIGHT, rounded
from gradiometer.reference.forward import Forward
from gradiometer.reference.node import Node
from gradiometer.reference.passes import backward, gather, plain, seed
from gradiometer.reference.rounding import ordered
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.space import Array


def adjoints(done: Forward, cotangents: Sequence[Array]) -> dict[Node, Node]:
    """Return the adjoint of every tracked node that the outputs depend on.

    Args:
        done: The forward pass.
        cotangents: One array an output, of its shape.
    """
    with done.working():
        return backward({y: seed(g) for y, g in zip(done.outputs, cotangents, strict=True)})


def shares(
    done: Forward, node: Node, adjoint: Node, shown: Callable[[Node], bool]
) -> dict[Node, Node]:
    """Return what flows from a node back to those that it was computed from.

    Args:
        done: The forward pass.
        node: The node.
        adjoint: Its adjoint.
        shown: At which nodes to stop; others are passed through.
    """
    within = list(ordered([node], lambda n: not n.tracked or (n is not node and shown(n))))
    terms, found = {node: [adjoint]}, {}
    with done.working():
        for each in reversed(within):
            g = gather(terms.pop(each))
            for part in each.parts:
                if part.parent.tracked:
                    terms.setdefault(part.parent, []).append(part.pull(g, plain))
        for parent, several in terms.items():
            found[parent] = gather(several)
    return found


def enclosures(done: Forward, nodes: Sequence[Node], *, bounded: bool = True) -> list[Enclosure]:
    """Return the values of nodes, each as an enclosure of its flattened components.

    What is not finite has NaNs as its midpoint, and an infinite radius.

    Args:
        done: The forward pass that they are of.
        nodes: The nodes.
        bounded: Whether bounds on rounding are wanted.
    """
    done = replace(done, bounded=bounded)
    finite = [bool(numeric.finite(node.value).all()) for node in nodes]
    known = iter(_enclosed(done, [node for node, each in zip(nodes, finite, strict=True) if each]))
    pairs = zip(nodes, finite, strict=True)
    return [next(known) if each else _unknown(node.size, done.bits) for node, each in pairs]


def norms(done: Forward, nodes: Sequence[Node]) -> list[Enclosure]:
    """Return the Euclidean norms of nodes, each as an enclosure of one component."""
    with done.working():
        balls = [_norm(numeric.balls(node.value)) for node in nodes]
        finite = [ball if ball.is_finite() else arb(0) for ball in balls]
        high, low, radius = numeric.pairs(np.array(finite, dtype=object))
    nothing = np.zeros(1)
    return [
        Enclosure(high[k : k + 1], low[k : k + 1], radius[k : k + 1], nothing, done.bits)
        if ball.is_finite()
        else _unknown(1, done.bits)
        for k, ball in enumerate(balls)
    ]


def tight(found: Enclosure) -> bool:
    """Return whether more precision is of no use: it is narrow, an exact zero, or not finite."""
    widest = np.max(found.radius, initial=0.0)
    return bool(widest <= TIGHT * found.norm or np.isnan(found.high).any())


def _enclosed(done: Forward, nodes: Sequence[Node]) -> list[Enclosure]:
    if not nodes:
        return []
    with done.working():
        found = rounded(flat(done, nodes, 0), done)
    ends = np.cumsum([node.size for node in nodes])[:-1]
    fields = ("high", "low", "radius", "bound")
    parts = [np.split(getattr(found, field), ends) for field in fields]
    return [_piece(found, *each) for each in zip(*parts, strict=True)]


def _unknown(size: int, bits: int) -> Enclosure:
    nan, infinite = np.full(size, np.nan), np.full(size, np.inf)
    return Enclosure(nan, nan, infinite, infinite, bits)


def _piece(whole: Enclosure, high: Any, low: Any, radius: Any, bound: Any) -> Enclosure:
    zero = not (high.any() or radius.any())
    return replace(whole, high=high, low=low, radius=radius, bound=bound, zero=zero)


def _norm(balls: Any) -> arb:
    squares: arb = sum((b * b for b in balls.ravel().tolist()), start=arb(0))
    if squares.is_zero():
        return squares
    if squares > 0:
        return squares.sqrt()
    above = squares.abs_upper().sqrt() / 2
    return arb(above.mid(), above.upper())  # which may be zero
