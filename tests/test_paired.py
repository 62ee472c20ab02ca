"""Ratios of two methods, paired within the rounds they share."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradiometer.measure.statistics import Median, median, paired


def rounds(n: int, seed: int, scale: float = 1.0, spread: float = 0.3) -> dict[int, float]:
    """Return seeded seconds by the number of the round."""
    drawn = scale * np.random.default_rng(seed).lognormal(0.0, spread, n)
    return dict(enumerate(drawn.tolist()))


def slowed(samples: dict[int, float], factors: dict[int, float]) -> dict[int, float]:
    return {k: seconds * factors[k] for k, seconds in samples.items()}


# Which rounds count


@pytest.mark.parametrize(
    ("ours", "theirs", "value"),
    [
        ({0: 2.0}, {0: 1.0}, 2.0),
        ({0: 2.0, 1: 900.0}, {0: 1.0}, 2.0),
        ({0: 2.0}, {0: 1.0, 1: 900.0}, 2.0),
        ({0: 900.0, 3: 8.0, 5: 1.0}, {3: 2.0, 4: 900.0}, 4.0),
        ({5: 3.0, 1: 2.0, 0: 4.0}, {0: 1.0, 1: 1.0, 5: 1.0}, 24 ** (1 / 3)),
        ({2: 1.0, 7: 8.0}, {7: 2.0, 2: 1.0}, 2.0),
    ],
)
def test_only_shared_rounds_count_each_against_its_own(
    ours: dict[int, float], theirs: dict[int, float], value: float
) -> None:
    assert paired(ours, theirs).value == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("seed", range(3))
def test_rounds_of_one_alone_change_nothing(seed: int) -> None:
    ours, theirs = rounds(25, seed), rounds(25, seed + 10)
    few = {k: theirs[k] for k in range(0, 25, 3)}
    assert paired(ours, few) == paired({k: ours[k] for k in few}, few)
    assert paired(few, ours) == paired(few, {k: ours[k] for k in few})


def test_the_order_of_the_rounds_does_not_matter() -> None:
    ours, theirs = rounds(15, 0), rounds(15, 1)
    assert paired(dict(reversed(ours.items())), theirs) == paired(ours, theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [({}, {}), ({0: 1.0}, {}), ({}, {0: 1.0}), ({0: 1.0, 2: 1.0}, {1: 1.0, 3: 1.0})],
)
def test_methods_that_share_no_round_are_refused(
    ours: dict[int, float], theirs: dict[int, float]
) -> None:
    with pytest.raises(ValueError, match="expected at least one"):
        paired(ours, theirs)


# What cancels


@pytest.mark.parametrize("scale", [2.0**-20, 0.5, 1.0, 8.0])
def test_a_common_slow_down_cancels_exactly(scale: float) -> None:
    factors = {k: 2.0 ** (k % 5) for k in range(25)}
    ours, theirs = rounds(25, 0, scale), rounds(25, 1)
    assert paired(slowed(ours, factors), slowed(theirs, factors)) == paired(ours, theirs)


def test_a_drift_leaves_the_ratio() -> None:
    ours, theirs = rounds(20, 0, 3.0, 0.01), rounds(40, 1, 1.0, 0.01)
    drift = {k: 1.05**k for k in range(40)}
    ours, theirs = slowed(ours, drift), slowed(theirs, drift)
    apart = median(list(ours.values())).value / median(list(theirs.values())).value
    assert paired(ours, theirs).value == pytest.approx(3.0, rel=0.02)
    assert apart != pytest.approx(3.0, rel=0.3)


def test_a_slow_down_of_one_alone_does_not_cancel() -> None:
    ours, theirs = rounds(25, 0), rounds(25, 1)
    found = paired(slowed(ours, dict.fromkeys(range(25), 2.0)), theirs)
    doubled = tuple(2.0 * figure for figure in paired(ours, theirs))
    assert found == pytest.approx(doubled, rel=1e-14)


def test_a_method_against_itself_is_exactly_one() -> None:
    ours = rounds(25, 0, spread=3.0)
    assert paired(ours, ours) == Median(1.0, 1.0, 1.0)


# Invariance


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("n", [1, 7, 25])
def test_exchanging_the_methods_inverts_the_figures(n: int, seed: int) -> None:
    ours, theirs = rounds(n, seed), rounds(n, seed + 10)
    value, low, high = paired(ours, theirs)
    assert paired(theirs, ours) == pytest.approx((1 / value, 1 / high, 1 / low), rel=1e-14)


@pytest.mark.parametrize("n", [2, 10, 26])
def test_exchanging_inverts_intervals_of_even_numbers_too(n: int) -> None:
    ours, theirs = rounds(n, 0), rounds(n, 1)
    _, low, high = paired(ours, theirs)
    assert paired(theirs, ours)[1:] == pytest.approx((1 / high, 1 / low), rel=1e-14)


@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1e6])
def test_the_unit_of_time_does_not_matter(unit: float) -> None:
    ours, theirs, units = rounds(9, 0), rounds(9, 1), dict.fromkeys(range(9), unit)
    found = paired(slowed(ours, units), slowed(theirs, units))
    assert found == pytest.approx(paired(ours, theirs), rel=1e-14)


def test_what_is_asked_about_is_not_changed() -> None:
    ours, theirs = {0: 2.0, 1: 3.0}, {1: 1.0, 2: 5.0}
    assert paired(ours, theirs) == pytest.approx((3.0, 3.0, 3.0), rel=1e-14)
    assert (ours, theirs) == ({0: 2.0, 1: 3.0}, {1: 1.0, 2: 5.0})


def test_the_interval_holds_the_ratio_as_often_as_said() -> None:
    found = [paired(rounds(9, 2 * k, 4.0), rounds(9, 2 * k + 1)) for k in range(1000)]
    covered = sum(m.low <= 4.0 <= m.high for m in found) / 1000
    exact = 1.0 - 2.0 * sum(math.comb(9, i) for i in range(2)) / 2**9
    assert covered == pytest.approx(exact, abs=4.0 * math.sqrt(exact * (1.0 - exact) / 1000))
