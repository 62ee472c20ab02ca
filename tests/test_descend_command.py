"""`gradiometer descend`: table, JSON, page, exit codes, mistakes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from here import in_this_process
from shell import Done, command, process

from gradiometer.descent.frames import Descent

PLUGINS = Path(__file__).parent / "plugins"
SOUND = ("sound", "--plugins", str(PLUGINS), "--rate", "0.001", "--steps", "5")
BY_HAND = ("--method", "backprop", "--method", "central-*")


BOWLS = """
from gradiometer import problem


@problem(at={"x": 2.0})
def bowl(xp, x):
    return x * x


@problem(at={"x": 2.0})
def steep(xp, x):
    return x * x * x * x
"""


def descend(folder: Path, *options: str) -> Done:
    return command(folder, "descend", *options)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no chart, which takes longer than the rest."""
    monkeypatch.setattr(Descent, "chart", lambda descent: None)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What `descend rosenbrock` prints, and where it was run."""
    folder = tmp_path_factory.mktemp("shown")
    with in_this_process():
        done = descend(folder, "rosenbrock", *BY_HAND, "--steps", "30")
    assert (done.code, done.err) == (0, "")
    return done.out, folder


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `descend mlp --json` prints."""
    folder = tmp_path_factory.mktemp("told")
    options = ("--size", "2-3-1x1", "--steps", "4", "--seed", "3", "--threads", "2", "--json")
    with in_this_process(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Descent, "chart", lambda descent: None)
        done = descend(folder, "mlp", *BY_HAND, *options)
    assert (done.code, done.err) == (0, "")
    found: dict[str, Any] = json.loads(done.out, parse_constant=pytest.fail)
    assert Path(folder, found["report"]).is_file()
    return found


def test_there_is_a_table_for_each_rule_with_every_method(shown: tuple[str, Path]) -> None:
    out, _ = shown
    assert re.search(r"^rosenbrock 2 \(2 inputs\): gradient-descent, η = 0\.000406", out, re.M)
    assert re.search(r"^rosenbrock 2 \(2 inputs\): newton$", " ".join(out.splitlines()), re.M) or (
        "(2 inputs): newton" in out
    )
    for name in ("certified", "backprop", "central-difference"):
        assert len(re.findall(rf"^ +{name} +30 ", out, re.M)) == 2
    assert out.count("1.00×") == 2


def test_newton_falls_further_than_gradient_descent(shown: tuple[str, Path]) -> None:
    last = [float(x) for x in re.findall(r"^ +backprop +30 +9\.7\S* +(\S+)", shown[0], re.M)]
    assert last[0] > 1.0
    assert last[1] < 1e-20


def test_the_page_stands_where_the_last_line_says(shown: tuple[str, Path]) -> None:
    out, folder = shown
    page = folder / out.splitlines()[-1].removeprefix("report").strip()
    assert re.fullmatch(r"descend-rosenbrock-\d{8}-\d{6}", page.parent.name)
    files = {"report.html", "report.md", "descent.svg", "trajectories.csv", "methods.csv"}
    assert {path.name for path in page.parent.iterdir()} == files


def test_json_tells_what_was_asked_and_every_trajectory(told: dict[str, Any]) -> None:
    asked = {k: told[k] for k in ("problem", "size", "inputs", "seed", "threads", "timeout_s")}
    assert asked == {
        "problem": "mlp", "size": "2-3-1x1", "inputs": 15, "seed": 3, "threads": 2,
        "timeout_s": 60.0,
    }  # fmt: skip
    assert told["rate"] > 0
    methods = [(m["rule"], m["method"]) for m in told["methods"]]
    names = ["certified", "backprop", "central-difference"]
    assert methods[:3] == [("gradient-descent", name) for name in names]
    for done in told["methods"][:3]:
        assert done["status"] == "ok"
        assert done["faulty"] is False
        losses = done["trajectory"]["losses"]
        assert losses[0] > losses[-1] == done["last_loss"]
        assert done["steps"] == done["planned"] == len(losses) - 1 == 4


@pytest.mark.usefixtures("in_this_process", "undrawn")
def test_a_method_that_disagrees_makes_the_exit_code_1(tmp_path: Path) -> None:
    done = descend(tmp_path, *SOUND, "--method", "zeros", "--method", "right")
    assert done.code == 1
    assert "disagrees: gradient-descent/zeros: " in done.out
    assert re.search(r"^ +right +5 ", done.out, re.M)


INTERRUPTER = """
import os
import signal
from pathlib import Path

import numpy as np

from gradiometer import Method, Namespace

ONCE = Path(__file__).with_name("interrupted")


class Interrupter(Method):
    name, mode = "interrupter", "manual"

    def namespace(self):
        if not ONCE.exists():
            ONCE.touch()
            os.kill(os.getppid(), signal.SIGINT)
            signal.pause()
        return Namespace(np)

    def array(self, a):
        return a

    def gradient(self, f):
        return lambda inputs, given: (f.problem.derivatives["gradient"](*inputs, **given))
"""


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `descend mlp` was cut off, by its second method."""
    folder = tmp_path_factory.mktemp("interrupted")
    (folder / "interrupter.py").write_text(INTERRUPTER)
    methods = ("--method", "backprop", "--method", "interrupter.py")
    done = process(folder, "descend", "mlp", *methods, "--steps", "3")
    assert (done.code, done.out) == (130, "")
    (run,) = (folder / "results").iterdir()
    kept = f"2 of 6 trajectories are kept in results/{run.name}"
    go_on = f"go on with `gradiometer descend --resume results/{run.name}`."
    assert done.err == f"Interrupted: {kept}; {go_on}\n"
    return folder


@pytest.mark.usefixtures("in_this_process", "undrawn")
def test_an_interrupted_descent_is_taken_up(interrupted: Path) -> None:
    (run,) = (interrupted / "results").iterdir()
    assert json.loads((run / "run.json").read_text())["state"] == "interrupted"
    first = (run / "records.jsonl").read_text()
    done = descend(interrupted, "--resume", run.name, "--json")
    assert (done.code, done.err) == (0, "")
    told = json.loads(done.out, parse_constant=pytest.fail)
    assert (told["run"], told["path"]) == (run.name, f"results/{run.name}")
    names = ["certified", "backprop", "interrupter"]
    ends = [(m["rule"], m["method"]) for m in told["methods"]]
    assert ends[:3] == [("gradient-descent", name) for name in names]
    assert {m["steps"] for m in told["methods"][:3]} == {3}
    assert json.loads((run / "run.json").read_text())["state"] == "complete"
    assert (run / "records.jsonl").read_text().startswith(first)


@pytest.mark.usefixtures("in_this_process", "undrawn")
def test_a_descent_can_be_reported_again(shown: tuple[str, Path]) -> None:
    _, folder = shown
    done = command(folder, "report", "latest", "--reports", "again")
    assert (done.code, done.err) == (0, "")
    page = folder / done.out.splitlines()[1]
    assert page.read_text("utf-8").startswith("# Descending rosenbrock 2 (2 inputs)")
    assert page.parent.parent == folder / "again"


def test_a_descent_is_no_run_to_take_up(shown: tuple[str, Path]) -> None:
    done = command(shown[1], "run", "--resume", "latest")
    assert (done.code, done.out) == (2, "")
    assert "is a descent: expected a comparison." in done.err


@pytest.mark.usefixtures("in_this_process", "undrawn")
def test_what_cannot_be_tried_is_no_failure(tmp_path: Path) -> None:
    chosen = ("--method", "needs-another-library", "--method", "lacks-an-operation")
    done = descend(tmp_path, *SOUND, *chosen)
    assert done.code == 0, done.out
    assert "no_such_library_anywhere is not installed" in done.out
    assert "no gradients on Sundays" in done.out


@pytest.mark.usefixtures("undrawn")
def test_a_crash_is_a_row_and_exit_code_1(tmp_path: Path) -> None:
    done = descend(tmp_path, *SOUND, "--method", "aborts", "--json")
    assert done.code == 1
    rows = json.loads(done.out, parse_constant=pytest.fail)["methods"]
    (crashed,) = (r for r in rows if r["method"] == "aborts" and r["rule"] == "gradient-descent")
    assert crashed["status"] == "crashed"
    assert "SIGABRT" in crashed["reason"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("robot-arm",), "'robot-arm' has no loss to descend: its outputs are"),
        (("sigmoid-afine",), "Did you mean 'sigmoid-affine'?"),
        (("mlp", "--size", "2-3"), "Unknown size of problem 'mlp' '2-3'"),
        (("mlp", "--method", "backprob"), "Did you mean 'backprop'?"),
        (("mlp", "--steps", "0"), "steps is 0: expected 1 or more."),
        (("mlp", "--rate", "nan"), "rate is nan: expected a finite number above 0."),
        (("mlp", "--rate", "fast"), "Invalid value for '--rate'"),
        (("mlp", "--timeout", "0"), "timeout is 0 s: expected more than 0."),
        (("mlp", "--plugins", "nowhere.py"), "No plugin file or folder at 'nowhere.py'"),
        (("nowhere.py:bowl",), "No plugin file or folder at 'nowhere.py'"),
        (("*",), "Name one."),
        ((), "Name a problem to descend, or --resume a descent that was cut off."),
        (("mlp", "--resume", "latest"), "leave mlp out."),
        (("--resume", "latest"), "No runs under 'results'"),
    ],
)
def test_a_mistake_is_one_line_on_stderr_and_exit_code_2(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    done = descend(tmp_path, *options)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("gradiometer: ")
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_the_error_for_a_vector_problem_lists_the_scalar_ones(tmp_path: Path) -> None:
    listed = descend(tmp_path, "robot-arm").err.partition("that have one: ")[2]
    assert {"product-of-sum", "mlp", "rosenbrock"} <= set(listed.rstrip(".\n").split(", "))


def test_the_help_has_examples_and_says_what_the_defaults_are(tmp_path: Path) -> None:
    done = descend(tmp_path, "--help")
    assert done.code == 0
    told = " ".join(done.out.split())
    for text in ("`gradiometer descend prelu-chain`", "--rate", "half the Cauchy step", "100"):
        assert text in told


@pytest.mark.usefixtures("in_this_process", "undrawn")
def test_reports_go_where_they_are_asked_to(tmp_path: Path) -> None:
    done = descend(tmp_path, *SOUND, "--method", "right", "--reports", "elsewhere")
    assert done.code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere", "results"}


@pytest.mark.usefixtures("in_this_process", "undrawn")
def test_what_is_kept_goes_where_it_is_asked_to(tmp_path: Path) -> None:
    done = descend(tmp_path, *SOUND, "--method", "right", "--results", "kept")
    assert done.code == 0
    (run,) = (tmp_path / "kept").iterdir()
    assert f"run     kept/{run.name}\n" in done.out
    assert {path.name for path in tmp_path.iterdir()} == {"kept", "reports"}


@pytest.mark.usefixtures("in_this_process", "undrawn")
def test_a_problem_of_a_file_is_descended(tmp_path: Path) -> None:
    (tmp_path / "bowls.py").write_text(BOWLS)
    done = descend(tmp_path, "bowls.py:bowl", "--method", "central-difference", "--steps", "2")
    assert done.code == 0, done.err
    assert "bowl (1 inputs): gradient-descent" in done.out
