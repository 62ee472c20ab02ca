"""Matrix products of double-double balls, by products of float64 matrices that are exact.

Every row of the left and every column of the right operand is cut into *slices*: multiples of a
common unit, of so few bits that all products of two slices, and all sums of them, are whole numbers
of at most 2⁵³ common units. Matrices of slices are then multiplied without any rounding, whatever
the order of summation, with or without fused multiply-add. What the slices leave over, and products
of two that are both small, are bounded. The proof is in docs/certificates.md.

Reference:
    Ozaki, Ogita, Oishi, Rump, Error-free transformations of matrix multiplication by using fast
    routines of matrix multiplication and its applications, Numerical Algorithms 59, 2012.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from gradiometer.reference.doubles import freivalds
from gradiometer.reference.doubles.arithmetic import LARGEST, UP
from gradiometer.reference.doubles.array import DoubleDouble
from gradiometer.reference.doubles.beyond import BeyondDoubles
from gradiometer.reference.doubles.errorfree import UNIT, Floats, two_sum

WANTED = 104
"""Bits below the largest of a row, or column, to which slices reach at least."""

BLOCK = 2**18
"""Components of an operand or of the result that are worked on at once."""

LEAST = 2.0**-380
"""The smallest scale of a row or column: products of its unit are far from underflow."""

SLACK = 1.0 + 2.0**-20
"""By which a rest can be more than half a unit, since it is a pair of doubles."""

FLOOR = 2.0**-200
"""More than what underflows in products of radii, relative to the scales."""


def products(a: DoubleDouble, b: DoubleDouble) -> DoubleDouble:
    """Return the matrix products of arrays of shapes (batch, m, k) and (batch, k, n).

    Raises:
        BeyondDoubles: If a component is not finite, or beyond 2⁴⁰⁰; or if a product of slices is
            checked, and wrong.
    """
    batch, m, k = a.shape
    n = b.shape[-1]
    if k == 1:
        return a * b
    if not (batch and m and k and n):
        return DoubleDouble(np.zeros((batch, m, n)))
    if m * k > k * n:  # the larger is worked on in blocks
        return products(b.transpose(0, 2, 1), a.transpose(0, 2, 1)).transpose(0, 2, 1)
    found = [np.zeros((batch, m, n)) for _ in range(3)]
    with np.errstate(all="ignore"):
        for some in _blocks(batch, max(m * k, k * n, m * n)):
            left = _Left(a[some])
            for columns in _blocks(n, (some.stop - some.start) * max(k, m)):
                block = left.times(b[some, :, columns])
                for whole, part in zip(found, block, strict=True):
                    whole[some, :, columns] = part
    low, radius = (part if part.any() else None for part in found[1:])
    return DoubleDouble(found[0], low, radius)


def _blocks(length: int, each: int) -> Iterator[slice]:
    step = max(1, BLOCK // each)
    return (slice(k, min(k + step, length)) for k in range(0, length, step))


def _plan(k: int) -> tuple[int, int]:
    """Return how many slices are made for sums of k products, and the bits of each.

    At most count·k products are added, of whole numbers up to 2^(bits − 1) + 1: no more than 2⁵³.
    """
    for count in range(2, 12):
        bits = math.floor((55 - math.log2(1.01 * k * count)) / 2)
        if bits * count >= WANTED:
            return count, bits
    raise BeyondDoubles(f"a sum of {k} products")


class _Left:
    """The left operand in slices, to be multiplied with columns of the right one."""

    def __init__(self, a: DoubleDouble) -> None:
        self.count, self.bits = _plan(a.shape[-1])
        self.a, self.scale, self.rests = a, _scales(a, -1), [0.5]
        slices = []
        for part, rest in _cut(a, self.scale, self.count, self.bits):
            slices.append(part)
            self.rests.append(rest)
        self.stacked = np.concatenate(slices, axis=1)

    def times(self, b: DoubleDouble) -> tuple[Floats, Any, Any]:
        """Return high, low and radius of the product, where zeros may be one number."""
        m, scale, rests = self.a.shape[1], _scales(b, -2), [0.5]
        orders: list[Any] = [None] * self.count
        for j, (part, rest) in enumerate(_cut(b, scale, self.count, self.bits)):
            rests.append(rest)
            rows = np.matmul(self.stacked[:, : (self.count - j) * m], part)
            if freivalds.asked():
                self._check(rows, part, _unit(scale, j, self.bits))
            for i in range(rows.shape[1] // m):
                product = rows[:, i * m : (i + 1) * m]
                orders[i + j] = product if orders[i + j] is None else orders[i + j] + product
        high, low, exact = _added([each for each in orders if each is not None])
        lost, small = _lost(self.rests, rests, self.count, self.a.shape[-1])
        radii = self._radii(b)
        if exact and lost == 0.0 and radii is None:
            return high, low, 0.0
        lost += 0.0 if exact else 1.1 * (self.count * UNIT) ** 2 * small
        radius = (lost + FLOOR) * self.scale * scale
        if not exact:
            radius = radius + 1.1 * self.count * UNIT**2 * np.abs(high)
        radius = (radius if radii is None else radius + radii) * UP
        if not high.all():
            radius = np.where((high == 0.0) & self._sums_of_zeros(b), 0.0, radius)
        return high, low, radius

    def _check(self, rows: Floats, part: Floats, unit: Floats) -> None:
        """Check the products of slices with one of the right operand, all in their units.

        Raises:
            BeyondDoubles: If they are wrong.
        """
        units = [_unit(self.scale, i, self.bits) for i in range(len(self.rests) - 1)]
        of_rows = np.concatenate(units, axis=1)[:, : rows.shape[1]]
        left = self.stacked[:, : rows.shape[1]] / of_rows
        if not freivalds.passes(left, part / unit, rows / (of_rows * unit)):
            raise BeyondDoubles("a product of matrices that is wrong")

    def _sums_of_zeros(self, b: DoubleDouble) -> Any:
        """Return which components are sums of products with an exact zero."""
        one, other = (~(x.reach() == 0.0) for x in (self.a, b))  # NaN is none
        return one.astype(np.float64) @ other.astype(np.float64) == 0.0

    def _radii(self, b: DoubleDouble) -> Any:
        """Return |A|·radii of B + radii of A·(|B| + radii of B), rounded up; None of nothing."""
        a, found = self.a, None
        if b.radius is not None:
            found = np.abs(a.high) @ b.radius
        if a.radius is not None:
            other = a.radius @ b.reach()
            found = other if found is None else found + other
        return None if found is None else found * (1.0 + (a.shape[-1] + 32) * 2.0**-52)


def _scales(x: DoubleDouble, axis: int) -> Floats:
    """Return powers of two, at least twice the moduli of a row or column; 0 of exact zeros."""
    largest = np.abs(x.high).max(axis, keepdims=True)
    if not (largest <= LARGEST).all():
        raise BeyondDoubles("a matrix of numbers that are too large, or not finite")
    zero = largest == 0.0
    if x.radius is not None:
        zero &= (x.radius == 0.0).all(axis, keepdims=True)
    scale = np.maximum(np.exp2(np.frexp(largest)[1] + 1.0), LEAST)
    return np.where(zero, 0.0, scale)


def _cut(x: DoubleDouble, scale: Floats, count: int, bits: int) -> Iterator[tuple[Floats, float]]:
    """Yield slices, and bounds on what those so far leave over, relative to the scales.

    The t-th slice is the multiple of 2^(−bits·t)·scale that is next to what is left: added to
    1.5·2⁵² of these units, it is rounded to it.
    """
    high, low = x.high, x.low
    for t in range(1, count + 1):
        shift = 1.5 * 2.0**52 * _unit(scale, t - 1, bits)
        part = (high + shift) - shift
        high = high - part
        if low is not None:
            high, low = two_sum(high, low)
        left = bool(high.any())
        yield part, 0.5 * 2.0 ** (-bits * t) * SLACK if left else 0.0
        if not left:
            return


def _unit(scale: Floats, number: int, bits: int) -> Floats:
    """Return that of which slices are multiples, for each row or column."""
    unit: Floats = np.maximum(scale, LEAST) * 2.0 ** (-bits * (number + 1))
    return unit


def _added(orders: list[Floats]) -> tuple[Floats, Any, bool]:
    """Return the sum of exact products as a pair, from the smallest; and whether it is exact."""
    high, exact = orders[-1], True
    low: Any = 0.0
    for product in reversed(orders[:-1]):
        high, error = two_sum(product, high)
        if error.any():
            low, exact = low + error, False
    return (high, 0.0, True) if exact else (*two_sum(high, low), False)


def _lost(a: list[float], b: list[float], count: int, k: int) -> tuple[float, float]:
    """Return bounds on the products left out, and on those beside the first, relative to scales."""
    out = sum(x * b[count - i] for i, x in enumerate(a) if count - i < len(b))
    beside = sum(x * y for i, x in enumerate(a) for j, y in enumerate(b) if i + j)
    return 1.01 * k * out, 1.01 * k * beside
