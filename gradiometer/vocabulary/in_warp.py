"""Formulas as the source of Warp's kernels, and the launches of a kernel and of its adjoint.

Warp is loaded when it is first asked for something.
"""

import itertools
import math
import runpy
import tempfile
from pathlib import Path

import lazy_loader as lazy
import numpy as np

warp = lazy.load("warp")

SAME = (
    "exp", "log", "log2", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2",
    "sinh", "cosh", "tanh", "abs", "pow", "erf", "erfc", "where",
)  # fmt: skip
"""Functions that Warp has by their names, each with its adjoint."""

HEAD = """import warp
real = warp.{dtype}

@warp.kernel(module="unique")
def formula(x: warp.array(dtype=real), y: warp.array(dtype=real)):
"""


class Node:
    """A formula: what is written for it, in which the names of its parts are filled in."""

    __slots__ = ("form", "parts")

    def __init__(self, form, parts):
        self.form = form
        self.parts = parts

    def __bool__(self):
        raise TypeError("cannot determine the truth value of a formula")

    def __neg__(self):
        return Node("-{}", (self,))

    def __add__(self, other):
        return _node("{} + {}", self, other)

    def __radd__(self, other):
        return _node("{} + {}", other, self)

    def __sub__(self, other):
        return _node("{} - {}", self, other)

    def __rsub__(self, other):
        return _node("{} - {}", other, self)

    def __mul__(self, other):
        return _node("{} * {}", self, other)

    def __rmul__(self, other):
        return _node("{} * {}", other, self)

    def __truediv__(self, other):
        return _node("{} / {}", self, other)

    def __rtruediv__(self, other):
        return _node("{} / {}", other, self)


class Launches:
    """A kernel's launches, with the arrays that they read and write: those of NumPy, shared."""

    def __init__(self, kernel, n, m, dtype):
        self.x, self.dx = np.zeros((2, n), dtype)
        self.y, self.dy = np.zeros((2, m), dtype)
        x, y, dx, dy = (
            warp.array(a, dtype=getattr(warp, dtype), device="cpu", copy=False)
            for a in (self.x, self.y, self.dx, self.dy)
        )
        how = {"dim": 1, "inputs": [x], "outputs": [y], "device": "cpu", "record_cmd": True}
        self.forward = warp.launch(kernel, **how)
        self.adjoint = warp.launch(kernel, **how, adj_inputs=[dx], adj_outputs=[dy], adjoint=True)

    def __call__(self, vector):
        """Return the formulas' values at those of the symbols."""
        self.x[:] = vector
        self.forward.launch()
        return self.y.copy()

    def gradient(self, parts):
        """Return a function of the symbols' values: the gradient in each of the inputs."""
        return lambda vector: self._pulled(parts, vector, 1.0)

    def vjp(self, parts):
        """Return a function of the symbols' values, and a cotangent behind them."""
        own = len(self.x)
        return lambda vector: self._pulled(parts, vector[:own], vector[own:])

    def _pulled(self, parts, vector, cotangent):
        self.x[:] = vector
        self.dy[:] = cotangent
        self.dx.fill(0.0)  # launches add to it
        self.adjoint.launch()
        found = self.dx.copy()
        return [found[part] for part in parts]


def functions():
    """Return the functions of formulas, by the names of the namespace."""
    return {name: _called(name) for name in SAME} | {
        "greater": _written("{} > {}"),
        "greater_equal": _written("{} >= {}"),
        "less": _written("{} < {}"),
        "less_equal": _written("{} <= {}"),
        "logical_and": _written("{} and {}"),
        "logical_not": _written("not {}"),
        "logical_or": _written("{} or {}"),
        "softplus": _softplus,
    }


def launches(symbols, formulas, dtype):
    """Return the launches of a kernel that computes formulas of symbols."""
    names = {id(symbol): f"x[{k}]" for k, symbol in enumerate(symbols)}
    lines = [*_lines(formulas, names)]
    lines += [f"y[{k}] = {names[id(formula)]}" for k, formula in enumerate(formulas)]
    text = HEAD.format(dtype=dtype) + "\n".join(f"    {line}" for line in lines or ["pass"])
    return Launches(_kernel(text), len(symbols), len(formulas), dtype)


def parts(f):
    """Return where in the vector of symbols each input stands."""
    ends = [*itertools.accumulate(a.size for a in f.point.inputs.values())]
    return [*map(slice, [0, *ends], ends)]


def constant(number):
    """Return the node of a number."""
    if isinstance(number, bool | np.bool):
        return Node(str(bool(number)), ())
    if math.isfinite(number):
        return Node(f"real({float(number)!r})", ())
    return Node(f"{'-' * (number < 0)}real(warp.{abs(float(number))})", ())


def _node(form, *parts):
    return Node(form, tuple(p if isinstance(p, Node) else constant(p) for p in parts))


def _called(name):
    return lambda *parts: _node(f"warp.{name}({', '.join(['{}'] * len(parts))})", *parts)


def _written(form):
    return lambda *parts: _node(form, *parts)


def _softplus(x):
    # Warp has no log1p; and what overflows in a branch that is not taken would reach the adjoint.
    where, below = _called("where"), _written("{} < {}")(x, 0.0)
    return where(below, 0.0 * x, x) + _called("log")(1.0 + _called("exp")(where(below, x, -x)))


def _lines(formulas, names):
    """Yield a line for each operation, once and after those of its parts; add what it names."""
    waiting = [*reversed(formulas)]
    while waiting:
        node = waiting[-1]
        missing = [part for part in node.parts if id(part) not in names]
        waiting += missing
        if not missing:
            waiting.pop()
            if id(node) not in names:
                name = names[id(node)] = f"v{len(names)}"
                yield f"{name} = {node.form.format(*(names[id(part)] for part in node.parts))}"


def _kernel(text):
    """Return the kernel of a source text, which Warp wants to read from a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.py")
        path.write_text(text)
        return runpy.run_path(str(path))["formula"]
