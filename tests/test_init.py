"""What `import gradiometer` offers, and what it leaves alone."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import gradiometer

HEAVY = ("pandas", "scipy", "flint", "sympy", "torch", "tensorflow", "jax", "altair", "pyarrow")
VOCABULARY = {
    name
    for name in gradiometer.__all__
    if getattr(gradiometer, name).__module__.startswith(
        ("gradiometer.vocabulary", "gradiometer.errors")
    )
}


def loaded_by(statement: str, folder: Path) -> set[str]:
    """Return the modules that a statement loads in an interpreter of its own."""
    script = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_what_is_offered_is_sorted_and_named_once() -> None:
    assert list(gradiometer.__all__) == sorted(set(gradiometer.__all__))


@pytest.mark.parametrize("name", gradiometer.__all__)
def test_everything_that_is_offered_is_there(name: str) -> None:
    item = getattr(gradiometer, name)
    assert item.__module__.startswith("gradiometer.")
    assert item.__name__ == name
    assert item.__doc__


def test_everything_of_ours_that_is_there_is_offered() -> None:
    ours = {
        name
        for name, item in vars(gradiometer).items()
        if not name.startswith("_") and str(getattr(item, "__module__", "")).startswith("gradio")
    }
    assert VOCABULARY <= ours <= set(gradiometer.__all__)


def test_a_star_import_brings_exactly_what_is_offered() -> None:
    scope: dict[str, object] = {}
    exec("from gradiometer import *", scope)
    assert set(scope) - {"__builtins__"} == set(gradiometer.__all__)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("Options", "gradiometer.measure.options"),
        ("Run", "gradiometer.report.run"),
        ("load", "gradiometer.api"),
        ("run", "gradiometer.api"),
        ("problem", "gradiometer.vocabulary.problem"),
        ("Method", "gradiometer.vocabulary.method"),
    ],
)
def test_a_name_is_the_very_object_of_the_module_that_defines_it(name: str, module: str) -> None:
    assert getattr(gradiometer, name) is getattr(importlib.import_module(module), name)


def test_dir_lists_what_is_imported_on_first_use_too() -> None:
    assert set(gradiometer.__all__) <= set(dir(gradiometer))


@pytest.mark.parametrize("name", ["absent", "Run_", "pandas"])
def test_anything_else_is_no_attribute(name: str) -> None:
    with pytest.raises(AttributeError, match=f"No gradiometer attribute {name}"):
        getattr(gradiometer, name)


def test_the_version_is_the_distributions() -> None:
    assert gradiometer.__version__ == version("gradiometer")


def test_importing_the_vocabulary_loads_nothing_heavy(tmp_path: Path) -> None:
    loaded = loaded_by("import gradiometer", tmp_path)
    assert loaded.isdisjoint(HEAVY)
    assert "gradiometer.api" not in loaded
    assert "gradiometer.measure" not in loaded


def test_what_measures_is_imported_on_first_use_and_loads_no_framework(tmp_path: Path) -> None:
    loaded = loaded_by("import gradiometer\ngradiometer.run, gradiometer.load", tmp_path)
    assert "gradiometer.measure.harness" in loaded
    assert loaded.isdisjoint({"flint", "sympy", "torch", "tensorflow", "jax"})


def test_the_options_are_had_without_pandas(tmp_path: Path) -> None:
    loaded = loaded_by("import gradiometer\ngradiometer.Options()", tmp_path)
    assert "gradiometer.measure.options" in loaded
    assert loaded.isdisjoint(HEAVY)
