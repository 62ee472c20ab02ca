"""Array functions over numbers of any kind, in object arrays: what second proofs are written in.

Textbook algorithms, component by component; they know neither the reference nor the methods.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from gradiometer import Namespace

Elementwise = Callable[[Any], Any]


def namespace(functions: dict[str, Elementwise]) -> Namespace:
    """Return an array namespace, given `exp`, `log`, `sqrt` and other functions elementwise."""
    exp, log, sqrt = (functions[name] for name in ("exp", "log", "sqrt"))
    composed: dict[str, Any] = {
        "log1p": lambda x: log(1.0 + x),
        "expm1": lambda x: exp(x) - 1.0,
        "square": lambda x: x * x,
        "sigmoid": lambda x: exp(x) / (exp(x) + 1.0),
        "softplus": lambda x: log(exp(x) + 1.0),
        "logsumexp": lambda x, axis=None: log(np.sum(exp(x), axis=axis)),
        "abs": lambda x: where(x > 0.0, x, -x),
        "maximum": lambda a, b: where(a > b, a, b),
        "minimum": lambda a, b: where(a < b, a, b),
        "where": where,
        "mean": mean,
        "cumulative_sum": lambda x, axis=0: np.cumsum(x, axis=axis),
        "linalg": Namespace(None, linear_algebra(sqrt)),
    }
    return Namespace(np, composed | functions)


def linear_algebra(sqrt: Elementwise) -> dict[str, Any]:
    """Return the functions of `xp.linalg`."""
    return {
        "inv": inverse,
        "solve": lambda a, b: inverse(a) @ b,
        "cholesky": lambda a: cholesky(a, sqrt),
        "diagonal": np.diagonal,
    }


def where(condition: Any, a: Any, b: Any) -> Any:
    """Return a where the condition holds, b elsewhere."""
    return np.where(condition, a, b)[()]


def mean(x: Any, axis: Any = None) -> Any:
    """Return the mean over axes."""
    summed = np.sum(x, axis=axis)
    return summed / (np.size(x) // np.size(summed))


def inverse(matrix: Any) -> Any:
    """Return the inverse by Gauss-Jordan elimination."""
    n = len(matrix)
    rows = np.concatenate([matrix, np.eye(n)], axis=1).astype(object)
    for k in range(n):
        rows[k] = rows[k] / rows[k, k]
        for i in set(range(n)) - {k}:
            rows[i] = rows[i] - rows[i, k] * rows[k]
    return rows[:, n:]


def cholesky(matrix: Any, sqrt: Elementwise) -> Any:
    """Return the lower factor, row by row."""
    factor = np.zeros(matrix.shape, dtype=object)
    for i, j in itertools.product(range(len(matrix)), repeat=2):
        rest = matrix[i, j] - np.sum(factor[i, :j] * factor[j, :j])
        if i == j:
            factor[i, j] = sqrt(rest)
        elif j < i:
            factor[i, j] = rest / factor[j, j]
    return factor
