"""Arrays of a tool's dual numbers, NumPy's functions on them, and functions of lists of them."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from gradiometer.vocabulary.formula_array import FormulaArray, elementwise
from gradiometer.vocabulary.formulas import formulas
from gradiometer.vocabulary.method import Primal
from gradiometer.vocabulary.namespace import Namespace

METHODS = (
    "exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "asin",
    "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
)  # fmt: skip
"""NumPy's functions that ask each component for its method of that name."""

OfNumbers = Callable[[list[Any]], list[Any]]
"""A function of a list of numbers, which returns a list."""


def dual_functions(tool: str) -> Namespace:
    """Return NumPy's functions on arrays of dual numbers; what is missing is told of the tool."""
    return formulas(Duals.own | {name: getattr(np, name) for name in METHODS}, tool, Duals)


def _power(base: Any, exponent: Any) -> Any:
    """Return a power; a number has none with a dual number in its exponent."""
    if isinstance(base, float | int) and not isinstance(exponent, float | int):
        return np.exp(exponent * math.log(base))
    return base**exponent


class Duals(FormulaArray):
    """An array of dual numbers, which can be decided; a number from it is an array, too.

    For a bare number times an array writes the products into the array.
    """

    own = elementwise({
        "abs": lambda x: -x if x < 0 else x,
        "equal": operator.eq,
        "logical_not": operator.not_,  # of Python's truth values, whose `~` is a number
        "not_equal": operator.ne,
        "pow": _power,
        "sign": lambda x: float(x > 0) - float(x < 0),
        "where": lambda c, a, b: a if c else b,
    })  # fmt: skip

    @classmethod
    def boxed(cls, found: Any) -> Any:
        """Return arrays as such, and bare numbers, of functions of numbers only, as they are."""
        return super().boxed(found) if isinstance(found, np.ndarray | tuple | list) else found

    def __bool__(self) -> bool:
        return bool(self.item())

    def __eq__(self, other: object) -> Any:
        return self.own["equal"](self, other)

    def __ne__(self, other: object) -> Any:
        return self.own["not_equal"](self, other)

    __hash__ = None


def numbers(arrays: Sequence[Any]) -> list[Any]:
    """Return the components of arrays as Python's numbers."""
    found: list[Any] = np.concatenate(arrays, axis=None).tolist()
    return found


def of_numbers(f: Primal) -> Callable[[dict[str, Any]], OfNumbers]:
    """Return, by given values, a problem's function of a list of numbers, which returns a list."""
    shapes = [*f.signature.inputs.shapes.values()]
    sizes = [math.prod(shape) for shape in shapes]
    bare = not any((*shapes, *(a.shape for a in f.point.given.values())))

    def cut(x: list[Any]) -> Iterator[Any]:
        parts = iter(x)
        for shape, size in zip(shapes, sizes, strict=True):
            yield Duals.of(itertools.islice(parts, size), shape)

    def at(given: dict[str, Any]) -> OfNumbers:
        def function(x: list[Any]) -> list[Any]:
            y = f(tuple(x if bare else cut(x)), given)
            found = [z for part in (y if isinstance(y, tuple) else (y,)) for z in _components(part)]
            return [z + 0.0 * x[0] if isinstance(z, float | int) else z for z in found]

        return function

    return at


def scalar(f: Primal) -> Callable[[dict[str, Any]], Callable[[list[Any]], Any]]:
    """Return, by given values, a problem's function, of one output, of a list of numbers."""
    function_at = of_numbers(f)

    def at(given: dict[str, Any]) -> Callable[[list[Any]], Any]:
        function = function_at(given)
        return lambda x: function(x)[0]

    return at


def along(function: OfNumbers, direction: list[Any]) -> Callable[[list[Any], list[Any]], list[Any]]:
    """Return a function at x + t·v, of lists of the numbers x, and of t alone."""
    return lambda x, t: function([a + t[0] * b for a, b in zip(x, direction, strict=True)])


def _components(part: Any) -> list[Any]:
    found: list[Any] = part.ravel().tolist() if isinstance(part, np.ndarray) else [part]
    return found
