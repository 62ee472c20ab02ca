"""Whether this machine's float64 arithmetic is what double-double arithmetic assumes.

That is binary64 rounded to nearest, ties to even, with gradual underflow, in NumPy's loops and in
the products of its BLAS. It can be set otherwise by a flag of the processor (a library compiled
with -ffast-math sets "flush to zero" for the whole process), or by a BLAS of fewer bits. What is
tried here are examples; what they cannot show is assumed, and said in docs/certificates.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from fractions import Fraction
from functools import cache

import numpy as np

from gradiometer.reference.doubles.errorfree import Floats, two_product, two_sum

logger = logging.getLogger("gradiometer")

SAMPLES = 24
"""Pairs of operands that are tried: enough for a vectorised loop and what it leaves over."""


@cache
def usable() -> bool:
    """Return whether everything assumed holds; what does not is logged, once."""
    with np.errstate(all="ignore"):
        wrong = [what for what, holds in ASSUMPTIONS.items() if not holds()]
    if wrong:
        logger.warning(
            "gradiometer: certificates are made with balls of 192 bits, which takes longer, since "
            "%s: expected float64 as IEEE 754 has it. Look for a library that changes it.",
            "; ".join(wrong),
        )
    return not wrong


def rounds_to_nearest() -> bool:
    """Return whether sums, products, quotients and roots are the doubles next to the true ones."""
    a, b = _operands()
    exact = [(Fraction(x), Fraction(y)) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    for found, true in (
        (a + b, [x + y for x, y in exact]),
        (a - b, [x - y for x, y in exact]),
        (a * b, [x * y for x, y in exact]),
        (a / b, [x / y for x, y in exact]),
    ):
        if found.tolist() != list(map(float, true)):
            return False
    ties = np.full(SAMPLES, 1.0)
    even = (ties + 2.0**-53 == 1.0) & (ties + 3 * 2.0**-53 == 1.0 + 2.0**-51)
    return bool(even.all() and (np.sqrt(a * a) == np.abs(a)).all())


def is_free_of_errors() -> bool:
    """Return whether sums and products with what they lack are the true ones."""
    a, b = _operands()
    sums, products = zip(*two_sum(a, b), strict=True), zip(*two_product(a, b), strict=True)
    return all(
        Fraction(s) + Fraction(lost) == Fraction(x) + Fraction(y)
        and Fraction(p) + Fraction(rest) == Fraction(x) * Fraction(y)
        for x, y, (s, lost), (p, rest) in zip(a, b, sums, products, strict=True)
    )


def keeps_subnormals() -> bool:
    """Return whether numbers below 2⁻¹⁰²² are neither lost when they arise nor when they are read.

    In loops and in products of matrices, too.
    """
    least = np.full(SAMPLES, 2.0**-1022)
    arisen = [least * 0.5, 1.5 * least - least, least / 2.0]
    read = (least * 2.0**-52) * 2.0**1000
    product = np.full((4, 4), 2.0**-600) @ np.full((4, 4), 2.0**-450)
    return (
        all(bool((x == 2.0**-1023).all()) for x in arisen)
        and bool((read == 2.0**-74).all())
        and bool((product == 2.0**-1048).all())
    )


def multiplies_whole_numbers(multiply: Callable[[Floats, Floats], Floats] = np.matmul) -> bool:
    """Return whether products of matrices are exact where all sums are at most 2⁵³."""
    rng = np.random.default_rng(2)
    a = rng.integers(2**23, 2**24, (65, 32))
    b = rng.integers(2**23, 2**24, (32, 65)) * rng.choice([1, -1], (32, 65))
    b[:, 0] = np.abs(b[:, 0])
    found = multiply(a.astype(np.float64), b.astype(np.float64))
    return bool((found == a @ b).all())


def _operands() -> tuple[Floats, Floats]:
    """Return numbers of all 53 bits, of sizes so far apart that sums need up to 2·53 bits."""
    rng = np.random.default_rng(1)
    a, b = rng.uniform(1.0, 2.0, (2, SAMPLES)) * rng.choice([1.0, -1.0], (2, SAMPLES))
    return a, b * 2.0 ** rng.integers(-60, 60, SAMPLES)


ASSUMPTIONS: dict[str, Callable[[], bool]] = {
    "numbers are not rounded to nearest": rounds_to_nearest,
    "what rounding loses cannot be computed": is_free_of_errors,
    "numbers below 2⁻¹⁰²² are taken for zero": keeps_subnormals,
    "products of matrices are not exact": multiplies_whole_numbers,
}
