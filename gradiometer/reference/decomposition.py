"""Eigenvalues, singular values, QR factors and pseudo-inverses, by the array API standard.

Every function takes arrays, nodes or numbers, and returns nodes. Vectors are defined up to their
signs: an answer that depends on those is refused (`gradiometer.reference.evaluation`).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradiometer.reference import orthogonal, spectral
from gradiometer.reference.array import lift
from gradiometer.reference.contraction import times
from gradiometer.reference.evaluation import current, free_signs
from gradiometer.reference.node import Node
from gradiometer.reference.refusals import WrongValue, refusal
from gradiometer.reference.structure import concat, transposed, where


class Eigen(NamedTuple):
    """What `eigh` returns."""

    eigenvalues: Any
    eigenvectors: Any


class Singular(NamedTuple):
    """What `svd` returns."""

    U: Any
    S: Any
    Vh: Any


class Orthogonal(NamedTuple):
    """What `qr` returns."""

    Q: Any
    R: Any


def symmetric(matrix: Any, name: str) -> Node:
    """Return matrices that are symmetric by contract, as the evaluation says they are read.

    Of one that is itself differentiated there are two derivatives: that of the function of its
    lower triangle, and that of (A + Aᵀ)/2.
    """
    a, evaluation = square(matrix, name), current()
    evaluation.conventions = evaluation.conventions or a.tracked
    if evaluation.symmetrised:
        return (a + transposed(a)) * 0.5
    return where(np.tri(a.shape[-1], dtype=bool), a, transposed(a))


def square(matrix: Any, name: str) -> Node:
    """Return square matrices.

    Raises:
        WrongValue: If they are not.
    """
    a = lift(matrix)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise refusal(
            f"linalg.{name} of an array of shape {a.shape}", "it takes square matrices.", WrongValue
        )
    return a


def eigvalsh(matrix: Any) -> Node:
    """Return the eigenvalues of symmetric matrices, rising."""
    return spectral.eigen(symmetric(matrix, "eigvalsh"))[0]


def eigh(matrix: Any) -> Eigen:
    """Return the eigenvalues of symmetric matrices, rising, and their eigenvectors in columns."""
    a = symmetric(matrix, "eigh")
    return Eigen(*spectral.eigen(a, free_signs(a.shape[-1], "eigenvectors")))


def svdvals(matrix: Any) -> Node:
    """Return the singular values of matrices, falling."""
    a, _ = _tall(matrix, "svdvals")
    return spectral.singular(a)[1]


def svd(matrix: Any, *, full_matrices: bool = True) -> Singular:
    """Return U, S and Vᵀ with A = U·diag(S)·Vᵀ."""
    a, turned = _tall(matrix, "svd")
    if full_matrices and a.shape[-1] != a.shape[-2]:
        raise refusal(
            "linalg.svd with full matrices of one that is not square",
            "vectors beside the singular ones are any; write full_matrices=False.",
        )
    u, s, v = spectral.singular(a, free_signs(a.shape[-1], "singular vectors"))
    return Singular(v, s, transposed(u)) if turned else Singular(u, s, transposed(v))


def qr(matrix: Any, *, mode: str = "reduced") -> Orthogonal:
    """Return Q and R with A = Q·R."""
    a = _matrices(matrix, "qr")
    rows, columns = a.shape[-2:]
    if mode not in ("reduced", "complete") or (mode == "complete" and rows > columns):
        raise refusal(
            f"linalg.qr with mode={mode!r} of {rows}×{columns} matrices",
            "columns beside those of rank are any; write mode='reduced'.",
        )
    signs = free_signs(min(rows, columns), "QR factors")
    q, r = orthogonal.factors(a[..., : min(rows, columns)], signs)
    if columns > rows:
        r = concat([r, times(transposed(q), a[..., rows:])], -1)
    return Orthogonal(q, r)


def pinv(matrix: Any) -> Node:
    """Return the pseudo-inverses of matrices of full rank."""
    a, turned = _tall(matrix, "pinv")
    found = orthogonal.pseudoinverse(a)
    return transposed(found) if turned else found


def _matrices(matrix: Any, name: str) -> Node:
    a = lift(matrix)
    if a.ndim < 2:
        raise refusal(f"linalg.{name} of an array of shape {a.shape}", "it takes matrices.",
                      WrongValue)  # fmt: skip
    return a


def _tall(matrix: Any, name: str) -> tuple[Node, bool]:
    """Return matrices with no fewer rows than columns, and whether they were turned for it."""
    a = _matrices(matrix, name)
    turned = a.shape[-1] > a.shape[-2]
    return (transposed(a) if turned else a), turned
