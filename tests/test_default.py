"""The default selection: what is taken where nothing is named, and stays so."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from gradiometer import api
from gradiometer.measure.plan import make_plan
from gradiometer.plugins import default, loader
from gradiometer.plugins.registry import Registry

OWN = """\
from gradiometer import problem

@problem(at=lambda size, rng: {"x": float(size)}, sizes=(1, 2, 3))
def three_sizes(xp, x):
    return x * x

@problem(at={"x": 1.0}, on_request=True)
def asked_for(xp, x):
    return x * x
"""


def names(registry: Registry, **asked: Any) -> list[list[str]]:
    return [[entry.name for entry in found] for found in api.selection(registry, {}, **asked)]


def test_all_that_is_listed_is_built_in(registry: Registry) -> None:
    assert names(registry) == [
        [name for name in registry.problems if name in default.PROBLEMS],
        [name for name in registry.methods if name in default.METHODS],
    ]
    assert set(default.METHODS) <= set(registry.methods)
    for name, sizes in default.PROBLEMS.items():
        assert set(sizes) <= set(registry.problems[name].labels)
    larger = [name for name, sizes in default.PROBLEMS.items() if len(sizes) == 2]
    assert (len(default.PROBLEMS), len(larger), len(default.METHODS)) == (18, 6, 15)


def test_everything_is_what_is_not_on_request(registry: Registry) -> None:
    problems, methods = names(registry, everything=True)
    assert problems == [name for name in registry.problems if name != "where-trap"]
    assert methods == names(registry)[1]


def test_what_the_user_brings_is_always_taken(write: Callable[[str, str], Path]) -> None:
    own = loader.load([write("own.py", OWN), write("faulty.py", "import nosuch")])
    problems, methods = api.selection(own, {})
    assert [each.name for each in problems][-1:] == ["three-sizes"]
    assert [each.name for each in methods][-1:] == ["faulty"]
    plan = make_plan(own, problems, methods, operators="value", extent="default")
    sizes: dict[str, set[str]] = {}
    for case in plan.cases:
        sizes.setdefault(case.problem, set()).add(case.size)
    assert sizes == {k: set(v) for k, v in default.PROBLEMS.items()} | {"three-sizes": {"2"}}


def test_what_is_named_stands_for_its_kind_alone(registry: Registry) -> None:
    chosen = [registry.problems["mlp"]]
    assert api.selection(registry, {"problems": chosen}) == [
        chosen, default.selected(registry, "methods"),
    ]  # fmt: skip
    assert api.selection(registry, {"methods": []})[1] == []


@pytest.mark.parametrize(
    ("unnamed", "quick", "everything", "extent", "options"),
    [
        (True, False, False, "default", (0.6, 60.0, None)),
        (False, False, False, "full", (3.0, 60.0, None)),
        (True, False, True, "full", (0.7, 30.0, 100_000)),
        (False, False, True, "full", (3.0, 60.0, None)),
        (True, True, False, "smallest", (3.0, 60.0, None)),
        (True, True, True, "smallest", (3.0, 60.0, None)),
    ],
)
def test_less_is_spent_on_a_case_where_there_are_many(
    unnamed: bool, quick: bool, everything: bool, extent: str, options: tuple[Any, ...]
) -> None:
    taken = api.extent(unnamed, quick=quick, everything=everything)
    usual = api.usual_options(taken, unnamed=unnamed)
    assert taken == extent
    assert (usual.budget_s, usual.timeout_s, usual.most_inputs) == options


PRIMAL = ("setup", "namespace", "array", "variable", "value", "finish", "arguments", "wait")
"""What decides how a method evaluates a value, and how long that takes."""


def test_built_in_methods_that_share_a_primal_evaluate_it_alike(registry: Registry) -> None:
    entries = sorted(registry.methods.values(), key=lambda m: (m.tool, m.primal))
    groups = [list(each) for _, each in groupby(entries, key=lambda m: (m.tool, m.primal))]
    assert sum(len(each) > 1 for each in groups) >= 3
    for group in groups:
        kinds = [type(entry.address.load()) for entry in group]
        for part in PRIMAL:
            assert len({inspect.getattr_static(kind, part) for kind in kinds}) == 1, (group, part)
