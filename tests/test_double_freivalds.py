"""Products of matrices of whole numbers that are right pass, those that are not do not."""

from __future__ import annotations

import numpy as np
import pytest

from gradiometer.reference.doubles import freivalds
from gradiometer.reference.doubles.array import DoubleDouble
from gradiometer.reference.doubles.beyond import BeyondDoubles
from gradiometer.reference.doubles.products import products


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


@pytest.mark.parametrize("low", [False, True])
@pytest.mark.parametrize("shapes", [((4, 9), (9, 3)), ((3, 9), (9, 40))])
def test_every_product_of_slices_is_checked_if_asked(monkeypatch, caplog, rng, low, shapes):
    one, other = (
        DoubleDouble(x := rng.standard_normal((2, *shape)), x * 2.0**-60 if low else None)
        for shape in shapes
    )
    monkeypatch.setenv(freivalds.VARIABLE, "1")
    right = products(one, other)
    multiply = np.matmul

    def wrong(x, y):
        found = multiply(x, y)
        found[..., -1, -1] += 64.0 * np.spacing(np.abs(found).max())
        return found

    monkeypatch.setattr(np, "matmul", wrong)
    freivalds._tell.cache_clear()
    for _ in range(2):
        with pytest.raises(BeyondDoubles, match="wrong"):
            products(one, other)
    assert len(caplog.records) == 1
    monkeypatch.setenv(freivalds.VARIABLE, "0")
    assert (products(one, other).high != right.high).any()
