"""Numba: the backward passes that problems bring along, compiled to machine code."""

import functools
import itertools

import lazy_loader as lazy
import numpy as np

from gradiometer import Method, Unsupported
from gradiometer.vocabulary.flat import number
from gradiometer.vocabulary.machine_code import compiled_by, in_one_line
from gradiometer.vocabulary.recorded import NUMPY

numba = lazy.load("numba")


def _compiled(operator):
    """Return the operator of `NumbaBackprop` that is what the problem's author wrote, compiled."""

    def compiled(self, f):
        if operator not in f.problem.derivatives:
            raise Unsupported(f"Problem {f.problem.name!r} has no hand-coded {operator}.")
        call = compiled_by(numba.njit, f.problem.derivatives[operator])
        space = {"jvp": f.signature.inputs, "hvp": f.signature.inputs, "vjp": f.signature.outputs}
        shapes = space[operator].shapes.values() if operator in space else ()
        directions = [self.array(np.ones(shape, f.point.dtype)) for shape in shapes]
        inputs = map(self.array, f.point.inputs.values())
        given = {name: self.array(a) for name, a in f.point.given.items()}
        try:
            call(*inputs, *directions, **given)  # which compiles, for these types of arrays
        except (
            numba.core.errors.NumbaError,
            numba.core.errors.UnsupportedBytecodeError,
            IndexError,  # which its compiler ends with on some programs
        ) as error:
            raise Unsupported(f"Numba: {in_one_line(error)}") from error
        except TypeError as error:
            if "too many arguments" not in str(error):
                raise
            raise Unsupported("Numba takes no *arguments before keyword-only ones.") from error
        return call

    return compiled


class NumbaBackprop(Method):
    """numba.njit of the backward pass that is written by hand.

    Other derivatives where the problem's author wrote them. The function's value is NumPy's.

    Cost: a second or more to compile, in preparation; then no interpreter, and no array for each
    operation. Error: rounding only. Use it when you have a derivative by hand, of numbers or small
    arrays: there Python takes most of the time.
    """

    name, mode, requires, extra = "numba-backprop", "manual", ("numba",), "numba"
    gradient, jacobian, hessian = map(_compiled, ("gradient", "jacobian", "hessian"))
    jvp, vjp, hvp = map(_compiled, ("jvp", "vjp", "hvp"))

    def namespace(self):
        return NUMPY

    def value(self, f):
        return functools.partial(f.problem.function, f.xp)

    def array(self, a):
        return a if a.ndim else number(a)

    def arguments(self, inputs, given, *directions):
        return tuple(itertools.chain(inputs, *directions)), given
