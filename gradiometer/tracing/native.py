"""The few functions of a tool's that arrays are moved by: reshape, transpose, take, concat, where.

What these cannot do, NumPy does to the positions of the components.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.tracing.array import shape_of


class Native:
    """A tool's array functions, on its own arrays.

    Args:
        xp: The tool's array namespace.
    """

    def __init__(self, xp: Any) -> None:
        self.xp = xp

    def find(self, name: str) -> Any:
        """Return a function of the tool by name, such as `linalg.solve`; `None` if it has none."""
        found = self.xp
        try:
            for part in name.split("."):
                found = getattr(found, part)
        except (AttributeError, GradiometerError):
            return None
        return found

    def array(self, x: Any) -> Any:
        """Return NumPy's real numbers as the tool's array."""
        return self.xp.asarray(np.array(x, dtype=np.float64))

    def truths(self, x: Any) -> Any:
        """Return NumPy's booleans as the tool's array."""
        return self.xp.asarray(np.array(x, dtype=bool))

    def reshape(self, x: Any, shape: tuple[int, ...]) -> Any:
        """Return the components in another shape."""
        return x if shape_of(x) == shape else self.xp.reshape(x, shape)

    def take(self, x: Any, at: Any) -> Any:
        """Return the components at positions in the flattened array, in the shape of those."""
        shape = shape_of(x)
        flat = self.reshape(x, (math.prod(shape),))
        if isinstance(x, np.ndarray):
            return flat[at]
        found = self.xp.take(flat, self.xp.asarray(np.array(at, dtype=np.int64).ravel()), axis=0)
        return self.reshape(found, at.shape)

    def concat(self, parts: list[Any]) -> Any:
        """Return flattened arrays one after the other."""
        flat = [self.reshape(part, (math.prod(shape_of(part)),)) for part in parts]
        return self.xp.concat(flat, axis=0)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """Choose componentwise."""
        return self.xp.where(condition, a, b)

    def broadcast(self, x: Any, shape: tuple[int, ...]) -> Any:
        """Return the components broadcast to a shape."""
        return x if shape_of(x) == shape else self.xp.broadcast_to(x, shape)

    def transpose(self, x: Any, axes: tuple[int, ...]) -> Any:
        """Return the axes in another order."""
        return self.xp.permute_dims(x, axes)


def concrete(native: Any) -> Any:
    """Return a tool's truth values or integers as NumPy's.

    Raises:
        Exception: The tool's own, where it has no values while it traces.
    """
    if isinstance(native, np.ndarray | np.generic | bool | int):
        return np.asarray(native)
    numbers = native.tolist() if hasattr(native, "tolist") else native.numpy()
    kind = bool if "bool" in str(getattr(native, "dtype", "")) else None
    return np.asarray(numbers, dtype=kind)
