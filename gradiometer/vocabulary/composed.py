"""Functions that the array API standard lacks, written in those that it has.

A tool's own function of the same name stands before them; NumPy, and tools that follow it, have
none. Loops run over places of a kernel, or steps of a scan, in Python.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def sigmoid(xp: Any, z: Any) -> Any:
    """Return the logistic function 1 / (1 + e^−z), elementwise."""
    return 1.0 / (1.0 + xp.exp(-z))


def relu(xp: Any, z: Any) -> Any:
    """Return max(z, 0), elementwise."""
    return xp.where(z > 0.0, z, 0.0 * z)


def softplus(xp: Any, z: Any) -> Any:
    """Return log(1 + e^z), elementwise, as max(z, 0) + log1p(e^−|z|) so that it cannot overflow."""
    return xp.relu(z) + xp.log1p(xp.exp(-xp.where(z > 0.0, z, -z)))


def gelu(xp: Any, z: Any) -> Any:
    """Return z·Φ(z), elementwise, with Φ the normal distribution's function."""
    return 0.5 * z * (1.0 + xp.erf(z / math.sqrt(2.0)))


def logsumexp(xp: Any, x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """Return log Σ e^x over an axis (over all components by default), shifted by the maximum."""
    peak = xp.max(x, axis=axis, keepdims=True)
    total = xp.log(xp.sum(xp.exp(x - peak), axis=axis, keepdims=keepdims))
    return total + xp.reshape(peak, total.shape)


def softmax(xp: Any, x: Any, axis: int = -1) -> Any:
    """Return e^x / Σ e^x over an axis, shifted by the maximum."""
    powers = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return powers / xp.sum(powers, axis=axis, keepdims=True)


def log_softmax(xp: Any, x: Any, axis: int = -1) -> Any:
    """Return x − log Σ e^x over an axis, shifted by the maximum."""
    shifted = x - xp.max(x, axis=axis, keepdims=True)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=axis, keepdims=True))


def stop_gradient(xp: Any, x: Any) -> Any:
    """Return x as a constant; as it is, where nothing is differentiated."""
    return x


def conv(
    xp: Any, x: Any, kernel: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1
) -> Any:
    """Return the cross-correlation of arrays with kernels, as networks call convolution.

    Args:
        xp: The array functions.
        x: Arrays, shape (batch, channels, *spatial).
        kernel: Shape (channels of the result, channels, *spatial).
        stride: Steps between windows: a number, or one an axis.
        padding: Zeros at both ends of each spatial axis.
        dilation: Steps between the components that a kernel meets.
    """
    lengths = tuple(kernel.shape[2:])
    pads = each_axis(padding, len(lengths))
    windows = _windows(_padded(xp, x, pads, 0.0), lengths, stride, dilation)
    terms = [
        xp.tensordot(window, kernel[(..., *place)], axes=((1,), (1,))) for place, window in windows
    ]
    return xp.moveaxis(_summed(terms), -1, 1)


def avg_pool(xp: Any, x: Any, window: Any, *, stride: Any = None, padding: Any = 0) -> Any:
    """Return the means over windows of each channel; what is padded counts as zero.

    Args:
        xp: The array functions.
        x: Arrays, shape (batch, channels, *spatial).
        window: Its lengths: a number, or one an axis.
        stride: Steps between windows: as their lengths by default.
        padding: Zeros at both ends of each spatial axis.
    """
    lengths = each_axis(window, len(x.shape) - 2)
    padded = _padded(xp, x, each_axis(padding, len(lengths)), 0.0)
    windows = _windows(padded, lengths, window if stride is None else stride)
    return _summed([part for _, part in windows]) / math.prod(lengths)


def max_pool(xp: Any, x: Any, window: Any, *, stride: Any = None, padding: Any = 0) -> Any:
    """Return the maxima over windows of each channel; what is padded is none.

    Args:
        xp: The array functions.
        x: Arrays, shape (batch, channels, *spatial).
        window: Its lengths: a number, or one an axis.
        stride: Steps between windows: as their lengths by default.
        padding: How far windows reach over both ends of each spatial axis: half of one at most.
    """
    lengths = each_axis(window, len(x.shape) - 2)
    padded = _padded(xp, x, each_axis(padding, len(lengths)), -math.inf)
    windows = _windows(padded, lengths, window if stride is None else stride)
    return xp.max(xp.stack([part for _, part in windows]), axis=0)


def scan(
    xp: Any, step: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any = None,
    *, length: int | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return what a loop carries on, and what its steps return, stacked.

    Args:
        xp: The array functions.
        step: `step(carry, x)` returns the next carry and this step's result: arrays, tuples of
            them, or None for the result. What is carried keeps its shapes and types.
        carry: What the first step gets: an array, or a tuple of them.
        xs: Cut along the first axis, a step each: an array, a tuple of them, or None.
        length: The number of steps, where there are no `xs`.

    Raises:
        ValueError: If there is no step, or it is not told how many there are.
    """
    steps = scan_length(xs, length)
    found = []
    for k in range(steps):
        cut = tuple(x[k] for x in xs) if isinstance(xs, tuple) else None if xs is None else xs[k]
        carry, result = step(carry, cut)
        found.append(result)
    if found[0] is None:
        return carry, None
    if isinstance(found[0], tuple):
        return carry, tuple(xp.stack(column) for column in zip(*found, strict=True))
    return carry, xp.stack(found)


def scan_length(xs: Any, length: int | None) -> int:
    """Return the number of steps of a scan.

    Raises:
        ValueError: If there is none, or several.
    """
    arrays = xs if isinstance(xs, tuple) else () if xs is None else (xs,)
    found: set[int] = {int(x.shape[0]) for x in arrays}
    found |= set() if length is None else {int(length)}
    if len(found) != 1 or min(found) < 1:
        told = " and ".join(map(str, sorted(found))) or "no number of"
        raise ValueError(f"a scan of {told} steps: one number of them is expected, of at least 1.")
    return found.pop()


def each_axis(given: Any, n: int) -> tuple[int, ...]:
    """Return one number for each of n axes, of one number or of several."""
    found = tuple(given) if isinstance(given, tuple | list) else (given,) * n
    if len(found) != n:
        raise ValueError(
            f"{given!r} for {n} spatial axes: one number, or one an axis, is expected."
        )
    return found


def _padded(xp: Any, x: Any, pads: Sequence[int], value: float) -> Any:
    """Return an array with its spatial axes longer by a value at both ends."""
    for axis, n in enumerate(pads, 2):
        if n:
            shape = (*x.shape[:axis], n, *x.shape[axis + 1 :])
            ends = xp.full(shape, value, dtype=x.dtype)
            x = xp.concat([ends, x, ends], axis=axis)
    return x


def _windows(
    x: Any, lengths: Sequence[int], stride: Any, dilation: Any = 1
) -> list[tuple[tuple[int, ...], Any]]:
    """Return for each place of a kernel what it meets in all windows."""
    n = len(lengths)
    strides, steps = each_axis(stride, n), each_axis(dilation, n)
    axes = list(zip(x.shape[2:], lengths, strides, steps, strict=True))
    counts = [(size - d * (k - 1) - 1) // s + 1 for size, k, s, d in axes]
    found = []
    for place in itertools.product(*map(range, lengths)):
        cuts = [
            slice(d * q, d * q + s * (count - 1) + 1, s)
            for q, count, s, d in zip(place, counts, strides, steps, strict=True)
        ]
        found.append((place, x[(..., *cuts)]))
    return found


def _summed(terms: list[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def clip(x: Any, min: Any = None, max: Any = None) -> Any:  # noqa: A002  # the standard's names
    """Return x, held between two bounds, as NumPy's function of both."""
    return np.clip(x, min, max)


COMPOSED: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        avg_pool, conv, gelu, log_softmax, logsumexp, max_pool, relu, scan, sigmoid, softmax,
        softplus, stop_gradient,
    )
}  # fmt: skip
