"""The node of the tape: an array of balls, and how it was computed; derivatives are nodes again."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradiometer.reference import balls as numeric
from gradiometer.reference import linear
from gradiometer.reference.balls import Balls
from gradiometer.reference.linear import LinearMap
from gradiometer.reference.parts import Mapped, Part, Scaled
from gradiometer.reference.rounding import (
    ELEMENTARY,
    ROUNDED,
    Floats,
    Rounding,
    absorbing,
    find_bounds,
    of_function,
    of_sum,
)


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
        boundary: How far its first operand is from where the operation is not defined.
        source: The node of which this is the untracked copy.
    """

    __slots__ = (
        "bilinear", "bound_", "boundary", "draws_", "floats_", "made", "moduli_", "noisy_",
        "origin_", "parts", "rounding", "source", "sparse", "tracked", "untracked_", "value",
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
        boundary: Callable[[Any], Any] | None = None,
        variable: bool = False,
        sparse: bool = False,
        source: Node | None = None,
    ) -> None:
        self.value: Balls = np.asarray(value, dtype=object) if made else numeric.balls(value)
        self.made = made or ("constant", np.array(value))  # a copy: the caller may change its own
        self.parts = tuple(parts)
        self.tracked: bool = variable or any(part.parent.tracked for part in parts)
        self.sparse: bool = sparse or any(part.parent.sparse for part in parts)
        self.bilinear = bilinear
        self.rounding = rounding
        self.boundary = boundary
        self.source = source
        self.floats_: Floats | None = None
        self.moduli_: Floats | None = None
        self.bound_: Floats | None = None
        self.noisy_ = False
        self.draws_: dict[int, Floats] = {}
        self.origin_: NDArray[np.int64] | None = None
        self.untracked_: Node | None = None

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
            self.floats_ = numeric.floats_without_underflow(self.value) if known is None else known
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
            underflown = (product == 0.0) & (a != 0.0) & (b != 0.0)
            return np.asarray(np.where(underflown, numeric.TINY, product))
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
            find_bounds(self)
        assert self.bound_ is not None
        return self.bound_

    @property
    def noisy(self) -> bool:
        """Whether rounding does anything to any component."""
        if self.bound_ is None:
            find_bounds(self)
        return self.noisy_

    @property
    def untracked(self) -> Node:
        """The same array, not tracked: what is computed from it is evaluated, not recorded."""
        if not self.tracked:
            return self
        if self.untracked_ is None:
            made = ("untracked", self)
            self.untracked_ = Node(self.value, made, source=self, sparse=self.sparse)
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
        inverse = functools.cache(lambda: _reciprocal(b))
        y: Node = componentwise(
            "divide",
            a.value / b.value,
            (b, lambda: -(y * inverse())),  # first, since the boundary is its
            (a, inverse),
            boundary=np.abs,
        )
        return y

    def __pow__(self, exponent: int) -> Node:
        slope = (lambda: exponent * self ** (exponent - 1)) if exponent else (lambda: Node(0))
        return componentwise(
            "power",
            self.value**exponent,
            (self, slope),
            given=(exponent,),
            rounding=of_function(ELEMENTARY),
            boundary=np.abs if exponent < 0 else None,
        )

    def __radd__(self, other: Any) -> Node:
        return lift(other) + self

    def __rsub__(self, other: Any) -> Node:
        return lift(other) - self

    def __rmul__(self, other: Any) -> Node:
        return lift(other) * self

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
