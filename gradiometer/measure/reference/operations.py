"""The array functions `xp` of the reference tape, under the array API standard's names.

The smooth functions are a table: value and derivative, in ball arithmetic. An operation that is
missing here makes the case an error that names it; it is never approximated.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from flint import arb

from gradiometer.errors import ReferenceFailure
from gradiometer.measure.reference import balls as numeric
from gradiometer.measure.reference.tape import (
    Coefficient,
    Coefficients,
    Edge,
    Node,
    elementwise,
    lift,
    pick,
    reshape,
    select,
    smooth,
    spread,
    times,
    transpose,
    unbroadcast,
)
from gradiometer.namespace import Namespace

Axis = int | tuple[int, ...] | None

# name: (value of one ball, derivative as an expression of the nodes x and y = f(x))
SMOOTH: dict[str, tuple[Callable[[arb], arb], Callable[[Node, Node], Any]]] = {
    "exp": (arb.exp, lambda x, y: y),
    "expm1": (arb.expm1, lambda x, y: y + 1),
    "log": (arb.log, lambda x, y: 1 / x),
    "log1p": (arb.log1p, lambda x, y: 1 / (1 + x)),
    "sqrt": (arb.sqrt, lambda x, y: 1 / (2 * y)),
    "square": (lambda x: x * x, lambda x, y: 2 * x),
    "sin": (arb.sin, lambda x, y: _smooth("cos", x)),
    "cos": (arb.cos, lambda x, y: -_smooth("sin", x)),
    "tan": (arb.tan, lambda x, y: 1 + y * y),
    "asin": (arb.asin, lambda x, y: 1 / _smooth("sqrt", 1 - x * x)),
    "acos": (arb.acos, lambda x, y: -1 / _smooth("sqrt", 1 - x * x)),
    "atan": (arb.atan, lambda x, y: 1 / (1 + x * x)),
    "sinh": (arb.sinh, lambda x, y: _smooth("cosh", x)),
    "cosh": (arb.cosh, lambda x, y: _smooth("sinh", x)),
    "tanh": (arb.tanh, lambda x, y: 1 - y * y),
    "asinh": (arb.asinh, lambda x, y: 1 / _smooth("sqrt", x * x + 1)),
    "acosh": (arb.acosh, lambda x, y: 1 / _smooth("sqrt", x * x - 1)),
    "atanh": (arb.atanh, lambda x, y: 1 / (1 - x * x)),
    "sigmoid": (lambda x: 1 / (1 + (-x).exp()), lambda x, y: y * (1 - y)),
    "softplus": (lambda x: x.exp().log1p(), lambda x, y: _smooth("sigmoid", x)),
    "erf": (arb.erf, lambda x, y: Node(2 / arb.pi().sqrt()) * _smooth("exp", -x * x)),
}


def _smooth(name: str, x: Any) -> Node:
    value, slope = SMOOTH[name]
    return smooth(value, x, slope)


def where(condition: Any, a: Any, b: Any) -> Node:
    """Choose componentwise; the condition is decided, so each branch's cotangent is exact."""
    a, b, condition = lift(a), lift(b), np.asarray(condition, dtype=bool)

    def branch(node: Node, chosen: Any) -> Edge:
        return node, lambda g, c: unbroadcast(select(chosen, g), node.shape)

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


def atan2(y: Any, x: Any) -> Node:
    """Return the angle of the point (x, y)."""
    y, x = lift(y), lift(x)
    angle = np.asarray(np.frompyfunc(arb.atan2, 2, 1)(y.value, x.value), dtype=object)
    return elementwise(angle, (y, lambda: x / (x * x + y * y)), (x, lambda: -y / (x * x + y * y)))


def total(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Node:
    """Return the sum over axes."""
    node = lift(x)
    kept = np.asarray(node.value.sum(axis=axis, keepdims=True))
    value = kept if keepdims else node.value.sum(axis=axis)
    return Node(value, [(node, lambda g, c: spread(reshape(g, kept.shape), node.shape))])


def mean(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Node:
    """Return the mean over axes."""
    summed = total(x, axis, keepdims=keepdims)
    return summed / (lift(x).size // max(1, summed.size))


def prod(x: Any, axis: int | None = None) -> Node:
    """Return the product over an axis, or of all components: a tree of products."""
    node = lift(x)
    left = reshape(node, (-1,)) if axis is None else _to_front(node, axis)
    if not len(left):
        return Node(np.ones(left.shape[1:]))
    while len(left) > 1:
        half, odd = len(left) // 2, len(left) % 2
        paired = left[:half] * left[half : 2 * half]
        left = concat([paired, left[-1:]]) if odd else paired
    return left[0]


def cumulative_sum(x: Any, *, axis: int = 0) -> Node:
    """Return the partial sums along an axis."""
    front = _to_front(lift(x), axis)
    flat = reshape(front, (len(front), -1))
    sums = reshape(lift(np.tri(len(front))) @ flat, front.shape)
    return _to_front(sums, 0, axis % sums.ndim)


def expand_dims(x: Any, axis: int = 0) -> Node:
    """Return the array with an axis of length one put in."""
    expanded: Node = reshape(lift(x), np.expand_dims(lift(x).value, axis).shape)
    return expanded


def stack(arrays: Sequence[Any], axis: int = 0) -> Node:
    """Join along a new axis."""
    return concat([expand_dims(a, axis) for a in arrays], axis)


def concat(arrays: Sequence[Any], axis: int = 0) -> Node:
    """Join along an existing axis."""
    nodes = [lift(a) for a in arrays]
    value = np.concatenate([n.value for n in nodes], axis=axis)
    ends = np.cumsum([n.shape[axis] for n in nodes]).tolist()
    before = (slice(None),) * (axis % value.ndim)

    def part(node: Node, end: int) -> Edge:
        key = (*before, slice(end - node.shape[axis], end))
        return node, lambda g, c: pick(g, key)

    return Node(value, [part(node, end) for node, end in zip(nodes, ends, strict=True)])


def take(x: Any, indices: Any, axis: int = 0) -> Node:
    """Return the slices at integer indices along an axis."""
    node = lift(x)
    return node[(*(slice(None),) * (axis % node.ndim), np.asarray(indices))]


def logsumexp(x: Any, axis: Axis = None) -> Node:
    """Return log Σ e^x; balls have exponents without bound, so no shift is needed."""
    return _smooth("log", total(_smooth("exp", x), axis))


def inverse(matrix: Any) -> Node:
    """Return the inverse of a square matrix."""
    a = lift(matrix)
    y = Node(numeric.inverse(a.value))
    m = Coefficient(y)

    def pullback(g: Any, c: Coefficients) -> Any:
        turned = transpose(c(m), (1, 0))
        return times(times(turned, g), turned) * c(Coefficient(-1))

    return y.follow((a, pullback))


def solve(matrix: Any, right: Any) -> Node:
    """Return A⁻¹·b; balls make the inverse as good as a factorisation."""
    return inverse(matrix) @ lift(right)


def diagonal(matrix: Any) -> Node:
    """Return the main diagonal of a square matrix."""
    node = lift(matrix)
    return node[np.arange(len(node)), np.arange(len(node))]


def cholesky(matrix: Any) -> Node:
    """Return the lower Cholesky factor, column by column (Golub and Van Loan, §4.2.5)."""
    a = lift(matrix)
    n = len(a)
    left = Node(np.zeros((n, 0)))
    for j in range(n):
        column = a[j:, j]
        if j:
            column = column - left[j:, :] @ left[j, :]
        column = concat([Node(np.zeros(j)), column / _smooth("sqrt", column[0])])
        left = concat([left, expand_dims(column, 1)], axis=1)
    return left


def _to_front(x: Node, axis: int, place: int = 0) -> Node:
    order = list(range(x.ndim))
    order.insert(place, order.pop(axis))
    moved: Node = transpose(x, order)
    return moved


class _Missing:
    """Behind the table: names the operation that the reference has no rule for."""

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        if name == "relu" or name.startswith("__"):
            raise AttributeError(name)  # composed of others by `Namespace`
        raise ReferenceFailure(
            f"the reference has no rule for the operation {self._prefix + name!r}. Write the "
            f"problem with {', '.join(sorted(OPERATIONS))}."
        )


OPERATIONS: dict[str, Any] = {name: functools.partial(_smooth, name) for name in SMOOTH} | {
    "abs": absolute,
    "atan2": atan2,
    "concat": concat,
    "cumulative_sum": cumulative_sum,
    "expand_dims": expand_dims,
    "linalg": Namespace(
        _Missing("linalg."),
        {"cholesky": cholesky, "diagonal": diagonal, "inv": inverse, "solve": solve},
    ),
    "logsumexp": logsumexp,
    "matmul": lambda a, b: lift(a) @ b,
    "maximum": maximum,
    "mean": mean,
    "minimum": minimum,
    "permute_dims": lambda x, axes: transpose(lift(x), axes),
    "pow": lambda a, b: lift(a) ** b,
    "prod": prod,
    "reshape": lambda x, shape: reshape(lift(x), shape),
    "stack": stack,
    "sum": total,
    "take": take,
    "where": where,
    "pi": float(np.pi),
    "e": float(np.e),
}
NAMESPACE = Namespace(_Missing(), OPERATIONS)
