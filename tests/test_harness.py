"""The harness: every planned cell ends once, with the right status, and none harms another."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from here import in_this_process

import gradiometer
from gradiometer import Method, Target
from gradiometer.judging.agreement import ZERO
from gradiometer.measure.forecast import Cost
from gradiometer.measure.harness import Harness, workers
from gradiometer.measure.noise import NoiseMeter
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Plan, make_plan
from gradiometer.plugins import loader
from gradiometer.plugins.registry import Registry
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.outcome import Cold, Outcome, Status, Warm

PLUGINS = Path(__file__).parent / "plugins"
OPTIONS = Options(rounds=7, sample_s=0.0005, timeout_s=3.0, memory_gib=0.5)

ENDS = {
    "right": (Status.OK, ""),
    "chatters": (Status.OK, ""),
    "zeros": (Status.DISAGREES, "2 of 2 components wrong: zero everywhere; 0.0 digits"),
    "frozen": (Status.DISAGREES, "stale everywhere, right at the point of preparation; "),
    "folded": (Status.DISAGREES, "stale everywhere, right with the given values of prep"),
    "single": (Status.DISAGREES, "rounded to float32 everywhere; "),
    "nan": (Status.NONFINITE, "1 of 2 components not finite: x"),
    "wrong-shape": (Status.DISAGREES, "x has shape (1,), () expected"),
    "too-few": (Status.DISAGREES, "1 arrays returned, 2 expected (x, y)"),
    "text": (Status.DISAGREES, "instead of numbers"),
    "nothing": (Status.DISAGREES, "None returned, 2 arrays expected (x, y)"),
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
    "wavers": (Status.DISAGREES, "right at first, not"),
    "leaves-things": (Status.OK, ""),
    "changes-the-process": (Status.OK, ""),
    "watches": (Status.OK, ""),
    "needs-another-library": (Status.NOT_INSTALLED, "pip install no_such_library_anywhere"),
    "declines": (Status.SKIPPED, "2 inputs: forecast a week."),
    "too-slow": (Status.SKIPPED, "1,000,000,000 primal evaluations a call"),
    "broken_at_import": (Status.ERROR, "ImportError: the library I need moved away (line 3)"),
}


@pytest.fixture(scope="module")
def faulty() -> Registry:
    return loader.load([PLUGINS])


def planned(registry: Registry, problems: Any, methods: Any, operators: Any = "gradient") -> Plan:
    """Return the plan of problems and methods by name."""
    known = registry.named("methods")
    chosen = [registry.problems[p] for p in problems], [known[m] for m in methods]
    return make_plan(registry, *chosen, operators=operators)


def left_behind(mark: str) -> list[psutil.Process]:
    """Return the sleeping processes that were started under a mark in the environment."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if "time.sleep(600)" in " ".join(process.cmdline()) and mark in process.environ():
                found.append(process)
    return found


@pytest.mark.parametrize(
    ("cores", "own"),
    [(1, ["t"] * 7), (2, ["t"] * 4 + ["t-2"] * 3), (8, ["t"] * 3 + ["t-2"] * 2 + ["t-3"] * 2)],
)
def test_many_methods_of_a_tool_have_workers_on_several_cores(
    registry: Registry, cores: int, own: list[str]
) -> None:
    one = registry.methods["backprop"]
    named = [replace(one, name=f"m{k}", tool="t" if k < 7 else "u") for k in range(10)]
    expected = [*own, "u", "u", "u"]
    assert workers(named, cores) == {m.name: w for m, w in zip(named, expected, strict=True)}


def unstarted(**known: Any) -> Any:
    """Return a harness that started nothing, and knows what is given."""
    harness = Harness.__new__(Harness)
    vars(harness).update(known)
    return harness


def test_what_took_longest_in_the_case_before_begins() -> None:
    begun: list[list[str]] = []

    def submit(check: Any, queue: Any) -> Any:
        begun.append([each.method.name for each in queue])
        number = float(len(begun))
        return SimpleNamespace(result=lambda: number)

    places, took = {"a": "one", "b": "two", "c": "one", "d": "three"}, {"two": 1.0, "three": 3.0}
    threads = SimpleNamespace(submit=submit)
    harness = unstarted(_workers=places, _took=took, _threads=threads)
    right = Outcome(Status.OK)
    trials = [SimpleNamespace(method=SimpleNamespace(name=n), outcome=right) for n in places]
    assert list(harness._prepared(trials)) == []
    assert begun == [["d"], ["b"], ["a", "c"]]
    assert harness._took == {"three": 1.0, "two": 2.0, "one": 3.0}


@pytest.mark.parametrize("operator", ["value", "gradient"])
def test_of_a_cell_that_ended_costs_are_learnt(operator: str) -> None:
    learnt: list[Any] = []
    forecasts = SimpleNamespace(learn=lambda *told: learnt.append(told))
    harness = unstarted(_forecasts=forecasts, _primals_s={})
    case = Case("p", "", operator)
    cells = [Cell(case, "first"), Cell(case, "second")]
    points = SimpleNamespace(signature=SimpleNamespace(n=3))
    trial = SimpleNamespace(
        cell=cells[0], cells=cells, samples={0: 0.5}, calm=[0], kept=None,
        conditions=SimpleNamespace(points=points, operator=OPERATORS[operator]),
        outcome=Outcome(
            Status.TIMEOUT,
            cold=Cold(import_s=9.0, prepare_s=1.0, first_s=2.0, prepare_bytes=7),
            warm=Warm(time_s=0.5, call_bytes=5),
        ),
    )  # fmt: skip
    ends = list(harness._ends(trial))
    assert learnt == [(case, "first", Cost(3, 3.0, 0.5, 7, "timeout"))]
    assert [(end.cell, end.outcome.shared) for end in ends] == [
        (cells[0], ""), (cells[1], "first"),
    ]  # fmt: skip
    assert all((end.samples, end.calm, end.kept) == ({0: 0.5}, [0], None) for end in ends)
    assert harness._primals_s == (dict.fromkeys(cells, 0.5) if operator == "value" else {})


@pytest.fixture(scope="module")
def ended(faulty: Registry, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """One case through every faulty method: outcomes by method, each of which came exactly once."""
    plan = planned(faulty, ["sound"], ENDS)
    logs = tmp_path_factory.mktemp("logs")
    mark = f"GRADIOMETER_TEST_{os.getpid()}"  # other sessions may be running
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(mark, "1")
        with Harness(plan, OPTIONS, logs) as harness:
            outcomes = list(harness.outcomes())
            assert left_behind(mark), "what it leaves behind is found while its worker lives"
    _, alive = psutil.wait_procs(left_behind(mark), timeout=5.0)  # what was killed may be dying
    assert not alive
    assert sorted(each.cell.method for each in outcomes) == sorted(ENDS)
    return {each.cell.method: each.outcome for each in outcomes}


@pytest.mark.parametrize("name", ENDS)
def test_a_faulty_method_ends_with_status_and_reason(ended: dict[str, Outcome], name: str) -> None:
    status, reason = ENDS[name]
    assert (ended[name].status, reason in ended[name].reason) == (status, True), ended[name]


@pytest.mark.parametrize("name", [n for n, (s, _) in ENDS.items() if s is not Status.OK])
def test_what_does_not_agree_is_not_timed(ended: dict[str, Outcome], name: str) -> None:
    warm = ended[name].warm
    assert (warm.time_s, warm.ratio) == (None, None)


@pytest.mark.parametrize("name", ["right", "chatters", "watches", "leaves-things"])
def test_neighbours_of_the_faulty_are_measured(ended: dict[str, Outcome], name: str) -> None:
    outcome, warm = ended[name], ended[name].warm
    assert outcome.verdict.digits > 15
    assert warm.rounds == OPTIONS.rounds
    assert warm.stopped == "rounds"
    assert warm.low_s <= warm.time_s <= warm.high_s
    assert warm.ratio_low <= warm.ratio <= warm.ratio_high
    assert outcome.cold.prepare_s > 0
    assert outcome.cold.first_s > 0


def test_the_ratio_of_the_fastest_is_one(ended: dict[str, Outcome]) -> None:
    ratios = [o.warm.ratio for o in ended.values()]
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
    plan = planned(faulty, [*PROBLEMS, "sound", "flat"], ["right"])
    logs = tmp_path_factory.mktemp("logs")
    with in_this_process(), Harness(plan, replace(OPTIONS, rounds=0), logs) as harness:
        return {each.cell.case.problem: each.outcome for each in harness.outcomes()}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_faulty_problem_costs_its_own_cells(troubled: dict[str, Outcome], name: str) -> None:
    assert troubled[name].status is Status.ERROR
    assert PROBLEMS[name] in troubled[name].reason


def test_a_problem_beside_faulty_ones_is_checked(troubled: dict[str, Outcome]) -> None:
    outcome = troubled["sound"]
    assert outcome.status is Status.OK
    assert outcome.verdict.owed > 14.0
    assert outcome.verdict.undecided == 0


def test_an_answer_to_a_truth_of_zero_is_checked(
    troubled: dict[str, Outcome],
) -> None:
    outcome = troubled["flat"]
    assert (outcome.status, outcome.reason) == (Status.OK, ZERO)
    verdict = outcome.verdict
    assert (verdict.owed, verdict.undecided, verdict.condition) == (None, 0, None)
    assert verdict.digits > 12  # of the other points


# The other operators.

ALL = ("value", "jacobian", "jvp", "vjp", "gradient", "hessian", "hvp")
WRONG = {
    ("transposed", "saddle", "jacobian"): "2 of 4 components wrong: the matrix is transposed; ",
    ("half-diagonal", "bowl", "hessian"): "2 of 9 components wrong: the diagonal is half what it ",
    ("wrong-sign", "saddle", "jvp"): "2 of 2 components wrong: the sign is reversed everywhere; ",
    ("wrong-sign", "bowl", "hvp"): "2 of 3 components wrong: the sign is reversed everywhere; ",
    ("forgets-an-output", "saddle", "vjp"): "2 of 2 components wrong; ",
    ("stale-direction", "saddle", "jvp"): "stale everywhere, right in the directions of preparat",
    ("stale-direction", "saddle", "vjp"): "stale everywhere, right in the directions of preparat",
    ("stale-direction", "bowl", "hvp"): "stale everywhere, right in the directions of preparation",
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
    plan = planned(faulty, names, HANDS, ALL)
    logs = tmp_path_factory.mktemp("logs")
    with in_this_process(), Harness(plan, replace(OPTIONS, rounds=0), logs) as harness:
        ended = list(harness.outcomes())
    assert sorted(each.cell.id for each in ended) == sorted(cell.id for cell in plan.cells)
    return {
        (each.cell.method, each.cell.case.problem, each.cell.case.operator): each.outcome
        for each in ended
    }


@pytest.mark.parametrize("cell", WRONG, ids="/".join)
def test_a_wrong_derivative_disagrees_and_is_explained(
    derivatives: Cells, cell: tuple[str, str, str]
) -> None:
    outcome = derivatives[cell]
    assert outcome.status is Status.DISAGREES
    assert WRONG[cell] in outcome.reason


@pytest.mark.parametrize("cell", SKIPPED | UNSUPPORTED, ids="/".join)
def test_what_is_declined_or_lacking_says_why(
    derivatives: Cells, cell: tuple[str, str, str]
) -> None:
    status = Status.SKIPPED if cell in SKIPPED else Status.UNSUPPORTED
    assert derivatives[cell].status is status
    assert (SKIPPED | UNSUPPORTED)[cell] in derivatives[cell].reason


def test_all_other_derivatives_are_right(derivatives: Cells) -> None:
    amiss = {
        cell
        for cell, outcome in derivatives.items()
        if outcome.status is not Status.OK and cell[1] in ("saddle", "bowl")
    }
    derived = {("half-diagonal", "bowl", "hessian"), ("wrong-sign", "bowl", "hvp")}
    assert amiss == set(WRONG) | set(SKIPPED) | set(UNSUPPORTED) | derived


@pytest.mark.parametrize("cell", ROUTES, ids="/".join)
def test_an_outcome_names_the_route(derivatives: Cells, cell: tuple[str, str, str]) -> None:
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
def test_a_second_derivative_of_zero_is_checked(derivatives: Cells, operator: str) -> None:
    outcome = derivatives["all-right", "affine", operator]
    assert (outcome.status, outcome.reason) == (Status.OK, ZERO)
    assert outcome.verdict.digits is None


def test_a_case_that_is_too_large_is_skipped_alone(
    derivatives: Cells,
) -> None:
    outcome = derivatives["all-right", "too-wide", "hessian"]
    assert outcome.status is Status.SKIPPED
    assert "the hessian has 1,000,000 components: none is compared beyond" in outcome.reason
    assert derivatives["all-right", "too-wide", "value"].status is Status.OK


@pytest.mark.parametrize("operator", ["value", "jacobian", "jvp", "vjp"])
def test_an_output_that_is_named_and_missing_is_an_error(derivatives: Cells, operator: str) -> None:
    outcome = derivatives["all-right", "one-output-short", operator]
    assert outcome.status is Status.ERROR
    assert "returned 2 outputs in a tuple: 3 are named (a, b, c)" in outcome.reason


@pytest.mark.usefixtures("in_this_process")
def test_agreement_alone_takes_no_samples(tmp_path: Path) -> None:
    run = gradiometer.run("product-of-sum", "backprop", options=Options(rounds=0), results=tmp_path)
    assert run.records["status"].tolist() == ["ok", "ok"]
    assert run.records["time_s"].isna().all()


@pytest.mark.usefixtures("in_this_process")
def test_the_order_within_a_round_is_of_the_seed(
    faulty: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gradiometer.measure.trial import Trial

    taken: list[str] = []
    sample = Trial.sample

    def noted(self: Trial, number: int) -> None:
        taken.append(self.cell.method)
        sample(self, number)

    monkeypatch.setattr(Trial, "sample", noted)
    names = ["right", "chatters", "backprop"]
    plan = planned(faulty, ["sound"], names)
    orders = []
    for seed in (1, 1, 2):
        taken.clear()
        with Harness(plan, replace(OPTIONS, seed=seed), tmp_path) as harness:
            list(harness.outcomes())
        orders.append(list(taken))
    rounds = [orders[0][i : i + 3] for i in range(0, len(orders[0]), 3)]
    assert all(sorted(r) == sorted(names) for r in rounds)
    assert len({tuple(r) for r in rounds}) > 1
    assert orders[0] == orders[1] != orders[2]


# What is told of the calm rounds


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("calm", [set(), {1, 4}, set(range(7)), {5, 6, 7, 8}])
def test_a_cell_ends_with_its_calm_rounds(
    faulty: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calm: set[int]
) -> None:
    monkeypatch.setattr(NoiseMeter, "calm", frozenset(calm))
    plan = planned(faulty, ["sound"], ["right"])
    with Harness(plan, OPTIONS, tmp_path) as harness:
        (ended,) = harness.outcomes()
    assert list(ended.samples) == [*range(OPTIONS.rounds)]
    assert sorted(ended.calm) == sorted(calm & set(ended.samples))
    assert (ended.outcome.warm.rounds, ended.outcome.warm.calm) == (OPTIONS.rounds, len(ended.calm))


@pytest.mark.usefixtures("in_this_process")
def test_what_was_not_timed_has_no_rounds(faulty: Registry, tmp_path: Path) -> None:
    plan = planned(faulty, ["sound"], ["zeros"])
    with Harness(plan, OPTIONS, tmp_path) as harness:
        (ended,) = harness.outcomes()
    assert (dict(ended.samples), list(ended.calm), ended.outcome.warm.calm) == ({}, [], None)


@pytest.mark.usefixtures("in_this_process")
def test_the_samples_tell_which_rounds_were_calm(
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
def test_the_baseline_is_kept_whatever_ends_the_harness(
    faulty: Registry,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    raised: type[BaseException] | None,
) -> None:
    closed: list[NoiseMeter] = []
    monkeypatch.setattr(NoiseMeter, "close", lambda meter: closed.append(meter))
    plan = planned(faulty, ["sound"], ["right"])
    leaving = pytest.raises(raised) if raised else contextlib.nullcontext()
    with leaving, Harness(plan, OPTIONS, tmp_path):
        if raised:
            raise raised
    assert len(closed) == 1


# What has ended before it began


def test_what_cannot_be_tried_ends_once_and_starts_nothing(
    faulty: Registry, tmp_path: Path
) -> None:
    faulty = replace(faulty, broken=[*faulty.broken])
    faulty.add_broken("problems", "bad-problem", "bad.py failed to load: it broke")
    problems = [faulty.problems["sound"], *faulty.matching("problems", "bad-problem")]
    methods = [
        *faulty.matching("methods", "needs-another-library"),
        *faulty.matching("methods", "broken_at_import"),
    ]
    plan = make_plan(faulty, problems, methods)
    with Harness(plan, OPTIONS, tmp_path / "logs") as harness:
        ended = list(harness.outcomes())
    assert [each.cell for each in ended] == list(plan.cells) == list(plan.ended)
    assert {each.cell: each.outcome for each in ended} == plan.ended
    assert {each.outcome.status for each in ended} == {Status.NOT_INSTALLED, Status.ERROR}
    assert list((tmp_path / "logs").iterdir()) == []


@pytest.mark.usefixtures("in_this_process")
def test_a_broken_problem_costs_its_own_cells(faulty: Registry, tmp_path: Path) -> None:
    faulty = replace(faulty, broken=[*faulty.broken])
    faulty.add_broken("problems", "bad-problem", "bad.py failed to load: it broke")
    problems = [*faulty.matching("problems", "bad-problem"), faulty.problems["sound"]]
    plan = make_plan(faulty, problems, [faulty.methods["right"]], operators="gradient")
    with Harness(plan, replace(OPTIONS, rounds=0), tmp_path) as harness:
        ended = [(each.cell.case.problem, each.outcome.status) for each in harness.outcomes()]
    assert ended == [("bad-problem", Status.ERROR), ("sound", Status.OK)]


@pytest.mark.usefixtures("in_this_process")
def test_what_is_done_is_not_measured_again(faulty: Registry, tmp_path: Path) -> None:
    plan = planned(faulty, ["sound"], ["right", "broken_at_import", "zeros"])
    done = dict.fromkeys((plan.cases[0].id, name) for name in ("right", "broken_at_import"))
    with Harness(plan, replace(OPTIONS, rounds=0), tmp_path, done) as harness:
        assert [each.cell.method for each in harness.outcomes()] == ["zeros"]


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("name", ["right", "hangs"])
def test_a_dtype_without_a_promise_is_unsupported(
    faulty: Registry, tmp_path: Path, name: str
) -> None:
    faulty.methods[name] = replace(faulty.methods[name], digits={"float64": (12.0, 11.0)})
    plan = Plan.of([Cell(Case("sound", "", "gradient", "float32"), name)], faulty)
    with Harness(plan, OPTIONS, tmp_path) as harness:
        (ended,) = harness.outcomes()
    found = ended.outcome.status, ended.outcome.reason
    assert found == (Status.UNSUPPORTED, f"{name} promises nothing of a gradient in float32.")
    assert ended.outcome.verdict.promise is None


# What is measured once, or not at all

SHARING = """
import os
import numpy as np
from gradiometer import Method, Namespace, problem

@problem(at=lambda n, rng: {"x": np.ones(n)}, sizes=(2, 3))
def squares(xp, x):
    return xp.sum(x * x)

@squares.backprop
def _(x):
    return (2.0 * x,)

class One(Method):
    name, mode, primal = "one", "manual", "numpy"
    wrong = 0.0

    def namespace(self):
        return Namespace(np)

    def value(self, f):
        open(os.path.join(os.environ["PREPARED"], self.name), "a").close()
        return lambda inputs, given: f(inputs, given) + self.wrong

    def gradient(self, f):
        return lambda inputs, given: f.problem.backward(*inputs)

class Two(One):
    name = "two"

class Spoilt(One):
    name, wrong, primal = "spoilt", 1.0, "spoilt"

class AsSpoilt(Spoilt):
    name = "as-spoilt"

class Single(One):
    name, digits, primal = "single", {"float32": (5.0, 4.0)}, "numpy"
"""


@pytest.fixture
def sharing(tmp_path: Path) -> Registry:
    (tmp_path / "sharing.py").write_text(SHARING)
    return loader.load([tmp_path / "sharing.py"])


@pytest.mark.usefixtures("in_this_process")
def test_a_primal_that_methods_share_is_measured_once(
    sharing: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "prepared"
    folder.mkdir()
    monkeypatch.setenv("PREPARED", str(folder))
    methods = ["one", "two", "spoilt", "as-spoilt", "single"]
    plan = planned(sharing, ["squares"], methods, ["value", "gradient"])
    first = [cell for cell in plan.cells if cell.case.size == "2"]
    with Harness(Plan.of(first, sharing), OPTIONS, tmp_path / "logs") as harness:
        ended = {(e.cell.case.operator, e.cell.method): e for e in harness.outcomes()}
    assert sorted(ended) == sorted((c.case.operator, c.method) for c in first)
    assert {path.name for path in folder.iterdir()} == {"one", "spoilt"}
    shared = {name: end.outcome.shared for name, end in ended.items() if end.outcome.shared}
    assert shared == {("value", "two"): "one", ("value", "as-spoilt"): "spoilt"}
    one, two = ended["value", "one"], ended["value", "two"]
    assert two.outcome == replace(one.outcome, shared="one")
    assert (two.samples, two.calm, two.kept) == (one.samples, one.calm, one.kept)
    assert ended["gradient", "one"].samples != ended["gradient", "two"].samples
    statuses = [ended["value", name].outcome.status for name in methods]
    assert statuses == ["ok", "ok", "disagrees", "disagrees", "unsupported"]


@pytest.mark.usefixtures("in_this_process")
def test_what_is_too_large_is_skipped_before_it_is_certified(
    sharing: Registry, tmp_path: Path
) -> None:
    plan = planned(sharing, ["squares"], ["one"])
    with Harness(plan, replace(OPTIONS, rounds=0, most_inputs=2), tmp_path) as harness:
        ends = {e.cell.case.size: e.outcome for e in harness.outcomes()}
    assert ends["2"].status == Status.OK
    reason = "3 inputs: none beyond 2 is taken unless the problem is named"
    assert (ends["3"].status, ends["3"].reason) == (Status.SKIPPED, reason)


def test_what_ran_out_of_time_is_not_tried_at_larger_sizes(
    faulty: Registry, sharing: Registry, tmp_path: Path
) -> None:
    sharing.methods["hangs"] = faulty.methods["hangs"]
    plan = planned(sharing, ["squares"], ["one", "hangs"])
    with Harness(plan, replace(OPTIONS, rounds=0), tmp_path) as harness:
        ends = {(e.cell.case.size, e.cell.method): e.outcome for e in harness.outcomes()}
    assert ends["3", "one"].status == Status.OK
    assert ends["2", "hangs"].status == Status.TIMEOUT
    reason = "not attempted: at 2 inputs it ended as timeout"
    assert (ends["3", "hangs"].status, ends["3", "hangs"].reason) == (Status.SKIPPED, reason)


def test_forecasts_are_made_from_an_earlier_part_of_the_run_too(
    sharing: Registry, tmp_path: Path
) -> None:
    plan = planned(sharing, ["squares"], ["one"])
    done = {(plan.cases[0].id, "one"): Cost(2, ended="timeout")}
    with Harness(plan, replace(OPTIONS, rounds=0), tmp_path, done) as harness:
        (ended,) = harness.outcomes()
    assert ended.outcome.reason == "not attempted: at 2 inputs it ended as timeout"


# Tools

SETTINGS = """
import numpy as np
from gradiometer import Method, Namespace

DTYPE = np.float32

class Rounded(Method):
    name, mode = "rounded", "manual"

    def namespace(self):
        return Namespace(np)

    def array(self, a):
        return a

    def gradient(self, f):
        return lambda inputs, given: [
            np.asarray(g, DTYPE).astype(float) for g in f.problem.backward(*inputs, **given)
        ]

class Exact(Rounded):
    name = "exact"

    def setup(self, target):
        global DTYPE
        DTYPE = np.dtype(target.dtype)
"""


def test_every_method_of_a_tool_is_set_up(faulty: Registry, tmp_path: Path) -> None:
    (tmp_path / "acme_tool.py").write_text(SETTINGS, encoding="utf-8")
    registry = loader.load([PLUGINS, tmp_path / "acme_tool.py"])
    plan = planned(registry, ["sound"], ["rounded", "exact"])
    assert {registry.methods[name].tool for name in ("rounded", "exact")} == {"acme_tool"}
    with Harness(plan, replace(OPTIONS, rounds=0), tmp_path / "logs") as harness:
        ended = {each.cell.method: each.outcome for each in harness.outcomes()}
    assert ended["rounded"].status is Status.DISAGREES
    assert ended["exact"].status is Status.OK, ended["exact"]


class Exits(Method):
    """Ends its process."""

    name = "exits-too"

    def namespace(self) -> Any:
        os._exit(3)


class Inert(Method):
    """Has nothing to offer but its process."""

    name = "inert"

    def namespace(self) -> Any:
        return np

    def array(self, a: Any) -> Any:
        return a

    def setup(self, target: Target) -> None:
        print(f"process {os.getpid()}", flush=True)  # noqa: T201


def test_objects_without_a_file_have_processes_of_their_own(
    faulty: Registry, tmp_path: Path
) -> None:
    faulty = replace(faulty, methods=dict(faulty.methods))
    other = type("Other", (Inert,), {"name": "inert-too"})
    for method in (Inert(), Exits(), other()):
        faulty.add(method)
    plan = planned(faulty, ["sound"], ["inert", "exits-too", "inert-too"], ["value"])
    with Harness(plan, replace(OPTIONS, rounds=0), tmp_path) as harness:
        ended = {each.cell.method: each.outcome.status for each in harness.outcomes()}
    assert ended == {
        "inert": Status.OK, "exits-too": Status.CRASHED, "inert-too": Status.OK,
    }  # fmt: skip
    told = [(tmp_path / f"{name}.log").read_text() for name in ("inert", "inert-too")]
    assert all(text.startswith("process ") for text in told)
    assert len({*told, f"process {os.getpid()}\n"}) == 3


# Problems' own code

WATCHED = """
import os
import time
from pathlib import Path
from gradiometer import problem

def note(what):
    with Path(__file__).with_suffix(".txt").open("a") as file:
        file.write(f"{what} {os.getpid()}\\n")

def drawn(size, rng):
    note("drawn")
    return {"x": 2.0}

def hanging(size, rng):
    time.sleep(600)

@problem(at=drawn)
def watched(xp, x):
    note("evaluated")
    return x * x

@watched.backprop
def _(x):
    note("differentiated")
    return (2.0 * x,)

@problem(at=drawn, outputs=("a", "b"))
def watched_pair(xp, x):
    note("evaluated")
    return x * x, x

@problem(at=lambda size, rng: os.abort())
def crashes_when_drawn(xp, x):
    return x

@problem(at=hanging)
def hangs_when_drawn(xp, x):
    return x

@problem(at=drawn, outputs=("a",))
def crashes_when_evaluated(xp, x):
    os._exit(3)
"""
ENDED = {
    "crashes-when-drawn": (Status.CRASHED, "killed by SIGABRT"),
    "hangs-when-drawn": (Status.TIMEOUT, "points took longer than 3 s"),
    "crashes-when-evaluated": (Status.CRASHED, "exit code 3"),
}


def test_the_coordinator_runs_no_code_of_problems(tmp_path: Path) -> None:
    (tmp_path / "acme_watched.py").write_text(WATCHED, encoding="utf-8")
    registry = loader.load([PLUGINS, tmp_path / "acme_watched.py"])
    methods = ["right", "central-difference"]
    right = planned(registry, ["watched", "watched-pair", "sound"], methods, ("value", "vjp"))
    plan = Plan.of([*planned(registry, ENDED, methods, "value").cells, *right.cells], registry)
    with Harness(plan, replace(OPTIONS, rounds=0), tmp_path / "logs") as harness:
        ended = list(harness.outcomes())
    assert {each.cell for each in ended} == set(plan.cells)
    for case, outcome in [(each.cell.case, each.outcome) for each in ended]:
        status, reason = ENDED.get(case.problem, (Status.OK, ""))
        if case.problem in ENDED:
            assert outcome.reason.startswith(f"point of {case.problem}: "), outcome
            assert (outcome.status, reason in outcome.reason) == (status, True), outcome
    right = {each.cell.case.problem for each in ended if each.outcome.status is Status.OK}
    assert right == {"watched", "watched-pair", "sound"}
    seen = [line.split() for line in (tmp_path / "acme_watched.txt").read_text().splitlines()]
    assert {what for what, _ in seen} == {"drawn", "evaluated", "differentiated"}
    assert str(os.getpid()) not in {process for _, process in seen}
