"""A tool's cells: prepared unless they cost too much, what a method is given, how it answers."""

from __future__ import annotations

import math
import time
from typing import Any

import built_in
import by_hand
import pytest
from by_hand import SCALAR, VECTOR, ByHand, lacking, right

from gradiometer import Problem
from gradiometer.errors import ChangedInput, Declined, Unsupported, WorkBeside
from gradiometer.plugins.address import by_value
from gradiometer.vocabulary.derivation import NATIVE, Route
from gradiometer.vocabulary.method import Prepared, Primal
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.outcome import Cold
from gradiometer.worker import tool
from gradiometer.worker.requests import Work
from gradiometer.worker.tool import PreparedCell, Tool, prepared


def test_the_answer_is_for_the_directions_it_is_given() -> None:
    points = by_hand.points(VECTOR)
    cell, _ = by_hand.prepare("jvp", VECTOR)
    assert right(cell.answer(points.declared), VECTOR, "jvp")
    assert not right(cell.answer(points.preparation), VECTOR, "jvp")


@pytest.mark.parametrize(("operator", "arguments"), [("jacobian", 2), ("jvp", 4), ("vjp", 4)])
def test_a_native_call_gets_the_method_s_arguments(operator: str, arguments: int) -> None:
    cell, _ = by_hand.prepare(operator, VECTOR)
    call, args, given = cell.called(by_hand.check(VECTOR))
    assert (len(args), given) == (arguments, {})
    assert call is cell.route.call is VECTOR.derivatives[operator]


def test_a_derived_call_gets_tuples() -> None:
    cell, _ = by_hand.prepare("jvp", SCALAR)
    _, (inputs, given, tangents), rest = cell.called(by_hand.check(SCALAR))
    assert ([a.shape for a in inputs], given, rest) == ([(2,)], {}, {})
    assert [a.shape for a in tangents] == [(2,)]


def test_none_is_told_with_the_answer() -> None:
    class Silent(ByHand):
        def gradient(self, f: Any) -> Any:
            return lambda *inputs, **given: [None]

    cell, _ = by_hand.prepare("gradient", SCALAR, Silent())
    assert cell.answer(by_hand.check(SCALAR)).note.startswith("1 None returned")


class Clock:
    """A clock that only the method below moves."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now


class Unfinished(ByHand):
    """Returns at once; its results are waited for, a second, then converted, ten."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def passes(self, seconds: float, result: Any) -> Any:
        self._clock.now += seconds
        return result

    @property
    def wait(self) -> Any:
        return lambda result: self.passes(1.0, ("finished", result))

    def result(self, native: tuple[str, Any]) -> Any:
        assert native[0] == "finished"
        return self.passes(10.0, native[1])


def test_waiting_is_timed_and_converting_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, signature = Clock(), by_hand.points(SCALAR).signature
    monkeypatch.setattr(tool, "time", clock)
    route = Route(SCALAR.derivatives["gradient"], NATIVE)
    cell = PreparedCell(Unfinished(clock), OPERATORS["gradient"], route, signature)
    finished, seconds = cell.run(by_hand.check(SCALAR))
    assert seconds == 1.0
    assert right(cell.read(finished), SCALAR, "gradient")
    assert right(cell.answer(by_hand.check(SCALAR)), SCALAR, "gradient")


def test_a_loop_goes_through_its_points_in_order() -> None:
    points = by_hand.points(VECTOR)
    cell, _ = by_hand.prepare("jvp", VECTOR)
    for at in ([points.preparation, points.declared], [points.declared, points.preparation]):
        loop = cell.loop(at)
        loop.run(1)
        assert loop.calls == 2
        assert right(cell.read(loop.last[0]), VECTOR, "jvp") is (at[-1] is points.declared)


def in_place(name: str) -> Any:
    """Return a gradient that changes what it is given, by name, and answers rightly."""

    def gradient(self: ByHand, f: Any) -> Any:
        def call(x: Any, *, a: Any) -> Any:
            answer = f.problem.backward(x, a=a)
            {"x": x, "a": a}[name][...] *= 1.0 + 1e-15
            return answer

        return call

    return gradient


TWO = Problem("two", lambda xp, x, *, a: xp.sum(a * x), {"x": [1.0, 2.0]}, {"a": [3.0, 4.0]})
TWO.backprop(lambda x, *, a: (1.0 * a,))


@pytest.mark.parametrize("name", ["x", "a"])
def test_an_input_that_is_changed_is_told_by_name(name: str) -> None:
    method = type("InPlace", (ByHand,), {"gradient": in_place(name)})()
    points = built_in.points(TWO)
    work = Work(by_value(method), by_value(TWO), "gradient", points.signature)
    cell, _ = prepared(work, points.preparation, 1.0)
    with pytest.raises(ChangedInput, match=f"^a call changes {name}, which it is given$"):
        cell.answer(points.declared)


def test_a_direction_that_is_changed_is_told() -> None:
    class InPlace(ByHand):
        def jvp(self, f: Any) -> Any:
            def call(*inputs: Any) -> Any:
                answer = f.problem.derivatives["jvp"](*inputs)
                inputs[-1][...] = 0.0
                return answer

            return call

    cell, _ = by_hand.prepare("jvp", VECTOR, InPlace())
    with pytest.raises(ChangedInput, match=r"^a call changes a direction, which"):
        cell.answer(by_hand.check(VECTOR))


def test_a_fresh_tool_holds_nothing_and_shares_nothing() -> None:
    one, other = Tool(), Tool()
    assert (one.cells, one.loops, one.states) == ({}, {}, {})
    for name in ("cells", "loops", "states"):
        assert getattr(one, name) is not getattr(other, name)


# Preparing


@pytest.mark.parametrize(
    ("operator", "problem", "lacks", "route"),
    [
        ("value", VECTOR, (), "native"),
        ("jacobian", VECTOR, (), "native"),
        ("jvp", VECTOR, (), "native"),
        ("vjp", VECTOR, (), "native"),
        ("hessian", SCALAR, (), "native"),
        ("hvp", SCALAR, (), "native"),
        ("jacobian", VECTOR, ("jacobian",), "2 vjps"),
        ("jacobian", VECTOR, ("jacobian", "vjp"), "2 jvps"),
        ("jvp", VECTOR, ("jvp",), "2 vjps"),
        ("vjp", VECTOR, ("vjp",), "2 jvps"),
        ("jvp", SCALAR, (), "gradient"),
        ("hessian", SCALAR, ("hessian",), "2 hvps"),
    ],
)
def test_a_cell_answers_at_another_point(
    operator: str, problem: Problem, lacks: tuple[str, ...], route: str
) -> None:
    cell, found = by_hand.prepare(operator, problem, lacking(*lacks))
    assert cell.route.text == route
    assert found.prepare_s >= 0.0
    assert found.first_s > 0.0
    assert found.prepare_bytes is None or found.prepare_bytes >= 0
    assert right(cell.answer(by_hand.check(problem)), problem, operator)


class Noting(ByHand):
    """Notes what it is called with."""

    def __init__(self) -> None:
        self.calls: list[Any] = []

    def gradient(self, f: Any) -> Any:
        def call(x: Any) -> Any:
            self.calls.append(x.tolist())
            return f.problem.backward(x)

        return call


def test_it_is_called_once_where_it_is_prepared() -> None:
    cell, _ = by_hand.prepare("gradient", SCALAR, Noting())
    (x,) = by_hand.points(SCALAR).preparation.point.inputs.values()
    assert vars(cell.method)["calls"] == [x.tolist()]


def test_what_no_way_leads_to_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="no jvp"):
        by_hand.prepare("jvp", VECTOR, lacking("jvp", "vjp"))


class Disturbed(ByHand):
    """Spends a millisecond beside the first calls, or beside all of them."""

    def __init__(self, calls: float) -> None:
        self.calls = calls

    def result(self, native: Any) -> Any:
        self.calls -= 1
        if self.calls >= 0:
            time.sleep(0.001)
        return native


def test_a_disturbance_is_no_work_beside_the_call() -> None:
    for calls in (2, math.inf):
        cell, _ = by_hand.prepare("vjp", VECTOR, Disturbed(calls))
        cell.answer(by_hand.check(VECTOR))
        if calls == math.inf:
            with pytest.raises(WorkBeside, match="not timed, take"):
                cell.inspect()
        else:
            cell.inspect()


class Timed(ByHand):
    """Moves a clock: where it is prepared, in its calls, and beside those, for each half as long.

    Args:
        clock: The clock.
        call_s: What a call takes.
        beside_s: What each takes beside it, of the first answers, and of those after them.
        slow: How many are the first.
    """

    def __init__(
        self, clock: Clock, call_s: float, beside_s: tuple[float, float] = (0.0, 0.0), slow: int = 0
    ) -> None:
        self.clock, self.call_s, self.slow = clock, call_s, slow
        self.beside_s, self.answers = beside_s, 0

    def gradient(self, f: Any) -> Any:
        self.clock.now += 3.0

        def call(*inputs: Any, **given: Any) -> Any:
            self.clock.now += self.call_s
            return f.problem.backward(*inputs, **given)

        return call

    def arguments(self, inputs: Any, given: Any, *directions: Any) -> Any:
        self.clock.now += 0.5 * self.beside_s[self.answers >= self.slow]
        return super().arguments(inputs, given, *directions)

    def result(self, native: Any) -> Any:
        self.clock.now += 0.5 * self.beside_s[self.answers >= self.slow]
        self.answers += 1
        return native


class Held:
    """An address of an object in this process."""

    def __init__(self, held: Any) -> None:
        self.load = lambda: held


def timed(method: Timed, monkeypatch: pytest.MonkeyPatch) -> tuple[PreparedCell, Cold]:
    """Prepare the gradient of a method, by its clock."""
    points, clock = by_hand.points(SCALAR), method.clock
    monkeypatch.setattr(tool, "time", clock)
    work: Any = Work(Held(method), Held(SCALAR), "gradient", points.signature)
    return prepared(work, points.preparation, 1.0, clock=clock.perf_counter)


def test_preparation_and_first_call_are_timed_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    cell, found = timed(Timed(Clock(), 5.0, (7.0, 7.0)), monkeypatch)
    assert (found.import_s, found.prepare_s, found.first_s, found.cold) == (None, 3.0, 5.0, 0)
    assert (cell.call_s, cell.beside_s, cell.note, cell.translated) == (math.inf, math.inf, "", "")
    cell.inspect()  # it has not answered yet


@pytest.mark.parametrize(
    ("call_s", "beside_s", "told"),
    [
        (1e-6, 19e-6, ""),
        (1e-6, 20.5e-6, "which are not timed, take 20.5 µs, the call 1 µs: compute in the call"),
        (40e-6, 39e-6, ""),
        (40e-6, 45e-6, "which are not timed, take 45 µs, the call 40 µs: compute in the call"),
        (1e-4, 2e-4, "which are not timed, take 200 µs, the call 100 µs: compute in the call"),
    ],
)
def test_what_takes_longer_beside_the_call_is_told_with_figures(
    call_s: float, beside_s: float, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell, _ = timed(Timed(Clock(), call_s, (beside_s, beside_s)), monkeypatch)
    cell.answer(by_hand.check(SCALAR))
    if told:
        with pytest.raises(WorkBeside, match=told):
            cell.inspect()
    else:
        cell.inspect()
    assert vars(cell.method)["answers"] == (31 if told else 1)


@pytest.mark.parametrize(("slow", "fault"), [(30, False), (31, True)])
def test_the_quickest_of_thirty_one_answers_counts(
    slow: int, fault: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell, _ = timed(Timed(Clock(), 1e-6, (1.0, 1e-6), slow), monkeypatch)
    cell.answer(by_hand.check(SCALAR))
    if fault:
        with pytest.raises(WorkBeside, match="not timed"):
            cell.inspect()
    else:
        cell.inspect()
    assert vars(cell.method)["answers"] == 31


# What is declined


class Costly(ByHand):
    """Needs many primal evaluations, of which the number tells what it was asked."""

    def evaluations(self, operator: str, n: int, m: int) -> int | None:
        return 10**12 + 1000 * len(operator) + 100 * n + m


class Declining(ByHand):
    """Declines everything, and tells what it was asked."""

    def declines(self, operator: str, n: int, m: int) -> str | None:
        return f"{operator} of {n} inputs and {m} outputs"


@pytest.mark.parametrize("operator", [name for name in OPERATORS if name != "value"])
def test_a_method_is_told_the_operator_and_its_numbers(operator: str) -> None:
    problem = SCALAR if OPERATORS[operator].of_scalars else VECTOR
    signature = by_hand.points(problem).signature
    n, m = signature.n, signature.m
    with pytest.raises(Declined, match=f"^{operator} of {n} inputs and {m} outputs$"):
        by_hand.prepare(operator, problem, Declining())
    expected = f"^{10**12 + 1000 * len(operator) + 100 * n + m:,} primal evaluations a call"
    with pytest.raises(Declined, match=expected):
        by_hand.prepare(operator, problem, Costly())


def test_a_value_costs_one_primal_and_is_not_forecast() -> None:
    assert by_hand.prepare("value", SCALAR, Costly())[0].route.text == "native"


@pytest.mark.parametrize(("most_s", "fits"), [(1e6, True), (1e-9, False)])
def test_a_forecast_is_the_primal_times_evaluations(most_s: float, fits: bool) -> None:
    class Linear(ByHand):
        def evaluations(self, operator: str, n: int, m: int) -> int | None:
            return n * m if operator == "jacobian" else None

    if fits:
        assert by_hand.prepare("jacobian", VECTOR, Linear(), most_s)[0].route.text == "native"
    else:
        with pytest.raises(Declined, match=r"4 primal evaluations a call, .* ms each: forecast"):
            by_hand.prepare("jacobian", VECTOR, Linear(), most_s)
    assert by_hand.prepare("jvp", VECTOR, Linear(), 1e-9)[0].route.text == "native"


class Compiles(ByHand):
    """The first call of its primal compiles; a pullback takes ten others."""

    def value(self, f: Primal) -> Prepared:
        compiled: list[bool] = []

        def value(*inputs: Any, **given: Any) -> Any:
            if not compiled:
                time.sleep(0.1)
                compiled.append(True)
            return f(inputs, given)

        return value

    def evaluations(self, operator: str, n: int, m: int) -> int | None:
        return 10


def test_a_first_call_that_compiles_counts_in_no_forecast() -> None:
    assert by_hand.prepare("vjp", VECTOR, Compiles(), 0.5)[0].route.text == "native"


@pytest.mark.parametrize(
    ("primal_s", "budget_s", "told"),
    [
        (0.2, 1.0, "200 ms each: forecast 2 s a call; of the case's budget one may take 1 s."),
        (0.02, 0.1, "20 ms each: forecast 200 ms a call; of the case's budget one may take "
         "100 ms."),
        (123.0, 1229.0, "123 s each: forecast 1.23e+03 s a call; of the case's budget one may take "
         "1.23e+03 s."),
    ],
)  # fmt: skip
def test_a_primal_that_was_measured_is_not_called_for_a_forecast(
    primal_s: float, budget_s: float, told: str
) -> None:
    with pytest.raises(Declined) as caught:
        by_hand.prepare("vjp", VECTOR, Compiles(), budget_s, primal_s)
    assert str(caught.value) == f"10 primal evaluations a call, {told}"


def test_a_forecast_of_just_what_a_call_may_take_is_no_refusal() -> None:
    assert by_hand.prepare("vjp", VECTOR, Compiles(), 2.0, 0.2)[0].route.text == "native"


def test_a_method_may_decline_an_operator_alone() -> None:
    class Choosy(ByHand):
        def declines(self, operator: str, n: int, m: int) -> str | None:
            return f"{operator}: {n} by {m}" if operator == "jacobian" else None

    with pytest.raises(Declined, match="jacobian: 2 by 2"):
        by_hand.prepare("jacobian", VECTOR, Choosy())
    assert by_hand.prepare("vjp", VECTOR, Choosy())[0].route.text == "native"
