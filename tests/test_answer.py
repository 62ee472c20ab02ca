"""Answers: whatever form a tool returns them in, the arrays of the operator's layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from signatures import ONE, SCALAR, SEVERAL, SINGLE, made

from gradiometer.judging.agreement import agree
from gradiometer.vocabulary import answer
from gradiometer.vocabulary.answer import Answer, Columns, Components, Rows
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.operators import OPERATORS, operator
from gradiometer.vocabulary.outcome import Status
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.space import Space, blocks

Array = np.ndarray


def as_arrays(result: Any, name: str, signature: Signature) -> Answer:
    """Return a result of an operator, by name, as arrays."""
    return answer.as_arrays(result, operator(name), signature)


def assert_arrays(found: list[Array], expected: list[Array]) -> None:
    assert [a.shape for a in found] == [a.shape for a in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def parts(name: str, signature: Signature) -> list[Array]:
    """Return an honest answer: the arrays of the layout, all components different."""
    return list(operator(name).layout(signature).draw(np.random.default_rng(7)).values())


def nested(name: str, signature: Signature) -> list[list[Array]]:
    """Return an honest matrix as a row of blocks for each output or input."""
    flat, width = parts(name, signature), len(signature.inputs.shapes)
    return [flat[i : i + width] for i in range(0, len(flat), width)]


def matrix(name: str, signature: Signature) -> Array:
    """Return the same as one matrix."""
    rows, columns = operator(name).spaces(signature)
    return np.block([
        [block.reshape(h, w) for w, block in zip(columns.sizes, line, strict=True)]
        for h, line in zip(rows.sizes, nested(name, signature), strict=True)
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("name", "signature"),
    [("value", SEVERAL), ("jvp", SEVERAL), ("gradient", SCALAR), ("vjp", SEVERAL), ("hvp", SCALAR)],
)
@pytest.mark.parametrize("several", [tuple, list, iter])
def test_arrays_may_come_in_any_sequence(name: str, signature: Signature, several: Any) -> None:
    honest = parts(name, signature)
    assert_arrays(as_arrays(several(honest), name, signature).arrays, honest)


@pytest.mark.parametrize(
    ("name", "signature"), [("value", SCALAR), ("jvp", ONE), ("value", SINGLE)]
)
def test_a_single_output_comes_as_it_is(name: str, signature: Signature) -> None:
    (honest,) = parts(name, signature)
    assert_arrays(as_arrays(honest, name, signature).arrays, [honest])
    assert_arrays(as_arrays(honest.tolist(), name, signature).arrays, [honest])


@pytest.mark.parametrize(
    ("name", "signature"),
    [("value", SEVERAL), ("jvp", SEVERAL), ("jvp", ONE), ("jvp", SCALAR), ("jvp", SINGLE),
     ("gradient", SCALAR), ("vjp", SEVERAL), ("hvp", SCALAR)],
)  # fmt: skip
def test_scalar_components_are_put_together(name: str, signature: Signature) -> None:
    honest = parts(name, signature)
    scalars = np.concatenate([a.ravel() for a in honest]).tolist()
    assert_arrays(as_arrays(Components(scalars), name, signature).arrays, honest)


MATRICES = [
    ("jacobian", SCALAR),
    ("jacobian", ONE),
    ("jacobian", SEVERAL),
    ("jacobian", SINGLE),
    ("hessian", made({"x": ()})),
    ("hessian", made({"x": (), "W": (2, 3)})),
    ("hessian", made({"A": (2, 2), "x": (), "b": (3,)})),
]


@pytest.mark.parametrize(("name", "signature"), MATRICES)
def test_a_matrix_may_come_as_a_matrix(name: str, signature: Signature) -> None:
    whole, honest = matrix(name, signature), parts(name, signature)
    assert_arrays(as_arrays(whole, name, signature).arrays, honest)
    assert_arrays(blocks(whole, *operator(name).spaces(signature)), honest)


@pytest.mark.parametrize("signature", [SCALAR, SEVERAL])
@pytest.mark.parametrize("shaped", [np.ravel, np.asarray])
def test_a_matrix_may_come_by_its_components(signature: Signature, shaped: Any) -> None:
    found = as_arrays(Components(shaped(matrix("jacobian", signature))), "jacobian", signature)
    assert_arrays(found.arrays, parts("jacobian", signature))


def test_whole_components_leave_the_others_their_dtype() -> None:
    found = answer.as_arrays(
        Components([np.float32(0.5), 0, 1]),
        operator("gradient"),
        Signature(Space({"x": (3,)}), Space({"value": ()})),
        "float32",
    )
    assert [(a.dtype, a.tolist()) for a in found.arrays] == [(np.float32, [0.5, 0.0, 1.0])]


@pytest.mark.parametrize(("name", "signature"), MATRICES)
@pytest.mark.parametrize("several", [tuple, list])
def test_a_matrix_may_come_as_nested_blocks(name: str, signature: Signature, several: Any) -> None:
    lines = [several(line) for line in nested(name, signature)]
    single = name == "jacobian" and len(signature.outputs.shapes) == 1
    found = as_arrays(lines[0] if single else several(lines), name, signature)
    assert_arrays(found.arrays, parts(name, signature))


@pytest.mark.parametrize(("name", "signature"), MATRICES)
def test_a_matrix_may_come_by_rows(name: str, signature: Signature) -> None:
    rows = [tuple(signature.inputs.split(row).values()) for row in matrix(name, signature)]
    assert_arrays(as_arrays(Rows(rows), name, signature).arrays, parts(name, signature))


@pytest.mark.parametrize(("name", "signature"), MATRICES[:4])
def test_a_jacobian_may_come_by_columns(name: str, signature: Signature) -> None:
    columns = []
    for column in matrix(name, signature).T:
        cut = tuple(signature.outputs.split(column).values())
        columns.append(cut if len(cut) > 1 else cut[0])
    assert_arrays(as_arrays(Columns(columns), name, signature).arrays, parts(name, signature))


def test_rows_and_columns_of_numbers_are_a_matrix_too() -> None:
    signature = made({"x": (), "y": ()}, {"a": (), "b": ()})
    expected = [np.array(k) for k in (1.0, 2.0, 3.0, 4.0)]
    for form in (Rows([(1.0, 2.0), (3.0, 4.0)]), Columns([(1.0, 3.0), (2.0, 4.0)]),
                 ((1.0, 2.0), (3.0, 4.0)), np.array([[1.0, 2.0], [3.0, 4.0]])):  # fmt: skip
        assert_arrays(as_arrays(form, "jacobian", signature).arrays, expected)


# None counts as zeros, and is told.


@pytest.mark.parametrize("name", ["gradient", "vjp", "hvp"])
def test_the_derivative_in_an_unused_input_may_be_none(name: str) -> None:
    found = as_arrays((None, np.ones((2, 3))), name, made({"x": (), "W": (2, 3)}))
    assert_arrays(found.arrays, [np.zeros(()), np.ones((2, 3))])
    assert found.note == "1 None returned, counted as zeros"


@pytest.mark.parametrize(
    ("name", "result", "signature", "count"),
    [
        ("gradient", [None, None, None], SCALAR, 3),
        ("hessian", [[None, None], [None, None]], made({"x": (), "W": (2, 3)}), 4),
        ("jacobian", [[None, np.zeros((4, 2, 3))], [np.zeros(()), None]], SEVERAL, 2),
        ("jacobian", Rows([(None, np.zeros((2, 3)))] * 5), SEVERAL, 5),
        ("jacobian", Columns([(None, 0.0)] * 7), SEVERAL, 7),
        ("jvp", (None, 0.0), SEVERAL, 1),
        ("vjp", Components([None] + [0.0] * 6), SEVERAL, 1),
    ],
)
def test_every_none_is_counted(name: str, result: Any, signature: Signature, count: int) -> None:
    found = as_arrays(result, name, signature)
    expected = list(operator(name).layout(signature).zeros().values())
    assert_arrays(found.arrays, expected)
    assert found.note == f"{count} None returned, counted as zeros"


@pytest.mark.parametrize("name", list(OPERATORS))
def test_nothing_is_told_where_nothing_is_none(name: str) -> None:
    result = {"value": 1.0, "jvp": 1.0, "hessian": [[1.0]]}.get(name, [1.0])
    assert as_arrays(result, name, made({"x": ()})).note == ""


@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3)])
def test_none_is_zeros_of_the_shape_in_its_place(shape: tuple[int, ...]) -> None:
    (zeros,) = as_arrays([None], "gradient", made({"x": shape})).arrays
    assert zeros.shape == shape
    assert zeros.dtype == np.float64
    assert not zeros.any()


@pytest.mark.parametrize(
    ("part", "shape", "dtype"),
    [
        (2.5, (), "f8"),
        (np.float32(1.5), (), "f4"),
        (np.ones((2, 2), dtype=np.complex128), (2, 2), "c16"),
        (np.zeros(0), (0,), "f8"),
    ],
)
def test_a_part_keeps_its_own_shape_and_type_so_that_misfits_show(
    part: Any, shape: tuple[int, ...], dtype: str
) -> None:
    (array,) = as_arrays([part], "gradient", made({"x": (7, 7)})).arrays
    assert (array.shape, array.dtype) == (shape, np.dtype(dtype))
    np.testing.assert_array_equal(array, part)


@pytest.mark.parametrize("result", [np.float32(1.5), np.ones((), dtype=np.complex128)])
def test_a_narrow_or_complex_answer_keeps_its_type(result: Any) -> None:
    for name, form in (("value", result), ("gradient", [result]), ("hessian", [[result]])):
        (array,) = as_arrays(form, name, made({"x": ()})).arrays
        assert array.dtype == result.dtype


# What does not fit is left for the comparison to name.

BLOCKS = [np.zeros(4), np.zeros((4, 2, 3))], [np.zeros(()), np.zeros((2, 3))]


def verdict(name: str, result: Any, signature: Signature) -> tuple[Status, str]:
    """Return what the comparison says of a result where zeros are the truth."""
    layout = operator(name).layout(signature)
    zeros = np.zeros(layout.size)
    truth = Enclosure(zeros, zeros, zeros, zeros + 1.0, 192)
    found = agree(
        as_arrays(result, name, signature).arrays, truth, layout, promise=0.0, exact=False
    )
    return found.status, found.reason


@pytest.mark.parametrize(
    ("name", "result", "signature", "reason"),
    [
        ("gradient", [0.0, np.zeros((2, 3))], SCALAR, "2 arrays returned, 3 expected (x, W, b)"),
        ("gradient", [0.0] * 4, SCALAR, "4 numbers returned, 3 arrays expected (x, W, b)"),
        ("gradient", [np.zeros(1), np.zeros((2, 3)), np.zeros(0)], SCALAR,
         "x has shape (1,), () expected"),
        ("gradient", [0.0, np.zeros((3, 2)), np.zeros(0)], SCALAR,
         "W has shape (3, 2), (2, 3) expected"),
        ("gradient", None, SCALAR, "None returned, 3 arrays expected (x, W, b)"),
        ("value", None, SCALAR, "None returned, 1 array expected (value)"),
        ("hessian", None, made({"x": (3,)}), "None returned, 1 array expected (∂²/∂x∂x)"),
        ("value", (0.0, 0.0), SCALAR, "value is a tuple, an array of shape () expected"),
        ("value", (np.zeros(4),), ONE, "r is a tuple, an array of shape (4,) expected"),
        ("gradient", [[1.0, [2.0, 3.0]]], made({"x": (3,)}),
         "x is a list, an array of shape (3,) expected"),
        ("gradient", [0.0, 0.0, 0.0], made({"x": (3,)}), "3 numbers returned, 1 array expected"),
        ("hessian", [[0.0] * 3] * 3, made({"x": (3,)}), "9 numbers returned, 1 array expected"),
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
def test_what_does_not_fit_is_named(
    name: str, result: Any, signature: Signature, reason: str
) -> None:
    status, found = verdict(name, result, signature)
    assert status is Status.DISAGREES
    assert found.startswith(reason) or (reason == "arrays" and reason in found)


@pytest.mark.parametrize(("name", "signature"), MATRICES)
def test_a_transposed_matrix_is_not_taken_for_the_right_one(
    name: str, signature: Signature
) -> None:
    turned = as_arrays(matrix(name, signature).T, name, signature).arrays
    honest = parts(name, signature)
    if matrix(name, signature).size > 1:
        assert [a.shape for a in turned] != [a.shape for a in honest] or any(
            (a != b).any() for a, b in zip(turned, honest, strict=True)
        )
