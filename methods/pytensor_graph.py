"""PyTensor: a symbolic graph, differentiated and rewritten once, then compiled."""

import importlib
import itertools
import math
from types import SimpleNamespace
from typing import Any

import lazy_loader as lazy

from gradiometer import Declined, Method, Namespace, UnsupportedOperation
from gradiometer.vocabulary.graph import substitute
from gradiometer.vocabulary.like_numpy import matrices, renamed
from gradiometer.vocabulary.namespace import typed
from gradiometer.vocabulary.straight_line import straight_line

pytensor = lazy.load("pytensor")

OWN = ("logsumexp", "sigmoid", "softmax", "softplus", "log_softmax")
WITHOUT_SHAPES = ("matmul", "matrix_transpose", "outer", "vecdot", "vector_norm")
MOST_STEPS = 200
"""Operations up to which a graph is compiled: that takes some ten milliseconds each."""

LETTERS = {
    "erf": "erf", "erfc": "erfc", "erfinv": "erfinv", "gamma": "gamma", "lgamma": "gammaln",
    "digamma": "psi", "i0": "i0", "i1": "i1", "j0": "j0", "j1": "j1",
}  # fmt: skip
"""Special functions, by pytensor's names."""


class PyTensor(Method):
    """pytensor.function of pytensor.grad, compiled by Numba.

    Cost: seconds to compile in preparation and first call; then some microseconds of dispatch and
    fused loops. Error: rounding only. Use it when one function is called many times, and its graph
    is to be looked at or rewritten before it is compiled.
    """

    name, requires, extra, mode_name = "pytensor", ("pytensor",), "pytensor", "NUMBA"

    def setup(self, target):
        pytensor.config.floatX = target.dtype  # which also loads it, before its parts
        importlib.import_module("pytensor.tensor")

    def namespace(self):
        pt = pytensor.tensor
        own: dict[str, Any] = renamed(pt)
        own |= {name: getattr(pt, of) for name, of in LETTERS.items() if hasattr(pt, of)}
        parts = SimpleNamespace(__name__="pytensor.tensor.linalg", **{
            name: getattr(pt.linalg, name)
            for name in ("cholesky", "det", "eigh", "inv", "pinv", "slogdet")
        })  # fmt: skip
        like = matrices(pt, Namespace(parts))
        linalg: dict[str, Any] = {name: like[name] for name in WITHOUT_SHAPES}
        linalg["diagonal"] = lambda x, offset=0: pt.diagonal(x, offset, -2, -1)
        linalg["solve"] = lambda a, b: pt.linalg.solve(a, b, b_ndim=b.ndim)
        return Namespace(pt, own | {
            "asarray": pt.as_tensor,
            "astype": pt.cast,
            "float32": "float32",
            "float64": "float64",
            "linalg": Namespace(parts, linalg),
            "stop_gradient": pytensor.gradient.disconnected_grad,
        })  # fmt: skip

    def value(self, f):
        return self._compiled(f, lambda y, inputs: y)

    def gradient(self, f):
        return self._compiled(f, lambda y, inputs: pytensor.grad(y, inputs, **_zeros()))

    def vjp(self, f):
        def pulled(y, inputs, *along):
            return _pulled(_listed(y), inputs, along)

        return self._compiled(f, pulled, f.signature.outputs)

    def jvp(self, f):
        def pushed(y, inputs, *along):
            cotangents = [each.zeros_like() for each in _listed(y)]
            found = _pulled(_pulled(_listed(y), inputs, cotangents), cotangents, along)
            return found if isinstance(y, tuple) else found[0]

        return self._compiled(f, pushed, f.signature.inputs)

    def jacobian(self, f):
        return self._compiled(f, lambda y, inputs: _matrix(_listed(y), inputs))

    def hessian(self, f):
        def matrix(y, inputs):
            return _matrix(pytensor.grad(y, inputs, **_zeros()), inputs)

        return self._compiled(f, matrix)

    def hvp(self, f):
        def pulled(y, inputs, *along):
            return _pulled(pytensor.grad(y, inputs, **_zeros()), inputs, along)

        return self._compiled(f, pulled, f.signature.inputs)

    def arguments(self, inputs, given, *directions):
        return tuple(itertools.chain(inputs, given.values(), *directions)), {}

    def _compiled(self, f, derive, along=None):
        steps, result = straight_line(f, OWN)
        if len(steps) > MOST_STEPS:
            raise Declined(f"{len(steps)} operations: not compiled beyond {MOST_STEPS}.")
        dtype = f.point.dtype
        inputs = [_symbol(a) for a in f.point.inputs.values()]
        given = [_symbol(a) for a in f.point.given.values()]
        directions = [_symbol(a) for a in along.zeros(dtype).values()] if along else []
        values = [*inputs, *given]
        xp = typed(self.namespace(), dtype)
        for step in steps:
            values.append(step.evaluate(xp, values))
        y = substitute(result, lambda leaf: leaf.find(xp, values))
        try:
            found = derive(y, inputs, *directions)
        except pytensor.gradient.NullTypeGradError as error:
            raise UnsupportedOperation(f"pytensor: {error}") from error
        return pytensor.function(
            [*inputs, *given, *directions], list(found) if isinstance(found, tuple) else found,
            mode=self.mode_name, trust_input=True, on_unused_input="ignore",
        )  # fmt: skip


class PyTensorC(PyTensor):
    """pytensor.function of pytensor.grad, compiled by g++ through the C linker.

    Cost: a second of the compiler for each kernel; then some microseconds a kernel. Error: rounding
    only. Use it when `pytensor` is wanted and Numba does not know an operation.
    """

    name, mode_name = "pytensor-c", "CVM"


def _symbol(a):
    return pytensor.tensor.tensor(dtype=str(a.dtype), shape=a.shape)


def _zeros():
    return {"disconnected_inputs": "ignore", "return_disconnected": "zero"}


def _pulled(y, inputs, along):
    """Return the pullback: the gradient of an inner product.

    pytensor.gradient.pullback is another where an output depends on another one, and pushforward
    where two inputs have one and the same gradient.
    """
    product = sum((w * part).sum() for w, part in zip(along, y, strict=True))
    return pytensor.grad(product, inputs, **_zeros())


def _matrix(y, inputs):
    """Return the Jacobian, by the pullback of all unit cotangents at once."""
    pt = pytensor.tensor
    joined = pt.concatenate([part.ravel() for part in y])
    blocks = pytensor.gradient.jacobian(
        joined, inputs, disconnected_inputs="ignore", vectorize=True
    )
    sizes = (math.prod(x.type.shape) for x in inputs)
    flat = [block.reshape((joined.size, n)) for block, n in zip(blocks, sizes, strict=True)]
    return pt.concatenate(flat, axis=1)


def _listed(y):
    return list(y) if isinstance(y, tuple) else [y]
