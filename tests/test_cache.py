"""The store of references: found bit for bit, never wrong, never in the way, free of pickles."""

from __future__ import annotations

import gc
import json
import pickle
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradiometer.reference import cache
from gradiometer.vocabulary.enclosure import Enclosure

PARTS = cache.ARRAYS
FACTS = ("bits", "shapes", "zero", "probable", "convention")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of references that does not exist yet, for one test."""
    chosen = tmp_path / "deep" / "references"
    monkeypatch.setenv("GRADIOMETER_CACHE", str(chosen))
    return chosen


def sample(n: int = 3) -> Enclosure:
    rng = np.random.default_rng(n)
    return Enclosure(*(rng.standard_normal(n) for _ in PARTS), bits=768)


def assert_same(found: Enclosure | None, expected: Enclosure) -> None:
    assert found is not None
    for fact in FACTS:
        assert getattr(found, fact) == getattr(expected, fact)
        assert type(getattr(found, fact)) is type(getattr(expected, fact))
    for part in PARTS:
        kept = getattr(found, part)
        assert kept.dtype == np.float64
        np.testing.assert_array_equal(kept, getattr(expected, part))
    assert (found.other is None) == (expected.other is None)
    if expected.other is not None:
        assert_same(found.other, expected.other)


# Found again.


@pytest.mark.parametrize("n", [1, 3, 1000])
def test_what_was_kept_is_found_again_bit_for_bit(n: int) -> None:
    cache.keep("digest", sample(n))
    assert_same(cache.find("digest"), sample(n))


def test_extreme_doubles_survive() -> None:
    extremes = np.array([5e-324, -1.7e308, -0.0, 1 / 3])
    kept = Enclosure(extremes, -extremes, np.abs(extremes), extremes, 192)
    cache.keep("digest", kept)
    found = cache.find("digest")
    assert_same(found, kept)
    assert found is not None
    assert np.signbit(found.high).tolist() == [False, True, True, False]


@pytest.mark.parametrize("shapes", [((),), ((2, 3), ()), ((0,), (1, 1, 1)), ()])
def test_the_shapes_of_the_outputs_survive(shapes: tuple[tuple[int, ...], ...]) -> None:
    kept = replace(sample(), shapes=shapes)
    cache.keep("digest", kept)
    assert_same(cache.find("digest"), kept)


@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize("probable", [True, False])
def test_what_is_said_of_an_enclosure_survives(zero: bool, probable: bool) -> None:
    kept = replace(sample(), zero=zero, probable=probable, bits=3072)
    cache.keep("digest", kept)
    assert_same(cache.find("digest"), kept)


def test_the_enclosure_by_the_other_convention_survives() -> None:
    other = replace(sample(4), convention="of (A + Aᵀ)/2", bits=192, shapes=((2,), ()))
    kept = replace(sample(3), convention="of the lower triangle", other=other)
    cache.keep("digest", kept)
    assert_same(cache.find("digest"), kept)


def test_what_was_never_kept_is_not_found() -> None:
    assert cache.find("digest") is None
    cache.keep("another", sample())
    assert cache.find("digest") is None


def test_keeping_again_replaces(folder: Path) -> None:
    cache.keep("digest", sample(3))
    cache.keep("digest", sample(4))
    assert_same(cache.find("digest"), sample(4))
    assert [p.name for p in folder.iterdir()] == ["digest.npz"]


def test_the_folder_is_the_one_that_the_environment_names(folder: Path) -> None:
    assert cache.folder() == folder
    cache.keep("digest", sample())
    assert (folder / "digest.npz").is_file()


@pytest.mark.parametrize("unset", [True, False])
def test_without_the_environment_the_user_s_cache_folder_is_used(
    monkeypatch: pytest.MonkeyPatch, unset: bool
) -> None:
    if unset:
        monkeypatch.delenv("GRADIOMETER_CACHE")
    else:
        monkeypatch.setenv("GRADIOMETER_CACHE", "")
    assert cache.folder().is_absolute()
    assert cache.folder().parts[-2:] == ("gradiometer", "references")


# Damage.


def damaged(folder: Path, change: Callable[[bytes], bytes]) -> None:
    cache.keep("digest", sample())
    path = folder / "digest.npz"
    path.write_bytes(change(path.read_bytes()))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda raw: b"",
    "text": lambda raw: b"not a file of arrays",
    "zeros": lambda raw: bytes(len(raw)),
    "one byte": lambda raw: raw[:1],
    "cut in the header": lambda raw: raw[:40],
    "cut in half": lambda raw: raw[: len(raw) // 2],
    "cut by one byte": lambda raw: raw[:-1],
    "renamed": lambda raw: raw.replace(b"high0.npy", b"hugh0.npy"),
    "another dtype": lambda raw: raw.replace(b"'<f8'", b"'<i8'"),
    "a byte of the data": lambda raw: raw[:150] + b"?" + raw[151:],
}


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_as_good_as_none(folder: Path, change: Callable[[bytes], bytes]) -> None:
    damaged(folder, change)
    assert cache.find("digest") is None


def test_a_damaged_file_is_not_left_open(folder: Path) -> None:
    for change in DAMAGES.values():
        damaged(folder, change)
        cache.find("digest")
    gc.collect()  # one left open would be reported here


def flipped(position: int, bit: int) -> Callable[[bytes], bytes]:
    def flip(raw: bytes) -> bytes:
        directory = raw.index(b"PK\x01\x02")
        changed = bytearray(raw)
        changed[directory + position] ^= 1 << bit
        return bytes(changed)

    return flip


@pytest.mark.parametrize(("position", "bit"), [(6, 6), (6, 7), (8, 0), (8, 5), (8, 6), (10, 1)])
def test_a_flipped_bit_in_the_table_of_contents_is_damage_like_any_other(
    folder: Path, position: int, bit: int
) -> None:
    damaged(folder, flipped(position, bit))
    assert cache.find("digest") is None


def test_no_flipped_bit_ever_changes_a_reference(folder: Path) -> None:
    cache.keep("digest", sample())
    path = folder / "digest.npz"
    raw, data = path.read_bytes(), sample().high.tobytes()
    start = raw.index(data)
    for position in range(start, start + len(data)):
        changed = bytearray(raw)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        assert cache.find("digest") is None


@pytest.mark.parametrize("missing", [*(f"{part}0" for part in PARTS), "facts"])
def test_a_file_that_lacks_a_part_is_as_good_as_none(folder: Path, missing: str) -> None:
    cache.keep("digest", sample())
    with np.load(folder / "digest.npz") as stored:
        parts = {k: stored[k] for k in stored.files if k != missing}
    np.savez(folder / "digest.npz", **parts)
    assert cache.find("digest") is None


@pytest.mark.parametrize(
    "change", [lambda facts: facts.pop("bits"), lambda facts: facts.update(more=1)]
)
def test_facts_that_are_not_an_enclosure_s_are_as_good_as_none(folder: Path, change: Any) -> None:
    cache.keep("digest", sample())
    with np.load(folder / "digest.npz") as stored:
        parts = {k: stored[k] for k in stored.files}
    facts = json.loads(str(parts["facts"]))
    change(facts[0])
    np.savez(folder / "digest.npz", **parts | {"facts": json.dumps(facts)})
    assert cache.find("digest") is None


def test_a_folder_in_the_place_of_a_file_is_as_good_as_none(folder: Path) -> None:
    (folder / "digest.npz").mkdir(parents=True)
    assert cache.find("digest") is None
    cache.keep("digest", sample())
    assert cache.find("digest") is None


def test_a_damaged_file_is_mended_by_keeping_again(folder: Path) -> None:
    damaged(folder, lambda raw: raw[:100])
    cache.keep("digest", sample())
    assert_same(cache.find("digest"), sample())


# No pickles.


class Trap:
    sprung = False

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return setattr, (Trap, "sprung", True)


def test_a_pickled_array_in_the_file_is_never_loaded(folder: Path) -> None:
    cache.keep("digest", sample())
    with np.load(folder / "digest.npz") as stored:
        parts = {k: stored[k] for k in stored.files}
    np.savez(folder / "digest.npz", **parts | {"high0": np.array([Trap(), 1.0], dtype=object)})
    assert cache.find("digest") is None
    assert not Trap.sprung


def test_a_pickle_in_the_place_of_the_file_is_never_loaded(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "digest.npz").write_bytes(pickle.dumps(Trap()))
    assert cache.find("digest") is None
    assert not Trap.sprung


def test_a_kept_file_holds_plain_arrays_only(folder: Path) -> None:
    cache.keep("digest", sample())
    with np.load(folder / "digest.npz", allow_pickle=False) as stored:
        assert sorted(stored.files) == sorted([*(f"{part}0" for part in PARTS), "facts"])
    assert zipfile.is_zipfile(folder / "digest.npz")


# A folder that cannot be used.


@pytest.fixture
def unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder below a file, which no user can create."""
    (tmp_path / "file").write_text("in the way")
    chosen = tmp_path / "file" / "references"
    monkeypatch.setenv("GRADIOMETER_CACHE", str(chosen))
    return chosen


def test_an_unwritable_folder_costs_nothing(unwritable: Path) -> None:
    cache.keep("digest", sample())
    assert cache.find("digest") is None
    assert not unwritable.exists()
    assert unwritable.parent.read_text() == "in the way"


def test_a_write_that_fails_leaves_no_scrap_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    cache.keep("digest", sample())
    assert not list(folder.iterdir())


def test_writers_at_the_same_time_leave_one_whole_file(folder: Path) -> None:
    threads = [threading.Thread(target=cache.keep, args=("digest", sample())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_same(cache.find("digest"), sample())
    assert [p.name for p in folder.iterdir()] == ["digest.npz"]
