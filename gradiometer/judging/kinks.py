"""Compares an answer at a kink with the derivatives of the branches that meet there.

Whether an answer is a convex combination of the branches' is told by a proof of either: the
combination itself, or a direction in which the answer lies beyond all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gradiometer.judging.compared import Mask
from gradiometer.vocabulary.enclosure import Enclosure, Floats
from gradiometer.vocabulary.hull import Hull

MARGIN = 1e-9
"""Relative distance by which a direction must separate, far above what computing it loses."""

MOST_STEPS = 10_000


@dataclass(frozen=True)
class AtKink:
    """An answer beside the hull of the branches' derivatives.

    Attributes:
        lies: `inside`, `outside`, or `open` where neither is proven.
        beyond: Which components are beyond what any branch has.
        branch: Whether it is the derivative of one of the branches.
    """

    lies: Literal["inside", "outside", "open"]
    beyond: Mask
    branch: bool = False


def beside(answer: Floats, hull: Hull, promise: float) -> AtKink:
    """Return where an answer lies: inside the hull, or outside.

    Args:
        answer: The components, flattened.
        hull: The branches' derivatives.
        promise: Decimal digits that are owed of each component, as far as rounding allows.
    """
    beyond = np.abs(answer - hull.box.high) > _granted(hull.box, promise) + hull.box.radius
    if beyond.any() or not np.isfinite(answer).all():
        return AtKink("outside", beyond | ~np.isfinite(answer))
    for each in hull.branches:
        if (each.errors(answer) <= _granted(each, promise) + each.radius).all():
            return AtKink("inside", beyond, branch=True)
    if not hull.branches or answer.size == 1:
        return AtKink("inside" if hull.branches else "open", beyond)
    return AtKink(_convex(answer, hull, promise), beyond)


def _granted(truth: Enclosure, promise: float) -> Floats:
    """Return by how much a component may differ: what is promised, or rounding explains."""
    reach = np.abs(truth.high) + truth.radius
    return np.asarray(np.maximum(10.0**-promise * reach, truth.bound))


def _convex(answer: Floats, hull: Hull, promise: float) -> Literal["inside", "outside", "open"]:
    """Return whether an answer is a convex combination of the branches'."""
    granted = np.max([_granted(each, promise) for each in hull.branches], axis=0)
    scale = np.maximum(np.abs(hull.box.high) + hull.box.radius, granted)
    scale[scale == 0.0] = 1.0
    apart = np.array([each.high - answer for each in hull.branches]) / scale
    shares = nearest_shares(apart)
    gap = shares @ apart
    if (np.abs(gap) * scale <= granted + hull.box.bound).all():
        return "inside"
    reach = apart @ gap  # of the branches, from the answer, in the direction of the nearest
    allowed = np.abs(gap) @ (granted / scale)
    return "outside" if (reach > allowed + MARGIN * np.abs(apart) @ np.abs(gap)).all() else "open"


def nearest_shares(points: Floats) -> Floats:
    """Return the convex combination of points that is nearest to the origin.

    Reference:
        Wolfe, Finding the nearest point in a polytope, Mathematical Programming 11, 1976.

    Args:
        points: Shape `(k, n)`.
    """
    points = points / (np.abs(points).max() or 1.0)  # beside sums of shares, which are 1
    shares = np.zeros(len(points))
    shares[np.argmin((points**2).sum(axis=1))] = 1.0
    for _ in range(MOST_STEPS):
        nearest = shares @ points
        reach = points @ nearest
        new = int(np.argmin(reach))
        if reach[new] >= nearest @ nearest * (1.0 - 1e-12) - 1e-300 or shares[new] > 0.0:
            break
        active = [*np.flatnonzero(shares > 0.0).tolist(), new]
        while True:
            affine = _affine(points[active])
            if (affine > 1e-14).all():
                shares[:] = 0.0
                shares[active] = affine
                break
            before = shares[active]
            falling = affine <= 1e-14
            steps = before[falling] / np.maximum(before[falling] - affine[falling], 1e-300)
            step = min(1.0, float(np.min(steps)))
            mixed = (1.0 - step) * before + step * affine
            keep = mixed > 1e-14
            shares[:] = 0.0
            active = [each for each, kept in zip(active, keep, strict=True) if kept]
            shares[active] = mixed[keep] / mixed[keep].sum()
            if len(active) == 1:
                break
    return shares


def _affine(points: Floats) -> Floats:
    """Return the affine combination of points that is nearest to the origin."""
    k = len(points)
    system = np.block([[points @ points.T, np.ones((k, 1))], [np.ones((1, k)), np.zeros((1, 1))]])
    solved = np.linalg.lstsq(system, np.append(np.zeros(k), 1.0), rcond=None)[0]
    return np.asarray(solved[:k])
