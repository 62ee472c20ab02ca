"""NumPy's functions that make arrays, over a tool's arrays; each is called with `nx` first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.tracing.array import Traced, index
from gradiometer.tracing.joining import joined
from gradiometer.tracing.kinds import asked_kind
from gradiometer.tracing.refusals import refusal

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike

Rule = Callable[..., Any]


def array(
    nx: NumPyLike, x: Any, dtype: Any = None, *, copy: Any = True, order: Any = None,
    ndmin: int = 0, subok: bool = False, like: Any = None,
) -> Any:  # fmt: skip
    found = lifted(nx, x)
    if copy and found is x:
        found = found.__copy__()
    if dtype is not None:
        found = astype(found, dtype)
    if isinstance(found, Traced):
        found = Traced(nx, found.native, scalar=False, boolean=found.boolean) if copy else found
    return found if not ndmin else nx.atleast_1d(found) if ndmin == 1 else nx.atleast_2d(found)


def asarray(nx: NumPyLike, x: Any, dtype: Any = None, **options: Any) -> Any:
    found = lifted(nx, x)
    return found if dtype is None else astype(found, dtype)


def lifted(nx: NumPyLike, x: Any) -> Any:
    """Return what may be lists of arrays as one array; an array as it is."""
    if isinstance(x, Traced):
        return x
    if not isinstance(x, list | tuple):
        if hasattr(x, "__iter__") and not hasattr(x, "shape"):
            raise refusal(f"np.array of a {type(x).__name__}", "make a list of it.")
        made = nx.constant(np.asarray(x)[()] if np.ndim(x) == 0 else np.asarray(x))
        return made if isinstance(made, Traced) else Traced(nx, np.asarray(made))
    if not nx.traced(x):
        return lifted(nx, np.array(x))
    rows = [lifted(nx, each) for each in x]
    shapes = {row.shape for row in rows}
    if len(shapes) > 1:
        raise ValueError(
            "setting an array element with a sequence. The requested array has an inhomogeneous "
            "shape"
        )
    return joined(nx, np.stack, rows)


def astype(x: Any, dtype: Any, **options: Any) -> Any:
    """Return an array with components of another kind."""
    kind, nx = asked_kind(dtype), x.nx
    if kind == "f":
        if x.constant and x.dtype.kind != "f":
            return Traced(nx, x.native.astype(float), scalar=x.scalar)
        return nx.wrap(nx.operand(x), scalar=x.scalar) if x.boolean else x.__copy__()
    if kind == "b":
        return x if x.boolean else nx.not_equal(x, 0)
    return nx.plain(x, "a conversion to integers").astype(np.dtype(int))


def copy(nx: NumPyLike, x: Any, order: str = "K") -> Any:
    return nx.array(x)


def full(
    nx: NumPyLike, shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", **more: Any
) -> Any:
    made = nx.broadcast_to(asarray(nx, fill_value, dtype), index(shape))
    return Traced(nx, made.native, scalar=False) if isinstance(made, Traced) else made


def _like(make: Callable[..., Any]) -> Rule:
    def rule(
        nx: NumPyLike, x: Any, *value: Any, dtype: Any = None, order: Any = None,
        shape: Any = None, **options: Any,
    ) -> Any:  # fmt: skip
        x = nx.lift(x)
        value = value or tuple(options.pop(k) for k in ("fill_value",) if k in options)
        shape = x.shape if shape is None else index(shape)
        kind = x.dtype if dtype is None else dtype
        if value and nx.live(value):
            return nx.full(shape, *value)
        return nx.constant(make(shape, *nx.plain(value), dtype=_dtype(kind)))

    return rule


def _dtype(kind: Any) -> Any:
    return {"f": float, "i": int, "b": bool}[asked_kind(kind)]


def linspace(
    nx: NumPyLike, start: Any, stop: Any, num: int = 50, endpoint: bool = True,
    retstep: bool = False, dtype: Any = None, axis: int = 0,
) -> Any:  # fmt: skip
    a, b = nx.lift(start), nx.lift(stop)
    shares = np.arange(num) / max(1, num - bool(endpoint))
    spread = np.reshape(shares, (num, *(1,) * max(a.ndim, b.ndim)))
    made = a + (b - a) * spread
    return (made, (b - a) / max(1, num - bool(endpoint))) if retstep else made


def logspace(nx: NumPyLike, start: Any, stop: Any, num: int = 50, *, base: float = 10.0) -> Any:
    return nx.exp(nx.linspace(start, stop, num) * math.log(base))


def geomspace(nx: NumPyLike, start: Any, stop: Any, num: int = 50) -> Any:
    return nx.exp(nx.linspace(nx.log(start), nx.log(stop), num))


def arange(nx: NumPyLike, *ends: Any, step: Any = 1, dtype: Any = None) -> Any:
    if len(ends) == 3:
        *ends, step = ends  # type: ignore[assignment]
    start, stop = ends if len(ends) == 2 else (0, ends[0])
    if nx.live((stop, step)):
        raise refusal("np.arange to an end that depends on inputs", "write np.linspace.")
    steps = np.arange(0, math.ceil((float(stop) - float(nx.plain(start))) / float(step)))
    return nx.lift(start) + steps * float(step)


def vander(nx: NumPyLike, x: Any, N: int | None = None, increasing: bool = False) -> Any:  # noqa: N803  # NumPy's
    x = nx.lift(x)
    powers = list(range(x.size if N is None else N))
    return nx.stack([x**k for k in (powers if increasing else powers[::-1])], -1)


def fromfunction(nx: NumPyLike, function: Any, shape: Any, *, dtype: Any = float) -> Any:
    places = np.indices(index(shape), dtype=_dtype(dtype))
    return function(*(nx.constant(place) for place in places))


def fromiter(nx: NumPyLike, iterable: Any, dtype: Any = None, count: int = -1) -> Any:
    return nx.array(list(iterable))


def frompyfunc(nx: NumPyLike, func: Any, nin: int, nout: int, **options: Any) -> Any:
    return nx.vectorize(func)


def apply_along_axis(
    nx: NumPyLike, func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any
) -> Any:
    front = nx.moveaxis(nx.lift(arr), axis, -1)
    lines = nx.reshape(front, (-1, front.shape[-1]))
    results = nx.stack([nx.lift(func1d(line, *args, **kwargs)) for line in lines])
    made = nx.reshape(results, (*front.shape[:-1], *results.shape[1:]))
    return nx.moveaxis(made, -1, axis) if results.ndim == 2 else made


def apply_over_axes(nx: NumPyLike, func: Any, a: Any, axes: Any) -> Any:
    for axis in np.ravel(axes).tolist():
        found = func(a, axis)
        a = found if found.ndim == np.ndim(a) else nx.expand_dims(found, axis)
    return a


TABLE: dict[str, Rule] = dict.fromkeys(
    ("asarray", "asanyarray", "asarray_chkfinite", "require"), asarray,
) | dict.fromkeys(
    ("ascontiguousarray", "asfortranarray"), lambda nx, x, **options: nx.atleast_1d(x),
) | {
    "apply_along_axis": apply_along_axis, "apply_over_axes": apply_over_axes, "arange": arange,
    "array": array, "astype": lambda nx, x, dtype, **options: astype(nx.lift(x), dtype),
    "copy": copy, "empty_like": _like(np.zeros), "fromfunction": fromfunction,
    "fromiter": fromiter, "frompyfunc": frompyfunc, "full": full, "full_like": _like(np.full),
    "geomspace": geomspace, "linspace": linspace, "logspace": logspace,
    "ones_like": _like(np.ones), "vander": vander, "zeros_like": _like(np.zeros),
}  # fmt: skip
