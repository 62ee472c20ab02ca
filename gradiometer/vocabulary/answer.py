"""A method's answer as NumPy arrays, in the layout in which answers are compared.

Methods return what their tool returns: a matrix, nested blocks, or the rows, columns or components
of a derived operator. What it takes to compare them happens here, after the clock has stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    """Outputs, or inputs, by their scalar components in declared order."""

    scalars: list[Any]


class Answer(NamedTuple):
    """An answer as NumPy arrays, and what there is to say about it."""

    arrays: list[Array]
    note: str = ""


def as_arrays(result: Any, asked: Operator, signature: Signature) -> Answer:
    """Return a method's finished result as the arrays of the operator's layout.

    What does not fit is returned as it is, for the comparison to name. `None` (an input that is not
    used) counts as zeros.
    """
    spaces, nones = asked.spaces(signature), _Nones()
    if len(spaces) == 2:
        rows, columns = spaces
        nested = asked.axes[0] == "inputs" or len(rows.shapes) > 1
        arrays = _blocks(result, rows, columns, nones, nested=nested)
    else:
        (space,) = spaces
        several = asked.axes == ("inputs",) or len(space.shapes) > 1
        arrays = _parts(result, space, nones, several=several)
    note = f"{nones.count} None returned, counted as zeros" if nones.count else ""
    return Answer(arrays, note)


class _Nones:
    """Counts the parts that a tool returned as `None`."""

    def __init__(self) -> None:
        self.count = 0

    def array(self, part: Any, like: Shape) -> Array:
        self.count += part is None
        return np.zeros(like) if part is None else np.asarray(part)


def _parts(result: Any, space: Space, nones: _Nones, *, several: bool) -> list[Array]:
    """Return a result as one array a shape."""
    if isinstance(result, Components):
        flat = np.array([nones.array(x, ()) for x in result.scalars])
        return list(space.split(flat).values()) if flat.shape == (space.size,) else [flat]
    return _each(list(result) if several else [result], list(space.shapes.values()), nones)


def _each(parts: Sequence[Any], shapes: Sequence[Shape], nones: _Nones) -> list[Array]:
    likes = [*shapes, *[()] * (len(parts) - len(shapes))]
    return [nones.array(part, like) for part, like in zip(parts, likes, strict=False)]


def _blocks(
    result: Any, rows: Space, columns: Space, nones: _Nones, *, nested: bool
) -> list[Array]:
    """Return a matrix, however it was returned, as its blocks; nested for several rows of them."""
    heights, widths = (list(space.shapes.values()) for space in (rows, columns))
    if isinstance(result, Rows):
        lines = [_flat(row, widths, nones) for row in result.rows]
        return blocks(np.array(lines), rows, columns)
    if isinstance(result, Columns):
        several = len(heights) > 1
        lines = [_flat(c if several else [c], heights, nones) for c in result.columns]
        return blocks(np.array(lines).T, rows, columns)
    if hasattr(result, "shape"):
        return blocks(np.asarray(result), rows, columns)
    found = []
    for i, line in enumerate(result if nested else [result]):
        shapes = [(*heights[i], *width) for width in widths] if i < len(heights) else []
        found += _each(list(line), shapes, nones)
    return found


def _flat(parts: Sequence[Any], shapes: Sequence[Shape], nones: _Nones) -> Array:
    return np.concatenate([a.ravel() for a in _each(parts, shapes, nones)])
