"""A method's hooks on a cell's way: which are called, in which order, and what of them is timed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import built_in
import numpy as np
import pytest

from gradiometer import Method, Namespace, Options, Problem, Target
from gradiometer.measure.conditions import Conditions
from gradiometer.measure.trial import Trial
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


class Noting(Method):
    """A pullback by hand; notes what is asked of it, in order."""

    name, tool = "noting", "tool"

    def __init__(self) -> None:
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
    operator: str = "vjp",
    problem: Problem = SQUARES,
    options: Options | None = None,
    **case: str,
) -> Trial:
    """Return the trial of a method, in this process."""
    points = built_in.points(problem)
    truths = tuple(certify(problem, at, operator) for at in points.checked)
    asked, chosen = Case(problem.name, "", operator, **case), options or Options(rounds=0)
    there, here = Here(problem), Here(method)
    conditions = Conditions(asked, there, points, truths, chosen)  # type: ignore[arg-type]
    entry = MethodEntry.of(method, here)  # type: ignore[arg-type]
    return Trial(entry, conditions, ThisProcess())


def targets(method: Noting) -> list[Target]:
    """Return what a method was set up for, each time."""
    return [each for each in method.noted if isinstance(each, Target)]


# Setting up.


def test_a_method_is_set_up_before_it_is_asked_for_anything() -> None:
    method = Noting()
    trial(method).check()
    assert isinstance(method.noted[0], Target)
    assert method.noted[1] == "namespace"


def test_a_method_is_told_threads_device_and_dtype() -> None:
    method = Noting()
    options = Options(rounds=0, threads=2)
    trial(method, options=options, device="abacus", dtype="float32").check()
    assert targets(method) == [Target(2, "abacus", "float32")]


def test_every_cold_repetition_is_set_up() -> None:
    method = Noting()
    found = trial(method, options=Options(rounds=0, cold=2))
    found.check()
    found.repeat_cold()
    assert len(targets(method)) == 3


def test_a_set_up_that_fails_ends_the_cell() -> None:
    class Broken(Noting):
        def setup(self, target: Target) -> None:
            raise OSError("no such device")

    with pytest.raises(Failure, match="no such device") as caught:
        trial(Broken()).check()
    assert caught.value.status is Status.ERROR


# Finishing, waiting, converting.


@pytest.mark.parametrize(
    ("operator", "route"), [("vjp", "native"), ("gradient", "one vjp"), ("jacobian", "1 vjps")]
)
def test_finished_operators_are_timed_and_results_are_not(operator: str, route: str) -> None:
    method = Noting()
    found = trial(method, operator, options=Options(sample_s=1e-4))
    found.check()
    assert found.outcome.route == route
    assert method.noted[-3:] == ["finished", "waited", "result"]
    found.calibrate()
    method.noted.clear()
    found.sample(0)
    calls = len(method.noted) // 2  # those that warm up the sample included
    assert calls >= found.loops
    assert method.noted == ["finished", "waited"] * calls


@pytest.mark.parametrize("hook", ["result", "wait", "finish"])
def test_a_hook_that_spoils_the_answer_is_found_out(hook: str) -> None:
    def twice(native: Any) -> Any:
        return [2.0 * part for part in native]

    spoiled = {
        "result": lambda self, native: twice(native),
        "wait": property(lambda self: twice),
        "finish": lambda self, prepared: lambda *args: twice(prepared(*args)),
    }
    method = type("Spoiling", (Noting,), {hook: spoiled[hook]})()
    with pytest.raises(Failure) as caught:
        trial(method).check()
    assert caught.value.status is Status.DISAGREES


# What is owed.

SMALL = Problem(
    "small", lambda xp, x: x * np.array([1.0, 1e-12]), {"x": [1.0, 2.0]}, outputs=("y",)
)


class Careless(Noting):
    """Loses digits of a small output, which the norm does not show."""

    def value(self, f: Any) -> Any:
        return lambda inputs, given: np.array([1.0, 1.0 + 1e-6]) * f(inputs, given)

    def jvp(self, f: Any) -> Any:
        return lambda inputs, given, v: np.array([1.0, 1e-12 * (1.0 + 1e-6)]) * v[0]


@pytest.mark.parametrize(
    ("operator", "exact", "right"),
    [("value", True, False), ("value", False, False), ("jvp", True, False), ("jvp", False, True)],
)
def test_a_value_is_held_to_rounding_whatever_the_method(
    operator: str, exact: bool, right: bool
) -> None:
    method = Careless()
    method.exact = exact
    if right:
        trial(method, operator, SMALL).check()
    else:
        with pytest.raises(Failure, match="1 of 2 components beyond what rounding explains"):
            trial(method, operator, SMALL).check()
