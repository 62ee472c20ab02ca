"""The environment of a run: threads, cores, and what is told of the machine."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pytest

from gradiometer.measure.environment import (
    ONE_SETTING_EACH,
    describe_machine,
    refresh_caches,
    restrict,
    versions,
)


@pytest.mark.parametrize("threads", [1, 3, 64])
def test_every_tool_is_held_to_the_same_threads(threads: int) -> None:
    environ: dict[str, str] = {}
    restrict(environ, threads)
    assert {environ[name] for name in ONE_SETTING_EACH} == {str(threads)}


@pytest.mark.parametrize(
    "name",
    [
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
        "NPROC",
    ],
)
def test_the_variables_that_tools_heed_are_among_those_set(name: str) -> None:
    environ = {name: "99"}
    restrict(environ, 2)
    assert environ[name] == "2"


def test_compilers_keep_nothing_for_the_next_process() -> None:
    environ = {"JAX_COMPILATION_CACHE_DIR": "/home/cache"}
    refresh_caches(environ, "/scratch")
    folders = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR", "DRJIT_CACHE_DIR")
    assert {environ[name] for name in folders} == {"/scratch"}
    assert environ["TORCHINDUCTOR_CPP_CACHE_PRECOMPILE_HEADERS"] == "0"
    assert "JAX_COMPILATION_CACHE_DIR" not in environ


def test_only_the_processor_is_left_to_the_tools() -> None:
    environ = {"CUDA_VISIBLE_DEVICES": "0", "JAX_PLATFORMS": "cuda"}
    restrict(environ, 1)
    assert environ["CUDA_VISIBLE_DEVICES"] == ""
    assert environ["JAX_PLATFORMS"] == "cpu"


def test_other_variables_and_our_own_stay() -> None:
    before, environ = dict(os.environ), {"PATH": "/bin", "HOME": "/home"}
    restrict(environ, 1)
    assert (environ["PATH"], environ["HOME"]) == ("/bin", "/home")
    assert dict(os.environ) == before


def test_every_value_can_be_handed_to_a_process() -> None:
    environ: dict[str, str] = {}
    restrict(environ, 1)
    assert all(isinstance(value, str) for value in environ.values())


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


def test_the_machine_is_described_in_what_json_can_hold() -> None:
    facts = describe_machine(["numpy", "no-such-package"])
    assert json.loads(json.dumps(facts)) == facts
    assert facts["versions"] == {"numpy": version("numpy")}
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert facts["cores"] >= 1
    assert facts["memory_gib"] > 0.0
    assert len(facts["load_average"]) == 3
    assert facts["cpu"]
    assert facts["system"]


def test_the_start_of_a_run_is_told_in_universal_time() -> None:
    started = datetime.fromisoformat(describe_machine([])["started"])
    assert started.utcoffset() == timedelta(0)
    assert started.microsecond == 0
