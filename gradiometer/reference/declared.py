"""A node whose derivative is declared: a graph pulls its cotangents back, evaluated on the tape."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradiometer.errors import ReferenceFailure
from gradiometer.reference.array import Array
from gradiometer.reference.evaluation import Evaluation
from gradiometer.reference.node import Node
from gradiometer.reference.parts import Part, Scaled, Values, View, midpoints
from gradiometer.reference.rounding import Floats
from gradiometer.vocabulary.graph import Graph


class Declared:
    """A declared pullback.

    Args:
        pullback: Its graph.
        name: What declares it.
        inputs: The nodes that the value is of.
        xp: The reference's array functions.
    """

    def __init__(self, pullback: Graph, name: str, inputs: Sequence[Node], xp: Any) -> None:
        self.pullback, self.name, self.inputs, self.xp = pullback, name, inputs, xp
        self._last: tuple[Any, View, Sequence[Any]] | None = None

    def pulled(self, g: Any, view: View) -> Sequence[Any]:
        """Return the inputs' shares of a cotangent of the value.

        Raises:
            ReferenceFailure: If the rule decides on equal numbers.
        """
        if self._last is not None and self._last[0] is g and self._last[1] is view:
            return self._last[2]
        arrays = [Array(view(x), scalar=False) for x in self.inputs]
        with Evaluation() as evaluation:
            (cotangent,) = self.pullback.given
            found = self.pullback.evaluate(self.xp, arrays, {cotangent: Array(g, scalar=False)})
        if evaluation.open:
            raise ReferenceFailure(
                f"the declared derivative of {self.name} decides{evaluation.open[0].place} between "
                "numbers that are equal, or closer than rounding tells: choose another point."
            )
        several = found if isinstance(found, tuple) else (found,)
        self._last = g, view, [each.node for each in several]
        return self._last[2]

    def __call__(self, value: Node) -> Node:
        """Return a value, held constant, with the declared derivative."""
        digest = hashlib.sha256(pickle.dumps(self.pullback)).hexdigest()
        parts = [Pulled(x, self, k, value.shape) for k, x in enumerate(self.inputs)]
        made = ("declared", digest, value, *self.inputs)
        return Node(value.value, made, [Scaled(value.untracked, 1, value.shape), *parts])


@dataclass(eq=False, slots=True)
class Pulled(Part):
    """An operand of a value whose pullback is declared; the value's errors are not its.

    Attributes:
        declared: The pullback.
        number: Which of its operands.
        shape: The value's shape.
    """

    declared: Declared
    number: int
    shape: tuple[int, ...]

    def pull(self, g: Any, view: View) -> Any:
        """Return the operand's share of a cotangent of the value."""
        return self.declared.pulled(g, view)[self.number]

    def push(self, t: Any, view: View) -> Any:
        """Refuse: a pullback has no tangents."""
        raise ReferenceFailure(
            f"the declared derivative of {self.declared.name} is a pullback, and has no tangents: "
            "check the gradient, the vjp, or a jacobian of no more outputs than inputs."
        )

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        """Return zeros: the value, which is another operand, brings the errors along."""
        return np.zeros(self.shape)
