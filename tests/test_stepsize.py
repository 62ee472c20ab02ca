"""Studies of steps: the V of every difference, marks on it, refusals, what is kept and resumed."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import built_in
import numpy as np
import pandas as pd
import pytest
from here import in_this_process
from markdown_it import MarkdownIt

import gradiometer
from gradiometer import GradiometerError, Problem, StepSizes
from gradiometer.measure.progress import Progress
from gradiometer.report.markdown import render
from gradiometer.runs.store import run_folders
from gradiometer.stepsizes import lead
from gradiometer.stepsizes.curve import STEPSIZE, Curve
from gradiometer.stepsizes.settings import Settings
from gradiometer.stepsizes.stepsize import resume_stepsize
from gradiometer.stepsizes.theory import best_step
from gradiometer.vocabulary.outcome import Failure, Status

SMOOTH = Problem("smooth", lambda xp, x: xp.sum(xp.exp(xp.sin(x))), {"x": np.linspace(0.2, 1.2, 4)})
FLAT = Problem("flat", lambda xp, x: x * x, {"x": 0.0})
EDGE = Problem("edge", lambda xp, x: xp.log(x), {"x": 1e-6})
LINE = Problem("line", lambda xp, x: 3.0 * x, {"x": 0.5})
SEVERAL = Problem(
    "several", lambda xp, x, y: (x * y, xp.exp(x)), {"x": 1.5, "y": 2.0}, outputs=("p", "q")
)
PLUGIN = """
import os

from gradiometer.vocabulary.differences import Differences, SecondDifferences, central, mixed


class Own(SecondDifferences):
    name, root, second_root, accuracy = "own", 3, 4, 2

    def slope(self, shifted, x, base, step, scale=None):
        return central(shifted, x, step)

    def curvature(self, shifted, h, k):
        return mixed(shifted, h, k)


class Nested(Own):
    name, composes = "nested", True

    def hessian(self, f):
        from gradiometer import Unsupported

        raise Unsupported("not its own")


class Fixed(Differences):
    name = "fixed"

    def step(self, f):
        return 1e-6

    def slope(self, shifted, x, base, step, scale=None):
        return central(shifted, x, step)


class Never(Own):
    name = "never"

    def slope(self, shifted, x, base, step, scale=None):
        return float("nan")


class Aborts(Own):
    name = "aborts"

    def slope(self, shifted, x, base, step, scale=None):
        if step > 0.5:
            os.abort()
        return super().slope(shifted, x, base, step)
"""
FIRST = ["forward-difference", "central-difference", "five-point"]
STUDIED = [*FIRST, "complex-step", "richardson"]
TOLD = {
    "problem": "a_toy", "size": "s", "operator": "gradient", "dtype": "float64", "inputs": 2,
    "steps": 2, "seed": 0, "threads": 1,
    "machine": {"cpu": "CPU", "started": "now", "versions": {"numpy": "2"}},
}  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is studied out of the project's own results."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def plugin(write: Callable[[str, str], Path]) -> Path:
    return write("own_steps.py", PLUGIN)


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> dict[str, StepSizes]:
    """Studies of the smooth function, by operator."""
    results = tmp_path_factory.mktemp("studies")
    with in_this_process():
        return {
            operator: gradiometer.stepsize(SMOOTH, STUDIED, operator=operator, results=results)
            for operator in ("gradient", "hessian", "jvp", "hvp")
        }


def curve(study: StepSizes, method: str) -> pd.DataFrame:
    return study.frame[study.frame["method"] == method]


def row(study: StepSizes, method: str) -> Any:
    (found,) = study.methods[study.methods["method"] == method].itertuples()
    return found


def slope(rows: pd.DataFrame, low: float, high: float) -> float:
    """Return the slope, on logarithmic axes, between two steps."""
    there = rows[rows["step"].between(low, high)]
    assert len(there) > 4
    return float(np.polyfit(np.log(there["step"]), np.log(there["error"]), 1)[0])


# The V.


@pytest.mark.parametrize(
    ("operator", "method", "right", "left"),
    [
        ("gradient", "forward-difference", 1, -1),
        ("gradient", "central-difference", 2, -1),
        ("gradient", "five-point", 4, -1),
        ("jvp", "forward-difference", 1, -1),
        ("hessian", "forward-difference", 1, -2),
        ("hessian", "central-difference", 2, -2),
        ("hvp", "central-difference", 2, -2),
    ],
)
def test_a_curve_falls_with_rounding_and_rises_as_it_is_accurate(
    studies: dict[str, StepSizes], operator: str, method: str, right: int, left: int
) -> None:
    rows, best = curve(studies[operator], method), row(studies[operator], method).best_step
    unseen = 1e-15 if left == -1 else 1.5e-8  # √u: second differences see no shorter step
    assert slope(rows, 5.0 * best, 0.2) == pytest.approx(right, abs=0.3)
    assert slope(rows, unseen, best / 3.0) == pytest.approx(left, abs=0.3)


def test_a_complex_step_is_flat_on_the_left(studies: dict[str, StepSizes]) -> None:
    rows, found = (
        curve(studies["gradient"], "complex-step"),
        row(studies["gradient"], "complex-step"),
    )
    assert rows[rows["step"] < 1e-9]["error"].max() < 1e-15
    assert slope(rows, 1e-6, 0.2) == pytest.approx(2.0, abs=0.1)
    assert (found.default_step, math.isnan(found.theory_step)) == (1e-200, True)


def test_extrapolation_bears_steps_that_are_too_long(studies: dict[str, StepSizes]) -> None:
    rows = curve(studies["gradient"], "richardson")
    assert row(studies["gradient"], "richardson").default_step == 0.125
    assert rows[rows["step"] > 0.01]["error"].max() < 1e-9


def test_steps_that_are_not_seen_have_no_answer(studies: dict[str, StepSizes]) -> None:
    first = curve(studies["gradient"], "central-difference").iloc[0]
    assert first["step"] == pytest.approx(1e-3 * 2.0**-53)
    assert (first["error"], first["digits"]) == (math.inf, -math.inf)
    assert curve(studies["gradient"], "central-difference")["step"].iloc[-1] == 1.0


@pytest.mark.parametrize("operator", ["gradient", "hessian", "jvp", "hvp"])
@pytest.mark.parametrize("method", ["forward-difference", "central-difference", "richardson"])
def test_the_error_is_what_judging_tells_of_a_cell(
    studies: dict[str, StepSizes], operator: str, method: str
) -> None:
    found, digits = (
        row(studies[operator], method),
        -math.log10(row(studies[operator], method).default_error),
    )
    assert found.default_digits == pytest.approx(digits, abs=1e-9)
    assert found.best_error <= found.default_error
    with in_this_process():
        cells = gradiometer.run(
            SMOOTH, method, operators=operator, options=gradiometer.Options(rounds=0)
        ).records
    assert cells["digits"].iloc[0] <= found.default_digits + 1e-9  # the least of several points


def test_methods_without_the_operator_have_a_row_that_says_so(
    studies: dict[str, StepSizes],
) -> None:
    found = row(studies["hessian"], "complex-step")
    assert (found.status, found.faulty) == ("unsupported", False)
    assert math.isnan(found.best_error)
    assert curve(studies["hessian"], "complex-step").empty
    assert studies["hessian"].reasons() == [
        "unsupported: complex-step: Method 'complex-step' has no Hessian."
    ]


@pytest.mark.usefixtures("in_this_process")
def test_float32_has_steps_and_errors_of_its_own() -> None:
    study = gradiometer.stepsize(SMOOTH, FIRST, dtype="float32", steps=30)
    assert study.frame["step"].min() == pytest.approx(1e-3 * 2.0**-24)
    for method, digits in zip(FIRST, (3.0, 4.0, 4.0), strict=True):
        assert digits < row(study, method).best_digits < digits + 3.0


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(("operator", "default"), [(None, "jacobian"), ("vjp", "vjp")])
def test_several_outputs_have_a_jacobian(operator: str | None, default: str) -> None:
    methods = ["central-difference", "complex-step", "batched-difference"]
    study = gradiometer.stepsize(SEVERAL, methods, operator=operator, steps=9)
    assert study.facts["operator"] == default
    for method, digits in zip(methods, (9.0, 15.0, 9.0), strict=True):
        assert row(study, method).default_digits > digits
    assert set(study.methods["status"]) == {"ok"}


@pytest.mark.parametrize(
    ("method", "order", "accuracy"),
    [("forward-difference", 1, 1), ("forward-difference", 2, 1), ("central-difference", 1, 2),
     ("central-difference", 2, 2), ("five-point", 1, 4), ("batched-difference", 1, 2)],
)  # fmt: skip
def test_theory_is_near_the_step_that_methods_take(method: str, order: int, accuracy: int) -> None:
    found: Any = built_in.method(method)
    root = found.root if order == 1 else found.second_root
    theory = best_step(found.accuracy, order, "float64")
    assert found.accuracy == accuracy
    assert theory == pytest.approx((2.0**-52) ** (1 / root), rel=0.5)


def test_the_best_step_is_the_default_unless_another_is_better() -> None:
    found = Curve("m", "numerical", 1e-8, 0.5)
    for step, error in ((1e-3, 0.5), (1e-2, 0.5)):
        found.add(step, error, "")
    found.conclude()
    assert (found.best_step, found.best_error) == (1e-8, 0.5)
    for step in (1e-1, 1.0):
        found.add(step, 0.25, "")
    found.conclude()
    assert (found.best_step, found.best_error) == (1.0, 0.25)


# Plugins, and what has no step.


@pytest.mark.usefixtures("in_this_process")
def test_differences_of_others_have_their_curves(plugin: Path) -> None:
    study = gradiometer.stepsize(SMOOTH, f"{plugin}:own", steps=30)
    found = row(study, "own")
    assert (found.status, found.default_step) == ("ok", pytest.approx(6.1e-6, rel=0.1))
    assert found.theory_step == best_step(2, 1, "float64")


@pytest.mark.usefixtures("in_this_process")
def test_differences_of_differences_take_the_step_twice(plugin: Path) -> None:
    study = gradiometer.stepsize(SMOOTH, f"{plugin}:nested", operator="hessian")
    rows = curve(study, "nested")
    assert slope(rows, 1.5e-8, row(study, "nested").best_step / 3.0) == pytest.approx(-2.0, abs=0.3)


@pytest.mark.usefixtures("in_this_process")
def test_differences_that_ask_for_no_step_are_told(plugin: Path) -> None:
    found = row(gradiometer.stepsize(SMOOTH, [f"{plugin}:fixed"], steps=3), "fixed")
    assert (found.status, found.faulty) == ("unsupported", False)
    assert found.reason == "Method 'fixed' asks for no step of its gradient."


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"methods": "sympy"}, r"'sympy' has no step to study: expected methods of differences, "),
        ({"methods": ["sympy", "numdif*"]}, "'numdifftools', 'numdifftools-complex', 'sympy' have"),
        ({"operator": "value"}, "A value takes no step: expected one of gradient, jacobian"),
        ({"operator": "slope"}, "Unknown operator 'slope'"),
        ({"problem": SEVERAL, "operator": "hessian"}, "several has several outputs and no hessian"),
        ({"dtype": "float16"}, "Unknown dtype 'float16'"),
        ({"steps": 1}, "steps is 1: expected 2 or more."),
        ({"timeout_s": 0.0}, "timeout is 0 s: expected more than 0."),
        ({"threads": 0}, "threads is 0: expected 1 or more."),
        ({"size": "large"}, "Unknown size of problem 'smooth'"),
    ],
)
def test_mistakes_are_told_before_anything_is_made(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(GradiometerError, match=said):
        gradiometer.stepsize(**{"problem": SMOOTH} | options)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("in_this_process")
def test_a_default_step_beyond_the_domain_has_no_error_that_is_finite() -> None:
    study = gradiometer.stepsize(EDGE, "central-difference")
    found, shown = row(study, "central-difference"), study.table().iloc[0]
    assert (found.status, found.default_error) == ("ok", math.inf)
    assert found.best_digits > 5.0
    assert (shown["its error"], shown["its digits"]) == ("not finite", "–")


@pytest.mark.usefixtures("in_this_process")
def test_answers_that_are_never_finite_are_told(plugin: Path) -> None:
    study = gradiometer.stepsize(EDGE, [f"{plugin}:never"], steps=2)
    found = row(study, "never")
    assert (found.status, found.reason) == ("nonfinite", "no step gives a finite answer")
    assert study.figures() == []


@pytest.mark.usefixtures("in_this_process")
def test_a_derivative_of_zero_has_no_relative_error() -> None:
    with pytest.raises(GradiometerError, match=r"flat: the gradient is zero at the point"):
        gradiometer.stepsize(FLAT, "central-difference")


def test_a_method_that_crashes_keeps_the_steps_before_it(plugin: Path) -> None:
    study = gradiometer.stepsize(LINE, [f"{plugin}:aborts"], steps=5)
    found = row(study, "aborts")
    assert (found.status, found.faulty, study.faulty) == ("crashed", True, True)
    assert found.reason.startswith("step 1: worker died during try step: killed by SIGABRT")
    assert len(curve(study, "aborts")) == 4
    assert found.best_error < 1e-9


@pytest.mark.usefixtures("in_this_process")
def test_the_steps_of_a_method_have_a_limit_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count()
    monkeypatch.setattr(lead, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    study = gradiometer.stepsize(LINE, "central-difference", steps=5, timeout_s=3.0)
    found = row(study, "central-difference")
    assert (found.status, found.faulty) == ("timeout", True)
    assert found.reason == "2 of 5 steps took 3 s."
    assert len(curve(study, "central-difference")) == 2


# What is kept, and shown.


class Interrupted(Progress):
    """Interrupts when the first curve is kept."""

    def advance(self, text: str) -> None:
        raise KeyboardInterrupt


@pytest.mark.usefixtures("in_this_process")
def test_a_study_that_was_cut_off_is_taken_up(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        gradiometer.stepsize("sigmoid-affine", FIRST, steps=9, progress=Interrupted())
    (path,) = run_folders(tmp_path / "results")
    kept = (path / "records.jsonl").read_text("utf-8")
    assert json.loads((path / "run.json").read_text("utf-8"))["state"] == "interrupted"
    study = resume_stepsize("latest")
    assert (path / "records.jsonl").read_text("utf-8").startswith(kept)
    assert list(study.methods["method"]) == FIRST
    again = gradiometer.stepsize("sigmoid-affine", FIRST, steps=9)
    pd.testing.assert_frame_equal(study.frame, again.frame)


def test_what_is_kept_is_read_as_it_was(studies: dict[str, StepSizes]) -> None:
    study = studies["gradient"]
    pd.testing.assert_frame_equal(StepSizes.read(Path(study.facts["path"])).frame, study.frame)
    assert STEPSIZE.experiment == "stepsize"


def test_a_study_shows_itself_in_a_notebook(studies: dict[str, StepSizes]) -> None:
    shown = studies["hessian"]._repr_html_()
    assert "<code>StepSizes(hessian of smooth (4 inputs, float64): " in shown
    assert "<svg" in shown
    assert "has no Hessian" in shown


def test_the_page_has_chart_table_and_theory(studies: dict[str, StepSizes], tmp_path: Path) -> None:
    _, path = studies["gradient"].write(tmp_path)
    assert path.parent.name.startswith("stepsize-smooth-")
    files = {"report.html", "report.md", "stepsizes.svg", "errors.csv", "methods.csv"}
    assert {each.name for each in path.parent.iterdir()} == files
    text = path.read_text("utf-8")
    assert text.startswith("# Step and error: gradient of smooth (4 inputs, float64)\n")
    assert "](stepsizes.svg)" in text
    assert "Numerical Optimization" in text
    assert len(pd.read_csv(path.parent / "errors.csv")) == len(studies["gradient"].frame)


def test_a_study_of_which_nothing_came_has_its_report() -> None:
    failed = Curve("bad", "numerical")
    failed.end(Failure(Status.ERROR, "KeyError: <a> | *b*"))
    for curves in ([], [failed]):
        study = StepSizes(TOLD, curves)
        assert study.figures() == []
        assert list(study.table()["method"]) == [each.method for each in curves]
        shown = MarkdownIt("commonmark").enable("table").render(render(study.page()))
        assert "Step and error: gradient of a_toy s (2 inputs, float64)" in shown
        assert ("<li>error: bad: KeyError: &lt;a&gt; | *b*</li>" in shown) == bool(curves)


@pytest.mark.parametrize(("dtype", "unit"), [("float64", 2.0**-53), ("float32", 2.0**-24)])
def test_steps_are_a_constant_ratio_apart(dtype: str, unit: float) -> None:
    grid = Settings(steps=7).grid(dtype)
    assert (len(grid), grid[0], grid[-1]) == (7, pytest.approx(1e-3 * unit), 1.0)
    assert np.diff(np.log(grid)) == pytest.approx(np.log(1.0 / grid[0]) / 6)
