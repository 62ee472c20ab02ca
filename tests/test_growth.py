"""Growth: slopes are the powers that figures follow, crossovers are where methods change places."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from records import row, run, timed

from gradiometer.runs import growth

SIZES = (10, 100, 1000, 10000)


def grown(
    method: str, power: float, *sizes: int, factor: float = 1e-6, **values: Any
) -> list[dict[str, Any]]:
    """Return records of a method whose time grows as a power of the number of inputs."""
    return [
        row(method, "net", str(n), n=n, **values | timed(seconds=factor * n**power))
        for n in sizes or SIZES
    ]


def found(rows: list[dict[str, Any]], operator: str = "gradient") -> pd.DataFrame:
    return growth.slopes(run(*rows).records, operator)


@pytest.mark.parametrize("power", [0.0, 1.0, 2.5, -0.5])
def test_the_slope_is_the_power(power: float) -> None:
    (only,) = found(grown("tape", power)).itertuples()
    assert (only.series, only.method, only.figure, only.points) == ("net", "tape", "time", 4)
    assert (only.slope, only.low, only.high) == pytest.approx((power, power, power), abs=1e-9)


def test_the_interval_is_that_of_a_regression_by_hand() -> None:
    x, y = np.arange(5.0), np.array([0.1, 0.9, 2.3, 2.8, 4.1])
    got = growth.fit(np.exp(x), np.exp(y))
    # Σ(x − 2)² = 10, Σ(x − 2)·y = 9.9, Σ(residuals)² = 0.151; t(3; 0.975) = 3.18245
    half = 3.18245 * math.sqrt(0.151 / 3 / 10)
    assert got == pytest.approx((0.99, 0.99 - half, 0.99 + half), abs=1e-5)


@pytest.mark.parametrize(("count", "has"), [(3, False), (4, True)])
def test_an_interval_needs_two_points_beyond_those_of_a_line(count: int, has: bool) -> None:
    (only,) = found(grown("tape", 1.0, *SIZES[:count])).itertuples()
    assert only.slope == pytest.approx(1.0)
    assert math.isfinite(only.low) == math.isfinite(only.high) == has


@pytest.mark.parametrize("sizes", [(10,), (10, 100), (10, 10, 10)])
def test_a_slope_needs_three_sizes(sizes: tuple[int, ...]) -> None:
    rows = [
        row("tape", "net", f"s{k}", n=n, **timed(seconds=1e-6 * n)) for k, n in enumerate(sizes)
    ]
    assert found(rows).empty


def test_sizes_that_hardly_differ_have_no_slope() -> None:
    assert found(grown("tape", 1.0, 3, 4, 5)).empty
    assert len(found(grown("tape", 1.0, 3, 4, 12))) == 1


def test_memory_and_the_ratio_to_the_primal_grow_by_powers_of_their_own() -> None:
    held = zip(SIZES, (4096, 10**5, 10**7, 10**9), strict=True)
    rows = [r | {"call_bytes": size} for r, (_, size) in zip(grown("tape", 2.0), held, strict=True)]
    primal = [r | {"operator": "value", "case": r["case"] + "-value"} for r in grown("tape", 1.0)]
    told = found(rows + primal).set_index("figure")
    assert told["slope"].to_dict() == pytest.approx(
        {"time": 2.0, "memory": 2.0, "× own primal": 1.0}
    )
    assert told["points"].to_dict() == {"time": 4, "memory": 3, "× own primal": 4}
    values = found(rows + primal, "value")
    assert values["figure"].tolist() == ["time"]


def test_what_is_not_ok_or_of_another_operator_has_no_part_in_a_slope() -> None:
    rows = grown("tape", 1.0)
    rows[-1] |= {"status": "disagrees", "time_s": 99.0}
    others = [r | {"operator": "hvp", "case": r["case"] + "-hvp"} for r in grown("tape", 3.0)]
    (only,) = found(rows + others).itertuples()
    assert (only.points, only.slope) == (3, pytest.approx(1.0))


def test_dtypes_have_slopes_of_their_own() -> None:
    rows = [
        r | {"dtype": dtype, "case": r["case"] + dtype}
        for dtype, power in (("float64", 1.0), ("float32", 2.0))
        for r in grown("tape", power)
    ]
    assert dict(found(rows)[["series", "slope"]].to_numpy()) == pytest.approx(
        {"net": 1.0, "net float32": 2.0}
    )


# Crossovers.


def paired(
    times: dict[str, list[float]], spread: float = 1.05, sizes: tuple[int, ...] = SIZES
) -> Any:
    """Return the crossovers of methods, given their times; intervals reach `spread` either way."""
    rows = []
    for k, n in enumerate(sizes):
        best = min(several[k] for several in times.values())
        for method, several in times.items():
            ratio = several[k] / best
            figures = timed(ratio, ratio / spread, ratio * spread, several[k])
            rows.append(row(method, "net", str(n), n=n, **figures))
    return growth.crossovers(run(*rows).records)


def test_a_crossover_is_where_the_lines_meet() -> None:
    (only,) = paired({"a": [1.0, 1.0, 1.0, 1.0], "b": [4.0, 2.0, 0.5, 0.1]}).itertuples()
    assert (only.series, only.method, only.overtakes) == ("net", "b", "a")
    assert only.n == pytest.approx(math.sqrt(100 * 1000))
    assert (only.below, only.above, only.lead) == (100.0, 1000.0, True)


def test_sizes_at_which_nobody_is_sure_are_passed_over() -> None:
    (only,) = paired({"a": [1.0, 1.0, 1.0, 1.0], "b": [4.0, 1.01, 0.99, 0.25]}).itertuples()
    assert (only.method, only.below, only.above) == ("b", 10.0, 10000.0)
    assert only.n == pytest.approx(math.sqrt(10 * 10000))


@pytest.mark.parametrize(
    "other",
    [[2.0, 2.0, 2.0, 2.0], [1.01, 1.0, 0.99, 0.99], [4.0, 2.0, 1.02, 0.98]],
    ids=["always slower", "always in doubt", "in doubt at the end"],
)
def test_without_a_sure_change_there_is_no_crossover(other: list[float]) -> None:
    assert paired({"a": [1.0] * 4, "b": other}).empty


def test_methods_can_change_places_twice() -> None:
    told = paired({"a": [1.0] * 4, "b": [2.0, 0.5, 0.5, 2.0]})
    assert told["method"].tolist() == ["b", "a"]
    assert told["n"].tolist() == pytest.approx([math.sqrt(10 * 100), math.sqrt(1000 * 10000)])


def test_only_a_change_of_the_fastest_is_one_of_the_lead() -> None:
    told = paired({"a": [1.0] * 4, "b": [9.0, 5.0, 2.5, 2.0], "c": [7.0, 6.0, 5.0, 4.0]})
    assert told[["method", "overtakes", "lead"]].to_numpy().tolist() == [["b", "c", False]]


def test_crossovers_need_three_sizes() -> None:
    assert paired({"a": [1.0, 1.0], "b": [4.0, 0.1]}, sizes=SIZES[:2]).empty


def test_a_method_is_compared_at_the_sizes_that_it_has() -> None:
    rows = [
        row(method, "net", str(n), n=n, **timed(ratio, 0.99 * ratio, 1.01 * ratio, ratio))
        for n, ratios in zip(SIZES, ((1.0, 3.0), (1.0, None), (5.0, 1.0), (None, 1.0)), strict=True)
        for method, ratio in zip("ab", ratios, strict=True)
        if ratio is not None
    ]
    (only,) = growth.crossovers(run(*rows).records).itertuples()
    assert (only.method, only.below, only.above) == ("b", 10.0, 1000.0)


@pytest.mark.parametrize("table", [growth.slopes, growth.crossovers])
def test_a_run_without_records_has_no_growth(table: Any) -> None:
    assert table(run().records).empty
