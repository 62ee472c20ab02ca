"""Inverses and Cholesky factors of matrices on the tape; axes in front of the last two are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gradiometer.reference import numeric
from gradiometer.reference.contraction import broadcast_contract, times
from gradiometer.reference.node import Node
from gradiometer.reference.parts import Part, Values, View, midpoints
from gradiometer.reference.rounding import Floats, Rounding, absorbing_matmul, of_sum
from gradiometer.reference.structure import reshape, transposed, where


@dataclass(eq=False, slots=True)
class Inverted(Part):
    """The parent A of Y = A⁻¹: dY = −Y·dA·Y."""

    inverse: Callable[[], Node]

    def pull(self, g: Node, view: View) -> Node:
        return self.push(g, lambda node: transposed(view(node)))

    def push(self, t: Node, view: View) -> Node:
        y = view(self.inverse())
        return -times(times(y, t), y)

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        y = values(self.inverse())
        return -absorbing_matmul(absorbing_matmul(y, error), y)


@dataclass(eq=False, slots=True)
class Factored(Part):
    """The parent A of its Cholesky factor L: dL = L·Φ(L⁻¹·dA·L⁻ᵀ), Φ the lower half.

    A is read by its lower triangle; Φ takes the lower triangle and half of the diagonal (S. P.
    Smith, Differentiation of the Cholesky Algorithm, J. Comp. Graph. Stat. 4, 1995).
    """

    factor: Callable[[], Node]
    inverse: Callable[[], Node]

    def pull(self, g: Node, view: View) -> Node:
        y, factor = view(self.inverse()), view(self.factor())
        half = _lower_half(times(transposed(factor), g))
        full = times(times(transposed(y), half), y)
        return _lower_half(full + transposed(full))

    def push(self, t: Node, view: View) -> Node:
        y, factor = view(self.inverse()), view(self.factor())
        half = _lower_half(t)
        full = half + transposed(half)
        return times(factor, _lower_half(times(times(y, full), transposed(y))))

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        y, factor = values(self.inverse()), values(self.factor())
        halves = _halves(error.shape[-1])
        full = halves * error + (halves * error).mT
        return factor @ (halves * (y @ full @ y.mT))


def inverse(a: Node, *, rounded: bool = True) -> Node:
    """Return the inverse of a square matrix.

    Args:
        a: The matrix.
        rounded: Whether a tool forms it, by elimination.
    """
    rounding = _of_elimination(a, lambda: (y, y)) if rounded else None
    made, parts = ("inverse", rounded, a), [Inverted(a, lambda: y)]
    y = Node(numeric.inverse(a.value), made, parts, rounding=rounding)
    return y


def cholesky(a: Node) -> Node:
    """Return the lower Cholesky factor of a symmetric matrix, read by its lower triangle.

    A tool's factor is that of a matrix within n + 1 units of |L|·|L|ᵀ (Higham, Accuracy and
    Stability, theorem 10.3).
    """
    part = Factored(a, lambda: factor, cache(lambda: inverse(factor, rounded=False)))
    rounding = of_sum(a.shape[-1] + 1, lambda: part.widen(factor.moduli @ factor.moduli.mT))
    factor = Node(numeric.cholesky(a.value), ("cholesky", a), [part], rounding=rounding)
    return factor


def solve(a: Node, b: Node) -> Node:
    """Return A⁻¹·b for a vector of one axis, or for matrices, with the rounding of elimination."""
    y = inverse(a, rounded=False)
    columns = reshape(b, (-1, 1)) if b.ndim == 1 else b
    x: Node = broadcast_contract(y, columns, "ij", "jk", "ik", _of_elimination(a, lambda: (y, x)))
    return reshape(x, x.shape[:-1]) if b.ndim == 1 else x


def _of_elimination(a: Node, found: Callable[[], tuple[Node, Node]]) -> Rounding | None:
    """Return what elimination adds to X = A⁻¹·B: 3n units of |A⁻¹|·|A|·|X|.

    Args:
        a: The matrix A.
        found: Returns A⁻¹ and X.

    Reference:
        Higham, Accuracy and Stability, 2nd ed., §9.3; of X = A⁻¹, §14.1.
    """

    def base() -> Floats:
        y, x = found()
        return absorbing_matmul(absorbing_matmul(y.moduli, a.moduli), x.moduli)

    return of_sum(a.shape[-1], base, 3.0)


def _lower_half(x: Node) -> Node:
    """Return the lower triangle, with half of the diagonal."""
    n = x.shape[-1]
    return where(np.tri(n, dtype=bool), x * Node(_halves(n)), Node(0))


def _halves(n: int) -> Floats:
    return np.tril(np.ones((n, n)), -1) + 0.5 * np.eye(n)
