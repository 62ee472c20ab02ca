"""Workers as processes: asked, timed out, killed, replaced, and never left behind."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import built_in
import psutil
import pytest

from gradiometer import Method, Target
from gradiometer.measure.pool import REFERENCE, Pool, Worker
from gradiometer.plugins.address import Address
from gradiometer.vocabulary.outcome import Failure, Status
from gradiometer.worker import requests, sampling


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
    for words, told in ((b"", "exit code 3"), (b"one\ntwo\n", "exit code 3; log ends 'two'")):
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
