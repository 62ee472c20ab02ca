"""Interleaved rounds: their order, their end, and who leaves them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gradiometer.measure import rounds
from gradiometer.measure.conditions import Conditions
from gradiometer.measure.noise import OVERRUN, OVERRUN_OF_A_RUN, NoiseMeter
from gradiometer.measure.options import FEWEST_ROUNDS, Options
from gradiometer.measure.rounds import LOOK_EVERY, attempt, take_rounds
from gradiometer.measure.statistics import paired
from gradiometer.measure.trial import Trial
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.outcome import Failure, Status, Warm

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


class Drawn(Trial):
    """A trial whose samples are drawn: its noise, times the round's, times what slows it."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        options: Options,
        *,
        call_s: float = 0.02,
        spread: float = 0.0,
        common: float = 0.0,
        slowed: Mapping[int, float] | None = None,
        fails: dict[int, Failure] | None = None,
        wrong_in_the_end: bool = False,
        memoises: bool = False,
    ) -> None:
        truth: Any = SimpleNamespace(condition=None, owed=None, undecided=None, kind="")
        points: Any = SimpleNamespace(signature=SimpleNamespace(n=1))
        method: Any = SimpleNamespace(name=name, tool=name)
        unused: Any = None
        case = Case("drawn", "", "gradient")
        super().__init__(method, Conditions(case, unused, points, (truth,), options), unused)
        self.name, self.loops = name, 1
        self._clock, self._call_s, self._spread, self._common = clock, call_s, spread, common
        self._slowed, self._fails, self._wrong = slowed or {}, fails or {}, wrong_in_the_end
        self._rng = np.random.default_rng([*name.encode()])
        self._memoises = memoises
        self.checked = 0
        self.met_fresh_points: list[float] = []

    @property
    def warm(self) -> Warm:
        """Its figures."""
        return self.outcome.warm

    def calibrate(self) -> None:
        self.calibrated = True

    def sample(self, number: int) -> None:
        assert self.calibrated
        self._clock.taken.append((number, self.name))
        if number in self._fails:
            raise self._fails[number]
        common = np.random.default_rng([7, number]).lognormal(0.0, self._common)
        own = self._rng.lognormal(0.0, self._spread)
        seconds = float(self._call_s * common * own) * self._slowed.get(number, 1.0)
        self.samples[number] = seconds
        self._clock.now += seconds

    def check_again(self) -> None:
        self.checked += 1
        if self._wrong:
            raise Failure(Status.DISAGREES, "right at first")

    def meet_fresh_points(self, call_s: float) -> None:
        self.met_fresh_points.append(call_s)
        if self._memoises:
            raise Failure(Status.MEMOISES, "remembered")


class Controls:
    """An meter that counts what it is told, and knows of no calm."""

    floor_s = 5e-8
    calm: frozenset[int] = frozenset()

    def __init__(self) -> None:
        self.told: list[str | int] = []
        self.waited: list[float] = []
        self.inside_s: float | None = None

    def begin(self) -> None:
        self.told.append("begin")

    def sample(self, number: int) -> None:
        self.told.append(number)

    def waits(self, over_s: float) -> bool:
        self.waited.append(over_s)
        return False

    def end(self, inside_s: float) -> None:
        self.told.append("end")
        self.inside_s = inside_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put a clock of our own in place of the machine's."""
    made = Clock()
    monkeypatch.setattr(rounds, "time", made)
    return made


def take(trials: Sequence[Drawn], options: Options) -> tuple[Controls, list[str]]:
    """Take the rounds; return the meter, and what was said."""
    meter: Any = Controls()
    said: list[str] = []
    take_rounds(trials, meter, options, said.append)
    return meter, said


class Machine(NoiseMeter):
    """The real meter, on a machine of which it is known when the kernel is slow."""

    def __init__(self, options: Options, slow: Collection[int]) -> None:
        pool: Any = SimpleNamespace(cpu_s=lambda: 0.0)
        super().__init__(pool, options, 1.0)
        self.slow = slow

    def sample(self, number: int) -> None:
        self._taking = number
        super().sample(number)

    def _controls_s(self) -> tuple[float, float]:
        return 1e-8, 2.0 if self._taking in self.slow else 1.0

    def disturbed(self, factor: float) -> dict[int, float]:
        """Return by how much the rounds are slowed that are not calm."""
        return {k: factor for k in range(1000) if k in self.slow or k + 1 in self.slow}


def field(clock: Clock, options: Options, n: int = 6, **details: Any) -> list[Drawn]:
    """Return some trials alike but for their own noise."""
    return [Drawn(name, clock, options, **details) for name in "abcdefgh"[:n]]


def test_ratios_are_to_the_fastest_that_took_the_function_itself(clock: Clock) -> None:
    options = Options(rounds=9, budget_s=1e6)
    seconds = {"a": 2.0, "b": 4.0, "c": 1.0}
    trials = [Drawn(name, clock, options, call_s=s) for name, s in seconds.items()]
    for those, ratios in (("c", [1.0, 2.0, 0.5]), ("abc", [2.0, 4.0, 1.0])):
        for trial in trials:
            trial.outcome.translated = "torch" if trial.name in those else ""
        take(trials, options)
        assert [trial.warm.ratio for trial in trials] == ratios


# The order


def test_every_round_samples_everyone_once(clock: Clock) -> None:
    options = Options(rounds=9, budget_s=1e6)
    trials = field(clock, options, spread=1.0)
    take(trials, options)
    assert [number for number, _ in clock.taken] == [k for k in range(9) for _ in range(6)]
    assert all(sorted(clock.order(number)) == [*"abcdef"] for number in range(9))
    assert all(list(c.samples) == [*range(9)] for c in trials)


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


def test_controls_are_taken_before_each_round_and_last(
    clock: Clock,
) -> None:
    options = Options(rounds=8, budget_s=1e6)
    trials = field(clock, options, 3, spread=1.0)
    meter, said = take(trials, options)
    assert said == [f"round {k}" for k in range(1, 9)]
    assert meter.told == ["begin", *range(8), 8, "end"]
    assert meter.inside_s == pytest.approx(sum(c.spent_s for c in trials))


@pytest.mark.parametrize(
    ("options", "last"),
    [
        (Options(budget_s=1e6, rounds=8), 7),
        (Options(budget_s=1e6, precision=0.5), FIRST_LOOK - 1),
        (Options(budget_s=1e-6), FEWEST_ROUNDS - 1),
    ],
    ids=["rounds", "precision", "budget"],
)
def test_controls_are_taken_last_whatever_ends_rounds(
    clock: Clock, options: Options, last: int
) -> None:
    trials = field(clock, options, 2, call_s=options.sample_s, spread=0.2)
    meter, _ = take(trials, options)
    assert max(trials[0].samples) == last
    assert meter.told == ["begin", *range(last + 1), last + 1, "end"]


@pytest.mark.parametrize(
    ("last", "details"),
    [
        (FEWEST_ROUNDS - 1, {"call_s": 2.0}),
        (4, {"fails": {4: Failure(Status.CRASHED, "it fell")}}),
    ],
    ids=["slow", "failed"],
)
def test_controls_are_taken_last_when_all_have_left(
    clock: Clock, last: int, details: dict[str, Any]
) -> None:
    options = Options()
    meter, _ = take(field(clock, options, 3, **details), options)
    assert max(number for number, _ in clock.taken) == last
    assert meter.told == ["begin", *range(last + 1), last + 1, "end"]


# The end


def test_steady_ratios_end_rounds_at_the_first_look(clock: Clock) -> None:
    options = Options(budget_s=1e6)
    trials = field(clock, options, spread=0.001)
    take(trials, options)
    assert {(c.warm.rounds, c.warm.stopped) for c in trials} == {(FIRST_LOOK, "precision")}


def test_at_a_look_nothing_is_over_the_budget(clock: Clock) -> None:
    options = Options(precision=0.02)
    meter, _ = take([Drawn("a", clock, options), Drawn("b", clock, options)], options)
    assert meter.waited == [0.0]


def test_when_they_end_by_precision_every_ratio_has_it(clock: Clock) -> None:
    options = Options(budget_s=1e6, precision=0.05)
    trials = field(clock, options, spread=0.2)
    take(trials, options)
    for c in trials:
        outcome = c.warm
        assert outcome.stopped == "precision"
        assert outcome.rounds > FIRST_LOOK
        assert outcome.rounds % LOOK_EVERY == 0
        assert outcome.ratio_high - outcome.ratio_low <= 2 * 0.05 * outcome.ratio


def test_they_end_once_half_the_width_is_within_it(clock: Clock) -> None:
    options = Options(budget_s=1e6, precision=0.1)
    trials = field(clock, options, 2, spread=0.2)
    take(trials, options)
    half_widths = []
    for n in range(FIRST_LOOK, trials[0].warm.rounds + 1, LOOK_EVERY):
        first = [{k: c.samples[k] for k in range(n)} for c in trials]
        fastest = min(first, key=lambda samples: np.median([*samples.values()]))
        ratios = [paired(samples, fastest) for samples in first]
        half_widths.append(max((r.high - r.low) / 2 / r.value for r in ratios))
    assert len(half_widths) > 2
    assert half_widths[-1] <= 0.1 < min(half_widths[:-1])


def test_a_finer_precision_takes_more_rounds(clock: Clock) -> None:
    taken = []
    for precision in (0.2, 0.1, 0.05):
        options = Options(budget_s=1e6, precision=precision)
        trials = field(clock, options, spread=0.2)
        take(trials, options)
        taken.append(trials[0].warm.rounds)
    assert taken == sorted(set(taken))


def test_one_noisy_ratio_is_enough_to_go_on(clock: Clock) -> None:
    options = Options(budget_s=1e6, rounds=40)
    trials = [*field(clock, options, 3), Drawn("noisy", clock, options, spread=1.0)]
    take(trials, options)
    assert {c.warm.stopped for c in trials} == {"rounds"}


def test_noise_that_stays_wide_ends_by_budget(clock: Clock) -> None:
    options = Options(budget_s=3.0)
    trials = field(clock, options, spread=0.5)
    start = clock.now
    take(trials, options)
    last = max(number for number, _ in clock.taken)
    last_s = sum(c.samples[last] for c in trials)
    assert {c.warm.stopped for c in trials} == {"budget"}
    assert clock.now - start - last_s <= options.budget_s < clock.now - start


def test_a_budget_spent_at_once_leaves_the_fewest(clock: Clock) -> None:
    options = Options(budget_s=1e-6)
    trials = field(clock, options, spread=0.5)
    take(trials, options)
    assert {len(c.samples) for c in trials} == {FEWEST_ROUNDS}


@pytest.mark.parametrize("limit", [FEWEST_ROUNDS, 8, 23])
def test_rounds_end_at_their_limit(clock: Clock, limit: int) -> None:
    options = Options(budget_s=1e6, rounds=limit)
    trials = field(clock, options, spread=1.0)
    take(trials, options)
    assert {(c.warm.rounds, c.warm.stopped) for c in trials} == {(limit, "rounds")}


@pytest.mark.parametrize("n", [2, 3])
def test_a_few_quick_methods_may_spend_the_budget(clock: Clock, n: int) -> None:
    options = Options(budget_s=3.0)
    trials = field(clock, options, n, call_s=options.sample_s, spread=0.5)
    start = clock.now
    take(trials, options)
    assert clock.now - start > options.budget_s
    assert {c.warm.stopped for c in trials} == {"budget"}


# Who leaves


@pytest.mark.parametrize("number", [0, 3, 6, 11])
@pytest.mark.parametrize("status", [Status.CRASHED, Status.TIMEOUT, Status.OUT_OF_MEMORY])
def test_a_trial_that_fails_is_out_and_others_go_on(
    clock: Clock, status: Status, number: int
) -> None:
    options = Options(budget_s=1e6, rounds=14)
    failing = Drawn("failing", clock, options, fails={number: Failure(status, "it fell")})
    others = field(clock, options, 3, spread=1.0)
    meter, _ = take([failing, *others], options)
    assert (failing.outcome.status, failing.outcome.reason) == (status, "it fell")
    assert failing.samples == {}
    assert failing.warm.time_s is None
    assert failing.warm.ratio is None
    assert sum(name == "failing" for _, name in clock.taken) == number + 1
    assert all(c.outcome.status is Status.OK and len(c.samples) == 14 for c in others)
    assert min(c.warm.ratio for c in others) == 1.0
    assert meter.inside_s == pytest.approx(sum(c.spent_s for c in others))


def test_an_error_of_our_own_is_no_failure_of_a_trial(clock: Clock) -> None:
    options = Options()
    broken: dict[int, Any] = {2: ZeroDivisionError("ours")}
    with pytest.raises(ZeroDivisionError, match="ours"):
        take([Drawn("a", clock, options, fails=broken)], options)


def test_a_slow_method_leaves_and_is_not_charged(clock: Clock) -> None:
    options = Options(budget_s=3.0)
    slow = Drawn("slow", clock, options, call_s=2.0)
    others = field(clock, options, spread=0.5)
    take([slow, *others], options)
    spent = sum(c.spent_s for c in others)
    assert (slow.warm.rounds, slow.warm.stopped) == (FEWEST_ROUNDS, "slow")
    assert {c.warm.stopped for c in others} == {"budget"}
    last = max(others[0].samples)
    assert spent - sum(c.samples[last] for c in others) <= options.budget_s < spent
    assert "slow" not in clock.order(FEWEST_ROUNDS)


def test_a_slow_method_keeps_its_figures(clock: Clock) -> None:
    options = Options(budget_s=3.0)
    slow = Drawn("slow", clock, options, call_s=2.0, common=1.0)
    take([slow, *field(clock, options, 6, common=1.0)], options)
    assert slow.outcome.status is Status.OK
    assert slow.warm.ratio == pytest.approx(100.0)
    assert slow.warm.time_s is not None


def test_rounds_end_when_all_are_slow(clock: Clock) -> None:
    options = Options(budget_s=3.0)
    trials = field(clock, options, 3, call_s=2.0, spread=0.5)
    take(trials, options)
    assert {(c.warm.rounds, c.warm.stopped) for c in trials} == {(FEWEST_ROUNDS, "slow")}


def test_rounds_end_when_all_have_failed(clock: Clock) -> None:
    options = Options()
    trials = field(clock, options, 3, fails={4: Failure(Status.CRASHED, "it fell")})
    meter, _ = take(trials, options)
    assert {number for number, _ in clock.taken} == {0, 1, 2, 3, 4}
    assert meter.told[-1] == "end"
    assert meter.inside_s == 0.0
    assert {c.outcome.status for c in trials} == {Status.CRASHED}


@pytest.mark.parametrize("n", [0, 1, 3])
def test_with_nobody_left_they_end_at_once(clock: Clock, n: int) -> None:
    options = Options()
    trials = field(clock, options, n)
    for trial in trials:
        trial.outcome.status = Status.DISAGREES
    meter, said = take(trials, options)
    assert clock.taken == said == []
    assert (meter.told[0], meter.told[-1]) == ("begin", "end")
    assert {c.warm.stopped for c in trials} <= {""}


# The figures


def test_noise_common_to_a_round_cancels_in_the_ratios(clock: Clock) -> None:
    options = Options(budget_s=1e6)
    trials = [
        Drawn(name, clock, options, call_s=call_s, common=2.0)
        for name, call_s in {"a": 0.25, "b": 0.5, "c": 1.0}.items()
    ]
    take(trials, options)
    figures = [(c.warm.ratio_low, c.warm.ratio, c.warm.ratio_high) for c in trials]
    assert figures == [(1.0, 1.0, 1.0), (2.0, 2.0, 2.0), (4.0, 4.0, 4.0)]
    assert {c.warm.stopped for c in trials} == {"precision"}
    assert all(c.warm.high_s > 2.0 * c.warm.low_s for c in trials)


def test_noise_of_ones_own_does_not_cancel(clock: Clock) -> None:
    options = Options(budget_s=1e6, rounds=15)
    trials = field(clock, options, 3, spread=2.0)
    take(trials, options)
    assert {c.warm.stopped for c in trials} == {"rounds"}
    assert all(c.warm.ratio_high > 2.0 * c.warm.ratio_low for c in trials[1:])


def test_ratios_are_to_the_fastest_and_floors_kept(clock: Clock) -> None:
    options = Options(budget_s=1e6)
    trials = [Drawn(f"x{call_s}", clock, options, call_s=call_s) for call_s in (4.0, 1.0, 2.0)]
    take(trials, options)
    assert [c.warm.ratio for c in trials] == [4.0, 1.0, 2.0]
    assert [c.warm.time_s for c in trials] == [4.0, 1.0, 2.0]
    assert {c.warm.floor_s for c in trials} == {Controls.floor_s}


def test_what_is_wrong_in_the_end_is_no_measure(
    clock: Clock,
) -> None:
    options = Options(rounds=9, budget_s=1e6)
    wrong = Drawn("wrong", clock, options, call_s=0.5, wrong_in_the_end=True)
    memoising = Drawn("memoising", clock, options, call_s=0.25, memoises=True)
    right = [Drawn(f"x{call_s}", clock, options, call_s=call_s) for call_s in (2.0, 4.0)]
    take([wrong, memoising, *right], options)
    assert [c.checked for c in (wrong, memoising, *right)] == [1, 1, 1, 1]
    assert [c.met_fresh_points for c in (wrong, memoising, *right)] == [[], [0.25], [2.0], [4.0]]
    assert (wrong.outcome.status, wrong.outcome.reason) == (Status.DISAGREES, "right at first")
    assert (memoising.outcome.status, memoising.outcome.reason) == (Status.MEMOISES, "remembered")
    for out in (wrong, memoising):
        assert (out.samples, out.warm.time_s) == ({}, None)
    assert [c.warm.ratio for c in right] == [1.0, 2.0]


# Calm and disturbed rounds

ROUNDS = 30


def slow_first(calm: int) -> Collection[int]:
    """Return when the kernel is slow so that so many rounds are calm, the last."""
    return range(ROUNDS - calm)


def slow_last(calm: int) -> Collection[int]:
    """Return the same, the first."""
    return range(calm + 1, 1000)


def slow_now_and_then(calm: int) -> Collection[int]:
    """Return the same, every fourth."""
    return [k for k in range(1000) if k % 4 > 1 or k >= 4 * calm]


@pytest.mark.parametrize("slow", [slow_first, slow_last, slow_now_and_then])
@pytest.mark.parametrize(
    ("calm", "ratio"),
    [(0, 6.0), (1, 6.0), (FEWEST_ROUNDS - 1, 6.0), (FEWEST_ROUNDS, 3.0)],
)
def test_figures_are_of_calm_rounds_if_they_suffice(
    clock: Clock, slow: Callable[[int], Collection[int]], calm: int, ratio: float
) -> None:
    options = Options(budget_s=1e6, rounds=ROUNDS, precision=1e-9)
    machine = Machine(options, slow(calm))
    steady = Drawn("steady", clock, options, call_s=1e-3, spread=1e-6)
    sensitive = Drawn(
        "sensitive", clock, options, call_s=3e-3, spread=1e-6, slowed=machine.disturbed(2.0)
    )
    take_rounds([steady, sensitive], machine, options, lambda text: None)
    outcome = sensitive.warm
    assert (outcome.rounds, outcome.calm, steady.warm.calm) == (ROUNDS, calm, calm)
    assert (outcome.ratio_low, outcome.ratio_high) == pytest.approx((ratio, ratio), rel=1e-4)
    assert outcome.ratio == pytest.approx(ratio, rel=1e-4)
    assert (outcome.low_s, outcome.high_s) == pytest.approx((ratio * 1e-3,) * 2, rel=1e-4)
    assert outcome.time_s == pytest.approx(ratio * 1e-3, rel=1e-4)
    assert machine.noise().calm == pytest.approx(calm / ROUNDS)


def test_calm_is_told_by_round_and_all_samples_kept(clock: Clock) -> None:
    options = Options(budget_s=1e6, rounds=ROUNDS, precision=1e-9)
    machine = Machine(options, slow_now_and_then(7))
    trials = field(clock, options, 2, spread=0.1)
    take_rounds(trials, machine, options, lambda text: None)
    for trial in trials:
        assert list(trial.calm) == [0, 4, 8, 12, 16, 20, 24]
        assert list(trial.counted) == [0, 4, 8, 12, 16, 20, 24]
        assert list(trial.samples) == [*range(ROUNDS)]


def test_the_fastest_is_the_one_that_is_so_in_calm(clock: Clock) -> None:
    options = Options(budget_s=1e6, rounds=ROUNDS, precision=1e-9)
    machine = Machine(options, slow_first(10))
    quick = Drawn("quick", clock, options, call_s=1e-3, slowed=machine.disturbed(4.0))
    steady = Drawn("steady", clock, options, call_s=2e-3, spread=1e-6)
    take_rounds([quick, steady], machine, options, lambda text: None)
    assert quick.warm.ratio == 1.0
    assert steady.warm.ratio == pytest.approx(2.0, rel=1e-4)


@pytest.mark.parametrize("wild", [5, 9, 12])
def test_the_precision_is_that_of_the_calm_rounds(clock: Clock, wild: int) -> None:
    options = Options(budget_s=1e6)
    machine = Machine(options, range(wild))
    drawn = np.random.default_rng(5).lognormal(0.0, 2.0, wild)
    steady = Drawn("steady", clock, options)
    sensitive = Drawn("sensitive", clock, options, slowed=dict(enumerate(drawn.tolist())))
    take_rounds([steady, sensitive], machine, options, lambda text: None)
    known = wild + FEWEST_ROUNDS + 1  # so many kernels tell that enough rounds were calm
    assert sensitive.warm.stopped == "precision"
    assert sensitive.warm.rounds == -(-known // LOOK_EVERY) * LOOK_EVERY


def test_who_left_before_the_calm_has_all_its_rounds(
    clock: Clock,
) -> None:
    options = Options(budget_s=1e6, rounds=ROUNDS, precision=1e-9)
    limits = Options(budget_s=3.0)
    machine = Machine(options, slow_first(10))
    slow = Drawn("slow", clock, limits, call_s=2.0, slowed=machine.disturbed(2.0))
    others = field(clock, options, 2, call_s=1e-3, spread=1e-6)
    take_rounds([slow, *others], machine, options, lambda text: None)
    assert (slow.warm.stopped, slow.warm.rounds) == ("slow", FEWEST_ROUNDS)
    assert [c.warm.calm for c in (slow, *others)] == [0, 10, 10]
    assert slow.warm.ratio == pytest.approx(4000.0, rel=1e-4)


def test_who_failed_keeps_no_calm_from_the_others(clock: Clock) -> None:
    options = Options(budget_s=1e6, rounds=ROUNDS, precision=1e-9)
    machine = Machine(options, slow_last(10))
    failing = Drawn("failing", clock, options, fails={20: Failure(Status.CRASHED, "it fell")})
    others = field(clock, options, 2, spread=0.1)
    take_rounds([failing, *others], machine, options, lambda text: None)
    assert (failing.outcome.status, failing.warm.calm) == (Status.CRASHED, None)
    assert [c.warm.calm for c in others] == [10, 10]


def test_a_fastest_that_left_early_is_compared_with(
    clock: Clock,
) -> None:
    options = Options(budget_s=3.0, rounds=ROUNDS)
    machine = Machine(options, slow_first(20))
    stalled = Drawn("stalled", clock, options, call_s=1e-3, slowed={8: 1000.0})
    steady = Drawn("steady", clock, options, call_s=4e-3, spread=0.1)
    take_rounds([stalled, steady], machine, options, lambda text: None)
    assert (stalled.warm.stopped, stalled.warm.ratio) == ("slow", 1.0)
    assert steady.warm.ratio == pytest.approx(4.0, rel=0.2)


# Waiting for calm


def waited(clock: Clock, options: Options, machine: Machine) -> tuple[list[Drawn], float, float]:
    """Take the rounds; return the trials, the budgets that they took, and the last round's."""
    trials, start = field(clock, options, call_s=options.sample_s, spread=0.5), clock.now
    take_rounds(trials, machine, options, lambda text: None)
    last = max(trials[0].samples)
    last_s = sum(c.samples[last] for c in trials)
    assert {c.warm.stopped for c in trials} == {"budget"}
    return trials, (clock.now - start) / options.budget_s, last_s / options.budget_s


@pytest.mark.parametrize("budget_s", [1.0, 3.0])
def test_rounds_without_calm_overrun_up_to_a_limit(clock: Clock, budget_s: float) -> None:
    options = Options(budget_s=budget_s)
    trials, budgets, last = waited(clock, options, Machine(options, range(1000)))
    assert budgets - last < 1 + OVERRUN <= budgets
    assert {c.warm.calm for c in trials} == {0}


@pytest.mark.parametrize("calm", [FEWEST_ROUNDS, 15])
def test_rounds_with_calm_take_their_budget(clock: Clock, calm: int) -> None:
    options = Options(budget_s=3.0)
    trials, budgets, last = waited(clock, options, Machine(options, slow_last(calm)))
    assert budgets - last <= 1 < budgets
    assert {c.warm.calm for c in trials} == {calm}


@pytest.mark.parametrize("slow", [32, 45, 60])
def test_rounds_over_budget_end_once_enough_are_calm(clock: Clock, slow: int) -> None:
    options = Options(budget_s=1.0)
    trials, budgets, _ = waited(clock, options, Machine(options, range(slow)))
    assert 1 < budgets < 1 + OVERRUN
    assert {c.warm.calm for c in trials} == {FEWEST_ROUNDS + 1}  # one more seen at the end
    assert {c.warm.rounds for c in trials} == {slow + FEWEST_ROUNDS + 1}


def test_the_overrun_of_a_run_is_spent_by_its_cases(clock: Clock) -> None:
    options = Options(budget_s=1.0)
    machine = Machine(options, range(1000))
    taken = [waited(clock, options, machine)[1:] for _ in range(8)]
    overrun = [budgets - 1 for budgets, _ in taken]
    assert all(over >= OVERRUN for over in overrun[:4])
    assert all(
        over - last <= 0 < over for over, (_, last) in zip(overrun[6:], taken[6:], strict=True)
    )
    longest = max(last for _, last in taken)
    assert OVERRUN_OF_A_RUN <= sum(overrun[:6]) < OVERRUN_OF_A_RUN + 6 * longest


def test_no_round_beyond_the_limit_waits_for_calm(clock: Clock) -> None:
    options = Options(budget_s=1.0, rounds=60)
    trials = field(clock, options, call_s=options.sample_s, spread=0.5)
    take_rounds(trials, Machine(options, range(1000)), options, lambda text: None)
    assert {(c.warm.rounds, c.warm.stopped) for c in trials} == {(60, "rounds")}
    assert sum(c.spent_s for c in trials) > options.budget_s


# An attempt


def fall() -> None:
    raise Failure(Status.ERROR, "it fell")


@pytest.mark.parametrize(
    ("step", "done", "status", "reason"),
    [(lambda: None, True, Status.OK, ""), (fall, False, Status.ERROR, "it fell")],
)
def test_an_attempt_tells_whether_it_was_done(
    clock: Clock, step: Callable[[], None], done: bool, status: Status, reason: str
) -> None:
    trial = Drawn("a", clock, Options())
    trial.samples = {0: 1.0}
    assert attempt(trial, step) is done
    assert (trial.outcome.status, trial.outcome.reason) == (status, reason)
    assert trial.samples == ({0: 1.0} if done else {})
