"""Lowers what JAX computes as a derivative: its own graph of it, hand-written rules and all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from gradiometer.errors import UnknownName
from gradiometer.tracing.jax.lower import lower, wide_enough
from gradiometer.tracing.lowered import Lowered
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.space import Array

Function = Callable[..., Any]


def derivative(
    function: Function,
    arrays: Sequence[Any],
    names: Sequence[str],
    given: Sequence[str],
    operator: str,
    directions: Sequence[Array] = (),
) -> Lowered:
    """Return a derivative as JAX computes it, lowered: its outputs are the answer's arrays.

    Args:
        function: Takes flat arrays of JAX, and returns one, or a tuple of them.
        arrays: Their values: inputs, then those that are held constant.
        names: Their names, in the same order.
        given: Which of them are held constant.
        operator: One of Gradiometer's operators.
        directions: Of a pushforward or an `hvp` a tangent for each input, of a pullback a cotangent
            for each output; they become given values, `direction0` and so on. Ones by default.

    Raises:
        UnknownName: If there is no such operator.
        UnknownPrimitive: If the derivative has an operation without a rule.
    """
    if operator not in WAYS:
        raise UnknownName("operator", operator, OPERATORS)
    count = len(names) - len(given)
    taken = OPERATORS[operator].direction
    drawn = [np.asarray(d) for d in directions] or _ones(function, arrays, count, taken)
    extra = [f"direction{k}" for k in range(len(drawn))] if taken else []
    way = WAYS[operator]

    def derived(*xs: Any) -> tuple[Any, ...]:
        inputs, held, along = xs[:count], xs[count : len(names)], xs[len(names) :]
        return tuple(
            jax.tree_util.tree_leaves(way(lambda *ys: function(*ys, *held), inputs, along))
        )

    return lower(derived, [*arrays, *drawn], [*names, *extra], [*given, *extra])


def _ones(function: Function, arrays: Sequence[Any], count: int, taken: str) -> list[Array]:
    """Return directions of ones."""
    if not taken:
        return []
    if taken == "tangents":
        return [np.ones_like(np.asarray(a)) for a in arrays[:count]]
    with wide_enough(arrays):
        outputs = jax.eval_shape(function, *(jax.numpy.asarray(a) for a in arrays))
    return [np.ones(y.shape, y.dtype) for y in jax.tree_util.tree_leaves(outputs)]


def _scalar(function: Function) -> Function:
    """Return a function whose output may stand in a tuple, as a scalar."""

    def scalar(*xs: Any) -> Any:
        (found,) = jax.tree_util.tree_leaves(function(*xs))
        return found

    return scalar


def _gradient(function: Function, inputs: Any, along: Any) -> Any:
    return jax.grad(_scalar(function), argnums=range(len(inputs)))(*inputs)


def _jacobian(function: Function, inputs: Any, along: Any) -> Any:
    return jax.jacrev(function, argnums=range(len(inputs)))(*inputs)


def _hessian(function: Function, inputs: Any, along: Any) -> Any:
    return jax.hessian(_scalar(function), argnums=range(len(inputs)))(*inputs)


def _jvp(function: Function, inputs: Any, along: Any) -> Any:
    return jax.jvp(function, inputs, along)[1]


def _vjp(function: Function, inputs: Any, along: Any) -> Any:
    outputs, back = jax.vjp(function, *inputs)
    return back(jax.tree_util.tree_structure(outputs).unflatten(along))


def _hvp(function: Function, inputs: Any, along: Any) -> Any:
    return jax.jvp(lambda *xs: _gradient(function, xs, ()), inputs, along)[1]


WAYS: dict[str, Callable[[Function, Any, Any], Any]] = {
    "value": lambda function, inputs, along: function(*inputs),
    "gradient": _gradient,
    "hessian": _hessian,
    "hvp": _hvp,
    "jacobian": _jacobian,
    "jvp": _jvp,
    "vjp": _vjp,
}
