"""What stands for one function of NumPy's, `math`'s or SciPy's, with what ufuncs have."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from gradiometer.tracing.refusals import OTHERWISE, refusal

if TYPE_CHECKING:
    from gradiometer.tracing.numpy_like import NumPyLike

REDUCED = {
    "add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logical_and": "all",
    "logical_or": "any",
}  # fmt: skip
ACCUMULATED = {"add": "cumsum", "multiply": "cumprod"}


class Function:
    """Stands for a function: constants go to it, arrays of the tool's to a rule.

    Args:
        nx: What the rule is called with.
        label: Its name, with its module's.
        original: The function.
        rule: What it is over a tool's arrays; `None` where it is refused.
        folds: Whether NumPy computes it of constants.
    """

    def __init__(
        self,
        nx: NumPyLike,
        label: str,
        original: Any,
        rule: Callable[..., Any] | None,
        *,
        folds: bool = True,
    ) -> None:
        self.nx = nx
        self.original = original
        self.rule = rule
        self.folds = folds
        self.label = label
        self.__name__ = label.rpartition(".")[2]
        self.__doc__ = original.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return NumPy's result where all is constant, else the rule's."""
        nx = self.nx
        out = kwargs.pop("out", None)
        if out is not None:
            (target,) = out if isinstance(out, tuple) else (out,)
            target[...] = self(*args, **kwargs)
            return target
        folded = nx.folded((args, kwargs)) if self.folds else None
        if folded is not None:
            with np.errstate(all="ignore"):
                found = self.original(*folded[0], **folded[1])
            if not (nx.exact and nx.traced((args, kwargs)) and np.asarray(found).dtype.kind == "f"):
                return nx.constant(found)
        if self.rule is None:
            return nx.refused(self.label, self.original, args, kwargs)
        try:
            return self.rule(nx, *args, **kwargs)
        except TypeError as error:
            if f"{self.rule.__name__}()" not in str(error):
                raise
            raise refusal(f"{self.label} with other arguments", f"{error}.") from None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = getattr(self.original, name)
        if callable(found) and not isinstance(self.original, np.ufunc):
            return Function(self.nx, f"{self.label}.{name}", found, None)
        return found

    def __get__(self, instance: Any, owner: Any) -> Any:
        return self  # as NumPy's own: no method of what holds it

    def reduce(self, x: Any, axis: Any = 0, **options: Any) -> Any:
        """Return the operation over an axis."""
        if self.__name__ in REDUCED:
            return getattr(self.nx, REDUCED[self.__name__])(x, axis=axis, **options)
        if getattr(self.original, "nin", 0) != 2 or options or not isinstance(axis, int):
            raise refusal(f"{self.label}.reduce is called", OTHERWISE)
        return functools.reduce(self, self.nx.moveaxis(self.nx.lift(x), axis, 0))

    def accumulate(self, x: Any, axis: Any = 0) -> Any:
        """Return the partial results along an axis."""
        if self.__name__ in ACCUMULATED:
            return getattr(self.nx, ACCUMULATED[self.__name__])(x, axis=axis)
        rows = list(self.nx.moveaxis(self.nx.lift(x), axis, 0))
        partial = list(itertools.accumulate(rows, self))
        return self.nx.moveaxis(self.nx.stack(partial), 0, axis)

    def outer(self, a: Any, b: Any) -> Any:
        """Return the operation of all pairs."""
        a, b = self.nx.lift(a), self.nx.lift(b)
        return self(self.nx.reshape(a, (*a.shape, *(1,) * b.ndim)), b)

    def at(self, a: Any, indices: Any, b: Any = None) -> None:
        """Change components in place, one after the other."""
        at = np.arange(a.size).reshape(a.shape)[self.nx.plain(indices)]
        flat = a.reshape(-1)
        if b is None:
            for k in np.ravel(at):
                flat[k] = self(flat[k])
            return
        values = self.nx.reshape(self.nx.broadcast_to(b, at.shape), -1)
        for place, k in enumerate(np.ravel(at)):
            flat[k] = self(flat[k], values[place])


def vectorize(nx: NumPyLike, pyfunc: Any = None, *args: Any, **options: Any) -> Any:
    """Return a function that is called for each component, as `numpy.vectorize` makes one."""
    if pyfunc is None:
        return lambda function: vectorize(nx, function, *args, **options)
    if options.get("signature") or options.get("excluded"):
        raise refusal("numpy.vectorize with `signature` or `excluded`", "write a loop.")

    def vectorized(*arrays: Any, **named: Any) -> Any:
        spread = nx.broadcast_arrays(*arrays)
        shape = np.shape(spread[0])
        if not shape:
            return pyfunc(*arrays, **named)
        flat = [nx.reshape(nx.lift(a), -1) for a in spread]
        results = [pyfunc(*parts, **named) for parts in zip(*flat, strict=True)]
        if results and isinstance(results[0], tuple):
            return tuple(nx.reshape(nx.array(list(r)), shape) for r in zip(*results, strict=True))
        return nx.reshape(nx.array(results), shape)

    vectorized.pyfunc = pyfunc  # type: ignore[attr-defined]
    return vectorized
