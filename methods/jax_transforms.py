"""JAX: eager, compiled, forward mode, the linearised tangent map, and recomputation."""

import lazy_loader as lazy

from gradiometer import Unsupported
from gradiometer.vocabulary.in_jax import JaxMethod, pulled, pushed, swept

jax = lazy.load("jax")


class Jax(JaxMethod):
    """jax.grad, dispatched operation by operation.

    Cost: a trace in every call, hundreds of microseconds. Error: rounding only. Use it when you
    look for a mistake, or call a derivative a few times only: nothing is compiled.
    """

    name = "jax"

    def gradient(self, f):
        return jax.grad(f)

    def jacobian(self, f):
        return jax.jacrev(f)

    def hessian(self, f):
        return jax.hessian(f)

    def jvp(self, f):
        return pushed(f)

    def vjp(self, f):
        return pulled(f)

    def hvp(self, f):
        return pushed(jax.grad(f))


class JaxJit(Jax):
    """jax.jit(jax.grad(f)): reverse mode, compiled by XLA.

    Cost: compilation in the first call; then some microseconds of dispatch and fused kernels.
    Error: rounding only. Use it when a function is differentiated more than a few times: it is the
    first choice on JAX.
    """

    name = primal = "jax-jit"

    def finish(self, prepared):
        return jax.jit(prepared)


class JaxForward(JaxJit):
    """jax.jit of jax.jacfwd and jax.jvp: dual numbers, in all n directions at once, compiled.

    Cost: about n primals for a Jacobian, n² for a Hessian, and that times the memory; two for a
    jvp. Error: rounding only. Use it when a function has few inputs and many outputs, or when
    directional derivatives are all you need.
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
        return pushed(jax.jacfwd(f))

    def evaluations(self, operator, n, m):
        return {"jvp": None, "hessian": n * n}.get(operator, n)


class JaxLinearize(JaxForward):
    """jax.jit of jax.linearize: the tangent map, traced once at a point, then applied.

    Cost: a primal, and a tangent map for each direction (n of them, vectorised, for a Jacobian); a
    Hessian applies the tangent map of the gradient to n directions. Error: rounding only. Use it
    when many directions are pushed forward at one point, as an iterative solver does.
    """

    name = "jax-linearize"

    def jacobian(self, f):
        return _linear_map(f)

    def hessian(self, f):
        return _linear_map(jax.grad(f))

    def jvp(self, f):
        return _linearized(f)

    def hvp(self, f):
        return _linearized(jax.grad(f))

    def evaluations(self, operator, n, m):
        return None if operator in ("jvp", "hvp") else n


def _recomputed(operator):
    """Return an operator of `jax-jit`'s on a function that keeps its inputs alone."""
    return lambda self, f: getattr(JaxJit, operator)(self, jax.checkpoint(f))


class JaxCheckpoint(JaxJit):
    """jax.jit(jax.grad(jax.checkpoint(f))): the pullback computes what it needs of f again.

    Cost: a primal more than `jax-jit`; in memory the inputs in place of all intermediate values.
    Error: rounding only. Use it when a reverse pass does not fit into memory: put `checkpoint`
    around parts of your function then, which are pulled back one at a time.
    """

    name = "jax-checkpoint"
    gradient, jacobian, hessian, vjp, hvp = map(
        _recomputed, ("gradient", "jacobian", "hessian", "vjp", "hvp")
    )


def _linearized(f):
    def push(inputs, given, tangents):
        return jax.linearize(lambda inputs: f(inputs, given), inputs)[1](tangents)

    return push


def _linear_map(f):
    """Return the derivative in all inputs: the tangent map, applied to every unit direction."""

    def derivative(inputs, given):
        _, push = jax.linearize(lambda inputs: f(inputs, given), inputs)
        return swept(push, inputs)

    return derivative
