"""Arrays of formulas: NumPy's, whose operators are those of the tool that the formulas are of.

NumPy decides comparisons, and takes powers by methods that formulas have not. A scalar is an array
of no dimensions here, as in other tools, so that its operators are the tool's too.
"""

from __future__ import annotations

import numbers
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from gradiometer.errors import UnsupportedOperation

Functions = Mapping[str, Callable[..., Any]]
OPERATORS: dict[str, Callable[..., Any]] = {
    "abs": operator.abs, "pow": operator.pow,
    "greater": operator.gt, "greater_equal": operator.ge,
    "less": operator.lt, "less_equal": operator.le,
    "logical_and": operator.and_, "logical_or": operator.or_, "logical_not": operator.invert,
}  # fmt: skip
"""Functions of formulas that are Python's operators, unless a tool has functions for them."""

ARITY = dict.fromkeys((*OPERATORS, "atan2", "equal", "hypot", "not_equal"), 2) | {
    "abs": 1,
    "logical_not": 1,
    "where": 3,
}
"""How many formulas a function takes; one, where it is not here."""


def elementwise(
    functions: Functions, constant: Callable[[Any], Any] | None = None
) -> dict[str, Callable[..., Any]]:
    """Return functions of formulas as functions of arrays of them, and the operators.

    Args:
        functions: Functions of formulas, by the array API standard's names.
        constant: Makes a formula of a number, for tools whose functions take no numbers.
    """

    def of_formulas(function: Callable[..., Any]) -> Callable[..., Any]:
        if constant is None:
            return function
        return lambda *parts: function(*(constant(x) if is_number(x) else x for x in parts))

    return {
        name: np.frompyfunc(of_formulas(function), ARITY.get(name, 1), 1)
        for name, function in (OPERATORS | dict(functions)).items()
    }


def is_number(x: Any) -> bool:
    """Return whether something is a number, and no formula."""
    return isinstance(x, numbers.Number | np.bool)


class FormulaArray(np.ndarray[Any, Any]):
    """An array of formulas; a class of each tool has its functions.

    Attributes:
        own: The tool's functions of arrays, operators among them.
    """

    own: ClassVar[dict[str, Callable[..., Any]]] = {}
    __array_priority__ = 1000

    @classmethod
    def of(cls, formulas: Iterable[Any], shape: tuple[int, ...] = ()) -> Any:
        """Return formulas as an array of a shape; NumPy is not asked what they are."""
        listed = list(formulas)
        found = np.empty(len(listed), dtype=object)
        for k, formula in enumerate(listed):
            found[k] = formula
        return found.reshape(shape).view(cls)

    @classmethod
    def boxed(cls, found: Any) -> Any:
        """Return what a function of NumPy's returned as arrays of this class, where it is formulas.

        Scalar arrays that became components of another are replaced by what they hold.
        """
        if isinstance(found, tuple | list):
            return type(found)(map(cls.boxed, found))
        if isinstance(found, np.ndarray):
            if found.dtype != object or isinstance(found, cls):
                return found
            parts = (x.item() if isinstance(x, np.ndarray) else x for x in found.ravel().tolist())
            return cls.of(parts, found.shape)
        if found is None or is_number(found) or isinstance(found, np.generic | np.dtype):
            return found
        return cls.of([found])

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return array.view(type(self))

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return found if isinstance(found, np.ndarray) else type(self).of([found])

    def __bool__(self) -> bool:
        raise TypeError("cannot determine the truth value of a formula")

    def __abs__(self) -> Any:
        return self.own["abs"](self)

    def __pow__(self, exponent: Any, modulo: None = None) -> Any:
        return self.own["pow"](self, exponent)

    def __rpow__(self, base: Any, modulo: None = None) -> Any:
        return self.own["pow"](base, self)

    def __gt__(self, other: Any) -> Any:
        return self.own["greater"](self, other)

    def __ge__(self, other: Any) -> Any:
        return self.own["greater_equal"](self, other)

    def __lt__(self, other: Any) -> Any:
        return self.own["less"](self, other)

    def __le__(self, other: Any) -> Any:
        return self.own["less_equal"](self, other)

    def __and__(self, other: Any) -> Any:
        return self.own["logical_and"](self, other)

    def __or__(self, other: Any) -> Any:
        return self.own["logical_or"](self, other)

    def __invert__(self) -> Any:
        return self.own["logical_not"](self)

    def __eq__(self, other: object) -> Any:
        raise UnsupportedOperation("formulas have no elementwise operation 'equal'.")

    def __ne__(self, other: object) -> Any:
        raise UnsupportedOperation("formulas have no elementwise operation 'not_equal'.")

    __hash__ = None
