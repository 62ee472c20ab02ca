"""Timing a call: the loop, its calibration, and one sample."""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gradiometer.errors import ChangedInput
from gradiometer.worker import sampling
from gradiometer.worker.given import Given
from gradiometer.worker.sampling import (
    WARMING,
    Loop,
    calibrate,
    in_turn,
    make_loop,
    nothing,
    sample,
    timing_loop,
)


class Clock:
    """A clock that stands still unless a call moves it, in place of the machine's."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def taking(self, seconds: float, result: Any = None) -> Callable[..., Any]:
        """Return a function that takes some seconds."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self.now += seconds
            return result

        return call


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put a clock of our own in place of the machine's."""
    made = Clock()
    monkeypatch.setattr(sampling, "time", SimpleNamespace(perf_counter=made, process_time=made))
    return made


@pytest.fixture(autouse=True)
def collector() -> Iterator[None]:
    """Leave garbage collection as it was, whatever a test does to it."""
    enabled = gc.isenabled()
    yield
    (gc.enable if enabled else gc.disable)()


# The loop


@pytest.mark.parametrize("n", [0, 1, 2, 7, 1000])
def test_the_loop_calls_exactly_as_often_as_it_is_told(n: int) -> None:
    seen: list[int] = []
    make_loop(seen.append, [((1,), {})]).run(n)
    assert len(seen) == n


def test_a_turn_goes_through_all_arguments_in_order() -> None:
    seen: list[int] = []
    loop = make_loop(lambda a, k=0: seen.append(a + k), [((1,), {}), ((2,), {"k": 10}), ((3,), {})])
    loop.run(2)
    assert (loop.calls, seen) == (3, [1, 12, 3] * 2)


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {}),
        ((1,), {}),
        (("a", 2.0, None), {}),
        ((), {"y": 1}),
        ((1, 2), {"y": 3, "x": 4}),
        (((1, 2), {"c": 3}), {}),
        ((1,), {"n": 2, "call": 3, "wait": 4, "clock": 5, "last": 6, "result": 7, "a0_0": 8}),
        (tuple(range(300)), {f"key{i}": i for i in range(300)}),
    ],
    ids=["none", "one", "several", "keyword", "both", "nested", "clashing", "many"],
)
def test_the_call_gets_its_arguments_as_they_are(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    seen = []

    def call(*args: Any, **kwargs: Any) -> None:
        seen.append((args, kwargs))

    make_loop(call, [(args, kwargs)]).run(2)
    assert seen == [(args, kwargs)] * 2
    assert list(seen[0][1]) == list(kwargs)


def test_arguments_are_passed_and_not_copied() -> None:
    array: list[int] = []
    make_loop(lambda a, *, k: a.append(k), [((array,), {"k": 1})]).run(3)
    assert array == [1, 1, 1]


def test_the_loop_returns_the_seconds_of_all_its_calls(clock: Clock) -> None:
    loop = make_loop(clock.taking(3.0), [((1, 2), {"k": 4}), ((5,), {})])
    assert [loop.run(n) for n in (0, 1, 4)] == [0.0, 6.0, 24.0]


def test_every_result_is_waited_for_inside_the_timing(clock: Clock) -> None:
    waited = []

    def wait(result: str) -> str:
        waited.append(result)
        clock.now += 10.0
        return "kept"

    loop = make_loop(clock.taking(0.5, result="promise"), [((), {})] * 2, wait)
    assert loop.run(3) == 63.0
    assert waited == ["promise"] * 6
    assert loop.last == ["kept", 1]


def test_two_loops_keep_their_own_calls_and_arguments() -> None:
    one: list[str] = []
    other: list[str] = []
    loops = [
        make_loop(seen.append, [((name,), {})]) for seen, name in ((one, "one"), (other, "other"))
    ]
    for loop in loops:
        loop.run(2)
    assert (one, other) == (["one"] * 2, ["other"] * 2)


def test_what_a_call_raises_comes_out_of_the_loop() -> None:
    def call() -> None:
        raise ZeroDivisionError("in the call")

    with pytest.raises(ZeroDivisionError, match="in the call"):
        make_loop(call, [((), {})]).run(1)


def test_of_all_results_the_last_alone_is_kept() -> None:
    alive: list[int] = []

    class Result:
        def __init__(self, number: int) -> None:
            self.number = number
            alive.append(number)

        def __del__(self) -> None:
            alive.remove(self.number)

    loop = make_loop(Result, [((1,), {}), ((2,), {})])
    assert loop.last == [None, 1]
    loop.run(5)
    loop.run(0)
    assert (alive, loop.last[0].number) == ([2], 2)


def test_a_loop_knows_what_its_calls_were_given() -> None:
    array = np.zeros(2)
    loop = make_loop(lambda a, b: b.__setitem__(0, 5.0), [((1.0, array), {})])
    (given,) = loop.given
    given.compare()
    loop.run(1)
    with pytest.raises(ChangedInput, match="a call changes an argument"):
        given.compare()


@pytest.mark.parametrize(("args", "kwargs"), [((), {}), ((1, 2.0), {"k": None})])
def test_nothing_takes_anything_and_does_nothing(
    args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    assert nothing(*args, **kwargs) is None
    assert make_loop(nothing, [(args, kwargs)]).run(10) >= 0.0


# Calibration


def steady(call_s: float, spent: list[float] | None = None) -> Callable[[int], float]:
    """Return a loop over calls that always take the same time, and note what it spends."""

    def loop(n: int) -> float:
        elapsed = n * call_s
        if spent is not None:
            spent.append(elapsed)
        return elapsed

    return loop


@pytest.mark.parametrize("sample_s", [0.002, 0.005, 0.1])
@pytest.mark.parametrize("call_s", [1e-9, 6e-8, 1e-6, 3.3e-5, 4e-4, 1.9e-3])
def test_quick_calls_are_batched_into_a_sample(call_s: float, sample_s: float) -> None:
    loops = calibrate(steady(call_s), sample_s)
    assert abs(loops * call_s - sample_s) <= max(call_s, 0.01 * sample_s)


@pytest.mark.parametrize("call_s", [0.0051, 0.5, 60.0, 1e6])
def test_a_call_longer_than_a_sample_is_a_sample_by_itself(call_s: float) -> None:
    spent: list[float] = []
    assert calibrate(steady(call_s, spent), 0.005) == 1
    assert sum(spent) <= 2 * call_s


@pytest.mark.parametrize("call_s", [1e-9, 6e-8, 1e-6, 3.3e-5, 4e-4, 4.9e-3])
def test_calibration_takes_no_longer_than_a_few_samples(call_s: float) -> None:
    spent: list[float] = []
    calibrate(steady(call_s, spent), 0.005)
    assert sum(spent) <= 5 * 0.005
    assert len(spent) <= 20


@pytest.mark.parametrize(
    ("call_s", "turns"),
    [
        (1.01 / 64, [1, 2, 4, 8, 16, 16]),  # twice as many, where a sample is not far
        (1 / 64, [1, 10, 20, 20]),  # else ten times
        (0.2499, [1, 2, 2]),
        (0.25, [1, 1]),  # what may be a sample is timed again
        (49.99, [1, 1]),
        (50.0, [1]),  # and what takes very long is believed at once
    ],
)
def test_the_turns_of_a_sample_are_found_step_by_step(call_s: float, turns: list[int]) -> None:
    spent: list[float] = []
    calibrate(steady(call_s, spent), 1.0)
    assert [round(each / call_s) for each in spent] == turns


@pytest.mark.parametrize("call_s", [1e-8, 1e-5, 1.0])
def test_more_calls_fill_a_longer_sample(call_s: float) -> None:
    counts = [calibrate(steady(call_s), s) for s in (0.001, 0.01, 0.1)]
    assert counts == sorted(counts)
    assert min(counts) >= 1


def test_a_coarse_clock_is_given_more_calls() -> None:
    def coarse(n: int) -> float:
        return n * 1e-7 // 1e-4 * 1e-4

    assert calibrate(coarse, 0.005) == pytest.approx(50_000, rel=0.1)


@pytest.mark.parametrize("hiccup_s", [0.002, 0.004, 0.006, 0.1, 0.2])
def test_one_slow_first_call_makes_no_sample_short(hiccup_s: float) -> None:
    hiccups = iter([hiccup_s])

    def loop(n: int) -> float:
        return n * 1e-6 + next(hiccups, 0.0)

    assert calibrate(loop, 0.005) >= 2500


# The loop over several points


def made(clock: Clock, seen: list[int], call_s: float) -> Callable[[Any], Loop]:
    """Return what makes a loop over numbers, of calls that note theirs and return ten times it."""

    def call(number: int) -> int:
        seen.append(number)
        clock.now += call_s
        return 10 * number

    return lambda numbers: make_loop(call, [((number,), {}) for number in numbers])


@pytest.mark.parametrize(
    ("call_s", "calls"), [(1e-5, 501), (1e-3, 6), (1.6e-3, 3), (1.7e-3, 3), (2.1e-3, 2), (0.1, 1)]
)
def test_a_sample_is_of_all_points_or_of_the_next(clock: Clock, call_s: float, calls: int) -> None:
    seen: list[int] = []
    loop, found = timing_loop(made(clock, seen, call_s), [1, 2, 3], 0.005)
    assert found == calls
    seen.clear()
    turns = []
    for _ in range(4):
        loop.run(1)
        turns.append((seen.copy(), loop.last.copy()))
        seen.clear()
    whole, each = ([1, 2, 3], [30, 2]), [([1], [10, 0]), ([2], [20, 1]), ([3], [30, 2])]
    # the loop was warmed up at the first point, by itself
    assert turns == ([whole] * 4 if 3 * call_s <= 0.005 else [*each, each[0]])


@pytest.mark.parametrize("call_s", [1e-3, 0.1])
def test_all_that_calls_are_given_is_watched(clock: Clock, call_s: float) -> None:
    points = [np.array([float(k)]) for k in range(3)]
    loop, _ = timing_loop(made(clock, [], call_s), points, 0.005)
    for k in range(3):
        for given in loop.given:
            given.compare()
        points[k] += 1.0
        with pytest.raises(ChangedInput):
            [given.compare() for given in loop.given]
        points[k] -= 1.0


def test_loops_take_turns(clock: Clock) -> None:
    seen: list[int] = []
    make = made(clock, seen, 1.0)
    loop = in_turn([make([k]) for k in range(3)])
    assert [loop.run(n) for n in (2, 1, 0, 1)] == [2.0, 1.0, 0.0, 1.0]
    assert seen == [0, 0, 1, 0]
    assert loop.calls == 1


# One sample


@pytest.mark.parametrize(("call_s", "loops"), [(2.0, 1), (0.5, 8), (1e-3, 1000)])
def test_a_sample_is_the_seconds_of_one_call(clock: Clock, call_s: float, loops: int) -> None:
    taken = sample(make_loop(clock.taking(call_s), [((), {})]), loops)
    assert taken == pytest.approx((call_s, call_s))


@pytest.mark.parametrize(
    ("loops", "made"),
    [
        (1, [1]),
        (2, [1, 2]),
        (WARMING, [1, WARMING]),
        (WARMING + 1, [2, WARMING + 1]),
        (13, [2, 13]),
        (100 * WARMING, [100, 100 * WARMING]),
    ],
)
def test_a_sample_makes_its_calls_at_once_and_some_before(loops: int, made: list[int]) -> None:
    seen: list[int] = []

    def loop(n: int) -> float:
        seen.append(n)
        return float(n)

    assert sample(Loop(loop, 1, [], [Given({})]), loops).wall_s == 1.0
    assert seen == made


@pytest.mark.parametrize(("calls", "made"), [(1, 3), (3, 3), (12, 15), (30, 36)])
def test_a_sample_is_made_of_whole_turns(clock: Clock, calls: int, made: int) -> None:
    seconds: list[float] = []

    def call(wall_s: float) -> None:
        clock.now += wall_s
        seconds.append(wall_s)

    loop = make_loop(call, [((s,), {}) for s in (1.0, 2.0, 6.0)])
    assert sample(loop, calls) == pytest.approx((3.0, 3.0))
    assert len(seconds) == made


@pytest.mark.parametrize("loops", [2, 8, 9, 1000])
def test_the_calls_that_go_before_are_not_timed(clock: Clock, loops: int) -> None:
    cold = iter([100.0] * math.ceil(loops / WARMING))

    def call() -> None:
        clock.now += next(cold, 0.25)

    assert sample(make_loop(call, [((), {})]), loops) == pytest.approx((0.25, 0.25))
    assert next(cold, None) is None


def test_a_call_that_is_a_sample_by_itself_is_timed_cold(clock: Clock) -> None:
    seconds = iter([100.0])

    def call() -> None:
        clock.now += next(seconds)

    assert sample(make_loop(call, [((), {})]), 1) == (100.0, 100.0)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_what_a_call_raises_comes_out_of_a_sample(number: int) -> None:
    left = iter([1.0] * number)

    def call() -> None:
        next(left)

    with pytest.raises(StopIteration):
        sample(make_loop(call, [((), {})]), 4)


@pytest.mark.parametrize("before", [True, False])
def test_nothing_is_collected_inside_a_sample(before: bool) -> None:
    (gc.enable if before else gc.disable)()
    seen = []
    sample(make_loop(lambda: seen.append(gc.isenabled()), [((), {})]), 3)
    assert len(seen) >= 3
    assert not any(seen)
    assert gc.isenabled() is before


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_collection_is_as_before_even_when_the_call_raises(
    before: bool, error: type[BaseException]
) -> None:
    def call() -> None:
        raise error

    (gc.enable if before else gc.disable)()
    with pytest.raises(error):
        sample(make_loop(call, [((), {})]), 3)
    assert gc.isenabled() is before


def test_garbage_made_in_a_sample_is_left_during_it() -> None:
    collections: list[str] = []
    during: list[int] = []

    def call() -> None:
        cycle: list[Any] = []
        cycle.append(cycle)
        during.append(len(collections))

    def watch(phase: str, info: dict[str, int]) -> None:
        collections.append(phase)

    gc.callbacks.append(watch)
    try:
        sample(make_loop(call, [((), {})]), 3 * gc.get_threshold()[0])
    finally:
        gc.callbacks.remove(watch)
    assert len(during) > gc.get_threshold()[0]
    assert len(set(during)) == 1
