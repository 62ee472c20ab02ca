"""JAX: eager, compiled, and forward mode."""

import lazy_loader as lazy

from gradiometer import Method, Namespace

jax = lazy.load("jax")


class Jax(Method):
    """jax.grad, dispatched operation by operation.

    Cost: a trace in every call, hundreds of microseconds. Error: rounding only.
    """

    name, package, extra = "jax", "jax", "jax"

    def setup(self, threads):
        jax.config.update("jax_enable_x64", True)

    def namespace(self):
        return Namespace(
            jax.numpy,
            {
                "sigmoid": jax.nn.sigmoid,
                "relu": jax.nn.relu,
                "softplus": jax.nn.softplus,
                "logsumexp": jax.nn.logsumexp,
                "erf": jax.scipy.special.erf,
            },
        )

    def array(self, a):
        return jax.numpy.asarray(a)

    def gradient(self, f):
        return jax.grad(f)

    @property
    def wait(self):
        return jax.block_until_ready


class JaxJit(Jax):
    """jax.jit(jax.grad(f)): reverse mode, compiled by XLA.

    Cost: compilation in the first call; then some microseconds of dispatch and fused kernels.
    """

    name = "jax-jit"

    def value(self, f):
        return jax.jit(f)

    def gradient(self, f):
        return jax.jit(jax.grad(f))


class JaxForward(JaxJit):
    """jax.jit(jax.jacfwd(f)): dual numbers in all n directions at once, compiled.

    Cost: about n primals, and n times the memory. Error: rounding only.
    """

    name = "jax-forward"
    mode = "forward"

    def gradient(self, f):
        return jax.jit(jax.jacfwd(f))

    def evaluations(self, n):
        return n
