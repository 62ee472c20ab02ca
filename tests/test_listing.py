"""`gradiometer list`: everything that was found is listed, faulty files among them."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from gradiometer.cli import listing
from gradiometer.errors import GradiometerError
from gradiometer.plugins import loader
from gradiometer.plugins.registry import Registry
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Space

PLUGIN = '''
from gradiometer import Method, problem


@problem(at={"x": 2.0}, sizes=("small", "big"), source="A book")
def listed_square(xp, x):
    """y = x[i]², see [/b].

    More about it.
    """
    return x * x


class ListedMethod(Method):
    """Reverse mode, listed.

    Cost: none.
    """

    name, mode = "listed-method", "forward"
    digits = {"float32": (2.0, 1.0), "float64": (4.5, 3.0)}


class AbsentMethod(Method):
    """Of a library that nobody has."""

    name, digits = "absent-method", {"float32": (6.0, 4.0)}
    requires = ("no_such_library_at_all",)
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "listed.py"
    path.write_text(PLUGIN, "utf-8")
    return path


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.py"
    path.write_text("import gradiometer\nraise ValueError('no such thing')\n")
    return path


def as_json(capsys: pytest.CaptureFixture[str]) -> Any:
    printed = capsys.readouterr()
    assert printed.err == ""
    return json.loads(printed.out, parse_constant=pytest.fail)


def named(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (found,) = (r for r in rows if r["name"] == name)
    return found


# Problems.


def test_every_problem_is_listed(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    listing.list_problems([], json=True)
    rows = as_json(capsys)
    assert [r["name"] for r in rows] == list(registry.problems)
    for r in rows:
        found = registry.problems[r["name"]]
        assert r["formula"]
        assert r["source"]
        written = found.address.load()
        assert r["outputs"] == list(written.output_names)
        assert r["by_hand"] == list(written.derivatives) != []
        points = [written.point(label) for label in written.labels]
        assert r["inputs"] == [Space.of(point.inputs).size for point in points]


def test_a_problem_of_a_plugin_is_listed_with_its_facts(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.list_problems([plugin], json=True)
    assert named(as_json(capsys), "listed-square") == {
        "name": "listed-square", "sizes": ["small", "big"], "larger": [], "inputs": [1, 1],
        "outputs": ["value"], "by_hand": [], "formula": "y = x[i]², see [/b].", "source": "A book",
    }  # fmt: skip


def test_the_table_of_problems_has_formulas_and_sizes(
    plugin: Path, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.list_problems([plugin], json=False)
    shown = capsys.readouterr().out
    assert all(name in shown for name in registry.problems)
    assert re.search(r"listed-square .*small, big", shown)
    assert re.search(r"listed-square .*y = x\[i\]², see \[/b\]\.", shown)
    assert re.search(r"product-of-sum +– +3 +value +gradient", shown)
    assert re.search(r"listed-square +small, big +1, 1 +value +–", shown)
    assert re.search(r"polar-coordinates +– +2 +r, theta +vjp, jvp, jacobian", shown)
    assert "15, 3,471, 89,098" in shown
    assert "by hand" in shown


def test_a_problem_whose_file_failed_to_load_shows_the_reason_for_its_formula(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Registry()
    found.add_broken("problems", "chains", "chains.py failed to load: x (line 2)")
    monkeypatch.setattr(loader, "load", lambda plugins: found)
    listing.list_problems([], json=True)
    (shown,) = as_json(capsys)
    assert shown["formula"] == "chains.py failed to load: x (line 2)"
    assert shown["inputs"] == [None]
    assert shown.keys() == {
        "name", "sizes", "larger", "inputs", "outputs", "by_hand", "formula", "source",
    }  # fmt: skip
    listing.list_problems([], json=False)
    assert re.search(r"chains +– +– +– +– +chains\.py failed to load", capsys.readouterr().out)


def test_a_problem_whose_point_cannot_be_drawn_is_listed_without_its_inputs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Registry()
    found.add(Problem("undrawn", lambda xp, x: x, lambda size, rng: {"x": [1.0][size]}, {}, (0, 7)))
    monkeypatch.setattr(loader, "load", lambda plugins: found)
    listing.list_problems([], json=False)
    assert re.search(r"undrawn +0, 7 +1, – ", capsys.readouterr().out)


# Methods.


def test_every_method_is_listed(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    listing.list_methods([], json=True)
    rows = as_json(capsys)
    assert [r["name"] for r in rows] == list(registry.methods)
    assert all(r["about"] for r in rows)
    promised = [r["digits"] for r in rows]
    assert all(each["float64"] > each.get("float32", 0.5) > 0 for each in promised)
    assert named(rows, "backprop")["available"] is True


def test_a_method_is_listed_with_its_promise_and_the_first_line_about_it(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.list_methods([plugin], json=True)
    assert named(as_json(capsys), "listed-method") == {
        "name": "listed-method", "tool": plugin.stem, "version": version("numpy"),
        "mode": "forward", "native": [], "digits": {"float32": 2.0, "float64": 4.5},
        "available": True, "environment": None, "from": str(plugin.resolve()),
        "about": "Reverse mode, listed.",
    }  # fmt: skip


def test_a_method_whose_library_is_missing_says_how_to_get_it(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.list_methods([plugin], json=True)
    found = named(as_json(capsys), "absent-method")
    assert found["available"] is False
    assert found["version"] is None
    assert "pip install no_such_library_at_all" in found["about"]


def test_a_file_that_fails_to_load_is_listed_with_its_reason(
    broken: Path, plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.list_methods([broken, plugin], json=True)
    rows = as_json(capsys)
    found = named(rows, "broken")
    assert found["available"] is False
    assert found["about"] == "broken.py failed to load: ValueError: no such thing (line 2)"
    assert found.keys() == named(rows, "listed-method").keys()
    assert (found["mode"], found["digits"]) == (None, {})
    assert named(rows, "listed-method")["available"] is True


def test_the_table_of_methods_says_yes_or_no(
    broken: Path, plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.list_methods([broken, plugin], json=False)
    shown = capsys.readouterr().out
    assert re.search(r"listed-method +\w+ +[\d.]+ +forward +– +float32 2, float64 4\.5 +yes", shown)
    assert re.search(r"absent-method +\w+ +– +reverse +– +float32 6 +no", shown)
    assert re.search(r"broken +– +– +– +– +no", shown)


@pytest.mark.parametrize("list_what", [listing.list_problems, listing.list_methods])
def test_a_plugin_that_is_not_there_is_an_error(list_what: Any, tmp_path: Path) -> None:
    with pytest.raises(GradiometerError, match=r"No plugin file or folder at .*check the path"):
        list_what([tmp_path / "nowhere.py"], json=False)


# Operators.


def test_every_operator_is_listed_with_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    listing.list_operators(json=True)
    rows = as_json(capsys)
    assert [r["name"] for r in rows] == list(OPERATORS)
    assert named(rows, "hvp")["takes"] == "tangents"
    assert named(rows, "hvp")["of"] == "scalar problems"
    assert named(rows, "jacobian")["takes"] is None
    assert named(rows, "jacobian")["of"] == "all problems"


def test_the_table_of_operators_has_their_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    listing.list_operators(json=False)
    shown = capsys.readouterr().out
    assert re.search(r"vjp +all problems +cotangents +wᵀ·J", shown)
    assert re.search(r"value +all problems +– +f\(x\)", shown)
