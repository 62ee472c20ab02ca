"""Derives the operators that a method does not have from those it has, the least costly first.

A method's own function is *native*. Otherwise: a gradient is one pullback; a Jacobian goes by rows
(pullbacks) or by columns (pushforwards), whichever are fewer; a pushforward or pullback is put
together from the other's; second derivatives are forward-over-reverse before reverse-over-reverse,
for methods that can differentiate their own gradient. The record names the route.

Reference:
    Griewank and Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, ch. 3 and 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from gradiometer.errors import Unsupported, UnsupportedOperation
from gradiometer.vocabulary.answer import Columns, Components, Estimated, Rows
from gradiometer.vocabulary.method import Method, Prepared, Primal
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.space import Space

NATIVE = "native"


class Route(NamedTuple):
    """A prepared operator, and how it came about.

    Attributes:
        call: Takes what the method's `arguments` gives if native, `(inputs, given, *directions)`
            otherwise.
        text: `native`, or what it was derived from.
    """

    call: Prepared
    text: str


def prepare(method: Method, f: Primal, operator: str) -> Route:
    """Return a method's operator, native or derived.

    Raises:
        Unsupported: If it has no way to it, with the reason why it has none of its own.
    """
    try:
        return Route(_native(method, f, operator), NATIVE)
    except UnsupportedOperation:
        raise
    except Unsupported as reason:
        own, counts = _Own(method, f), {"": 1, "n": f.signature.n, "m": f.signature.m}
        for calls, kind, way in sorted(WAYS[operator], key=lambda each: counts[each[0]]):
            try:
                return Route(way(own), f"{counts[calls]} {kind}" if calls else kind)
            except UnsupportedOperation:
                raise
            except Unsupported:
                continue
        raise reason


def _native(method: Method, f: Primal, operator: str) -> Prepared:
    return method.finish(getattr(method, operator)(f))


class _Gradient(Primal):
    """A primal that is the gradient of another: what second derivatives differentiate."""

    def __init__(self, f: Primal, call: Callable[..., Any]) -> None:
        inputs = f.signature.inputs
        problem = replace(f.problem, outputs=inputs.names, derivatives={})
        super().__init__(problem, f.xp, f.point, Signature(inputs, inputs))
        self._call = call
        self._of = f

    def __call__(self, inputs: tuple[Any, ...], given: dict[str, Any]) -> Any:
        return tuple(self._call(inputs, given))

    def step(self, usual: float) -> float:
        """Return the step that differences of the function itself take."""
        return self._of.step(usual)


class _Own:
    """A method's native operators on one primal, all called as `(inputs, given, *directions)`."""

    def __init__(self, method: Method, f: Primal) -> None:
        self.method = method
        self.f = f

    def native(self, operator: str) -> Callable[..., Any]:
        call, arguments = _native(self.method, self.f, operator), self.method.arguments

        def uniform(*given: Any) -> Any:
            args, kwargs = arguments(*given)
            found = call(*args, **kwargs)  # what is put together of estimates is estimated nowhere
            found = found.answer if isinstance(found, Estimated) else found
            return self._arrays(operator, found) if isinstance(found, Components) else found

        return uniform

    def _arrays(self, operator: str, found: Components) -> Any:
        """Return an answer that came as components as native arrays, as others come."""
        (axis,) = OPERATORS[operator].axes
        space: Space = getattr(self.f.signature, axis)
        flat = np.array([0.0 if x is None else x for x in found.scalars], self.f.point.dtype)
        arrays = tuple(map(self.method.array, space.split(flat).values()))
        single = axis == "outputs" and len(self.f.problem.output_names) == 1
        return arrays[0] if single else arrays

    def gradient(self) -> Callable[..., Any]:
        """Return the gradient, which scalar problems have."""
        if self.f.problem.outputs:
            raise Unsupported(f"Problem {self.f.problem.name!r} is no scalar one.")
        return self.native("gradient")

    def of_gradient(self, operator: str) -> Callable[..., Any]:
        """Return an operator of the gradient; for methods that can nest."""
        if not self.method.composes:
            raise Unsupported(f"Method {self.method.name!r} cannot differentiate its own gradient.")
        return _Own(self.method, _Gradient(self.f, self.native("gradient"))).native(operator)

    def dot(self, a: Any, b: Any) -> Any:
        """Return the inner product of two tuples of native arrays; `None` stands for zeros."""
        terms = [self.f.xp.sum(x * y) for x, y in zip(a, b, strict=True) if x is not None]
        return sum(terms[1:], start=terms[0]) if terms else self.number(0.0)

    def number(self, x: float) -> Any:
        """Return a number as a native array of the point's dtype."""
        return self.method.array(np.array(x, self.f.point.dtype))

    def basis(self, space: Space) -> list[tuple[Any, ...]]:
        """Return the unit directions of a space, as native arrays."""
        dtype = self.f.point.dtype
        return [tuple(map(self.method.array, unit.values())) for unit in space.basis(dtype)]

    def outputs(self, result: Any) -> tuple[Any, ...]:
        """Return a result as a tuple of outputs."""
        return tuple(result) if len(self.f.problem.output_names) > 1 else (result,)


def _gradient_by_vjp(own: _Own) -> Prepared:
    vjp, one = own.native("vjp"), (own.number(1.0),)
    return lambda inputs, given: vjp(inputs, given, one)


def _gradient_by_columns(own: _Own) -> Prepared:
    return _pulled_by_columns(own, own.basis(own.f.signature.outputs)[0])


def _row(own: _Own) -> Prepared:
    gradient = own.gradient()
    return lambda inputs, given: Rows([gradient(inputs, given)])


def _rows(own: _Own) -> Prepared:
    vjp, basis = own.native("vjp"), own.basis(own.f.signature.outputs)
    return lambda inputs, given: Rows([vjp(inputs, given, e) for e in basis])


def _columns(own: _Own) -> Prepared:
    jvp, basis = own.native("jvp"), own.basis(own.f.signature.inputs)
    return lambda inputs, given: Columns([jvp(inputs, given, e) for e in basis])


def _rows_of_hvps(own: _Own, hvp: Callable[..., Any]) -> Prepared:
    basis = own.basis(own.f.signature.inputs)
    return lambda inputs, given: Rows([hvp(inputs, given, e) for e in basis])


def _pushed_by_gradient(own: _Own) -> Prepared:
    gradient = own.gradient()
    return lambda inputs, given, tangents: own.dot(gradient(inputs, given), tangents)


def _pushed_by_rows(own: _Own) -> Prepared:
    vjp, basis = own.native("vjp"), own.basis(own.f.signature.outputs)

    def jvp(inputs: Any, given: Any, tangents: Any) -> Components:
        return Components([own.dot(vjp(inputs, given, e), tangents) for e in basis])

    return jvp


def _pulled_by_gradient(own: _Own) -> Prepared:
    gradient = own.gradient()

    def vjp(inputs: Any, given: Any, cotangents: Any) -> list[Any]:
        (w,) = cotangents
        return [None if g is None else w * g for g in gradient(inputs, given)]

    return vjp


def _pulled_by_columns(own: _Own, cotangents: tuple[Any, ...] | None = None) -> Prepared:
    """Return the pullback from pushforwards; of fixed cotangents, if those are given."""
    jvp, basis = own.native("jvp"), own.basis(own.f.signature.inputs)

    def vjp(inputs: Any, given: Any, pulled: Any = cotangents) -> Components:
        pushed = (own.outputs(jvp(inputs, given, e)) for e in basis)
        return Components([own.dot(p, pulled) for p in pushed])

    return vjp


WAYS: dict[str, list[tuple[str, str, Callable[[_Own], Prepared]]]] = {
    "value": [],
    "gradient": [("", "one vjp", _gradient_by_vjp), ("n", "jvps", _gradient_by_columns)],
    "jacobian": [("", "gradient", _row), ("m", "vjps", _rows), ("n", "jvps", _columns)],
    "hessian": [
        ("", "jacobian of gradient", lambda own: own.of_gradient("jacobian")),
        ("n", "hvps", lambda own: _rows_of_hvps(own, own.native("hvp"))),
        ("n", "jvps of gradient", lambda own: _rows_of_hvps(own, own.of_gradient("jvp"))),
        ("n", "vjps of gradient", lambda own: _rows_of_hvps(own, own.of_gradient("vjp"))),
    ],
    "jvp": [("", "gradient", _pushed_by_gradient), ("m", "vjps", _pushed_by_rows)],
    "vjp": [("", "gradient", _pulled_by_gradient), ("n", "jvps", _pulled_by_columns)],
    "hvp": [
        ("", "jvp of gradient", lambda own: own.of_gradient("jvp")),
        ("", "vjp of gradient", lambda own: own.of_gradient("vjp")),
    ],
}
"""The ways to each operator: how many calls (`n` or `m`; one by default) of what, and how.

Of as many calls, the less costly stands first.
"""
