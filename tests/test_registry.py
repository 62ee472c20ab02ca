"""What there is, by name: what is described, where objects stay, and what is broken."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import built_in
import pytest

from gradiometer.errors import GradiometerError, InvalidPlugin
from gradiometer.plugins.loader import load
from gradiometer.plugins.registry import Broken, Kind, MethodEntry, ProblemEntry, Registry
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem


def method_class(name: str, home: str = "acme", **settings: Any) -> type[Method]:
    """Return a class of methods, defined in module `home`."""
    return type("A", (Method,), {"name": name, "__module__": home, **settings})


def scaled(xp: Any, x: Any) -> Any:
    """y = 2·x

    Twice its argument.
    """
    return 2.0 * x


# Objects


def test_the_same_object_may_be_added_twice() -> None:
    registry, method = Registry(), method_class("a")()
    registry.add(method)
    registry.add(method)
    assert registry.methods.keys() == {"a"}


@pytest.mark.parametrize("make", [lambda: method_class("a")(), lambda: Problem("a", scaled, {})])
def test_another_object_of_a_name_is_refused(make: Any) -> None:
    registry = Registry()
    registry.add(make())
    with pytest.raises(
        GradiometerError, match="'a' is defined twice, in an object that was made here and in"
    ):
        registry.add(make())


def test_a_problem_and_a_method_may_share_a_name() -> None:
    registry = Registry()
    registry.add(method_class("same")())
    registry.add(Problem("same", lambda xp: xp, {}))
    assert (list(registry.problems), list(registry.methods)) == (["same"], ["same"])


class Plain(Method):
    name, primal = "plain", "numpy"


@pytest.mark.parametrize(
    ("base", "settings", "expected"),
    [
        (Method, {}, "a"),
        (Method, {"primal": ""}, "a"),
        (Method, {"primal": "numpy", "finish": Method.finish}, "numpy"),
        (Plain, {}, "numpy"),
        (Plain, {"gradient": Method.gradient, "digits": {}, "mode": "forward"}, "numpy"),
        (Plain, {"primal": ""}, "a"),
        (Plain, {"finish": Method.finish}, "a"),
        (Plain, {"order": 2}, "a"),  # may be used by what is inherited
        (type("B", (Plain,), {"order": 2}), {}, "a"),
        (type("B", (Plain,), {"order": 2}), {"primal": "c"}, "c"),
    ],
)
def test_a_primal_is_shared_by_what_evaluates_it_alike(
    base: type[Method], settings: dict[str, Any], expected: str
) -> None:
    made = type("A", (base,), {"name": "a", "__module__": "acme", **settings})
    assert MethodEntry.of(made(), built_in.registry().methods["jax"].address).primal == expected


def test_a_method_with_attributes_of_its_own_shares_no_primal() -> None:
    made = Plain()
    made.order = 2  # type: ignore[attr-defined]
    assert MethodEntry.of(made, built_in.registry().methods["jax"].address).primal == "plain"


def test_two_registries_share_nothing() -> None:
    registry = Registry()
    registry.add(method_class("a")())
    assert Registry().methods == {}


@pytest.mark.parametrize("item", [built_in.problem("mlp"), built_in.method("jax")])
def test_an_object_that_its_file_defines_is_known(item: Problem | Method) -> None:
    registry = load()
    before = dict(registry.problems), dict(registry.methods)
    registry.add(item)
    assert (registry.problems, registry.methods) == before
    assert not registry.holds_objects


def changed_method() -> Method:
    method = type(built_in.method("jax"))()
    method.exact = False
    return method


@pytest.mark.parametrize(
    "item", [replace(built_in.problem("mlp"), sizes=()), changed_method()], ids=lambda i: i.name
)
def test_a_changed_copy_is_not_taken_for_the_original(item: Problem | Method) -> None:
    with pytest.raises(GradiometerError, match=f"{item.name!r} is defined twice"):
        load().add(item)


def test_a_changed_copy_of_another_name_travels_by_value() -> None:
    registry = load()
    registry.add(replace(built_in.problem("mlp"), name="larger", sizes=("2-2-1x1",)))
    assert registry.holds_objects
    address = registry.problems["larger"].address
    assert address.pickled
    assert address.load().labels == registry.problems["larger"].labels == ("2-2-1x1",)


# Descriptions


def test_a_problem_is_described_in_words_and_numbers() -> None:
    registry = Registry()
    problem = Problem(
        "p", scaled, {"x": 1.0}, sizes=(1, 20), source="here", outputs=("y",), on_request=True,
        expected={"jax*": "crashed"}, derivatives={"vjp": scaled},
    )  # fmt: skip
    registry.add(problem)
    entry = registry.problems["p"]
    assert entry == ProblemEntry(
        "p", ("1", "20"), ("y",), ("vjp",), "float64", "y = 2·x", "Twice its argument.", "here",
        on_request=True, expected={"jax*": "crashed"}, address=entry.address,
    )  # fmt: skip
    assert [entry.expects(name) for name in ("jax-jit", "sympy")] == ["crashed", ""]


@pytest.mark.parametrize(
    ("docstring", "summary"),
    [
        ("y = x².\n\n    Why it is here.\n    ", "y = x²."),
        ("\n    y = x².\n\n    Why.\n    ", "y = x²."),
        ("y = x².", "y = x²."),
        ("", ""),
        (None, ""),
    ],
)
def test_the_summary_is_the_first_line_of_the_docstring(
    docstring: str | None, summary: str
) -> None:
    def function(xp: Any, x: Any) -> Any:
        return x

    function.__doc__ = docstring
    registry = Registry()
    registry.add(Problem("p", function, {"x": 1.0}))
    assert registry.problems["p"].summary == summary


@pytest.mark.parametrize(
    ("tool", "family", "found"),
    [("", "", "m"), ("", "file", "file"), ("own", "file", "own"), ("own", "", "own")],
)
def test_a_method_is_of_its_own_tool_or_its_file_s(tool: str, family: str, found: str) -> None:
    registry = Registry()
    registry.add(method_class("m", tool=tool)(), family)
    assert registry.methods["m"].tool == found


def test_objects_without_a_file_are_tools_of_their_own() -> None:
    registry = Registry()
    for name in ("a", "b"):
        registry.add(method_class(name)())
    assert [m.tool for m in registry.methods.values()] == ["a", "b"]


def test_a_method_is_described_in_words_and_numbers() -> None:
    registry = Registry()
    digits = {"float64": (5.0, 4.0)}
    facts = {
        "mode": "forward",
        "requires": ("nosuch",),
        "extra": "x",
        "digits": digits,
        "package": "no-such",
    }
    told = {"exact": False, "primal": "p", "__doc__": "Guesses.\n\nOften."}
    registry.add(method_class("m", **facts, **told)())
    entry = registry.methods["m"]
    assert entry == MethodEntry(
        "m", "forward", "m", ("nosuch",), "x", digits, exact=False, about="Guesses.",
        address=entry.address, primal="p", package="no-such",
    )  # fmt: skip
    assert entry.missing == "nosuch is not installed: pip install no-such"


@pytest.mark.parametrize("requires", [(), ("numpy",), ("numpy", "scipy.special")])
def test_a_method_whose_libraries_are_there_lacks_none(requires: tuple[str, ...]) -> None:
    registry = Registry()
    registry.add(method_class("m", requires=requires)())
    assert registry.methods["m"].missing is None


@pytest.mark.parametrize(("library", "installed"), [("nosuch", "nosuch"), ("numpy.no", "numpy")])
def test_one_library_that_is_not_there_is_missing(library: str, installed: str) -> None:
    registry = Registry()
    registry.add(method_class("m", requires=("numpy", library))())
    assert registry.methods["m"].missing == f"{library} is not installed: pip install {installed}"


# What can be promised


@pytest.mark.parametrize("pair", [(1, 1), (16.0, 16.0), [12.0, 11.0], (6.0, None)])
def test_a_promise_of_some_digits_is_taken(pair: Any) -> None:
    registry = Registry()
    registry.add(method_class("m", digits={"float64": (12.0, 11.0), "float32": pair})())
    assert registry.methods["m"].digits["float32"] == pair


@pytest.mark.parametrize(
    ("digits", "told"),
    [
        *[({"float32": (d, 11.0)}, f"({d}, 11.0) digits in float32") for d in (-20, 0, 17)],
        *[({"float32": (12.0, d)}, f"(12.0, {d}) digits in float32") for d in (math.nan, math.inf)],
        ({"float64": 12.0}, "12.0 digits in float64"),
        ({"float64": "ab"}, "'ab' digits in float64"),
        ({"float64": (12.0,)}, "(12.0,) digits in float64"),
        (12.0, "12.0 digits"),
        ("12", "'12' digits"),
    ],
)
def test_a_promise_that_cannot_be_is_refused(digits: Any, told: str) -> None:
    registry = Registry()
    with pytest.raises(InvalidPlugin) as caught:
        registry.add(method_class("m", digits=digits)())
    assert str(caught.value).startswith(f"Method 'm' promises {told}: expected those of a first")
    assert registry.methods == {}


# What is broken


@pytest.mark.parametrize("kind", ["problems", "methods"])
def test_what_is_broken_has_the_name_of_its_file(kind: Kind) -> None:
    registry = Registry()
    registry.add_broken(kind, "acme", "it broke")
    assert registry.broken == [Broken(kind, "acme", "it broke")]
    assert registry.named(kind) == {"acme": Broken(kind, "acme", "it broke")}
    assert registry.problems == registry.methods == {}


@pytest.mark.parametrize("kind", ["problems", "methods"])
def test_what_is_broken_makes_way_for_a_taken_name(kind: Kind) -> None:
    registry = Registry()
    registry.add(method_class("acme")() if kind == "methods" else Problem("acme", abs, {}))
    registry.add_broken(kind, "acme", "it broke")
    assert list(registry.named(kind)) == ["acme", "acme (broken)"]
    assert registry.named(kind)["acme (broken)"].reason == "it broke"


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*", ["a", "ab", "bad"]),
        ("a", ["a"]),
        ("a*", ["a", "ab", "asked"]),
        ("?", ["a"]),
        ("b*", ["bad"]),
        ("A", []),
        ("", []),
    ],
)
def test_a_pattern_finds_entries_and_what_is_broken(pattern: str, names: list[str]) -> None:
    registry = Registry()
    registry.add_broken("problems", "bad", "it broke")
    for name in ("a", "ab", "asked"):
        registry.add(Problem(name, scaled, {"x": 1.0}, on_request=name == "asked"))
    registry.add(method_class("a")())
    assert [entry.name for entry in registry.matching("problems", pattern)] == names


def test_a_broken_file_is_known_by_no_other_kind(tmp_path: Path) -> None:
    (tmp_path / "acme.py").write_text("1 / 0\n")
    registry = load([tmp_path])
    assert "acme" in registry.named("methods")
    assert "acme" not in registry.named("problems")
