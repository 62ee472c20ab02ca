"""num-dual: dual numbers, and those of second order, written in Rust, as components of arrays."""

import itertools
import math
import operator
from typing import Any, ClassVar

import lazy_loader as lazy
import numpy as np

from gradiometer import Method
from gradiometer.vocabulary.answer import Components
from gradiometer.vocabulary.formula_array import FormulaArray, elementwise
from gradiometer.vocabulary.formulas import formulas

num_dual = lazy.load("num_dual")

METHODS = (
    "exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "asin",
    "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh",
)  # fmt: skip
"""NumPy's functions that ask each component for its method of that name."""
MOST = {"hessian": 200, "hvp": 1000}
MOST_GRADIENT = 2000


class NumDual(Method):
    """num_dual.gradient and hessian: every number carries its derivatives in all inputs.

    Use it when a function of a few numbers is written in plain Python, with branches and loops,
    and second or third derivatives are wanted. Cost: an object a component, and n numbers in each
    (n² for a Hessian), in every operation. Error: rounding only, in float64.
    """

    name, mode, requires, package = "num-dual", "forward", ("num_dual",), "num-dual"
    extra = "num-dual"
    digits: ClassVar[dict[str, Any]] = {"float64": (12.0, 11.0)}

    def namespace(self):
        return formulas(
            Duals.own | {name: getattr(np, name) for name in METHODS}, "num_dual", Duals
        )

    def array(self, a):
        return a if a.ndim else float(a)

    def gradient(self, f):
        def gradient(inputs, given):
            x, y = _flat(inputs), _function(f, given)
            return num_dual.gradient(lambda x: y(x)[0], x)[1]

        return gradient

    def jacobian(self, f):
        def jacobian(inputs, given):
            return num_dual.jacobian(_function(f, given), _flat(inputs))[1]

        return jacobian

    def hessian(self, f):
        def hessian(inputs, given):
            x, y = _flat(inputs), _function(f, given)
            return num_dual.hessian(lambda x: y(x)[0], x)[2]

        return hessian

    def jvp(self, f):
        def jvp(inputs, given, tangents):
            x, v, y = _flat(inputs), _flat(tangents), _function(f, given)

            def along(t):
                return y([a + t[0] * b for a, b in zip(x, v, strict=True)])

            return num_dual.jacobian(along, [0.0])[1]

        return jvp

    def vjp(self, f):
        def vjp(inputs, given, cotangents):
            x, w, y = _flat(inputs), _flat(cotangents), _function(f, given)
            return num_dual.gradient(lambda x: sum(map(operator.mul, y(x), w)), x)[1]

        return vjp

    def hvp(self, f):
        def hvp(inputs, given, tangents):
            x, v, y = _flat(inputs), _flat(tangents), _function(f, given)

            def along(x, t):
                return y([a + t[0] * b for a, b in zip(x, v, strict=True)])[0]

            return num_dual.partial_hessian(along, x, [0.0])[3]

        return hvp

    def result(self, native):
        if isinstance(native, list):
            return Components(np.array(native).ravel())
        if isinstance(native, tuple):
            return tuple(map(self.result, native))
        return np.asarray(native, np.float64)

    def declines(self, operator, n, m):
        most = MOST.get(operator, MOST_GRADIENT)
        return f"{n:,} numbers in each number: not attempted beyond {most:,}." if n > most else None


def _power(base, exponent):
    """Return a power; a number has none with a dual number in its exponent."""
    if isinstance(base, float | int) and not isinstance(exponent, float | int):
        return np.exp(exponent * math.log(base))
    return base**exponent


class Duals(FormulaArray):
    """An array of dual numbers, which can be decided; a number from it is an array, too.

    For a bare number times an array writes the products into the array.
    """

    own = elementwise({
        "abs": lambda x: -x if x < 0 else x,
        "equal": operator.eq,
        "not_equal": operator.ne,
        "pow": _power,
        "sign": lambda x: float(x > 0) - float(x < 0),
        "where": lambda c, a, b: a if c else b,
    })  # fmt: skip

    @classmethod
    def boxed(cls, found):
        """Return arrays as such, and bare numbers, of functions of numbers only, as they are."""
        return super().boxed(found) if isinstance(found, np.ndarray | tuple | list) else found

    def __bool__(self):
        return bool(self.item())

    def __eq__(self, other):
        return self.own["equal"](self, other)

    def __ne__(self, other):
        return self.own["not_equal"](self, other)

    __hash__ = None


def _flat(arrays):
    """Return the components of arrays as Python's numbers."""
    return np.concatenate(arrays, axis=None).tolist()


def _function(f, given):
    """Return a problem's function of a list of numbers, which returns a list."""
    shapes = f.signature.inputs.shapes.values()
    bare = not any((*shapes, *(a.shape for a in f.point.given.values())))

    def function(x):
        parts, inputs = iter(x), []
        for shape in shapes:
            flat = list(itertools.islice(parts, math.prod(shape)))
            inputs.append(flat[0] if bare else Duals.of(flat, shape))
        y = f(tuple(inputs), given)
        outputs = y if isinstance(y, tuple) else (y,)
        found = [z for part in outputs for z in np.ravel(np.asarray(part)).tolist()]
        return [z + 0.0 * x[0] if isinstance(z, float | int) else z for z in found]

    return function
