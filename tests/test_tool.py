"""A tool's prepared cells: what a method is given, and how it answers."""

from __future__ import annotations

from typing import Any

import by_hand
import pytest
from by_hand import SCALAR, VECTOR, ByHand, right

from gradiometer.vocabulary.derivation import NATIVE, Route
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.worker import tool
from gradiometer.worker.tool import PreparedCell, Tool


def test_the_answer_is_for_the_directions_it_is_given() -> None:
    points = by_hand.points(VECTOR)
    cell, _ = by_hand.prepare("jvp", VECTOR)
    assert right(cell.answer(points.checked[0])[0], VECTOR, "jvp")
    assert not right(cell.answer(points.preparation)[0], VECTOR, "jvp")


@pytest.mark.parametrize(("operator", "arguments"), [("jacobian", 2), ("jvp", 4), ("vjp", 4)])
def test_a_native_call_gets_the_method_s_arguments(operator: str, arguments: int) -> None:
    cell, _ = by_hand.prepare(operator, VECTOR)
    args, given = cell.arguments(by_hand.check(VECTOR))
    assert (len(args), given) == (arguments, {})
    assert cell.route.call is VECTOR.derivatives[operator]


def test_a_derived_call_gets_tuples() -> None:
    cell, _ = by_hand.prepare("jvp", SCALAR)
    (inputs, given, tangents), rest = cell.arguments(by_hand.check(SCALAR))
    assert ([a.shape for a in inputs], given, rest) == ([(2,)], {}, {})
    assert [a.shape for a in tangents] == [(2,)]


def test_none_is_told_with_the_answer() -> None:
    class Silent(ByHand):
        def gradient(self, f: Any) -> Any:
            return lambda *inputs, **given: [None]

    cell, _ = by_hand.prepare("gradient", SCALAR, Silent())
    assert cell.answer(by_hand.check(SCALAR))[0].note.startswith("1 None returned")


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
    found, seconds = cell.answer(by_hand.check(SCALAR))
    assert right(found, SCALAR, "gradient")
    assert seconds == 1.0


def test_a_fresh_tool_holds_nothing_and_shares_nothing() -> None:
    one, other = Tool(), Tool()
    assert (one.cells, one.loops, one.states) == ({}, {}, {})
    for name in ("cells", "loops", "states"):
        assert getattr(one, name) is not getattr(other, name)
