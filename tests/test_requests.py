"""What a worker is asked: to set up, prepare, answer, time, draw points, certify, forget."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import built_in
import by_hand
import numpy as np
import pytest
from by_hand import SCALAR, VECTOR, ByHand, right

from gradiometer import Target
from gradiometer.errors import ChangedInput, GradiometerError, UnknownName
from gradiometer.plugins.address import by_value
from gradiometer.reference import lookup
from gradiometer.reference.certify import certify
from gradiometer.vocabulary.point import Argument, Points
from gradiometer.worker import requests
from gradiometer.worker.sampling import make_loop
from gradiometer.worker.tool import Tool


def with_cell(operator: str, method: ByHand | None = None) -> Tool:
    """Return a tool with a cell of the vector problem, under the operator's name."""
    tool, points = Tool(), by_hand.points(VECTOR)
    work = by_hand.work(operator, VECTOR, method)
    requests.prepare(tool, operator, work, points.preparation, 1.0)
    return tool


# Setting up


class Settable(ByHand):
    """Needs a library, and tells it what it was set up for."""

    requires = ("acme_library",)

    def setup(self, target: Target) -> None:
        sys.modules["acme_library"].settings.append(target)


def test_a_method_is_set_up_after_its_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_library.py").write_text("settings = []\n")
    monkeypatch.syspath_prepend(tmp_path)
    targets = [Target(threads=3), Target(dtype="float32")]
    try:
        taken = [requests.set_up(Tool(), by_value(Settable()), target) for target in targets]
        assert min(taken) >= 0.0
        assert sys.modules["acme_library"].settings == targets
    finally:
        sys.modules.pop("acme_library", None)


def test_a_library_that_is_missing_fails_the_set_up() -> None:
    with pytest.raises(ModuleNotFoundError, match="acme_library"):
        requests.set_up(Tool(), by_value(Settable()), Target())


# Cells


@pytest.mark.parametrize("operator", ["value", "jacobian", "jvp"])
def test_a_prepared_cell_answers(operator: str) -> None:
    tool = with_cell(operator)
    points = by_hand.points(VECTOR)
    declared, other = requests.answers(tool, operator, [points.declared, points.preparation])
    assert right(declared, VECTOR, operator)
    assert not right(other, VECTOR, operator)


def test_preparing_tells_what_it_took() -> None:
    at = by_hand.points(VECTOR).preparation
    cold, route, translated = requests.prepare(Tool(), "cell", by_hand.work("vjp", VECTOR), at, 1.0)
    assert (route, translated) == ("native", "")
    assert (cold.prepare_s >= 0.0, cold.first_s > 0.0) == (True, True)


class Unfinished(ByHand):
    """Returns functions, which are to be waited for."""

    def jvp(self, f: Any) -> Any:
        return lambda *inputs: lambda: f.problem.derivatives["jvp"](*inputs)

    @property
    def wait(self) -> Any:
        return lambda unfinished: unfinished()


@pytest.mark.parametrize("method", [ByHand(), Unfinished()])
def test_a_call_is_complete_with_its_arguments(method: ByHand) -> None:
    tool, at = with_cell("jvp", method), by_hand.check(VECTOR)
    call, args, given = requests.call(tool, "jvp", at)
    assert len(args) == 4
    found = requests.answers(tool, "jvp", [at])[0].arrays
    assert [float(part) for part in call(*args, **given)] == [float(part) for part in found]


def test_a_cell_is_calibrated_before_it_is_sampled() -> None:
    tool = with_cell("vjp")
    with pytest.raises(GradiometerError, match="vjp was not calibrated before"):
        requests.sample(tool, "vjp", 1)
    points = by_hand.points(VECTOR)
    at = [points.preparation, points.declared]
    calls, peak = requests.calibrate(tool, "vjp", at, 0.0001)
    assert calls >= 2
    assert calls % 2 == 0
    assert peak is None or peak >= 0
    assert requests.sample(tool, "vjp", calls).wall_s > 0.0
    answer, place = requests.sampled(tool, "vjp")
    assert place == 1
    assert right(answer, VECTOR, "vjp")
    requests.inspect(tool, "vjp")
    tool.loops["vjp"] = make_loop(lambda a: a.append(0), [(([],), {})])
    requests.sample(tool, "vjp", 1)
    with pytest.raises(ChangedInput, match="an argument"):
        requests.inspect(tool, "vjp")


@pytest.mark.parametrize("calibrated", [True, False])
def test_novelty_is_measured_of_a_prepared_cell(calibrated: bool) -> None:
    tool, points = with_cell("vjp"), by_hand.points(VECTOR)
    if calibrated:
        requests.calibrate(tool, "vjp", points.checked, 0.0001)
    assert requests.novelty(tool, "vjp", points.fresh, 1e-5) > 0.0


@pytest.mark.parametrize("name", ["floor", "kernel"])
def test_a_control_is_sampled_as_cells_are(name: str) -> None:
    tool = Tool()
    calls = requests.control(tool, name, 0.0001)
    assert calls >= tool.loops[name].calls == 3
    assert requests.sample(tool, name, calls).wall_s > 0.0


def test_what_was_prepared_is_forgotten_and_no_more() -> None:
    tool = with_cell("vjp")
    requests.calibrate(tool, "vjp", [by_hand.check(VECTOR)], 0.0001)
    tool.states["experiment"] = 1
    requests.forget(tool)
    with pytest.raises(GradiometerError, match="was not calibrated"):
        requests.sample(tool, "vjp", 1)
    assert (tool.cells, tool.loops, tool.states) == ({}, {}, {"experiment": 1})


# Problems


def numbers(points: Points) -> list[Any]:
    """Return all numbers of some points."""
    arguments = (*points.checked, points.preparation, *points.fresh)
    parts = [(a.point.inputs, a.point.given, *vars(a.directions).values()) for a in arguments]
    return [[np.asarray(a).tolist() for a in part.values()] for each in parts for part in each]


@pytest.mark.parametrize("problem", [VECTOR, SCALAR], ids=lambda p: p.name)
def test_points_are_the_problem_s_own(problem: Any) -> None:
    address, label = built_in.registry().problems[problem.name].address, problem.labels[0]
    found = requests.points(Tool(), address, label, 5, "float64")
    expected = built_in.points(problem, label, seed=5)
    assert found.signature == expected.signature
    assert len(found.checked) == 1
    assert numbers(found) == numbers(expected)


def test_a_neighbour_is_a_point_with_its_truth() -> None:
    address, points = built_in.registry().problems[VECTOR.name].address, by_hand.points(VECTOR)
    found = requests.neighbour(Tool(), address, points, "", 0, "float64", "jacobian")
    assert found is not None
    at, truth = found
    np.testing.assert_array_equal(truth.high, certify(VECTOR, at, "jacobian").high)
    assert numbers(replace(points, checked=(at,))) != numbers(points)


def test_points_of_a_size_that_is_not_there_are_refused() -> None:
    address = built_in.registry().problems["rosenbrock"].address
    with pytest.raises(UnknownName, match="size of problem 'rosenbrock' '7'"):
        requests.points(Tool(), address, "7", 0, "float64")


@pytest.mark.parametrize("operator", ["value", "jacobian"])
def test_a_truth_is_certified_once_and_found_again(
    operator: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIOMETER_CACHE", str(tmp_path))
    address = built_in.registry().problems[VECTOR.name].address
    at: Argument = by_hand.check(VECTOR)
    first = requests.certify(Tool(), address, at, operator)
    monkeypatch.setattr(lookup, "certify", lambda *case: pytest.fail("certified again"))
    again = requests.certify(Tool(), address, at, operator)
    np.testing.assert_array_equal(first.high, again.high)


# The side of the coordinator


def test_the_coordinator_imports_no_inside_of_a_worker(tmp_path: Path) -> None:
    script = """
import sys
import gradiometer.api
names = ("tool", "sampling", "given", "novelty", "memory", "process")
inner = {f"gradiometer.worker.{name}" for name in names}
assert {"gradiometer.measure.harness", "gradiometer.worker.requests"} <= set(sys.modules)
print(sorted((inner | {"flint", "gradiometer.reference.certify"}) & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
