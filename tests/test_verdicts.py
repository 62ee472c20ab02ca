"""What times say of each other: intervals over processes, the band, Holm's correction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from gradiometer.measure.statistics import Median
from gradiometer.measure.verdicts import (
    BAND,
    FEWEST,
    MOST,
    Change,
    change,
    holm,
    interval,
    over_processes,
    two_sided,
)


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (Median(1.0, 0.98, 1.02), Change.SAME),
        (Median(1.02, 1.01, 1.029), Change.SAME),  # it differs, by less than matters
        (Median(1.05, 1.02, 1.08), Change.SLOWER),
        (Median(1 / 1.05, 1 / 1.08, 1 / 1.02), Change.FASTER),
        (Median(1.05, 0.99, 1.11), Change.UNCLEAR),
        (Median(1.02, 1.005, 1.04), Change.UNCLEAR),  # it differs, perhaps by more than matters
        (Median(1.0, 0.5, 2.0), Change.UNCLEAR),
        (Median(1 / 1.02, 1 / 1.04, 1 / 1.005), Change.UNCLEAR),
    ],
)
def test_a_change_is_clear_and_beyond_the_band(ratio: Median, expected: Change) -> None:
    assert change(ratio) is expected


def test_what_is_not_significant_among_many_is_not_clear() -> None:
    assert change(Median(1.2, 1.1, 1.3), significant=False) is Change.UNCLEAR
    assert change(Median(1.0, 0.99, 1.01), significant=False) is Change.SAME


def test_the_mean_over_processes_is_geometric_with_students_interval() -> None:
    ratios = [1.1, 1.2, 1.3, 1.25, 1.15]
    found, logs = over_processes(ratios, 0.95), np.log(ratios)
    low, high = stats.t.interval(0.95, 4, logs.mean(), stats.sem(logs))
    assert math.log(found.value) == pytest.approx(logs.mean())
    assert (math.log(found.low), math.log(found.high)) == pytest.approx((low, high))


def test_one_process_says_nothing_of_the_next() -> None:
    assert over_processes([1.3]) == Median(pytest.approx(1.3), 0.0, math.inf)


@pytest.mark.parametrize("scatter", [0.01, 0.04, 0.1])
@pytest.mark.parametrize("tails", ["normal", "heavy"])
def test_equal_code_is_rarely_told_apart_however_often_one_looks(
    scatter: float, tails: str
) -> None:
    rng = np.random.default_rng(7)
    drawn = rng.standard_normal if tails == "normal" else lambda n: rng.standard_t(4, n)
    told = 0
    for _ in range(300):
        ratios = np.exp(scatter * drawn(MOST))
        seen = (change(over_processes(ratios[:k])) for k in range(FEWEST, MOST + 1))
        told += next((c for c in seen if c is not Change.UNCLEAR), None) in ("faster", "slower")
    assert told <= stats.binom.ppf(0.999, 300, 0.05)


def test_a_slowdown_of_five_per_cent_is_found() -> None:
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(200):
        ratios = 1.05 * np.exp(0.03 * rng.standard_normal(MOST))
        seen = (change(over_processes(ratios[:k])) for k in range(FEWEST, MOST + 1))
        found += next((c for c in seen if c is not Change.UNCLEAR), None) is Change.SLOWER
    assert found >= 0.95 * 200


def test_intervals_and_p_values_of_one_ratio_agree() -> None:
    edge = interval(math.exp(1.96 * 0.02), 0.02)
    assert edge.low == pytest.approx(1.0, abs=1e-5)
    assert two_sided(edge.value, 0.02) == pytest.approx(0.05, rel=1e-3)
    assert two_sided(1 / edge.value, 0.02) == pytest.approx(0.05, rel=1e-3)
    assert (two_sided(1.0, 0.0), two_sided(1.1, 0.0)) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        ([0.01, 0.04, 0.03, 0.005], [True, False, False, True]),  # Holm's own example, at 5 %
        ([0.02, 0.02, 0.02], [False, False, False]),
        ([0.04], [True]),
        ([], []),
    ],
)
def test_holm_refuses_step_by_step(p_values: list[float], expected: list[bool]) -> None:
    assert holm(p_values) == expected


def test_the_band_is_three_per_cent() -> None:
    assert pytest.approx(1.03) == BAND
