"""Arithmetic of double-double balls, component by component, with proven radii.

An operand is a triple (high, low, radius) of arrays of one shape, low and radius None for zeros,
with |low| ≤ u·|high|, u = 2⁻⁵³. The bounds are proven in docs/certificates.md; each constant here
is larger than the proven one by more than all that floating-point evaluation of a radius loses,
and each radius is multiplied by `UP` for its own roundings.

Reference:
    Joldes, Muller, Popescu, Tight and rigorous error bounds for basic building blocks of
    double-word arithmetic, ACM Trans. Math. Softw. 44, 2017.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradiometer.reference.doubles import words
from gradiometer.reference.doubles.beyond import BeyondDoubles
from gradiometer.reference.doubles.errorfree import (
    NO_UNDERFLOW,
    UNIT,
    Floats,
    quick_two_sum,
    two_product,
    two_sum,
)

Triple = tuple[Any, Any, Any]
"""High, low and radius: float64 arrays, of which the last two may be None."""

Operation = Callable[..., Triple]

UP = 1.0 + 2.0**-49
"""More than γ₈: what at most eight roundings of a sum of products of nonnegatives can lose."""

DOWN = 1.0 - 2.0**-49

PIECE = 8192
"""Components computed at once, so that what is computed between lies in the cache."""

TINY = 2.0**-900
"""Quotients of which either side is smaller are known absolutely alone."""

LARGEST, SMALLEST = 2.0**400, 2.0**-400
"""Between which moduli numbers are divided by, and their roots taken."""


def add(a: Triple, b: Triple) -> Triple:
    """Return a + b: exact of two doubles, else within 3u²/(1 − 4u)·|a + b| (Joldes et al., §3)."""
    (x, x_low, x_radius), (y, y_low, y_radius) = a, b
    if x_low is None and y_low is None:
        high, low = two_sum(x, y)
        return high, _unless_zero(low), _summed(x_radius, y_radius)
    if x_low is None:
        high, low = words.add_number((y, y_low), x)
    elif y_low is None:
        high, low = words.add_number((x, x_low), y)
    else:
        high, low = words.add((x, x_low), (y, y_low))
    radius = _summed(4.0 * UNIT**2 * np.abs(high), x_radius, y_radius)
    return high, _unless_zero(low), radius


def multiply(a: Triple, b: Triple) -> Triple:
    """Return a·b: exact of two doubles, else within 8u²(1 + 3u)·|high·high|."""
    (x, x_low, x_radius), (y, y_low, y_radius) = a, b
    first = np.abs(x * y)
    exact = x_low is None and y_low is None
    if exact:
        high, low = two_product(x, y)
    elif x_low is None:
        high, low = words.multiply_number((y, y_low), x)
    elif y_low is None:
        high, low = words.multiply_number((x, x_low), y)
    else:
        high, low = words.multiply((x, x_low), (y, y_low))
    radii: list[Any] = [] if exact else [9.0 * UNIT**2 * first]
    if x_radius is not None:
        radii.append(x_radius * (np.abs(y) if y_radius is None else np.abs(y) + y_radius))
    if y_radius is not None:
        radii.append(np.abs(x) * y_radius)
    if first.size and first.min() < NO_UNDERFLOW:
        tiny = (first < NO_UNDERFLOW) & ~_zero(a) & ~_zero(b)
        if tiny.any():  # where every number on the way is below 2⁻⁹⁵⁷
            low = np.where(tiny, 0.0, low)
            radii.append(tiny * 2.0**-950)
    return high, _unless_zero(low), _summed(*radii)


def divide(a: Triple, b: Triple) -> Triple:
    """Return a/b, within 15u²·|a/b|.

    Raises:
        BeyondDoubles: If b may be zero, or is beyond `SMALLEST` or `LARGEST`.
    """
    (x, x_low, x_radius), (y, y_low, y_radius) = a, b
    size = np.abs(y)
    least = size * DOWN
    if y_radius is not None:
        least = (least - y_radius) * DOWN
    if not ((least > 0.0) & (size >= SMALLEST) & (size <= LARGEST)).all():
        raise BeyondDoubles("a division by zero, or by a number too small or too large")
    quotient = x / y
    if y_low is None:
        product, error = two_product(quotient, y)
    else:
        product, error = words.multiply_number((y, y_low), quotient)
    rest = (x - product) + (-error if x_low is None else x_low - error)
    high, low = quick_two_sum(quotient, rest / y)
    first = np.abs(high)
    radii: list[Any] = [16.0 * UNIT**2 * first]
    if x_low is None and y_low is None:
        radii[0] *= rest != 0.0  # where nothing is left, the quotient is exact
    if x_radius is not None:
        radii.append(x_radius / least)
    if y_radius is not None:
        radii.append(first * y_radius / least)
    if min(np.abs(x).min(initial=1.0), np.abs(quotient).min(initial=1.0)) < TINY:
        tiny = ((np.abs(x) < TINY) | (np.abs(quotient) < TINY)) & ~_zero(a)
        high, low = np.where(tiny, quotient, high), np.where(tiny, 0.0, low)
        radii.append(tiny * 2.0**-490)
    return high, _unless_zero(low), _unless_zero(_summed(*radii))


def square_root(a: Triple) -> Triple:
    """Return √a, within 6u²·√a.

    Raises:
        BeyondDoubles: If a may be negative, or is not exactly 0 and beyond `SMALLEST` or `LARGEST`.
    """
    x, x_low, x_radius = a
    zero = _zero(a)
    usable = (x >= SMALLEST) & (x <= LARGEST)
    if x_radius is not None:
        usable &= x * DOWN >= x_radius
    if not (usable | zero).all():
        raise BeyondDoubles("a root of what may be negative, or is too small or too large")
    root = np.sqrt(x)
    twice = np.where(zero, 1.0, 2.0 * root)
    product, error = two_product(root, root)
    rest = (x - product) - error
    high, low = quick_two_sum(root, (rest if x_low is None else rest + x_low) / twice)
    radii: list[Any] = [8.0 * UNIT**2 * high]
    if x_low is None:
        radii[0] *= rest != 0.0
    if x_radius is not None:  # |√t − √x| = |t − x|/(√t + √x) ≤ radius/√x
        radii.append(2.0 * x_radius / twice)
    return high, _unless_zero(low), _unless_zero(_summed(*radii))


def in_pieces(by: Operation, operands: Sequence[Triple]) -> Triple:
    """Return an operation of operands that are broadcast, in pieces of about `PIECE`.

    Args:
        by: A function of triples, which computes each component by itself.
        operands: Triples.
    """
    shape = np.broadcast_shapes(*(x[0].shape for x in operands))
    size = math.prod(shape)
    if size <= 2 * PIECE:
        return _each(by(*(_each(x, np.atleast_1d) for x in operands)), _spread(shape))
    given = [part for x in operands for part in x if part is not None]
    flat = all(part.shape == shape and part.flags.c_contiguous for part in given)
    whole, view = (shape, _spread(shape)) if not flat else ((size,), np.ravel)
    views = [_each(x, view) for x in operands]
    found: list[Any] = [None, None, None]
    for piece in _piece_keys(whole):
        for k, part in enumerate(by(*(_each(x, operator.itemgetter(piece)) for x in views))):
            if part is not None:
                found[k] = np.zeros(whole) if found[k] is None else found[k]
                found[k][piece] = part
    return _each(tuple(found), lambda p: p.reshape(shape))


def _each(x: Triple, move: Callable[[Any], Any]) -> Triple:
    high, low, radius = (None if part is None else move(part) for part in x)
    return high, low, radius


def _spread(shape: tuple[int, ...]) -> Callable[[Any], Any]:
    return lambda part: np.broadcast_to(part if shape else part.reshape(()), shape)


def _piece_keys(shape: tuple[int, ...]) -> Any:
    """Yield indices of pieces that cover an array of a shape."""
    row = math.prod(shape[1:])
    if row > PIECE and len(shape) > 1:
        for k in range(shape[0]):
            for rest in _piece_keys(shape[1:]):
                yield (k, *rest)
        return
    step = max(1, PIECE // row)
    for k in range(0, shape[0], step):
        yield (slice(k, k + step),)


def _zero(a: Triple) -> Any:
    """Return which components are exactly zero."""
    return (a[0] == 0.0) if a[2] is None else (a[0] == 0.0) & (a[2] == 0.0)


def _summed(*radii: Floats | None) -> Floats | None:
    """Return the sum of nonnegatives, rounded up; None of nothing."""
    given = [r for r in radii if r is not None]
    if not given:
        return None
    found = given[0]
    for each in given[1:]:
        found = found + each
    return found * UP


def _unless_zero(part: Any) -> Any:
    """Return None for zeros; NaNs are none."""
    return None if part is None or not part.any() else part
