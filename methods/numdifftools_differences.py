"""numdifftools: differences at many steps, extrapolated, the least doubtful of them chosen."""

from typing import ClassVar

import lazy_loader as lazy

from gradiometer import Estimated, VectorMethod
from gradiometer.vocabulary.analytic import analytic
from gradiometer.vocabulary.flat import special

nd = lazy.load("numdifftools")


class _Numdifftools(VectorMethod):
    """What both methods have in common."""

    mode, exact = "numerical", False
    requires, extra = ("numdifftools",), "numdifftools"
    kind = "central"

    def gradient_of(self, g):
        return _estimated(nd.Gradient(g, method=self.kind, full_output=True))

    def jacobian_of(self, g):
        return _estimated(nd.Jacobian(g, method=self.kind, full_output=True))

    def hessian_of(self, g):
        return _estimated(nd.Hessian(g, method=self.kind, full_output=True))


class NumdifftoolsCentral(_Numdifftools):
    """numdifftools with method="central": differences at 15 steps, and Wynn's epsilon algorithm.

    Steps are float64 whatever is given, so that float32 is unsupported. Cost: 30 primals a
    component of a gradient or a Hessian. Error: as of extrapolated differences; measured 2e-11
    to 1e-9, with estimates.

    Use it when the function is code that nothing can look into, and digits and an estimate of the
    error matter more than time.
    """

    name = "numdifftools"
    digits: ClassVar = {"float64": (7.0, 5.0)}

    def evaluations(self, operator, n, m):
        counts = {"jvp": 31, "hessian": 30 * n * n, "hvp": 30 * n * n}
        return counts.get(operator, 30 * n)


class NumdifftoolsComplex(_Numdifftools):
    """numdifftools with method="complex": complex steps; multicomplex ones at second order.

    Cost: n + 1 primals in complex arithmetic, n² of a Hessian. Error: little more than rounding,
    where f is analytic; comparisons look at the real part. Multicomplex numbers know elementwise
    functions of scalars only: where they fail in preparation, second derivatives are differences of
    complex steps, with some six digits. Steps are float64 whatever is given, so that float32 is
    unsupported.

    Use it when the function is NumPy code that takes complex numbers, and its derivatives of second
    order are wanted, too.
    """

    name, kind = "numdifftools-complex", "complex"
    digits: ClassVar = {"float64": (10.0, 4.0)}

    def namespace(self):
        return analytic(special)

    def evaluations(self, operator, n, m):
        return {"jvp": 2, "hessian": n * (n + 1), "hvp": n * (n + 1)}.get(operator, n + 1)

    def hessian_of(self, g):
        call = nd.Hessian(g, method="multicomplex", full_output=True)
        try:
            call(g.prepared_at())
        except (AttributeError, TypeError, ValueError):  # of functions that it does not know
            return super().hessian_of(g)
        return _estimated(call)


def _estimated(call):
    def estimated(x):
        found = call(x)
        return Estimated(found.estimate, found.error_estimate)

    return estimated
