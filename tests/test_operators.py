"""The operators: the shapes, names and directions of each, and what becomes of an answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradiometer.errors import UnknownName
from gradiometer.measure.agreement import agree, locate
from gradiometer.reference.enclosure import Enclosure
from gradiometer.vocabulary.derivation import Columns, Components, Rows
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.operators import OPERATORS, Operator, as_numpy, indexed, operator
from gradiometer.vocabulary.outcome import Status
from gradiometer.vocabulary.problem import Point

Array = np.ndarray


def made(
    inputs: dict[str, tuple[int, ...]], outputs: dict[str, tuple[int, ...]] | None = None
) -> Point:
    """Return a point of these shapes, all of whose components differ."""
    rng = np.random.default_rng(1)

    def arrays(shapes: dict[str, tuple[int, ...]]) -> dict[str, Array]:
        return {name: np.asarray(rng.standard_normal(shape)) for name, shape in shapes.items()}

    return Point(
        arrays(inputs), {"y": np.array([1, 2])}, arrays(inputs), arrays(outputs or {"value": ()})
    )


SCALAR = made({"x": (), "W": (2, 3), "b": (0,)})
ONE = made({"x": (), "W": (2, 3)}, {"r": (4,)})
SEVERAL = made({"x": (), "W": (2, 3)}, {"r": (4,), "s": ()})
SINGLE = made({"x": (3,)}, {"r": (2, 2)})
POINTS = {"scalar": SCALAR, "one": ONE, "several": SEVERAL, "single": SINGLE}


class Traced(Method):
    """Marks what it makes, so that a test can tell arrays from variables."""

    name, digits = "traced", 7.0

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
    ("name", "point", "shapes", "names"),
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
    name: str, point: Point, shapes: list[tuple[int, ...]], names: list[str]
) -> None:
    found = operator(name).layout(point)
    assert (found.shapes, found.names) == (shapes, names)
    assert found.size == sum(int(np.prod(shape)) for shape in shapes)


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
@pytest.mark.parametrize("name", list(OPERATORS))
def test_sizes_follow_from_the_numbers_of_inputs_and_outputs(name: str, point: Point) -> None:
    n, m = point.n, point.m
    expected = {"value": m, "jvp": m, "jacobian": m * n, "hessian": n * n}.get(name, n)
    layout = operator(name).layout(point)
    assert layout.size == expected
    assert len(layout.names) == len(layout.shapes)


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
@pytest.mark.parametrize("name", list(OPERATORS))
def test_every_component_has_a_name_of_its_own(name: str, point: Point) -> None:
    names = list(operator(name).components(point))
    assert len(names) == operator(name).layout(point).size
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("name", "point", "expected"),
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
    ],
)
def test_components_are_named_in_the_order_of_the_flattened_answer(
    name: str, point: Point, expected: list[str]
) -> None:
    assert list(operator(name).components(point)) == expected


@pytest.mark.parametrize(
    ("shape", "names"),
    [((), ["W"]), ((2,), ["W[0]", "W[1]"]), ((1, 2), ["W[0, 0]", "W[0, 1]"]), ((0,), [])],
)
def test_an_array_s_components_are_indexed(shape: tuple[int, ...], names: list[str]) -> None:
    assert indexed("W", shape) == names


# What is owed, and what a method is given.


@pytest.mark.parametrize(
    ("name", "digits"),
    [("value", 12.0), ("gradient", 7.0), ("jacobian", 7.0), ("jvp", 7.0), ("vjp", 7.0),
     ("hessian", 6.0), ("hvp", 6.0)],
)  # fmt: skip
def test_a_method_s_own_promise_is_for_derivatives_and_a_digit_less_for_second_ones(
    name: str, digits: float
) -> None:
    assert operator(name).promise(Traced()) == digits


@pytest.mark.parametrize(("name", "digits"), [("gradient", 7.0), ("hessian", 2.5), ("hvp", 2.5)])
def test_a_method_may_promise_of_second_derivatives_what_it_can(name: str, digits: float) -> None:
    method = Traced()
    method.digits_second = 2.5
    assert operator(name).promise(method) == digits


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("name", list(OPERATORS))
def test_a_primal_is_held_to_rounding_whatever_the_method(name: str, exact: bool) -> None:
    method = Traced()
    method.exact = exact
    assert operator(name).exact(method) is (exact or name == "value")


@pytest.mark.parametrize("name", list(OPERATORS))
def test_inputs_are_variables_only_where_they_are_differentiated(name: str) -> None:
    inputs, given, _ = operator(name).native(SCALAR, Traced())
    kind = "array" if name == "value" else "variable"
    assert operator(name).differentiates is (name != "value")
    assert [made for made, _ in inputs] == [kind] * 3
    assert all(a is b for (_, a), b in zip(inputs, SCALAR.inputs.values(), strict=True))
    assert given == {"y": ("array", SCALAR.given["y"])}


@pytest.mark.parametrize(
    ("name", "taken"),
    [("jvp", "tangents"), ("hvp", "tangents"), ("vjp", "cotangents"), ("value", None),
     ("gradient", None), ("jacobian", None), ("hessian", None)],
)  # fmt: skip
def test_directions_are_plain_arrays_one_an_input_or_one_an_output(
    name: str, taken: str | None
) -> None:
    _, _, directions = operator(name).native(SEVERAL, Traced())
    assert operator(name).directions(SEVERAL) == (getattr(SEVERAL, taken) if taken else {})
    if taken is None:
        assert directions == ()
    else:
        (arrays,) = directions
        assert [kind for kind, _ in arrays] == ["array"] * 2
        expected = getattr(SEVERAL, taken).values()
        assert all(a is b for (_, a), b in zip(arrays, expected, strict=True))


# Answers, in whatever form.


def assert_arrays(found: list[Array], expected: list[Array]) -> None:
    assert [a.shape for a in found] == [a.shape for a in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def parts(name: str, point: Point) -> list[Array]:
    """Return an honest answer: the arrays of the layout, all components different."""
    rng = np.random.default_rng(7)
    return [np.asarray(rng.standard_normal(shape)) for shape in operator(name).layout(point).shapes]


def nested(name: str, point: Point) -> list[list[Array]]:
    """Return an honest matrix as a row of blocks for each output or input."""
    blocks, width = parts(name, point), len(point.inputs)
    return [blocks[i : i + width] for i in range(0, len(blocks), width)]


def matrix(name: str, point: Point) -> Array:
    """Return the same as one matrix."""
    rows = point.cotangents if name == "jacobian" else point.inputs
    return np.concatenate([
        np.concatenate([block.reshape(a.size, -1) if a.size else np.zeros((0, block.size))
                        for block in line], axis=1)
        for a, line in zip(rows.values(), nested(name, point), strict=True)
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("name", "point"),
    [("value", SEVERAL), ("jvp", SEVERAL), ("gradient", SCALAR), ("vjp", SEVERAL), ("hvp", SCALAR)],
)
@pytest.mark.parametrize("several", [tuple, list, iter])
def test_arrays_may_come_in_any_sequence(name: str, point: Point, several: Any) -> None:
    honest = parts(name, point)
    assert_arrays(operator(name).answer(several(honest), point).arrays, honest)


@pytest.mark.parametrize(("name", "point"), [("value", SCALAR), ("jvp", ONE), ("value", SINGLE)])
def test_a_single_output_comes_as_it_is(name: str, point: Point) -> None:
    (honest,) = parts(name, point)
    assert_arrays(operator(name).answer(honest, point).arrays, [honest])
    assert_arrays(operator(name).answer(honest.tolist(), point).arrays, [honest])


@pytest.mark.parametrize(
    ("name", "point"),
    [("value", SEVERAL), ("jvp", SEVERAL), ("jvp", ONE), ("jvp", SCALAR), ("jvp", SINGLE),
     ("gradient", SCALAR), ("vjp", SEVERAL), ("hvp", SCALAR)],
)  # fmt: skip
def test_scalar_components_are_put_together(name: str, point: Point) -> None:
    honest = parts(name, point)
    scalars = np.concatenate([a.ravel() for a in honest]).tolist()
    assert_arrays(operator(name).answer(Components(scalars), point).arrays, honest)


MATRICES = [
    ("jacobian", SCALAR),
    ("jacobian", ONE),
    ("jacobian", SEVERAL),
    ("jacobian", SINGLE),
    ("hessian", made({"x": ()})),
    ("hessian", made({"x": (), "W": (2, 3)})),
    ("hessian", made({"A": (2, 2), "x": (), "b": (3,)})),
]


@pytest.mark.parametrize(("name", "point"), MATRICES)
def test_a_matrix_may_come_as_a_matrix(name: str, point: Point) -> None:
    found = operator(name).answer(matrix(name, point), point)
    assert_arrays(found.arrays, parts(name, point))
    assert_arrays(operator(name).arrange(matrix(name, point), point), parts(name, point))


@pytest.mark.parametrize(("name", "point"), MATRICES)
@pytest.mark.parametrize("several", [tuple, list])
def test_a_matrix_may_come_as_nested_blocks(name: str, point: Point, several: Any) -> None:
    lines = [several(line) for line in nested(name, point)]
    single = name == "jacobian" and len(point.cotangents) == 1
    found = operator(name).answer(lines[0] if single else several(lines), point)
    assert_arrays(found.arrays, parts(name, point))


@pytest.mark.parametrize(("name", "point"), MATRICES)
def test_a_matrix_may_come_by_rows(name: str, point: Point) -> None:
    ends = np.cumsum([a.size for a in point.inputs.values()])[:-1]
    shapes = [a.shape for a in point.inputs.values()]
    rows = [
        tuple(part.reshape(shape) for part, shape in zip(np.split(row, ends), shapes, strict=True))
        for row in matrix(name, point)
    ]
    assert_arrays(operator(name).answer(Rows(rows), point).arrays, parts(name, point))


@pytest.mark.parametrize(("name", "point"), MATRICES[:4])
def test_a_jacobian_may_come_by_columns(name: str, point: Point) -> None:
    ends = np.cumsum([a.size for a in point.cotangents.values()])[:-1]
    shapes = [a.shape for a in point.cotangents.values()]
    columns = []
    for column in matrix(name, point).T:
        outputs = zip(np.split(column, ends), shapes, strict=True)
        cut = tuple(part.reshape(shape) for part, shape in outputs)
        columns.append(cut if len(shapes) > 1 else cut[0])
    assert_arrays(operator(name).answer(Columns(columns), point).arrays, parts(name, point))


def test_rows_and_columns_of_numbers_are_a_matrix_too() -> None:
    point = made({"x": (), "y": ()}, {"a": (), "b": ()})
    expected = [np.array(k) for k in (1.0, 2.0, 3.0, 4.0)]
    for form in (Rows([(1.0, 2.0), (3.0, 4.0)]), Columns([(1.0, 3.0), (2.0, 4.0)]),
                 ((1.0, 2.0), (3.0, 4.0)), np.array([[1.0, 2.0], [3.0, 4.0]])):  # fmt: skip
        assert_arrays(operator("jacobian").answer(form, point).arrays, expected)


# None counts as zeros, and is told.


@pytest.mark.parametrize("name", ["gradient", "vjp", "hvp"])
def test_the_derivative_in_an_unused_input_may_be_none(name: str) -> None:
    found = operator(name).answer((None, np.ones((2, 3))), made({"x": (), "W": (2, 3)}))
    assert_arrays(found.arrays, [np.zeros(()), np.ones((2, 3))])
    assert found.note == "1 None returned, counted as zeros"


@pytest.mark.parametrize(
    ("name", "result", "point", "count"),
    [
        ("gradient", [None, None, None], SCALAR, 3),
        ("hessian", [[None, None], [None, None]], made({"x": (), "W": (2, 3)}), 4),
        ("jacobian", [[None, np.zeros((4, 2, 3))], [np.zeros(()), None]], SEVERAL, 2),
        ("jacobian", Rows([(None, np.zeros((2, 3)))] * 5), SEVERAL, 5),
        ("jacobian", Columns([(None, 0.0)] * 7), SEVERAL, 7),
        ("jvp", (None, 0.0), SEVERAL, 1),
        ("value", None, SCALAR, 1),
        ("vjp", Components([None] + [0.0] * 6), SEVERAL, 1),
    ],
)
def test_every_none_is_counted(name: str, result: Any, point: Point, count: int) -> None:
    found = operator(name).answer(result, point)
    assert [a.shape for a in found.arrays] == operator(name).layout(point).shapes
    assert not any(a.any() for a in found.arrays)
    assert found.note == f"{count} None returned, counted as zeros"


@pytest.mark.parametrize("name", list(OPERATORS))
def test_nothing_is_told_where_nothing_is_none(name: str) -> None:
    point = made({"x": ()})
    result = {"value": 1.0, "jvp": 1.0, "hessian": [[1.0]]}.get(name, [1.0])
    assert operator(name).answer(result, point).note == ""


@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3)])
def test_none_is_zeros_of_the_shape_in_its_place(shape: tuple[int, ...]) -> None:
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


# What does not fit is left for the comparison to name.

BLOCKS = [np.zeros(4), np.zeros((4, 2, 3))], [np.zeros(()), np.zeros((2, 3))]


def verdict(name: str, result: Any, point: Point) -> tuple[Status, str]:
    """Return what the comparison says of a result where zeros are the truth."""
    layout = operator(name).layout(point)
    zeros = np.zeros(layout.size)
    truth = Enclosure(zeros, zeros, zeros, zeros + 1.0, 192)
    answer = operator(name).answer(result, point)
    found = agree(answer.arrays, truth, layout, promise=0.0, exact=False)
    return found.status, found.reason


@pytest.mark.parametrize(
    ("name", "result", "point", "reason"),
    [
        ("gradient", [0.0, np.zeros((2, 3))], SCALAR, "2 arrays returned, 3 expected (x, W, b)"),
        ("gradient", [0.0] * 4, SCALAR, "4 arrays returned, 3 expected (x, W, b)"),
        ("gradient", [np.zeros(1), np.zeros((2, 3)), np.zeros(0)], SCALAR,
         "x has shape (1,), () expected"),
        ("gradient", [0.0, np.zeros((3, 2)), np.zeros(0)], SCALAR,
         "W has shape (3, 2), (2, 3) expected"),
        ("value", (0.0, 0.0), SCALAR, "value has shape (2,), () expected"),
        ("value", (np.zeros(4),), ONE, "r has shape (1, 4), (4,) expected"),
        ("value", (np.zeros(4),), SEVERAL, "1 arrays returned, 2 expected (r, s)"),
        ("jvp", (np.zeros(4), 0.0, 0.0), SEVERAL, "3 arrays returned, 2 expected (r, s)"),
        ("jvp", Components([0.0] * 4), SEVERAL, "1 arrays returned, 2 expected (r, s)"),
        ("vjp", Components([0.0] * 8), SEVERAL, "1 arrays returned, 2 expected (x, W)"),
        ("jacobian", np.zeros((7, 5)), SEVERAL, "1 arrays returned, 4 expected (∂r/∂x, "),
        ("jacobian", np.zeros((4, 6)), SEVERAL, "1 arrays returned, 4 expected (∂r/∂x, "),
        ("jacobian", np.zeros(35), SEVERAL, "1 arrays returned, 4 expected (∂r/∂x, "),
        ("jacobian", np.zeros((3, 4)), SINGLE, "∂r/∂x has shape (3, 4), (2, 2, 3) expected"),
        ("jacobian", BLOCKS[:1], SEVERAL, "2 arrays returned, 4 expected (∂r/∂x, "),
        ("jacobian", ([*BLOCKS[0], np.zeros(3)], BLOCKS[1]), SEVERAL, "5 arrays returned, 4 exp"),
        ("jacobian", (BLOCKS[0], BLOCKS[1][::-1]), SEVERAL, "∂s/∂x has shape (2, 3), () expected"),
        ("jacobian", Rows([(0.0, np.zeros((2, 3)))] * 4), SEVERAL, "1 arrays returned, 4 expect"),
        ("jacobian", Rows([(0.0, np.zeros((2, 4)))] * 5), SEVERAL, "1 arrays returned, 4 expect"),
        ("jacobian", Columns([(np.zeros(4), 0.0)] * 6), SEVERAL, "1 arrays returned, 4 expected"),
        ("hessian", np.zeros((2, 3)), made({"x": (3,)}), "∂²/∂x∂x has shape (2, 3), (3, 3) expec"),
        ("hessian", [[np.zeros((3, 3, 1))]], made({"x": (3,)}), "∂²/∂x∂x has shape (3, 3, 1)"),
        ("jacobian", (*BLOCKS, BLOCKS[1]), SEVERAL, "6 arrays returned, 4 expected"),
        ("hessian", [[np.zeros((3, 3))]] * 2, made({"x": (3,)}),
                     "2 arrays returned, 1 expected"),
        ("jacobian", Rows([(0.0, np.zeros((2, 3)), 0.0)] * 5), SEVERAL, "arrays"),
        ("jacobian", Columns([(np.zeros(4), 0.0, 0.0)] * 7), SEVERAL, "arrays"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(name: str, result: Any, point: Point, reason: str) -> None:
    status, found = verdict(name, result, point)
    assert status is Status.DISAGREES
    assert found.startswith(reason) or (reason == "arrays" and reason in found)


@pytest.mark.parametrize(("name", "point"), MATRICES)
def test_a_transposed_matrix_is_not_taken_for_the_right_one(name: str, point: Point) -> None:
    turned = operator(name).answer(matrix(name, point).T, point).arrays
    honest = parts(name, point)
    if matrix(name, point).size > 1:
        assert [a.shape for a in turned] != [a.shape for a in honest] or any(
            (a != b).any() for a, b in zip(turned, honest, strict=True)
        )


def test_a_number_in_a_wrong_block_is_located_by_the_names_of_output_and_input() -> None:
    shapes, names = operator("jacobian").layout(SEVERAL)
    assert locate(4 + 6 * 2 + 4, shapes, names) == "∂r/∂W[2, 1, 1]"
    assert locate(4 + 24, shapes, names) == "∂s/∂x"


@pytest.mark.parametrize("result", [np.float32(1.5), np.ones((), dtype=np.complex128)])
def test_a_narrow_or_complex_answer_keeps_its_type(result: Any) -> None:
    point = made({"x": ()})
    for name, answer in (("value", result), ("gradient", [result]), ("hessian", [[result]])):
        (array,) = operator(name).answer(answer, point).arrays
        assert array.dtype == result.dtype
