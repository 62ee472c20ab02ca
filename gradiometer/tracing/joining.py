"""NumPy's functions that put several arrays into one, over a tool's; called with `nx` first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.tracing.refusals import refusal

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike

Rule = Callable[..., Any]


def _joined(name: str) -> Rule:
    """Return a rule by which NumPy's function puts several arrays into one."""
    function = getattr(np, name)

    def rule(nx: NumPyLike, arrays: Any, *args: Any, **options: Any) -> Any:
        options.pop("dtype", None)
        options.pop("casting", None)
        return joined(nx, lambda ats: function(ats, *args, **options), list(arrays))

    return rule


def joined(nx: NumPyLike, by: Callable[[list[Any]], Any], arrays: list[Any]) -> Any:
    """Return several arrays in one, as a function of NumPy's arranges their positions."""
    arrays = [nx.lift(a) for a in arrays]
    natives = [nx.operand(a, array=True) for a in arrays]
    positions, count = [], 0
    for a in arrays:
        size = int(np.prod(np.shape(a), dtype=int))
        positions.append(np.arange(count, count + size).reshape(np.shape(a)))
        count += size
    there = by(positions)
    whole = nx.native.concat(natives)
    if there.size == count and (np.ravel(there) == np.arange(count)).all():
        return nx.wrap(nx.native.reshape(whole, there.shape), scalar=False)
    return nx.wrap(nx.native.take(whole, there), scalar=False)


def stack(nx: NumPyLike, arrays: Any, axis: int = 0, **options: Any) -> Any:
    return joined(nx, lambda ats: np.stack(ats, axis), list(arrays))


def block(nx: NumPyLike, arrays: Any, depth: int = 1) -> Any:
    if not isinstance(arrays, list):
        return nx.lift(arrays)
    nested, inner = depth, arrays
    while isinstance(inner[0], list):
        nested, inner = nested + 1, inner[0]
    parts = [block(nx, each, depth) for each in arrays]
    least = max(nested, *(part.ndim for part in parts))
    parts = [nx.reshape(part, (*(1,) * (least - part.ndim), *part.shape)) for part in parts]
    return nx.concatenate(parts, axis=-nested)


def convolve(nx: NumPyLike, a: Any, v: Any, mode: str = "full") -> Any:
    a, v = nx.ravel(a), nx.ravel(v)
    if v.size > a.size:
        a, v = v, a
    whole = sum(nx.pad(a, (k, v.size - 1 - k)) * v[k] for k in range(v.size))
    if mode not in ("full", "same", "valid"):
        raise refusal(f"np.convolve with mode={mode!r}", "name it: full, same or valid.")
    kept = {"full": whole.size, "same": a.size, "valid": a.size - v.size + 1}[mode]
    start = (whole.size - kept) // 2
    return whole[start : start + kept]


def correlate(nx: NumPyLike, a: Any, v: Any, mode: str = "valid") -> Any:
    a, v = nx.lift(a), nx.lift(v)
    found = nx.convolve(a, v[::-1], mode)
    return found[::-1] if v.size > a.size else found


def append(nx: NumPyLike, x: Any, values: Any, axis: int | None = None) -> Any:
    return joined(nx, lambda ats: np.append(ats[0], ats[1], axis), [x, values])


def insert(nx: NumPyLike, x: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    obj = nx.plain(obj)
    return joined(nx, lambda ats: np.insert(ats[0], obj, ats[1], axis), [x, values])


def pad(
    nx: NumPyLike, x: Any, pad_width: Any, mode: Any = "constant", *, constant_values: Any = 0.0,
    **options: Any,
) -> Any:  # fmt: skip
    x = nx.lift(x)
    if mode == "constant":
        if np.ndim(constant_values):
            raise refusal("np.pad with several constants", "give one, or concatenate.")
        value = np.array(x.size)
        return joined(
            nx, lambda ats: np.pad(ats[0], pad_width, constant_values=int(value)),
            [x, constant_values],
        )  # fmt: skip
    if mode not in ("edge", "wrap", "reflect", "symmetric"):
        raise refusal(f"np.pad with mode={mode!r}", "pad by constants, edge, wrap or reflect.")
    return x.moved(lambda at: np.pad(at, pad_width, mode, **options))


TABLE: dict[str, Rule] = {
    name: _joined(name) for name in ("column_stack", "concatenate", "dstack", "hstack", "vstack")
} | {
    "append": append, "block": block, "convolve": convolve, "correlate": correlate,
    "insert": insert, "pad": pad, "row_stack": _joined("vstack"), "stack": stack,
}  # fmt: skip
