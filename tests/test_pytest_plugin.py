"""The pytest plugin, as a user runs it: real sessions in a folder of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from built_in import argument, points

import gradiometer
from gradiometer import Target
from gradiometer.plugins import loader
from gradiometer.pytest_plugin.process import ThisProcess
from gradiometer.worker import requests

ROOT = Path(__file__).parent.parent
FAULTY = Path(__file__).parent / "plugins"
QUICK = ["--benchmark-max-time=0.005", "--benchmark-min-rounds=7", "--benchmark-autosave"]
CORE = "product-of-sum and (backprop or central or complex)"
SPOILED = "zeros or needs-another or declines or raises-in-call or nan"


def session(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on the project's own benchmark file, in `folder`."""
    shutil.copy(ROOT / "benchmarks" / "test_methods.py", folder)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}  # of xdist
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environ)


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A session over methods that are right, and over some that are wrong, missing or unwilling."""
    folder = tmp_path_factory.mktemp("timed")
    chosen = f"floor or ({CORE}) or (product-of-sum and gradient and ({SPOILED}))"
    more = [f"--gradiometer-plugins={FAULTY / 'faulty_methods.py'}", "-rfs"]
    more += ["--benchmark-storage=results/pytest-benchmark"]
    done = session(folder, "--benchmark-only", "-k", chosen, *QUICK, *more)
    assert done.returncode == 1, done.stdout
    return folder, done.stdout


@pytest.fixture(scope="module")
def records(timed: tuple[Path, str]) -> pd.DataFrame:
    return gradiometer.load("latest", timed[0] / "results").records


@pytest.fixture(scope="module")
def saved(timed: tuple[Path, str]) -> list[dict]:
    (file,) = (timed[0] / "results" / "pytest-benchmark").rglob("*.json")
    return json.loads(file.read_text())["benchmarks"]


def test_each_cell_is_one_benchmark_by_its_id(timed: tuple[Path, str]) -> None:
    assert "test_cell[product-of-sum/float64/gradient/central-difference]" in timed[1]


def test_cells_are_grouped_by_case_and_the_floor_has_a_row_of_its_own(saved: list[dict]) -> None:
    groups = {b["group"] for b in saved}
    assert groups == {
        "floor",
        "product-of-sum/float64/value",
        "product-of-sum/float64/gradient",
    }
    assert len([b for b in saved if b["group"] == "floor"]) == 1


def test_extra_info_tells_digits_versions_and_mode(saved: list[dict]) -> None:
    by_name = {b["name"]: b["extra_info"] for b in saved}
    info = by_name["test_cell[product-of-sum/float64/gradient/central-difference]"]
    assert float(info["digits"]) > 7
    assert info["mode"] == "numerical"
    assert "numpy" in info["versions"]
    assert info["floor_s"] > 0


def test_the_session_is_kept_as_a_run_with_figures(timed: tuple[Path, str]) -> None:
    run = gradiometer.load("latest", timed[0] / "results")
    assert run.info["state"] == "complete"
    assert run.info["timing"] == "sequential"
    assert run.info["floor_s"] > 0
    right = run.records[run.records["status"] == "ok"]
    assert right["method"].tolist() == 2 * ["backprop", "central-difference", "complex-step"]
    assert (right["time_s"] > 0).all()
    assert right.groupby("case")["ratio"].min().tolist() == [1.0, 1.0]
    assert run.answers("product-of-sum", "gradient")["certified"].tolist() == [-4.0, -4.0, 3.0]


def test_the_report_of_the_session_is_written_and_named(timed: tuple[Path, str]) -> None:
    (report,) = (timed[0] / "reports").glob("*/report.md")
    assert str(report.with_suffix(".html")) in timed[1]
    text = report.read_text()
    assert "by pytest-benchmark" in text
    assert "central-difference" in text


ON = "--continue-on-collection-errors"  # or pytest asks all modules, lazy ones too, for their files
OWN = """
from gradiometer import problem

@problem(at={"x": 2.0})
def cube(xp, x):
    return x * x * x

@cube.backprop
def _(x):
    return 3 * x * x,

@problem(at={"x": 2.0})
def square(xp, x):
    return x * x

@square.backprop
def _(x):
    return x,
"""
AGREEMENT = """
def test_agreement(gradiometer_cell):
    gradiometer_cell.check()

def test_cell(gradiometer_cell, benchmark):
    gradiometer_cell.check()
    gradiometer_cell.time(benchmark)
"""


@pytest.mark.parametrize(
    ("options", "ended"),
    [
        (["--gradiometer-plugins=own.py", "--gradiometer-no-builtin"], ["2 failed", "6 passed"]),
        (["--gradiometer-problem=own.py:cube"], ["4 passed"]),
        (["test_methods.py", "--gradiometer-no-builtin"], ["3 skipped", "1 deselected"]),  # floor
        (["--gradiometer-problem=cubes", ON], ["Unknown problem 'cubes'"]),
    ],
)
def test_a_plain_pytest_checks_agreement_times_nothing_and_keeps_nothing(
    tmp_path: Path, options: list[str], ended: list[str]
) -> None:
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "test_own.py").write_text(AGREEMENT)
    done = session(tmp_path, "test_own.py", "--gradiometer-method=backprop", *options)
    for words in ended:
        assert words in done.stdout + done.stderr
    assert not {"OPS:", "Traceback", "pytest_generate_tests"} & set(done.stdout.split())
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("zeros", "disagrees"),
        ("nan", "nonfinite"),
        ("raises-in-call", "error"),
        ("needs-another-library", "not-installed"),
        ("declines", "skipped"),
    ],
)
def test_a_cell_that_is_not_right_is_recorded_and_never_timed(
    records: pd.DataFrame, method: str, status: str
) -> None:
    record = records.set_index("method").loc[method]
    assert record["status"] == status
    assert record["reason"]
    assert pd.isna(record["time_s"])


def test_wrong_cells_fail_and_unwilling_ones_are_skipped_with_the_reason(
    timed: tuple[Path, str],
) -> None:
    last = timed[1].splitlines()[-1]
    ends = [("3", "failed"), ("7", "passed"), ("2", "skipped")]
    assert re.findall(r"(\d+) (failed|passed|skipped|error)", last) == ends, last
    assert "0.0 digits, 12 promised" in timed[1]
    assert "3 inputs: forecast a week." in timed[1]


def test_completion_is_forced_inside_the_timed_call() -> None:
    registry = loader.load([FAULTY / "asynchronous_method.py"])
    problem, process = registry.problems["product-of-sum"].address, ThisProcess()
    at, method = argument(problem.load()), registry.methods["asynchronous"].address
    signature = points(problem.load()).signature
    process.ask(requests.set_up, 0.0, method, Target())
    work = requests.Work(method, problem, "gradient", signature)
    process.ask(requests.prepare, 0.0, "k", work, at, 5.0)
    call, args, kwargs = process.ask(requests.call, 0.0, "k", at)
    assert call(*args, **kwargs) == (-4.0, -4.0, 3.0)
