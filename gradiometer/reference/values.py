"""What the rules of the tape ask of values, as it is answered of balls.

Each function is of `functools.singledispatch`: `gradiometer.reference.doubles.values` answers of
double-double balls. Rules find them in `gradiometer.reference.numeric`.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np

from gradiometer.reference import balls as balls_
from gradiometer.reference.balls import ZERO, Balls


@singledispatch
def array(x: Any) -> Any:
    """Return it as an array; a single ball as one without axes."""
    return np.asarray(x)


@singledispatch
def balls(x: Any) -> Balls:
    """Return values in balls, without structural zeros."""
    return balls_.settled(x)


@singledispatch
def settled(x: Any) -> Any:
    """Return values without structural zeros."""
    return balls_.settled(x)


@singledispatch
def floats(x: Any) -> Any:
    """Return the midpoints in float64.

    Raises:
        BeyondDoubles: If a double-double ball says nothing.
    """
    return balls_.floats(x)


@singledispatch
def floats_without_underflow(x: Any) -> Any:
    """Return the midpoints in float64; the smallest double where one is zero and may be another."""
    return balls_.floats_without_underflow(x)


@singledispatch
def finite(x: Any) -> Any:
    """Return which components are finite.

    Raises:
        BeyondDoubles: If a double-double ball says nothing.
    """
    return balls_.finite(x)


@singledispatch
def undefined(x: Any) -> Any:
    """Return which components are NaN."""
    return np.asarray(np.frompyfunc(lambda b: b.mid().is_nan(), 1, 1)(x), dtype=bool)


@singledispatch
def infinite(x: Any) -> Any:
    """Return which components are infinite."""
    neither = np.frompyfunc(lambda b: not (b.mid().is_finite() or b.mid().is_nan()), 1, 1)
    return np.asarray(neither(x), dtype=bool)


@singledispatch
def signs(x: Any) -> Any:
    """Return the proven sign of each component, 0 where there is none; which are exactly 0."""
    return balls_.signs(x)


@singledispatch
def pairs(x: Any) -> Any:
    """Return the nearest doubles, what they lack, and bounds on what both together lack."""
    return balls_.pairs(x)


@singledispatch
def exact(x: Any) -> Any:
    """Return which components are the float64 numbers that their midpoints round to."""
    found = zip(x.flat, balls_.floats(x).ravel().tolist(), strict=True)
    return np.array([b == f for b, f in found], dtype=bool).reshape(x.shape)


@singledispatch
def plain(x: Any) -> Any:
    """Return exact numbers as an array that NumPy knows.

    Raises:
        BeyondDoubles: If two doubles would be needed.
    """
    return x


@singledispatch
def whole(x: Any) -> list[int]:
    """Return exact integers, flattened, as Python's."""
    return [int(ball.unique_fmpz()) for ball in x.ravel().tolist()]


@singledispatch
def order(x: Any, *, descending: bool) -> list[int]:
    """Return the order of the midpoints of a vector; equal ones keep theirs."""
    middles = [ball.mid() for ball in x]
    return sorted(range(len(middles)), key=middles.__getitem__, reverse=descending)


@singledispatch
def products(a: Any, b: Any) -> Any:
    """Return the matrix products of arrays of shapes (batch, m, k) and (batch, k, n)."""
    return balls_.products(a, b)


@singledispatch
def inverse(a: Any) -> Any:
    """Return the inverses of square matrices.

    Raises:
        ReferenceFailure: If one is singular as far as the precision tells.
    """
    return balls_.inverse(a)


@singledispatch
def cholesky(a: Any) -> Any:
    """Return the lower Cholesky factors of symmetric matrices, read by their lower triangles.

    Raises:
        ReferenceFailure: If one is not positive definite, as far as the precision tells.
    """
    return balls_.cholesky(a)


@singledispatch
def total(x: Any, axes: tuple[int, ...]) -> Any:
    """Return the sums over axes."""
    if x.dtype == object and not all(x.shape[k] for k in axes):  # NumPy's is the integer 0
        return balls_.balls(np.zeros(tuple(n for k, n in enumerate(x.shape) if k not in axes)))
    return np.asarray(x.sum(axis=axes))


@singledispatch
def keep(x: Any, mask: Any) -> Any:
    """Return the components where a mask is true, structural zeros elsewhere."""
    nothing: Any = ZERO if x.dtype == object else x.dtype.type(0)
    return np.asarray(np.where(mask, x, nothing), dtype=x.dtype)


@singledispatch
def blank(x: Any, shape: tuple[int, ...]) -> Any:
    """Return an array of structural zeros, of the kind of x, that components can be written to."""
    whole = np.zeros(shape, dtype=x.dtype)
    if x.dtype == object:
        whole.fill(ZERO)
    return whole


@singledispatch
def placed(x: Any, shape: tuple[int, ...], key: Any) -> Any:
    """Return structural zeros, with components put at an index that meets none twice."""
    whole = blank(x, shape)
    whole[key] = x[()]  # without axes, the component and not the array
    return whole


@singledispatch
def scattered(x: Any, shape: tuple[int, ...], key: Any) -> Any:
    """Return structural zeros, with components added at an index that may meet some twice."""
    whole = blank(x, shape)
    np.add.at(whole, key, x)
    return whole
