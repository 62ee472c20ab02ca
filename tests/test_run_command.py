"""`gradiometer run` beyond the tables: precision, exit codes, taking a run up, cold figures."""

from __future__ import annotations

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import records
import typer
from here import in_this_process
from records import row, timed
from rich.console import Console
from shell import command

import gradiometer
from gradiometer import GradiometerError, Options
from gradiometer.cli import progress
from gradiometer.cli import run as verb
from gradiometer.cli.run import (
    MOST_REASONS,
    choose_named,
    parse_share,
    parse_statuses,
    print_tables,
)
from gradiometer.errors import UnknownName
from gradiometer.measure.harness import Harness
from gradiometer.measure.plan import Plan
from gradiometer.measure.progress import Progress
from gradiometer.plugins import default, loader
from gradiometer.plugins.own import Arguments
from gradiometer.plugins.registry import KINDS, Registry
from gradiometer.report import process
from gradiometer.runs.facts import read_info
from gradiometer.runs.store import run_folders
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.outcome import Outcome, Status

PLUGINS = Path(__file__).parent / "plugins"
BOTH = """
import numpy as np

from gradiometer import Method, Namespace, problem


@problem(at={"x": 2.0}, sizes=("small", "middle", "large"))
def cube(xp, x):
    return x * x * x


@problem(at={"x": 2.0})
def square(xp, x):
    return x * x


class Threefold(Method):
    name = "threefold"

    def namespace(self):
        return Namespace(np)

    def array(self, a):
        return float(a)

    def gradient(self, f):
        return lambda inputs, given: tuple(3.0 * x * x for x in inputs)
"""


@pytest.mark.parametrize(
    ("text", "share"), [("2%", 0.02), ("0.5%", 0.005), ("0.02", 0.02), ("100%", 1.0), ("1", 1.0)]
)
def test_a_share_is_a_percentage_or_a_number(text: str, share: float) -> None:
    assert parse_share(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["two", "%", "2 percent", ""])
def test_anything_else_is_no_share(text: str) -> None:
    with pytest.raises(GradiometerError, match=r"expected a share, like 2% or 0\.02"):
        parse_share(text)


def test_by_default_every_fault_makes_the_run_fail() -> None:
    assert set(parse_statuses(None)) == {s for s in Status if not s.blameless}


def test_statuses_can_be_chosen_or_all_forgiven() -> None:
    assert parse_statuses(["crashed", "timeout"]) == ["crashed", "timeout"]
    assert parse_statuses(["none"]) == []


def test_an_unknown_status_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'disagrees'"):
        parse_statuses(["disagree"])


# What is measured.


@pytest.fixture
def both(tmp_path: Path) -> Path:
    """A file of two problems and a method."""
    path = tmp_path / "both.py"
    path.write_text(BOTH, "utf-8")
    return path


@pytest.mark.parametrize(
    ("what", "problems", "methods", "named"),
    [
        (["mlp", "backprop"], [], [], (["mlp"], ["backprop"])),
        (["jax-ji*"], [], [], ([], ["jax-jit"])),
        (["prelu-*", "back*"], [], [], (["prelu-chain"], ["backprop"])),
        ([], ["mlp"], [], (["mlp"], [])),
        (["mlp"], ["mlp", "rosenbrock"], [], (["mlp", "rosenbrock"], [])),
        (["backprop"], ["mlp"], ["backprop", "sympy"], (["mlp"], ["backprop", "sympy"])),
        (["both.py"], [], [], (["cube", "square"], ["threefold"])),
        (["both.py:cube"], [], [], (["cube"], [])),
        (["both.py:threefold", "mlp"], [], [], (["mlp"], ["threefold"])),
        (["mlp"], ["both.py"], ["both.py:threefold"], (["mlp", "cube", "square"], ["threefold"])),
        ([], [], [], ([], [])),
    ],
)
def test_what_is_named_is_of_both_kinds(
    both: Path,
    monkeypatch: pytest.MonkeyPatch,
    what: list[str],
    problems: list[str],
    methods: list[str],
    named: tuple[list[str], list[str]],
) -> None:
    monkeypatch.chdir(both.parent)
    found = choose_named(loader.load(), what, problems, methods, Arguments())
    names = {kind: [entry.name for entry in entries] for kind, entries in found.items()}
    assert names == {k: each for k, each in zip(KINDS, named, strict=True) if each}


@pytest.mark.parametrize(
    ("what", "problems", "methods"), [(["x"], [], []), ([], ["backprop"], []), ([], [], ["mlp"])]
)
def test_what_names_nothing_is_refused(
    what: list[str], problems: list[str], methods: list[str]
) -> None:
    with pytest.raises(UnknownName):
        choose_named(loader.load(), what, problems, methods, Arguments())


CHECK = ("--rounds", "0", "--fail-on", "none")


def planned(folder: Path) -> list[tuple[str, str, str]]:
    """Return the cells that the only run in a folder planned: problem, size, method."""
    (path,) = run_folders(folder / "results")
    rows = read_info(path)["plan"]
    return list(dict.fromkeys((row["problem"], row["size"], row["method"]) for row in rows))


@pytest.mark.usefixtures("unreported")
def test_a_file_is_measured_with_all_it_brings(both: Path) -> None:
    done = command(both.parent, "run", "both.py", "backprop", *CHECK)
    assert done.code == 0, done.err
    cases = [("cube", "small"), ("cube", "middle"), ("cube", "large"), ("square", "")]
    methods = ["backprop", "threefold"]
    assert planned(both.parent) == [(*case, method) for case in cases for method in methods]
    assert "disagrees: square/float64/gradient/threefold: " in done.out


@pytest.mark.usefixtures("unreported")
def test_a_method_alone_meets_every_problem_at_one_size(
    both: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Harness, "outcomes", lambda harness: iter(()))  # it is planned alone
    done = command(both.parent, "run", "both.py:threefold", "--operator", "value", *CHECK)
    assert done.code == 0, done.err
    found, known = planned(both.parent), loader.load([both]).problems.values()
    assert {method for _, _, method in found} == {"threefold"}
    taken = [p for p in known if p.name in default.PROBLEMS or not p.address.built_in]
    assert found == [(p.name, size, "threefold") for p in taken for size in default.sizes(p)]
    assert ("cube", "middle", "threefold") in found


@pytest.mark.usefixtures("unreported")
@pytest.mark.parametrize("quick", [False, True])
def test_all_problems_are_taken_at_their_usual_sizes(
    both: Path, monkeypatch: pytest.MonkeyPatch, quick: bool
) -> None:
    monkeypatch.setattr(Harness, "outcomes", lambda harness: iter(()))
    words = ["run", "both.py", "--problem", "all", "--size", "default", "--operator", "value"]
    done = command(both.parent, *words, *["--quick"] * quick, *CHECK)
    assert done.code == 0, done.err
    taken = [p for p in loader.load([both]).problems.values() if not p.on_request]
    sizes = (lambda p: p.labels[:1]) if quick else default.sizes
    cases = {(problem, size) for problem, size, _ in planned(both.parent)}
    assert cases == {(p.name, size) for p in taken for size in sizes(p)}


# Progress.


def followed() -> None:
    """Follow work of four rows, of which one was kept before and one is kept now."""
    with progress.following("run", "cells") as listener:
        listener.start(4, 1, Path("results/r"))
        listener.say("mlp/[7]: rounds")
        listener.advance("mlp/[7]")
        raise KeyboardInterrupt


@pytest.mark.parametrize("terminal", [True, False])
def test_what_will_be_measured_is_told_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    cases = [Case("affine", "", name) for name in ("value", "gradient")]
    cells = [Cell(case, name) for case in cases for name in ("tape", "zeta", "absent", "broken")]
    ends = {"zeta": Status.NOT_INSTALLED, "absent": Status.NOT_INSTALLED, "broken": Status.ERROR}
    ended = {cell: Outcome(ends[cell.method]) for cell in cells if cell.method in ends}
    console = Console(file=StringIO(), force_terminal=terminal, color_system=None, width=80)
    monkeypatch.setattr(verb, "stderr", lambda: console)
    monkeypatch.setattr(Plan, "estimate_s", lambda plan, options: 12.4 + options.cold)
    for plan in (Plan(cells, Registry(), ended), Plan(cells[:1], Registry())):
        verb._announce(plan, Options(cold=1))
    assert isinstance(console.file, StringIO)
    assert (
        console.file.getvalue().splitlines()
        == [
            "8 cells: 2 cases × 4 methods; about 13 s.",
            "Not installed, and recorded so: absent, zeta.",
            "1 cells: 1 cases × 1 methods; about 13 s.",
        ]
        * terminal
    )


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        followed()
    assert ended.value.exit_code == 130
    go_on = "go on with `gradiometer run --resume results/r`."
    kept = f"Interrupted: 2 of 4 cells are kept in results/r; {go_on}\n"
    assert capsys.readouterr() == ("", kept)


def test_progress_is_a_line_a_minute_without_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = iter([0.0, 0.5, 1.0, 1.5, 2.5])
    monkeypatch.setattr(progress.time, "monotonic", lambda: 60.0 * next(minutes))
    with progress.following("run", "cells") as listener:
        listener.start(5, 1, None)
        for name in "abcd":
            listener.advance(f"mlp/[{name}]")
    told = ["3 of 5 cells after 1 min: mlp/[b]", "5 of 5 cells after 2 min: mlp/[d]"]
    assert capsys.readouterr().err.splitlines() == told


def test_progress_is_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=StringIO(), force_terminal=True, width=80)
    monkeypatch.setattr(progress, "stderr", lambda: console)
    with pytest.raises(typer.Exit):
        followed()
    assert isinstance(console.file, StringIO)
    drawn = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", console.file.getvalue())
    assert re.search(r"━ +2/4 +0:00:00 +mlp/\[7\]: rounds", drawn)


@pytest.mark.parametrize(
    ("verb", "done", "told"),
    [
        ("", 1, "1 of 4 cells are kept in results/r, and are measured anew the next time."),
        (
            "run",
            4,
            "all 4 cells are kept in results/r; write the report with "
            "`gradiometer report results/r`.",
        ),
    ],
    ids=["cannot be taken up", "all is measured"],
)
def test_only_what_is_missing_is_to_be_measured(
    capsys: pytest.CaptureFixture[str], verb: str, done: int, told: str
) -> None:
    def interrupt(listener: Progress) -> None:
        listener.start(4, 0, Path("results/r"))
        for _ in range(done):
            listener.advance("a cell")
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit), progress.following(verb, "cells") as listener:
        interrupt(listener)
    assert capsys.readouterr().err == f"Interrupted: {told}\n"


def test_work_that_was_done_already_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.following("run", "cells") as listener:
        listener.start(4, 4, Path("results/r"))
    told = "All 4 cells were recorded already: nothing was measured.\n"
    assert capsys.readouterr().err == told


def test_work_cut_off_before_it_began_kept_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), progress.following("descend", "trajectories"):
        raise KeyboardInterrupt
    assert capsys.readouterr() == ("", "Interrupted: nothing was measured yet.\n")


# The tables.


def shown(capsys: pytest.CaptureFixture[str], *rows: dict[str, Any]) -> str:
    print_tables(records.run(*rows), Path("reports/r/report.md"))
    return capsys.readouterr().out


def test_each_operator_has_its_tables_derivatives_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = ["value", "gradient", "jvp"]
    out = shown(capsys, *(row(operator=name, digits=9.0, **timed()) for name in names))
    assert re.findall(r"^(Correct digits|Time), (\w+)", out, re.MULTILINE) == [
        (what, name) for name in ("gradient", "jvp", "value") for what in ("Correct digits", "Time")
    ]
    assert "†" not in out


def test_a_run_that_was_only_checked_prints_no_times(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Time" not in shown(capsys, row(digits=9.0))


def test_what_was_derived_is_marked_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row(m, operator="jvp", digits=9.0, **timed()) for m in ("tape", "dual")]
    out = shown(capsys, rows[0] | {"route": "8 vjps"}, rows[1])
    assert re.findall(r"^  (\w+) +(1\.00×†?) *$", out, re.MULTILINE) == [
        ("tape", "1.00×†"), ("dual", "1.00×"),
    ]  # fmt: skip
    assert "† put together from the method's other operators.\n" in out


def test_a_run_of_many_functions_has_them_downwards(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row(m, f"p{i:02}", digits=9.0) for i in range(40) for m in ("tape", "dual")]
    lines = [line.split() for line in shown(capsys, *rows).splitlines()]
    assert ["function", "tape", "dual"] in lines
    assert all([f"p{i:02}", "9.0", "9.0"] in lines for i in range(40))


def test_a_reason_that_ended_many_cells_is_printed_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = [row("jit", f"p{i:02}", status="crashed", reason="signal 11") for i in range(30)]
    out = shown(capsys, *rows, row("tape", "p00", status="disagrees", digits=7.2, reason="wrong"))
    cases = "p00/float64/gradient, p01/float64/gradient, p02/float64/gradient and 27 more"
    assert f"crashed: 30 cells of jit ({cases}): signal 11\n" in out
    assert "disagrees: p00/float64/gradient/tape: wrong\n" in out
    assert out.count("signal 11") == 1
    assert "disagrees (7.2)" in out
    assert "more; see the report" not in out


def test_of_many_reasons_the_first_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row("jit", f"p{i}", status="error", reason=f"r{i}") for i in range(MOST_REASONS + 2)]
    out = shown(capsys, *rows)
    assert len(re.findall("^error: ", out, re.MULTILINE)) == MOST_REASONS
    assert "… and 2 more; see the report.\n" in out


def test_methods_that_are_not_installed_are_told_in_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    absent = {"status": "not-installed", "reason": "jax is not installed: pip install jax"}
    rows = [row(m, operator=name, **absent) for m in ("jax", "jit") for name in ("value", "jvp")]
    out = shown(capsys, row("tape", operator="jvp", digits=9.0), *rows)
    assert out.count("Not installed: jax, jit (pip install jax).\n") == 1
    assert out.count("jit") == 1
    assert "4 not-installed" in out


def test_a_run_without_a_report_prints_none(capsys: pytest.CaptureFixture[str]) -> None:
    print_tables(records.run(row(digits=9.0)), None)
    out = capsys.readouterr().out
    assert out.endswith("run     results/r\n")
    assert "report" not in out


# Exit codes, and taking a run up.


@pytest.fixture
def unreported(monkeypatch: pytest.MonkeyPatch, in_this_process: None) -> None:
    """Draw no report, and start no worker: what is tested is in neither."""
    monkeypatch.setattr(process, "write_report", lambda run, reports: reports / "report.md")


CHOSEN = ("--plugins", str(PLUGINS), "--problem", "sound", "--operator", "gradient")


@pytest.fixture(scope="module")
def disagreeing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a run was made of a method that disagrees."""
    where = tmp_path_factory.mktemp("disagreeing")
    with in_this_process():
        gradiometer.run(
            "sound", "zeros", operators="gradient", options=Options(rounds=0), plugins=[PLUGINS],
            results=where / "results",
        )  # fmt: skip
    return where


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [([], 1), (["none"], 0), (["crashed"], 0), (["crashed", "disagrees"], 1)],
)
@pytest.mark.usefixtures("unreported")
def test_the_exit_code_is_a_matter_of_choice(
    disagreeing: Path, fail_on: list[str], code: int
) -> None:
    options = [part for status in fail_on for part in ("--fail-on", status)]
    done = command(disagreeing, "run", "--resume", "latest", *options)
    assert done.code == code, done.err


@pytest.mark.usefixtures("unreported")
def test_declined_and_missing_cells_are_no_failure(tmp_path: Path) -> None:
    methods = ["declines", "needs-another-library", "lacks-an-operation", "right"]
    options = [part for method in methods for part in ("--method", method)]
    done = command(tmp_path, "run", *CHOSEN, "--rounds", "0", *options)
    assert done.code == 0, done.out


@pytest.mark.usefixtures("unreported")
def test_a_run_is_taken_up_by_name_with_its_own_plugins(tmp_path: Path) -> None:
    command(tmp_path, "run", *CHOSEN, "--method", "right", "--method", "watches", "--rounds", "0")
    (path,) = (tmp_path / "results").iterdir()
    journal = path / "records.jsonl"
    journal.write_text(journal.read_text().splitlines(keepends=True)[0])
    done = command(tmp_path, "run", "--resume", "latest", "--json")
    assert done.code == 0, done.err
    records = json.loads(done.out)["records"]
    assert [r["method"] for r in records] == ["right", "watches"]


def test_a_run_that_is_not_there_cannot_be_taken_up(tmp_path: Path) -> None:
    done = command(tmp_path, "run", "--resume", "20260101-000000-abcd")
    assert done.code == 2
    assert done.err.startswith("gradiometer: No runs under 'results'")


@pytest.mark.usefixtures("unreported")
def test_a_run_is_taken_up_without_further_names(tmp_path: Path) -> None:
    command(tmp_path, "run", *CHOSEN, "--method", "right", "--rounds", "0")
    more = ("mlp", "rosenbrock", "--resume", "latest", "--rounds", "9", "--json", "--quick")
    done = command(tmp_path, "run", *more)
    assert done.code == 2
    assert done.err == (
        "gradiometer: --resume takes up what was begun, as it was planned: leave mlp rosenbrock, "
        "--quick, --rounds out.\n"
    )


@pytest.mark.usefixtures("in_this_process")
def test_steady_methods_stop_at_the_precision_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIOMETER_CACHE", str(tmp_path))  # no baseline of a calmer moment
    options = Options(precision=0.5, sample_s=0.001, budget_s=30.0)
    run = gradiometer.run(
        "sigmoid-affine", ["backprop", "central-difference"], operators="value", options=options,
        results=tmp_path,
    )  # fmt: skip
    assert set(run.records["stopped"]) == {"precision"}
    assert (run.records["rounds"] < options.rounds).all()
    half = (run.records["ratio_high"] - run.records["ratio_low"]) / 2
    assert (half <= 0.5 * run.records["ratio"]).all()


def test_a_run_tells_how_noisy_its_machine_was(tmp_path: Path) -> None:
    options = Options(rounds=7, sample_s=0.0005)
    run = gradiometer.run("product-of-sum", "backprop", options=options, results=tmp_path)
    noise = run.info["noise"]
    assert noise["spread"] >= 0
    assert 0 < noise["efficiency"] <= 1
    assert 0 <= noise["calm"] <= 1
    assert noise["baseline_s"] > 0
    assert isinstance(run.warnings, list)
    assert (run.records["threads_used"] > 0).all()
    assert (run.records["floor_s"] < 1e-5).all()
