"""What there is, by name: adding, faults, choosing by glob."""

from __future__ import annotations

from typing import Any

import pytest

from gradiometer.errors import UnknownName
from gradiometer.plugins.registry import Registry, select
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem


def method_class(name: str, home: str = "acme", **settings: Any) -> type[Method]:
    """Return a class of methods, defined in module `home`."""
    return type("A", (Method,), {"name": name, "__module__": home, **settings})


def test_the_same_object_may_be_added_twice() -> None:
    registry, method = Registry(), method_class("a")()
    registry.add(method)
    registry.add(method)
    assert registry.methods == {"a": method}


def test_a_problem_and_a_method_may_share_a_name() -> None:
    registry = Registry()
    registry.add(method_class("same")())
    registry.add(Problem("same", lambda xp: xp, {}))
    assert (list(registry.problems), list(registry.methods)) == (["same"], ["same"])


def test_two_registries_share_nothing() -> None:
    registry = Registry()
    registry.add(method_class("a")())
    assert Registry().methods == {}


@pytest.mark.parametrize("kind", ["problems", "methods"])
def test_a_fault_stands_under_the_name_of_its_file(kind: str) -> None:
    registry = Registry()
    registry.add_fault(kind, "acme", "it broke")
    assert getattr(registry, kind)["acme"].fault == "it broke"


@pytest.mark.parametrize("kind", ["problems", "methods"])
def test_a_fault_makes_way_for_a_name_that_is_taken(kind: str) -> None:
    registry = Registry()
    registry.add(method_class("acme")() if kind == "methods" else Problem("acme", abs, {}))
    registry.add_fault(kind, "acme", "it broke")
    assert [item.fault for item in getattr(registry, kind).values()] == [None, "it broke"]


SHELF = {n: method_class(n)() for n in ("jax-jit", "backprop", "jax", "jax-forward", "sympy")}


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ("*", ["jax-jit", "backprop", "jax", "jax-forward", "sympy"]),
        ("jax", ["jax"]),
        ("jax*", ["jax-jit", "jax", "jax-forward"]),
        (["sympy", "backprop"], ["backprop", "sympy"]),
        (["jax*", "*jit", "jax"], ["jax-jit", "jax", "jax-forward"]),
        (("?ax", "[bs]*"), ["backprop", "jax", "sympy"]),
        (iter(["jax"]), ["jax"]),
        ([], []),
    ],
)
def test_names_are_chosen_by_pattern_once_each_in_the_order_of_the_registry(
    patterns: Any, names: list[str]
) -> None:
    assert [m.name for m in select(SHELF, patterns, "method")] == names


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName) as caught:
        select(SHELF, "jx-jit", "method")
    assert str(caught.value) == (
        "Unknown method 'jx-jit': expected one of backprop, jax, jax-forward, jax-jit, sympy. "
        "Did you mean 'jax-jit'?"
    )


@pytest.mark.parametrize("patterns", [["jax", "absent*"], "JAX", ""])
def test_every_pattern_must_match_something(patterns: Any) -> None:
    with pytest.raises(UnknownName):
        select(SHELF, patterns, "method")


def test_choosing_from_an_empty_shelf_says_that_there_is_nothing() -> None:
    with pytest.raises(UnknownName, match=r"expected one of \(none\)"):
        select({}, "*", "problem")
