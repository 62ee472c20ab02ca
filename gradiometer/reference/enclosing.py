"""Proven enclosures of what only iterations find: eigenvectors, singular vectors, factors.

An approximation is found by Arb without proof, and enclosed by what it leaves over. Where more
digits may be needed to tell values apart, `Undecided` asks for them; what is equal in all digits is
refused: its vectors are not unique, and neither is a derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import flint
import numpy as np
from flint import acb_mat, arb, arb_mat

from gradiometer.errors import ReferenceFailure
from gradiometer.reference import balls as numeric
from gradiometer.reference.balls import Balls
from gradiometer.reference.refusals import Undecided, user_line

UNIT = arb(0, 1)


def over_matrices(function: Callable[[Balls], tuple[Balls, ...]], a: Balls) -> tuple[Balls, ...]:
    """Return what a function returns of each matrix along the axes in front, stacked."""
    front = a.shape[:-2]
    flat = a.reshape(math.prod(front), *a.shape[-2:])
    found = [function(matrix) for matrix in flat] or [function(_like(a.shape[-2:]))]
    stacked = [np.stack(parts)[: len(flat)] for parts in zip(*found, strict=True)]
    return tuple(x.reshape(*front, *x.shape[1:]) for x in stacked)


def _like(shape: tuple[int, ...]) -> Balls:
    """Return a matrix of full rank with different singular values: for its shapes."""
    matrix = np.zeros(shape)
    np.fill_diagonal(matrix, np.arange(1.0, 1.0 + min(shape)))
    return numeric.balls(matrix)


def eigen(a: Balls) -> tuple[Balls, Balls]:
    """Return eigenvalues, rising, and unit eigenvectors in columns, of a symmetric matrix.

    An interval of the residual's norm around an approximate value holds an eigenvalue; where n of
    them are disjoint, each holds one. Of its vector, the approximation is off by an angle whose
    sine is at most the residual's norm over the distance to the others (B. N. Parlett, The
    Symmetric Eigenvalue Problem, §4.5 and theorem 11.7.1). Of each, the largest component is
    positive.

    Raises:
        Undecided: If two eigenvalues are closer than the precision tells.
    """
    n = len(a)
    if not n:
        return numeric.balls(np.zeros(0)), numeric.balls(np.zeros((0, 0)))
    vectors = _approximate_vectors(a)
    left = numeric.matmul(a, vectors)
    squares = [numeric.matmul(vectors[:, [k]].T, vectors[:, [k]])[0, 0] for k in range(n)]
    middles = [
        (numeric.matmul(vectors[:, [k]].T, left[:, [k]])[0, 0] / squares[k]).mid() for k in range(n)
    ]
    order = sorted(range(n), key=middles.__getitem__)
    vectors, left = vectors[:, order], left[:, order]
    values = np.array([middles[k] for k in order], dtype=object)
    lengths = np.array([squares[k].sqrt() for k in order], dtype=object)
    residuals = [_length(left[:, k] - values[k] * vectors[:, k]) / lengths[k] for k in range(n)]
    angles = [_angle(values, residuals, k) for k in range(n)]
    reach = np.array([UNIT * (3 * angle / 2) for angle in angles], dtype=object)
    spread = np.array([UNIT * r for r in residuals], dtype=object)
    return values + spread, vectors / lengths + reach


def _approximate_vectors(a: Balls) -> Balls:
    """Return approximate eigenvectors of a symmetric matrix, real, without a radius."""
    n = len(a)
    middles = acb_mat(arb_mat(n, n, [b.mid() for b in a.ravel().tolist()]))
    _, found = middles.eig(right=True, algorithm="approx")
    columns = np.array(found.entries(), dtype=object).reshape(n, n).T
    for k, column in enumerate(columns):
        largest = max(column, key=lambda c: float(c.abs_upper()))
        columns[k] = [(c / largest).real.mid() for c in column]
    return np.asarray(columns.T, dtype=object)


def _length(x: Balls) -> arb:
    """Return a bound on a vector's Euclidean length."""
    total = arb(0)
    for component in x.tolist():
        total += component.abs_upper() ** 2
    return total.sqrt()


def _angle(values: Balls, residuals: list[arb], k: int) -> arb:
    """Return a bound on the sine of the angle by which the k-th vector is off."""
    angle = arb(0)
    for j in (k - 1, k + 1):
        if 0 <= j < len(values):
            apart = abs(values[j] - values[k])
            if not apart > residuals[j] + residuals[k]:
                raise Undecided(
                    f"two eigenvalues or singular values{user_line()} are equal, or closer than "
                    "the precision tells: their vectors, and derivatives, are not defined. Choose "
                    "another point."
                )
            angle = arb.max(angle, residuals[k] / (apart - residuals[j]))
    if not angle < 0.5:
        raise Undecided(f"eigenvectors{user_line()} could not be enclosed.")
    return angle


def singular(a: Balls) -> tuple[Balls, Balls, Balls]:
    """Return U, singular values, falling, and V of a matrix with no fewer rows than columns.

    They are found from the eigenvectors of AᵀA, with twice the digits.

    Raises:
        Undecided: If two values are closer than the precision tells, or one is zero.
    """
    with flint.ctx.workprec(2 * flint.ctx.prec + 64):
        squares, vectors = eigen(numeric.matmul(a.T, a))
        squares, vectors = squares[::-1], vectors[:, ::-1]
        if not all(b > 0 for b in squares):
            raise _dependent()
        values = np.array([b.sqrt() for b in squares], dtype=object)
        return numeric.matmul(a, vectors) / values, values, vectors


def orthonormal(a: Balls) -> tuple[Balls, Balls]:
    """Return Q and R, with a positive diagonal, of a matrix with no fewer rows than columns.

    R is the Cholesky factor of AᵀA, with twice the digits.

    Raises:
        Undecided: If its columns are linearly dependent, as far as the precision tells.
    """
    with flint.ctx.workprec(2 * flint.ctx.prec + 64):
        try:
            lower = numeric.cholesky(numeric.matmul(a.T, a))
            return numeric.matmul(a, numeric.inverse(lower).T), lower.T
        except ReferenceFailure:
            raise _dependent() from None


def pseudoinverse(a: Balls) -> tuple[Balls]:
    """Return (AᵀA)⁻¹Aᵀ, with twice the digits, of a matrix with no fewer rows than columns.

    Raises:
        Undecided: If its columns are linearly dependent, as far as the precision tells.
    """
    with flint.ctx.workprec(2 * flint.ctx.prec + 64):
        try:
            return (numeric.matmul(numeric.inverse(numeric.matmul(a.T, a)), a.T),)
        except ReferenceFailure:
            raise _dependent() from None


def _dependent() -> Undecided:
    return Undecided(
        f"a matrix{user_line()} has not full rank, as far as the precision tells: it has no "
        "derivative there. Choose another point."
    )
