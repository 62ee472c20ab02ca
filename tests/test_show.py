"""`gradiometer show`: what a problem is, with digits that can be relied upon."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradiometer.cli import answers
from gradiometer.cli.show import MEANING, MOST_ROWS, show
from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.judging.kept import WHOLE, Kept
from gradiometer.plugins import loader
from gradiometer.plugins.registry import Registry
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.outcome import Outcome, Status, Verdict
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.space import Space

pytestmark = pytest.mark.usefixtures("in_this_process")  # with workers of its own: test_cli.py

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


@problem(at={"x": [1.0, 2.0]})
def shown_linear(xp, x):
    """y = x₀ − x₁."""
    return x[0] - x[1]


@problem(at={"A": [[2.0, 1.0], [1.0, 3.0]]})
def shown_symmetric(xp, A):
    """y = log det A."""
    return 2.0 * xp.sum(xp.log(xp.linalg.diagonal(xp.linalg.cholesky(A))))


@problem(at={"x": [1.0, 2.0], "s": 3.0}, outputs=("doubled", "product"))
def shown_pair(xp, x, s):
    """d = 2·x, p = s·x₀·x₁."""
    return 2.0 * x, s * x[0] * x[1]
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

    def tell(name: str, *operators: str, size: str | None = None, seed: int = 0) -> dict[str, Any]:
        show(name, size, operators, seed, [plugin], json=True)
        found: dict[str, Any] = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
        return found

    return tell


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str], plugin: Path) -> Printed:
    """What `show` prints."""

    def tell(name: str, *operators: str, size: str | None = None, seed: int = 0) -> str:
        show(name, size, operators, seed, [plugin], json=False)
        return capsys.readouterr().out

    return tell


def table(shown: str, title: str) -> list[list[str]]:
    """Return the rows of a printed table, by the start of its title."""
    (body,) = re.findall(rf"^{re.escape(title)}[^\n]*\n.*?─ *\n(.*?)\n *\n", shown, re.S | re.M)
    return [line.split() for line in body.splitlines()]


def values(facts: dict[str, Any]) -> dict[str, Decimal]:
    return {c["component"]: Decimal(c["value"]) for c in facts["components"]}


def test_an_exact_problem_shows_its_exact_value_and_derivative(told: Told) -> None:
    facts = told("product-of-sum")
    assert facts["problem"] == "product-of-sum"
    assert facts["formula"].startswith("f = (x + y)·z")
    assert facts["source"]
    assert (facts["sizes"], facts["size"], facts["inputs"], facts["given"]) == ([], "", 3, {})
    assert values(facts) == {"value": -12, "∂/∂x": -4, "∂/∂y": -4, "∂/∂z": 3}
    assert facts["at"] == {"x": -2.0, "y": 5.0, "z": -4.0}
    assert facts["outputs"] == ["value"]
    assert [c["operator"] for c in facts["components"]] == ["value"] + 3 * ["gradient"]
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
    assert float(shown["value"]) == pytest.approx(3.0 * sum(facts["at"]["w"]), rel=1e-15)


def test_json_has_every_component_of_a_large_problem(told: Told) -> None:
    facts = told("shown-sum", size="25")
    assert facts["inputs"] == 25
    assert len(facts["components"]) == 26 > MOST_ROWS


@pytest.mark.parametrize(("seed", "same"), [(0, True), (1, False)])
def test_the_point_depends_on_the_seed_alone(told: Told, seed: int, same: bool) -> None:
    first, second = told("shown-sum"), told("shown-sum", seed=seed)
    assert (first == second) is same


def test_the_table_shows_facts_and_certified_components(printed: Printed) -> None:
    shown = printed("product-of-sum")
    assert shown.startswith("product-of-sum  f = (x + y)·z")
    assert "inputs   3: x, y, z\n" in shown
    assert "outputs  1: value\n" in shown
    assert "given    nothing\n" in shown
    assert "sizes    one\n" in shown
    assert "Certified gradient\n" in shown
    assert table(shown, "Point") == [["x", "-2"], ["y", "5"], ["z", "-4"]]
    assert table(shown, "Certified value") == [["value", "-12", "0.0e+00", "2.7e-15"]]
    assert table(shown, "Certified gradient") == [
        ["∂/∂x", "-4", "0.0e+00", "4.4e-16"],
        ["∂/∂y", "-4", "0.0e+00", "4.4e-16"],
        ["∂/∂z", "3", "0.0e+00", "6.7e-16"],
    ]
    assert MEANING.format("float64") in shown
    assert "Zero" not in shown
    assert "more" not in shown
    assert "tangent" not in shown


def test_a_large_problem_shows_its_first_components_and_counts_the_others(
    printed: Printed,
) -> None:
    shown = printed("shown-sum", size="25")
    assert len(table(shown, "Certified gradient")) == len(table(shown, "Point")) == MOST_ROWS
    assert "… and 5 more inputs (--json prints them all).\n" in shown
    left = "… and 5 more components (--json prints them all); the gradient's norm is 15.\n"
    assert left in shown
    assert "inputs   25: w (25,)\n" in shown
    assert "given    k = 3.0, c = array of shape (2,)\n" in shown
    assert "sizes    2, 25\n" in shown
    assert "source   Notes, p. 7\n" in shown
    assert "Certified gradient at size 25" in shown


# Other operators, and problems of several outputs.


def test_a_vector_problem_shows_its_value_and_jacobian(told: Told) -> None:
    facts = told("shown-pair")
    assert (facts["inputs"], facts["outputs"]) == (3, ["doubled", "product"])
    assert values(facts) == {
        "doubled[0]": 2, "doubled[1]": 4, "product": 6,
        "∂doubled[0]/∂x[0]": 2, "∂doubled[0]/∂x[1]": 0,
        "∂doubled[1]/∂x[0]": 0, "∂doubled[1]/∂x[1]": 2,
        "∂doubled[0]/∂s": 0, "∂doubled[1]/∂s": 0,
        "∂product/∂x[0]": 6, "∂product/∂x[1]": 3, "∂product/∂s": 2,
    }  # fmt: skip


def test_a_hessian_names_both_inputs_of_every_component(told: Told) -> None:
    facts = told("product-of-sum", "hessian")
    truth = {"xz": 1, "yz": 1, "zx": 1, "zy": 1}
    assert values(facts) == {f"∂²/∂{a}∂{b}": truth.get(a + b, 0) for a in "xyz" for b in "xyz"}
    assert {c["operator"] for c in facts["components"]} == {"hessian"}


@pytest.mark.parametrize("seed", [0, 1])
def test_what_takes_a_direction_says_which(told: Told, seed: int) -> None:
    facts = told("shown-pair", "jvp", "vjp", seed=seed)
    (x0, x1), s = facts["tangents"]["x"], facts["tangents"]["s"]
    (d0, d1), p = facts["cotangents"]["doubled"], facts["cotangents"]["product"]
    shown = {k: float(v) for k, v in values(facts).items()}
    assert shown == pytest.approx(
        {
            "doubled[0]": 2 * x0, "doubled[1]": 2 * x1, "product": 6 * x0 + 3 * x1 + 2 * s,
            "x[0]": 2 * d0 + 6 * p, "x[1]": 2 * d1 + 3 * p, "s": 2 * p,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("operators", "directions"),
    [
        ([], set()), (["value", "jacobian"], set()), (["jvp"], {"tangents"}),
        (["vjp"], {"cotangents"}), (["vjp", "jvp"], {"tangents", "cotangents"}),
    ],
)  # fmt: skip
def test_only_directions_that_are_taken_are_shown(
    told: Told, operators: list[str], directions: set[str]
) -> None:
    assert {"tangents", "cotangents"} & set(told("shown-pair", *operators)) == directions


def test_directions_are_printed_beside_the_point_with_their_seed(
    told: Told, printed: Printed
) -> None:
    facts, shown = told("shown-pair", "jvp", "vjp"), printed("shown-pair", "jvp", "vjp")
    (x0, x1), s = facts["tangents"]["x"], facts["tangents"]["s"]
    assert [[r[0], float(r[1]), float(r[2])] for r in table(shown, "Point, tangents drawn")] == [
        ["x[0]", 1.0, x0], ["x[1]", 2.0, x1], ["s", 3.0, s],
    ]  # fmt: skip
    (d0, d1), p = facts["cotangents"]["doubled"], facts["cotangents"]["product"]
    assert [[r[0], float(r[1])] for r in table(shown, "Cotangents, drawn with seed 0")] == [
        ["doubled[0]", d0], ["doubled[1]", d1], ["product", p],
    ]  # fmt: skip
    assert [r[0] for r in table(shown, "Certified jvp")] == ["doubled[0]", "doubled[1]", "product"]
    assert [r[0] for r in table(shown, "Certified vjp")] == ["x[0]", "x[1]", "s"]


def test_an_operator_named_twice_is_shown_once(printed: Printed) -> None:
    assert printed("shown-pair", "jvp", "jvp").count("Certified jvp") == 1


@pytest.mark.parametrize("operator", ["gradient", "hessian", "hvp"])
def test_a_vector_problem_has_no_operators_of_scalars(operator: str, plugin: Path) -> None:
    refused = f"^shown-pair has several outputs and no {operator}: expected one of value, jacobian,"
    with pytest.raises(GradiometerError, match=refused):
        show("shown-pair", None, [operator], 0, [plugin], json=False)


def test_an_answer_too_large_to_be_certified_is_refused() -> None:
    with pytest.raises(GradiometerError, match=r"the hessian has 7,938,453,604 components"):
        show("mlp", "64-256-256-10x64", ["hessian"], 0, [], json=False)


def test_a_problem_of_a_file_is_shown_without_a_plugin_option(
    capsys: pytest.CaptureFixture[str], plugin: Path
) -> None:
    show(f"{plugin}:shown-linear", json=True)
    facts = json.loads(capsys.readouterr().out)
    assert facts["problem"] == "shown-linear"
    assert values(facts) == {"value": -1, "∂/∂x[0]": 1, "∂/∂x[1]": -1}


def test_a_file_of_several_problems_is_answered_with_their_names(plugin: Path) -> None:
    with pytest.raises(GradiometerError, match=r"names 7 problems: shown-sum, .*Name one\."):
        show(str(plugin))


def test_a_name_that_a_file_lacks_is_refused(plugin: Path) -> None:
    with pytest.raises(UnknownName, match=r"Unknown problem '.*:shown-summ'"):
        show(f"{plugin}:shown-summ")


def test_an_unknown_operator_names_the_nearest(plugin: Path) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'jacobian'"):
        show("shown-pair", None, ["jacobain"], 0, [plugin], json=False)


@pytest.mark.parametrize("name", list(OPERATORS))
def test_every_component_has_a_name_of_its_own(name: str) -> None:
    signature = Signature(Space({"A": (2, 3), "s": ()}), Space({"y": (2,), "t": ()}))
    names = list(OPERATORS[name].components(signature))
    assert len(names) == len(set(names)) == OPERATORS[name].layout(signature).size
    if name == "jacobian":
        assert names[11:13] == ["∂y[1]/∂A[1, 2]", "∂y[0]/∂s"]
    if name == "hessian":
        assert names[36:38] == ["∂²/∂A[0, 0]∂s", "∂²/∂A[0, 1]∂s"]


# What rounding does, a truth of zero, and two conventions.


def test_what_rounding_can_do_is_told_of_every_component(told: Told) -> None:
    for component in told("sigmoid-affine")["components"]:
        assert 0.0 < float(component["rounding"]) < 1e-12


@pytest.mark.parametrize("operator", ["hessian", "hvp"])
def test_a_truth_of_zero_is_shown_and_told(told: Told, printed: Printed, operator: str) -> None:
    assert set(values(told("shown-linear", operator)).values()) == {0}
    shown = printed("shown-linear", operator)
    assert shown.count("Zero: answers are judged by what rounding can do.\n") == 1


def test_both_conventions_are_shown_where_they_differ(printed: Printed) -> None:
    shown = printed("shown-symmetric")
    lower, symmetric = (
        [float(row[-3]) for row in table(shown, f"Certified gradient, {name}")]
        for name in ("of the lower triangle", "of (A + Aᵀ)/2")
    )
    np.testing.assert_allclose(lower, [0.6, 0.0, -0.4, 0.4], atol=1e-15)
    np.testing.assert_allclose(symmetric, [0.6, -0.2, -0.2, 0.4], atol=1e-15)
    assert "Certified value\n" in shown


# What cannot be shown.


def test_brackets_are_shown_and_never_taken_for_markup(printed: Printed) -> None:
    shown = printed("shown-brackets")
    assert shown.startswith("shown-brackets  y = Σ w[i], see [/b].\nLinear in w[i].\n")
    assert "source   [notes] p. 7\n" in shown
    assert "∂/∂w[1]" in shown


@pytest.mark.parametrize(("asked", "near"), [("sigmoid-afine", "'sigmoid-affine'"), ("mpl", "mlp")])
def test_an_unknown_problem_names_the_nearest(asked: str, near: str) -> None:
    with pytest.raises(UnknownName, match=f"Unknown problem '{asked}'.*{near}"):
        show(asked, None, None, 0, [], json=False)


@pytest.mark.parametrize(("name", "size"), [("product-of-sum", "9"), ("mlp", "2-3-1"), ("mlp", "")])
def test_an_unknown_size_names_those_there_are(name: str, size: str) -> None:
    with pytest.raises(UnknownName, match=f"Unknown size of problem '{name}' '{size}': expected"):
        show(name, size, None, 0, [], json=False)


def test_a_problem_that_cannot_be_certified_says_why(plugin: Path) -> None:
    with pytest.raises(GradiometerError, match=r"shown-log: reference: .*not finite.*its domain"):
        show("shown-log", None, None, 0, [plugin], json=False)


def test_a_problem_whose_point_cannot_be_drawn_says_why(plugin: Path) -> None:
    with pytest.raises(GradiometerError, match=r"shown-undrawn.*IndexError: list index"):
        show("shown-undrawn", None, None, 0, [plugin], json=False)


def test_a_problem_whose_file_failed_to_load_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Registry()
    found.add_broken("problems", "chains", "chains.py failed to load: x (line 2)")
    monkeypatch.setattr(loader, "load", lambda plugins: found)
    with pytest.raises(GradiometerError, match=r"^chains\.py failed to load: x \(line 2\)$"):
        show("chains", None, None, 0, [], json=False)


def test_a_plugin_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GradiometerError, match=r"No plugin file or folder at .*nowhere\.py"):
        show("mlp", None, None, 0, [tmp_path / "nowhere.py"], json=False)


# What methods answer.

FAULTY = Path(__file__).parent / "plugins" / "faulty_methods.py"


def test_methods_answers_stand_beside_the_certified_one(
    capsys: pytest.CaptureFixture[str], plugin: Path
) -> None:
    methods = [f"{FAULTY}:zeros", f"{FAULTY}:needs-another-library", "forward-difference"]
    show("shown-sum", "2", ["gradient"], 0, [plugin], methods=methods)
    shown = capsys.readouterr().out
    assert [r[:4] for r in table(shown, "Answered gradient")] == [
        ["∂/∂w[0]", "3.0", "3.0", "0"], ["∂/∂w[1]", "3.0", "3.0", "0"],
    ]  # fmt: skip
    assert "forward-difference: ok, " in shown
    assert "zeros: error, " in shown
    assert "needs-another-library: not-installed, no_such_library_anywhere is not" in shown


def test_what_is_wrong_is_marked_and_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show("sigmoid-affine", operators=["gradient"], methods=["backprop", f"{FAULTY}:zeros"])
    shown = capsys.readouterr().out
    for line in table(shown, "Answered gradient"):
        assert "✗" in line[5:]
        assert "✗" not in line[:4]
    assert "\nzeros: disagrees, 3 of 3 components wrong: zero everywhere; 0.0 digits" in shown


def test_of_many_components_the_wrong_ones_are_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    methods = [f"{FAULTY}:zeros"]
    show("mlp", "10-50-50-1x32", ["gradient"], methods=methods)
    shown = capsys.readouterr().out
    assert len(table(shown, "Answered gradient, the 10 worst components of each")) == 10
    show("log-sum-exp", "100", ["gradient"], methods=methods)
    shown = capsys.readouterr().out
    assert len(table(shown, "Answered gradient")) == MOST_ROWS
    assert f"… and {100 - MOST_ROWS} more components (--json prints them)." in shown


def test_json_has_the_answers_of_methods(capsys: pytest.CaptureFixture[str]) -> None:
    methods = ["backprop", f"{FAULTY}:zeros", f"{FAULTY}:needs-another-library"]
    show("product-of-sum", operators=["gradient"], json=True, methods=methods)
    found = json.loads(capsys.readouterr().out)["answers"]
    ended = [(a["operator"], a["method"], a["status"], a["digits"]) for a in found]
    assert sorted(ended) == [
        ("gradient", "backprop", "ok", "inf"), ("gradient", "needs-another-library",
        "not-installed", None), ("gradient", "zeros", "disagrees", 0.0),
    ]  # fmt: skip
    told = {a["method"]: a["components"] for a in found}
    assert told["backprop"][2] == {"component": "∂/∂z", "value": 3.0, "error": 0.0, "wrong": False}
    assert told["zeros"][2] == {"component": "∂/∂z", "value": 0.0, "error": 3.0, "wrong": True}
    assert told["needs-another-library"] == []


def answered(method: str, *figures: Any, places: Sequence[int], **ended: Any) -> answers.Given:
    """Return a cell that ended so, its answer wrong at even places."""
    digits, estimated = figures
    numbers = [place + 0.5 for place in places]
    kept = Kept(
        [*places], [f"x[{place}]" for place in places], numbers, [-n for n in numbers],
        [n / 7 for n in numbers], [place % 2 == 0 for place in places],
    )  # fmt: skip
    verdict = Verdict(digits=digits, estimated_digits=estimated)
    return answers.Given("jvp", method, Outcome(verdict=verdict, **ended), kept)


GIVEN = [
    answered("tape", 15.25, None, places=[1, 3], status=Status.OK, reason=""),
    answered("dual", 15.0, 7.04, places=[3], status=Status.OK, reason="noted",
             translated="jax"),
    answered("odd", 3.0, None, places=[2], status=Status.DISAGREES, reason="too odd"),
    answers.Given("jvp", "absent", Outcome(Status.NOT_INSTALLED), None),
    answers.Given("vjp", "tape", Outcome(Status.OK), None),
]  # fmt: skip


@pytest.mark.parametrize(("size", "more"), [(WHOLE, ""), (WHOLE + 1, ", the 10 worst components")])
def test_answers_are_printed_by_component_and_method(
    capsys: pytest.CaptureFixture[str], size: int, more: str
) -> None:
    answers.print_answers("jvp", size, GIVEN)
    title, _, *lines = capsys.readouterr().out.splitlines()
    assert title.startswith(f"Answered jvp{more}")
    assert (title == "Answered jvp") is (not more)
    columns = [re.split(r"\s{2,}", line.strip()) for line in lines if line.strip(" ─")]
    assert columns == [
        ["component", "certified", "tape", "error", "dual", "error", "odd", "error"],
        ["x[1]", "1.5", "-1.5", "0.21", "–", "–", "–", "–"],
        ["x[2]", "2.5", "–", "–", "–", "–", "-2.5 ✗", "0.36"],
        ["x[3]", "3.5", "-3.5", "0.5", "-3.5", "0.5", "–", "–"],
        ["tape: ok, 15.2 digits"],
        ["dual: ok, 15.0 digits; claims 7.0; of a translation from jax; noted"],
        ["odd: disagrees, too odd"],
        ["absent: not-installed"],
    ]


def test_an_answer_is_told_as_plain_data() -> None:
    given = answered("tape", 15.25, 9.5, places=[1, 2], status=Status.OK, reason="noted")
    assert answers.as_json(given) == {
        "operator": "jvp", "method": "tape", "status": "ok", "reason": "noted", "translated": "",
        "digits": 15.25, "estimated_digits": 9.5,
        "components": [
            {"component": "x[1]", "value": -1.5, "error": 1.5 / 7, "wrong": False},
            {"component": "x[2]", "value": -2.5, "error": 2.5 / 7, "wrong": True},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("count", [MOST_ROWS, MOST_ROWS + 1, 3 * MOST_ROWS])
def test_of_many_answered_components_the_wrong_ones_come_first(
    capsys: pytest.CaptureFixture[str], count: int
) -> None:
    answers.print_answers("jvp", count, [answered("a", 1.0, None, places=range(count),
                                                  status=Status.OK, reason="")])  # fmt: skip
    shown = capsys.readouterr().out
    evens, odds = [*range(0, count, 2)], [*range(1, count, 2)]
    expected = sorted([*evens, *odds][:MOST_ROWS])
    assert [int(place) for place in re.findall(r"x\[(\d+)\]", shown)] == expected
    left = f"… and {count - MOST_ROWS} more components (--json prints them).\n"
    assert (left in shown) is (count > MOST_ROWS)
    assert ("more components" in shown) is (count > MOST_ROWS)


def test_an_unknown_method_is_refused(plugin: Path) -> None:
    with pytest.raises(UnknownName, match=r"Unknown method 'bakprop': .*Did you mean 'backprop'"):
        show("product-of-sum", methods=["bakprop"])
