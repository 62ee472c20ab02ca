"""Spaces of named arrays: the one place that knows how arrays and vectors of components correspond.

Inputs, outputs and answers are named arrays of known shapes. As one vector they are counted in
declared order, row by row within an array; a matrix over two spaces is cut into blocks, one for
each pair of arrays.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Space:
    """Arrays by name, of known shapes.

    Attributes:
        shapes: The shape of each array, in declared order.
    """

    shapes: dict[str, Shape]

    @classmethod
    def of(cls, arrays: Mapping[str, Any]) -> Space:
        """Return the space that arrays are of."""
        return cls({name: np.shape(a) for name, a in arrays.items()})

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The arrays' names."""
        return tuple(self.shapes)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """The number of components of each array."""
        return tuple(math.prod(shape) for shape in self.shapes.values())

    @cached_property
    def size(self) -> int:
        """The number of components."""
        return sum(self.sizes)

    @cached_property
    def ends(self) -> list[int]:
        """Where in the vector the next array begins, the last left out."""
        return list(itertools.accumulate(self.sizes))[:-1]

    def flatten(self, arrays: Iterable[Any]) -> Array:
        """Return arrays as one vector."""
        parts = [np.ravel(a) for a in arrays]
        return np.concatenate(parts) if parts else np.zeros(0)

    def split(self, vector: Array) -> dict[str, Array]:
        """Return a vector as arrays by name."""
        parts = zip(self.shapes.items(), np.split(vector, self.ends), strict=True)
        return {name: part.reshape(shape) for (name, shape), part in parts}

    def zeros(self, dtype: str = "float64") -> dict[str, Array]:
        """Return arrays of zeros."""
        return {name: np.zeros(shape, dtype) for name, shape in self.shapes.items()}

    def basis(self, dtype: str = "float64") -> Iterator[dict[str, Array]]:
        """Yield the unit vectors in order, as arrays by name."""
        for name in self.shapes:
            for i in range(math.prod(self.shapes[name])):
                unit = self.zeros(dtype)
                unit[name].reshape(-1)[i] = 1.0
                yield unit

    def draw(self, rng: np.random.Generator, dtype: str = "float64") -> dict[str, Array]:
        """Return arrays of independent standard normal numbers."""
        return {k: np.asarray(rng.standard_normal(s), dtype) for k, s in self.shapes.items()}

    def components(self) -> Iterator[str]:
        """Yield the name of each component: `W[0, 0]`, `W[0, 1]`, …; a scalar's is its own."""
        for name, shape in self.shapes.items():
            yield from (component(name, i) for i in np.ndindex(shape))

    def locate(self, i: int) -> str:
        """Return the name of the i-th component.

        Raises:
            IndexError: If there is none.
        """
        for (name, shape), size in zip(self.shapes.items(), self.sizes, strict=True):
            if i < size:
                return component(name, tuple(map(int, np.unravel_index(i, shape))))
            i -= size
        raise IndexError(i)


def component(name: str, index: tuple[int, ...]) -> str:
    """Return the name of an array's component: `W[0, 1]`; a scalar's is its own."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def blocks(matrix: Array, rows: Space, columns: Space) -> list[Array]:
    """Return a matrix's blocks, one for each pair of arrays; a matrix of another shape as it is."""
    if matrix.shape != (rows.size, columns.size):
        return [matrix]
    return [
        block.reshape((*height, *width))
        for height, band in zip(rows.shapes.values(), np.split(matrix, rows.ends), strict=True)
        for width, block in zip(
            columns.shapes.values(), np.split(band, columns.ends, axis=1), strict=True
        )
    ]


def matrix(flat: Array, rows: Space, columns: Space) -> Array:
    """Return the matrix of which these are the blocks, each flattened, one after the other."""
    ends = np.cumsum([h * w for h in rows.sizes for w in columns.sizes])[:-1]
    parts = iter(np.split(flat, ends))
    return np.block([[next(parts).reshape(h, w) for w in columns.sizes] for h in rows.sizes])
