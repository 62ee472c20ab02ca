"""Products of matrices of whole numbers are checked without the BLAS that computed them.

For a random vector v, A·(B·v) = (A·B)·v. Modulo 2⁶⁴, in int64, this is computed without rounding
and without overflow, in time proportional to the entries.

Reference:
    Freivalds, Probabilistic machines can use less running time, IFIP Congress, 1977.
"""

from __future__ import annotations

import logging
import os
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradiometer.reference.doubles.errorfree import Floats

logger = logging.getLogger("gradiometer")

VARIABLE = "GRADIOMETER_CHECK_PRODUCTS"
"""The environment variable by which every product is asked to be checked."""

WHOLE = 2.0**53
"""Up to which moduli all whole numbers are doubles."""


def asked() -> bool:
    """Return whether products are to be checked."""
    return os.environ.get(VARIABLE, "") not in ("", "0")


def passes(a: Floats, b: Floats, product: Floats) -> bool:
    """Return whether a product passes a round, with random numbers of this process.

    What does not is logged, once.
    """
    right = check(a, b, product, _numbers())
    if not right:
        _tell()
    return right


@cache
def _numbers() -> np.random.Generator:
    return np.random.default_rng()


@cache
def _tell() -> None:
    logger.error(
        "gradiometer: BLAS multiplies matrices of whole numbers wrongly on this machine; what it "
        "was caught at is computed with balls instead. Use another BLAS, or look at the memory."
    )


def check(a: Floats, b: Floats, product: Floats, rng: np.random.Generator) -> bool:
    """Return whether a product of matrices passes one round.

    A right one passes always. In a wrong one let 2ˢ be the largest power of two that divides all
    that the entries of one wrong row are off by: the row passes with probability 2^(s − 64)
    exactly. An error of one unit passes with 2⁻⁶⁴; any error of entries of at most 2⁵³, where the
    true ones are no larger, with 2⁻¹⁰, since then s ≤ 54.

    Args:
        a: Whole numbers of at most 2⁵³ in modulus, shape (…, m, k).
        b: The same, shape (…, k, n).
        product: What is said to be their product, shape (…, m, n).
        rng: Where the vector comes from.

    Raises:
        ValueError: If a or b holds what is not a whole number of at most 2⁵³.
    """
    if not (_whole(a) and _whole(b)):
        raise ValueError("Matrices of whole numbers of at most 2⁵³ are expected.")
    if not _whole(product):
        return False
    size = (*b.shape[:-2], b.shape[-1], 1)
    vector = rng.integers(-(2**63), 2**63 - 1, size, np.int64, endpoint=True)
    return bool((_integers(a) @ (_integers(b) @ vector) == _integers(product) @ vector).all())


def _whole(x: Floats) -> bool:
    return bool(((np.rint(x) == x) & (np.abs(x) <= WHOLE)).all())


def _integers(x: Floats) -> NDArray[Any]:
    return x.astype(np.int64)
