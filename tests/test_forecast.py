"""Forecasts: what larger sizes cost is told from smaller ones, and only from those."""

from __future__ import annotations

from typing import Any

import pytest

from gradiometer.measure.forecast import EXHAUSTED, SPENT, Cost, Forecasts, spent
from gradiometer.measure.options import Options
from gradiometer.runs.schema import record
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.outcome import Cold, Outcome, Status, Verdict, Warm

OPTIONS = Options(budget_s=0.7, timeout_s=30.0)  # a call may take 0.1 s
GIB = 2**30


def refusal(costs: list[Cost], n: int = 1000, options: Options = OPTIONS) -> str | None:
    """Return the refusal of a case, from costs of the same problem at other sizes."""
    made = Forecasts(options, 4 * GIB)
    for cost in costs:
        made.learn(Case("p", f"{cost.n}", "gradient"), "m", cost)
    return made.refusal(Case("p", f"{n}", "gradient"), "m", n)


def costs(name: str, *pairs: tuple[int, Any]) -> list[Cost]:
    return [Cost(n, **{name: value}) for n, value in pairs]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (costs("call_s", (10, 0.001), (100, 0.02)), None),  # from 10 ms on: to 0.04
        (costs("call_s", (10, 0.02), (100, 0.02)), None),
        (costs("call_s", (10, 0.03), (100, 0.02)), None),
        (costs("call_s", (100, 0.09)), None),  # nothing is told from one size
        (costs("call_s", (10, None), (100, 0.09)), None),
        (costs("call_s", (10, 0.02), (100, 0.08)),
         "forecast from 10 and 100 inputs: 0.32 s a call, over 0.1 s"),
        (costs("call_s", (2, 9.0), (10, 0.02), (100, 0.08)), "10 and 100 inputs: 0.32 s a call"),
        (costs("call_s", (100, 0.08), (10, 0.02)), "10 and 100 inputs: 0.32 s a call"),
        (costs("call_s", (10, 0.02), (100, 0.08), (10_000, 0.02)), "0.32 s a call"),
        (costs("start_s", (10, 1.0), (100, 2.9)), None),
        (costs("start_s", (10, 30.0), (100, 30.0)), None),  # no more than it may
        (costs("peak", (10, 4 * GIB), (100, 4 * GIB)), None),
        (costs("start_s", (10, 1.0), (100, 10.0)), "100 s until the first answer, over 30 s"),
        (costs("peak", (10, GIB // 2**10), (100, GIB // 2)), "256 GiB of memory, over 4 GiB"),
        (costs("peak", (10, GIB // 2), (100, GIB // 2)), None),
        ([Cost(100, ended="timeout")], "not attempted: at 100 inputs it ended as timeout"),
        ([Cost(10, ended="timeout"), Cost(100, 0.1, 0.001)], None),
        ([Cost(1000, ended="timeout")], None),  # itself, taken up again
    ],
)  # fmt: skip
def test_a_cost_goes_on_as_it_grew_between_the_last_two_sizes(
    known: list[Cost], expected: str | None
) -> None:
    found = refusal(known)
    assert (found is None) == (expected is None), found
    assert (expected or "") in (found or "")


def test_a_size_between_two_is_told_from_the_smaller_ones() -> None:
    known = costs("call_s", (10, 0.02), (100, 0.08), (1000, 0.09))
    assert refusal(known, n=200) is not None
    assert refusal(known, n=2000) is None


@pytest.mark.parametrize(
    "other",
    [
        {"problem": "q"}, {"operator": "hessian"}, {"dtype": "float32"}, {"device": "other"},
        {"who": "another"},
    ],
)  # fmt: skip
def test_each_has_a_forecast_of_its_own(other: dict[str, str]) -> None:
    made, named = Forecasts(OPTIONS, GIB), {"problem": "p", "operator": "gradient"}
    made.learn(Case(size="1", **named), "m", Cost(1, ended="timeout"))
    asked = named | other
    who = asked.pop("who", "m")
    assert made.refusal(Case(size="2", **named), "m", 2)
    assert made.refusal(Case(size="2", **asked), who, 2) is None


@pytest.mark.parametrize("status", Status)
def test_what_a_cell_needed_is_told_by_its_record(status: Status) -> None:
    cold = Cold(import_s=9.0, prepare_s=1.0, first_s=2.0, prepare_bytes=7)
    warm, ended = Warm(time_s=0.5, call_bytes=8), str(status) if status in EXHAUSTED else ""
    row = record(Outcome(status, verdict=Verdict(3), cold=cold, warm=warm))
    assert spent(**{name: row[name] for name in SPENT}) == Cost(3, 3.0, 0.5, 8, ended)
    row = record(Outcome(status, verdict=Verdict(3)))
    assert spent(**{name: row[name] for name in SPENT}) == Cost(3, ended=ended)
