"""The controls beside the methods, and what they say about the machine."""

from __future__ import annotations

import json
import math
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from gradiometer.measure import baseline
from gradiometer.measure import noise as module
from gradiometer.measure.noise import (
    BUSY,
    CALM,
    DISTURBED,
    KERNELS,
    MOVED,
    NOISY,
    OVERRUN,
    OVERRUN_OF_A_RUN,
    REFERENCE,
    Noise,
    NoiseMeter,
)
from gradiometer.measure.options import FEWEST_ROUNDS, Options
from gradiometer.measure.pool import Pool, Worker
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.worker import requests
from gradiometer.worker.requests import Sample

OPTIONS = Options(sample_s=0.002)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of its own for every test, in which no baseline is known yet."""
    chosen = tmp_path / "cache"
    monkeypatch.setenv("GRADIOMETER_CACHE", str(chosen))
    return chosen


# What makes a run doubtful


def above(threshold: float) -> float:
    return math.nextafter(threshold, math.inf)


@pytest.mark.parametrize(
    ("noise", "line"),
    [
        (Noise(spread=above(NOISY)), "a fixed piece of work varied by 5% from round to round"),
        (Noise(spread=0.25), "a fixed piece of work varied by 25% from round to round"),
        (
            Noise(clock_mhz=(1000.0, above(1000.0 * (1 + MOVED)))),
            "the clock moved between 1000 and 1050 MHz",
        ),
        (Noise(clock_mhz=(1200.0, 3400.0)), "the clock moved between 1200 and 3400 MHz"),
        (Noise(others=above(BUSY)), "other processes used 10% of the cores' time"),
        (Noise(others=0.5), "other processes used 50% of the cores' time"),
        (Noise(calm=0.49), "the machine was slower than it can be in 51% of the rounds"),
        (Noise(calm=0.0), "the machine was slower than it can be in 100% of the rounds"),
    ],
)
def test_a_figure_above_its_threshold_is_warned_of(noise: Noise, line: str) -> None:
    assert noise.warnings() == [line]


@pytest.mark.parametrize(
    "noise",
    [
        Noise(),
        Noise(spread=0.0, clock_mhz=(2000.0, 2000.0), others=0.0, efficiency=0.0),
        Noise(spread=NOISY),
        Noise(clock_mhz=(1000.0, 1000.0 * (1 + MOVED))),
        Noise(others=BUSY),
        Noise(efficiency=0.01),
        Noise(calm=1.0 - DISTURBED),
        Noise(calm=1.0),
        Noise(baseline_s=1e-6),
    ],
)
def test_a_figure_up_to_its_threshold_is_not(noise: Noise) -> None:
    assert noise.warnings() == []


def test_everything_doubtful_at_once_is_said_a_line_each() -> None:
    lines = Noise(0.3, (1000.0, 2000.0), 0.4, 0.5, 0.1, 1e-6).warnings()
    assert [line.split()[1] for line in lines] == ["fixed", "clock", "processes", "machine"]


@pytest.mark.parametrize("noise", [Noise(), Noise(0.3, (1000.0, 2000.0), 0.4, 0.5, 0.1, 1e-6)])
def test_facts_survive_json_with_the_warnings(noise: Noise) -> None:
    facts = json.loads(json.dumps(noise.facts(), allow_nan=False))
    figures = {"spread", "clock_mhz", "others", "efficiency", "calm", "baseline_s"}
    assert set(facts) == figures | {"warnings"}
    assert all(facts[name] == getattr(noise, name) for name in figures - {"clock_mhz"})
    assert facts["warnings"] == noise.warnings()
    assert facts["clock_mhz"] == (list(noise.clock_mhz) if noise.clock_mhz else None)


# With a worker of its own


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    with Pool(tmp_path / "logs", threads=1) as workers:
        yield workers


def process(worker: Worker) -> psutil.Process:
    return psutil.Process(worker._process.pid)


def test_before_any_sample_there_is_no_figure(pool: Pool) -> None:
    meter = NoiseMeter(pool, OPTIONS)
    assert meter.floor_s is None
    assert meter.noise() == Noise()
    meter.begin()
    meter.end(0.0)
    assert meter.floor_s is None
    assert meter.noise() == Noise()


def test_three_rounds_give_a_floor_and_a_spread(pool: Pool) -> None:
    meter = NoiseMeter(pool, OPTIONS)
    early = time.perf_counter()
    meter.begin()
    begun = time.perf_counter()
    for number in range(3):
        meter.sample(number)
    inside_s = (time.perf_counter() - begun) / 2
    ending = time.perf_counter()
    meter.end(inside_s)
    late = time.perf_counter()
    noise = meter.noise()
    assert 0 < meter.floor_s < 1e-5
    assert noise.spread >= 0
    assert 0 <= noise.others <= 1.5
    assert inside_s / (late - early) <= noise.efficiency <= inside_s / (ending - begun)
    assert 0 <= noise.calm <= 1
    assert 0 < noise.baseline_s == meter.baseline_s < 1e-3
    assert json.dumps(noise.facts(), allow_nan=False)
    assert noise.clock_mhz is None or 0 < noise.clock_mhz[0] <= noise.clock_mhz[1]


def test_each_case_has_a_floor_and_noise_is_of_all(pool: Pool) -> None:
    meter = NoiseMeter(pool, OPTIONS)
    for _ in range(2):
        meter.begin()
        assert meter.floor_s is None
        meter.sample(0)
        meter.end(0.0)
        pool.forget()  # as at the end of every case
        assert meter.floor_s > 0
    assert len(meter._kernel) == 2
    assert meter.noise().efficiency == 0.0


def test_a_dead_worker_is_replaced_and_costs_no_round(pool: Pool) -> None:
    meter = NoiseMeter(pool, OPTIONS)
    meter.begin()
    meter.sample(0)
    held = pool.worker(REFERENCE)
    held.stop()
    meter.sample(1)
    meter.end(0.0)
    assert pool.worker(REFERENCE) is not held
    assert len(meter._floor) == len(meter._kernel) == 2


def test_a_worker_killed_between_rounds_costs_one(pool: Pool) -> None:
    meter = NoiseMeter(pool, OPTIONS)
    meter.begin()
    meter.sample(0)
    os.kill(process(pool.worker(REFERENCE)).pid, signal.SIGKILL)
    for number in range(1, 4):
        meter.sample(number)
    meter.end(0.0)
    assert len(meter._floor) >= 3
    assert len(meter._kernel) >= 3
    assert meter.floor_s > 0
    assert meter.noise().spread >= 0


def test_the_work_of_a_dead_worker_is_ours(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    busy = [0.0]
    monkeypatch.setattr(module, "_busy_s", lambda: busy[0])
    meter = NoiseMeter(pool, OPTIONS)
    doomed, lasting = pool.worker("doomed"), pool.worker("lasting")
    for worker in (doomed, lasting):
        worker.ask(requests.control, 60.0, "kernel", 0.1)
    meter.begin()
    before = lasting.cpu_s()
    lasting.ask(requests.control, 60.0, "kernel", 0.1)
    busy[0] = lasting.cpu_s() - before
    doomed.stop()
    meter._kernel.append(1.0)
    meter.end(0.0)
    assert busy[0] > 0
    assert meter.noise().others == pytest.approx(0.0, abs=1e-9)


# With samples that are known


class Scripted:
    """A worker, and the pool it is of, whose samples are told beforehand."""

    def __init__(self, floors: list[float], kernels: list[float | Failure]) -> None:
        self._left: dict[str, list[Any]] = {"floor": [*floors], "kernel": [*kernels]}
        self.lengths: list[float] = []

    def worker(self, name: str) -> Scripted:
        assert name == REFERENCE
        return self

    def cpu_s(self) -> float:
        return 0.0

    def ask(self, request: Any, timeout_s: float, name: str, number: Any) -> Any:
        if request is requests.control:
            self.lengths.append(number)
            return 10
        assert (request, number) == (requests.sample, 10)
        found = self._left[name].pop(0)
        if isinstance(found, Failure):
            raise found
        return Sample(found, found)


LOST = Failure(Status.CRASHED, "it fell")


def account(*cases: list[float | Failure], floors: list[float] | None = None) -> NoiseMeter:
    """Return an meter after cases with these samples."""
    kernels = [taken for case in cases for taken in case]
    pool: Any = Scripted(floors or [1e-8] * len(kernels), kernels)
    meter = NoiseMeter(pool, OPTIONS)
    for case in cases:
        meter.begin()
        for number in range(len(case)):
            meter.sample(number)
        meter.end(0.0)
    return meter


@pytest.mark.parametrize(
    ("kernels", "spread"),
    [
        ([2.0], 0.0),
        ([3.0] * 5, 0.0),
        ([1.0, 2.0, 3.0, 4.0, 5.0], 2 / 3),
        ([5.0, 1.0, 4.0, 2.0, 3.0], 2 / 3),
        ([1e-6, 2e-6, 3e-6, 4e-6, 5e-6], 2 / 3),
        ([1.0] * 9 + [100.0], 0.0),
    ],
)
def test_the_spread_is_the_range_over_the_median(
    kernels: list[float | Failure], spread: float
) -> None:
    assert account(kernels).noise().spread == pytest.approx(spread)


def test_the_floor_is_the_median_of_the_case() -> None:
    assert account([1.0, 1.0, 1.0], floors=[3e-8, 1e-8, 9e-8]).floor_s == 3e-8


@pytest.mark.parametrize("status", [Status.CRASHED, Status.TIMEOUT, Status.ERROR])
def test_a_lost_control_costs_its_round_alone(status: Status) -> None:
    meter = account([2.0, Failure(status, "it fell"), 2.0])
    assert meter._kernel == [2.0, 2.0]
    assert meter.noise().spread == 0.0


def test_controls_are_a_quarter_of_a_sample_long() -> None:
    pool: Any = Scripted([1e-8] * 4, [1.0] * 4)
    meter = NoiseMeter(pool, Options(sample_s=0.008))
    for cases in (1, 2):
        meter.begin()
        meter.sample(0)
        meter.sample(1)
        meter.end(0.0)
        assert pool.lengths == [0.002] * 2 * cases


@pytest.mark.parametrize(
    ("seen", "clock_mhz"),
    [
        ([None], None),
        ([0.0], None),
        ([2000.0], (2000.0, 2000.0)),
        ([2400.0, None, 1800.0, 0.0, 2000.0], (1800.0, 2400.0)),
    ],
)
def test_the_clock_is_known_where_the_system_tells(
    seen: list[float | None], clock_mhz: tuple[float, float] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = account([1.0])
    meter._clock.clear()
    for frequency in seen:
        told = None if frequency is None else SimpleNamespace(current=frequency)
        monkeypatch.setattr(psutil, "cpu_freq", lambda told=told: told)
        meter.begin()
        meter.end(0.0)
    assert meter.noise().clock_mhz == clock_mhz


@pytest.mark.parametrize(("busy_s", "others"), [(0.0, 0.0), (2.0, 0.1), (20.0, 1.0)])
def test_others_are_the_share_that_we_did_not_use(
    busy_s: float, others: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = {"wall": 0.0, "busy": 0.0}
    monkeypatch.setattr(module, "_busy_s", lambda: now["busy"])
    monkeypatch.setattr(module, "time", SimpleNamespace(perf_counter=lambda: now["wall"]))
    monkeypatch.setattr(psutil, "cpu_count", lambda: 4)
    monkeypatch.setattr(NoiseMeter, "_cpu_s", lambda _: now["wall"])  # one core is ours
    meter = NoiseMeter(Scripted([1e-8], [1.0]), OPTIONS)  # type: ignore[arg-type]
    meter.begin()
    meter.sample(0)
    now.update(wall=5.0, busy=5.0 * (busy_s > 0) + busy_s)
    meter.end(3.0)
    noise = meter.noise()
    assert noise.others == pytest.approx(others)
    assert noise.efficiency == pytest.approx(0.6)


# The machine's baseline


@pytest.mark.parametrize(
    ("recalled", "kernels", "found"),
    [
        (None, [], None),
        (3.0, [], 3.0),
        (None, [2.0], 2.0),
        (3.0, [2.0], 2.0),
        (1.0, [2.0], 1.0),
        (None, [float(k) for k in range(1, 12)], 2.0),
        (None, [1.0] + 29 * [5.0], 5.0),
        (None, 10 * [1.0] + 20 * [5.0], 1.0),
        (3.0, [1.0] + 29 * [5.0], 3.0),
    ],
)
def test_the_baseline_is_the_better_of_now_and_recalled(
    recalled: float | None, kernels: list[float | Failure], found: float | None
) -> None:
    if recalled is not None:
        baseline.remember(recalled)
    meter = account(kernels)
    assert meter.baseline_s == (None if found is None else pytest.approx(found))
    assert meter.noise().baseline_s == (meter.baseline_s if kernels else None)


def test_the_baseline_is_of_all_cases_of_a_run() -> None:
    assert account([1.0, 1.0], [2.0, 2.0]).baseline_s == pytest.approx(1.0)
    assert account([2.0, 2.0], [1.0, 1.0]).baseline_s == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("kernels", "calm"),
    [
        ([], set()),
        ([1.0], set()),
        ([1.0, 1.0], {0}),
        ([1.0, 1.0, 1.0], {0, 1}),
        ([1.0, 2.0, 1.0], set()),
        ([2.0, 1.0, 1.0], {1}),
        ([1.0, 1.0, 2.0], {0}),
        ([1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0, 1.0], {0, 3, 4}),
        ([CALM, CALM, 1.0], {0, 1}),
        ([1.0, above(CALM), 1.0, 1.0], {2}),
        ([2.0] * 9, set()),
        ([1.0, LOST, 1.0, 1.0], {2}),
        ([LOST, 1.0, 1.0, LOST], {1}),
        ([LOST] * 3, set()),
    ],
)
def test_a_round_is_calm_between_kernels_at_baseline(
    kernels: list[float | Failure], calm: set[int]
) -> None:
    baseline.remember(1.0)
    assert account(kernels).calm == calm


@pytest.mark.parametrize(("recalled", "calm"), [(None, {0, 1, 2}), (1.0, set())])
def test_a_disturbed_run_knows_it_from_an_earlier_one(
    recalled: float | None, calm: set[int]
) -> None:
    if recalled is not None:
        baseline.remember(recalled)
    assert account([2.0] * 4).calm == calm


def test_calm_rounds_are_those_of_the_case() -> None:
    meter = account([1.0] * 4)
    assert meter.calm == {0, 1, 2}
    meter.begin()
    assert meter.calm == frozenset()
    assert account([1.0] * 9, [1.0, 1.0]).calm == {0}


def test_no_round_is_calm_before_the_kernel_after_it() -> None:
    pool: Any = Scripted([1e-8] * 3, [1.0] * 3)
    meter = NoiseMeter(pool, OPTIONS)
    meter.begin()
    known = []
    for number in range(3):
        meter.sample(number)
        known.append(set(meter.calm))
    assert known == [set(), {0}, {0, 1}]


@pytest.mark.parametrize(
    ("cases", "share"),
    [
        ([], None),
        ([[1.0]], None),
        ([[1.0] * 5], 1.0),
        ([[2.0] * 5], 0.0),
        ([[1.0, 1.0, 1.0, 2.0, 2.0]], 0.5),
        ([[1.0] * 5, [2.0] * 5], 0.5),
        ([[1.0] * 2, [2.0] * 4], 0.25),
        ([[1.0, LOST, 1.0, 1.0]], 0.5),
        ([[LOST] * 4], None),
    ],
)
def test_noise_tells_the_share_of_calm_rounds(
    cases: list[list[float | Failure]], share: float | None
) -> None:
    baseline.remember(1.0)
    assert account(*cases).noise().calm == share


def test_a_run_disturbed_for_the_most_part_is_warned_of() -> None:
    baseline.remember(1.0)
    noise = account([1.0, 1.0, *6 * [2.0]]).noise()
    assert noise.calm == pytest.approx(1 / 7)
    line = "the machine was slower than it can be in 86% of the rounds"
    assert line in noise.warnings()
    assert line in noise.facts()["warnings"]


# Waiting for calm


def amid(calm: int, budget_s: float = 3.0) -> NoiseMeter:
    """Return an meter amid a case of which so many rounds were calm, and others not."""
    baseline.remember(1.0)
    kernels: list[float | Failure] = [*(calm + 1) * [1.0], *5 * [2.0]]
    pool: Any = Scripted([1e-8] * len(kernels), kernels)
    meter = NoiseMeter(pool, Options(budget_s=budget_s))
    meter.begin()
    for number in range(len(kernels)):
        meter.sample(number)
    assert len(meter.calm) == calm
    return meter


@pytest.mark.parametrize(
    ("calm", "waits"),
    [(0, True), (1, True), (FEWEST_ROUNDS - 1, True), (FEWEST_ROUNDS, False), (20, False)],
)
def test_rounds_go_on_while_calm_ones_are_too_few(calm: int, waits: bool) -> None:
    assert amid(calm).waits(0.01) is waits


@pytest.mark.parametrize("budget_s", [0.1, 3.0, 60.0])
@pytest.mark.parametrize(
    ("budgets", "waits"),
    [
        (0.001, True),
        (1.0, True),
        (OVERRUN - 0.01, True),
        (OVERRUN, False),
        (OVERRUN + 1.0, False),
    ],
)
def test_a_case_waits_for_a_few_budgets_and_no_longer(
    budget_s: float, budgets: float, waits: bool
) -> None:
    assert amid(0, budget_s).waits(budgets * budget_s) is waits


@pytest.mark.parametrize(
    ("earlier", "left"),
    [
        ([], OVERRUN),
        ([OVERRUN] * 2, OVERRUN),
        ([OVERRUN] * 4, OVERRUN),
        ([OVERRUN] * 4 + [1.5], 0.5),
        ([0.5] * 19, 0.5),
        ([OVERRUN] * 5, 0.0),
        ([2.5] * 4, 0.0),
        ([OVERRUN_OF_A_RUN + 1.0], 0.0),
    ],
)
def test_a_run_waits_for_some_budgets_altogether(earlier: list[float], left: float) -> None:
    budget_s = 4.0
    meter = amid(0, budget_s)
    for budgets in earlier:
        meter.waits(budgets / 2 * budget_s)  # each time that it is asked anew, not added up
        meter.waits(budgets * budget_s)
        meter.end(0.0)
        meter.begin()
    assert meter.waits(left * budget_s) is False
    assert meter.waits(max(left - 0.01, 0.001) * budget_s) is (left > 0.0)


def test_cases_that_do_not_overrun_cost_the_run_nothing() -> None:
    meter = amid(0)
    meter.waits(OVERRUN * 3.0)
    for _ in range(20):
        meter.end(0.0)
        meter.begin()
    assert meter.waits(0.99 * OVERRUN * 3.0)


# Keeping the baseline


@pytest.mark.parametrize(
    ("kernels", "kept"), [(0, None), (1, None), (KERNELS - 1, None), (KERNELS, 2.0), (100, 2.0)]
)
def test_a_baseline_is_kept_after_enough_kernels(
    kernels: int, kept: float | None, folder: Path
) -> None:
    meter = account([2.0] * kernels)
    assert baseline.recall() is None
    meter.close()
    assert baseline.recall() == kept
    assert folder.exists() is (kept is not None)


def test_kernels_of_all_cases_count_and_lost_ones_not() -> None:
    half: list[float | Failure] = [2.0] * (KERNELS // 2)
    account(half, [*half[1:], LOST, LOST]).close()
    assert baseline.recall() is None
    account(half, half).close()
    assert baseline.recall() == 2.0


@pytest.mark.parametrize(("recalled", "kept"), [(1.0, 1.0), (2.0, 2.0), (3.0, 2.0)])
def test_the_better_baseline_is_kept(recalled: float, kept: float) -> None:
    baseline.remember(recalled)
    account([2.0] * KERNELS).close()
    assert baseline.recall() == kept


def test_a_baseline_kept_by_one_run_is_that_of_the_next() -> None:
    account([1.0] * KERNELS).close()
    assert account([2.0] * KERNELS).noise().calm == 0.0


def test_a_baseline_that_cannot_be_kept_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GRADIOMETER_CACHE", str(tmp_path / "file" / "references"))
    meter = account([1.0] * KERNELS)
    meter.close()
    assert meter.noise().calm == 1.0
