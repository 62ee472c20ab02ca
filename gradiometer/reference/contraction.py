"""Sums of products over labelled axes: what matrix products and `einsum` are made of on the tape.

A contraction of two arrays is a matrix product of them for each index of the axes that both share
with the result. Its derivatives are contractions of the same three sets of labels; what one takes
beside its operands and its result are positions in memory, and no product that is summed later.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from gradiometer.reference import numeric
from gradiometer.reference.node import Node
from gradiometer.reference.parts import Part, Values, View, midpoints
from gradiometer.reference.rounding import Floats, Rounding, absorbing, absorbing_matmul, of_sum
from gradiometer.reference.structure import reshape

Product = Callable[[Any, Any], Any]
"""Matrix products of arrays of shapes (batch, m, k) and (batch, k, n)."""


@dataclass(frozen=True)
class Contraction:
    """y[out] = Σ a[left]·b[right]; of the three, every label belongs to two at least.

    Attributes:
        left: A letter for each axis of a.
        right: A letter for each axis of b.
        out: A letter for each axis of y.
    """

    left: str
    right: str
    out: str

    def __call__(self, a: Any, b: Any, product: Product) -> Any:
        """Return it, given how matrices are multiplied."""
        shared, rows, summed, columns = _kinds(self.left, self.right, self.out)
        sizes = dict(zip(self.left + self.right, a.shape + b.shape, strict=True))
        n, m, k, l = (math.prod(sizes[x] for x in of) for of in (shared, rows, summed, columns))  # noqa: E741
        first = _ordered(a, self.left, shared + rows + summed).reshape(n, m, k)
        second = _ordered(b, self.right, shared + summed + columns).reshape(n, k, l)
        found = product(first, second)
        found = found.reshape([sizes[x] for x in shared + rows + columns])
        return _ordered(found, shared + rows + columns, self.out)

    def terms(self, a: Node) -> int:
        """Return how many products are added in a component."""
        summed = _kinds(self.left, self.right, self.out)[2]
        return math.prod(a.shape[self.left.index(x)] for x in summed)

    @property
    def swapped(self) -> Contraction:
        """The same of b and a."""
        return Contraction(self.right, self.left, self.out)

    @property
    def pulled(self) -> Contraction:
        """The cotangent of a, of that of y and of b."""
        return Contraction(self.out, self.right, self.left)


@dataclass(eq=False, slots=True)
class Contracted(Part):
    """The parent a of a contraction.

    Attributes:
        other: The other operand.
        by: The contraction, in which the parent is the first operand.
    """

    other: Node
    by: Contraction

    def pull(self, g: Node, view: View) -> Node:
        return contract(g, view(self.other), self.by.pulled)

    def push(self, t: Node, view: View) -> Node:
        return contract(t, view(self.other), self.by)

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        return self.by(error, values(self.other), absorbing_products)


def contract(a: Node, b: Node, by: Contraction, rounding: Rounding | None = None) -> Node:
    """Return a contraction; n roundings of a sum of n products are granted by default."""
    value = by(a.value, b.value, numeric.products)
    rounding = rounding or of_sum(by.terms(a), lambda: by(a.moduli, b.moduli, absorbing_products))
    parts = [Contracted(a, b, by), Contracted(b, a, by.swapped)]
    made = ("contract", by.left, by.right, by.out, a, b)
    return Node(value, made, parts, rounding=rounding, bilinear=True)


def times(a: Node, b: Node, rounding: Rounding | None = None) -> Node:
    """Return the products of matrices, (…, m, k) and (…, k, n) with the same axes in front."""
    return contract(a, b, _of_matrices(a.ndim - 2), rounding)


def absorbing_products(a: Floats, b: Floats) -> Any:
    """Return matrix products of float64, where zero times anything is zero."""
    return absorbing(a, b) if a.shape[-1] == 1 else absorbing_matmul(a, b)


@cache
def _of_matrices(batch: int) -> Contraction:
    shared, (i, j, k) = letters(batch), tuple(letters(batch + 3)[batch:])
    return Contraction(shared + i + j, shared + j + k, shared + i + k)


def letters(n: int) -> str:
    """Return n different letters."""
    return "".join(chr(ord("A") + k) for k in range(n))


@cache
def _kinds(left: str, right: str, out: str) -> tuple[str, str, str, str]:
    """Return the labels that all share, those of a and y, of a and b, and of b and y."""
    shared = "".join(x for x in out if x in left and x in right)
    rows = "".join(x for x in left if x in out and x not in right)
    summed = "".join(x for x in left if x in right and x not in out)
    columns = "".join(x for x in right if x in out and x not in left)
    return shared, rows, summed, columns


def _ordered(x: Any, labels: str, order: str) -> Any:
    return x if labels == order else x.transpose([labels.index(each) for each in order])


def broadcast_contract(
    a: Node, b: Node, left: str, right: str, out: str, rounding: Rounding | None = None
) -> Node:
    """Return a contraction of the last axes, the axes before them broadcast against each other.

    An axis of length one that is broadcast is left out, so that nothing is repeated.
    """
    batch = np.broadcast_shapes(a.shape[: a.ndim - len(left)], b.shape[: b.ndim - len(right)])
    names = letters(len(batch) + 52)[52:]

    def apart(x: Node, own: str) -> tuple[Node, str]:
        front = x.shape[: x.ndim - len(own)]
        start = len(batch) - len(front)
        kept = [k for k, n in enumerate(front) if n == batch[start + k]]
        shape = (*(front[k] for k in kept), *x.shape[len(front) :])
        labels = "".join(names[start + k] for k in kept) + own
        return x if shape == x.shape else reshape(x, shape), labels

    (a, left), (b, right) = apart(a, left), apart(b, right)
    return contract(a, b, Contraction(left, right, names + out), rounding)
