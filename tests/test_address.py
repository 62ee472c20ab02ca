"""Tickets: how problems and methods reach a worker, from files or by value."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import lazy_loader as lazy
import numpy as np
import pytest

from gradiometer import Method, Namespace, problem
from gradiometer.errors import GradiometerError
from gradiometer.plugins.address import Address, home, pack, unpack
from gradiometer.plugins.loader import load
from gradiometer.plugins.registry import Registry
from gradiometer.vocabulary.problem import Problem

FACTOR = 3.0
colorsys = lazy.load("colorsys")
REGISTRY = load()
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
        if name.startswith(("gradiometer.plugins.loader.", "acme")):
            del sys.modules[name]


def in_a_fresh_interpreter(address: Address, expression: str, folder: Path) -> str:
    """Return what an expression of the unpacked `item` prints, in a process of its own."""
    script = (
        "import pickle, sys\n"
        "from gradiometer.plugins.address import unpack\n"
        "item = unpack(pickle.load(sys.stdin.buffer))\n"
        f"print(({expression}))\n"
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


@pytest.mark.parametrize("item", FILED, ids=lambda item: item.name)
def test_what_came_from_a_file_travels_as_the_files_address(item: Problem | Method) -> None:
    address = pack(item, REGISTRY.origins)
    assert address.name == item.name
    assert address.tool == (item.tool if isinstance(item, Method) else "")
    assert address.pickled == b""
    assert address.path is not None
    assert address.path.is_file()
    assert address.module.rpartition(".")[2] == address.path.stem


@pytest.mark.parametrize("item", FILED, ids=lambda item: item.name)
def test_a_ticket_to_a_file_brings_the_same_thing_back(item: Problem | Method) -> None:
    back = unpack(pack(item, REGISTRY.origins))
    assert type(back) is type(item)
    assert back.name == item.name
    assert isinstance(back, Problem) or back.tool == item.tool


def test_a_ticket_is_small_and_can_be_pickled() -> None:
    address = pack(REGISTRY.problems["mlp"], REGISTRY.origins)
    sent = pickle.dumps(address)
    assert len(sent) < 1000
    assert pickle.loads(sent) == address


def test_a_fresh_interpreter_finds_a_file_by_its_ticket(tmp_path: Path) -> None:
    address = pack(REGISTRY.problems["product-of-sum"], REGISTRY.origins)
    assert in_a_fresh_interpreter(address, "item.backward(-2.0, 5.0, -4.0)", tmp_path) == str(
        (-4.0, -4.0, 3.0)
    )


def test_files_of_the_same_name_in_different_folders_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        path = tmp_path / folder / "same.py"
        path.parent.mkdir()
        text = f"from gradiometer import Method\nclass M(Method):\n    name = 'acme-{folder}'\n"
        path.write_text(text, encoding="utf-8")
    registry = load([tmp_path / "a", tmp_path / "b"])
    for folder in ("a", "b"):
        address = pack(registry.methods[f"acme-{folder}"], registry.origins)
        assert unpack(address).name == f"acme-{folder}"


def test_what_an_installed_package_brings_is_imported_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "from gradiometer import Method\nclass M(Method):\n    name = 'acme'\n"
    (tmp_path / "acme_package.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    address = Address("acme", "entry", "acme_package")
    back = unpack(address)
    assert (back.name, back.tool) == ("acme", "entry")
    assert pack(back, {"acme_package": None}) == address


def test_a_file_that_lost_what_its_ticket_names_is_told(tmp_path: Path) -> None:
    path = tmp_path / "acme.py"
    path.write_text("x = 1\n", encoding="utf-8")
    address = Address("gone", "tool", "gradiometer.plugins.loader.acme_gone", path)
    with pytest.raises(GradiometerError, match="acme_gone no longer defines 'gone'"):
        unpack(address)


# By value


@pytest.mark.parametrize("item", [local_problem, LocalMethod()], ids=lambda item: item.name)
def test_what_the_caller_made_travels_by_value(item: Problem | Method) -> None:
    address = pack(item, REGISTRY.origins)
    assert address.pickled
    assert (address.name, address.module, address.path) == (item.name, "", None)
    assert unpack(address).name == item.name


def test_a_problem_sent_by_value_works_in_a_fresh_interpreter(tmp_path: Path) -> None:
    address = pack(local_problem, {})
    here = local_problem.point(seed=5).given["c"]
    expression = (
        "item.function(None, 2.0, c=1.0), item.backward(2.0, c=1.0), item.summary, item.source, "
        "float(item.point(seed=5).given['c'])"
    )
    expected = (7.0, (3.0,), "y = 3·x + c.", "this file", float(here))
    assert in_a_fresh_interpreter(address, expression, tmp_path) == str(expected)


def test_a_method_sent_by_value_works_in_a_fresh_interpreter(tmp_path: Path) -> None:
    address = pack(LocalMethod(setting=2.5), {})
    expression = (
        "item.name, item.tool, item.setting, float(item.namespace().sigmoid(0.0)), "
        "__import__('gradiometer').Method in type(item).__mro__"
    )
    expected = ("local-method", "local", 2.5, 0.5, True)
    assert in_a_fresh_interpreter(address, expression, tmp_path) == str(expected)


def test_what_a_closure_holds_travels_along() -> None:
    def build(power: int) -> Problem:
        return Problem("power", lambda xp, x: x**power, {"x": 2.0})

    back = unpack(pack(build(5), {}))
    assert isinstance(back, Problem)
    assert back.function(None, 2.0) == 32.0


def test_a_copy_sent_by_value_is_independent_of_the_original() -> None:
    original = LocalMethod(setting=1.0)
    address = pack(original, {})
    original.setting = 2.0
    back = unpack(address)
    assert isinstance(back, Method)
    assert vars(back)["setting"] == 1.0


@pytest.mark.parametrize("sound", [True, False])
def test_sending_by_value_leaves_the_pickler_as_it_was(sound: bool) -> None:
    before = cloudpickle.list_registry_pickle_by_value()
    item = LocalMethod(setting=1.0 if sound else threading.Lock())
    try:
        pack(item, {})
    except GradiometerError:
        assert not sound
    assert cloudpickle.list_registry_pickle_by_value() == before


@pytest.mark.parametrize(
    "baggage",
    [threading.Lock(), (i for i in range(3)), sys._getframe()],
    ids=["lock", "generator", "frame"],
)
@pytest.mark.parametrize("kind", ["problem", "method"])
def test_what_cannot_be_pickled_is_refused_with_the_way_out(kind: str, baggage: Any) -> None:
    item: Problem | Method = LocalMethod(baggage)
    if kind == "problem":
        item = Problem("local-problem", lambda xp, x: baggage, {"x": 1.0})
    with pytest.raises(GradiometerError) as caught:
        pack(item, {})
    text = str(caught.value)
    assert text.startswith(f"'local-{kind}' cannot be sent to a worker process (TypeError: ")
    assert text.endswith("put it into a file of its own, and name the file as a plugin.")
    assert isinstance(caught.value.__cause__, TypeError)


def test_a_library_that_was_imported_lazily_is_found_again_by_its_name(tmp_path: Path) -> None:
    class Lazy(Base):
        name = "lazy"

        def gradient(self, f: Any) -> Any:
            return colorsys.ONE_THIRD

    address = pack(Lazy(), {})
    assert in_a_fresh_interpreter(address, "item.gradient(None)", tmp_path) == str(1.0 / 3.0)


# Where things are from


def test_the_home_of_a_problem_is_its_functions_and_of_a_method_its_classs() -> None:
    assert home(local_problem) == home(LocalMethod()) == __name__
    assert home(REGISTRY.problems["mlp"]) == "gradiometer.problems.networks"
    assert home(REGISTRY.methods["backprop"]) == "gradiometer.methods.backprop"


def test_objects_handed_over_beside_a_registry_travel_by_value() -> None:
    registry = Registry()
    registry.add(local_problem)
    assert pack(registry.problems["local-problem"], registry.origins).pickled


def test_a_class_made_after_one_of_a_file_travels_by_value_with_its_base_by_name() -> None:
    base = type(REGISTRY.methods["backprop"])
    heir = type("Heir", (base,), {"name": "heir", "tool": "heir", "__module__": __name__})
    address = pack(heir(), REGISTRY.origins)
    assert address.pickled
    assert base in type(unpack(address)).__mro__


def test_a_function_with_bound_arguments_is_found_in_the_file_that_defines_it(
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
        address = pack(registry.problems[name], registry.origins)
        assert address.path == path
        assert isinstance(unpack(address), Problem)
    assert registry.problems["three"].summary == "y = k·x"
