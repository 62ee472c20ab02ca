"""NumPy's functions over axes, over a tool's arrays; each is called with `nx` first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.tracing.array import Traced
from gradiometer.tracing.kinds import asked_kind
from gradiometer.tracing.native import concrete
from gradiometer.tracing.refusals import refusal

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike

Rule = Callable[..., Any]


def _reduced(name: str) -> Rule:
    def rule(
        nx: NumPyLike, x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False,
        initial: Any = None, where: Any = True,
    ) -> Any:  # fmt: skip
        if dtype is not None:
            asked_kind(dtype)
        x = nx.lift(x)
        if where is not True:
            neutral = {"sum": 0.0, "prod": 1.0}.get(name, initial)
            if neutral is None:
                raise refusal(f"np.{name} with `where` and no `initial`", "give both.")
            x = nx.where(where, x, neutral)
        found = _over(nx, name, x, axis, keepdims)
        if initial is None:
            return found
        joined = {"sum": nx.add, "prod": nx.multiply, "max": nx.maximum, "min": nx.minimum}
        return joined[name](found, initial)

    return rule


def _over(nx: NumPyLike, name: str, x: Any, axis: Any, keepdims: bool) -> Any:
    axes = _axes(axis, x.ndim)
    if not axes:
        return 1.0 * x
    if name == "prod":
        for k in sorted(axes, reverse=True):
            x = nx.called("prod", x, axis=k)
    elif len(axes) == x.ndim:
        x = nx.called(name, x)
    else:
        x = nx.called(name, x, axis=axes[0] if len(axes) == 1 else axes)
    return nx.expand_dims(x, axes) if keepdims else x


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(ndim))
    axes = tuple(int(k) for k in np.ravel(axis))
    if any(not -ndim <= k < ndim for k in axes):
        raise np.exceptions.AxisError(axes[0], ndim)
    return tuple(k % ndim for k in axes)


def _count(shape: tuple[int, ...], axis: Any) -> int:
    return math.prod(shape[k] for k in _axes(axis, len(shape)))


def mean(
    nx: NumPyLike, x: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False
) -> Any:
    x = nx.lift(x)
    return nx.sum(x, axis=axis, keepdims=keepdims) / float(_count(x.shape, axis))


def average(
    nx: NumPyLike, x: Any, axis: Any = None, weights: Any = None, *, keepdims: bool = False
) -> Any:
    if weights is None:
        return nx.mean(x, axis=axis, keepdims=keepdims)
    x, w = nx.lift(x), nx.lift(weights)
    if w.shape != x.shape:
        w = nx.reshape(w, [n if k == axis % x.ndim else 1 for k, n in enumerate(x.shape)])
    w = nx.broadcast_to(w, x.shape)
    return nx.sum(x * w, axis=axis, keepdims=keepdims) / nx.sum(w, axis=axis, keepdims=keepdims)


def var(
    nx: NumPyLike, x: Any, axis: Any = None, dtype: Any = None, *, ddof: float = 0,
    keepdims: bool = False, mean: Any = None, correction: float | None = None,
) -> Any:  # fmt: skip
    x = nx.lift(x)
    apart = x - (nx.mean(x, axis=axis, keepdims=True) if mean is None else mean)
    total = nx.sum(apart * apart, axis=axis, keepdims=keepdims)
    return total / float(_count(x.shape, axis) - (ddof if correction is None else correction))


def std(nx: NumPyLike, x: Any, *args: Any, **options: Any) -> Any:
    return nx.sqrt(nx.var(x, *args, **options))


def ptp(nx: NumPyLike, x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    options = {"axis": axis, "keepdims": keepdims}
    return nx.max(x, **options) - nx.min(x, **options)


def median(nx: NumPyLike, x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return nx.quantile(x, 0.5, axis=axis, keepdims=keepdims)


def quantile(
    nx: NumPyLike, x: Any, q: Any, axis: Any = None, *, keepdims: bool = False,
    method: str = "linear",
) -> Any:  # fmt: skip
    if method != "linear" or np.ndim(q):
        raise refusal("np.quantile of several shares, or by another method", "call it for each.")
    x = nx.lift(x)
    shape = [1 if axis is None or k == axis % x.ndim else n for k, n in enumerate(x.shape)]
    rows = nx.sort(nx.reshape(x, -1) if axis is None else nx.moveaxis(x, axis, 0), axis=0)
    place = float(nx.plain(q)) * (rows.shape[0] - 1)
    low = math.floor(place)
    high = min(low + 1, rows.shape[0] - 1)
    found = rows[low] + (place - low) * (rows[high] - rows[low]) if place > low else rows[low]
    return nx.reshape(found, shape) if keepdims else found


def percentile(nx: NumPyLike, x: Any, q: Any, axis: Any = None, **options: Any) -> Any:
    return nx.quantile(x, nx.divide(q, 100.0), axis=axis, **options)


def any_(nx: NumPyLike, x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return nx.max(nx.where(x, 1.0, 0.0), axis=axis, keepdims=keepdims) > 0.5


def all_(nx: NumPyLike, x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return nx.min(nx.where(x, 1.0, 0.0), axis=axis, keepdims=keepdims) > 0.5


def count_nonzero(nx: NumPyLike, x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.count_nonzero(_truth(nx, x), axis=axis, keepdims=keepdims)


def cumsum(nx: NumPyLike, x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    x, axis = _along(nx, x, axis)
    if nx.offers("cumulative_sum"):
        return nx.called("cumulative_sum", x, axis=axis)
    front = nx.moveaxis(x, axis, 0)
    sums = nx.tensordot(np.tri(front.shape[0]), front, 1)
    return nx.moveaxis(sums, 0, axis)


def cumprod(nx: NumPyLike, x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    x, axis = _along(nx, x, axis)
    rows = list(nx.moveaxis(x, axis, 0))
    for k in range(1, len(rows)):
        rows[k] = rows[k - 1] * rows[k]
    return nx.stack(rows, axis)


def sort(
    nx: NumPyLike, x: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *,
    stable: Any = None,
) -> Any:  # fmt: skip
    x, axis = _along(nx, x, axis)
    return nx.called("sort", x, axis=axis)


def argsort(
    nx: NumPyLike, x: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *,
    stable: Any = None,
) -> Any:  # fmt: skip
    x, axis = _along(nx, x, axis)
    return _whole(nx.called("argsort", x, axis=axis))


def _extreme(name: str) -> Rule:
    def rule(nx: NumPyLike, x: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
        along, k = _along(nx, x, axis)
        found = np.asarray(_whole(nx.called(name, along, axis=k)))
        return (np.expand_dims(found, k) if keepdims else found)[()]

    return rule


def _whole(found: Any) -> Any:
    """Return integers that a tool computed as NumPy's."""
    return concrete(found.native) if isinstance(found, Traced) else found


def _truth(nx: NumPyLike, x: Any) -> Any:
    return nx.plain(x if getattr(x, "dtype", None) == np.bool_ else nx.not_equal(x, 0))


def nonzero(nx: NumPyLike, x: Any) -> Any:
    return np.nonzero(_truth(nx, x))


def flatnonzero(nx: NumPyLike, x: Any) -> Any:
    return np.flatnonzero(_truth(nx, x))


def argwhere(nx: NumPyLike, x: Any) -> Any:
    return np.argwhere(_truth(nx, x))


def searchsorted(nx: NumPyLike, a: Any, v: Any, side: str = "left", sorter: Any = None) -> Any:
    a, v = nx.lift(a), nx.lift(v)
    ahead = nx.less if side == "left" else nx.less_equal
    before = nx.plain(ahead(a, nx.reshape(v, (*v.shape, 1))))
    return np.sum(before, axis=-1)


def trapezoid(nx: NumPyLike, y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    y = nx.moveaxis(nx.lift(y), axis, -1)
    if x is None:
        steps = dx
    else:
        x = nx.lift(x)
        steps = nx.diff(x if x.ndim == 1 else nx.moveaxis(x, axis, -1))
    return nx.sum(steps * (y[..., 1:] + y[..., :-1]) / 2.0, axis=-1)


def _along(nx: NumPyLike, x: Any, axis: int | None) -> tuple[Any, int]:
    x = nx.lift(x)
    if axis is None or not x.ndim:
        return nx.reshape(x, -1), 0
    return x, _axes(axis, x.ndim)[0]


TABLE: dict[str, Rule] = {
    name: _reduced(name) for name in ("sum", "prod", "max", "min")
} | {
    "amax": _reduced("max"), "amin": _reduced("min"),
} | {
    "all": all_, "any": any_, "argmax": _extreme("argmax"), "argmin": _extreme("argmin"),
    "argsort": argsort, "argwhere": argwhere, "average": average, "count_nonzero": count_nonzero,
    "cumprod": cumprod, "cumsum": cumsum, "cumulative_prod": cumprod, "cumulative_sum": cumsum,
    "flatnonzero": flatnonzero, "mean": mean, "median": median, "nonzero": nonzero,
    "percentile": percentile, "ptp": ptp, "quantile": quantile, "searchsorted": searchsorted,
    "nanmax": _reduced("max"), "nanmean": mean, "nanmin": _reduced("min"),
    "nanprod": _reduced("prod"), "nanstd": std, "nansum": _reduced("sum"), "nanvar": var,
    "sort": sort, "std": std, "trapezoid": trapezoid, "var": var,
}  # fmt: skip
