"""The worker process: requests by name, what failures mean, where it runs, what is undone."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from by_hand import ByHand

from gradiometer import Target
from gradiometer.errors import Declined, GradiometerError, Unsupported, UnsupportedOperation
from gradiometer.plugins.address import by_value
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.worker import cores, requests
from gradiometer.worker import process as module
from gradiometer.worker.process import Fence, carry_out, failure, restored, serve
from gradiometer.worker.tool import Tool


def remember(tool: Tool, name: str, *, value: int = 0) -> list[str]:
    """Keep a number in the tool; return the names of what is kept. A request of this module."""
    tool.states[name] = value
    return list(tool.states)


def change(tool: Tool, error: type[BaseException] | None = None) -> bool:
    """Change the process. A request of this module."""
    np.seterr(all="raise")
    os.chdir("/")
    if error is not None:
        raise error("of the request")
    return np.geterr()["under"] == "raise"


@pytest.fixture(autouse=True)
def own_errors() -> Iterator[None]:
    """Leave NumPy's error state as it was."""
    errors = np.geterr()
    yield
    np.seterr(**errors)


# Carrying out


def test_a_request_is_found_by_its_module_and_name() -> None:
    tool = Tool()
    assert carry_out(tool, __name__, "remember", ("a",), {}) == ["a"]
    assert carry_out(tool, __name__, "remember", ("b",), {"value": 3}) == ["a", "b"]
    assert tool.states == {"a": 0, "b": 3}


@pytest.mark.parametrize("error", [None, ValueError, SystemExit])
def test_what_a_request_changes_is_undone(error: type[BaseException] | None) -> None:
    before = np.geterr(), Path.cwd()
    if error is None:
        assert carry_out(Tool(), __name__, "change", (), {}) is True
    else:
        with pytest.raises(error, match="of the request"):
            carry_out(Tool(), __name__, "change", (error,), {})
    assert (np.geterr(), Path.cwd()) == before


class Strict(ByHand):
    """Wants NumPy to raise."""

    def setup(self, target: Target) -> None:
        np.seterr(under="raise")


def test_what_a_set_up_changes_stays() -> None:
    name = requests.set_up.__name__
    carry_out(Tool(), requests.__name__, name, (by_value(Strict()), Target()), {})
    assert np.geterr()["under"] == "raise"


# Failures


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (Declined("forecast a week."), Status.SKIPPED, "forecast a week."),
        (Unsupported("no gradients"), Status.UNSUPPORTED, "no gradients"),
        (UnsupportedOperation("no 'sin'"), Status.UNSUPPORTED, "no 'sin'"),
        (NotImplementedError("later"), Status.UNSUPPORTED, "NotImplementedError: later"),
        (MemoryError("too much"), Status.OUT_OF_MEMORY, "MemoryError: too much"),
        (GradiometerError("our own"), Status.ERROR, "our own"),
        (ValueError("one line\nof two"), Status.ERROR, "ValueError: one line"),
        (SystemExit(3), Status.ERROR, "SystemExit: 3"),
        (KeyError(), Status.ERROR, "KeyError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_means_a_status_and_a_reason(
    error: BaseException, status: Status, reason: str
) -> None:
    found = failure(error)
    assert (found.status, found.reason) == (status, reason)


def test_numpy_s_own_memory_error_is_one() -> None:
    with pytest.raises(MemoryError) as caught:
        np.empty(1 << 62, dtype=np.uint8)
    assert failure(caught.value).status is Status.OUT_OF_MEMORY


# What methods cannot import


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("gradiometer.reference", True),
        ("gradiometer.reference.certify", True),
        ("gradiometer.references", False),
        ("gradiometer.vocabulary.enclosure", False),
        ("reference", False),
    ],
)
def test_the_reference_and_no_more_is_refused(name: str, refused: bool) -> None:
    refusal = pytest.raises(ImportError, match="cannot use the reference")
    with refusal if refused else nullcontext():
        assert Fence().find_spec(name) is None


# Serving


@pytest.fixture
def served() -> Iterator[Connection]:
    """Return the coordinator's end of a pipe that is served."""
    ours, theirs = Pipe()
    serving = threading.Thread(target=serve, args=(theirs,))
    serving.start()
    yield ours
    ours.close()
    serving.join(timeout=10.0)
    assert not serving.is_alive(), "it ends when the pipe is closed"


def test_requests_are_answered_in_turn_by_one_tool(served: Connection) -> None:
    for name in ("a", "b"):
        served.send(((__name__, "remember"), (name,), {"value": 1}))
    assert [served.recv() for _ in range(2)] == [(True, ["a"]), (True, ["a", "b"])]


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ((__name__, "absent"), "has no attribute 'absent'"),
        (("no_such_module", "f"), "No module named 'no_such_module'"),
        ((__name__, "remember"), "missing 1 required positional argument"),
    ],
)
def test_a_failed_request_is_answered_and_the_next_too(
    served: Connection, request_: tuple[str, str], reason: str
) -> None:
    served.send((request_, (), {}))
    done, found = served.recv()
    assert (done, found.status, reason in found.reason) == (False, Status.ERROR, True)
    served.send(((__name__, "change"), (SystemExit,), {}))
    done, found = served.recv()
    assert (done, str(found)) == (False, "SystemExit: of the request")
    served.send(((__name__, "remember"), ("a",), {}))
    assert served.recv() == (True, ["a"])


def test_a_failure_is_the_same_after_a_pipe() -> None:
    ours, theirs = Pipe()
    ours.send(Failure(Status.SKIPPED, "forecast a week."))
    found: Any = theirs.recv()
    assert (found.status, found.reason) == (Status.SKIPPED, "forecast a week.")


# Cores


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity"), reason="this system cannot pin a process to cores"
)
def test_a_process_is_pinned_to_the_last_cores(tmp_path: Path) -> None:
    script = """
import json, os
from gradiometer.worker.cores import pin
cores = [sorted(os.sched_getaffinity(0))]
for threads in (10**6, len(cores[0]), 1, 1, 4):
    pin(threads)
    cores.append(sorted(os.sched_getaffinity(0)))
print(json.dumps(cores))
"""
    before = os.sched_getaffinity(0)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    allowed, more_than_all, all_, one, again, more = json.loads(done.stdout)
    assert more_than_all == all_ == allowed
    assert one == again == allowed[-1:]
    assert more == allowed[-4:]
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize(("further", "fenced"), [([], True), (["certifies"], False)])
def test_a_worker_is_pinned_serves_its_pipe_and_has_the_reference_if_it_certifies(
    further: list[str], fenced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    met: list[Any] = []
    loaded = SimpleNamespace(prctl=lambda *words: met.append(words))
    monkeypatch.setattr(module, "ctypes", SimpleNamespace(CDLL=lambda name: loaded))
    monkeypatch.setattr(module, "pin", met.append)
    monkeypatch.setattr(module, "serve", lambda connection: met.append(connection.fileno()))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    here, _ = Pipe()
    monkeypatch.setattr(sys, "argv", ["process", str(os.dup(here.fileno())), "3", *further])
    module.main()
    dies = [(1, signal.SIGKILL)] if sys.platform == "linux" else []  # PR_SET_PDEATHSIG
    assert met == [*dies, 3, int(sys.argv[1])]
    assert isinstance(sys.meta_path[0], Fence) is fenced


def test_pinning_does_nothing_where_impossible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_setaffinity", raising=False)
    monkeypatch.setattr(cores, "ALLOWED", ())
    cores.pin(1)


# What a tool changes is put back when its turn ends


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
