"""The harness: every planned cell ends once, with the right status, and none harms another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

import gradiometer
from gradiometer.api import find_plugins
from gradiometer.measure.fleet import Failure, Fleet
from gradiometer.measure.harness import Harness, reference
from gradiometer.measure.options import Options
from gradiometer.measure.outcome import Outcome, Status
from gradiometer.measure.plan import make_plan
from gradiometer.registry import Registry

PLUGINS = Path(__file__).parent / "plugins"
OPTIONS = Options(rounds=7, sample_s=0.0005, timeout_s=3.0, memory_gib=0.5)

ENDS = {
    "right": (Status.OK, ""),
    "chatters": (Status.OK, ""),
    "zeros": (Status.DISAGREES, "0.0 digits"),
    "frozen": (Status.DISAGREES, "digits, 12 promised"),
    "folded": (Status.DISAGREES, "digits, 12 promised"),
    "single": (Status.DISAGREES, "digits, 12 promised"),
    "nan": (Status.NONFINITE, "1 of 2 components not finite: x"),
    "wrong-shape": (Status.DISAGREES, "x has shape (1,), () expected"),
    "too-few": (Status.DISAGREES, "1 arrays returned, 2 expected (x, y)"),
    "text": (Status.DISAGREES, "instead of numbers"),
    "nothing": (Status.ERROR, "TypeError"),
    "raises-in-preparation": (Status.ERROR, "ValueError: cannot trace this"),
    "raises-in-call": (Status.ERROR, "KeyError: 'missing'"),
    "raises-later": (Status.ERROR, "RuntimeError: worn out"),
    "lacks-an-operation": (Status.UNSUPPORTED, "no gradients on Sundays"),
    "lacks-the-namespace": (Status.UNSUPPORTED, "has no operation 'sin'"),
    "out-of-memory": (Status.OUT_OF_MEMORY, "Unable to allocate"),
    "exits": (Status.CRASHED, "exit code 3"),
    "aborts": (Status.CRASHED, "killed by SIGABRT"),
    "calls-exit": (Status.ERROR, "SystemExit"),
    "hangs": (Status.TIMEOUT, "took longer than 3 s"),
    "segmentation-fault": (Status.CRASHED, "killed by SIGSEGV"),
    "deadlock": (Status.TIMEOUT, "took longer than 3 s"),
    "eats": (Status.OUT_OF_MEMORY, "over the limit of 0.5 GiB"),
    "wavers": (Status.DISAGREES, "right at first, not after"),
    "leaves-things": (Status.OK, ""),
    "changes-the-process": (Status.OK, ""),
    "watches": (Status.OK, ""),
    "needs-another-library": (Status.NOT_INSTALLED, "pip install 'gradiometer[nosuch]'"),
    "declines": (Status.SKIPPED, "2 inputs: forecast a week."),
    "too-slow": (Status.SKIPPED, "1,000,000,000 primal evaluations a call"),
    "broken_at_import": (Status.ERROR, "ImportError: the library I need moved away (line 3)"),
}


@pytest.fixture(scope="module")
def faulty() -> Registry:
    return find_plugins([PLUGINS])


def command_of(pid: int) -> str:
    """Return a process's command line; nothing where it has ended."""
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ""


@pytest.fixture(scope="module")
def ended(faulty: Registry, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """One case through every faulty method: outcomes by method, each of which came exactly once."""
    methods = [faulty.methods[name] for name in ENDS]
    plan = make_plan([faulty.problems["sound"]], methods, operators=["gradient"])
    logs = tmp_path_factory.mktemp("logs")
    before = set(psutil.pids())
    with Harness(plan, OPTIONS, faulty.origins, logs) as harness:
        outcomes = list(harness.outcomes())
    left = [p for p in set(psutil.pids()) - before if "time.sleep(600)" in command_of(p)]
    assert not left
    names = [cell.method.name for cell, _, _ in outcomes]
    assert sorted(names) == sorted(ENDS)
    return {cell.method.name: outcome for cell, outcome, _ in outcomes}


@pytest.mark.parametrize("name", ENDS)
def test_a_faulty_method_ends_with_its_status_and_a_reason(
    ended: dict[str, Outcome], name: str
) -> None:
    status, reason = ENDS[name]
    assert (ended[name].status, reason in ended[name].reason) == (status, True), ended[name]


@pytest.mark.parametrize("name", [n for n, (s, _) in ENDS.items() if s is not Status.OK])
def test_what_does_not_agree_is_not_timed(ended: dict[str, Outcome], name: str) -> None:
    assert ended[name].time_s is None
    assert ended[name].ratio is None


@pytest.mark.parametrize("name", ["right", "chatters", "watches", "leaves-things"])
def test_neighbours_of_the_faulty_are_measured_in_full(
    ended: dict[str, Outcome], name: str
) -> None:
    outcome = ended[name]
    assert outcome.digits > 15
    assert outcome.rounds == OPTIONS.rounds
    assert outcome.stopped == "rounds"
    assert outcome.low_s <= outcome.time_s <= outcome.high_s
    assert outcome.ratio_low <= outcome.ratio <= outcome.ratio_high
    assert outcome.prepare_s > 0
    assert outcome.first_s > 0


def test_some_method_is_the_fastest_and_its_ratio_is_one(ended: dict[str, Outcome]) -> None:
    ratios = [o.ratio for o in ended.values() if o.ratio is not None]
    assert 1.0 in ratios


PROBLEMS = {
    "kink": "The point lies on a kink",
    "raises": "ArithmeticError: overdrawn",
    "outside": "not finite here",
    "flat": "cannot be told from zero",
    "bad-point": "point of bad-point: TypeError",
    "exotic": "no rule for the operation 'bessel_k_of_the_third_kind'",
}


@pytest.fixture(scope="module")
def troubled(faulty: Registry, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    problems = [faulty.problems[name] for name in (*PROBLEMS, "sound")]
    plan = make_plan(problems, [faulty.methods["right"]], operators=["gradient"])
    logs = tmp_path_factory.mktemp("logs")
    with Harness(plan, replace(OPTIONS, rounds=0), faulty.origins, logs) as harness:
        return {cell.case.problem.name: outcome for cell, outcome, _ in harness.outcomes()}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_faulty_problem_costs_its_own_cells_and_says_why(
    troubled: dict[str, Outcome], name: str
) -> None:
    assert troubled[name].status is Status.ERROR
    assert PROBLEMS[name] in troubled[name].reason


def test_a_problem_beside_faulty_ones_is_checked(troubled: dict[str, Outcome]) -> None:
    assert troubled["sound"].status is Status.OK


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(tmp_path / "logs", threads=1) as workers:
        yield workers


def test_a_reference_is_certified_once_and_then_found(
    fleet: Fleet, faulty: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GRADIOMETER_CACHE", str(tmp_path / "cache"))
    problem = faulty.problems["sound"]
    arguments = (problem, problem.point(), "gradient", faulty.origins, 10.0)
    first = reference(fleet, *arguments)
    fleet.worker("reference").stop()
    monkeypatch.setattr(Fleet, "worker", lambda self, tool: pytest.fail("asked a worker again"))
    again = reference(fleet, *arguments)
    assert (again.high == first.high).all()
    assert (again.radius == first.radius).all()


def test_a_reference_that_takes_too_long_is_a_timeout_of_the_case(
    fleet: Fleet, faulty: Registry
) -> None:
    large = replace(faulty.problems["mlp"], sizes=("64-256-256-10x65",))
    point = large.point("64-256-256-10x65")
    with pytest.raises(Failure, match="reference: certify took longer") as caught:
        reference(fleet, large, point, "gradient", faulty.origins, timeout_s=0.01)
    assert caught.value.status is Status.TIMEOUT


def test_agreement_alone_takes_no_samples(tmp_path: Path) -> None:
    run = gradiometer.run("product-of-sum", "backprop", options=Options(rounds=0), results=tmp_path)
    assert run.records["status"].tolist() == ["ok", "ok"]
    assert run.records["time_s"].isna().all()


def test_the_order_of_methods_within_a_round_is_shuffled_by_the_seed(
    faulty: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gradiometer.measure.contender import Contender

    taken: list[str] = []
    sample = Contender.sample

    def noted(self: Contender, number: int) -> None:
        taken.append(self.cell.method.name)
        sample(self, number)

    monkeypatch.setattr(Contender, "sample", noted)
    names = ["right", "chatters", "backprop"]
    methods = [faulty.methods[n] for n in names]
    plan = make_plan([faulty.problems["sound"]], methods, operators=["gradient"])
    orders = []
    for seed in (1, 1, 2):
        taken.clear()
        with Harness(plan, replace(OPTIONS, seed=seed), faulty.origins, tmp_path) as harness:
            list(harness.outcomes())
        orders.append(list(taken))
    rounds = [orders[0][i : i + 3] for i in range(0, len(orders[0]), 3)]
    assert all(sorted(r) == sorted(names) for r in rounds)
    assert len({tuple(r) for r in rounds}) > 1
    assert orders[0] == orders[1] != orders[2]
