"""Addresses: how problems and methods reach a worker, from files or by value."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import built_in
import cloudpickle
import lazy_loader as lazy
import numpy as np
import pytest

from gradiometer import Method, Namespace, problem
from gradiometer.errors import GradiometerError
from gradiometer.plugins.address import Address, by_value, home
from gradiometer.plugins.loader import load
from gradiometer.plugins.registry import MethodEntry, ProblemEntry, Registry
from gradiometer.vocabulary.problem import Problem

FACTOR = 3.0
colorsys = lazy.load("colorsys")
REGISTRY = built_in.registry()
FILED = [*REGISTRY.problems.values(), *REGISTRY.methods.values()]


def triple(x: Any) -> Any:
    """Return what a problem of this file needs besides itself."""
    return FACTOR * x


@problem(at={"x": 2.0}, given=lambda size, rng: {"c": rng.random()}, source="this file")
def local_problem(xp: Any, x: Any, *, c: Any) -> Any:
    """y = 3·x + c."""
    return triple(x) + c


@local_problem.backprop
def _(x: float, *, c: float) -> tuple[float]:
    return (triple(1.0),)


class Base(Method):
    """What the local methods share."""

    def namespace(self) -> Any:
        return Namespace(np)

    def array(self, a: Any) -> Any:
        return a


class LocalMethod(Base):
    """Differentiates by the problem's own backward pass, and remembers a setting."""

    name, tool = "local-method", "local"

    def __init__(self, setting: float = 0.0) -> None:
        self.setting = setting

    def gradient(self, f: Any) -> Any:
        return f.problem.backward


@pytest.fixture(autouse=True)
def no_traces() -> Iterator[None]:
    """Forget the plugin modules that a test loaded."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith(("gradiometer.files.", "acme")):
            del sys.modules[name]


def in_a_fresh_interpreter(address: Address[Any], expression: str, folder: Path) -> str:
    """Return what an expression of the loaded `item` prints, in a process of its own."""
    script = (
        f"import pickle, sys\nitem = pickle.load(sys.stdin.buffer).load()\nprint(({expression}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script],
        input=pickle.dumps(address),
        capture_output=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


# From files


@pytest.mark.parametrize("entry", FILED, ids=lambda entry: entry.name)
def test_what_is_in_a_file_has_the_file_s_address(entry: ProblemEntry | MethodEntry) -> None:
    address = entry.address
    assert address.name == entry.name
    assert address.kind is (Problem if isinstance(entry, ProblemEntry) else Method)
    assert address.pickled == b""
    assert address.path is not None
    assert address.path.is_file()
    assert address.module.rpartition(".")[2] == address.path.stem


@pytest.mark.parametrize("entry", FILED, ids=lambda entry: entry.name)
def test_an_address_brings_back_what_was_described(entry: ProblemEntry | MethodEntry) -> None:
    back = entry.address.load()
    if isinstance(back, Problem):
        assert back is entry.address.load()
        assert ProblemEntry.of(back, entry.address) == entry
    else:
        assert type(back) is type(entry.address.load())
        assert MethodEntry.of(back, entry.address, entry.tool) == entry


def test_an_address_is_small_and_can_be_pickled() -> None:
    address = REGISTRY.problems["mlp"].address
    sent = pickle.dumps(address)
    assert len(sent) < 1000
    assert pickle.loads(sent) == address


def test_a_fresh_interpreter_finds_a_file(tmp_path: Path) -> None:
    address = REGISTRY.problems["product-of-sum"].address
    assert in_a_fresh_interpreter(address, "item.backward(-2.0, 5.0, -4.0)", tmp_path) == str(
        (-4.0, -4.0, 3.0)
    )


def test_files_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        path = tmp_path / folder / "same.py"
        path.parent.mkdir()
        text = f"from gradiometer import Method\nclass M(Method):\n    name = 'acme-{folder}'\n"
        path.write_text(text, encoding="utf-8")
    registry = load([tmp_path / "a", tmp_path / "b"])
    for folder in ("a", "b"):
        assert registry.methods[f"acme-{folder}"].address.load().name == f"acme-{folder}"


def test_a_problem_and_a_method_of_one_name_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "acme.py"
    path.write_text(
        "from gradiometer import Method, Problem\n"
        "class M(Method):\n    name = 'acme'\n"
        "p = Problem('acme', lambda xp, x: x, {'x': 1.0})\n",
        encoding="utf-8",
    )
    registry = load([path])
    assert isinstance(registry.problems["acme"].address.load(), Problem)
    assert isinstance(registry.methods["acme"].address.load(), Method)


def test_an_installed_module_is_imported_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "from gradiometer import Method\nclass M(Method):\n    name = 'acme'\n"
    (tmp_path / "acme_package.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    address = Address(Method, "acme", "acme_package")
    registry = Registry(origins={"acme_package": None})
    registry.add(address.load(), "entry", "acme_package")
    assert registry.methods["acme"].address == address
    assert registry.methods["acme"].tool == "entry"


def test_a_file_that_lost_what_is_asked_for_is_told(tmp_path: Path) -> None:
    path = tmp_path / "acme.py"
    path.write_text("x = 1\n", encoding="utf-8")
    address = Address(Method, "gone", "gradiometer.files.acme_gone", path)
    with pytest.raises(GradiometerError, match="acme_gone no longer defines 'gone'"):
        address.load()


# By value


@pytest.mark.parametrize("item", [local_problem, LocalMethod()], ids=lambda item: item.name)
def test_what_the_caller_made_travels_by_value(item: Problem | Method) -> None:
    address: Address[Any] = by_value(item)
    assert address.pickled
    assert (address.name, address.module, address.path) == (item.name, "", None)
    assert isinstance(item, address.kind)
    assert address.load().name == item.name


def test_a_problem_by_value_works_elsewhere(tmp_path: Path) -> None:
    address = by_value(local_problem)
    here = local_problem.point(seed=5).given["c"]
    expression = (
        "item.function(None, 2.0, c=1.0), item.backward(2.0, c=1.0), item.source, "
        "float(item.point(seed=5).given['c'])"
    )
    expected = (7.0, (3.0,), "this file", float(here))
    assert in_a_fresh_interpreter(address, expression, tmp_path) == str(expected)


def test_a_method_by_value_works_elsewhere(tmp_path: Path) -> None:
    address = by_value(LocalMethod(setting=2.5))
    expression = (
        "item.name, item.tool, item.setting, float(item.namespace().sigmoid(0.0)), "
        "__import__('gradiometer').Method in type(item).__mro__"
    )
    expected = ("local-method", "local", 2.5, 0.5, True)
    assert in_a_fresh_interpreter(address, expression, tmp_path) == str(expected)


def test_what_a_closure_holds_travels_along() -> None:
    def build(power: int) -> Problem:
        return Problem("power", lambda xp, x: x**power, {"x": 2.0})

    back = by_value(build(5)).load()
    assert back.function(None, 2.0) == 32.0


def test_a_copy_is_independent_of_the_original() -> None:
    original = LocalMethod(setting=1.0)
    address = by_value(original)
    original.setting = 2.0
    assert vars(address.load())["setting"] == 1.0


@pytest.mark.parametrize("sound", [True, False])
def test_the_pickler_is_left_as_it_was(sound: bool) -> None:
    before = cloudpickle.list_registry_pickle_by_value()
    item = LocalMethod(setting=1.0 if sound else threading.Lock())
    try:
        by_value(item)
    except GradiometerError:
        assert not sound
    assert cloudpickle.list_registry_pickle_by_value() == before


@pytest.mark.parametrize(
    "baggage",
    [threading.Lock(), (i for i in range(3)), sys._getframe()],
    ids=["lock", "generator", "frame"],
)
@pytest.mark.parametrize("kind", ["problem", "method"])
def test_what_cannot_be_pickled_is_refused(kind: str, baggage: Any) -> None:
    item: Problem | Method = LocalMethod(baggage)
    if kind == "problem":
        item = Problem("local-problem", lambda xp, x: baggage, {"x": 1.0})
    with pytest.raises(GradiometerError) as caught:
        by_value(item)
    text = str(caught.value)
    assert text.startswith(f"'local-{kind}' cannot be sent to a worker process (TypeError: ")
    assert text.endswith("put it into a file of its own, and name the file as a plugin.")
    assert isinstance(caught.value.__cause__, TypeError)


def test_a_lazily_imported_library_travels_by_name(tmp_path: Path) -> None:
    class Lazy(Base):
        name = "lazy"

        def gradient(self, f: Any) -> Any:
            return colorsys.ONE_THIRD

    address = by_value(Lazy())
    assert in_a_fresh_interpreter(address, "item.gradient(None)", tmp_path) == str(1.0 / 3.0)


# Where things are from


def test_home_is_where_function_or_class_is_defined() -> None:
    assert home(local_problem) == home(LocalMethod()) == __name__
    assert home(built_in.problem("mlp")) == "gradiometer.problems.networks"
    assert home(built_in.method("backprop")) == "gradiometer.methods.backprop"


def test_objects_of_no_known_module_travel_by_value() -> None:
    registry = Registry()
    registry.add(local_problem)
    assert registry.problems["local-problem"].address.pickled


def test_a_derived_class_travels_with_its_base_by_name() -> None:
    base = type(built_in.method("backprop"))
    heir = type("Heir", (base,), {"name": "heir", "tool": "heir", "__module__": __name__})
    address = by_value(heir())
    assert address.pickled
    assert base in type(address.load()).__mro__


def test_a_function_with_bound_arguments_has_its_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bound.py"
    path.write_text(
        "import functools\n"
        "from gradiometer import Problem\n"
        "def scaled(xp, x, *, k):\n"
        "    '''y = k·x'''\n"
        "    return x * k\n"
        "class Scaled:\n"
        "    def __call__(self, xp, x):\n"
        "        return x * 5.0\n"
        "three = Problem('three', functools.partial(scaled, k=3.0), {'x': 2.0})\n"
        "five = Problem('five', Scaled(), {'x': 2.0})\n"
    )
    registry = load([path])
    for name in ("three", "five"):
        address = registry.problems[name].address
        assert address.path == path
        assert isinstance(address.load(), Problem)
    assert registry.problems["three"].summary == "y = k·x"
