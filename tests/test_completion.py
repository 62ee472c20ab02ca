"""The shell is offered what fits, at once, and nothing that it would take for a command."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import shell

from gradiometer.cli import names
from gradiometer.plugins.registry import Registry
from gradiometer.vocabulary.operators import OPERATORS

FEW = {"problems": {"mlp": ["2"]}, "methods": {"jax": []}}

HEAVY = ("pandas", "torch", "tensorflow", "jax", "sympy", "scipy", "flint", "rich", "pyarrow")


def offered(where: Path, line: str) -> list[str]:
    """Return what bash is offered for the last word of a line, `gradiometer` left out."""
    words = ["gradiometer", *line.split(" ")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_GRADIOMETER_COMPLETE", "complete_bash")
        patch.setenv("COMP_WORDS", " ".join(words))
        patch.setenv("COMP_CWORD", str(len(words) - 1))
        done = shell.command(where)
    assert (done.code, done.err) == (0, "")
    return done.out.split()


@pytest.mark.parametrize(
    ("line", "fitting"),
    [
        ("run jax-j", ["jax-jit", "jax-jet"]),
        ("run mlp bac", ["backprop"]),
        ("run mlp --method backp", ["backprop"]),
        ("run --problem rosen", ["rosenbrock"]),
        ("run rosenbrock --size ", ["2", "10", "100", "1000"]),
        ("run --problem rosenbrock --size 100", ["100", "1000"]),
        ("show rosenbrock --size 100", ["100", "1000"]),
        ("check rosenbrock --operator h", ["hessian", "hvp"]),
        ("trace mlp-", ["mlp-outputs"]),
        ("descend helm", ["helmholtz"]),
        ("conformance complex-", ["complex-step"]),
        ("history --method complex-", ["complex-step"]),
        ("run --dtype ", ["float64", "float32"]),
        ("show mlp --dtype float3", ["float32"]),
        ("run --operator ", [*OPERATORS]),
        ("run --fail-on dis", ["disagrees"]),
        ("environments make ", ["paddle"]),
        ("hist", ["history"]),
        ("runs me", ["merge"]),
        ("run --resu", ["--resume", "--results"]),
    ],
)
def test_what_fits_is_offered(tmp_path: Path, line: str, fitting: list[str]) -> None:
    assert sorted(offered(tmp_path, line)) == sorted(fitting)


def test_all_names_are_offered_where_any_fits(tmp_path: Path, registry: Registry) -> None:
    assert offered(tmp_path, "run ") == [*registry.problems, *registry.methods]
    assert offered(tmp_path, "list methods --plugins ") == []
    assert offered(tmp_path, "run ./own") == []  # shells offer files then


def test_the_sizes_of_all_problems_are_offered_where_none_is_named(
    tmp_path: Path, registry: Registry
) -> None:
    found = offered(tmp_path, "run --size ")
    assert len(found) == len(set(found))
    known = {label for p in registry.problems.values() for label in (*p.labels, *p.larger)}
    assert set(found) == known - {""}


RUNS = ("20260102-150405-1a2b", "20260105-090000-aaaa")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with runs in two places, and what is none or could be taken for a command."""
    for name in ("results/" + RUNS[0], "results/" + RUNS[1], "other/renamed", "results/$(date)"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "records.jsonl").touch()
    (tmp_path / "results" / "pytest-benchmark").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    "line",
    ["report ", "runs show ", "runs rm latest ", "compare ", "compare latest ", "run --resume "],
)
def test_runs_are_offered_newest_first(kept: Path, line: str) -> None:
    assert offered(kept, line) == ["latest", *reversed(RUNS)]


def test_runs_of_another_folder_are_offered_where_it_is_named(kept: Path) -> None:
    assert offered(kept, "report --results other ") == ["latest", "renamed"]
    assert offered(kept, "report --results nowhere ") == []


def test_offering_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from gradiometer.cli import main; sys.argv = ['gradiometer']\n"
        "try: main()\n"
        f"finally: print([name for name in {HEAVY} if name in sys.modules])"
    )
    asked = {"COMP_WORDS": "gradiometer run jax-ji", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
        env=os.environ | asked | {"_GRADIOMETER_COMPLETE": "complete_bash"},
    )  # fmt: skip
    assert done.stdout.splitlines() == ["jax-jit", "[]"], done.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_offers_it_by_the_script_that_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")  # it is named instead
    program = tmp_path / "gradiometer"
    program.write_text(f"#!{sys.executable}\nfrom gradiometer.cli import main\nmain()\n", "utf-8")
    program.chmod(0o755)
    script = shell.command(tmp_path, "--show-completion", "bash").out
    pressed = "COMP_WORDS=(gradiometer run mlp jax-ji); COMP_CWORD=3"
    shown = '_gradiometer_completion gradiometer; echo "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "--norc", "-c", f"{script}\n{pressed}\n{shown}"], capture_output=True, text=True,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=False,
    )  # fmt: skip
    assert done.stdout == "jax-jit\n", done.stderr


def test_names_are_kept_for_as_long_as_the_files_are_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIOMETER_CACHE", str(tmp_path / "cache"))
    loaded = []
    monkeypatch.setattr(names, "_loaded", lambda: loaded.append(1) or FEW)
    assert [names.known(), names.known()] == [FEW, FEW]
    assert len(loaded) == 1
    monkeypatch.setattr(names, "_state", lambda: [["problems/new.py", 1, 2]])
    names.known()
    assert len(loaded) == 2


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"state": []}'])
def test_names_that_cannot_be_read_are_found_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    monkeypatch.setenv("GRADIOMETER_CACHE", str(tmp_path))
    monkeypatch.setattr(names, "_loaded", lambda: FEW)
    (tmp_path / "names.json").write_text(damage, encoding="utf-8")
    assert names.known() == FEW
    assert json.loads((tmp_path / "names.json").read_text(encoding="utf-8"))["names"] == FEW


def test_names_that_cannot_be_kept_are_found_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GRADIOMETER_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(names, "_loaded", lambda: FEW)
    assert names.known() == FEW
