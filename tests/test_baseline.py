"""The machine's baseline: known from run to run, for a month, and never in the way."""

from __future__ import annotations

import json
import math
import platform
import threading
from pathlib import Path

import pytest

from gradiometer.measure import baseline
from gradiometer.measure.baseline import FILE, recall, remember

DAY_S = 86400.0


class Calendar:
    """A clock of our own, in place of the machine's."""

    def __init__(self) -> None:
        self.now = 2e9

    def time(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder that does not exist yet, for one test."""
    chosen = tmp_path / "deep" / "references"
    monkeypatch.setenv("GRADIOMETER_CACHE", str(chosen))
    return chosen


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> Calendar:
    made = Calendar()
    monkeypatch.setattr(baseline, "time", made)
    return made


def place(folder: Path, content: bytes) -> None:
    """Put this in the place of the file."""
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(content)


# Known from run to run


def test_before_any_run_nothing_is_known(folder: Path) -> None:
    assert recall() is None
    assert not folder.exists()


@pytest.mark.parametrize("seconds", [1.0, 1 / 3, 1.23456789e-5, 5e-324, 1e300])
def test_a_baseline_is_recalled_as_it_was(folder: Path, seconds: float) -> None:
    remember(seconds)
    assert recall() == seconds
    assert [p.name for p in folder.iterdir()] == [FILE]


@pytest.mark.parametrize(
    ("baselines", "kept"),
    [
        ([2.0, 1.0], 1.0),
        ([1.0, 2.0], 1.0),
        ([1.0, 1.0], 1.0),
        ([3.0, 1.0, 2.0], 1.0),
        ([1.0, math.nextafter(1.0, 0.0)], math.nextafter(1.0, 0.0)),
    ],
)
def test_the_best_baseline_is_kept(baselines: list[float], kept: float) -> None:
    for seconds in baselines:
        remember(seconds)
    assert recall() == kept


def test_another_folder_knows_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(1.0)
    monkeypatch.setenv("GRADIOMETER_CACHE", str(tmp_path / "another"))
    assert recall() is None


# For a month


@pytest.mark.parametrize(
    ("age_s", "known"),
    [
        (0.0, 1.0),
        (29 * DAY_S, 1.0),
        (30 * DAY_S, 1.0),
        (30 * DAY_S + 1.0, None),
        (365 * DAY_S, None),
    ],
)
def test_a_baseline_is_known_for_a_month(
    calendar: Calendar, age_s: float, known: float | None
) -> None:
    remember(1.0)
    calendar.now += age_s
    assert recall() == known


@pytest.mark.parametrize("seconds", [0.5, 1.0, 2.0])
def test_after_a_month_any_baseline_takes_its_place(calendar: Calendar, seconds: float) -> None:
    remember(1.0)
    calendar.now += 30 * DAY_S + 1.0
    remember(seconds)
    assert recall() == seconds


@pytest.mark.parametrize(("seconds", "known"), [(0.5, 0.5), (1.0, None), (2.0, None)])
def test_only_a_better_baseline_begins_another_month(
    calendar: Calendar, seconds: float, known: float | None
) -> None:
    remember(1.0)
    calendar.now += 20 * DAY_S
    remember(seconds)
    calendar.now += 20 * DAY_S
    assert recall() == known


# For this machine


@pytest.mark.parametrize(
    ("owner", "name"),
    [(baseline, "cpu_model"), (platform, "python_version"), (platform, "python_implementation")],
    ids=["processor", "version of Python", "implementation of Python"],
)
def test_every_machine_has_a_baseline_of_its_own(
    owner: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(1.0)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(owner, name, lambda: "another")
        assert recall() is None
        remember(2.0)
        assert recall() == 2.0
    assert recall() == 1.0


# A damaged file

DAMAGE = {
    "empty": "",
    "cut": '{"MACHINE": [1.0, 2',
    "no object": "[]",
    "a number": "3",
    "null": "null",
    "text": '"fast"',
    "an entry that is a number": '{"MACHINE": 1.0}',
    "an entry that is null": '{"MACHINE": null}',
    "an entry without numbers": '{"MACHINE": []}',
    "an entry of one number": '{"MACHINE": [1.0]}',
    "an entry of three": '{"MACHINE": [1.0, 2e9, 3.0]}',
    "an entry of words": '{"MACHINE": ["fast", "today"]}',
    "an entry of nulls": '{"MACHINE": [null, null]}',
    "another's entry": '{"another": 1.0}',
    "an entry beyond all floats": f'{{"MACHINE": [1{400 * "0"}, 0]}}',
    "nested without end": 100_000 * "[",
}


@pytest.mark.parametrize("text", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_as_good_as_none(folder: Path, text: str) -> None:
    place(folder, text.replace("MACHINE", baseline._machine()).encode())
    assert recall() is None
    remember(1.0)
    assert recall() == 1.0


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x80\x04K\x01.", bytes(100)])
def test_a_file_that_is_no_text_is_as_good_as_none(folder: Path, content: bytes) -> None:
    place(folder, content)
    assert recall() is None
    remember(1.0)
    assert recall() == 1.0


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_a_file_that_was_cut_is_as_good_as_none(folder: Path, share: float) -> None:
    remember(1.0)
    whole = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(whole[: int(share * len(whole))])
    assert recall() is None


def test_the_file_is_plain_json(folder: Path, calendar: Calendar) -> None:
    remember(1.0)
    assert json.loads((folder / FILE).read_text()) == {baseline._machine(): [1.0, calendar.now]}


# A folder that cannot be used


def test_an_unwritable_folder_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GRADIOMETER_CACHE", str(tmp_path / "file" / "references"))
    remember(1.0)
    assert recall() is None
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_folder_in_the_place_of_the_file_costs_nothing(folder: Path) -> None:
    (folder / FILE).mkdir(parents=True)
    remember(1.0)
    assert recall() is None
    assert [p.name for p in folder.iterdir()] == [FILE]


def test_a_full_disk_leaves_what_was_known_and_no_scrap(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    remember(2.0)
    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", full)
        remember(1.0)
    assert recall() == 2.0
    assert [p.name for p in folder.iterdir()] == [FILE]


def test_writers_at_the_same_time_leave_one_whole_file(folder: Path) -> None:
    threads = [threading.Thread(target=remember, args=(float(k),)) for k in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recall() in range(1, 9)
    assert [p.name for p in folder.iterdir()] == [FILE]
