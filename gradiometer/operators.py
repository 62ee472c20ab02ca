"""The operators: what is computed of a problem, and the shapes that an answer has.

The single place that says what `value` and `gradient` mean. A further operator is a further entry:
how a method prepares it, and which shapes its answer has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gradiometer.errors import UnknownName
from gradiometer.method import Method, Prepared, Primal
from gradiometer.problem import Array, Point

Shapes = list[tuple[int, ...]]


@dataclass(frozen=True)
class Operator:
    """One thing to compute of a function f of inputs x₁ … xₖ.

    Attributes:
        name: Registered name.
        meaning: The formula, with shapes.
        differentiates: Whether the inputs are differentiated (so that tools may track them).
        prepare: Builds a method's callable for it.
        shapes: Shapes of the answer's arrays at a point.
        parts: Splits a native result into the answer's arrays.
    """

    name: str
    meaning: str
    differentiates: bool
    prepare: Callable[[Method, Primal], Prepared]
    shapes: Callable[[Point], Shapes]
    parts: Callable[[Any], list[Any]]

    def names(self, point: Point) -> list[str]:
        """Return a label for each array of the answer."""
        return list(point.inputs) if self.differentiates else [self.name]

    def promise(self, method: Method) -> float:
        """Return the digits that a method owes: its own for derivatives, 12 for the primal."""
        return method.digits if self.differentiates else 12.0

    def native(self, point: Point, method: Method) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return a point's inputs and given values as the method's own arrays."""
        convert = method.variable if self.differentiates else method.array
        inputs = tuple(convert(a) for a in point.inputs.values())
        return inputs, {name: method.array(a) for name, a in point.given.items()}


def _input_shapes(point: Point) -> Shapes:
    return [a.shape for a in point.inputs.values()]


OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        Operator(
            name="value",
            meaning="f(x), a scalar",
            differentiates=False,
            prepare=lambda method, f: method.value(f),
            shapes=lambda point: [()],
            parts=lambda result: [result],
        ),
        Operator(
            name="gradient",
            meaning="∂f/∂xₖ for every input xₖ, each of that input's shape",
            differentiates=True,
            prepare=lambda method, f: method.gradient(f),
            shapes=_input_shapes,
            parts=list,
        ),
    )
}


def operator(name: str) -> Operator:
    """Return the operator of that name.

    Raises:
        UnknownName: If there is none.
    """
    if name not in OPERATORS:
        raise UnknownName("operator", name, OPERATORS)
    return OPERATORS[name]


def as_numpy(part: Any, like: tuple[int, ...]) -> Array:
    """Return one part of an answer as a NumPy array; `None` (an unused input) means zeros."""
    import numpy as np

    return np.zeros(like) if part is None else np.asarray(part)
