"""NumPy's functions that move components, over a tool's arrays; each is called with `nx` first.

What NumPy does to the positions of the components tells where each goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.tracing.array import Traced, index
from gradiometer.tracing.joining import joined
from gradiometer.tracing.refusals import refusal

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike

Rule = Callable[..., Any]


def _moved(name: str) -> Rule:
    """Return a rule by which NumPy's function moves positions."""
    function = getattr(np, name)

    def rule(nx: NumPyLike, x: Any, *args: Any, **options: Any) -> Any:
        args, options = nx.plain((args, options))
        return nx.lift(x).moved(lambda at: function(at, *args, **options))

    return rule


def _shaped(name: str) -> Rule:
    """Return a rule by which NumPy's function gives positions another shape, in order."""
    function = getattr(np, name)

    def rule(nx: NumPyLike, x: Any, *args: Any, **options: Any) -> Any:
        args, options = nx.plain((args, options))
        return nx.lift(x).shaped(lambda at: function(at, *args, **options))

    return rule


def _several(name: str) -> Rule:
    """Return a rule by which NumPy's function makes several arrays of one."""
    function = getattr(np, name)

    def rule(nx: NumPyLike, x: Any, *args: Any, **options: Any) -> Any:
        x = nx.lift(x)
        args, options = nx.plain((args, options))
        return [x.moved(lambda _, at=at: at) for at in function(x.positions, *args, **options)]

    return rule


def reshape(nx: NumPyLike, x: Any, *shape: Any, order: str = "C", **named: Any) -> Any:
    shape = shape or (named["shape"] if "shape" in named else named["newshape"],)
    shape = index(shape[0] if len(shape) == 1 else shape)
    return (
        nx.lift(x).moved(lambda at: np.reshape(at, shape, "F"))
        if order == "F"
        else (nx.lift(x).shaped(lambda at: np.reshape(at, shape)))
    )


def ravel(nx: NumPyLike, x: Any, order: str = "C") -> Any:
    return nx.reshape(x, -1, order="F" if order == "F" else "C")


def transpose(nx: NumPyLike, x: Any, axes: Any = None) -> Any:
    x = nx.lift(x)
    order = tuple(range(x.ndim))[::-1] if axes is None else tuple(k % x.ndim for k in axes)
    return x.turned(order) if order != tuple(range(x.ndim)) else x[...]


def swapaxes(nx: NumPyLike, x: Any, axis1: int, axis2: int) -> Any:
    order = list(range(np.ndim(x)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return nx.transpose(x, order)


def moveaxis(nx: NumPyLike, x: Any, source: Any, destination: Any) -> Any:
    x = nx.lift(x)
    lengths = np.moveaxis(np.empty(tuple(range(1, x.ndim + 1))), source, destination).shape
    return nx.transpose(x, [n - 1 for n in lengths])


def _at_least(axes: int, function: Callable[..., Any]) -> Rule:
    def rule(nx: NumPyLike, *arrays: Any) -> Any:
        found = [nx.lift(a) for a in arrays]
        made = [a if a.ndim >= axes else a.shaped(function) for a in found]
        return made[0] if len(made) == 1 else tuple(made)

    return rule


def broadcast_to(nx: NumPyLike, x: Any, shape: Any, subok: bool = False) -> Any:
    shape = index(shape)
    return nx.lift(x).moved(lambda at: np.array(np.broadcast_to(at, shape)))


def broadcast_arrays(nx: NumPyLike, *arrays: Any, subok: bool = False) -> Any:
    arrays = tuple(nx.lift(a) if isinstance(a, list) else a for a in arrays)
    shape = np.broadcast_shapes(*map(np.shape, arrays))
    return tuple(a if np.shape(a) == shape else nx.broadcast_to(a, shape) for a in arrays)


def put_along_axis(nx: NumPyLike, x: Any, indices: Any, values: Any, axis: int) -> None:
    at = np.take_along_axis(np.arange(x.size).reshape(x.shape), index(indices), axis)
    x.reshape(-1)[at.ravel()] = nx.ravel(nx.broadcast_to(values, at.shape))


def putmask(nx: NumPyLike, x: Any, mask: Any, values: Any) -> None:
    x[...] = nx.where(mask, nx.resize(values, x.shape), x)


def place(nx: NumPyLike, x: Any, mask: Any, values: Any) -> None:
    kept = nx.plain(mask)
    x[kept] = nx.resize(values, int(kept.sum()))


def _of_shape(name: str) -> Rule:
    function = getattr(np, name)
    return lambda nx, x, *args, **options: function(nx.lift(x).places, *args, **options)


def meshgrid(
    nx: NumPyLike, *arrays: Any, indexing: str = "xy", sparse: bool = False, copy: bool = True
) -> Any:
    found = [nx.lift(nx.ravel(a)) for a in arrays]
    grids = np.meshgrid(*(np.arange(a.size) for a in found), indexing=indexing, sparse=sparse)  # type: ignore[call-overload]
    return tuple(a.moved(lambda at, g=g: at[g]) for a, g in zip(found, grids, strict=True))


def _triangle(function: Callable[..., Any]) -> Rule:
    def rule(nx: NumPyLike, x: Any, k: int = 0) -> Any:
        x = nx.lift(x)
        kept = function(np.ones(x.shape[-2:] if x.ndim > 1 else (x.size, x.size), dtype=bool), k)
        return nx.where(kept, x, 0.0)

    return rule


def diag(nx: NumPyLike, x: Any, k: int = 0) -> Any:
    x = nx.lift(x)
    if x.ndim == 2:
        return x.moved(lambda at: np.diagonal(at, k))
    return joined(nx, lambda ats: np.where(np.diag(np.ones(x.size, bool), k), np.diag(ats[0], k),
                                           ats[1]), [x, 0.0])  # fmt: skip


def diagflat(nx: NumPyLike, x: Any, k: int = 0) -> Any:
    return nx.diag(nx.ravel(x), k)


def take(nx: NumPyLike, x: Any, indices: Any, axis: int | None = None, mode: Any = "raise") -> Any:
    at_indices = index(indices)
    return nx.lift(x).moved(lambda at: np.take(at, at_indices, axis, mode=mode))


def compress(nx: NumPyLike, condition: Any, x: Any, axis: int | None = None) -> Any:
    kept = nx.plain(condition)
    return nx.lift(x).moved(lambda at: np.compress(kept, at, axis))


def extract(nx: NumPyLike, condition: Any, x: Any) -> Any:
    return nx.compress(nx.ravel(condition), x)


def tri(nx: NumPyLike, *args: Any, **options: Any) -> Any:
    return nx.constant(np.tri(*nx.plain(args)))


def diff(nx: NumPyLike, x: Any, n: int = 1, axis: int = -1) -> Any:
    x = nx.moveaxis(nx.lift(x), axis, -1)
    for _ in range(n):
        x = x[..., 1:] - x[..., :-1]
    return nx.moveaxis(x, -1, axis)


def ediff1d(nx: NumPyLike, x: Any) -> Any:
    return nx.diff(nx.ravel(x))


def gradient(nx: NumPyLike, f: Any, *spacing: Any, axis: int | None = None) -> Any:
    f = nx.lift(f)
    if f.ndim > 1 and axis is None:
        raise refusal("np.gradient of several axes", "call it for each: axis=….")
    y = nx.moveaxis(f, axis or 0, 0)
    step = spacing[0] if spacing else 1.0
    if np.ndim(step):
        raise refusal("np.gradient with coordinates", "give the spacing, a number.")
    inner = (y[2:] - y[:-2]) / (2.0 * step)
    ends = (y[1:2] - y[:1]) / step, (y[-1:] - y[-2:-1]) / step
    return nx.moveaxis(nx.concatenate([ends[0], inner, ends[1]]), 0, axis or 0)


def copyto(nx: NumPyLike, target: Any, x: Any, casting: Any = None, where: Any = True) -> None:
    target[...] = x if where is True else nx.where(where, x, target)


def put(nx: NumPyLike, x: Any, indices: Any, values: Any) -> None:
    if not isinstance(x, Traced):
        raise refusal("an array of NumPy is changed in place", "make it in the function.")
    x.reshape(-1)[index(indices)] = values


def fill_diagonal(nx: NumPyLike, x: Any, value: Any, wrap: bool = False) -> None:
    x[np.diag_indices(min(x.shape))] = value


def shape(nx: NumPyLike, x: Any) -> tuple[int, ...]:
    return tuple(nx.lift(x).shape)


def ndim(nx: NumPyLike, x: Any) -> int:
    return int(nx.lift(x).ndim)


def size(nx: NumPyLike, x: Any, axis: int | None = None) -> int:
    x = nx.lift(x)
    return int(x.size if axis is None else x.shape[axis])


def ndenumerate(nx: NumPyLike, x: Any) -> Any:
    return ((at, x[at]) for at in np.ndindex(x.shape))


def sliding_window_view(
    nx: NumPyLike, x: Any, window_shape: Any, axis: Any = None, **options: Any
) -> Any:
    x = nx.lift(x)
    windows = np.lib.stride_tricks.sliding_window_view
    return x.moved(lambda at: np.array(windows(at, window_shape, axis)))


TABLE: dict[str, Rule] = (
    {name: _moved(name) for name in (
        "delete", "diagonal", "flip", "fliplr", "flipud", "repeat", "resize", "roll", "rollaxis",
        "rot90", "take_along_axis", "tile",
    )}
    | {name: _shaped(name) for name in ("expand_dims", "squeeze")}
    | {name: _several(name) for name in (
        "array_split", "dsplit", "hsplit", "split", "unstack", "vsplit",
    )}
    | {
        name: _of_shape(name) for name in (
            "diag_indices_from", "iscomplexobj", "isrealobj", "tril_indices_from",
            "triu_indices_from",
        )
    }
    | {
        "place": place, "put_along_axis": put_along_axis, "putmask": putmask,
        "atleast_1d": _at_least(1, np.atleast_1d),
        "atleast_2d": _at_least(2, np.atleast_2d), "atleast_3d": _at_least(3, np.atleast_3d),
        "broadcast_arrays": broadcast_arrays, "broadcast_to": broadcast_to, "compress": compress,
        "copyto": copyto, "diag": diag, "diagflat": diagflat, "diff": diff, "ediff1d": ediff1d,
        "extract": extract, "fill_diagonal": fill_diagonal, "gradient": gradient,
        "matrix_transpose": lambda nx, x: nx.swapaxes(x, -1, -2),
        "meshgrid": meshgrid, "moveaxis": moveaxis, "ndenumerate": ndenumerate, "ndim": ndim,
        "put": put,
        "ravel": ravel, "reshape": reshape, "shape": shape, "size": size,
        "swapaxes": swapaxes, "take": take, "transpose": transpose, "tri": tri,
        "tril": _triangle(np.tril), "triu": _triangle(np.triu),
    }
)  # fmt: skip
WINDOWS: dict[str, Rule] = {"sliding_window_view": sliding_window_view}
