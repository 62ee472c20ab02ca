"""What SECURITY.md says: nothing that is read from disk can unpickle, or execute, anything."""

from __future__ import annotations

import ast
import gc
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shell

import gradiometer

PACKAGE = Path(gradiometer.__file__).parent
FOLDERS = (PACKAGE, PACKAGE.parent / "methods", PACKAGE.parent / "problems")
FILES = sorted(path for folder in FOLDERS for path in folder.rglob("*.py"))

LOADERS = {"load", "loads", "Unpickler", "read_pickle"}
MODULES = {"pickle", "cloudpickle", "marshal", "shelve", "dill", "joblib", "torch", "yaml"}
IN_PIPES = {"plugins/address.py: cloudpickle.loads"}
"""What unpickles bytes that came through a pipe, from the process that started this one."""

FUNCTION = "def square(x):\n    return x * x\n"


class Payload:
    """An object that leaves a file behind when it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("executed"),)


def unpicklers(text: str) -> Iterator[str]:
    """Yield what a source calls that unpickles; NumPy does unless it is told not to."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            module, _, name = called.rpartition(".")
            refused = [
                ast.unparse(each.value) for each in node.keywords if each.arg == "allow_pickle"
            ]
            if module in ("np", "numpy") and name == "load" and refused != ["False"]:
                yield called
            if name == "read_pickle" or (module.partition(".")[0] in MODULES and name in LOADERS):
                yield called
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            yield from (f"{node.module}.{each.name}" for each in node.names if each.name in LOADERS)


def test_nothing_in_the_package_can_unpickle_a_file() -> None:
    found = {
        f"{path.relative_to(PACKAGE.parent).as_posix().removeprefix('gradiometer/')}: {called}"
        for path in FILES
        for called in unpicklers(path.read_text(encoding="utf-8"))
    }
    assert found == IN_PIPES


@pytest.mark.parametrize(
    "text",
    [
        "pickle.load(file)", "cloudpickle.loads(text)", "np.load(file)", "pd.read_pickle(path)",
        "np.load(file, allow_pickle=True)", "from pickle import loads", "torch.load(path)",
        "pickle.Unpickler(file).load()",
    ],
)  # fmt: skip
def test_what_unpickles_is_found(text: str) -> None:
    assert list(unpicklers(text))


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_arrays_of_objects_are_refused_unread(tmp_path: Path, name: str) -> None:
    (tmp_path / "own.py").write_text(FUNCTION, encoding="utf-8")
    held = np.array([Payload()], dtype=object)
    save = np.save if name.endswith(".npy") else np.savez
    save(tmp_path / name, held, allow_pickle=True)
    at = f"x={name}" if name.endswith(".npy") else name
    done = shell.command(tmp_path, "check", "own.py:square", "--at", at)
    gc.collect()  # a file that was left open is an error to pytest then
    assert done.code == 2
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("verb", ["runs show", "report", "runs repair", "runs list", "query"])
def test_a_run_of_pickles_is_refused_unread(tmp_path: Path, verb: str) -> None:
    folder = tmp_path / "results" / "20260101-000001-aaaa"
    folder.mkdir(parents=True)
    names = ("run.json", "begun.json", "records.jsonl", "records.parquet", "samples.parquet")
    for name in names:
        (folder / name).write_bytes(pickle.dumps(Payload()))
    named = [] if verb in ("runs list", "query") else ["latest"]
    done = shell.command(tmp_path, *verb.split(), *named)
    assert done.code in (0, 2)
    assert not (tmp_path / "executed").exists()


def test_the_payload_tells_when_it_is_unpickled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Payload()))
    assert (tmp_path / "executed").exists()
