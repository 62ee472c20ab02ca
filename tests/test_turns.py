"""Runs on one machine: each knows of the others, and waits for its turn if it is told to."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import gradiometer
from gradiometer import Options
from gradiometer.measure import turns

ELSEWHERE = """
import sys
from pathlib import Path
from gradiometer.measure.turns import turn

with turn(Path("theirs")):
    print("measuring", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(turns.VARIABLE, str(tmp_path / "turns"))
    return tmp_path / "turns"


@pytest.fixture
def theirs(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that measures until its input ends."""
    command = [sys.executable, "-c", ELSEWHERE]
    with subprocess.Popen(
        command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "measuring\n"
        yield process
        process.kill()


def test_alone_there_is_nothing_to_say(folder: Path) -> None:
    with turns.turn(Path("ours")) as ours:
        assert ours.warnings() == []
        assert len(list(folder.iterdir())) == 1
    assert list(folder.iterdir()) == []


def test_a_note_is_for_all_users_of_the_machine(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = time.time()
    with turns.turn(folder.parent / "deep" / "ours") as ours:
        (file,) = folder.iterdir()
        note = ours.note
        assert file.name == f"{os.getpid()}-ours.json"
        assert json.loads(file.read_text("utf-8")) == dataclasses.asdict(note)
    assert (note.pid, note.run) == (os.getpid(), str(folder.parent / "deep" / "ours"))
    assert note.started == psutil.Process().create_time()
    assert begun <= note.since <= time.time()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o1777
    monkeypatch.delenv("GRADIOMETER_TURNS")
    assert turns.folder() == Path(tempfile.gettempdir()) / "gradiometer-turns"


def test_a_folder_that_nobody_may_write_to_costs_nothing(folder: Path) -> None:
    folder.write_text("a file is in its place")
    with turns.turn(Path("ours")) as ours:
        assert ours.warnings() == []


@pytest.mark.parametrize(("late_s", "counts"), [(0.0, True), (0.9, True), (1.0, False)])
def test_a_note_counts_while_its_process_lives(late_s: float, counts: bool) -> None:
    started = psutil.Process().create_time()
    for sign in (-1, 1):
        note = turns.Note(os.getpid(), started + sign * late_s, since=1.0, run="r")
        assert note.counts is counts


def test_others_are_told_by_when_they_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LOOK_S", 0.001)
    folder.mkdir()
    process = psutil.Process()
    for run, since in (("b", 2.0), ("c", 3.0), ("a", 1.0)):
        note = turns.Note(process.pid, process.create_time(), since, run)
        (folder / f"{run}.json").write_text(json.dumps(dataclasses.asdict(note)))
    mine = turns.Note(process.pid, process.create_time(), 2.0, "b")
    assert [other.run for other in turns.others(mine)] == ["a", "c"]
    waited = list[str]()

    def wait(text: str) -> None:
        waited.append(text)
        if len(waited) == 2:
            (folder / "a.json").unlink()
            (folder / "c.json").unlink()
            (folder / "b.json").unlink()

    with turns.turn(Path("ours"), wait):
        pass
    assert waited == [f"waiting for a (process {process.pid})"] * 2


def test_another_run_is_named(theirs: subprocess.Popen[str]) -> None:
    with turns.turn(Path("ours")) as ours:
        (told,) = ours.warnings()
    named = f"{Path('theirs').resolve()} (process {theirs.pid})"
    assert told == f"{named} was being measured at the same time"


def test_one_that_begins_later_is_met_too(folder: Path) -> None:
    with turns.turn(Path("ours")) as ours:
        assert ours.warnings() == []
        with turns.turn(Path("theirs")):
            ours.look()
        ours.look()
    assert len(ours.warnings()) == 1


def test_one_that_was_killed_does_not_count(theirs: subprocess.Popen[str], folder: Path) -> None:
    theirs.kill()
    theirs.wait()
    assert len(list(folder.iterdir())) == 1
    with turns.turn(Path("ours")) as ours:
        assert ours.warnings() == []


def test_a_number_that_was_given_again_is_another_process(folder: Path) -> None:
    folder.mkdir()
    note = turns.Note(os.getppid(), started=1.0, since=1.0, run="old")
    (folder / "old.json").write_text(json.dumps(dataclasses.asdict(note)))
    (folder / "half.json").write_text('{"pid": 1')
    assert turns.others(turns.Note(0, 0.0, 0.0, "")) == []


def test_one_waits_for_those_that_asked_before(theirs: subprocess.Popen[str]) -> None:
    said = threading.Event()
    told: list[str] = []

    def say(text: str) -> None:
        told.append(text)
        said.set()

    def measure() -> None:
        with turns.turn(Path("ours"), say) as ours:
            told.extend(ours.warnings() or ["alone"])

    waiting = threading.Thread(target=measure)
    waiting.start()
    assert said.wait(20)
    assert told[0].startswith("waiting for ")
    theirs.communicate()
    waiting.join(20)
    assert told[-1] == "alone"


def test_one_does_not_wait_for_those_that_asked_later(folder: Path) -> None:
    folder.mkdir()
    later = turns.Note(os.getppid(), psutil.Process(os.getppid()).create_time(), 1e12, "x")
    (folder / "later.json").write_text(json.dumps(dataclasses.asdict(later)))
    with turns.turn(Path("ours"), pytest.fail) as ours:
        assert len(ours.warnings()) == 1


def test_a_run_keeps_who_disturbed_it(
    theirs: subprocess.Popen[str], tmp_path: Path, in_this_process: None
) -> None:
    run = gradiometer.run(
        "product-of-sum", "backprop", options=Options(rounds=0), results=tmp_path / "results"
    )
    assert f"(process {theirs.pid}) was being measured at the same time" in run.warnings[-1]
