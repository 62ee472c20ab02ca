"""A method's answer as NumPy arrays, in the layout in which answers are compared.

Methods return what their tool returns: a matrix, nested blocks, or the rows, columns or components
of a derived operator. What it takes to compare them happens here, after the clock has stopped.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np

from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.space import Array, Shape, Space, blocks


@dataclass(frozen=True)
class Rows:
    """A matrix by its rows: each a list of arrays, one an input."""

    rows: list[Any]


@dataclass(frozen=True)
class Columns:
    """A matrix by its columns: each an output, or a tuple of outputs."""

    columns: list[Any]


@dataclass(frozen=True)
class Components:
    """All scalar components of an answer in declared order; of a matrix, row by row."""

    scalars: Any


@dataclass(frozen=True)
class Estimated:
    """An answer, and how large its method takes its error to be.

    Attributes:
        answer: What the method would return without an estimate.
        error: The estimated error of each component, in the same form.
    """

    answer: Any
    error: Any


class Answer(NamedTuple):
    """An answer as NumPy arrays, or what came in their place, and what there is to say about it.

    Attributes:
        arrays: The arrays of the operator's layout.
        note: What there is to say.
        error: The method's own estimates of their errors, as arrays of the same layout.
    """

    arrays: list[Any]
    note: str = ""
    error: list[Any] | None = None


def as_arrays(result: Any, asked: Operator, signature: Signature, dtype: str = "float64") -> Answer:
    """Return a method's finished result as the arrays of the operator's layout.

    What does not fit is returned as it is, for the comparison to name; so is `None` in the place of
    all arrays. In the place of one (an input that is not used) it counts as zeros of the dtype.
    """
    if isinstance(result, Estimated):
        errors = as_arrays(result.error, asked, signature, dtype).arrays
        return as_arrays(result.answer, asked, signature, dtype)._replace(error=errors)
    if result is None:
        return Answer([None])
    rows, *columns = asked.spaces(signature)
    reader = _Reader(dtype, several=asked.axes[0] == "inputs" or len(rows.shapes) > 1)
    arrays = reader.matrix(result, rows, *columns) if columns else reader.vector(result, rows)
    note = f"{reader.nones} None returned, counted as zeros" if reader.nones else ""
    return Answer(arrays, note)


class _Reader:
    """Reads a result, and counts the parts that a tool returned as `None`.

    Args:
        dtype: What zeros are.
        several: Whether a result is a sequence: of arrays, or of rows of blocks.
    """

    def __init__(self, dtype: str, *, several: bool) -> None:
        self.dtype = dtype
        self.several = several
        self.nones = 0

    def vector(self, result: Any, space: Space) -> list[Array]:
        """Return a result as one array a shape."""
        if isinstance(result, Components):
            flat = self._components(result)
            return list(space.split(flat).values()) if flat.shape == (space.size,) else [flat]
        return self._arrays(self._listed(result), space.shapes.values())

    def matrix(self, result: Any, rows: Space, columns: Space) -> list[Array]:
        """Return a matrix, however it was returned, as its blocks."""
        if isinstance(result, Rows):
            lines = [self._flat(row, columns) for row in result.rows]
            return blocks(np.array(lines), rows, columns)
        if isinstance(result, Columns):
            lines = [self._flat(self._listed(column), rows) for column in result.columns]
            return blocks(np.array(lines).T, rows, columns)
        if isinstance(result, Components):
            flat = self._components(result)
            fits = flat.size == rows.size * columns.size
            return blocks(flat.reshape(rows.size, columns.size) if fits else flat, rows, columns)
        if hasattr(result, "shape"):
            return blocks(np.asarray(result), rows, columns)
        found, heights = [], chain(rows.shapes.values(), repeat(()))
        for line, height in zip(self._listed(result), heights, strict=False):
            found += self._arrays(line, [(*height, *width) for width in columns.shapes.values()])
        return found

    def _components(self, result: Components) -> Array:
        """Return components as a vector; whole numbers (zeros, ones) are of any dtype."""
        if isinstance(result.scalars, np.ndarray):
            return result.scalars
        arrays = self._arrays(result.scalars, ())
        return np.array([a.astype(self.dtype) if a.dtype.kind in "bi" else a for a in arrays])

    def _listed(self, result: Any) -> Iterable[Any]:
        return result if self.several else [result]

    def _arrays(self, parts: Iterable[Any], shapes: Iterable[Shape]) -> list[Array]:
        found = []
        for part, like in zip(parts, chain(shapes, repeat(())), strict=False):
            self.nones += part is None
            found.append(np.zeros(like, self.dtype) if part is None else _array(part, like))
        return found

    def _flat(self, parts: Iterable[Any], space: Space) -> Array:
        return space.flatten(self._arrays(parts, space.shapes.values()))


def _array(part: Any, like: Shape) -> Any:
    """Return a part as an array; a list that is none of its shape as it is."""
    if isinstance(part, list | tuple):
        with contextlib.suppress(ValueError):  # its rows are of several lengths
            found = np.asarray(part)
            return found if found.shape == like else part
        return part
    return np.asarray(part)
