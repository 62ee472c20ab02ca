"""SymPy: derive a formula once, then evaluate it as plain Python."""

import functools
import importlib
import itertools
import math

import lazy_loader as lazy
import numpy as np

from gradiometer import FormulaMethod

sympy = lazy.load("sympy")
scipy = lazy.load("scipy")

SAME = (
    "exp", "log", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
    "asinh", "acosh", "atanh", "atan2", "erf", "erfc", "erfinv", "gamma", "digamma",
)  # fmt: skip
"""Functions that SymPy has by their names."""


class SymPy(FormulaMethod):
    """Symbolic differentiation: diff, common subexpressions, lambdify to Python's own floats.

    In float32, to NumPy's scalars and functions. Use it when a function of a few scalars is called
    very often, or when the derivative is to be read. Cost: the formula grows with the program,
    faster than linearly, as what is used twice is derived twice; evaluating it is then as fast as
    hand-written code without arrays. Error: rounding only.
    """

    name, requires = "sympy", ("sympy",)
    seconds = 2e-4  # measured between 1e-5 (rosenbrock) and 6e-4 (newton-sqrt)

    def array(self, a):
        return tuple(a.ravel()) if a.dtype == np.float32 else tuple(a.ravel().tolist())

    def arguments(self, inputs, given, *directions):
        return tuple(itertools.chain(*inputs, *given.values(), *itertools.chain(*directions))), {}

    def symbol(self, name):
        return sympy.Symbol(name, real=True)

    def functions(self):
        accurate = importlib.import_module("sympy.codegen.cfunctions")
        kinds = ((kind, n) for kind in "jyik" for n in (0, 1))
        bessel = {f"{k}{n}": functools.partial(getattr(sympy, f"bessel{k}"), n) for k, n in kinds}
        return {name: getattr(sympy, name) for name in SAME} | bessel | {
            "expm1": accurate.expm1,
            "lgamma": sympy.loggamma,
            "log1p": accurate.log1p,
            "where": lambda c, a, b: sympy.Piecewise((a, c), (b, True)),
        }  # fmt: skip

    def differentiate(self, formula, symbol):
        return sympy.diff(formula, symbol)

    def compile(self, symbols, formulas, dtype):
        modules = [_special(), _single() if dtype == "float32" else "math"]
        return sympy.lambdify(symbols, formulas, modules=modules, cse=True)


def _special():
    """Return functions in formulas that `math` has none of."""
    names = {f"bessel{kind}": f"{kind}v" for kind in "jyik"}
    names |= {name: name for name in ("erfinv", "polygamma")}
    found = {name: getattr(scipy.special, of) for name, of in names.items()}
    return found | {"DiracDelta": lambda x: 0.0 if x else math.inf}


def _single():
    """Return NumPy's functions in place of math's, which compute in float64; but for constants."""
    both = {name: (of, getattr(np, name)) for name, of in vars(math).items() if hasattr(np, name)}
    both["erf"] = math.erf, scipy.special.erf
    return {name: _either(*pair) if callable(pair[0]) else pair[0] for name, pair in both.items()}


def _either(number, array):
    return lambda *x: (number if all(type(a) in (int, float) for a in x) else array)(*x)
