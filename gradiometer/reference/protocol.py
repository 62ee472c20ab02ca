"""Python's and NumPy's protocols on the reference's arrays: operators, methods, and refusals.

Each is one of `xp`'s operations under the name that NumPy gives it. What cannot be right is in a
table of refusals, with what to write instead; a test goes through all that `numpy.ndarray` has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiometer.reference import shapes, structure
from gradiometer.reference.array import Array, constants, lift
from gradiometer.reference.creation import asarray, astype
from gradiometer.reference.operations import NAMESPACE, OPERATIONS
from gradiometer.reference.place import WrongName, WrongValue, refusal
from gradiometer.reference.refusals import BITS_ONLY, DERIVATIVE_LOST, REFUSED

BINARY_OPERATORS = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "pow": "pow",
    "matmul": "matmul", "floordiv": "floor_divide", "mod": "remainder",
}  # fmt: skip
COMPARISONS = {
    "gt": "greater", "ge": "greater_equal", "lt": "less", "le": "less_equal", "eq": "equal",
    "ne": "not_equal",
}  # fmt: skip
UNARY_OPERATORS = {"neg": "negative", "pos": "positive", "abs": "abs"}
BITS = {"and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>"}

UFUNCS = {
    "add": "add", "subtract": "subtract", "multiply": "multiply", "divide": "divide",
    "true_divide": "divide", "power": "pow", "matmul": "matmul", "floor_divide": "floor_divide",
    "remainder": "remainder", "greater": "greater", "greater_equal": "greater_equal",
    "less": "less", "less_equal": "less_equal", "equal": "equal", "not_equal": "not_equal",
}  # fmt: skip
"""What NumPy calls where its own array stands on the left of an operator."""

METHODS: dict[str, str] = {
    "all": "all", "any": "any", "argmax": "argmax", "argmin": "argmin", "argsort": "argsort",
    "clip": "clip", "cumprod": "cumulative_prod", "cumsum": "cumulative_sum", "dot": "matmul",
    "max": "max", "mean": "mean", "min": "min", "prod": "prod", "repeat": "repeat",
    "round": "round", "std": "std", "sum": "sum", "take": "take", "var": "var",
}  # fmt: skip
"""Methods that are operations of `xp` under another name, or the same."""


def _operator(name: str) -> Callable[..., Any]:
    operation = OPERATIONS[name]

    def operate(self: Array, other: Any, *modulus: Any) -> Any:
        if modulus:
            raise refusal("pow() with a modulus", "write the remainder: x**n % m.")
        return operation(self, other)

    return operate


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


def _bits(name: str) -> Callable[..., Any]:
    def refused(self: Array, *others: Any) -> Any:
        raise refusal(f"the operator {name} on an array of numbers", BITS_ONLY)

    return refused


def _truncated(name: str) -> Callable[..., Any]:
    def refused(self: Array) -> Any:
        if not self.node.tracked:
            return getattr(float(self), name)()
        raise refusal(f"math.{name.strip('_')}", f"write xp.{name.strip('_')}.")

    return refused


def _reshape(self: Array, *shape: Any, order: str = "C", copy: bool | None = None) -> Array:
    wanted = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
    _plain_order(order)
    return self.view_or_copy(lambda p: p.reshape(wanted), structure.reshape(self.node, wanted))


def _transpose(self: Array, *axes: Any) -> Array:
    given = axes[0] if len(axes) == 1 and isinstance(axes[0], tuple | list) else axes
    order = tuple(given) if given and given[0] is not None else tuple(range(self.ndim))[::-1]
    return self.view_or_copy(lambda p: p.transpose(order), structure.transpose(self.node, order))


def _matrix_transposed(self: Array) -> Array:
    if self.ndim < 2:
        raise refusal(".mT of fewer than two axes", "it is of matrices.", WrongValue)
    return self.view_or_copy(lambda p: p.mT, shapes.matrix_transpose(self.node))


def _plain_order(order: str) -> None:
    if order not in ("C", "K", "A"):
        raise refusal(f"order={order!r}", "transpose first.")


def _rearranged(method: str, operation: Callable[..., Any]) -> Callable[..., Any]:
    def rearranged(self: Array, *args: Any, **kwargs: Any) -> Array:
        node = operation(self.node, *args, **kwargs)
        return self.view_or_copy(lambda p: getattr(p, method)(*args, **kwargs), node)

    return rearranged


def _diagonal(self: Array, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Array:
    positions = self.positions.diagonal(offset, axis1, axis2)
    node = structure.reshape(self.node, (-1,))[
        np.arange(self.size).reshape(self.shape).diagonal(offset, axis1, axis2)
    ]
    return self.view_or_copy(lambda p: positions, node)


def _item(self: Array, *where: Any) -> Any:
    chosen = (
        self[where[0] if len(where) == 1 and isinstance(where[0], tuple) else where]
        if where
        else self
    )
    return constants(chosen, ".item()").item()


def _fill(self: Array, value: Any) -> None:
    self[...] = value


def _ufunc(self: Array, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    if method == "__call__" and ufunc.__name__ in UFUNCS and not options:
        return OPERATIONS[UFUNCS[ufunc.__name__]](*inputs)
    if "out" in options and not any(isinstance(out, Array) for out in options["out"]):
        raise refusal(
            "an array of NumPy is changed in place by one that is differentiated",
            "make it with `xp.zeros` or `xp.asarray`.",
        )
    raise refusal(f"numpy.{ufunc.__name__} is called", f"write xp.{ufunc.__name__}.")


def _function(self: Array, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
    name = getattr(function, "__name__", str(function))
    raise refusal(f"numpy.{name} is called", f"write xp.{name}.")


def _missing(self: Array, name: str) -> Any:
    if name in REFUSED:
        raise refusal(f".{name} of an array", REFUSED[name], WrongName)
    raise WrongName(f"arrays have no attribute {name!r}.")


def _deleted(self: Array, key: Any) -> None:
    raise refusal("del x[i]", "arrays keep their length.")


def _pickled(self: Array, *protocol: Any) -> Any:
    raise refusal("an array of the reference is pickled", DERIVATIVE_LOST)


def _itself(self: Array, *args: Any, **kwargs: Any) -> Array:
    return self


def _copied(self: Array, order: str = "C") -> Array:
    return Array(self.node, integer=self.integer, scalar=False)


def _flattened(self: Array, order: str = "C") -> Array:
    _plain_order(order)
    return Array(structure.reshape(self.node, (-1,)), integer=self.integer, scalar=False)


def _divmod(self: Array, other: Any) -> tuple[Any, Any]:
    return OPERATIONS["floor_divide"](self, other), OPERATIONS["remainder"](self, other)


def _method(name: str) -> Callable[..., Any]:
    operation = OPERATIONS[name]
    return lambda self, *args, **kwargs: operation(self, *args, **kwargs)


PROTOCOL: dict[str, Any] = (
    {f"__{name}__": _operator(each) for name, each in BINARY_OPERATORS.items()}
    | {f"__r{name}__": _reflected(each) for name, each in BINARY_OPERATORS.items()}
    | {f"__i{name}__": _in_place(each) for name, each in BINARY_OPERATORS.items()}
    | {f"__{name}__": _comparison(each) for name, each in COMPARISONS.items()}
    | {f"__{name}__": _method(each) for name, each in UNARY_OPERATORS.items()}
    | {f"__{side}{name}__": _bits(sign) for name, sign in BITS.items() for side in ("", "r", "i")}
    | {name: _method(each) for name, each in METHODS.items()}
    | {f"__{name}__": _truncated(f"__{name}__") for name in ("floor", "ceil", "trunc")}
    | {
        "T": property(_transpose),
        "__array_function__": _function,
        "__array_namespace__": lambda self, **version: NAMESPACE,
        "__array_priority__": 1000.0,
        "__array_ufunc__": _ufunc,
        "__class_getitem__": classmethod(lambda cls, kind: cls),
        "__delitem__": _deleted,
        "__divmod__": _divmod,
        "__getattr__": _missing,
        "__invert__": _bits("~"),
        "__rdivmod__": lambda self, other: _divmod(asarray(other), self),
        "__reduce__": _pickled,
        "__reduce_ex__": _pickled,
        "__round__": lambda self, decimals=0: OPERATIONS["round"](self, decimals or 0),
        "__setstate__": _pickled,
        "astype": lambda self, dtype, **options: astype(self, dtype),
        "conj": _itself,
        "conjugate": _itself,
        "copy": _copied,
        "device": "cpu",
        "diagonal": _diagonal,
        "fill": _fill,
        "flat": property(lambda self: iter(_flattened(self))),
        "flatten": _flattened,
        "item": _item,
        "itemsize": 8,
        "mT": property(_matrix_transposed),
        "nbytes": property(lambda self: 8 * self.size),
        "ravel": lambda self, order="C": _reshape(self, -1, order=order),
        "real": property(_itself),
        "reshape": _reshape,
        "squeeze": _rearranged("squeeze", shapes.squeeze),
        "swapaxes": _rearranged("swapaxes", shapes.swapaxes),
        "tolist": lambda self: constants(self, ".tolist()").tolist(),
        "trace": lambda self, offset=0: NAMESPACE.linalg.trace(self, offset=offset),
        "transpose": _transpose,
        "view": lambda self, *kind: self[...],
    }
)
for _name, _meaning in PROTOCOL.items():
    setattr(Array, _name, _meaning)


def array(x: Any, *, integer: bool = False) -> Array:
    """Return an input or a given value as an array that a problem's function is given."""
    return Array(lift(x), integer=integer, scalar=False)
