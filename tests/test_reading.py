"""Reading what a function returned as its derivative: in many forms, or with what to return."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradiometer.checking.reading import Unreadable, advice, read
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.space import Space

Shapes = dict[str, tuple[int, ...]]
VECTOR: Shapes = {"x": (3,)}
ONE: Shapes = {"x": (1,)}
NUMBER: Shapes = {"x": ()}
PAIR: Shapes = {"x": (2,), "k": ()}
A_VECTOR = "an array of shape (3,), that of x"
TWO = "2 arrays (x (2,), k ())"
Sparse = type("csr_matrix", (), {"nnz": 1, "toarray": lambda self: np.zeros(3)})


def of(result: Any, shapes: Shapes, operator: str = "gradient") -> Any:
    signature = Signature(Space(shapes), Space({"value": ()}))
    return read(result, OPERATORS[operator], signature)


def plain(found: Any) -> Any:
    return [np.asarray(part).tolist() for part in found]


@pytest.mark.parametrize(
    ("result", "shapes", "expected"),
    [
        (np.arange(3.0), VECTOR, [[0.0, 1.0, 2.0]]),
        ([0.0, 1.0, 2.0], VECTOR, [[0.0, 1.0, 2.0]]),
        ((0.0, 1.0, 2.0), VECTOR, [[0.0, 1.0, 2.0]]),
        ((np.arange(3.0),), VECTOR, [[0.0, 1.0, 2.0]]),
        ([np.arange(3.0)], VECTOR, [[0.0, 1.0, 2.0]]),
        ({"x": np.arange(3.0)}, VECTOR, [[0.0, 1.0, 2.0]]),
        ([7.0], ONE, [[7.0]]),
        ([np.array([7.0])], ONE, [[7.0]]),
        (7.0, NUMBER, [7.0]),
        ((7.0,), NUMBER, [7.0]),
        ((np.ones(2), 3.0), PAIR, [[1.0, 1.0], 3.0]),
        ([np.ones(2), 3.0], PAIR, [[1.0, 1.0], 3.0]),
        ({"k": 3.0, "x": np.ones(2)}, PAIR, [[1.0, 1.0], 3.0]),
        ((np.ones(3), np.zeros(2)), VECTOR, [[1.0, 1.0, 1.0], [0.0, 0.0]]),  # too many: told later
    ],
)
def test_a_gradient_may_come_in_many_forms(result: Any, shapes: Shapes, expected: Any) -> None:
    found = of(result, shapes)
    assert isinstance(found, list)
    assert plain(found) == expected


@pytest.mark.parametrize("operator", ["value", "jvp"])
@pytest.mark.parametrize("result", [2.5, [2.5], (np.array(2.5),), np.array(2.5)])
def test_what_runs_over_one_output_is_one_array(operator: str, result: Any) -> None:
    assert float(of(result, VECTOR, operator)) == 2.5


@pytest.mark.parametrize(
    ("result", "operator"),
    [(np.eye(3), "hessian"), (np.ones((1, 3)), "jacobian"), (None, "gradient"), (None, "hessian")],
)
def test_matrices_and_nothing_stay_as_they_are(result: Any, operator: str) -> None:
    assert of(result, VECTOR, operator) is result


def test_rows_of_several_lengths_are_left_to_be_told() -> None:
    ragged = [[1.0], [2.0, 3.0]]
    assert of(ragged, VECTOR) == [ragged]


@pytest.mark.parametrize(
    ("result", "shapes", "told"),
    [
        ((x for x in ()), VECTOR, f"returned a generator: return {A_VECTOR}, as a tuple."),
        (map(abs, ()), VECTOR, f"returned a map: return {A_VECTOR}, as a tuple."),
        (zip((), strict=True), PAIR, f"returned a zip: return {TWO}, as a tuple."),
        (filter(None, ()), VECTOR, f"returned a filter: return {A_VECTOR}, as a tuple."),
        ("no", VECTOR, f"returned 'no': return {A_VECTOR}."),
        (b"no", VECTOR, f"returned b'no': return {A_VECTOR}."),
        (True, NUMBER, "returned True: return a number, for x."),
        ({1.0}, VECTOR, f"returned {{1.0}}: return {A_VECTOR}."),
        (float, VECTOR, f"returned 'float' itself: call it, and return {A_VECTOR}."),
        (abs, PAIR, f"returned 'abs' itself: call it, and return {TWO}."),
        (Sparse(), VECTOR, "returned a sparse matrix (csr_matrix): return its .toarray()."),
        ((1.0, Sparse()), PAIR, "returned a sparse matrix (csr_matrix): return its .toarray()."),
        ({"y": 1, 2: 3}, PAIR, f"returned a dict with the keys ['2', 'y']: return {TWO}."),
        ({"x": 1.0}, PAIR, f"returned a dict with the keys ['x']: return {TWO}."),
        (np.ones(2), PAIR, f"returned one array of shape (2,): return {TWO}, as a tuple."),
        (np.float64(2.0), PAIR, f"returned one number: return {TWO}, as a tuple."),
        (2.0, PAIR, f"returned float: return {TWO}, as a tuple."),
    ],
)
def test_what_is_no_derivative_is_told_with_what_to_return(
    result: Any, shapes: Shapes, told: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        of(result, shapes)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("given", "due", "told"),
    [
        ((2, 3), (2, 3), ""),
        ((3, 2), (2, 3), "transpose the derivative in x"),
        ((6,), (2, 3), "reshape the derivative in x to the shape of x"),
        ((3, 1), (3,), "reshape the derivative in x to the shape of x"),
        ((5, 2, 3), (2, 3), "sum over the first axis, along which x was broadcast"),
        ((4, 5, 2, 3), (2, 3), "sum over the first axes, along which x was broadcast"),
        ((5,), (), "sum over the first axis, along which x was broadcast"),
        ((5, 3, 2), (2, 3), "return the derivative in x in the shape of x"),
        ((4,), (2, 3), "return the derivative in x in the shape of x"),
        ((4,), (3,), "return the derivative in x in the shape of x"),
    ],
)
def test_the_advice_is_what_makes_the_shape_right(
    given: tuple[int, ...], due: tuple[int, ...], told: str
) -> None:
    assert advice([np.zeros(given)], Space({"x": due})) == told


def test_the_advice_is_on_the_first_array_that_has_another_shape() -> None:
    layout = Space({"a": (2,), "W": (2, 3), "b": (3,)})
    assert advice([[1.0], np.zeros((3, 2)), np.zeros(1)], layout).endswith("derivative in W")
    assert advice([np.zeros(2), np.zeros((2, 3)), np.zeros(1)], layout).endswith("shape of b")
    assert advice([np.zeros(2)], layout) == ""
