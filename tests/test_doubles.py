"""Double-double balls hold the truth of what is computed from them."""

import itertools
import operator

import numpy as np
import pytest
from flint import arb, ctx

from gradiometer.reference.doubles.array import DoubleDouble
from gradiometer.reference.doubles.beyond import BeyondDoubles
from gradiometer.reference.doubles.errorfree import quick_two_sum, two_product, two_sum

OPERATIONS = (operator.add, operator.sub, operator.mul, operator.truediv)
EDGES = [0.0, -0.0, 5e-324, -1e-310, 2.0**-480, 1.0, -1.0 - 2.0**-52, 3.0, 2.0**399, -1e160, 1e300]


@pytest.fixture(autouse=True)
def precise():
    with ctx.workprec(2400):
        yield


def draw(rng, shape, kind, spread=60):
    """Balls of doubles (kind 0), of pairs of them (1), and with radii (2)."""
    high = rng.standard_normal(shape) * np.exp2(rng.integers(-spread, spread, shape))
    if kind == 0:
        return DoubleDouble(high)
    high, low = quick_two_sum(high, high * rng.uniform(-1, 1, shape) * 2.0**-53)
    reach = np.abs(high) * np.exp2(rng.integers(-110, -20, shape)) if kind == 2 else None
    return DoubleDouble(high, low, reach)


def points(x):
    """Numbers of balls: both ends of each, the middle, and one between."""
    high, low, reach = (np.vectorize(arb, otypes=[object])(each) for each in x.pairs())
    return [high + low + t * reach for t in (-1, 1, 0, arb(0.375))]


def outside(found, truth):
    """How many components of the truth, which is known far better, are not within those found."""
    parts = zip(*(each.ravel() for each in found.pairs()), truth.ravel(), strict=True)
    return sum(
        not abs(true - arb(high) - arb(low)) <= arb(reach) for high, low, reach, true in parts
    )


@pytest.mark.parametrize("by", OPERATIONS)
@pytest.mark.parametrize("a", range(3))
@pytest.mark.parametrize("b", range(3))
def test_arithmetic_encloses(by, a, b):
    rng = np.random.default_rng(a + 3 * b)
    x, y = draw(rng, (20, 30), a), draw(rng, (30,), b)
    found = by(x, y)
    for one, other in itertools.product(points(x), points(y)):
        assert not outside(found, by(one, other))


@pytest.mark.parametrize("by", OPERATIONS[:3])
def test_arithmetic_cancels_right(by):
    """Operands that agree in most of their bits, or in all of them."""
    rng = np.random.default_rng(1)
    x = draw(rng, 2000, 1, 3)
    near = DoubleDouble(x.high, x.low * rng.choice([1.0, 1.0 - 2.0**-50, 0.5], 2000))
    assert not outside(by(x, near), by(x.balls(), near.balls()))


@pytest.mark.parametrize("by", OPERATIONS)
def test_edges_are_enclosed_or_refused(by):
    """Zeros of both signs, subnormals, and what is next to the largest."""
    for a in EDGES:
        for b in EDGES:
            x, y = DoubleDouble(np.array([a])), DoubleDouble(np.array([b]))
            try:
                found = by(x, y)
            except BeyondDoubles:
                continue
            if found.finite.all():
                assert not outside(found, by(x.balls(), y.balls())), (a, b)


def test_pieces_are_the_whole():
    rng = np.random.default_rng(2)
    x, y = draw(rng, (3, 30_011), 2), draw(rng, (3, 1), 1)
    found, part = x * y, x[1, 20_000:20_100] * y[1]
    assert all(map(np.array_equal, found[1, 20_000:20_100].pairs(), part.pairs()))


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 2), -1])
def test_sums_enclose(axis):
    x = draw(np.random.default_rng(3), (5, 7, 6), 2, 3)
    found = x.sum(axis)
    for each in points(x):
        assert not outside(found, np.asarray(each.sum(axis=axis)))
    assert found.shape == x.high.sum(axis=axis).shape


def test_roots_and_powers_enclose():
    rng = np.random.default_rng(4)
    for kind in range(3):
        x = draw(rng, 200, kind)
        squares = x * x
        for each in points(squares):
            assert not outside(squares.sqrt(), np.array([b.sqrt() for b in each]))
        for n in (-3, 0, 1, 2, 7):
            for each in points(x):
                assert not outside(x**n, each**n)


def test_what_is_exact_stays_exact():
    whole = DoubleDouble(np.arange(-8.0, 8.0) / 4)
    found = (whole * whole - 2 * whole).sum()
    assert found.low is None
    assert found.radius is None
    sign, exact = (whole * 3 - whole - 2 * whole).signs()
    assert exact.all()
    assert not sign.any()


def test_signs_are_proven():
    x = DoubleDouble(np.array([1.0, -1.0, 0.0, 1.0, 0.0]), None, np.array([0.5, 0.5, 0, 1.0, 1e-9]))
    sign, exact = x.signs()
    assert sign.tolist() == [1, -1, 0, 0, 0]
    assert exact.tolist() == [False, False, True, False, False]


def test_balls_come_back():
    with ctx.workprec(192):
        balls = np.array([arb.pi(), arb(1) / 3, arb(0.5), arb(1, 1e-40)], dtype=object)
    found = DoubleDouble.from_balls(balls)
    assert all(b.contains(a) for a, b in zip(balls, found.balls(), strict=True))


@pytest.mark.parametrize(
    "ask",
    [
        np.linalg.inv,
        np.exp,
        np.asarray,
        lambda x: x.cumsum(),
        lambda x: 1 / (x - x),
        lambda x: (-x).sqrt(),
        lambda x: x + np.inf,
        lambda x: (x * 1e300 * 1e300).signs(),
    ],
)
def test_what_is_missing_is_refused(ask):
    with pytest.raises(BeyondDoubles):
        ask(DoubleDouble(np.eye(2) + 1.0))


def test_too_narrow_a_radius_is_seen():
    """The check can fail: without radius a quotient does not hold the truth."""
    x, y = (draw(np.random.default_rng(k), 100, 1) for k in (5, 6))
    found = x / y
    assert outside(DoubleDouble(found.high, found.low), x.balls() / y.balls())


def test_error_free_transformations():
    rng = np.random.default_rng(7)
    a, b = rng.standard_normal((2, 500)) * np.exp2(rng.integers(-200, 200, (2, 500)))
    for transformed, by in ((two_sum, operator.add), (two_product, operator.mul)):
        for x, y, high, low in zip(a, b, *transformed(a, b), strict=True):
            assert by(arb(x), arb(y)) - arb(high) - arb(low) == 0
