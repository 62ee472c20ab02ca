"""asdex: sparse Jacobians and Hessians on JAX, with few directions found by colouring a graph."""

import warnings

import lazy_loader as lazy

from gradiometer.vocabulary.in_jax import JaxMethod

jax = lazy.load("jax")
asdex = lazy.load("asdex")

MOST_INPUTS = 1000


class Asdex(JaxMethod):
    """asdex.jacobian and asdex.hessian, under jax.jit: a direction for each colour.

    Which components are zero everywhere is read off the traced program, and columns (or rows) that
    share no row are found in one direction. Answers are dense, as all methods' are.

    Cost: preparation grows with inputs times operations; a call takes as many tangents or
    pullbacks as there are colours, up to n where nothing is zero. Error: rounding only. Use it when
    a large Jacobian or Hessian is mostly zeros, and always the same ones: grids, separable sums.
    """

    name, requires, extra = "asdex", ("asdex", "jax"), "asdex"

    def gradient(self, f):
        return self.jacobian(f)

    def jacobian(self, f):
        return self._coloured(asdex.jacobian, f)

    def hessian(self, f):
        return self._coloured(asdex.hessian, f)

    def finish(self, prepared):
        return jax.jit(prepared)

    def declines(self, operator, n, m):
        if operator == "value" or n <= MOST_INPUTS:
            return None
        return (
            f"{n:,} inputs: not attempted beyond {MOST_INPUTS:,}; of each value the set of inputs "
            "that it depends on is kept, and preparation takes minutes."
        )

    def _coloured(self, derivative, f):
        inputs = tuple(map(self.array, f.point.inputs.values()))
        given = {name: self.array(a) for name, a in f.point.given.items()}
        with warnings.catch_warnings():  # where nothing is zero, colours save nothing: known
            warnings.simplefilter("ignore", asdex.DenseColoringWarning)
            return derivative(f, inputs, given, output_format="dense")
