"""Decompositions, convolutions and loops over numbers of any kind: what second proofs compare with.

By determinants and nested loops, component by component; they know neither the reference nor the
methods.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from generic import cholesky, inverse, where

Elementwise = Callable[[Any], Any]


def each(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function of matrices that takes those along the axes in front."""

    def of_each(a: Any) -> Any:
        found = [function(a[at]) for at in np.ndindex(a.shape[:-2])]
        if not isinstance(found[0], tuple):
            shape = (*a.shape[:-2], *np.shape(found[0]))
            return np.array(found, dtype=object).reshape(shape)[()]
        return tuple(
            np.array(part, dtype=object).reshape((*a.shape[:-2], *np.shape(part[0])))
            for part in zip(*found, strict=True)
        )

    return of_each


def det(a: Any) -> Any:
    """Return the determinant by Leibniz' formula."""
    n = len(a)
    total: Any = 0
    for order in itertools.permutations(range(n)):
        swaps = sum(order[i] > order[j] for i, j in itertools.combinations(range(n), 2))
        term: Any = (-1) ** swaps
        for i in range(n):
            term = term * a[i, order[i]]
        total = total + term
    return total


def minor(a: Any, i: int, j: int) -> Any:
    return np.delete(np.delete(a, i, 0), j, 1)


class Decompositions:
    """Eigenvalues and what is made of them.

    Args:
        roots: Returns the eigenvalues of a symmetric matrix in rising order, the derivatives of
            which are not yet known.
        sqrt: The square root.
    """

    def __init__(self, roots: Callable[[Any], Any], sqrt: Elementwise) -> None:
        self.roots, self.sqrt = roots, sqrt

    def eigen(self, a: Any) -> tuple[Any, Any]:
        """Return eigenvalues by Newton's iteration, and vectors as columns of the adjugate."""
        a, n = np.tril(a) + np.tril(a, -1).T, len(a)
        values, vectors = [], []
        for root in self.roots(a):
            for _ in range(2):  # each doubles the number of derivatives that are right
                shifted = a - root * np.eye(n, dtype=int)
                root = root + det(shifted) / sum(det(minor(shifted, k, k)) for k in range(n))
            shifted = a - root * np.eye(n, dtype=int)
            found = [
                np.array([(-1) ** (i + j) * det(minor(shifted, i, j)) for j in range(n)])
                for i in range(n)
            ]
            lengths = [np.sum(v * v) for v in found]
            best = max(range(n), key=lambda k: float(lengths[k]))
            values.append(root)
            vectors.append(found[best] / self.sqrt(lengths[best]))
        return np.array(values, dtype=object), np.array(vectors, dtype=object).T

    def singular(self, a: Any, *, full_matrices: bool = True) -> tuple[Any, Any, Any]:
        if a.shape[0] < a.shape[1]:
            u, s, v = self.singular(a.T)
            return v.T, s, u.T
        squares, v = self.eigen(a.T @ a)
        values = self.sqrt(squares)[::-1]
        return a @ v[:, ::-1] / values, values, v[:, ::-1].T

    def triangular(self, a: Any) -> tuple[Any, Any]:
        square = a[:, : len(a)]
        upper = cholesky(square.T @ square, self.sqrt).T
        q = square @ inverse(upper)
        return q, q.T @ a

    def pseudoinverse(self, a: Any) -> Any:
        return a.T @ inverse(a @ a.T) if a.shape[0] < a.shape[1] else inverse(a.T @ a) @ a.T

    def matrix_norm(self, a: Any, *, ord: Any = "fro") -> Any:  # noqa: A002  # the standard's
        sizes = where(a > 0.0, a, -a)
        if ord == "fro":
            return self.sqrt(np.sum(a * a))
        if ord in ("nuc", 2, -2):
            found = self.singular(a)[1]
            return np.sum(found) if ord == "nuc" else found[0 if ord == 2 else -1]
        sums = np.sum(sizes, axis=0 if abs(ord) == 1 else 1)
        return np.max(sums) if ord > 0 else np.min(sums)


def _windows(
    x: Any, kernel: tuple[int, ...], stride: Any, padding: Any, dilation: Any = 1
) -> Iterator[tuple[tuple[int, ...], list[tuple[tuple[int, ...], tuple[int, ...]]]]]:
    """Yield each window with the places of the kernel, and of x, that it has."""
    n, sizes = len(kernel), x.shape[2:]
    steps, pads, gaps = (
        given if isinstance(given, tuple) else (given,) * n for given in (stride, padding, dilation)
    )
    counts = [
        (size + 2 * pad - gap * (k - 1) - 1) // step + 1
        for size, k, step, pad, gap in zip(sizes, kernel, steps, pads, gaps, strict=True)
    ]
    for window in np.ndindex(*counts):
        met = []
        for place in np.ndindex(*kernel):
            at = tuple(
                p * s + q * d - pad
                for p, q, s, d, pad in zip(window, place, steps, gaps, pads, strict=True)
            )
            if all(0 <= k < size for k, size in zip(at, sizes, strict=True)):
                met.append((place, at))
        yield window, met


def conv(x: Any, w: Any, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> Any:
    windows = list(_windows(x, w.shape[2:], stride, padding, dilation))
    shape = (x.shape[0], w.shape[0], *(1 + k for k in windows[-1][0]))
    found = np.zeros(shape, dtype=object)
    for n, o, (window, met) in itertools.product(range(shape[0]), range(shape[1]), windows):
        for c, (place, at) in itertools.product(range(x.shape[1]), met):
            found[n, o, *window] = found[n, o, *window] + x[n, c, *at] * w[o, c, *place]
    return found


def pool(x: Any, window: Any, stride: Any, padding: Any, combine: Callable[[Any, int], Any]) -> Any:
    kernel = window if isinstance(window, tuple) else (window,) * (x.ndim - 2)
    windows = list(_windows(x, kernel, window if stride is None else stride, padding))
    found = np.zeros((*x.shape[:2], *(1 + k for k in windows[-1][0])), dtype=object)
    for n, c in np.ndindex(*x.shape[:2]):
        for at, met in windows:
            found[n, c, *at] = combine([x[n, c, *place] for _, place in met], math.prod(kernel))
    return found


def avg_pool(x: Any, window: Any, *, stride: Any = None, padding: Any = 0) -> Any:
    return pool(x, window, stride, padding, lambda met, n: sum(met[1:], met[0]) / n)


def max_pool(x: Any, window: Any, *, stride: Any = None, padding: Any = 0) -> Any:
    return pool(x, window, stride, padding, lambda met, n: max(met))


def scan(step: Any, carry: Any, xs: Any = None, *, length: int | None = None) -> Any:
    found = []
    for k in range(len(xs) if length is None else length):
        carry, y = step(carry, None if xs is None else xs[k])
        found.append(y)
    return carry, None if found[0] is None else np.array(found, dtype=object)
