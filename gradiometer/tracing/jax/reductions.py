"""Rules of JAX's reductions and cumulative operations."""

from __future__ import annotations

from typing import Any

from gradiometer.tracing.jax.interpret import Call, Row


def _reduced(name: str) -> Row:
    def rule(call: Call, x: Any) -> Any:
        axes = tuple(int(k) for k in call.params["axes"])
        return getattr(call.xp, name)(x, axis=axes) if axes else x

    return rule


def _position(name: str) -> Row:
    def rule(call: Call, x: Any) -> Any:
        (axis,) = call.params["axes"]
        return getattr(call.xp, name)(x, axis=int(axis))

    return rule


def _flipped(rule: Row) -> Row:
    """Return a cumulative rule from its form from first to last."""

    def either(call: Call, x: Any) -> Any:
        axis = int(call.params["axis"])
        if not call.params["reverse"]:
            return rule(call.xp, x, axis)
        return call.xp.flip(rule(call.xp, call.xp.flip(x, axis=axis), axis), axis=axis)

    return either


def _one_by_one(name: str) -> Row:
    """Return a cumulative rule of a function of two, such as the larger."""

    def rule(xp: Any, x: Any, axis: int) -> Any:
        front = xp.moveaxis(x, axis, 0)
        found = [front[0]]
        for k in range(1, front.shape[0]):
            found.append(getattr(xp, name)(found[-1], front[k]))
        return xp.moveaxis(xp.stack(found), 0, axis)

    return rule


def _reduce(call: Call, *operands: Any) -> Any:
    """Combine components by a function that JAX holds as a graph, one by one."""
    count = len(operands) // 2
    arrays, first = operands[:count], operands[count:]
    axes = [int(k) for k in call.params["dimensions"]]
    kept = [k for k in range(len(call.operands[0].shape)) if k not in axes]
    xp = call.xp
    rows = [xp.reshape(xp.permute_dims(x, (*axes, *kept)), (-1, *call.shape)) for x in arrays]
    found = list(first)
    for k in range(rows[0].shape[0]):
        found = call.interpreter.closed(call.params["jaxpr"], *found, *(x[k] for x in rows))
    return [xp.broadcast_to(xp.asarray(x), call.shape) for x in found]


def _sums(xp: Any, x: Any, axis: int) -> Any:
    return xp.cumulative_sum(x, axis=axis)


def _products(xp: Any, x: Any, axis: int) -> Any:
    return xp.cumulative_prod(x, axis=axis)


REDUCTIONS: dict[str, Row] = {
    "argmax": _position("argmax"),
    "argmin": _position("argmin"),
    "cumlogsumexp": _flipped(_one_by_one("logaddexp")),
    "cummax": _flipped(_one_by_one("maximum")),
    "cummin": _flipped(_one_by_one("minimum")),
    "cumprod": _flipped(_products),
    "cumsum": _flipped(_sums),
    "reduce": _reduce,
    "reduce_and": _reduced("all"),
    "reduce_max": _reduced("max"),
    "reduce_min": _reduced("min"),
    "reduce_or": _reduced("any"),
    "reduce_prod": _reduced("prod"),
    "reduce_sum": _reduced("sum"),
}
