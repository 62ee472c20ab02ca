"""The node of the tape: an array of balls, and how it was computed; derivatives are nodes again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cache
from typing import Any, ClassVar

import numpy as np

from gradiometer.reference import linear, literal, numeric
from gradiometer.reference.balls import Balls
from gradiometer.reference.linear import LinearMap
from gradiometer.reference.parts import Mapped, Part, Scaled
from gradiometer.reference.rounding import (
    ELEMENTARY,
    HELD,
    ROUNDED,
    Floats,
    Rounding,
    absorbing,
    of_function,
    of_sum,
    ordered,
    sound,
)


@dataclass(eq=False, repr=False, slots=True)
class Node:
    """An array of balls, and what it was computed from.

    Attributes:
        value: The balls, in one of two arithmetics; structural zeros among them in derivatives.
        made: The operation's name and everything that it was given: what identifies the node.
        parts: One for each operand.
        rounding: What evaluating it adds to the errors of its operands.
        bilinear: Whether it is the product of its first two operands.
        boundary: How far its first operand is from where the operation is not defined.
        tracked: Whether it is, or depends on, a variable.
        sparse: Whether structural zeros may be among its components.
        source: The node of which this is the untracked copy.
        draws: The errors that were drawn of it, by the number of the draw.
        origin: Where its components came from.

    What ends in an underscore is found when it is first asked for, and kept.
    """

    value: Balls | Any
    made: tuple[Any, ...] = ()
    parts: Sequence[Part] = ()
    _: KW_ONLY
    rounding: Rounding | None = None
    bilinear: bool = False
    boundary: Callable[[Any], Any] | None = None
    tracked: bool = False
    sparse: bool = False
    source: Node | None = None
    draws: dict[int, Floats] = field(default_factory=dict)
    origin: Any = None
    floats_: Floats | Any = None
    moduli_: Floats | Any = None
    bound_: Floats | Any = None
    noisy_: bool = False
    untracked_: Node | Any = None

    # A NumPy array on the left leaves the operation to the node.
    __array_ufunc__: ClassVar[None] = None

    def __post_init__(self) -> None:
        if self.made:
            self.value = numeric.held(self.value)
        else:  # a copy is kept: the caller may change its own
            self.made, self.rounding = ("constant", np.array(self.value)), HELD
            self.value = literal.constants(self.value)
        self.tracked = self.tracked or any(part.parent.tracked for part in self.parts)
        self.sparse = self.sparse or any(part.parent.sparse for part in self.parts)

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
            self.floats_ = self._find_floats()
        return self.floats_

    def _find_floats(self) -> Floats:
        """Return the midpoints, found from those of the operands where they are known."""
        known = [part.parent.floats_ for part in self.parts]
        if known and all(x is not None for x in known):
            if self.made[0] == "linear" and self.rounding is None:
                return np.asarray(self.made[1](known[0]))
            if self.made[0] == "multiply":
                a, b = known
                product = absorbing(a, b)
                underflown = (product == 0.0) & (a != 0.0) & (b != 0.0)
                return np.asarray(np.where(underflown, numeric.TINY, product))
        return np.asarray(numeric.floats_without_underflow(self.value))

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
        """What rounding can do to each component: the sound bound."""
        if self.bound_ is None:
            self._find_bounds()
        return self.bound_

    @property
    def noisy(self) -> bool:
        """Whether rounding does anything to any component."""
        if self.bound_ is None:
            self._find_bounds()
        return self.noisy_

    def _find_bounds(self) -> None:
        """Find the bounds of the node, and of what it was computed from, without recursion."""
        for node in ordered([self], lambda node: node.bound_ is not None):
            node.bound_ = sound(node)
            node.noisy_ = bool(node.bound_.any())

    @property
    def untracked(self) -> Node:
        """The same array, not tracked: what is computed from it is evaluated, not recorded."""
        if not self.tracked:
            return self
        if self.untracked_ is None:
            self.untracked_ = Node(self.value, ("untracked", self), source=self, sparse=self.sparse)
        return self.untracked_

    def apply(self, by: LinearMap) -> Node:
        """Return a linear map of the node."""
        terms = np.asarray(by.terms)
        rounding = of_sum(terms - 1.0, lambda: by(self.moduli)) if (terms > 1).any() else None
        made, parts = ("linear", by, self), [Mapped(self, by)]
        sparse = isinstance(by, linear.Keep | linear.Put)
        return Node(by(self.value), made, parts, rounding=rounding, sparse=sparse)

    def __getitem__(self, key: Any) -> Node:
        return self.apply(linear.take(self.shape, key))

    def __neg__(self) -> Node:
        return componentwise("negative", -self.value, (self, -1), rounding=None)

    def __add__(self, other: Any) -> Node:
        a, b = self, lift(other)
        return componentwise("add", a.value + b.value, (a, 1), (b, 1))

    def __sub__(self, other: Any) -> Node:
        a, b = self, lift(other)
        return componentwise("subtract", a.value - b.value, (a, 1), (b, -1))

    def __mul__(self, other: Any) -> Node:
        a, b = self, lift(other)
        return componentwise("multiply", a.value * b.value, (a, b), (b, a), bilinear=True)

    def __truediv__(self, other: Any) -> Node:
        a, b = self, lift(other)
        inverse = cache(lambda: _reciprocal(b))
        of_b = (b, lambda: -(y * inverse()))  # first, since the boundary is its
        y: Node = componentwise("divide", a.value / b.value, of_b, (a, inverse), boundary=np.abs)
        return y

    def __pow__(self, exponent: int) -> Node:
        slope = (lambda: exponent * self ** (exponent - 1)) if exponent else Node(0)
        value, rounding = self.value**exponent, of_function(ELEMENTARY)
        boundary = np.abs if exponent < 0 else None
        return componentwise(
            "power", value, (self, slope), given=(exponent,), rounding=rounding, boundary=boundary
        )

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: Any) -> Node:
        return lift(other) - self

    def __rtruediv__(self, other: Any) -> Node:
        return lift(other) / self


def lift(x: Any) -> Node:
    """Return x as a node; numbers and arrays become constants."""
    return x if isinstance(x, Node) else Node(x)


def componentwise(
    name: str,
    value: Any,
    *terms: tuple[Node, Any],
    given: tuple[Any, ...] = (),
    rounding: Rounding | None = ROUNDED,
    **facts: Any,
) -> Node:
    """Return a function of each component, with broadcasting.

    Args:
        name: The operation.
        value: The balls.
        terms: Operands, each with the derivative in it, as `Scaled` takes it.
        given: What else the operation was given.
        rounding: What evaluating it adds; one correct rounding by default.
        facts: Further attributes of the node.
    """
    shape = np.shape(value)
    parts = [Scaled(operand, slope, shape) for operand, slope in terms]
    made = (name, *(operand for operand, _ in terms), *given)
    return Node(value, made, parts, rounding=rounding, **facts)


def _reciprocal(x: Node) -> Node:
    y: Node = componentwise("reciprocal", 1 / x.value, (x, lambda: -y * y), boundary=np.abs)
    return y
