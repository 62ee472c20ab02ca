"""Copies of the working tree, each with an interpreter that imports from it.

What is measured or mutated there leaves the working tree as it is, also when it is interrupted.
"""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def copy(to: Path, of: Path = ROOT) -> Path:
    """Copy what git tracks or would track; return the interpreter of the copy.

    Its environment is a `.venv` that lies in the copy, finds the packages that this process
    finds, and before them what is in the copy: tests that start processes need set nothing.

    Args:
        to: Where the copy is made.
        of: The working tree, or a copy of it, which stays as it is while that changes.
    """
    for name in _files():
        if (of / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(of / name, to / name)
    venv.create(to / ".venv", symlinks=True)
    (packages,) = (to / ".venv").glob("lib/python*/site-packages")
    found = [to, to / "benchmarks" / "mutation", sysconfig.get_path("purelib")]
    (packages / "copied.pth").write_text("".join(f"{path}\n" for path in found), encoding="utf-8")
    return to / ".venv" / "bin" / "python"


def _files() -> list[str]:
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True)
    return [name for name in listed.stdout.split("\0") if name]
