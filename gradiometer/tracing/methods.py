"""The methods and attributes of NumPy's arrays, on a tool's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiometer.tracing import creation
from gradiometer.tracing.array import Traced
from gradiometer.tracing.refusals import refusal

SAME = (
    "all", "any", "argmax", "argmin", "argsort", "clip", "cumprod", "cumsum", "diagonal", "dot",
    "max", "mean", "min", "nonzero", "prod", "repeat", "searchsorted", "std", "sum",
    "squeeze", "swapaxes", "take", "trace", "var", "compress", "choose", "put", "round",
)  # fmt: skip
"""Methods that are NumPy's functions of the same name."""


def _same(name: str) -> Callable[..., Any]:
    def method(x: Traced, *args: Any, out: Any = None, **options: Any) -> Any:
        found = getattr(x.nx, name)(x, *args, **options)
        if out is None:
            return found
        out[...] = found
        return out

    return method


def _reshape(x: Traced, *shape: Any, order: str = "C", copy: Any = None) -> Any:
    return x.nx.reshape(x, shape[0] if len(shape) == 1 else shape, order=order)


def _transpose(x: Traced, *axes: Any) -> Any:
    return x.nx.transpose(x, axes[0] if len(axes) == 1 else axes or None)


def _flatten(x: Traced, order: str = "C") -> Any:
    return x.nx.array(x.nx.ravel(x, order))


def _sort(x: Traced, axis: int = -1, **options: Any) -> None:
    x[...] = x.nx.sort(x, axis)


def _fill(x: Traced, value: Any) -> None:
    x[...] = value


def _item(x: Traced, *where: Any) -> Any:
    position = np.arange(x.size).reshape(x.shape).item(*where)
    found = x.reshape(-1)[position]
    return found.native.item() if found.constant else found


def _tolist(x: Traced) -> Any:
    if x.constant:
        return x.native.tolist()
    return [_tolist(row) for row in x] if x.shape else x[()]


def _imag(x: Traced) -> Any:
    raise refusal(".imag of an array", "functions are of real numbers.")


METHODS: dict[str, Callable[..., Any]] = {name: _same(name) for name in SAME} | {
    "astype": creation.astype,
    "conj": lambda x: x,
    "conjugate": lambda x: x,
    "copy": lambda x, order="C": x.nx.array(x),
    "fill": _fill,
    "flatten": _flatten,
    "item": _item,
    "ravel": lambda x, order="C": x.nx.ravel(x, order),
    "reshape": _reshape,
    "sort": _sort,
    "tolist": _tolist,
    "transpose": _transpose,
    "view": lambda x, *kind: x[...],
    "__array_namespace__": lambda x, **version: x.nx,
}

ATTRIBUTES: dict[str, Callable[[Traced], Any]] = {
    "T": lambda x: x.nx.transpose(x),
    "base": lambda x: None,
    "device": lambda x: "cpu",
    "imag": _imag,
    "itemsize": lambda x: 8,
    "mT": lambda x: x.nx.swapaxes(x, -1, -2),
    "nbytes": lambda x: 8 * x.size,
    "real": lambda x: x,
}
