"""Finite differences: the function as a black box, perturbed by components or along directions.

What the variants have in common; each says in `methods/` how a slope is made of values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiometer.vocabulary.flat import flattened, functions, number
from gradiometer.vocabulary.method import Method, Prepared, Primal

Evaluate = Callable[..., Any]


class Differences(Method):
    """First differences: one component perturbed at a time, or all at once along a direction.

    Attributes:
        one_sided: Whether a slope needs the function at the point itself.
        root: The step is this root of the distance from 1 to the next number of the dtype.
        accuracy: Order of accuracy: the power of the step that the truncation error goes with; 0
            where that and rounding leave no best step to be told beforehand.
    """

    mode = "numerical"
    exact = False
    one_sided = False
    root: float = 1
    accuracy: int = 0

    def namespace(self) -> Any:
        """Return NumPy's functions."""
        return functions()

    def array(self, a: Any) -> Any:
        """Return an array as it is, and a scalar as a number."""
        return a if a.ndim else number(a)

    def step(self, f: Primal) -> float:
        """Return the step of first differences, relative to max(1, |x|)."""
        return step_of(f, self.root)

    def slope(self, shifted: Evaluate, x: Any, base: Any, step: float, scale: Any = None) -> Any:
        """Return the slope of `shifted`, a function of one number, at x.

        `base` is the function at the point itself for one-sided differences, else None; `scale` is
        what `step` is relative to, max(1, |x|) by default.
        """
        raise NotImplementedError

    def joined(self, slopes: list[Any], make: Callable[[list[Any]], Any]) -> Any:
        """Return slopes as one answer, which is what `make` makes of a list of them."""
        return make(slopes)

    def copy(self, a: Any) -> Any:
        """Return a copy of an array, to be perturbed."""
        return np.array(a)

    def gradient(self, f: Primal) -> Prepared:
        """Return the gradient, a slope a component."""
        step = self.step(f)

        def gradient(inputs: Any, given: Any) -> Any:
            base = f(inputs, given) if self.one_sided else None
            slopes, point = [], list(inputs)
            for k, a in enumerate(inputs):
                if isinstance(a, float | np.float32):

                    def shifted(x: Any, k: int = k) -> Any:
                        point[k] = x
                        return f(tuple(point), given)

                    slopes.append(self.slope(shifted, a, base, step))
                else:
                    slopes += self._columns(f, point, k, given, base, step)
                point[k] = a
            return self.joined(slopes, lambda parts: _shaped(parts, inputs))

        return gradient

    def jacobian(self, f: Primal) -> Prepared:
        """Return the Jacobian, a column of slopes a component."""
        step, several = self.step(f), len(f.problem.output_names) > 1

        def outputs(inputs: Any, given: Any) -> Any:
            y = f(inputs, given)
            return flattened(y)[0] if several else np.ravel(y)

        def jacobian(inputs: Any, given: Any) -> Any:
            base = outputs(inputs, given) if self.one_sided else None
            columns, point = [], [np.asarray(a) for a in inputs]
            for k, a in enumerate(point):
                columns += self._columns(outputs, point, k, given, base, step)
                point[k] = a
            return self.joined(columns, lambda parts: np.array(parts).T)

        return jacobian

    def jvp(self, f: Primal) -> Prepared:
        """Return the pushforward, the slope along the direction."""
        step, several = self.step(f), len(f.problem.output_names) > 1
        origin = number(np.zeros((), f.point.dtype))

        def jvp(inputs: Any, given: Any, tangents: Any) -> Any:
            unpack: Any = None

            def shifted(t: Any) -> Any:
                nonlocal unpack
                y = f(tuple(a + t * v for a, v in zip(inputs, tangents, strict=True)), given)
                if several:
                    y, unpack = flattened(y)
                return y

            base = shifted(origin) if self.one_sided else None
            pushed = self.slope(shifted, origin, base, step, reach(inputs, tangents))
            return self.joined([pushed], lambda parts: unpack(parts[0]) if unpack else parts[0])

        return jvp

    def _columns(
        self, f: Evaluate, point: list[Any], k: int, given: Any, base: Any, step: float
    ) -> list[Any]:
        """Return the slopes of f in each component of array `k`, perturbed in a copy of it."""
        work = self.copy(point[k])
        flat, slopes = work.reshape(-1), []
        point[k] = work
        inputs = tuple(point)

        def shifted(x: Any) -> Any:
            flat[i] = x
            return f(inputs, given)

        single = flat.real.dtype == np.float32  # a step must be seen as it is rounded
        for i, x in enumerate(tuple(flat.real) if single else flat.real.tolist()):
            slopes.append(self.slope(shifted, x, base, step))
            flat[i] = x
        return slopes


class SecondDifferences(Differences):
    """Second differences: the function at points displaced along two directions.

    Attributes:
        second_root: What `root` is, of second differences.
    """

    second_root: float = 1

    def second_step(self, f: Primal) -> float:
        """Return the step of second differences, relative to max(1, |x|)."""
        return step_of(f, self.second_root)

    def curvature(self, shifted: Evaluate, h: Any, k: Any) -> Any:
        """Return the mixed second difference of `shifted(s, t)` with steps h and k."""
        raise NotImplementedError

    def hessian(self, f: Primal) -> Prepared:
        """Return the Hessian, a second difference a pair of components."""
        step = self.second_step(f)

        def hessian(inputs: Any, given: Any) -> Any:
            x, unpack = flattened(inputs)
            steps = step * np.maximum(1.0, np.abs(x))
            found = []
            for i in range(x.size):
                for j in range(i + 1):

                    def shifted(s: Any, t: Any, i: int = i, j: int = j) -> Any:
                        moved = x.copy()
                        moved[i] += s
                        moved[j] += t
                        return f(unpack(moved), given)

                    found.append(self.curvature(shifted, steps[i], steps[j]))
            return self.joined(found, lambda parts: _symmetric(parts, x))

        return hessian

    def hvp(self, f: Primal) -> Prepared:
        """Return the product, a second difference of each component and the direction."""
        step = self.second_step(f)

        def hvp(inputs: Any, given: Any, tangents: Any) -> Any:
            x, unpack = flattened(inputs)
            v, _ = flattened(tangents)
            steps = step * np.maximum(1.0, np.abs(x))
            along, found = step * reach(inputs, tangents), []
            for i in range(x.size):

                def shifted(s: Any, t: Any, i: int = i) -> Any:
                    moved = x + t * v
                    moved[i] += s
                    return f(unpack(moved), given)

                found.append(self.curvature(shifted, steps[i], along))
            return self.joined(found, lambda parts: unpack(np.array(parts, x.dtype)))

        return hvp


def central(shifted: Evaluate, x: Any, h: Any) -> Any:
    """Return the central difference quotient of a function of one number."""
    above, below = x + h, x - h
    return (shifted(above) - shifted(below)) / (above - below)  # the step as it was rounded


def mixed(shifted: Evaluate, h: Any, k: Any) -> Any:
    """Return the mixed central difference quotient of `shifted(s, t)` at the origin."""
    same = shifted(h, k) + shifted(-h, -k)
    return (same - shifted(h, -k) - shifted(-h, k)) / (4.0 * h * k)


def step_of(f: Primal, root: float) -> float:
    """Return the step, relative to max(1, |x|), at the precision of a function's point.

    It is that root of the distance from 1 to the next number, unless another one is studied.
    """
    return f.step(float(np.finfo(f.point.dtype).eps ** (1 / root)))


def reach(inputs: Any, tangents: Any) -> float:
    """Return the factor of a direction that moves no component by more than max(1, |xᵢ|)."""
    pairs = zip(inputs, tangents, strict=True)
    moved = (np.abs(v) / np.maximum(1.0, np.abs(a)) for a, v in pairs)
    return 1.0 / (max(float(np.max(each, initial=0.0)) for each in moved) or 1.0)


def _shaped(slopes: list[Any], inputs: Any) -> tuple[Any, ...]:
    """Return slopes in each component of the inputs as arrays of the inputs' shapes."""
    shaped, rest = [], iter(slopes)
    for a in inputs:
        one = isinstance(a, float | np.float32)
        shaped.append(
            next(rest) if one else np.array([next(rest) for _ in range(a.size)]).reshape(a.shape)
        )
    return tuple(shaped)


def _symmetric(found: list[Any], x: Any) -> Any:
    """Return the matrix of which these are the rows up to the diagonal."""
    matrix = np.empty((x.size, x.size), x.dtype)
    rows, columns = np.tril_indices(x.size)
    matrix[rows, columns] = matrix[columns, rows] = found
    return matrix
