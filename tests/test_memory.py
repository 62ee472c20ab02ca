"""The peak of resident memory, against allocations of a known size."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradiometer.worker import memory
from gradiometer.worker.memory import Peak

MB = 10**6

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives an account of peaks")


def allocate(megabytes: int) -> np.ndarray[Any, Any]:
    """Return an array of that size, all of it touched."""
    return np.ones(megabytes * MB // 8)


def kept() -> Any:
    return allocate(100)


def freed() -> None:
    allocate(100)


def freed_in_turn() -> None:
    for _ in range(3):
        allocate(100)


def freed_before_less() -> Any:
    allocate(100)
    return allocate(20)


def in_two_halves() -> Any:
    return allocate(50), allocate(50)


@linux
@pytest.mark.parametrize("work", [kept, freed, freed_in_turn, freed_before_less, in_two_halves])
def test_the_peak_of_100_mb_is_100_mb(work: Callable[[], Any]) -> None:
    with Peak() as peak:
        held = work()
    del held
    assert peak.bytes == pytest.approx(100 * MB, rel=0.2)


@linux
@pytest.mark.parametrize("work", [lambda: None, lambda: sum(range(1000)), lambda: np.ones(1000)])
def test_nothing_has_no_peak(work: Callable[[], Any]) -> None:
    with Peak() as peak:
        work()
    assert peak.bytes is not None
    assert 0 <= peak.bytes < 5 * MB


@linux
def test_what_was_held_or_freed_before_does_not_count() -> None:
    freed()
    held = allocate(100)
    with Peak() as peak:
        held += 1.0
    assert peak.bytes is not None
    assert peak.bytes < 5 * MB


@linux
def test_what_is_freed_inside_is_not_counted_below_zero() -> None:
    held = [allocate(100)]
    with Peak() as peak:
        held.clear()
    assert peak.bytes is not None
    assert 0 <= peak.bytes < 5 * MB


@linux
def test_a_later_peak_is_measured_afresh() -> None:
    with Peak() as large:
        freed()
    with Peak() as small:
        allocate(40)  # above what the allocator would take from memory that was freed before
    assert large.bytes == pytest.approx(100 * MB, rel=0.2)
    assert small.bytes == pytest.approx(40 * MB, rel=0.3)


@linux
def test_an_error_inside_goes_on_and_leaves_the_peak() -> None:
    peak = Peak()

    def stumble() -> None:
        with peak:
            freed()
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        stumble()
    assert peak.bytes == pytest.approx(100 * MB, rel=0.2)


def test_there_is_no_figure_before_the_end() -> None:
    with Peak() as peak:
        assert peak.bytes is None


@pytest.mark.parametrize("name", ["CLEAR", "STATUS"])
def test_there_is_no_figure_without_an_account(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, name, tmp_path / "absent" / "file")
    with Peak() as peak:
        freed()
    assert peak.bytes is None


@pytest.mark.parametrize("text", ["", "Name:\tpython\n", "VmHWM:\t 100 kB\n", "VmRSS:\t 100 kB\n"])
def test_there_is_no_figure_where_the_account_lacks_a_line(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    account(text, monkeypatch, tmp_path)
    with Peak() as peak:
        pass
    assert peak.bytes is None


@pytest.mark.parametrize(
    ("before", "after", "bytes_"), [(100, 350, 250 * 1024), (100, 100, 0), (350, 100, 0)]
)
def test_the_figure_is_the_peak_over_the_level_before(
    before: int, after: int, bytes_: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    account(f"VmHWM:\t999 kB\nVmRSS:\t{before} kB\n", monkeypatch, tmp_path)
    with Peak() as peak:
        memory.STATUS.write_text(f"VmHWM:\t{after} kB\nVmRSS:\t7 kB\n")
    assert peak.bytes == bytes_
    assert memory.CLEAR.read_text() == "5"


def account(text: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Put files of our own in place of the kernel's."""
    monkeypatch.setattr(memory, "CLEAR", folder / "clear_refs")
    monkeypatch.setattr(memory, "STATUS", folder / "status")
    memory.STATUS.write_text(text)
