"""Rules of JAX's products over axes: contractions and convolutions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradiometer.tracing.jax.elementwise import as_real
from gradiometer.tracing.jax.interpret import Call, Row
from gradiometer.tracing.jax.movement import padded


def _dot_general(call: Call, a: Any, b: Any) -> Any:
    (of_a, of_b), (front_a, front_b) = call.params["dimension_numbers"]
    of_a, of_b = [int(k) for k in of_a], [int(k) for k in of_b]
    front_a, front_b = [int(k) for k in front_a], [int(k) for k in front_b]
    xp, (a, b) = call.xp, (as_real(call, x) for x in (a, b))
    if not front_a:
        return xp.tensordot(a, b, axes=(of_a, of_b))
    (A, rows), (B, columns) = (
        _matrices(xp, x, aval.shape, front, of, last)
        for x, aval, front, of, last in (
            (a, call.operands[0], front_a, of_a, True), (b, call.operands[1], front_b, of_b, False),
        )
    )  # fmt: skip
    front = tuple(int(call.operands[0].shape[k]) for k in front_a)
    return xp.reshape(xp.matmul(A, B), (*front, *rows, *columns))


def _matrices(
    xp: Any, x: Any, shape: Any, front: list[int], summed: list[int], last: bool
) -> tuple[Any, list[int]]:
    """Return a batch of matrices, summed axes last or first, and the lengths of the others."""
    kept = [k for k in range(len(shape)) if k not in front and k not in summed]
    order = (*front, *kept, *summed) if last else (*front, *summed, *kept)
    lengths = [int(shape[k]) for k in kept]
    outer, inner = math.prod(lengths), math.prod(int(shape[k]) for k in summed)
    matrix = (outer, inner) if last else (inner, outer)
    turned = x if order == tuple(range(len(shape))) else xp.permute_dims(x, order)
    return xp.reshape(turned, (*(int(shape[k]) for k in front), *matrix)), lengths


def _conv(call: Call, x: Any, kernel: Any) -> Any:
    p, xp = call.params, call.xp
    numbers = p["dimension_numbers"]
    x = xp.permute_dims(x, tuple(numbers.lhs_spec))
    kernel = xp.permute_dims(kernel, tuple(numbers.rhs_spec))
    config = [(0, 0, 0)] * 2 + [
        (int(low), int(high), int(d) - 1)
        for (low, high), d in zip(p["padding"], p["lhs_dilation"], strict=True)
    ]
    x = padded(xp, x, np.asarray(0.0), config)
    how = {"stride": _lengths(p["window_strides"]), "dilation": _lengths(p["rhs_dilation"])}
    parts = [
        xp.conv(a, b, **how)
        for a, b in _groups(x, kernel, int(p["feature_group_count"]), int(p["batch_group_count"]))
    ]
    found = parts[0] if len(parts) == 1 else xp.concat(parts, axis=1)
    return xp.permute_dims(found, tuple(np.argsort(numbers.out_spec).tolist()))


def _lengths(numbers: Any) -> tuple[int, ...]:
    return tuple(int(n) for n in numbers)


def _groups(x: Any, kernel: Any, of_channels: int, of_batch: int) -> list[tuple[Any, Any]]:
    """Return what is convolved with what: channels, or a batch, in groups with kernels each."""
    count, axis = max(of_channels, of_batch), 0 if of_batch > 1 else 1
    if count == 1:
        return [(x, kernel)]
    step, kernels = x.shape[axis] // count, kernel.shape[0] // count
    before = (slice(None),) * axis
    return [
        (x[(*before, slice(k * step, (k + 1) * step))], kernel[k * kernels : (k + 1) * kernels])
        for k in range(count)
    ]


PRODUCTS: dict[str, Row] = {"conv_general_dilated": _conv, "dot_general": _dot_general}
