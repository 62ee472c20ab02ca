"""The array API standard's functions, for tools that follow NumPy as it was before that standard.

Some go by NumPy's older names there; others are composed of what all such tools have, and of
indexing: the tools' own are missing, have no derivative, or take no such arguments. A tool takes
those that it needs.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradiometer.errors import UnsupportedOperation

Functions = dict[str, Callable[..., Any]]

OLDER = {
    "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan",
    "atan2": "arctan2", "atanh": "arctanh", "concat": "concatenate", "permute_dims": "transpose",
    "pow": "power",
}  # fmt: skip
"""The standard's names, and NumPy's older ones."""


def renamed(tool: Any) -> Functions:
    """Return a tool's functions that it has under NumPy's older names."""
    return {name: getattr(tool, old) for name, old in OLDER.items() if _has(tool, old)}


def functions(tool: Any) -> Functions:
    """Return functions of the standard, composed of a tool's.

    Args:
        tool: It has `abs`, `broadcast_to`, `concatenate`, `exp`, `log1p`, `maximum`, `mean`,
            `minimum`, `ones_like`, `reshape`, `sqrt`, `stack`, `sum`, `swapaxes`, `transpose`,
            `where`.
    """
    composed: Functions = {
        "clip": _clip, "copysign": _copysign, "count_nonzero": _count_nonzero,
        "cumulative_prod": _cumulative_prod, "cumulative_sum": _cumulative_sum, "diff": _diff,
        "broadcast_arrays": _broadcast_arrays, "logaddexp": _logaddexp, "matrix_transpose": _turned,
        "meshgrid": _meshgrid, "sort": _sort, "std": _deviation, "tensordot": _tensordot,
        "var": _variance, "vecdot": _vecdot,
    }  # fmt: skip
    return {name: functools.partial(function, tool) for name, function in composed.items()} | {
        "flip": _flip,
        "hypot": lambda a, b: tool.sqrt(a * a + b * b),
        "positive": lambda x: x,
        "signbit": lambda x: x < 0.0,
        "take": _take,
        "take_along_axis": _take_along_axis,
        "unstack": _unstack,
    }


def matrices(tool: Any, linalg: Any) -> Functions:
    """Return functions of matrices, composed of a tool's.

    Args:
        tool: As of `functions`.
        linalg: Its functions of matrices, of which `inv`, `solve` and `svdvals` are used.
    """
    composed: Functions = {
        "cross": _cross, "matrix_transpose": _turned, "tensordot": _tensordot, "trace": _trace,
        "vecdot": _vecdot, "vector_norm": _vector_norm,
    }  # fmt: skip
    return {name: functools.partial(function, tool) for name, function in composed.items()} | {
        "diagonal": _diagonal,
        "matmul": operator.matmul,
        "matrix_norm": functools.partial(_matrix_norm, tool, linalg),
        "matrix_power": functools.partial(_matrix_power, tool, linalg),
        "outer": lambda a, b: a[:, None] * b[None, :],
        "solve": functools.partial(_solve, tool, linalg),
    }


def _has(tool: Any, name: str) -> bool:
    try:
        return hasattr(tool, name)
    except UnsupportedOperation:
        return False


def _at(axis: int, index: Any, x: Any) -> tuple[Any, ...]:
    """Return the key that takes what is at an index, or a slice, of an axis."""
    return (*(slice(None),) * (axis % x.ndim), index)


def _broadcast(*arrays: Any) -> tuple[int, ...]:
    found: tuple[int, ...] = np.broadcast_shapes(*(tuple(np.shape(a)) for a in arrays))
    return found


def _broadcast_arrays(tool: Any, *arrays: Any) -> list[Any]:
    return [tool.broadcast_to(a, _broadcast(*arrays)) for a in arrays]


def _clip(tool: Any, x: Any, min: Any = None, max: Any = None) -> Any:  # noqa: A002  # the standard's
    x = x if min is None else tool.maximum(x, min)
    return x if max is None else tool.minimum(x, max)


def _copysign(tool: Any, a: Any, b: Any) -> Any:
    return tool.where(b < 0.0, -tool.abs(a), tool.abs(a))


def _count_nonzero(tool: Any, x: Any, axis: Any = None) -> Any:
    return tool.sum(tool.where(x, 1.0, 0.0), axis=axis)


def _running(
    tool: Any, combine: Callable[[Any, Any], Any], first: float, x: Any, axis: int, initial: bool
) -> Any:
    parts = [x[_at(axis, k, x)] for k in range(x.shape[axis])]
    found = list(itertools.accumulate(parts, combine))
    start = [first * tool.ones_like(found[0])] if initial else []
    return tool.stack([*start, *found], axis=axis)


def _cumulative_prod(tool: Any, x: Any, axis: int = 0, include_initial: bool = False) -> Any:
    return _running(tool, operator.mul, 1.0, x, axis, include_initial)


def _cumulative_sum(tool: Any, x: Any, axis: int = 0, include_initial: bool = False) -> Any:
    return _running(tool, operator.add, 0.0, x, axis, include_initial)


def _diff(
    tool: Any, x: Any, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None
) -> Any:
    parts = [each for each in (prepend, x, append) if each is not None]
    x = x if len(parts) == 1 else tool.concatenate(parts, axis=axis)
    for _ in range(n):
        x = x[_at(axis, slice(1, None), x)] - x[_at(axis, slice(None, -1), x)]
    return x


def _flip(x: Any, axis: Any = None) -> Any:
    axes = range(x.ndim) if axis is None else np.atleast_1d(axis).tolist()
    for each in axes:
        x = x[_at(each, slice(None, None, -1), x)]
    return x


def _logaddexp(tool: Any, a: Any, b: Any) -> Any:
    return tool.maximum(a, b) + tool.log1p(tool.exp(-tool.abs(a - b)))


def _meshgrid(tool: Any, *arrays: Any, indexing: str = "xy") -> list[Any]:
    n, shape = len(arrays), [a.shape[0] for a in arrays]
    axes = list(range(n))
    if indexing == "xy" and n > 1:
        axes[:2], shape[:2] = [1, 0], [shape[1], shape[0]]
    pairs = zip(arrays, axes, strict=True)
    columns = [tool.reshape(a, [-1 if k == axis else 1 for k in range(n)]) for a, axis in pairs]
    return [tool.broadcast_to(each, tuple(shape)) for each in columns]


def _sort(tool: Any, x: Any, axis: int = -1, descending: bool = False, stable: bool = True) -> Any:
    order = tool.argsort(-x if descending else x, axis=axis)
    return _take_along_axis(x, order, axis)


def _take(x: Any, indices: Any, axis: int = 0) -> Any:
    return x[_at(axis, indices, x)]


def _take_along_axis(x: Any, indices: Any, axis: int = -1) -> Any:
    axis = axis % x.ndim
    shape = tuple(indices.shape)
    key: list[Any] = [
        np.arange(n).reshape([-1 if k == axis else 1 for k in range(x.ndim)])
        for axis, n in enumerate(shape)
    ]
    key[axis] = indices
    return x[tuple(key)]


def _tensordot(tool: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    if isinstance(axes, int):
        axes = range(a.ndim - axes, a.ndim), range(axes)
    of_a, of_b = ([k % x.ndim for k in each] for x, each in zip((a, b), axes, strict=True))
    kept_a, kept_b = ([k for k in range(x.ndim) if k not in m] for x, m in ((a, of_a), (b, of_b)))
    shape = (*(a.shape[k] for k in kept_a), *(b.shape[k] for k in kept_b))
    n = math.prod(a.shape[k] for k in of_a)
    left = tool.reshape(tool.transpose(a, (*kept_a, *of_a)), (-1, n))
    right = tool.reshape(tool.transpose(b, (*of_b, *kept_b)), (n, -1))
    return tool.reshape(left @ right, shape)


def _turned(tool: Any, x: Any) -> Any:
    return tool.swapaxes(x, -1, -2)


def _unstack(x: Any, axis: int = 0) -> tuple[Any, ...]:
    return tuple(x[_at(axis, k, x)] for k in range(x.shape[axis]))


def _variance(
    tool: Any, x: Any, axis: Any = None, correction: float = 0.0, keepdims: bool = False
) -> Any:
    apart = x - tool.mean(x, axis=axis, keepdims=True)
    squares = tool.sum(apart * apart, axis=axis, keepdims=keepdims)
    count = math.prod(x.shape) // max(1, math.prod(squares.shape))
    return squares / (count - correction)


def _deviation(tool: Any, x: Any, **how: Any) -> Any:
    return tool.sqrt(_variance(tool, x, **how))


def _vecdot(tool: Any, a: Any, b: Any, axis: int = -1) -> Any:
    return tool.sum(a * b, axis=axis)


def _cross(tool: Any, a: Any, b: Any, axis: int = -1) -> Any:
    a, b = _broadcast_arrays(tool, a, b)
    (a0, a1, a2), (b0, b1, b2) = ([x[_at(axis, k, x)] for k in range(3)] for x in (a, b))
    return tool.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=axis)


def _diagonal(x: Any, offset: int = 0) -> Any:
    rows, columns = x.shape[-2:]
    at = np.arange(max(0, min(rows + min(offset, 0), columns - max(offset, 0))))
    return x[..., at - min(offset, 0), at + max(offset, 0)]


def _trace(tool: Any, x: Any, offset: int = 0) -> Any:
    return tool.sum(_diagonal(x, offset), axis=-1)


def _vector_norm(
    tool: Any, x: Any, axis: Any = None, ord: Any = 2, keepdims: bool = False  # noqa: A002
) -> Any:  # fmt: skip
    how = {"axis": axis, "keepdims": keepdims}
    if ord == 2:
        return tool.sqrt(tool.sum(x * x, **how))
    sizes = tool.abs(x)
    if ord == 1:
        return tool.sum(sizes, **how)
    if math.isinf(ord):
        return (tool.max if ord > 0 else tool.min)(sizes, **how)
    return tool.sum(sizes**ord, **how) ** (1.0 / ord)


def _matrix_norm(
    tool: Any, linalg: Any, x: Any, ord: Any = "fro", keepdims: bool = False  # noqa: A002
) -> Any:  # fmt: skip
    if ord == "fro":
        return _vector_norm(tool, x, axis=(-2, -1), keepdims=keepdims)
    if ord in (2, -2, "nuc"):
        values = linalg.svdvals(x)
        found = {2: tool.max, -2: tool.min, "nuc": tool.sum}[ord](values, axis=-1)
    else:
        sums = tool.sum(tool.abs(x), axis=-2 if abs(ord) == 1 else -1)
        found = (tool.max if ord > 0 else tool.min)(sums, axis=-1)
    return found[..., None, None] if keepdims else found


def _matrix_power(tool: Any, linalg: Any, x: Any, n: int) -> Any:
    factor = linalg.inv(x) if n < 0 else x
    found = tool.broadcast_to(tool.eye(x.shape[-1], dtype=x.dtype), x.shape)
    for _ in range(abs(n)):
        found = found @ factor
    return found


def _solve(tool: Any, linalg: Any, a: Any, b: Any) -> Any:
    """Return A⁻¹·b of a vector b, or of a matrix; both may be batches."""
    columns = b.ndim == 1
    b = b[:, None] if columns else b
    front = np.broadcast_shapes(tuple(a.shape[:-2]), tuple(b.shape[:-2]))
    a, b = (
        x if tuple(x.shape[:-2]) == front else tool.broadcast_to(x, (*front, *x.shape[-2:]))
        for x in (a, b)
    )
    found = linalg.solve(a, b)
    return found[..., 0] if columns else found


def repeats_an_index(subscripts: str) -> bool:
    """Return whether einsum is to take a diagonal: an operand has an index twice."""
    terms = subscripts.partition("->")[0].replace(".", "").replace(" ", "").split(",")
    return any(len(set(term)) < len(term) for term in terms)
