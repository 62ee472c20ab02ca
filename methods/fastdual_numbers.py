"""fastdual: dual and hyper-dual numbers in C, as the elements of NumPy's arrays."""

import importlib
from typing import ClassVar

import lazy_loader as lazy
import numpy as np

from gradiometer import Namespace, UnsupportedOperation, VectorMethod
from gradiometer.vocabulary.formulas import missing

fastdual = lazy.load("fastdual")


class FastDual(VectorMethod):
    """fastdual.jac of a DualArray, fastdual's hessian_matrix: numbers that carry their derivatives.

    A number holds the derivatives that are not zero, by the variables' numbers, which begin anew in
    each call (`fastdual.reset`). Numbers are float64 whatever is given, so that float32 is
    unsupported; it knows neither special functions nor factorisations of matrices. Cost: some
    hundred nanoseconds an operation on a number, and more by the variables that it depends on; a
    Hessian is n(n + 1)/2 evaluations in hyper-dual numbers. Error: rounding only. Use it when the
    function is Python code on numbers, of few inputs each, that is to be differentiated as it
    stands, with nothing to trace or compile.
    """

    name, mode, requires, extra = "fastdual", "forward", ("fastdual",), "fastdual"
    digits: ClassVar = {"float64": (12.0, 11.0)}

    def namespace(self):
        own = {"clip": _clip, "logsumexp": _logsumexp, "where": _where}
        return Namespace(np, own | {"stop_gradient": missing("fastdual", "stop_gradient")})

    def evaluations(self, operator, n, m):
        return n * (n + 1) // 2 if operator in ("hessian", "hvp") else None

    def jacobian_of(self, g):
        def jacobian(x):
            fastdual.reset()
            seeds = fastdual.DualArray(x)
            y = _named(g, seeds)
            return fastdual.jac([y] if g.scalar else y, seeds)

        return jacobian

    def hessian_of(self, g):
        whole = importlib.import_module("fastdual._hyperdual").hessian_matrix
        return lambda x: whole(lambda numbers: _named(g, np.array(numbers, object)), x)


def _named(g, x):
    """Return g(x); of what the numbers do not know, say so."""
    try:
        return g(x)
    except UnsupportedOperation:
        raise
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        told = str(error).partition("\n")[0]
        raise UnsupportedOperation(f"fastdual: {type(error).__name__}: {told}") from error


def _where(condition, a, b):
    # NumPy makes an array without axes of scalars, and Dual * array drops the array's derivatives.
    if np.ndim(condition) == 0 == np.ndim(a) == np.ndim(b):
        return a if condition else b
    found = np.where(condition, a, b)
    dual = any(isinstance(each, fastdual.Dual) for each in found.flat)
    return found.view(fastdual.DualArray) if dual else found


def _clip(x, min=None, max=None):  # noqa: A002  # the standard's names
    x = x if min is None else _where(x < min, min, x)
    return x if max is None else _where(x > max, max, x)


def _logsumexp(x, axis=None, keepdims=False):
    peak = np.max(x, axis=axis, keepdims=True)
    total = np.log(np.sum(np.exp(x - peak), axis=axis, keepdims=keepdims))
    return total + np.max(x, axis=axis, keepdims=keepdims)
