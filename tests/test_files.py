"""Plugin files: which there are, how they are executed, and what is collected from them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gradiometer.errors import GradiometerError
from gradiometer.plugins.files import collect, load_file, python_files
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem

Write = Callable[[str, str], Path]


@pytest.fixture(autouse=True)
def no_traces() -> Iterator[None]:
    """Forget the modules that a test loaded."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("gradiometer.tests."):
            del sys.modules[name]


# Which files


def test_a_folder_s_files_come_in_order_of_name(write: Write, tmp_path: Path) -> None:
    for name in ("b.py", "a.py", "_private.py", "notes.txt", "inner/c.py"):
        write(name, "")
    assert [path.name for path in python_files(tmp_path)] == ["a.py", "b.py"]


@pytest.mark.parametrize("name", ["one.py", "_private.py", "notes.txt"])
def test_a_file_that_is_named_is_taken(write: Write, name: str) -> None:
    path = write(name, "")
    assert python_files(path) == [path]


@pytest.mark.parametrize("name", ["nowhere.py", "nowhere"])
def test_a_path_that_is_not_there_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(GradiometerError, match=f"{name}': check the path"):
        python_files(tmp_path / name)


# Executing


def test_a_module_is_registered_before_it_runs(write: Write) -> None:
    text = "import sys\nassert sys.modules[__name__].__dict__ is globals()\nseen = __name__\n"
    module = load_file("gradiometer.tests.own", write("own.py", text))
    assert module.seen == "gradiometer.tests.own"


def test_dataclasses_work_in_a_plugin(write: Write) -> None:
    text = (
        "from __future__ import annotations\nfrom dataclasses import KW_ONLY, dataclass\n\n"
        "@dataclass\nclass D:\n    _: KW_ONLY\n    x: int = 1\n"
    )
    assert load_file("gradiometer.tests.data", write("data.py", text)).D(x=2).x == 2


def test_a_file_is_executed_once(write: Write) -> None:
    path = write("once.py", "value = object()\n")
    first = load_file("gradiometer.tests.once", path)
    assert load_file("gradiometer.tests.once", path) is first


def test_another_file_of_the_same_name_is_executed(write: Write) -> None:
    one = load_file("gradiometer.tests.same", write("a/same.py", "value = 1\n"))
    other = load_file("gradiometer.tests.same", write("b/same.py", "value = 2\n"))
    assert (one.value, other.value) == (1, 2)


@pytest.mark.parametrize("failure", ["1 / 0", "raise KeyboardInterrupt", "raise SystemExit"])
def test_a_file_that_fails_leaves_no_module(write: Write, failure: str) -> None:
    path = write("half.py", f"value = 1\n{failure}\n")
    with pytest.raises((ZeroDivisionError, KeyboardInterrupt, SystemExit)):
        load_file("gradiometer.tests.half", path)
    assert "gradiometer.tests.half" not in sys.modules


def test_what_is_no_python_file_is_refused(write: Write) -> None:
    with pytest.raises(GradiometerError, match=r"notes\.txt' is not a Python file"):
        load_file("gradiometer.tests.notes", write("notes.txt", "hello"))


# Collecting


def module(**items: Any) -> ModuleType:
    """Return a module named `acme` that holds these."""
    made = ModuleType("acme")
    vars(made).update(items)
    return made


def method_class(name: str, home: str = "acme", **settings: Any) -> type[Method]:
    """Return a class of methods, defined in module `home`."""
    return type("A", (Method,), {"name": name, "__module__": home, **settings})


def test_classes_are_called_and_objects_taken() -> None:
    instance = method_class("two")()
    p = Problem("p", lambda xp, x: x, {"x": 1.0})
    found = collect(module(One=method_class("one"), two=instance, p=p, other=3, text="x"))
    assert [i.name for i in found] == ["one", "two", "p"]
    assert found[1] is instance
    assert found[2] is p


@pytest.mark.parametrize(
    "item",
    [
        Method,
        method_class(""),
        method_class("imported", home="elsewhere"),
        type("Heir", (method_class("base"),), {"__module__": "acme"}),
    ],
    ids=["the base", "nameless", "imported", "without a name of its own"],
)
def test_other_classes_are_left_out(item: type[Method]) -> None:
    assert collect(module(item=item)) == []


def test_a_lazily_imported_library_stays_unloaded() -> None:
    class Unloaded(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(f"asked for {name}")

    assert collect(module(lib=Unloaded("lib"), A=method_class("a")))[0].name == "a"


def test_a_library_that_is_absent_has_no_other_imported(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    write("acme_present.py", "raise ValueError('it was imported')\n")
    lazily = "import lazy_loader as lazy\n\nlibrary = lazy.load('{}')\n"
    for name in ("acme_present", "acme_absent"):
        path = write(f"uses_{name}.py", lazily.format(name))
        load_file(f"gradiometer.tests.uses_{name}", path)
    assert "acme_present" in sys.modules
    with pytest.raises(ValueError, match="it was imported"):
        _ = sys.modules.pop("acme_present").anything
