"""MLX: function transforms on lazy arrays, evaluated as they are or compiled."""

import importlib
from typing import Any

import lazy_loader as lazy

from gradiometer import Method, Namespace, UnsupportedOperation
from gradiometer.vocabulary.answer import Columns, Components, Rows
from gradiometer.vocabulary.like_numpy import functions, matrices

mlx = lazy.load("mlx")

COMPOSED = (
    "clip", "copysign", "cumulative_prod", "cumulative_sum", "diff", "hypot", "signbit", "vecdot",
)  # fmt: skip
"""Functions that mlx lacks, or has with fewer arguments."""

REFUSED = ("ot implemented", "ot yet implemented", "Cannot calculate")
"""What mlx says of operations that have no derivative."""


class MLX(Method):
    """mlx.core.grad: a lazy graph in every call, evaluated operation by operation.

    Cost: some microseconds a node, and a thread that evaluates. Error: rounding; but in float64
    exp, sin, cos, sigmoid, erf and softmax are computed in float32, and do not keep the promise.
    Use it when the program is to run on Apple's chips, in float32, and is tried elsewhere.
    """

    name, requires, package, extra, primal = "mlx", ("mlx.core",), "mlx-cpu", "mlx", "eager"

    def setup(self, target):
        core = importlib.import_module("mlx.core")
        core.set_default_device(core.cpu)  # the only one with float64

    def namespace(self):
        core = mlx.core
        composed = functions(core)
        own: dict[str, Any] = {name: composed[name] for name in COMPOSED}
        parts: dict[str, Any] = {
            "diagonal": lambda x, offset=0: core.diagonal(x, offset, -2, -1),
            "svd": lambda x, **how: core.linalg.svd(x),
            "svdvals": lambda x: core.linalg.svd(x, compute_uv=False),
            "trace": lambda x, offset=0: core.trace(x, offset, -2, -1),
        }
        own |= {name: _of_values(getattr(core, name)) for name in ("argmax", "argmin", "argsort")}
        own |= {
            "exp2": lambda x: 2.0**x,
            "linalg": Namespace(core.linalg, matrices(core, Namespace(core.linalg, parts)) | parts),
            "softmax": lambda x, axis=-1: core.softmax(x, axis=axis),
            "take": lambda x, at, axis=0: core.take(x, core.array(at), axis=axis),
            "take_along_axis": lambda x, at, axis=-1: core.take_along_axis(
                x, core.array(at), axis=axis
            ),
        }
        return Namespace(core, own)

    def array(self, a):
        real = a.dtype.kind == "f"  # of numbers without axes it would make float32
        return mlx.core.array(a, dtype=getattr(mlx.core, a.dtype.name) if real else None)

    def gradient(self, f):
        return mlx.core.grad(f)

    def jvp(self, f):
        return _pushed(f)

    def vjp(self, f):
        def vjp(inputs, given, cotangents):
            return mlx.core.vjp(lambda *inputs: f(inputs, given), inputs, cotangents)[1]

        return vjp

    def hvp(self, f):
        return _pushed(mlx.core.grad(f))

    def finish(self, prepared):
        def finished(*given):
            try:
                return prepared(*given)
            except (
                RuntimeError,
                ValueError,
            ) as error:
                if not any(each in str(error) for each in REFUSED):
                    raise
                raise UnsupportedOperation(f"mlx: {error}") from error

        return finished

    @property
    def wait(self):
        return _evaluated


class MLXCompile(MLX):
    """mlx.core.compile of the same: the graph is traced once a shape, and its kernels fused.

    Cost: a C++ compiler in the first call, seconds; then a dispatch a kernel. Error: as of `mlx`.
    Use it when what `mlx` is for is called often.
    """

    name = primal = "mlx-compile"

    def finish(self, prepared):
        return super().finish(mlx.core.compile(prepared))


def _pushed(f):
    def pushed(inputs, given, tangents):
        several = False

        def called(*inputs):
            nonlocal several
            y = f(inputs, given)
            several = isinstance(y, tuple)
            return y

        _, found = mlx.core.jvp(called, inputs, tangents)
        return tuple(found) if several else found[0]

    return pushed


def _of_values(function):
    return lambda x, **how: function(mlx.core.stop_gradient(x), **how)


def _evaluated(result):
    """Return a result once it is computed; of a derived operator, what it is made of."""
    derived = isinstance(result, Rows | Columns | Components)
    mlx.core.eval(vars(result) if derived else result)
    return result
