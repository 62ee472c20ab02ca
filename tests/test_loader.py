"""Finding problems and methods: files, folders, entry points, objects, and what is broken."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from gradiometer.errors import GradiometerError
from gradiometer.plugins import loader
from gradiometer.plugins.loader import collect, load, load_file, python_files
from gradiometer.plugins.registry import Registry
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.problem import Problem

METHOD = "from gradiometer import Method\n\n\nclass A(Method):\n    name = {name!r}\n"
PROBLEM = (
    "from gradiometer import problem\n\n\n"
    "@problem(at={{'x': 1.0}})\ndef {name}(xp, x):\n    return x\n"
)
BOTH = METHOD + "\n\n" + PROBLEM.replace("{name}", "p_{name}")

Write = Callable[[str, str], Path]
Enter = Callable[..., None]


@pytest.fixture(autouse=True)
def no_traces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look at no installed package's entry points, and forget the modules that a test loaded."""
    monkeypatch.setattr(loader, "entry_points", lambda group: [])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("gradiometer.plugins.loader.", "gradiometer.tests.", "acme")):
            del sys.modules[name]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a plugin file and returns its path."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Enter:
    """Return a function that installs entry points, `name=value` in a group."""

    def enter(kind: str, **values: str) -> None:
        found = [EntryPoint(name, value, f"gradiometer.{kind}") for name, value in values.items()]
        monkeypatch.setattr(
            loader, "entry_points", lambda group: [e for e in found if e.group == group]
        )
        monkeypatch.syspath_prepend(tmp_path)

    return enter


def line_of(fault: str | None) -> list[int]:
    """Return the line numbers that a fault mentions."""
    return [int(n) for n in re.findall(r"line (\d+)", fault or "")]


# Built-in plugins


def test_the_built_in_plugins_are_found_and_whole(registry: Registry) -> None:
    assert {"product-of-sum", "mlp"} <= set(registry.problems)
    assert {"backprop", "central-difference"} <= set(registry.methods)
    assert [p.fault for p in registry.problems.values() if p.fault] == []
    assert [m.fault for m in registry.methods.values() if m.fault] == []


@pytest.mark.parametrize("shelf", ["problems", "methods"])
def test_every_entry_stands_under_its_own_name_in_kebab_case(
    registry: Registry, shelf: str
) -> None:
    entries = getattr(registry, shelf)
    assert [item.name for item in entries.values()] == list(entries)
    assert [n for n in entries if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", n)] == []


def test_every_method_belongs_to_the_tool_of_its_file(registry: Registry) -> None:
    stems = {path.stem for path in python_files(loader.built_in("methods"))}
    assert {m.tool for m in registry.methods.values()} == stems


def test_no_plugin_file_bears_the_name_of_a_library(registry: Registry) -> None:
    libraries = {m.package for m in registry.methods.values()} | {"numpy", "scipy", "gradiometer"}
    files = [
        *python_files(loader.built_in("methods")),
        *python_files(loader.built_in("problems")),
    ]
    assert {path.stem for path in files}.isdisjoint(libraries)


def test_workers_are_told_where_each_built_in_file_lies(registry: Registry) -> None:
    path = registry.origins["gradiometer.problems.chains"]
    assert path == loader.built_in("problems").resolve() / "chains.py"
    assert all(p is None or p.is_file() for p in registry.origins.values())


def test_loading_twice_gives_the_same_problems() -> None:
    assert load().problems["mlp"] is load().problems["mlp"]


def test_listing_methods_loads_none_of_their_libraries(tmp_path: Path) -> None:
    script = """
import sys
from gradiometer.plugins import loader
registry = loader.load()
told = [m.missing for m in registry.methods.values()]
inner = ("torch._C", "tensorflow.python", "jax._src", "jaxlib", "sympy.core", "flint", "pandas")
print(len(told), sorted(set(inner) & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split(maxsplit=1)[1].strip() == "[]"
    assert int(done.stdout.split()[0]) >= 10


# Files and folders


def test_a_file_adds_what_it_defines(write: Write) -> None:
    path = write("acme.py", BOTH.format(name="acme"))
    registry = load([path])
    assert registry.methods["acme"].tool == "acme"
    assert registry.problems["p-acme"].point().n == 1
    assert registry.origins[registry.problems["p-acme"].function.__module__] == path
    assert "mlp" in registry.problems


def test_a_path_may_be_text(write: Write) -> None:
    assert "acme" in load([str(write("acme.py", METHOD.format(name="acme")))]).methods


def test_a_folder_adds_all_its_files_in_order_of_name(write: Write, tmp_path: Path) -> None:
    for name in ("b.py", "a.py", "c.py"):
        write(f"folder/{name}", METHOD.format(name=f"acme-{name[0]}"))
    write("folder/_private.py", "raise RuntimeError('loaded')\n")
    write("folder/notes.txt", "no Python")
    write("folder/inner/d.py", METHOD.format(name="acme-d"))
    added = [n for n in load([tmp_path / "folder"]).methods if n.startswith("acme")]
    assert added == ["acme-a", "acme-b", "acme-c"]


def test_an_empty_folder_adds_nothing(tmp_path: Path) -> None:
    assert load([tmp_path]).methods.keys() == load().methods.keys()


@pytest.mark.parametrize("name", ["nowhere.py", "nowhere"])
def test_a_path_that_does_not_exist_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(GradiometerError, match=f"{name}': check the path"):
        load([tmp_path / name])


def test_a_module_is_registered_before_it_runs(write: Write) -> None:
    text = "import sys\nassert sys.modules[__name__].__dict__ is globals()\nseen = __name__\n"
    module = load_file("gradiometer.tests.own", write("own.py", text))
    assert module.seen == "gradiometer.tests.own"


def test_dataclasses_with_postponed_annotations_work_in_a_plugin(write: Write) -> None:
    text = (
        "from __future__ import annotations\nfrom dataclasses import KW_ONLY, dataclass\n\n"
        "@dataclass\nclass D:\n    _: KW_ONLY\n    x: int = 1\n"
    )
    assert load_file("gradiometer.tests.data", write("data.py", text)).D(x=2).x == 2


def test_a_file_is_executed_once(write: Write) -> None:
    path = write("once.py", "value = object()\n")
    first = load_file("gradiometer.tests.once", path)
    assert load_file("gradiometer.tests.once", path) is first


def test_another_file_under_the_same_name_is_executed(write: Write) -> None:
    one = load_file("gradiometer.tests.same", write("a/same.py", "value = 1\n"))
    other = load_file("gradiometer.tests.same", write("b/same.py", "value = 2\n"))
    assert (one.value, other.value) == (1, 2)


@pytest.mark.parametrize("failure", ["1 / 0", "raise KeyboardInterrupt", "raise SystemExit"])
def test_a_file_that_fails_leaves_no_module_behind(write: Write, failure: str) -> None:
    path = write("half.py", f"value = 1\n{failure}\n")
    with pytest.raises((ZeroDivisionError, KeyboardInterrupt, SystemExit)):
        load_file("gradiometer.tests.half", path)
    assert "gradiometer.tests.half" not in sys.modules


def test_a_file_that_is_no_python_file_is_refused(write: Write) -> None:
    with pytest.raises(GradiometerError, match=r"notes\.txt' is not a Python file"):
        load_file("gradiometer.tests.notes", write("notes.txt", "hello"))


# What is collected


def module(**items: Any) -> ModuleType:
    """Return a module named `acme` that holds these."""
    made = ModuleType("acme")
    vars(made).update(items)
    return made


def method_class(name: str, home: str = "acme", **settings: Any) -> type[Method]:
    """Return a class of methods, defined in module `home`."""
    return type("A", (Method,), {"name": name, "__module__": home, **settings})


def test_named_classes_are_called_and_objects_taken_as_they_are() -> None:
    instance = method_class("two")()
    p = Problem("p", lambda xp, x: x, {"x": 1.0})
    found = collect(module(One=method_class("one"), two=instance, p=p, other=3, text="x"), "tool")
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
def test_classes_that_are_no_methods_of_this_file_are_left_out(item: type[Method]) -> None:
    assert collect(module(item=item), "tool") == []


def test_a_method_keeps_a_tool_of_its_own() -> None:
    found = collect(module(A=method_class("a", tool="shared"), B=method_class("b")), "file")
    assert [m.tool for m in found if isinstance(m, Method)] == ["shared", "file"]


def test_a_library_that_sleeps_in_a_module_is_not_woken() -> None:
    class Sleeping(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(f"asked for {name}")

    assert collect(module(lib=Sleeping("lib"), A=method_class("a")), "tool")[0].name == "a"


def test_a_class_with_two_names_in_its_file_is_one_method(write: Write) -> None:
    path = write("acme.py", METHOD.format(name="acme") + "\n\nAlias = A\n")
    assert "acme" in load([path]).methods


# What is broken


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("\n\nraise ValueError('boom')\n", "ValueError: boom", 3),
        ("import absent_library\n", "No module named 'absent_library'", 1),
        ("x = 1\n1 / 0\n", "ZeroDivisionError: division by zero", 2),
        ("import sys\n\n\nsys.exit(3)\n", "SystemExit: 3", 4),
        ("x = 1\ny = (\n", "SyntaxError", 2),
        ("x = 1\n    y = 2\n", "IndentationError", 2),
        ("\nimport json\n\njson.loads('{')\n", "JSONDecodeError", 4),
        ("\ndef f():\n    return {}['k']\n\n\nf()\n", "KeyError: 'k'", 3),
    ],
    ids=["raise", "import", "division", "exit", "syntax", "indentation", "library", "function"],
)
def test_a_broken_file_becomes_a_faulty_entry_that_names_file_and_line(
    write: Write, text: str, reason: str, line: int
) -> None:
    registry = load([write("acme_broken.py", text)])
    fault = registry.methods["acme_broken"].fault
    assert fault is not None
    assert fault.startswith("acme_broken.py failed to load: ")
    assert reason in fault
    assert set(line_of(fault)) - ({1} if "line 1 column" in fault else set()) == {line}


def test_a_file_that_is_no_python_file_becomes_a_faulty_entry_without_a_line(write: Write) -> None:
    fault = load([write("acme.txt", "hello")]).methods["acme"].fault
    assert fault is not None
    assert "is not a Python file" in fault
    assert line_of(fault) == []


def test_a_broken_file_does_not_stop_the_others(write: Write, tmp_path: Path) -> None:
    write("folder/a.py", "1 / 0\n")
    write("folder/b.py", METHOD.format(name="acme"))
    registry = load([tmp_path / "folder"])
    assert registry.methods["a"].fault
    assert registry.methods["acme"].fault is None


def test_a_broken_file_that_is_called_like_a_method_does_not_stop_the_others(write: Write) -> None:
    registry = load([write("backprop.py", "1 / 0\n")])
    assert registry.methods["backprop"].fault is None
    assert [m for m in registry.methods.values() if m.fault and "backprop.py failed" in m.fault]


def test_a_method_that_cannot_be_made_does_not_stop_the_others(write: Write) -> None:
    text = (
        METHOD.format(name="acme") + "\n    def __init__(self):\n        raise ValueError('no')\n"
    )
    registry = load([write("acme_broken.py", text)])
    faults = [m.fault for m in registry.methods.values() if m.fault]
    assert len(faults) == 1
    assert "ValueError: no" in faults[0]


def test_a_broken_built_in_problem_becomes_a_faulty_problem(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("package/problems/acme_broken.py", "1 / 0\n")
    write("package/methods/acme.py", METHOD.format(name="acme"))
    monkeypatch.setattr(loader, "PACKAGE", tmp_path / "package")
    registry = load()
    assert registry.problems["acme_broken"].fault is not None
    assert "acme" in registry.methods


def test_a_pressed_ctrl_c_is_no_fault_of_a_file(write: Write) -> None:
    with pytest.raises(KeyboardInterrupt):
        load([write("acme.py", "raise KeyboardInterrupt\n")])


# Names that are taken


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (METHOD.format(name="backprop"), "Method 'backprop' is defined twice"),
        (PROBLEM.format(name="mlp"), "Problem 'mlp' is defined twice"),
        (
            METHOD.format(name="acme") + "\n\nother = A()\n",
            "Method 'acme' is defined twice",
        ),
    ],
)
def test_a_name_that_is_taken_is_refused(write: Write, text: str, message: str) -> None:
    path = write("acme.py", text)
    with pytest.raises(GradiometerError, match=f"{message}: names must be unique"):
        load([path])


# Entry points


@pytest.mark.parametrize(
    ("attribute", "more"), [("", ""), (":A", ""), (":made", "\n\nmade = A()\n")]
)
def test_an_entry_point_may_be_a_module_a_class_or_an_object(
    write: Write, enter: Enter, attribute: str, more: str
) -> None:
    write("acme_tool.py", METHOD.format(name="acme") + more)
    enter("methods", acme=f"acme_tool{attribute}")
    registry = load()
    assert registry.methods["acme"].fault is None
    assert registry.origins["acme_tool"] is None


@pytest.mark.parametrize("attribute", ["", ":A"])
def test_a_method_of_an_entry_point_has_a_worker_of_its_own(
    write: Write, enter: Enter, attribute: str
) -> None:
    write("acme_tool.py", METHOD.format(name="acme"))
    enter("methods", entry=f"acme_tool{attribute}")
    assert load().methods["acme"].tool == "entry"


def test_an_entry_point_may_bring_problems(write: Write, enter: Enter) -> None:
    write("acme_problems.py", PROBLEM.format(name="acme"))
    enter("problems", acme="acme_problems")
    assert load().problems["acme"].fault is None


def test_entry_points_are_taken_in_order_of_name(write: Write, enter: Enter) -> None:
    for name in ("b", "a"):
        write(f"acme_{name}.py", METHOD.format(name=f"acme-{name}"))
    enter("methods", b="acme_b", a="acme_a")
    assert [n for n in load().methods if n.startswith("acme")] == ["acme-a", "acme-b"]


@pytest.mark.parametrize("kind", ["problems", "methods"])
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("acme_absent", "No module named 'acme_absent'"),
        ("acme_tool:Absent", "has no attribute 'Absent'"),
        ("acme_boom", "ZeroDivisionError"),
        ("acme_tool:text", "str"),
        ("acme_tool:Boom", "ValueError: no"),
    ],
    ids=["no module", "no attribute", "broken", "something else", "cannot be made"],
)
def test_a_broken_entry_point_becomes_a_faulty_entry(
    write: Write, enter: Enter, kind: str, value: str, reason: str
) -> None:
    boom = "\n\nclass Boom(A):\n    def __init__(self):\n        raise ValueError('no')\n"
    write("acme_tool.py", METHOD.format(name="acme") + "\n\ntext = 'text'\n" + boom)
    write("acme_boom.py", "1 / 0\n")
    enter(kind, broken=value)
    fault = getattr(load(), kind)["broken"].fault
    assert fault.startswith(f"{value} failed to load: ")
    assert reason in fault


def test_entry_points_of_other_groups_are_left_alone(write: Write, enter: Enter) -> None:
    write("acme_boom.py", "1 / 0\n")
    enter("reports", other="acme_boom")
    assert not [m.name for m in load().methods.values() if m.fault]
    assert "acme_boom" not in sys.modules


def test_the_modules_of_the_built_in_files_are_importable_by_name(registry: Registry) -> None:
    assert (
        importlib.import_module("gradiometer.problems.chains")
        is sys.modules[registry.problems["product-of-sum"].function.__module__]
    )
