"""Workers as processes: asked, timed out, killed, replaced, and never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gradiometer.measure.fleet import Failure, Fleet, Worker
from gradiometer.measure.outcome import Status
from gradiometer.measure.shipping import Ticket


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with Fleet(tmp_path / "logs", threads=1) as workers:
        yield workers


def pid(worker: Worker) -> int:
    return worker._process.pid


def test_a_worker_answers_requests(fleet: Fleet) -> None:
    assert fleet.worker("tool").ask("yardstick", 10.0, name="floor", sample_s=0.0001) >= 1


def test_a_tool_keeps_its_worker_and_tools_do_not_share_one(fleet: Fleet) -> None:
    assert fleet.worker("one") is fleet.worker("one")
    assert pid(fleet.worker("one")) != pid(fleet.worker("two"))


def test_a_request_that_fails_leaves_the_worker_alive(fleet: Fleet) -> None:
    worker = fleet.worker("tool")
    with pytest.raises(Failure, match="no_such_plugin") as caught:
        worker.ask("open", 10.0, ticket=Ticket("x", "x", "no_such_plugin"), threads=1)
    assert caught.value.status is Status.ERROR
    assert worker.alive
    assert fleet.worker("tool") is worker


def test_a_request_out_of_time_ends_the_worker_at_once(fleet: Fleet) -> None:
    worker = fleet.worker("tool")
    worker.ask("yardstick", 10.0, name="floor", sample_s=0.0001)
    with pytest.raises(Failure, match="yardstick took longer than") as caught:
        worker.ask("yardstick", 0.05, name="floor", sample_s=5.0)
    assert caught.value.status is Status.TIMEOUT
    assert not worker.alive
    assert not psutil.pid_exists(pid(worker))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_worker_that_was_killed_is_reported_with_the_signal_and_replaced(
    fleet: Fleet, number: signal.Signals
) -> None:
    worker = fleet.worker("tool")
    os.kill(pid(worker), number)
    with pytest.raises(Failure, match=f"killed by {number.name}") as caught:
        worker.ask("drop", 10.0)
    assert caught.value.status is Status.CRASHED
    fresh = fleet.worker("tool")
    assert fresh is not worker
    assert fresh.ask("drop", 10.0) is None


def test_what_a_worker_prints_goes_to_its_log(fleet: Fleet, tmp_path: Path) -> None:
    with pytest.raises(Failure):
        fleet.worker("loud").ask("open", 10.0, ticket=Ticket("x", "", "absent"), threads=1)
    assert "ModuleNotFoundError" in (tmp_path / "logs" / "loud.log").read_text()


def test_leaving_the_fleet_ends_every_worker_and_its_children(tmp_path: Path) -> None:
    with Fleet(tmp_path, threads=1) as fleet:
        pids = [pid(fleet.worker(name)) for name in ("one", "two")]
        assert all(map(psutil.pid_exists, pids))
    assert not any(map(psutil.pid_exists, pids))


def test_an_exception_inside_the_fleet_ends_its_workers_too(tmp_path: Path) -> None:
    pids = []

    def stumble() -> None:
        with Fleet(tmp_path, threads=1) as fleet:
            pids.append(pid(fleet.worker("one")))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stumble()
    assert not psutil.pid_exists(pids[0])


def test_forgetting_reaches_living_workers_and_passes_over_dead_ones(fleet: Fleet) -> None:
    living, dead = fleet.worker("living"), fleet.worker("dead")
    dead.stop()
    fleet.forget()
    assert living.alive


def test_a_worker_runs_with_the_threads_and_the_core_it_was_given(fleet: Fleet) -> None:
    worker = fleet.worker("tool")
    worker.ask("drop", 10.0)
    process = psutil.Process(pid(worker))
    environ = process.environ()
    assert environ["OMP_NUM_THREADS"] == environ["NPROC"] == "1"
    assert len(process.cpu_affinity()) == 1


def test_each_worker_has_compiler_caches_of_its_own_which_go_with_it(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "/tmp/shared")
    workers = [fleet.worker(name) for name in ("one", "two")]
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
from gradiometer.measure.fleet import Fleet
with Fleet(Path(sys.argv[1]), threads=1) as fleet:
    worker = fleet.worker("tool")
    worker.ask("drop", 10.0)
    print(worker._process.pid, flush=True)
    time.sleep(60)
"""


def test_no_worker_outlives_a_coordinator_that_was_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COORDINATOR, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as coordinator:
        worker = psutil.Process(int(coordinator.stdout.readline()))
        coordinator.kill()
        coordinator.wait()
        _, alive = psutil.wait_procs([worker], timeout=10)
    assert not alive
