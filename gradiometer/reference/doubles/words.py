"""Arithmetic of double words: unevaluated sums of two doubles, rounded to about 106 bits.

A word is a pair (high, low) of arrays with high = fl(high + low), so that |low| ≤ u·|high|,
u = 2⁻⁵³. Functions here carry no radii: who calls them knows how often each bound counts. The
bounds of products and quotients are of operands between 2⁻⁴⁰⁰ and 2⁴⁰¹ in modulus, or zero, so that
products of doubles are error-free; `arithmetic` adds what underflows of others.

Reference:
    Joldes, Muller, Popescu, Tight and rigorous error bounds for basic building blocks of
    double-word arithmetic, ACM Trans. Math. Softw. 44, 2017: algorithms 4, 6, 9, 10 and 17.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiometer.reference.doubles.errorfree import (
    Pair,
    quick_two_sum,
    split,
    two_product,
    two_sum,
)

Word = tuple[Any, Any]
"""High and low part: arrays, or numbers."""


def add(a: Word, b: Word) -> Pair:
    """Return a + b, within 3.1u² of itself whatever cancels."""
    high, low = two_sum(a[0], b[0])
    tail, rest = two_sum(a[1], b[1])
    high, low = quick_two_sum(high, low + tail)
    return quick_two_sum(high, low + rest)


def add_number(a: Word, b: Any) -> Pair:
    """Return a + b for doubles b, within 2u² of itself whatever cancels."""
    high, low = two_sum(a[0], b)
    return quick_two_sum(high, low + a[1])


def add_small(a: Word, b: Word) -> Pair:
    """Return a + b for |b| ≤ 2⁻⁸·|a|, within 3.1u² of itself.

    |high − a| is below u·|a|, as are a's low part and, 2⁻⁸ times that, b's; they are added by two
    roundings.
    """
    high, low = quick_two_sum(a[0], b[0])
    return quick_two_sum(high, a[1] + (low + b[1]))


def multiply(a: Word, b: Word) -> Pair:
    """Return a·b, within 8.1u² of itself.

    Of u²·|a·b| each: one is left out (low·low), two products of a high and a low part are rounded,
    so is their sum (2), and its sum with the product's error (3).
    """
    high, low = two_product(a[0], b[0])
    return quick_two_sum(high, low + (a[0] * b[1] + a[1] * b[0]))


def multiply_number(a: Word, b: Any) -> Pair:
    """Return a·b for doubles b, within 3.1u² of itself: one rounding of u·|ab|, one of 2u·|ab|."""
    high, low = two_product(a[0], b)
    return quick_two_sum(high, low + a[1] * b)


def square(a: Word) -> Pair:
    """Return a², within 6.1u² of itself: 1 left out, 2 and 3 by roundings."""
    x = a[0]
    high = x * x
    head, tail = split(x)
    low = ((head * head - high) + 2.0 * head * tail) + tail * tail
    return quick_two_sum(high, low + 2.0 * (x * a[1]))


def divide(a: Word, b: Word) -> Pair:
    """Return a/b, within 15.1u² of itself."""
    quotient = a[0] / b[0]
    high, low = multiply_number(b, quotient)
    rest = (a[0] - high) + (a[1] - low)
    return quick_two_sum(quotient, rest / b[0])


def negative(a: Word) -> Pair:
    """Return −a."""
    return -a[0], -a[1]


def scaled(a: Word, by: Any) -> Pair:
    """Return a times powers of two."""
    return a[0] * by, a[1] * by


def chosen(condition: Any, a: Word, b: Word) -> Pair:
    """Return a where a condition holds, else b."""
    high, low = (np.where(condition, x, y) for x, y in zip(a, b, strict=True))
    return high, low
