"""Makes environments: a virtual environment, and by pip what the methods in it ask for."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from gradiometer.errors import GradiometerError
from gradiometer.plugins.environments import NEEDED, PYTHON, Environment
from gradiometer.plugins.registry import MethodEntry


def make(
    environment: Environment, methods: Sequence[MethodEntry], constraints: Path | None = None
) -> None:
    """Make an environment, or bring one that is there up to date; pip tells on stderr.

    Args:
        environment: The environment.
        methods: Those that run in it.
        constraints: A file of versions, as pip takes it.

    Raises:
        GradiometerError: If it cannot be made, or methods still lack something.
    """
    if environment.python != PYTHON:
        _call([sys.executable, "-m", "venv", "--clear", str(environment.path)])
    held = [] if constraints is None else ["--constraint", str(constraints)]
    pip = [str(environment.interpreter), "-m", "pip", "--disable-pip-version-check", "install"]
    _call([*pip, *held, *requirements(methods)])
    for method in methods:
        reason = environment.missing(method.requires, method.package)
        if reason:
            raise GradiometerError(f"{method.name} cannot run: {reason}.")


def remove(environment: Environment) -> None:
    """Remove an environment, with all that is in it.

    Raises:
        GradiometerError: If there is none in its folder.
    """
    if environment.python is None:
        raise GradiometerError(f"There is no environment in {environment.path}.")
    shutil.rmtree(environment.path)


def requirements(methods: Iterable[MethodEntry]) -> list[str]:
    """Return what pip is to install: what a worker needs, and what methods ask for.

    Of a method that names one of Gradiometer's extras, what that asks for; else its package.
    """
    try:
        declared = [line.partition(";") for line in requires("gradiometer") or ()]
    except PackageNotFoundError:  # run from its source
        declared = []
    known = {_name(asked): asked.strip() for asked, _, _ in declared}
    found = [known.get(name, name) for name in NEEDED.values()]
    for method in methods:
        extra = re.compile(rf"extra == ['\"]{re.escape(method.extra or '')}['\"]")
        own = [asked.strip() for asked, _, marker in declared if extra.search(marker)]
        packages = [method.package] if method.package else method.requires
        found += own or [package.partition(".")[0] for package in packages]
    return list(dict.fromkeys(found))


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0].lower()


def _call(command: Sequence[str]) -> None:
    """Run a command, what it says on stderr.

    Raises:
        GradiometerError: If it fails.
    """
    code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=2, check=False).returncode
    if code:
        raise GradiometerError(f"`{' '.join(command)}` failed with exit code {code}.")
