"""A worker in an environment of its own: the package is loaded from where it lies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import gradiometer
from gradiometer.worker import elsewhere

LOADED = """\
import runpy, sys
runpy.run_path(sys.argv[1])["load"]()
loaded = sys.modules["gradiometer"]
print(loaded.__file__, *loaded.__path__, loaded.__version__)
"""


def test_the_package_is_loaded_from_the_folder_above(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-c", LOADED, elsewhere.__file__]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    folder = Path(gradiometer.__file__).parent
    told = f"{folder / '__init__.py'} {folder} {gradiometer.__version__}\n"
    assert (done.stdout, done.stderr) == (told, "")


def test_as_a_file_it_is_a_worker(tmp_path: Path) -> None:
    command = [sys.executable, "-P", elsewhere.__file__]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "gradiometer/worker/process.py" in done.stderr
