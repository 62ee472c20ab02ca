"""Interleaved rounds: their order, their end, and who leaves them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gradiometer.measure import rounds
from gradiometer.measure.contender import Contender
from gradiometer.measure.fleet import Failure
from gradiometer.measure.options import FEWEST_ROUNDS, Options
from gradiometer.measure.outcome import Status
from gradiometer.measure.rounds import LOOK_EVERY, attempt, take_rounds
from gradiometer.measure.statistics import paired

FIRST_LOOK = 10
"""The first round, counted from one, after which the precision is looked at."""


class Clock:
    """A clock that only samples move; it keeps the order they were taken in."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.taken: list[tuple[int, str]] = []

    def monotonic(self) -> float:
        return self.now

    def order(self, number: int) -> list[str]:
        """Return who was sampled in a round, in turn."""
        return [name for k, name in self.taken if k == number]


class Drawn(Contender):
    """A contender whose samples are drawn: its own noise, times the round's."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        options: Options,
        *,
        call_s: float = 0.02,
        spread: float = 0.0,
        weather: float = 0.0,
        fails: dict[int, Failure] | None = None,
        wrong_in_the_end: bool = False,
    ) -> None:
        situation: Any = SimpleNamespace(
            point=SimpleNamespace(n=1), truth=SimpleNamespace(condition=None), options=options
        )
        unused: Any = None
        super().__init__(unused, situation, unused)
        self.name, self.loops = name, 1
        self._clock, self._call_s, self._spread, self._weather = clock, call_s, spread, weather
        self._fails, self._wrong = fails or {}, wrong_in_the_end
        self._rng = np.random.default_rng([*name.encode()])
        self.checked = 0

    def calibrate(self) -> None:
        self.calibrated = True

    def sample(self, number: int) -> None:
        assert self.calibrated
        self._clock.taken.append((number, self.name))
        if number in self._fails:
            raise self._fails[number]
        weather = np.random.default_rng([7, number]).lognormal(0.0, self._weather)
        own = self._rng.lognormal(0.0, self._spread)
        seconds = float(self._call_s * weather * own)
        self.samples[number] = seconds
        self._clock.now += seconds

    def check_again(self) -> None:
        self.checked += 1
        if self._wrong:
            raise Failure(Status.DISAGREES, "right at first")


class Yardsticks:
    """An instrument that counts what it is told."""

    floor_s = 5e-8

    def __init__(self) -> None:
        self.told: list[str] = []
        self.inside_s: float | None = None

    def begin(self) -> None:
        self.told.append("begin")

    def sample(self) -> None:
        self.told.append("sample")

    def end(self, inside_s: float) -> None:
        self.told.append("end")
        self.inside_s = inside_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put a clock of our own in place of the machine's."""
    made = Clock()
    monkeypatch.setattr(rounds, "time", made)
    return made


def take(contenders: Sequence[Drawn], options: Options) -> tuple[Yardsticks, list[str]]:
    """Take the rounds; return the instrument, and what was said."""
    instrument: Any = Yardsticks()
    said: list[str] = []
    take_rounds(contenders, instrument, options, said.append)
    return instrument, said


def field(clock: Clock, options: Options, n: int = 6, **details: Any) -> list[Drawn]:
    """Return some contenders alike but for their own noise."""
    return [Drawn(name, clock, options, **details) for name in "abcdefgh"[:n]]


# The order


def test_every_round_samples_everyone_once(clock: Clock) -> None:
    options = Options(rounds=9, budget_s=1e6)
    contenders = field(clock, options, spread=1.0)
    take(contenders, options)
    assert [number for number, _ in clock.taken] == [k for k in range(9) for _ in range(6)]
    assert all(sorted(clock.order(number)) == [*"abcdef"] for number in range(9))
    assert all(list(c.samples) == [*range(9)] for c in contenders)


def test_the_order_is_another_one_in_every_round(clock: Clock) -> None:
    options = Options(rounds=20, budget_s=1e6)
    take(field(clock, options, spread=1.0), options)
    orders = [tuple(clock.order(number)) for number in range(20)]
    assert len(set(orders)) > 15
    assert {order[0] for order in orders} == set("abcdef")


def test_the_seed_settles_the_order() -> None:
    def orders(seed: int) -> list[tuple[int, str]]:
        clock, options = Clock(), Options(rounds=9, budget_s=1e6, seed=seed)
        take(field(clock, options, spread=1.0), options)
        return clock.taken

    assert orders(3) == orders(3)
    assert orders(3) != orders(4)


def test_rounds_are_announced_and_the_yardsticks_taken_in_each(clock: Clock) -> None:
    options = Options(rounds=8, budget_s=1e6)
    contenders = field(clock, options, 3, spread=1.0)
    instrument, said = take(contenders, options)
    assert said == [f"round {k}" for k in range(1, 9)]
    assert instrument.told == ["begin", *8 * ["sample"], "end"]
    assert instrument.inside_s == pytest.approx(sum(c.spent_s for c in contenders))


# The end


def test_steady_ratios_end_the_rounds_by_precision_at_the_first_look(clock: Clock) -> None:
    options = Options(budget_s=1e6)
    contenders = field(clock, options, spread=0.001)
    take(contenders, options)
    assert {(c.outcome.rounds, c.outcome.stopped) for c in contenders} == {
        (FIRST_LOOK, "precision")
    }


def test_when_they_end_by_precision_every_ratio_has_it(clock: Clock) -> None:
    options = Options(budget_s=1e6, precision=0.05)
    contenders = field(clock, options, spread=0.2)
    take(contenders, options)
    for c in contenders:
        outcome = c.outcome
        assert outcome.stopped == "precision"
        assert outcome.rounds > FIRST_LOOK
        assert outcome.rounds % LOOK_EVERY == 0
        assert outcome.ratio_high - outcome.ratio_low <= 2 * 0.05 * outcome.ratio


def test_they_end_at_the_first_look_at_which_half_the_width_is_within_it(clock: Clock) -> None:
    options = Options(budget_s=1e6, precision=0.1)
    contenders = field(clock, options, 2, spread=0.2)
    take(contenders, options)
    half_widths = []
    for n in range(FIRST_LOOK, contenders[0].outcome.rounds + 1, LOOK_EVERY):
        first = [{k: c.samples[k] for k in range(n)} for c in contenders]
        fastest = min(first, key=lambda samples: np.median([*samples.values()]))
        ratios = [paired(samples, fastest) for samples in first]
        half_widths.append(max((r.high - r.low) / 2 / r.value for r in ratios))
    assert len(half_widths) > 2
    assert half_widths[-1] <= 0.1 < min(half_widths[:-1])


def test_a_finer_precision_takes_more_rounds(clock: Clock) -> None:
    taken = []
    for precision in (0.2, 0.1, 0.05):
        options = Options(budget_s=1e6, precision=precision)
        contenders = field(clock, options, spread=0.2)
        take(contenders, options)
        taken.append(contenders[0].outcome.rounds)
    assert taken == sorted(set(taken))


def test_one_noisy_ratio_is_enough_to_go_on(clock: Clock) -> None:
    options = Options(budget_s=1e6, rounds=40)
    contenders = [*field(clock, options, 3), Drawn("noisy", clock, options, spread=1.0)]
    take(contenders, options)
    assert {c.outcome.stopped for c in contenders} == {"rounds"}


def test_noise_that_stays_wide_ends_the_rounds_by_budget(clock: Clock) -> None:
    options = Options(budget_s=3.0)
    contenders = field(clock, options, spread=0.5)
    start = clock.now
    take(contenders, options)
    last = max(number for number, _ in clock.taken)
    last_s = sum(c.samples[last] for c in contenders)
    assert {c.outcome.stopped for c in contenders} == {"budget"}
    assert clock.now - start - last_s <= options.budget_s < clock.now - start


def test_a_budget_spent_at_once_still_leaves_the_fewest_rounds(clock: Clock) -> None:
    options = Options(budget_s=1e-6)
    contenders = field(clock, options, spread=0.5)
    take(contenders, options)
    assert {len(c.samples) for c in contenders} == {FEWEST_ROUNDS}


@pytest.mark.parametrize("limit", [FEWEST_ROUNDS, 8, 23])
def test_rounds_end_at_their_limit(clock: Clock, limit: int) -> None:
    options = Options(budget_s=1e6, rounds=limit)
    contenders = field(clock, options, spread=1.0)
    take(contenders, options)
    assert {(c.outcome.rounds, c.outcome.stopped) for c in contenders} == {(limit, "rounds")}


@pytest.mark.parametrize("n", [2, 3])
def test_a_few_quick_methods_may_spend_the_whole_budget(clock: Clock, n: int) -> None:
    options = Options(budget_s=3.0)
    contenders = field(clock, options, n, call_s=options.sample_s, spread=0.5)
    start = clock.now
    take(contenders, options)
    assert clock.now - start > options.budget_s
    assert {c.outcome.stopped for c in contenders} == {"budget"}


# Who leaves


@pytest.mark.parametrize("number", [0, 3, 6, 11])
@pytest.mark.parametrize("status", [Status.CRASHED, Status.TIMEOUT, Status.OUT_OF_MEMORY])
def test_a_contender_that_fails_is_out_and_the_others_go_on(
    clock: Clock, status: Status, number: int
) -> None:
    options = Options(budget_s=1e6, rounds=14)
    failing = Drawn("failing", clock, options, fails={number: Failure(status, "it fell")})
    others = field(clock, options, 3, spread=1.0)
    instrument, _ = take([failing, *others], options)
    assert (failing.outcome.status, failing.outcome.reason) == (status, "it fell")
    assert failing.samples == {}
    assert failing.outcome.time_s is None
    assert failing.outcome.ratio is None
    assert sum(name == "failing" for _, name in clock.taken) == number + 1
    assert all(c.outcome.status is Status.OK and len(c.samples) == 14 for c in others)
    assert min(c.outcome.ratio for c in others) == 1.0
    assert instrument.inside_s == pytest.approx(sum(c.spent_s for c in others))


def test_a_fault_of_our_own_is_not_taken_for_a_failure_of_the_contender(clock: Clock) -> None:
    options = Options()
    broken: dict[int, Any] = {2: ZeroDivisionError("ours")}
    with pytest.raises(ZeroDivisionError, match="ours"):
        take([Drawn("a", clock, options, fails=broken)], options)


def test_a_method_with_long_calls_leaves_and_is_not_charged_to_the_others(clock: Clock) -> None:
    options = Options(budget_s=3.0)
    slow = Drawn("slow", clock, options, call_s=2.0)
    others = field(clock, options, spread=0.5)
    take([slow, *others], options)
    spent = sum(c.spent_s for c in others)
    assert (slow.outcome.rounds, slow.outcome.stopped) == (FEWEST_ROUNDS, "slow")
    assert {c.outcome.stopped for c in others} == {"budget"}
    last = max(others[0].samples)
    assert spent - sum(c.samples[last] for c in others) <= options.budget_s < spent
    assert "slow" not in clock.order(FEWEST_ROUNDS)


def test_a_slow_method_keeps_its_figures(clock: Clock) -> None:
    options = Options(budget_s=3.0)
    slow = Drawn("slow", clock, options, call_s=2.0, weather=1.0)
    take([slow, *field(clock, options, 6, weather=1.0)], options)
    assert slow.outcome.status is Status.OK
    assert slow.outcome.ratio == pytest.approx(100.0)
    assert slow.outcome.time_s is not None


def test_rounds_end_when_everyone_has_left_for_being_slow(clock: Clock) -> None:
    options = Options(budget_s=3.0)
    contenders = field(clock, options, 3, call_s=2.0, spread=0.5)
    take(contenders, options)
    assert {(c.outcome.rounds, c.outcome.stopped) for c in contenders} == {(FEWEST_ROUNDS, "slow")}


def test_rounds_end_when_everyone_has_failed(clock: Clock) -> None:
    options = Options()
    contenders = field(clock, options, 3, fails={4: Failure(Status.CRASHED, "it fell")})
    instrument, _ = take(contenders, options)
    assert {number for number, _ in clock.taken} == {0, 1, 2, 3, 4}
    assert instrument.told[-1] == "end"
    assert instrument.inside_s == 0.0
    assert {c.outcome.status for c in contenders} == {Status.CRASHED}


@pytest.mark.parametrize("n", [0, 1, 3])
def test_with_nobody_left_they_end_at_once(clock: Clock, n: int) -> None:
    options = Options()
    contenders = field(clock, options, n)
    for contender in contenders:
        contender.outcome.status = Status.DISAGREES
    instrument, said = take(contenders, options)
    assert clock.taken == said == []
    assert instrument.told == ["begin", "end"]
    assert {c.outcome.stopped for c in contenders} <= {""}


# The figures


def test_noise_common_to_a_round_cancels_in_the_ratios(clock: Clock) -> None:
    options = Options(budget_s=1e6)
    contenders = [
        Drawn(name, clock, options, call_s=call_s, weather=2.0)
        for name, call_s in {"a": 0.25, "b": 0.5, "c": 1.0}.items()
    ]
    take(contenders, options)
    figures = [(c.outcome.ratio_low, c.outcome.ratio, c.outcome.ratio_high) for c in contenders]
    assert figures == [(1.0, 1.0, 1.0), (2.0, 2.0, 2.0), (4.0, 4.0, 4.0)]
    assert {c.outcome.stopped for c in contenders} == {"precision"}
    assert all(c.outcome.high_s > 2.0 * c.outcome.low_s for c in contenders)


def test_noise_of_ones_own_does_not_cancel(clock: Clock) -> None:
    options = Options(budget_s=1e6, rounds=15)
    contenders = field(clock, options, 3, spread=2.0)
    take(contenders, options)
    assert {c.outcome.stopped for c in contenders} == {"rounds"}
    assert all(c.outcome.ratio_high > 2.0 * c.outcome.ratio_low for c in contenders[1:])


def test_ratios_are_to_the_fastest_and_floors_are_handed_on(clock: Clock) -> None:
    options = Options(budget_s=1e6)
    contenders = [Drawn(f"x{call_s}", clock, options, call_s=call_s) for call_s in (4.0, 1.0, 2.0)]
    take(contenders, options)
    assert [c.outcome.ratio for c in contenders] == [4.0, 1.0, 2.0]
    assert [c.outcome.time_s for c in contenders] == [4.0, 1.0, 2.0]
    assert {c.outcome.floor_s for c in contenders} == {Yardsticks.floor_s}


def test_answers_are_checked_again_and_a_wrong_one_is_no_measure_for_the_others(
    clock: Clock,
) -> None:
    options = Options(budget_s=1e6)
    wrong = Drawn("wrong", clock, options, call_s=0.5, wrong_in_the_end=True)
    right = [Drawn(f"x{call_s}", clock, options, call_s=call_s) for call_s in (2.0, 4.0)]
    take([wrong, *right], options)
    assert [c.checked for c in (wrong, *right)] == [1, 1, 1]
    assert (wrong.outcome.status, wrong.outcome.reason) == (Status.DISAGREES, "right at first")
    assert (wrong.samples, wrong.outcome.time_s) == ({}, None)
    assert [c.outcome.ratio for c in right] == [1.0, 2.0]


def fall() -> None:
    raise Failure(Status.ERROR, "it fell")


@pytest.mark.parametrize(
    ("step", "done", "status", "reason"),
    [(lambda: None, True, Status.OK, ""), (fall, False, Status.ERROR, "it fell")],
)
def test_an_attempt_tells_whether_it_was_done(
    clock: Clock, step: Callable[[], None], done: bool, status: Status, reason: str
) -> None:
    contender = Drawn("a", clock, Options())
    contender.samples = {0: 1.0}
    assert attempt(contender, step) is done
    assert (contender.outcome.status, contender.outcome.reason) == (status, reason)
    assert contender.samples == ({0: 1.0} if done else {})
