"""jacobi: central differences, fitted by a polynomial in the squared step."""

from typing import ClassVar

import lazy_loader as lazy

from gradiometer import Estimated, VectorMethod

library = lazy.load("jacobi")

STEPS = (1 / 32, 0.5)
"""The first step, relative to each number, and the factor of the next; its own ¼ goes far."""


class Jacobi(VectorMethod):
    """jacobi.jacobi: central differences at ten steps, and the uncertainty of their fit.

    Steps begin at 1/32 of each number; they, and the derivative, are float64 whatever is given, so
    that float32 is unsupported. So are second derivatives, which it has not. Cost: 4 to 20 primals
    a component, and as many fits. Error: measured 4e-12 to 7e-10, with estimates; where the first
    steps leave the domain or cross a kink, more.

    Use it when values carry errors that are to be propagated: it is written for that, in physics,
    and says how uncertain its derivatives are.
    """

    name, mode, exact = "jacobi", "numerical", False
    requires, extra = ("jacobi",), "jacobi"
    digits: ClassVar = {"float64": (7.0, None)}

    def evaluations(self, operator, n, m):
        return 20 if operator == "jvp" else 20 * n

    def jacobian_of(self, g):
        return lambda x: Estimated(*library.jacobi(g, x, step=STEPS))
