"""Finite differences: the function as a black box, perturbed by components or along directions."""

from typing import ClassVar

import numpy as np

from gradiometer.vocabulary.analytic import analytic
from gradiometer.vocabulary.differences import (
    Differences,
    SecondDifferences,
    central,
    mixed,
)
from gradiometer.vocabulary.flat import special


class ForwardDifference(SecondDifferences):
    """(f(x + h·eᵢ) − f(x)) / h with h = √ε·max(1, |xᵢ|); second differences with ∛ε.

    Cost: n + 1 primals for a gradient, 2n² for a Hessian. Error: h·f″/2 from truncation, ε·f/h from
    rounding; about half the digits, a third at second order. At f = 1000·f′, or f″ = 1000·f′, three
    less: float32 has one left, and none at second order.

    Use it when an evaluation is dear, a few digits are enough, and the function is code that
    nothing can look into.

    Reference: Nocedal and Wright, Numerical Optimization, 2nd ed., §8.1.
    """

    name, one_sided, root, second_root = "forward-difference", True, 2, 3
    accuracy, primal = 1, "numpy"
    digits: ClassVar = {"float64": (5.0, 2.0), "float32": (1.0, None)}

    def evaluations(self, operator, n, m):
        counts = {"jvp": 2, "vjp": 2 * n, "hvp": 4 * n, "hessian": 2 * n * (n + 1)}
        return counts.get(operator, n + 1)

    def slope(self, shifted, x, base, step, scale=None):
        above = x + step * (max(1.0, abs(x)) if scale is None else scale)
        return (shifted(above) - base) / (above - x)  # the step as it was rounded

    def curvature(self, shifted, h, k):
        return (shifted(h, k) - shifted(h, 0.0) - shifted(0.0, k) + shifted(0.0, 0.0)) / (h * k)


class CentralDifference(SecondDifferences):
    """(f(x + h·eᵢ) − f(x − h·eᵢ)) / 2h with h = ∛ε·max(1, |xᵢ|); second differences with ε^¼.

    Cost: 2n primals for a gradient, 2n² for a Hessian. Error: h²·f‴/6 from truncation, ε·f/h from
    rounding; about two thirds of the digits, half at second order. At f = 1000·f′, or f‴ = 1000·f′,
    three less: float32 has one and a half left, and none to promise at second order.

    Use it when another derivative is to be checked, and the function is code that nothing can look
    into: it is simple, and right to some digits wherever the function is smooth.

    Reference: Nocedal and Wright, Numerical Optimization, 2nd ed., §8.1.
    """

    name, root, second_root, primal = "central-difference", 3, 4, "numpy"
    accuracy = 2
    digits: ClassVar = {"float64": (7.0, 4.0), "float32": (1.5, None)}

    def evaluations(self, operator, n, m):
        return {"jvp": 2, "hvp": 4 * n, "hessian": 2 * n * (n + 1)}.get(operator, 2 * n)

    def slope(self, shifted, x, base, step, scale=None):
        return central(shifted, x, step * (max(1.0, abs(x)) if scale is None else scale))

    def curvature(self, shifted, h, k):
        return mixed(shifted, h, k)


class FivePoint(SecondDifferences):
    """(−f(x + 2h) + 8f(x + h) − 8f(x − h) + f(x − 2h)) / 12h with h = ε^⅕·max(1, |xᵢ|).

    Second differences are of fourth order too, with the same step. Cost: 4n primals for a gradient,
    4n² for a Hessian. Error: h⁴·f⁽⁵⁾/30 from truncation, 3ε·f/2h from rounding; four fifths of the
    digits, three fifths at second order. Where f‴ = 1000·f′, as central differences allow for, f⁽⁵⁾
    is 10⁶·f′: six less, of which 30 gives one back. Steps of float32, up to 0.08, leave nothing
    then: unsupported.

    Use it when central differences give too few digits, the function is smooth beyond the step, and
    twice their cost is no matter.

    Reference: Abramowitz and Stegun, Handbook of Mathematical Functions, §25.3.
    """

    name, root, second_root, primal = "five-point", 5, 5, "numpy"
    accuracy = 4
    digits: ClassVar = {"float64": (6.5, 5.5)}

    def evaluations(self, operator, n, m):
        return {"jvp": 4, "hvp": 8 * n, "hessian": 4 * n * (n + 1)}.get(operator, 4 * n)

    def slope(self, shifted, x, base, step, scale=None):
        h = step * (max(1.0, abs(x)) if scale is None else scale)
        return (4.0 * central(shifted, x, h) - central(shifted, x, 2.0 * h)) / 3.0

    def curvature(self, shifted, h, k):
        return (4.0 * mixed(shifted, h, k) - mixed(shifted, 2.0 * h, 2.0 * k)) / 3.0


class ComplexStep(Differences):
    """Im f(x + i·h·eᵢ) / h, h = 1e-200·max(1, |xᵢ|), or 1e-20 in float32: no difference is taken.

    So nothing cancels. Cost: n primals in complex arithmetic. Error: rounding only, where f is
    analytic; comparisons look at the real part. First derivatives only.

    Use it when the function is NumPy code that takes complex numbers, has few inputs, and the
    derivative is to be right to the last digits.

    Reference: Squire and Trapp, Using Complex Variables to Estimate Derivatives of Real Functions,
    SIAM Review 40 (1998).
    """

    name, exact = "complex-step", True

    def namespace(self):
        return analytic(special)

    def evaluations(self, operator, n, m):
        return 1 if operator == "jvp" else n

    def step(self, f):
        return f.step(1e-20 if f.point.dtype == "float32" else 1e-200)

    def slope(self, shifted, x, base, step, scale=None):
        # NumPy's complex scalars can be compared (by the real part first), Python's cannot.
        kind = np.complex64 if isinstance(x, np.float32) else np.complex128
        h = step * (max(1.0, abs(x)) if scale is None else scale)
        return shifted(kind(complex(x, h))).imag / h

    def copy(self, a):
        return a.astype(np.result_type(a, 1j))
