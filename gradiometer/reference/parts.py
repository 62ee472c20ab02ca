"""How a node depends on its operands: a *part* for each, which maps derivatives and errors.

A part pulls a cotangent of the node back to the operand, pushes a tangent of the operand forward,
and tells what an error of the operand does to the node. Derivatives are made of nodes' own
operations, so that they can be differentiated again.

Knows nodes by their attributes and operators alone; they are made in `gradiometer.reference.node`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from gradiometer.reference.linear import Collapse, LinearMap, Shape, Spread
from gradiometer.reference.rounding import Floats, absorbing

View = Callable[[Any], Any]
"""How a pass uses a node on which a local derivative depends: as it is, or untracked."""

Values = Callable[[Any], Any]
"""Which float64 array stands for a node: its midpoints, or bounds on its moduli."""

midpoints: Values = attrgetter("floats")
moduli: Values = attrgetter("moduli")


@dataclass(eq=False, slots=True)
class Part:
    """The dependence of a node on one of its operands, the parent."""

    parent: Any

    @property
    def added(self) -> bool:
        """Whether the parent is added to the node, or taken from it, as it is."""
        return False

    def pull(self, g: Any, view: View) -> Any:
        """Return the parent's share of a cotangent of the node."""
        raise NotImplementedError

    def push(self, t: Any, view: View) -> Any:
        """Return what a tangent of the parent does to the node."""
        raise NotImplementedError

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        """Return what an error of the parent does to the node, to first order.

        Args:
            error: One for each component of the parent.
            values: What stands for the nodes that the local derivative is made of.
        """
        raise NotImplementedError

    def widen(self, error: Floats, *, wide: bool = False) -> Any:
        """Return what nonnegative errors of the parent do at most.

        Args:
            error: One for each component of the parent.
            wide: Whether the other operand's error counts as well, as in a product.
        """
        held = (lambda node: node.moduli + node.bound) if wide else moduli
        return np.abs(self.shift(error, held))


@dataclass(eq=False, slots=True)
class Mapped(Part):
    """The parent, through a linear map."""

    map: LinearMap

    def pull(self, g: Any, view: View) -> Any:
        return g.apply(self.map.adjoint)

    def push(self, t: Any, view: View) -> Any:
        return t.apply(self.map)

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        return self.map(error)


@dataclass(eq=False, slots=True)
class Shared(Part):
    """The parent, through a linear map, of which a share is taken.

    Attributes:
        map: The map.
        share: A node of balls between 0 and 1.
    """

    map: LinearMap
    share: Any

    def pull(self, g: Any, view: View) -> Any:
        return g.apply(self.map.adjoint) * self.share

    def push(self, t: Any, view: View) -> Any:
        return t.apply(self.map) * self.share

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        return self.map(error)


@dataclass(eq=False, slots=True)
class Scaled(Part):
    """The parent, broadcast and times a local derivative, component by component.

    Attributes:
        by: The derivative: 1, −1, a node, or a function that makes the node when it is needed.
        shape: The node's shape.
    """

    by: Any
    shape: Shape

    @property
    def added(self) -> bool:
        return isinstance(self.by, int)

    @property
    def derivative(self) -> Any:
        """The local derivative: 1, −1, or a node."""
        if callable(self.by):
            self.by = self.by()
        return self.by

    def pull(self, g: Any, view: View) -> Any:
        scaled, shape = self._times(g, view), self.parent.shape
        return scaled if scaled.shape == shape else scaled.apply(Collapse(scaled.shape, shape))

    def push(self, t: Any, view: View) -> Any:
        scaled, shape = self._times(t, view), self.shape
        return scaled if scaled.shape == shape else scaled.apply(Spread(scaled.shape, shape))

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        by = self.derivative
        return by * error if isinstance(by, int) else absorbing(error, values(by))

    def _times(self, x: Any, view: View) -> Any:
        by = self.derivative
        if isinstance(by, int):
            return x if by == 1 else -x
        return x * view(by)


@dataclass(eq=False, slots=True)
class Reduced(Part):
    """The parent, times a local derivative, component by component, and summed over axes."""

    scaled: Scaled
    summed: LinearMap

    def pull(self, g: Any, view: View) -> Any:
        return self.scaled.pull(g.apply(self.summed.adjoint), view)

    def push(self, t: Any, view: View) -> Any:
        return self.scaled.push(t, view).apply(self.summed)

    def shift(self, error: Floats, values: Values = midpoints) -> Any:
        return self.summed(self.scaled.shift(error, values))
