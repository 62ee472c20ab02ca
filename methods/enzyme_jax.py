"""Enzyme on JAX: programs are differentiated after they were lowered, and optimised, by MLIR."""

import itertools
from importlib import import_module

import lazy_loader as lazy

from gradiometer import Namespace, UnsupportedOperation
from gradiometer.vocabulary.in_jax import JaxMethod, pulled, pushed

jax = lazy.load("jax")

BY_LAPACK = (
    "cholesky", "det", "eigh", "eigvalsh", "inv", "pinv", "qr", "slogdet", "solve", "svd",
    "svdvals",
)  # fmt: skip
"""Functions of matrices that call LAPACK, of which Enzyme knows no adjoint."""


class Enzyme(JaxMethod):
    """jax.jit(jax.grad(enzyme_jax_ir()(f))): derivatives of optimised StableHLO, not of the trace.

    It has no rule for `jax.vmap`: Jacobians and Hessians are made of pullbacks and products.

    Cost: compilation in the first call, about twice that of `jax-jit`; then about as `jax-jit`.
    Error: rounding only. Use it when a program profits from being optimised before it is
    differentiated, or when a part of it is foreign code, in C or C++.
    """

    name, requires, package = "enzyme", ("enzyme_ad", "jax"), "enzyme-ad"
    extra = "enzyme"

    def namespace(self):
        linalg = {name: _refused(f"linalg.{name}") for name in BY_LAPACK}
        return Namespace(super().namespace(), {"linalg": Namespace(jax.numpy.linalg, linalg)})

    def value(self, f):
        return _lowered(f)

    def gradient(self, f):
        return jax.grad(_lowered(f))

    def jvp(self, f):
        return pushed(_lowered(f))

    def vjp(self, f):
        return pulled(_lowered(f))

    def hvp(self, f):
        # It has no forward rule for its own pullback, but lowers it, as any program.
        return pushed(_lowered(jax.jit(jax.grad(_lowered(f)))))

    def finish(self, prepared):
        return jax.jit(prepared)


def _lowered(f):
    """Return a function as Enzyme takes it: with one output, since it counts them as arguments."""
    take, np = import_module("enzyme_ad.jax").enzyme_jax_ir(), jax.numpy

    def called(*args):
        shapes = jax.eval_shape(f, *args)
        if not isinstance(shapes, tuple):
            return take(f)(*args)
        joined = take(lambda *args: np.concatenate([np.ravel(y) for y in f(*args)]))(*args)
        ends = itertools.accumulate(y.size for y in shapes[:-1])
        parts = np.split(joined, [*ends])
        return tuple(np.reshape(y, of.shape) for y, of in zip(parts, shapes, strict=True))

    return called


def _refused(name):
    def refused(*given, **how):
        raise UnsupportedOperation(f"{name} calls LAPACK, of which Enzyme knows no adjoint.")

    return refused
