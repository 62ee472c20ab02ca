"""Elementary functions of double-double balls, attacked where their computation changes."""

from __future__ import annotations

import flint
import numpy as np
import pytest
from double_points import FUNCTIONS, errors, exact, points, truth
from flint import arb

from gradiometer.reference.doubles import (
    arctangent,
    elementary,
    exponential,
    hyperbolic,
    logarithm,
    trigonometric,
)
from gradiometer.reference.doubles.array import DoubleDouble
from gradiometer.reference.doubles.beyond import BeyondDoubles

names = pytest.mark.parametrize("name", FUNCTIONS)


@names
def test_words_are_within_their_radii(name):
    found = FUNCTIONS[name].apply(points(name))
    assert (errors(truth(name), found) <= found.radius).all()
    assert (np.abs(found.low) <= np.abs(found.high) * 2.0**-53).all()


@names
def test_results_have_27_digits(name):
    x = points(name)
    found = FUNCTIONS[name].apply(x)
    size = np.abs(found.high)
    usual = (x.high > 1e-3) & (x.high < 100.0) & (size > 1e-3) & (size < 100.0)
    assert usual.sum() > 1000
    assert (found.radius[usual] < 1e-27 * size[usual]).all()


@pytest.mark.parametrize("name", ["expm1", "log1p", "sin", "tan", "arctan", "sinh", "tanh"])
def test_small_results_have_30_digits(name):
    x = points(name)
    small = np.abs(x.high) < 2.0**-20
    found = FUNCTIONS[name].apply(x)
    assert small.sum() > 1000
    assert (found.radius[small] < 2e-30 * np.abs(found.high[small])).all()


@names
@pytest.mark.parametrize("share", [1e-30, 1e-15, 1e-6, 0.1])
def test_balls_are_mapped_into_balls(name, share):
    f, x = FUNCTIONS[name], points(name, 1500)
    radius = np.minimum(share * np.abs(x.high), share)
    radius[::7] = 0.0
    if name in ("log", "log1p"):
        radius = np.minimum(radius, 0.4 * np.abs(x.high + (name == "log1p")))
    if name == "tan":
        cosine = np.abs(np.cos(x.high))
        radius = np.where(cosine > 1e-10, np.minimum(radius, 0.3 * cosine), 0.0)
    found = f.apply(DoubleDouble(x.high, x.low, radius))
    for part in (-1.0, -0.37, 0.61, 1.0):
        true = exact(name, x, part * radius)
        assert (errors(true, found) <= found.radius).all()


@names
def test_radii_are_not_much_wider_than_the_image(name):
    f, x = FUNCTIONS[name], points(name, 1500)
    x = x[np.abs(x.high) < 30.0]
    radius = 1e-9 * np.abs(x.high)
    if name == "log1p":
        radius = np.minimum(radius, 1e-9 * (1.0 + x.high))
    if name == "tan":
        radius *= np.abs(np.cos(x.high))
    found = f.apply(DoubleDouble(x.high, x.low, radius))
    reach = np.maximum(*(errors(exact(name, x, s * radius), found) for s in (-1.0, 1.0)))
    at_extrema = 3.0 * radius if name in ("sin", "cos", "sinh", "cosh") else 0.0
    slack = 1e-24 + 0.01 * reach + at_extrema + (radius if name == "sinh" else 0.0)
    assert (found.radius <= reach * 3.0 + slack).all()


BOUNDS = [
    (exponential, "ROUNDING", None, 8, "exp"),
    (exponential, "REDUCTION", None, 8, "exp"),
    (exponential, "ROUNDING_NEAR_ZERO", None, 32, "expm1"),
    (exponential, "ROUNDING_ELSEWHERE", 1, 16, "expm1"),
    (logarithm, "ROUNDING", 1, 8, "log"),
    (logarithm, "ARGUMENT", None, 8, "log"),
    (trigonometric, "REDUCTION", None, 8, "sin"),
    (trigonometric, "ROUNDING", 0, 8, "cos"),
    (arctangent, "ROUNDING", 0, 8, "arctan"),
    (arctangent, "ROUNDING_BEYOND_ONE", None, 8, "arctan"),
    (hyperbolic, "TANH", None, 8, "tanh"),
    (hyperbolic, "LOGISTIC", None, 8, "sigmoid"),
    (hyperbolic, "SOFTPLUS", None, 8, "softplus"),
    (hyperbolic, "VANISHED", None, 8, "exp"),
]
"""Constants of bounds, by how much they are cut, and a function that then misses the truth."""


@pytest.mark.parametrize(("module", "constant", "part", "by", "name"), BOUNDS)
def test_a_bound_that_is_cut_is_missed(module, constant, part, by, name, monkeypatch):
    bound = getattr(module, constant)
    if part is None:
        cut = bound / by
    else:
        cut = tuple(b / by if k == part else b for k, b in enumerate(bound))
    monkeypatch.setattr(module, constant, cut)
    found = FUNCTIONS[name].apply(points(name))
    assert (errors(truth(name), found) > found.radius).any()


@names
def test_pieces_do_not_change_what_is_computed(name):
    x = points(name)
    many = DoubleDouble(*(np.tile(part, 3).reshape(3, -1) for part in x.pairs()))
    whole, once = FUNCTIONS[name].apply(many), FUNCTIONS[name].apply(x)
    assert whole.shape == (3, x.size)
    for a, b in zip(whole.pairs(), once.pairs(), strict=True):
        assert (a == b).all()


@names
def test_exact_doubles_need_no_low_part(name):
    x = points(name)
    one = FUNCTIONS[name].apply(DoubleDouble(x.high))
    other = FUNCTIONS[name].apply(DoubleDouble(x.high, np.zeros(x.size), np.zeros(x.size)))
    assert (one.high == other.high).all()
    assert (one.radius == other.radius).all()


@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"log"}))
def test_zeros_of_either_sign_are_taken(name, zero):
    found = FUNCTIONS[name].apply(DoubleDouble(np.array([zero])))
    (true,) = exact(name, DoubleDouble(np.array([0.0])))
    assert errors((true,), found)[0] <= found.radius[0]
    if name in ("expm1", "log1p", "sin", "tan", "arctan", "sinh", "tanh", "exp"):
        assert found.radius[0] == 0.0


def test_the_logarithm_of_one_is_exactly_zero():
    found = elementary.log(DoubleDouble(np.array([1.0])))
    assert (found.high, found.low, found.radius) == (0.0, 0.0, 0.0)


@names
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 5e-324, 2.0**-1022, 2.0**-401])
def test_what_is_no_number_or_too_small_is_refused(name, wrong):
    with pytest.raises(BeyondDoubles):
        FUNCTIONS[name].apply(DoubleDouble(np.array([0.5, wrong])))


OUTSIDE = {
    "exp": [277.1, 800.0],
    "expm1": [277.1, -277.1],
    "log": [0.0, -0.0, -1.0, 2.0**401],
    "log1p": [-1.0, -1.5, 2.0**-41 - 1.0, 2.0**401],
    "sin": [32769.0, -1e300],
    "cos": [32769.0, -1e300],
    "tan": [32769.0, -1e300],
    "arctan": [2.0**401],
    "sinh": [277.1, -277.1],
    "cosh": [277.1, -277.1],
}


@pytest.mark.parametrize(("name", "wrong"), [(n, x) for n, all_ in OUTSIDE.items() for x in all_])
def test_what_is_outside_of_the_range_is_refused(name, wrong):
    with pytest.raises(BeyondDoubles):
        FUNCTIONS[name].apply(DoubleDouble(np.array([0.5, wrong])))


@pytest.mark.parametrize(
    ("name", "center", "radius"),
    [
        ("log", 1.0, 0.6),
        ("log", 1e-20, 1e-20),
        ("log1p", -0.5, 0.3),
        ("tan", 1.5, 0.08),
        ("exp", 0.0, 1.5),
        ("tanh", 0.5, np.inf),
        ("sin", 0.5, np.nan),
    ],
)
def test_balls_that_are_too_wide_are_refused(name, center, radius):
    with pytest.raises(BeyondDoubles):
        FUNCTIONS[name].apply(DoubleDouble(np.array([center]), None, np.array([radius])))


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "softplus"])
@pytest.mark.parametrize("x", [-1e4, -800.0, -277.5])
def test_vanishing_results_are_enclosed(name, x):
    for radius in (0.0, 1e-20, 1.0):
        found = FUNCTIONS[name].apply(DoubleDouble(np.array([x]), None, np.array([radius])))
        for part in (-1.0, 1.0):
            true = exact(name, DoubleDouble(np.array([x])), part * radius)
            assert errors(true, found)[0] <= found.radius[0] < 2.0**-100


def test_a_word_that_is_not_normalised_is_refused():
    with pytest.raises(BeyondDoubles):
        elementary.exp(DoubleDouble(np.array([1.0]), np.array([1e-10])))


def test_tables_hold_what_they_say():
    reduction = exponential._tables().reduction
    with flint.ctx.workprec(400):
        step = sum(map(arb, reduction.step), arb(0))
        assert abs(step * 2**18 - arb(2).log()) < 2.0**-105
    for table in (logarithm._tables().fine, trigonometric._tables().sine):
        assert (np.abs(table[1]) <= np.abs(table[0]) * 2.0**-53).all()
