"""Matrix products of double-double balls hold the truth."""

import numpy as np
import pytest
from flint import ctx
from test_doubles import draw, outside, points

from gradiometer.reference import balls as numeric
from gradiometer.reference.doubles import freivalds
from gradiometer.reference.doubles import products as module
from gradiometer.reference.doubles.array import DoubleDouble
from gradiometer.reference.doubles.beyond import BeyondDoubles
from gradiometer.reference.doubles.products import products


@pytest.fixture(autouse=True)
def precise():
    with ctx.workprec(1200):
        yield


def true(a, b):
    return np.array([numeric.matmul(x, y) for x, y in zip(a, b, strict=True)])


@pytest.mark.parametrize(("m", "k", "n"), [(3, 64, 4), (2, 500, 3), (20, 2, 3), (3, 1, 2)])
@pytest.mark.parametrize("spread", [1, 60, 300])
@pytest.mark.parametrize("kinds", [(0, 0), (0, 1), (1, 2), (2, 0), (2, 2)])
def test_products_enclose(m, k, n, spread, kinds):
    rng = np.random.default_rng(spread)
    a, b = draw(rng, (2, m, k), kinds[0], spread), draw(rng, (2, k, n), kinds[1], spread)
    found = products(a, b)
    for x, y in zip(points(a), points(b), strict=True):
        assert not outside(found, true(x, y))


def test_products_that_cancel_are_enclosed():
    rng = np.random.default_rng(0)
    a = draw(rng, (1, 3, 40), 1, 1)
    b = draw(rng, (1, 40, 4), 1, 1)
    a = DoubleDouble(np.concatenate([a.high, -a.high], 2), np.concatenate([a.low, -a.low], 2))
    b = DoubleDouble(np.concatenate([b.high, b.high], 1), np.concatenate([b.low, b.low * 0.5], 1))
    assert not outside(products(a, b), true(a.balls(), b.balls()))


def test_blocks_are_the_whole(monkeypatch):
    rng = np.random.default_rng(1)
    a, b = draw(rng, (3, 9, 8), 2, 2), draw(rng, (3, 8, 11), 2, 2)
    monkeypatch.setattr(module, "BLOCK", 100)
    found = products(a, b)
    for x, y in zip(points(a), points(b), strict=True):
        assert not outside(found, true(x, y))


def test_products_of_whole_numbers_are_exact():
    rng = np.random.default_rng(2)
    a, b = (DoubleDouble(rng.integers(-99, 99, shape) / 8) for shape in ((1, 4, 9), (1, 9, 3)))
    found = products(a, b)
    assert found.low is None
    assert found.radius is None
    assert np.array_equal(found.high, a.high @ b.high)


def test_rows_of_zeros_stay_zeros():
    a = draw(np.random.default_rng(3), (1, 4, 9), 1, 3)
    a = a.each(lambda part: part * np.array([1.0, 0.0, 1.0, 0.0])[:, None])
    found = products(a, a.transpose(0, 2, 1)[..., :3])
    assert not any(part[0, 1::2].any() for part in found.pairs())


@pytest.mark.parametrize("x", [np.nan, np.inf, 1e300])
def test_what_is_too_large_is_refused(x):
    a = DoubleDouble(np.array([[[1.0, x], [2.0, 3.0]]]))
    with pytest.raises(BeyondDoubles):
        products(a, a)


def test_too_few_bits_are_seen(monkeypatch):
    """The check can fail: slices of too many bits make sums that are not exact."""
    rng = np.random.default_rng(4)
    a, b = draw(rng, (1, 4, 64), 1, 1), draw(rng, (1, 64, 4), 1, 1)
    monkeypatch.setattr(module, "_plan", lambda k: (4, 27))
    with pytest.raises(BeyondDoubles, match="wrong"):
        products(a, b)
    monkeypatch.setenv(freivalds.VARIABLE, "0")
    assert outside(products(a, b), true(a.balls(), b.balls()))
