"""What a tool changes in its process is put back when its turn ends."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradiometer.worker.isolation import restored

Change = Callable[[Path], None]
Look = Callable[[], Any]


def rebind(_: Path) -> None:
    sys.path = ["/of/the/tool"]


def legacy_state() -> tuple[Any, ...]:
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return name, keys.tolist(), *rest


THINGS: dict[str, tuple[Change, Look]] = {
    "working directory": (os.chdir, Path.cwd),
    "sys.path, longer": (lambda _: sys.path.insert(0, "/of/the/tool"), lambda: list(sys.path)),
    "sys.path, emptied": (lambda _: sys.path.clear(), lambda: list(sys.path)),
    "sys.path, another list": (rebind, lambda: list(sys.path)),
    "np.seterr, raise": (lambda _: np.seterr(all="raise"), np.geterr),
    "np.seterr, one kind": (lambda _: np.seterr(under="warn"), np.geterr),
    "random, seeded": (lambda _: random.seed(5), random.getstate),
    "random, drawn": (lambda _: random.random(), random.getstate),
    "np.random, seeded": (lambda _: np.random.seed(5), legacy_state),  # noqa: NPY002
    "np.random, drawn": (lambda _: np.random.normal(), legacy_state),  # noqa: NPY002
}
"""What a tool may change: how, and how to look at it."""


@pytest.fixture(autouse=True)
def own_state() -> Iterator[None]:
    """Leave the process as it was, whatever comes of restoring it."""
    folder, found, path, errors = Path.cwd(), sys.path, list(sys.path), np.geterr()
    yield
    os.chdir(folder)
    sys.path = found
    sys.path[:] = path
    np.seterr(**errors)


@pytest.mark.parametrize("name", THINGS)
def test_what_the_body_changes_is_restored(name: str, tmp_path: Path) -> None:
    change, look = THINGS[name]
    before = look()
    with restored():
        change(tmp_path)
        assert look() != before
    assert look() == before


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("name", THINGS)
def test_it_is_restored_when_the_body_raises(
    name: str, error: type[BaseException], tmp_path: Path
) -> None:
    change, look = THINGS[name]
    before = look()

    def stumble() -> None:
        with restored():
            change(tmp_path)
            raise error("of the tool")

    with pytest.raises(error, match="of the tool"):
        stumble()
    assert look() == before


def test_everything_changed_at_once_is_restored(tmp_path: Path) -> None:
    before = [look() for _, look in THINGS.values()]
    with restored():
        for change, _ in THINGS.values():
            change(tmp_path)
    assert [look() for _, look in THINGS.values()] == before


def test_a_body_that_changes_nothing_changes_nothing() -> None:
    before = [look() for _, look in THINGS.values()]
    with restored():
        pass
    assert [look() for _, look in THINGS.values()] == before


def test_neighbours_draw_the_same_numbers() -> None:
    drawn = []
    for seed in (1, 2):
        with restored():
            drawn.append((random.random(), np.random.random()))  # noqa: NPY002
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
    assert drawn[0] == drawn[1]


def test_one_within_another_restores_its_own_level(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    start = Path.cwd()
    with restored():
        os.chdir(tmp_path)
        with suppress(ValueError), restored():
            os.chdir(tmp_path / "inner")
            raise ValueError
        assert Path.cwd() == tmp_path.resolve()
    assert Path.cwd() == start
