"""A run that was cut off is taken up: no cell lost, none repeated, none measured by two at once."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

import gradiometer
from gradiometer import GradiometerError, Options
from gradiometer.errors import UnknownName
from gradiometer.measure.harness import Harness
from gradiometer.measure.options import FEWEST_ROUNDS
from gradiometer.report.run import Run
from gradiometer.runs.facts import read_info, write_facts
from gradiometer.runs.store import RunFolder, find_run

OPTIONS = Options(rounds=7, sample_s=0.0005)
METHODS = ["backprop", "central-difference", "complex-step"]
PLUGINS = Path(__file__).parent / "plugins"

pytestmark = pytest.mark.usefixtures("in_this_process")  # but for what is cut off


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was interrupted after its fourth record."""
    results, outcomes = tmp_path_factory.mktemp("results"), Harness.outcomes

    def four(self: Harness):
        for number, ended in enumerate(outcomes(self)):
            if number == 4:
                raise KeyboardInterrupt
            yield ended

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Harness, "outcomes", four)
        with pytest.raises(KeyboardInterrupt):
            gradiometer.run("product-of-sum", METHODS, options=OPTIONS, results=results)
    return find_run("latest", results)


@pytest.fixture
def cut(interrupted: Path, tmp_path: Path) -> Path:
    """A copy of that run, to be taken up or damaged."""
    return Path(shutil.copytree(interrupted, tmp_path / "results" / interrupted.name))


def whole(run: Run) -> bool:
    """Whether every planned cell has exactly one record."""
    planned = {(row["case"], row["method"]) for row in run.info["plan"]}
    found = list(zip(run.records["case"], run.records["method"], strict=True))
    return len(found) == len(planned) and set(found) == planned


def test_a_run_taken_up_has_every_cell_once_and_keeps_what_it_had(cut: Path) -> None:
    before = Run.read(cut).records
    run = gradiometer.resume(cut)
    assert whole(run)
    assert run.info["state"] == "complete"
    pd.testing.assert_frame_equal(run.records.head(4), before, check_dtype=False)


def test_it_goes_on_with_its_own_options(cut: Path) -> None:
    run = gradiometer.resume(cut)
    assert run.info["options"]["rounds"] == OPTIONS.rounds
    assert set(run.records["rounds"]) == {OPTIONS.rounds}


def test_a_complete_run_taken_up_measures_nothing(cut: Path) -> None:
    first = gradiometer.resume(cut)
    journal = (cut / "records.jsonl").read_bytes()
    assert whole(gradiometer.resume(cut))
    assert (cut / "records.jsonl").read_bytes() == journal
    assert len(first.records) == first.planned


@pytest.mark.parametrize("kept", [1, 20, -1])
def test_a_half_written_last_line_is_measured_again(cut: Path, kept: int) -> None:
    journal = cut / "records.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]) + lines[-1][:kept])
    assert whole(gradiometer.resume(cut))


@pytest.mark.parametrize("sign", ["\u2028", "\u0085", "\x0b"])
def test_a_reason_with_any_separator_does_not_keep_a_run_from_going_on(
    cut: Path, sign: str
) -> None:
    journal = cut / "records.jsonl"
    first, *rest = journal.read_text("utf-8").split("\n")
    row = json.loads(first) | {"reason": f"a{sign}b"}
    del row["crc32"]  # as a line of an older version
    journal.write_text("\n".join([json.dumps(row, ensure_ascii=False), *rest]), "utf-8")
    assert whole(gradiometer.resume(cut))


def test_a_damaged_line_is_refused_in_words_and_the_run_is_let_go(cut: Path) -> None:
    journal = cut / "records.jsonl"
    good = journal.read_bytes()
    journal.write_bytes(b"damaged\n" + good)
    with pytest.raises(GradiometerError, match="1 broken line"):
        gradiometer.resume(cut)
    journal.write_bytes(good)
    assert whole(gradiometer.resume(cut))


def test_a_half_written_line_of_samples_is_cut_away(cut: Path) -> None:
    with (cut / "samples.jsonl").open("a") as file:
        file.write('{"case": "prod')
    run = gradiometer.resume(cut)
    assert whole(run)
    timed = run.records[run.records["time_s"].notna()]
    assert len(run.samples().groupby(["case", "method"])) == len(timed)


def test_samples_let_every_figure_be_computed_again(cut: Path) -> None:
    run = gradiometer.resume(cut)
    samples = run.samples()
    assert list(samples.columns) == ["case", "method", "loops", "round", "seconds", "calm"]
    cells, kept = samples.groupby(["case", "method"]), run.records.set_index(["case", "method"])
    assert cells["calm"].sum().to_dict() == kept["calm"].to_dict()
    enough = cells["calm"].transform("sum") >= FEWEST_ROUNDS
    counted = samples[samples["calm"] | ~enough].groupby(["case", "method"])["seconds"].median()
    pd.testing.assert_series_equal(
        counted.sort_index(), kept["time_s"].sort_index(), check_names=False
    )


def test_two_processes_do_not_measure_one_run(cut: Path) -> None:
    folder, done = RunFolder.reopen(cut)
    assert len(done) == 4
    with pytest.raises(GradiometerError, match="being measured by another process"):
        gradiometer.resume(cut)
    folder.finish("interrupted")
    assert whole(gradiometer.resume(cut))


def test_two_runs_share_a_results_folder(tmp_path: Path) -> None:
    runs = [
        gradiometer.run("product-of-sum", "backprop", options=Options(rounds=0), results=tmp_path)
        for _ in range(2)
    ]
    assert len({run.path for run in runs}) == 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda file: file.unlink(), "it is missing"),
        (lambda file: file.write_text("{"), "no valid JSON"),
        (lambda file: file.write_text('{"format": 99}'), "of format 99"),
        (lambda file: file.write_text('{"format": 3}'), "it lacks id"),
    ],
)
def test_facts_that_are_missing_or_edited_are_refused_and_nothing_is_lost(
    cut: Path, change, reason: str
) -> None:
    journal = (cut / "records.jsonl").read_bytes()
    change(cut / "run.json")
    with pytest.raises(GradiometerError, match=reason):
        gradiometer.resume(cut)
    assert (cut / "records.jsonl").read_bytes() == journal


def test_a_method_that_is_gone_is_named(cut: Path) -> None:
    info = read_info(cut)
    info["plan"].append(info["plan"][0] | {"method": "backpropp"})
    write_facts(cut, info)
    with pytest.raises(UnknownName, match="Did you mean 'backprop'"):
        gradiometer.resume(cut)
    assert json.loads((cut / "run.json").read_text())["state"] == "interrupted"


def test_plugins_of_the_run_are_found_again(tmp_path: Path) -> None:
    run = gradiometer.run(
        "sound",
        ["right", "zeros"],
        options=Options(rounds=0),
        plugins=[PLUGINS],
        results=tmp_path,
    )
    journal = run.path / "records.jsonl"
    journal.write_text(journal.read_text().splitlines(keepends=True)[0])
    again = gradiometer.resume(run.path)
    assert whole(again)
    assert set(again.records["status"]) == {"ok", "disagrees"}


def test_a_coordinator_killed_at_random_loses_nothing_and_leaves_nobody(tmp_path: Path) -> None:
    """The short form of `benchmarks/stress.py`, which does this thirty times."""
    problems = ["product-of-sum", "polar-coordinates"]
    command = [sys.executable, "-m", "gradiometer", "run", *problems, "--rounds", "7"]
    for method in METHODS:
        command += ["--method", method]
    after = random.Random(0).randrange(1, 9)
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        workers = killed_after(process, tmp_path, after)
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    run = gradiometer.resume("latest", tmp_path / "results")
    assert whole(run)
    assert run.info["state"] == "complete"


def killed_after(
    process: subprocess.Popen[bytes], folder: Path, records: int
) -> list[psutil.Process]:
    """Kill a run once it has so many records; return the workers it had."""
    coordinator = psutil.Process(process.pid)
    while process.poll() is None:
        journals = list(folder.glob("results/*/records.jsonl"))
        if journals and journals[0].read_bytes().count(b"\n") >= records:
            workers = coordinator.children(recursive=True)
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            return workers
        time.sleep(0.01)  # the run shares this core
    raise AssertionError("the run ended before it could be killed")
