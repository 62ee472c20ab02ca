"""Rules of JAX's operations on each component."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.tracing.jax.interpret import Call, Row
from gradiometer.tracing.jax.values import held, real, recorded, truths
from gradiometer.tracing.lowered import dropped
from gradiometer.vocabulary.recorded import Recorded

SAME = {
    "abs": "abs", "acos": "acos", "acosh": "acosh", "add": "add", "add_any": "add", "asin": "asin",
    "asinh": "asinh", "atan": "atan", "atan2": "atan2", "atanh": "atanh", "ceil": "ceil",
    "cos": "cos", "cosh": "cosh", "digamma": "digamma", "div": "divide", "eq": "equal",
    "eq_to": "equal", "erf": "erf", "erf_inv": "erfinv", "erfc": "erfc", "exp": "exp",
    "exp2": "exp2", "expm1": "expm1", "floor": "floor", "ge": "greater_equal", "gt": "greater",
    "is_finite": "isfinite", "le": "less_equal", "le_to": "less_equal", "lgamma": "lgamma",
    "log": "log", "log1p": "log1p", "logistic": "sigmoid", "lt": "less", "lt_to": "less",
    "max": "maximum", "min": "minimum", "mul": "multiply", "ne": "not_equal", "neg": "negative",
    "sign": "sign", "sin": "sin", "sinh": "sinh", "sqrt": "sqrt", "square": "square",
    "sub": "subtract", "tan": "tan", "tanh": "tanh",
}  # fmt: skip
"""Operations that the namespace has, by their names there."""

MOST_EXPONENTS = 32
"""Whole exponents of one array that are taken one by one."""

LOGICAL = {"and": "logical_and", "not": "logical_not", "or": "logical_or", "xor": "logical_xor"}


def _named(name: str) -> Row:
    return lambda call, *operands: getattr(call.xp, name)(*operands)


def _cbrt(call: Call, x: Any) -> Any:
    xp = call.xp
    return xp.multiply(xp.sign(x), xp.pow(xp.abs(x), xp.divide(1.0, 3.0)))


def _clamp(call: Call, low: Any, x: Any, high: Any) -> Any:
    return call.xp.minimum(call.xp.maximum(x, low), high)


def _integer_pow(call: Call, x: Any) -> Any:
    return call.xp.pow(x, int(call.params["y"]))


def _polygamma(call: Call, order: Any, x: Any) -> Any:
    """Return derivatives of digamma of the orders that are asked for, which are constants."""
    known = np.asarray(held(order), np.float64)
    found = None
    for n in np.unique(known).tolist():
        each = call.xp.polygamma(int(n), x)
        found = each if found is None else call.xp.where(known == n, each, found)
    return found


def _pow(call: Call, x: Any, y: Any) -> Any:
    if recorded(y) and (y.tracked or (y.present % 1.0 != 0.0).any()):
        return call.xp.pow(x, as_real(call, y))
    y = held(y)
    exponents = np.asarray(y, np.float64)
    known = np.unique(exponents)
    if known.size > MOST_EXPONENTS or not (known % 1.0 == 0.0).all():
        return call.xp.pow(x, exponents)
    found = call.xp.pow(x, int(known[0]))  # whole numbers take a negative base
    for each in known[1:].tolist():
        found = call.xp.where(exponents == each, call.xp.pow(x, int(each)), found)
    return found


def _rem(call: Call, x: Any, y: Any) -> Any:
    xp = call.xp
    return xp.subtract(x, xp.multiply(y, xp.trunc(xp.divide(x, y))))


def _round(call: Call, x: Any) -> Any:
    xp = call.xp
    if int(call.params["rounding_method"]):
        return xp.round(x)
    return xp.multiply(xp.sign(x), xp.floor(xp.add(xp.abs(x), 0.5)))


def _rsqrt(call: Call, x: Any) -> Any:
    return call.xp.reciprocal(call.xp.sqrt(x))


def _scaled_bessel(name: str) -> Row:
    def rule(call: Call, x: Any) -> Any:
        xp = call.xp
        return xp.multiply(getattr(xp, name)(x), xp.exp(xp.negative(xp.abs(x))))

    return rule


def _select_n(call: Call, which: Any, *cases: Any) -> Any:
    xp = call.xp
    if truths(call.operands[0]):
        return cases[bool(which)] if _one(which) else xp.where(which, cases[1], cases[0])
    found = cases[0]
    for k, case in enumerate(cases[1:], start=1):
        found = xp.where(xp.equal(which, k), case, found)
    return found


def _one(which: Any) -> bool:
    """Return whether one known truth value chooses for all components."""
    return not recorded(which) and np.ndim(which) == 0


def _convert(call: Call, x: Any) -> Any:
    source, target = call.operands[0], call.results[0]
    if real(target):
        if real(source):
            _note_dropped(call, x, source, target)
            return x
        return as_real(call, x)
    if truths(target):
        return call.xp.not_equal(x, 0.0 if real(source) else 0)
    if not recorded(x):
        return np.trunc(x).astype(target.dtype) if real(source) else np.asarray(x, target.dtype)
    if truths(source):
        return call.xp.where(x, 1, 0)
    return _whole(call, x) if real(source) else x


def as_real(call: Call, x: Any) -> Any:
    """Return truth values or integers as real numbers, and real ones as they are."""
    if not recorded(x):
        return np.asarray(x).astype(np.float64)
    if x.present.dtype.kind == "b":
        return call.xp.where(x, 1.0, 0.0)
    return call.xp.astype(x, call.xp.float64) if x.present.dtype.kind in "iu" else x


def _whole(call: Call, x: Recorded) -> Any:
    """Return real numbers as integers: what was rounded to whole numbers, and constants.

    Raises:
        GradiometerError: If it takes a fraction off what depends on an input.
    """
    if x.tracked and not np.array_equal(np.trunc(x.present), x.present):
        raise GradiometerError(
            f"real numbers that depend on an input are converted to integers{call.place}: the "
            "derivative would be lost. Round them first, by jnp.floor or jnp.round, if they are "
            "steps."
        )
    return call.xp.astype(call.xp.trunc(x), call.xp.int64)


def _note_dropped(call: Call, x: Any, source: Any, target: Any) -> None:
    if recorded(x) and x.tracked and target.dtype.itemsize < source.dtype.itemsize:
        note = dropped(source.dtype.name, target.dtype.name, call.place)
        call.interpreter.notes[note] = None


def _reduce_precision(call: Call, x: Any) -> Any:
    bits = f"a number of {call.params['mantissa_bits']} bits"
    if recorded(x) and x.tracked:
        call.interpreter.notes[dropped(call.operands[0].dtype.name, bits, call.place)] = None
    return x


def _logical(name: str) -> Row:
    return lambda call, *operands: getattr(call.xp, LOGICAL[name])(*operands)


def _identity(call: Call, x: Any) -> Any:
    return x


def _bits(call: Call, *operands: Any) -> Any:
    """Return bits of numbers that are no constants: of integers alone.

    Raises:
        GradiometerError: If they are of real numbers that depend on an input.
    """
    return call.carried_out(*(held(x) for x in operands))[0]


ELEMENTWISE: dict[str, Row] = (
    {name: _named(of) for name, of in SAME.items()}
    | {name: _logical(name) for name in LOGICAL}
    | dict.fromkeys(
        ("conj", "copy", "layout_constraint", "name", "pvary", "real",
         "reshard", "sharding_constraint"),
        _identity,
    )
    | {
        "bessel_i0e": _scaled_bessel("i0"),
        "bessel_i1e": _scaled_bessel("i1"),
        "bitcast_convert_type": _bits,
        "cbrt": _cbrt,
        "clamp": _clamp,
        "convert_element_type": _convert,
        "device_put": lambda call, *operands: list(operands),
        "integer_pow": _integer_pow,
        "optimization_barrier": lambda call, *operands: list(operands),
        "polygamma": _polygamma,
        "pow": _pow,
        "reduce_precision": _reduce_precision,
        "rem": _rem,
        "round": _round,
        "rsqrt": _rsqrt,
        "select_n": _select_n,
        "tie": lambda call, x, y: y,
    }
)  # fmt: skip
