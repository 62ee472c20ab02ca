"""Arrays that are computed lazily: MLX and Dr.Jit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from idioms.functions import Array, Call, Idiom, library, written


def mlx(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return mx.grad(f, argnums)(*args), evaluated."""
    return _mlx(problem, inputs, given, lambda f: f)


def mlx_compile(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return mx.compile(mx.grad(f, argnums))(*args), evaluated."""
    mx = library("mlx.core")

    return _mlx(problem, inputs, given, mx.compile)


def _mlx(problem: str, inputs: Any, given: Any, transform: Callable[..., Any]) -> Call:
    mx = library("mlx.core")

    def own(a: Array) -> Any:
        return mx.array(a, dtype=mx.float64)

    tool = SimpleNamespace(sigmoid=mx.sigmoid, logsumexp=mx.logsumexp, tanh=mx.tanh, sum=mx.sum)
    function, constants = written(problem, tool), {name: own(a) for name, a in given.items()}
    which = tuple(range(len(inputs)))
    gradient = transform(mx.grad(lambda *args: function(*args, **constants), argnums=which))
    arrays = [own(a) for a in inputs]

    def call() -> Any:
        found = gradient(*arrays)
        mx.eval(found)
        return found

    return call


def drjit(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return dr.backward(y) and the leaves' gradients, evaluated."""
    dr = library("drjit")
    from drjit.llvm.ad import TensorXf64

    def own(a: Array) -> Any:
        made = TensorXf64(a.copy())
        dr.make_opaque(made)
        return made

    def logsumexp(x: Array) -> Array:
        most = dr.detach(dr.max(x))
        return dr.log(dr.sum(dr.exp(x - most))) + most

    tool = SimpleNamespace(
        sigmoid=lambda z: 1.0 / (1.0 + dr.exp(-z)), logsumexp=logsumexp, tanh=dr.tanh, sum=dr.sum
    )
    function, leaves = written(problem, tool), [own(a) for a in inputs]
    constants = {name: own(a) for name, a in given.items()}
    dr.enable_grad(*leaves)

    def call() -> Any:
        dr.clear_grad(leaves)
        dr.backward(function(*leaves, **constants))
        found = [dr.grad(leaf) for leaf in leaves]
        dr.eval(found)
        dr.sync_thread()
        return found

    return call


IDIOMS: dict[str, Idiom] = {
    "mlx": mlx,
    "mlx-compile": mlx_compile,
    "drjit": drjit,
}
