"""Checks the conformance of methods, each in a process of its own, and keeps what was found.

A method that ends its process, or does not come to an end, costs its own checks alone. What was
found lies in `build/conformance`, and is judged anew when it is read: rows of expected failures
count that were added since. It is out of date when what it depends on has changed.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gradiometer.conformance.conform import judged
from gradiometer.conformance.expected import EXPECTED
from gradiometer.conformance.result import Check, Report, Verdict
from gradiometer.plugins.registry import MethodEntry

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "build" / "conformance"
ENDING_S = 120.0
"""How long a process that is asked to end may take to tell what it has found."""

SOURCES = (
    "problems", "gradiometer/judging", "gradiometer/measure", "gradiometer/plugins",
    "gradiometer/reference", "gradiometer/vocabulary", "gradiometer/worker",
    "gradiometer/conformance",
)  # fmt: skip
"""What findings depend on, beside a method's own file and its library."""

JUDGING = ("expected.py", "causes.py", "result.py")
"""Files of these that say only what a finding comes to."""


@dataclass(frozen=True)
class Separately:
    """How methods are checked, one after the other.

    Attributes:
        quick: Whether few problems are taken, and float64 alone.
        limit_s: Seconds that the checks of a method may take.
        folder: Where findings are kept.
    """

    quick: bool = False
    limit_s: float = 1800.0
    folder: Path = KEPT

    def file(self, name: str) -> Path:
        """Return where the findings of a method are kept."""
        return self.folder / f"{name}{'-quick' * self.quick}.json"

    def fresh(self, method: MethodEntry) -> bool:
        """Return whether there are findings, of all checks, of the sources as they are now."""
        return bool(self._kept(method.name).get("of") == sources(method))

    def known(self, name: str) -> bool:
        """Return whether there are findings, of whatever sources, complete or not."""
        return self.file(name).exists()

    def check(self, method: MethodEntry) -> Report:
        """Check a method, and keep what is found."""
        before = sources(method)
        command = [sys.executable, "-P", "-m", "gradiometer", "conformance", method.name, "--json"]
        command += ["--quick"] * self.quick
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.file(method.name).with_suffix(".log")
        told, fault = asked(command, self.limit_s, log)
        checks = told.get("checks", [])
        if fault:
            checks.append(_unfinished(method.name, fault))
        kept = {"of": "" if fault else before, "checks": checks}
        self.file(method.name).write_text(json.dumps(kept, indent=0), "utf-8")
        return self.report([method.name])

    def report(self, names: Iterable[str]) -> Report:
        """Return what is kept of methods, as it is to be judged now."""
        return Report(each for name in names for each in judged([*self._checks(name)], EXPECTED))

    def _checks(self, name: str) -> Iterator[Check]:
        for each in self._kept(name).get("checks", []):
            check = Check(**each | {"verdict": Verdict(each["verdict"])})
            yield check if check.part == "contract" else replace(check, cause="")

    def _kept(self, name: str) -> dict[str, Any]:
        found = json.loads(self.file(name).read_text("utf-8")) if self.known(name) else {}
        return dict(found)


def asked(command: Sequence[str], limit_s: float, log: Path) -> tuple[dict[str, Any], str]:
    """Return what a process prints as JSON, and in words how it ended before its time.

    Args:
        command: What is run; asked to end, it tells what it has found until then.
        limit_s: Seconds that it may take.
        log: File for what it says on standard error.
    """
    fault = ""
    with log.open("wb") as said:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for who asks
        )
        try:
            printed, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            fault = f"not all checks ended within {limit_s / 60:g} minutes"
            printed = _ended(process)
        finally:
            if process.poll() is None:
                process.terminate()  # it ends its workers
                process.wait()
    try:
        return json.loads(printed), fault
    except json.JSONDecodeError:
        lines = log.read_text("utf-8", "replace").strip().splitlines()
        last = f"; its log ends {lines[-1][:200]!r}" if lines else ""
        return {}, fault or f"the process ended with exit code {process.returncode}{last}"


def _ended(process: subprocess.Popen[bytes]) -> bytes:
    """End a process, and return what it printed."""
    process.terminate()
    try:
        return process.communicate(timeout=ENDING_S)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0]


def _unfinished(name: str, fault: str) -> dict[str, Any]:
    """Return the check that there is an end of the checks, as it is kept."""
    told = {"method": name, "part": "process", "subject": "ends", "status": "failed"}
    return told | {"wanted": "the checks come to an end", "found": fault, "verdict": "failed"}


def sources(method: MethodEntry, folders: Sequence[str] = SOURCES) -> str:
    """Return a digest of what findings of a method depend on: sources, its file's, and versions."""
    digest = hashlib.sha256()
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    paths += [method.address.path] if method.address.path else []
    for path in sorted(paths):
        if path.name not in JUDGING:
            digest.update(path.read_bytes())
    for package in ("numpy", *method.packages):
        try:
            found = version(package)
        except PackageNotFoundError:
            found = method.version or ""
        digest.update(f"{package} {found}".encode())
    return digest.hexdigest()
