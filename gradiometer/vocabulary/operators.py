"""The operators: what is computed of a problem, the shapes its answer has, and how it is compared.

The single place for conventions. A problem maps inputs x₁ … xₖ, arrays of any shape with n
components in all, to outputs y₁ … yₗ with m components in all; a scalar problem has one output, of
shape ().

| operator | what it is | its answer, as compared |
|---|---|---|
| `value` | f(x) | one array an output |
| `gradient` | ∂f/∂xₖ of a scalar | one array an input, of its shape |
| `jacobian` | ∂yᵢ/∂xₖ, a matrix (m, n) | one block an (output, input), of both shapes in turn |
| `hessian` | ∂²f/∂xₖ∂xₗ of a scalar, a matrix (n, n) | one block an (input, input) |
| `jvp` | J·v, the pushforward of tangents v | one array an output |
| `vjp` | wᵀ·J, the pullback of cotangents w | one array an input |
| `hvp` | H·v of a scalar | one array an input |

Tangents v (one array an input) and cotangents w (one an output) are part of the case, seeded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from gradiometer.errors import UnknownName
from gradiometer.vocabulary.dtype import DTYPES
from gradiometer.vocabulary.method import Digits, Method
from gradiometer.vocabulary.point import Argument, Directions, Signature
from gradiometer.vocabulary.space import Array, Space, component

MOST_OF_MATRIX, MOST_OF_VECTOR = 300_000, 20_000_000
"""Components that are compared: of a matrix, which is certified line by line; and of an answer that
one pass certifies, in about a hundred bytes and half a microsecond each."""

Native = tuple[tuple[Any, ...], dict[str, Any], tuple[tuple[Any, ...], ...]]


@dataclass(frozen=True)
class Operator:
    """One thing to compute of a problem.

    Attributes:
        name: Registered name.
        meaning: The formula, with shapes.
        order: How often it differentiates: 0, 1 or 2.
        axes: What the answer's arrays run over: `outputs`, `inputs`, or two of them for a matrix.
        label: What to call an array of the answer, given the names it runs over.
        component: What to call a component of it; by default the same.
        direction: What it takes beside the point: `tangents`, `cotangents`, or nothing.
        of_scalars: Whether only scalar problems have it.
    """

    name: str
    meaning: str
    order: int
    axes: tuple[str, ...]
    label: str = "{}"
    component: str = ""
    direction: str = ""
    of_scalars: bool = False

    @property
    def most(self) -> int:
        """Components of an answer beyond which it is neither certified nor compared."""
        return MOST_OF_MATRIX if len(self.axes) == 2 else MOST_OF_VECTOR

    @property
    def differentiates(self) -> bool:
        """Whether the inputs are differentiated (so that tools may track them)."""
        return self.order > 0

    def promise(self, digits: Digits, dtype: str) -> float | None:
        """Return the digits that a method owes: its own for derivatives, an exact one's for values.

        None where it promises nothing in the dtype.
        """
        if dtype not in digits:
            return None
        return digits[dtype][self.order - 1] if self.order else DTYPES[dtype].digits[0]

    def spaces(self, signature: Signature) -> list[Space]:
        """Return the spaces that the answer runs over: one, or the rows and columns of a matrix."""
        return [getattr(signature, axis) for axis in self.axes]

    def layout(self, signature: Signature) -> Space:
        """Return the arrays that an answer is made of, by what they are called."""
        pairs = product(*(space.shapes.items() for space in self.spaces(signature)))
        return Space({
            self.label.format(*(name for name, _ in each)): sum((s for _, s in each), ())
            for each in pairs
        })  # fmt: skip

    def components(self, signature: Signature) -> Iterator[str]:
        """Yield the name of every component in order, e.g. `∂y[0]/∂x[2]`."""
        arrays = [[Space({k: s}) for k, s in a.shapes.items()] for a in self.spaces(signature)]
        for each in product(*arrays):
            for names in product(*(array.components() for array in each)):
                yield (self.component or self.label).format(*names)

    def locate(self, signature: Signature, i: int) -> str:
        """Return the name of the i-th component.

        Raises:
            IndexError: If there is none.
        """
        spaces = self.spaces(signature)
        for each in product(*(space.shapes.items() for space in spaces)):
            shape = sum((shape for _, shape in each), ())
            if i < math.prod(shape):
                at = iter(np.unravel_index(i, shape))
                names = [component(name, tuple(int(next(at)) for _ in s)) for name, s in each]
                return (self.component or self.label).format(*names)
            i -= math.prod(shape)
        raise IndexError(i)

    def directions(self, directions: Directions) -> dict[str, Array]:
        """Return the directions that it takes, by the name of the input or output."""
        return getattr(directions, self.direction) if self.direction else {}

    def native(self, at: Argument, method: Method) -> Native:
        """Return inputs, given values and directions as the method's own arrays."""
        convert = method.variable if self.differentiates else method.array
        inputs = tuple(convert(a) for a in at.point.inputs.values())
        given = {name: method.array(a) for name, a in at.point.given.items()}
        drawn = tuple(method.array(a) for a in self.directions(at.directions).values())
        return inputs, given, (drawn,) if self.direction else ()


OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        Operator("value", "f(x), one array an output", 0, ("outputs",)),
        Operator("gradient", "∂f/∂xₖ for every input xₖ, each of that input's shape; of a scalar",
                 1, ("inputs",), component="∂/∂{}", of_scalars=True),
        Operator("jacobian", "∂yᵢ/∂xₖ, a matrix (outputs, inputs)",
                 1, ("outputs", "inputs"), "∂{}/∂{}"),
        Operator("hessian", "∂²f/∂xₖ∂xₗ, a matrix (inputs, inputs); of a scalar",
                 2, ("inputs", "inputs"), "∂²/∂{}∂{}", of_scalars=True),
        Operator("jvp", "J·v, the pushforward of seeded tangents v",
                 1, ("outputs",), direction="tangents"),
        Operator("vjp", "wᵀ·J, the pullback of seeded cotangents w",
                 1, ("inputs",), direction="cotangents"),
        Operator("hvp", "H·v, the Hessian times seeded tangents v; of a scalar",
                 2, ("inputs",), direction="tangents", of_scalars=True),
    )
}  # fmt: skip


def operator(name: str) -> Operator:
    """Return the operator of that name.

    Raises:
        UnknownName: If there is none.
    """
    if name not in OPERATORS:
        raise UnknownName("operator", name, OPERATORS)
    return OPERATORS[name]
