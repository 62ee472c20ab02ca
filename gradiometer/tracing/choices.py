"""NumPy's functions that choose between arrays, over a tool's; each is called with `nx` first."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike

Rule = Callable[..., Any]


def where(nx: NumPyLike, condition: Any, *choices: Any) -> Any:
    if not choices:
        return nx.nonzero(condition)
    condition, a, b = (nx.lift(x) if isinstance(x, list) else x for x in (condition, *choices))
    shape = np.broadcast_shapes(np.shape(condition), np.shape(a), np.shape(b))
    natives = [nx.native.broadcast(nx.operand(x, array=True), shape) for x in (a, b)]
    chosen = nx.native.broadcast(nx.condition(condition), shape)
    return nx.wrap(nx.native.where(chosen, *natives))


def select(nx: NumPyLike, condlist: Any, choicelist: Any, default: Any = 0.0) -> Any:
    found = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        found = nx.where(condition, choice, found)
    return found


def choose(nx: NumPyLike, a: Any, choices: Any) -> Any:
    at = nx.plain(a)
    return nx.select([np.equal(at, k) for k in range(len(choices))], choices)


def piecewise(nx: NumPyLike, x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    conditions, functions = list(condlist), list(funclist)
    values = [f(x, *args, **kw) if callable(f) else f for f in functions]
    rest = values.pop() if len(values) > len(conditions) else 0.0
    return nx.select(conditions[::-1], values[::-1], rest)


def interp(nx: NumPyLike, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    x, xp, fp = nx.lift(x), nx.lift(xp), nx.lift(fp)
    found = fp[0] if left is None else left
    for k in range(len(xp) - 1):
        slope = (fp[k + 1] - fp[k]) / (xp[k + 1] - xp[k])
        found = nx.where(x >= xp[k], fp[k] + slope * (x - xp[k]), found)
    last = fp[-1] if right is None else nx.where(x == xp[-1], fp[-1], right)
    return nx.where(x >= xp[-1], last, found)


TABLE: dict[str, Rule] = {
    "choose": choose, "interp": interp, "piecewise": piecewise, "select": select, "where": where,
}  # fmt: skip
