"""JAX: eager, compiled, forward mode, and the linearised tangent map."""

import lazy_loader as lazy
import numpy as np

from gradiometer import Method, Namespace, Unsupported

jax = lazy.load("jax")


class Jax(Method):
    """jax.grad, dispatched operation by operation.

    Cost: a trace in every call, hundreds of microseconds. Error: rounding only.
    """

    name, requires, extra = "jax", ("jax",), "jax"

    def setup(self, target):
        jax.config.update("jax_enable_x64", target.dtype == "float64")

    def namespace(self):
        own = {name: getattr(jax.nn, name) for name in ("sigmoid", "relu", "softplus", "logsumexp")}
        own |= {"cond": jax.lax.cond, "erf": jax.scipy.special.erf}
        return Namespace(jax.numpy, own)

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
