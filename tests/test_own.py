"""Functions as problems: their arguments, their names, what they return, and wrong uses."""

from __future__ import annotations

import asyncio
import json
import math
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import here
import numpy as np
import pytest
import scipy.sparse
from typer.testing import CliRunner

import gradiometer
from gradiometer import own_problem
from gradiometer.checking.check import check
from gradiometer.cli import app
from gradiometer.cli.run import choose_named
from gradiometer.descent.frames import Descent
from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.plugins.loader import load
from gradiometer.plugins.own import Arguments, Called
from gradiometer.plugins.selection import choose, choose_problem
from gradiometer.reference.lookup import certified
from gradiometer.tracing.at import Random, random
from gradiometer.tracing.lazy import lazy_modules_hidden

FILE = """
import numpy as np

def loss(w, x, decay=0.1, mode="mean"):
    '''L = mean of squares'''
    return getattr(np, mode)((x @ w) ** 2) + decay * w @ w

class Model:
    def __call__(self, x=2.0):
        return np.sin(x)

    def loss(self, x):
        return np.cos(x)

model = Model()
cube = lambda x=2.0: x**3

def arguments():
    return {"w": np.ones(2), "x": np.eye(2)}

def drawn(rng):
    return rng.normal(size=2), np.eye(2)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Write a file with functions."""
    path = tmp_path / "mine.py"
    path.write_text(FILE, encoding="utf-8")
    return path


@dataclass
class Params:
    """Arguments of a function."""

    W: Any
    b: float
    name: str = "layer"


def nested(params: Any, batch: Any, scale: float = 2.0, *, kind: str = "sum") -> Any:
    """Return a number of all that it is given."""
    first, second = params["layers"]
    y = first.W @ batch["x"] + first.b + second[0]
    return scale * y.sum() + len(kind)


def test_leaves_are_named_by_the_way_to_them() -> None:
    params = {"layers": [Params(np.ones((2, 2)), 0.5), (1.5, np.arange(3))]}
    batch = {"x": np.ones(2), "n": 3}
    problem = own_problem(nested, params, batch, argnums=0)
    point = problem.point()
    assert list(point.inputs) == ["params_layers_0_W", "params_layers_0_b", "params_layers_1_0"]
    assert list(point.given) == ["batch_x"]
    assert problem.outputs == ()
    assert float(problem.function(np, *point.inputs.values(), **point.given)) == 19.0
    assert list(own_problem(nested, params, batch).point().inputs)[-1] == "batch_x"


@pytest.mark.parametrize(
    ("argnums", "inputs", "given"),
    [
        (None, ["x", "y"], []),
        (0, ["x"], ["y"]),
        (-1, ["z"], ["y"]),
        ("y", ["y"], []),
        ((0, "z"), ["x", "z"], ["y"]),
    ],
)
def test_argnums_choose_the_inputs(argnums: Any, inputs: list[str], given: list[str]) -> None:
    def f(x: Any, y: Any, z: float = 1.0) -> Any:
        return (x * y).sum() * z

    problem = own_problem(f, 2.0, np.ones(2), argnums=argnums)
    assert list(problem.point().inputs) == inputs
    assert list(problem.point().given) == given


@pytest.mark.parametrize(
    ("function", "args", "outputs"),
    [
        (lambda x: x, (2.0,), ()),
        (lambda x: x[None], (np.ones(2),), ("y",)),
        (lambda x: (x, 2 * x), (2.0,), ("y0", "y1")),
        (lambda x: {"a": x, "b": [x, 3, x], "c": "text"}, (2.0,), ("a", "b_0", "b_2")),
        (lambda x: Params(x, 1.0 * x), (np.ones(2),), ("W", "b")),
    ],
)
def test_outputs_are_named(function: Any, args: Any, outputs: tuple[str, ...]) -> None:
    assert own_problem(function, *args).outputs == outputs


def test_arguments_are_drawn_by_the_seed() -> None:
    at = {"w": random("normal:2"), "x": random("uniform:3x2")}

    def f(w: Any, x: Any) -> Any:
        return (x @ w).sum()

    problem = own_problem(f, at=at, argnums=0)
    points = problem.points()
    assert points.declared.point.given["x"].shape == (3, 2)
    same, other = problem.point(seed=0), problem.point(seed=1)
    assert (same.inputs["w"] == points.declared.point.inputs["w"]).all()
    assert (same.inputs["w"] != other.inputs["w"]).all()
    assert random("normal") == Random("normal", ())
    with pytest.raises(UnknownName, match="Unknown distribution 'norml'"):
        random("norml:3")
    with pytest.raises(GradiometerError, match="expected lengths, as in normal:3x4"):
        random("normal:axb")


def test_what_is_written_with_the_function_is_told(file: Path) -> None:
    entry = choose_problem(load(), f"{file}:loss", Arguments(("w=[1.0, 2.0]", "x=[[3.0, 4.0]]")))
    assert (entry.name, entry.summary) == ("loss", "L = mean of squares")
    assert entry.source == "mine.py, line 4"
    problem = entry.address.load()
    assert list(problem.point().inputs) == ["w", "x"]
    assert entry.address.load() is problem


@pytest.mark.parametrize("name", ["model", "model.loss", "cube", "Model.loss"])
def test_what_can_be_called_is_a_function(file: Path, name: str) -> None:
    at = {"model.loss": ("x=1.0",), "Model.loss": ("self=None", "x=1.0")}.get(name, ())
    problem = Called.named(f"{file}:{name}", Arguments(at)).problem()
    truth = certified(problem, problem.points().declared, "gradient").high
    want = {"model": math.cos(2.0), "cube": 12.0}.get(name, -math.sin(1.0))
    assert truth == pytest.approx(want)


@pytest.mark.parametrize(
    ("at", "w"),
    [
        (("w=[1, 2.5]", "x=[[3.0, 4.0]]"), [1.0, 2.5]),
        (("w=normal:2", "x=ones:3x2"), None),
        (("{folder}/all.npz",), [7.0, 8.0]),
        (("w={folder}/w.npy", "x=ones:1x2", "mode=sum"), [5.0, 6.0]),
        (("{folder}/mine.py:arguments",), [1.0, 1.0]),
        (("{folder}/mine.py:arguments", "w=[3.0, 4.0]"), [3.0, 4.0]),
        (("{folder}/mine.py:drawn",), None),
    ],
)
def test_arguments_are_named_in_many_ways(file: Path, at: tuple[str, ...], w: Any) -> None:
    np.savez(file.parent / "all.npz", w=[7.0, 8.0], x=np.eye(2))
    np.save(file.parent / "w.npy", [5.0, 6.0])
    texts = tuple(text.format(folder=file.parent) for text in at)
    point = Called.named(f"{file}:loss", Arguments(texts)).problem().point()
    assert point.inputs["w"].shape == (2,)
    assert w is None or point.inputs["w"].tolist() == w


WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "a class": (lambda: own_problem(Params, 1.0, 2.0), "'params' is a class: .*an instance"),
    "no function": (lambda: own_problem(3), "int cannot be called"),  # type: ignore[arg-type]
    "no argument": (lambda: own_problem(lambda x, n: x, 1.0), "no value for 'n': .*--at n=…"),
    "too many": (lambda: own_problem(lambda x: x, 1.0, 2.0), "cannot be called so: too many"),
    "unknown": (lambda: own_problem(lambda x: x, at={"y": 1.0}), "Unknown argument .* 'y'"),
    "integers": (lambda: own_problem(lambda n: n, 3), "n is int.*Write 2.0 for 2"),
    "integer arrays": (lambda: own_problem(np.sum, np.arange(3)), "no real number to diff"),
    "a string": (lambda: own_problem(len, "abc"), "no real number to differentiate"),
    "complex": (lambda: own_problem(abs, 1j), "'x' of 'abs' is complex: .*real and imaginary"),
    "complex arrays": (lambda: own_problem(np.sum, np.ones(2) * 1j), "is complex"),
    "a generator": (lambda: own_problem(sum, iter([1.0])), "which can be read once: .*a list"),
    "sparse": (
        lambda: own_problem(np.sum, scipy.sparse.eye_array(2)), "sparse matrix: .*toarray",
    ),
    "objects": (lambda: own_problem(np.sum, np.array([1.0, "a"], dtype=object)), "of objects"),
    "a list of texts": (lambda: own_problem(lambda x: x[0], ["a"]), "no real number"),
    "a wrong shape": (
        lambda: own_problem(lambda x: x @ np.ones(3), np.ones(2)), "fails when it is called: Va",
    ),
    "an array for a scalar": (lambda: own_problem(math.sin, np.ones(2)), "TypeError: only"),
    "nothing": (lambda: own_problem(lambda x: None, 1.0), "returns None: .*by `return`"),
    "text": (lambda: own_problem(lambda x: "a", 1.0), "returns a str"),
    "a count": (lambda: own_problem(lambda x: (x > 0).sum(), np.ones(2)), "count has no deriv"),
    "complex results": (lambda: own_problem(lambda x: x * 1j, 1.0), "returns complex"),
    "a result of objects": (lambda: own_problem(lambda x: [x, object()], 1.0), "returns object"),
    "argnums": (lambda: own_problem(lambda x: x, 1.0, argnums=3), "Unknown argument .* '3'"),
    "at": (lambda: own_problem(lambda x: x, at=3.0), "`at` is float: expected arguments"),
    "async": (lambda: own_problem(asyncio.sleep, 1.0), "an async function: expected a plain one"),
    "long doubles": (lambda: own_problem(np.sum, np.ones(2, np.longdouble)), "doubles are exp"),
    "no components": (lambda: own_problem(np.sum, np.ones(0)).points(), "its inputs are empty"),
    "points": (
        lambda: check(np.sum, np.ones(2), also_at={"x": [1.0, 2.0]}), "also_at is no list of points"
    ),
}  # fmt: skip


@pytest.mark.parametrize("function", [np.sum, np.square, np.linalg.norm, np.exp])
def test_functions_of_numpy_themselves_are_functions(function: Any) -> None:
    problem = own_problem(function, np.array([0.5, 1.5]))
    asked = "jacobian" if problem.outputs else "gradient"
    assert certified(problem, problem.points().declared, asked).high.size


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_use_is_told_in_one_line(what: str) -> None:
    make, told = WRONG[what]
    with pytest.raises(GradiometerError, match=told) as raised:
        make()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (("w=1.0.2", "x=ones:2"), "has no value: expected a number"),
        (("w=[[1.0], [1.0, 2.0]]",), "rows differ in length"),
        (("somewhere.npz",), "cannot be read"),
        (("w",), "--at is 'w': expected NAME=VALUE"),
        (("{file}:absent",), "Unknown function .*absent"),
    ],
)
def test_a_wrong_argument_is_told_in_one_line(file: Path, at: tuple[str, ...], told: str) -> None:
    texts = tuple(text.format(file=file) for text in at)
    with pytest.raises(GradiometerError, match=told):
        Called.named(f"{file}:loss", Arguments(texts)).problem()


def test_an_unknown_function_is_told_with_those_that_are_there(file: Path) -> None:
    with pytest.raises(UnknownName, match=r"Unknown function .*mine.py:los'.*mine.py:loss"):
        choose(load(), f"{file}:los")
    with pytest.raises(GradiometerError, match="module 'no_such_module' failed to load"):
        choose(load(), "no_such_module:f")


def test_a_module_is_named_by_its_name(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    entry = choose_problem(load(), "mine:cube")
    assert entry.address.load().point().inputs["x"] == 2.0
    assert file.parent.as_posix() not in sys.path
    del sys.modules["mine"]


def test_a_name_that_is_taken_gets_the_files(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def rosenbrock(x=2.0):\n    return x * x\n", encoding="utf-8")
    assert choose_problem(load(), f"{path}:rosenbrock").name == "mine.rosenbrock"


def test_a_function_is_recorded_as_data(file: Path) -> None:
    called = Called.named(f"{file}:loss", Arguments(("w=ones:2", "x=ones:2x2"), ("w",)))
    assert Called.recorded(json.loads(json.dumps(called.record()))) == called


def test_a_run_of_a_function_and_its_resumption(file: Path, tmp_path: Path) -> None:
    with here.in_this_process():
        run = gradiometer.run(
            f"{file}:cube", "central-difference", quick=True, results=tmp_path / "results"
        )
        assert list(run.records["status"]) == ["ok", "ok"]
        again = gradiometer.resume(run.path)
        assert list(again.records["problem"]) == ["cube", "cube"]


ASKED = ["--at", "w=[1.0, 2.0]", "--at", "x=ones:2x2", "--wrt", "w"]


def test_commands_take_arguments(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Descent, "chart", lambda descent: None)  # drawing takes longest
    folders = ["--results", str(tmp_path / "r"), "--reports", str(tmp_path / "p")]
    method = ["--method", "central-difference"]
    with here.in_this_process():
        shown = CliRunner().invoke(app, ["show", f"{file}:loss", *ASKED, "--json"])
        descent = ["descend", f"{file}:loss", *ASKED, *method, "--steps", "1", *folders, "--json"]
        descended = CliRunner().invoke(app, descent)
    told = json.loads(shown.stdout)
    assert (told["at"], told["outputs"]) == ({"w": [1.0, 2.0]}, ["value"])
    assert [float(c["value"]) for c in told["components"]] == pytest.approx([9.5, 6.2, 6.4])
    assert (descended.exit_code, json.loads(descended.stdout)["inputs"]) == (0, 2)
    arguments = Arguments(("w=[1.0, 2.0]", "x=ones:2x2"), ("w",))
    named = choose_named(load(), [f"{file}:loss"], [], [], arguments)
    assert list(named["problems"][0].address.load().point().inputs) == ["w"]


def test_a_function_travels_by_value(tmp_path: Path) -> None:
    offset = 3.0

    def local(x: float = 0.5) -> Any:
        return np.exp(x) + offset

    registry = load()
    (name,) = [e.name for e in choose(registry, local)["problems"]]
    problem = registry.problems[name].address.load()
    assert problem.function.written is not local
    assert certified(problem, problem.points().declared, "gradient").high == pytest.approx(
        math.exp(0.5)
    )


def test_lazy_modules_stay_unloaded_while_functions_run(monkeypatch: pytest.MonkeyPatch) -> None:
    import lazy_loader

    lazy_loader.load("wave")
    with lazy_modules_hidden():
        assert "wave" not in sys.modules
    assert "wave" in sys.modules
    monkeypatch.delitem(sys.modules, "wave")


def test_a_loop_that_does_not_end_elsewhere_is_no_point() -> None:
    def halved(x: float = 8.0) -> float:
        y = x
        while abs(y) > 1e-3:
            y = y / 2 if x > 0 else y * 2
        return y

    problem = own_problem(halved)
    points = problem.points()
    assert certified(problem, points.declared, "gradient").high == pytest.approx(0.5**13)
    from gradiometer.vocabulary.point import Point

    with pytest.raises(GradiometerError, match=r"operations are made at .*may not end"):
        problem.function(gradiometer_reference(), *on_the_tape(Point({"x": np.array(-1.0)})))


def gradiometer_reference() -> Any:
    """Return the reference's namespace."""
    from gradiometer.reference.operations import NAMESPACE

    return NAMESPACE


def on_the_tape(point: Any) -> list[Any]:
    """Return a point's inputs on the tape."""
    from gradiometer.reference.protocol import array

    return [array(a) for a in point.inputs.values()]


def test_the_line_of_what_is_refused_is_the_users(file: Path) -> None:
    def f(x: float = 2.0) -> Any:
        return np.fft.fft(np.array([x, 1.0])).real.sum()

    problem = own_problem(f)
    with pytest.raises(GradiometerError, match=r"fft.*at test_own.py, line \d+") as told:
        certified(problem, problem.points().declared, "gradient")
    assert re.search("docs/functions.md", str(told.value))
