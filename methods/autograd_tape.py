"""Autograd: reverse and forward mode on a wrapper around NumPy."""

import importlib

import lazy_loader as lazy
import numpy as np

from gradiometer import Method, Namespace, UnsupportedOperation
from gradiometer.vocabulary.answer import Components, Rows
from gradiometer.vocabulary.like_numpy import functions, matrices, renamed, repeats_an_index

autograd = lazy.load("autograd")


class _Autograd(Method):
    """What both have in common: NumPy's functions, wrapped, and numbers as they are."""

    requires, extra, primal = ("autograd",), "autograd", "numpy"

    def namespace(self):
        linalg = autograd.numpy.linalg
        own = {
            "broadcast_to": _broadcast_to,
            "einsum": _einsum,
            "i0": lambda x: _special("i0")(x),
            "logsumexp": lambda x, **how: _special("logsumexp")(x, **how),
            "stop_gradient": autograd.extend.notrace_primitive(lambda x: x),
            "where": _where,
        }
        like = Namespace(autograd.numpy, own)
        parts = {"eigvalsh": lambda x: linalg.eigh(x)[0], "svdvals": _singular_values}
        parts |= matrices(like, Namespace(linalg, parts))
        own |= functions(like) | renamed(like) | {"linalg": Namespace(linalg, parts)}
        return Namespace(autograd.numpy, own, _special)

    def array(self, a):
        return a[()]  # a number, where it has no axes

    def finish(self, prepared):
        def finished(*given):
            try:
                return prepared(*given)
            except NotImplementedError as error:  # "VJP of qr wrt argnums (0,) not defined"
                raise UnsupportedOperation(f"autograd: {error}.") from error

        return finished


class Autograd(_Autograd):
    """autograd.grad: the tape is recorded anew in every call.

    Cost: some microseconds a node in Python; of a Jacobian one tape and m pullbacks, of a Hessian
    the tape of a tape and n. Error: rounding only. Use it when the function is plain NumPy and is
    to stay so: it needs nothing but a library of 1 MB.
    """

    name = "autograd"

    def gradient(self, f):
        return autograd.grad(f)

    def jacobian(self, f):
        return _rows(f)

    def hessian(self, f):
        return _rows(autograd.grad(f))

    def vjp(self, f):
        def vjp(inputs, given, cotangents):
            pullback, y = autograd.make_vjp(_traced(f))(inputs, given)
            return pullback(cotangents if isinstance(y, tuple) else cotangents[0])

        return vjp

    def hvp(self, f):
        def hvp(inputs, given, tangents):
            return autograd.make_hvp(f)(inputs, given)[0](tangents)

        return hvp


class AutogradForward(_Autograd):
    """autograd.make_jvp: tangents go along with the values, in one pass.

    Cost: two to three primals, and some microseconds a node; n passes for a gradient or Jacobian;
    forward over reverse for second derivatives. Error: rounding only. Use it when the function is
    plain NumPy with a few inputs and many outputs, or its derivative in one direction is wanted.
    """

    name, mode = "autograd-forward", "forward"

    def gradient(self, f):
        units = [
            [self.array(unit.reshape(a.shape)) for unit in np.eye(a.size, dtype=a.dtype)]
            for a in f.point.inputs.values()
        ]

        def gradient(inputs, given):
            found = []
            for k, (x, along) in enumerate(zip(inputs, units, strict=True)):
                rest = inputs[:k], inputs[k + 1 :]  # constant, so that nothing is pushed through it
                push = autograd.make_jvp(lambda x, r=rest: f((*r[0], x, *r[1]), given))(x)
                found += [push(unit)[1] for unit in along]
            return Components(found)

        return gradient

    def jvp(self, f):
        return _pushed(f)

    def hvp(self, f):
        return _pushed(autograd.grad(f))

    def evaluations(self, operator, n, m):
        return None if operator in ("jvp", "hvp") else n


def _traced(f):
    """Return f with several outputs as a tuple that the tape knows."""

    def traced(inputs, given):
        y = f(inputs, given)
        return autograd.builtins.tuple(y) if isinstance(y, tuple) else y

    return traced


def _rows(f):
    """Return the Jacobian of a function of several arrays, as autograd.jacobian has it of one."""

    def rows(inputs, given):
        pullback, y = autograd.make_vjp(_traced(f))(inputs, given)
        return Rows([pullback(unit) for unit in autograd.extend.vspace(y).standard_basis()])

    return rows


def _pushed(f):
    def pushed(inputs, given, tangents):
        return autograd.make_jvp(_traced(f))(inputs, given)(tangents)[1]

    return pushed


def _broadcast_to(x, shape):
    """Return x in a shape; autograd's own has no derivative where that has more axes."""
    return x * np.ones(shape, autograd.numpy.result_type(x))


def _einsum(subscripts, *arrays):
    if repeats_an_index(subscripts):
        raise UnsupportedOperation(f"autograd: einsum has no VJP of {subscripts!r}.")
    return autograd.numpy.einsum(subscripts, *arrays)


def _singular_values(x):
    return autograd.numpy.linalg.svd(x, full_matrices=False)[1]


def _special(name):
    """Return a special function of autograd's, imported with scipy.stats where it is asked for."""
    return getattr(Namespace(importlib.import_module("autograd.scipy.special")), name)


def _where(condition, a, b):
    """Choose; the derivative of autograd's own does not undo broadcasting."""
    like = autograd.numpy
    shape = np.broadcast_shapes(like.shape(condition), like.shape(a), like.shape(b))
    a, b = (x if like.shape(x) == shape else _broadcast_to(x, shape) for x in (a, b))
    return like.where(condition, a, b)
