"""The cache of references: found by content, never wrong, never in the way, and free of pickles."""

from __future__ import annotations

import dataclasses
import functools
import gc
import os
import pickle
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradiometer import Problem, plugins
from gradiometer.measure.reference import cache
from gradiometer.measure.reference.certify import certify
from gradiometer.measure.reference.enclosure import Enclosure
from gradiometer.operators import OPERATORS
from gradiometer.problem import Point

PARTS = ("high", "low", "radius", "magnitude")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of references that does not exist yet, for one test."""
    chosen = tmp_path / "deep" / "references"
    monkeypatch.setenv("GRADIOMETER_CACHE", str(chosen))
    return chosen


def sample(n: int = 3) -> Enclosure:
    rng = np.random.default_rng(n)
    return Enclosure(*(rng.standard_normal(n) for _ in PARTS), bits=768)


def assert_same(found: Enclosure | None, expected: Enclosure) -> None:
    assert found is not None
    assert found.bits == expected.bits
    assert found.shapes == expected.shapes
    for part in PARTS:
        kept = getattr(found, part)
        assert kept.dtype == np.float64
        np.testing.assert_array_equal(kept, getattr(expected, part))


def square(xp: Any, x: Any) -> Any:
    return x * x


def keyed(function: Callable[..., Any] = square, operator: str = "gradient", **at: Any) -> str:
    problem = Problem("candidate", function, at or {"x": 1.5})
    return cache.key(problem, problem.point(), operator)


# Found again.


@pytest.mark.parametrize("n", [1, 3, 1000])
def test_what_was_kept_is_found_again_bit_for_bit(n: int) -> None:
    cache.keep("digest", sample(n))
    assert_same(cache.find("digest"), sample(n))


def test_extreme_doubles_survive() -> None:
    extremes = np.array([5e-324, -1.7e308, -0.0, 1 / 3])
    kept = Enclosure(extremes, -extremes, np.abs(extremes), extremes, 192)
    cache.keep("digest", kept)
    found = cache.find("digest")
    assert_same(found, kept)
    assert found is not None
    assert np.signbit(found.high).tolist() == [False, True, True, False]


@pytest.mark.parametrize("shapes", [((),), ((2, 3), ()), ((0,), (1, 1, 1)), ()])
def test_the_shapes_of_the_outputs_survive(shapes: tuple[tuple[int, ...], ...]) -> None:
    kept = dataclasses.replace(sample(), shapes=shapes)
    cache.keep("digest", kept)
    assert_same(cache.find("digest"), kept)


def test_a_vector_problem_s_outline_is_found_again() -> None:
    problem = Problem("p", lambda xp, x: (x, x[0]), {"x": [1.0, 2.0]}, outputs=("a", "b"))
    asked: list[str] = []

    def outline(point: Point) -> Any:
        def certified() -> Enclosure:
            asked.append("value")
            return certify(problem, point, "value")

        return cache.through(problem, point, "value", certified).shapes

    for _ in range(2):
        assert outline(problem.point()) == ((2,), ())
    assert asked == ["value"]


def test_what_was_never_kept_is_not_found() -> None:
    assert cache.find("digest") is None
    cache.keep("another", sample())
    assert cache.find("digest") is None


def test_a_certified_case_is_found_under_its_key() -> None:
    problem = Problem("candidate", lambda xp, x: xp.sum(xp.exp(x)), {"x": [1.0, 2.0]})
    certified = certify(problem, problem.point(), "gradient")
    cache.keep(cache.key(problem, problem.point(), "gradient"), certified)
    assert_same(cache.find(cache.key(problem, problem.point(), "gradient")), certified)
    assert cache.find(cache.key(problem, problem.point(), "value")) is None


def test_keeping_again_replaces(folder: Path) -> None:
    cache.keep("digest", sample(3))
    cache.keep("digest", sample(4))
    assert_same(cache.find("digest"), sample(4))
    assert [p.name for p in folder.iterdir()] == ["digest.npz"]


def test_the_folder_is_the_one_that_the_environment_names(folder: Path) -> None:
    assert cache.folder() == folder
    cache.keep("digest", sample())
    assert (folder / "digest.npz").is_file()


@pytest.mark.parametrize("unset", [True, False])
def test_without_the_environment_the_user_s_cache_folder_is_used(
    monkeypatch: pytest.MonkeyPatch, unset: bool
) -> None:
    if unset:
        monkeypatch.delenv("GRADIOMETER_CACHE")
    else:
        monkeypatch.setenv("GRADIOMETER_CACHE", "")
    assert cache.folder().is_absolute()
    assert cache.folder().parts[-2:] == ("gradiometer", "references")


# The key.


def test_a_key_is_a_digest_that_names_a_file_and_is_the_same_every_time() -> None:
    assert keyed() == keyed()
    assert len(keyed()) == 64
    assert set(keyed()) <= set("0123456789abcdef")


OTHER_PROCESS = """
from gradiometer import plugins
from gradiometer.measure.reference import cache
problem = plugins.load().problems["mlp"]
print(cache.key(problem, problem.point("2-3-1x1"), "gradient"))
"""


def test_another_process_finds_the_same_key() -> None:
    problem = plugins.load().problems["mlp"]
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    printed = subprocess.check_output(
        [sys.executable, "-c", OTHER_PROCESS], text=True, env=environment
    )
    assert printed.strip() == cache.key(problem, problem.point("2-3-1x1"), "gradient")


def test_a_key_depends_on_the_library_that_proves(monkeypatch: pytest.MonkeyPatch) -> None:
    before = keyed()
    monkeypatch.setattr(cache, "version", lambda name: "0.0.1")
    assert keyed() != before


def test_a_key_depends_on_the_rules_of_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "__file__", str(tmp_path / "cache.py"))
    (tmp_path / "operations.py").write_text("rules = 1")
    before = keyed()
    (tmp_path / "operations.py").write_text("rules = 2")
    assert keyed() != before


POINTS: list[dict[str, Any]] = [
    {"x": 1.5},
    {"x": -1.5},
    {"x": np.nextafter(1.5, 2.0)},
    {"x": [1.5]},
    {"x": [[1.5]]},
    {"x": [1.5, 1.5]},
    {"x": 0.0},
    {"x": -0.0},
]


def test_a_key_depends_on_every_bit_and_on_the_shape_of_the_point() -> None:
    assert len({keyed(square, **at) for at in POINTS}) == len(POINTS)


def test_a_key_depends_on_the_operator() -> None:
    assert len({keyed(operator=name) for name in OPERATORS}) == len(OPERATORS)


@pytest.mark.parametrize("name", list(OPERATORS))
@pytest.mark.parametrize("changed", ["tangents", "cotangents"])
def test_a_key_depends_on_the_direction_where_the_operator_takes_it(
    name: str, changed: str
) -> None:
    problem = Problem("candidate", square, {"x": 1.5})
    point = problem.point()
    moved = {k: np.nextafter(a, np.inf) for k, a in getattr(point, changed).items()}
    other = dataclasses.replace(point, **{changed: moved})
    same = cache.key(problem, point, name) == cache.key(problem, other, name)
    assert same is (OPERATORS[name].direction != changed)


def test_a_tangent_is_not_mistaken_for_an_input() -> None:
    one, two = np.array(1.0), np.array(2.0)
    problem = Problem("candidate", square, {"x": 1.5})
    keys = {
        cache.key(problem, Point({"x": x}, {}, {"x": v}, {}), "jvp")
        for x, v in ((one, two), (two, one), (one, one))
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
    problem = Problem("candidate", square, {"x": 1.0})
    inputs = {"x": np.array(1.0)}
    keys = [
        cache.key(problem, Point(inputs, {k: np.array(v) for k, v in given.items()}), "value")
        for given in (one, other)
    ]
    assert keys[0] != keys[1]


def test_two_inputs_are_not_mistaken_for_two_others() -> None:
    problem = Problem("candidate", square, {"x": 1.0})
    points = [
        Point({"a": np.array([1.0, 2.0]), "b": np.array([3.0])}, {}),
        Point({"a": np.array([1.0]), "b": np.array([2.0, 3.0])}, {}),
        Point({"b": np.array([1.0, 2.0]), "a": np.array([3.0])}, {}),
    ]
    assert len({cache.key(problem, p, "gradient") for p in points}) == 3


def test_the_order_of_memory_does_not_matter() -> None:
    x = np.arange(6.0).reshape(2, 3)
    assert keyed(x=x) == keyed(x=np.asfortranarray(x)) != keyed(x=x.T)


def written(path: Path, text: str) -> Callable[..., Any]:
    """Return the function `f` of a file with this source."""
    path.write_text(text)
    scope: dict[str, Any] = {"__name__": path.stem}
    exec(compile(text, str(path), "exec"), scope)
    function: Callable[..., Any] = scope["f"]
    return function


HELPER = "def half(x):\n    return x / 2\n\ndef f(xp, x):\n    return half(x)\n"


@pytest.mark.parametrize(
    "edited",
    [
        HELPER.replace("half(x)\n", "2 * half(x)\n"),
        HELPER.replace("/ 2", "/ 3"),
        HELPER + "\nSCALE = 2\n",
    ],
    ids=["the function", "a helper beside it", "the file"],
)
def test_a_key_depends_on_the_source(tmp_path: Path, edited: str) -> None:
    before = keyed(written(tmp_path / "plugin.py", HELPER))
    assert keyed(written(tmp_path / "plugin.py", HELPER)) == before
    assert keyed(written(tmp_path / "plugin.py", edited)) != before


def test_a_key_does_not_depend_on_where_the_source_lies(tmp_path: Path) -> None:
    keys = set()
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        keys.add(keyed(written(tmp_path / name / "plugin.py", HELPER)))
    assert len(keys) == 1


def power(exponent: Any) -> Callable[..., Any]:
    return lambda xp, x: x**exponent


def with_default(exponent: Any) -> Callable[..., Any]:
    def function(xp: Any, x: Any, exponent: Any = exponent) -> Any:
        return x**exponent

    return function


def with_keyword_default(exponent: Any) -> Callable[..., Any]:
    def function(xp: Any, x: Any, *, exponent: Any = exponent) -> Any:
        return x**exponent

    return function


def nested(exponent: Any) -> Callable[..., Any]:
    inner = power(exponent)
    return lambda xp, x: inner(xp, x) + 1.0


@pytest.mark.parametrize("bind", [power, with_default, with_keyword_default, nested])
@pytest.mark.parametrize(
    ("one", "other"),
    [(2, 3), (2, 2.0), ([1, 2], [2, 1]), (np.array([1.0, 2.0]), np.array([1.0, 3.0]))],
    ids=str,
)
def test_a_key_depends_on_the_values_that_a_function_is_bound_to(
    bind: Callable[[Any], Callable[..., Any]], one: Any, other: Any
) -> None:
    point = Point({"x": np.array(1.5)}, {})
    first, again, second = (
        cache.key(Problem("p", bind(e), {}), point, "value") for e in (one, one, other)
    )
    assert first == again
    assert first != second


def test_two_functions_of_one_file_have_keys_of_their_own() -> None:
    def cube(xp: Any, x: Any) -> Any:
        return x * x * x

    assert keyed(square) != keyed(cube)


def test_functions_without_a_file_are_told_apart_by_their_code() -> None:
    def typed(text: str) -> Callable[..., Any]:
        scope: dict[str, Any] = {"__name__": "typed"}
        exec(text, scope)
        function: Callable[..., Any] = scope["f"]
        return function

    one = "def f(xp, x):\n    return x * 2\n"
    assert keyed(typed(one)) == keyed(typed(one))
    assert keyed(typed(one)) != keyed(typed(one.replace("2", "3")))


class Scaled:
    """A problem's function as an object, which has neither a name nor a closure."""

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def __call__(self, xp: Any, x: Any) -> Any:
        return self.factor * x


@pytest.mark.parametrize(
    "make",
    [Scaled, lambda factor: functools.partial(lambda xp, x, factor: x * factor, factor=factor)],
    ids=["object", "partial"],
)
def test_a_callable_that_is_no_plain_function_has_a_key_too(make: Callable[[float], Any]) -> None:
    point = Point({"x": np.array(1.5)}, {})
    keys = [cache.key(Problem("p", make(c), {}), point, "value") for c in (2.0, 2.0, 3.0)]
    assert keys[0] == keys[1] != keys[2]


def test_a_function_bound_to_what_cannot_be_pickled_does_not_end_the_run() -> None:
    lock = threading.Lock()

    def guarded(xp: Any, x: Any) -> Any:
        with lock:
            return x * x

    assert cache.find(keyed(guarded)) is None


# Damage.


def damaged(folder: Path, change: Callable[[bytes], bytes]) -> None:
    cache.keep("digest", sample())
    path = folder / "digest.npz"
    path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda raw: b"", id="empty"),
        pytest.param(lambda raw: b"not a file of arrays", id="text"),
        pytest.param(lambda raw: bytes(len(raw)), id="zeros"),
        pytest.param(lambda raw: raw[:1], id="one byte"),
        pytest.param(lambda raw: raw[:40], id="cut in the header"),
        pytest.param(lambda raw: raw[: len(raw) // 2], id="cut in half"),
        pytest.param(lambda raw: raw[:-1], id="cut by one byte"),
        pytest.param(lambda raw: raw.replace(b"high.npy", b"hugh.npy"), id="renamed"),
        pytest.param(lambda raw: raw.replace(b"'<f8'", b"'<i8'"), id="another dtype"),
        pytest.param(lambda raw: raw[:150] + b"?" + raw[151:], id="a byte of the data"),
    ],
)
def test_a_damaged_file_is_as_good_as_none(folder: Path, change: Callable[[bytes], bytes]) -> None:
    damaged(folder, change)
    assert cache.find("digest") is None
    gc.collect()  # a file left open would be reported here


def flipped(position: int, bit: int) -> Callable[[bytes], bytes]:
    def flip(raw: bytes) -> bytes:
        directory = raw.index(b"PK\x01\x02")
        changed = bytearray(raw)
        changed[directory + position] ^= 1 << bit
        return bytes(changed)

    return flip


@pytest.mark.parametrize(("position", "bit"), [(6, 6), (6, 7), (8, 0), (8, 5), (8, 6), (10, 1)])
def test_a_flipped_bit_in_the_table_of_contents_is_damage_like_any_other(
    folder: Path, position: int, bit: int
) -> None:
    damaged(folder, flipped(position, bit))
    assert cache.find("digest") is None


def test_no_flipped_bit_ever_changes_a_reference(folder: Path) -> None:
    cache.keep("digest", sample())
    path = folder / "digest.npz"
    raw, data = path.read_bytes(), sample().high.tobytes()
    start = raw.index(data)
    for position in range(start, start + len(data)):
        changed = bytearray(raw)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        assert cache.find("digest") is None


@pytest.mark.parametrize("missing", [*PARTS, "bits", "shapes"])
def test_a_file_that_lacks_a_part_is_as_good_as_none(folder: Path, missing: str) -> None:
    cache.keep("digest", sample())
    with np.load(folder / "digest.npz") as stored:
        parts = {k: stored[k] for k in stored.files if k != missing}
    np.savez(folder / "digest.npz", **parts)
    assert cache.find("digest") is None


def test_a_folder_in_the_place_of_a_file_is_as_good_as_none(folder: Path) -> None:
    (folder / "digest.npz").mkdir(parents=True)
    assert cache.find("digest") is None
    cache.keep("digest", sample())
    assert cache.find("digest") is None


def test_a_damaged_file_is_mended_by_keeping_again(folder: Path) -> None:
    damaged(folder, lambda raw: raw[:100])
    cache.keep("digest", sample())
    assert_same(cache.find("digest"), sample())


# No pickles.


class Trap:
    sprung = False

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return setattr, (Trap, "sprung", True)


def test_a_pickled_array_in_the_file_is_never_loaded(folder: Path) -> None:
    folder.mkdir(parents=True)
    parts = dataclasses.asdict(sample()) | {"high": np.array([Trap(), 1.0], dtype=object)}
    np.savez(folder / "digest.npz", **parts)
    assert cache.find("digest") is None
    assert not Trap.sprung


def test_a_pickle_in_the_place_of_the_file_is_never_loaded(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "digest.npz").write_bytes(pickle.dumps(Trap()))
    assert cache.find("digest") is None
    assert not Trap.sprung


def test_a_kept_file_holds_plain_arrays_only(folder: Path) -> None:
    cache.keep("digest", sample())
    with np.load(folder / "digest.npz", allow_pickle=False) as stored:
        assert sorted(stored.files) == sorted([*PARTS, "bits", "shapes"])
    assert zipfile.is_zipfile(folder / "digest.npz")


# A folder that cannot be used.


@pytest.fixture
def unwritable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder below a file, which no user can create."""
    (tmp_path / "file").write_text("in the way")
    chosen = tmp_path / "file" / "references"
    monkeypatch.setenv("GRADIOMETER_CACHE", str(chosen))
    return chosen


def test_an_unwritable_folder_costs_nothing(unwritable: Path) -> None:
    cache.keep("digest", sample())
    assert cache.find("digest") is None
    assert not unwritable.exists()
    assert unwritable.parent.read_text() == "in the way"


def test_a_write_that_fails_leaves_no_scrap_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    cache.keep("digest", sample())
    assert not list(folder.iterdir())


def test_writers_at_the_same_time_leave_one_whole_file(folder: Path) -> None:
    threads = [threading.Thread(target=cache.keep, args=("digest", sample())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_same(cache.find("digest"), sample())
    assert [p.name for p in folder.iterdir()] == ["digest.npz"]
