"""The conformance kit finds each fault, names its likeliest cause, and lets what is right pass."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import here
import pytest
from shell import command

from gradiometer import conformance
from gradiometer.conformance import causes, conform, wrong
from gradiometer.conformance.expected import Expected, read, settle
from gradiometer.conformance.result import Check, Report, Verdict
from gradiometer.errors import GradiometerError
from gradiometer.vocabulary.outcome import Status

WRONG = Path(wrong.__file__)
PROBLEMS = ["special-two-branches", "special-coupled", "special-not-square", "special-wide"]
OPERATORS = ["gradient", "jacobian", "hessian"]
CAUSES = {
    "wrong-zeros": "nothing reaches the inputs",
    "wrong-by-a-billionth": "a factor that is nearly one",
    "wrong-transposed": "rows and columns are exchanged",
    "wrong-float32-inside": "a step is taken in float32",
    "wrong-half-diagonal": "a Hessian of coefficients",
    "wrong-stale": "values of the point of preparation are kept",
    "wrong-below-zero": "right at the first point, wrong at another",
    "wrong-now-and-then": "what the same call returns changes",
    "wrong-remembers": "answers are kept by their inputs",
}
"""What the report must name as the likeliest cause of a failure, by method."""

ILL_MANNERED = """
import colorsys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from gradiometer import Method


class IllMannered(Method):
    name, mode, requires = "ill-mannered", "backwards", ("colorsys",)
    digits = {"float64": (11.0, 12.0)}

    def namespace(self):
        return np

    def setup(self, target):
        print("hello")
        Path("notes.txt").write_text("here")
        Path.home().joinpath(".cache").mkdir(exist_ok=True)
        Path.home().joinpath(".cache", "kept").write_text("there")

    def declines(self, operator, n, m):
        return False

    def gradient(self, f):
        right, busy = f.problem.derivatives["gradient"], ThreadPoolExecutor(2)

        def slowly(inputs, given):
            a = np.random.default_rng(0).standard_normal(300_000)
            for _ in range(3):
                np.sin(a)
            return right(*inputs, **given)

        def call(inputs, given):
            also = busy.submit(slowly, inputs, given)
            return busy.submit(slowly, inputs, given), also

        return call

    def result(self, native):
        native[1].result()
        return native[0].result()
"""


@pytest.fixture(scope="module")
def spoilt() -> Report:
    """The checks of every method that nobody should trust, and of the honest one beside them."""
    with here.in_this_process():
        return conformance.check(
            ["honest", "wrong-*"], plugins=[WRONG], problems=PROBLEMS, operators=OPERATORS,
            dtypes="float64",
        )  # fmt: skip


def test_there_is_a_cause_for_each_wrong_method(spoilt: Report) -> None:
    assert set(spoilt.methods) == {"honest", *CAUSES}


@pytest.mark.parametrize(("method", "cause"), CAUSES.items())
def test_a_wrong_method_fails_and_the_cause_is_named(
    spoilt: Report, method: str, cause: str
) -> None:
    found = spoilt.of(method)
    assert not found.ok
    failed = found.having(Verdict.FAILED)
    assert any(each.cause.startswith(cause) for each in failed), [
        (c.found, c.cause) for c in failed
    ]
    assert cause in repr(found)


def test_an_honest_method_conforms(spoilt: Report) -> None:
    found = spoilt.of("honest")
    assert found.ok, repr(found)
    parts = {each.part for each in found.having(Verdict.PASSED)}
    assert parts == {"contract", "agreement", "process"}


def test_what_is_not_written_declines(spoilt: Report) -> None:
    declined = spoilt.of("honest").having(Verdict.DECLINED)
    assert {(each.subject, each.operator) for each in declined} >= {
        ("special-two-branches", "hessian"), ("special-wide", "hessian"),
    }  # fmt: skip
    assert all("no hand-coded" in each.found for each in declined)


def test_the_report_has_a_table_and_a_page(spoilt: Report) -> None:
    assert list(spoilt.frame["verdict"].unique()) == ["passed", "declined", "failed"]
    assert len(spoilt.frame) == len(spoilt.checks)
    assert spoilt.as_json()["methods"]["honest"]["ok"]
    html = spoilt._repr_html_()
    assert "wrong-stale" in html
    assert html.count("<tr>") == 1 + len(spoilt.having(Verdict.FAILED))


@pytest.fixture(scope="module")
def manners(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Check]:
    """The checks of contract and process of a method without manners, by what they are of."""
    path = tmp_path_factory.mktemp("manners") / "ill.py"
    path.write_text(ILL_MANNERED, "utf-8")
    with here.in_this_process(), pytest.MonkeyPatch.context() as patch:
        patch.chdir(path.parent)  # it writes there, and to the home folder
        patch.setenv("HOME", str(path.parent))
        found = conformance.check(
            str(path), problems="product-of-sum", operators="value", dtypes="float64"
        )
    return {each.subject: each for each in found.checks}


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("mode", "mode is 'backwards'"),
        ("promise", "11.0 digits in float64, of second derivatives 12.0"),
        ("docstring", "none"),
        ("costs", r"declines\('gradient', 3, 1\) is False"),
        ("lazy", "colorsys is imported"),
        ("stdout", "1 lines, of which the first is 'hello'"),
        ("files", "2 files: home/.cache/kept, work/notes.txt"),
        ("wait", "which are not timed, take"),
    ],
)
def test_bad_manners_are_found(manners: dict[str, Check], subject: str, told: str) -> None:
    assert manners[subject].verdict is Verdict.FAILED
    assert re.search(told, manners[subject].found)
    assert manners[subject].cause or subject in ("mode", "promise")


@pytest.mark.parametrize("subject", ["name", "primal", "operators", "file", "same-twice", "memory"])
def test_what_it_does_well_passes(manners: dict[str, Check], subject: str) -> None:
    assert manners[subject].verdict is Verdict.PASSED, manners[subject]


# What is expected to fail.

RIGHT = Check("tool", "agreement", "special-solve", "hvp", "float64")
FAILS = Check(
    "tool", "agreement", "special-solve", "hvp", "float64", "disagrees", "w", "f", cause="c"
)
ROWS = """
[[expected]]
method = "t*"
subject = "special-solve"
operator = "h*"
status = "disagrees"
reason = "tool#12"
"""
ROW = Expected("t*", "special-solve", "h*", status="disagrees", reason="tool#12")


@pytest.mark.parametrize(
    ("check", "row", "verdict"),
    [
        (RIGHT, None, Verdict.PASSED),
        (FAILS, None, Verdict.FAILED),
        (FAILS, ROW, Verdict.EXPECTED),
        (RIGHT, ROW, Verdict.FAILED),
        (RIGHT, Expected(**{**vars(ROW), "always": False}), Verdict.PASSED),
        (FAILS, Expected(**{**vars(ROW), "status": "crashed"}), Verdict.FAILED),
        (FAILS, Expected(**{**vars(ROW), "dtype": "float32"}), Verdict.FAILED),
        (Check(**{**vars(FAILS), "status": "unsupported"}), None, Verdict.DECLINED),
        (Check(**{**vars(FAILS), "status": "skipped"}), ROW, Verdict.FAILED),
    ],
)
def test_a_row_excuses_what_it_says_and_nothing_else(
    check: Check, row: Expected | None, verdict: Verdict
) -> None:
    found = settle(check, [row] if row else [])
    assert found.verdict is verdict
    if verdict is Verdict.EXPECTED:
        assert found.cause == "tool#12"


def test_a_row_that_expects_what_passes_must_be_removed() -> None:
    found = settle(RIGHT, [ROW])
    assert "remove its row" in found.cause
    assert found.found == "it passes"


def test_rows_are_read_from_a_file(write: Callable[[str, str], Path]) -> None:
    path = write("rows.toml", ROWS)
    assert read(path) == [ROW]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[expected", "expected a TOML file"),
        ("x = 1", "has no rows"),
        ('[[expected]]\nmethod = "a"', "has no subject, status, reason"),
        ('[[expected]]\nmethd = "a"', "Did you mean 'method'"),
        ('[[expected]]\nmethod="a"\nsubject="b"\nstatus="wrong"\nreason="c"', "Unknown status"),
    ],
)
def test_a_file_of_rows_that_is_wrong_is_told(
    write: Callable[[str, str], Path], text: str, told: str
) -> None:
    with pytest.raises(GradiometerError, match=told):
        read(write("rows.toml", text))


# Causes.


@pytest.mark.parametrize(
    ("status", "found", "cause"),
    [
        ("disagrees", "stale in x, right with the given values of preparation", "given values"),
        ("disagrees", "stale, right in the directions of preparation", "directions"),
        ("disagrees", "stale, right at another point that is checked", "earlier call"),
        ("disagrees", "a call changes x, which it is given", "writes to what it is given"),
        ("disagrees", "the sign is reversed in x", "the sign"),
        ("disagrees", "twice what it should be everywhere", "a constant factor"),
        ("disagrees", "x has shape (1, 3), (3,) expected", "another shape"),
        ("disagrees", "9.0 digits, 12 promised", "digits are lost"),
        ("disagrees", "something else", "a derivative rule"),
        ("error", "AttributeError: module has no attribute 'erf'", "lacks an operation"),
        ("error", "TypeError: axis", "takes other arguments"),
        ("nonfinite", "1 of 3 components not finite", "overflows"),
        ("crashed", "worker died", "native code"),
        ("timeout", "took longer than 60 s", "very long"),
    ],
)
def test_the_likeliest_cause_is_told(status: str, found: str, cause: str) -> None:
    check = Check("m", "agreement", "p", "gradient", "float64", status, "", f"{status}: {found}")
    assert cause in causes.likeliest(check)


def test_what_is_wrong_in_float32_alone_is_told() -> None:
    single = Check(
        "m", "agreement", "p", "hvp", "float32", "disagrees", "", "3.0 digits, 5 promised"
    )
    double = Check("m", "agreement", "p", "hvp", "float64")
    assert causes.likeliest(single, [double]).startswith("right in float64, wrong in float32")
    assert not causes.likeliest(single).startswith("right in float64")


def test_every_status_that_fails_has_a_cause() -> None:
    for status in Status:
        if not status.blameless and status is not Status.MEMOISES:
            check = Check("m", "agreement", "p", "hvp", "float64", str(status), "", f"{status}: x")
            assert causes.likeliest(check)


# The doors.


def test_the_command_tells_and_its_exit_code_says_so(tmp_path: Path, in_this_process: None) -> None:
    chosen = ["--problem", "product-of-sum", "--operator", "gradient", "--dtype", "float64"]
    done = command(tmp_path, "conformance", "honest", "--plugins", str(WRONG), *chosen)
    assert done.code == 0, done.out
    assert re.search(r"honest +\d+ ", done.out)
    assert "honest: conforms" in done.out
    told: Any = json.loads(
        command(tmp_path, "conformance", "wrong-zeros", "--plugins",
                "gradiometer.conformance.wrong", *chosen, "--json").out
    )  # fmt: skip
    assert not told["ok"]
    assert told["methods"]["wrong-zeros"]["failed"] == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nobody"], "Unknown method 'nobody'"),
        (["backprop", "--problem", "nothing"], "Unknown problem 'nothing'"),
        (["backprop", "--operator", "nothing"], "Unknown operator 'nothing'"),
        (["backprop", "--dtype", "float16"], "float16"),
        (["backprop", "--expected", "nowhere.toml"], "nowhere.toml"),
        (["backprop", "--problem", "special-several", "--operator", "hvp"], "has such an operator"),
    ],
)
def test_wrong_uses_are_one_line(tmp_path: Path, words: list[str], told: str) -> None:
    done = command(tmp_path, "conformance", *words)
    assert done.code == 2
    assert told in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "handed"),
    [
        (["a", "b*"], {"what": ["a", "b*"]}),
        (["a", "--problem", "p", "--problem", "q*"], {"problems": ["p", "q*"]}),
        (["a", "--operator", "hvp"], {"operators": ["hvp"]}),
        (["a", "--dtype", "float32"], {"dtypes": ["float32"]}),
        (["a", "--quick"], {"quick": True}),
        (
            ["a", "--plugins", "one.py", "--plugins", "two"],
            {"plugins": [Path("one.py"), Path("two")]},
        ),
        (["a", "--expected", "rows.toml"], {"expected": [Path("rows.toml")]}),
    ],
)
def test_an_option_is_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], handed: dict[str, Any]
) -> None:
    asked: list[dict[str, Any]] = []

    def check(what: Any, **options: Any) -> Report:
        del options["progress"], options["each"]
        asked.append({"what": what} | options)
        return Report([RIGHT])

    monkeypatch.setattr(conform, "check", check)
    assert command(tmp_path, "conformance", *words).code == 0
    plain = {"what": ["a"], "plugins": (), "problems": None, "operators": None, "dtypes": None}
    assert asked == [plain | {"quick": False, "expected": ()} | handed]


def test_what_was_checked_before_an_interruption_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(what: Any, *, each: Callable[[Check], None], **options: Any) -> Report:
        each(RIGHT)
        raise KeyboardInterrupt

    monkeypatch.setattr(conform, "check", check)
    done = command(tmp_path, "conformance", RIGHT.method)
    assert (done.code, done.err) == (130, "Interrupted: what was checked until then:\n")
    assert f"{RIGHT.method}: conforms; 1 passed." in done.out


def test_what_is_not_installed_was_not_checked() -> None:
    absent = Check("absent", "contract", "installed", status="not-installed", found="pip install")
    report = Report(conform.judged([absent], ()))
    assert next(report.lines()) == "absent: was not checked; 1 declined."
    assert not report.ok


def session(folder: Path, *options: str) -> str:
    """Run pytest on the kit in a folder of its own, and return what it tells."""
    words = ["-p", "no:cacheprovider", "--pyargs", "gradiometer.conformance", "-rA", *options]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=folder, capture_output=True, text=True, env=environ,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_another_project_s_tests_have_an_item_a_part(tmp_path: Path) -> None:
    few = ["--gradiometer-problem=product-of-sum", "--gradiometer-quick", "-k", "gradient or hvp"]
    told = session(
        tmp_path, "--gradiometer-method=wrong-zeros", "--gradiometer-method=honest",
        f"--gradiometer-plugins={WRONG}", *few,
    )  # fmt: skip
    assert re.search(r"1 failed, 1 passed, 2 skipped, \d+ deselected", told), told
    assert "PASSED test_conformance.py::test_it_conforms[honest-gradient-float64]" in told
    assert "likely:   nothing reaches the inputs" in told


def test_without_a_method_it_says_what_to_name(tmp_path: Path) -> None:
    told = session(tmp_path)
    assert "1 skipped" in told
    assert "--gradiometer-method NAME" in told
