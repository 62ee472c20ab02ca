"""The options of a run: their defaults, what is refused, and the quick variant."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from gradiometer.errors import GradiometerError
from gradiometer.measure.options import FEWEST_ROUNDS, Options
from gradiometer.measure.statistics import median
from gradiometer.worker.cores import ALLOWED


def test_the_defaults_are_as_documented() -> None:
    assert dataclasses.asdict(Options()) == {
        "threads": 1, "precision": 0.02, "budget_s": 3.0, "rounds": 1000, "sample_s": 0.005,
        "cold": 0, "timeout_s": 60.0, "memory_gib": None, "seed": 0, "most_inputs": None,
    }  # fmt: skip


@pytest.mark.parametrize(("rounds", "longest_s"), [(0, 3.5), (FEWEST_ROUNDS, 0.5), (1000, 0.5)])
def test_the_fewest_samples_of_the_longest_call_fit_the_budget(
    rounds: int, longest_s: float
) -> None:
    assert Options(budget_s=3.5, rounds=rounds).longest_call_s == pytest.approx(longest_s)


@pytest.mark.parametrize(("order", "budget_s"), [(0, 1.5), (1, 3.0), (2, 3.0)])
def test_a_value_has_half_the_budget(order: int, budget_s: float) -> None:
    assert Options(seed=3).for_order(order) == Options(seed=3, budget_s=budget_s)


def test_the_fewest_rounds_give_a_median_an_interval() -> None:
    # With the fewest rounds less one, the interval is the whole range: 6 samples, 2/2⁶ < 5%.
    assert 2.0 * 0.5 ** (FEWEST_ROUNDS - 1) <= 0.05 < 2.0 * 0.5 ** (FEWEST_ROUNDS - 2)
    found = median([float(k) for k in range(FEWEST_ROUNDS)])
    assert found.low < found.value < found.high


def test_options_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Options().threads = 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threads", 1),
        ("threads", np.int64(1)),
        ("budget_s", np.float32(1.5)),
        ("precision", 0.5),
        ("memory_gib", None),
        ("rounds", 0),
        ("rounds", FEWEST_ROUNDS),
        ("rounds", 1000),
        ("sample_s", 1e-6),
        ("budget_s", 1e-3),
        ("timeout_s", 3600.0),
        ("seed", 2**40),
    ],
)
def test_what_makes_sense_is_taken(name: str, value: Any) -> None:
    assert getattr(Options(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("threads", 0, "expected 1 or more"),
        ("threads", -4, "expected 1 or more"),
        ("rounds", 1, f"expected {FEWEST_ROUNDS} or more"),
        ("rounds", FEWEST_ROUNDS - 1, "or 0 to check agreement only"),
        ("rounds", -1, f"expected {FEWEST_ROUNDS} or more"),
        ("sample_s", 0.0, "expected more than 0"),
        ("sample_s", -0.005, "expected more than 0"),
        ("budget_s", 0, "expected more than 0"),
        ("timeout_s", -1.0, "expected more than 0"),
        ("timeout_s", math.inf, "no infinity"),
        ("budget_s", math.inf, "no infinity"),
        ("threads", 4096, f"expected at most {len(ALLOWED)}, the cores"),
        ("rounds", 9.0, "expected a whole number"),
        ("threads", True, "expected a whole number"),
        ("seed", None, "expected a whole number"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(name: str, value: Any, expected: str) -> None:
    with pytest.raises(GradiometerError) as caught:
        Options(**{name: value})
    assert str(caught.value).startswith(f"{name} is {value}: ")
    assert expected in str(caught.value)


@pytest.mark.parametrize("name", ["sample_s", "budget_s", "timeout_s"])
def test_a_time_that_is_no_number_is_refused(name: str) -> None:
    with pytest.raises(GradiometerError, match=f"{name} is nan"):
        Options(**{name: math.nan})


def test_a_precision_beyond_a_half_says_nothing() -> None:
    with pytest.raises(GradiometerError, match="precision is 51%: expected at most 50%"):
        Options(precision=0.51)


@pytest.mark.parametrize("name", ["rounds", "budget_s", "memory_gib"])
def test_an_option_of_a_wrong_type_is_refused(name: str) -> None:
    with pytest.raises(GradiometerError, match=rf"{name} is '9': expected a .*number\."):
        Options(**{name: "9"})


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(GradiometerError, match="seed is -1: expected 0 or more"):
        Options(seed=-1)


def test_a_replaced_option_is_checked_too() -> None:
    with pytest.raises(GradiometerError, match="threads is 0"):
        dataclasses.replace(Options(), threads=0)


# The quick variant


def test_quick_takes_fewer_and_shorter_samples_and_leaves_the_rest() -> None:
    usual = Options(threads=1, timeout_s=7.0, seed=5, cold=2)
    shorter = dataclasses.replace(usual, rounds=9, sample_s=0.002, budget_s=1.0)
    assert usual.quick() == shorter


def test_quick_twice_is_quick_once() -> None:
    assert Options().quick().quick() == Options().quick()


@pytest.mark.parametrize(
    ("name", "value"), [("rounds", 0), ("rounds", 7), ("sample_s", 1e-4), ("budget_s", 0.1)]
)
def test_quick_makes_nothing_longer(name: str, value: Any) -> None:
    assert getattr(Options(**{name: value}).quick(), name) == value
