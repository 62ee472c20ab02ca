"""Writes a report in a process of its own: drawing needs more memory than measuring may have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gradiometer.errors import GradiometerError


def write_report(run: Path, reports: Path) -> Path:
    """Write the report of the run in folder `run`, and return the path of its page.

    Raises:
        GradiometerError: If it cannot be written.
    """
    command = [sys.executable, "-P", "-m", "gradiometer", "report", str(run)]
    done = subprocess.run(
        [*command, "--reports", str(reports)], capture_output=True, text=True, encoding="utf-8"
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise GradiometerError(
            f"No report: {lines[-1].removeprefix('gradiometer: ')} The run is kept in {run}."
        )
    return Path(done.stdout.splitlines()[0])
