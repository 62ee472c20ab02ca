"""NumPy's older functions under the standard's names: what is composed is what NumPy computes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradiometer.vocabulary.like_numpy import functions, matrices, renamed, repeats_an_index

X = np.array([[0.5, -1.25, 2.0], [1.5, 0.75, -0.25]])
SQUARE = np.array([[2.0, -0.4], [0.7, 1.25]])
OWN = functions(np)
LINALG = matrices(np, np.linalg)


@pytest.mark.parametrize(
    ("name", "given", "how"),
    [
        ("clip", (X, -1.0, 1.0), {}),
        ("copysign", (X, -X), {}),
        ("cumulative_prod", (X,), {"axis": 1}),
        ("cumulative_sum", (X,), {"axis": 1, "include_initial": True}),
        ("diff", (X,), {"axis": 0}),
        ("flip", (X,), {}),
        ("hypot", (X, 2.0), {}),
        ("logaddexp", (X, 0.5), {}),
        ("sort", (X,), {"axis": 0}),
        ("std", (X,), {"axis": 1, "correction": 1}),
        ("take", (X, np.array([1, 0])), {"axis": 1}),
        ("take_along_axis", (X, np.array([[2, 0], [1, 1]])), {"axis": 1}),
        ("tensordot", (X, X.T), {"axes": ([0, 1], [1, 0])}),
        ("var", (X,), {"keepdims": True}),
    ],
)
def test_a_composed_function_is_that_of_numpy(name: str, given: Any, how: Any) -> None:
    assert OWN[name](*given, **how) == pytest.approx(getattr(np, name)(*given, **how))


@pytest.mark.parametrize(
    ("name", "given", "how"),
    [
        ("cross", (X, X[1] + 0.5), {}),
        ("diagonal", (X,), {"offset": 1}),
        ("matrix_norm", (SQUARE,), {"ord": 1}),
        ("matrix_norm", (SQUARE,), {"ord": "nuc", "keepdims": True}),
        ("matrix_power", (SQUARE, -2), {}),
        ("outer", (X[0], X[1]), {}),
        ("solve", (SQUARE, X), {}),
        ("solve", (SQUARE, X[:, 0]), {}),
        ("trace", (SQUARE,), {"offset": -1}),
        ("vector_norm", (X,), {"ord": 3}),
    ],
)
def test_a_composed_function_of_matrices_is_that_of_numpy(name: str, given: Any, how: Any) -> None:
    expected = getattr(np.linalg, name)(*given, **how)
    assert LINALG[name](*given, **how) == pytest.approx(expected)


@pytest.mark.parametrize("indexing", ["xy", "ij"])
def test_a_grid_is_that_of_numpy(indexing: Any) -> None:
    expected = np.meshgrid(X[0], X[1, :2], indexing=indexing)
    found = OWN["meshgrid"](X[0], X[1, :2], indexing=indexing)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_older_names_are_found() -> None:
    assert renamed(np)["acos"] is np.arccos


def test_a_diagonal_in_einsum_is_noticed() -> None:
    assert repeats_an_index("...ii,i->...")
    assert not repeats_an_index("ij,jk->ik")
