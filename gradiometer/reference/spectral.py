"""Eigenvalues and eigenvectors of symmetric matrices, and singular ones, on the tape.

Derivatives exist where no two values are equal; else enclosing them is refused. With V orthogonal,
dλⱼ = vⱼᵀ·dA·vⱼ and dV = V·(F∘(Vᵀ·dA·V)), Fᵢⱼ = 1/(λⱼ − λᵢ) (M. B. Giles, An Extended Collection of
Matrix Derivative Results for Forward and Reverse Mode Algorithmic Differentiation, Oxford NA-08/01,
§3.1). Axes in front of the last two are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gradiometer.reference import enclosing, linear
from gradiometer.reference.contraction import times
from gradiometer.reference.node import Node
from gradiometer.reference.parts import Part, Values, View, midpoints, moduli
from gradiometer.reference.rounding import Floats, absorbing, absorbing_matmul, of_sum
from gradiometer.reference.structure import reshape, transposed, where

Lazy = Callable[[], Node]

EACH = 3.0
"""Units of the norm, times the order: how far a matrix is off that has the computed values (LAPACK
Users' Guide, 3rd ed., §4.7 and §4.9, where the factor is a modest function of the order)."""


@dataclass(eq=False, slots=True)
class OfValues(Part):
    """The parent A of the values vⱼᵀ·A·uⱼ: eigenvalues, or singular values.

    Attributes:
        left: The vectors u.
        right: The vectors v; of eigenvalues the same.
    """

    left: Lazy
    right: Lazy

    def pull(self, g: Node, view: View) -> Node:
        return times(view(self.left()) * _row(g), transposed(view(self.right())))

    def push(self, t: Node, view: View) -> Node:
        u, v = view(self.left()), view(self.right())
        return _summed(u * times(t, v))

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        u, v = values(self.left()), values(self.right())
        return np.sum(absorbing(u, absorbing_matmul(error, v)), axis=-2)


@dataclass(eq=False, slots=True)
class OfEigenvectors(Part):
    """The parent A of its eigenvectors V."""

    vectors: Lazy
    apart: Lazy

    def pull(self, g: Node, view: View) -> Node:
        v = view(self.vectors())
        inner = view(self.apart()) * times(transposed(v), g)
        return times(times(v, inner), transposed(v))

    def push(self, t: Node, view: View) -> Node:
        v = view(self.vectors())
        return times(v, view(self.apart()) * times(times(transposed(v), t), v))

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        v = values(self.vectors())
        inner = absorbing_matmul(absorbing_matmul(v.mT, error), v)
        return absorbing_matmul(v, absorbing(values(self.apart()), inner))


@dataclass(eq=False, slots=True)
class _OfSingularVectors(Part):
    """The parent A = U·S·Vᵀ, with no fewer rows than columns, of U or V.

    Attributes:
        left, values, right: U, the singular values, V.
        apart: Fᵢⱼ = 1/(sⱼ² − sᵢ²).
    """

    left: Lazy
    values: Lazy
    right: Lazy
    apart: Lazy

    def _all(self, view: Callable[[Node], Any]) -> tuple[Any, ...]:
        return tuple(view(x()) for x in (self.left, self.values, self.right, self.apart))


class OfLeft(_OfSingularVectors):
    """dU = U·(F∘(dP·S + S·dPᵀ)) + (I − U·Uᵀ)·dA·V·S⁻¹, where dP = Uᵀ·dA·V."""

    def pull(self, g: Node, view: View) -> Node:
        u, s, v, apart = self._all(view)
        inside = times(transposed(u), g)
        skew = apart * inside
        along = times(u, (skew + transposed(skew)) * _row(s))
        return times(along + (g - times(u, inside)) / _row(s), transposed(v))

    def push(self, t: Node, view: View) -> Node:
        u, s, v, apart = self._all(view)
        moved = times(t, v)
        inside = times(transposed(u), moved)
        turned = apart * (inside * _row(s) + transposed(inside * _row(s)))
        return times(u, turned) + (moved - times(u, inside)) / _row(s)

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        u, s, v, apart = self._all(values)
        row = s[..., None, :]
        moved = absorbing_matmul(error, v)
        inside = absorbing_matmul(u.mT, moved)
        turned = absorbing(apart, inside * row + (inside * row).mT)
        within = absorbing_matmul(u, inside)
        beside = (moved - within if values is midpoints else moved + within) / row
        return absorbing_matmul(u, turned) + beside


class OfRight(_OfSingularVectors):
    """dV = V·(F∘(S·dP + dPᵀ·S)), where dP = Uᵀ·dA·V."""

    def pull(self, g: Node, view: View) -> Node:
        u, s, v, apart = self._all(view)
        skew = apart * times(transposed(v), g)
        return times(times(u * _row(s), skew + transposed(skew)), transposed(v))

    def push(self, t: Node, view: View) -> Node:
        u, s, v, apart = self._all(view)
        inside = times(transposed(u * _row(s)), times(t, v))
        return times(v, apart * (inside + transposed(inside)))

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        u, s, v, apart = self._all(values)
        inside = absorbing_matmul((u * s[..., None, :]).mT, absorbing_matmul(error, v))
        return absorbing_matmul(v, absorbing(apart, inside + inside.mT))


def eigen(a: Node, signs: Floats | None = None) -> tuple[Node, Node]:
    """Return eigenvalues, rising, and eigenvectors of symmetric matrices.

    Args:
        a: The matrices.
        signs: Of the vectors, of which only the lines are defined.
    """
    n = a.shape[-1]
    found, vectors = enclosing.over_matrices(enclosing.eigen, a.value)
    vectors = vectors if signs is None else vectors * signs
    apart = cache(lambda: _apart(lambdas))

    def moved() -> Floats:
        turned = absorbing_matmul(v.moduli, apart().moduli * _largest(lambdas)[..., None])
        return np.asarray(v.moduli + turned)

    lambdas: Node = Node(
        found,
        ("eigenvalues", a),
        [OfValues(a, lambda: v, lambda: v)],
        rounding=of_sum(n, lambda: np.broadcast_to(_largest(lambdas), lambdas.shape), EACH),
    )
    made = ("eigenvectors", signs, a)
    part = OfEigenvectors(a, lambda: v, apart)
    v: Node = Node(vectors, made, [part], rounding=of_sum(n, moved, EACH))
    return lambdas, v


def singular(a: Node, signs: Floats | None = None) -> tuple[Node, Node, Node]:
    """Return U, the singular values, falling, and V of matrices A = U·diag(s)·Vᵀ.

    Args:
        a: The matrices, with no fewer rows than columns.
        signs: Of the pairs of vectors, of which only the lines are defined.
    """
    order = a.shape[-2]
    left, values, right = enclosing.over_matrices(enclosing.singular, a.value)
    if signs is not None:
        left, right = left * signs, right * signs
    apart = cache(lambda: _apart(s * s))
    nodes: Any = (lambda: u, lambda: s, lambda: v, apart)

    def turned(x: Node) -> Floats:
        sums = s.moduli[..., None, :] + s.moduli[..., :, None]
        inner = apart().moduli * sums * _largest(s)[..., None]
        return np.asarray(x.moduli + absorbing_matmul(x.moduli, inner))

    def beside() -> Floats:
        return np.asarray(turned(u) + (_largest(s) / s.moduli)[..., None, :])

    def largest() -> Floats:
        return np.broadcast_to(_largest(s), s.shape)

    of_left, of_right = OfLeft(a, *nodes), OfRight(a, *nodes)
    u: Node = Node(
        left, ("left vectors", signs, a), [of_left], rounding=of_sum(order, beside, EACH)
    )
    s: Node = Node(
        values,
        ("singular values", a),
        [OfValues(a, lambda: u, lambda: v)],
        rounding=of_sum(order, largest, EACH),
    )
    v: Node = Node(
        right, ("right vectors", signs, a), [of_right],
        rounding=of_sum(order, lambda: turned(v), EACH),
    )  # fmt: skip
    return u, s, v


def _apart(x: Node) -> Node:
    """Return 1/(xⱼ − xᵢ), and zeros where i = j."""
    n = x.shape[-1]
    off = ~np.eye(n, dtype=bool)
    differences = where(off, _row(x) - reshape(x, (*x.shape, 1)), Node(1))
    return where(off, 1 / differences, Node(0))


def _row(x: Node) -> Node:
    """Return vectors as matrices of one row: each factor is a column's."""
    return reshape(x, (*x.shape[:-1], 1, x.shape[-1]))


def _summed(x: Node) -> Node:
    """Return the sums of columns."""
    kept, dropped = linear.total(x.shape, -2)
    return x.apply(kept).apply(dropped)


def _largest(x: Node) -> Floats:
    """Return the largest modulus along the last axis, which is kept."""
    return np.asarray(np.max(moduli(x), axis=-1, keepdims=True, initial=0.0))
