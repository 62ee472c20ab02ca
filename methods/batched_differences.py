"""Batched differences: all perturbed points in one call of a function that broadcasts."""

from typing import ClassVar

import numpy as np

from gradiometer.vocabulary.batched import batched, batched_slopes, curvatures
from gradiometer.vocabulary.differences import Differences, reach, step_of
from gradiometer.vocabulary.flat import flattened, unpacking

MOST = 2**24
"""Numbers that the perturbed points may hold, all together."""


class BatchedDifference(Differences):
    """Central differences with h = ∛ε·max(1, |xᵢ|), all of them from one call of the function.

    The points x ± h·eᵢ are an axis of every input, the last or the first. What a function does with
    it cannot be known, so both are tried in preparation, at points that are apart, against calls at
    one point after the other. Where neither gives the same, as of a function that sums over all it
    is given, it is unsupported. Cost: one call on 2n points, 2n(n + 1) for a Hessian. Error: as of
    central differences, about two thirds of the digits, half at second order, and three less at
    f = 1000·f′ or f‴ = 1000·f′.

    Use it when the function is written of elementwise operations on numbers, so that it takes
    arrays in their place, and calls, not their arithmetic, are what takes time.

    Reference: Nocedal and Wright, Numerical Optimization, 2nd ed., §8.1.
    """

    name, root, accuracy, primal = "batched-difference", 3, 2, "numpy"
    digits: ClassVar = {"float64": (7.0, 4.0), "float32": (1.5, None)}

    def declines(self, operator, n, m):
        points = 2 * n * (n + 1) if operator == "hessian" else 2 * n
        if points * n > MOST:
            return f"{points:,} points of {n:,} numbers each are more than {MOST:,} numbers."
        return None

    def gradient(self, f):
        slopes = batched_slopes(f, self.step(f))

        def gradient(inputs, given):
            x, unpack = flattened(inputs)
            return unpack(slopes(x, given)[0])

        return gradient

    def jacobian(self, f):
        slopes = batched_slopes(f, self.step(f))
        return lambda inputs, given: slopes(flattened(inputs)[0], given)

    def jvp(self, f):
        values, step = batched(f), self.step(f)
        unpack = unpacking(f.signature.outputs.shapes.values(), np.asarray)

        def jvp(inputs, given, tangents):
            (x, _), (v, _) = flattened(inputs), flattened(tangents)
            h = step * reach(inputs, tangents)
            above, below = values(np.stack([x + h * v, x - h * v], axis=1), given).T
            pushed = unpack((above - below) / (2.0 * h))
            return pushed if len(pushed) > 1 else pushed[0]

        return jvp

    def hessian(self, f):
        found = curvatures(f, step_of(f, 4))
        return lambda inputs, given: found(flattened(inputs)[0], given)
