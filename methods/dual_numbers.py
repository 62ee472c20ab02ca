"""num-dual: dual numbers, and those of second order, written in Rust, as components of arrays."""

from functools import partial
from operator import mul
from typing import Any, ClassVar

import lazy_loader as lazy
import numpy as np

from gradiometer import Method
from gradiometer.vocabulary.answer import Components
from gradiometer.vocabulary.dual_array import along, dual_functions, numbers, of_numbers, scalar

num_dual = lazy.load("num_dual")


class NumDual(Method):
    """num_dual.gradient and hessian: every number carries its derivatives in all inputs.

    Use it when a function of a few numbers has branches and loops, and second derivatives are
    wanted. Cost: an object a component, with n numbers (n² for a Hessian). Error: rounding only.
    """

    name = package = extra = "num-dual"
    mode, requires = "forward", ("num_dual",)
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
        return lambda inputs, given, tangents: num_dual.jacobian(
            partial(along(at(given), numbers(tangents)), numbers(inputs)), [0.0]
        )[1]

    def vjp(self, f):
        at = of_numbers(f)

        def vjp(inputs, given, cotangents):
            y, w = at(given), numbers(cotangents)
            return num_dual.gradient(lambda x: sum(map(mul, y(x), w)), numbers(inputs))[1]

        return vjp

    def hvp(self, f):
        at = of_numbers(f)

        def hvp(inputs, given, tangents):
            y = along(at(given), numbers(tangents))
            return num_dual.partial_hessian(lambda x, t: y(x, t)[0], numbers(inputs), [0.0])[3]

        return hvp

    def result(self, native):
        if isinstance(native, tuple):
            return tuple(map(self.result, native))
        flat = isinstance(native, list)
        return Components(np.ravel(native)) if flat else np.asarray(native, np.float64)

    def declines(self, operator, n, m):
        most = {"hessian": 200, "hvp": 1000}.get(operator, 2000)
        return f"{n:,} numbers in each number: not attempted beyond {most:,}." if n > most else None
