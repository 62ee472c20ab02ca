"""A reverse-mode tape whose nodes hold whole arrays of balls.

A pullback is linear in the cotangent, with coefficients taken from the forward values. Run with the
coefficients as they are, the backward pass encloses the gradient; run with their absolute values,
in float64, it gives the sum over paths that bounds the effect of rounding (Bauer 1974).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradiometer.errors import ReferenceFailure
from gradiometer.measure.reference.balls import Balls, balls, greater, matmul, unbroadcast

Coefficients = Callable[[Any], Any]
Pullback = Callable[[Any, Coefficients], Any]
Edge = tuple["Node", Pullback]


class Node:
    """An array of balls, and how a cotangent flows from it to the nodes it was computed from."""

    __slots__ = ("edges", "tracked", "value")
    __array_ufunc__ = None  # a NumPy array on the left leaves the operation to the node
    __hash__ = object.__hash__

    def __init__(self, value: Any, edges: Iterable[Edge] = (), *, variable: bool = False) -> None:
        self.value: Balls = balls(value)
        self.edges: list[Edge] = [edge for edge in edges if edge[0].tracked]
        self.tracked: bool = variable or bool(self.edges)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape, as every array has one."""
        return self.value.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.value.ndim

    @property
    def size(self) -> int:
        """Number of components."""
        return self.value.size

    @property
    def T(self) -> Node:  # noqa: N802  # the array API's name
        """The transposed matrix."""
        return Node(self.value.T, [(self, lambda g, c: g.T)])

    def __neg__(self) -> Node:
        return elementwise(-self.value, (self, -1))

    def __add__(self, other: Any) -> Node:
        a, b = lift(self), lift(other)
        return elementwise(a.value + b.value, (a, 1), (b, 1))

    def __sub__(self, other: Any) -> Node:
        a, b = lift(self), lift(other)
        return elementwise(a.value - b.value, (a, 1), (b, -1))

    def __mul__(self, other: Any) -> Node:
        a, b = lift(self), lift(other)
        return elementwise(a.value * b.value, (a, b.value), (b, a.value))

    def __truediv__(self, other: Any) -> Node:
        a, b = lift(self), lift(other)
        inverse = 1 / b.value
        quotient = a.value * inverse
        return elementwise(quotient, (a, inverse), (b, -quotient * inverse))

    def __pow__(self, exponent: Any) -> Node:
        if isinstance(exponent, int):
            x = self.value
            slope = exponent * x ** (exponent - 1) if exponent else 0  # also at 0, where 1/x fails
            return elementwise(x**exponent, (self, slope))
        a, e = lift(self), lift(exponent)
        y = a.value**e.value
        logarithm = np.frompyfunc(lambda x: x.log(), 1, 1)(a.value) if e.tracked else 0
        return elementwise(y, (a, e.value * a.value ** (e.value - 1)), (e, y * logarithm))

    def __matmul__(self, other: Any) -> Node:
        return product(lift(self), lift(other))

    def __radd__(self, other: Any) -> Node:
        return lift(other) + self

    def __rsub__(self, other: Any) -> Node:
        return lift(other) - self

    def __rmul__(self, other: Any) -> Node:
        return lift(other) * self

    def __rtruediv__(self, other: Any) -> Node:
        return lift(other) / self

    def __rpow__(self, other: Any) -> Node:
        return lift(other) ** self

    def __rmatmul__(self, other: Any) -> Node:
        return lift(other) @ self

    def __getitem__(self, key: Any) -> Node:
        def scatter(g: Any, c: Coefficients) -> Any:
            whole = np.zeros(self.shape, dtype=g.dtype)
            np.add.at(whole, key, g)
            return whole

        return Node(self.value[key], [(self, scatter)])

    def __len__(self) -> int:
        return len(self.value)

    def __gt__(self, other: Any) -> NDArray[np.bool_]:
        return greater(self.value, lift(other).value)

    def __lt__(self, other: Any) -> NDArray[np.bool_]:
        return greater(lift(other).value, self.value)

    # Where the two sides could be equal, `greater` refuses to decide: these are the same question.
    __ge__, __le__ = __gt__, __lt__

    def __eq__(self, other: object) -> Any:
        raise ReferenceFailure("the reference cannot decide `==` between balls: use < or >.")


def lift(x: Any) -> Node:
    """Return x as a node; numbers and arrays become constants."""
    return x if isinstance(x, Node) else Node(x)


def elementwise(value: Any, *partials: tuple[Node, Any]) -> Node:
    """Return a node computed elementwise, with broadcasting, from each parent by a coefficient."""
    return Node(value, [(parent, _scale(d, parent.shape)) for parent, d in partials])


def product(a: Node, b: Node) -> Node:
    """Return the matrix product of nodes of one or two axes."""
    if not (1 <= a.ndim <= 2 and 1 <= b.ndim <= 2):
        raise ReferenceFailure("the reference multiplies arrays of one or two axes only.")
    A = a.value.reshape(1, -1) if a.ndim == 1 else a.value
    B = b.value.reshape(-1, 1) if b.ndim == 1 else b.value
    shape = a.shape[:-1] + b.shape[1:]

    def matrix(g: Any) -> Any:
        return np.asarray(g).reshape(A.shape[0], B.shape[1])

    def to_a(g: Any, c: Coefficients) -> Any:
        return matmul(matrix(g), c(B).T).reshape(a.shape)

    def to_b(g: Any, c: Coefficients) -> Any:
        return matmul(c(A).T, matrix(g)).reshape(b.shape)

    return Node(matmul(A, B).reshape(shape), [(a, to_a), (b, to_b)])


def backward(output: Node, seed: Any, coefficients: Coefficients) -> dict[Node, Any]:
    """Return the cotangent of every node that the output depends on.

    Args:
        output: The differentiated result.
        seed: Its cotangent: balls for an enclosure, float64 for a magnitude.
        coefficients: The identity for an enclosure, `balls.modulus` for a magnitude.
    """
    cotangents: dict[Node, Any] = {output: seed}
    for node in _outputs_first(output):
        for parent, pullback in node.edges:
            flow = pullback(cotangents[node], coefficients)
            before = cotangents.get(parent)
            cotangents[parent] = flow if before is None else np.asarray(before + flow)
    return cotangents


def _scale(coefficient: Any, shape: tuple[int, ...]) -> Pullback:
    return lambda g, c: unbroadcast(g * c(coefficient), shape)


def _outputs_first(output: Node) -> Sequence[Node]:
    """Return the nodes in reverse order of computation, without recursion."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack = [(output, False)]
    while stack:
        node, finished = stack.pop()
        if finished:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent, _ in node.edges)
    return order[::-1]
