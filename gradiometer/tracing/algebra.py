"""NumPy's linear algebra, over a tool's arrays; each function is called with `nx` first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.tracing.einsum import einsum
from gradiometer.tracing.refusals import refusal

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike

Rule = Callable[..., Any]

CUT = 1e-6
"""Singular values, over the largest, up to which `lstsq` may be asked to take some for zero."""


def matmul(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    a, b = nx.lift(a), nx.lift(b)
    if not (a.ndim and b.ndim):
        raise ValueError("matmul: Input operand does not have enough dimensions")
    left, right = nx.atleast_2d(a), b if b.ndim > 1 else nx.reshape(b, (-1, 1))
    if left.shape[-1] != right.shape[-2]:
        raise ValueError(f"matmul: Input operands of shapes {a.shape} and {b.shape} do not fit")
    if max(left.ndim, right.ndim) > 2 and nx.exact:
        shape = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        pairs = [nx.broadcast_to(m, (*shape, *m.shape[-2:])) for m in (left, right)]
        flat = [nx.reshape(m, (-1, *m.shape[-2:])) for m in pairs]
        rows = [product(nx, x, y) for x, y in zip(*flat, strict=True)]
        made = nx.reshape(nx.stack(rows), (*shape, *rows[0].shape))
    else:
        made = product(nx, left, right)
    kept = (*made.shape[:-2], *made.shape[-2:-1][: a.ndim > 1], *made.shape[-1:][: b.ndim > 1])
    return nx.reshape(made, kept) if kept != made.shape else made


def product(nx: NumPyLike, a: Any, b: Any) -> Any:
    """Return the product of two matrices."""
    return nx.wrap(nx.operand(a, array=True) @ nx.operand(b, array=True))


def dot(nx: NumPyLike, a: Any, b: Any) -> Any:
    a, b = nx.lift(a), nx.lift(b)
    if not (a.ndim and b.ndim):
        return a * b
    return nx.matmul(a, b) if b.ndim <= 2 else nx.tensordot(a, b, (-1, -2))


def vdot(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    return nx.dot(nx.ravel(a), nx.ravel(b))


def vecdot(nx: NumPyLike, a: Any, b: Any, /, *, axis: int = -1) -> Any:
    return nx.sum(nx.multiply(a, b), axis=axis)


def inner(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    a, b = nx.lift(a), nx.lift(b)
    return nx.tensordot(a, b, (-1, -1)) if a.ndim and b.ndim else a * b


def outer(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    return nx.reshape(a, (-1, 1)) * nx.reshape(b, (1, -1))


def tensordot(nx: NumPyLike, a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = nx.lift(a), nx.lift(b)
    if isinstance(axes, int):
        axes = (range(a.ndim - axes, a.ndim), range(axes))
    left, right = ([int(k) for k in np.ravel(np.asarray(each, dtype=int))] for each in axes)
    left, right = [k % a.ndim for k in left], [k % b.ndim for k in right]
    kept_a = [k for k in range(a.ndim) if k not in left]
    kept_b = [k for k in range(b.ndim) if k not in right]
    summed = math.prod(a.shape[k] for k in left)
    first = nx.reshape(nx.transpose(a, [*kept_a, *left]), (-1, summed))
    second = nx.reshape(nx.transpose(b, [*right, *kept_b]), (summed, -1))
    shape = (*(a.shape[k] for k in kept_a), *(b.shape[k] for k in kept_b))
    return nx.reshape(nx.matmul(first, second), shape)


def kron(nx: NumPyLike, a: Any, b: Any) -> Any:
    a, b = nx.lift(a), nx.lift(b)
    axes = max(a.ndim, b.ndim)
    a = nx.reshape(a, (*(1,) * (axes - a.ndim), *a.shape))
    b = nx.reshape(b, (*(1,) * (axes - b.ndim), *b.shape))
    pairs = [(m, n) for m, n in zip(a.shape, b.shape, strict=True)]
    apart = nx.reshape(a, [x for m, _ in pairs for x in (m, 1)])
    within = nx.reshape(b, [x for _, n in pairs for x in (1, n)])
    return nx.reshape(apart * within, [m * n for m, n in pairs])


def cross(nx: NumPyLike, a: Any, b: Any, axis: int = -1) -> Any:
    a, b = nx.moveaxis(nx.lift(a), axis, -1), nx.moveaxis(nx.lift(b), axis, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise refusal("np.cross of vectors of two components", "write a[0]*b[1] - a[1]*b[0].")
    order, other = np.array([1, 2, 0]), np.array([2, 0, 1])
    found = a[..., order] * b[..., other] - a[..., other] * b[..., order]
    return nx.moveaxis(found, -1, axis)


def matvec(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    return nx.matmul(a, nx.lift(b)[..., None])[..., 0]


def vecmat(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    return nx.matmul(nx.lift(a)[..., None, :], b)[..., 0, :]


def cov(
    nx: NumPyLike, m: Any, y: Any = None, rowvar: bool = True, bias: bool = False,
    ddof: int | None = None,
) -> Any:  # fmt: skip
    rows = [nx.atleast_2d(m)] + ([] if y is None else [nx.atleast_2d(y)])
    x = nx.concatenate([r if rowvar or r.shape[0] == 1 else r.T for r in rows])
    apart = x - nx.mean(x, axis=1, keepdims=True)
    lost = (0 if bias else 1) if ddof is None else ddof
    return nx.squeeze(nx.matmul(apart, apart.T) / float(x.shape[1] - lost))


def corrcoef(nx: NumPyLike, x: Any, y: Any = None, rowvar: bool = True) -> Any:
    c = nx.cov(x, y, rowvar)
    if not c.ndim:
        return c / c
    scale = nx.sqrt(nx.diagonal(c))
    return c / scale[:, None] / scale[None, :]


def polyval(nx: NumPyLike, p: Any, x: Any) -> Any:
    y = 0.0 * nx.lift(x)
    for c in nx.lift(p):
        y = y * x + c
    return y


def polyadd(nx: NumPyLike, a: Any, b: Any) -> Any:
    a, b = nx.ravel(a), nx.ravel(b)
    most = max(a.size, b.size)
    return nx.pad(a, (most - a.size, 0)) + nx.pad(b, (most - b.size, 0))


def polysub(nx: NumPyLike, a: Any, b: Any) -> Any:
    return polyadd(nx, a, -nx.lift(b))


def polyint(nx: NumPyLike, p: Any, m: int = 1) -> Any:
    p = nx.ravel(p)
    for _ in range(m):
        p = nx.append(p / np.arange(p.size, 0, -1), 0.0)
    return p


def polyfit(nx: NumPyLike, x: Any, y: Any, deg: int) -> Any:
    return nx.matmul(nx.linalg.pinv(nx.vander(x, deg + 1)), y)


def polyder(nx: NumPyLike, p: Any, m: int = 1) -> Any:
    p = nx.ravel(p)
    for _ in range(m):
        p = p[:-1] * np.arange(p.size - 1, 0, -1)
    return p


def trace(nx: NumPyLike, x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return nx.sum(nx.diagonal(x, offset, axis1, axis2), axis=-1)


def norm(
    nx: NumPyLike, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False
) -> Any:  # fmt: skip
    x = nx.lift(x)
    axes = range(x.ndim) if axis is None else np.ravel(axis)
    if ord in (None, "fro") or (ord == 2 and len(axes) == 1):
        return nx.sqrt(nx.sum(x * x, axis=axis, keepdims=keepdims))
    if len(axes) > 1:
        return _matrix_norm(nx, x, ord, axis, keepdims)
    if ord == 0:
        raise refusal("numpy.linalg.norm with ord=0", "a count has no derivative.")
    if ord in (math.inf, -math.inf):
        found = nx.max if ord > 0 else nx.min
        return found(nx.absolute(x), axis=axis, keepdims=keepdims)
    if ord == 1:
        return nx.sum(nx.absolute(x), axis=axis, keepdims=keepdims)
    return nx.sum(nx.absolute(x) ** ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


def _matrix_norm(nx: NumPyLike, x: Any, ord: Any, axis: Any, keepdims: bool) -> Any:
    """Return a norm by singular values, or by sums of columns or rows."""
    if axis is not None or keepdims or x.ndim != 2 or ord not in MATRIX_NORMS:
        raise refusal(f"numpy.linalg.norm of a matrix with ord={ord!r}", "use the default.")
    of, then = MATRIX_NORMS[ord]
    values = nx.linalg.svdvals(x) if of is None else nx.sum(nx.absolute(x), axis=of)
    return getattr(nx, then)(values)


MATRIX_NORMS: dict[Any, tuple[int | None, str]] = {
    2: (None, "max"), -2: (None, "min"), "nuc": (None, "sum"),
    1: (0, "max"), -1: (0, "min"), math.inf: (1, "max"), -math.inf: (1, "min"),
}  # fmt: skip
"""What the norms of a matrix are made of: singular values, or sums over an axis."""


def cond(nx: NumPyLike, x: Any, p: Any = None) -> Any:
    if p in (None, 2, -2):
        values = nx.linalg.svdvals(x)
        least, most = values[..., -1], values[..., 0]
        return least / most if p == -2 else most / least
    return norm(nx, x, p) * norm(nx, nx.linalg.inv(x), p)


def svd(
    nx: NumPyLike, a: Any, full_matrices: bool = True, compute_uv: bool = True,
    hermitian: bool = False,
) -> Any:  # fmt: skip
    if not compute_uv:
        return nx.linalg.svdvals(a)
    return _tools("svd")(nx, a, full_matrices=full_matrices)


def slogdet(nx: NumPyLike, a: Any) -> Any:
    found = nx.linalg.det(a)
    return np.linalg._linalg.SlogdetResult(nx.sign(found), nx.log(nx.absolute(found)))


def matrix_power(nx: NumPyLike, a: Any, n: int) -> Any:
    a = nx.lift(a)
    if n < 0:
        a, n = nx.linalg.inv(a), -n
    found = nx.constant(np.eye(a.shape[0]))
    for _ in range(n):
        found = nx.matmul(found, a)
    return found


def multi_dot(nx: NumPyLike, arrays: Any) -> Any:
    found, *rest = arrays
    for each in rest:
        found = nx.dot(found, each)
    return found


def _tools(name: str) -> Rule:
    def rule(nx: NumPyLike, *arrays: Any, **options: Any) -> Any:
        if not nx.offers(f"linalg.{name}"):
            raise refusal(f"numpy.linalg.{name} is called", "the tool, or the reference, has none.")
        return nx.called(f"linalg.{name}", *map(nx.asarray, arrays), **options)

    return rule


def solve(nx: NumPyLike, a: Any, b: Any, **options: Any) -> Any:
    return _tools("solve")(nx, a, b)


def pinv(nx: NumPyLike, a: Any, rcond: Any = None, *, rtol: Any = None, **options: Any) -> Any:
    if rcond is not None or rtol is not None:
        raise refusal("numpy.linalg.pinv with a tolerance", "leave it out: full rank is proven.")
    return _tools("pinv")(nx, a)


def lstsq(nx: NumPyLike, a: Any, b: Any, rcond: Any = None) -> Any:
    """Return the solution, residuals, the rank, which must be full, and singular values."""
    if rcond is not None and rcond > CUT:
        raise refusal(
            f"numpy.linalg.lstsq with rcond={rcond}", "leave it out: full rank is proven."
        )
    a, b = nx.lift(a), nx.lift(b)
    x = nx.matmul(nx.linalg.pinv(a), b)
    apart = b - nx.matmul(a, x)
    residuals = nx.atleast_1d(nx.sum(apart * apart, axis=0))
    more = a.shape[0] > a.shape[1]
    return x, residuals if more else np.zeros(0), min(a.shape), nx.linalg.svdvals(a)


def scipy_cholesky(nx: NumPyLike, a: Any, lower: bool = False, **options: Any) -> Any:
    factor = nx.linalg.cholesky(a)
    return factor if lower else factor.T


def solve_triangular(
    nx: NumPyLike, a: Any, b: Any, trans: Any = 0, lower: bool = False, **options: Any
) -> Any:
    half = nx.tril(a) if lower else nx.triu(a)
    return nx.linalg.solve(half.T if trans in (1, "T") else half, b)


def cho_solve(nx: NumPyLike, factor: Any, b: Any, **options: Any) -> Any:
    c, lower = factor
    half = nx.tril(c) if lower else nx.triu(c).T
    return nx.linalg.solve(half.T, nx.linalg.solve(half, b))


TABLE: dict[str, Rule] = {
    "cross": cross, "dot": dot, "einsum": einsum, "inner": inner, "kron": kron, "matmul": matmul,
    "corrcoef": corrcoef, "cov": cov, "matvec": matvec, "outer": outer, "polyadd": polyadd,
    "polyder": polyder, "polyfit": polyfit, "polyint": polyint, "polysub": polysub,
    "polymul": lambda nx, a, b: nx.convolve(a, b), "polyval": polyval,
    "tensordot": tensordot, "trace": trace, "vdot": vdot, "vecdot": vecdot, "vecmat": vecmat,
}  # fmt: skip
LINALG: dict[str, Rule] = {
    name: _tools(name)
    for name in ("cholesky", "det", "eigh", "eigvalsh", "inv", "qr", "svdvals")
} | {
    "cross": cross, "diagonal": lambda nx, x, *, offset=0: nx.diagonal(x, offset, -2, -1),
    "cond": cond, "lstsq": lstsq, "svd": svd,
    "matmul": matmul, "matrix_norm": norm, "matrix_power": matrix_power,
    "matrix_transpose": lambda nx, x: nx.swapaxes(x, -1, -2), "multi_dot": multi_dot,
    "norm": norm, "outer": outer, "pinv": pinv, "slogdet": slogdet, "solve": solve,
    "tensordot": tensordot,
    "trace": lambda nx, x, *, offset=0: nx.trace(x, offset, -2, -1), "vecdot": vecdot,
    "vector_norm": lambda nx, x, *, axis=None, keepdims=False, ord=2: norm(
        nx, nx.ravel(x) if axis is None else x, ord, axis, keepdims
    ),
}  # fmt: skip
SCIPY: dict[str, Rule] = {
    "cholesky": scipy_cholesky, "cho_factor": lambda nx, a, lower=False, **options: (
        scipy_cholesky(nx, a, lower), lower
    ),
    "cho_solve": cho_solve, "det": LINALG["det"], "inv": LINALG["inv"], "norm": norm,
    "solve": lambda nx, a, b, **options: nx.linalg.solve(a, b),
    "solve_triangular": solve_triangular,
}  # fmt: skip
