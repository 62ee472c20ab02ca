"""The environment of a run: threads, cores, and what is told of the machine."""

from __future__ import annotations

import json
import platform
import site
import sys
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from gradiometer.measure import environment
from gradiometer.measure.environment import (
    describe_machine,
    move,
    refresh_caches,
    restrict,
    versions,
)

ONE_EACH = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC",
    "TORCHINDUCTOR_COMPILE_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS",
)  # fmt: skip
FOLDERS = (
    "DRJIT_CACHE_DIR", "NUMBA_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR",
    "WARP_CACHE_PATH", "TMPDIR", "KERAS_HOME",
)  # fmt: skip


@pytest.mark.parametrize("threads", [1, 3, 64])
def test_every_tool_is_held_to_the_same_threads(threads: int) -> None:
    environ = {"PATH": "/bin", "NPROC": "99", "CUDA_VISIBLE_DEVICES": "0", "JAX_PLATFORMS": "cuda"}
    restrict(environ, threads)
    assert environ == {
        "PATH": "/bin", **dict.fromkeys(ONE_EACH, str(threads)),
        "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3",
    }  # fmt: skip


def test_each_worker_compiles_into_its_own_folder() -> None:
    environ = {"PATH": "/bin", "TMPDIR": "/tmp", "JAX_COMPILATION_CACHE_DIR": "/shared"}
    refresh_caches(environ, "/own")
    assert environ == {
        "PATH": "/bin", **dict.fromkeys(FOLDERS, "/own"),
        "TORCHINDUCTOR_CPP_CACHE_PRECOMPILE_HEADERS": "0",
        "PYTENSOR_FLAGS": "base_compiledir=/own",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("before", "flags"),
    [
        ({}, "base_compiledir=/own"),
        ({"PYTENSOR_FLAGS": "cxx=,floatX=float64"}, "cxx=,floatX=float64,base_compiledir=/own"),
        ({"PYTENSOR_FLAGS": "base_compiledir=/a"}, "base_compiledir=/a,base_compiledir=/own"),
    ],
)
def test_flags_of_the_user_stay(before: dict[str, str], flags: str) -> None:
    refresh_caches(before, "/own")
    assert before["PYTENSOR_FLAGS"] == flags


def test_home_and_temporary_files_move_into_a_folder_that_is_made(tmp_path: Path) -> None:
    environ, folder = {"HOME": "/home/someone", "PATH": "/bin"}, tmp_path / "new" / "own"
    for _ in range(2):  # a second one finds it
        move(environ, folder)
    assert environ == {
        "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "PATH": "/bin",
        "PYTHONUSERBASE": site.getuserbase(),
    }  # fmt: skip
    assert {each.name for each in folder.iterdir() if each.is_dir()} == {"home", "tmp", "work"}


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["processor : 0", "model name\t: Acme: Fast CPU @ 2 GHz ", "model name : other"],
         "Acme: Fast CPU @ 2 GHz"),
        (["processor : 0"], "some processor"),
        (None, "some processor"),
    ],
)  # fmt: skip
def test_the_processor_has_the_name_that_the_kernel_tells_or_python(
    lines: list[str] | None, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if lines is not None:
        (tmp_path / "cpuinfo").write_text("\n".join(lines))
    monkeypatch.setattr(environment, "CPUS", tmp_path / "cpuinfo")
    monkeypatch.setattr(platform, "processor", lambda: "some processor")
    assert environment.cpu_model() == name


def test_restricting_again_replaces_what_was_set() -> None:
    environ: dict[str, str] = {}
    restrict(environ, 8)
    restrict(environ, 2)
    once: dict[str, str] = {}
    restrict(once, 2)
    assert environ == once


@pytest.mark.parametrize(
    ("packages", "found"),
    [
        ([], []),
        (["numpy"], ["numpy"]),
        (["scipy", "numpy", "scipy"], ["numpy", "scipy"]),
        (["no-such-package", "numpy"], ["numpy"]),
        ({"gradiometer", "python-flint"}, ["gradiometer", "python-flint"]),
        (iter(["numpy"]), ["numpy"]),
    ],
)
def test_versions_are_of_what_is_installed_in_order(packages: list[str], found: list[str]) -> None:
    told = versions(packages)
    assert list(told) == found
    assert told == {name: version(name) for name in found}


def test_asking_for_versions_imports_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "explosive-1.2.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Name: explosive\nVersion: 1.2\n", encoding="utf-8")
    (tmp_path / "explosive.py").write_text("raise RuntimeError\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert versions(["explosive"]) == {"explosive": "1.2"}
    assert "explosive" not in sys.modules


def test_the_machine_is_described_in_what_json_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, told in {
        "cpu_count": 12,
        "virtual_memory": SimpleNamespace(total=15.5504 * 2**30),
        "getloadavg": (0.126, 2.0, 10.994),
    }.items():
        monkeypatch.setattr(psutil, name, lambda told=told: told)
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "release", lambda: "6.1")
    monkeypatch.setattr(environment, "cpu_model", lambda: "Fast CPU")
    facts = describe_machine(["numpy", "no-such-package"])
    assert json.loads(json.dumps(facts)) == facts
    assert datetime.fromisoformat(facts.pop("started"))
    assert facts == {
        "python": ".".join(map(str, sys.version_info[:3])), "system": "Linux 6.1",
        "cpu": "Fast CPU", "cores": 12, "memory_gib": 15.6, "load_average": [0.13, 2.0, 10.99],
        "versions": {"numpy": version("numpy")},
    }  # fmt: skip


def test_the_start_of_a_run_is_told_in_universal_time() -> None:
    started = datetime.fromisoformat(describe_machine([])["started"])
    assert started.utcoffset() == timedelta(0)
    assert started.microsecond == 0
