"""A package of someone else's, as `gradiometer new` writes one, is found where it is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from shell import command

import gradiometer

HERE = str(Path(gradiometer.__file__).parents[1])
"""Where Gradiometer is found, in a checkout or installed."""

MEASURED = """
import json
import gradiometer

run = gradiometer.run("product-of-sum", ["my-tool", "backprop"], quick=True)
names = run.records["method"] + " " + run.records["operator"]
print(json.dumps(dict(zip(names, run.records["status"]))))
"""
"""A quick run, of which no report is drawn."""


class Environment:
    """A virtual environment that has what this one has, and further packages of its own."""

    def __init__(self, where: Path) -> None:
        venv.create(where, with_pip=False, symlinks=True)
        self.python = str(where / "bin" / "python")
        (own,) = where.glob("lib/*/site-packages")
        shared = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        (own / "shared.pth").write_text("\n".join(sorted(shared)), encoding="utf-8")

    def install(self, project: Path) -> None:
        """Install a project without a look at anything that is not here."""
        offline = ("--no-index", "--no-deps", "--no-build-isolation", "--isolated", "--quiet")
        done = _carried_out(
            project, sys.executable, "-m", "pip", "--python", self.python, "install", *offline, "."
        )
        assert done.returncode == 0, done.stderr

    def run(self, where: Path, *words: str) -> str:
        """Return what `python -m WORDS` prints in a folder, which has to end well."""
        done = _carried_out(where, self.python, "-m", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _carried_out(where: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words, cwd=where, env=os.environ | {"PYTHONPATH": HERE}, capture_output=True, text=True,
        encoding="utf-8", timeout=200,
    )  # fmt: skip


@pytest.mark.skipif(importlib.util.find_spec("pip") is None, reason="there is no pip here")
def test_a_package_of_someone_else_s_is_found_and_right(tmp_path: Path) -> None:
    assert command(tmp_path, "new", "method", "my-tool", "--package").code == 0
    project = tmp_path / "gradiometer-my-tool"
    (tmp_path / "measured.py").write_text(MEASURED, encoding="utf-8")
    environment = Environment(tmp_path / "environment")
    environment.install(project)

    rows = json.loads(environment.run(tmp_path, "gradiometer", "list", "methods", "--json"))
    (listed,) = (row for row in rows if row["name"] == "my-tool")
    assert listed["from"] == "gradiometer_my_tool"
    assert listed["tool"] == "my-tool"
    assert listed["native"] == ["jvp"]
    assert listed["available"] is True
    assert {row["from"] for row in rows} == {"gradiometer", "gradiometer_my_tool"}

    assert json.loads(environment.run(tmp_path, "measured")) == {
        f"{method} {operator}": "ok"
        for method in ("my-tool", "backprop")
        for operator in ("value", "gradient")
    }

    assert "1 passed" in environment.run(project, "pytest", "-q", "-p", "no:cacheprovider")
