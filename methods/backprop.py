"""The backward passes that problems bring along, written by hand."""

import functools
import math

import numpy as np

from gradiometer import Method, Namespace, Unsupported


def _either(name):
    """Return math's function for Python floats, NumPy's for arrays: by hand one would do so too."""
    scalar, array = getattr(math, name), getattr(np, name)
    return lambda x: scalar(x) if type(x) is float else array(x)


def _where(condition, a, b):
    if type(condition) is bool:
        return a if condition else b
    return np.where(condition, a, b)


class Backprop(Method):
    """Reverse mode by hand: one line a node, no tape, no tracing.

    Cost: what the problem's author wrote, usually two to three primals. Error: rounding only.
    """

    name, mode = "backprop", "manual"

    def namespace(self):
        names = ("exp", "log", "sin", "cos", "tanh", "sqrt")
        return Namespace(np, {name: _either(name) for name in names} | {"where": _where})

    def array(self, a):
        return float(a) if a.ndim == 0 else a

    def value(self, f):
        return functools.partial(f.problem.function, f.xp)

    def gradient(self, f):
        if f.problem.backward is None:
            raise Unsupported(f"Problem {f.problem.name!r} has no hand-coded backward pass.")
        return f.problem.backward

    def arguments(self, inputs, given):
        return inputs, given
