"""scipy.differentiate: differences of high order, their steps halved until they settle."""

from typing import ClassVar

import lazy_loader as lazy
import numpy as np

from gradiometer import Estimated, VectorMethod

scipy = lazy.load("scipy")

FIRST = 1 / 32
"""The first step, relative to max(1, |x|); SciPy's own, ½, leaves many functions' domain."""


class ScipyDifferentiate(VectorMethod):
    """scipy.differentiate.jacobian and hessian: differences of order 8, steps 1/32, 1/64, ….

    It calls the function with arrays of points, which a problem's function knows nothing of: here
    they are evaluated one after the other. Cost: some 11 to 20 primals a component, 170 of a
    Hessian's, which is a Jacobian of Jacobians. Error: estimated by how the last two steps differ;
    measured 4e-11 to 3e-10, and where the first steps leave the domain or cross a kink, more. In
    float32 its steps end in rounding: unsupported.

    Use it when SciPy is what there is, and the function takes arrays of points by itself.
    """

    name, mode, exact = "scipy-differentiate", "numerical", False
    requires = ("scipy",)
    digits: ClassVar = {"float64": (7.0, 5.0)}

    def evaluations(self, operator, n, m):
        return {"jvp": 20, "hessian": 200 * n * n, "hvp": 200 * n * n}.get(operator, 20 * n)

    def jacobian_of(self, g):
        def jacobian(x):
            first = FIRST * np.maximum(1.0, np.abs(x))
            found = scipy.differentiate.jacobian(_of_points(g), x, initial_step=first)
            return Estimated(found.df, found.error)

        return jacobian

    def hessian_of(self, g):
        def hessian(x):
            size = np.maximum(1.0, np.abs(x))  # it takes one step for all inputs
            points = _of_points(lambda u: g(u * size))
            found = scipy.differentiate.hessian(points, x / size, initial_step=FIRST)
            sizes = np.outer(size, size)
            return Estimated(found.ddf / sizes, found.error / sizes)

        return hessian


def _of_points(g):
    """Return g of an array whose first axis is the vector's: the others are points'."""

    def points(x):
        columns = x.reshape(len(x), -1).T
        y = np.stack([g(column) for column in columns], axis=-1)
        return y.reshape(*y.shape[:-1], *x.shape[1:])

    return points
