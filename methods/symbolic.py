"""SymPy: derive a formula once, then evaluate it as plain Python."""

import importlib
import itertools
import math
import operator

import lazy_loader as lazy
import numpy as np

from gradiometer import Declined, Method, Primal
from gradiometer.vocabulary.formulas import formulas

sympy = lazy.load("sympy")
scipy = lazy.load("scipy")

FUNCTIONS = dict.fromkeys(
    ("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh",
     "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc", "erfinv", "gamma", "lgamma",
     "digamma", *(f"{kind}{n}" for kind in "jyik" for n in (0, 1))), 1,
) | {"atan2": 2, "where": 3}  # fmt: skip
"""Functions of SymPy's that work elementwise, and how many arguments they have."""

MOST_SYMBOLS = 300
MOST_SECONDS = 3.0
SECONDS = 2e-4
"""Seconds a node of the formula, and a symbol that it is differentiated in (twice: squared), that
deriving takes: measured between 1e-5 (rosenbrock) and 6e-4 (newton-sqrt)."""


class SymPy(Method):
    """Symbolic differentiation: diff, common subexpressions, lambdify to Python's own floats.

    In float32, to NumPy's scalars and functions.

    Cost: the formula grows with the program, faster than linearly; evaluating it is then as fast
    as hand-written code without arrays. Error: rounding only.
    """

    name, mode, requires = "sympy", "symbolic", ("sympy",)

    def namespace(self):
        return _namespace(_formula)

    def array(self, a):
        if a.dtype == np.float32:
            return tuple(a.ravel()) if a.ndim else a[()]
        return tuple(a.ravel().tolist()) if a.ndim else float(a)

    def declines(self, operator, n, m):
        if n <= MOST_SYMBOLS:
            return None
        return f"{n:,} symbols: not attempted beyond {MOST_SYMBOLS}; formulas fill the memory."

    def value(self, f):
        return _compile(f, lambda y, inputs: _nested(y), order=0)

    def gradient(self, f):
        return _compile(f, lambda y, inputs: [_derive(y, x) for x in inputs])

    def jacobian(self, f):
        def jacobian(y, inputs):
            return _each(lambda part: [_block(part, x) for x in inputs], y)

        return _compile(f, jacobian)

    def hessian(self, f):
        def hessian(y, inputs):
            gradient = [np.asarray(_derivative(y, x), dtype=object) for x in inputs]
            return [[_block(g, x) for x in inputs] for g in gradient]

        return _compile(f, hessian, order=2)

    def jvp(self, f):
        def jvp(y, inputs, *tangents):
            return _nested(_each(lambda part: _pushed(part, inputs, tangents), y))

        return _compile(f, jvp, f.signature.inputs)

    def vjp(self, f):
        def vjp(y, inputs, *cotangents):
            outputs = y if isinstance(y, tuple) else (y,)
            total = sum(np.sum(w * part) for w, part in zip(cotangents, outputs, strict=True))
            return [_derive(total, x) for x in inputs]

        return _compile(f, vjp, f.signature.outputs)

    def hvp(self, f):
        def hvp(y, inputs, *tangents):
            slope = _pushed(y, inputs, tangents)
            return [_derive(slope, x) for x in inputs]

        return _compile(f, hvp, f.signature.inputs, order=2)

    def arguments(self, inputs, given, *directions):
        return tuple(itertools.chain(inputs, given.values(), *directions)), {}


def _namespace(make):
    """Return the array functions, made elementwise of `make(name)`."""
    return formulas({name: np.frompyfunc(make(name), n, 1) for name, n in FUNCTIONS.items()})


def _formula(name):
    """Return SymPy's function of that name."""
    if name == "where":
        return lambda c, a, b: sympy.Piecewise((a, c), (b, True))
    if name[0] in "jyik" and name[1:] in ("0", "1"):
        return lambda x: getattr(sympy, f"bessel{name[0]}")(int(name[1]), x)
    if name == "lgamma":
        return sympy.loggamma
    accurate = importlib.import_module("sympy.codegen.cfunctions")
    return getattr(accurate if name in ("log1p", "expm1") else sympy, name)


def _compile(f, derive, directions=None, order=1):
    _forecast(f, order)
    inputs = [_symbols(name, a) for name, a in f.point.inputs.items()]
    given = {name: _symbols(name, a) for name, a in f.point.given.items()}
    along = directions.zeros() if directions else {}
    along = [_symbols(f"along_{name}", a) for name, a in along.items()]
    formula = derive(f(tuple(inputs), given), inputs, *along)
    arguments = [_flat(x) for x in (*inputs, *given.values(), *along)]
    modules = _single() if f.point.dtype == "float32" else [_SPECIAL, "math"]
    return sympy.lambdify(arguments, formula, modules=modules, cse=_share)


def _scipy(name):
    return lambda *x: getattr(scipy.special, name)(*x)


_SPECIAL = {
    "besseli": _scipy("iv"), "besselj": _scipy("jv"), "besselk": _scipy("kv"),
    "bessely": _scipy("yv"), "erfinv": _scipy("erfinv"), "polygamma": _scipy("polygamma"),
}  # fmt: skip
"""Functions in formulas that `math` has none of."""


def _single():
    """Return NumPy's functions in place of math's, which compute in float64; but for constants."""
    both = {name: (of, getattr(np, name)) for name, of in vars(math).items() if hasattr(np, name)}
    both["erf"] = math.erf, scipy.special.erf
    return [
        _SPECIAL,
        {name: _either(*pair) if callable(pair[0]) else pair[0] for name, pair in both.items()},
    ]


def _either(number, array):
    return lambda *x: (number if all(type(a) in (int, float) for a in x) else array)(*x)


def _forecast(f, order):
    """Refuse a formula that would take too long to derive; SymPy walks it as a tree."""
    counted = Primal(f.problem, _namespace(lambda name: _count), f.point, f.signature)
    inputs = tuple(_counts(a) for a in f.point.inputs.values())
    y = counted(inputs, {name: _counts(a) for name, a in f.point.given.items()})
    outputs = y if isinstance(y, tuple) else (y,)
    nodes = sum(_nodes(part) for output in outputs for part in np.ravel(output))
    seconds = SECONDS * nodes * f.signature.n**order
    if seconds > MOST_SECONDS:
        raise Declined(
            f"a formula of {float(nodes):,.3g} nodes in {f.signature.n} symbols: deriving is "
            f"forecast to take {seconds:,.3g} s; not attempted beyond {MOST_SECONDS:g} s."
        )


class _Count:
    """A formula of which only the number of nodes is kept."""

    __slots__ = ("nodes",)

    def __init__(self, nodes):
        self.nodes = nodes

    def _with(self, *others):
        return _count(self, *others)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = __abs__ = _with
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = _with
    __lt__ = __gt__ = __le__ = __ge__ = __and__ = __or__ = __invert__ = _with

    def __bool__(self):
        raise TypeError("cannot determine the truth value of a formula")


def _count(*parts):
    return _Count(1 + sum(map(_nodes, parts)))


def _nodes(part):
    return part.nodes if isinstance(part, _Count) else 1


def _counts(a):
    """Return single nodes in the shape of `a`."""
    return np.full(a.shape, _Count(1), dtype=object).view(_Symbols) if a.ndim else _Count(1)


def _compared(relation):
    return lambda self, other: np.frompyfunc(relation, 2, 1)(self, other)


class _Symbols(np.ndarray):
    """An array of formulas whose comparisons are formulas too; NumPy's own would decide them."""

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return super().__array_wrap__(array, context) if array.ndim else array.item()

    __gt__, __lt__ = _compared(operator.gt), _compared(operator.lt)
    __ge__, __le__ = _compared(operator.ge), _compared(operator.le)


def _symbols(name, a):
    """Return an object array of symbols of the shape of `a`; a bare symbol for a scalar."""
    if a.ndim == 0:
        return sympy.Symbol(name, real=True)
    indices = itertools.product(*map(range, a.shape))
    flat = [sympy.Symbol("_".join(map(str, (name, *i))), real=True) for i in indices]
    return np.array(flat, dtype=object).reshape(a.shape).view(_Symbols)


def _flat(x):
    return tuple(x.ravel()) if isinstance(x, np.ndarray) else x


def _derivative(y, x):
    """Return the derivatives of one formula in the symbols x, of the shape of x."""
    return np.frompyfunc(lambda symbol: sympy.diff(y, symbol), 1, 1)(x)


def _derive(y, x):
    return _nested(_derivative(y, x))


def _block(y, x):
    """Return the derivatives of the formulas y in the symbols x, nested as their shapes in turn."""
    if isinstance(y, np.ndarray):
        return [_block(part, x) for part in y] if y.ndim else _derive(y.item(), x)
    return _derive(y, x)


def _pushed(y, inputs, tangents):
    """Return the derivatives of the formulas y along the tangents."""

    def along(part):
        terms = (np.sum(_derivative(part, x) * v) for x, v in zip(inputs, tangents, strict=True))
        return sum(terms)

    return np.frompyfunc(along, 1, 1)(y)


def _each(function, y):
    return [function(part) for part in y] if isinstance(y, tuple) else function(y)


def _nested(y):
    """Return formulas as nested lists, which lambdify can write."""
    if isinstance(y, tuple | list):
        return [_nested(part) for part in y]
    return y.tolist() if isinstance(y, np.ndarray) else y


def _share(nested):
    """Return common subexpressions and what remains, nested as before.

    Without this, lambdify finds none in nested lists, and says nothing.
    """
    shared, reduced = sympy.cse(sympy.flatten([nested]), list=False)
    remaining = iter(reduced if isinstance(reduced, list) else [reduced])
    return shared, _refill(nested, remaining)


def _refill(nested, leaves):
    return [_refill(part, leaves) for part in nested] if isinstance(nested, list) else next(leaves)
