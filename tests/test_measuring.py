"""What becomes of cells in real workers: crashes, what is forgotten, and what figures are made of.

Methods are tiny and in files; each notes in a file beside it what is done with it.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections import Counter, namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gradiometer.measure.harness import Ended, Harness
from gradiometer.measure.noise import Noise, NoiseMeter
from gradiometer.measure.options import Options
from gradiometer.measure.plan import make_plan
from gradiometer.plugins import loader
from gradiometer.vocabulary.outcome import Outcome, Status

BEGINNING = """
import os
import subprocess
import sys
import time
import weakref
from pathlib import Path

import numpy as np

from gradiometer import Method, Namespace

def note(*what):
    with Path(__file__).with_suffix(".notes").open("a") as file:
        print(*what, file=file)

def notes():
    file = Path(__file__).with_suffix(".notes")
    return file.read_text().splitlines() if file.exists() else []

def spin(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass

class Square(Method):
    mode = "manual"

    def namespace(self):
        return Namespace(np)

    def array(self, a):
        return float(a)

    def gradient(self, f):
        note(self.name, f.problem.name, os.getpid())
        print(f"process {os.getpid()}", flush=True)
        return lambda inputs, given: (self.derivative(f.problem.name, inputs[0]),)

    def derivative(self, problem, x):
        return 2.0 * x
"""
PROBLEMS = """
from gradiometer import problem

@problem(at={"x": 2.0})
def one(xp, x):
    return x * x

@problem(at={"x": 3.0})
def two(xp, x):
    return x * x

@problem(at={"x": 4.0})
def three(xp, x):
    return x * x
"""


class Measured:
    """What came of a plan, by problem, operator and method; and what methods noted meanwhile."""

    def __init__(self, folder: Path, ended: list[Ended], noise: Noise) -> None:
        self.folder, self.noise = folder, noise
        self.ended = {(e.cell.case.problem, e.cell.case.operator, e.cell.method): e for e in ended}
        assert len(self.ended) == len(ended)

    def outcome(self, method: str, problem: str = "one", operator: str = "gradient") -> Outcome:
        return self.ended[problem, operator, method].outcome

    def notes(self, tool: str, *beginning: str) -> list[list[str]]:
        """Return the notes of a tool that begin so, each without its beginning."""
        lines = (self.folder / f"{tool}.notes").read_text().splitlines()
        words = [line.split() for line in lines]
        return [w[len(beginning) :] for w in words if (*w[: len(beginning)],) == beginning]

    def log(self, tool: str) -> str:
        return (self.folder / "logs" / f"{tool}.log").read_text()


def measure(
    folder: Path, tools: dict[str, str], problems: list[str], operators: list[str], options: Options
) -> Measured:
    """Measure all methods of some files, whose texts are given by name."""
    (folder / "squares.py").write_text(PROBLEMS, "utf-8")
    for name, text in tools.items():
        (folder / f"{name}.py").write_text(BEGINNING + text, "utf-8")
    registry = loader.load([folder / "squares.py", *(folder / f"{name}.py" for name in tools)])
    methods = [m for m in registry.methods.values() if m.tool in tools]
    chosen = [registry.problems[name] for name in problems]
    plan = make_plan(registry, chosen, methods, operators=operators)
    with Harness(plan, options, folder / "logs") as harness:
        ended = list(harness.outcomes())
        return Measured(folder, ended, harness.meter.noise())


# Three cases, one after the other

Times = namedtuple("Times", ["user", "idle", "iowait"])
ROUNDS = 60
FALLING = """
class Steady(Square):
    name = "steady"

class Falls(Square):
    name = "falls"
    calls = 0

    def derivative(self, problem, x):
        time.sleep(0.0005)
        self.calls += 1
        if self.calls == 40 and problem == "one":  # in the middle of the rounds
            os._exit(3)
        return 2.0 * x
"""
REMEMBERING = """
PREPARED = {}

class Remembers(Square):
    name = "remembers"

    def gradient(self, f):
        note(f.problem.name, *(name for name, known in PREPARED.items() if known() is not None))
        prepared = super().gradient(f)
        PREPARED[f.problem.name] = weakref.ref(prepared)
        return prepared
"""
DYING = """
from gradiometer.worker import requests

class Dies(Square):
    name = "dies"

    def gradient(self, f):
        if f.problem.name == "one":
            requests.forget = self.die
        return super().gradient(f)

    def die(self, tool):
        note("forgets")
        os._exit(4)

    def derivative(self, problem, x):
        time.sleep(0.0005)
        return 2.0 * x
"""
BUSY = """
class Busy(Square):
    name = "busy"

    def derivative(self, problem, x):
        spin(0.0005)
        note(problem, "at", x)
        return 2.0 * x
"""


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    """Return what came of three cases, on a machine that otherwise waits for its disk."""
    start, cores = time.perf_counter(), psutil.cpu_count() or 1

    def waiting() -> Any:
        return Times(user=0.0, idle=0.0, iowait=10.0 * cores * (time.perf_counter() - start))

    tools = {"falling": FALLING, "remembering": REMEMBERING, "dying": DYING, "spinning": BUSY}
    options = Options(rounds=ROUNDS, sample_s=0.0005, budget_s=60.0, precision=1e-9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psutil, "cpu_times", waiting)
        folder = tmp_path_factory.mktemp("cases")
        yield measure(folder, tools, ["one", "two", "three"], ["gradient"], options)


def test_a_neighbour_that_falls_between_rounds_ends_no_other_cell(cases: Measured) -> None:
    assert cases.outcome("falls").status is Status.CRASHED
    steady = cases.outcome("steady")
    assert (steady.status, steady.warm.rounds, steady.warm.stopped) == (Status.OK, ROUNDS, "rounds")
    (first,), (second,) = cases.notes("falling", "steady", "one")  # prepared again, elsewhere
    assert first != second


def test_what_a_worker_printed_is_kept_when_it_is_replaced(cases: Measured) -> None:
    processes = {process for (process,) in cases.notes("falling", "steady", "one")}
    assert processes <= set(re.findall(r"^process (\d+)$", cases.log("falling"), re.M))


def test_what_was_prepared_is_forgotten_after_its_case(cases: Measured) -> None:
    (remembered,) = cases.notes("remembering", "three")
    assert "one" not in remembered


def test_a_worker_that_dies_while_it_forgets_ends_nothing(cases: Measured) -> None:
    assert cases.notes("dying", "forgets") == [[]]
    for problem in ("one", "two", "three"):
        assert cases.outcome("dies", problem).status is Status.OK


def test_threads_are_those_of_all_samples(cases: Measured) -> None:
    for problem in ("one", "two", "three"):
        assert 0.25 < cases.outcome("busy", problem).warm.threads_used < 1.5
        assert cases.outcome("dies", problem).warm.threads_used < 0.5


def test_nothing_is_timed_where_it_was_prepared(cases: Measured) -> None:
    points = [x for (x,) in cases.notes("spinning", "one", "at")]
    prepared, *_ = points
    calls = Counter(points)
    assert calls.pop(prepared) == 1
    assert sum(calls.values()) > ROUNDS


def test_who_waits_for_a_disk_is_no_other_process_at_work(cases: Measured) -> None:
    assert cases.noise.others == 0.0


# Budgets and limits

LIMITED = """
class Paced(Square):
    name = "paced"

    def value(self, f):
        return lambda inputs, given: time.sleep(0.005) or f(inputs, given)

    def derivative(self, problem, x):
        time.sleep(0.005)
        return 2.0 * x

class Forecasts(Square):
    # A gradient is said to take ten primals.

    name = "forecasts"

    def value(self, f):
        note(self.name, "value")
        return f

    def evaluations(self, operator, n, m):
        return 10
"""
PARENT = """
HUNGRY = "import sys; held = b'x' * (450 << 20); sys.stdin.read(1)"

class Parent(Square):
    # Lets a child of its own take the memory, for some seconds.

    name = "parent"

    def derivative(self, problem, x):
        child = subprocess.Popen([sys.executable, "-c", HUNGRY], stdin=subprocess.PIPE)
        time.sleep(4.0)
        child.communicate(b"!")
        return 2.0 * x
"""


@pytest.fixture(scope="module")
def limits(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Return what came of a case whose rounds end by their budget, whatever the machine does."""
    tools = {"limited": LIMITED, "parent": PARENT}
    options = Options(budget_s=0.6, precision=1e-9, sample_s=0.01, memory_gib=0.4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NoiseMeter, "waits", lambda self, over_s: False)
        return measure(
            tmp_path_factory.mktemp("limits"), tools, ["one"], ["value", "gradient"], options
        )


def test_a_value_has_half_the_time_of_a_derivative(limits: Measured) -> None:
    spent = {}
    for operator in ("value", "gradient"):
        ended = limits.ended["one", operator, "paced"]
        assert ended.outcome.warm.stopped == "budget"
        spent[operator] = sum(ended.samples.values()) * ended.outcome.warm.loops
    assert spent["gradient"] > 1.4 * spent["value"]


def test_a_forecast_is_made_from_the_primal_as_it_was_measured(limits: Measured) -> None:
    assert limits.outcome("forecasts").status is Status.OK
    assert limits.notes("limited", "forecasts", "value") == [[]]


def test_the_memory_of_a_tool_is_that_of_its_children_too(limits: Measured) -> None:
    found = limits.outcome("parent")
    assert (found.status, "over the limit of 0.4 GiB" in found.reason) == (
        Status.OUT_OF_MEMORY, True,
    )  # fmt: skip


# Cold figures

DELAYS = (0.0, 0.45, 0.1, 0.0)
"""Seconds that import, preparation and first call take: in the worker where the cell is timed, and
in three fresh ones."""
COLD = f"""
DELAYS = {DELAYS}

def wait(what):
    time.sleep(DELAYS[sum(line == what for line in notes())])
    note(what)

class Varies(Square):
    name, requires = "varies", ("acme_slow_library",)

    def gradient(self, f):
        gradient = super().gradient(f)
        wait("prepared")
        called = []

        def first(inputs, given):
            if not called:
                wait("called")
                called.append(True)
            return gradient(inputs, given)

        return first
"""
WAVERING = """
class Wavers(Square):
    # Right when it is checked first, wrong when it is checked again.

    name = "wavers"
    calls = 0

    def derivative(self, problem, x):
        self.calls += 1
        return 2.0 * x + (self.calls > 30)
"""
LIBRARY = f"""
import time
from pathlib import Path

with Path(__file__).with_suffix(".notes").open("a+") as file:
    file.seek(0)
    time.sleep({DELAYS}[len(file.read())])
    file.write("x")

__version__ = "1"
"""


@pytest.fixture(scope="module")
def cold(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Return what came of a case of which cold figures are repeated."""
    folder = tmp_path_factory.mktemp("cold")
    (folder / "acme_slow_library.py").write_text(LIBRARY, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *sys.path]))
        patch.syspath_prepend(folder)
        options = Options(rounds=7, sample_s=0.0005, cold=3)
        tools = {"cold": COLD, "wavering": WAVERING}
        return measure(folder, tools, ["one"], ["gradient"], options)


@pytest.mark.parametrize("figure", ["import_s", "prepare_s", "first_s"])
def test_a_cold_figure_is_the_median_of_fresh_workers(cold: Measured, figure: str) -> None:
    found = cold.outcome("varies").cold
    assert found.cold == 3
    assert 0.1 <= getattr(found, figure) < 0.17


def test_what_failed_is_not_started_again_for_cold_figures(cold: Measured) -> None:
    found = cold.outcome("wavers")
    assert (found.status, found.cold.cold) == (Status.DISAGREES, 0)
    assert found.reason.startswith("right at first, not after")
    assert len(cold.notes("wavering", "wavers")) == 1
    assert len(cold.notes("cold", "varies")) == 1 + 3
