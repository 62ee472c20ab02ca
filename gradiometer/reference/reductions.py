"""Operations over axes: sums, products, extremes, orders.

Every function takes arrays, nodes or numbers, and returns a node, or plain integers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradiometer.reference import linear, numeric
from gradiometer.reference.array import lift
from gradiometer.reference.elementary import smooth
from gradiometer.reference.evaluation import compare
from gradiometer.reference.node import Node
from gradiometer.reference.parts import Reduced, Scaled
from gradiometer.reference.piecewise import maximum, minimum
from gradiometer.reference.refusals import WrongValue, refusal
from gradiometer.reference.rounding import of_function
from gradiometer.reference.shapes import moveaxis, take_along_axis
from gradiometer.reference.structure import concat, reshape, spread, transpose, where

Axis = int | Sequence[int] | None


def total(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Node:
    """Return the sum over axes."""
    node = lift(x)
    summed, dropped = linear.total(node.shape, axis)
    kept = node.apply(summed)
    return kept if keepdims else kept.apply(dropped)


def mean(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Node:
    """Return the mean over axes."""
    node = lift(x)
    summed = total(node, axis, keepdims=keepdims)
    return summed / (node.size // max(1, summed.size))


def variance(x: Any, axis: Axis = None, *, correction: float = 0, keepdims: bool = False) -> Node:
    """Return the variance over axes: the mean square of what differs from the mean."""
    node = lift(x)
    apart = node - mean(node, axis, keepdims=True)
    squares = total(apart * apart, axis, keepdims=keepdims)
    return squares / (node.size // max(1, squares.size) - correction)


def deviation(x: Any, axis: Axis = None, *, correction: float = 0, keepdims: bool = False) -> Node:
    """Return the standard deviation over axes."""
    return smooth("sqrt", variance(x, axis, correction=correction, keepdims=keepdims))


def prod(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Node:
    """Return the product over axes.

    Its derivative is the product over the component, as tools have it; where a component is zero, a
    tree of products.
    """
    node = lift(x)
    product = _tree(node, axis, True, lambda a, b: a * b, Node(1))
    if (node.moduli > 0.0).all() and node.size > product.size:
        summed, _ = linear.total(node.shape, axis)
        part = Reduced(node, Scaled(node, lambda: product / node, node.shape), summed)
        rounding = of_function(float(summed.terms))
        product = Node(product.value, ("prod", summed, node), [part], rounding=rounding)
    return product if keepdims else reshape(product, linear.total(node.shape, axis)[1].after)


def largest(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Node:
    """Return the maximum over axes."""
    return _tree(lift(x), axis, keepdims, maximum, None)


def smallest(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Node:
    """Return the minimum over axes."""
    return _tree(lift(x), axis, keepdims, minimum, None)


def logsumexp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Node:
    """Return log Σ e^x, shifted by a constant near the maximum, which leaves it as it is."""
    x = lift(x)
    axes = axis if axis is None or isinstance(axis, int) else tuple(axis)
    shift = np.max(x.floats, axis=axes, keepdims=True)
    shift = Node(np.where(np.isfinite(shift), shift, 0.0))
    found = smooth("log", total(smooth("exp", x - shift), axis, keepdims=True)) + shift
    return found if keepdims else reshape(found, linear.total(x.shape, axis)[1].after)


def cumulative_sum(x: Any, *, axis: int | None = None, include_initial: bool = False) -> Node:
    """Return the partial sums along an axis, from zero where the initial one is included."""
    front = _along(lift(x), axis)
    sums = front.apply(linear.Accumulate(front.shape, front.shape))
    if include_initial:
        sums = concat([Node(np.zeros((1, *front.shape[1:]))), sums])
    return moveaxis(sums, 0, axis or 0)


def cumulative_prod(x: Any, *, axis: int | None = None, include_initial: bool = False) -> Node:
    """Return the partial products along an axis, from one where the initial one is included."""
    front = _along(lift(x), axis)
    rows = [front[:1]]
    for k in range(1, front.shape[0]):
        rows.append(rows[-1] * front[k : k + 1])
    if include_initial:
        rows = [Node(np.ones((1, *front.shape[1:]))), *rows]
    return moveaxis(concat(rows), 0, axis or 0)


def argmax(x: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """Return where the maximum is, the first of several."""
    return _extreme_position(lift(x), axis, ">=", keepdims)


def argmin(x: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
    """Return where the minimum is, the first of several."""
    return _extreme_position(lift(x), axis, "<=", keepdims)


def argsort(x: Any, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Any:
    """Return the order of the components along an axis."""
    x = lift(x)
    front = moveaxis(x, axis, 0)
    matrix = reshape(front, (front.shape[0], -1))
    order = np.empty(matrix.shape, dtype=np.int64)
    for column in range(matrix.shape[1]):
        order[:, column] = numeric.order(matrix.value[:, column], descending=descending)
    columns = np.arange(matrix.shape[1])
    ahead, behind = matrix[order[:-1], columns], matrix[order[1:], columns]
    right = compare(ahead, ">=" if descending else "<=", behind)
    for k, column in zip(*np.nonzero(~right), strict=True):  # a comparison that was turned
        order[[k, k + 1], column] = order[[k + 1, k], column]
    return np.moveaxis(order.reshape(front.shape), 0, axis)


def sort(x: Any, axis: int = -1, *, descending: bool = False, stable: bool = True) -> Node:
    """Return the components in order along an axis."""
    order = argsort(x, axis, descending=descending)
    return take_along_axis(x, order, axis)


def _extreme_position(x: Node, axis: int | None, relation: str, keepdims: bool) -> Any:
    front = _along(x, axis)
    best, place = front[0], np.zeros(front.shape[1:], dtype=np.int64)
    for k in range(1, front.shape[0]):
        held = compare(best, relation, front[k])
        best, place = where(held, best, front[k]), np.where(held, place, k)
    kept, dropped = linear.total(x.shape, axis)
    return place.reshape(kept.after if keepdims else dropped.after)[()]


def _along(x: Node, axis: int | None) -> Node:
    """Return the array with an axis in front; flattened without one."""
    return reshape(x, (-1,)) if axis is None else moveaxis(x, axis, 0)


def _tree(
    x: Node, axis: Axis, keepdims: bool, combine: Callable[[Any, Any], Node], empty: Node | None
) -> Node:
    """Combine the components over axes, in halves."""
    summed, dropped = linear.total(x.shape, axis)
    axes = linear.axes_of(x.shape, axis)
    order = [*axes, *(k for k in range(x.ndim) if k not in axes)]
    left = reshape(transpose(x, order), (-1, *(x.shape[k] for k in order[len(axes) :])))
    if not left.shape[0]:
        if empty is None:
            raise refusal("the maximum of nothing", "it is not defined.", WrongValue)
        left = spread(empty, (1, *left.shape[1:]))
    while left.shape[0] > 1:
        half, odd = left.shape[0] // 2, left.shape[0] % 2
        paired = combine(left[:half], left[half : 2 * half])
        left = concat([paired, left[-1:]]) if odd else paired
    return reshape(left, summed.after if keepdims else dropped.after)
