"""NumPy's functions of each component, over a tool's arrays; each is called with `nx` first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.tracing.kinds import asked_kind
from gradiometer.tracing.refusals import refusal

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike

Rule = Callable[..., Any]

SAME = {
    "absolute": "abs", "fabs": "abs", "arccos": "acos", "arccosh": "acosh", "arcsin": "asin",
    "arcsinh": "asinh", "arctan": "atan", "arctanh": "atanh", "ceil": "ceil", "cos": "cos",
    "cosh": "cosh", "exp": "exp", "exp2": "exp2", "expm1": "expm1", "floor": "floor", "log": "log",
    "log10": "log10", "log1p": "log1p", "log2": "log2", "rint": "round", "sign": "sign",
    "sin": "sin", "sinh": "sinh", "sqrt": "sqrt", "tan": "tan", "tanh": "tanh", "trunc": "trunc",
    "fix": "trunc",
}  # fmt: skip
"""Functions of one array, and what tools call them."""

OTHERWISE: dict[str, Callable[[NumPyLike, Any], Any]] = {
    "exp2": lambda nx, x: nx.exp(x * math.log(2.0)),
    "log2": lambda nx, x: nx.log(x) / math.log(2.0),
    "log10": lambda nx, x: nx.log(x) / math.log(10.0),
    "trunc": lambda nx, x: nx.where(x < 0.0, nx.ceil(x), nx.floor(x)),
    "expm1": lambda nx, x: nx.exp(x) - 1.0,
    "log1p": lambda nx, x: nx.log(1.0 + x),
    "tan": lambda nx, x: nx.sin(x) / nx.cos(x),
    "sign": lambda nx, x: nx.where(x > 0.0, 1.0, nx.where(x < 0.0, -1.0, 0.0 * x)),
}
"""What is composed where a tool has none."""


def _same(name: str) -> Rule:
    def rule(nx: NumPyLike, x: Any, /, *, dtype: Any = None, where: Any = True) -> Any:
        _refuse(dtype, where)
        if name in OTHERWISE and (not nx.offers(name) or (name == "sign" and nx.complex(x))):
            return OTHERWISE[name](nx, nx.lift(x))
        return nx.called(name, x)

    return rule


def _operator(name: str) -> Rule:
    def rule(nx: NumPyLike, *operands: Any, dtype: Any = None, where: Any = True) -> Any:
        _refuse(dtype, where)
        if len(operands) != (1 if name == "negative" else 2):
            raise TypeError(f"rule() takes other arguments than {len(operands)} arrays")
        return nx.computed(name, *operands)

    return rule


def _refuse(dtype: Any, where: Any) -> None:
    if dtype is not None:
        asked_kind(dtype)
    if where is not True:
        raise refusal("`where=` of a universal function", "write np.where.")


def _chosen(relation: str, name: str) -> Rule:
    def rule(nx: NumPyLike, a: Any, b: Any, /) -> Any:
        if nx.offers(name):
            return nx.called(name, *nx.spread(a, b))
        return nx.where(getattr(nx, relation)(a, b), a, b)

    return rule


def absolute(nx: NumPyLike, x: Any, /) -> Any:
    x = nx.lift(x)
    if nx.complex(x):
        return nx.where(x < 0.0, -x, x)
    return nx.called("abs", x)


def positive(nx: NumPyLike, x: Any, /) -> Any:
    return +1 * nx.lift(x)


def square(nx: NumPyLike, x: Any, /) -> Any:
    return nx.lift(x) * nx.lift(x)


def reciprocal(nx: NumPyLike, x: Any, /) -> Any:
    return 1.0 / nx.lift(x)


def power(nx: NumPyLike, a: Any, b: Any, /, *, dtype: Any = None) -> Any:
    return nx.computed("power", a, b)


def float_power(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    return nx.computed("power", a, b)


def fmod(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    a = nx.lift(a)
    return a - b * nx.trunc(a / b)


def divmod_(nx: NumPyLike, a: Any, b: Any, /) -> tuple[Any, Any]:
    return nx.floor_divide(a, b), nx.remainder(a, b)


def ldexp(nx: NumPyLike, x: Any, exponent: Any, /) -> Any:
    return nx.lift(x) * 2.0 ** nx.plain(exponent)


def modf(nx: NumPyLike, x: Any, /) -> tuple[Any, Any]:
    whole = nx.trunc(x)
    return x - whole, whole


def hypot(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    return nx.sqrt(nx.square(a) + nx.square(b))


def arctan2(nx: NumPyLike, y: Any, x: Any, /) -> Any:
    return nx.called("atan2", *nx.spread(y, x))


def logaddexp(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    if nx.offers("logaddexp"):
        return nx.called("logaddexp", *nx.spread(a, b))
    return nx.maximum(a, b) + nx.log1p(nx.exp(-nx.absolute(nx.subtract(a, b))))


def logaddexp2(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    two = math.log(2.0)
    return nx.logaddexp(nx.multiply(a, two), nx.multiply(b, two)) / two


def cbrt(nx: NumPyLike, x: Any, /) -> Any:
    x = nx.lift(x)
    return nx.sign(x) * nx.absolute(x) ** (1.0 / 3.0)


def degrees(nx: NumPyLike, x: Any, /) -> Any:
    return nx.lift(x) * (180.0 / math.pi)


def radians(nx: NumPyLike, x: Any, /) -> Any:
    return nx.lift(x) * (math.pi / 180.0)


def heaviside(nx: NumPyLike, x: Any, middle: Any, /) -> Any:
    x = nx.lift(x)
    return nx.where(x < 0.0, 0.0, nx.where(x > 0.0, 1.0, middle))


def copysign(nx: NumPyLike, x: Any, sign: Any, /) -> Any:
    size = nx.absolute(x)
    return nx.where(nx.less(sign, 0.0), -size, size)


def sinc(nx: NumPyLike, x: Any) -> Any:
    x = nx.lift(x) * math.pi
    y = nx.where(x == 0.0, 1.0, x)
    return nx.where(x == 0.0, 1.0, nx.sin(y) / y)


def clip(
    nx: NumPyLike, x: Any, low: Any = None, high: Any = None, /, *, a_min: Any = None,
    a_max: Any = None, min: Any = None, max: Any = None,
) -> Any:  # fmt: skip
    low = next((v for v in (low, a_min, min) if v is not None), None)
    high = next((v for v in (high, a_max, max) if v is not None), None)
    x = nx.lift(x) if low is None else nx.maximum(x, low)
    return x if high is None else nx.minimum(x, high)


def round_(nx: NumPyLike, x: Any, decimals: int = 0) -> Any:
    x = nx.lift(x)
    scale = 10.0**decimals
    return nx.called("round", x * scale) / scale if decimals else nx.called("round", x)


def nan_to_num(nx: NumPyLike, x: Any, *args: Any, **options: Any) -> Any:
    return nx.where(nx.isnan(x), 0.0, x)


def _tested(name: str) -> Rule:
    def rule(nx: NumPyLike, x: Any, /) -> Any:
        if nx.offers(name):
            return nx.called(name, x, boolean=True)
        x = nx.lift(x)
        same = x == x
        return nx.absolute(x) < math.inf if name == "isfinite" else nx.logical_not(same)

    return rule


def isinf(nx: NumPyLike, x: Any, /) -> Any:
    return nx.absolute(x) == math.inf


def logical_not(nx: NumPyLike, x: Any, /) -> Any:
    return nx.where(x, 0.0, 1.0) > 0.5


def logical_and(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    return nx.where(a, nx.where(b, 1.0, 0.0), 0.0) > 0.5


def logical_or(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    return nx.where(a, 1.0, nx.where(b, 1.0, 0.0)) > 0.5


def logical_xor(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    return nx.not_equal(nx.where(a, 1.0, 0.0), nx.where(b, 1.0, 0.0))


def isclose(nx: NumPyLike, a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8) -> Any:
    return nx.absolute(nx.subtract(a, b)) <= atol + rtol * nx.absolute(b)


def allclose(nx: NumPyLike, a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8) -> Any:
    return nx.all(nx.isclose(a, b, rtol, atol))


def array_equal(nx: NumPyLike, a: Any, b: Any) -> Any:
    a, b = nx.lift(a), nx.lift(b)
    return a.shape == b.shape and bool(nx.all(nx.equal(a, b)))


def real(nx: NumPyLike, x: Any) -> Any:
    return nx.lift(x)


def isreal(nx: NumPyLike, x: Any) -> Any:
    return np.ones(nx.lift(x).shape, dtype=bool)[()]


TABLE: dict[str, Rule] = (
    {name: _same(found) for name, found in SAME.items()}
    | {name: _operator(name) for name in (
        "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "negative", "less",
        "less_equal", "greater", "greater_equal", "equal", "not_equal",
    )}
    | {"maximum": _chosen("greater_equal", "maximum"), "minimum": _chosen("less_equal", "minimum")}
    | {"fmax": _chosen("greater_equal", "maximum"), "fmin": _chosen("less_equal", "minimum")}
    | {"isnan": _tested("isnan"), "isfinite": _tested("isfinite"), "isinf": isinf}
    | {
        "absolute": absolute, "fabs": absolute, "allclose": allclose, "arctan2": arctan2,
        "array_equal": array_equal, "around": round_, "bitwise_and": logical_and,
        "bitwise_or": logical_or, "bitwise_xor": logical_xor, "cbrt": cbrt,
        "clip": clip, "conjugate": real, "copysign": copysign, "deg2rad": radians,
        "degrees": degrees, "divmod": divmod_, "float_power": float_power, "fmod": fmod,
        "heaviside": heaviside, "hypot": hypot, "invert": logical_not,
        "isclose": isclose, "isreal": isreal, "ldexp": ldexp,
        "logaddexp": logaddexp, "logaddexp2": logaddexp2,
        "logical_and": logical_and, "logical_not": logical_not, "logical_or": logical_or,
        "logical_xor": logical_xor, "modf": modf, "nan_to_num": nan_to_num,
        "positive": positive, "power": power, "rad2deg": degrees,
        "radians": radians, "real": real, "reciprocal": reciprocal, "round": round_,
        "sinc": sinc, "square": square,
    }
)  # fmt: skip
