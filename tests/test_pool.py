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

from gradiometer.measure.pool import Failure, Pool, Worker
from gradiometer.plugins.address import Address
from gradiometer.vocabulary.outcome import Status


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[Pool]:
    with Pool(tmp_path / "logs", threads=1) as workers:
        yield workers


def pid(worker: Worker) -> int:
    return worker._process.pid


def test_a_worker_answers_requests(pool: Pool) -> None:
    assert pool.worker("tool").ask("control", 10.0, name="floor", sample_s=0.0001) >= 1


def test_a_tool_keeps_its_worker_and_tools_do_not_share_one(pool: Pool) -> None:
    assert pool.worker("one") is pool.worker("one")
    assert pid(pool.worker("one")) != pid(pool.worker("two"))


def test_a_request_that_fails_leaves_the_worker_alive(pool: Pool) -> None:
    worker = pool.worker("tool")
    with pytest.raises(Failure, match="no_such_plugin") as caught:
        worker.ask("open", 10.0, address=Address("x", "x", "no_such_plugin"), threads=1)
    assert caught.value.status is Status.ERROR
    assert worker.alive
    assert pool.worker("tool") is worker


def test_a_request_out_of_time_ends_the_worker_at_once(pool: Pool) -> None:
    worker = pool.worker("tool")
    worker.ask("control", 10.0, name="floor", sample_s=0.0001)
    with pytest.raises(Failure, match="control took longer than") as caught:
        worker.ask("control", 0.05, name="floor", sample_s=5.0)
    assert caught.value.status is Status.TIMEOUT
    assert not worker.alive
    assert not psutil.pid_exists(pid(worker))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_worker_that_was_killed_is_reported_with_the_signal_and_replaced(
    pool: Pool, number: signal.Signals
) -> None:
    worker = pool.worker("tool")
    os.kill(pid(worker), number)
    with pytest.raises(Failure, match=f"killed by {number.name}") as caught:
        worker.ask("drop", 10.0)
    assert caught.value.status is Status.CRASHED
    fresh = pool.worker("tool")
    assert fresh is not worker
    assert fresh.ask("drop", 10.0) is None


def test_what_a_worker_prints_goes_to_its_log(pool: Pool, tmp_path: Path) -> None:
    with pytest.raises(Failure):
        pool.worker("loud").ask("open", 10.0, address=Address("x", "", "absent"), threads=1)
    assert "ModuleNotFoundError" in (tmp_path / "logs" / "loud.log").read_text()


def test_leaving_the_fleet_ends_every_worker_and_its_children(tmp_path: Path) -> None:
    with Pool(tmp_path, threads=1) as pool:
        pids = [pid(pool.worker(name)) for name in ("one", "two")]
        assert all(map(psutil.pid_exists, pids))
    assert not any(map(psutil.pid_exists, pids))


def test_an_exception_inside_the_fleet_ends_its_workers_too(tmp_path: Path) -> None:
    pids = []

    def stumble() -> None:
        with Pool(tmp_path, threads=1) as pool:
            pids.append(pid(pool.worker("one")))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stumble()
    assert not psutil.pid_exists(pids[0])


def test_forgetting_reaches_living_workers_and_passes_over_dead_ones(pool: Pool) -> None:
    living, dead = pool.worker("living"), pool.worker("dead")
    dead.stop()
    pool.forget()
    assert living.alive


def test_a_worker_runs_with_the_threads_and_the_core_it_was_given(pool: Pool) -> None:
    worker = pool.worker("tool")
    worker.ask("drop", 10.0)
    process = psutil.Process(pid(worker))
    environ = process.environ()
    assert environ["OMP_NUM_THREADS"] == environ["NPROC"] == "1"
    assert len(process.cpu_affinity()) == 1


def test_each_worker_has_compiler_caches_of_its_own_which_go_with_it(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "/tmp/shared")
    workers = [pool.worker(name) for name in ("one", "two")]
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
with Pool(Path(sys.argv[1]), threads=1) as pool:
    worker = pool.worker("tool")
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
