"""Tangent: a function's Python source is transformed into the source of its derivative."""

import functools
import importlib
import inspect
import itertools

import lazy_loader as lazy
import numpy as np

from gradiometer import Declined, Method, Unsupported
from gradiometer.vocabulary.in_tangent import source_of, transforming

tangent = lazy.load("tangent")

MOST_LINES = 300
"""Lines up to which a source is transformed: that takes some ten milliseconds each."""


class Tangent(Method):
    """tangent.grad, vjp and jvp of straight-line NumPy source, recorded of the problem.

    Cost: tens of milliseconds a line to transform; then NumPy's calls, and a few of tangent's own
    for each that broadcasts. Error: rounding only; some rules go on in float64. Use it when the
    derivative is to be read, debugged or edited as Python, or to run without the tool.
    """

    name, requires, package, extra = "tangent", ("tangent",), "tangent-ad", "tangent"
    environ = {"TANGENT_DISK_CACHE": "0"}  # noqa: RUF012

    def namespace(self):
        return np

    def array(self, a):
        return a if a.ndim else a[()]  # its rules take arrays without axes for any others

    def value(self, f):
        source = self._source(f)
        return functools.partial(source.function, *source.constants)

    def gradient(self, f):
        return self._derived(tangent.grad, self._source(f))

    def vjp(self, f):
        source = self._source(f)
        derived, k = self._derived(tangent.vjp, source), source.values
        return (lambda *a: derived(*a[:k], a[k:])) if source.several else derived

    def jvp(self, f):
        return self._derived(tangent.jvp, self._source(f, forward=True), several=True)

    def hvp(self, f):
        def twice(function, **how):
            gradient = tangent.grad(function, **how)
            own = inspect.unwrap(gradient)  # tangent names parameters by the code of what it gets
            return tangent.jvp(tangent.function(own, source=gradient.__tangent_source__), **how)

        source = self._source(f, forward=True)
        derived, k, one = self._derived(twice, source), source.values, np.ones((), f.point.dtype)
        return lambda *a: derived(*a[:k], one, *a[k:])

    def arguments(self, inputs, given, *directions):
        return (*inputs, *given.values(), *itertools.chain(*directions)), {}

    def _source(self, f, forward=False):
        modules = {name: importlib.import_module(name) for name in ("numpy", "scipy", "tangent")}
        source = source_of(f, modules)
        if source.lines > MOST_LINES:
            raise Declined(f"{source.lines} lines: not transformed beyond {MOST_LINES}.")
        if forward and source.forward:
            raise Unsupported(f"tangent has no forward mode of {source.forward}.")
        return source

    def _derived(self, transform, source, several=False):
        with transforming(source):
            function = tangent.function(source.function, source=source.text)
            found = transform(function, wrt=source.inputs, check_dims=False)
        found = functools.partial(found, *source.constants)
        return found if several or len(source.inputs) > 1 else lambda *a: (found(*a),)
