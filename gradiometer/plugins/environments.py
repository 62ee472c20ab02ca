"""Environments of their own: for tools whose libraries do not resolve with the others'.

A worker is a process, and may be one of another interpreter: that of a virtual environment with one
tool's libraries and nothing of the others'. Gradiometer itself is not installed there, the worker
loads the one that starts it (`gradiometer.worker.elsewhere`). What an environment holds is read
from disk: nothing in it is imported, and no process started.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gradiometer.libraries import not_installed
from gradiometer.vocabulary.method import findable

if TYPE_CHECKING:
    from gradiometer.plugins.registry import MethodEntry

NEEDED = {
    "cloudpickle": "cloudpickle", "lazy_loader": "lazy-loader", "numpy": "numpy", "scipy": "scipy",
}  # fmt: skip
"""What a worker needs beside the tool, by import name: what pip installs. SciPy is for problems."""

PYTHON = "{}.{}".format(*sys.version_info)
"""The Python that all processes of a run have in common: functions travel as its bytecode."""

APART = "GRADIOMETER_ENVIRONMENT"
"""Environment variable that tells a worker in which environment it is."""

PACKAGE = Path(__file__).parents[1]


def folder() -> Path:
    """Return where environments lie.

    `$GRADIOMETER_ENVIRONMENTS`; `.environments` in a checkout, beside `.venv`; else the user's data
    folder, where every Python has environments of its own.
    """
    chosen = os.environ.get("GRADIOMETER_ENVIRONMENTS")
    if chosen:
        return Path(chosen).absolute()
    if (PACKAGE.parent / "pyproject.toml").is_file():
        return PACKAGE.parent / ".environments"
    import platformdirs  # of the benchmark's libraries

    found = Path(platformdirs.user_data_path("gradiometer"))
    return found / "environments" / f"python{PYTHON}"


def asked_for(methods: Iterable[MethodEntry]) -> dict[str, list[MethodEntry]]:
    """Return the methods that run in an environment of their own, by its name."""
    found: dict[str, list[MethodEntry]] = {}
    for method in methods:
        if method.environment:
            found.setdefault(method.environment, []).append(method)
    return found


@dataclass(frozen=True)
class Environment:
    """An environment by its name, whether it is there or not.

    Attributes:
        name: The name that methods ask for it by, and that of its folder.
    """

    name: str

    @cached_property
    def path(self) -> Path:
        """Its folder."""
        return folder() / self.name

    @property
    def interpreter(self) -> Path:
        """The interpreter of its workers."""
        return self.path / "bin" / "python"

    @property
    def python(self) -> str | None:
        """The Python that it was made with, as 3.11; `None` where it is not there."""
        made = [path.parent.name for path in self.path.glob("lib/python3*/site-packages")]
        return made[0].removeprefix("python") if made and self.interpreter.exists() else None

    @property
    def search_path(self) -> list[str]:
        """The folders in which its interpreter finds libraries."""
        site = self.path / "lib" / f"python{PYTHON}" / "site-packages"
        added = [
            site / line
            for file in sorted(site.glob("*.pth"))
            for line in file.read_text().splitlines()
            if line.strip() and not line.startswith(("#", "import "))
        ]
        return [str(site), *(str(path) for path in added if path.is_dir())]

    def version(self, package: str) -> str | None:
        """Return the version of a package in it; `None` where it has none."""
        from importlib.metadata import distributions  # which takes a while

        found = next(iter(distributions(name=package, path=self.search_path)), None)
        return None if found is None else found.version

    def versions(self, packages: Sequence[str]) -> dict[str, str]:
        """Return the versions of those packages that it has."""
        told = ((package, self.version(package)) for package in sorted(set(packages)))
        return {package: version for package, version in told if version is not None}

    def missing(self, requires: Sequence[str] = (), package: str = "") -> str | None:
        """Return why no worker can run in it, and what to do; `None` where one can.

        Args:
            requires: The libraries that are needed there, by their import names.
            package: What pip installs, where that is called otherwise.
        """
        make = f"gradiometer environments make {self.name}"
        if Path(self.name).is_absolute():  # one of the user's, not of ours
            wanted = (*NEEDED.values(), *([package] if package else requires))
            make = f"{self.interpreter} -m pip install {' '.join(wanted)}"
        if self.python is None:
            what = package or next((each.partition(".")[0] for each in requires), self.name)
            return f"{what} is not installed: it has an environment of its own, {make}"
        if self.python != PYTHON:
            return (
                f"environment {self.name} has Python {self.python}, Gradiometer runs on {PYTHON}: "
                f"make it again, {make}"
            )
        path = self.search_path
        for library in (*NEEDED, *requires):
            if not findable(library, [PathFinder], path):
                named = NEEDED.get(library) or package or library.partition(".")[0]
                return f"{named} is not installed in the environment {self.name}: {make}"
        version = self.version("numpy") or "none"
        if version.partition(".")[0] != np.__version__.partition(".")[0]:
            here = f"Gradiometer {np.__version__}: arrays cannot travel between them"
            return f"environment {self.name} has NumPy {version}, {here}"
        return None


def missing(name: str, requires: Sequence[str], package: str = "") -> str | None:
    """Return why a method cannot run in an environment; see `Environment.missing`."""
    try:
        return Environment(name).missing(requires, package)
    except ModuleNotFoundError as error:  # without the benchmark's libraries no worker starts
        return not_installed(error.name or "")
