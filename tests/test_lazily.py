"""Libraries that plugins load lazily: imported when they are used, and not when looked at."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import lazy_loader
import pytest

from gradiometer.plugins.lazily import is_unused, loading_lazily

Load = Callable[[str], Any]

COSTLY = """
import time
time.sleep(0.05)
import {name}_used
number = [0]
number[0] += 1
"""


@pytest.fixture
def costly(write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> Load:
    """Return a function that writes a library of a name, and loads it lazily."""

    def load(name: str) -> Any:
        file = write(f"{name}.py", COSTLY.format(name=name))
        write(f"{name}_used.py", "")
        monkeypatch.syspath_prepend(file.parent)
        monkeypatch.setitem(sys.modules, name, None)
        del sys.modules[name]
        with loading_lazily():
            return lazy_loader.load(name)

    return load


def test_modules_are_told_apart_by_whether_they_were_used(costly: Load) -> None:
    library = costly("acme_told")
    assert is_unused(library)
    assert library.number == [1]
    assert not is_unused(library)
    assert type(library) is ModuleType
    assert sys.modules["acme_told"] is library
    assert not is_unused(3)


ASKED = """
import inspect, sys
import lazy_loader
from gradiometer.plugins.lazily import is_unused, loading_lazily

with loading_lazily():
    library = lazy_loader.load("acme_looked_at")
code = compile("def f(): pass", "nowhere.py", "exec")
assert inspect.getmodule(code) is None  # as a traceback is shown: all modules are asked
print(library.__file__, library.__name__, is_unused(library), "acme_looked_at_used" in sys.modules)
"""


def test_to_look_at_all_modules_imports_none(tmp_path: Path) -> None:
    """In a process of its own, in which no other module imports what asks them all."""
    (tmp_path / "acme_looked_at.py").write_text(COSTLY.format(name="acme_looked_at"))
    (tmp_path / "acme_looked_at_used.py").write_text("")
    done = subprocess.run(
        [sys.executable, "-c", ASKED], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    file = tmp_path / "acme_looked_at.py"
    assert done.stdout.split() == [str(file), "acme_looked_at", "True", "False"]


@pytest.mark.parametrize("use", [vars, dir, lambda library: library.number])
def test_any_other_question_imports_it(costly: Load, use: Callable[[Any], Any]) -> None:
    library = costly("acme_asked")
    use(library)
    assert not is_unused(library)


def test_an_import_statement_imports_it(costly: Load) -> None:
    library = costly("acme_imported")
    import acme_imported  # type: ignore[import-not-found]

    assert acme_imported is library
    assert not is_unused(library)


def test_what_was_imported_before_is_left_as_it_is() -> None:
    with loading_lazily():
        assert lazy_loader.load("inspect") is inspect
