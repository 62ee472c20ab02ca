"""Rules of JAX's scatters, and of windows: pooling and its derivatives."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax._src import core
from numpy.typing import NDArray

from gradiometer.errors import GradiometerError
from gradiometer.tracing.jax.gathered import gathered
from gradiometer.tracing.jax.interpret import Call, Row
from gradiometer.tracing.jax.values import UnknownPrimitive, carried_out, held
from gradiometer.tracing.positions import moved


def _scatter(call: Call, x: Any, indices: Any, new: Any) -> Any:
    """Put components at indices.

    Raises:
        UnknownPrimitive: If a function of what is there is put.
    """
    at, combined = held(indices), call.params["update_jaxpr"]
    if combined is not None and combined.eqns:
        raise UnknownPrimitive(
            f"x.at[…].apply(f){call.place} has no rule: write x.at[…].set(f(x[…]))."
        )

    def by(there: Any, put: Any) -> Any:
        return np.asarray(carried_out(call.primitive, call.params, (there, at, put))[0])

    return moved(call.xp, by, [x, new])


def _scatter_by(kind: str, *, negated: bool = False) -> Row:
    def rule(call: Call, x: Any, indices: Any, new: Any) -> Any:
        places = _places(call, held(indices))
        x, new = call.xp.asarray(x), call.xp.asarray(new)
        return gathered(call.xp, call.xp.negative(new) if negated else new, places, x, kind)

    return rule


def _places(call: Call, indices: Any) -> NDArray[Any]:
    """Return where each component of a scatter goes, −1 where it is dropped.

    A scatter that adds is linear: its transpose carries each place back to what goes there.
    """
    x, _, new = call.operands
    scatter = jax.lax.scatter_add_p
    params = dict(call.params)
    with jax.enable_x64(True), core.set_current_trace(core.eval_trace):
        params["update_jaxpr"], params["update_consts"] = None, ()
        zeros = np.zeros(x.shape)
        back = jax.linear_transpose(
            lambda u: scatter.bind(zeros, indices, u, **params),
            jax.ShapeDtypeStruct(new.shape, np.float64),
        )
        numbers = np.arange(1.0, 1.0 + zeros.size).reshape(x.shape)
        (found,) = back(numbers)
    return np.asarray(found).astype(int) - 1


def _windows(call: Call, operand: Any) -> NDArray[Any]:
    """Return the positions in each window, flat on a last axis; −1 of what is padded."""
    p, shape = call.params, tuple(operand.shape)
    ones = (1,) * len(shape)
    base, inner = p.get("base_dilation", ones), p.get("window_dilation", ones)
    there = np.arange(int(np.prod(shape, dtype=int))).reshape(shape)
    at: list[Any] = []
    for axis, (low, high) in enumerate(p["padding"]):
        wide = np.full(max(0, (shape[axis] - 1) * base[axis] + 1), -1)
        wide[:: base[axis]] = np.arange(shape[axis])
        line = np.concatenate([np.full(low, -1), wide, np.full(high, -1)])
        reach = (p["window_dimensions"][axis] - 1) * inner[axis] + 1
        starts = np.arange(0, line.size - reach + 1, p["window_strides"][axis])
        at.append(line[starts[:, None] + np.arange(0, reach, inner[axis])])
    outside = np.zeros((), dtype=bool)
    index = []
    n = len(shape)
    for axis, lines in enumerate(at):
        spread = [1] * (2 * n)
        spread[axis], spread[n + axis] = lines.shape
        lines = lines.reshape(spread)
        outside = outside | (lines < 0)
        index.append(np.maximum(lines, 0))
    found = np.where(outside, -1, there[tuple(index)])
    return found.reshape(*found.shape[:n], -1)


def _laid_out(call: Call, x: Any, windows: Any, fill: Any) -> Any:
    """Return the components of each window."""
    return moved(call.xp, lambda at, put: np.where(windows < 0, put, at.ravel()[windows]),
                 [x, np.asarray(fill)])  # fmt: skip


def _inside(windows: NDArray[Any]) -> NDArray[Any]:
    """Return windows in which what is padded is replaced by a component that is there.

    Raises:
        GradiometerError: If a window holds nothing.
    """
    there = windows >= 0
    if not there.any(-1).all():
        raise GradiometerError(
            "a window of a pooling lies wholly in the padding, and has no extreme: give it less "
            "padding."
        )
    first = np.take_along_axis(windows, there.argmax(-1)[..., None], -1)
    return np.where(there, windows, first)


def _window_sum(call: Call, x: Any) -> Any:
    return call.xp.sum(_laid_out(call, x, _windows(call, call.operands[0]), 0.0), axis=-1)


def _window_extreme(name: str) -> Row:
    def rule(call: Call, x: Any) -> Any:
        windows = _inside(_windows(call, call.operands[0]))
        return getattr(call.xp, name)(_laid_out(call, x, windows, 0.0), axis=-1)

    return rule


def _reduce_window(call: Call, *operands: Any) -> Any:
    """Combine the components of windows by a function that JAX holds as a graph."""
    count = len(operands) // 2
    windows = _windows(call, call.operands[0])
    laid = [
        _laid_out(call, x, windows, held(call.xp.asarray(first)))
        for x, first in zip(operands[:count], operands[count:], strict=True)
    ]
    found = [call.xp.broadcast_to(call.xp.asarray(x), call.shape) for x in operands[count:]]
    for k in range(windows.shape[-1]):
        at = [x[..., k] for x in laid]
        found = call.interpreter.graph(call.params["jaxpr"], call.params["consts"], [*found, *at])
    return found


def _chosen(call: Call, operand: Any, windows: NDArray[Any]) -> Any:
    """Return which component each window selects, as truth values."""
    name = "argmax" if call.params["select_prim"].name == "ge" else "argmin"
    found = getattr(call.xp, name)(_laid_out(call, operand, windows, 0.0), axis=-1)
    column = np.arange(windows.shape[-1])
    return call.xp.equal(call.xp.expand_dims(found, axis=-1), column)


def _select_and_scatter_add(call: Call, source: Any, operand: Any) -> Any:
    """Add to what each window selects: the derivative of pooling by the largest."""
    windows = _windows(call, call.operands[1])
    mask = _chosen(call, operand, _inside(windows))
    spread = call.xp.where(mask, call.xp.expand_dims(call.xp.asarray(source), axis=-1), 0.0)
    start = call.xp.asarray(np.zeros(call.shape))
    return gathered(call.xp, spread, windows, start, "add")


def _select_and_gather_add(call: Call, tangents: Any, operand: Any) -> Any:
    """Take what each window selects."""
    windows = _inside(_windows(call, call.operands[0]))
    mask = _chosen(call, operand, windows)
    laid = _laid_out(call, tangents, windows, 0.0)
    return call.xp.sum(call.xp.where(mask, laid, 0.0), axis=-1)


SCATTERS: dict[str, Row] = {
    "scatter": _scatter,
    "scatter-add": _scatter_by("add"),
    "scatter-max": _scatter_by("max"),
    "scatter-min": _scatter_by("min"),
    "scatter-mul": _scatter_by("mul"),
    "scatter-sub": _scatter_by("add", negated=True),
}
WINDOWS: dict[str, Row] = {
    "reduce_window": _reduce_window,
    "reduce_window_max": _window_extreme("max"),
    "reduce_window_min": _window_extreme("min"),
    "reduce_window_sum": _window_sum,
    "select_and_gather_add": _select_and_gather_add,
    "select_and_scatter_add": _select_and_scatter_add,
}
