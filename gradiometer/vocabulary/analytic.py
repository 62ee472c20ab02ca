"""NumPy's functions as a complex step needs them: continued analytically from the real line.

NumPy's own take the modulus of a complex number, or its conjugate, or refuse it. Here a kink or a
step looks at the real part. What has no such form is unsupported, by name.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradiometer.errors import UnsupportedOperation
from gradiometer.vocabulary.namespace import Namespace

STEPS = ("ceil", "floor", "isfinite", "round", "sign", "signbit", "trunc")
"""Functions that are constant between their steps."""

NOT_ANALYTIC = ("cholesky", "eigh", "eigvalsh", "pinv", "qr", "slogdet", "svd", "svdvals")
"""Functions of matrices that conjugate, or take moduli."""

REAL = ("erfinv", "i0", "i1", "j0", "j1", "k0", "k1", "y0", "y1")
"""Special functions that SciPy has of real numbers, or loses small imaginary parts of."""


def absolute(z: Any) -> Any:
    """Return z, or −z where its real part is negative."""
    return np.where(np.real(z) < 0.0, -z, z)[()]


def copysign(a: Any, b: Any) -> Any:
    """Return a with the sign of b's real part."""
    return absolute(a) * np.copysign(1.0, np.real(b))


def hypot(a: Any, b: Any) -> Any:
    """Return √(a² + b²)."""
    return np.sqrt(a * a + b * b)


def logaddexp(a: Any, b: Any) -> Any:
    """Return log(eᵃ + eᵇ)."""
    larger = np.where(np.real(a) > np.real(b), a, b)
    return larger + np.log(np.exp(a - larger) + np.exp(b - larger))


def atan2(y: Any, x: Any) -> Any:
    """Return the angle of the point (x, y): the real one, moved along the logarithm."""
    angle = np.arctan2(np.real(y), np.real(x))
    turned = (np.real(x) * np.imag(y) - np.real(y) * np.imag(x)) / (
        np.real(x) ** 2 + np.real(y) ** 2
    )
    return angle + 1j * turned


def floor_divide(a: Any, b: Any) -> Any:
    """Return ⌊a/b⌋ of the real parts."""
    return np.floor_divide(np.real(a), np.real(b))


def remainder(a: Any, b: Any) -> Any:
    """Return a − b·⌊a/b⌋."""
    return a - b * floor_divide(a, b)


def vecdot(a: Any, b: Any, *, axis: int = -1) -> Any:
    """Return sums of products, of which none is conjugated."""
    return np.sum(a * b, axis=axis)


def clip(x: Any, min: Any = None, max: Any = None) -> Any:  # noqa: A002  # the standard's names
    """Return x, held between two bounds."""
    x = x if min is None else np.where(np.real(x) < np.real(min), min, x)
    return x if max is None else np.where(np.real(x) > np.real(max), max, x)


def variance(x: Any, *, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
    """Return the mean square of what differs from the mean."""
    apart = x - np.mean(x, axis=axis, keepdims=True)
    squares = np.sum(apart * apart, axis=axis, keepdims=keepdims)
    return squares / (np.size(x) // max(1, np.size(squares)) - correction)


def deviation(x: Any, **how: Any) -> Any:
    """Return the square root of the variance."""
    return np.sqrt(variance(x, **how))


def vector_norm(
    x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2  # noqa: A002  # the standard's
) -> Any:  # fmt: skip
    """Return a norm over axes."""
    how = {"axis": axis, "keepdims": keepdims}
    if ord == 2:
        return np.sqrt(np.sum(x * x, **how))
    sizes = absolute(x)
    if ord == 1:
        return np.sum(sizes, **how)
    if math.isinf(ord):
        return (np.max if ord > 0 else np.min)(sizes, **how)
    return np.sum(sizes**ord, **how) ** (1.0 / ord)


def matrix_norm(
    x: Any, *, keepdims: bool = False, ord: Any = "fro"  # noqa: A002  # the standard's
) -> Any:  # fmt: skip
    """Return a norm of each matrix, but for those of singular values."""
    if ord == "fro":
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in (2, -2, "nuc"):
        raise UnsupportedOperation(
            f"linalg.matrix_norm with ord={ord!r} takes singular values, which are not analytic."
        )
    axis = -2 if abs(ord) == 1 else -1
    sums = np.sum(absolute(x), axis=axis, keepdims=True)
    return (np.max if ord > 0 else np.min)(sums, axis=(-2, -1), keepdims=keepdims)


def _step(name: str) -> Callable[..., Any]:
    function = getattr(np, name)
    return lambda z, *given, **how: function(np.real(z), *given, **how)


def _refused(name: str, why: str) -> Callable[..., Any]:
    def refused(*given: Any, **how: Any) -> Any:
        raise UnsupportedOperation(f"{name} {why}.")

    return refused


def analytic(special: Callable[[str], Any]) -> Namespace:
    """Return NumPy's functions, continued.

    Args:
        special: Finds a special function by SciPy's name.
    """
    conjugates = "conjugates: it is not analytic, as a complex step needs"
    linalg = {name: _refused(f"linalg.{name}", conjugates) for name in NOT_ANALYTIC}
    real = {
        name: _refused(name, "takes no number with an imaginary part so small") for name in REAL
    }
    linalg |= {"matrix_norm": matrix_norm, "vecdot": vecdot, "vector_norm": vector_norm}
    own = {
        "abs": absolute, "atan2": atan2, "clip": clip, "copysign": copysign,
        "floor_divide": floor_divide, "hypot": hypot, "logaddexp": logaddexp,
        "remainder": remainder, "std": deviation, "var": variance, "vecdot": vecdot,
    }  # fmt: skip
    steps = {name: _step(name) for name in STEPS}
    return Namespace(
        np,
        own | real | steps | {"linalg": Namespace(np.linalg, linalg)},
        lambda name: special("loggamma" if name == "gammaln" else name),
    )
