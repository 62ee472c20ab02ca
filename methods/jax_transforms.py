"""JAX: eager, compiled, forward mode, and the linearised tangent map."""

import math

import lazy_loader as lazy
import numpy as np

from gradiometer import Method, Namespace, Unsupported
from gradiometer.vocabulary.composed import each_axis, scan_length

jax = lazy.load("jax")

NETWORKS = ("log_softmax", "logsumexp", "relu", "sigmoid", "softmax", "softplus")
SPECIAL = {
    name: name for name in ("digamma", "erf", "erfc", "erfinv", "gamma", "i0", "i1")
} | {"lgamma": "gammaln"}  # fmt: skip
"""Special functions, by the names of jax.scipy.special."""


class Jax(Method):
    """jax.grad, dispatched operation by operation.

    Cost: a trace in every call, hundreds of microseconds. Error: rounding only.
    """

    name, requires, extra = "jax", ("jax",), "jax"

    def setup(self, target):
        jax.config.update("jax_enable_x64", target.dtype == "float64")

    def namespace(self):
        special = {name: getattr(jax.scipy.special, of) for name, of in SPECIAL.items()}
        own = {name: getattr(jax.nn, name) for name in NETWORKS}
        own |= {
            "avg_pool": _avg_pool,
            "cond": jax.lax.cond,
            "conv": _conv,
            "gelu": lambda x: jax.nn.gelu(x, approximate=False),
            "max_pool": _max_pool,
            "scan": _scan,
            "stop_gradient": jax.lax.stop_gradient,
        }
        return Namespace(jax.numpy, special | own)

    def array(self, a):
        return jax.numpy.asarray(a)

    def gradient(self, f):
        return jax.grad(f)

    def jacobian(self, f):
        return jax.jacrev(f)

    def hessian(self, f):
        return jax.hessian(f)

    def jvp(self, f):
        return _jvp(f)

    def vjp(self, f):
        def vjp(inputs, given, cotangents):
            y, pullback = jax.vjp(lambda inputs: f(inputs, given), inputs)
            return pullback(cotangents if isinstance(y, tuple) else cotangents[0])[0]

        return vjp

    def hvp(self, f):
        return _jvp(jax.grad(f))

    @property
    def wait(self):
        return jax.block_until_ready


class JaxJit(Jax):
    """jax.jit(jax.grad(f)): reverse mode, compiled by XLA.

    Cost: compilation in the first call; then some microseconds of dispatch and fused kernels.
    """

    name = primal = "jax-jit"

    def finish(self, prepared):
        return jax.jit(prepared)


class JaxForward(JaxJit):
    """jax.jit of jax.jacfwd and jax.jvp: dual numbers, in all n directions at once, compiled.

    Cost: about n primals for a Jacobian, n² for a Hessian, and that times the memory; two for a
    jvp. Error: rounding only.
    """

    name = "jax-forward"
    mode = "forward"

    def gradient(self, f):
        return self.jacobian(f)

    def jacobian(self, f):
        return jax.jacfwd(f)

    def hessian(self, f):
        return jax.jacfwd(jax.jacfwd(f))

    def vjp(self, f):
        raise Unsupported("Forward mode pushes tangents; it has no pullback.")

    def hvp(self, f):
        return _jvp(jax.jacfwd(f))

    def evaluations(self, operator, n, m):
        return {"jvp": None, "hessian": n * n}.get(operator, n)


class JaxLinearize(JaxForward):
    """jax.jit of jax.linearize: the tangent map, traced once at a point, then applied.

    Cost: a primal, and a tangent map for each direction (n of them, vectorised, for a Jacobian); a
    Hessian applies the tangent map of the gradient to n directions. Error: rounding only.
    """

    name = "jax-linearize"

    def jacobian(self, f):
        return _swept(f)

    def hessian(self, f):
        return _swept(jax.grad(f))

    def jvp(self, f):
        return _linearized(f)

    def hvp(self, f):
        return _linearized(jax.grad(f))

    def evaluations(self, operator, n, m):
        return None if operator in ("jvp", "hvp") else n


def _conv(x, kernel, *, stride=1, padding=0, dilation=1):
    n = x.ndim - 2
    strides, pads, gaps = (each_axis(given, n) for given in (stride, padding, dilation))
    return jax.lax.conv_general_dilated(
        x, kernel, strides, [(pad, pad) for pad in pads], rhs_dilation=gaps
    )


def _pooled(x, window, stride, padding, first, combine):
    """Return what a function combines windows of each channel to."""
    n = x.ndim - 2
    lengths = each_axis(window, n)
    strides = lengths if stride is None else each_axis(stride, n)
    pads = [(0, 0), (0, 0), *((pad, pad) for pad in each_axis(padding, n))]
    return jax.lax.reduce_window(x, first, combine, (1, 1, *lengths), (1, 1, *strides), pads)


def _avg_pool(x, window, *, stride=None, padding=0):
    total = _pooled(x, window, stride, padding, 0.0, jax.lax.add)
    return total / math.prod(each_axis(window, x.ndim - 2))


def _max_pool(x, window, *, stride=None, padding=0):
    return _pooled(x, window, stride, padding, -math.inf, jax.lax.max)


def _scan(step, carry, xs=None, *, length=None):
    return jax.lax.scan(step, carry, xs, scan_length(xs, length))


def _jvp(f):
    def jvp(inputs, given, tangents):
        return jax.jvp(lambda inputs: f(inputs, given), (inputs,), (tangents,))[1]

    return jvp


def _linearized(f):
    def pushed(inputs, given, tangents):
        return jax.linearize(lambda inputs: f(inputs, given), inputs)[1](tangents)

    return pushed


def _swept(f):
    """Return the derivative in all inputs: the tangent map, applied to every unit direction."""

    def swept(inputs, given):
        _, push = jax.linearize(lambda inputs: f(inputs, given), inputs)
        units = _cut(jax.numpy.eye(sum(x.size for x in inputs), dtype=inputs[0].dtype), inputs)
        columns = jax.vmap(push, out_axes=-1)(units)
        return jax.tree.map(lambda c: _cut(c, inputs), columns)

    return swept


def _cut(columns, inputs):
    """Return columns (…, n) as one block an input."""
    ends = np.cumsum([x.size for x in inputs])[:-1].tolist()
    blocks = jax.numpy.split(columns, ends, axis=-1)
    return tuple(b.reshape(*b.shape[:-1], *x.shape) for b, x in zip(blocks, inputs, strict=True))
