"""Finite differences: the function as a black box, perturbed one component at a time."""

import numpy as np

from gradiometer import Method, Namespace

EPSILON = float(np.finfo(np.float64).eps)


class _Differences(Method):
    """What the three have in common: one input perturbed at a time, one component at a time."""

    mode = "numerical"
    exact = False
    one_sided = False
    dtype: type = np.float64

    def namespace(self):
        return Namespace(np)

    def array(self, a):
        return float(a) if a.ndim == 0 else a

    def gradient(self, f):
        def gradient(inputs, given):
            base = f(inputs, given) if self.one_sided else None
            slopes, point = [], list(inputs)
            for k, a in enumerate(inputs):
                if isinstance(a, float):

                    def shifted(x, k=k):
                        point[k] = x
                        return f(tuple(point), given)

                    slopes.append(self.slope(shifted, a, base))
                else:
                    slopes.append(self._slopes(f, point, k, given, base))
                point[k] = a
            return tuple(slopes)

        return gradient

    def slope(self, shifted, x, base):
        """Return the slope of `shifted`, a function of one component, at its value x.

        `base` is the function at the point itself for one-sided differences, else None.
        """
        raise NotImplementedError

    def _slopes(self, f, point, k, given, base):
        """Return the slopes in the components of array `k`, perturbed in a copy of it."""
        work = point[k].astype(self.dtype)
        flat, slopes = work.reshape(-1), np.empty(work.size)
        point[k] = work
        inputs = tuple(point)

        def shifted(x):
            flat[i] = x
            return f(inputs, given)

        for i, x in enumerate(point[k].real.ravel().tolist()):
            slopes[i] = self.slope(shifted, x, base)
            flat[i] = x
        return slopes.reshape(work.shape)


class ForwardDifference(_Differences):
    """(f(x + h·eᵢ) − f(x)) / h with h = √ε·max(1, |xᵢ|).

    Cost: n + 1 primals. Error: h·f″/2 from truncation, ε·f/h from rounding; about half the digits.

    Reference: Nocedal and Wright, Numerical Optimization, 2nd ed., §8.1.
    """

    name, digits, one_sided = "forward-difference", 5.0, True

    def evaluations(self, n):
        return n + 1

    def slope(self, shifted, x, base):
        above = x + EPSILON ** (1 / 2) * max(1.0, abs(x))
        return (shifted(above) - base) / (above - x)  # the step as it was rounded


class CentralDifference(_Differences):
    """(f(x + h·eᵢ) − f(x − h·eᵢ)) / 2h with h = ∛ε·max(1, |xᵢ|).

    Cost: 2n primals. Error: h²·f‴/6 from truncation, ε·f/h from rounding; about two thirds of
    the digits.

    Reference: Nocedal and Wright, Numerical Optimization, 2nd ed., §8.1.
    """

    name, digits = "central-difference", 7.0

    def evaluations(self, n):
        return 2 * n

    def slope(self, shifted, x, base):
        h = EPSILON ** (1 / 3) * max(1.0, abs(x))
        above, below = x + h, x - h
        return (shifted(above) - shifted(below)) / (above - below)


class ComplexStep(_Differences):
    """Im f(x + i·h·eᵢ) / h with h = 1e-200: no difference is taken, so nothing cancels.

    Cost: n primals in complex arithmetic. Error: rounding only, where f is analytic; comparisons
    look at the real part.

    Reference: Squire and Trapp, Using Complex Variables to Estimate Derivatives of Real Functions,
    SIAM Review 40 (1998).
    """

    name, digits, exact = "complex-step", 12.0, True
    dtype, step = np.complex128, 1e-200

    def evaluations(self, n):
        return n

    def slope(self, shifted, x, base):
        # NumPy's complex scalars can be compared (by the real part first), Python's cannot.
        return shifted(np.complex128(complex(x, self.step))).imag / self.step
