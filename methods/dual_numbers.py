"""num-dual: dual numbers, and those of second order, written in Rust, as components of arrays."""

import operator
from typing import Any, ClassVar

import lazy_loader as lazy
import numpy as np

from gradiometer import Method
from gradiometer.vocabulary.answer import Components
from gradiometer.vocabulary.dual_array import dual_functions, numbers, of_numbers

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
        def gradient(inputs, given):
            x, y = numbers(inputs), of_numbers(f, given)
            return num_dual.gradient(lambda x: y(x)[0], x)[1]

        return gradient

    def jacobian(self, f):
        def jacobian(inputs, given):
            return num_dual.jacobian(of_numbers(f, given), numbers(inputs))[1]

        return jacobian

    def hessian(self, f):
        def hessian(inputs, given):
            x, y = numbers(inputs), of_numbers(f, given)
            return num_dual.hessian(lambda x: y(x)[0], x)[2]

        return hessian

    def jvp(self, f):
        def jvp(inputs, given, tangents):
            x, v, y = numbers(inputs), numbers(tangents), of_numbers(f, given)

            def along(t):
                return y([a + t[0] * b for a, b in zip(x, v, strict=True)])

            return num_dual.jacobian(along, [0.0])[1]

        return jvp

    def vjp(self, f):
        def vjp(inputs, given, cotangents):
            x, w, y = numbers(inputs), numbers(cotangents), of_numbers(f, given)
            return num_dual.gradient(lambda x: sum(map(operator.mul, y(x), w)), x)[1]

        return vjp

    def hvp(self, f):
        def hvp(inputs, given, tangents):
            x, v, y = numbers(inputs), numbers(tangents), of_numbers(f, given)

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
