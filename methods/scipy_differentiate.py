"""scipy.differentiate: differences of high order, their steps halved until they settle."""

from typing import ClassVar

import lazy_loader as lazy
import numpy as np

from gradiometer import Estimated, VectorMethod

scipy = lazy.load("scipy")

FIRST = 1 / 32
"""The first step; SciPy's own, ½, leaves the domain of many functions."""


class ScipyDifferentiate(VectorMethod):
    """scipy.differentiate.jacobian and hessian: differences of order 8, steps 1/32, 1/64, ….

    It calls the function with arrays of points, which a problem's function knows nothing of: here
    they are evaluated one after the other. Cost: some 11 to 20 primals a component, 170 of a
    Hessian's, which is a Jacobian of Jacobians. Error: estimated by how the last two
    steps differ; measured 4e-11 to 3e-10, and where the first steps leave the domain or cross a
    kink, less.

    Use it when SciPy is what there is, the function takes arrays of points by itself, and its
    inputs are of size 1.
    """

    name, mode, exact = "scipy-differentiate", "numerical", False
    requires = ("scipy",)
    digits: ClassVar = {"float64": (7.0, 5.0), "float32": (2.0, None)}

    def evaluations(self, operator, n, m):
        return {"jvp": 20, "hessian": 200 * n * n, "hvp": 200 * n * n}.get(operator, 20 * n)

    def jacobian_of(self, g):
        points = _of_points(g)

        def jacobian(x):
            found = scipy.differentiate.jacobian(points, x, initial_step=FIRST)
            return Estimated(found.df, found.error)

        return jacobian

    def hessian_of(self, g):
        points = _of_points(g)

        def hessian(x):
            found = scipy.differentiate.hessian(points, x, initial_step=FIRST)
            return Estimated(found.ddf, found.error)

        return hessian


def _of_points(g):
    """Return g of an array whose first axis is the vector's: the others are points'."""

    def points(x):
        columns = x.reshape(len(x), -1).T
        y = np.stack([g(column) for column in columns], axis=-1)
        return y.reshape(*y.shape[:-1], *x.shape[1:])

    return points
