"""The operators: the shapes, names and directions of each, and what is owed of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from signatures import ONE, SCALAR, SEVERAL, SINGLE, made

from gradiometer.errors import UnknownName
from gradiometer.reference.answers import ANSWERS
from gradiometer.vocabulary.derivation import WAYS
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.operators import OPERATORS, Operator, operator
from gradiometer.vocabulary.point import Argument, Directions, Point, Signature
from gradiometer.vocabulary.problem import DERIVATIVES

DIGITS = {"float64": (7.0, 2.5), "float32": (3.0, 1.0)}
SIGNATURES = {"scalar": SCALAR, "one": ONE, "several": SEVERAL, "single": SINGLE}


def drawn(signature: Signature) -> Argument:
    """Return a point of a signature, with directions."""
    rng = np.random.default_rng(1)
    point = Point(signature.inputs.draw(rng), {"y": np.array([1, 2])})
    return Argument(point, Directions(signature.inputs.draw(rng), signature.outputs.draw(rng)))


class Traced(Method):
    """Marks what it makes, so that a test can tell arrays from variables."""

    name = "traced"

    def array(self, a: Any) -> Any:
        return "array", a

    def variable(self, a: Any) -> Any:
        return "variable", a


# The registry.


@pytest.mark.parametrize("name", list(OPERATORS))
def test_an_operator_is_found_by_its_name(name: str) -> None:
    found = operator(name)
    assert isinstance(found, Operator)
    assert found.name == name
    assert found.meaning


def test_there_are_seven() -> None:
    expected = ["value", "gradient", "jacobian", "hessian", "jvp", "vjp", "hvp"]
    assert [(key, o.name) for key, o in OPERATORS.items()] == [(name, name) for name in expected]


@pytest.mark.parametrize("table", [WAYS, ANSWERS, ("value", *DERIVATIVES)])
def test_every_table_has_the_same_operators(table: Any) -> None:
    assert list(table) == list(OPERATORS)


def test_a_method_has_a_function_for_every_operator() -> None:
    assert all(callable(getattr(Method, name)) for name in OPERATORS)


@pytest.mark.parametrize("name", ["gradinet", "", "Gradient", "*"])
def test_an_unknown_operator_is_answered_with_the_known_ones(name: str) -> None:
    expected = f"Unknown operator '{name}': expected one of gradient, hessian, hvp, jacobian, jvp, "
    with pytest.raises(UnknownName) as caught:
        operator(name)
    assert str(caught.value).startswith(expected)


@pytest.mark.parametrize(("typed", "meant"), [("gradinet", "gradient"), ("jacobain", "jacobian")])
def test_a_misspelt_operator_is_answered_with_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(UnknownName, match=f"Did you mean '{meant}'"):
        operator(typed)


# The layout of an answer.


@pytest.mark.parametrize(
    ("name", "signature", "shapes", "names"),
    [
        ("value", SCALAR, [()], ["value"]),
        ("value", SEVERAL, [(4,), ()], ["r", "s"]),
        ("gradient", SCALAR, [(), (2, 3), (0,)], ["x", "W", "b"]),
        ("vjp", SEVERAL, [(), (2, 3)], ["x", "W"]),
        ("hvp", SCALAR, [(), (2, 3), (0,)], ["x", "W", "b"]),
        ("jvp", SCALAR, [()], ["value"]),
        ("jvp", SEVERAL, [(4,), ()], ["r", "s"]),
        ("jacobian", ONE, [(4,), (4, 2, 3)], ["∂r/∂x", "∂r/∂W"]),
        (
            "jacobian",
            SEVERAL,
            [(4,), (4, 2, 3), (), (2, 3)],
            ["∂r/∂x", "∂r/∂W", "∂s/∂x", "∂s/∂W"],
        ),
        ("jacobian", SINGLE, [(2, 2, 3)], ["∂r/∂x"]),
        (
            "hessian",
            made({"x": (), "W": (2, 3)}),
            [(), (2, 3), (2, 3), (2, 3, 2, 3)],
            ["∂²/∂x∂x", "∂²/∂x∂W", "∂²/∂W∂x", "∂²/∂W∂W"],
        ),
    ],
)
def test_an_answer_is_made_of_arrays_or_blocks_in_declared_order(
    name: str, signature: Signature, shapes: list[tuple[int, ...]], names: list[str]
) -> None:
    found = operator(name).layout(signature)
    assert list(found.shapes.items()) == list(zip(names, shapes, strict=True))
    assert found.size == sum(int(np.prod(shape)) for shape in shapes)


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
@pytest.mark.parametrize("name", list(OPERATORS))
def test_sizes_follow_from_the_numbers_of_inputs_and_outputs(
    name: str, signature: Signature
) -> None:
    n, m = signature.n, signature.m
    expected = {"value": m, "jvp": m, "jacobian": m * n, "hessian": n * n}.get(name, n)
    assert operator(name).layout(signature).size == expected
    assert np.prod([space.size for space in operator(name).spaces(signature)]) == expected


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES)
@pytest.mark.parametrize("name", list(OPERATORS))
def test_every_component_has_a_name_of_its_own(name: str, signature: Signature) -> None:
    names = list(operator(name).components(signature))
    assert len(names) == operator(name).layout(signature).size
    assert len(set(names)) == len(names)
    assert [operator(name).locate(signature, i) for i in range(len(names))] == names
    with pytest.raises(IndexError):
        operator(name).locate(signature, len(names))


@pytest.mark.parametrize(
    ("name", "signature", "expected"),
    [
        ("value", SEVERAL, ["r[0]", "r[1]", "r[2]", "r[3]", "s"]),
        ("gradient", made({"x": (), "W": (1, 2)}), ["∂/∂x", "∂/∂W[0, 0]", "∂/∂W[0, 1]"]),
        (
            "jacobian",
            made({"x": (2,)}, {"y": (2,)}),
            ["∂y[0]/∂x[0]", "∂y[0]/∂x[1]", "∂y[1]/∂x[0]", "∂y[1]/∂x[1]"],
        ),
        (
            "hessian",
            made({"x": (), "W": (1,)}),
            ["∂²/∂x∂x", "∂²/∂x∂W[0]", "∂²/∂W[0]∂x", "∂²/∂W[0]∂W[0]"],
        ),
        (
            "jacobian",
            made({"x": (2,), "s": ()}, {"y": ()}),
            ["∂y/∂x[0]", "∂y/∂x[1]", "∂y/∂s"],
        ),
    ],
)
def test_components_are_named_in_the_order_of_the_flattened_answer(
    name: str, signature: Signature, expected: list[str]
) -> None:
    assert list(operator(name).components(signature)) == expected


def test_a_number_in_a_block_is_located_by_the_names_of_output_and_input() -> None:
    layout = operator("jacobian").layout(SEVERAL)
    assert layout.locate(4 + 6 * 2 + 4) == "∂r/∂W[2, 1, 1]"
    assert layout.locate(4 + 24) == "∂s/∂x"


# What is owed, and what a method is given.


@pytest.mark.parametrize(
    ("name", "digits"),
    [("value", 12.0), ("gradient", 7.0), ("jacobian", 7.0), ("jvp", 7.0), ("vjp", 7.0),
     ("hessian", 2.5), ("hvp", 2.5)],
)  # fmt: skip
def test_a_method_s_own_promise_is_for_derivatives_by_their_order(name: str, digits: float) -> None:
    assert operator(name).promise(DIGITS, "float64") == digits


@pytest.mark.parametrize(
    ("name", "digits"), [("value", 5.0), ("gradient", 3.0), ("hessian", 1.0), ("hvp", 1.0)]
)
def test_a_promise_is_that_of_the_dtype(name: str, digits: float) -> None:
    assert operator(name).promise(DIGITS, "float32") == digits


@pytest.mark.parametrize("name", list(OPERATORS))
@pytest.mark.parametrize("digits", [{}, {"float32": (3.0, 1.0)}, {"float": (7.0, 2.5)}])
def test_without_a_promise_for_the_dtype_nothing_is_owed(name: str, digits: Any) -> None:
    assert operator(name).promise(digits, "float64") is None


@pytest.mark.parametrize("name", list(OPERATORS))
def test_inputs_are_variables_only_where_they_are_differentiated(name: str) -> None:
    at = drawn(SCALAR)
    inputs, given, _ = operator(name).native(at, Traced())
    kind = "array" if name == "value" else "variable"
    assert operator(name).differentiates is (name != "value")
    assert [made for made, _ in inputs] == [kind] * 3
    assert all(a is b for (_, a), b in zip(inputs, at.point.inputs.values(), strict=True))
    assert given == {"y": ("array", at.point.given["y"])}


@pytest.mark.parametrize(
    ("name", "taken"),
    [("jvp", "tangents"), ("hvp", "tangents"), ("vjp", "cotangents"), ("value", None),
     ("gradient", None), ("jacobian", None), ("hessian", None)],
)  # fmt: skip
def test_directions_are_plain_arrays_one_an_input_or_one_an_output(
    name: str, taken: str | None
) -> None:
    at = drawn(SEVERAL)
    _, _, directions = operator(name).native(at, Traced())
    expected = getattr(at.directions, taken) if taken else {}
    assert operator(name).directions(at.directions) is expected or expected == {}
    if taken is None:
        assert directions == ()
    else:
        (arrays,) = directions
        assert [kind for kind, _ in arrays] == ["array"] * 2
        assert all(a is b for (_, a), b in zip(arrays, expected.values(), strict=True))
