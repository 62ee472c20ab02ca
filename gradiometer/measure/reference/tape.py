"""A reverse-mode tape whose nodes hold whole arrays of balls, and whose backward pass can be taped.

A pullback is linear in the cotangent, with coefficients that are nodes themselves. One set of rules
therefore serves three passes: with the coefficients' values it encloses a pullback; with their
moduli, in float64, it gives the sum over paths that bounds the effect of rounding (Bauer 1974);
with the nodes as they are, the backward pass is itself on the tape, to be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from gradiometer.errors import ReferenceFailure
from gradiometer.measure.reference import balls as numeric
from gradiometer.measure.reference.balls import Balls, balls, greater

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
        self.edges: list[Edge] = []
        self.tracked: bool = variable
        self.follow(*edges)

    def follow(self, *edges: Edge) -> Node:
        """Record what the node was computed from; return the node."""
        self.edges += [edge for edge in edges if edge[0].tracked]
        self.tracked = self.tracked or bool(self.edges)
        return self

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
        turned: Node = transpose(self, range(self.ndim)[::-1])
        return turned

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
        return elementwise(a.value * b.value, (a, b), (b, a))

    def __truediv__(self, other: Any) -> Node:
        return self * reciprocal(lift(other))

    def __pow__(self, exponent: Any) -> Node:
        if isinstance(exponent, int):
            slope: Any = (lambda: exponent * self ** (exponent - 1)) if exponent else 0
            return elementwise(self.value**exponent, (self, slope))
        a, e = lift(self), lift(exponent)
        y = Node(a.value**e.value)
        return y.follow(*_partials((a, lambda: e * a ** (e - 1)), (e, lambda: y * logarithm(a))))

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
        picked: Node = pick(self, key)
        return picked

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
    """Return a node computed elementwise, with broadcasting, from each parent by a coefficient.

    A coefficient is an integer, a node, or a function that makes the node when it is needed.
    """
    return Node(value, _partials(*partials))


def smooth(value: Callable[[arb], arb], x: Any, slope: Callable[[Node, Node], Any]) -> Node:
    """Return a function applied to each component; its slope is an expression of x and y = f(x)."""
    node = lift(x)
    y = Node(np.asarray(np.frompyfunc(value, 1, 1)(node.value), dtype=object))
    return y.follow(*_partials((node, lambda: slope(node, y))))


def reciprocal(x: Node) -> Node:
    """Return 1/x."""
    return smooth(lambda ball: 1 / ball, x, lambda x, y: -y * y)


def logarithm(x: Node) -> Node:
    """Return log x."""
    return smooth(arb.log, x, lambda x, y: 1 / x)


class Coefficient:
    """A local derivative, made when it is first needed."""

    __slots__ = ("_made", "_make")

    def __init__(self, make: Any) -> None:
        self._make = make
        self._made: Any = None

    @property
    def node(self) -> Node | int:
        """The derivative as a node, or an integer."""
        if self._made is None:
            self._made = self._make() if callable(self._make) else self._make
        made: Node | int = self._made
        return made


def enclosing(coefficient: Coefficient) -> Any:
    """Map a coefficient to its value: the backward pass encloses the pullback."""
    node = coefficient.node
    return node.value if isinstance(node, Node) else node


def modulus(coefficient: Coefficient) -> Any:
    """Map a coefficient to its modulus in float64: the backward pass sums over paths."""
    return numeric.modulus(enclosing(coefficient))


def moduli(coefficient: Coefficient) -> Any:
    """Map a coefficient to its modulus in balls, for sums that doubles cannot hold."""
    return numeric.moduli(enclosing(coefficient))


def taped(coefficient: Coefficient) -> Any:
    """Map a coefficient to its node: the backward pass is on the tape."""
    return coefficient.node


def backward(seeds: Mapping[Node, Any], coefficients: Coefficients) -> dict[Node, Any]:
    """Return the cotangent of every node that the outputs depend on.

    Args:
        seeds: Outputs and their cotangents: balls for an enclosure, float64 for a magnitude, nodes
            for a pass on the tape.
        coefficients: `enclosing`, `modulus`, `moduli` or `taped`.
    """
    cotangents: dict[Node, Any] = dict(seeds)
    for node in _outputs_first(seeds):
        for parent, pullback in node.edges:
            flow = pullback(cotangents[node], coefficients)
            before = cotangents.get(parent)
            cotangents[parent] = flow if before is None else _plus(before, flow)
    return cotangents


def product(a: Node, b: Node) -> Node:
    """Return the matrix product of nodes of one or two axes."""
    if not (1 <= a.ndim <= 2 and 1 <= b.ndim <= 2):
        raise ReferenceFailure("the reference multiplies arrays of one or two axes only.")
    A = reshape(a, (1, -1)) if a.ndim == 1 else a
    B = reshape(b, (-1, 1)) if b.ndim == 1 else b
    result: Node = reshape(times(A, B), a.shape[:-1] + b.shape[1:])
    return result


# Linear maps: of nodes they are taped, of arrays (of balls or of floats) they are NumPy's.


def times(a: Any, b: Any) -> Any:
    """Return the product of two matrices."""
    if not (isinstance(a, Node) or isinstance(b, Node)):
        return numeric.matmul(a, b)
    A, B = lift(a), lift(b)
    ca, cb = Coefficient(A), Coefficient(B)
    return Node(
        numeric.matmul(A.value, B.value),
        [
            (A, lambda g, c: times(g, _turned(c(cb)))),
            (B, lambda g, c: times(_turned(c(ca)), g)),
        ],
    )


def reshape(x: Any, shape: Sequence[int]) -> Any:
    """Return the components in another shape."""
    if not isinstance(x, Node):
        return np.reshape(x, tuple(shape))
    return Node(x.value.reshape(shape), [(x, lambda g, c: reshape(g, x.shape))])


def transpose(x: Any, axes: Sequence[int]) -> Any:
    """Return the array with its axes in another order."""
    if not isinstance(x, Node):
        return np.transpose(x, tuple(axes))
    back = np.argsort([axis % x.ndim for axis in axes]).tolist()
    return Node(x.value.transpose(tuple(axes)), [(x, lambda g, c: transpose(g, back))])


def pick(x: Any, key: Any) -> Any:
    """Return x[key]."""
    if not isinstance(x, Node):
        return np.asarray(x[key])
    return Node(x.value[key], [(x, lambda g, c: scatter(g, key, x.shape))])


def scatter(x: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Return zeros of a shape with x added at [key]."""
    values = x.value if isinstance(x, Node) else np.asarray(x)
    whole = np.zeros(shape, dtype=values.dtype)
    np.add.at(whole, key, values)
    return Node(whole, [(x, lambda g, c: pick(g, key))]) if isinstance(x, Node) else whole


def select(mask: NDArray[np.bool_], x: Any) -> Any:
    """Return x where the mask is true, zeros elsewhere, broadcast together."""
    if not isinstance(x, Node):
        return np.where(mask, x, 0)
    value = np.where(mask, x.value, 0)
    return Node(value, [(x, lambda g, c: unbroadcast(select(mask, g), x.shape))])


def spread(x: Any, shape: tuple[int, ...]) -> Any:
    """Return x broadcast to a shape."""
    if not isinstance(x, Node):
        return np.broadcast_to(x, shape)
    value = np.broadcast_to(x.value, shape)
    return Node(value, [(x, lambda g, c: unbroadcast(g, x.shape))])


def unbroadcast(x: Any, shape: tuple[int, ...]) -> Any:
    """Return x summed over the axes along which an array of this shape was broadcast."""
    if not isinstance(x, Node):
        return numeric.unbroadcast(x, shape)
    if x.shape == shape:
        return x
    value = numeric.unbroadcast(x.value, shape)
    return Node(value, [(x, lambda g, c: spread(g, x.shape))])


def _partials(*partials: tuple[Node, Any]) -> list[Edge]:
    return [(parent, _scale(Coefficient(d), parent.shape)) for parent, d in partials]


def _scale(coefficient: Coefficient, shape: tuple[int, ...]) -> Pullback:
    return lambda g, c: unbroadcast(g * c(coefficient), shape)


def _turned(matrix: Any) -> Any:
    return transpose(matrix, (1, 0))


def _plus(a: Any, b: Any) -> Any:
    return a + b if isinstance(a, Node) else np.asarray(a + b)


def _outputs_first(outputs: Iterable[Node]) -> Sequence[Node]:
    """Return the nodes in reverse order of computation, without recursion."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack = [(output, False) for output in outputs]
    while stack:
        node, finished = stack.pop()
        if finished:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((parent, False) for parent, _ in node.edges)
    return order[::-1]
