"""SymPy: derive a formula once, then evaluate it as plain Python."""

import itertools

import lazy_loader as lazy
import numpy as np

from gradiometer import Method, Namespace

sympy = lazy.load("sympy")

MOST_SYMBOLS = 300
MEASURED = 6.1, 164, 1.8
"""Seconds to derive the gradient of an mlp of two hidden layers (3-10-10-1, one sample), its number
of inputs, and the exponent of growth between 59 and 164 inputs; a batch multiplies all of it."""


class SymPy(Method):
    """Symbolic differentiation: diff, common subexpressions, lambdify to Python's own floats.

    Cost: the formula grows with the program, faster than linearly; evaluating it is then as fast
    as hand-written code without arrays. Error: rounding only.
    """

    name, mode, package = "sympy", "symbolic", "sympy"

    def namespace(self):
        names = ("exp", "log", "sin", "cos", "tan", "tanh", "sinh", "cosh", "sqrt", "erf")
        elementwise = {name: np.frompyfunc(getattr(sympy, name), 1, 1) for name in names}
        piecewise = np.frompyfunc(lambda c, a, b: sympy.Piecewise((a, c), (b, True)), 3, 1)
        return Namespace(np, elementwise | {"where": piecewise})

    def array(self, a):
        return float(a) if a.ndim == 0 else tuple(a.ravel().tolist())

    def declines(self, n):
        if n <= MOST_SYMBOLS:
            return None
        seconds, symbols, exponent = MEASURED
        forecast = seconds * (n / symbols) ** exponent
        return (
            f"{n:,} symbols: deriving alone is forecast to take {forecast:,.0f} s "
            f"or more ({seconds:g} s for {symbols} in a small network, growing as n^{exponent:g}); "
            f"not attempted beyond {MOST_SYMBOLS}."
        )

    def value(self, f):
        return _compile(f, lambda y, inputs: y)

    def gradient(self, f):
        return _compile(f, lambda y, inputs: [_derive(y, x) for x in inputs])

    def arguments(self, inputs, given):
        return (*inputs, *given.values()), {}


def _compile(f, derive):
    inputs = [_symbols(name, a) for name, a in f.point.inputs.items()]
    given = {name: _symbols(name, a) for name, a in f.point.given.items()}
    formula = derive(f(tuple(inputs), given), inputs)
    arguments = [_flat(x) for x in (*inputs, *given.values())]
    return sympy.lambdify(arguments, formula, modules="math", cse=_share)


def _symbols(name, a):
    """Return an object array of symbols of the shape of `a`; a bare symbol for a scalar."""
    if a.ndim == 0:
        return sympy.Symbol(name, real=True)
    indices = itertools.product(*map(range, a.shape))
    flat = [sympy.Symbol("_".join(map(str, (name, *i))), real=True) for i in indices]
    return np.array(flat, dtype=object).reshape(a.shape)


def _flat(x):
    return tuple(x.ravel()) if isinstance(x, np.ndarray) else x


def _derive(y, x):
    derivatives = np.frompyfunc(lambda symbol: sympy.diff(y, symbol), 1, 1)(x)
    return derivatives.tolist() if isinstance(x, np.ndarray) else derivatives


def _share(nested):
    """Return common subexpressions and what remains, nested as before.

    Without this, lambdify finds none in nested lists, and says nothing.
    """
    shared, reduced = sympy.cse(list(_leaves(nested)), list=False)
    remaining = iter(reduced if isinstance(reduced, list) else [reduced])
    return shared, _refill(nested, remaining)


def _leaves(nested):
    if isinstance(nested, list):
        for part in nested:
            yield from _leaves(part)
    else:
        yield nested


def _refill(nested, leaves):
    return [_refill(part, leaves) for part in nested] if isinstance(nested, list) else next(leaves)
