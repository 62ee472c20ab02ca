"""Where calls dominate, and geometric means of ratios with their intervals."""

from __future__ import annotations

import math

import pandas as pd
import pytest
import records

from gradiometer.runs import regimes
from gradiometer.runs.frames import frame


def two_kinds() -> pd.DataFrame:
    """Return a small function and a large one, by four kinds of methods."""
    rows = []
    for problem, scale in (("small", 1e-6), ("large", 1e-3)):
        for method, ratio in (("by-hand", 1.0), ("tape", 20.0), ("dual", 40.0), ("cas", 2.0)):
            slower = 1.0 + (ratio - 1.0) * 1e-6 / scale
            rows.append(
                records.row(method, problem, **records.timed(slower, seconds=scale * slower))
            )
    return frame(rows)


def test_what_a_call_costs_is_the_least_time_of_an_automatic_method() -> None:
    assert regimes.call_cost(two_kinds()) == pytest.approx(20e-6)
    by_hand = two_kinds().query("method == 'by-hand'")
    assert math.isnan(regimes.call_cost(by_hand))
    assert not regimes.dominated(by_hand).any()


def test_calls_dominate_where_the_fastest_takes_less_than_a_call_costs() -> None:
    assert regimes.dominated(two_kinds()).to_dict() == {
        "small/float64/gradient": True, "large/float64/gradient": False,
    }  # fmt: skip


def test_what_is_wrong_untimed_or_translated_is_not_compared() -> None:
    rows = frame(
        [
            records.row("tape", **records.timed(2.0)),
            records.row("jit", translated="torch", **records.timed(1.0)),
            records.row("bad", status="disagrees", **records.timed(1.0)),
            records.row("checked"),
        ]
    )
    assert regimes.compared(rows)["method"].tolist() == ["tape"]


def test_slowdowns_are_geometric_means_those_of_more_functions_first() -> None:
    rows = [
        records.row(method, problem, **records.timed(ratio))
        for method, ratios in {"tape": (2.0, 8.0), "dual": (3.0, 3.0), "cas": (1.0,)}.items()
        for problem, ratio in zip(("p", "q"), ratios, strict=False)
    ]
    found = regimes.slowdowns(frame(rows))
    assert found[["method", "cases"]].to_numpy().tolist() == [["dual", 2], ["tape", 2], ["cas", 1]]
    assert found["ratio"].tolist() == pytest.approx([3.0, 4.0, 1.0])
    assert found["kind"].tolist() == ["automatic", "automatic", "symbolic"]


def test_a_lead_is_over_the_functions_that_both_have_with_independent_errors() -> None:
    wide = math.exp(regimes.NORMAL_95 * 0.1)  # a standard deviation of 0.1
    rows = [records.row("tape", p, **records.timed(1.0, 1.0, 1.0)) for p in "pqrs"]
    rows += [
        records.row("dual", p, **records.timed(r, r / wide, r * wide))
        for p, r in zip("pqrs", (2.0, 4.0, 2.0, 4.0), strict=True)
    ]
    rows.append(records.row("dual", "alone", **records.timed(1000.0)))
    found = regimes.lead(frame(rows), "tape", "dual")
    assert found.ratio == pytest.approx(math.sqrt(8.0))
    half = math.exp(regimes.NORMAL_95 * 0.1 / math.sqrt(4))
    assert (found.low, found.high) == pytest.approx((found.ratio / half, found.ratio * half))
