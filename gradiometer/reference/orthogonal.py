"""QR factors and pseudo-inverses on the tape, of matrices of full rank: others have no derivatives.

Axes in front of the last two are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gradiometer.reference import enclosing, matrices
from gradiometer.reference.contraction import times
from gradiometer.reference.node import Node
from gradiometer.reference.parts import Part, Values, View, midpoints
from gradiometer.reference.rounding import Floats, absorbing_matmul, of_sum
from gradiometer.reference.structure import transposed, where

Lazy = Callable[[], Node]
EACH = 3.0
"""Units of each column's length, times the rows, by which a matrix is off of which computed factors
are exact (Higham, Accuracy and Stability, 2nd ed., theorem 19.4)."""


@dataclass(eq=False, slots=True)
class OfTriangle(Part):
    """The parent A of R, A = Q·R: dR = up(Qᵀ·dA·R⁻¹)·R, up(M) = triu(M) + tril(M, −1)ᵀ.

    Attributes:
        factor: Q.
        triangle: R.
        inverse: R⁻¹.
    """

    factor: Lazy
    triangle: Lazy
    inverse: Lazy

    def pull(self, g: Node, view: View) -> Node:
        q, r, y = (view(x()) for x in (self.factor, self.triangle, self.inverse))
        upper = _strict(times(g, transposed(r)), 0)
        inner = upper + transposed(_strict(upper, 1))
        return times(times(q, inner), transposed(y))

    def push(self, t: Node, view: View) -> Node:
        q, r, y = (view(x()) for x in (self.factor, self.triangle, self.inverse))
        inner = times(times(transposed(q), t), y)
        return times(_strict(inner, 0) + transposed(_strict(inner, 0, below=True)), r)

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        q, r, y = (values(x()) for x in (self.factor, self.triangle, self.inverse))
        inner = absorbing_matmul(absorbing_matmul(q.mT, error), y)
        return absorbing_matmul(np.triu(inner) + np.tril(inner, -1).mT, r)


@dataclass(eq=False, slots=True)
class OfFactor(Part):
    """The parent A of Q, A = Q·R: dQ = Q·(L − Lᵀ) + (I − Q·Qᵀ)·dA·R⁻¹, L = tril(Qᵀ·dA·R⁻¹, −1).

    Attributes:
        factor: Q.
        inverse: R⁻¹.
    """

    factor: Lazy
    inverse: Lazy

    def pull(self, g: Node, view: View) -> Node:
        q, y = view(self.factor()), view(self.inverse())
        inner = times(transposed(q), g)
        lower = _strict(inner - transposed(inner), 0, below=True)
        return times(times(q, lower - inner) + g, transposed(y))

    def push(self, t: Node, view: View) -> Node:
        q, y = view(self.factor()), view(self.inverse())
        moved = times(t, y)
        inner = times(transposed(q), moved)
        lower = _strict(inner, 0, below=True)
        return times(q, lower - transposed(lower) - inner) + moved

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        q, y = values(self.factor()), values(self.inverse())
        moved = absorbing_matmul(error, y)
        inner = absorbing_matmul(q.mT, moved)
        lower = np.tril(inner, -1)
        if values is midpoints:
            return absorbing_matmul(q, lower - lower.mT - inner) + moved
        return absorbing_matmul(q, lower + lower.mT + inner) + moved


@dataclass(eq=False, slots=True)
class Pseudoinverted(Part):
    """The parent A of Y = (AᵀA)⁻¹Aᵀ: dY = −Y·dA·Y + Y·Yᵀ·dAᵀ·(I − A·Y).

    G. H. Golub and V. Pereyra, The Differentiation of Pseudo-Inverses and Nonlinear Least Squares
    Problems Whose Variables Separate, SIAM J. Numer. Anal. 10, 1973.
    """

    inverse: Lazy

    def pull(self, g: Node, view: View) -> Node:
        y, a = view(self.inverse()), view(self.parent)
        rest = times(times(transposed(g), y), transposed(y))
        straight = times(times(transposed(y), g), transposed(y))
        return rest - times(a, times(y, rest)) - straight

    def push(self, t: Node, view: View) -> Node:
        y, a = view(self.inverse()), view(self.parent)
        rest = times(y, times(transposed(y), transposed(t)))
        return rest - times(times(rest, a), y) - times(times(y, t), y)

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        y, a = values(self.inverse()), values(self.parent)
        rest = absorbing_matmul(y, absorbing_matmul(y.mT, error.mT))
        straight = absorbing_matmul(absorbing_matmul(y, error), y)
        beside = absorbing_matmul(absorbing_matmul(rest, a), y)
        return rest - beside - straight if values is midpoints else rest + beside + straight


def factors(a: Node, signs: Floats) -> tuple[Node, Node]:
    """Return Q and R of matrices with no fewer rows than columns.

    Args:
        a: The matrices.
        signs: Of the diagonal of R.
    """
    found, upper = enclosing.over_matrices(enclosing.orthonormal, a.value)
    inverse = cache(lambda: matrices.inverse(r, rounded=False))
    of_q = OfFactor(a, lambda: q, inverse)
    of_r = OfTriangle(a, lambda: q, lambda: r, inverse)
    rows = a.shape[-2]
    q: Node = Node(
        found * signs, ("orthonormal factor", signs, a), [of_q],
        rounding=of_sum(rows, lambda: of_q.widen(_columns(a)) + q.moduli, EACH),
    )  # fmt: skip
    r: Node = Node(
        upper * signs[:, None], ("triangular factor", signs, a), [of_r],
        rounding=of_sum(rows, lambda: of_r.widen(_columns(a)), EACH),
    )  # fmt: skip
    return q, r


def pseudoinverse(a: Node) -> Node:
    """Return the pseudo-inverses of matrices of full rank, with no fewer rows than columns.

    A tool's is that of a matrix within some units of the norm of A.
    """
    (value,) = enclosing.over_matrices(enclosing.pseudoinverse, a.value)
    part = Pseudoinverted(a, lambda: y)

    def base() -> Floats:
        norms = np.sqrt(np.sum(a.moduli**2, axis=(-2, -1), keepdims=True))
        return np.asarray(part.widen(np.broadcast_to(norms, a.shape)))

    y: Node = Node(value, ("pseudo-inverse", a), [part], rounding=of_sum(a.shape[-2], base, EACH))
    return y


def _columns(a: Node) -> Floats:
    """Return for each component the length of its column."""
    lengths = np.sqrt(np.sum(a.moduli**2, axis=-2, keepdims=True))
    return np.broadcast_to(lengths, a.shape)


def _strict(x: Node, k: int, *, below: bool = False) -> Node:
    """Return the part on and above a diagonal, zeros elsewhere; or that below it."""
    above = ~np.tri(x.shape[-2], x.shape[-1], k - 1, dtype=bool)
    return where(~above if below else above, x, Node(0))
