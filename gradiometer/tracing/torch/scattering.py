"""Operators that add components up where they are put, by positions of where that is."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch

from gradiometer.tracing.torch.movement import counted, moved, taken, whole
from gradiometer.tracing.torch.rows import Row, all_tensors

aten = torch.ops.aten


def added_up(xp: Any, array: Any, there: Any, shape: tuple[int, ...]) -> Any:
    """Return sums of components, each of which is put at a position.

    Args:
        xp: The array namespace.
        array: What is put.
        there: Where, from 1 on; at 0 it is left out. Of the array's size.
        shape: Of the result.
    """
    size = int(np.prod(shape, dtype=int))
    there = there.ravel()
    order = np.argsort(there, kind="stable")
    order = order[there[order] > 0]
    place = there[order] - 1
    counts = np.bincount(place, minlength=size)
    most = int(counts.max(initial=0))
    if not most:
        return xp.zeros(shape)
    table = np.zeros((size, most), dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    table[place, np.arange(len(place)) - starts[place]] = order + 1
    found = taken(xp, [array], table)
    return xp.reshape(found[:, 0] if most == 1 else xp.sum(found, axis=1), shape)


def _places(x: torch.Tensor) -> torch.Tensor:
    return counted(x.shape)


def _scatter_add(mirror: Any, x: Any, dim: int, index: Any, source: Any) -> Any:
    index = mirror.concrete(index)
    there = whole(torch.gather(_places(x), dim, index))
    cut = mirror.array(source)[tuple(slice(0, n) for n in index.shape)]
    return mirror.array(x) + added_up(mirror.xp, cut, there, tuple(x.shape))


def _index_add(mirror: Any, x: Any, dim: int, index: Any, source: Any, alpha: float = 1) -> Any:
    there = whole(torch.index_select(_places(x), dim, mirror.concrete(index)))
    put = mirror.array(source) * alpha if alpha != 1 else mirror.array(source)
    return mirror.array(x) + added_up(mirror.xp, put, there, tuple(x.shape))


def _index_put(
    mirror: Any, x: Any, indices: Any, values: Any, accumulate: bool = False, *unsafe: bool
) -> Any:
    if not accumulate:
        return moved(mirror, x, indices, values)
    indices = [i if i is None else mirror.concrete(i) for i in indices]
    there = whole(aten.index.Tensor(_places(x), indices))
    put = mirror.xp.broadcast_to(mirror.array(values), there.shape)
    return mirror.array(x) + added_up(mirror.xp, put, there, tuple(x.shape))


def _embedding_pulled(
    mirror: Any, g: Any, indices: Any, rows: int, padding: int, by_frequency: bool
) -> Any:
    indices = mirror.concrete(indices)
    width = g.shape[-1]
    there = whole(torch.nn.functional.embedding(indices, counted((rows, width))))
    there[(indices == padding).numpy()] = 0
    array = mirror.array(g)
    if by_frequency:
        counts = np.bincount(indices.numpy().ravel(), minlength=rows)[indices.numpy()]
        array = array / counts[..., None].astype(float)
    return added_up(mirror.xp, array, there, (rows, width))


def _unfold_pulled(mirror: Any, g: Any, sizes: Any, dim: int, size: int, step: int) -> Any:
    there = whole(counted(sizes).unfold(dim, size, step))
    return added_up(mirror.xp, mirror.array(g), there, tuple(sizes))


def _folded(mirror: Any, x: Any, output_size: Any, *windows: Any) -> Any:
    channels = x.shape[-2] // int(np.prod(windows[0]))
    shape = (*x.shape[:-2], channels, *output_size)
    there = whole(aten.im2col.default(counted(shape), *windows))
    return added_up(mirror.xp, mirror.array(x), there, shape)


def _pulled(name: str) -> Any:
    """Return the adjoint of an operator that moves components and takes numbers beside them."""

    def pulled(mirror: Any, g: Any, x: Any, *args: Any) -> Any:
        there = whole(getattr(aten, name)(counted(x.shape), *args))
        return added_up(mirror.xp, mirror.array(g), there, tuple(x.shape))

    return pulled


def _upsample_pulled(name: str) -> Any:
    def pulled(mirror: Any, g: Any, out: Any, sizes: Any, *scales: Any) -> Any:
        there = whole(getattr(aten, name).default(counted(sizes), out, *scales))
        return added_up(mirror.xp, mirror.array(g), there, tuple(sizes))

    return pulled


def _scatter_reduce(
    mirror: Any, x: Any, dim: int, index: Any, source: Any, reduce: str, include_self: bool = True
) -> Any:
    xp, index = mirror.xp, mirror.concrete(index)
    there = whole(torch.gather(_places(x), dim, index)).ravel()
    cut = mirror.array(source)[tuple(slice(0, n) for n in index.shape)]
    before, shape = mirror.array(x), tuple(x.shape)
    reached = np.isin(np.arange(1, x.numel() + 1), there).reshape(shape)
    if reduce in ("sum", "mean"):
        start = before if include_self else xp.where(reached, 0.0, before)
        total = start + added_up(xp, cut, there, shape)
        if reduce == "sum":
            return total
        counts = np.bincount(there, minlength=x.numel() + 1)[1:].reshape(shape)
        return total / np.maximum(counts + include_self, 1.0)
    flat, put = xp.reshape(before, (-1,)), xp.reshape(cut, (-1,))
    combine = {"prod": xp.multiply, "amax": xp.maximum, "amin": xp.minimum}[reduce]
    parts = [flat[k] for k in range(x.numel())]
    met = [include_self] * x.numel()
    for k, place in enumerate(there - 1):
        parts[place] = combine(parts[place], put[k]) if met[place] else put[k]
        met[place] = True
    return xp.reshape(xp.stack(parts), shape)


def _max_pool_pulled(mirror: Any, g: Any, x: Any, *windows: Any) -> Any:
    """Pull back to the components that were largest, which are those of the floats."""
    indices = windows[-1].numpy()
    plane = indices.ndim - (
        2 if mirror.name.startswith(("max_pool2d", "adaptive_max_pool2d")) else 3
    )
    size = int(np.prod(x.shape[plane:]))
    rows = np.arange(int(np.prod(x.shape[:plane]))).reshape(
        *x.shape[:plane], *(1,) * (indices.ndim - plane)
    )
    return added_up(mirror.xp, mirror.array(g), rows * size + indices + 1, tuple(x.shape))


def _bags(
    mirror: Any, weight: Any, indices: Any, offsets: Any, by_frequency: bool = False, mode: int = 0,
    sparse: bool = False, weights: Any = None, last: bool = False, padding: int = -1,
) -> Any:  # fmt: skip
    """Return sums, means (mode 1) or maxima (mode 2) of rows, bag by bag."""
    xp = mirror.xp
    starts = offsets.tolist() if last else [*offsets.tolist(), len(indices)]
    bags = [np.arange(a, b) for a, b in itertools.pairwise(starts)]
    bags = [bag[indices.numpy()[bag] != padding] for bag in bags]
    rows = whole(torch.index_select(_places(weight), 0, indices))
    array = taken(xp, [mirror.array(weight)], rows)
    if weights is not None:
        array = array * xp.expand_dims(mirror.array(weights), axis=-1)
    if mode == 2:
        parts = [xp.max(xp.take(array, bag, axis=0), axis=0) for bag in bags]
        return xp.stack(parts), None, None, None
    there = np.zeros(rows.shape, dtype=np.int64)
    width = rows.shape[1]
    for k, bag in enumerate(bags):
        there[bag] = k * width + np.arange(width) + 1
    total = added_up(xp, array, there, (len(bags), width))
    counts = np.array([[max(1.0, float(len(bag)))] for bag in bags])
    return total / counts if mode else total, None, None, None


ROWS: dict[str, Row] = all_tensors(
    {
        "_embedding_bag": _bags,
        "_embedding_bag_forward_only": _bags,
        "_index_put_impl": _index_put,
        "_unsafe_index_put": _index_put,
        "adaptive_max_pool2d_backward": _max_pool_pulled,
        "adaptive_max_pool3d_backward": _max_pool_pulled,
        "col2im": _folded,
        "embedding_dense_backward": _embedding_pulled,
        "index_add": _index_add,
        "index_put": _index_put,
        "max_pool2d_with_indices_backward": _max_pool_pulled,
        "max_pool3d_with_indices_backward": _max_pool_pulled,
        "scatter_add": _scatter_add,
        "scatter_reduce": _scatter_reduce,
        "unfold_backward": _unfold_pulled,
    }
    | {
        f"{kind}_pad{n}d_backward": _pulled(f"{kind}_pad{n}d")
        for kind in ("reflection", "replication")
        for n in (1, 2, 3)
    }
    | {
        f"{name}{n}d_backward": _upsample_pulled(f"{name}{n}d")
        for name in ("upsample_nearest", "_upsample_nearest_exact")
        for n in (1, 2, 3)
    }
)  # fmt: skip
