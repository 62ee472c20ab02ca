"""`gradiometer run` beyond the tables: precision, exit codes, taking a run up, cold figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import gradiometer
from gradiometer import GradiometerError, Options
from gradiometer.commands.run import parse_share, parse_statuses
from gradiometer.errors import UnknownName
from gradiometer.measure.outcome import Status

PLUGINS = Path(__file__).parent / "plugins"


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


def command(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `gradiometer run` in a folder, on one case, agreement only."""
    chosen = [sys.executable, "-m", "gradiometer", "run", *options]
    return subprocess.run(chosen, cwd=folder, capture_output=True, text=True)


CHOSEN = ("--plugins", str(PLUGINS), "--problem", "sound", "--operator", "gradient")


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [([], 1), (["none"], 0), (["crashed"], 0), (["disagrees"], 1), (["crashed", "disagrees"], 1)],
)
def test_the_exit_code_is_a_matter_of_choice(tmp_path: Path, fail_on: list[str], code: int) -> None:
    options = [part for status in fail_on for part in ("--fail-on", status)]
    done = command(tmp_path, *CHOSEN, "--method", "zeros", "--rounds", "0", *options)
    assert done.returncode == code, done.stderr


def test_declined_and_missing_cells_are_no_failure(tmp_path: Path) -> None:
    methods = ["declines", "needs-another-library", "lacks-an-operation", "right"]
    options = [part for method in methods for part in ("--method", method)]
    done = command(tmp_path, *CHOSEN, "--rounds", "0", *options)
    assert done.returncode == 0, done.stdout


def test_a_run_is_taken_up_by_name_with_its_own_plugins(tmp_path: Path) -> None:
    command(tmp_path, *CHOSEN, "--method", "right", "--method", "chatters", "--rounds", "0")
    (path,) = (tmp_path / "results").iterdir()
    journal = path / "records.jsonl"
    journal.write_text(journal.read_text().splitlines(keepends=True)[0])
    done = command(tmp_path, "--resume", "latest", "--json")
    assert done.returncode == 0, done.stderr
    records = json.loads(done.stdout)["records"]
    assert [r["method"] for r in records] == ["right", "chatters"]


def test_a_run_that_is_not_there_cannot_be_taken_up(tmp_path: Path) -> None:
    done = command(tmp_path, "--resume", "20260101-000000-abcd")
    assert done.returncode == 2
    assert done.stderr.startswith("gradiometer: No runs under 'results'")


def test_cold_figures_are_repeated_in_fresh_processes(tmp_path: Path) -> None:
    options = Options(rounds=7, sample_s=0.0005, cold=2)
    run = gradiometer.run(
        "product-of-sum", ["sympy", "backprop"], options=options, results=tmp_path
    )
    assert set(run.records["status"]) == {"ok"}
    assert set(run.records["cold"]) == {2}
    sympy = run.records[run.records["method"] == "sympy"]
    assert (sympy["import_s"] > 0.05).all()
    assert (sympy["first_s"] > 0).all()


def test_steady_methods_stop_at_the_precision_asked_for(tmp_path: Path) -> None:
    options = Options(precision=0.5, sample_s=0.001, budget_s=30.0)
    run = gradiometer.run(
        "sigmoid-affine", ["backprop", "sympy"], options=options, results=tmp_path
    )
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
    assert noise["pace_s"] > 0
    assert isinstance(run.warnings, list)
    assert (run.records["threads_used"] > 0).all()
    assert (run.records["floor_s"] < 1e-5).all()
