"""Points at which elementary functions of double-double balls are attacked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import flint
import numpy as np
from flint import arb
from numpy.typing import NDArray

from gradiometer.reference.doubles import elementary
from gradiometer.reference.doubles.array import DoubleDouble

Floats = NDArray[np.float64]
LOG2, PI = float(np.log(2.0)), float(np.pi)


@dataclass(frozen=True)
class Function:
    """A function, what arb makes of it, its domain, and where its computation changes.

    Attributes:
        apply: It, of double-double balls.
        exact: It, of one ball.
        domain: Least and largest argument.
        edges: Arguments at which tables or branches change.
        around: Numbers near which arguments of any size are taken.
    """

    apply: Callable[[DoubleDouble], DoubleDouble]
    exact: Callable[[arb], arb]
    domain: tuple[float, float]
    edges: Callable[[], Floats]
    around: tuple[float, ...] = (0.0,)


def _exponential_edges() -> Floats:
    """Halves between the fine steps, beside 0 and beside each coarse step; powers of two."""
    k = np.concatenate([np.arange(-600, 600), np.arange(-300, 300) * 512 + 256])
    return np.concatenate([(k + 0.5), np.arange(-399, 399) * 2.0**18 + 2.0**17]) * (LOG2 / 2**18)


def _halved_edges() -> Floats:
    return np.concatenate([_exponential_edges() / 2, [-40.0, 40.0]])


def _falling_edges() -> Floats:
    return np.concatenate([_exponential_edges(), [-277.0, 277.0]])


def _logarithm_edges() -> Floats:
    """Between centers of the coarse table, steps of the fine one at some of them; √½ and √2."""
    center = np.arange(362, 725)
    coarse = (center + 0.5) / 512
    fine = np.arange(-400, 400) + 0.5
    some = np.array([362, 400, 511, 512, 513, 600, 724]) / 512
    below = ((1.0 + fine[:, None] * 2.0**-18) * some).ravel()
    return np.concatenate([coarse, below, [0.5**0.5, 2.0**0.5, 2.0, 0.5, 4.0 * 2**0.5]])


def _shifted_edges() -> Floats:
    near = np.arange(-600, 600) * 2.0**-18 + 2.0**-19
    return np.concatenate([_logarithm_edges() - 1.0, near, [-(2.0**-10), 2.0**-10]])


def _angle_edges() -> Floats:
    k = np.concatenate([np.arange(-9000, 9000, 7), np.arange(-40, 40) * 4096, np.arange(-40, 40)])
    quarters = np.arange(-300, 300) * (PI / 2)
    return np.concatenate([(k + 0.5) * (PI / 8192), k * (PI / 8192), quarters])


def _arctangent_edges() -> Floats:
    c = (np.arange(0, 4096, 3) + 0.5) / 4096
    both = np.concatenate([c, 1.0 / c, [1.0, 8192.0, 8191.0]])
    return np.concatenate([both, -both])


def _logistic(x: arb) -> arb:
    return 1 / (1 + (-x).exp())


FUNCTIONS: dict[str, Function] = {
    "exp": Function(elementary.exp, arb.exp, (-300.0, 277.0), _falling_edges),
    "expm1": Function(elementary.expm1, arb.expm1, (-277.0, 277.0), _exponential_edges),
    "log": Function(elementary.log, arb.log, (2.0**-400, 2.0**400), _logarithm_edges, (1.0,)),
    "log1p": Function(elementary.log1p, arb.log1p, (2.0**-40 - 1.0, 2.0**400), _shifted_edges),
    "sin": Function(elementary.sin, arb.sin, (-(2.0**15), 2.0**15), _angle_edges, (0.0, PI)),
    "cos": Function(elementary.cos, arb.cos, (-(2.0**15), 2.0**15), _angle_edges, (0.0, PI / 2)),
    "tan": Function(elementary.tan, arb.tan, (-(2.0**15), 2.0**15), _angle_edges, (0.0, PI)),
    "arctan": Function(elementary.arctan, arb.atan, (-(2.0**400), 2.0**400), _arctangent_edges),
    "sinh": Function(elementary.sinh, arb.sinh, (-277.0, 277.0), _exponential_edges),
    "cosh": Function(elementary.cosh, arb.cosh, (-277.0, 277.0), _exponential_edges),
    "tanh": Function(elementary.tanh, arb.tanh, (-500.0, 500.0), _halved_edges),
    "sigmoid": Function(elementary.sigmoid, _logistic, (-500.0, 500.0), _falling_edges),
    "softplus": Function(
        elementary.softplus, lambda x: x.exp().log1p(), (-500.0, 500.0), _falling_edges
    ),
}


@cache
def points(name: str, count: int = 15000) -> DoubleDouble:
    """Return words beside every edge, over the whole domain, and of every size."""
    f, rng = FUNCTIONS[name], np.random.default_rng(len(name))
    low, high = f.domain
    edges = f.edges()
    edges = np.concatenate([edges, edges * (1.0 + rng.integers(-4, 5, edges.size) * 2.0**-52)])
    if edges.size > count // 2:
        edges = rng.choice(edges, count // 2, replace=False)
    left = (count - edges.size) // 4
    sizes = 2.0 ** rng.uniform(-400.0, np.log2(high), left)
    sides = rng.choice([-1.0, 1.0], left)
    small = 2.0 ** rng.uniform(-60.0, 0.0, left) * sides
    parts = [edges, np.clip(rng.uniform(-30.0, 30.0, left), low, high), sizes * sides]
    parts += [rng.uniform(max(low, -3e5), min(high, 3e5), left)]
    parts += [center + small for center in f.around]
    x = np.concatenate(parts)
    x = np.where(x < low, np.minimum(-x, high), x)
    x = x[(x >= low) & (x <= high) & (np.abs(x) >= 2.0**-400)]
    lows = rng.uniform(-1.0, 1.0, x.size) * 2.0 ** -rng.integers(53, 80, x.size)
    lows = np.where(rng.random(x.size) < 0.3, 0.0, lows * x / 2.0)
    lows = np.where(rng.random(x.size) < 0.2, np.spacing(x) * rng.choice([-0.49, 0.49]), lows)
    return DoubleDouble(x, np.where(np.abs(lows) <= np.abs(x) * 2.0**-53, lows, 0.0))


@cache
def truth(name: str) -> tuple[Any, ...]:
    """Return the function at `points` in balls of 300 bits."""
    return exact(name, points(name))


def exact(name: str, x: DoubleDouble, moved: Floats | float = 0.0) -> tuple[Any, ...]:
    """Return a function in balls of 300 bits at high + low + moved."""
    broadcast = (np.broadcast_to(p, x.shape).tolist() for p in (*x.pairs()[:2], moved))
    parts = zip(*broadcast, strict=True)
    with flint.ctx.workprec(2200):
        arguments = [arb(high) + arb(low) + arb(more) for high, low, more in parts]
    with flint.ctx.workprec(300):
        return tuple(map(FUNCTIONS[name].exact, arguments))


def errors(true: tuple[Any, ...], found: DoubleDouble) -> Floats:
    """Return upper bounds of the distances of words from the truth."""
    with flint.ctx.workprec(400):
        high, low, _ = (part.tolist() for part in found.pairs())
        bounds = [float((t - h - m).abs_upper()) for t, h, m in zip(true, high, low, strict=True)]
    return np.array(bounds)
