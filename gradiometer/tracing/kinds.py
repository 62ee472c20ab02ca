"""What stands for Python's and NumPy's types: a traced number is a `float` and an `np.float64`."""

from __future__ import annotations

import builtins
import numbers
from typing import Any

import numpy as np

from gradiometer.tracing.array import Traced
from gradiometer.tracing.refusals import INSTEAD, refusal


class Kind(type):
    """The type of a stand-in: instances are those of the type it stands for, and traced ones.

    Attributes:
        stands_for: The type.
        dtype: What NumPy takes it for where it is given as a `dtype`.
    """

    stands_for: type
    dtype: np.dtype[Any]

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, cls.stands_for) or (isinstance(x, Traced) and cls.includes(x))

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(getattr(kind, "stands_for", kind), cls.stands_for)

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is cls.stands_for

    def __hash__(cls) -> int:
        return hash(cls.stands_for)

    def __getattr__(cls, name: str) -> Any:
        return getattr(cls.stands_for, name)

    def __call__(cls, x: Any = 0.0, *more: Any, **named: Any) -> Any:
        """Return a traced number as it is; of anything else, what the type makes."""
        if not isinstance(x, Traced):
            return cls.stands_for(x, *more, **named)
        if cls.stands_for.__name__ in INSTEAD:
            name = cls.stands_for.__name__
            raise refusal(f"numpy.{name}(x)", INSTEAD[name])
        if cls.stands_for is builtins.float and x.size != 1:
            raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
        number = x.nx.asarray(x, dtype=float)
        return number.reshape(-1)[0] if number.size == 1 and cls.number else number

    @property
    def number(cls) -> bool:
        """Whether what it makes is a number."""
        return cls.stands_for is builtins.float

    def includes(cls, x: Traced) -> bool:
        """Return whether a traced array counts as one."""
        if cls.stands_for is np.ndarray:
            return not x.scalar
        return x.scalar and not x.boolean and x.dtype.kind == "f"


def _stand_in(stands_for: type) -> Kind:
    made = Kind(stands_for.__name__, (), {})
    made.stands_for = stands_for
    if stands_for in (builtins.float, np.float64, np.float32, np.float16):
        made.dtype = np.dtype(stands_for)
    return made


STAND_INS: dict[type, Kind] = {
    kind: _stand_in(kind)
    for kind in (
        builtins.float, np.ndarray, np.float64, np.float32, np.float16, np.floating, np.inexact,
        np.number, np.generic, numbers.Number, numbers.Complex, numbers.Real,
    )
}  # fmt: skip
"""What stands for each type in copies of the user's functions."""


def original(x: Any) -> Any:
    """Return the type that a stand-in stands for; anything else as it is."""
    return x.stands_for if type(x) is Kind else x


def asked_kind(dtype: Any) -> str:
    """Return `f`, `i` or `b`: the kind of numbers that a dtype asks for.

    Raises:
        Refused: If it is another.
    """
    found = np.dtype(original(dtype))
    if found in (np.float64, np.bool_) or found.kind in "iu":
        return "i" if found.kind == "u" else found.kind
    raise refusal(f"dtype={found}", INSTEAD["float32" if found.kind == "f" else "complex128"])
