"""Rules of JAX's operations that move components: without arithmetic, they are exact.

Frequent ones are the namespace's; the others JAX or NumPy carry out on positions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiometer.tracing.jax.interpret import Call, Row
from gradiometer.tracing.jax.values import carried_out, held, real, recorded
from gradiometer.tracing.positions import moved


def _reshaped(call: Call, x: Any) -> Any:
    return call.xp.reshape(x, call.shape)


def _broadcast(call: Call, x: Any) -> Any:
    shape, kept = call.shape, [int(k) for k in call.params["broadcast_dimensions"]]
    lengths = [1] * len(shape)
    for k, length in zip(kept, call.operands[0].shape, strict=True):
        lengths[k] = int(length)
    if tuple(lengths) != tuple(call.operands[0].shape):
        x = call.xp.reshape(x, tuple(lengths))
    return x if tuple(lengths) == shape else call.xp.broadcast_to(x, shape)


def _transpose(call: Call, x: Any) -> Any:
    return call.xp.permute_dims(x, tuple(int(k) for k in call.params["permutation"]))


def _slice(call: Call, x: Any) -> Any:
    starts, ends = call.params["start_indices"], call.params["limit_indices"]
    strides = call.params["strides"] or (1,) * len(starts)
    return x[tuple(slice(int(a), int(b), int(s)) for a, b, s in zip(starts, ends, strides,
                                                                   strict=True))]  # fmt: skip


def _dynamic_slice(call: Call, x: Any, *starts: Any) -> Any:
    at = _starts(call.operands[0].shape, starts, call.shape)
    return x[tuple(slice(a, a + n) for a, n in zip(at, call.shape, strict=True))]


def _dynamic_update_slice(call: Call, x: Any, new: Any, *starts: Any) -> Any:
    lengths = call.operands[1].shape
    at = _starts(call.shape, starts, lengths)

    def by(there: Any, put: Any) -> Any:
        there = there.copy()
        there[tuple(slice(a, a + n) for a, n in zip(at, lengths, strict=True))] = put
        return there

    return moved(call.xp, by, [x, new])


def _starts(shape: Any, starts: Any, lengths: Any) -> list[int]:
    """Return where a slice begins: within the array, as JAX has it."""
    found = [int(held(s)) for s in starts]
    return [min(max(s, 0), n - k) for s, n, k in zip(found, shape, lengths, strict=True)]


def _concatenate(call: Call, *arrays: Any) -> Any:
    return call.xp.concat(list(arrays), axis=int(call.params["dimension"]))


def _split(call: Call, x: Any) -> Any:
    axis = int(call.params["axis"])
    ends = np.cumsum([int(n) for n in call.params["sizes"]])
    before = (slice(None),) * axis
    return [
        x[(*before, slice(int(end) - int(n), int(end)))]
        for n, end in zip(call.params["sizes"], ends, strict=True)
    ]


def _stack(call: Call, *arrays: Any) -> Any:
    return call.xp.stack(list(arrays), axis=int(call.params["axis"]))


def _unstack(call: Call, x: Any) -> Any:
    axis = int(call.params["axis"])
    return [x[(*(slice(None),) * axis, k)] for k in range(call.operands[0].shape[axis])]


def _flip(call: Call, x: Any) -> Any:
    dimensions = tuple(int(k) for k in call.params["dimensions"])
    return call.xp.flip(x, axis=dimensions) if dimensions else x


def _pad(call: Call, x: Any, value: Any) -> Any:
    return padded(call.xp, x, value, call.params["padding_config"])


def padded(xp: Any, x: Any, value: Any, config: Any) -> Any:
    """Return an array with components put in front, behind and between; negative ones are cut.

    Args:
        xp: The array namespace.
        x: The array.
        value: What is put there, of shape ().
        config: For each axis how many in front, how many behind, how many between.
    """
    if all(low == high == between == 0 for low, high, between in config):
        return x

    def by(there: Any, put: Any) -> Any:
        for axis, (low, high, between) in enumerate(config):
            there = _padded_axis(np.moveaxis(there, axis, 0), put, low, high, between)
            there = np.moveaxis(there, 0, axis)
        return there

    return moved(xp, by, [x, value])


def _padded_axis(there: Any, put: Any, low: int, high: int, between: int) -> Any:
    length = there.shape[0]
    spread = max(0, length + (length - 1) * between) if length else 0
    front, behind = max(low, 0), max(high, 0)
    wide = np.full((front + spread + behind, *there.shape[1:]), put)
    if length:
        wide[front : front + spread : between + 1] = there
    return wide[max(-low, 0) : wide.shape[0] - max(-high, 0)]


def _gather(call: Call, x: Any, indices: Any) -> Any:
    """Take slices at indices; beyond the ends is what the gather is told to fill in."""
    params = dict(call.params, fill_value=-1)
    at = held(indices)
    size = int(np.prod(call.operands[0].shape, dtype=int))
    positions = np.arange(size).reshape(call.operands[0].shape)
    there = np.asarray(carried_out(call.primitive, params, (positions, at))[0])
    if not (there < 0).any():
        return moved(call.xp, lambda _: there, [x])
    fill = call.params["fill_value"]
    missing = np.nan if real(call.operands[0]) else 0
    filled = np.asarray(missing if fill is None else fill)
    return moved(call.xp, lambda _, put: np.where(there < 0, put, there), [x, filled])


def _sort(call: Call, *arrays: Any) -> Any:
    axis, keys = int(call.params["dimension"]), int(call.params["num_keys"])
    if not any(map(recorded, arrays[:keys])):
        return _by_constants(call, arrays, keys)
    if len(arrays) == 1:
        return [call.xp.sort(arrays[0], axis=axis)]
    order = None
    for key in arrays[keys - 1 :: -1] if keys > 1 else arrays[:1]:
        key = key if order is None else call.xp.take_along_axis(key, order, axis=axis)
        after = call.xp.argsort(key, axis=axis, stable=True)
        order = after if order is None else call.xp.take_along_axis(order, after, axis=axis)
    return [call.xp.take_along_axis(x, order, axis=axis) for x in arrays]


def _by_constants(call: Call, arrays: Any, keys: int) -> Any:
    """Sort by keys that are constants: JAX orders the positions of the others."""
    known, others = arrays[:keys], arrays[keys:]
    shape = call.shape
    places = np.arange(int(np.prod(shape, dtype=int))).reshape(shape)
    *ordered, there = carried_out(call.primitive, call.params, (*known, places))
    return [*ordered, *(moved(call.xp, lambda _: np.asarray(there), [x]) for x in others)]


def _top_k(call: Call, x: Any) -> Any:
    axis = int(call.params.get("axis", -1)) % len(call.operands[0].shape)
    order = call.xp.argsort(call.xp.negative(x), axis=axis, stable=True)
    first = order[(*(slice(None),) * axis, slice(0, int(call.params["k"])))]
    return [call.xp.take_along_axis(x, first, axis=axis), first]


def _tile(call: Call, x: Any) -> Any:
    return moved(call.xp, lambda there: np.tile(there, call.params["reps"]), [x])


MOVEMENT: dict[str, Row] = {
    "broadcast_in_dim": _broadcast,
    "concatenate": _concatenate,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "gather": _gather,
    "pad": _pad,
    "reshape": _reshaped,
    "rev": _flip,
    "slice": _slice,
    "sort": _sort,
    "split": _split,
    "squeeze": _reshaped,
    "stack": _stack,
    "tile": _tile,
    "top_k": _top_k,
    "transpose": _transpose,
    "unstack": _unstack,
}
