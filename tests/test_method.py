"""The contract of a method: what is required, what is given, and whether its library is there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gradiometer.errors import Unsupported
from gradiometer.vocabulary.method import Method, Primal, Target, missing
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.problem import problem


class Plain(Method):
    """The least that a method must fill in, short of its gradient."""

    name = "plain"

    def namespace(self) -> Any:
        return np

    def array(self, a: Any) -> Any:
        return a.tolist()


@problem(at={"x": 3.0}, given={"c": 2.0})
def scaled_square(xp: Any, x: Any, *, c: Any) -> Any:
    """y = c·x²."""
    return c * xp.square(x)


def primal() -> Primal:
    """Return the example's function in NumPy."""
    points = scaled_square.points()
    return Primal(scaled_square, np, points.preparation.point, points.signature)


# The primal


def test_a_primal_evaluates_the_function_in_its_namespace() -> None:
    assert primal()((3.0,), {"c": 2.0}) == 18.0


def test_a_primal_takes_inputs_and_given_values_as_arguments_and_not_from_its_point() -> None:
    f = primal()
    assert [f((x,), {"c": c}) for x, c in [(1.0, 1.0), (2.0, 1.0), (2.0, 5.0)]] == [1, 4, 20]


def test_a_primal_passes_arrays_on_as_they_are() -> None:
    answer = primal()((np.array([1.0, 2.0]),), {"c": np.array([3.0, 4.0])})
    np.testing.assert_array_equal(answer, [3.0, 16.0])


def test_a_primal_is_named_for_its_problem_and_holds_what_methods_may_need() -> None:
    f = primal()
    assert f.__name__ == "scaled-square"
    assert f.problem is scaled_square
    assert f.xp.sin is np.sin
    assert f.point.inputs["x"] != scaled_square.point().inputs["x"]
    assert (f.signature.inputs.shapes, f.signature.outputs.shapes) == ({"x": ()}, {"value": ()})


# The contract


@pytest.mark.parametrize(
    ("operator", "called"),
    [
        ("gradient", "gradient"),
        ("jacobian", "Jacobian"),
        ("hessian", "Hessian"),
        ("jvp", "jvp"),
        ("vjp", "vjp"),
        ("hvp", "hvp"),
    ],
)
def test_an_operator_that_a_method_has_not_is_unsupported_and_named(
    operator: str, called: str
) -> None:
    with pytest.raises(Unsupported, match=rf"^Method 'plain' has no {called}\.$"):
        getattr(Plain(), operator)(primal())


def test_what_every_method_must_fill_in_is_not_implemented() -> None:
    with pytest.raises(NotImplementedError):
        Method().namespace()


def test_numpy_arrays_are_a_tools_own_by_default() -> None:
    a = np.zeros(1)
    assert Method().array(a) is Method().variable(a) is a


def test_the_value_is_the_primal_itself_unless_a_method_says_otherwise() -> None:
    f = primal()
    assert Plain().value(f) is f


def test_variables_are_plain_arrays_unless_a_method_says_otherwise() -> None:
    a = np.array([1.0, 2.0])
    assert Plain().variable(a) == Plain().array(a) == [1.0, 2.0]


def test_a_prepared_callable_is_given_the_inputs_and_the_given_values() -> None:
    assert Plain().arguments((1, 2), {"c": 3}) == (((1, 2), {"c": 3}), {})


def test_a_direction_is_a_third_tuple() -> None:
    assert Plain().arguments((1, 2), {"c": 3}, (4, 5)) == (((1, 2), {"c": 3}, (4, 5)), {})


@pytest.mark.parametrize("operator", list(OPERATORS))
@pytest.mark.parametrize("n", [0, 1, 10**9])
def test_a_method_neither_declines_nor_multiplies_by_default(operator: str, n: int) -> None:
    assert Plain().declines(operator, n, n) is None
    assert Plain().evaluations(operator, n, n) is None


def test_the_defaults_promise_rounding_only_and_wait_for_nothing() -> None:
    method = Plain()
    method.setup(Target())
    assert (method.mode, method.exact, method.composes) == ("reverse", True, False)
    assert method.digits == {"float64": (12.0, 11.0), "float32": (5.0, 4.0)}
    assert (method.wait, method.tool, method.requires, method.extra) == (None, "", (), None)


def test_a_method_is_shown_in_one_line() -> None:
    shown = (
        "Plain(plain: reverse mode; The least that a method must fill in, short of its gradient)"
    )
    assert repr(Plain()) == shown
    assert repr(type("Bare", (Method,), {"name": "bare", "mode": "forward"})()) == (
        "Bare(bare: forward mode)"
    )


def test_a_target_is_one_thread_in_double_precision_by_default() -> None:
    assert Target() == Target(threads=1, device="cpu", dtype="float64")


@pytest.mark.parametrize("hook", ["finish", "result"])
def test_what_is_prepared_and_what_it_returns_stay_as_they_are(hook: str) -> None:
    something = object()
    assert getattr(Plain(), hook)(something) is something


def test_what_is_set_on_one_method_stays_there() -> None:
    one, other = Plain(), Plain()
    one.tool, one.requires = "tool", ("numpy",)
    assert (other.tool, other.requires) == ("", ())


# Whether the library is there


@pytest.mark.parametrize(
    "requires", [(), ("numpy",), ("scipy",), ("gradiometer",), ("numpy", "scipy")]
)
def test_nothing_is_missing_where_the_library_is_installed(requires: tuple[str, ...]) -> None:
    assert missing(requires, None) is None


@pytest.mark.parametrize(("package", "install"), [("", "absent_library"), ("absent", "absent")])
@pytest.mark.parametrize(
    "requires", [("absent_library",), ("numpy", "absent_library"), ("absent_library", "absent_too")]
)
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    requires: tuple[str, ...], package: str, install: str
) -> None:
    assert missing(requires, package) == f"absent_library is not installed: pip install {install}"


@pytest.mark.parametrize("form", ["file", "folder"])
def test_looking_for_a_library_imports_nothing(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"explosive_{form}"
    path = tmp_path / (f"{name}.py" if form == "file" else f"{name}/__init__.py")
    path.parent.mkdir(exist_ok=True)
    path.write_text("raise RuntimeError('imported')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert missing((name,), None) is None
    assert name not in sys.modules


def test_a_lazily_imported_library_is_not_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    class Sleeping(ModuleType):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError(f"asked for {name}")

    monkeypatch.setitem(sys.modules, "absent_library", Sleeping("absent_library"))
    assert missing(("absent_library",), None) is not None


@pytest.mark.parametrize(
    ("package", "found"), [("numpy.linalg", True), ("numpy.absent", False), ("absent.json", False)]
)
def test_a_library_may_be_a_part_of_a_package(package: str, found: bool) -> None:
    assert (missing((package,), None) is None) is found


def test_a_library_that_only_an_import_hook_knows_counts_as_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Hook:
        """What an editable installation leaves behind."""

        @staticmethod
        def find_spec(
            name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
        ) -> ModuleSpec | None:
            return ModuleSpec(name, None) if name == "edited_library" else None

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Hook])
    assert missing(("edited_library",), None) is None
    assert missing(("absent_library",), None) is not None
