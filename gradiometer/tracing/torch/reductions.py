"""Operators along axes: sums, extrema, orders and what is cumulative."""

from __future__ import annotations

import math
from typing import Any

from gradiometer.tracing.torch.rows import Row, all_raw, all_real


def axes(x: Any, dim: Any) -> tuple[int, ...] | None:
    """Return the axes that a `dim` means, of which none means all."""
    if dim is None or (not isinstance(dim, int) and len(dim) == 0) or not x.shape:
        return None
    return tuple(d % len(x.shape) for d in ([dim] if isinstance(dim, int) else dim))


def _sum(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return xp.sum(x, axis=axes(x, dim), keepdims=keepdim)


def _mean(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return xp.mean(x, axis=axes(x, dim), keepdims=keepdim)


def _prod(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return xp.prod(x, axis=axes(x, dim), keepdims=keepdim)


def _spread(name: str) -> Any:
    def spread(xp: Any, x: Any, dim: Any = None, correction: Any = 1, keepdim: bool = False) -> Any:
        correction = 1 if correction is None else correction
        correction = int(correction) if isinstance(correction, bool) else correction
        return getattr(xp, name)(x, axis=axes(x, dim), correction=correction, keepdims=keepdim)

    return spread


def _with_mean(name: str) -> Any:
    def both(xp: Any, x: Any, dim: Any = None, correction: Any = 1, keepdim: bool = False) -> Any:
        return _spread(name)(xp, x, dim, correction, keepdim), _mean(xp, x, dim, keepdim)

    return both


def _extremum(name: str) -> Any:
    def extremum(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        return getattr(xp, name)(x, axis=axes(x, dim), keepdims=keepdim)

    return extremum


def _argument(xp: Any, name: str, x: Any, dim: Any, keepdim: bool) -> Any:
    if dim is None or not x.shape:
        return getattr(xp, name)(xp.reshape(x, (-1,)), axis=0)
    found = getattr(xp, name)(x, axis=dim)
    return xp.expand_dims(found, axis=dim) if keepdim else found


def _argextremum(name: str) -> Any:
    def found(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        return _argument(xp, name, x, dim, keepdim)

    return found


def _with_index(name: str) -> Any:
    def extremum(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        value = _extremum(name)(xp, x, dim, keepdim)
        if dim is None:
            return value
        return value, lambda: _argument(xp, f"arg{name}", x, dim, keepdim)

    return extremum


def _both_extrema(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return _extremum("min")(xp, x, dim, keepdim), _extremum("max")(xp, x, dim, keepdim)


def _logsumexp(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    shape = x.shape
    for axis in axes(x, dim) or range(len(shape)):
        x = xp.logsumexp(x, axis=axis, keepdims=True)
    if keepdim or not shape:
        return x
    gone = axes(x, dim) or tuple(range(len(shape)))
    return xp.reshape(x, tuple(n for k, n in enumerate(shape) if k not in gone))


def _cumulative(name: str) -> Any:
    return lambda xp, x, dim: getattr(xp, name)(x, axis=dim % len(x.shape)) if x.shape else x


def _logcumsumexp(xp: Any, x: Any, dim: int) -> Any:
    if not x.shape:
        return x
    peak = xp.max(x, axis=dim, keepdims=True)
    return xp.log(xp.cumulative_sum(xp.exp(x - peak), axis=dim % len(x.shape))) + peak


def _running(name: str) -> Any:
    def running(xp: Any, x: Any, dim: int) -> Any:
        rows = xp.unstack(xp.moveaxis(x, dim, 0))
        found = [rows[0]]
        for row in rows[1:]:
            found.append(getattr(xp, name)(found[-1], row))
        return xp.stack(found, axis=dim), None

    return running


def norm(xp: Any, x: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
    """Return norms of vectors: the p-th root of Σ |x|ᵖ over axes."""
    over: dict[str, Any] = {"axis": axes(x, dim), "keepdims": keepdim}
    p = 2 if p is None else p
    if p == 2:
        return xp.linalg.vector_norm(x, **over)
    if math.isinf(p):
        return (xp.max if p > 0 else xp.min)(xp.abs(x), **over)
    if p == 0:
        return xp.sum(xp.where(x != 0.0, 1.0, 0.0), **over)
    if p == 1:
        return xp.sum(xp.abs(x), **over)
    p = int(p) if float(p).is_integer() else p
    return xp.pow(xp.sum(xp.pow(xp.abs(x), p), **over), 1.0 / p)


def _sorted(xp: Any, x: Any, dim: int = -1, descending: bool = False) -> Any:
    if not x.shape:
        return x, lambda: xp.zeros((), dtype=xp.int64)
    values = xp.sort(x, axis=dim)
    if not descending:
        return values, lambda: xp.argsort(x, axis=dim)
    return xp.flip(values, axis=dim), lambda: xp.argsort(-x, axis=dim)


def _cut(x: Any, dim: int, cut: Any) -> Any:
    dim = dim % max(1, len(x.shape))
    return x[(slice(None),) * dim + (cut,)] if x.shape else x


def _stable(xp: Any, x: Any, stable: Any, dim: int = -1, descending: bool = False) -> Any:
    return _sorted(xp, x, dim, descending)


def _topk(
    xp: Any, x: Any, k: int, dim: int = -1, largest: bool = True, ordered: bool = True
) -> Any:
    values, where = _sorted(xp, x, dim, largest)
    return _cut(values, dim, slice(0, k)), lambda: _cut(where(), dim, slice(0, k))


def _kth(xp: Any, x: Any, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    cut = slice(k - 1, k) if keepdim else k - 1
    values, where = _sorted(xp, x, dim)
    return _cut(values, dim, cut), lambda: _cut(where(), dim, cut)


def _median(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    if dim is None:
        n = math.prod(x.shape)
        return xp.sort(xp.reshape(x, (-1,)), axis=0)[(n - 1) // 2]
    return _kth(xp, x, ((x.shape[dim] if x.shape else 1) + 1) // 2, dim, keepdim)


def _softmax(name: str) -> Any:
    def softmax(xp: Any, x: Any, dim: int, half_to_float: bool = False) -> Any:
        if not x.shape:
            return x * 0.0 + (1.0 if name == "softmax" else 0.0)
        return getattr(xp, name)(x, axis=dim)

    return softmax


def _softmax_pulled(xp: Any, g: Any, y: Any, dim: int) -> Any:
    return y * (g - xp.sum(g * y, axis=axes(y, dim), keepdims=True))


def _log_softmax_pulled(xp: Any, g: Any, y: Any, dim: int) -> Any:
    return g - xp.exp(y) * xp.sum(g, axis=axes(y, dim), keepdims=True)


def _nansum(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return _sum(xp, xp.where(xp.isnan(x), 0.0, x), dim, keepdim)


def _truth(name: str) -> Any:
    def truth(xp: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        if getattr(x.dtype, "name", "") != "bool":
            x = x != 0.0
        return getattr(xp, name)(x, axis=axes(x, dim), keepdims=keepdim)

    return truth


def _count_nonzero(xp: Any, x: Any, dim: Any = None) -> Any:
    return _sum(xp, xp.where(x != 0.0, 1.0, 0.0), dim)


ROWS: dict[str, Row] = all_real({
    "_log_softmax": _softmax("log_softmax"),
    "_log_softmax_backward_data": lambda xp, g, y, dim, *kind: _log_softmax_pulled(xp, g, y, dim),
    "_safe_softmax": lambda xp, x, dim, *kind: _softmax("softmax")(xp, x, dim),
    "_softmax": _softmax("softmax"),
    "_softmax_backward_data": lambda xp, g, y, dim, *kind: _softmax_pulled(xp, g, y, dim),
    "amax": _extremum("max"),
    "amin": _extremum("min"),
    "aminmax": lambda xp, x, dim=None, keepdim=False: _both_extrema(xp, x, dim, keepdim),
    "argmax": _argextremum("argmax"),
    "argmin": _argextremum("argmin"),
    "count_nonzero": _count_nonzero,
    "cummax": _running("maximum"),
    "cummin": _running("minimum"),
    "cumprod": _cumulative("cumulative_prod"),
    "cumsum": _cumulative("cumulative_sum"),
    "kthvalue": _kth,
    "linalg_vector_norm": norm,
    "logcumsumexp": _logcumsumexp,
    "logsumexp": _logsumexp,
    "max": _with_index("max"),
    "mean": _mean,
    "median": _median,
    "min": _with_index("min"),
    "nanmedian": _median,
    "nansum": _nansum,
    "norm": norm,
    "prod": _prod,
    "sort": _sorted,
    "std": _spread("std"),
    "std_mean": _with_mean("std"),
    "sum": _sum,
    "topk": _topk,
    "var": _spread("var"),
    "var_mean": _with_mean("var"),
}) | all_raw({
    "_is_all_true": _truth("all"),
    "_is_any_true": _truth("any"),
    "all": _truth("all"),
    "any": _truth("any"),
}) | {
    "sort.stable": Row(_stable),
}  # fmt: skip
