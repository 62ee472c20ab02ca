"""The array functions `xp` of the reference tape, under the array API standard's names.

The smooth functions are a table: value and derivative, in ball arithmetic. An operation that is
missing here makes the case an error that names it; it is never approximated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import arb

from gradiometer.errors import ReferenceFailure
from gradiometer.measure.reference.balls import unbroadcast
from gradiometer.measure.reference.tape import Coefficients, Node, elementwise, lift
from gradiometer.namespace import Namespace

Axis = int | tuple[int, ...] | None

# name: (value of one ball, derivative as an array expression of x and y = f(x))
SMOOTH: dict[str, tuple[Callable[[arb], arb], Callable[[Any, Any], Any]]] = {
    "exp": (arb.exp, lambda x, y: y),
    "expm1": (arb.expm1, lambda x, y: y + 1),
    "log": (arb.log, lambda x, y: 1 / x),
    "log1p": (arb.log1p, lambda x, y: 1 / (1 + x)),
    "sqrt": (arb.sqrt, lambda x, y: 1 / (2 * y)),
    "square": (lambda x: x * x, lambda x, y: 2 * x),
    "sin": (arb.sin, lambda x, y: _each(arb.cos, x)),
    "cos": (arb.cos, lambda x, y: -_each(arb.sin, x)),
    "tan": (arb.tan, lambda x, y: 1 + y * y),
    "asin": (arb.asin, lambda x, y: 1 / _each(arb.sqrt, 1 - x * x)),
    "acos": (arb.acos, lambda x, y: -1 / _each(arb.sqrt, 1 - x * x)),
    "atan": (arb.atan, lambda x, y: 1 / (1 + x * x)),
    "sinh": (arb.sinh, lambda x, y: _each(arb.cosh, x)),
    "cosh": (arb.cosh, lambda x, y: _each(arb.sinh, x)),
    "tanh": (arb.tanh, lambda x, y: 1 - y * y),
    "asinh": (arb.asinh, lambda x, y: 1 / _each(arb.sqrt, x * x + 1)),
    "acosh": (arb.acosh, lambda x, y: 1 / _each(arb.sqrt, x * x - 1)),
    "atanh": (arb.atanh, lambda x, y: 1 / (1 - x * x)),
    "sigmoid": (lambda x: 1 / (1 + (-x).exp()), lambda x, y: y * (1 - y)),
    "softplus": (lambda x: x.exp().log1p(), lambda x, y: 1 / (1 + _each(arb.exp, -x))),
    "erf": (arb.erf, lambda x, y: 2 / arb.pi().sqrt() * _each(arb.exp, -x * x)),
}


def _each(function: Callable[[arb], arb], x: Any) -> Any:
    return np.frompyfunc(function, 1, 1)(x)


def _smooth(name: str) -> Callable[[Any], Node]:
    value, derivative = SMOOTH[name]

    def operation(x: Any) -> Node:
        node = lift(x)
        y = np.asarray(_each(value, node.value), dtype=object)
        return elementwise(y, (node, derivative(node.value, y) if node.tracked else 0))

    operation.__name__ = name
    return operation


def where(condition: Any, a: Any, b: Any) -> Node:
    """Choose componentwise; the condition is decided, so each branch's cotangent is exact."""
    a, b, condition = lift(a), lift(b), np.asarray(condition, dtype=bool)

    def branch(node: Node, chosen: Any) -> tuple[Node, Callable[[Any, Coefficients], Any]]:
        return node, lambda g, c: unbroadcast(np.where(chosen, g, 0), node.shape)

    value = np.where(condition, a.value, b.value)
    return Node(value, [branch(a, condition), branch(b, ~condition)])


def maximum(a: Any, b: Any) -> Node:
    """Return the larger; where equal, the reference refuses to decide."""
    return where(lift(a) > b, a, b)


def minimum(a: Any, b: Any) -> Node:
    """Return the smaller; where equal, the reference refuses to decide."""
    return where(lift(a) < b, a, b)


def absolute(x: Any) -> Node:
    """Return |x|; at 0, the reference refuses to decide."""
    return where(lift(x) > 0, x, -lift(x))


def total(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Node:
    """Return the sum over axes."""
    node = lift(x)
    kept = node.value.sum(axis=axis, keepdims=True)

    def spread(g: Any, c: Coefficients) -> Any:
        return np.broadcast_to(np.asarray(g).reshape(np.shape(kept)), node.shape)

    value = kept if keepdims else node.value.sum(axis=axis)
    return Node(value, [(node, spread)])


def mean(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Node:
    """Return the mean over axes."""
    summed = total(x, axis, keepdims=keepdims)
    return summed / (lift(x).size // max(1, summed.size))


def reshape(x: Any, shape: Sequence[int]) -> Node:
    """Return the components in another shape."""
    node = lift(x)
    return Node(node.value.reshape(shape), [(node, lambda g, c: np.reshape(g, node.shape))])


def permute_dims(x: Any, axes: Sequence[int]) -> Node:
    """Return the array with its axes in another order."""
    node = lift(x)
    back = np.argsort([axis % node.ndim for axis in axes])
    return Node(
        node.value.transpose(tuple(axes)), [(node, lambda g, c: np.transpose(g, tuple(back)))]
    )


def stack(arrays: Sequence[Any], axis: int = 0) -> Node:
    """Join along a new axis."""
    nodes = [lift(a) for a in arrays]

    def take(i: int) -> Callable[[Any, Coefficients], Any]:
        return lambda g, c: np.take(g, i, axis=axis)

    value = np.stack([n.value for n in nodes], axis=axis)
    return Node(value, [(n, take(i)) for i, n in enumerate(nodes)])


def concat(arrays: Sequence[Any], axis: int = 0) -> Node:
    """Join along an existing axis."""
    nodes = [lift(a) for a in arrays]
    ends = np.cumsum([n.shape[axis] for n in nodes])[:-1]

    def cut(i: int) -> Callable[[Any, Coefficients], Any]:
        return lambda g, c: np.split(g, ends, axis=axis)[i]

    value = np.concatenate([n.value for n in nodes], axis=axis)
    return Node(value, [(n, cut(i)) for i, n in enumerate(nodes)])


def logsumexp(x: Any, axis: Axis = None) -> Node:
    """Return log Σ e^x; balls have exponents without bound, so no shift is needed."""
    xp = NAMESPACE
    result: Node = xp.log(total(xp.exp(x), axis))
    return result


class _Missing:
    """Behind the table: names the operation that the reference has no rule for."""

    def __getattr__(self, name: str) -> Any:
        if name == "relu" or name.startswith("__"):
            raise AttributeError(name)  # composed of others by `Namespace`
        raise ReferenceFailure(
            f"the reference has no rule for the operation {name!r}. Write the problem with "
            f"{', '.join(sorted(OPERATIONS))}."
        )


OPERATIONS: dict[str, Any] = {name: _smooth(name) for name in SMOOTH} | {
    "abs": absolute,
    "concat": concat,
    "logsumexp": logsumexp,
    "matmul": lambda a, b: lift(a) @ b,
    "maximum": maximum,
    "mean": mean,
    "minimum": minimum,
    "permute_dims": permute_dims,
    "pow": lambda a, b: lift(a) ** b,
    "reshape": reshape,
    "stack": stack,
    "sum": total,
    "where": where,
    "pi": float(np.pi),
    "e": float(np.e),
}
NAMESPACE = Namespace(_Missing(), OPERATIONS)
