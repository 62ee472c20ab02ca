"""NumPy's functions on arrays of formulas, of which each component is an object of its own.

Functions of components are given; here others are composed of them, so that no formula has to be
decided, conjugated or looked up. What NumPy cannot do with formulas is unsupported, by name.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradiometer.errors import UnsupportedOperation
from gradiometer.vocabulary.formula_array import FormulaArray, Functions
from gradiometer.vocabulary.namespace import Namespace

LINEAR = ("cross", "diagonal", "matmul", "matrix_transpose", "outer", "tensordot")
"""Functions of matrices that add and multiply, and no more."""


class Formulas(Namespace):
    """NumPy's functions, which fail by name where they cannot take formulas.

    Args:
        module: NumPy, or its `linalg`.
        own: Functions that stand before it.
        tool: What to call the tool that the formulas are of.
        kind: The class of its arrays.
        prefix: What precedes a name.
    """

    def __init__(
        self, module: Any, own: Functions, tool: str, kind: type[FormulaArray], prefix: str = ""
    ) -> None:
        super().__init__(module, own)
        self._tool = tool
        self.kind = kind
        self._prefix = prefix

    def __getattr__(self, name: str) -> Any:
        try:
            found = super().__getattr__(name)
        except UnsupportedOperation:
            return missing(self._tool, self._prefix + name)()
        if isinstance(found, type) or not callable(found):
            return found
        named = functools.partial(_named, self._tool, self.kind, self._prefix + name, found)
        setattr(self, name, named)
        return named


def formulas(own: Functions, tool: str, kind: type[FormulaArray]) -> Namespace:
    """Return the functions on arrays of formulas.

    Args:
        own: Functions of each component: `exp`, `log`, `sqrt`, `where` at least, and the operators.
            They stand before those that are composed here.
        tool: What to call the tool in messages.
        kind: The class of its arrays.
    """
    own = {name: _boxing(kind, function) for name, function in own.items()}
    exp, log, sqrt, where = (own[name] for name in ("exp", "log", "sqrt", "where"))

    def maximum(a: Any, b: Any) -> Any:
        return where(own["greater_equal"](a, b), a, b)

    def minimum(a: Any, b: Any) -> Any:
        return where(own["less_equal"](a, b), a, b)

    def clip(x: Any, min: Any = None, max: Any = None) -> Any:  # noqa: A002  # the standard's
        x = x if min is None else maximum(x, min)
        return x if max is None else minimum(x, max)

    def softmax(x: Any, axis: int = -1) -> Any:
        return exp(x) / np.sum(exp(x), axis=axis, keepdims=True)

    def variance(x: Any, axis: Any = None, correction: float = 0, keepdims: bool = False) -> Any:
        apart = x - np.mean(x, axis=axis, keepdims=True)
        squares = np.sum(apart * apart, axis=axis, keepdims=keepdims)
        return squares / (np.size(x) // max(1, np.size(squares)) - correction)

    def vecdot(a: Any, b: Any, *, axis: int = -1) -> Any:
        return np.sum(a * b, axis=axis)

    def vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:  # noqa: A002
        if ord != 2:
            raise UnsupportedOperation(f"{tool} has no 'linalg.vector_norm' with ord={ord!r}.")
        return sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))

    linalg = {name: getattr(np.linalg, name) for name in LINEAR} | {
        "trace": lambda x, offset=0: np.sum(np.diagonal(x, offset, -2, -1), axis=-1),
        "vecdot": vecdot,
        "vector_norm": vector_norm,
    }
    composed: dict[str, Any] = {
        "astype": missing(tool, "astype"),
        "clip": clip,
        "equal": missing(tool, "equal"),
        "exp2": lambda x: exp(x * math.log(2.0)),
        "hypot": lambda a, b: sqrt(a * a + b * b),
        "linalg": Formulas(SimpleNamespace(), linalg, tool, kind, "linalg."),
        "log10": lambda x: log(x) / math.log(10.0),
        "log2": lambda x: log(x) / math.log(2.0),
        "log_softmax": lambda x, axis=-1: x - log(np.sum(exp(x), axis=axis, keepdims=True)),
        "logaddexp": lambda a, b: log(exp(a) + exp(b)),
        "logsumexp": lambda x, axis=None, **kept: log(np.sum(exp(x), axis=axis, **kept)),
        "max": _reduced(maximum),
        "maximum": maximum,
        "min": _reduced(minimum),
        "minimum": minimum,
        "not_equal": missing(tool, "not_equal"),
        "positive": lambda x: x,
        "relu": lambda x: where(own["greater"](x, 0.0), x, 0.0 * x),
        "sign": lambda x: where(own["greater"](x, 0.0), 1.0, where(own["less"](x, 0.0), -1.0, 0.0)),
        "softmax": softmax,
        "softplus": functools.partial(_softplus, own),
        "square": lambda x: x * x,
        "stop_gradient": missing(tool, "stop_gradient"),
        "std": lambda x, **how: sqrt(variance(x, **how)),
        "var": variance,
        "vecdot": vecdot,
    }
    return Formulas(np, composed | own, tool, kind)


def _softplus(own: Functions, x: Any) -> Any:
    exp, log = own["exp"], own["log"]
    if "log1p" in own:
        return own["log1p"](exp(x))
    below = own["less"](x, 0.0)  # the exponential of what is large would leave no digits
    return own["where"](below, log(1.0 + exp(x)), x + log(1.0 + exp(-x)))


def _boxing(kind: type[FormulaArray], function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *given: kind.boxed(function(*given))


def missing(tool: str, name: str) -> Callable[..., Any]:
    """Return a function that says that a tool has none of that name."""

    def refused(*given: Any, **how: Any) -> Any:
        raise UnsupportedOperation(f"{tool} has no elementwise operation {name!r}.")

    return refused


def _named(
    tool: str, kind: type[FormulaArray], name: str, function: Callable[..., Any], *given: Any,
    **how: Any,
) -> Any:  # fmt: skip
    """Call a function of NumPy's, and say its name where it takes no formulas."""
    try:
        return kind.boxed(function(*given, **how))
    except (AttributeError, TypeError) as error:
        raise UnsupportedOperation(
            f"{tool} has no elementwise operation {name!r}: {str(error).splitlines()[0]}"
        ) from error


def _reduced(combine: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Return a function over axes, of one of two components."""

    def reduced(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        axes = tuple(range(np.ndim(x))) if axis is None else tuple(np.atleast_1d(axis).tolist())
        front = np.moveaxis(x, axes, range(len(axes)))
        rows = front.reshape(-1, *front.shape[len(axes) :])
        found = functools.reduce(combine, [rows[k] for k in range(len(rows))])
        return np.expand_dims(found, axes) if keepdims else found

    return reduced
