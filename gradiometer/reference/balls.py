"""NumPy object arrays of python-flint's `arb`: real balls that enclose every true result.

Plain array arithmetic works on them elementwise. Here is what NumPy cannot do alone: conversion,
matrix products (in C, through `arb_mat`), and zeros that are known to be zeros.

A *structural zero* (`ZERO`) stays zero whatever it is multiplied with: the cotangent of a branch
that was not taken, or of a component that was not picked. A ball whose value happens to be zero is
none, and times infinity it is undefined.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from flint import arb, arb_mat
from numpy.typing import NDArray

from gradiometer.errors import ReferenceFailure

Balls = NDArray[Any]
Floats = NDArray[Any]


class StructuralZero:
    """The zero that stays zero times anything; there is one, `ZERO`."""

    __slots__ = ()

    def __mul__(self, other: Any) -> StructuralZero:
        return self

    def __add__(self, other: Any) -> Any:
        return other

    def __neg__(self) -> StructuralZero:
        return self

    def __sub__(self, other: Any) -> Any:
        return -other

    def __rsub__(self, other: Any) -> Any:
        return other

    def __float__(self) -> float:
        return 0.0

    __rmul__, __radd__ = __mul__, __add__
    __truediv__ = __mul__


ZERO = StructuralZero()

NARROW = 150
"""Bits of a ball from which its radius is far below what two doubles leave out."""

TINY = 5e-324
"""The smallest positive double: what stands for a number that underflows."""

_as_ball = np.frompyfunc(lambda x: x if isinstance(x, arb | StructuralZero) else arb(x), 1, 1)
_exact = np.frompyfunc(arb, 1, 1)
_settled = np.frompyfunc(lambda x: arb(0) if x is ZERO else x, 1, 1)
_is_zero = np.frompyfunc(lambda x: x is ZERO, 1, 1)
_is_finite = np.frompyfunc(lambda x: x is ZERO or x.is_finite(), 1, 1)
_sign = np.frompyfunc(lambda d: 1 if d > 0 else -1 if d < 0 else 0, 1, 1)
_is_exact = np.frompyfunc(lambda d: d.is_zero(), 1, 1)


def balls(x: Any) -> Balls:
    """Return x as an object array of balls; doubles and integers become exact ones."""
    array = np.asarray(x)
    if array.dtype == object:
        return np.asarray(_as_ball(array), dtype=object)
    numbers = array.astype(np.int64) if array.dtype.kind == "b" else array
    return np.asarray(_exact(numbers.astype(object)), dtype=object)


def settled(x: Balls) -> Balls:
    """Return the balls with structural zeros as plain ones."""
    return np.asarray(_settled(x), dtype=object)


def floats(x: Balls) -> NDArray[np.float64]:
    """Return the midpoints in float64."""
    found = np.fromiter(map(float, x.ravel().tolist()), np.float64, x.size)
    return found.reshape(x.shape)


def pairs(x: Balls) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the nearest doubles, what they lack, and bounds on what both together lack."""
    high, balls_ = floats(x), x.ravel().tolist()
    rests = list(map(operator.sub, balls_, high.tolist()))
    low = np.fromiter(map(float, rests), np.float64, x.size)
    # rad ≤ |mid|·2^−bits, at most four times too much, which counts where a ball is not narrow.
    bits = np.fromiter(map(arb.rel_accuracy_bits, balls_), np.float64, x.size)
    reach = np.abs(high) * (np.exp2(-np.clip(bits, 0.0, 1e4)) * (1.0 + 2.0**-50))
    for k in np.flatnonzero((bits < NARROW) | (np.abs(high) < 1e-290)):
        reach[k] = float(balls_[k].rad())
    exact = low == 0.0
    exact[exact] = [rests[k].is_zero() for k in np.flatnonzero(exact)]
    # The second double is within half a unit of its last place of what is left.
    radius = np.where(exact, 0.0, np.nextafter(reach + np.spacing(np.abs(low)), np.inf))
    return high, low, radius


def floats_without_underflow(x: Balls) -> NDArray[np.float64]:
    """Return the midpoints in float64, and the smallest double where one underflows to zero."""
    found = floats(x)
    zero = found == 0.0
    if zero.any():
        found[zero] = [0.0 if b is ZERO or b.is_zero() else TINY for b in x[zero].tolist()]
    return found


def finite(x: Balls) -> NDArray[np.bool_]:
    """Return which components are finite."""
    return np.asarray(_is_finite(x), dtype=bool)


def signs(x: Balls) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the proven sign of each ball, 0 where there is none; and which of them are exactly 0.

    A ball without a sign that is not exactly 0 is too wide to tell.
    """
    found = np.asarray(_sign(x), dtype=np.int64)
    exact = np.zeros(found.shape, dtype=bool)
    if (found == 0).any():
        exact[found == 0] = _is_exact(x[found == 0]).astype(bool)
    return found, exact


def matmul(a: Balls, b: Balls) -> Balls:
    """Return the matrix product of two 2-D arrays of balls.

    A component that is a sum of structural zeros alone is one.
    """
    try:
        return _product(a, b)
    except TypeError:  # structural zeros among the balls
        pass
    zero_a, zero_b = (np.asarray(_is_zero(x), dtype=bool) for x in (a, b))
    if not (finite(a).all() and finite(b).all()):  # zeros that must absorb, one by one
        return np.asarray(a @ b, dtype=object)
    product = _product(settled(a), settled(b))
    product[(~zero_a).astype(np.float64) @ (~zero_b).astype(np.float64) == 0.0] = ZERO
    return product


def products(a: Balls, b: Balls) -> Balls:
    """Return the matrix products of arrays of shapes (batch, m, k) and (batch, k, n)."""
    if a.shape[-1] == 1:
        return np.asarray(a * b, dtype=object)
    return _each(matmul, (a.shape[-2], b.shape[-1]), a, b)


def inverse(a: Balls) -> Balls:
    """Return the inverses of square matrices of balls.

    Raises:
        ReferenceFailure: If it is singular as far as the precision tells.
    """
    if a.ndim > 2:
        return _each(inverse, a.shape[-2:], a)
    try:
        inverted = _matrix(a).inv()
    except ZeroDivisionError as error:
        raise ReferenceFailure("a matrix is singular here: choose another point.") from error
    return _entries(inverted, a.shape)


def cholesky(a: Balls) -> Balls:
    """Return the lower Cholesky factors of symmetric matrices, of which the lower triangle is read.

    Column by column (Golub and Van Loan, Matrix Computations, 4th ed., §4.2.5).

    Raises:
        ReferenceFailure: If it is not positive definite, as far as the precision tells.
    """
    if a.ndim > 2:
        return _each(cholesky, a.shape[-2:], a)
    n = len(a)
    factor = balls(np.zeros((n, n)))
    for j in range(n):
        column = a[j:, j : j + 1]
        if j:
            column = column - _product(factor[j:, :j], factor[j : j + 1, :j].T)
        if not column[0, 0] > 0:
            raise ReferenceFailure(
                "a matrix is not positive definite here, and has no Cholesky factor: choose "
                "another point."
            )
        factor[j:, j] = (column / column[0, 0].sqrt())[:, 0]
    return factor


def _each(function: Callable[..., Balls], shape: tuple[int, ...], *arrays: Balls) -> Balls:
    """Return a function of matrices, of each of those along the axes in front."""
    found = np.empty((*arrays[0].shape[:-2], *shape), dtype=object)
    for at in np.ndindex(found.shape[:-2]):
        found[at] = function(*(a[at] for a in arrays))
    return found


def _product(a: Balls, b: Balls) -> Balls:
    product = _matrix(a) * _matrix(b)
    return _entries(product, (a.shape[0], b.shape[1]))


def _entries(matrix: arb_mat, shape: tuple[int, ...]) -> Balls:
    return np.fromiter(matrix.entries(), object, math.prod(shape)).reshape(shape)


def _matrix(a: Balls) -> arb_mat:
    return arb_mat(a.shape[0], a.shape[1], a.ravel().tolist())
