"""Elementary functions of double-double balls, attacked where their computation changes."""

from __future__ import annotations

import numpy as np
import pytest
from double_points import FUNCTIONS, errors, exact, points, truth

from gradiometer.reference.doubles import elementary
from gradiometer.reference.doubles.array import DoubleDouble
from gradiometer.reference.doubles.beyond import BeyondDoubles

names = pytest.mark.parametrize("name", FUNCTIONS)


@names
def test_words_are_within_their_radii(name):
    found = FUNCTIONS[name].apply(points(name))
    error = errors(truth(name), found)
    assert (error <= found.radius).all()
    assert (np.abs(found.low) <= np.abs(found.high) * 2.0**-53).all()


@names
def test_results_have_thirty_digits(name):
    x = points(name)
    found = FUNCTIONS[name].apply(x)
    usual = (np.abs(x.high) > 1e-3) & (np.abs(x.high) < 100.0) & (np.abs(found.high) > 1e-3)
    assert (found.radius[usual] < 1e-26 * np.abs(found.high[usual])).all()
