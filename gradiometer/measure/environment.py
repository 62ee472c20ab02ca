"""The environment of a run: what a worker may use, and what it ran on."""

from __future__ import annotations

import contextlib
import platform
import site
from collections.abc import Iterable, Mapping, MutableMapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

ONE_SETTING_EACH = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "NPROC",  # JAX heeds this and CPU affinity, nothing else
    "TORCHINDUCTOR_COMPILE_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
)

CACHES = (
    "DRJIT_CACHE_DIR",
    "NUMBA_CACHE_DIR",
    "TORCHINDUCTOR_CACHE_DIR",
    "TRITON_CACHE_DIR",
    "WARP_CACHE_PATH",
)
"""Variables that name a folder in which a tool keeps what it has compiled."""

CPUS = Path("/proc/cpuinfo")
"""Where Linux tells of its processors."""


def restrict(environ: MutableMapping[str, str], threads: int) -> None:
    """Set every variable that holds a tool to `threads` CPU threads; before its import."""
    environ.update(dict.fromkeys(ONE_SETTING_EACH, str(threads)))
    environ.update(CUDA_VISIBLE_DEVICES="", JAX_PLATFORMS="cpu", TF_CPP_MIN_LOG_LEVEL="3")


def refresh_caches(environ: MutableMapping[str, str], folder: str) -> None:
    """Keep compilers from finding what an earlier process compiled: a first call must compile.

    Temporary files go to the folder as well, since MLX keeps its compiled kernels among them, and
    so does what keras would write into the user's home.
    """
    environ.update(dict.fromkeys((*CACHES, "TMPDIR", "KERAS_HOME"), folder))
    environ["TORCHINDUCTOR_CPP_CACHE_PRECOMPILE_HEADERS"] = "0"  # which lie elsewhere, and stay
    flags = environ.get("PYTENSOR_FLAGS")
    environ["PYTENSOR_FLAGS"] = ",".join(filter(None, (flags, f"base_compiledir={folder}")))
    environ.pop("JAX_COMPILATION_CACHE_DIR", None)


def move(environ: MutableMapping[str, str], folder: Path) -> None:
    """Move home and temporary files into a folder, which is made; libraries are found as before."""
    environ["PYTHONUSERBASE"] = site.getuserbase()
    for name, below in (("HOME", "home"), ("TMPDIR", "tmp")):
        (folder / below).mkdir(parents=True, exist_ok=True)
        environ[name] = str(folder / below)
    (folder / "work").mkdir(exist_ok=True)


def describe_machine(packages: Iterable[str]) -> dict[str, Any]:
    """Return the facts of this machine and the versions of the packages that are installed."""
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "cpu": cpu_model(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_average": [round(x, 2) for x in psutil.getloadavg()],
        "versions": versions(packages),
    }


def kind_of_machine(facts: Mapping[str, Any]) -> str:
    """Return which kind a machine is of: times of one kind are compared with each other.

    Args:
        facts: What `describe_machine` returns, or what a run keeps of it.
    """
    number = facts.get("cores", "?")
    return f"{facts.get('cpu') or 'unknown processor'}, {number} core{'s' * (number != 1)}"


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of those packages that are installed, without importing any."""
    found = {}
    for package in sorted(set(packages)):
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def cpu_model() -> str:
    """Return the processor's name."""
    lines = CPUS.read_text().splitlines() if CPUS.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())
