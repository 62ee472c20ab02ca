"""`gradiometer.run` and `load`: choosing, keeping, and being cut off."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import psutil
import pytest
from built_in import METHODS
from here import in_this_process

import gradiometer
from gradiometer import GradiometerError, Options, api
from gradiometer.errors import UnknownName
from gradiometer.measure.harness import Harness
from gradiometer.measure.progress import Progress
from gradiometer.report.run import Run

UNTIMED = Options(rounds=0)


class Told(Progress):
    """Keeps what it is told of a run."""

    def __init__(self) -> None:
        self.planned, self.rows = 0, list[str]()

    def start(self, planned: int, done: int, folder: Path | None) -> None:
        self.planned = planned

    def advance(self, text: str) -> None:
        self.rows.append(text)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with in_this_process():
        return gradiometer.run(
            problems="*chain*",
            methods=["backprop", "*al-difference", "f*d-difference"],
            options=Options(rounds=7, sample_s=0.0005),
            results=tmp_path_factory.mktemp("results"),
        )


def test_globs_and_lists_choose_problems_and_methods(run: Run) -> None:
    assert set(run.records["problem"]) == {
        "log-cos-exp-sin-chain",
        "cos-exp-sin-chain",
        "prelu-chain",
    }
    assert set(run.records["method"]) == {"backprop", "forward-difference", "central-difference"}


def test_every_planned_cell_has_one_record(run: Run) -> None:
    plan = run.info["plan"]
    planned = {(row["case"], row["method"]) for row in plan}
    assert len(run.records) == len(planned) == run.planned
    assert set(zip(run.records["case"], run.records["method"], strict=True)) == planned


def test_a_run_keeps_everything_it_says_it_keeps(run: Run) -> None:
    assert {p.name for p in run.path.iterdir()} == {
        "answers.jsonl",
        "answers.parquet",
        "run.json",
        "begun.json",
        "records.jsonl",
        "records.parquet",
        "samples.jsonl",
        "samples.parquet",
        "lock",
        "logs",
    }
    assert run.info["state"] == "complete"
    assert run.floor_s > 0
    assert {"numpy", "python-flint"} <= set(run.info["environment"]["versions"])


def test_journal_and_parquet_hold_the_same_records(run: Run) -> None:
    parquet = pd.read_parquet(run.path / "records.parquet")
    pd.testing.assert_frame_equal(parquet, run.records, check_dtype=False)


def test_a_loaded_run_is_the_run(run: Run) -> None:
    for name in (run.path, run.id, "latest"):
        again = gradiometer.load(name, run.path.parent)
        pd.testing.assert_frame_equal(again.records, run.records)


@pytest.mark.parametrize("table", ["agreement", "speed", "timing", "ranking", "coverage"])
def test_every_table_is_a_frame(run: Run, table: str) -> None:
    assert isinstance(getattr(run, table)(), pd.DataFrame)


@pytest.mark.usefixtures("in_this_process")
def test_quick_takes_the_smallest_size_and_fewer_samples(tmp_path: Path) -> None:
    told = Told()
    found = gradiometer.run("prelu-chain", "backprop", quick=True, results=tmp_path, progress=told)
    assert (told.planned, len(told.rows)) == (found.planned, len(found.records))
    assert set(found.records["size"]) == {"y=1"}
    assert found.info["options"]["rounds"] < Options().rounds


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        ({"problems": "sigmoid-afine"}, "sigmoid-affine"),
        ({"methods": "jx-jit"}, "jax-jit"),
        ({"problems": "mlp", "sizes": "2-3-1x2"}, "2-3-1x1"),
        ({"operators": ["gradients"]}, "gradient"),
    ],
)
def test_an_unknown_name_is_refused_before_anything_is_made(
    arguments: dict, near: str, tmp_path: Path
) -> None:
    with pytest.raises(UnknownName, match=f"Did you mean '{near}'"):
        gradiometer.run(**arguments, results=tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_results_that_cannot_be_written_are_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file")
    with pytest.raises(GradiometerError, match="Choose another folder"):
        gradiometer.run("product-of-sum", "backprop", results=tmp_path / "results")


@pytest.mark.usefixtures("in_this_process")
def test_a_broken_plugin_is_a_row_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('gone')")
    found = gradiometer.run(
        "product-of-sum",
        ["backprop", "broken"],
        options=UNTIMED,
        plugins=[tmp_path / "broken.py"],
        results=tmp_path / "results",
    )
    by_method = found.records.groupby("method")["status"].agg(set)
    assert by_method.to_dict() == {"backprop": {"ok"}, "broken": {"error"}}
    assert "RuntimeError: gone (line 1)" in found.coverage()["reason"].iloc[0]


@pytest.mark.usefixtures("in_this_process")
def test_a_library_that_is_missing_is_a_row_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(METHODS["jax-jit"]), "requires", ("a_library_nobody_has",))
    found = gradiometer.run(
        "product-of-sum", ["jax-jit", "backprop"], options=UNTIMED, results=tmp_path
    )
    jax = found.records[found.records["method"] == "jax-jit"]
    assert set(jax["status"]) == {"not-installed"}
    assert jax["reason"].str.contains("pip install a_library_nobody_has", regex=False).all()
    assert not len(found.faulty)


@pytest.mark.usefixtures("in_this_process")
def test_an_interruption_keeps_what_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = Harness.outcomes

    def cut_off(self: Harness):
        for number, pair in enumerate(outcomes(self)):
            if number == 3:
                raise KeyboardInterrupt
            yield pair

    monkeypatch.setattr(Harness, "outcomes", cut_off)
    with pytest.raises(KeyboardInterrupt):
        gradiometer.run("*chain*", "backprop", options=UNTIMED, results=tmp_path)
    found = gradiometer.load("latest", tmp_path)
    assert found.info["state"] == "interrupted"
    assert len(found.records) == 3
    assert set(found.coverage()["status"]) == {"not-reached"}
    assert len(found.coverage()) == found.planned - 3


def test_an_error_of_the_harness_itself_marks_the_run_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(self: Harness):
        raise RuntimeError("a bug")
        yield

    monkeypatch.setattr(Harness, "outcomes", stumble)
    with pytest.raises(RuntimeError, match="a bug"):
        gradiometer.run("product-of-sum", "backprop", results=tmp_path)
    assert api.load("latest", tmp_path).info["state"] == "failed"


def test_ctrl_c_ends_soon_names_the_run_and_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gradiometer", "run", "--problem", "*chain*"]
    chosen = ["--method", "backprop", "--rounds", "2000"]
    with subprocess.Popen(
        [*command, *chosen], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        coordinator = psutil.Process(process.pid)
        workers = wait_for_workers(tmp_path, coordinator)
        os.kill(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=5)
    assert process.returncode == 130
    (folder,) = (tmp_path / "results").iterdir()
    assert f"are kept in {folder.relative_to(tmp_path)}" in err
    assert json.loads((folder / "run.json").read_text())["state"] == "interrupted"
    _, alive = psutil.wait_procs(workers, timeout=5)
    assert not alive


def wait_for_workers(folder: Path, coordinator: psutil.Process) -> list[psutil.Process]:
    """Return the run's workers, once one of its methods has written to its log folder."""
    while coordinator.is_running():
        if list(folder.glob("results/*/logs/backprop.log")):
            return coordinator.children(recursive=True)
        time.sleep(0.01)  # the run shares this core
    raise AssertionError("the run ended before it could be interrupted")


@pytest.mark.parametrize("before", [{}, {"spread": 0.2, "calm": 0.5, "warnings": ["it varied"]}])
def test_what_was_noisy_stays_told_when_a_run_is_taken_up(before: dict[str, Any]) -> None:
    folder: Any = SimpleNamespace(info={"noise": before}, finish=lambda state: None)
    found = {"spread": None, "calm": 0.9, "warnings": ["b: others were busy", "it varied"]}
    with api.finishing(folder, lambda: {"noise": found}):
        pass
    noise = folder.info["noise"]
    assert noise.get("spread") == before.get("spread")
    assert noise["calm"] == 0.9
    assert sorted(noise["warnings"]) == ["b: others were busy", "it varied"]
