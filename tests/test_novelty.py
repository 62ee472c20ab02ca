"""How much longer calls take at new points: of methods that compute, and of those that remember."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradiometer.vocabulary.point import Argument, Point
from gradiometer.worker import novelty as measured
from gradiometer.worker.novelty import APART, CLEAR, LEAST, LONG_S, MOST, TIMES, novelty

AT = [Argument(Point({"x": np.array([3.0, -5.0])})), Argument(Point({"x": np.array([7.0, 2.0])}))]


class Clock:
    """The machine's clocks, which calls alone move."""

    wall = cpu = 1000.0

    def perf_counter(self) -> float:
        return self.wall

    def process_time(self) -> float:
        return self.cpu

    def take(self, seconds: float) -> None:
        self.wall += seconds
        self.cpu += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Put clocks of our own in place of the machine's."""
    made = Clock()
    monkeypatch.setattr(measured, "time", made)
    return made


class Cell:
    """A cell whose calls only take time; it keeps where they were made."""

    def __init__(self, call: Callable[[Any], None]) -> None:
        self.met: list[Any] = []
        self._call = call

    def called(self, at: Argument) -> Any:
        return self.call, tuple(at.point.inputs.values()), {}

    def call(self, x: Any) -> None:
        self.met.append(x)
        self._call(x)


LARGE = [Argument(Point({"x": np.full(20_000, 3.0)}))]


def measure(
    call: Callable[[Any], None], call_s: float = 1e-5, at: list[Argument] = AT
) -> tuple[float, Cell, int]:
    """Return the ratio of a call, the cell, and how often calls were made before."""
    cell: Any = Cell(call)
    warmed: list[int] = []
    found = novelty(cell, at, call_s, lambda: warmed.append(len(cell.met)))
    return found, cell, len(warmed)


def remembering(clock: Clock, most: int, key: Callable[[Any], Any]) -> Callable[[Any], None]:
    """Return a call that remembers some answers."""
    known: OrderedDict[Any, Any] = OrderedDict()

    def call(x: Any) -> None:
        clock.take(1e-4 if key(x) in known else 1e-3)
        known[key(x)] = x
        known.move_to_end(key(x))
        while len(known) > most:
            known.popitem(last=False)

    return call


@pytest.mark.parametrize("most", [3, 10**6])
@pytest.mark.parametrize("key", [lambda x: x.tobytes(), id], ids=["by value", "by object"])
def test_who_remembers_answers_is_slow_at_new_points(
    clock: Clock, most: int, key: Callable[[Any], Any]
) -> None:
    found, _, times = measure(remembering(clock, most, key))
    assert found == pytest.approx(10.0)
    assert times == TIMES


@pytest.mark.parametrize(
    ("call_s", "variants"),
    [(0.0, MOST), (1e-5, MOST), (1e-4, 10), (1e-3, LEAST), (0.99 * LONG_S, LEAST), (LONG_S, 1)],
)
def test_who_computes_is_seen_at_once(clock: Clock, call_s: float, variants: int) -> None:
    found, cell, times = measure(lambda x: clock.take(1e-6 * abs(float(x[0]))), call_s)
    assert found == pytest.approx(1.0)
    assert (times, len(cell.met)) == (1, 2 * variants)


def test_variants_are_new_each_and_close_to_a_point(clock: Clock) -> None:
    _, cell, _ = measure(remembering(clock, 10**6, lambda x: x.tobytes()), 1e-4)
    met = {x.tobytes(): x for x in cell.met}
    assert len(met) == len(cell.met) / 2 == 10 * TIMES
    for x in met.values():
        shares = [x / at.point.inputs["x"] for at in AT]
        assert any(((s > 1.0 - APART) & (s <= 1.0)).all() for s in shares)


def test_what_other_processes_take_does_not_count(clock: Clock) -> None:
    seen: set[bytes] = set()

    def call(x: Any) -> None:
        clock.take(1.0)
        clock.wall += 9.0 * (x.tobytes() not in seen)
        seen.add(x.tobytes())

    assert measure(call)[0] == pytest.approx(1.0)


def test_one_disturbance_is_measured_away(clock: Clock) -> None:
    seen: set[bytes] = set()

    def call(x: Any) -> None:
        disturbed = len(seen) < MOST and x.tobytes() not in seen
        clock.take(5e-3 if disturbed else 1e-3)
        seen.add(x.tobytes())

    found, _, times = measure(call)
    assert found <= CLEAR
    assert times == 2


def test_large_points_come_from_memory_each_time(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: set[int] = set()
    monkeypatch.setattr(measured, "_evict", held.clear)

    def call(x: Any) -> None:
        clock.take(1e-3 if id(x) in held else 2.5e-3)
        held.add(id(x))

    assert measure(call, 1e-3, LARGE)[0] == pytest.approx(1.0)
    found = measure(remembering(clock, 3, lambda x: x.tobytes()), 1e-3, LARGE)[0]
    assert found == pytest.approx(10.0)
