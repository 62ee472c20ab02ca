"""Finite differences: the function as a black box, perturbed one component at a time."""

import numpy as np

from gradiometer import Method, Namespace

EPSILON = np.finfo(np.float64).eps


class _Differences(Method):
    """What the three have in common: NumPy arrays, and one scalar function of a flat vector."""

    mode = "numerical"
    exact = False

    def namespace(self):
        return Namespace(np)

    def array(self, a):
        return a

    def gradient(self, f):
        def differences(inputs, given):
            shapes = [np.shape(a) for a in inputs]
            ends = np.cumsum([np.size(a) for a in inputs])[:-1]
            flat = np.concatenate([np.ravel(a) for a in inputs])

            def g(v):
                parts = np.split(v, ends)
                return f(tuple(p.reshape(s) for p, s in zip(parts, shapes, strict=True)), given)

            slopes = np.split(self.slopes(g, flat), ends)
            return tuple(d.reshape(s) for d, s in zip(slopes, shapes, strict=True))

        return differences


class ForwardDifference(_Differences):
    """(f(x + h·eᵢ) − f(x)) / h with h = √ε·max(1, |xᵢ|).

    Cost: n + 1 primals. Error: h·f″/2 from truncation, ε·f/h from rounding; about half the digits.

    Reference: Nocedal and Wright, Numerical Optimization, 2nd ed., §8.1.
    """

    name, digits = "forward-difference", 5.0

    def evaluations(self, n):
        return n + 1

    def slopes(self, g, x):
        base, slopes, shifted = g(x), np.empty_like(x), x.copy()
        for i, h in enumerate(EPSILON**0.5 * np.maximum(1.0, np.abs(x))):
            shifted[i] = x[i] + h
            slopes[i] = (g(shifted) - base) / (shifted[i] - x[i])  # the step as it was rounded
            shifted[i] = x[i]
        return slopes


class CentralDifference(_Differences):
    """(f(x + h·eᵢ) − f(x − h·eᵢ)) / 2h with h = ∛ε·max(1, |xᵢ|).

    Cost: 2n primals. Error: h²·f‴/6 from truncation, ε·f/h from rounding; about two thirds of
    the digits.

    Reference: Nocedal and Wright, Numerical Optimization, 2nd ed., §8.1.
    """

    name, digits = "central-difference", 7.0

    def evaluations(self, n):
        return 2 * n

    def slopes(self, g, x):
        slopes, shifted = np.empty_like(x), x.copy()
        for i, h in enumerate(EPSILON ** (1 / 3) * np.maximum(1.0, np.abs(x))):
            above, below = x[i] + h, x[i] - h
            shifted[i] = above
            upper = g(shifted)
            shifted[i] = below
            slopes[i] = (upper - g(shifted)) / (above - below)
            shifted[i] = x[i]
        return slopes


class ComplexStep(_Differences):
    """Im f(x + i·h·eᵢ) / h with h = 1e-200: no difference is taken, so nothing cancels.

    Cost: n primals in complex arithmetic. Error: rounding only, where f is analytic; comparisons
    look at the real part.

    Reference: Squire and Trapp, Using Complex Variables to Estimate Derivatives of Real Functions,
    SIAM Review 40 (1998).
    """

    name, digits, exact = "complex-step", 12.0, True
    step = 1e-200

    def evaluations(self, n):
        return n

    def slopes(self, g, x):
        slopes, shifted = np.empty_like(x), x.astype(np.complex128)
        for i in range(x.size):
            shifted[i] += 1j * self.step
            slopes[i] = g(shifted).imag / self.step
            shifted[i] = x[i]
        return slopes
