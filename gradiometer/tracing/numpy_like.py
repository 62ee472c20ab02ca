"""NumPy's functions, by its own names, over any tool's array namespace.

What no array of the tool's goes into, NumPy computes: constants. Only the reference computes
constants itself, since they are exact there. What goes into no function of the tables is refused by
name, with the line of the program.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.tracing.array import Storage, Traced
from gradiometer.tracing.folding import Folding
from gradiometer.tracing.methods import ATTRIBUTES, METHODS
from gradiometer.tracing.names import Names
from gradiometer.tracing.native import Native
from gradiometer.tracing.refusals import INSTEAD, OTHERWISE, refusal

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul,
    "divide": operator.truediv, "power": operator.pow, "floor_divide": operator.floordiv,
    "remainder": operator.mod, "negative": operator.neg, "less": operator.lt,
    "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
    "equal": operator.eq, "not_equal": operator.ne,
}  # fmt: skip
"""NumPy's functions that are operators of every tool's arrays."""

RELATIONS = ("less", "less_equal", "greater", "greater_equal", "equal", "not_equal")


class NumPyLike(Folding):
    """NumPy's functions over a tool's arrays, as attributes.

    Args:
        xp: The tool's array namespace. Its attribute `exact` says that it computes constants, too.

    Attributes:
        operations: Operations that were made of the tool's.
        most: How many may be made.
    """

    def __init__(self, xp: Any) -> None:
        self.native = Native(xp)
        self.operations = 0
        self.most = math.inf
        self.exact = self.native.find("exact") is True
        self.names = Names(self)

    def __getattr__(self, name: str) -> Any:
        # Reached once a name: what is found stays as an attribute.
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(self.names.module(np), name)
        setattr(self, name, found)
        return found

    def standing_for(self, function: Any) -> Any:
        """Return what stands for a function of NumPy's, or a module."""
        return self.names.standing_for(function)

    def operand(self, x: Any, *, array: bool = False) -> Any:
        """Return an operand as the tool's array, or as a number.

        Args:
            x: An array, a number, or lists of those.
            array: Whether a number is made an array, too.
        """
        if isinstance(x, list | tuple):
            x = self.lift(x)
        if isinstance(x, Traced):
            if x.boolean:
                one = self.native.array(np.ones(x.shape))
                return self.native.where(x.native, one, 0.0 * one)
            if not x.constant:
                return x.native
            x = x.native
        if isinstance(x, np.ndarray) and x.ndim:
            return self._real(x)
        x = x.item() if isinstance(x, np.ndarray | np.generic) else x
        if isinstance(x, str | bytes | dict | set | complex | None):
            raise refusal(f"{x!r} is used as a number", "real numbers and arrays are expected.")
        if array:
            return self._real(x)
        return int(x) if isinstance(x, bool) else x

    def _real(self, x: Any) -> Any:
        kind = np.asarray(x).dtype.kind
        if kind not in "fiub":
            raise refusal(f"an array of {np.asarray(x).dtype} is met", "real numbers are expected.")
        return self.native.array(x)

    def condition(self, x: Any) -> Any:
        """Return truth values as the tool's."""
        kind = (x if isinstance(x, Traced) else np.asarray(x)).dtype.kind
        if kind != "b":
            x = self.not_equal(x, 0)
        if isinstance(x, Traced) and not x.constant:
            return x.native
        return self.native.truths(self.plain(x))

    # Operations.

    def count(self) -> None:
        """Count an operation.

        Raises:
            Refused: If there were too many: a loop that does not end, say.
        """
        self.operations += 1
        if self.operations > self.most:
            raise refusal(
                f"more than {self.most:,} operations are made",
                "elsewhere they were a tenth at most; the loop may not end at this point.",
            )

    def computed(self, name: str, *operands: Any) -> Any:
        """Return an operator's result; see `OPERATORS`."""
        function = OPERATORS[name]
        if not self.live(operands):
            plain = self.folded(operands)
            if plain is not None:
                with np.errstate(all="ignore"):
                    found = function(*plain)
                if not self.exact or np.asarray(found).dtype.kind != "f":
                    return self.constant(found)
        self.count()
        natives = [self.operand(x) for x in operands]
        if not any(hasattr(x, "shape") for x in natives):
            natives = [self.operand(x, array=True) for x in operands]
        if name in RELATIONS:
            return self.wrap(function(*natives), boolean=True)
        return self.wrap(function(*natives))

    def called(self, name: str, *operands: Any, boolean: bool = False, **options: Any) -> Any:
        """Return what the tool's function of that name makes of operands, as arrays.

        Raises:
            Refused: If the tool has no such function.
        """
        function = self.native.find(name) or operator.attrgetter(name)(self.native.xp)
        self.count()
        natives = [self.operand(x, array=True) for x in operands]
        given = {k: v for k, v in options.items() if v is not None}
        return self.wrap(function(*natives, **given), boolean=boolean)

    def called_with(self, name: str, first: Any, *operands: Any) -> Any:
        """Return what the tool's function makes of something else, then operands."""
        found = self.native.find(name)(first, *(self.operand(x, array=True) for x in operands))
        return self.wrap(found)

    def spread(self, *arrays: Any) -> tuple[Any, ...]:
        """Return arrays and numbers as arrays of one shape."""
        arrays = tuple(map(self.lift, arrays))
        shape = np.broadcast_shapes(*(x.shape for x in arrays))
        natives = (self.operand(x, array=True) for x in arrays)
        return tuple(Traced(self, self.native.broadcast(x, shape)) for x in natives)

    def complex(self, x: Any) -> bool:
        """Return whether an array's numbers are complex: those of a complex step."""
        native = x.native if isinstance(x, Traced) else x
        return isinstance(native, np.ndarray | np.generic) and native.dtype.kind == "c"

    def offers(self, name: str) -> bool:
        """Return whether the tool has a function of that name."""
        return self.native.find(name) is not None

    def written(self, storage: Storage, at: Any, value: Any) -> Any:
        """Return a storage's array with other components at positions; the last counts."""
        old = storage.native
        held = Traced(self, old, scalar=False)
        if held.constant and not self.live(value):
            new = self.plain(value)
            if isinstance(new, np.ndarray | np.generic | float | int | list | tuple):
                changed = np.array(old)
                changed.reshape(-1)[at] = new
                return changed
        if held.constant and held.dtype.kind != "f":
            raise refusal(
                f"a real number is assigned to an array of {held.dtype}",
                "its fraction would be lost; make the array of floats.",
            )
        shape = storage.positions.shape
        new = self.native.broadcast(self.operand(value, array=True), at.shape)
        if at.shape == shape and np.array_equal(at, storage.positions):
            return new
        whole = self.operand(held, array=True)
        source = np.arange(storage.positions.size)
        source[at.ravel()] = storage.positions.size + np.arange(at.size)
        return self.native.take(self.native.concat([whole, new]), source.reshape(shape))

    def ufunc(
        self, ufunc: Any, method: str, inputs: tuple[Any, ...], options: Mapping[str, Any]
    ) -> Any:
        """Return what a universal function of NumPy's makes of arrays, as NumPy calls it."""
        out = options.get("out", ())
        given = {k: v for k, v in options.items() if k != "out"}
        function = self.standing_for(ufunc)
        function = function if method == "__call__" else getattr(function, method)
        result = function(*inputs, **given)
        if not out:
            return result
        (target,) = out
        if not isinstance(target, Traced):
            raise refusal(
                "an array of NumPy is changed in place by one that is differentiated",
                "make it in the function, by np.zeros or np.array.",
            )
        if target.scalar:
            return result  # a number: the name is bound to another
        if np.shape(result) != target.shape:
            raise ValueError(
                f"non-broadcastable output operand with shape {target.shape} doesn't match the "
                f"broadcast shape {np.shape(result)}"
            )
        target[...] = result
        return target

    def attribute(self, array: Traced, name: str) -> Any:
        """Return a method or an attribute of an array."""
        if name in ATTRIBUTES:
            return ATTRIBUTES[name](array)
        if name in METHODS:
            return functools.partial(METHODS[name], array)
        if hasattr(np.ndarray, name):
            raise refusal(f".{name} of an array", INSTEAD.get(name, OTHERWISE))
        raise AttributeError(f"'numpy.ndarray' object has no attribute {name!r}")

    def refused(self, name: str, function: Any, args: Any, kwargs: Any) -> Any:
        """Return what a function that no table has makes of constants, or refuse it by name."""
        try:
            plain, options = self.plain((args, kwargs))
        except GradiometerError:
            raise refusal(
                f"{name} is called", INSTEAD.get(name.rpartition(".")[2], OTHERWISE)
            ) from None
        return self.constant(function(*plain, **options))
