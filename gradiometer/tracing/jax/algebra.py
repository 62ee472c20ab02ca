"""Rules of JAX's linear algebra."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.tracing.jax.interpret import Call, Row
from gradiometer.tracing.jax.values import delayed, held, needed
from gradiometer.tracing.positions import moved


def _cholesky(call: Call, a: Any) -> Any:
    return call.xp.linalg.cholesky(a)


def _eigh(call: Call, a: Any) -> Any:
    _whole_spectrum(call)
    xp = call.xp
    if not call.params["lower"]:
        a = xp.matrix_transpose(a)
    found = xp.linalg.eigh(a)
    return [found[1], found[0]]


def _svd(call: Call, a: Any) -> Any:
    _whole_spectrum(call)
    linalg = call.xp.linalg
    if not call.params["compute_uv"]:
        return [linalg.svdvals(a)]
    rows, columns = call.operands[0].shape[-2:]
    full = bool(call.params["full_matrices"]) and rows != columns
    u, s, vh = linalg.svd(a, full_matrices=full)
    return [s, u, vh]


def _whole_spectrum(call: Call) -> None:
    if call.params.get("subset_by_index") is not None:
        raise GradiometerError(
            f"a part of the spectrum is asked for{call.place}: take it from the whole."
        )


def _qr(call: Call, a: Any) -> Any:
    if call.params["pivoting"]:
        raise GradiometerError(f"QR with pivoting{call.place} has no rule: leave pivoting out.")
    mode = "complete" if call.params["full_matrices"] else "reduced"
    q, r = call.xp.linalg.qr(a, mode=mode)
    return [q, r]


def _triangular_solve(call: Call, a: Any, b: Any) -> Any:
    p, xp = call.params, call.xp
    n = int(call.operands[0].shape[-1])
    kept = np.tri(n, dtype=bool) if p["lower"] else np.tri(n, dtype=bool).T
    a = xp.where(kept, a, 0.0)
    if p["unit_diagonal"]:
        a = xp.where(np.eye(n, dtype=bool), 1.0, a)
    if bool(p["transpose_a"]) == bool(p["left_side"]):
        a = xp.matrix_transpose(a)
    if p["left_side"]:
        return xp.linalg.solve(a, xp.asarray(b))
    found = xp.linalg.solve(a, xp.matrix_transpose(xp.asarray(b)))
    return xp.matrix_transpose(found)


def _tridiagonal_solve(call: Call, below: Any, diagonal: Any, above: Any, b: Any) -> Any:
    xp = call.xp
    n = int(call.operands[1].shape[-1])
    rows = np.arange(n)

    def laid(*diagonals: Any) -> Any:
        lower, middle, upper, zero = diagonals
        matrix = np.full((*middle.shape, n), int(zero))
        matrix[..., rows, rows] = middle
        matrix[..., rows[1:], rows[:-1]] = lower[..., 1:]
        matrix[..., rows[:-1], rows[1:]] = upper[..., :-1]
        return matrix

    parts = [xp.asarray(x) for x in (below, diagonal, above)]
    return xp.linalg.solve(moved(xp, laid, [*parts, np.asarray(0.0)]), xp.asarray(b))


def _lu(call: Call, a: Any) -> Any:
    """Return factors, by elimination; delayed, since JAX's solutions only carry them along."""
    return delayed(lambda: _factors(call, needed(a)), 3)


def _factors(call: Call, a: Any) -> list[Any]:
    xp, front = call.xp, tuple(call.operands[0].shape[:-2])
    a = xp.asarray(a)
    if not front:
        lu, pivots, order = _of_one(xp, a)
        return [lu, pivots, order]
    found = [_of_one(xp, a[at]) for at in np.ndindex(front)]
    rows, columns = call.operands[0].shape[-2:]
    lu = xp.reshape(xp.stack([each[0] for each in found]), (*front, int(rows), int(columns)))
    plain = [np.stack([each[k] for each in found]) for k in (1, 2)]
    return [lu, *(x.reshape(*front, -1) for x in plain)]


def _of_one(xp: Any, a: Any) -> tuple[Any, Any, Any]:
    """Return L and U in one matrix, the exchanges of rows, and the order they lead to."""
    rows, columns = (int(n) for n in a.shape)
    order, pivots = np.arange(rows), []
    for k in range(min(rows, columns)):
        pivot = k + int(held(xp.argmax(xp.abs(a[k:, k]))))
        pivots.append(pivot)
        exchange = np.arange(rows)
        exchange[[k, pivot]] = exchange[[pivot, k]]
        order = order[exchange]
        a = xp.take(a, exchange, axis=0)
        factors = xp.divide(a[k + 1 :, k], a[k, k])
        rest = xp.subtract(
            a[k + 1 :, k + 1 :],
            xp.multiply(xp.expand_dims(factors, axis=1), xp.expand_dims(a[k, k + 1 :], axis=0)),
        )
        below = xp.concat([a[k + 1 :, :k], xp.expand_dims(factors, axis=1), rest], axis=1)
        a = xp.concat([a[: k + 1, :], below], axis=0)
    return a, np.array(pivots, np.int32), order.astype(np.int32)


def _householder_product(call: Call, a: Any, taus: Any) -> Any:
    """Return the product of reflections I − τ·v·vᵀ, v below the diagonal of a matrix."""
    xp = call.xp
    rows, columns = (int(n) for n in call.operands[0].shape[-2:])
    found = xp.asarray(np.eye(rows))
    for k in range(int(call.operands[1].shape[-1])):
        below, unit = np.arange(rows) > k, np.arange(rows) == k
        v = xp.where(unit, 1.0, xp.where(below, a[..., :, k], 0.0))
        column = xp.expand_dims(v, axis=-1)
        scaled = xp.multiply(taus[..., k : k + 1], v)
        turned = xp.matmul(found, column)
        found = xp.subtract(found, xp.multiply(turned, xp.expand_dims(scaled, axis=-2)))
    return found[..., :, :columns]


ALGEBRA: dict[str, Row] = {
    "cholesky": _cholesky,
    "eigh": _eigh,
    "householder_product": _householder_product,
    "qr": _qr,
    "svd": _svd,
    "triangular_solve": _triangular_solve,
    "tridiagonal_solve": _tridiagonal_solve,
}
DELAYED: dict[str, Row] = {"lu": _lu}
