"""Numbers as people read them: three digits, a unit, a dash for a gap."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gradiometer.report import quantities


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (6e-8, "60.0 ns"), (6.2e-8, "62.0 ns"), (1.24e-3, "1.24 ms"), (47, "47.0 s"),
        (1e-9, "1.00 ns"), (1e-6, "1.00 µs"), (1e-3, "1.00 ms"), (1.0, "1.00 s"),
        (9.99e-7, "999 ns"), (0.999, "999 ms"), (123e-6, "123 µs"), (3600.0, "3,600 s"),
        (0.0, "0.00 ns"), (np.float64(2e-6), "2.00 µs"),
    ],
)  # fmt: skip
def test_a_duration_has_three_digits_and_its_unit(seconds: float, text: str) -> None:
    assert quantities.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(9.9996e-7, "1.00 µs"), (9.9996e-4, "1.00 ms"), (0.99996, "1.00 s")]
)
def test_a_duration_that_rounds_up_to_the_next_unit_is_told_in_it(
    seconds: float, text: str
) -> None:
    assert quantities.duration(seconds) == text


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (1.0, "1.00"), (1.234, "1.23"), (3.14159, "3.14"), (34.7, "34.7"), (34.74, "34.7"),
        (347.4, "347"), (7430.0, "7,430"), (7434.9, "7,430"), (1234567.0, "1,230,000"),
        (0.97, "0.97"), (0.5, "0.50"), (0.0, "0.00"), (-34.7, "-34.7"), (100, "100"), (10, "10.0"),
    ],
)  # fmt: skip
def test_three_digits_are_shown_without_an_exponent(x: float, text: str) -> None:
    assert quantities.three(x) == text


@pytest.mark.parametrize(
    ("x", "text"), [(9.996, "10.0"), (99.96, "100"), (999.6, "1,000"), (9999.6, "10,000")]
)
def test_three_digits_stay_three_where_rounding_adds_a_place(x: float, text: str) -> None:
    assert quantities.three(x) == text


@pytest.mark.parametrize("x", [math.nan, None, pd.NA, np.float64("nan")])
def test_a_gap_is_a_dash(x: Any) -> None:
    assert quantities.three(x) == "–"
    assert quantities.duration(x) == "–"
    assert quantities.interval(x, 1.0) == "–"


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (15.46, "15.5"), (0.0, "0.0"), (-3.21, "-3.2"), (math.inf, "exact"), (math.nan, "–"),
        (np.float64("inf"), "exact"), ("timeout", "timeout"), ("not-reached", "not-reached"),
        (-0.0, "0.0"), (-0.04, "0.0"),
    ],
)  # fmt: skip
def test_digits_have_one_decimal_and_a_status_stays_as_it_is(x: Any, text: str) -> None:
    assert quantities.digits(x) == text


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (1.0, "1.00×"), (34.7, "34.7×"), (7430.0, "7,430×"), (np.float64(2.0), "2.00×"),
        ("ok", "ok"), ("crashed", "crashed"), (math.nan, "–"),
    ],
)  # fmt: skip
def test_a_multiple_has_its_sign_and_a_status_stays_as_it_is(x: Any, text: str) -> None:
    assert quantities.multiple(x) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (34.1, 35.5, "[34.1, 35.5]"),
        (1.0, 1.0, "[1.00, 1.00]"),
        (0.95, 1200.0, "[0.95, 1,200]"),
    ],
)
def test_an_interval_shows_both_ends(low: float, high: float, text: str) -> None:
    assert quantities.interval(low, high) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (51_100_000, "51.1 MB"), (1_000_000, "1.00 MB"), (2**20, "1.05 MB"), (10**9, "1,000 MB"),
        (100_000, "0.10 MB"), (99_999, "< 0.1 MB"), (0, "< 0.1 MB"), (math.nan, "–"), (None, "–"),
    ],
)  # fmt: skip
def test_a_megabyte_is_a_million_bytes(count: Any, text: str) -> None:
    assert quantities.megabytes(count) == text
