"""What no built-in problem has, and methods stumble over; a plugin file like any other.

Inputs that are not used, arrays of one component or of none, functions that are linear or saturate,
outputs of which some use no input, whole numbers, arrays made anew, several branches at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from gradiometer import problem

FILE = Path(__file__).resolve()

TABLE = np.array([0.3, 0.9])

WIDE = 200
"""Inputs of a problem whose derivative takes long enough to be worth remembering."""

LONG = 100_000
"""Components of arrays that are long enough to be worth several threads."""


@problem(name="special-unused", at={"x": [0.5, -1.5], "y": 0.25, "u": [1.0, 2.0]})
def unused(xp: Any, x: Any, y: Any, u: Any) -> Any:
    """f = y·Σ sin(x), without u: its derivative is zero, and due all the same."""
    return y * xp.sum(xp.sin(x))


@problem(name="special-linear", at={"x": [0.5, -1.5], "y": 0.25, "u": [1.0, 2.0]})
def linear(xp: Any, x: Any, y: Any, u: Any) -> Any:
    """f = 3·Σ x − y, without u: the first derivative is constant, the second is zero."""
    return 3.0 * xp.sum(x) - y


@problem(name="special-size-one", at={"x": [0.7], "m": [[1.5]]})
def size_one(xp: Any, x: Any, m: Any) -> Any:
    """f = Σ exp(m·x)·x₀, of arrays of one component, whose shapes must stay."""
    return xp.sum(xp.exp(m @ x)) * x[0]


@problem(name="special-scalar", at={"x": 0.7})
def scalar(xp: Any, x: Any) -> Any:
    """f = x·sin(x), of one number alone."""
    return x * xp.sin(x)


@scalar.backprop
def _(x: Any) -> Any:
    return (np.sin(x) + x * np.cos(x),)


@problem(name="special-empty", at={"x": [0.5, -1.5], "e": np.zeros(0)})
def empty(xp: Any, x: Any, e: Any) -> Any:
    """f = Σ x² + Σ exp(e), where e has no component: neither has its derivative."""
    return xp.sum(x * x) + xp.sum(xp.exp(e))


@problem(
    name="special-several", at={"x": [0.5, -1.5], "y": [2.0], "u": 3.0}, outputs=("a", "b", "c")
)
def several(xp: Any, x: Any, y: Any, u: Any) -> Any:
    """a = 2·x, b = x₀·y, c = y₀³: each output leaves an input out, and all leave out u."""
    return 2.0 * x, x[0] * y, y[0] * y[0] * y[0]


@problem(
    name="special-constant", at={"x": [0.5, -1.5]}, given={"k": [0.3, 0.1]}, outputs=("a", "b")
)
def constant(xp: Any, x: Any, *, k: Any) -> Any:
    """a = x·sin(x), b = 2·k, which uses no input: its rows of the Jacobian are zero."""
    return x * xp.sin(x), 2.0 * k


@problem(name="special-solve", at={"a": [[4.0, 1.0], [0.5, 3.0]], "b": [1.0, 2.0]})
def solved(xp: Any, a: Any, b: Any) -> Any:
    """f = Σ x², where a·x = b with a vector b, which libraries take for a column or a batch."""
    x = xp.linalg.solve(a, b)
    return xp.sum(x * x)


@problem(name="special-softplus", at={"x": [30.0, -30.0, 21.0, -21.0, 0.5]})
def softplus(xp: Any, x: Any) -> Any:
    """f = Σ log(1 + exp(x)), far out on both sides, where implementations change the formula."""
    return xp.sum(xp.softplus(x))


@problem(name="special-saturated", at={"x": [25.0, -30.0], "c": [1.5]})
def saturated(xp: Any, x: Any, c: Any) -> Any:
    """f = Σ softplus(x) + (x·c above one, else x²) + 2·c₀³ − 1: whole numbers, and broadcasting."""
    return xp.sum(xp.softplus(x) + xp.where(x > 1, x * c, x * x)) + 2 * c[0] ** 3 - 1


@problem(
    name="special-given",
    at={"x": [0.4, -1.2]},
    given=lambda size, rng: {"k": rng.standard_normal(2), "s": float(rng.uniform(1.0, 2.0))},
)
def given(xp: Any, x: Any, *, k: Any, s: Any) -> Any:
    """f = Σ k·sin(s·x), whose given values are others where methods are prepared."""
    return xp.sum(k * xp.sin(s * x))


@given.backprop
def _(x: Any, *, k: Any, s: Any) -> Any:
    return (k * s * np.cos(s * x),)


@problem(
    name="special-not-square",
    at={"x": [0.3, -0.8, 1.1]},
    given={"w": [[1.0, -2.0, 0.5], [0.25, 1.5, -1.0]]},
    outputs=("y",),
)
def not_square(xp: Any, x: Any, *, w: Any) -> Any:
    """y = tanh(w·x), whose Jacobian has two rows and three columns."""
    return xp.tanh(w @ x)


@not_square.derivative("jacobian")
def _(x: Any, *, w: Any) -> Any:
    return (1.0 - np.tanh(w @ x) ** 2)[:, None] * w


@not_square.backprop
def _(x: Any, dy: Any, *, w: Any) -> Any:
    return (w.T @ (dy * (1.0 - np.tanh(w @ x) ** 2)),)


BRANCHES = ({"x": [0.5, -0.5, 2.5, -3.0]}, {"x": [-2.0, 1.5, -0.25, 0.75]})


@problem(name="special-branches", at={"x": [1.5, -0.5, 0.2, -2.0]}, also_at=BRANCHES)
def branches(xp: Any, x: Any) -> Any:
    """f = Σ (x³ above one, x down to zero, x² down to −1, sin(x) below): all branches in one."""
    above = xp.where(x > 1.0, x * x * x, x)
    below = xp.where(x < -1.0, xp.sin(x), x * x)
    return xp.sum(xp.where(x > 0.0, above, below))


@branches.backprop
def _(x: Any) -> Any:
    above, below = np.where(x > 1.0, 3.0 * x * x, 1.0), np.where(x < -1.0, np.cos(x), 2.0 * x)
    return (np.where(x > 0.0, above, below),)


@problem(name="special-two-branches", at={"x": 1.5}, also_at=({"x": -0.5}, {"x": 0.75}))
def two_branches(xp: Any, x: Any) -> Any:
    """f = x² above zero, −3·x below: another branch at the second point than at the first."""
    return xp.where(x > 0.0, x * x, -3.0 * x)


@two_branches.backprop
def _(x: Any) -> Any:
    return (2.0 * x if x > 0.0 else -3.0 * np.ones_like(x),)


@problem(name="special-coupled", at={"x": [0.3, -1.1, 0.7]})
def coupled(xp: Any, x: Any) -> Any:
    """f = x₀²·x₁ + x₁·x₂², whose Hessian has a diagonal and more."""
    return x[0] * x[0] * x[1] + x[1] * x[2] * x[2]


@coupled.backprop
def _(x: Any) -> Any:
    return (np.array([2 * x[0] * x[1], x[0] ** 2 + x[2] ** 2, 2 * x[1] * x[2]]),)


@coupled.derivative("hessian")
def _(x: Any) -> Any:
    a, b, c = 2 * x
    zero = np.zeros_like(a)
    return np.array([[b, a, zero], [a, zero, c], [zero, c, b]])


@problem(name="special-made-anew", at={"x": [0.3, 0.7]}, given={"k": 0.1})
def made_anew(xp: Any, x: Any, *, k: Any) -> Any:
    """f = Σ (x·w + c)², where w and c are made in every way that there is."""
    w = xp.linspace(0.1, 0.2, 2) + xp.asarray(TABLE) + xp.zeros((2,)) + xp.eye(2)[0]
    r = x * w + xp.asarray(0.1) + xp.full((2,), 0.3) * xp.ones((2,)) * k
    return xp.sum(r * r)


@made_anew.backprop
def _(x: Any, *, k: Any) -> Any:
    w = np.array([1.1, 0.2], x.dtype) + TABLE.astype(x.dtype)
    return (2.0 * w * (x * w + 0.1 + 0.3 * k),)


@problem(
    name="special-wide",
    at=lambda size, rng: {"x": rng.standard_normal(size)},
    given={"k": [0.5, 0.25]},
    sizes=(5, WIDE),
)
def wide(xp: Any, x: Any, *, k: Any) -> Any:
    """f = Σ sin(x)² + k₀·x."""
    return xp.sum(xp.sin(x) * xp.sin(x) + k[0] * x)


@wide.backprop
def _(x: Any, *, k: Any) -> Any:
    return (2.0 * np.sin(x) * np.cos(x) + k[0],)


@problem(
    name="special-long",
    at={"x": [0.5, 1.5, 2.0]},
    given=lambda size, rng: {"v": rng.standard_normal(LONG)},
    on_request=True,
)
def long(xp: Any, x: Any, *, v: Any) -> Any:
    """f = x₂·Σ sin(x₀·v + x₁), long enough that several threads are worth their while."""
    return x[2] * xp.sum(xp.sin(x[0] * v + x[1]))


@long.backprop
def _(x: Any, *, v: Any) -> Any:
    inner = x[0] * v + x[1]
    slope = x[2] * np.cos(inner)
    return (np.array([np.sum(slope * v), np.sum(slope), np.sum(np.sin(inner))], x.dtype),)
