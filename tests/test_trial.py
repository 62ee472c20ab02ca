"""A cell on its way: prepared, checked at every point, timed, and prepared anew where need be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import built_in
import numpy as np
import pytest
from by_hand import SCALAR, VECTOR, ByHand

from gradiometer import Method, Problem, problem
from gradiometer.judging.agreement import ZERO
from gradiometer.judging.compared import Compared
from gradiometer.measure import trial as measure
from gradiometer.measure.conditions import Conditions
from gradiometer.measure.options import FEWEST_ROUNDS, Options
from gradiometer.measure.trial import (
    MEMOISES,
    MORE_PASSES,
    MORE_THAN_GIVEN,
    MOST_PASSES,
    PASSES,
    SLOW_SHARE,
    Trial,
)
from gradiometer.plugins.address import by_value
from gradiometer.plugins.registry import MethodEntry
from gradiometer.reference.certify import certify
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.method import Target
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.worker import requests
from gradiometer.worker.process import failure
from gradiometer.worker.requests import Sample
from gradiometer.worker.tool import Tool


class Worker:
    """A worker within this process, which can be ended; it keeps what it was asked."""

    def __init__(self) -> None:
        self.opened: dict[tuple[str, Target], float] = {}
        self.asked: list[str] = []
        self.targets: list[Target] = []
        self.alive = True
        self.tool = Tool()

    def ask(self, request: Any, timeout_s: float, *args: Any, **kwargs: Any) -> Any:
        assert self.alive
        self.asked.append(request.__name__)
        if request.__name__ == "set_up":
            self.targets.append(args[1])
        try:
            return request(self.tool, *args, **kwargs)
        except Exception as error:
            raise failure(error) from error

    def stop(self) -> None:
        self.alive = False


class Pool:
    """Has a living worker for every tool; keeps those that were started besides."""

    def __init__(self) -> None:
        self.workers: dict[str, Worker] = {}
        self.fresh: list[Worker] = []

    def worker(self, tool: str, environment: str = "") -> Worker:
        if tool not in self.workers or not self.workers[tool].alive:
            self.workers[tool] = Worker()
        return self.workers[tool]

    def start(self, tool: str, environment: str = "") -> Worker:
        self.fresh.append(Worker())
        return self.fresh[-1]


@problem(at={"x": 3.0})
def flat(xp: Any, x: Any) -> Any:
    """f = (x − 3)², whose derivative at 3 is zero."""
    return (x - 3.0) * (x - 3.0)


@flat.backprop
def _(x: Any) -> Any:
    return (2.0 * (x - 3.0),)


def conditions(
    of: Problem, operator: str = "gradient", count: int = 1, dtype: str = "float64", **options: Any
) -> Conditions:
    """Return the conditions of a case with a number of checked points."""
    points = built_in.points(of, of.labels[0], count=count)
    truths = tuple(certify(of, at, operator) for at in points.checked)
    case = Case(of.name, of.labels[0], operator, dtype)
    return Conditions(case, by_value(of), points, truths, Options(sample_s=1e-4, **options))


def trial(method: Method, at: Conditions, pool: Pool | None = None) -> Trial:
    """Return a trial of a method."""
    return Trial(MethodEntry.of(method, by_value(method)), at, pool or Pool())


# Checking


@pytest.mark.parametrize(
    ("of", "operator", "promise"),
    [(SCALAR, "gradient", 12.0), (SCALAR, "hessian", 11.0), (VECTOR, "jvp", 12.0),
     (VECTOR, "value", 12.0)],
)  # fmt: skip
def test_what_is_right_is_ok_with_its_figures(of: Problem, operator: str, promise: float) -> None:
    at = conditions(of, operator)
    found = trial(ByHand(), at)
    found.check()
    outcome, verdict, cold = found.outcome, found.outcome.verdict, found.outcome.cold
    assert found.cell == Cell(at.case, "by-hand")
    assert (outcome.status, outcome.reason, outcome.route) == (Status.OK, "", "native")
    assert (verdict.n, verdict.promise) == (2, promise)
    assert min(verdict.digits, verdict.worst_digits) > promise
    truth = at.truths[0]
    figures = (verdict.condition, verdict.owed, verdict.undecided, verdict.bound)
    assert figures == (truth.condition, truth.owed, truth.undecided, truth.kind)
    assert (cold.import_s, cold.cold, cold.first_s > 0.0) == (None, 0, True)


class Frozen(ByHand):
    """Repeats the answer of one of its calls, counted from the one in preparation."""

    def __init__(self, call: int) -> None:
        self.call = call

    def gradient(self, f: Any) -> Any:
        calls: list[Any] = []

        def gradient(*inputs: Any, **given: Any) -> Any:
            calls.append(f.problem.backward(*inputs, **given))
            return calls[min(len(calls) - 1, self.call)]

        return gradient


class Wrong(ByHand):
    """Wrong at some of its calls, counted from the one in preparation."""

    def __init__(self, calls: Collection[int]) -> None:
        self.wrong = calls
        self.made = 0

    def gradient(self, f: Any) -> Any:
        def gradient(*inputs: Any, **given: Any) -> Any:
            factor = 1.001 if self.made in self.wrong else 1.0
            self.made += 1
            return [factor * part for part in f.problem.backward(*inputs, **given)]

        return gradient


def at_work(found: Trial) -> Any:
    """Return the method as its worker has it."""
    worker: Any = found._worker
    return worker.tool.cells[found.cell.id].method


@pytest.fixture
def slow_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take each pass over the checked points for one that takes long."""
    monkeypatch.setattr(measure, "PASSES_S", -1.0)


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        (Frozen(0), "^-?[0-9]"),
        (Frozen(1), "^at point 2 of 3: [0-9]"),
        (Frozen(2), "^at point 3 of 3: "),
        (Wrong({1}), "^[0-9]"),
        (Wrong({3}), "^at point 3 of 3: [0-9]"),
        (Frozen(3), "^right at first, not in answer 2 at the same point: [0-9]"),
        (Wrong({5}), "^right at first, not in answer 2 at the same point: at point 2 of 3: "),
        (Wrong({0}), ""),  # in preparation, where nothing is compared
        (Wrong({7}), ""),  # after the passes
    ],
    ids=lambda value: f"{type(value).__name__}" if isinstance(value, Method) else "",
)
@pytest.mark.usefixtures("slow_passes")
def test_every_point_counts_in_every_pass(method: Method, reason: str) -> None:
    found = trial(method, conditions(SCALAR, count=3))
    if not reason:
        found.check()
        assert found.outcome.verdict.digits > 12
        return
    with pytest.raises(Failure, match=reason) as caught:
        found.check()
    assert "digits, 12 promised" in caught.value.reason
    assert caught.value.status is Status.DISAGREES
    assert found.outcome.verdict.digits < 12


@pytest.mark.parametrize(
    ("passes_s", "rounds", "passes"),
    [
        (-1.0, FEWEST_ROUNDS, PASSES),
        (-1.0, 0, MORE_PASSES),
        (60.0, FEWEST_ROUNDS, MOST_PASSES),
        (60.0, 0, MOST_PASSES),
    ],
)
def test_quick_or_untimed_cells_are_checked_more(
    passes_s: float, rounds: int, passes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "PASSES_S", passes_s)
    found = trial(Wrong(()), conditions(SCALAR, count=2, rounds=rounds))
    found.check()
    assert at_work(found).made == 1 + 2 * passes


@pytest.mark.parametrize(
    ("call", "where"),
    [(0, "at the point of preparation"), (1, "at another point that is checked")],
)
def test_an_answer_of_an_earlier_call_is_told_so(call: int, where: str) -> None:
    found = trial(Frozen(call), conditions(SCALAR, count=2))
    with pytest.raises(Failure, match=f": stale in all of x, right {where}; "):
        found.check()


def test_what_cannot_be_certified_elsewhere_is_passed_over() -> None:
    given, other = conditions(SCALAR), conditions(VECTOR).points.preparation
    points = replace(given.points, preparation=other)
    found = trial(Frozen(0), replace(given, points=points))
    wrong = Compared(7.3 + given.truths[0].high, given.truths[0], 12.0, True)
    assert found._judge._explain(points.checked[0])(wrong) == ""


def test_the_answer_where_calls_are_timed_is_kept() -> None:
    found = trial(Frozen(1), conditions(SCALAR, count=2))
    with pytest.raises(Failure, match="stale"):
        found.check()
    assert found.kept.names == ["∂/∂x[0]", "∂/∂x[1]"]
    assert found.kept.wrong == [False, False]
    assert found.kept.certified == found.conditions.truths[0].high.tolist()


def test_what_is_said_of_one_point_is_kept() -> None:
    found = trial(ByHand(), conditions(flat, count=3))
    found.check()
    assert found.outcome.reason == ZERO
    assert found.outcome.verdict.digits > 12  # of the other points


class Silent(ByHand):
    """Returns None where the derivative vanishes."""

    def gradient(self, f: Any) -> Any:
        return lambda x: [None if x == 3.0 else 2.0 * (x - 3.0)]


def test_notes_of_answer_and_verdict_are_joined() -> None:
    found = trial(Silent(), conditions(flat))
    found.check()
    assert found.outcome.reason == f"1 None returned, counted as zeros; {ZERO}"


@pytest.mark.parametrize(
    ("operator", "digits"),
    [("value", {}), ("gradient", {}), ("hessian", {"float32": (5.0, None)})],
)
def test_a_dtype_without_a_promise_is_unsupported(operator: str, digits: Any) -> None:
    pool, method = Pool(), ByHand()
    method.digits = digits  # type: ignore[misc]
    found = trial(method, conditions(SCALAR, operator, dtype="float32"), pool)
    told = f"^by-hand promises nothing of a {operator} in float32"
    with pytest.raises(Failure, match=told) as caught:
        found.check()
    assert caught.value.status is Status.UNSUPPORTED
    assert pool.workers == {}


class Rough(ByHand):
    """Right to a part in a thousand, and promises no more."""

    digits = {"float64": (2.5, 2.5)}  # noqa: RUF012
    exact = False

    def value(self, f: Any) -> Any:
        return lambda *inputs, **given: 1.001 * f(inputs, given)

    def gradient(self, f: Any) -> Any:
        return lambda *inputs: [1.001 * part for part in f.problem.backward(*inputs)]


def test_a_promise_is_of_derivatives_and_not_of_values() -> None:
    trial(Rough(), conditions(SCALAR)).check()
    with pytest.raises(Failure, match="12 promised"):
        trial(Rough(), conditions(SCALAR, "value")).check()


# Workers


def test_each_method_is_set_up_once_in_a_worker() -> None:
    pool, at = Pool(), conditions(SCALAR, threads=2)
    second = type("Second", (ByHand,), {"name": "second"})()
    for method in (ByHand(), ByHand(), second):
        trial(method, at, pool).check()
    (worker,) = pool.workers.values()
    assert worker.asked.count("set_up") == 2
    assert worker.targets == [Target(threads=2)] * 2
    assert list(worker.opened) == [(name, Target(threads=2)) for name in ("by-hand", "second")]


class Requiring(ByHand):
    """Needs a library."""

    name, requires = "requiring", ("colorsys",)


def test_the_import_is_told_of_who_needs_a_library() -> None:
    pool, at = Pool(), conditions(SCALAR)
    found = trial(Requiring(), at, pool)
    found.check()
    assert found.outcome.cold.import_s == pool.workers["by-hand"].opened["requiring", Target()]


@pytest.mark.usefixtures("slow_passes")
def test_a_cell_whose_worker_died_is_prepared_anew() -> None:
    pool = Pool()
    found = trial(ByHand(), conditions(SCALAR), pool)
    found.check()
    found.calibrate()
    found.sample(0)
    first = pool.workers["by-hand"]
    first.stop()
    found.check_again()  # there is nothing left to ask
    found.meet_fresh_points(1.0)
    found.sample(1)
    assert list(found.samples) == [0, 1]
    assert pool.workers["by-hand"].asked == ["set_up", "prepare", "calibrate", "sample"]
    assert first.asked == [
        "set_up", "prepare", "answers", "answers", "inspect", "calibrate", "sample"
    ]  # fmt: skip


# The checks of timed calls


def timed(method: Method, samples: int = 0, of: Problem = SCALAR) -> Trial:
    """Return a trial that was checked, calibrated, and sampled a number of times."""
    found = trial(method, conditions(of, count=2))
    found.check()
    found.calibrate()
    for number in range(samples):
        found.sample(number)
    return found


def test_the_last_timed_answer_is_looked_at() -> None:
    pool = Pool()
    found = trial(ByHand(), conditions(SCALAR, count=2), pool)
    found.check()
    for number in range(17):
        found.sample(number)
    asked = [name for name in pool.workers["by-hand"].asked if name.startswith("sample")]
    looked_at = [k for k, name in enumerate(asked) if name == "sampled"]
    assert looked_at == [4, 9, 18]  # after samples 4, 8 and 16


def test_what_is_wrong_among_the_samples_is_found() -> None:
    found = timed(Wrong(()), 3)
    at_work(found).wrong = range(at_work(found).made, 10**9)
    with pytest.raises(Failure, match=r"^right at first, not after [0-9]+ calls: at point 2 of 2"):
        found.sample(3)


def test_what_is_wrong_after_the_samples_is_found() -> None:
    found = timed(Wrong(()), 1)
    found.check_again()
    at_work(found).wrong = [at_work(found).made]
    calls = found.loops * len(found.samples)
    with pytest.raises(Failure, match=f"^right at first, not after {calls} calls: [0-9]") as caught:
        found.check_again()
    assert caught.value.status is Status.DISAGREES


class Creeping(ByHand):
    """Changes what it is given once it is timed, beneath what any answer shows."""

    timed = False

    def gradient(self, f: Any) -> Any:
        def gradient(x: Any) -> Any:
            answer = f.problem.backward(x)
            x[...] = np.nextafter(x, 0.0) if self.timed else x
            return answer

        return gradient


@pytest.mark.parametrize("sampled", [False, True])
def test_a_changed_input_is_found(sampled: bool) -> None:
    found = timed(Creeping())
    at_work(found).timed = True
    if sampled:
        found.sample(0)
    with pytest.raises(Failure, match=r"^a call changes .*, which it is given$") as caught:
        found.check_again()
    assert caught.value.status is Status.DISAGREES


@pytest.mark.parametrize(("times", "memoises"), [(0.9, False), (MEMOISES, False), (2.06, True)])
def test_who_is_slow_at_new_points_memoises(
    times: float, memoises: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, asked = timed(ByHand(), 1), []

    def ask(self: Worker, request: Any, timeout_s: float, *args: Any) -> float:
        asked.append((request, *args))
        return times

    monkeypatch.setattr(Worker, "ask", ask)
    if memoises:
        with pytest.raises(Failure, match=r"^2\.06 times slower at a point that is new") as caught:
            found.meet_fresh_points(3e-6)
        assert caught.value.status is Status.MEMOISES
    else:
        found.meet_fresh_points(3e-6)
    assert asked == [(requests.novelty, found.cell.id, found.conditions.points.fresh, 3e-6)]


# Timing


def test_a_sample_is_kept_by_its_round() -> None:
    found = trial(ByHand(), conditions(SCALAR))
    found.check()
    for number in (0, 4):
        found.sample(number)
    assert found.loops >= 1
    assert list(found.samples) == [0, 4]
    assert min(found.samples.values()) > 0.0
    assert found.spent_s == pytest.approx(sum(found.samples.values()) * found.loops)


@pytest.mark.parametrize(
    ("n", "call_s", "slow"),
    [
        (FEWEST_ROUNDS, 1.0, True),
        (FEWEST_ROUNDS - 1, 1.0, False),
        (FEWEST_ROUNDS, 1e-4, False),
        (FEWEST_ROUNDS, 0.99 * SLOW_SHARE * 3.0 / FEWEST_ROUNDS, False),
        (FEWEST_ROUNDS, 1.01 * SLOW_SHARE * 3.0 / FEWEST_ROUNDS, True),
    ],
)
def test_a_method_is_slow_by_its_share_of_the_budget(n: int, call_s: float, slow: bool) -> None:
    found = trial(ByHand(), conditions(SCALAR, budget_s=3.0))
    found.loops, found.samples = 1, dict.fromkeys(range(n), call_s)
    assert found.slow is slow


@pytest.mark.parametrize(
    ("threads", "used", "told"),
    [(1, 1.0, ""), (1, MORE_THAN_GIVEN - 0.01, ""), (1, 2.0, "used 2.0 threads, 1 given"),
     (2, 2.0, ""), (2, 6.0, "used 6.0 threads, 2 given")],
)  # fmt: skip
@pytest.mark.parametrize("note", ["", "a note"])
def test_a_tool_that_uses_more_threads_is_told(
    threads: int, used: float, told: str, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = trial(ByHand(), conditions(SCALAR, threads=threads))
    found.check()
    found.calibrate()
    monkeypatch.setattr(measure, "LOOKED_AT", frozenset())
    monkeypatch.setattr(Worker, "ask", lambda *_, **__: Sample(2.0, 2.0 * used))
    for number in range(FEWEST_ROUNDS):
        found.sample(number)
    found.outcome.reason, call_bytes = note, found.outcome.warm.call_bytes
    found.conclude(found, "budget", 1e-8)
    warm = found.outcome.warm
    assert (warm.time_s, warm.ratio, warm.rounds, warm.calm) == (2.0, 1.0, FEWEST_ROUNDS, 0)
    assert warm.threads_used == pytest.approx(used)
    assert (warm.floor_s, warm.call_bytes) == (1e-8, call_bytes)
    assert (warm.stopped, warm.loops) == ("slow" if found.slow else "budget", found.loops)
    assert found.outcome.reason == "; ".join(filter(None, (note, told)))


# Cold figures


@pytest.mark.parametrize("method", [ByHand(), Requiring()], ids=lambda m: m.name)
@pytest.mark.parametrize("cold", [1, 3])
def test_cold_figures_are_repeated_in_fresh_workers(method: Method, cold: int) -> None:
    pool = Pool()
    found = trial(method, conditions(SCALAR, cold=cold), pool)
    found.check()
    before = replace(found.outcome.cold)
    found.repeat_cold()
    after = found.outcome.cold
    assert [worker.asked for worker in pool.fresh] == [["set_up", "prepare"]] * cold
    assert not any(worker.alive for worker in pool.fresh)
    assert (after.cold, after.prepare_bytes) == (cold, before.prepare_bytes)
    assert (after.import_s is None) is (before.import_s is None) is (not method.requires)
    assert min(after.prepare_s, after.first_s) > 0.0


def test_a_fresh_worker_that_fails_is_ended_too() -> None:
    pool = Pool()
    found = trial(Requiring(), conditions(SCALAR, cold=2), pool)
    found.check()
    missing = type("Missing", (Requiring,), {"requires": ("no_such_library",)})()
    found.method = MethodEntry.of(missing, by_value(missing))
    with pytest.raises(Failure, match="no_such_library"):
        found.repeat_cold()
    assert [worker.alive for worker in pool.fresh] == [False]


# Conditions


def test_conditions_know_their_operator_and_target() -> None:
    at = conditions(VECTOR, "jvp", threads=2)
    assert (at.operator.name, at.target) == ("jvp", Target(2, "cpu", "float64"))
