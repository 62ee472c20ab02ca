"""SciPy's special functions, over a tool's arrays; each is called with `nx` first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.tracing.refusals import refusal

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike

Rule = Callable[..., Any]


def _tools(name: str) -> Rule:
    def rule(nx: NumPyLike, x: Any, /) -> Any:
        if not nx.offers(name):
            raise refusal(
                f"scipy.special.{name} is called", "the tool, or the reference, has none."
            )
        return nx.called(name, x)

    return rule


def expit(nx: NumPyLike, x: Any, /) -> Any:
    return nx.called("sigmoid", x)


def log_expit(nx: NumPyLike, x: Any, /) -> Any:
    return -softplus(nx, -nx.lift(x))


def softplus(nx: NumPyLike, x: Any, /) -> Any:
    return nx.called("softplus", x)


def logit(nx: NumPyLike, p: Any, /) -> Any:
    return nx.log(p) - nx.log1p(-nx.lift(p))


def logsumexp(
    nx: NumPyLike, x: Any, axis: Any = None, b: Any = None, keepdims: bool = False, **options: Any
) -> Any:
    x = nx.lift(x)
    if b is None and not keepdims and not isinstance(axis, tuple):
        if axis is None:
            x = nx.reshape(x, -1)
        return nx.called("logsumexp", x, axis=axis or 0)
    peak = nx.max(x, axis=axis, keepdims=True)
    scaled = nx.exp(x - peak) * (1.0 if b is None else b)
    found = nx.log(nx.sum(scaled, axis=axis, keepdims=True)) + peak
    shape = nx.sum(x, axis=axis, keepdims=keepdims).shape
    return nx.reshape(found, shape)


def log_softmax(nx: NumPyLike, x: Any, axis: Any = None) -> Any:
    return nx.lift(x) - logsumexp(nx, x, axis, keepdims=True)


def softmax(nx: NumPyLike, x: Any, axis: Any = None) -> Any:
    return nx.exp(log_softmax(nx, x, axis))


def xlogy(nx: NumPyLike, x: Any, y: Any, /) -> Any:
    zero = nx.equal(x, 0.0)
    return nx.where(zero, 0.0, x * nx.log(nx.where(zero, 1.0, y)))


def xlog1py(nx: NumPyLike, x: Any, y: Any, /) -> Any:
    zero = nx.equal(x, 0.0)
    return nx.where(zero, 0.0, x * nx.log1p(nx.where(zero, 0.0, y)))


def entr(nx: NumPyLike, x: Any, /) -> Any:
    return -xlogy(nx, x, x)


def rel_entr(nx: NumPyLike, x: Any, y: Any, /) -> Any:
    return xlogy(nx, x, nx.divide(x, y))


def kl_div(nx: NumPyLike, x: Any, y: Any, /) -> Any:
    return rel_entr(nx, x, y) - x + y


def ndtr(nx: NumPyLike, x: Any, /) -> Any:
    return 0.5 * nx.called("erfc", -nx.lift(x) / math.sqrt(2.0))


def erfc(nx: NumPyLike, x: Any, /) -> Any:
    return nx.called("erfc", x) if nx.offers("erfc") else 1.0 - nx.called("erf", x)


def huber(nx: NumPyLike, delta: Any, r: Any, /) -> Any:
    size = nx.absolute(r)
    return nx.where(size <= delta, 0.5 * r * r, delta * (size - 0.5 * delta))


def pseudo_huber(nx: NumPyLike, delta: Any, r: Any, /) -> Any:
    return delta * delta * (nx.sqrt(1.0 + nx.square(nx.divide(r, delta))) - 1.0)


def boxcox(nx: NumPyLike, x: Any, lmbda: Any, /) -> Any:
    return nx.log(x) if np.ndim(lmbda) == 0 and lmbda == 0 else (nx.power(x, lmbda) - 1.0) / lmbda


def exprel(nx: NumPyLike, x: Any, /) -> Any:
    x = nx.lift(x)
    safe = nx.where(x == 0.0, 1.0, x)
    return nx.where(x == 0.0, 1.0, nx.expm1(safe) / safe)


def cosm1(nx: NumPyLike, x: Any, /) -> Any:
    half = nx.sin(nx.lift(x) / 2.0)
    return -2.0 * half * half


def log_ndtr(nx: NumPyLike, x: Any, /) -> Any:
    return nx.log(ndtr(nx, x))


def ndtri(nx: NumPyLike, p: Any, /) -> Any:
    return math.sqrt(2.0) * nx.called("erfinv", 2.0 * nx.lift(p) - 1.0)


def erfcinv(nx: NumPyLike, x: Any, /) -> Any:
    return nx.called("erfinv", 1.0 - nx.lift(x))


def betaln(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    one, other = (nx.called("lgamma", x) for x in (a, b))
    return one + other - nx.called("lgamma", nx.add(a, b))


def beta(nx: NumPyLike, a: Any, b: Any, /) -> Any:
    one, other = (nx.called("gamma", x) for x in (a, b))
    return one * other / nx.called("gamma", nx.add(a, b))


def inv_boxcox(nx: NumPyLike, x: Any, lmbda: Any, /) -> Any:
    x = nx.lift(x)
    return nx.exp(x) if np.ndim(lmbda) == 0 and lmbda == 0 else (lmbda * x + 1.0) ** (1.0 / lmbda)


def _of_order(kind: str) -> Rule:
    """Return a family of Bessel functions: of orders 0 and 1, which tools have."""

    def rule(nx: NumPyLike, order: Any, x: Any, /) -> Any:
        if np.ndim(order) or order not in (0, 1):
            raise refusal(
                f"scipy.special.{kind}v of order {order}", "0 and 1 are known; use a recurrence."
            )
        return _tools(f"{kind}{int(order)}")(nx, x)

    return rule


BESSEL = ("i0", "i1", "j0", "j1", "k0", "k1", "y0", "y1")

TABLE: dict[str, Rule] = {
    name: _tools(name) for name in BESSEL
} | {
    f"{kind}v": _of_order(kind) for kind in "ijky"
} | {
    "beta": beta, "betaln": betaln,
    "boxcox": boxcox, "cbrt": lambda nx, x: nx.cbrt(x), "cosm1": cosm1,
    "digamma": _tools("digamma"),
    "entr": entr, "erf": _tools("erf"), "erfc": erfc,
    "erfcinv": erfcinv, "erfinv": _tools("erfinv"), "exp2": lambda nx, x: nx.exp2(x),
    "expit": expit, "expm1": lambda nx, x: nx.expm1(x), "exprel": exprel, "gamma": _tools("gamma"),
    "gammaln": _tools("lgamma"), "huber": huber, "inv_boxcox": inv_boxcox,
    "kl_div": kl_div,
    "log1p": lambda nx, x: nx.log1p(x), "log_expit": log_expit, "log_softmax": log_softmax,
    "logit": logit, "loggamma": _tools("lgamma"), "log_ndtr": log_ndtr, "logsumexp": logsumexp,
    "ndtr": ndtr, "ndtri": ndtri,
    "psi": _tools("digamma"), "pseudo_huber": pseudo_huber, "rel_entr": rel_entr,
    "softmax": softmax, "softplus": softplus, "xlog1py": xlog1py, "xlogy": xlogy,
}  # fmt: skip
