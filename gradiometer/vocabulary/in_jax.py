"""JAX's functions under the array API standard's names, where its own differ or are missing.

And what its methods share. The library is imported when a function is first asked for.
"""

import math

import lazy_loader as lazy
import numpy as np

from gradiometer.vocabulary.composed import each_axis, scan_length
from gradiometer.vocabulary.method import Method
from gradiometer.vocabulary.namespace import Namespace

jax = lazy.load("jax")

NETWORKS = ("log_softmax", "logsumexp", "relu", "sigmoid", "softmax", "softplus")
SPECIAL = {
    name: name for name in ("digamma", "erf", "erfc", "erfinv", "gamma", "i0", "i1")
} | {"lgamma": "gammaln"}  # fmt: skip
"""Special functions, by the names of jax.scipy.special."""


class JaxMethod(Method):
    """What methods on JAX share: its arrays, 64 bits where they are asked for, and waiting."""

    requires: tuple[str, ...] = ("jax",)
    extra = "jax"

    def setup(self, target):
        """Let it compute in the target's dtype."""
        jax.config.update("jax_enable_x64", target.dtype == "float64")

    def namespace(self):
        """Return its functions."""
        return Namespace(jax.numpy, functions())

    def array(self, a):
        """Return an array of JAX's."""
        return jax.numpy.asarray(a)

    @property
    def wait(self):
        """Its function that blocks until arrays are computed."""
        return jax.block_until_ready


def functions():
    """Return JAX's functions under the standard's names, where those differ."""
    special = {name: getattr(jax.scipy.special, of) for name, of in SPECIAL.items()}
    networks = {name: getattr(jax.nn, name) for name in NETWORKS}
    return (
        special
        | networks
        | {
            "avg_pool": _avg_pool,
            "cond": jax.lax.cond,
            "conv": _conv,
            "gelu": lambda x: jax.nn.gelu(x, approximate=False),
            "max_pool": _max_pool,
            "scan": _scan,
            "stop_gradient": jax.lax.stop_gradient,
        }
    )


def pushed(f):
    """Return the pushforward: dual numbers, one direction."""

    def jvp(inputs, given, tangents):
        return jax.jvp(lambda inputs: f(inputs, given), (inputs,), (tangents,))[1]

    return jvp


def pulled(f):
    """Return the pullback."""

    def vjp(inputs, given, cotangents):
        y, pullback = jax.vjp(lambda inputs: f(inputs, given), inputs)
        return pullback(cotangents if isinstance(y, tuple) else cotangents[0])[0]

    return vjp


def swept(push, inputs):
    """Return a linear map in all unit directions at once, as blocks: outputs, then inputs.

    Args:
        push: Takes tangents, one an input, and returns those of the outputs.
        inputs: The arrays that tangents are of.
    """
    units = _cut(jax.numpy.eye(sum(x.size for x in inputs), dtype=inputs[0].dtype), inputs)
    columns = jax.vmap(push, out_axes=-1)(units)
    return jax.tree.map(lambda c: _cut(c, inputs), columns)


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


def _cut(columns, inputs):
    """Return columns (…, n) as one block an input."""
    ends = np.cumsum([x.size for x in inputs])[:-1].tolist()
    blocks = jax.numpy.split(columns, ends, axis=-1)
    return tuple(b.reshape(*b.shape[:-1], *x.shape) for b, x in zip(blocks, inputs, strict=True))
