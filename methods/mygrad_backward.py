"""MyGrad: reverse mode on tensors that behave as NumPy's arrays do."""

from types import SimpleNamespace

import lazy_loader as lazy
import numpy as np

from gradiometer import Method, Namespace
from gradiometer.vocabulary.like_numpy import functions, matrices, renamed

mygrad = lazy.load("mygrad")


CONSTANT = ("argsort", "ceil", "floor", "floor_divide", "nonzero", "round", "sign", "trunc")
"""NumPy's functions that are constant between their steps, which mygrad refuses or lacks."""


class MyGrad(Method):
    """Tensor.backward: the graph is recorded anew in every call. First derivatives alone.

    Cost: some microseconds a node in Python. Error: rounding only; numbers without axes go on in
    float64 where they meet Python's. Use it when people are to learn from it, or NumPy's code with
    assignments in place is to be differentiated.
    """

    name, requires, extra = "mygrad", ("mygrad",), "mygrad"

    def setup(self, target):
        mygrad.turn_memory_guarding_off()  # else arrays are read-only as long as graphs use them

    def namespace(self):
        networks = mygrad.nnet.activations
        own = {
            "all": np.all,
            "astype": lambda x, dtype: x.astype(dtype),
            "relu": networks.relu,
            "sigmoid": networks.sigmoid,
            "stop_gradient": lambda x: mygrad.tensor(x, constant=True),
        }
        like = Namespace(mygrad, own)
        own |= {name: _of_values(getattr(np, name)) for name in CONSTANT}
        own["remainder"] = lambda a, b: a - b * own["floor_divide"](a, b)
        none = SimpleNamespace(__name__="mygrad.linalg")
        own |= functions(like) | renamed(mygrad)
        return Namespace(mygrad, own | {"linalg": Namespace(none, matrices(like, Namespace(none)))})

    def gradient(self, f):
        def gradient(inputs, given):
            tensors = tuple(map(mygrad.tensor, inputs))
            f(tensors, given).backward()
            return tuple(x.grad for x in tensors)

        return gradient

    def vjp(self, f):
        def vjp(inputs, given, cotangents):
            tensors = tuple(map(mygrad.tensor, inputs))
            y = f(tensors, given)
            if isinstance(y, tuple):  # one pass through what they share
                sum(mygrad.sum(w * part) for w, part in zip(cotangents, y, strict=True)).backward()
            else:
                y.backward(*cotangents)
            return tuple(x.grad for x in tensors)

        return vjp

    def result(self, native):
        return tuple(map(self.result, native)) if isinstance(native, tuple) else _array(native)


def _of_values(function):
    return lambda *x, **how: function(*map(_array, x), **how)


def _array(x):
    return x.data if isinstance(x, mygrad.Tensor) else x
