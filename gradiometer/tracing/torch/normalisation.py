"""Operators that normalise by means and variances, and dropout, by their formulas."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiometer.tracing.torch.rows import Row, all_real, all_tensors


def _scaled(xp: Any, x: Any, weight: Any, bias: Any, shape: tuple[int, ...]) -> Any:
    x = x if weight is None else x * xp.reshape(weight, shape)
    return x if bias is None else x + xp.reshape(bias, shape)


def _layer_norm(xp: Any, x: Any, shape: Any, weight: Any, bias: Any, eps: float) -> Any:
    over = tuple(range(len(x.shape) - len(shape), len(x.shape)))
    mean = xp.mean(x, axis=over, keepdims=True)
    factor = 1.0 / xp.sqrt(xp.var(x, axis=over, keepdims=True) + eps)
    return _scaled(xp, (x - mean) * factor, weight, bias, tuple(shape)), mean, factor


def _group_norm(
    xp: Any, x: Any, weight: Any, bias: Any, n: int, c: int, hw: int, groups: int, eps: float
) -> Any:
    rows = xp.reshape(x, (n, groups, c // groups * hw))
    mean = xp.mean(rows, axis=-1, keepdims=True)
    factor = 1.0 / xp.sqrt(xp.var(rows, axis=-1, keepdims=True) + eps)
    alike = (1, c) + (1,) * (len(x.shape) - 2)
    found = xp.reshape((rows - mean) * factor, tuple(x.shape))
    flat = (xp.reshape(each, (n, groups)) for each in (mean, factor))
    return (_scaled(xp, found, weight, bias, alike), *flat)


def _batch_norm(
    mirror: Any, x: Any, weight: Any, bias: Any, mean: Any, var: Any, training: bool,
    momentum: float, eps: float,
) -> Any:  # fmt: skip
    xp, array = mirror.xp, mirror.array(x)
    over = (0, *range(2, x.dim()))
    alike = (1, -1) + (1,) * (x.dim() - 2)
    if training:
        of_mean = xp.mean(array, axis=over)
        factor = 1.0 / xp.sqrt(xp.var(array, axis=over) + eps)
        kept = of_mean, factor
        for running in (mean, var):
            if running is not None:
                mirror.lost(running, "running statistics that a normalisation has updated are read")
    else:
        of_mean, factor = mirror.array(mean), 1.0 / xp.sqrt(mirror.array(var) + eps)
        kept = xp.zeros((0,)), xp.zeros((0,))
    found = (array - xp.reshape(of_mean, alike)) * xp.reshape(factor, alike)
    scale, shift = (None if each is None else mirror.array(each) for each in (weight, bias))
    return (_scaled(xp, found, scale, shift, alike), *kept)


def _batch_norm_without_statistics(
    mirror: Any, x: Any, weight: Any, bias: Any, training: bool, momentum: float, eps: float
) -> Any:
    return _batch_norm(mirror, x, weight, bias, None, None, training, momentum, eps)


def _batch_norm_in_use(
    mirror: Any, x: Any, weight: Any, bias: Any, mean: Any, var: Any, momentum: float, eps: float
) -> Any:
    return _batch_norm(mirror, x, weight, bias, mean, var, False, momentum, eps)


def _batch_norm_pulled(
    mirror: Any, g: Any, x: Any, weight: Any, mean: Any, var: Any, saved_mean: Any,
    saved_factor: Any, training: bool, eps: float, mask: Any,
) -> Any:  # fmt: skip
    xp, array, pulled = mirror.xp, mirror.array(x), mirror.array(g)
    over = (0, *range(2, x.dim()))
    alike = (1, -1) + (1,) * (x.dim() - 2)
    if training:
        of_mean = xp.mean(array, axis=over)
        factor = 1.0 / xp.sqrt(xp.var(array, axis=over) + eps)
    else:
        of_mean, factor = mirror.array(mean), 1.0 / xp.sqrt(mirror.array(var) + eps)
    wide = xp.reshape(factor, alike)
    normal = (array - xp.reshape(of_mean, alike)) * wide
    scaled = pulled if weight is None else pulled * xp.reshape(mirror.array(weight), alike)
    if training:
        middle = xp.mean(scaled, axis=over, keepdims=True)
        along = xp.mean(scaled * normal, axis=over, keepdims=True)
        of_x = wide * (scaled - middle - normal * along)
    else:
        of_x = wide * scaled
    return of_x, xp.sum(pulled * normal, axis=over), xp.sum(pulled, axis=over)


def _dropped(mirror: Any, x: Any, p: float, train: Any) -> Any:
    if train is False:
        return mirror.array(x), None
    mask = mirror.outs[1].numpy().astype(np.float64)
    return mirror.array(x) * (mask / (1.0 - p) if p < 1.0 else mask), None


ROWS: dict[str, Row] = all_real({
    "native_group_norm": _group_norm,
    "native_layer_norm": _layer_norm,
}) | all_tensors({
    "_native_batch_norm_legit": _batch_norm,
    "_native_batch_norm_legit.no_stats": _batch_norm_without_statistics,
    "_native_batch_norm_legit_no_training": _batch_norm_in_use,
    "native_batch_norm": _batch_norm,
    "native_batch_norm_backward": _batch_norm_pulled,
    "native_dropout": _dropped,
})  # fmt: skip
