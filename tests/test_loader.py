"""Finding problems and methods: files, folders, entry points, and what is broken."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import built_in
import pytest

from gradiometer.errors import GradiometerError
from gradiometer.plugins import loader
from gradiometer.plugins.address import home
from gradiometer.plugins.files import python_files
from gradiometer.plugins.loader import load_here as load
from gradiometer.plugins.registry import Kind, Registry

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
    monkeypatch.setattr(loader, "entry_points", lambda: EntryPoints([]))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("gradiometer.files.", "acme")):
            del sys.modules[name]


@pytest.fixture
def enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Enter:
    """Return a function that installs entry points, `name=value` in a group."""

    def enter(kind: str, **values: str) -> None:
        found = [EntryPoint(name, value, f"gradiometer.{kind}") for name, value in values.items()]
        monkeypatch.setattr(loader, "entry_points", lambda: EntryPoints(found))
        monkeypatch.syspath_prepend(tmp_path)

    return enter


def lines_of(reason: str) -> list[int]:
    """Return the line numbers that a reason mentions."""
    return [int(n) for n in re.findall(r"line (\d+)", reason)]


def broken(registry: Registry, kind: Kind = "methods") -> dict[str, str]:
    """Return why plugins of a kind could not be loaded, by name."""
    return {b.name: b.reason for b in registry.broken if b.kind == kind}


# Built-in plugins


def test_the_built_in_plugins_are_found_and_whole(registry: Registry) -> None:
    assert {"product-of-sum", "mlp"} <= set(registry.problems)
    assert {"backprop", "central-difference"} <= set(registry.methods)
    assert registry.broken == []


@pytest.mark.parametrize("shelf", ["problems", "methods"])
def test_every_entry_is_named_in_kebab_case(registry: Registry, shelf: str) -> None:
    entries = getattr(registry, shelf)
    assert [item.name for item in entries.values()] == list(entries)
    assert [n for n in entries if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", n)] == []


def test_every_method_belongs_to_the_tool_of_its_file(registry: Registry) -> None:
    for name, entry in registry.methods.items():
        assert entry.address.path is not None
        assert entry.tool == (built_in.method(name).tool or entry.address.path.stem)


def test_no_plugin_file_bears_the_name_of_a_library(registry: Registry) -> None:
    required = {p for m in registry.methods.values() for p in m.requires}
    libraries = required | {"numpy", "scipy", "gradiometer"}
    files = [
        *python_files(loader.built_in("methods")),
        *python_files(loader.built_in("problems")),
    ]
    assert {path.stem for path in files}.isdisjoint(libraries)


def test_workers_are_told_where_each_file_lies(registry: Registry) -> None:
    path = registry.origins["gradiometer.problems.chains"]
    assert path == loader.built_in("problems").resolve() / "chains.py"
    assert all(p is None or p.is_file() for p in registry.origins.values())


def test_loading_twice_gives_the_same_problems() -> None:
    assert load().problems == load().problems
    first, second = (load().problems["mlp"].address.load() for _ in range(2))
    assert first is second


def test_listing_methods_loads_none_of_their_libraries(tmp_path: Path) -> None:
    script = """
import sys
from gradiometer.plugins import loader
registry = loader.load()
told = [(m.missing, m.version) for m in registry.methods.values()]
inner = ("torch._C", "tensorflow.python", "jax._src", "jaxlib", "sympy.core", "flint", "pandas")
inner += ("gradiometer.tracing.own",)  # which takes as long as NumPy
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
    problem = registry.problems["p-acme"].address.load()
    assert problem.point().inputs == {"x": 1.0}
    assert registry.origins[home(problem)] == path
    assert "mlp" in registry.problems


def test_a_method_keeps_a_tool_of_its_own(write: Write) -> None:
    text = METHOD.format(name="acme-a") + "    tool = 'shared'\n"
    text += "\n\nclass B(Method):\n    name = 'acme-b'\n"
    methods = load([write("acme.py", text)]).methods
    assert [methods[name].tool for name in ("acme-a", "acme-b")] == ["shared", "acme"]


def test_a_path_that_is_given_twice_counts_once(write: Write) -> None:
    path = write("acme.py", METHOD.format(name="acme"))
    registry = load([path, path, str(path)])
    assert "acme" in registry.methods
    assert registry.paths == [path]


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


@pytest.mark.parametrize("name", ["helpers.py", "folder"])
def test_what_brings_nothing_is_refused(write: Write, tmp_path: Path, name: str) -> None:
    write("helpers.py", "x = 1")
    write("folder/_private.py", METHOD.format(name="acme"))
    with pytest.raises(GradiometerError, match=f"{name} brings no problem and no method"):
        load([tmp_path / name])


def test_a_class_without_a_name_of_its_own_is_told(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    text = METHOD.format(name="acme") + "\n\nclass B(A):\n    mode = 'forward'\n"
    text += "\n\nclass _Base(Method):\n    pass\n\n\nclass Base(Method):\n    pass\n"
    text += "\n\nclass C(Base):\n    name = 'acme-c'\n"
    registry = loader.load([write("acme.py", text)])
    told = 'acme.py: class B has no name of its own: give it one, name = "my-method".'
    assert list(broken(registry).values()) == [told]
    assert [record.getMessage() for record in caplog.records] == [f"gradiometer: {told}"]
    assert {"acme", "acme-c"} <= set(registry.methods)


@pytest.mark.parametrize(
    "name", ["Acme", "acme_a", "a b", "", "a" * 61, "a\nb", "[red]a", "-a", "<script>", "../a"]
)
def test_what_can_be_no_name_is_broken_under_its_file_s(write: Write, name: str) -> None:
    registry = load([write("acme.py", METHOD.format(name="good") + METHOD.format(name=name))])
    (told,) = broken(registry).items()
    assert told[0] == "acme"
    assert "has no name that can be used" in told[1] or "has no name of its own" in told[1]


@pytest.mark.parametrize("name", ["nowhere.py", "nowhere"])
def test_a_path_that_does_not_exist_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(GradiometerError, match=f"{name}': check the path"):
        load([tmp_path / name])


def test_a_class_with_two_names_is_one_method(write: Write) -> None:
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
def test_a_broken_file_is_noted_with_its_line(
    write: Write, text: str, reason: str, line: int
) -> None:
    found = broken(load([write("acme_broken.py", text)]))["acme_broken"]
    assert found.startswith("acme_broken.py failed to load: ")
    assert reason in found
    assert set(lines_of(found)) - ({1} if "line 1 column" in found else set()) == {line}


def test_what_is_no_python_file_is_broken(write: Write) -> None:
    found = broken(load([write("acme.txt", "hello")]))["acme"]
    assert "is not a Python file" in found
    assert lines_of(found) == []


def test_a_broken_file_does_not_stop_the_others(write: Write, tmp_path: Path) -> None:
    write("folder/a.py", "1 / 0\n")
    write("folder/b.py", METHOD.format(name="acme"))
    registry = load([tmp_path / "folder"])
    assert broken(registry).keys() == {"a"}
    assert "acme" in registry.methods


def test_a_broken_file_takes_no_method_s_name(write: Write) -> None:
    registry = load([write("backprop.py", "1 / 0\n")])
    assert "backprop" in registry.methods
    assert broken(registry)["backprop (broken)"].startswith("backprop.py failed to load: ")


def test_a_method_that_cannot_be_made_is_broken(write: Write) -> None:
    text = (
        METHOD.format(name="acme") + "\n    def __init__(self):\n        raise ValueError('no')\n"
    )
    (reason,) = broken(load([write("acme_broken.py", text)])).values()
    assert "ValueError: no" in reason


def test_an_invalid_method_leaves_its_file_s_others(write: Write) -> None:
    promise = "    digits = {'float64': (-20.0, 11.0)}\n"
    text = METHOD.format(name="good").replace("A(", "B(") + METHOD.format(name="bad") + promise
    registry = load([write("acme.py", text)])
    assert registry.methods["good"].tool == "acme"
    assert "bad" not in registry.methods
    told = "acme.py: Method 'bad' promises (-20.0, 11.0) digits"
    assert broken(registry)["bad"].startswith(told)


def test_a_broken_file_of_problems_is_a_broken_problem(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("package/problems/acme_broken.py", "1 / 0\n")
    write("package/methods/acme.py", METHOD.format(name="acme"))
    monkeypatch.setattr(loader, "PACKAGE", tmp_path / "package")
    registry = load()
    assert "ZeroDivisionError" in broken(registry, "problems")["acme_broken"]
    assert broken(registry, "methods") == {}
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
    with pytest.raises(GradiometerError, match=f"{message}, in .*py and in {path}: names must"):
        load([path])


def test_a_file_may_import_what_is_there_already(write: Write) -> None:
    text = "from gradiometer.problems.networks import mlp\n" + METHOD.format(name="acme")
    registry = load([write("acme.py", text)])
    assert registry.broken == []
    assert "acme" in registry.methods
    assert registry.problems["mlp"] == load().problems["mlp"]


# Entry points


@pytest.mark.parametrize(
    ("attribute", "more"), [("", ""), (":A", ""), (":made", "\n\nmade = A()\n")]
)
def test_an_entry_point_is_a_module_class_or_object(
    write: Write, enter: Enter, attribute: str, more: str
) -> None:
    write("acme_tool.py", METHOD.format(name="acme") + more)
    enter("methods", acme=f"acme_tool{attribute}")
    registry = load()
    assert "acme" in registry.methods
    assert registry.broken == []
    assert registry.origins["acme_tool"] is None


@pytest.mark.parametrize("attribute", ["", ":A"])
def test_an_entry_point_is_a_tool_of_its_own(write: Write, enter: Enter, attribute: str) -> None:
    write("acme_tool.py", METHOD.format(name="acme"))
    enter("methods", entry=f"acme_tool{attribute}")
    assert load().methods["acme"].tool == "entry"


def test_an_entry_point_may_bring_problems(write: Write, enter: Enter) -> None:
    write("acme_problems.py", PROBLEM.format(name="acme"))
    enter("problems", acme="acme_problems")
    assert "acme" in load().problems


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
def test_a_broken_entry_point_is_noted(
    write: Write, enter: Enter, kind: Kind, value: str, reason: str
) -> None:
    boom = "\n\nclass Boom(A):\n    def __init__(self):\n        raise ValueError('no')\n"
    write("acme_tool.py", METHOD.format(name="acme") + "\n\ntext = 'text'\n" + boom)
    write("acme_boom.py", "1 / 0\n")
    enter(kind, broken=value)
    found = broken(load(), kind)["broken"]
    assert found.startswith(f"{value} failed to load: ")
    assert reason in found


def test_entry_points_of_other_groups_are_left_alone(write: Write, enter: Enter) -> None:
    write("acme_boom.py", "1 / 0\n")
    enter("reports", other="acme_boom")
    assert load().broken == []
    assert "acme_boom" not in sys.modules


def test_built_in_files_are_importable_as_modules() -> None:
    module = importlib.import_module("gradiometer.problems.chains")
    assert module is sys.modules[home(built_in.problem("product-of-sum"))]
