"""What the cells of a case share: points and certified truths, asked of the reference's worker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import built_in
import numpy as np
import pytest

from gradiometer.errors import GradiometerError
from gradiometer.measure.conditions import References
from gradiometer.measure.options import Options
from gradiometer.measure.pool import REFERENCE, Pool
from gradiometer.plugins import loader
from gradiometer.plugins.address import by_value
from gradiometer.plugins.registry import Registry
from gradiometer.reference import cache
from gradiometer.reference.certify import certify
from gradiometer.vocabulary.case import Case
from gradiometer.vocabulary.operators import MOST_OF_VECTOR
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.vocabulary.point import Argument, Directions, Point, Points, Signature
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Space
from gradiometer.worker import requests
from gradiometer.worker.process import failure
from gradiometer.worker.tool import Tool

FAULTY = Path(__file__).parent / "plugins" / "faulty_problems.py"
OPTIONS = Options()


@pytest.fixture(scope="module")
def faulty() -> Registry:
    return loader.load([FAULTY])


class Here:
    """A pool whose one worker, the reference's, carries out requests in this process."""

    def __init__(self, fails: Failure | None = None) -> None:
        self.asked: list[tuple[str, float]] = []
        self.fails = fails

    def worker(self, tool: str) -> Here:
        assert tool == REFERENCE
        return self

    def ask(self, request: Any, timeout_s: float, *args: Any) -> Any:
        self.asked.append((request.__name__, timeout_s))
        if self.fails:
            raise self.fails
        try:
            return request(Tool(), *args)
        except GradiometerError as error:
            raise failure(error) from error


def references(pool: Any, timeout_s: float = 60.0) -> References:
    return References(pool, timeout_s)


def numbers(at: Argument) -> list[dict[str, Any]]:
    """Return all numbers of a point and its directions."""
    parts = (at.point.inputs, at.point.given, at.directions.tangents, at.directions.cotangents)
    return [{name: a.tolist() for name, a in part.items()} for part in parts]


@pytest.mark.parametrize(
    ("name", "size", "operator"),
    [("rosenbrock", "2", "gradient"), ("polar-coordinates", "", "vjp")],
)
def test_conditions_are_the_points_and_truths(name: str, size: str, operator: str) -> None:
    pool, case = Here(), Case(name, size, operator)
    address, problem = built_in.registry().problems[name].address, built_in.problem(name)
    options = replace(OPTIONS, seed=5)
    found = references(pool, 7.0).conditions(case, address, options)
    expected = built_in.points(problem, size, seed=5)
    assert (found.case, found.problem, found.options) == (case, address, options)
    assert found.points.signature == expected.signature
    assert numbers(found.points.declared) == numbers(expected.declared)
    for at, truth in zip(found.points.checked, found.truths, strict=True):
        np.testing.assert_array_equal(truth.high, certify(problem, at, operator).high)
    assert len({tuple(truth.high) for truth in found.truths}) == 3
    asked = ["points", "certify", *["neighbour"] * 3]  # the last finds that there are enough
    assert pool.asked == [(name, 7.0) for name in asked]


# What is too large


class Wide(Here):
    """The same, of a problem with a number of inputs."""

    def __init__(self, n: int) -> None:
        super().__init__(Failure(Status.ERROR, "certified"))
        at = Argument(Point({"x": np.ones(n)}), Directions())
        signature = Signature(Space({"x": (n,)}), Space({"value": ()}))
        self._points = Points(signature, (at,), at)

    def ask(self, request: Any, timeout_s: float, *args: Any) -> Any:
        if request is requests.points:
            return self._points
        return super().ask(request, timeout_s, *args)


@pytest.mark.parametrize(
    ("operator", "n", "components"),
    [
        ("gradient", MOST_OF_VECTOR, ""),
        ("vjp", MOST_OF_VECTOR, ""),
        ("jvp", MOST_OF_VECTOR + 1, ""),
        ("hvp", MOST_OF_VECTOR, ""),
        ("gradient", MOST_OF_VECTOR + 1, "20,000,001"),
        ("hessian", MOST_OF_VECTOR, "400,000,000,000,000"),
        ("hessian", 547, ""),
        ("hessian", 548, "300,304"),
    ],
)
def test_too_large_an_answer_is_refused_uncertified(operator: str, n: int, components: str) -> None:
    address, case = built_in.registry().problems["mlp"].address, Case("wide", "", operator)
    with pytest.raises(Failure) as caught:
        references(Wide(n)).conditions(case, address, OPTIONS)
    if components:
        most = "300,000" if operator == "hessian" else "20,000,000"
        told = f"the {operator} has {components} components: none is compared beyond {most}"
        assert (caught.value.status, caught.value.reason) == (Status.SKIPPED, told)
    else:
        assert caught.value.reason == "reference: certified"


# What fails


@pytest.mark.parametrize("status", [Status.ERROR, Status.TIMEOUT, Status.CRASHED])
def test_a_failure_says_what_of_the_case_failed(status: Status) -> None:
    address = built_in.registry().problems["mlp"].address
    asking = references(Here(Failure(status, "it fell")))
    with pytest.raises(Failure) as caught:
        asking.points(address, "10-5x2", 0)
    assert (caught.value.status, str(caught.value)) == (status, "point of mlp: it fell")
    with pytest.raises(Failure) as caught:
        asking.truth(address, Argument(Point({})), "gradient")
    assert (caught.value.status, str(caught.value)) == (status, "reference: it fell")


def test_a_case_without_three_points_is_a_failure() -> None:
    def narrow(xp: Any, x: Any) -> Any:
        return xp.log(x - 1.0) + xp.log(1.0000001 - x)

    address = by_value(Problem("narrow", narrow, {"x": 1.00000005}))
    with pytest.raises(Failure, match=r"^reference: answers are checked at three points") as caught:
        references(Here()).conditions(Case("narrow", "", "gradient"), address, OPTIONS)
    assert caught.value.status is Status.ERROR


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    with Pool(tmp_path / "logs", threads=1) as workers:
        yield workers


def test_a_reference_is_found_again_by_the_worker_alone(
    pool: Pool, faulty: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GRADIOMETER_CACHE", str(tmp_path / "cache"))
    address, asking = faulty.problems["sound"].address, references(pool)
    (at,) = asking.points(address, "", 0).checked
    first = asking.truth(address, at, "gradient")
    (kept,) = (tmp_path / "cache").glob("*.npz")
    monkeypatch.delenv("GRADIOMETER_CACHE")  # of the coordinator, which has nothing to look up
    with monkeypatch.context() as other:
        other.setenv("GRADIOMETER_CACHE", str(kept.parent))
        cache.keep(kept.stem, replace(first, bits=7))
    again = asking.truth(address, at, "gradient")
    assert again.bits == 7
    assert (again.high == first.high).all()


def test_points_are_told_of_what_cannot_be_certified(pool: Pool, faulty: Registry) -> None:
    asking = references(pool)
    for name, expected in {
        "drowns": "^reference: rounding in float64 can be as large",
        "raises": r"^reference: .* overdrawn at faulty_problems\.py, line 28",
    }.items():
        address = faulty.problems[name].address
        points = asking.points(address, "", 0)
        assert points.signature.outputs == Space({"value": ()})
        with pytest.raises(Failure, match=expected):
            asking.truth(address, points.checked[0], "gradient")


def test_a_reference_that_takes_too_long_is_a_timeout(pool: Pool) -> None:
    large: Problem = replace(built_in.problem("mlp"), sizes=("64-256-256-10x65",))
    address = by_value(large)
    (at,) = references(pool).points(address, "64-256-256-10x65", 0).checked
    with pytest.raises(Failure, match="reference: certify took longer") as caught:
        references(pool, timeout_s=0.01).truth(address, at, "gradient")
    assert caught.value.status is Status.TIMEOUT
