"""Where a problem is differentiated, and along which directions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from gradiometer.vocabulary.space import Array, Space


@dataclass(frozen=True)
class Point:
    """Where a problem is differentiated.

    Attributes:
        inputs: The differentiated arguments by name, of one dtype, in the order of the function.
        given: The arguments that are held constant, by name.
    """

    inputs: dict[str, Array]
    given: dict[str, Array] = field(default_factory=dict)

    @property
    def dtype(self) -> str:
        """What the inputs' numbers are."""
        found = {a.dtype for a in self.inputs.values() if a.dtype.kind == "f"}
        return np.result_type(*found).name if found else "float64"


@dataclass(frozen=True)
class Directions:
    """Directions of pushforwards and pullbacks.

    Attributes:
        tangents: A direction in input space: one array an input, of its shape.
        cotangents: A direction in output space: one array an output, of its shape.
    """

    tangents: dict[str, Array] = field(default_factory=dict)
    cotangents: dict[str, Array] = field(default_factory=dict)


class Argument(NamedTuple):
    """What an operator is applied at: a point, and the directions there."""

    point: Point
    directions: Directions = Directions()


@dataclass(frozen=True)
class Signature:
    """The spaces that a problem maps between.

    Attributes:
        inputs: Shapes of the inputs by name, n components in all.
        outputs: Shapes of the outputs by name, m components in all.
    """

    inputs: Space
    outputs: Space

    @property
    def n(self) -> int:
        """Number of scalar inputs: the length of the gradient."""
        return self.inputs.size

    @property
    def m(self) -> int:
        """Number of scalar outputs: the rows of the Jacobian."""
        return self.outputs.size


@dataclass(frozen=True)
class Points:
    """Where a case is checked and timed, and where methods are prepared.

    Attributes:
        signature: The shapes of inputs and outputs, the same at all points.
        checked: Where answers are compared with the truth, and calls are timed; the declared point
            is the first.
        preparation: Another point of the same shapes, with directions of its own.
        fresh: Further points, which methods meet only after all that is timed and checked.
    """

    signature: Signature
    checked: tuple[Argument, ...]
    preparation: Argument
    fresh: tuple[Argument, ...] = ()

    @property
    def declared(self) -> Argument:
        """The problem's own point."""
        return self.checked[0]
