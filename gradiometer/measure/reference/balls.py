"""NumPy object arrays of python-flint's `arb`: real balls that enclose every true result.

Plain array arithmetic works on them elementwise. Here is what NumPy cannot do alone: conversion,
matrix products (in C, through `arb_mat`), the reverse of broadcasting, and comparisons that must be
decided. The functions accept float64 arrays too, so that one backward pass serves both.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, arb_mat
from numpy.typing import NDArray

from gradiometer.errors import ReferenceFailure

Balls = NDArray[Any]


class Undecided(ReferenceFailure):
    """A comparison whose balls overlap: at a kink, or closer to one than the precision tells."""


_as_ball = np.frompyfunc(lambda x: x if isinstance(x, arb) else arb(x), 1, 1)
_as_modulus = np.frompyfunc(lambda x: abs(arb(x).mid()), 1, 1)
_as_float = np.frompyfunc(float, 1, 1)
_sign = np.frompyfunc(lambda d: 1 if d > 0 else -1 if d < 0 else 0, 1, 1)


def balls(x: Any) -> Balls:
    """Return x as an object array of balls; doubles and integers become exact ones."""
    array = np.asarray(x)
    if array.dtype != object:
        array = array.astype(object)
    return np.asarray(_as_ball(array), dtype=object)


def modulus(coefficient: Any) -> Any:
    """Return |coefficient| as float64: the midpoint's, which is all that a magnitude needs."""
    if isinstance(coefficient, int):
        return float(abs(coefficient))
    return np.abs(np.asarray(_as_float(coefficient), dtype=np.float64))


def moduli(coefficient: Any) -> Any:
    """Return |coefficient| as balls of radius zero, for magnitudes that doubles cannot hold."""
    return np.asarray(_as_modulus(coefficient), dtype=object)


def matmul(a: Any, b: Any) -> Any:
    """Return the matrix product of two 2-D arrays, of balls or of floats."""
    if a.dtype != object:
        return a @ b
    product = _matrix(a) * _matrix(b)
    return np.array(product.entries(), dtype=object).reshape(a.shape[0], b.shape[1])


def inverse(a: Balls) -> Balls:
    """Return the inverse of a square matrix of balls.

    Raises:
        ReferenceFailure: If it is singular as far as the precision tells.
    """
    try:
        inverted = _matrix(a).inv()
    except ZeroDivisionError as error:
        raise ReferenceFailure("a matrix is singular here: choose another point.") from error
    return np.array(inverted.entries(), dtype=object).reshape(a.shape)


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Return a cotangent summed over the axes along which its operand was broadcast."""
    g = np.asarray(g)
    if g.shape == shape:
        return g
    extra = tuple(range(g.ndim - len(shape)))
    stretched = tuple(
        axis
        for axis, length in enumerate(shape, start=len(extra))
        if length == 1 and g.shape[axis] != 1
    )
    return np.asarray(g.sum(axis=extra + stretched)).reshape(shape)


def greater(a: Balls, b: Balls) -> NDArray[np.bool_]:
    """Return a > b, proven in each component.

    Raises:
        Undecided: If the balls overlap in some component.
    """
    signs = np.asarray(_sign(a - b), dtype=np.int64)
    if (signs == 0).any():
        raise Undecided(
            "a comparison cannot be decided: its two sides are equal, or closer than the "
            "precision tells. The point lies on a kink; choose another."
        )
    return np.asarray(signs > 0)


def _matrix(a: Balls) -> arb_mat:
    return arb_mat(a.shape[0], a.shape[1], a.ravel().tolist())
