"""`gradiometer show`: what a problem is, with digits that can be relied upon."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

from gradiometer import plugins as registries
from gradiometer.commands.show import MOST_ROWS, show
from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.problem import Problem
from gradiometer.registry import Registry

PLUGIN = '''
import numpy as np

from gradiometer import problem


def _drawn(size, rng):
    return {"w": rng.normal(size=size)}


@problem(at=_drawn, given={"k": 3.0, "c": np.ones(2)}, sizes=(2, 25), source="Notes, p. 7")
def shown_sum(xp, w, *, k, c):
    """y = k·Σw.

    Linear in w, so that
    every derivative is k.
    """
    return k * xp.sum(w)


@problem(at={"w": [1.0, 2.0]}, source="[notes] p. 7")
def shown_brackets(xp, w):
    """y = Σ w[i], see [/b].

    Linear in w[i].
    """
    return xp.sum(w)


@problem(at={"x": -2.0})
def shown_log(xp, x):
    """y = log x."""
    return xp.log(x)


def _undrawn(size, rng):
    return {"x": [1.0, 2.0][7]}


@problem(at=_undrawn)
def shown_undrawn(xp, x):
    """y = x."""
    return x
'''


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    path = tmp_path / "shown.py"
    path.write_text(PLUGIN, "utf-8")
    return path


Told = Callable[..., dict[str, Any]]
Printed = Callable[..., str]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str], plugin: Path) -> Told:
    """What `show --json` prints."""

    def tell(name: str, size: str | None = None, seed: int = 0) -> dict[str, Any]:
        show(name, size, seed, [plugin], json=True)
        found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
        return found

    return tell


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], plugin: Path) -> Printed:
    """What `show` prints."""

    def tell(name: str, size: str | None = None, seed: int = 0) -> str:
        show(name, size, seed, [plugin], json=False)
        return capsys.readouterr().out

    return tell


def values(facts: dict[str, Any]) -> dict[str, Decimal]:
    return {c["component"]: Decimal(c["value"]) for c in facts["components"]}


def test_an_exact_problem_shows_its_exact_value_and_derivative(told: Told) -> None:
    facts = told("product-of-sum")
    assert facts["problem"] == "product-of-sum"
    assert facts["formula"].startswith("f = (x + y)·z")
    assert facts["source"]
    assert (facts["sizes"], facts["size"], facts["inputs"], facts["given"]) == ([], "", 3, {})
    assert values(facts) == {"value": -12, "∂/∂x": -4, "∂/∂y": -4, "∂/∂z": 3}
    assert {c["component"]: c["at"] for c in facts["components"]} == {
        "value": "", "∂/∂x": "-2", "∂/∂y": "5", "∂/∂z": "-4",
    }  # fmt: skip
    assert all(float(c["radius"]) == 0.0 for c in facts["components"])


def test_a_rounded_problem_shows_twenty_digits_that_are_true(told: Told) -> None:
    facts = told("sigmoid-affine")
    with localcontext() as context:
        context.prec = 40
        y = 1 / (1 + Decimal(-7).exp())
        slope = y * (1 - y)
        truth = {"value": y, "∂/∂x": 3 * slope, "∂/∂a": 2 * slope, "∂/∂b": slope}
        shown = values(facts)
        assert list(shown) == list(truth)
        for c in facts["components"]:
            name = c["component"]
            assert abs(shown[name] - truth[name]) <= Decimal("1e-20") * truth[name]
            assert 0.0 < float(c["radius"]) < 1e-15 * float(truth[name])


def test_a_problem_of_a_plugin_is_shown_with_its_given_values(told: Told) -> None:
    facts = told("shown-sum")
    assert facts["sizes"] == ["2", "25"]
    assert (facts["size"], facts["inputs"]) == ("2", 2)
    assert facts["given"] == {"k": 3.0, "c": "array of shape (2,)"}
    assert facts["about"] == "Linear in w, so that\nevery derivative is k."
    assert [c["component"] for c in facts["components"]] == ["value", "∂/∂w[0]", "∂/∂w[1]"]
    shown = values(facts)
    assert shown["∂/∂w[0]"] == shown["∂/∂w[1]"] == 3
    at = [float(c["at"]) for c in facts["components"][1:]]
    assert float(shown["value"]) == pytest.approx(3.0 * sum(at), rel=1e-15)


def test_json_has_every_component_of_a_large_problem(told: Told) -> None:
    facts = told("shown-sum", "25")
    assert facts["inputs"] == 25
    assert len(facts["components"]) == 26 > MOST_ROWS


@pytest.mark.parametrize(("seed", "same"), [(0, True), (1, False)])
def test_the_point_depends_on_the_seed_alone(told: Told, seed: int, same: bool) -> None:
    first, second = told("shown-sum"), told("shown-sum", seed=seed)
    assert (first == second) is same


def test_the_table_shows_facts_and_certified_components(printed: Printed) -> None:
    shown = printed("product-of-sum")
    assert shown.startswith("product-of-sum  f = (x + y)·z")
    assert "inputs  3: x, y, z\n" in shown
    assert "given   nothing\n" in shown
    assert "sizes   one\n" in shown
    assert "Certified (the truth is" in shown
    rows = [line.split() for line in shown.splitlines() if line.strip().startswith(("value", "∂"))]
    assert rows == [
        ["value", "-12", "0.0e+00"], ["∂/∂x", "-2", "-4", "0.0e+00"],
        ["∂/∂y", "5", "-4", "0.0e+00"], ["∂/∂z", "-4", "3", "0.0e+00"],
    ]  # fmt: skip
    assert "more components" not in shown


def test_a_large_problem_shows_its_first_components_and_counts_the_others(
    printed: Printed,
) -> None:
    shown = printed("shown-sum", "25")
    assert len(re.findall(r"^ +(?:value|∂/∂w\[\d+\]) ", shown, re.MULTILINE)) == MOST_ROWS
    assert "… and 6 more components (--json prints them all); the gradient's norm is 15." in shown
    assert "inputs  25: w (25,)\n" in shown
    assert "given   k = 3.0, c = array of shape (2,)\n" in shown
    assert "sizes   2, 25\n" in shown
    assert "source  Notes, p. 7\n" in shown
    assert "Certified at size 25" in shown


def test_brackets_are_shown_and_never_taken_for_markup(printed: Printed) -> None:
    shown = printed("shown-brackets")
    assert shown.startswith("shown-brackets  y = Σ w[i], see [/b].\nLinear in w[i].\n")
    assert "source  [notes] p. 7\n" in shown
    assert "∂/∂w[1]" in shown


@pytest.mark.parametrize(("asked", "near"), [("sigmoid-afine", "'sigmoid-affine'"), ("mpl", "mlp")])
def test_an_unknown_problem_names_the_nearest(asked: str, near: str) -> None:
    with pytest.raises(UnknownName, match=f"Unknown problem '{asked}'.*{near}"):
        show(asked, None, 0, [], json=False)


@pytest.mark.parametrize(("name", "size"), [("product-of-sum", "9"), ("mlp", "2-3-1"), ("mlp", "")])
def test_an_unknown_size_names_those_there_are(name: str, size: str) -> None:
    with pytest.raises(UnknownName, match=f"Unknown size of problem '{name}' '{size}': expected"):
        show(name, size, 0, [], json=False)


def test_a_problem_that_cannot_be_certified_says_why(plugin: Path) -> None:
    with pytest.raises(GradiometerError, match=r"shown-log: reference: .*not finite.*its domain"):
        show("shown-log", None, 0, [plugin], json=False)


def test_a_problem_whose_point_cannot_be_drawn_says_why(plugin: Path) -> None:
    with pytest.raises(GradiometerError, match=r"shown-undrawn.*IndexError: list index"):
        show("shown-undrawn", None, 0, [plugin], json=False)


def test_a_problem_whose_file_failed_to_load_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Registry()
    found.add(Problem("chains", lambda xp: xp, {}, fault="chains.py failed to load: x (line 2)"))
    monkeypatch.setattr(registries, "load", lambda plugins: found)
    with pytest.raises(GradiometerError, match=r"^chains\.py failed to load: x \(line 2\)$"):
        show("chains", None, 0, [], json=False)


def test_a_plugin_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GradiometerError, match=r"No plugin file or folder at .*nowhere\.py"):
        show("mlp", None, 0, [tmp_path / "nowhere.py"], json=False)
