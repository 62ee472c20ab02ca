"""`gradiometer stepsize`: table, JSON, page, exit codes, mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from here import in_this_process
from shell import Done, command

from gradiometer.stepsizes.frames import StepSizes

BOWL = """
import numpy as np


def bowl(x):
    return np.sum(np.exp(x) * x)
"""
FAULTY = """
from gradiometer.vocabulary.differences import Differences


class Faulty(Differences):
    name = "faulty"

    def slope(self, shifted, x, base, step, scale=None):
        raise KeyError("worn out") if step > 1e-3 else ZeroDivisionError("no step")
"""
FEW = ("--steps", "9", "--method", "central-difference")


def stepsize(folder: Path, *options: str) -> Done:
    return command(folder, "stepsize", *options)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no chart, which takes longer than the rest."""
    monkeypatch.setattr(StepSizes, "chart", lambda study: None)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What `stepsize sigmoid-affine` prints, and where it was run."""
    folder = tmp_path_factory.mktemp("shown")
    with in_this_process():
        done = stepsize(folder, "sigmoid-affine")
    assert (done.code, done.err) == (0, "")
    return done.out, folder


def test_every_method_of_differences_has_its_row(shown: tuple[str, Path]) -> None:
    out, _ = shown
    assert "Step and error: gradient of sigmoid-affine (3 inputs, float64)" in out
    for name, default, theory in (
        ("forward-difference", "1.5e-08", "1.1e-08"), ("central-difference", "6.1e-06", "4.8e-06"),
        ("five-point", "7.4e-04", "6.4e-04"), ("complex-step", "1.0e-200", "–"),
        ("richardson", "1.2e-01", "–"),
    ):  # fmt: skip
        assert re.search(rf"^ +{name} +{default} .* {theory} +ok *$", out, re.M), name


def test_the_page_stands_where_the_last_line_says(shown: tuple[str, Path]) -> None:
    out, folder = shown
    page = folder / out.splitlines()[-1].removeprefix("report").strip()
    assert re.fullmatch(r"stepsize-sigmoid-affine-\d{8}-\d{6}", page.parent.name)
    files = {"report.html", "report.md", "stepsizes.svg", "errors.csv", "methods.csv"}
    assert {path.name for path in page.parent.iterdir()} == files


@pytest.mark.usefixtures("in_this_process", "undrawn")
def test_a_study_is_listed_shown_and_reported_again(shown: tuple[str, Path]) -> None:
    out, folder = shown
    listed = json.loads(command(folder, "runs", "list", "--json").out)
    assert [(each["experiment"], each["state"]) for each in listed] == [("stepsize", "complete")]
    again = command(folder, "runs", "show", "latest")
    assert (again.code, again.out) == (0, out.rpartition("report  ")[0])
    done = command(folder, "report", "latest", "--reports", "again", "--format", "md")
    assert (done.code, done.err) == (0, "")
    assert (folder / done.out.strip()).read_text("utf-8").startswith("# Step and error: gradient")


@pytest.mark.usefixtures("in_this_process", "undrawn")
def test_json_tells_what_was_asked_and_every_error(tmp_path: Path) -> None:
    options = ("--size", "2-3-1x1", "--operator", "jacobian", "--dtype", "float32", "--seed", "3")
    done = stepsize(tmp_path, "mlp", *FEW, *options, "--json")
    assert (done.code, done.err) == (0, "")
    told: dict[str, Any] = json.loads(done.out, parse_constant=pytest.fail)
    names = ("problem", "size", "operator", "dtype", "inputs", "seed", "steps")
    assert [told[name] for name in names] == ["mlp", "2-3-1x1", "jacobian", "float32", 15, 3, 9]
    (method,) = told["methods"]
    assert (method["method"], method["status"]) == ("central-difference", "ok")
    assert len(method["curve"]["steps"]) == len(method["curve"]["errors"]) == 9
    assert method["curve"]["errors"][0] == "inf"
    assert 0.0 < method["best_error"] < 0.1
    assert Path(tmp_path, told["report"]).is_file()


@pytest.mark.usefixtures("in_this_process", "undrawn")
def test_a_function_as_it_stands_is_studied(tmp_path: Path) -> None:
    (tmp_path / "bowls.py").write_text(BOWL)
    done = stepsize(tmp_path, "bowls.py:bowl", "--at", "x=normal:4", *FEW)
    assert (done.code, done.err) == (0, "")
    assert "gradient of bowl (4 inputs, float64)" in done.out


@pytest.mark.usefixtures("in_this_process", "undrawn")
def test_a_method_that_fails_makes_the_exit_code_1(tmp_path: Path) -> None:
    (tmp_path / "faulty.py").write_text(FAULTY)
    done = stepsize(tmp_path, "sigmoid-affine", *FEW, "--method", "faulty.py")
    assert done.code == 1
    assert re.search(r"^error: faulty: step 0.00\d+: KeyError: 'worn out'$", done.out, re.M)
    assert re.search(r"^ +central-difference .* ok *$", done.out, re.M)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("sigmoid-afine",), "Did you mean 'sigmoid-affine'?"),
        (("mlp", "--size", "2-3"), "Unknown size of problem 'mlp' '2-3'"),
        (("mlp", "--method", "jax"), "'jax' has no step to study: expected methods of differences"),
        (("mlp", "--method", "centrl-difference"), "Did you mean 'central-difference'"),
        (("mlp", "--operator", "value"), "A value takes no step"),
        (("robot-arm", "--operator", "hessian"), "robot-arm has several outputs and no hessian"),
        (("mlp", "--steps", "1"), "steps is 1: expected 2 or more."),
        (("mlp", "--steps", "many"), "Invalid value for '--steps'"),
        (("mlp", "--timeout", "0"), "timeout is 0 s: expected more than 0."),
        (("mlp", "--dtype", "float16"), "Unknown dtype 'float16'"),
        (("nowhere.py:bowl",), "No plugin file or folder at 'nowhere.py'"),
        ((), "Name a problem, or --resume a study of steps that was cut off."),
        (("mlp", "--resume", "latest"), "leave mlp out."),
        (("--resume", "latest"), "No runs under 'results'"),
    ],
)
def test_a_mistake_is_one_line_on_stderr_and_exit_code_2(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    done = stepsize(tmp_path, *options)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("gradiometer: ")
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_study_is_no_run_to_take_up(shown: tuple[str, Path]) -> None:
    done = command(shown[1], "run", "--resume", "latest")
    assert (done.code, done.out) == (2, "")
    assert "is a stepsize: expected a comparison." in done.err
