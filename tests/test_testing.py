"""`gradiometer.testing`, and what it needs: little, on any system, and nothing left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import shell

from gradiometer import problem
from gradiometer.testing import assert_derivatives
from gradiometer.worker import cores


@problem(at={"x": np.array([1.0, 2.0])})
def squares(xp, x):
    return xp.sum(x * x)


def test_a_right_derivative_passes_and_is_returned() -> None:
    assert assert_derivatives(squares, gradient=lambda x: 2 * x).claims[0].promise == 12.0


def test_a_wrong_one_fails_with_the_verdict_the_pattern_and_the_table() -> None:
    with pytest.raises(AssertionError) as caught:
        assert_derivatives(squares, gradient=lambda x: x)
    lines = str(caught.value).splitlines()
    assert lines[1].startswith("WRONG: <lambda> is not the gradient of squares at point 1 of 3")
    assert lines[2] == "Half what it should be in all of x."
    assert lines[-1].split() == ["∂/∂x[1]", "2", "4", "0.3", "15.7", "wrong"]


def test_what_is_not_decided_fails() -> None:
    at_kink = problem(at={"x": 0.0})(lambda xp, x: xp.abs(x))
    with pytest.raises(AssertionError, match="UNDECIDED"):
        assert_derivatives(at_kink, gradient=np.sign)


WITHOUT = """
import sys

WANTING = set({names!r})

class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, *rest):
        if name.partition(".")[0] in WANTING:
            return None
        return self.finder.find_spec(name, *rest)

    def __getattr__(self, name):
        return getattr(self.finder, name)

sys.meta_path[:] = map(Without, sys.meta_path)
for name in WANTING:
    sys.modules.pop(name, None)
"""
LINUX = ["fcntl", "resource"]
BENCH = [
    "altair", "cloudpickle", "filelock", "jinja2", "pandas", "platformdirs", "psutil", "pyarrow",
    "scipy", "sympy", "tabulate", "threadpoolctl", "vl_convert", "torch", "jax", "tensorflow",
]  # fmt: skip
OWN = """
import numpy as np
from gradiometer import problem

@problem(at={"x": np.array([1.0, 2.0])})
def squares(xp, x):
    return xp.sum(x * x)

def squares_gradient(x):
    return 2 * x

@problem(at={"x": np.array([1.0, 2.0])})
def free(xp, x):
    return xp.sum(x * x)
"""


def run(folder: Path, names: list[str], code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process that lacks modules, in a folder with a home of its own."""
    (folder / "own.py").write_text(OWN)
    home = {name: str(folder) for name in ("HOME", "XDG_CACHE_HOME", "TMPDIR")}
    environ = {k: v for k, v in os.environ.items() if k != "GRADIOMETER_CACHE"} | home
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [sys.executable, "-c", WITHOUT.format(names=names) + code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environ)


def command(*words: str) -> str:
    return f"sys.argv[1:] = {list(words)!r}\nfrom gradiometer.cli import main\nmain()"


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


ASSERTS = """
sys.path.insert(0, ".")
from own import free, squares, squares_gradient
from gradiometer.testing import assert_derivatives
assert assert_derivatives(squares, gradient=squares_gradient)
assert {c.name for c in assert_derivatives(free).claims} >= {"complex-step", "central-difference"}
"""


def test_it_needs_little_and_leaves_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, [*LINUX, *BENCH, "rich", "typer"], ASSERTS)
    assert done.returncode == 0, done.stderr
    assert left(tmp_path) == ["own.py"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["check", "own.py:squares"], 0, "RIGHT: squares_gradient is the gradient of squares"),
        (["check", "own.py:free"], 0, "RIGHT: complex-step is the gradient of free"),
        (["list", "methods"], 0, "complex-step"),
        (["run", "own.py:squares"], 2, "is not installed: pip install "),
        (["show", "own.py:squares"], 2, "is not installed: pip install "),
    ],
)
def test_commands_need_the_benchmark_s_libraries_or_say_so(
    words: list[str], code: int, told: str, tmp_path: Path
) -> None:
    done = run(tmp_path, [*LINUX, *BENCH], command(*words))
    assert done.returncode == code, done.stderr
    assert told in (done.stderr if code else done.stdout)
    assert code == 0 or done.stderr.count("\n") == 1
    assert left(tmp_path) == ["own.py"]


@pytest.mark.parametrize("verb", ["run", "show", "descend"])
def test_measuring_needs_linux_and_says_so(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "sys", SimpleNamespace(platform="darwin"))
    done = shell.command(tmp_path, verb, "rosenbrock")
    told = f"gradiometer: gradiometer {verb} needs Linux, for processes that are pinned and watched"
    assert done.code == 2
    assert done.err.startswith(told)
    assert done.err.count("\n") == 1
    assert left(tmp_path) == []
