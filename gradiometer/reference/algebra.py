"""Linear algebra of matrices of balls.

Every function takes arrays, nodes or numbers, and returns a node.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradiometer.reference import matrices
from gradiometer.reference.array import lift
from gradiometer.reference.elementary import power, smooth
from gradiometer.reference.evaluation import current
from gradiometer.reference.node import Node
from gradiometer.reference.piecewise import absolute
from gradiometer.reference.reductions import largest, total
from gradiometer.reference.shapes import diagonal, expand_dims
from gradiometer.reference.structure import reshape, transpose, transposed


def matmul(a: Any, b: Any) -> Node:
    """Return the matrix product of arrays of one or two axes."""
    return matrices.product(lift(a), lift(b))


def inverse(matrix: Any) -> Node:
    """Return the inverse of a square matrix."""
    return matrices.inverse(lift(matrix))


def solve(matrix: Any, right: Any) -> Node:
    """Return A⁻¹·b."""
    return matrices.solve(lift(matrix), lift(right))


def cholesky(matrix: Any, *, upper: bool = False) -> Node:
    """Return the Cholesky factor.

    Of a symmetric matrix that is itself differentiated there are two derivatives: that of the
    function of its lower triangle, and that of (A + Aᵀ)/2. The evaluation says which is meant.
    """
    a, evaluation = lift(matrix), current()
    evaluation.conventions = evaluation.conventions or a.tracked
    if evaluation.symmetrised:
        a = (a + transposed(a)) * 0.5
    factor = matrices.cholesky(a)
    return transposed(factor) if upper else factor


def det(matrix: Any) -> Node:
    """Return the determinant, by elimination with the largest pivots."""
    a, sign = lift(matrix), 1
    found = Node(1.0)
    while a.shape[0]:
        pivot = int(np.argmax([float(abs(b)) for b in a.value[:, 0]]))
        if pivot:
            order = [pivot, *(k for k in range(a.shape[0]) if k != pivot)]
            a, sign = a[np.array(order)], sign if pivot % 2 == 0 else -sign
        found = found * a[0, 0]
        a = a[1:, 1:] - expand_dims(a[1:, 0], 1) / a[0, 0] * expand_dims(a[0, 1:], 0)
    return found * sign


def vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Node:  # noqa: A002  # the standard's
    """Return a norm over axes: Euclidean, or of another order."""
    x = lift(x)
    if ord == math.inf:
        return largest(absolute(x), axis, keepdims=keepdims)
    if ord == 1:
        return total(absolute(x), axis, keepdims=keepdims)
    if ord == 2:
        return smooth("sqrt", total(x * x, axis, keepdims=keepdims))
    return power(total(power(absolute(x), lift(ord)), axis, keepdims=keepdims), 1.0 / ord)


def trace(matrix: Any, *, offset: int = 0) -> Node:
    """Return the sum of a diagonal."""
    return total(diagonal(matrix, offset), -1)


def outer(a: Any, b: Any) -> Node:
    """Return the products of all pairs of components."""
    return reshape(lift(a), (-1, 1)) * reshape(lift(b), (1, -1))


def vecdot(a: Any, b: Any, *, axis: int = -1) -> Node:
    """Return inner products along an axis."""
    return total(lift(a) * lift(b), axis)


def tensordot(a: Any, b: Any, *, axes: Any = 2) -> Node:
    """Return the sums of products over axes of each."""
    a, b = lift(a), lift(b)
    if isinstance(axes, int):
        axes = (range(a.ndim - axes, a.ndim), range(axes))
    left = [int(k) % a.ndim for k in np.atleast_1d(np.asarray(axes[0], dtype=int))]
    right = [int(k) % b.ndim for k in np.atleast_1d(np.asarray(axes[1], dtype=int))]
    kept_a = [k for k in range(a.ndim) if k not in left]
    kept_b = [k for k in range(b.ndim) if k not in right]
    summed = math.prod(a.shape[k] for k in left)
    A = reshape(transpose(a, [*kept_a, *left]), (-1, summed))
    B = reshape(transpose(b, [*right, *kept_b]), (summed, -1))
    shape = (*(a.shape[k] for k in kept_a), *(b.shape[k] for k in kept_b))
    return reshape(matrices.times(A, B), shape)


def matrix_power(matrix: Any, n: int) -> Node:
    """Return a whole power of a square matrix."""
    a = lift(matrix) if n >= 0 else inverse(matrix)
    found = a if n else Node(np.eye(a.shape[0]))
    for _ in range(abs(n) - 1):
        found = matrices.times(found, a)
    return found
