"""Signals that end a command: the exit code that each gives, and what stays as it was."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from shell import command

from gradiometer.cli.ending import Ended, exit_code, listening
from gradiometer.runs import store

if sys.platform != "linux":
    pytest.skip("Windows has no hang-up.", allow_module_level=True)

SIGNALS = (signal.SIGTERM, signal.SIGHUP)
USUAL, NONE = signal.SIG_DFL, signal.SIG_IGN


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in SIGNALS]


@pytest.fixture(autouse=True)
def as_started() -> Iterator[None]:
    """Let signals do what they do in a process that a shell starts."""
    before = [signal.signal(number, USUAL) for number in SIGNALS]
    yield
    for number, handler in zip(SIGNALS, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_the_command_with_its_code(number: signal.Signals, code: int) -> None:
    with pytest.raises(Ended, match=f"^{number.name}$") as caught, listening():
        signal.raise_signal(number)
    assert exit_code(caught.value) == code
    assert handlers() == [USUAL, USUAL]


def test_ctrl_c_has_the_code_that_shells_give() -> None:
    assert exit_code(KeyboardInterrupt()) == 130


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_changes_nothing(number: signal.Signals) -> None:
    with listening():
        assert USUAL not in handlers()
        with pytest.raises(Ended):
            signal.raise_signal(number)
        for again in SIGNALS:
            signal.raise_signal(again)
        assert handlers() == [NONE, NONE]
    assert handlers() == [USUAL, USUAL]


def test_what_was_set_aside_stays_so() -> None:
    signal.signal(signal.SIGHUP, NONE)
    with listening():
        signal.raise_signal(signal.SIGHUP)
        assert handlers()[1] == NONE
    assert handlers() == [USUAL, NONE]


def test_another_thread_listens_to_nothing() -> None:
    met = []

    def listen() -> None:
        with listening():
            met.extend(handlers())

    thread = threading.Thread(target=listen)
    thread.start()
    thread.join()
    assert met == [USUAL, USUAL]


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_what_a_terminal_was_told_goes_nowhere_once_it_hangs_up(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals, name: str
) -> None:
    ours, theirs = os.openpty()
    other = "stdout" if name == "stderr" else "stderr"
    closed = StringIO()
    closed.close()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, name, terminal)
        monkeypatch.setattr(sys, other, closed)
        with pytest.raises(Ended), listening():
            signal.raise_signal(number)
        assert terminal.isatty() is (number is signal.SIGTERM)
        terminal.write("late")
        terminal.flush()
        monkeypatch.undo()
    os.close(ours)


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (Ended(signal.SIGTERM), 143)], ids=repr
)
def test_a_verb_that_keeps_nothing_says_that_it_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: KeyboardInterrupt, code: int
) -> None:
    def find(*found: object) -> None:
        raise error

    monkeypatch.setattr(store, "find_run", find)
    done = command(tmp_path, "report", "latest")
    assert done == (code, "", "gradiometer: interrupted.\n")
