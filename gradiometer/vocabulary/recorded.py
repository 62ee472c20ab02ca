"""The arrays that a function meets while it is recorded: they behave as NumPy's do.

Each operation goes to the recorder, which adds it to the graph and evaluates it there, in NumPy. A
number that leaves the computation is guarded, or refused where it depends on an input.
"""

from __future__ import annotations

import functools
import math
import operator
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import lazy_loader as lazy
import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from gradiometer.errors import GradiometerError
from gradiometer.vocabulary.composed import clip
from gradiometer.vocabulary.graph import (
    Constant,
    Guard,
    Named,
    Operation,
    Value,
    call_method,
    numbers_of,
    shape_of,
    substitute,
)
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.place import present_place
from gradiometer.vocabulary.program import Program

scipy = lazy.load("scipy")  # NumPy has no special functions
NUMPY = Namespace(np, {"clip": clip}, lambda name: getattr(scipy.special, name))

OPERATORS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv", "remainder": "mod",
    "floor_divide": "floordiv", "power": "pow", "matmul": "matmul", "bitwise_and": "and_",
    "bitwise_or": "or_", "bitwise_xor": "xor", "less": "lt", "less_equal": "le", "equal": "eq",
    "not_equal": "ne", "greater": "gt", "greater_equal": "ge", "negative": "neg",
    "positive": "pos", "absolute": "abs", "invert": "invert",
}  # fmt: skip
"""Python's operators, by the functions that NumPy's arrays make of them."""

FUNCTIONS = (
    "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "max", "mean", "min", "prod",
    "repeat", "round", "std", "sum", "take", "var",
)  # fmt: skip
"""Methods of arrays that the namespace has as functions. Others are each tool's own: views."""

SHAPED_BY_VALUES = ("argwhere", "compress", "extract", "flatnonzero", "nonzero", "unique")
PLAIN = (bool, int, float, complex, str, type, np.dtype, Named)
"""What stands for itself in a graph."""

PASSED_THROUGH = (str(Path(__file__).parent), str(Path(np.__file__).parent))
"""Where no line is that a function's author wrote."""


class Unrecordable(GradiometerError):
    """What a function does that a graph does not hold."""


class Recorder:
    """The steps of one evaluation, and the values that they give in NumPy."""

    def __init__(self) -> None:
        self.steps: list[Operation | Guard] = []
        self.values: list[Any] = []

    def array(self, found: Any, *, tracked: bool) -> Any:
        """Return what stands for a value: an array, or several; it depends on an input or not."""
        found = np.asarray(found)[()] if isinstance(found, bool | int | float) else found
        self.values.append(found)
        if found is None:
            return None
        array = Recorded(self, Value(len(self.values) - 1), found, tracked)
        if isinstance(found, tuple | list):
            parts = [self.call(operator.getitem, array, k) for k in range(len(found))]
            return type(found)(*parts) if hasattr(found, "_fields") else tuple(parts)
        if not isinstance(found, np.ndarray | np.generic):
            raise Unrecordable(f"an operation returns {type(found).__name__}{place()}.")
        return array

    def call(
        self, function: str | Program | Callable[..., Any], *arguments: Any, **options: Any
    ) -> Any:
        """Record an operation, and return its result."""
        step = Operation(function, self.reference(arguments), self.reference(options), place())
        with np.errstate(all="ignore"):
            found = step.evaluate(NUMPY, self.values)
        self.steps.append(step)
        met: list[Any] = []
        substitute((arguments, options), met.append)
        arrays = [each for each in met if isinstance(each, Recorded)]
        result = self.array(found, tracked=any(each._tracked for each in arrays))
        if result is not None and _shaped_by_values(function, arguments, arrays):
            for each in result if isinstance(result, tuple) else (result,):
                self.guard(shape_of, each)
        return result

    def guard(self, test: Callable[[Any], Any], array: Recorded, leaving: str = "") -> Any:
        """Return how a test of an array comes out; `leaving` names one that takes a number out.

        Raises:
            Unrecordable: If that is a real number which depends on an input.
        """
        if leaving and array._tracked and array._value.dtype.kind not in "biu":
            raise Unrecordable(
                f"{leaving} takes a number that depends on an input out of the computation"
                f"{place()}: its derivative would be lost; write the operation with `xp`."
            )
        outcome = test(array._value)
        self.steps.append(Guard(test, self.reference(array), outcome, place()))
        return outcome

    def reference(self, nested: Any) -> Any:
        """Return what stands for arguments, or a result, in the graph."""
        return substitute(nested, self._leaf)

    def _leaf(self, leaf: Any) -> Any:
        if isinstance(leaf, Recorded) and leaf._recorder is self:
            return leaf._reference
        if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biufc":
            return Constant(leaf.copy())
        if isinstance(leaf, np.generic):
            leaf = leaf.item()
        if isinstance(leaf, float) and math.isnan(leaf):
            return math.nan  # one and the same, so that graphs can be compared
        if leaf is None or leaf is Ellipsis or isinstance(leaf, PLAIN):
            return leaf
        kept = " that was kept from an earlier evaluation" if isinstance(leaf, Recorded) else ""
        raise Unrecordable(f"{type(leaf).__name__}{kept} cannot be recorded{place()}.")


class Recorded(NDArrayOperatorsMixin):
    """An array whose operations are recorded.

    Args:
        recorder: What they are added to.
        reference: What stands for it in the graph.
        value: NumPy's array, or number, at the point.
        tracked: Whether it depends on an input.
    """

    def __init__(self, recorder: Recorder, reference: Any, value: Any, tracked: bool) -> None:
        self._recorder = recorder
        self._reference = reference
        self._value = value
        self._tracked = tracked

    @property
    def dtype(self) -> Named:
        """The type of the components, which each tool has of its own under this name."""
        return Named(self._value.dtype.name)

    @property
    def present(self) -> Any:
        """NumPy's array, or number, at the point."""
        return self._value

    @property
    def tracked(self) -> bool:
        """Whether it depends on an input."""
        return self._tracked

    def held(self) -> Any:
        """Return the components as NumPy's: a guard tells which they are.

        Raises:
            Unrecordable: If they are real numbers which depend on an input.
        """
        found = self._recorder.guard(numbers_of, self, "an operation on plain numbers")
        return np.array(found, self._value.dtype).reshape(self._value.shape)

    def through(self, program: Program, *others: Any) -> Any:
        """Return what a program makes of the array and of others, as one operation."""
        return self._recorder.call(program, self, *others)

    def __len__(self) -> int:
        return len(self._value)

    def __iter__(self) -> Iterator[Any]:
        return (self[k] for k in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        return self._recorder.call(operator.getitem, self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._recorder.call(operator.setitem, self, key, value)
        self._tracked |= isinstance(value, Recorded) and value._tracked

    def __bool__(self) -> bool:
        return bool(self._recorder.guard(bool, self))

    def __index__(self) -> int:
        operator.index(self._value)
        return self.__int__()

    def __int__(self) -> int:
        return int(self._recorder.guard(int, self, "int(x)"))

    def __float__(self) -> float:
        return float(self._recorder.guard(float, self, "float(x), or a function of `math`,"))

    def item(self) -> Any:
        """Return the number."""
        return float(self) if self._value.dtype.kind == "f" else int(self)

    def tolist(self) -> Any:
        """Return the numbers."""
        return [each.tolist() for each in self] if np.ndim(self._value) else self.item()

    def __round__(self, decimals: int = 0) -> Any:
        return self._recorder.call("round", self, decimals)

    def __copy__(self, *memo: Any) -> Any:
        return self._recorder.call(call_method, self, "copy")

    __deepcopy__ = __copy__

    def __array__(self, *kind: Any, **options: Any) -> Any:
        raise Unrecordable(f"a function of NumPy takes an array{place()}: write it with `xp`.")

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: tuple[Any, ...] = (), **options: Any
    ) -> Any:
        name = ufunc.__name__
        elsewhere = bool(out) and out[0] is not self
        if method != "__call__" or name not in OPERATORS or elsewhere or options:
            raise Unrecordable(f"numpy.{name} is called{place()}: write xp.{name}.")
        if not out:
            return self._recorder.call(getattr(operator, OPERATORS[name]), *inputs)
        in_place = getattr(operator, f"i{OPERATORS[name].strip('_')}")
        changed = self._recorder.call(in_place, *inputs)
        self._tracked = changed._tracked  # it may be one and the same array
        return changed

    def __getattr__(self, name: str) -> Any:
        if name in FUNCTIONS:
            return functools.partial(self._recorder.call, name, self)
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(self._value, name)
        if name in ("shape", "ndim", "size"):
            return found
        if callable(found):
            return functools.partial(self._recorder.call, call_method, self, name)
        return self._recorder.call(getattr, self, name)


def place() -> str:
    """Return ` at FILE, line N`, of the innermost line that a function's author wrote."""
    if told := present_place():
        return told
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(PASSED_THROUGH):
        frame = frame.f_back
    return f" at {Path(frame.f_code.co_filename).name}, line {frame.f_lineno}" if frame else ""


def _shaped_by_values(function: Any, arguments: Any, arrays: Sequence[Recorded]) -> bool:
    """Return whether a result's shape may depend on values: on a mask, or a length."""
    name = arguments[1] if function is call_method else function
    if name is operator.getitem:
        arrays = arrays[1:]
    elif not isinstance(name, str) or name == "where":
        return False
    return name in SHAPED_BY_VALUES or any(each._value.dtype.kind in "biu" for each in arrays)
