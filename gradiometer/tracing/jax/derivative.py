"""The derivatives of a function as JAX computes them, hand-written rules and all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax

Function = Callable[..., Any]


def differentiate(
    function: Function, operator: str, inputs: Sequence[Any], along: Sequence[Any]
) -> list[Any]:
    """Return the arrays of a derivative.

    Args:
        function: Takes arrays of JAX, and returns one, or a tuple of them.
        operator: One of Gradiometer's operators.
        inputs: The arrays.
        along: Of a pushforward or an `hvp` a tangent for each input, of a pullback a cotangent for
            each output.
    """
    found = WAYS[operator](function, tuple(inputs), tuple(along))
    return list(jax.tree_util.tree_leaves(found))


def _scalar(function: Function) -> Function:
    """Return a function whose output may stand in a tuple, as a scalar."""

    def scalar(*xs: Any) -> Any:
        (found,) = jax.tree_util.tree_leaves(function(*xs))
        return found

    return scalar


def _like(directions: Any, arrays: Any) -> tuple[Any, ...]:
    return tuple(v.astype(x.dtype) for v, x in zip(directions, arrays, strict=True))


def _gradient(function: Function, inputs: Any, along: Any) -> Any:
    return jax.grad(_scalar(function), argnums=range(len(inputs)))(*inputs)


def _jacobian(function: Function, inputs: Any, along: Any) -> Any:
    return jax.jacrev(function, argnums=range(len(inputs)))(*inputs)


def _hessian(function: Function, inputs: Any, along: Any) -> Any:
    return jax.hessian(_scalar(function), argnums=range(len(inputs)))(*inputs)


def _jvp(function: Function, inputs: Any, along: Any) -> Any:
    return jax.jvp(function, inputs, _like(along, inputs))[1]


def _vjp(function: Function, inputs: Any, along: Any) -> Any:
    outputs, back = jax.vjp(function, *inputs)
    leaves, structure = jax.tree_util.tree_flatten(outputs)
    return back(structure.unflatten(_like(along, leaves)))


def _hvp(function: Function, inputs: Any, along: Any) -> Any:
    return jax.jvp(lambda *xs: _gradient(function, xs, ()), inputs, _like(along, inputs))[1]


WAYS: dict[str, Callable[[Function, Any, Any], Any]] = {
    "value": lambda function, inputs, along: function(*inputs),
    "gradient": _gradient,
    "hessian": _hessian,
    "hvp": _hvp,
    "jacobian": _jacobian,
    "jvp": _jvp,
    "vjp": _vjp,
}
