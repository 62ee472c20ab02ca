"""The operators: how each is prepared, and the shapes, names and parts of its answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradiometer.errors import UnknownName
from gradiometer.method import Method, Prepared, Primal
from gradiometer.operators import OPERATORS, Operator, as_numpy, operator
from gradiometer.problem import Point, problem

POINT = Point(
    inputs={"x": np.array(2.0), "W": np.ones((2, 3)), "b": np.zeros(0)},
    given={"y": np.array([1, 2])},
)


class Traced(Method):
    """Marks what it makes, so that a test can tell arrays from variables."""

    name, digits = "traced", 7.0

    def array(self, a: Any) -> Any:
        return "array", a

    def variable(self, a: Any) -> Any:
        return "variable", a

    def value(self, f: Primal) -> Prepared:
        return lambda inputs, given: ("value of", f)

    def gradient(self, f: Primal) -> Prepared:
        return lambda inputs, given: ("gradient of", f)


@pytest.mark.parametrize("name", ["value", "gradient"])
def test_an_operator_is_found_by_its_name(name: str) -> None:
    found = operator(name)
    assert isinstance(found, Operator)
    assert found.name == name
    assert found.meaning


def test_every_operator_is_registered_under_its_own_name() -> None:
    assert {name: o.name for name, o in OPERATORS.items()} == {name: name for name in OPERATORS}


@pytest.mark.parametrize("name", ["gradinet", "", "Gradient", "*"])
def test_an_unknown_operator_is_answered_with_the_known_ones(name: str) -> None:
    expected = f"Unknown operator '{name}': expected one of gradient, value."
    with pytest.raises(UnknownName) as caught:
        operator(name)
    assert str(caught.value).startswith(expected)


def test_a_misspelt_operator_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'gradient'"):
        operator("gradinet")


def test_the_value_is_a_scalar_whatever_the_inputs() -> None:
    asked = operator("value")
    assert asked.shapes(POINT) == [()]
    assert asked.names(POINT) == ["value"]
    assert not asked.differentiates


def test_the_gradient_has_an_array_for_each_input_and_of_its_shape() -> None:
    asked = operator("gradient")
    assert asked.shapes(POINT) == [(), (2, 3), (0,)]
    assert asked.names(POINT) == ["x", "W", "b"]
    assert asked.differentiates


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_names_and_shapes_are_as_many(name: str) -> None:
    assert len(operator(name).names(POINT)) == len(operator(name).shapes(POINT))


@pytest.mark.parametrize(("name", "digits"), [("value", 12.0), ("gradient", 7.0)])
def test_a_methods_own_promise_is_for_derivatives_only(name: str, digits: float) -> None:
    assert operator(name).promise(Traced()) == digits


@pytest.mark.parametrize(("name", "kind"), [("value", "array"), ("gradient", "variable")])
def test_inputs_are_variables_only_where_they_are_differentiated(name: str, kind: str) -> None:
    inputs, given = operator(name).native(POINT, Traced())
    assert [made for made, _ in inputs] == [kind] * 3
    assert [a for _, a in inputs] == list(POINT.inputs.values())
    assert given == {"y": ("array", POINT.given["y"])}


@pytest.mark.parametrize("name", ["value", "gradient"])
def test_an_operator_is_prepared_by_the_method_of_its_name(name: str) -> None:
    @problem(at={"x": 1.0})
    def identity(xp: Any, x: Any) -> Any:
        return x

    f = Primal(identity, np, identity.point())
    assert operator(name).prepare(Traced(), f)((1.0,), {}) == (f"{name} of", f)


@pytest.mark.parametrize("result", [(1.0, 2.0), [1.0, 2.0], np.array([1.0, 2.0])])
def test_a_gradient_comes_apart_into_one_array_an_input(result: Any) -> None:
    assert operator("gradient").parts(result) == [1.0, 2.0]


@pytest.mark.parametrize("result", [3.0, np.array(3.0), (1.0, 2.0), None])
def test_a_value_is_one_part_whatever_it_is(result: Any) -> None:
    parts = operator("value").parts(result)
    assert len(parts) == 1
    assert parts[0] is result


@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3)])
def test_the_derivative_in_an_unused_input_is_zeros_of_its_shape(shape: tuple[int, ...]) -> None:
    zeros = as_numpy(None, like=shape)
    assert zeros.shape == shape
    assert zeros.dtype == np.float64
    assert not zeros.any()


@pytest.mark.parametrize(
    ("part", "shape", "dtype"),
    [
        (2.5, (), "f8"),
        ([1.0, 2.0], (2,), "f8"),
        (np.float32(1.5), (), "f4"),
        (np.ones((2, 2), dtype=np.complex128), (2, 2), "c16"),
        (np.zeros(0), (0,), "f8"),
    ],
)
def test_a_part_keeps_its_own_shape_and_type_so_that_misfits_show(
    part: Any, shape: tuple[int, ...], dtype: str
) -> None:
    array = as_numpy(part, like=(7, 7))
    assert (array.shape, array.dtype) == (shape, np.dtype(dtype))
    np.testing.assert_array_equal(array, part)
