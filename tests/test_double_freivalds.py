"""Products of matrices of whole numbers that are right pass, those that are not do not."""

from __future__ import annotations

import numpy as np
import pytest

from gradiometer.reference.doubles import freivalds


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def matrices(rng, m=7, k=11, n=5, *batch):
    a, b = (rng.integers(-(2**24), 2**24, (*batch, *s)) for s in ((m, k), (k, n)))
    return a.astype(float), b.astype(float), (a @ b).astype(float)


@pytest.mark.parametrize("batch", [(), (3,), (2, 3)])
def test_right_products_pass(rng, batch):
    a, b, product = matrices(rng, 7, 11, 5, *batch)
    assert all(freivalds.check(a, b, product, rng) for _ in range(20))


@pytest.mark.parametrize("off", [1.0, -1.0, 2.0**20, -(2.0**40)])
def test_one_wrong_entry_is_found(rng, off):
    for _ in range(200):
        a, b, product = matrices(rng)
        product[rng.integers(7), rng.integers(5)] += off
        assert not freivalds.check(a, b, product, rng)


def test_errors_that_cancel_in_a_sum_are_found(rng):
    a, b, product = matrices(rng)
    product[2, 1] += 1.0
    product[2, 3] -= 1.0
    assert not freivalds.check(a, b, product, rng)


@pytest.mark.parametrize("wrong", [0.5, np.nan, np.inf, 2.0**60])
def test_no_whole_number_in_the_product_is_found(rng, wrong):
    a, b, product = matrices(rng)
    product[0, 0] = wrong
    assert not freivalds.check(a, b, product, rng)


@pytest.mark.parametrize("wrong", [0.5, np.nan, 2.0**54])
def test_operands_that_are_not_whole_are_refused(rng, wrong):
    a, b, product = matrices(rng)
    a[0, 0] = wrong
    with pytest.raises(ValueError, match="whole numbers"):
        freivalds.check(a, b, product, rng)


def test_sums_up_to_all_bits_are_exact(rng):
    a = np.full((1, 2), 2.0**26)
    b = np.array([[2.0**26], [2.0**26]])
    assert freivalds.check(a, b, np.array([[2.0**53]]), rng)
    assert not freivalds.check(a, b, np.array([[2.0**53 - 1.0]]), rng)
