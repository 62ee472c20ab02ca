"""Operators that only move components: PyTorch moves positions, and one indexing moves the numbers.

Position 0 stands for the zeros that an operator fills in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as pytree

from gradiometer.tracing.lowered import dropped
from gradiometer.tracing.torch.rows import CONSTANT, Row, all_tensors
from gradiometer.tracing.torch.storages import numbers

MOVES = (
    "_reshape_copy", "_unsafe_index", "as_strided_copy",
    "as_strided_scatter", "block_diag", "cat", "channel_shuffle", "constant_pad_nd", "diag_embed",
    "diagonal_backward", "diagonal_copy", "diagonal_scatter", "expand_copy", "flip",
    "gather", "im2col", "index", "index_copy", "index_fill", "index_select", "masked_scatter",
    "masked_select", "narrow_copy", "permute_copy", "pixel_shuffle", "pixel_unshuffle",
    "reflection_pad1d", "reflection_pad2d", "reflection_pad3d", "repeat", "replication_pad1d",
    "replication_pad2d", "replication_pad3d", "roll", "rot90", "select_backward", "select_copy",
    "select_scatter", "slice_backward", "slice_copy", "slice_scatter", "split_copy",
    "split_with_sizes_copy", "squeeze_copy", "stack", "t_copy", "take", "transpose_copy", "tril",
    "triu", "unbind_copy", "unfold_copy", "unsqueeze_copy", "upsample_nearest1d",
    "upsample_nearest2d", "upsample_nearest3d", "view_copy", "_upsample_nearest_exact1d",
    "_upsample_nearest_exact2d", "_upsample_nearest_exact3d", "max_unpool2d", "max_unpool3d",
)  # fmt: skip
"""Operators whose result's components are those of the operands, or zero, or a `value`."""

SAME = ("_conj_physical", "_lazy_clone", "alias_copy", "clone", "detach_copy")
"""Operators that return what they are given."""


def moved(mirror: Any, *args: Any, **kwargs: Any) -> Any:
    """Return what comes of an operator that moves components."""
    arrays: list[Any] = []
    ends = [1]

    def position(x: Any) -> Any:
        """Return positions in the place of real numbers, and other tensors as they are."""
        if not isinstance(x, torch.Tensor):
            return x
        if not mirror.real(x):
            return mirror.concrete(x)
        return _positions(mirror, x, arrays, ends)

    by = mirror.func
    args = pytree.tree_map(position, args)
    kwargs = pytree.tree_map(position, kwargs)
    value = _value_at(by)
    if value is not None and value < len(args) and isinstance(args[value], int | float):
        number = _number(mirror, args[value], arrays, ends)
        args = (*args[:value], number, *args[value + 1 :])
    elif isinstance(kwargs.get("value"), int | float):
        kwargs["value"] = _number(mirror, kwargs["value"], arrays, ends)
    there = by(*args, **kwargs)
    if isinstance(there, torch.Tensor):
        return taken(mirror.xp, arrays, whole(there))
    return tuple(taken(mirror.xp, arrays, whole(each)) for each in there)


def taken(xp: Any, arrays: Sequence[Any], there: Any) -> Any:
    """Return the components at positions, of which 0 is a zero and others count from 1.

    Args:
        xp: The array namespace.
        arrays: Arrays, whose components are counted through.
        there: Integers of the result's shape.
    """
    zeros = bool((there == 0).any())
    flat = [xp.reshape(x, (-1,)) for x in arrays]
    flat = [xp.zeros((1,)), *flat] if zeros else flat
    if not flat or not there.size:
        return xp.zeros(there.shape)
    joined = xp.concat(flat, axis=0) if len(flat) > 1 else flat[0]
    at = there.ravel() - (0 if zeros else 1)
    in_order = at.size == joined.shape[0] and np.array_equal(at, np.arange(at.size))
    return xp.reshape(joined if in_order else xp.take(joined, at, axis=0), there.shape)


def whole(there: torch.Tensor) -> Any:
    """Return positions as NumPy's integers."""
    return np.rint(there.detach().numpy(force=True)).astype(np.int64)


def counted(shape: Sequence[int], start: int = 1) -> torch.Tensor:
    """Return the positions of an array's components, as PyTorch moves them: doubles."""
    size = int(np.prod(tuple(shape), dtype=int))
    return torch.arange(start, start + size, dtype=torch.float64).reshape(tuple(shape))


def _positions(mirror: Any, x: torch.Tensor, arrays: list[Any], ends: list[int]) -> Any:
    arrays.append(mirror.array(x))
    found = counted(x.shape, ends[-1])
    ends.append(ends[-1] + x.numel())
    return found


def _number(mirror: Any, value: float, arrays: list[Any], ends: list[int]) -> float:
    if value == 0:
        return 0
    arrays.append(mirror.xp.asarray(np.array([float(value)])))
    ends.append(ends[-1] + 1)
    return float(ends[-2])


def _value_at(func: Any) -> int | None:
    """Return at which place an operator takes the number that it fills in."""
    names = [a.name for a in func._schema.arguments]
    return names.index("value") if "value" in names else None


def _embedded(mirror: Any, weight: Any, indices: Any, padding: int = -1, *options: Any) -> Any:
    """Return rows of a matrix; the row of padding is held constant, as the rule has it."""
    found = moved(mirror, weight, indices, padding)
    padded = numbers(indices) == padding
    if padding < 0 or not padded.any() or not mirror.cutting or not mirror.tracked(weight):
        return found
    mirror.tell_cut("stop_gradient", mirror.here)
    return mirror.xp.where(padded[..., None], mirror.xp.stop_gradient(found), found)


def _packed(mirror: Any, x: torch.Tensor, lengths: torch.Tensor, batch_first: bool) -> Any:
    """Return sequences of several lengths, one after the other; how many there are is known."""
    there, _ = mirror.func(counted(x.shape), lengths, batch_first)
    return taken(mirror.xp, [mirror.array(x)], whole(there)), CONSTANT


def _same(mirror: Any, x: torch.Tensor, *options: Any, **more: Any) -> Any:
    return mirror.array(x, raw=True)


def _converted(mirror: Any, x: torch.Tensor, *options: Any, **more: Any) -> Any:
    """Return numbers as another type: of real ones the same, or truncated, or `!= 0`."""
    to = mirror.out.dtype
    if to.is_floating_point:
        _note_dropped(mirror, x, to)
        return mirror.array(x)
    if to == torch.bool:
        found = mirror.array(x, raw=True)
        return found if x.dtype == torch.bool else found != 0
    if x.is_floating_point():
        return mirror.xp.astype(mirror.xp.trunc(mirror.array(x)), mirror.xp.int64)
    return mirror.array(x)


def _copied(mirror: Any, x: torch.Tensor, source: torch.Tensor, *options: Any) -> Any:
    if not x.is_floating_point() and source.is_floating_point():
        return None
    _note_dropped(mirror, source, x.dtype)
    array = mirror.array(source, raw=not x.is_floating_point())
    return mirror.xp.broadcast_to(array, tuple(x.shape))


def _filled(mirror: Any, x: torch.Tensor, value: Any) -> Any:
    value = mirror.array(value) if isinstance(value, torch.Tensor) else float(value)
    if not hasattr(value, "shape"):
        return mirror.xp.full(tuple(x.shape), value)
    return mirror.xp.broadcast_to(value, tuple(x.shape))


def _zeros(mirror: Any, x: torch.Tensor) -> Any:
    return mirror.xp.zeros(tuple(x.shape))


def _note_dropped(mirror: Any, x: torch.Tensor, to: torch.dtype) -> None:
    if x.is_floating_point() and to.itemsize < x.dtype.itemsize and mirror.tracked(x):
        source, target = (str(each).removeprefix("torch.") for each in (x.dtype, to))
        mirror.note(dropped(source, target, mirror.here.text))


ROWS: dict[str, Row] = all_tensors(
    dict.fromkeys(MOVES, moved)
    | dict.fromkeys(SAME, _same)
    | {
        "_pack_padded_sequence": _packed,
        "_to_copy": _converted,
        "convert_element_type": _converted,
        "copy": _copied,
        "embedding": _embedded,
        "fill": _filled,
        "scatter": moved,
        "zero": _zeros,
    }
)
