"""The median and its distribution-free interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradiometer.measure.statistics import Median, median

Draw = Callable[[np.random.Generator, Any], Any]

DRAWS: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, n: rng.standard_normal(n), 0.0),
    "exponential": (lambda rng, n: rng.exponential(1.0, n), math.log(2.0)),
    "cauchy": (lambda rng, n: rng.standard_cauchy(n), 0.0),
    "two humps": (lambda rng, n: rng.normal(rng.choice([-3.0, 3.0], n), 1.0), 0.0),
    "timings": (lambda rng, n: 1.0 + rng.lognormal(0.0, 1.5, n), 2.0),
}
"""Distributions, and the true median of each."""


def binomial(k: int, n: int) -> float:
    """Return P(B ≤ k) for B ~ Binomial(n, ½), from exact integers."""
    return sum(math.comb(n, i) for i in range(k + 1)) / 2**n


def rank(n: int, confidence: float) -> int:
    """Return the rank of the interval's lower end, by the definition."""
    ranks = [r for r in range(1, n // 2 + 1) if 2.0 * binomial(r - 1, n) <= 1.0 - confidence]
    return max(ranks, default=1)


def sample(n: int, seed: int = 0) -> list[float]:
    """Return n seeded samples, all different."""
    values: list[float] = np.random.default_rng(seed).standard_normal(n).tolist()
    return values


# The value and the ranks


@pytest.mark.parametrize(
    ("samples", "value"),
    [
        ([3.0], 3.0),
        ([1.0, 2.0], 1.5),
        ([3.0, 1.0, 2.0], 2.0),
        ([4.0, 1.0, 3.0, 2.0], 2.5),
        ([1.0, 1.0, 1.0, 9.0], 1.0),
        ([-1e300, 0.0, 1e300], 0.0),
        ([5e-324, 5e-324], 5e-324),
    ],
)
def test_the_value_is_the_median(samples: list[float], value: float) -> None:
    assert median(samples).value == value


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("n", [1, 2, 5, 6, 7, 8, 9, 15, 25, 26, 100, 501])
def test_the_interval_lies_between_the_binomial_s_ranks(n: int, confidence: float) -> None:
    r, ordered = rank(n, confidence), list(range(n))
    found = median([float(k) for k in ordered], confidence)
    assert (found.low, found.high) == (ordered[r - 1], ordered[n - r])


@pytest.mark.parametrize("n", [6, 7, 9, 25, 26, 100])
def test_the_interval_is_the_tightest_that_holds(n: int) -> None:
    r = int(median([float(k) for k in range(n)]).low) + 1
    assert 2.0 * binomial(r - 1, n) <= 0.05 < 2.0 * binomial(r, n)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_too_few_samples_give_the_whole_range(n: int) -> None:
    samples = sample(n)
    assert median(samples)[1:] == (min(samples), max(samples))


@pytest.mark.parametrize("n", [7, 25, 100])
def test_more_confidence_asks_for_a_wider_interval(n: int) -> None:
    widths = [m.high - m.low for m in (median(sample(n), c) for c in (0.5, 0.8, 0.95, 0.999))]
    assert widths == sorted(widths)
    assert widths[0] < widths[-1]


def test_more_samples_give_a_narrower_interval() -> None:
    widths = [m.high - m.low for m in (median(sample(n)) for n in (10, 100, 1000, 10_000))]
    assert widths == sorted(widths, reverse=True)


def test_no_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="No samples: expected at least one"):
        median([])


# What it does not depend on


@pytest.mark.parametrize("n", [2, 7, 26])
def test_the_order_of_the_samples_does_not_matter(n: int) -> None:
    samples = sample(n)
    shuffled = np.random.default_rng(1).permutation(samples).tolist()
    assert median(shuffled) == median(samples) == median(sorted(samples, reverse=True))


@pytest.mark.parametrize("n", [7, 25])
@pytest.mark.parametrize("f", [math.exp, math.atan, lambda x: x**3, lambda x: 1e9 * x - 5.0])
def test_a_rising_map_of_the_samples_maps_the_figures(n: int, f: Callable[[float], float]) -> None:
    samples = sample(n)
    assert median([f(x) for x in samples]) == tuple(f(x) for x in median(samples))


@pytest.mark.parametrize("n", [7, 8, 25])
def test_mirrored_samples_mirror_the_figures(n: int) -> None:
    value, low, high = median(sample(n))
    assert median([-x for x in sample(n)]) == (-value, -high, -low)


def test_a_few_wild_outliers_move_neither_end_far() -> None:
    calm = sample(25)
    wild = [*sorted(calm)[:-3], 1e6, 1e7, math.inf]
    assert median(wild) == median(calm)


def test_equal_samples_have_an_interval_without_width() -> None:
    assert median([2.5] * 9) == (2.5, 2.5, 2.5)


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_samples_may_come_in_any_sequence(kind: Callable[[list[float]], Any]) -> None:
    samples = kind([3.0, 1.0, 2.0])
    found = median(samples)
    assert found == Median(2.0, 1.0, 3.0)
    assert [type(figure) for figure in found] == [float, float, float]
    assert list(samples) == [3.0, 1.0, 2.0]


# What it promises


@pytest.mark.parametrize("n", [7, 25])
@pytest.mark.parametrize("name", sorted(DRAWS))
def test_the_interval_holds_the_median_as_often_as_said(name: str, n: int) -> None:
    draw, truth = DRAWS[name]
    trials = 1500
    samples = draw(np.random.default_rng(20), (trials, n))
    found = [median(row) for row in samples]
    covered = sum(m.low <= truth <= m.high for m in found) / trials
    exact = 1.0 - 2.0 * binomial(rank(n, 0.95) - 1, n)
    assert exact >= 0.95
    assert covered == pytest.approx(exact, abs=4.0 * math.sqrt(exact * (1.0 - exact) / trials))


def test_an_interval_about_something_else_is_found_out() -> None:
    samples = DRAWS["exponential"][0](np.random.default_rng(20), (500, 101))
    mean_covered = sum(m.low <= 1.0 <= m.high for m in map(median, samples)) / 500
    assert mean_covered < 0.5
