"""The arrays that a function meets while it is recorded: they behave as NumPy's do.

Each operation goes to the recorder, which computes it in NumPy and adds it to the graph. A number
that leaves the computation is guarded, or refused where it depends on an input.
"""

from __future__ import annotations

import functools
import operator
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar, Protocol

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.vocabulary.graph import Named, call_method

HERE = str(Path(__file__).parent)

UNARY = ("neg", "pos", "abs", "invert")
COMPARISONS = {
    "lt": "less", "le": "less_equal", "eq": "equal", "ne": "not_equal", "gt": "greater",
    "ge": "greater_equal",
}  # fmt: skip
BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "mod": "remainder",
    "floordiv": "floor_divide", "pow": "power", "matmul": "matmul", "and_": "bitwise_and",
    "or_": "bitwise_or", "xor": "bitwise_xor",
}  # fmt: skip
"""Python's operators, and what NumPy calls where its own array stands on their left."""

UFUNCS = {ufunc: getattr(operator, name) for name, ufunc in (BINARY | COMPARISONS).items()}
FUNCTIONS = (
    "all", "any", "argmax", "argmin", "argsort", "astype", "clip", "max", "mean", "min", "prod",
    "repeat", "round", "std", "sum", "take", "var",
)  # fmt: skip
"""Methods of arrays that the namespace has as functions. Others are each tool's own: views."""


class Unrecordable(GradiometerError):
    """What a function does that a graph does not hold."""


class Recorder(Protocol):
    """What operations on arrays, and decisions on them, are added to."""

    def call(self, function: str | Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Record an operation, and return its result."""

    def guard(self, test: Callable[[Any], Any], array: Recorded, leaving: str = "") -> Any:
        """Return how a test of an array comes out; `leaving` names one that takes a number out."""


class Recorded:
    """An array whose operations are recorded.

    Args:
        recorder: What they are added to.
        reference: What stands for it in the graph.
        value: NumPy's array, or number, at the point.
        tracked: Whether it depends on an input.
    """

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # as NumPy's

    def __init__(self, recorder: Recorder, reference: Any, value: Any, tracked: bool) -> None:
        self._recorder = recorder
        self._reference = reference
        self._value = value
        self._tracked = tracked

    @property
    def dtype(self) -> Named:
        """The type of the components, which each tool has of its own under this name."""
        return Named(self._value.dtype.name)

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

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        name = ufunc.__name__
        if method != "__call__" or name not in UFUNCS or options:
            raise Unrecordable(f"numpy.{name} is called{place()}: write xp.{name}.")
        return self._recorder.call(UFUNCS[name], *inputs)

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


def _binary(function: Callable[..., Any], *, reflected: bool = False) -> Callable[..., Any]:
    def operate(self: Recorded, other: Any) -> Any:
        if other is None or isinstance(other, str):
            return NotImplemented
        return self._recorder.call(function, *((other, self) if reflected else (self, other)))

    return operate


def _in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    def change(self: Recorded, other: Any) -> Any:
        changed = self._recorder.call(function, self, other)
        self._tracked = changed._tracked  # it may be one and the same array
        return changed

    return change


def _unary(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self: self._recorder.call(function, self)


for _name in (*BINARY, *COMPARISONS):
    setattr(Recorded, f"__{_name.strip('_')}__", _binary(getattr(operator, _name)))
for _name in UNARY:
    setattr(Recorded, f"__{_name}__", _unary(getattr(operator, _name)))
for _name in BINARY:
    _plain = _name.strip("_")
    setattr(Recorded, f"__r{_plain}__", _binary(getattr(operator, _name), reflected=True))
    setattr(Recorded, f"__i{_plain}__", _in_place(getattr(operator, f"i{_plain}")))


def place() -> str:
    """Return ` at FILE, line N`, of the innermost frame outside of the vocabulary."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(HERE):
        frame = frame.f_back
    return f" at {Path(frame.f_code.co_filename).name}, line {frame.f_lineno}" if frame else ""
