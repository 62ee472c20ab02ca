"""What can be said of a derivative at a kink: the derivatives of the branches that meet there."""

from __future__ import annotations

from dataclasses import dataclass

from gradiometer.vocabulary.enclosure import Enclosure


@dataclass(frozen=True)
class Hull:
    """The derivatives of all branches that meet at a point, and what holds them all.

    Every one-sided derivative, and every element of Clarke's generalised derivative, is a convex
    combination of the branches' (Scholtes, Introduction to Piecewise Differentiable Equations,
    2012, §4.1); a branch that is taken nowhere near the point may be among them.

    Attributes:
        place: The line of the first comparison that could have come out otherwise.
        ties: How many could have.
        branches: The answer on each branch, those that are alike once; none where there are too
            many to take each.
        box: An enclosure of them all, component by component: a wide one.
    """

    place: str
    ties: int
    branches: tuple[Enclosure, ...]
    box: Enclosure
