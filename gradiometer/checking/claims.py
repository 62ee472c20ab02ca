"""What is checked: functions that are said to compute derivatives, and methods that do."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradiometer.errors import Unsupported
from gradiometer.vocabulary.method import Method, Mode, Primal
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.recorded import NUMPY

Function = Callable[..., Any]


@dataclass(frozen=True)
class Claim:
    """What is said to compute an operator.

    Attributes:
        name: What to call it.
        origin: Where it comes from, in words.
        method: It, as a method.
    """

    name: str
    origin: str
    method: Method


class Claimed(Method):
    """Functions that someone wrote: called with the inputs, the directions, and the given values.

    Args:
        name: What to call it.
        functions: The functions by operator. What can be derived from them, is.
    """

    mode: Mode = "manual"

    def __init__(self, name: str, functions: Mapping[str, Function]) -> None:
        self.name = name
        self.functions = functions

    def namespace(self) -> Namespace:
        """Return NumPy, with the functions that it lacks."""
        return NUMPY

    def array(self, a: Any) -> Any:
        """Return an array as it is, and a number as Python's or NumPy's own."""
        if a.ndim:
            return a.copy()
        return a[()] if a.dtype != np.float64 else float(a)

    def value(self, f: Primal) -> Function:
        """Return the function that is said to compute the value, or the function itself."""
        if "value" in self.functions:
            return self.functions["value"]
        return lambda *inputs, **given: f.problem.function(f.xp, *inputs, **given)

    def arguments(
        self, inputs: tuple[Any, ...], given: dict[str, Any], *directions: tuple[Any, ...]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments as an author writes them."""
        return tuple(itertools.chain(inputs, *directions)), given

    def gradient(self, f: Primal) -> Function:
        """Return what is said to compute the gradient."""
        return self._function("gradient")

    def jacobian(self, f: Primal) -> Function:
        """Return what is said to compute the Jacobian."""
        return self._function("jacobian")

    def hessian(self, f: Primal) -> Function:
        """Return what is said to compute the Hessian."""
        return self._function("hessian")

    def jvp(self, f: Primal) -> Function:
        """Return what is said to compute the pushforward."""
        return self._function("jvp")

    def vjp(self, f: Primal) -> Function:
        """Return what is said to compute the pullback."""
        return self._function("vjp")

    def hvp(self, f: Primal) -> Function:
        """Return what is said to compute the product of the Hessian and tangents."""
        return self._function("hvp")

    def _function(self, operator: str) -> Function:
        if operator not in self.functions:
            raise Unsupported(f"{self.name} has no {operator}.")
        return self.functions[operator]
