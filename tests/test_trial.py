"""A cell on its way through a case: its method set up, prepared, checked and timed in a worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import built_in
import numpy as np
import pytest

from gradiometer import Method, Namespace, Options, Problem, Target
from gradiometer.measure.trial import Conditions, Trial
from gradiometer.plugins.registry import MethodEntry
from gradiometer.pytest_plugin.process import ThisProcess
from gradiometer.reference.certify import certify
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.outcome import Failure, Status


@dataclass(frozen=True)
class Here:
    """An address in this process, where what happens to an object can be seen."""

    item: Any

    def load(self) -> Any:
        return self.item


class Processes:
    """A pool in which every tool has a stand-in for a worker of its own."""

    def __init__(self) -> None:
        self.workers: dict[str, ThisProcess] = {}

    def worker(self, tool: str) -> ThisProcess:
        found = self.workers.get(tool)
        if found is None or not found.alive:
            found = self.workers[tool] = self.start(tool)
        return found

    def start(self, tool: str) -> ThisProcess:
        return ThisProcess()


class Noting(Method):
    """A pullback by hand; notes what is asked of it, in order."""

    name, tool = "noting", "tool"

    def __init__(self, name: str = "noting") -> None:
        self.name = name
        self.noted: list[Any] = []

    def setup(self, target: Target) -> None:
        self.noted.append(target)

    def namespace(self) -> Any:
        self.noted.append("namespace")
        return Namespace(np)

    def array(self, a: Any) -> Any:
        return a

    def vjp(self, f: Any) -> Any:
        return lambda inputs, given, w: (w[0] * inputs[0] * 2.0,)

    def finish(self, prepared: Any) -> Any:
        def finished(*args: Any) -> Any:
            self.noted.append("finished")
            return prepared(*args)

        return finished

    def result(self, native: Any) -> Any:
        self.noted.append("result")
        return native

    @property
    def wait(self) -> Any:
        def wait(native: Any) -> Any:
            self.noted.append("waited")
            return native

        return wait


SQUARES = Problem("squares", lambda xp, x: xp.sum(x * x), {"x": [1.0, -2.0]})


def trial(
    method: Method,
    pool: Any,
    operator: str = "vjp",
    problem: Problem = SQUARES,
    options: Options | None = None,
    **case: str,
) -> Trial:
    """Return the trial of a method."""
    points = built_in.points(problem)
    truths = tuple(certify(problem, at, operator) for at in points.checked)
    asked, chosen = Case(problem.name, "", operator, **case), options or Options(rounds=0)
    here: Any = Here(method)
    address: Any = Here(problem)
    conditions = Conditions(asked, address, points, truths, chosen)
    return Trial(MethodEntry.of(method, here), conditions, pool)


def targets(method: Noting) -> list[Target]:
    """Return what a method was set up for, each time."""
    return [each for each in method.noted if isinstance(each, Target)]


# Setting up.


def test_every_method_of_a_tool_is_set_up_and_once() -> None:
    pool, methods = Processes(), [Noting("one"), Noting("other")]
    for method in methods * 2:
        trial(method, pool).check()
    assert [targets(method) for method in methods] == [[Target()], [Target()]]
    assert list(pool.workers) == ["tool"]


def test_a_method_is_set_up_before_it_is_asked_for_anything() -> None:
    method = Noting()
    trial(method, Processes()).check()
    assert isinstance(method.noted[0], Target)


def test_a_method_is_told_threads_device_and_dtype() -> None:
    method = Noting()
    method.digits = {"float16": (1.0, 1.0)}  # type: ignore[misc]
    with pytest.raises(Failure):  # its answer is not of that precision
        trial(
            method, Processes(), options=Options(rounds=0, threads=3), device="abacus",
            dtype="float16",
        ).check()  # fmt: skip
    assert targets(method) == [Target(3, "abacus", "float16")]


def test_a_fresh_worker_is_set_up_anew() -> None:
    method, pool = Noting(), Processes()
    trial(method, pool).check()
    pool.workers["tool"].alive = False
    trial(method, pool).check()
    assert len(targets(method)) == 2


def test_every_cold_repetition_is_set_up() -> None:
    method, pool = Noting(), Processes()
    found = trial(method, pool, options=Options(rounds=0, cold=2))
    found.check()
    found.repeat_cold()
    assert len(targets(method)) == 3


def test_a_set_up_that_fails_ends_the_cell() -> None:
    class Broken(Noting):
        def setup(self, target: Target) -> None:
            raise OSError("no such device")

    with pytest.raises(Failure, match="no such device") as caught:
        trial(Broken(), Processes()).check()
    assert caught.value.status is Status.ERROR


# What is timed.


@pytest.mark.parametrize("operator", ["vjp", "gradient", "jacobian"])
def test_finished_operators_are_what_is_timed_and_results_are_not(operator: str) -> None:
    method = Noting()
    found = trial(method, Processes(), operator, options=Options(sample_s=1e-4))
    found.check()
    assert found.outcome.route == {"vjp": "native", "gradient": "one vjp"}.get(operator, "1 vjps")
    assert method.noted[-3:] == ["finished", "waited", "result"]
    found.calibrate()
    method.noted.clear()
    found.sample(0)
    calls = len(method.noted) // 2  # those that warm up the sample included
    assert calls >= found.loops
    assert method.noted == ["finished", "waited"] * calls


def test_a_wrong_result_hook_is_found_out() -> None:
    class Doubling(Noting):
        def result(self, native: Any) -> Any:
            return [2.0 * part for part in native]

    with pytest.raises(Failure) as caught:
        trial(Doubling(), Processes()).check()
    assert caught.value.status is Status.DISAGREES


# What is owed.


@pytest.mark.parametrize("operator", ["value", "vjp"])
@pytest.mark.parametrize("digits", [{}, {"float32": (3.0, 1.0)}])
def test_what_promises_nothing_in_a_dtype_is_not_tried(operator: str, digits: Any) -> None:
    method = Noting()
    method.digits = digits
    with pytest.raises(Failure, match=r"noting promises nothing in float64\.") as caught:
        trial(method, Processes(), operator).check()
    assert caught.value.status is Status.UNSUPPORTED
    assert method.noted == []


def test_the_promise_is_that_of_the_dtype_and_the_order() -> None:
    method = Noting()
    method.digits = {"float64": (7.0, 3.0)}  # type: ignore[misc]
    for operator, promise in (("value", 12.0), ("vjp", 7.0)):
        found = trial(method, Processes(), operator)
        found.check()
        assert found.outcome.verdict.promise == promise


@pytest.mark.parametrize("exact", [True, False])
def test_a_primal_is_held_to_rounding_whatever_the_method(exact: bool) -> None:
    class Careless(Noting):
        """Loses nine digits of a small output, which the norm does not show."""

        def value(self, f: Any) -> Any:
            return lambda inputs, given: np.array([1.0, 1.0 + 1e-9]) * f(inputs, given)

        def vjp(self, f: Any) -> Any:
            return lambda inputs, given, w: (np.array([1.0, 1e-12]) @ np.diag(w[0]),)

        def jvp(self, f: Any) -> Any:
            return lambda inputs, given, v: np.array([1.0, 1e-12 * (1.0 + 1e-6)]) * v[0]

    small = Problem(
        "small", lambda xp, x: x * np.array([1.0, 1e-12]), {"x": [1.0, 2.0]}, outputs=("y",)
    )
    method = Careless()
    method.exact = exact
    ended = {}
    for operator in ("value", "vjp", "jvp"):
        ended[operator] = Status.OK
        try:
            trial(method, Processes(), operator, small).check()
        except Failure as failure:
            ended[operator] = failure.status
    wrong = Status.DISAGREES
    assert ended == {"value": wrong, "vjp": Status.OK, "jvp": wrong if exact else Status.OK}
