"""Finite differences: the function as a black box, perturbed by components or along directions."""

import math
from typing import Any, ClassVar

import lazy_loader as lazy
import numpy as np

from gradiometer import Method, Namespace
from gradiometer.vocabulary.analytic import analytic
from gradiometer.vocabulary.composed import clip

scipy = lazy.load("scipy")


class _Differences(Method):
    """What the three have in common: one component perturbed at a time, or all at once.

    Attributes:
        root: A step is this root of the distance from 1 to the next number of the dtype.
    """

    mode = "numerical"
    exact = False
    one_sided = False
    root = 1

    def namespace(self):
        return Namespace(np, {"clip": clip}, _special)

    def array(self, a):
        return a if a.ndim else _number(a)

    def gradient(self, f):
        step = _step(f, self.root)

        def gradient(inputs, given):
            base = f(inputs, given) if self.one_sided else None
            slopes, point = [], list(inputs)
            for k, a in enumerate(inputs):
                if isinstance(a, float | np.float32):

                    def shifted(x, k=k):
                        point[k] = x
                        return f(tuple(point), given)

                    slopes.append(self.slope(shifted, a, base, step))
                else:
                    columns = self._columns(f, point, k, given, base, step)
                    slopes.append(np.array(columns).reshape(a.shape))
                point[k] = a
            return tuple(slopes)

        return gradient

    def jacobian(self, f):
        step, several = _step(f, self.root), len(f.problem.output_names) > 1

        def outputs(inputs, given):
            y = f(inputs, given)
            return _flattened(y)[0] if several else np.ravel(y)

        def jacobian(inputs, given):
            base = outputs(inputs, given) if self.one_sided else None
            columns, point = [], [np.asarray(a) for a in inputs]
            for k, a in enumerate(point):
                columns += self._columns(outputs, point, k, given, base, step)
                point[k] = a
            return np.array(columns).T

        return jacobian

    def jvp(self, f):
        step, several = _step(f, self.root), len(f.problem.output_names) > 1
        origin = _number(np.zeros((), f.point.dtype))

        def jvp(inputs, given, tangents):
            unpack = None

            def shifted(t):
                nonlocal unpack
                y = f(tuple(a + t * v for a, v in zip(inputs, tangents, strict=True)), given)
                if several:
                    y, unpack = _flattened(y)
                return y

            base = shifted(origin) if self.one_sided else None
            pushed = self.slope(shifted, origin, base, step, _reach(inputs, tangents))
            return pushed if unpack is None else unpack(pushed)

        return jvp

    def slope(self, shifted, x, base, step, scale=None):
        """Return the slope of `shifted`, a function of one number, at x.

        `base` is the function at the point itself for one-sided differences, else None; `scale` is
        what `step` is relative to, max(1, |x|) by default.
        """
        raise NotImplementedError

    def _columns(self, f, point, k, given, base, step):
        """Return the slopes of f in each component of array `k`, perturbed in a copy of it."""
        work: Any = self.copy(point[k])
        flat, slopes = work.reshape(-1), []
        point[k] = work
        inputs = tuple(point)

        def shifted(x):
            flat[i] = x
            return f(inputs, given)

        single = flat.real.dtype == np.float32  # a step must be seen as it is rounded
        for i, x in enumerate(tuple(flat.real) if single else flat.real.tolist()):
            slopes.append(self.slope(shifted, x, base, step))
            flat[i] = x
        return slopes

    def copy(self, a):
        """Return a copy of an array, to be perturbed."""
        return np.array(a)


class _Second(_Differences):
    """Second differences: the function at points displaced along two directions."""

    second_root = 1

    def curvature(self, shifted, h, k):
        """Return the mixed second difference of `shifted(s, t)` with steps h and k."""
        raise NotImplementedError

    def hessian(self, f):
        step = _step(f, self.second_root)

        def hessian(inputs, given):
            x, unpack = _flattened(inputs)
            steps = step * np.maximum(1.0, np.abs(x))
            matrix = np.empty((x.size, x.size), x.dtype)
            for i in range(x.size):
                for j in range(i + 1):

                    def shifted(s, t, i=i, j=j):
                        moved = x.copy()
                        moved[i] += s
                        moved[j] += t
                        return f(unpack(moved), given)

                    matrix[i, j] = matrix[j, i] = self.curvature(shifted, steps[i], steps[j])
            return matrix

        return hessian

    def hvp(self, f):
        step = _step(f, self.second_root)

        def hvp(inputs, given, tangents):
            x, unpack = _flattened(inputs)
            v, _ = _flattened(tangents)
            steps = step * np.maximum(1.0, np.abs(x))
            along = step * _reach(inputs, tangents)
            product = np.empty_like(x)
            for i in range(x.size):

                def shifted(s, t, i=i):
                    moved = x + t * v
                    moved[i] += s
                    return f(unpack(moved), given)

                product[i] = self.curvature(shifted, steps[i], along)
            return unpack(product)

        return hvp


class ForwardDifference(_Second):
    """(f(x + h·eᵢ) − f(x)) / h with h = √ε·max(1, |xᵢ|); second differences with ∛ε.

    Cost: n + 1 primals for a gradient, 2n² for a Hessian. Error: h·f″/2 from truncation, ε·f/h from
    rounding; about half the digits, a third at second order. At f = 1000·f′, or f″ = 1000·f′, three
    less: float32 has one left, and none at second order.

    Reference: Nocedal and Wright, Numerical Optimization, 2nd ed., §8.1.
    """

    name, one_sided, root, second_root = "forward-difference", True, 2, 3
    primal = "numpy"
    digits: ClassVar = {"float64": (5.0, 2.0), "float32": (1.0, None)}

    def evaluations(self, operator, n, m):
        counts = {"jvp": 2, "vjp": 2 * n, "hvp": 4 * n, "hessian": 2 * n * (n + 1)}
        return counts.get(operator, n + 1)

    def slope(self, shifted, x, base, step, scale=None):
        above = x + step * (max(1.0, abs(x)) if scale is None else scale)
        return (shifted(above) - base) / (above - x)  # the step as it was rounded

    def curvature(self, shifted, h, k):
        return (shifted(h, k) - shifted(h, 0.0) - shifted(0.0, k) + shifted(0.0, 0.0)) / (h * k)


class CentralDifference(_Second):
    """(f(x + h·eᵢ) − f(x − h·eᵢ)) / 2h with h = ∛ε·max(1, |xᵢ|); second differences with ε^¼.

    Cost: 2n primals for a gradient, 2n² for a Hessian. Error: h²·f‴/6 from truncation, ε·f/h from
    rounding; about two thirds of the digits, half at second order. At f = 1000·f′, or f‴ = 1000·f′,
    three less: float32 has one and a half left, and none to promise at second order.

    Reference: Nocedal and Wright, Numerical Optimization, 2nd ed., §8.1.
    """

    name, root, second_root, primal = "central-difference", 3, 4, "numpy"
    digits: ClassVar = {"float64": (7.0, 4.0), "float32": (1.5, None)}

    def evaluations(self, operator, n, m):
        return {"jvp": 2, "hvp": 4 * n, "hessian": 2 * n * (n + 1)}.get(operator, 2 * n)

    def slope(self, shifted, x, base, step, scale=None):
        h = step * (max(1.0, abs(x)) if scale is None else scale)
        above, below = x + h, x - h
        return (shifted(above) - shifted(below)) / (above - below)

    def curvature(self, shifted, h, k):
        same = shifted(h, k) + shifted(-h, -k)
        return (same - shifted(h, -k) - shifted(-h, k)) / (4.0 * h * k)


class ComplexStep(_Differences):
    """Im f(x + i·h·eᵢ) / h with h = 1e-200, or 1e-20 in float32: no difference is taken.

    So nothing cancels. Cost: n primals in complex arithmetic. Error: rounding only, where f is
    analytic; comparisons look at the real part. First derivatives only.

    Reference: Squire and Trapp, Using Complex Variables to Estimate Derivatives of Real Functions,
    SIAM Review 40 (1998).
    """

    name, exact = "complex-step", True

    def namespace(self):
        return analytic(_special)

    def evaluations(self, operator, n, m):
        return 1 if operator == "jvp" else n

    def slope(self, shifted, x, base, step, scale=None):
        # NumPy's complex scalars can be compared (by the real part first), Python's cannot.
        kind, h = (np.complex64, 1e-20) if isinstance(x, np.float32) else (np.complex128, 1e-200)
        return shifted(kind(complex(x, h))).imag / h

    def copy(self, a):
        return a.astype(np.result_type(a, 1j))


def _number(a):
    """Return a scalar as a number: Python's own of a double, which is fast, else NumPy's."""
    return a[()] if a.dtype == np.float32 else float(a)


def _step(f, root):
    """Return the step, relative to max(1, |x|), at the precision of a function's point."""
    return float(np.finfo(f.point.dtype).eps) ** (1 / root)


def _special(name):
    return getattr(scipy.special, name)  # NumPy has none


def _flattened(arrays):
    """Return arrays as one vector, and the function that cuts such a vector up again."""
    shapes = [np.shape(a) for a in arrays]
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]

    def unpack(vector):
        parts = np.split(vector, ends)
        return tuple(
            part.reshape(shape) if shape else _number(part[0])
            for part, shape in zip(parts, shapes, strict=True)
        )

    return np.concatenate([np.ravel(a) for a in arrays]), unpack


def _reach(inputs, tangents):
    """Return the factor of a direction that moves no component by more than max(1, |xᵢ|)."""
    pairs = zip(inputs, tangents, strict=True)
    return 1.0 / max(float(np.max(np.abs(v) / np.maximum(1.0, np.abs(a)))) for a, v in pairs)
