"""What all tests share: the registry, a cache of their own, and small problems to measure."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import built_in
import here
import pytest
from threadpoolctl import threadpool_limits

from gradiometer.measure import turns
from gradiometer.plugins.registry import Registry
from gradiometer.reference.doubles import freivalds

PROCESS = os.environ.get("PYTEST_XDIST_WORKER")
"""The name of this test process, `gw0` and so on, if there are several."""


def pytest_configure() -> None:
    """Keep each of several test processes, with all that it starts, on a core of its own.

    XLA optimises nothing, here and in workers: to compile takes it longer than all that it runs.
    Exact products of matrices are checked without BLAS.
    """
    os.environ.setdefault(freivalds.VARIABLE, "1")
    os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_use_fusion_emitters=false")
    os.environ[turns.VARIABLE] = tempfile.mkdtemp(prefix="gradiometer-turns-")  # none but its own
    if PROCESS and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, [cores[int(PROCESS.removeprefix("gw")) % len(cores)]])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Keep TensorFlow, which methods import lazily, out of sight while test files are loaded.

    PyTorch, when imported, asks all modules for their files: a lazy one is imported by that.
    """
    hidden = {name: sys.modules.pop(name) for name in ("tensorflow",) if name in sys.modules}
    try:
        return (yield)
    finally:
        sys.modules.update(hidden)


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over all that is there to stay."""
    gc.collect()
    gc.freeze()


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """Leave the tests out of `pytest --benchmark-only`, which is for the benchmarks."""
    return True if config.getoption("benchmark_only", default=False) else None


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Every built-in problem and method."""
    return built_in.registry()


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> Iterator[None]:
    """Hold NumPy to one thread: two of them wait for each other longer than they multiply."""
    with threadpool_limits(1):
        yield


@pytest.fixture(autouse=True, scope="session")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep references of this session apart from the user's; its processes share them."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if PROCESS else own) / "references"
    folder.mkdir(exist_ok=True)
    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIOMETER_CACHE", str(folder))
    yield folder
    patch.undo()


@pytest.fixture
def in_this_process() -> Iterator[None]:
    """Start no worker: what is asked of one is done here."""
    with here.in_this_process():
        yield


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Return a function that writes a file and returns its path."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write
