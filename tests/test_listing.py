"""`gradiometer list`: everything that was found is listed, faulty files among them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gradiometer.cli import listing
from gradiometer.errors import GradiometerError
from gradiometer.plugins.registry import Registry
from gradiometer.runs.store import RunFolder
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.problem import Problem

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

    name, mode, digits = "listed-method", "forward", 4.5


class AbsentMethod(Method):
    """Of a library that nobody has."""

    name, package = "absent-method", "no_such_library_at_all"
'''
INFO: dict[str, Any] = {
    "environment": {"started": "2026-01-01T12:00:00+00:00"},
    "timing": "interleaved",
    "options": {"threads": 1},
    "plan": {"cases": ["a/float64/value", "a/float64/gradient"], "methods": ["tape", "jit"]},
}
RECORD = {
    "case": "a/float64/value", "problem": "a", "size": "", "dtype": "float64",
    "operator": "value", "method": "tape", "tool": "tapes", "mode": "reverse", "reason": "",
    "route": "native",
}  # fmt: skip


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


def recorded(results: Path, *statuses: str, state: str = "complete") -> RunFolder:
    folder = RunFolder.create(results, INFO)
    for status in statuses:
        folder.append(RECORD | {"status": status})
    folder.finish(state)
    return folder


def as_json(capsys: pytest.CaptureFixture[str]) -> Any:
    printed = capsys.readouterr()
    assert printed.err == ""
    return json.loads(printed.out, parse_constant=pytest.fail)


def named(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (found,) = (r for r in rows if r["name"] == name)
    return found


# Problems.


def test_every_problem_is_listed(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    listing.problems([], json=True)
    rows = as_json(capsys)
    assert [r["name"] for r in rows] == list(registry.problems)
    for r in rows:
        found = registry.problems[r["name"]]
        assert r["formula"]
        assert r["source"]
        assert r["outputs"] == list(found.output_names)
        assert r["by_hand"] == list(found.derivatives) != []
        assert r["inputs"] == [found.point(label).n for label in found.labels]


def test_a_problem_of_a_plugin_is_listed_with_its_facts(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.problems([plugin], json=True)
    assert named(as_json(capsys), "listed-square") == {
        "name": "listed-square", "sizes": ["small", "big"], "inputs": [1, 1],
        "outputs": ["value"], "by_hand": [], "formula": "y = x[i]², see [/b].", "source": "A book",
    }  # fmt: skip


def test_the_table_of_problems_has_formulas_and_sizes(
    plugin: Path, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.problems([plugin], json=False)
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
    found.add(Problem("chains", lambda xp: xp, {}, fault="chains.py failed to load: x (line 2)"))
    monkeypatch.setattr(listing.registries, "load", lambda plugins: found)
    listing.problems([], json=True)
    (shown,) = as_json(capsys)
    assert shown["formula"] == "chains.py failed to load: x (line 2)"
    assert shown["inputs"] == [None]


def test_a_problem_whose_point_cannot_be_drawn_is_listed_without_its_inputs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Registry()
    found.add(Problem("undrawn", lambda xp, x: x, lambda size, rng: {"x": [1.0][size]}, {}, (0, 7)))
    monkeypatch.setattr(listing.registries, "load", lambda plugins: found)
    listing.problems([], json=False)
    assert re.search(r"undrawn +0, 7 +1, – ", capsys.readouterr().out)


# Methods.


def test_every_method_is_listed(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    listing.methods([], json=True)
    rows = as_json(capsys)
    assert [r["name"] for r in rows] == list(registry.methods)
    assert all(r["about"] and r["digits"] > 0 for r in rows)
    assert named(rows, "backprop")["available"] is True


def test_a_method_is_listed_with_its_promise_and_the_first_line_about_it(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.methods([plugin], json=True)
    assert named(as_json(capsys), "listed-method") == {
        "name": "listed-method", "mode": "forward", "digits": 4.5, "available": True,
        "about": "Reverse mode, listed.",
    }  # fmt: skip


def test_a_method_whose_library_is_missing_says_how_to_get_it(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.methods([plugin], json=True)
    found = named(as_json(capsys), "absent-method")
    assert found["available"] is False
    assert "pip install 'no_such_library_at_all'" in found["about"]


def test_a_file_that_fails_to_load_is_listed_with_its_reason(
    broken: Path, plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.methods([broken, plugin], json=True)
    rows = as_json(capsys)
    found = named(rows, "broken")
    assert found["available"] is False
    assert found["about"] == "broken.py failed to load: ValueError: no such thing (line 2)"
    assert named(rows, "listed-method")["available"] is True


def test_the_table_of_methods_says_yes_or_no(
    plugin: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listing.methods([plugin], json=False)
    lines = {
        line.split()[0]: line.split()
        for line in capsys.readouterr().out.splitlines()
        if line.split()
    }
    assert lines["listed-method"][1:4] == ["forward", "4.5", "yes"]
    assert lines["absent-method"][3] == "no"
    assert lines["backprop"][1:4] == ["manual", "12", "yes"]


@pytest.mark.parametrize("list_what", [listing.problems, listing.methods])
def test_a_plugin_that_is_not_there_is_an_error(list_what: Any, tmp_path: Path) -> None:
    with pytest.raises(GradiometerError, match=r"No plugin file or folder at .*check the path"):
        list_what([tmp_path / "nowhere.py"], json=False)


# Operators.


def test_every_operator_is_listed_with_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    listing.operators(json=True)
    rows = as_json(capsys)
    assert [r["name"] for r in rows] == list(OPERATORS)
    assert named(rows, "hvp")["takes"] == "tangents"
    assert named(rows, "hvp")["of"] == "scalar problems"
    assert named(rows, "jacobian")["takes"] is None
    assert named(rows, "jacobian")["of"] == "all problems"


def test_the_table_of_operators_has_their_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    listing.operators(json=False)
    shown = capsys.readouterr().out
    assert re.search(r"vjp +all problems +cotangents +wᵀ·J", shown)
    assert re.search(r"value +all problems +– +f\(x\)", shown)


# Runs.


@pytest.mark.parametrize("results", ["missing", "empty", "file"])
def test_without_runs_nothing_is_listed(
    results: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    listing.runs(tmp_path / results, json=True)
    assert as_json(capsys) == []
    listing.runs(tmp_path / results, json=False)
    assert capsys.readouterr().out == "No runs yet.\n"


def test_a_run_is_listed_with_what_it_planned_and_what_came_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = recorded(tmp_path, "ok", "timeout", "ok", state="interrupted")
    listing.runs(tmp_path, json=True)
    assert as_json(capsys) == [
        {
            "run": folder.path.name, "started": "2026-01-01T12:00:00+00:00",
            "state": "interrupted", "planned": 4, "recorded": 3, "ok": 2,
        }
    ]  # fmt: skip


def test_runs_are_listed_oldest_first_in_table_and_json_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("20260103-000000-aaaa", "20251231-000000-ffff", "20260102-000000-0000"):
        recorded(tmp_path, "ok").path.rename(tmp_path / name)
    listing.runs(tmp_path, json=True)
    ids = [r["run"] for r in as_json(capsys)]
    assert ids == ["20251231-000000-ffff", "20260102-000000-0000", "20260103-000000-aaaa"]
    listing.runs(tmp_path, json=False)
    shown = capsys.readouterr().out
    assert sorted(ids, key=shown.index) == ids


def test_a_run_whose_last_line_was_cut_counts_the_whole_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = recorded(tmp_path, "ok", "ok", state="running")
    with folder.journal.open("a") as file:
        file.write('{"case": "c2", "met')
    listing.runs(tmp_path, json=True)
    (found,) = as_json(capsys)
    assert (found["recorded"], found["ok"], found["state"]) == (2, 2, "running")


def test_a_damaged_run_is_named_in_the_error(tmp_path: Path) -> None:
    folder = recorded(tmp_path, "ok")
    (folder.path / "run.json").write_text("{")
    with pytest.raises(GradiometerError, match=f"{folder.path.name}.*not valid JSON"):
        listing.runs(tmp_path, json=True)
