"""A tape whose nodes hold whole arrays of balls; derivatives of them are nodes again.

Each node knows what it was computed from, in *parts*: how a cotangent is pulled back to a parent,
how a tangent of the parent is pushed forward, and by how much an error of the parent widens the
node's. Both passes are made of the tape's own operations. On the tape, they can be differentiated
again; off it (`plain`), they are only evaluated, with the bounds on rounding that
`gradiometer.reference.rounding` finds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from flint import arb
from numpy.typing import NDArray

from gradiometer.reference import balls as numeric
from gradiometer.reference import linear
from gradiometer.reference.balls import Balls, balls
from gradiometer.reference.linear import LinearMap
from gradiometer.reference.rounding import (
    ELEMENTARY,
    ROUNDED,
    Floats,
    Rounding,
    absorbing,
    of_function,
    of_sum,
    settle,
)

View = Callable[["Node"], "Node"]


class Node:
    """An array of balls, and what it was computed from.

    Attributes:
        value: The balls; structural zeros among them in derivatives.
        made: The operation's name and everything that it was given: what identifies the node.
        parts: One for each operand.
        tracked: Whether it depends on a variable.
        sparse: Whether structural zeros may be among its components.
        bilinear: Whether it is the product of its first two operands.
        rounding: What evaluating it in float64 adds to the errors of its operands.
        edge: How far an operand is from where the operation is not defined.
        source: The node of which this is the untracked twin.
    """

    __slots__ = (
        "bilinear", "bound_", "draws_", "edge", "floats_", "made", "moduli_", "noisy_", "origin_",
        "parts", "rounding", "source", "sparse", "tracked", "twin_", "value",
    )  # fmt: skip
    __array_ufunc__ = None  # a NumPy array on the left leaves the operation to the node
    __hash__ = object.__hash__

    def __init__(
        self,
        value: Any,
        made: tuple[Any, ...] = (),
        parts: Sequence[Part] = (),
        *,
        rounding: Rounding | None = None,
        bilinear: bool = False,
        edge: Callable[[Any], Any] | None = None,
        variable: bool = False,
        sparse: bool = False,
        source: Node | None = None,
    ) -> None:
        self.value: Balls = value if made else balls(value)
        self.made = made or ("constant", np.array(value))  # a copy: the caller may change its own
        self.parts = tuple(parts)
        self.tracked: bool = variable or any(part.parent.tracked for part in parts)
        self.sparse: bool = sparse or any(part.parent.sparse for part in parts)
        self.bilinear = bilinear
        self.rounding = rounding
        self.edge = edge
        self.source = source
        self.floats_: Floats | None = None
        self.moduli_: Floats | None = None
        self.bound_: Floats | None = None
        self.noisy_ = False
        self.draws_: dict[int, Floats] = {}
        self.origin_: NDArray[np.int64] | None = None
        self.twin_: Node | None = None

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
    def before(self) -> Iterable[Node]:
        """What must be known of other nodes before anything is known of this one."""
        return (self.source,) if self.source is not None else (p.parent for p in self.parts)

    @property
    def floats(self) -> Floats:
        """The midpoints of the components, in float64; none is zero by underflow."""
        if self.source is not None:
            return self.source.floats
        if self.floats_ is None:
            known = self._floats_by_parents()
            self.floats_ = numeric.unvanished(self.value) if known is None else known
        return self.floats_

    def _floats_by_parents(self) -> Floats | None:
        """Return the midpoints, found from those of the operands where they are known."""
        known = [part.parent.floats_ for part in self.parts]
        if not known or any(x is None for x in known):
            return None
        if self.made[0] == "linear" and self.rounding is None:
            return np.asarray(self.made[1](known[0]))
        if self.made[0] == "multiply":
            a, b = known
            product = absorbing(a, b)
            vanished = (product == 0.0) & (a != 0.0) & (b != 0.0)
            return np.asarray(np.where(vanished, numeric.TINY, product))
        return None

    @property
    def moduli(self) -> Floats:
        """The moduli of the components, in float64."""
        if self.source is not None:
            return self.source.moduli
        if self.moduli_ is None:
            self.moduli_ = np.abs(self.floats)
        return self.moduli_

    @property
    def bound(self) -> Floats:
        """What rounding can do to each component in float64: the sound bound."""
        if self.bound_ is None:
            settle(self)
        assert self.bound_ is not None
        return self.bound_

    @property
    def noisy(self) -> bool:
        """Whether rounding does anything to any component."""
        if self.bound_ is None:
            settle(self)
        return self.noisy_

    @property
    def twin(self) -> Node:
        """The same array, not tracked: what is computed from it is evaluated, not recorded."""
        if not self.tracked:
            return self
        if self.twin_ is None:
            self.twin_ = Node(self.value, ("twin", self), source=self, sparse=self.sparse)
        return self.twin_

    def __neg__(self) -> Node:
        return Node(_array(-self.value), ("negative", self), [Scaled(self, -1, self.shape)])

    def __add__(self, other: Any) -> Node:
        a, b = self, lift(other)
        value = _array(a.value + b.value)
        parts = [Scaled(a, 1, value.shape), Scaled(b, 1, value.shape)]
        return Node(value, ("add", a, b), parts, rounding=ROUNDED)

    def __sub__(self, other: Any) -> Node:
        a, b = self, lift(other)
        value = _array(a.value - b.value)
        parts = [Scaled(a, 1, value.shape), Scaled(b, -1, value.shape)]
        return Node(value, ("subtract", a, b), parts, rounding=ROUNDED)

    def __mul__(self, other: Any) -> Node:
        a, b = self, lift(other)
        value = _array(a.value * b.value)
        parts = [Scaled(a, b, value.shape), Scaled(b, a, value.shape)]
        return Node(value, ("multiply", a, b), parts, rounding=ROUNDED, bilinear=True)

    def __truediv__(self, other: Any) -> Node:
        a, b = self, lift(other)
        value = _array(a.value / b.value)
        y = Node(value, ("divide", a, b), rounding=ROUNDED, edge=np.abs)
        inverse = functools.cache(lambda: reciprocal(b))
        y.follow(
            Scaled(b, lambda: -(y * inverse()), y.shape),  # first, since the edge is its
            Scaled(a, inverse, y.shape),
        )
        return y

    def __pow__(self, exponent: Any) -> Node:
        if isinstance(exponent, int):
            return _whole_power(self, exponent)
        a, e = self, lift(exponent)
        value = _array(a.value**e.value)
        whole = np.asarray(numeric.floats(e.value) % 1.0 == 0.0) & (numeric.floats(e.value) >= 0.0)
        y = Node(
            value,
            ("power", a, e),
            rounding=of_function(2 * ELEMENTARY),
            edge=lambda base: np.where(whole, np.inf, np.abs(base)),
        )
        y.follow(
            Scaled(a, lambda: e * a ** (e - 1), value.shape),
            Scaled(e, lambda: y * logarithm(a), value.shape),
        )
        return y

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

    def __getitem__(self, key: Any) -> Node:
        return apply(linear.take(self.shape, key), self)

    def follow(self, *parts: Part) -> None:
        """Record operands, where their coefficients need the node itself."""
        self.parts += parts
        self.tracked = self.tracked or any(part.parent.tracked for part in parts)
        self.sparse = self.sparse or any(part.parent.sparse for part in parts)


class Part:
    """What a node owes to one of its operands, the parent."""

    __slots__ = ("parent",)

    def __init__(self, parent: Node) -> None:
        self.parent = parent

    def pull(self, g: Node, view: View) -> Node:
        """Return the parent's share of a cotangent of the node."""
        raise NotImplementedError

    def push(self, t: Node, view: View) -> Node:
        """Return what a tangent of the parent does to the node."""
        raise NotImplementedError

    def widen(self, error: Any, *, wide: bool = False) -> Any:
        """Return what nonnegative errors of the parent do at most.

        Args:
            error: One for each component of the parent.
            wide: Whether the other operand's error counts as well, as in a product.
        """
        raise NotImplementedError

    def shift(self, error: Floats) -> Any:
        """Return what an error of the parent does to the node, to first order."""
        raise NotImplementedError


class Mapped(Part):
    """The parent, through a linear map."""

    __slots__ = ("map",)

    def __init__(self, parent: Node, by: LinearMap) -> None:
        super().__init__(parent)
        self.map = by

    def pull(self, g: Node, view: View) -> Node:
        return apply(self.map.adjoint, g)

    def push(self, t: Node, view: View) -> Node:
        return apply(self.map, t)

    def widen(self, error: Any, *, wide: bool = False) -> Any:
        return self.map(error)

    def shift(self, error: Floats) -> Any:
        return self.map(error)


class Scaled(Part):
    """The parent, broadcast and times a local derivative, component by component.

    The derivative is 1, −1, a node, or a function that makes the node when it is first needed.
    """

    __slots__ = ("_made", "shape")

    def __init__(self, parent: Node, by: Any, shape: tuple[int, ...]) -> None:
        super().__init__(parent)
        self._made = by
        self.shape = shape

    @property
    def derivative(self) -> Node | int:
        """The local derivative: 1, −1, or a node."""
        if not isinstance(self._made, Node | int):
            self._made = self._made()
        made: Node | int = self._made
        return made

    def pull(self, g: Node, view: View) -> Node:
        scaled = self._times(g, view)
        shape = self.parent.shape
        return (
            scaled if scaled.shape == shape else apply(linear.Collapse(scaled.shape, shape), scaled)
        )

    def push(self, t: Node, view: View) -> Node:
        scaled = self._times(t, view)
        shape = self.shape
        return (
            scaled if scaled.shape == shape else apply(linear.Spread(scaled.shape, shape), scaled)
        )

    def widen(self, error: Any, *, wide: bool = False) -> Any:
        by = self.derivative
        if isinstance(by, int):
            return error
        return absorbing(error, by.moduli + by.bound if wide else by.moduli)

    def shift(self, error: Floats) -> Any:
        by = self.derivative
        return by * error if isinstance(by, int) else absorbing(error, by.floats)

    def _times(self, x: Node, view: View) -> Node:
        by = self.derivative
        if isinstance(by, int):
            return x if by == 1 else -x
        return x * view(by)


class Reduced(Part):
    """The parent, times a local derivative, component by component, and summed over axes."""

    __slots__ = ("scaled", "summed")

    def __init__(self, parent: Node, by: Any, summed: LinearMap) -> None:
        super().__init__(parent)
        self.scaled = Scaled(parent, by, parent.shape)
        self.summed = summed

    def pull(self, g: Node, view: View) -> Node:
        return self.scaled.pull(apply(self.summed.adjoint, g), view)

    def push(self, t: Node, view: View) -> Node:
        return apply(self.summed, self.scaled.push(t, view))

    def widen(self, error: Any, *, wide: bool = False) -> Any:
        return self.summed(self.scaled.widen(error))

    def shift(self, error: Floats) -> Any:
        return self.summed(self.scaled.shift(error))


def lift(x: Any) -> Node:
    """Return x as a node; numbers and arrays become constants."""
    return x if isinstance(x, Node) else Node(x)


def smooth(
    name: str,
    value: Callable[[arb], arb],
    x: Node,
    slope: Callable[[Node, Node], Any],
    *,
    units: float = ELEMENTARY,
    edge: Callable[[Any], Any] | None = None,
) -> Node:
    """Return a function applied to each component; its slope is an expression of x and y = f(x)."""
    balls_ = np.asarray(np.frompyfunc(value, 1, 1)(x.value), dtype=object)
    y = Node(balls_, (name, x), rounding=of_function(units), edge=edge)
    y.follow(Scaled(x, lambda: slope(x, y), y.shape))
    return y


def reciprocal(x: Node) -> Node:
    """Return 1/x."""
    return smooth("reciprocal", lambda b: 1 / b, x, lambda x, y: -y * y, units=1.0, edge=np.abs)


def logarithm(x: Node) -> Node:
    """Return log x."""
    return smooth("log", arb.log, x, lambda x, y: 1 / x, edge=np.abs)


def where(mask: Any, a: Node, b: Node) -> Node:
    """Choose componentwise by booleans; to what was not chosen nothing flows."""
    mask = np.asarray(mask, dtype=bool)
    shape = np.broadcast_shapes(mask.shape, a.shape, b.shape)
    mask = np.broadcast_to(mask, shape)
    a, b = spread(a, shape), spread(b, shape)
    value = np.asarray(np.where(mask, a.value, b.value), dtype=object)
    parts = [
        Mapped(a, linear.Keep(shape, shape, mask)),
        Mapped(b, linear.Keep(shape, shape, ~mask)),
    ]
    return Node(value, ("where", mask, a, b), parts)


def gather(nodes: Sequence[Node]) -> Node:
    """Return the sum of nodes of one shape, in whatever order they are added."""
    if len(nodes) == 1:
        return nodes[0]
    value = _array(sum((n.value for n in nodes[1:]), start=nodes[0].value))
    parts = [Scaled(n, 1, n.shape) for n in nodes]
    rounding = of_sum(len(nodes) - 1, lambda: np.add.reduce([n.moduli for n in nodes]))
    return Node(value, ("gather", *nodes), parts, rounding=rounding)


def apply(by: LinearMap, x: Node) -> Node:
    """Return a linear map of a node."""
    terms = np.asarray(by.terms)
    rounding = of_sum(terms - 1.0, lambda: by(x.moduli)) if (terms > 1).any() else None
    sparse = isinstance(by, linear.Keep | linear.Put)
    return Node(by(x.value), ("linear", by, x), [Mapped(x, by)], rounding=rounding, sparse=sparse)


def concat(nodes: Sequence[Node], axis: int = 0) -> Node:
    """Join along an existing axis."""
    value = np.concatenate([n.value for n in nodes], axis=axis)
    ends = np.cumsum([n.shape[axis] for n in nodes]).tolist()
    before = (slice(None),) * (axis % value.ndim)
    parts = [
        Mapped(n, linear.Put(n.shape, value.shape, (*before, slice(end - n.shape[axis], end))))
        for n, end in zip(nodes, ends, strict=True)
    ]
    return Node(value, ("concat", int(axis), *nodes), parts)


def reshape(x: Node, shape: Sequence[int]) -> Node:
    """Return the components in another shape."""
    return apply(linear.reshape(x.shape, shape), x)


def transpose(x: Node, axes: Sequence[int]) -> Node:
    """Return the array with its axes in another order."""
    return apply(linear.permute(x.shape, axes), x)


def transposed(x: Node) -> Node:
    """Return the transposed matrix."""
    return transpose(x, (1, 0))


def spread(x: Node, shape: tuple[int, ...]) -> Node:
    """Return x broadcast to a shape."""
    return x if x.shape == shape else apply(linear.Spread(x.shape, shape), x)


def _whole_power(a: Node, exponent: int) -> Node:
    slope: Any = (lambda: exponent * a ** (exponent - 1)) if exponent else (lambda: Node(0))
    value = _array(a.value**exponent)
    return Node(
        value,
        ("power", a, exponent),
        [Scaled(a, slope, value.shape)],
        rounding=of_function(ELEMENTARY),
        edge=np.abs if exponent < 0 else None,
    )


def _array(x: Any) -> Balls:
    """Return a result as an array: NumPy returns a component where there are no axes."""
    return x if isinstance(x, np.ndarray) else np.asarray(x, dtype=object)
