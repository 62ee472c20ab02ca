"""num-dual: dual numbers, and those of second order, written in Rust, as components of arrays."""

import operator
from typing import Any, ClassVar

import lazy_loader as lazy
import numpy as np

from gradiometer import Method
from gradiometer.vocabulary.answer import Components
from gradiometer.vocabulary.dual_array import along, dual_functions, numbers, of_numbers, scalar

num_dual = lazy.load("num_dual")

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
        return dual_functions("num_dual")

    def array(self, a):
        return a if a.ndim else float(a)

    def gradient(self, f):
        y = scalar(f)
        return lambda inputs, given: num_dual.gradient(y(given), numbers(inputs))[1]

    def jacobian(self, f):
        y = of_numbers(f)
        return lambda inputs, given: num_dual.jacobian(y(given), numbers(inputs))[1]

    def hessian(self, f):
        y = scalar(f)
        return lambda inputs, given: num_dual.hessian(y(given), numbers(inputs))[2]

    def jvp(self, f):
        at = of_numbers(f)

        def jvp(inputs, given, tangents):
            x, y = numbers(inputs), along(at(given), numbers(tangents))
            return num_dual.jacobian(lambda t: y(x, t), [0.0])[1]

        return jvp

    def vjp(self, f):
        at = of_numbers(f)

        def vjp(inputs, given, cotangents):
            y, w = at(given), numbers(cotangents)
            return num_dual.gradient(lambda x: sum(map(operator.mul, y(x), w)), numbers(inputs))[1]

        return vjp

    def hvp(self, f):
        at = of_numbers(f)

        def hvp(inputs, given, tangents):
            y = along(at(given), numbers(tangents))
            return num_dual.partial_hessian(lambda x, t: y(x, t)[0], numbers(inputs), [0.0])[3]

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
