"""Taylor mode on JAX: truncated polynomials along a direction, of JAX's own `jet` and jet-array."""

from importlib import import_module

import lazy_loader as lazy

from gradiometer import Unsupported
from gradiometer.vocabulary.in_jax import JaxMethod, functions, swept
from gradiometer.vocabulary.namespace import Namespace

jax = lazy.load("jax")
jet_array = lazy.load("jet_array")

OWN_RULES = ("relu", "softplus")
"""Functions with derivative rules of their own, which `jet` does not enter."""

CONSTANTS = ("arange", "asarray", "eye", "linspace")


class JaxJet(JaxMethod):
    """jax.experimental.jet: the coefficients of f along a line, to the order that is asked for.

    First derivatives are first coefficients, of n directions at once. The second coefficient is
    ½·vᵀHv, a polynomial in v, of which `jax.jvp` takes the mixed derivatives: nothing cancels.

    Cost: about n primals for a gradient, 3·n for a product with the Hessian, 3·n² for a Hessian.
    Error: rounding only. Use it when derivatives of high order are wanted along few directions, as
    for Laplacians and Taylor steps of differential equations: nested modes cost exponentially more.
    """

    name, mode, tool = "jax-jet", "forward", "jax_transforms"

    def namespace(self):
        own = {name: of for name, of in functions().items() if name not in OWN_RULES}
        return Namespace(jax.numpy, own)

    def gradient(self, f):
        return self.jacobian(f)

    def jacobian(self, f):
        first = self._coefficient(f, 1)
        return lambda inputs, given: swept(lambda v: first(inputs, given, v), inputs)

    def jvp(self, f):
        return self._coefficient(f, 1)

    def hessian(self, f):
        second = jax.jacfwd(jax.jacfwd(self._coefficient(f, 2), 2), 2)
        return lambda inputs, given: second(inputs, given, inputs)

    def hvp(self, f):
        return jax.jacfwd(self._coefficient(f, 2), 2)

    def finish(self, prepared):
        return jax.jit(prepared)

    def evaluations(self, operator, n, m):
        return {"jvp": None, "hvp": 3 * n, "hessian": 3 * n * n}.get(operator, n)

    def _coefficient(self, f, order):
        """Return the Taylor coefficient of an order along tangents, a call of three arguments."""

        def coefficient(inputs, given, tangents):
            try:
                return self._along(lambda *inputs: f(inputs, given), inputs, tangents, order)
            except KeyError as error:
                raise Unsupported(f"{self.name} has no rule for {error}.") from error
            except jax.errors.UnexpectedTracerError as error:
                raise Unsupported(
                    f"{self.name} does not enter functions that have a rule of their own "
                    "(jax.custom_jvp), such as softplus and relu."
                ) from error

        return coefficient

    def _along(self, f, inputs, tangents, order):
        lines = tuple((v, *(0.0 * v,) * (order - 1)) for v in tangents)
        y, series = import_module("jax.experimental.jet").jet(
            f, inputs, lines, factorial_scaled=False
        )
        return tuple(each[-1] for each in series) if isinstance(y, tuple) else series[-1]


class JetArray(JaxJet):
    """jet_array.jet: Taylor mode whose coefficients are one array, so that loops run over orders.

    Cost and error: as `jax-jet`. Use it when the order is high, or known at run time only:
    `jax-jet` unrolls a sum for each order.
    """

    name, requires, package = "jet-array", ("jet_array", "jax"), "jet-array"
    extra = "jet-array"

    def namespace(self):
        # It cannot trace how constants are made.
        own = {name: _made_before(getattr(jax.numpy, name)) for name in CONSTANTS}
        return Namespace(super().namespace(), own)

    def _along(self, f, inputs, tangents, order):
        lines = [jax.numpy.stack([v, *(0.0 * v,) * (order - 1)]) for v in tangents]
        try:
            _, series = jet_array.jet(f, inputs, tuple(lines))
        except ValueError as error:
            if "Incompatible shapes for broadcasting" not in str(error):
                raise
            raise Unsupported(
                "jet-array has rules for numbers only of erf, atan2 and a few others: of arrays, "
                f"they fail. {str(error).splitlines()[0]}"
            ) from error
        return jax.tree.map(lambda coefficients: coefficients[-1], series)


def _made_before(function):
    """Return a function that makes constants, evaluated while the program is traced."""

    def made(*given, **how):
        with jax.ensure_compile_time_eval():
            return function(*given, **how)

    return made
