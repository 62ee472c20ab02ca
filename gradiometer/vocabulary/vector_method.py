"""A method of a tool that differentiates functions of one vector, and knows no other.

A problem's inputs are such a vector here, its outputs another; a tool's file says how it
differentiates `g(x)`, and no more.

Example:
    >>> from gradiometer import VectorMethod
    >>> class Jacobi(VectorMethod):
    ...     name, mode, exact, requires = "jacobi", "numerical", False, ("jacobi",)
    ...     def jacobian_of(self, g):
    ...         return lambda x: jacobi.jacobi(g, x)[0]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradiometer.errors import Unsupported
from gradiometer.vocabulary.answer import Estimated
from gradiometer.vocabulary.differences import reach
from gradiometer.vocabulary.flat import flattened, functions, number, unpacking
from gradiometer.vocabulary.method import Method, Prepared, Primal

OfVector = Callable[[Any], Any]


class VectorFunction:
    """A problem's function of all its inputs as one vector, at the given values of a call.

    It returns a number of a scalar problem, else its outputs as one vector.

    Attributes:
        f: The problem's function.
        given: The given values, which a call sets before it differentiates.
        scalar: Whether it returns a number.
        n: Components of x.
        m: Components that it returns.
    """

    def __init__(self, f: Primal, method: VectorMethod) -> None:
        self.f = f
        self.given: dict[str, Any] = {}
        self.scalar = not f.problem.outputs
        self.n, self.m = f.signature.n, f.signature.m
        self._several = len(f.problem.output_names) > 1
        self._join = method.joined
        self.unpack = unpacking(f.signature.inputs.shapes.values(), method.scalar)

    def prepared_at(self) -> Any:
        """Return the point of preparation, and take the given values there: to try a call."""
        given = self.f.point.given.items()
        self.given = {name: a if a.ndim else number(a) for name, a in given}
        return flattened([*self.f.point.inputs.values()])[0]

    def __call__(self, x: Any) -> Any:
        """Return the function's value at a vector of the tool's."""
        y = self.f(self.unpack(x), self.given)
        return y if self.scalar else self._join(y if self._several else (y,))


class _Along:
    """A function along a line: of one number, in a vector of one component."""

    def __init__(self, g: VectorFunction) -> None:
        self.g, self.scalar, self.n, self.m = g, g.scalar, 1, g.m

    def __call__(self, t: Any) -> Any:
        return self.g(self.x + t * self.v)

    def through(self, x: Any, v: Any) -> None:
        """Take the line through a point along a direction."""
        self.x, self.v = x, v


class _Weighted:
    """A function's outputs, each times its cotangent, added up."""

    def __init__(self, g: VectorFunction) -> None:
        self.g, self.scalar, self.n, self.m = g, True, g.n, 1

    def __call__(self, x: Any) -> Any:
        return self.w[0] * self.g(x) if self.g.scalar else np.sum(self.w * self.g(x))

    def by(self, w: Any) -> None:
        """Take these cotangents."""
        self.w = w


class VectorMethod(Method):
    """How a tool differentiates that knows functions of one vector only; derive a class.

    Fill in `jacobian_of`, and what else the tool has. Each gets a function `g(x)` (attributes `n`,
    `m`, and `scalar`, whether it returns a number) and returns, prepared once, a function of x, a
    NumPy vector, that returns a flat array: or an `Estimated` of two, with the tool's own estimate
    of the errors. Pushforwards are derivatives along a line, pullbacks gradients of what is
    weighted by cotangents, products with a Hessian those of the whole Hessian.
    """

    def gradient_of(self, g: Any) -> OfVector:
        """Return g's gradient, `(n,)`, of a g that returns a number."""
        return self.jacobian_of(g)

    def jacobian_of(self, g: Any) -> OfVector:
        """Return g's Jacobian, `(m, n)`."""
        raise Unsupported(f"Method {self.name!r} has no Jacobian.")

    def hessian_of(self, g: Any) -> OfVector:
        """Return g's Hessian, `(n, n)`, of a g that returns a number."""
        raise Unsupported(f"Method {self.name!r} has no Hessian.")

    def scalar(self, component: Any) -> Any:
        """Return a component of the tool's vector as an input that is no array."""
        return component

    def joined(self, outputs: Any) -> Any:
        """Return outputs as one vector of the tool's."""
        return np.concatenate([np.ravel(y) for y in outputs])

    def namespace(self) -> Any:
        """Return NumPy's functions."""
        return functions()

    def array(self, a: Any) -> Any:
        """Return an array as it is, and a scalar as a number."""
        return a if a.ndim else number(a)

    def gradient(self, f: Primal) -> Prepared:
        """Return the gradient of the function of one vector, cut up."""
        g = VectorFunction(f, self)
        call = self.gradient_of(g)

        def gradient(inputs: Any, given: Any) -> Any:
            g.given = given
            x, unpack = flattened(inputs)
            return mapped(call(x), lambda found: unpack(np.reshape(found, -1)))

        return gradient

    def jacobian(self, f: Primal) -> Prepared:
        """Return the Jacobian of the function of one vector."""
        g = VectorFunction(f, self)
        return _matrix(g, self.jacobian_of(g), (g.m, g.n))

    def hessian(self, f: Primal) -> Prepared:
        """Return the Hessian of the function of one vector."""
        g = VectorFunction(f, self)
        return _matrix(g, self.hessian_of(g), (g.n, g.n))

    def jvp(self, f: Primal) -> Prepared:
        """Return the derivative along the line through the point."""
        g = VectorFunction(f, self)
        line, origin = _Along(g), np.zeros(1, f.point.dtype)
        call = self.gradient_of(line) if g.scalar else self.jacobian_of(line)
        unpack = unpacking(f.signature.outputs.shapes.values(), lambda component: component)
        several = len(f.problem.output_names) > 1

        def jvp(inputs: Any, given: Any, tangents: Any) -> Any:
            g.given = given
            far = 1.0 if self.exact else reach(inputs, tangents)  # steps are for numbers near 1
            line.through(flattened(inputs)[0], flattened(tangents)[0] * far)

            def pushed(found: Any) -> Any:
                outputs = unpack(np.reshape(found, -1) / far)
                return outputs if several else outputs[0]

            return mapped(call(origin), pushed)

        return jvp

    def vjp(self, f: Primal) -> Prepared:
        """Return the gradient of the outputs, weighted by the cotangents."""
        g = VectorFunction(f, self)
        weighted = _Weighted(g)
        call = self.gradient_of(weighted)

        def vjp(inputs: Any, given: Any, cotangents: Any) -> Any:
            g.given = given
            weighted.by(flattened(cotangents)[0])
            x, unpack = flattened(inputs)
            return mapped(call(x), lambda found: unpack(np.reshape(found, -1)))

        return vjp

    def hvp(self, f: Primal) -> Prepared:
        """Return the product of the whole Hessian and the tangents."""
        g = VectorFunction(f, self)
        call = self.hessian_of(g)

        def hvp(inputs: Any, given: Any, tangents: Any) -> Any:
            g.given = given
            x, unpack = flattened(inputs)
            v = flattened(tangents)[0]
            found, square = call(x), (g.n, g.n)
            if not isinstance(found, Estimated):
                return unpack(np.reshape(found, square) @ v)
            error = np.abs(np.reshape(found.error, square)) @ np.abs(v)
            return Estimated(unpack(np.reshape(found.answer, square) @ v), unpack(error))

        return hvp


def _matrix(g: VectorFunction, call: OfVector, shape: tuple[int, int]) -> Prepared:
    """Return what a tool computes of a function, as a matrix."""

    def matrix(inputs: Any, given: Any) -> Any:
        g.given = given
        return mapped(call(flattened(inputs)[0]), lambda found: np.reshape(found, shape))

    return matrix


def mapped(found: Any, change: Callable[[Any], Any]) -> Any:
    """Return an answer, changed; and its estimated error, if it has one, changed likewise."""
    if isinstance(found, Estimated):
        return Estimated(change(found.answer), change(found.error))
    return change(found)
