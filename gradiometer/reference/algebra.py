"""Linear algebra of matrices of balls: products, solutions, determinants.

Every function takes arrays, nodes or numbers, and returns a node. Axes in front of the last two are
kept, and broadcast where there are two operands.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gradiometer.reference import matrices, numeric
from gradiometer.reference.array import index, lift
from gradiometer.reference.contraction import broadcast_contract, times
from gradiometer.reference.decomposition import square, symmetric
from gradiometer.reference.elementary import smooth
from gradiometer.reference.node import Node
from gradiometer.reference.piecewise import absolute, sign
from gradiometer.reference.reductions import prod, total
from gradiometer.reference.refusals import WrongValue, refusal
from gradiometer.reference.shapes import diagonal, expand_dims, moveaxis
from gradiometer.reference.structure import concat, reshape, spread, transpose, transposed


class Logarithm(NamedTuple):
    """What `slogdet` returns."""

    sign: Any
    logabsdet: Any


def matmul(a: Any, b: Any) -> Node:
    """Return matrix products; an array of one axis is a row on the left, a column on the right."""
    a, b = lift(a), lift(b)
    if not (a.ndim and b.ndim) or a.shape[-1] != b.shape[-min(b.ndim, 2)]:
        raise refusal(
            f"a matrix product of arrays of shapes {a.shape} and {b.shape}",
            "it takes the last axis of the first, and the last but one of the second (of one axis, "
            "the last); they must be of one length.",
            WrongValue,
        )
    left, right = "ij"[-a.ndim :], "jk"[: b.ndim]
    return broadcast_contract(a, b, left, right, left[:-1] + right[1:])


def inverse(matrix: Any) -> Node:
    """Return the inverses of square matrices."""
    return matrices.inverse(square(matrix, "inv"))


def solve(matrix: Any, right: Any) -> Node:
    """Return A⁻¹·b: of one axis, b is a vector, else matrices."""
    a, b = square(matrix, "solve"), lift(right)
    if not b.ndim or b.shape[-min(b.ndim, 2)] != a.shape[-1]:
        raise refusal(
            f"linalg.solve of arrays of shapes {a.shape} and {b.shape}",
            "the right side is a vector of one axis, or matrices, with a row for each of A's.",
            WrongValue,
        )
    return matrices.solve(a, b)


def cholesky(matrix: Any, *, upper: bool = False) -> Node:
    """Return the Cholesky factors of symmetric matrices."""
    factor = matrices.cholesky(symmetric(matrix, "cholesky"))
    return transposed(factor) if upper else factor


def det(matrix: Any) -> Node:
    """Return the determinants, by elimination with the largest pivots."""

    def one(a: Node) -> Node:
        pivots, swapped = _eliminated(a)
        return functools.reduce(lambda x, y: x * y, pivots, Node(1.0)) * swapped

    return _of_each(square(matrix, "det"), one)


def slogdet(matrix: Any) -> Logarithm:
    """Return the signs of the determinants, and the logarithms of their moduli."""
    a = square(matrix, "slogdet")
    if a.shape[-1] == 0:
        ones = Node(np.ones(a.shape[:-2]))
        return Logarithm(ones, ones - 1)

    def one(a: Node) -> Node:
        pivots, swapped = _eliminated(a)
        return concat([Node(np.array([swapped])), *(reshape(x, (1,)) for x in pivots)])

    found = _of_each(a, one)
    pivots = found[..., 1:]
    return Logarithm(prod(sign(found), -1), total(smooth("log", absolute(pivots)), -1))


def _eliminated(a: Node) -> tuple[list[Node], int]:
    """Return the pivots of a matrix, and the sign of the order that its rows are taken in."""
    found, swapped = [], 1
    while a.shape[0]:
        pivot = int(np.argmax(np.abs(numeric.floats(a.value[:, 0]))))
        if pivot:
            order = [pivot, *(k for k in range(a.shape[0]) if k != pivot)]
            a, swapped = a[np.array(order)], swapped if pivot % 2 == 0 else -swapped
        found.append(a[0, 0])
        a = a[1:, 1:] - expand_dims(a[1:, 0], 1) / a[0, 0] * expand_dims(a[0, 1:], 0)
    return found, swapped


def _of_each(a: Node, function: Callable[[Node], Node]) -> Node:
    """Return a function of each matrix along the axes in front."""
    front = a.shape[:-2]
    if not front:
        return function(a)
    found = [function(a[at]) for at in np.ndindex(front)]
    if not found:
        return Node(np.zeros((*front, *function(Node(np.eye(a.shape[-1]))).shape)))
    shape = found[0].shape
    return reshape(concat([reshape(x, (1, *shape)) for x in found]), (*front, *shape))


def trace(matrix: Any, *, offset: int = 0) -> Node:
    """Return the sums of diagonals."""
    return total(diagonal(matrix, offset), -1)


def outer(a: Any, b: Any) -> Node:
    """Return the products of all pairs of components."""
    return reshape(lift(a), (-1, 1)) * reshape(lift(b), (1, -1))


def vecdot(a: Any, b: Any, *, axis: int = -1) -> Node:
    """Return inner products along an axis."""
    a, b = moveaxis(lift(a), axis, -1), moveaxis(lift(b), axis, -1)
    if a.shape[-1] != b.shape[-1]:
        shape = np.broadcast_shapes(a.shape, b.shape)
        a, b = (spread(x, (*x.shape[:-1], shape[-1])) for x in (a, b))
    return broadcast_contract(a, b, "i", "i", "")


def cross(a: Any, b: Any, *, axis: int = -1) -> Node:
    """Return the cross products of vectors of three components along an axis."""
    a, b = moveaxis(lift(a), axis, -1), moveaxis(lift(b), axis, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise refusal(
            f"linalg.cross of vectors of {a.shape[-1]} and {b.shape[-1]} components",
            "it takes three of each.",
            WrongValue,
        )
    ahead, behind = np.array([1, 2, 0]), np.array([2, 0, 1])
    found = a[..., ahead] * b[..., behind] - a[..., behind] * b[..., ahead]
    return moveaxis(found, -1, axis)


def tensordot(a: Any, b: Any, *, axes: Any = 2) -> Node:
    """Return the sums of products over axes of each."""
    a, b = lift(a), lift(b)
    if isinstance(axes, int):
        axes = (range(a.ndim - axes, a.ndim), range(axes))
    left = [int(k) % a.ndim for k in np.atleast_1d(np.asarray(axes[0], dtype=int))]
    right = [int(k) % b.ndim for k in np.atleast_1d(np.asarray(axes[1], dtype=int))]
    kept_a = [k for k in range(a.ndim) if k not in left]
    kept_b = [k for k in range(b.ndim) if k not in right]
    if [a.shape[k] for k in left] != [b.shape[k] for k in right]:
        raise refusal(
            f"tensordot of arrays of shapes {a.shape} and {b.shape} over the axes {left} and "
            f"{right}",
            "they must be of the same lengths.",
            WrongValue,
        )
    summed = math.prod(a.shape[k] for k in left)
    rows, columns = (math.prod(x.shape[k] for k in kept) for x, kept in ((a, kept_a), (b, kept_b)))
    A = reshape(transpose(a, [*kept_a, *left]), (rows, summed))
    B = reshape(transpose(b, [*right, *kept_b]), (summed, columns))
    shape = (*(a.shape[k] for k in kept_a), *(b.shape[k] for k in kept_b))
    return reshape(times(A, B), shape)


def matrix_power(matrix: Any, n: int) -> Node:
    """Return a whole power of square matrices, by squaring."""
    a, exponent = square(matrix, "matrix_power"), operator.index(index(n))
    if exponent < 0:
        a, exponent = matrices.inverse(a), -exponent
    if not exponent:
        return spread(Node(np.eye(a.shape[-1])), a.shape)
    found = None
    for bit in bin(exponent)[:1:-1]:
        if bit == "1":
            found = a if found is None else times(found, a)
        if exponent := exponent >> 1:
            a = times(a, a)
    return found  # type: ignore[return-value]
