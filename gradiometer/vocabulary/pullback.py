"""A value whose derivative is declared: a graph pulls its cotangents back.

So a straight-through estimator, a reversed gradient or a clipped one is taken for what it says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradiometer.errors import Unsupported
from gradiometer.vocabulary.graph import Graph
from gradiometer.vocabulary.program import Program
from gradiometer.vocabulary.recorded import NUMPY, Recorded


@dataclass(frozen=True)
class WithPullback(Program):
    """A value, computed elsewhere, with the pullback that is declared of it.

    Its first input is the value, which is returned; the others are what the value is of.

    Attributes:
        pullback: Returns cotangents of those; its given value is the cotangent of the value.
        name: What declares it.
    """

    pullback: Graph
    name: str

    @property
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the inputs; there are no given values."""
        return ("value", *self.pullback.inputs), ()

    def evaluate(self, xp: Any, inputs: Sequence[Any], given: Mapping[str, Any]) -> Any:
        """Return the value.

        Raises:
            Unsupported: Of arrays that do not know declared pullbacks.
        """
        if xp is NUMPY:
            return inputs[0]
        declare = getattr(xp, "with_pullback", None)
        if declare is None:
            raise Unsupported(f"the declared derivative of {self.name} is its own framework's.")
        return declare(inputs[0], self.pullback, self.name, *inputs[1:])


def with_pullback(value: Recorded, pullback: Graph, name: str, *inputs: Any) -> Any:
    """Return a recorded value with a declared pullback.

    Args:
        value: The value, held constant.
        pullback: Returns the inputs' cotangents; its given value is that of the value.
        name: What declares it.
        inputs: What the value is of, as far as it is differentiated.
    """
    return value.through(WithPullback(pullback, name), *inputs)
