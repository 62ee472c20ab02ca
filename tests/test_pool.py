"""Workers as processes: asked, timed out, killed, replaced, and never left behind."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import built_in
import psutil
import pytest

from gradiometer import GradiometerError, Method, Target
from gradiometer.measure import pool as module
from gradiometer.measure.pool import MARK, REFERENCE, TOLD_S, Pool, Worker
from gradiometer.plugins.address import Address
from gradiometer.plugins.environments import APART, Environment
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.worker import cores, requests, sampling


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    with Pool(tmp_path / "logs", threads=1) as workers:
        yield workers


ABSENT = Address(Method, "x", "no_such_plugin")
"""A method that no worker can load."""


def pid(worker: Worker) -> int:
    return worker._process.pid


def test_a_worker_answers_requests(pool: Pool) -> None:
    assert pool.worker("tool").ask(requests.control, 10.0, "floor", 0.0001) >= 1


def test_the_reference_is_for_its_own_worker_alone(pool: Pool) -> None:
    address = built_in.registry().problems["rosenbrock"].address
    asked = (requests.points, 60.0, address, "2", 0, "float64")
    assert pool.worker(REFERENCE).ask(*asked).signature.n == 2
    with pytest.raises(Failure, match="ImportError: a method cannot use the reference"):
        pool.worker("tool").ask(*asked)


def test_arguments_go_by_position_or_by_name(pool: Pool) -> None:
    worker = pool.worker("tool")
    loops = worker.ask(requests.control, 10.0, name="floor", sample_s=0.0001)
    assert worker.ask(requests.sample, 10.0, "floor", calls=loops).wall_s > 0.0


def test_an_experiment_brings_requests_of_its_own(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_requests.py").write_text(
        "import os\n\n"
        "def count_up(tool, step, *, start=0):\n"
        "    tool.states['count'] = tool.states.get('count', start) + step\n"
        "    return tool.states['count'], os.getpid()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    count_up = importlib.import_module("acme_requests").count_up
    worker = pool.worker("tool")
    assert worker.ask(count_up, 10.0, 2, start=40) == (42, pid(worker))
    pool.forget()
    assert worker.ask(count_up, 10.0, 3) == (45, pid(worker))
    with pytest.raises(Failure, match="missing 1 required positional argument: 'step'"):
        worker.ask(count_up, 10.0)


def test_a_request_that_no_worker_can_import_fails(pool: Pool) -> None:
    def local(tool: object) -> None:
        """Stand in this function alone."""

    worker = pool.worker("tool")
    with pytest.raises(Failure) as caught:
        worker.ask(local, 10.0)
    assert caught.value.status is Status.ERROR
    assert worker.alive


def test_a_result_that_cannot_be_sent_costs_the_worker(pool: Pool) -> None:
    worker = pool.worker("tool")
    with pytest.raises(Failure, match=r"died during make loop: exit code 1; .*pickle") as caught:
        worker.ask(sampling.make_loop, 10.0, [((), {})])
    assert caught.value.status is Status.CRASHED
    assert pool.worker("tool").ask(requests.forget, 10.0) is None


def test_a_tool_keeps_a_worker_of_its_own(pool: Pool) -> None:
    assert pool.worker("one") is pool.worker("one")
    assert pid(pool.worker("one")) != pid(pool.worker("two"))


def test_a_request_that_fails_leaves_the_worker_alive(pool: Pool) -> None:
    worker = pool.worker("tool")
    with pytest.raises(Failure, match="no_such_plugin") as caught:
        worker.ask(requests.set_up, 10.0, ABSENT, Target())
    assert caught.value.status is Status.ERROR
    assert worker.alive
    assert pool.worker("tool") is worker


def test_a_request_out_of_time_ends_the_worker_at_once(pool: Pool) -> None:
    worker = pool.worker("tool")
    worker.ask(requests.control, 10.0, "floor", 0.0001)
    with pytest.raises(Failure, match="control took longer than") as caught:
        worker.ask(requests.control, 0.05, "floor", 5.0)
    assert caught.value.status is Status.TIMEOUT
    assert not worker.alive
    assert not psutil.pid_exists(pid(worker))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_worker_that_was_killed_is_replaced(pool: Pool, number: signal.Signals) -> None:
    worker = pool.worker("tool")
    os.kill(pid(worker), number)
    with pytest.raises(Failure, match=f"killed by {number.name}") as caught:
        worker.ask(requests.forget, 10.0)
    assert caught.value.status is Status.CRASHED
    fresh = pool.worker("tool")
    assert fresh is not worker
    assert fresh.ask(requests.forget, 10.0) is None


DYING = """
import os

def dies(tool, words):
    os.write(1, words)
    os._exit(3)
"""


def test_a_crash_quotes_what_its_own_request_wrote(
    pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_dying.py").write_text(DYING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    dies = importlib.import_module("acme_dying").dies
    with pytest.raises(Failure):
        pool.worker("tool").ask(requests.set_up, 10.0, ABSENT, Target())  # leaves a traceback
    for words, told in (
        (b"", "exit code 3"), (b"one\ntwo\n", "exit code 3; log ends 'two'"),
        (b"\xff!\n", "exit code 3; log ends '\N{REPLACEMENT CHARACTER}!'"),
    ):  # fmt: skip
        with pytest.raises(Failure) as caught:
            pool.worker("tool").ask(dies, 10.0, words)
        assert caught.value.reason == f"worker died during dies: {told}"


def test_what_a_worker_prints_goes_to_its_log(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(Failure):
        pool.worker("loud").ask(requests.set_up, 10.0, ABSENT, Target())
    assert "ModuleNotFoundError" in (tmp_path / "logs" / "loud.log").read_text()


def test_leaving_the_pool_ends_every_worker(tmp_path: Path) -> None:
    with Pool(tmp_path, threads=1) as pool:
        pids = [pid(pool.worker(name)) for name in ("one", "two")]
        assert all(map(psutil.pid_exists, pids))
    assert not any(map(psutil.pid_exists, pids))


def test_an_exception_inside_ends_the_workers_too(tmp_path: Path) -> None:
    pids = []

    def stumble() -> None:
        with Pool(tmp_path, threads=1) as pool:
            pids.append(pid(pool.worker("one")))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stumble()
    assert not psutil.pid_exists(pids[0])


def test_forgetting_passes_over_dead_workers(pool: Pool) -> None:
    living, dead = pool.worker("living"), pool.worker("dead")
    dead.stop()
    pool.forget()
    assert living.alive


def test_a_worker_has_the_threads_and_core_given(pool: Pool) -> None:
    worker = pool.worker("tool")
    worker.ask(requests.forget, 10.0)
    process = psutil.Process(pid(worker))
    environ = process.environ()
    assert environ["OMP_NUM_THREADS"] == environ["NPROC"] == "1"
    assert len(process.cpu_affinity()) == 1


def test_each_worker_has_compiler_caches_of_its_own(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "/tmp/shared")
    workers = [pool.worker(name) for name in ("one", "two")]
    for worker in workers:
        worker.ask(requests.forget, 10.0)
    environs = [psutil.Process(pid(worker)).environ() for worker in workers]
    folders = {Path(environ["TORCHINDUCTOR_CACHE_DIR"]) for environ in environs}
    assert len(folders) == 2
    assert all(folder.is_dir() for folder in folders)
    assert not any("JAX_COMPILATION_CACHE_DIR" in environ for environ in environs)
    for worker in workers:
        worker.stop()
    assert not any(folder.exists() for folder in folders)


COORDINATOR = """
import sys, time
from pathlib import Path
from gradiometer.measure.pool import Pool
from gradiometer.worker.requests import forget
with Pool(Path(sys.argv[1]), threads=1) as pool:
    worker = pool.worker("tool")
    worker.ask(forget, 10.0)
    print(worker._process.pid, flush=True)
    time.sleep(60)
"""


def test_no_worker_outlives_a_killed_coordinator(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COORDINATOR, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as coordinator:
        worker = psutil.Process(int(coordinator.stdout.readline()))
        coordinator.kill()
        coordinator.wait()
        _, alive = psutil.wait_procs([worker], timeout=10)
    assert not alive


# What a process is started with


Started = list[tuple[list[str], dict[str, Any]]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """Start no process, and keep how it would have been."""
    found: Started = []

    def popen(command: list[str], **options: Any) -> Any:
        found.append((command, options))
        return SimpleNamespace(pid=2**30, wait=lambda *timeout: None, poll=lambda: None)

    monkeypatch.setattr(psutil, "Popen", popen)
    monkeypatch.setenv("PYTHONPATH", "/theirs")
    monkeypatch.setenv("XDG_CACHE_HOME", "/users")
    return found


USUAL = [sys.executable, "-P", "-m", "gradiometer.worker.process"]
APART_FROM = [
    str(Environment("acme").interpreter), "-P", str(Path(cores.__file__).parent / "elsewhere.py"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "command", "last", "own"),
    [
        ({}, USUAL, ["3"], {}),
        ({"certifies": True}, USUAL, ["3", "certifies"], {"XDG_CACHE_HOME": "/users"}),
        ({"environment": "acme"}, APART_FROM, ["3"], {APART: "acme"}),
        ({"search": ("/a", "/b")}, USUAL, ["3"], {"PYTHONPATH": "/a:/b:/theirs"}),
        ({"within": "own"}, USUAL, ["3"], {"HOME": "own/home", "TMPDIR": "own/tmp"}),
    ],
)
def test_a_worker_is_started_with_what_it_may_use(
    tmp_path: Path, started: Started, given: Any, command: list[str], last: list[str], own: Any
) -> None:
    given = given | ({"within": tmp_path / "own"} if "within" in given else {})
    worker = Worker(tmp_path / "log", 3, 2**30, **given)
    ((made, options),) = started
    environ = options.pop("env")
    scratch = Path(environ["NUMBA_CACHE_DIR"])
    expected = {"PYTHONPATH": "/theirs", "XDG_CACHE_HOME": str(scratch), "TMPDIR": str(scratch)}
    expected |= {"HOME": os.environ["HOME"], "OMP_NUM_THREADS": "3"}
    expected |= {k: v.replace("own/", f"{tmp_path}/own/") for k, v in own.items()}
    assert {name: environ[name] for name in expected} == expected
    assert (APART in environ) is (APART in own)
    assert len(environ[MARK]) == 16 > len(os.environ.get(MARK, ""))
    (given_fd,) = options["pass_fds"]
    assert made == [*command, str(given_fd), *last]
    assert (options.pop("stdout").name, options.pop("pass_fds")) == (
        str(tmp_path / "log"), [given_fd],
    )  # fmt: skip
    assert options == {
        "stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "start_new_session": True,
        "cwd": tmp_path / "own" / "work" if "within" in given else None,
    }  # fmt: skip
    assert scratch.name.startswith("gradiometer-")
    assert scratch.is_dir()
    assert worker.alive
    worker.stop()
    assert not worker.alive
    assert not scratch.exists()


def test_folders_are_searched_where_none_were_before(
    tmp_path: Path, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH")
    (tmp_path / "log").write_text("before\n")
    for _ in range(2):
        Worker(tmp_path / "log", 1, 2**30, search=("/a", "/b")).stop()
    assert [options["env"]["PYTHONPATH"] for _, options in started] == ["/a:/b"] * 2
    assert len({options["env"][MARK] for _, options in started}) == 2
    assert (tmp_path / "log").read_text() == "before\n"


# How long it is waited for


class Waited(Worker):
    """One whose process never answers, on a clock that only waiting moves."""

    def __init__(self, memory: int, resident: int) -> None:
        self.now, self.polls, self.stops = 0.0, list[float](), 0
        self._memory, self._used = memory, resident
        self._connection: Any = SimpleNamespace(poll=self._poll)

    def _poll(self, seconds: float) -> bool:
        self.polls.append(seconds)
        self.now += seconds
        return False

    def _resident(self) -> int:
        return self._used

    def monotonic(self) -> float:
        return self.now

    def stop(self) -> None:
        self.stops += 1


@pytest.mark.parametrize(
    ("resident", "polls", "status", "reason"),
    [
        (5, [0.125] * 2 + [0.0625], Status.TIMEOUT, "sum up took longer than 0.3125 s."),
        (4, [0.125] * 2 + [0.0625], Status.TIMEOUT, "sum up took longer than 0.3125 s."),
        (6, [0.125], Status.OUT_OF_MEMORY, "sum up used 1.5 GiB, over the limit of 1.25 GiB."),
    ],
)
def test_a_reply_is_waited_for_as_long_as_time_and_memory_allow(
    monkeypatch: pytest.MonkeyPatch, resident: int, polls: list[float], status: Status, reason: str
) -> None:
    worker = Waited(5 * 2**28, resident * 2**28)
    monkeypatch.setattr(module, "WATCH_S", 0.125)
    monkeypatch.setattr(module, "time", worker)
    with pytest.raises(Failure) as caught:
        worker._await("sum up", 0.3125)
    assert (caught.value.status, caught.value.reason) == (status, reason)
    assert (worker.polls, worker.stops) == (polls, 1)


# What a pool starts, and tells all


class Stand:
    """Stands in for a worker; keeps what it was made with and asked."""

    def __init__(self, *given: Any, **options: Any) -> None:
        self.given, self.options, self.alive = given, options, True
        self.asked: list[Sequence[Any]] = []

    def ask(self, request: Any, *args: Any) -> None:
        self.asked.append((request, *args))
        if "fails" in str(self.given[0]):
            raise Failure(Status.CRASHED, "it fell")

    def stop(self) -> None:
        self.alive = False

    def cpu_s(self) -> float:
        return 2.5


@pytest.fixture
def stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Worker", Stand)


@pytest.mark.usefixtures("stands")
@pytest.mark.parametrize(
    ("words", "log", "certifies"),
    [
        (("tool",), "tool", False),
        ((REFERENCE,), REFERENCE, True),
        (("tool-2", "envs/acme"), "tool-2-in-envs-acme", False),
    ],
)
def test_a_worker_is_of_its_pool(
    tmp_path: Path, words: tuple[str, ...], log: str, certifies: bool
) -> None:
    with Pool(tmp_path / "deep" / "logs", 2, 1.5, search=("/a",)) as pool:
        made: list[Any] = [pool.start(*words), pool.worker(*words)]
        assert (tmp_path / "deep" / "logs").is_dir()
        assert pool.worker(*words) is made[1]
        assert pool.worker(words[0], "another") not in made
    environment = dict(enumerate(words)).get(1, "")
    for each in made:
        assert each.given == (tmp_path / "deep" / "logs" / f"{log}.log", 2, 3 * 2**29)
        assert each.options == {
            "certifies": certifies, "environment": environment, "search": ("/a",),
        }  # fmt: skip
    with pytest.raises(Failure, match=r"^the run is ending$") as caught:
        pool.start("tool")
    assert caught.value.status is Status.ERROR


@pytest.mark.usefixtures("stands")
def test_all_living_workers_are_told(tmp_path: Path) -> None:
    with Pool(tmp_path, threads=2) as pool:
        first: Any
        first, dead, _ = (pool.worker(name) for name in ("first", "dead", "fails"))
        dead.stop()
        assert pool.cpu_s() == 5.0
        pool.spread()
        late: Any = pool.start("late")
        pool.settle()
        pool.forget()
        assert first.asked == [
            (requests.spread, TOLD_S), (requests.settle, TOLD_S, 2), (requests.forget, TOLD_S),
        ]  # fmt: skip
        assert (late.asked, dead.asked) == ([(requests.spread, TOLD_S)], [])
        assert pool.worker("first") is first
        assert pool.worker("dead") is not dead
        latest: Any = pool.start("latest")
        assert latest.asked == []
    assert not first.alive


@pytest.mark.parametrize(
    ("allowed", "machine", "threads", "count"),
    [
        ((0, 1, 2, 3, 4), 8, 1, 5), ((0, 1, 2, 3, 4), 8, 2, 2), ((0,), 8, 2, 1), ((), 8, 2, 4),
        ((), None, 1, 1),
    ],
)  # fmt: skip
def test_workers_have_cores_of_their_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    allowed: Sequence[int],
    machine: int | None,
    threads: int,
    count: int,
) -> None:
    monkeypatch.setattr(cores, "ALLOWED", allowed)
    monkeypatch.setattr(os, "cpu_count", lambda: machine)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=1001))
    pool = Pool(tmp_path, threads)
    assert (pool.cores, pool.memory) == (count, 500)


def test_elsewhere_than_on_linux_nothing_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(GradiometerError, match=r"^measuring needs Linux, for processes"):
        Pool(tmp_path, threads=1)


def test_time_is_that_of_the_worker_and_no_more_once_it_has_ended(pool: Pool) -> None:
    worker = pool.worker("tool")
    worker.ask(requests.control, 10.0, "kernel", 0.05)
    used = psutil.Process(pid(worker)).cpu_times()
    assert worker.cpu_s() >= used.user + used.system > 0.0
    begun = time.monotonic()
    worker.end(20.0)  # it ends by itself, as nothing more will be asked
    assert time.monotonic() - begun < 15.0
    assert (worker.alive, worker.cpu_s()) == (False, 0.0)
    assert worker._process.returncode == 0
