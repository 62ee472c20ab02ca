"""The command line: results on stdout, one line on stderr for every mistake."""

from __future__ import annotations

import json
import re
import shlex
import signal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import records
from here import in_this_process
from shell import Done, command, process

import gradiometer
from gradiometer.runs.facts import read_info
from gradiometer.runs.journal import read_journal
from gradiometer.runs.store import RunFolder, run_folders

PLUGIN = '''
import os
import signal

import numpy as np

from gradiometer import Method, Namespace


class Zeros(Method):
    """Answers nothing but zeros."""

    name, mode = "zeros", "manual"

    def namespace(self):
        return Namespace(np)

    def array(self, a):
        return float(a) if a.ndim == 0 else a

    def gradient(self, f):
        return lambda inputs, given: tuple(0.0 * x for x in inputs)


class Interrupter(Zeros):
    """Sends the coordinator what Ctrl-C sends, or another signal."""

    name = "interrupter"

    def gradient(self, f):
        os.kill(os.getppid(), getattr(signal, os.environ["ENDS_BY"]))
        return super().gradient(f)


class Blocker(Zeros):
    """Puts a file where a folder for reports is to be."""

    name = "blocker"

    def namespace(self):
        open("pages", "a").close()
        return super().namespace()
'''
INFO: dict[str, Any] = {
    "environment": {"started": "2026-01-01T12:00:00+00:00"},
    "timing": "interleaved",
    "options": {"threads": 1},
    "plan": records.plan(records.row("tape")),
}
CHECK = "run --problem product-of-sum --method backprop --rounds 0"
VERBS = [
    "run", "conformance", "list", "list problems", "list methods", "list operators", "show",
    "trace", "descend", "stepsize",
    "report", "runs", "runs list", "environments", "environments list", "environments make",
    "new", "new method", "new problem", "compare", "history", "query", "runs repair",
]  # fmt: skip
DOORS = ["run", "check", "compare", "history", "query", "conformance", "show", "trace", "descend"]
DOORS += ["stepsize", "report", "list", "runs"]
DOORS += ["environments", "new"]


class Measured(NamedTuple):
    """A command that measured, and where it did."""

    done: Done
    where: Path

    @property
    def run(self) -> Path:
        (path,) = run_folders(self.where / "results")
        return path

    @property
    def report(self) -> Path:
        return self.where / "reports" / self.run.name / "report.md"


def gradiometer_at(where: Path, line: str) -> Done:
    return command(where, *shlex.split(line))


def strict(text: str) -> Any:
    return json.loads(text, parse_constant=pytest.fail)


def write_plugins(where: Path) -> None:
    (where / "plugin.py").write_text(PLUGIN, "utf-8")
    (where / "broken.py").write_text("raise ValueError('no such thing')\n")


def measured(factory: pytest.TempPathFactory, line: str, carry_out: Any = command) -> Measured:
    where = factory.mktemp("measured")
    write_plugins(where)
    return Measured(carry_out(where, *shlex.split(line)), where)


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    return measured(
        tmp_path_factory,
        "run --problem product-of-sum --method backprop --method central-difference --rounds 7",
        process,
    )


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    with in_this_process():
        return measured(tmp_path_factory, f"{CHECK} --method complex-step --json")


@pytest.fixture(scope="module")
def disagreeing(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    plugins = "--method zeros --plugins plugin.py --method broken --plugins broken.py"
    with in_this_process():
        return measured(tmp_path_factory, f"{CHECK} {plugins}")


@pytest.fixture(scope="module", params=["SIGINT", "SIGTERM", "SIGHUP"])
def interrupted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Measured:
    line = f"{CHECK} --method interrupter --plugins plugin.py"
    if signal.getsignal(getattr(signal, request.param)) is signal.SIG_IGN:
        pytest.skip(f"{request.param} is set aside by who started the tests, as nohup does")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ENDS_BY", request.param)
        return measured(tmp_path_factory, line, process)


@pytest.fixture(scope="module")
def unreported(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    twice = "--operator value --operator value"
    blocked = "--method blocker --plugins plugin.py --reports pages"
    with in_this_process():
        return measured(tmp_path_factory, f"{CHECK} {twice} {blocked}")


# Help.


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_has_an_example(tmp_path: Path, verb: str) -> None:
    done = gradiometer_at(tmp_path, f"{verb} --help")
    assert done.code == 0
    assert done.err == ""
    assert re.search(rf"Examples?:\s+`gradiometer\s+{verb}\b", " ".join(done.out.split()))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", DOORS),
        ("-h", DOORS),
        ("list", ["problems", "methods", "operators"]),
        ("runs", ["list", "show", "rm", "merge", "repair"]),
        ("environments", ["list", "make", "rm"]),
        ("new", ["method", "problem"]),
    ],
)
def test_without_a_command_the_help_lists_them(tmp_path: Path, line: str, said: list[str]) -> None:
    done = gradiometer_at(tmp_path, line)
    assert done.code == 0
    assert done.err == ""
    listed = re.findall(r"^  (\w+) +\S", done.out.partition("Commands:")[2], re.MULTILINE)
    assert listed == said


def test_the_version_is_the_packages(tmp_path: Path) -> None:
    done = process(tmp_path, "--version")
    assert done == (0, f"gradiometer {gradiometer.__version__}\n", "")


# Mistakes.


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rnu", "No such command 'rnu'. Did you mean 'run'?"),
        ("list probems", "Did you mean 'problems'?"),
        ("list runs", "No such command 'runs'"),
        ("run --metod jax", "No such option: --metod (Possible options: --method"),
        ("run --rounds many", "Invalid value for '--rounds'"),
        ("show", "Missing argument"),
        ("run product-of-summ", "Unknown problem or method 'product-of-summ'"),
        ("run backprob", "Did you mean 'backprop'"),
        ("run nowhere.py", "No plugin file or folder at 'nowhere.py': check the path."),
        ("run nowhere.py:cube", "No plugin file or folder at 'nowhere.py': check the path."),
        ("run plugin.py:zeroes", "Unknown problem or method 'plugin.py:zeroes'"),
        ("run broken.py", "broken.py failed to load: ValueError: no such thing (line 1)"),
        ("run --problem backprop", "Unknown problem 'backprop'"),
        ("run --method mlp", "Unknown method 'mlp'"),
        ("run mlp --resume latest --results runs", "leave mlp out."),
        ("run --problem product-of-summ", "Did you mean 'product-of-sum'?"),
        ("run --method backprob", "Did you mean 'backprop'?"),
        ("run --size 2-3-1x", "Did you mean '2-3-1x1'"),
        ("run --operator gradeint", "Did you mean 'gradient'?"),
        ("run --plugins nowhere.py", "No plugin file or folder at 'nowhere.py': check the path."),
        ("run --threads 0", "threads is 0: expected 1 or more."),
        ("run --rounds 3", "rounds is 3: expected 7 or more"),
        ("show sigmoid-afine", "Did you mean 'sigmoid-affine'?"),
        ("show '*chain*'", "problems: "),
        ("show plugin.py", "Unknown problem 'plugin.py'"),
        ("report 20260101-120000-abce --results runs", "Did you mean '20260101-120000-abcd'?"),
        ("report latest --results edited", "run.json is damaged: no valid JSON"),
        ("runs show latest --results edited", "`gradiometer runs repair edited/2026"),
        (f"{CHECK} --reports plugin.py", "Choose another folder with --reports."),
        (f"{CHECK} --threads 4096", "expected at most"),
        (f"{CHECK} --results file", "Cannot write file/"),
        (f"{CHECK} --seed -1", "seed"),
        (f"{CHECK} --timeout nan", "timeout_s is nan"),
    ],
)
def test_a_mistake_is_one_line_on_stderr_and_exit_code_2(
    mistakes: Path, line: str, said: str
) -> None:
    done = gradiometer_at(mistakes, line)
    assert said in done.err
    assert done.err.startswith("gradiometer: ")
    assert done.err.count("\n") == 1
    assert done.err.endswith("\n")
    assert done.out == ""
    assert done.code == 2


def test_a_mistake_ends_a_process_likewise(tmp_path: Path) -> None:
    done = process(tmp_path, "run", "--method", "backprob")
    assert (done.code, done.out) == (2, "")
    assert re.fullmatch(r"gradiometer: .*Did you mean 'backprop'\?\n", done.err)


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with a file, and runs that are whole, damaged and edited."""
    where = tmp_path_factory.mktemp("mistakes")
    (where / "file").write_text("mine")
    write_plugins(where)
    for name in ("runs", "edited"):
        path = RunFolder.create(where / name, INFO).path
        path.rename(where / name / "20260101-120000-abcd")
    (where / "edited/20260101-120000-abcd/run.json").write_text('{"format": 1,')
    return where


def test_a_report_that_cannot_be_written_is_a_mistake_and_the_run_is_kept(
    unreported: Measured,
) -> None:
    done = unreported.done
    assert (done.code, done.out) == (2, "")
    last = done.err.splitlines()[-1]
    assert last.startswith("gradiometer: Cannot write the report to pages/")
    assert last.endswith("Choose another folder with --reports.")
    assert read_info(unreported.run)["state"] == "complete"


def test_an_operator_named_twice_is_measured_once(unreported: Measured) -> None:
    rows = read_journal(unreported.run / "records.jsonl").rows
    once = {("product-of-sum/float64/value", method) for method in ("backprop", "blocker")}
    for told in (rows, read_info(unreported.run)["plan"]):
        cells = [(row["case"], row["method"]) for row in told]
        assert (set(cells), len(cells)) == (once, 2)


# Measuring.


def test_a_run_ends_with_a_folder_a_report_and_exit_code_0(timed: Measured) -> None:
    assert timed.done.code == 0, timed.done.err
    assert read_info(timed.run)["state"] == "complete"
    assert (timed.run / "records.parquet").is_file()
    assert timed.done.out.splitlines()[-3:] == [
        "4 cells: 4 ok.",
        f"run     results/{timed.run.name}",
        f"report  reports/{timed.run.name}/report.html",
    ]
    assert f"run {timed.run.name}" in timed.report.read_text("utf-8")


def test_a_run_records_a_figure_for_every_planned_cell(timed: Measured) -> None:
    rows = read_journal(timed.run / "records.jsonl").rows
    cases = [f"product-of-sum/float64/{op}" for op in ("value", "gradient")]
    methods = ["backprop", "central-difference"]
    assert [(r["case"], r["method"]) for r in rows] == [(c, m) for c in cases for m in methods]
    for r in rows:
        assert (r["status"], r["rounds"]) == ("ok", 7)
        assert 0.0 < r["low_s"] <= r["time_s"] <= r["high_s"]
        assert r["digits"] >= r["promise"]
    assert json.loads((timed.run / "records.jsonl").read_text().splitlines()[0])["floor_s"] > 0.0


def test_a_run_prints_agreement_and_times_of_each_operator(timed: Measured) -> None:
    out = " ".join(timed.done.out.split())
    for operator in ("value", "gradient"):
        assert f"Correct digits, {operator} " in out
        assert f"Time, {operator}, as a multiple of the fastest" in out
    assert "exact" in out
    assert "1.00×" in out


def test_a_run_is_quiet_on_stderr_but_for_the_noise_of_its_machine(timed: Measured) -> None:
    assert re.fullmatch(r"(Noisy machine, take the times with care: [^\n]+\n)*", timed.done.err)


def test_the_same_run_can_be_reported_again_and_listed(timed: Measured) -> None:
    done = gradiometer_at(timed.where, "report latest --reports again")
    files = [f"again/{timed.run.name}/report.{kind}" for kind in ("html", "md")]
    assert done == (0, "".join(f"{file}\n" for file in files), "")
    assert all((timed.where / file).is_file() for file in files)
    (listed,) = strict(gradiometer_at(timed.where, "runs list --json").out)
    assert (listed["run"], listed["state"]) == (timed.run.name, "complete")
    assert (listed["planned"], listed["recorded"], listed["ok"]) == (4, 4, 4)


def test_a_comparison_is_no_descent_to_take_up(timed: Measured) -> None:
    done = gradiometer_at(timed.where, "descend --resume latest")
    assert (done.code, done.out) == (2, "")
    assert "is a comparison: expected a descent." in done.err


def test_without_rounds_agreement_is_checked_and_times_are_left_empty(checked: Measured) -> None:
    assert checked.done.code == 0, checked.done.err
    told = strict(checked.done.out)
    assert len(told["records"]) == 4
    for row in told["records"]:
        assert row["status"] == "ok"
        assert row["digits"] == "inf" or row["digits"] >= 12
        assert [row[k] for k in ("time_s", "low_s", "high_s", "ratio", "rounds", "loops")] == [
            None
        ] * 6


def test_json_is_all_that_is_on_stdout_and_tells_the_run(checked: Measured) -> None:
    told = strict(checked.done.out)
    assert told["run"] == checked.run.name
    assert (checked.where / told["path"]) == checked.run
    assert (checked.where / told["report"]) == checked.report.with_suffix(".html")
    assert told["state"] == "complete"
    assert [row["method"] for row in told["plan"]] == 2 * ["backprop", "complex-step"]
    assert told["options"]["rounds"] == 0
    assert {"numpy", "gradiometer"} <= set(told["environment"]["versions"])


@pytest.mark.parametrize(
    "line",
    [
        "list methods --json",
        "runs list --json",
        "show mlp --size 2-3-1x1 --json",
        "show polar-coordinates --operator jacobian --operator vjp --json",
        "list operators --json",
    ],
)
def test_json_is_strict_and_alone_on_stdout(tmp_path: Path, line: str) -> None:
    done = gradiometer_at(tmp_path, line)
    assert done.code == 0
    assert done.err == ""
    assert isinstance(strict(done.out), list | dict)


@pytest.mark.parametrize("line", ["run --help", "show product-of-sum"])
def test_what_is_piped_has_no_escape_codes(tmp_path: Path, line: str) -> None:
    done = process(tmp_path, *shlex.split(line))
    assert done.code == 0
    assert done.out.strip()
    assert "\x1b" not in done.out + done.err


def test_what_a_run_pipes_has_no_escape_codes(timed: Measured, disagreeing: Measured) -> None:
    for done in (timed.done, disagreeing.done):
        assert "\x1b" not in done.out + done.err
        assert "\r" not in done.out + done.err


# Cells that disagree, runs that end early.


def test_a_method_that_answers_zeros_disagrees_and_the_exit_code_is_1(
    disagreeing: Measured,
) -> None:
    assert disagreeing.done.code == 1, disagreeing.done.err
    rows = read_journal(disagreeing.run / "records.jsonl").rows
    ends = {(r["method"], r["operator"]): r["status"] for r in rows}
    assert ends == {
        ("backprop", "value"): "ok", ("backprop", "gradient"): "ok",
        ("zeros", "value"): "ok", ("zeros", "gradient"): "disagrees",
        ("broken", "value"): "error", ("broken", "gradient"): "error",
    }  # fmt: skip
    assert "disagrees: product-of-sum/float64/gradient/zeros: " in disagreeing.done.out
    assert "6 cells: 3 ok, 2 error, 1 disagrees." in disagreeing.done.out


def test_a_method_that_disagrees_is_named_in_the_report(disagreeing: Measured) -> None:
    told = disagreeing.report.read_text("utf-8")
    assert "3 cells disagree with the truth or failed" in told
    coverage = told.partition("## Coverage")[2]
    assert re.search(r"\| disagrees +\| 1 +\| zeros +\| product-of-sum/float64/gradient ", coverage)


def test_a_plugin_that_fails_to_load_is_a_row_with_its_reason(disagreeing: Measured) -> None:
    rows = read_journal(disagreeing.run / "records.jsonl").rows
    ends = {(r["status"], r["reason"]) for r in rows if r["method"] == "broken"}
    assert ends == {("error", "broken.py failed to load: ValueError: no such thing (line 1)")}


def test_an_interrupted_run_keeps_what_it_has_and_says_so(interrupted: Measured) -> None:
    assert interrupted.done.out == ""
    name = f"results/{interrupted.run.name}"
    go_on = f"go on with `gradiometer run --resume {name}`."
    kept = f"Interrupted: 2 of 4 cells are kept in {name}; {go_on}"
    assert interrupted.done.err.splitlines()[-1] == kept
    assert "Traceback" not in interrupted.done.err
    assert read_info(interrupted.run)["state"] == "interrupted"
    journal = read_journal(interrupted.run / "records.jsonl")
    assert [r["operator"] for r in journal.rows] == ["value", "value"]
    assert (journal.cut, journal.broken) == (False, [])


def test_the_exit_code_tells_the_signal(
    interrupted: Measured, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.params["interrupted"]
    assert interrupted.done.code == 128 + getattr(signal, name)


def test_an_interrupted_run_can_be_reported_with_what_it_missed(interrupted: Measured) -> None:
    done = gradiometer_at(interrupted.where, "report latest")
    assert done.code == 0, done.err
    told = interrupted.report.read_text("utf-8")
    assert "**The run was interrupted before its end.**" in told
    assert "**Of 4 cells: 2 ok, 2 not reached.**" in told
    (row,) = re.findall(r"^\| not-reached.*", told.partition("## Coverage")[2], re.MULTILINE)
    assert row.split()[3] == "2"
