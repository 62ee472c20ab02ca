"""Python's `math` and builtins, on numbers of a tool's; rules of `math` are called with `nx`."""

from __future__ import annotations

import builtins
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.tracing.array import Traced
from gradiometer.tracing.kinds import STAND_INS
from gradiometer.tracing.refusals import refusal

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike

Rule = Callable[..., Any]

AS_NUMPY = {
    "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan",
    "atan2": "arctan2", "atanh": "arctanh", "cbrt": "cbrt", "ceil": "ceil",
    "copysign": "copysign", "cos": "cos", "cosh": "cosh", "degrees": "degrees", "exp": "exp",
    "exp2": "exp2", "expm1": "expm1", "fabs": "absolute", "floor": "floor", "fmod": "fmod",
    "isfinite": "isfinite", "isinf": "isinf", "isnan": "isnan", "log10": "log10",
    "log1p": "log1p", "log2": "log2", "modf": "modf", "pow": "power", "radians": "radians",
    "sin": "sin", "sinh": "sinh", "sqrt": "sqrt", "tan": "tan", "tanh": "tanh",
    "trunc": "trunc",
}  # fmt: skip
"""Functions of `math`, and NumPy's names of them."""


def number(nx: NumPyLike, x: Any) -> Any:
    """Return what `math` takes for a number.

    Raises:
        TypeError: If it is an array of several.
    """
    if np.size(x) != 1:
        raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
    return x if np.ndim(x) == 0 else nx.reshape(x, ())[()]


def _as_numpy(name: str) -> Rule:
    def rule(nx: NumPyLike, *numbers: Any) -> Any:
        return getattr(nx, name)(*(number(nx, x) for x in numbers))

    return rule


def _tools(name: str) -> Rule:
    def rule(nx: NumPyLike, x: Any) -> Any:
        if not nx.offers(name):
            raise refusal(f"math.{name} is called", "the tool, or the reference, has none.")
        return nx.called(name, number(nx, x))

    return rule


def log(nx: NumPyLike, x: Any, base: Any = None) -> Any:
    found = nx.log(number(nx, x))
    return found if base is None else found / nx.log(base)


def hypot(nx: NumPyLike, *numbers: Any) -> Any:
    return nx.sqrt(sum(x * x for x in numbers))


def dist(nx: NumPyLike, p: Any, q: Any) -> Any:
    return nx.sqrt(sum((a - b) * (a - b) for a, b in zip(p, q, strict=True)))


def fsum(nx: NumPyLike, numbers: Any) -> Any:
    return builtins.sum(numbers)


def prod(nx: NumPyLike, numbers: Any, *, start: Any = 1) -> Any:
    return functools.reduce(lambda a, b: a * b, numbers, start)


def sumprod(nx: NumPyLike, p: Any, q: Any) -> Any:
    return builtins.sum(a * b for a, b in zip(p, q, strict=True))


def fma(nx: NumPyLike, x: Any, y: Any, z: Any) -> Any:
    return x * y + z


def remainder(nx: NumPyLike, x: Any, y: Any) -> Any:
    return x - y * nx.round(x / y)


def ldexp(nx: NumPyLike, x: Any, i: int, /) -> Any:
    return x * 2.0**i


def isclose(nx: NumPyLike, a: Any, b: Any, *, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> Any:
    near = nx.maximum(rel_tol * nx.maximum(nx.absolute(a), nx.absolute(b)), abs_tol)
    return nx.absolute(a - b) <= near


TABLE: dict[str, Rule] = {
    name: _as_numpy(found) for name, found in AS_NUMPY.items()
} | {
    "dist": dist, "erf": _tools("erf"), "erfc": _tools("erfc"), "fma": fma, "fsum": fsum,
    "gamma": _tools("gamma"), "hypot": hypot, "isclose": isclose, "ldexp": ldexp,
    "lgamma": _tools("lgamma"), "log": log, "prod": prod, "remainder": remainder,
    "sumprod": sumprod,
}  # fmt: skip


def _extreme(name: str) -> Callable[..., Any]:
    """Return `max` or `min`: of numbers, the tool's own; else Python's, which compares."""
    python, numpys = getattr(builtins, name), {"max": "maximum", "min": "minimum"}[name]

    def extreme(*items: Any, **options: Any) -> Any:
        several = list(items[0]) if len(items) == 1 else list(items)
        met = [x for x in several if isinstance(x, Traced)]
        single = all(isinstance(x, Traced | int | float | np.number) for x in several)
        if options or not met or not single or any(x.shape for x in met):
            return python(several, **options)
        return functools.reduce(getattr(met[0].nx, numpys), several)

    return extreme


def _complex(*args: Any) -> Any:
    if any(isinstance(x, Traced) for x in args):
        raise refusal("complex(x)", "functions are of real numbers.")
    return complex(*args)


def _hash(x: Any) -> int:
    return id(x) if isinstance(x, Traced) else hash(x)


BUILTINS: dict[str, Any] = {
    "complex": _complex, "float": STAND_INS[float], "hash": _hash, "max": _extreme("max"),
    "min": _extreme("min"),
}  # fmt: skip
"""What stands for Python's builtins in copies of the user's functions."""
