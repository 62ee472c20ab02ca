"""Products, inverses and factors of matrices on the tape."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiometer.reference import balls as numeric
from gradiometer.reference.place import refusal
from gradiometer.reference.rounding import Floats, Rounding, absorbing_matmul, of_sum
from gradiometer.reference.tape import Node, Part, View, reshape, transposed, where


class TimesRight(Part):
    """The parent A of A·B."""

    __slots__ = ("other",)

    def __init__(self, parent: Node, other: Node) -> None:
        super().__init__(parent)
        self.other = other

    def pull(self, g: Node, view: View) -> Node:
        return times(g, transposed(view(self.other)))

    def push(self, t: Node, view: View) -> Node:
        return times(t, view(self.other))

    def widen(self, error: Any, *, wide: bool = False) -> Any:
        other = self.other
        return absorbing_matmul(error, other.moduli + other.bound if wide else other.moduli)

    def shift(self, error: Floats) -> Any:
        return absorbing_matmul(error, self.other.floats)


class TimesLeft(Part):
    """The parent B of A·B."""

    __slots__ = ("other",)

    def __init__(self, parent: Node, other: Node) -> None:
        super().__init__(parent)
        self.other = other

    def pull(self, g: Node, view: View) -> Node:
        return times(transposed(view(self.other)), g)

    def push(self, t: Node, view: View) -> Node:
        return times(view(self.other), t)

    def widen(self, error: Any, *, wide: bool = False) -> Any:
        return absorbing_matmul(self.other.moduli, error)

    def shift(self, error: Floats) -> Any:
        return absorbing_matmul(self.other.floats, error)


class Inverted(Part):
    """The parent A of Y = A⁻¹: dY = −Y·dA·Y."""

    __slots__ = ("inverse",)

    def __init__(self, parent: Node, inverse: Node) -> None:
        super().__init__(parent)
        self.inverse = inverse

    def pull(self, g: Node, view: View) -> Node:
        turned = transposed(view(self.inverse))
        return -times(times(turned, g), turned)

    def push(self, t: Node, view: View) -> Node:
        y = view(self.inverse)
        return -times(times(y, t), y)

    def widen(self, error: Any, *, wide: bool = False) -> Any:
        y = self.inverse.moduli
        return absorbing_matmul(absorbing_matmul(y, error), y)

    def shift(self, error: Floats) -> Any:
        y = self.inverse.floats
        return -absorbing_matmul(absorbing_matmul(y, error), y)


class Factored(Part):
    """The parent A of its Cholesky factor L: dL = L·Φ(L⁻¹·dA·L⁻ᵀ), Φ the lower half.

    A is read by its lower triangle; Φ takes the lower triangle and half of the diagonal (S. P.
    Smith, Differentiation of the Cholesky Algorithm, J. Comp. Graph. Stat. 4, 1995).
    """

    __slots__ = ("_inverse", "factor")

    def __init__(self, parent: Node, factor: Node) -> None:
        super().__init__(parent)
        self.factor = factor
        self._inverse: Node | None = None

    @property
    def inverse(self) -> Node:
        """The inverse of the factor."""
        if self._inverse is None:
            self._inverse = inverse(self.factor, rounded=False)
        return self._inverse

    def pull(self, g: Node, view: View) -> Node:
        y, factor = view(self.inverse), view(self.factor)
        half = _lower_half(times(transposed(factor), g))
        full = times(times(transposed(y), half), y)
        return _lower_half(full + transposed(full))

    def push(self, t: Node, view: View) -> Node:
        y, factor = view(self.inverse), view(self.factor)
        half = _lower_half(t)
        full = half + transposed(half)
        return times(factor, _lower_half(times(times(y, full), transposed(y))))

    def widen(self, error: Any, *, wide: bool = False) -> Any:
        return self._moved(error, self.inverse.moduli, self.factor.moduli)

    def shift(self, error: Floats) -> Any:
        return self._moved(error, self.inverse.floats, self.factor.floats)

    def _moved(self, error: Floats, y: Floats, factor: Floats) -> Floats:
        halves = np.tril(np.ones(error.shape), -1) + 0.5 * np.eye(len(error))
        full = halves * error + (halves * error).T
        return factor @ (halves * (y @ full @ y.T))


def product(a: Node, b: Node) -> Node:
    """Return the matrix product of nodes of one or two axes."""
    if not (1 <= a.ndim <= 2 and 1 <= b.ndim <= 2):
        raise refusal(
            f"a matrix product of arrays of {a.ndim} and {b.ndim} axes",
            "the reference multiplies arrays of one or two axes only.",
        )
    A = reshape(a, (1, -1)) if a.ndim == 1 else a
    B = reshape(b, (-1, 1)) if b.ndim == 1 else b
    return reshape(times(A, B), a.shape[:-1] + b.shape[1:])


def times(a: Node, b: Node, rounding: Rounding | None = None) -> Node:
    """Return the product of two matrices."""
    value = numeric.matmul(a.value, b.value)
    rounding = rounding or of_sum(a.shape[1], lambda: absorbing_matmul(a.moduli, b.moduli))
    parts = [TimesRight(a, b), TimesLeft(b, a)]
    return Node(value, ("matmul", a, b), parts, rounding=rounding, bilinear=True)


def inverse(a: Node, *, rounded: bool = True) -> Node:
    """Return the inverse of a square matrix.

    Args:
        a: The matrix.
        rounded: Whether a tool forms it, by elimination: 3n units of |A⁻¹|·|A|·|A⁻¹| (Higham,
            Accuracy and Stability, §14.1).
    """
    y = Node(numeric.inverse(a.value), ("inverse", rounded, a))
    y.follow(Inverted(a, y))
    if rounded:
        y.rounding = of_sum(
            len(a.value),
            lambda: absorbing_matmul(absorbing_matmul(y.moduli, a.moduli), y.moduli),
            3.0,
        )
    return y


def cholesky(a: Node) -> Node:
    """Return the lower Cholesky factor of a symmetric matrix, read by its lower triangle.

    A tool's factor is that of a matrix within n + 1 units of |L|·|L|ᵀ (Higham, Accuracy and
    Stability, theorem 10.3).
    """
    factor = Node(numeric.cholesky(a.value), ("cholesky", a))
    part = Factored(a, factor)
    factor.follow(part)
    factor.rounding = of_sum(len(a.value) + 1, lambda: part.widen(factor.moduli @ factor.moduli.T))
    return factor


def solve(a: Node, b: Node) -> Node:
    """Return A⁻¹·b, with the rounding of elimination: 3n units of |A⁻¹|·|A|·|x| (Higham, §9.3)."""
    y = inverse(a, rounded=False)
    columns = reshape(b, (-1, 1)) if b.ndim == 1 else b

    def base() -> Floats:
        return absorbing_matmul(absorbing_matmul(y.moduli, a.moduli), x.moduli)

    x = times(y, columns, of_sum(len(a.value), base, 3.0))
    return reshape(x, b.shape)


def _lower_half(x: Node) -> Node:
    """Return the lower triangle, with half of the diagonal."""
    n = x.shape[0]
    halves = Node(np.tril(np.ones((n, n)), -1) + 0.5 * np.eye(n))
    return where(np.tri(n, dtype=bool), x * halves, Node(0))
