"""The harness: every planned cell ends once, with the right status, and none harms another."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

import gradiometer
from gradiometer.api import find_plugins
from gradiometer.measure.agreement import ZERO
from gradiometer.measure.harness import Harness, outline, reference
from gradiometer.measure.noise import NoiseMeter
from gradiometer.measure.options import Options
from gradiometer.measure.plan import make_plan
from gradiometer.measure.pool import Failure, Pool
from gradiometer.plugins.registry import Registry
from gradiometer.reference import cache
from gradiometer.vocabulary.outcome import Outcome, Status

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


def left_behind(mark: str) -> list[psutil.Process]:
    """Return the sleeping processes that were started under a mark in the environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if "time.sleep(600)" in " ".join(process.cmdline()) and mark in process.environ():
                found.append(process)
    return found


@pytest.fixture(scope="module")
def ended(faulty: Registry, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """One case through every faulty method: outcomes by method, each of which came exactly once."""
    methods = [faulty.methods[name] for name in ENDS]
    plan = make_plan([faulty.problems["sound"]], methods, operators=["gradient"])
    logs = tmp_path_factory.mktemp("logs")
    mark = f"GRADIOMETER_TEST_{os.getpid()}"  # other sessions may be running
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(mark, "1")
        with Harness(plan, OPTIONS, faulty.origins, logs) as harness:
            outcomes = list(harness.outcomes())
            assert left_behind(mark), "what it leaves behind is found while its worker lives"
    _, alive = psutil.wait_procs(left_behind(mark), timeout=5.0)  # what was killed may be dying
    assert not alive
    names = [each.cell.method.name for each in outcomes]
    assert sorted(names) == sorted(ENDS)
    return {each.cell.method.name: each.outcome for each in outcomes}


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
    "kink": "the point lies on a kink",
    "raises": "reference: ArithmeticError: overdrawn at faulty_problems.py, line 28.",
    "draws": "reference: 'draws' is not a function of its inputs",
    "drowns": "rounding in float64 can be as large as the true gradient",
    "outside": "not finite here",
    "bad-point": "point of bad-point: TypeError",
    "exotic": "no rule for the operation 'bessel_k_of_the_third_kind'",
}


@pytest.fixture(scope="module")
def troubled(faulty: Registry, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    problems = [faulty.problems[name] for name in (*PROBLEMS, "sound", "flat")]
    plan = make_plan(problems, [faulty.methods["right"]], operators=["gradient"])
    logs = tmp_path_factory.mktemp("logs")
    with Harness(plan, replace(OPTIONS, rounds=0), faulty.origins, logs) as harness:
        return {each.cell.case.problem.name: each.outcome for each in harness.outcomes()}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_faulty_problem_costs_its_own_cells_and_says_why(
    troubled: dict[str, Outcome], name: str
) -> None:
    assert troubled[name].status is Status.ERROR
    assert PROBLEMS[name] in troubled[name].reason


def test_a_problem_beside_faulty_ones_is_checked(troubled: dict[str, Outcome]) -> None:
    outcome = troubled["sound"]
    assert outcome.status is Status.OK
    assert outcome.owed > 14.0
    assert outcome.undecided == 0


def test_an_answer_to_a_truth_of_zero_is_checked_and_it_is_told(
    troubled: dict[str, Outcome],
) -> None:
    outcome = troubled["flat"]
    assert (outcome.status, outcome.reason) == (Status.OK, ZERO)
    figures = (outcome.digits, outcome.owed, outcome.undecided, outcome.condition)
    assert figures == (None, None, 0, None)


# The other operators.

ALL = ("value", "jacobian", "jvp", "vjp", "gradient", "hessian", "hvp")
WRONG = {
    ("transposed", "saddle", "jacobian"): "largest error in ∂a/∂y",
    ("half-diagonal", "bowl", "hessian"): "largest error in ∂²/∂x∂x[1, 1]",
    ("wrong-sign", "saddle", "jvp"): "digits, 12 promised",
    ("wrong-sign", "bowl", "hvp"): "digits, 11 promised",
    ("forgets-an-output", "saddle", "vjp"): "digits, 12 promised",
    ("stale-direction", "saddle", "jvp"): "digits, 12 promised",
    ("stale-direction", "saddle", "vjp"): "digits, 12 promised",
    ("stale-direction", "bowl", "hvp"): "digits, 11 promised",
}
SKIPPED = {
    ("reluctant", "bowl", "hessian"): "hessian of 3 inputs and 1 outputs",
    ("reluctant", "saddle", "jacobian"): "1,000,000,000 primal evaluations a call",
    ("reluctant", "bowl", "jacobian"): "1,000,000,000 primal evaluations a call",
}
UNSUPPORTED = {
    ("pulls-only", "bowl", "hessian"): "There are only pullbacks here.",
    ("pulls-only", "bowl", "hvp"): "There are only pullbacks here.",
    **{("pulls-only", "bowl", name): "There are only pullbacks here."
       for name in ("gradient", "jacobian", "jvp")},
    ("pulls-only", "bowl", "vjp"): "bowl has no hand-coded vjp.",
}  # fmt: skip
ROUTES = {
    ("all-right", "saddle", "jacobian"): "native",
    ("all-right", "bowl", "gradient"): "native",
    ("all-right", "bowl", "jacobian"): "gradient",
    ("all-right", "bowl", "jvp"): "gradient",
    ("all-right", "bowl", "vjp"): "gradient",
    ("all-right", "bowl", "hessian"): "native",
    ("pulls-only", "saddle", "jacobian"): "2 vjps",
    ("pulls-only", "saddle", "jvp"): "2 vjps",
    ("pulls-only", "saddle", "vjp"): "native",
}
HANDS = [
    "all-right", "pulls-only", "transposed", "half-diagonal", "wrong-sign", "forgets-an-output",
    "stale-direction", "for-them", "reluctant",
]  # fmt: skip
Cells = dict[tuple[str, str, str], Outcome]


@pytest.fixture(scope="module")
def derivatives(faulty: Registry, tmp_path_factory: pytest.TempPathFactory) -> Cells:
    """Every operator of a scalar and a vector problem, by methods of which most are faulty."""
    names = ("saddle", "bowl", "affine", "one-output-short", "too-wide")
    problems = [faulty.problems[name] for name in names]
    plan = make_plan(problems, [faulty.methods[name] for name in HANDS], operators=ALL)
    logs = tmp_path_factory.mktemp("logs")
    with Harness(plan, replace(OPTIONS, rounds=0), faulty.origins, logs) as harness:
        ended = list(harness.outcomes())
    assert sorted(each.cell.id for each in ended) == sorted(cell.id for cell in plan.cells)
    return {
        (each.cell.method.name, each.cell.case.problem.name, each.cell.case.operator): each.outcome
        for each in ended
    }


@pytest.mark.parametrize("cell", WRONG, ids="/".join)
def test_a_wrong_derivative_disagrees_and_is_located(
    derivatives: Cells, cell: tuple[str, str, str]
) -> None:
    outcome = derivatives[cell]
    assert outcome.status is Status.DISAGREES
    assert WRONG[cell] in outcome.reason


@pytest.mark.parametrize("cell", SKIPPED | UNSUPPORTED, ids="/".join)
def test_a_derivative_that_is_declined_or_not_there_is_recorded_with_the_reason(
    derivatives: Cells, cell: tuple[str, str, str]
) -> None:
    status = Status.SKIPPED if cell in SKIPPED else Status.UNSUPPORTED
    assert derivatives[cell].status is status
    assert (SKIPPED | UNSUPPORTED)[cell] in derivatives[cell].reason


def test_every_other_derivative_of_a_faulty_method_is_right(derivatives: Cells) -> None:
    amiss = {
        cell
        for cell, outcome in derivatives.items()
        if outcome.status is not Status.OK and cell[1] in ("saddle", "bowl")
    }
    derived = {("half-diagonal", "bowl", "hessian"), ("wrong-sign", "bowl", "hvp")}
    assert amiss == set(WRONG) | set(SKIPPED) | set(UNSUPPORTED) | derived


@pytest.mark.parametrize("cell", ROUTES, ids="/".join)
def test_a_record_says_by_which_route_a_derivative_came(
    derivatives: Cells, cell: tuple[str, str, str]
) -> None:
    assert derivatives[cell].status is Status.OK, derivatives[cell]
    assert derivatives[cell].route == ROUTES[cell]


@pytest.mark.parametrize("operator", ["gradient", "hvp"])
def test_none_for_an_unused_input_is_right_and_told(derivatives: Cells, operator: str) -> None:
    outcome = derivatives["for-them", "bowl", operator]
    assert (outcome.status, outcome.reason) == (
        Status.OK,
        "1 None returned, counted as zeros",
    )


@pytest.mark.parametrize("operator", ["hessian", "hvp"])
def test_a_case_whose_second_derivative_vanishes_is_checked_and_it_is_told(
    derivatives: Cells, operator: str
) -> None:
    outcome = derivatives["all-right", "affine", operator]
    assert (outcome.status, outcome.reason, outcome.digits) == (Status.OK, ZERO, None)


def test_a_case_whose_answer_is_too_large_is_skipped_and_its_others_are_not(
    derivatives: Cells,
) -> None:
    outcome = derivatives["all-right", "too-wide", "hessian"]
    assert outcome.status is Status.SKIPPED
    assert "the hessian has 1,000,000 components: none is compared beyond" in outcome.reason
    assert derivatives["all-right", "too-wide", "value"].status is Status.OK


@pytest.mark.parametrize("operator", ["value", "jacobian", "jvp", "vjp"])
def test_a_problem_that_returns_fewer_outputs_than_it_names_is_an_error(
    derivatives: Cells, operator: str
) -> None:
    outcome = derivatives["all-right", "one-output-short", operator]
    assert outcome.status is Status.ERROR
    assert "returned 2 outputs in a tuple: 3 are named (a, b, c)" in outcome.reason


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    with Pool(tmp_path / "logs", threads=1) as workers:
        yield workers


def test_a_reference_is_certified_once_and_then_found_by_the_worker_alone(
    pool: Pool, faulty: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GRADIOMETER_CACHE", str(tmp_path / "cache"))
    problem = faulty.problems["sound"]
    arguments = (problem, problem.point(), "gradient", faulty.origins, 10.0)
    first = reference(pool, *arguments)
    (kept,) = (tmp_path / "cache").glob("*.npz")
    monkeypatch.delenv("GRADIOMETER_CACHE")  # of the coordinator, which has nothing to look up
    with monkeypatch.context() as other:
        other.setenv("GRADIOMETER_CACHE", str(kept.parent))
        cache.keep(kept.stem, replace(first, bits=7))
    again = reference(pool, *arguments)
    assert again.bits == 7
    assert (again.high == first.high).all()


def test_the_shapes_of_a_problem_are_told_though_it_cannot_be_certified(
    pool: Pool, faulty: Registry
) -> None:
    problem = faulty.problems["drowns"]
    assert outline(pool, problem, problem.point(), faulty.origins, 10.0) == ((),)
    raises = faulty.problems["raises"]
    with pytest.raises(Failure, match=r"reference: .* overdrawn at faulty_problems\.py, line 28"):
        outline(pool, raises, raises.point(), faulty.origins, 10.0)


def test_a_reference_that_takes_too_long_is_a_timeout_of_the_case(
    pool: Pool, faulty: Registry
) -> None:
    large = replace(faulty.problems["mlp"], sizes=("64-256-256-10x65",))
    point = large.point("64-256-256-10x65")
    with pytest.raises(Failure, match="reference: certify took longer") as caught:
        reference(pool, large, point, "gradient", faulty.origins, timeout_s=0.01)
    assert caught.value.status is Status.TIMEOUT


def test_agreement_alone_takes_no_samples(tmp_path: Path) -> None:
    run = gradiometer.run("product-of-sum", "backprop", options=Options(rounds=0), results=tmp_path)
    assert run.records["status"].tolist() == ["ok", "ok"]
    assert run.records["time_s"].isna().all()


def test_the_order_of_methods_within_a_round_is_shuffled_by_the_seed(
    faulty: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gradiometer.measure.trial import Trial

    taken: list[str] = []
    sample = Trial.sample

    def noted(self: Trial, number: int) -> None:
        taken.append(self.cell.method.name)
        sample(self, number)

    monkeypatch.setattr(Trial, "sample", noted)
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


# What is told of the calm rounds


@pytest.mark.parametrize("calm", [set(), {1, 4}, set(range(7)), {5, 6, 7, 8}])
def test_a_cell_ends_with_its_calm_rounds_and_its_outcome_counts_them(
    faulty: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calm: set[int]
) -> None:
    monkeypatch.setattr(NoiseMeter, "calm", frozenset(calm))
    plan = make_plan([faulty.problems["sound"]], [faulty.methods["right"]], operators=["gradient"])
    with Harness(plan, OPTIONS, faulty.origins, tmp_path) as harness:
        (ended,) = harness.outcomes()
    assert list(ended.samples) == [*range(OPTIONS.rounds)]
    assert sorted(ended.calm) == sorted(calm & set(ended.samples))
    assert (ended.outcome.rounds, ended.outcome.calm) == (OPTIONS.rounds, len(ended.calm))


def test_a_cell_that_was_not_timed_has_no_samples_and_no_calm_rounds(
    faulty: Registry, tmp_path: Path
) -> None:
    plan = make_plan([faulty.problems["sound"]], [faulty.methods["zeros"]], operators=["gradient"])
    with Harness(plan, OPTIONS, faulty.origins, tmp_path) as harness:
        (ended,) = harness.outcomes()
    assert (dict(ended.samples), list(ended.calm), ended.outcome.calm) == ({}, [], None)


def test_the_table_of_samples_tells_which_rounds_were_calm_and_the_record_counts_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NoiseMeter, "calm", frozenset({1, 4}))
    run = gradiometer.run("product-of-sum", "backprop", options=OPTIONS, results=tmp_path)
    samples = run.samples()
    assert samples["calm"].dtype == bool
    for _, cell in samples.groupby(["case", "method"]):
        assert cell["round"].tolist() == [*range(OPTIONS.rounds)]
        assert cell.loc[cell["calm"], "round"].tolist() == [1, 4]
    assert run.records["calm"].tolist() == [2, 2]


@pytest.mark.parametrize("raised", [None, KeyboardInterrupt, ValueError])
def test_the_pace_is_kept_when_the_harness_is_left_whatever_ends_it(
    faulty: Registry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    raised: type[BaseException] | None,
) -> None:
    closed: list[NoiseMeter] = []
    monkeypatch.setattr(NoiseMeter, "close", lambda instrument: closed.append(instrument))
    plan = make_plan([faulty.problems["sound"]], [faulty.methods["right"]], operators=["gradient"])
    leaving = pytest.raises(raised) if raised else contextlib.nullcontext()
    with leaving, Harness(plan, OPTIONS, faulty.origins, tmp_path):
        if raised:
            raise raised
    assert len(closed) == 1
