"""Python's and NumPy's protocols on the reference's arrays: operators, methods, and refusals.

Each is one of `xp`'s operations under the name that NumPy gives it. What cannot be right is in a
table of refusals, with what to write instead; a test goes through all that `numpy.ndarray` has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiometer.reference import structure
from gradiometer.reference.array import Array, constants, lift
from gradiometer.reference.creation import astype
from gradiometer.reference.node import Node
from gradiometer.reference.operations import NAMESPACE, OPERATIONS
from gradiometer.reference.refusals import DERIVATIVE_LOST, WrongValue, refusal
from gradiometer.reference.structure import Move

BINARY_OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "pow",
    "matmul": "matmul", "floordiv": "floor_divide", "mod": "remainder",
}  # fmt: skip
COMPARISONS = {
    "gt": "greater", "ge": "greater_equal", "lt": "less", "le": "less_equal", "eq": "equal",
    "ne": "not_equal",
}  # fmt: skip
BITS = {"and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>"}

METHODS = {
    "__abs__": "abs", "__neg__": "negative", "__pos__": "positive", "cumprod": "cumulative_prod",
    "cumsum": "cumulative_sum", "dot": "matmul",
}  # fmt: skip
"""Methods that are operations of `xp` under another name."""

SAME = (
    "all", "any", "argmax", "argmin", "argsort", "clip", "max", "mean", "min", "prod", "repeat",
    "round", "std", "sum", "take", "var",
)  # fmt: skip
"""Methods that are operations of `xp` under the same name."""

UFUNCS = {
    getattr(np, name): OPERATIONS[name]
    for name in (*BINARY_OPERATORS.values(), *COMPARISONS.values())
}
"""What NumPy calls where its own array stands on the left of an operator."""


def _power(self: Array, exponent: Any, *modulus: Any) -> Any:
    if modulus:
        raise refusal("pow() with a modulus", "write the remainder: x**n % m.")
    return OPERATIONS["pow"](self, exponent)


def _reflected(name: str) -> Callable[..., Any]:
    operation = OPERATIONS[name]
    return lambda self, other, *modulus: operation(other, self)


def _in_place(name: str) -> Callable[..., Any]:
    operation = OPERATIONS[name]

    def change(self: Array, other: Any) -> Any:
        result = operation(self, other)
        if self.scalar:
            return result  # a number: the name is bound to another
        if result.shape != self.shape:
            raise refusal(
                f"an array of shape {self.shape} is changed in place to shape {result.shape}",
                "write x = x + y.",
                WrongValue,
            )
        self[...] = result
        return self

    return change


def _comparison(name: str) -> Callable[..., Any]:
    relation = OPERATIONS[name]

    def compared(self: Array, other: Any) -> Any:
        return NotImplemented if isinstance(other, str | type(None)) else relation(self, other)

    return compared


def _refused(met: str, instead: str) -> Callable[..., Any]:
    def refused(self: Array, *others: Any) -> Any:
        raise refusal(met, instead)

    return refused


def _bits(sign: str) -> Callable[..., Any]:
    met = f"the operator {sign} on an array of numbers"
    return _refused(met, "bits are of booleans and integers alone.")


def _truncated(name: str) -> Callable[..., Any]:
    def truncated(self: Array) -> Any:
        if not self.node.tracked:
            return getattr(float(self), f"__{name}__")()
        raise refusal(f"math.{name}", f"write xp.{name}.")

    return truncated


def _rearranged(method: str, rule: Callable[[Node, Move], Node]) -> Callable[..., Any]:
    """Return a method of NumPy's that makes a view, or a copy of what it takes."""

    def rearranged(self: Array, *args: Any, order: str = "C", **kwargs: Any) -> Array:
        if order not in ("C", "K", "A"):
            raise refusal(f"order={order!r}", "transpose first.")

        def by(a: Any) -> Any:
            return getattr(a, method)(*args, **kwargs)

        return self.view_or_copy(by(self.positions), rule(self.node, by))

    return rearranged


def _matrix_transposed(self: Array) -> Array:
    if self.ndim < 2:
        raise refusal(".mT of fewer than two axes", "it is of matrices.", WrongValue)
    return self.swapaxes(-1, -2)  # type: ignore[no-any-return]


def _item(self: Array, *where: Any) -> Any:
    position = np.arange(self.size).reshape(self.shape).item(*where)
    return constants(self.reshape(-1)[position], ".item()").item()


def _ufunc(self: Array, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    if method == "__call__" and ufunc in UFUNCS and not options:
        return UFUNCS[ufunc](*inputs)
    if "out" in options and not any(isinstance(out, Array) for out in options["out"]):
        raise refusal(
            "an array of NumPy is changed in place by one that is differentiated",
            "make it with `xp.zeros` or `xp.asarray`.",
        )
    raise refusal(f"numpy.{ufunc.__name__} is called", f"write xp.{ufunc.__name__}.")


def _function(self: Array, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    name = getattr(function, "__name__", str(function))
    raise refusal(f"numpy.{name} is called", f"write xp.{name}.")


def _itself(self: Array) -> Array:
    return self


def _divmod(a: Any, b: Any) -> tuple[Any, Any]:
    return OPERATIONS["floor_divide"](a, b), OPERATIONS["remainder"](a, b)


_pickled = _refused("an array of the reference is pickled", DERIVATIVE_LOST)
_transposed = _rearranged("transpose", structure.permuted)

PROTOCOL: dict[str, Any] = (
    {f"__{name}__": OPERATIONS[each] for name, each in BINARY_OPERATORS.items()}
    | {f"__r{name}__": _reflected(each) for name, each in BINARY_OPERATORS.items()}
    | {f"__i{name}__": _in_place(each) for name, each in BINARY_OPERATORS.items()}
    | {f"__{name}__": _comparison(each) for name, each in COMPARISONS.items()}
    | {f"__{side}{name}__": _bits(sign) for name, sign in BITS.items() for side in ("", "r", "i")}
    | {name: OPERATIONS[each] for name, each in METHODS.items()}
    | {name: OPERATIONS[name] for name in SAME}
    | {f"__{name}__": _truncated(name) for name in ("floor", "ceil", "trunc")}
    | {name: _rearranged(name, structure.shaped) for name in ("reshape", "squeeze")}
    | dict.fromkeys(("__reduce__", "__reduce_ex__", "__setstate__"), _pickled)
    | {
        "T": property(_transposed),
        "__array_function__": _function,
        "__array_namespace__": lambda self, **version: NAMESPACE,
        "__array_priority__": 1000.0,
        "__array_ufunc__": _ufunc,
        "__class_getitem__": classmethod(lambda cls, kind: cls),
        "__delitem__": _refused("del x[i]", "arrays keep their length."),
        "__divmod__": _divmod,
        "__invert__": _bits("~"),
        "__pow__": _power,
        "__rdivmod__": lambda self, other: _divmod(other, self),
        "__round__": lambda self, decimals=0: OPERATIONS["round"](self, decimals or 0),
        "astype": lambda self, dtype, **options: astype(self, dtype),
        "conj": _itself,
        "conjugate": _itself,
        "copy": lambda self, order="C": self.__copy__(),
        "device": "cpu",
        "diagonal": _rearranged("diagonal", structure.moved),
        "fill": lambda self, value: self.__setitem__(..., value),
        "flat": property(lambda self: iter(self.reshape(-1))),
        "flatten": lambda self, order="C": self.reshape(-1, order=order).copy(),
        "item": _item,
        "itemsize": 8,
        "mT": property(_matrix_transposed),
        "nbytes": property(lambda self: 8 * self.size),
        "ravel": lambda self, order="C": self.reshape(-1, order=order),
        "real": property(_itself),
        "swapaxes": _rearranged("swapaxes", structure.permuted),
        "tolist": lambda self: constants(self, ".tolist()").tolist(),
        "trace": lambda self, offset=0: NAMESPACE.linalg.trace(self, offset=offset),
        "transpose": _transposed,
        "view": lambda self, *kind: self[...],
    }
)
for _name, _meaning in PROTOCOL.items():
    setattr(Array, _name, _meaning)


def array(x: Any, *, integer: bool = False) -> Array:
    """Return an input or a given value as an array that a problem's function is given."""
    return Array(lift(x), integer=integer, scalar=False)
