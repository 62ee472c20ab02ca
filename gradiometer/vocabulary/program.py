"""A program: what stands where a problem's function stands, called as `f(xp, *inputs, **given)`.

A Python function that is written against an array namespace is one by itself, and is called as it
is. A `Program` is one that is held as data, and is evaluated in any namespace.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradiometer.vocabulary.point import Point


class Program(ABC):
    """A function of an array namespace, held as data; derive a class, and fill in two methods.

    Its names must be Python's identifiers: `inspect.signature` tells them as it does a function's.

    Attributes:
        note: How the last evaluation went, where it was otherwise than the function is written.
        translated: The framework that the function is written in, where the last evaluation was of
            a translation of it.
    """

    note: str = ""
    translated: str = ""

    @property
    @abstractmethod
    def names(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the inputs, in order, and those of the given values."""

    @abstractmethod
    def evaluate(self, xp: Any, inputs: Sequence[Any], given: Mapping[str, Any]) -> Any:
        """Return the outputs: one array, or a tuple of several.

        Args:
            xp: The array namespace.
            inputs: Arrays of that namespace, one an input.
            given: Arrays that are held constant, by name.

        Raises:
            UnknownBranch: If a decision comes out as in no evaluation that was recorded.
        """

    def meeting(self, point: Point) -> AbstractContextManager[None]:
        """Return a context in which all evaluations are at a point: what is recorded, is there."""
        return nullcontext()

    def unknown(self, point: Point) -> str:
        """Return why recorded branches, of which none is a point's, give no number there."""
        return ""

    def original(self, inputs: Sequence[Any], given: Mapping[str, Any]) -> Sequence[Any] | None:
        """Return the outputs of what the program was made of, called as it is with NumPy's numbers.

        A certificate of a program is refused where these are others. `None` if it was written as
        a program.
        """
        return None

    def __call__(self, xp: Any, /, *inputs: Any, **given: Any) -> Any:
        """Return the outputs, called as a function is."""
        return self.evaluate(xp, inputs, given)

    @property
    def __signature__(self) -> Signature:
        inputs, given = self.names
        parameters = [Parameter(name, Parameter.POSITIONAL_ONLY) for name in ("xp", *inputs)]
        parameters += [Parameter(name, Parameter.KEYWORD_ONLY) for name in given]
        return Signature(parameters)
