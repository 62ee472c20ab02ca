"""How long work is followed in a notebook: what its bar tells, and when there is none."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import IPython
import IPython.display
import pytest

from gradiometer.measure.progress import Progress
from gradiometer.report import progress
from gradiometer.report.progress import NotebookBar, following, in_notebook

Shown = list[dict[str, str]]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Be in a notebook, and return what it shows in one place, one after the other."""
    pictures: Shown = []

    def display(picture: dict[str, str], **asked: Any) -> Any:
        assert asked["raw"]
        pictures.append(picture)
        return SimpleNamespace(display_id="here")

    shell = SimpleNamespace(kernel=object())
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    for name in ("display", "update_display"):
        monkeypatch.setattr(IPython.display, name, display)
    monkeypatch.setattr(progress, "PAUSE_S", 0.0)
    return pictures


def test_a_bar_follows_the_rows_and_ends_with_what_is_kept(shown: Shown) -> None:
    with following(True, "cells", "gradiometer.resume") as bar:
        bar.say("nothing is shown before the start")
        assert not shown
        bar.start(2, 0, Path("r/1"))
        bar.say("a<b/gradient")
        bar.advance("one")
        bar.advance("two")
    bars = [picture["text/html"] for picture in shown]
    assert '<progress value="0" max="2">' in bars[0]
    assert '<progress value="1" max="2">' in bars[2]
    assert "a&lt;b/gradient" in bars[1]
    assert shown[1]["text/plain"] == "0 of 2 cells, 0:00: a<b/gradient"
    assert shown[-1]["text/plain"] == "2 of 2 cells in 0:00, kept in r/1."


@pytest.mark.parametrize(
    ("go_on", "told"),
    [("gradiometer.resume", " Go on with gradiometer.resume('r/1')."), ("", "")],
)
def test_what_is_cut_off_tells_how_to_go_on(shown: Shown, go_on: str, told: str) -> None:
    def cut_off() -> None:
        with following(True, "cells", go_on) as bar:
            bar.start(3, 1, Path("r/1"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut_off()
    assert shown[-1]["text/plain"] == f"1 of 3 cells in 0:00, kept in r/1.{told}"


def test_warnings_stay(shown: Shown) -> None:
    with following(True, "checks") as bar:
        bar.start(1, 0, None)
        bar.warn("another run <here>")
    assert shown[-1]["text/plain"] == "another run <here>\n0 of 1 checks in 0:00, kept."
    assert "<div>another run &lt;here&gt;</div>" in shown[-1]["text/html"]


def test_a_bar_is_drawn_a_few_times_a_second(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PAUSE_S", 1e9)
    bar = NotebookBar("cells", "")
    bar.start(1000, 0, None)
    for k in range(1000):
        bar.say(str(k))
        bar.advance(str(k))
    bar.stop()
    assert len(shown) == 2


def test_work_that_has_not_begun_shows_nothing(shown: Shown) -> None:
    with pytest.raises(ValueError, match="no"), following(True, "cells"):
        raise ValueError("no")
    assert not shown


def test_what_is_given_is_told_instead(shown: Shown) -> None:
    mine = Progress()
    with following(mine, "cells") as told:
        assert told is mine


@pytest.mark.parametrize("notebook", [False, True])
@pytest.mark.parametrize("wanted", [False, True])
def test_there_is_a_bar_in_a_notebook_unless_it_is_not_wanted(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, notebook: bool, wanted: bool
) -> None:
    if not notebook:
        monkeypatch.setattr(IPython, "get_ipython", lambda: None)
    with following(wanted, "cells") as told:
        told.start(1, 0, None)
    assert bool(shown) is (notebook and wanted)


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        (None, False),
        (SimpleNamespace(), False),
        (SimpleNamespace(kernel=None), False),
        (SimpleNamespace(kernel=1), True),
    ],
)
def test_a_notebook_is_a_shell_with_a_kernel(
    monkeypatch: pytest.MonkeyPatch, shell: Any, expected: bool
) -> None:
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    assert in_notebook() is expected


def test_the_tests_are_in_no_notebook() -> None:
    assert not in_notebook()
