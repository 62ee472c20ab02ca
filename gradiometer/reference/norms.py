"""Norms of vectors and of matrices.

Every function takes arrays, nodes or numbers, and returns a node.
"""

from __future__ import annotations

import math
from typing import Any

from gradiometer.reference.array import lift
from gradiometer.reference.decomposition import svdvals
from gradiometer.reference.elementary import power, smooth
from gradiometer.reference.node import Node
from gradiometer.reference.piecewise import absolute, truth
from gradiometer.reference.reductions import largest, smallest, total
from gradiometer.reference.refusals import WrongValue, refusal
from gradiometer.reference.shapes import expand_dims
from gradiometer.reference.structure import where


def vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Node:  # noqa: A002  # the standard's
    """Return a norm over axes: Euclidean, or of another order."""
    x = lift(x)
    if ord == 2:
        return smooth("sqrt", total(x * x, axis, keepdims=keepdims))
    if ord == 0:
        counted = where(truth(x), Node(1), Node(0))
        return total(counted, axis, keepdims=keepdims)
    sizes = absolute(x)
    if ord == math.inf:
        return largest(sizes, axis, keepdims=keepdims)
    if ord == -math.inf:
        return smallest(sizes, axis, keepdims=keepdims)
    if ord == 1:
        return total(sizes, axis, keepdims=keepdims)
    return power(total(power(sizes, lift(ord)), axis, keepdims=keepdims), 1.0 / ord)


def matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Node:  # noqa: A002  # the standard's
    """Return a norm of each matrix: Frobenius, nuclear, of rows or columns, or spectral."""
    x = lift(x)
    if x.ndim < 2:
        raise refusal("the norm of no matrix", "it takes two axes at least.", WrongValue)
    if ord == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    pick = smallest if ord in (-1, -2, -math.inf) else total if ord == "nuc" else largest
    if ord in (2, -2, "nuc"):
        found = pick(svdvals(x), -1)
    elif ord in (1, -1, math.inf, -math.inf):
        columns = ord in (1, -1)
        found = pick(total(absolute(x), -2 if columns else -1), -1)
    else:
        raise refusal(f"ord={ord!r} of a matrix", "it is 'fro', 'nuc', 1, 2, inf, or −1, −2, −inf.")
    return expand_dims(expand_dims(found, -1), -1) if keepdims else found
