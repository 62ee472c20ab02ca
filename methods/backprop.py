"""The backward passes that problems bring along, written by hand."""

import functools
import itertools
import math

import lazy_loader as lazy
import numpy as np

from gradiometer import Method, Namespace, Unsupported
from gradiometer.vocabulary.composed import clip

scipy = lazy.load("scipy")


def _either(name):
    """Return math's function for Python floats, NumPy's for arrays: by hand one would do so too."""
    scalar, array = getattr(math, name), getattr(np, name)
    return lambda x: scalar(x) if type(x) is float else array(x)


def _erf(x):
    return math.erf(x) if type(x) is float else scipy.special.erf(x)  # NumPy has none


def _special(name):
    return getattr(scipy.special, name)  # NumPy has none


def _where(condition, a, b):
    kind = type(condition)
    if kind is bool or kind is np.bool:
        return a if condition else b
    return np.where(condition, a, b)


def _written(operator):
    """Return the operator of `Backprop` that is what the problem's author wrote."""

    def written(self, f):
        if operator not in f.problem.derivatives:
            raise Unsupported(f"Problem {f.problem.name!r} has no hand-coded {operator}.")
        return f.problem.derivatives[operator]

    return written


class Backprop(Method):
    """Reverse mode by hand: one line a node, no tape, no tracing.

    Other derivatives where the problem's author wrote them; what can be derived from these, is.
    Cost: what the author wrote, usually two to three primals for a backward pass. Error: rounding.
    Where authors call `math` on scalars, that part is computed in float64 whatever the dtype.
    Use it when a function stays as it is and every microsecond counts, and have it checked.
    """

    name, mode = "backprop", "manual"

    def namespace(self):
        names = ("exp", "log", "log1p", "sin", "cos", "tan", "atan", "tanh", "sqrt")
        own = {name: _either(name) for name in names}
        return Namespace(np, own | {"clip": clip, "where": _where, "erf": _erf}, _special)

    def array(self, a):
        if a.ndim:
            return a
        return a[()] if a.dtype == np.float32 else float(a)  # Python's floats are doubles

    def value(self, f):
        return functools.partial(f.problem.function, f.xp)

    gradient, jacobian, hessian = map(_written, ("gradient", "jacobian", "hessian"))
    jvp, vjp, hvp = map(_written, ("jvp", "vjp", "hvp"))

    def arguments(self, inputs, given, *directions):
        return tuple(itertools.chain(inputs, *directions)), given
