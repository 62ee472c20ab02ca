"""A method whose calls return before the work is done, as JAX's do."""

import numpy as np

from gradiometer import Method, Namespace


class Asynchronous(Method):
    """Returns a promise; `wait` keeps it."""

    name, mode = "asynchronous", "manual"

    def namespace(self):
        return Namespace(np)

    def array(self, a):
        return a

    def value(self, f):
        return lambda inputs, given: lambda: f(inputs, given)

    def gradient(self, f):
        return lambda inputs, given: lambda: f.problem.backward(*inputs, **given)

    @property
    def wait(self):
        return lambda promise: promise()
