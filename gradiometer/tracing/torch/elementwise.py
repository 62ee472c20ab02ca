"""Operators of each component."""

from __future__ import annotations

import math
from typing import Any

from gradiometer.tracing.torch.rows import (
    CONSTANT,
    Row,
    all_raw,
    all_real,
    all_tensors,
    real,
)
from gradiometer.tracing.torch.storages import numbers


def _named(*names: str) -> dict[str, Any]:
    return {name: (lambda xp, x, name=name: getattr(xp, name)(x)) for name in names}


def _pow(xp: Any, x: Any, y: Any) -> Any:
    if isinstance(y, float) and y.is_integer():
        y = int(y)
    if isinstance(y, float) and y in (0.5, -0.5):
        return xp.sqrt(x) if y > 0 else 1.0 / xp.sqrt(x)
    return xp.pow(x if hasattr(x, "shape") else float(x), y)


def _round(xp: Any, x: Any, decimals: int = 0) -> Any:
    return xp.round(x) if decimals == 0 else xp.round(x * 10.0**decimals) / 10.0**decimals


def _divided(xp: Any, x: Any, y: Any, rounding_mode: str | None = None) -> Any:
    if rounding_mode == "floor":
        return xp.floor_divide(x, y)
    return xp.trunc(xp.divide(x, y)) if rounding_mode else xp.divide(x, y)


def _clamp(xp: Any, x: Any, low: Any = None, high: Any = None) -> Any:
    x = x if low is None else xp.maximum(x, low)
    return x if high is None else xp.minimum(x, high)


def _elu(xp: Any, x: Any, alpha: float = 1.0, scale: float = 1.0, inner: float = 1.0) -> Any:
    below = xp.expm1(xp.where(x > 0.0, 0.0, x) * inner) * (alpha * scale)
    return xp.where(x > 0.0, x * scale, below)


def _softplus(xp: Any, x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    return xp.where(x * beta > threshold, x, xp.softplus(x * beta) / beta)


def _gelu(xp: Any, x: Any, approximate: str = "none") -> Any:
    if approximate == "none":
        return xp.gelu(x)
    inner = xp.sqrt(2.0 / xp.pi) * (x + 0.044715 * x * x * x)
    return 0.5 * x * (1.0 + xp.tanh(inner))


def _logit(xp: Any, x: Any, eps: float | None = None) -> Any:
    x = x if eps is None else _clamp(xp, x, eps, 1.0 - eps)
    return xp.log(x) - xp.log1p(-x)


def _xlogy(xp: Any, x: Any, y: Any, log: str = "log") -> Any:
    x, y = xp.broadcast_arrays(xp.asarray(x), xp.asarray(y))
    zero = x == 0.0
    return xp.where(zero, 0.0, x * getattr(xp, log)(xp.where(zero, 1.0, y)))


def _sinc(xp: Any, x: Any) -> Any:
    turned = xp.where(x == 0.0, 1.0, x) * xp.pi
    return xp.where(x == 0.0, 1.0, xp.sin(turned) / turned)


def _lerp(xp: Any, x: Any, y: Any, weight: Any) -> Any:
    return x + weight * (y - x)


def _heaviside(xp: Any, x: Any, at_zero: Any) -> Any:
    return xp.where(x > 0.0, 1.0, xp.where(x < 0.0, 0.0, at_zero))


def _hardswish(xp: Any, x: Any) -> Any:
    return x * _clamp(xp, x + 3.0, 0.0, 6.0) / 6.0


def _nan_to_num(xp: Any, x: Any, nan: Any = None, high: Any = None, low: Any = None) -> Any:
    x = xp.where(xp.isnan(x), 0.0 if nan is None else nan, x)
    x = x if high is None else xp.where(x == math.inf, high, x)
    return x if low is None else xp.where(x == -math.inf, low, x)


def _slopes(xp: Any, x: Any, slope: Any) -> Any:
    return xp.where(x > 0.0, x, x * slope)


ONE: dict[str, Row] = all_real(
    _named(
        "abs",
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "sqrt",
        "reciprocal",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "acosh",
        "atanh",
        "erf",
        "erfc",
        "erfinv",
        "lgamma",
        "digamma",
        "sign",
        "floor",
        "ceil",
        "trunc",
        "relu",
        "sigmoid",
        "i0",
    )
    | {
        "celu": lambda xp, x, alpha=1.0: _elu(xp, x, alpha, 1.0, 1.0 / alpha),
        "deg2rad": lambda xp, x: x * (xp.pi / 180.0),
        "elu": _elu,
        "frac": lambda xp, x: x - xp.trunc(x),
        "gelu": _gelu,
        "hardshrink": lambda xp, x, lambd=0.5: xp.where((x > lambd) | (x < -lambd), x, 0.0),
        "hardsigmoid": lambda xp, x: _clamp(xp, x + 3.0, 0.0, 6.0) / 6.0,
        "hardswish": _hardswish,
        "hardtanh": lambda xp, x, low=-1.0, high=1.0: _clamp(xp, x, low, high),
        "leaky_relu": lambda xp, x, slope=0.01: _slopes(xp, x, slope),
        "log_sigmoid_forward": lambda xp, x: (-xp.softplus(-x), None),
        "logit": _logit,
        "mish": lambda xp, x: x * xp.tanh(xp.softplus(x)),
        "nan_to_num": _nan_to_num,
        "neg": lambda xp, x: xp.negative(x),
        "polygamma": lambda xp, n, x: xp.polygamma(n, x),
        "rad2deg": lambda xp, x: x * (180.0 / xp.pi),
        "round": _round,
        "rsqrt": lambda xp, x: 1.0 / xp.sqrt(x),
        "sgn": lambda xp, x: xp.sign(x),
        "silu": lambda xp, x: x * xp.sigmoid(x),
        "sinc": _sinc,
        "softplus": _softplus,
        "softshrink": lambda xp, x, lambd=0.5: xp.where(
            x > lambd, x - lambd, xp.where(x < -lambd, x + lambd, 0.0)
        ),
        "special_bessel_j0": lambda xp, x: xp.j0(x),
        "special_bessel_j1": lambda xp, x: xp.j1(x),
        "special_bessel_y0": lambda xp, x: xp.y0(x),
        "special_bessel_y1": lambda xp, x: xp.y1(x),
        "special_entr": lambda xp, x: -_xlogy(xp, x, x),
        "special_erfcx": lambda xp, x: xp.exp(x * x) * xp.erfc(x),
        "special_i0e": lambda xp, x: xp.i0(x) * xp.exp(-xp.abs(x)),
        "special_i1": lambda xp, x: xp.i1(x),
        "special_i1e": lambda xp, x: xp.i1(x) * xp.exp(-xp.abs(x)),
        "special_log_ndtr": lambda xp, x: xp.log(0.5 * xp.erfc(-x / xp.sqrt(xp.asarray(2.0)))),
        "special_modified_bessel_i0": lambda xp, x: xp.i0(x),
        "special_modified_bessel_i1": lambda xp, x: xp.i1(x),
        "special_modified_bessel_k0": lambda xp, x: xp.k0(x),
        "special_modified_bessel_k1": lambda xp, x: xp.k1(x),
        "special_ndtri": lambda xp, x: xp.sqrt(xp.asarray(2.0)) * xp.erfinv(2.0 * x - 1.0),
        "threshold": lambda xp, x, at, value: xp.where(x <= at, value, x),
    }
)

SEVERAL: dict[str, Row] = all_real(
    {
        name: (lambda xp, x, y, name=name: getattr(xp, name)(x, y))
        for name in ("maximum", "minimum", "atan2", "hypot", "copysign", "logaddexp",
                     "floor_divide", "remainder")
    }
    | {
        "_prelu_kernel": _slopes,
        "add": lambda xp, x, y, alpha=1: xp.add(x, y if alpha == 1 else y * alpha),
        "addcdiv": lambda xp, x, a, b, value=1: x + value * (a / b),
        "addcmul": lambda xp, x, a, b, value=1: x + value * (a * b),
        "clamp": _clamp,
        "clamp_max": lambda xp, x, high: _clamp(xp, x, None, high),
        "clamp_min": lambda xp, x, low: _clamp(xp, x, low),
        "div": _divided,
        "fmax": lambda xp, x, y: xp.maximum(x, y),
        "fmin": lambda xp, x, y: xp.minimum(x, y),
        "fmod": lambda xp, x, y: x - xp.trunc(xp.divide(x, y)) * y,
        "heaviside": _heaviside,
        "lerp": _lerp,
        "logaddexp2": lambda xp, x, y: (
            xp.logaddexp(x * xp.log(xp.asarray(2.0)), y * xp.log(xp.asarray(2.0)))
            / xp.log(xp.asarray(2.0))
        ),
        "mul": lambda xp, x, y: xp.multiply(x, y),
        "pow": _pow,
        "rsub": lambda xp, x, y, alpha=1: xp.subtract(y, x if alpha == 1 else x * alpha),
        "special_xlog1py": lambda xp, x, y: _xlogy(xp, x, y, "log1p"),
        "sub": lambda xp, x, y, alpha=1: xp.subtract(x, y if alpha == 1 else y * alpha),
        "xlogy": _xlogy,
    }
)  # fmt: skip

COMPARED: dict[str, Row] = all_real({
    short: (lambda xp, x, y, name=name: getattr(xp, name)(x, y))
    for short, name in (
        ("gt", "greater"), ("ge", "greater_equal"), ("lt", "less"), ("le", "less_equal"),
        ("eq", "equal"), ("ne", "not_equal"),
    )
})  # fmt: skip


def _chosen(xp: Any, mask: Any, a: Any = None, b: Any = None) -> Any:
    return xp.where(mask, *(real(xp, x) if hasattr(x, "shape") else x for x in (a, b)))


def _filled(xp: Any, x: Any, mask: Any, value: Any) -> Any:
    value = real(xp, value) if hasattr(value, "shape") else value
    return xp.where(mask, value, real(xp, x))


LOGICAL: dict[str, Row] = all_raw(
    {
        name: (lambda xp, x, y, full=full: getattr(xp, full)(x, y))
        for short in ("and", "or", "xor")
        for name, full in (
            (f"logical_{short}", f"logical_{short}"), (f"bitwise_{short}", f"logical_{short}"),
        )
    }
    | {
        "bitwise_not": lambda xp, x: xp.logical_not(x),
        "logical_not": lambda xp, x: xp.logical_not(x),
        "signbit": lambda xp, x: xp.signbit(x),
        "masked_fill": _filled,
        "where": _chosen,
    }
)  # fmt: skip


def _exceptional(name: str) -> Any:
    """Return a rule that decides here which components are infinite, or no numbers."""

    def exceptional(mirror: Any, x: Any) -> Any:
        mirror.guard(getattr(mirror.xp, name)(mirror.array(x)), numbers(mirror.out))
        return CONSTANT

    return exceptional


EXCEPTIONAL: dict[str, Row] = all_tensors({name: _exceptional(name) for name in ("isinf", "isnan")})

ROWS: dict[str, Row] = EXCEPTIONAL | ONE | SEVERAL | COMPARED | LOGICAL
