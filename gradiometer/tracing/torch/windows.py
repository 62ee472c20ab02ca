"""Convolutions and pooling: sums and maxima over windows of arrays (batch, channels, *spatial)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from gradiometer.tracing.torch.movement import counted, taken
from gradiometer.tracing.torch.rows import Row, all_real, all_tensors
from gradiometer.tracing.torch.scattering import added_up
from gradiometer.vocabulary.composed import each_axis

aten = torch.ops.aten


def convolution(
    xp: Any, x: Any, kernel: Any, bias: Any, stride: Any, padding: Any, dilation: Any,
    transposed: bool, output_padding: Any, groups: int,
) -> Any:  # fmt: skip
    """Return PyTorch's convolution of arrays, as ATen's operator of that name."""
    n = len(kernel.shape) - 2
    alone = len(x.shape) == n + 1
    x = xp.expand_dims(x, axis=0) if alone else x
    stride, padding, dilation, output_padding = (
        axes_of(each, n) for each in (stride, padding, dilation, output_padding)
    )
    if transposed:
        found = _transposed(xp, x, kernel, stride, padding, dilation, output_padding, groups)
    else:
        found = _grouped(
            xp, _padded(xp, x, [(p, p) for p in padding]), kernel, stride, dilation, groups
        )
    if bias is not None:
        found = found + xp.reshape(bias, (-1,) + (1,) * n)
    return found[0] if alone else found  # fmt: skip


def axes_of(given: Any, n: int) -> tuple[int, ...]:
    """Return one number for each of n axes, of one number or of several."""
    given = list(given) if not isinstance(given, int) else given
    return each_axis(given[0] if isinstance(given, list) and len(given) == 1 else given, n)


def _grouped(xp: Any, x: Any, kernel: Any, stride: Any, dilation: Any, groups: int) -> Any:
    if groups == 1:
        return xp.conv(x, kernel, stride=tuple(stride), dilation=tuple(dilation))
    ins, outs = x.shape[1] // groups, kernel.shape[0] // groups
    return xp.concat([
        xp.conv(x[:, g * ins : (g + 1) * ins], kernel[g * outs : (g + 1) * outs],
                stride=tuple(stride), dilation=tuple(dilation))
        for g in range(groups)
    ], axis=1)  # fmt: skip


def _transposed(
    xp: Any, x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, extra: Any, groups: int
) -> Any:
    """Return the adjoint of a convolution: that of an array with zeros between its components."""
    lengths = kernel.shape[2:]
    ends = [(d * (k - 1) - p, d * (k - 1) - p + e)
            for k, p, d, e in zip(lengths, padding, dilation, extra, strict=True)]  # fmt: skip
    x = _padded(xp, x, ends, stride)
    turned = xp.flip(kernel, axis=tuple(range(2, len(kernel.shape))))
    per = kernel.shape[0] // groups
    parts = [xp.moveaxis(turned[g * per : (g + 1) * per], 0, 1) for g in range(groups)]
    joined = parts[0] if groups == 1 else xp.concat(parts, axis=0)
    return _grouped(xp, x, joined, (1,) * len(lengths), dilation, groups)


def _padded(
    xp: Any, x: Any, ends: Sequence[tuple[int, int]], steps: Sequence[int] | None = None
) -> Any:
    """Return an array with zeros at the ends of spatial axes (or cut there), and between."""
    steps = steps or (1,) * len(ends)
    if not any(map(any, ends)) and set(steps) == {1}:
        return x
    there = counted(x.shape).numpy().astype(np.int64)
    for axis, ((before, after), step) in enumerate(zip(ends, steps, strict=True), 2):
        n = there.shape[axis]
        spread = np.zeros((*there.shape[:axis], (n - 1) * step + 1, *there.shape[axis + 1 :]), int)
        spread[(slice(None),) * axis + (slice(None, None, step),)] = there
        wide = [(0, 0)] * there.ndim
        wide[axis] = (max(before, 0), max(after, 0))
        spread = np.pad(spread, wide)
        cut = slice(max(-before, 0), spread.shape[axis] - max(-after, 0))
        there = spread[(slice(None),) * axis + (cut,)]
    return taken(xp, [x], there)


def convolution_pulled(
    xp: Any, g: Any, x: Any, kernel: Any, bias: Any, stride: Any, padding: Any, dilation: Any,
    transposed: bool, output_padding: Any, groups: int, mask: Sequence[bool],
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Return the cotangents of a convolution's array, kernel and bias."""
    n = len(kernel.shape) - 2
    stride, padding, dilation = (axes_of(each, n) for each in (stride, padding, dilation))
    how = (stride, padding, dilation)
    of_x = of_kernel = None
    if mask[0] and transposed:
        of_x = convolution(xp, g, kernel, None, *how, False, (0,) * n, groups)
    elif mask[0]:
        full = [
            (m - 1) * s - 2 * p + d * (k - 1) + 1
            for m, s, p, d, k in zip(
                g.shape[2:], stride, padding, dilation, kernel.shape[2:], strict=True
            )
        ]
        extra = [size - m for size, m in zip(x.shape[2:], full, strict=True)]
        of_x = convolution(xp, g, kernel, None, *how, True, extra, groups)  # fmt: skip
    if mask[1]:
        small, large = (x, g) if transposed else (g, x)
        of_kernel = _kernels(xp, small, large, kernel.shape, how, groups)
    of_bias = xp.sum(g, axis=(0, *range(2, n + 2))) if mask[2] else None
    return of_x, of_kernel, of_bias


def _kernels(xp: Any, small: Any, large: Any, shape: Any, how: Any, groups: int) -> Any:
    """Return the cotangent of a kernel: what is met of the larger array by the smaller one."""
    stride, padding, dilation = how
    large = _padded(xp, large, [(p, p) for p in padding])
    outs, ins = small.shape[1] // groups, large.shape[1] // groups
    parts = []
    for k in range(groups):
        image = xp.moveaxis(large[:, k * ins : (k + 1) * ins], 0, 1)
        filters = xp.moveaxis(small[:, k * outs : (k + 1) * outs], 0, 1)
        found = xp.conv(image, filters, stride=dilation, dilation=stride)
        parts.append(xp.moveaxis(found[(..., *(slice(0, m) for m in shape[2:]))], 0, 1))
    return xp.concat(parts, axis=0) if groups > 1 else parts[0]


def _windowed(mirror: Any, x: Any, out: Any, kernel: Any, stride: Any, padding: Any,
              dilation: Any = 1) -> Any:  # fmt: skip
    """Return the positions that windows meet, from 1 on; 0 beyond the ends. Windows come last."""
    n = _axes_count(mirror.name)
    kernel, padding, dilation = (axes_of(each, n) for each in (kernel, padding, dilation))
    stride = axes_of(stride, n) if not isinstance(stride, int) and len(stride) else kernel
    there = counted(x.shape).numpy().astype(np.int64)
    front = there.ndim - n
    for k in range(n):
        axis = front + k
        at = (np.arange(out.shape[axis]) * stride[k] - padding[k])[:, None]
        at = at + np.arange(kernel[k]) * dilation[k]
        inside = (at >= 0) & (at < x.shape[axis])
        there = np.take(there, np.where(inside, at, 0), axis=axis)
        there = np.where(inside.reshape(at.shape + (1,) * (there.ndim - axis - 2)), there, 0)
        there = np.moveaxis(there, axis + 1, -1)
    return there.reshape(*there.shape[: front + n], -1)


def _axes_count(name: str) -> int:
    """Return how many spatial axes an operator has, by its name."""
    return next(n for n in (1, 2, 3) if f"{n}d" in name)


def _average(mirror: Any, x: Any, kernel: Any, stride: Any = (), padding: Any = 0,
             ceil: bool = False, padded: bool = True, divisor: Any = None) -> Any:  # fmt: skip
    there = _windowed(mirror, x, mirror.out, kernel, stride, padding)
    return mirror.xp.sum(taken(mirror.xp, [mirror.array(x)], there), axis=-1) / _divisors(
        mirror.func, x, there, (kernel, stride, padding, ceil, padded, divisor)
    )


def _divisors(func: Any, x: Any, there: Any, how: tuple[Any, ...]) -> Any:
    ones = func(torch.ones(x.shape, dtype=torch.float64), *how[: len(func._schema.arguments) - 1])
    return np.rint((there > 0).sum(axis=-1) / ones.numpy())


def _average_pulled(mirror: Any, g: Any, x: Any, *how: Any) -> Any:
    there = _windowed(mirror, x, g, *how[:3])
    forward = getattr(aten, mirror.name.removesuffix("_backward")).default
    array = mirror.array(g) / _divisors(forward, x, there, how)
    wide = mirror.xp.broadcast_to(mirror.xp.expand_dims(array, axis=-1), there.shape)
    return added_up(mirror.xp, wide, there, tuple(x.shape))


def _largest(mirror: Any, x: Any, kernel: Any, stride: Any = (), padding: Any = 0,
             dilation: Any = 1, ceil: bool = False) -> Any:  # fmt: skip
    there = _windowed(mirror, x, mirror.out, kernel, stride, padding, dilation)
    return _of_windows(mirror, x, there)


def _of_windows(mirror: Any, x: Any, there: Any) -> Any:
    """Return the maxima of windows, and where in each channel they are.

    What lies beyond the ends counts as one of those within.
    """
    xp = mirror.xp
    there = np.where(there > 0, there, there.max(axis=-1, keepdims=True))
    found = taken(xp, [mirror.array(x)], there)
    in_channel = (there - 1) % math.prod(x.shape[len(x.shape) - _axes_count(mirror.name) :])

    def where() -> Any:
        at = xp.expand_dims(xp.argmax(found, axis=-1), axis=-1)
        return xp.squeeze(xp.take_along_axis(xp.asarray(in_channel), at, axis=-1), axis=-1)

    return xp.max(found, axis=-1), where


def _adaptive(x: Any, sizes: Sequence[int]) -> list[list[Any]]:
    """Return for each of the last axes the ranges of its windows."""
    lengths = x.shape[len(x.shape) - len(sizes) :]
    return [[range(k * n // m, math.ceil((k + 1) * n / m)) for k in range(m)]
            for n, m in zip(lengths, sizes, strict=True)]  # fmt: skip


def _adaptive_windows(x: Any, sizes: Sequence[int]) -> Any:
    """Return the positions that adaptive windows meet; 0 where one is smaller than others."""
    places = counted(x.shape).numpy().astype(np.int64)
    found = [
        places[(..., *np.ix_(*windows))].reshape(*places.shape[: places.ndim - len(sizes)], -1)
        for windows in itertools.product(*_adaptive(x, sizes))
    ]
    most = max(each.shape[-1] for each in found)
    wide = [np.pad(w, [(0, 0)] * (w.ndim - 1) + [(0, most - w.shape[-1])]) for w in found]
    return np.stack(wide, axis=-2).reshape(*found[0].shape[:-1], *sizes, most)


def _adaptive_average(mirror: Any, x: Any, sizes: Any) -> Any:
    there = _adaptive_windows(x, sizes)
    found = taken(mirror.xp, [mirror.array(x)], there)
    return mirror.xp.sum(found, axis=-1) / (there > 0).sum(axis=-1).astype(float)


def _adaptive_average_pulled(mirror: Any, g: Any, x: Any) -> Any:
    n = _axes_count(mirror.name)
    there = _adaptive_windows(x, g.shape[-n:])
    array = mirror.array(g) / (there > 0).sum(axis=-1).astype(float)
    wide = mirror.xp.broadcast_to(mirror.xp.expand_dims(array, axis=-1), there.shape)
    return added_up(mirror.xp, wide, there, tuple(x.shape))


def _adaptive_largest(mirror: Any, x: Any, sizes: Any) -> Any:
    return _of_windows(mirror, x, _adaptive_windows(x, sizes))


ROWS: dict[str, Row] = all_real(
    {"convolution": convolution, "convolution_backward": convolution_pulled}
) | all_tensors({
    "_adaptive_avg_pool2d": _adaptive_average,
    "_adaptive_avg_pool2d_backward": _adaptive_average_pulled,
    "_adaptive_avg_pool3d": _adaptive_average,
    "_adaptive_avg_pool3d_backward": _adaptive_average_pulled,
    "adaptive_max_pool2d": _adaptive_largest,
    "adaptive_max_pool3d": _adaptive_largest,
    "avg_pool2d": _average,
    "avg_pool2d_backward": _average_pulled,
    "avg_pool3d": _average,
    "avg_pool3d_backward": _average_pulled,
    "max_pool2d_with_indices": _largest,
    "max_pool3d_with_indices": _largest,
})  # fmt: skip
