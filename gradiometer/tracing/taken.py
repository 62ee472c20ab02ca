"""A framework's function and what it is called with, as a function of flat arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gradiometer.vocabulary.space import Array


@dataclass(frozen=True, eq=False)
class Taken:
    """A function of a framework's, with the arrays among its arguments.

    Attributes:
        function: Takes the framework's arrays in the order of `names`, and returns its real
            outputs: one of the framework's arrays, or a tuple of them.
        arrays: The values by name: inputs first, then those that are held constant.
        inputs: The names of what is differentiated.
        given: The names of what is held constant.
        outputs: The shapes of the outputs by name; one that stands alone has the name "".
    """

    function: Callable[..., Any] = field(repr=False)
    arrays: dict[str, Array]
    inputs: tuple[str, ...]
    given: tuple[str, ...]
    outputs: dict[str, tuple[int, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of inputs and given values."""
        return (*self.inputs, *self.given)
