"""References found again: by what is computed, never by what is written, and never wrongly."""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import built_in
import numpy as np
import pytest
from built_in import PROBLEMS

from gradiometer import Argument, Directions, Point, Problem
from gradiometer.errors import ReferenceFailure
from gradiometer.reference import cache, identity, lookup
from gradiometer.reference.certify import certify
from gradiometer.reference.lookup import certified, identified, outline
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.operators import OPERATORS


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of references that does not exist yet, for one test."""
    chosen = tmp_path / "references"
    monkeypatch.setenv("GRADIOMETER_CACHE", str(chosen))
    return chosen


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operators that were certified, and not found."""
    names: list[str] = []

    def noted(problem: Problem, at: Argument, operator: str, *rest: Any) -> Enclosure:
        names.append(operator)
        return certify(problem, at, operator)

    monkeypatch.setattr(lookup, "certify", noted)
    return names


def square(xp: Any, x: Any, **given: Any) -> Any:
    return x * x


def one(function: Callable[..., Any], **at: Any) -> tuple[Problem, Argument]:
    problem = Problem("candidate", function, at or {"x": 1.5})
    return problem, problem.points().checked[0]


def key_of(problem: Problem, at: Argument, operator: str) -> str:
    return identified(problem, at, operator)[1]


def keyed(function: Callable[..., Any] = square, operator: str = "gradient", **at: Any) -> str:
    return key_of(*one(function, **at), operator)


def outlined(function: Callable[..., Any], **at: Any) -> tuple[tuple[int, ...], ...]:
    problem, (point, _) = one(function, **at)
    return outline(problem, point)


def keyed_at(
    point: Point,
    function: Callable[..., Any] = square,
    operator: str = "value",
    along: Directions | None = None,
) -> str:
    at = Argument(point, along or Directions())
    return key_of(Problem("candidate", function, {}), at, operator)


# Found again.


@pytest.mark.parametrize("operator", ["value", "gradient", "hessian"])
def test_what_was_certified_is_found_again_bit_for_bit(operator: str, asked: list[str]) -> None:
    problem, at = one(lambda xp, x: xp.sum(xp.exp(x)), x=[1.0, 2.0])
    first, again = (certified(problem, at, operator) for _ in range(2))
    assert asked == [operator]
    for part in cache.ARRAYS:
        np.testing.assert_array_equal(getattr(first, part), getattr(again, part))
    assert (first.bits, first.shapes, first.zero) == (again.bits, again.shapes, again.zero)


def test_a_zero_and_two_conventions_are_found_again(asked: list[str]) -> None:
    def log_determinant(xp: Any, A: Any) -> Any:
        return xp.sum(xp.log(xp.linalg.diagonal(xp.linalg.cholesky(A))))

    for _ in range(2):
        assert certified(*one(square, x=0.0), "gradient").zero
        found = certified(*one(log_determinant, A=[[2.0, 1.0], [1.0, 3.0]]), "gradient")
        assert found.other.convention == "of (A + Aᵀ)/2"
    assert asked == ["gradient", "gradient"]


def test_one_operator_is_not_found_in_the_place_of_another(asked: list[str]) -> None:
    for operator in ("value", "gradient", "value"):
        certified(*one(square), operator)
    assert asked == ["value", "gradient"]


def test_a_refusal_is_not_kept(asked: list[str]) -> None:
    for _ in range(2):
        with pytest.raises(ReferenceFailure, match="float64 overflows"):
            certified(*one(lambda xp, x: xp.log(xp.exp(x)), x=1e3), "value")
    assert asked == ["value", "value"]


def smooth_join(xp: Any, x: Any) -> Any:
    return x * x if x <= 1.0 else 2.0 * x - 1.0


def kinked_join(xp: Any, x: Any) -> Any:
    return x * x if x <= 1.0 else 5.0 * x - 4.0


def near_join(slope: float) -> Callable[..., Any]:
    """Return a function of which rounding in x² decides the branch, and the branches meet."""

    def function(xp: Any, x: Any) -> Any:
        over = x * x - 1.1 * 1.1
        return 90.0 * x if over <= 0.0 else 90.0 * x + slope * over

    return function


def test_a_certificate_that_rests_on_a_branch_not_taken_is_not_found_for_another_branch() -> None:
    assert certified(*one(smooth_join, x=1.0), "gradient").high[0] == 2.0
    with pytest.raises(ReferenceFailure, match="lies on a kink"):
        certified(*one(kinked_join, x=1.0), "gradient")
    bounds = {
        slope: certified(*one(near_join(slope), x=1.1), "gradient").bound[0] for slope in (1.0, 2.0)
    }
    assert bounds == {1.0: pytest.approx(2.2), 2.0: pytest.approx(4.4)}


def test_the_outline_of_a_problem_is_its_outputs_shapes() -> None:
    problem = Problem("p", lambda xp, x: (x, x[0]), {"x": [1.0, 2.0]}, outputs=("a", "b"))
    assert outline(problem, problem.point()) == ((2,), ())
    assert outlined(square) == ((),)


def test_the_outline_of_a_value_that_cannot_be_certified_is_told_all_the_same() -> None:
    assert outlined(lambda xp, x: xp.log(xp.exp(x)), x=1e3) == ((),)
    assert outlined(lambda xp, x: xp.where(x > 1.0, x, 2.0 * x), x=1.0) == ((),)


@pytest.mark.parametrize("ask", [outlined, lambda function: certified(*one(function), "value")])
@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda xp, x: 1.0 / (x - x), "not finite here"),
        (lambda xp, x: {}["missing"], r"KeyError: 'missing' at test_lookup\.py, line \d+"),
        (lambda xp, x: xp.zeta(x), "no rule for the operation 'zeta'"),
    ],
)
def test_what_cannot_be_evaluated_has_neither_outline_nor_certificate(
    ask: Any, function: Any, told: str
) -> None:
    with pytest.raises(ReferenceFailure, match=told):
        ask(function)


# The key.


def test_a_key_is_a_digest_that_names_a_file_and_is_the_same_every_time() -> None:
    assert keyed() == keyed()
    assert len(keyed()) == 64
    assert set(keyed()) <= set("0123456789abcdef")


OTHER_PROCESS = """
from gradiometer.plugins import loader
from gradiometer.reference.lookup import identified
problem = loader.load().problems["mlp"].address.load()
print(identified(problem, problem.points("2-3-1x1").checked[0], "gradient")[1])
"""


def test_another_process_finds_the_same_key() -> None:
    problem = PROBLEMS["mlp"]
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    printed = subprocess.check_output(
        [sys.executable, "-c", OTHER_PROCESS], text=True, env=environment
    )
    assert printed.strip() == key_of(problem, built_in.argument(problem, "2-3-1x1"), "gradient")


def test_computed_integers_are_known_by_their_values() -> None:
    def scaled(xp: Any, x: Any, *, k: Any) -> Any:
        return x * (k + k)

    problems = [Problem("candidate", scaled, {"x": 1.5}, {"k": k}) for k in (2, 3)]
    cases = [(problem, Argument(problem.point()), "gradient") for problem in problems]
    assert [certified(*case).high.tolist() for case in cases] == [[4.0], [6.0]]
    assert key_of(*cases[0]) != key_of(*cases[1])


def test_every_built_in_problem_and_size_has_a_key_of_its_own() -> None:
    cases = [(p, label) for p in PROBLEMS.values() for label in p.labels]
    small = [(p, label) for p, label in cases if p.points(label).signature.n < 200]
    keys = {key_of(p, Argument(p.point(label)), "value") for p, label in small}
    assert len(keys) == len(small)


@pytest.fixture
def forgotten() -> Any:
    """Forgets the digest of the code before and after a test."""
    identity.rules.cache_clear()
    yield
    identity.rules.cache_clear()


@pytest.mark.parametrize("library", ["python-flint", "numpy"])
@pytest.mark.usefixtures("forgotten")
def test_a_key_depends_on_the_libraries_that_prove(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, version = keyed(), identity.version
    identity.rules.cache_clear()
    monkeypatch.setattr(identity, "version", lambda name: version(name) + ".1" * (name == library))
    assert keyed() != before


FILES = [
    *(f"vocabulary/{name}.py" for name in ("namespace", "operators", "problem", "graph", "space")),
    *(f"reference/{name}.py" for name in ("evaluation", "certify", "answers", "identity")),
]


@pytest.mark.parametrize("edited", FILES)
@pytest.mark.usefixtures("forgotten")
def test_a_key_depends_on_the_code_that_can_change_an_enclosure(
    edited: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = tmp_path / "gradiometer"
    package = Path(identity.__file__).parents[1]
    for name in FILES:
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        (copied / name).write_bytes((package / name).read_bytes())
    monkeypatch.setattr(identity, "__file__", str(copied / "reference/identity.py"))
    before = keyed()
    identity.rules.cache_clear()
    assert keyed() == before
    with (copied / edited).open("a") as file:
        file.write("\n")
    identity.rules.cache_clear()
    assert keyed() != before


POINTS: list[dict[str, Any]] = [
    {"x": 1.5},
    {"x": -1.5},
    {"x": np.nextafter(1.5, 2.0)},
    {"x": 0.0},
    {"x": -0.0},
    {"x": [1.5]},
    {"x": [[1.5]]},
    {"x": [1.5, 1.5]},
    {"x": [[1.5, 1.5]]},
]


def test_a_key_depends_on_every_bit_and_on_the_shape_of_the_point() -> None:
    keys = {keyed(lambda xp, x: xp.sum(x * x), **at) for at in POINTS}
    assert len(keys) == len(POINTS)


def test_a_key_depends_on_the_operator() -> None:
    assert len({keyed(operator=name) for name in OPERATORS}) == len(OPERATORS)


@pytest.mark.parametrize("name", list(OPERATORS))
@pytest.mark.parametrize("changed", ["tangents", "cotangents"])
def test_a_key_depends_on_the_direction_where_the_operator_takes_it(
    name: str, changed: str
) -> None:
    problem, at = one(square)
    moved = {k: np.nextafter(a, np.inf) for k, a in getattr(at.directions, changed).items()}
    other = at._replace(directions=replace(at.directions, **{changed: moved}))
    same = key_of(problem, at, name) == key_of(problem, other, name)
    assert same is (OPERATORS[name].direction != changed)


def test_a_tangent_is_not_mistaken_for_an_input() -> None:
    a, b = np.array(1.0), np.array(2.0)
    keys = {
        keyed_at(Point({"x": x}), operator="jvp", along=Directions({"x": v}))
        for x, v in ((a, b), (b, a), (a, a))
    }
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"g": 1.5}, {"g": 1.0}),
        ({"g": 1.0}, {"g": 1}),
        ({"g": 0.0}, {"g": 0}),
        ({"g": [1, 2]}, {"g": [2, 1]}),
        ({"g": [1.0, 2.0]}, {"g": [[1.0, 2.0]]}),
        ({"g": 1.0}, {"h": 1.0}),
        ({"g": True}, {"g": 1}),
    ],
)
def test_a_key_depends_on_names_values_types_and_shapes_of_what_is_given(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    inputs = {"x": np.array(1.0)}
    keys = [
        keyed_at(Point(inputs, {k: np.array(v) for k, v in given.items()}))
        for given in (one, other)
    ]
    assert keys[0] != keys[1]


def test_two_inputs_are_not_mistaken_for_two_others() -> None:
    points = [
        Point({"a": np.array([1.0, 2.0]), "b": np.array([3.0])}),
        Point({"a": np.array([1.0]), "b": np.array([2.0, 3.0])}),
        Point({"b": np.array([1.0, 2.0]), "a": np.array([3.0])}),
    ]
    keys = {keyed_at(p, lambda xp, *x: xp.sum(xp.concat(x)), "gradient") for p in points}
    assert len(keys) == 3


def test_the_order_of_memory_does_not_matter() -> None:
    def summed(xp: Any, x: Any) -> Any:
        return xp.sum(x)

    x = np.arange(6.0).reshape(2, 3)
    assert keyed(summed, x=x) == keyed(summed, x=np.asfortranarray(x)) != keyed(summed, x=x.T)


# The computation is what counts, not its text.

S = np.array([[1.0, 2.0], [2.0, 1.0]])
OTHERS: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (lambda xp, x: xp.sum(x[0]), lambda xp, x: xp.sum(x[1])),
    (lambda xp, x: xp.sum(x[0]), lambda xp, x: xp.sum(x[:, 0])),
    (lambda xp, x: xp.sum(x, axis=0)[0], lambda xp, x: xp.sum(x, axis=1)[0]),
    (lambda xp, x: xp.sum(x), lambda xp, x: xp.sum(x.T)),
    (lambda xp, x: xp.sum(x * S), lambda xp, x: xp.sum(x @ S)),
    (lambda xp, x: xp.sum(x + x), lambda xp, x: xp.sum(2.0 * x)),
    (lambda xp, x: xp.sum(x * 3.0), lambda xp, x: xp.sum(x * np.nextafter(3.0, 4.0))),
    (lambda xp, x: xp.sum(x + 0.0), lambda xp, x: xp.sum(x + -0.0)),
    (lambda xp, x: xp.sum(x**2), lambda xp, x: xp.sum(x**2.0)),
    (lambda xp, x: xp.sum(x) * xp.pi, lambda xp, x: xp.sum(x) * np.pi),
    (lambda xp, x: xp.sum(x - S), lambda xp, x: xp.sum(S - x)),
    (lambda xp, x: xp.sum(xp.sin(x)), lambda xp, x: xp.sum(xp.cos(x))),
    (lambda xp, x: xp.sum(xp.sort(x)[0]), lambda xp, x: xp.sum(xp.sort(x)[1])),
    (
        lambda xp, x: xp.sum(xp.where(S > 1.0, x, 2.0 * x)),
        lambda xp, x: xp.sum(xp.where(S < 2.0, x, 2.0 * x)),
    ),
    (lambda xp, x: xp.sum(xp.roll(x, 1)), lambda xp, x: xp.sum(xp.roll(x, -1))),
    (
        lambda xp, x: xp.sum(x[0]) if xp.sum(x) > 5.0 else xp.sum(x[1]),
        lambda xp, x: xp.sum(x[0]) if xp.sum(x) > 7.0 else xp.sum(x[1]),
    ),
]


@pytest.mark.parametrize(("function", "other"), OTHERS)
def test_two_functions_of_one_file_have_keys_of_their_own(function: Any, other: Any) -> None:
    assert keyed(function, x=S) == keyed(function, x=S)
    assert keyed(function, x=S) != keyed(other, x=S)


def power(exponent: Any) -> Callable[..., Any]:
    return lambda xp, x: xp.sum(x**exponent)


def with_default(exponent: Any) -> Callable[..., Any]:
    def function(xp: Any, x: Any, exponent: Any = exponent) -> Any:
        return xp.sum(x**exponent)

    return function


def with_keyword_default(exponent: Any) -> Callable[..., Any]:
    def function(xp: Any, x: Any, *, exponent: Any = exponent) -> Any:
        return xp.sum(x**exponent)

    return function


def nested(exponent: Any) -> Callable[..., Any]:
    inner = power(exponent)
    return lambda xp, x: inner(xp, x) + 1.0


def partial(exponent: Any) -> Callable[..., Any]:
    return functools.partial(lambda xp, x, exponent: xp.sum(x**exponent), exponent=exponent)


class Power:
    """A problem's function as an object, which has neither a name nor a closure."""

    def __init__(self, exponent: Any) -> None:
        self.exponent = exponent

    def __call__(self, xp: Any, x: Any) -> Any:
        return xp.sum(x**self.exponent)

    def method(self, xp: Any, x: Any) -> Any:
        return self(xp, x)


class Slotted:
    """One whose value lies where no pickle of its dictionary finds it."""

    __slots__ = ("exponent",)

    def __init__(self, exponent: Any) -> None:
        self.exponent = exponent

    def __call__(self, xp: Any, x: Any) -> Any:
        return xp.sum(x**self.exponent)


MAKERS = [
    power, with_default, with_keyword_default, nested, partial, Power, Slotted,
    lambda exponent: Power(exponent).method,
]  # fmt: skip


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    ("one", "other"),
    [(2, 3), (2, 2.0), (np.array([1.0, 2.0]), np.array([1.0, 3.0]))],
    ids=str,
)
def test_a_key_depends_on_the_values_that_a_function_is_bound_to(
    make: Callable[[Any], Callable[..., Any]], one: Any, other: Any
) -> None:
    point = Point({"x": np.array([1.5, 2.5])})
    first, again, second = (keyed_at(point, make(e), "gradient") for e in (one, one, other))
    assert first == again
    assert first != second


def loaded(path: Path) -> Callable[..., Any]:
    """Return the function `f` of a file."""
    scope: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
    exec(compile(path.read_text(), str(path), "exec"), scope)
    function: Callable[..., Any] = scope["f"]
    return function


def test_a_key_changes_with_a_helper_in_another_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    name = f"helper_{os.getpid()}"
    (tmp_path / "plugin.py").write_text(f"from {name} import g\n\ndef f(xp, x): return g(x)\n")
    keys = []
    for factor in (2, 3, 2):
        (tmp_path / f"{name}.py").write_text(f"def g(x): return {factor} * x\n")
        monkeypatch.delitem(sys.modules, name, raising=False)
        keys.append(keyed(loaded(tmp_path / "plugin.py")))
    monkeypatch.delitem(sys.modules, name)
    assert keys[0] == keys[2] != keys[1]


def test_a_key_changes_with_a_data_file_that_is_read_at_import(tmp_path: Path) -> None:
    plugin = tmp_path / "plugin.py"
    plugin.write_text(
        "from pathlib import Path\n"
        "W = float(Path(__file__).with_name('data.txt').read_text())\n"
        "def f(xp, x): return W * x\n"
    )
    keys = []
    for data in ("2.0", "3.0", "2.0"):
        (tmp_path / "data.txt").write_text(data)
        keys.append(keyed(loaded(plugin)))
    assert keys[0] == keys[2] != keys[1]


def test_text_that_computes_the_same_has_the_same_key(tmp_path: Path) -> None:
    texts = [
        "def f(xp, x):\n    return x / 2\n",
        "SCALE = 7\n\ndef half(y):\n    return y / 2  # of it\n\nf = lambda xp, x: half(x)\n",
        "def f(xp, x):\n    if x > 100:\n        return x * 3\n    return x / 2\n",
    ]
    keys = []
    for k, text in enumerate(texts):
        (tmp_path / str(k)).mkdir()
        (tmp_path / str(k) / "plugin.py").write_text(text)
        keys.append(keyed(loaded(tmp_path / str(k) / "plugin.py")))
    assert keys[0] == keys[1]
    assert keys[2] != keys[0], "it was compared, which a point nearby could decide otherwise"


def test_a_function_bound_to_what_cannot_be_pickled_has_a_key() -> None:
    lock = threading.Lock()

    def guarded(xp: Any, x: Any) -> Any:
        with lock:
            return x * x

    assert keyed(guarded) == keyed(square)


# What is no function of its inputs.

COUNTER = itertools.count(1)
STATE = np.ones(1)
DRAWN = np.random.default_rng(0)


def counting(xp: Any, x: Any) -> Any:
    return x * next(COUNTER)


def changing(xp: Any, x: Any) -> Any:
    STATE[0] += 1.0
    return xp.sum(x * STATE)


def alternating(xp: Any, x: Any) -> Any:
    return x * x if next(COUNTER) % 2 else x**2


@pytest.mark.parametrize(
    "function",
    [
        lambda xp, x: x * np.random.default_rng().random(),
        lambda xp, x: x * DRAWN.standard_normal(),
        lambda xp, x: x * time.perf_counter_ns(),
        lambda xp, x: x + (0.0 * x if np.random.default_rng().random() < 0.0 else id(object())),
        counting,
        changing,
        alternating,
    ],
)
def test_what_is_no_function_of_its_inputs_is_refused(function: Callable[..., Any]) -> None:
    made: list[Any] = []  # held, so that no two objects of a test share an address

    def held(xp: Any, x: Any) -> Any:
        made.append(object())
        return function(xp, x)

    with pytest.raises(ReferenceFailure, match="'candidate' is not a function of its inputs"):
        certified(*one(held), "gradient")


def test_what_is_drawn_from_a_seed_every_time_is_a_function_of_its_inputs() -> None:
    function = lambda xp, x: xp.sum(x * np.random.default_rng(1).random(3))  # noqa: E731
    assert certified(*one(function), "gradient").norm > 0.0


# Plain values.

VALUES: list[Any] = [
    None, ..., True, 1, 1.0, -0.0, 0.0, "", "1", b"1", (), [], (1,), [1], ((1,), 2), (1, (2,)),
    {"a": 1}, ("a", 1), slice(1, None), slice(None, 1), np.array(1), np.array(1.0), np.array([1]),
    np.array([1], dtype=object), np.float32(1.0), np.bool_(True), ("ab",), ("a", "b"),
]  # fmt: skip


def test_no_two_plain_values_are_written_alike() -> None:
    digests = [identity.of_values(value) for value in VALUES]
    assert len(set(digests)) == len(VALUES)
    assert digests == [identity.of_values(value) for value in VALUES]


@pytest.mark.parametrize("value", [object(), len, {1, 2}, [lambda: 0]])
def test_what_has_no_digest_is_an_error_rather_than_a_guess(value: Any) -> None:
    with pytest.raises(TypeError, match="has no digest"):
        identity.of_values(value)
