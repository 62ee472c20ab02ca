"""What is to be measured: by name, by pattern, by file, by name in a file, as an object."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import built_in
import pytest

from gradiometer import Method, Problem
from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.plugins.loader import load
from gradiometer.plugins.registry import Kind, Registry
from gradiometer.plugins.selection import choose, choose_problem

METHODS: tuple[Kind, ...] = ("methods",)
PROBLEMS: tuple[Kind, ...] = ("problems",)
PLUGIN = """
from gradiometer import Method, problem

class A(Method):
    name = "acme-a"

class B(Method):
    name = "acme-b"

@problem(at={"x": 1.0})
def acme_p(xp, x):
    return x
"""


def make_method(name: str) -> Method:
    """Return a method."""
    return type("A", (Method,), {"name": name})()


def make_problem(name: str, **settings: Any) -> Problem:
    """Return a problem."""
    return Problem(name, lambda xp, x: x, {"x": 1.0}, **settings)


@pytest.fixture
def registry() -> Registry:
    """Return a small registry."""
    made = Registry()
    for name in ("jax-jit", "backprop", "jax", "jax-forward", "sympy"):
        made.add(make_method(name))
    return made


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """Write a file with two methods and a problem, and forget its module."""
    before = set(sys.modules)
    path = tmp_path / "acme.py"
    path.write_text(PLUGIN, encoding="utf-8")
    yield path
    for name in set(sys.modules) - before:
        if name.startswith("gradiometer.files."):
            del sys.modules[name]


def names(found: dict[Kind, list[Any]]) -> dict[str, list[str]]:
    """Return the names of what was chosen, by kind."""
    return {kind: [entry.name for entry in entries] for kind, entries in found.items()}


# Names and patterns


@pytest.mark.parametrize(
    ("what", "expected"),
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
def test_patterns_choose_once_in_the_registry_s_order(
    registry: Registry, what: Any, expected: list[str]
) -> None:
    assert names(choose(registry, what, METHODS)) == {"methods": expected}


def test_a_name_of_both_kinds_chooses_both(registry: Registry) -> None:
    registry.add(make_problem("jax"))
    assert names(choose(registry, "jax")) == {"problems": ["jax"], "methods": ["jax"]}
    assert names(choose(registry, "jax", PROBLEMS)) == {"problems": ["jax"]}


@pytest.mark.parametrize(
    ("what", "expected"),
    [("*", ["usual"]), ("all", ["usual"]), ("asked", ["asked"]), ("a*", ["asked"])],
)
def test_all_are_those_not_on_request_alone(what: str, expected: list[str]) -> None:
    registry = Registry()
    for problem in (make_problem("asked", on_request=True), make_problem("usual")):
        registry.add(problem)
    assert names(choose(registry, what, PROBLEMS)) == {"problems": expected}


def test_all_methods_are_those_that_can_run_here(registry: Registry) -> None:
    before = names(choose(registry, "*", METHODS))
    registry.add(type("A", (Method,), {"name": "absent", "requires": ("acme_absent",)})())
    registry.add_broken("methods", "bad", "it broke")
    assert names(choose(registry, "all", METHODS))["methods"] == [*before["methods"], "bad"]
    registry.add(make_method("all"))
    assert names(choose(registry, "all", METHODS)) == {"methods": ["all"]}


def test_what_is_broken_is_chosen_by_name_too(registry: Registry) -> None:
    registry.add_broken("methods", "bad", "it broke")
    (chosen,) = choose(registry, "bad", METHODS)["methods"]
    assert chosen.reason == "it broke"


# Files


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (PROBLEMS, {"problems": ["acme-p"]}),
        (METHODS, {"methods": ["acme-a", "acme-b"]}),
        ((*PROBLEMS, *METHODS), {"problems": ["acme-p"], "methods": ["acme-a", "acme-b"]}),
    ],
)
def test_a_file_chooses_all_that_it_brings(
    registry: Registry, file: Path, kinds: tuple[Kind, ...], expected: dict[str, list[str]]
) -> None:
    assert names(choose(registry, str(file), kinds)) == expected
    assert registry.paths == [file]


@pytest.mark.parametrize(
    ("what", "expected"),
    [("acme-b", ["acme-b"]), ("acme_b", ["acme-b"]), ("acme-p", [])],
)
def test_a_name_in_a_file_chooses_that_alone(
    registry: Registry, file: Path, what: str, expected: list[str]
) -> None:
    assert names(choose(registry, f"{file}:{what}"))["methods"] == expected


def test_a_file_may_be_named_again_and_again(registry: Registry, file: Path) -> None:
    several = [f"{file}:acme-b", f"{file}:acme-a", "jax", str(file)]
    expected = {"methods": ["jax", "acme-a", "acme-b"]}
    assert names(choose(registry, several, METHODS)) == expected
    assert names(choose(registry, several, METHODS)) == expected


def test_a_relative_path_is_the_same_file(
    registry: Registry, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(file.parent)
    for what in ("acme.py:acme-a", "./acme.py:acme-a", f"{file}:acme-a"):
        assert names(choose(registry, what, METHODS)) == {"methods": ["acme-a"]}


def test_a_file_of_a_folder_that_was_loaded_is_known(file: Path) -> None:
    registry = load([file.parent])
    assert names(choose(registry, f"{file}:acme-a", METHODS)) == {"methods": ["acme-a"]}


def test_a_built_in_file_may_be_named() -> None:
    registry = load()
    path = registry.problems["mlp"].address.path
    chosen = names(choose(registry, str(path)))["problems"]
    assert "mlp" in chosen
    assert set(chosen) < set(registry.problems)


def test_a_file_beside_a_broken_one_can_be_named(file: Path) -> None:
    (file.parent / "bad.py").write_text("1 / 0\n")
    for extra in ("bad.py", "."):
        registry = load([file.parent / extra])
        assert names(choose(registry, str(file), METHODS))["methods"] == ["acme-a", "acme-b"]


def test_a_file_is_not_blamed_for_its_namesake(file: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / file.name).write_text("1 / 0\n")
    registry = load([tmp_path / "elsewhere"])
    assert names(choose(registry, str(file), METHODS))["methods"] == ["acme-a", "acme-b"]


# Objects


def test_an_object_is_added_and_chosen(registry: Registry) -> None:
    mine = make_method("mine")
    for _ in range(2):
        assert names(choose(registry, [mine, "jax"], METHODS)) == {"methods": ["jax", "mine"]}
    assert registry.methods["mine"].address.pickled


def test_a_single_object_needs_no_list(registry: Registry) -> None:
    assert names(choose(registry, make_problem("mine"), PROBLEMS)) == {"problems": ["mine"]}


def test_an_object_of_a_built_in_file_is_its_entry() -> None:
    registry = load()
    (chosen,) = choose(registry, built_in.problem("mlp"), PROBLEMS)["problems"]
    assert chosen is registry.problems["mlp"]
    assert not chosen.address.pickled


# Wrong inputs


def test_an_unknown_name_is_answered_with_the_nearest(registry: Registry) -> None:
    with pytest.raises(UnknownName) as caught:
        choose(registry, "jx-jit", METHODS)
    assert str(caught.value) == (
        "Unknown method 'jx-jit': expected one of backprop, jax, jax-forward, jax-jit, sympy. "
        "Did you mean 'jax-jit'?"
    )


@pytest.mark.parametrize("what", [["jax", "absent*"], "JAX", "", "jax.p", "jax:jax"])
def test_every_pattern_must_match_something(registry: Registry, what: Any) -> None:
    with pytest.raises(UnknownName):
        choose(registry, what, METHODS)


def test_an_empty_registry_says_that_there_is_nothing() -> None:
    with pytest.raises(UnknownName, match=r"problem '\*': expected one of \(none\)"):
        choose(Registry(), "*", PROBLEMS)


def test_an_unknown_name_of_any_kind_is_so_called(registry: Registry) -> None:
    with pytest.raises(UnknownName, match="Unknown problem or method 'absent'"):
        choose(registry, "absent")


@pytest.mark.parametrize("name", ["absent", "acme", "a*", "jax"])
def test_a_name_that_a_file_lacks_is_unknown(registry: Registry, file: Path, name: str) -> None:
    with pytest.raises(UnknownName, match=r"acme\.py:"):
        choose(registry, f"{file}:{name}")


def test_a_file_without_the_kind_is_refused(registry: Registry, tmp_path: Path) -> None:
    path = tmp_path / "empty.py"
    path.write_text("x = 1\n")
    with pytest.raises(GradiometerError, match=r"empty\.py brings no problem and no method"):
        choose(registry, str(path), METHODS)


@pytest.mark.parametrize("suffix", ["", ":name"])
def test_a_file_that_is_not_there_is_refused(
    registry: Registry, tmp_path: Path, suffix: str
) -> None:
    for _ in range(2):
        with pytest.raises(GradiometerError, match=r"absent\.py': check the path"):
            choose(registry, f"{tmp_path}/absent.py{suffix}")


@pytest.mark.parametrize("suffix", ["", ":acme-a"])
def test_a_broken_file_is_refused_with_its_reason(
    registry: Registry, tmp_path: Path, suffix: str
) -> None:
    (tmp_path / "bad.py").write_text("x = 1\n1 / 0\n")
    for _ in range(2):
        with pytest.raises(GradiometerError, match=r"^bad\.py failed to load: Zero.* \(line 2\)$"):
            choose(registry, f"{tmp_path}/bad.py{suffix}")


@pytest.mark.parametrize("item", [make_problem("mlp"), make_method("jax")], ids=lambda i: i.name)
def test_an_object_of_a_taken_name_is_refused(item: Problem | Method) -> None:
    with pytest.raises(GradiometerError, match=f"{item.name!r} is defined twice"):
        choose(load(), item)


@pytest.mark.parametrize(
    ("item", "kinds"), [(make_method("mine"), PROBLEMS), (make_problem("mine"), METHODS)]
)
def test_an_object_of_another_kind_is_refused(item: Any, kinds: tuple[Kind, ...]) -> None:
    registry = Registry()
    with pytest.raises(GradiometerError, match=f"'mine' is none of the {kinds[0]}"):
        choose(registry, item, kinds)
    assert registry == Registry()


def test_a_file_with_a_taken_name_is_refused(file: Path) -> None:
    file.write_text(PLUGIN.replace("acme-b", "jax"), encoding="utf-8")
    with pytest.raises(GradiometerError, match="Method 'jax' is defined twice"):
        choose(load(), str(file))


# One problem


def test_one_problem_is_chosen_by_any_of_these(file: Path) -> None:
    registry = load()
    for what in ("mlp", "ml?", built_in.problem("mlp")):
        assert choose_problem(registry, what) is registry.problems["mlp"]
    for what in (str(file), f"{file}:acme-p", "acme-p"):
        assert choose_problem(registry, what).name == "acme-p"


def test_several_problems_are_refused_where_one_is_due() -> None:
    registry = Registry()
    for name in ("a", "ab"):
        registry.add(make_problem(name))
    with pytest.raises(GradiometerError, match=r"^'a\*' names 2 problems: a, ab\. Name one\.$"):
        choose_problem(registry, "a*")


def test_a_broken_problem_is_refused_with_its_reason(registry: Registry) -> None:
    registry.add_broken("problems", "bad", "bad.py failed to load: it broke")
    with pytest.raises(GradiometerError, match=r"^bad\.py failed to load: it broke$"):
        choose_problem(registry, "bad")


def test_an_unknown_problem_is_refused(registry: Registry) -> None:
    with pytest.raises(UnknownName, match="Unknown problem 'jax'"):
        choose_problem(registry, "jax")
