"""Operators of vectors and matrices: products, factors, solutions and spectra."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradiometer.tracing.torch.reductions import norm
from gradiometer.tracing.torch.refusing import refuse
from gradiometer.tracing.torch.rows import Row, all_real, all_tensors
from gradiometer.tracing.torch.storages import numbers

SMALL, TERMS = 0.0625, 24
"""The norm of a matrix whose exponential is found by so many terms of the series."""


def _product(xp: Any, a: Any, b: Any) -> Any:
    return xp.matmul(a, b)


def _added(xp: Any, c: Any, a: Any, b: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    found = xp.matmul(a, b)
    found = found if alpha == 1 else found * alpha
    return found if beta == 0 else found + (c if beta == 1 else c * beta)


def _added_sum(xp: Any, c: Any, a: Any, b: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    found = xp.sum(xp.matmul(a, b), axis=0) * alpha
    return found if beta == 0 else found + c * beta


def _outer_added(xp: Any, c: Any, a: Any, b: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    found = xp.linalg.outer(a, b) * alpha
    return found if beta == 0 else found + c * beta


def _turned(xp: Any, x: Any) -> Any:
    return xp.matrix_transpose(x)


def _symmetric(xp: Any, x: Any) -> Any:
    """Return (A + Aᵀ)/2: by that function of all components PyTorch's rules differentiate."""
    return (x + _turned(xp, x)) * 0.5


def _cholesky(xp: Any, x: Any, upper: bool = False, check_errors: bool = False) -> Any:
    found = xp.linalg.cholesky(_symmetric(xp, x))
    return _turned(xp, found) if upper else found


def _solved(xp: Any, a: Any, b: Any, left: bool = True) -> Any:
    """Return A⁻¹·B, or B·A⁻¹; a vector, or a batch of those, is told by the shapes."""
    vector = len(b.shape) == 1 or (
        len(b.shape) == len(a.shape) - 1 and tuple(b.shape) == tuple(a.shape[:-1])
    )
    columns = xp.expand_dims(b, axis=-1) if vector else b
    if not left:
        a, columns = _turned(xp, a), _turned(xp, columns)
    front = _front(a, columns)
    a, columns = (xp.broadcast_to(x, (*front, *x.shape[-2:])) for x in (a, columns))
    found = xp.linalg.solve(a, columns)
    found = found if left else _turned(xp, found)
    return xp.squeeze(found, axis=-1) if vector else found


def _front(a: Any, b: Any) -> tuple[int, ...]:
    return np.broadcast_shapes(tuple(a.shape[:-2]), tuple(b.shape[:-2]))


def _triangle(xp: Any, a: Any, upper: bool, unit: bool = False) -> Any:
    cut = xp.triu if upper else xp.tril
    if not unit:
        return cut(a)
    return cut(a, k=1 if upper else -1) + xp.eye(a.shape[-1])


def _solved_triangular(
    xp: Any, a: Any, b: Any, upper: bool, left: bool = True, unitriangular: bool = False
) -> Any:
    return _solved_matrix(xp, _triangle(xp, a, upper, unitriangular), b, left)


def _solved_matrix(xp: Any, a: Any, b: Any, left: bool = True) -> Any:
    if not left:
        return _turned(xp, _solved_matrix(xp, _turned(xp, a), _turned(xp, b)))
    front = _front(a, b)
    a, b = (xp.broadcast_to(x, (*front, *x.shape[-2:])) for x in (a, b))
    return xp.linalg.solve(a, b)


def _triangular_solve(
    xp: Any, b: Any, a: Any, upper: bool = True, transpose: bool = False,
    unitriangular: bool = False,
) -> Any:  # fmt: skip
    cut = _triangle(xp, a, upper, unitriangular)
    return _solved_matrix(xp, _turned(xp, cut) if transpose else cut, b), lambda: a


def _gram(xp: Any, factor: Any, upper: bool) -> Any:
    cut = _triangle(xp, factor, upper)
    return xp.matmul(_turned(xp, cut), cut) if upper else xp.matmul(cut, _turned(xp, cut))


def _cholesky_solved(xp: Any, b: Any, factor: Any, upper: bool = False) -> Any:
    return _solved_matrix(xp, _gram(xp, factor, upper), b)


def _eigen(xp: Any, a: Any, triangle: str = "L", vectors: bool = True) -> Any:
    whole = _symmetric(xp, a)
    if not vectors:
        return xp.linalg.eigvalsh(whole), None
    return tuple(xp.linalg.eigh(whole))


def _singular(
    xp: Any, a: Any, full_matrices: bool = False, vectors: bool = True, driver: Any = None
) -> Any:
    if not vectors:
        return None, xp.linalg.svdvals(a), None
    return tuple(xp.linalg.svd(a, full_matrices=full_matrices))


def _orthogonal(xp: Any, a: Any, mode: str = "reduced") -> Any:
    if mode == "r":
        return None, xp.linalg.qr(a, mode="reduced")[1]
    return tuple(xp.linalg.qr(a, mode=mode))


def _pseudo(xp: Any, a: Any, *tolerances: Any, **more: Any) -> Any:
    return xp.linalg.pinv(a)


def _least_squares(xp: Any, a: Any, b: Any, rcond: Any = None, *, driver: Any = None) -> Any:
    """Return A⁺·B: of matrices of full rank, the one solution of least squares or least norm."""
    return xp.matmul(xp.linalg.pinv(a), b), None, None, None


def _exponential(mirror: Any, a: Any) -> Any:
    """Return e^A, by its series of a matrix halved until it is small, squared as often.

    What the series leaves out is below 10⁻⁵⁰ of it.
    """
    xp, found = mirror.xp, mirror.array(a)
    size = float(np.abs(numbers(a)).sum(axis=-1).max(initial=0.0))
    halvings = max(0, math.ceil(math.log2(max(size, SMALL) / SMALL)))
    scaled, unit = found * 0.5**halvings, xp.eye(a.shape[-1])
    total = unit + scaled * (1.0 / TERMS)
    for k in range(TERMS - 1, 0, -1):
        total = unit + xp.matmul(scaled, total) / float(k)
    for _ in range(halvings):
        total = xp.matmul(total, total)
    return total


def _cdist(xp: Any, a: Any, b: Any, p: float, mode: Any = None) -> Any:
    apart = xp.expand_dims(a, axis=-2) - xp.expand_dims(b, axis=-3)
    return norm(xp, apart, p, -1)


def _trilinear(
    xp: Any, a: Any, b: Any, c: Any, of_a: Any, of_b: Any, of_c: Any, summed: Any, unroll: int = 1
) -> Any:
    """Return the sum over axes of products of three arrays, each with axes inserted."""
    for axes, k in ((of_a, 0), (of_b, 1), (of_c, 2)):
        for axis in sorted(axes):
            a, b, c = (
                xp.expand_dims(x, axis=axis) if n == k else x for n, x in enumerate((a, b, c))
            )
    return xp.sum(a * b * c, axis=tuple(summed))


def _kept(kept: int, rule: Any) -> Any:
    """Return a rule of which an output that holds LU factors is remembered by its matrix."""

    def kept_too(mirror: Any, a: Any, *args: Any, **options: Any) -> Any:
        array = mirror.array(a)
        args = tuple(mirror.array(x) if hasattr(x, "layout") else x for x in args)
        options.pop("check_errors", None)
        mirror.factors[mirror.outs[kept].untyped_storage()._cdata] = array
        found = rule(mirror.xp, array, *args, **options)
        return found if isinstance(found, tuple) else (found,)

    return kept_too


def _factors_solved(
    mirror: Any, lu: Any, pivots: Any, b: Any, left: bool = True, adjoint: bool = False
) -> Any:
    array = mirror.factors.get(lu.untyped_storage()._cdata)
    if array is None:
        refuse(
            "lu_solve with factors that were changed", "solve with the matrix: torch.linalg.solve."
        )
    a = mirror.xp.matrix_transpose(array) if adjoint else array
    return _solved_matrix(mirror.xp, a, mirror.array(b), left)


def _cross(xp: Any, a: Any, b: Any, dim: int = -1) -> Any:
    a, b = xp.broadcast_arrays(a, b)
    return xp.linalg.cross(a, b, axis=dim)


ROWS: dict[str, Row] = all_real({
    "_addmm_activation": lambda xp, c, a, b, beta=1, alpha=1, use_gelu=False: (
        xp.gelu if use_gelu else xp.relu
    )(_added(xp, c, a, b, beta, alpha)),
    "_cdist_forward": _cdist,
    "_linalg_eigh": _eigen,
    "_linalg_svd": _singular,
    "_trilinear": _trilinear,
    "addbmm": _added_sum,
    "addmm": _added,
    "addmv": _added,
    "addr": _outer_added,
    "baddbmm": _added,
    "bmm": _product,
    "cholesky": _cholesky,
    "cholesky_inverse": lambda xp, x, upper=False: xp.linalg.inv(_gram(xp, x, upper)),
    "cholesky_solve": _cholesky_solved,
    "dot": lambda xp, a, b: xp.sum(a * b),
    "linalg_cholesky_ex": _cholesky,
    "linalg_cross": _cross,
    "linalg_inv_ex": lambda xp, x, check_errors=False: xp.linalg.inv(x),
    "linalg_lstsq": _least_squares,
    "linalg_pinv": _pseudo,
    "linalg_qr": _orthogonal,
    "linalg_solve_triangular": _solved_triangular,
    "mm": _product,
    "mv": _product,
    "trace": lambda xp, x: xp.linalg.trace(x),
    "triangular_solve": _triangular_solve,
    "vdot": lambda xp, a, b: xp.sum(a * b),
}) | all_tensors({
    "linalg_matrix_exp": _exponential,
    "_linalg_det": _kept(1, lambda xp, a: xp.linalg.det(a)),
    "_linalg_slogdet": _kept(2, lambda xp, a: tuple(xp.linalg.slogdet(a))),
    "_linalg_solve_ex": _kept(1, _solved),
    "linalg_lu_factor_ex": _kept(0, lambda xp, a, pivot=True: (None,)),
    "linalg_lu_solve": _factors_solved,
})  # fmt: skip
