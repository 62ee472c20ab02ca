"""Spaces: how arrays by name, vectors of components and matrices of blocks correspond."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest

from gradiometer.vocabulary.space import Space, blocks, component, matrix

SPACE = Space({"W": (2, 3), "s": (), "b": (4,), "empty": (0,), "T": (1, 1, 2)})
SPACES = {
    "several": SPACE,
    "a number": Space({"value": ()}),
    "an array": Space({"x": (3,)}),
    "nothing": Space({"x": (0, 5)}),
    "last empty": Space({"x": (), "b": (0,)}),
}


@pytest.fixture(params=SPACES.values(), ids=SPACES)
def space(request: pytest.FixtureRequest) -> Any:
    """A space."""
    return request.param


def numbered(space: Space) -> np.ndarray[Any, Any]:
    """Return a vector whose components are their own numbers."""
    return np.arange(float(space.size))


# Arrays and vectors.


def test_sizes_are_counted_array_by_array() -> None:
    assert SPACE.names == ("W", "s", "b", "empty", "T")
    assert SPACE.sizes == (6, 1, 4, 0, 2)
    assert SPACE.size == 13
    assert SPACE.ends == [6, 7, 11, 11]


def test_a_space_is_that_of_its_arrays() -> None:
    assert Space.of({"x": [[1.0], [2.0]], "y": 3.0}) == Space({"x": (2, 1), "y": ()})


def test_a_space_without_arrays_has_no_component() -> None:
    nothing = Space({})
    assert (nothing.size, nothing.names, nothing.zeros()) == (0, (), {})
    assert nothing.flatten([]).shape == (0,)
    assert list(nothing.basis()) == list(nothing.components()) == []


def test_a_space_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SPACE.shapes = {}  # type: ignore[misc]


def test_a_vector_is_cut_in_declared_order_row_by_row() -> None:
    found = SPACE.split(numbered(SPACE))
    expected = {
        "W": [[0, 1, 2], [3, 4, 5]], "s": 6, "b": [7, 8, 9, 10], "empty": [], "T": [[[11, 12]]],
    }  # fmt: skip
    assert list(found) == list(expected)
    for name, array in found.items():
        assert array.shape == SPACE.shapes[name]
        np.testing.assert_array_equal(array, expected[name])


def test_what_was_cut_is_put_together_again(space: Space) -> None:
    vector = numbered(space)
    np.testing.assert_array_equal(space.flatten(space.split(vector).values()), vector)


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_order_changes_no_vector(order: Any) -> None:
    arrays = {name: np.array(a, order=order) for name, a in SPACE.split(numbered(SPACE)).items()}
    np.testing.assert_array_equal(SPACE.flatten(arrays.values()), numbered(SPACE))


@pytest.mark.parametrize("size", [12, 14, 0])
def test_a_vector_of_another_size_is_an_error(size: int) -> None:
    with pytest.raises(ValueError, match="cannot reshape"):
        SPACE.split(np.zeros(size))


# Zeros, units and draws.


def test_zeros_are_of_the_space_and_new_each_time(space: Space) -> None:
    zeros = space.zeros()
    assert Space.of(zeros) == space
    assert not any(a.any() for a in zeros.values())
    assert all(a is not b for a, b in zip(zeros.values(), space.zeros().values(), strict=True))


def test_the_basis_is_the_identity_line_by_line(space: Space) -> None:
    units = list(space.basis())
    assert all(Space.of(unit) == space for unit in units)
    lines = [space.flatten(unit.values()) for unit in units]
    square = np.reshape(lines, (space.size, space.size))
    np.testing.assert_array_equal(square, np.eye(space.size))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_draw_is_of_the_space_and_the_type(space: Space, dtype: str) -> None:
    drawn = space.draw(np.random.default_rng(1), dtype)
    assert Space.of(drawn) == space
    assert {a.dtype for a in drawn.values()} == {np.dtype(dtype)}
    assert all(isinstance(a, np.ndarray) for a in drawn.values())


def test_a_draw_is_that_of_the_generator() -> None:
    one, again, other = (SPACE.draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
    vectors = [SPACE.flatten(drawn.values()) for drawn in (one, again, other)]
    np.testing.assert_array_equal(vectors[0], vectors[1])
    assert not np.any(vectors[0] == vectors[2])
    assert len(set(vectors[0])) == SPACE.size


# Names of components.


@pytest.mark.parametrize(
    ("shape", "names"),
    [((), ["W"]), ((2,), ["W[0]", "W[1]"]), ((1, 2), ["W[0, 0]", "W[0, 1]"]), ((0,), [])],
)
def test_an_array_s_components_are_indexed(shape: tuple[int, ...], names: list[str]) -> None:
    assert [component("W", i) for i in np.ndindex(shape)] == names
    assert list(Space({"W": shape}).components()) == names


@pytest.mark.parametrize(
    ("i", "name"),
    [
        (0, "W[0, 0]"),
        (2, "W[0, 2]"),
        (3, "W[1, 0]"),
        (5, "W[1, 2]"),
        (6, "s"),
        (7, "b[0]"),
        (10, "b[3]"),
        (11, "T[0, 0, 0]"),
        (12, "T[0, 0, 1]"),
    ],
)
def test_a_component_is_located_by_name_and_index(i: int, name: str) -> None:
    assert SPACE.locate(i) == name


def test_components_are_named_in_the_order_of_the_vector(space: Space) -> None:
    names = list(space.components())
    assert names == [space.locate(i) for i in range(space.size)]
    assert len(set(names)) == space.size


@pytest.mark.parametrize("i", [13, 14, 1000])
def test_a_component_that_there_is_not_is_an_error(i: int) -> None:
    with pytest.raises(IndexError):
        SPACE.locate(i)


# Matrices and their blocks.

ROWS, COLUMNS = Space({"r": (2, 2), "s": ()}), Space({"x": (), "W": (1, 3)})


def test_blocks_have_the_shapes_of_both_arrays_in_turn() -> None:
    whole = np.arange(20.0).reshape(5, 4)
    found = blocks(whole, ROWS, COLUMNS)
    assert [block.shape for block in found] == [(2, 2), (2, 2, 1, 3), (), (1, 3)]
    np.testing.assert_array_equal(found[0], [[0, 4], [8, 12]])
    np.testing.assert_array_equal(found[1][1, 0, 0], [9, 10, 11])
    assert found[2] == 16
    np.testing.assert_array_equal(found[3], [[17, 18, 19]])


PAIRS = list(itertools.product(SPACES.values(), repeat=2))


@pytest.mark.parametrize(("rows", "columns"), PAIRS)
def test_a_matrix_is_put_together_of_its_blocks(rows: Space, columns: Space) -> None:
    whole = np.arange(float(rows.size * columns.size)).reshape(rows.size, columns.size)
    found = blocks(whole, rows, columns)
    shapes = itertools.product(rows.shapes.values(), columns.shapes.values())
    assert [block.shape for block in found] == [(*height, *width) for height, width in shapes]
    flat = np.concatenate([block.ravel() for block in found])
    np.testing.assert_array_equal(matrix(flat, rows, columns), whole)


@pytest.mark.parametrize("shape", [(4, 5), (5, 3), (20,), (), (5, 4, 1)])
def test_a_matrix_of_another_shape_stays_as_it_is(shape: tuple[int, ...]) -> None:
    whole = np.zeros(shape)
    (found,) = blocks(whole, ROWS, COLUMNS)
    assert found is whole


def test_blocks_in_another_order_are_another_matrix() -> None:
    whole = np.arange(25.0).reshape(5, 5)
    found = blocks(whole, ROWS, ROWS)
    turned = np.concatenate([found[k].ravel() for k in (0, 2, 1, 3)])
    assert (matrix(turned, ROWS, ROWS) != whole).any()


@pytest.mark.parametrize("size", [19, 21])
def test_blocks_of_another_size_are_an_error(size: int) -> None:
    with pytest.raises(ValueError, match="cannot reshape"):
        matrix(np.zeros(size), ROWS, COLUMNS)
