"""Dr.Jit: arrays that are traced, and compiled by LLVM in one kernel with their derivatives."""

import lazy_loader as lazy

from gradiometer import Method, Unsupported
from gradiometer.vocabulary.in_drjit import functions, tensors

dr = lazy.load("drjit")


class DrJit(Method):
    """Dr.Jit on LLVM: forward and backward traversal of the graph of a traced evaluation.

    Cost: a trace in every call, tens of microseconds; kernels are compiled once. It is made for
    arrays of millions of components. Error: rounding only. First order only. Use it when a program
    works on each of very many components alike, as renderers and simulations of particles do.
    """

    name, mode, requires, extra = "drjit", "reverse", ("drjit",), "drjit"

    def setup(self, target):
        if not dr.has_backend(dr.JitBackend.LLVM):
            raise Unsupported(
                "Dr.Jit finds no libLLVM: install Debian's libllvm, or name it in "
                "DRJIT_LIBLLVM_PATH."
            )
        dr.set_thread_count(target.threads)

    def namespace(self):
        return functions()

    def array(self, a):
        found = tensors(a.dtype.name)(a.copy())
        dr.make_opaque(found)  # a literal would be folded into the program
        return found

    def variable(self, a):
        found = self.array(a)
        dr.enable_grad(found)
        return found

    def jvp(self, f):
        def jvp(inputs, given, tangents):
            dr.set_grad(inputs, tangents)
            y = f(inputs, given)
            outputs = y if isinstance(y, tuple) else (y,)
            dr.enqueue(dr.ADMode.Forward, *inputs)
            # An output may be an intermediate value of another: none is cleared.
            dr.traverse(dr.ADMode.Forward, dr.ADFlag.ClearNone)
            pushed = tuple(map(dr.grad, outputs))
            return _computed(pushed if isinstance(y, tuple) else pushed[0])

        return jvp

    def vjp(self, f):
        def vjp(inputs, given, cotangents):
            dr.clear_grad(inputs)
            y = f(inputs, given)
            outputs = y if isinstance(y, tuple) else (y,)
            dr.set_grad(list(outputs), list(cotangents))
            dr.enqueue(dr.ADMode.Backward, *outputs)
            dr.traverse(dr.ADMode.Backward)
            # Of an array without components it returns one zero.
            return _computed(tuple(dr.grad(x) if x.shape != (0,) else None for x in inputs))

        return vjp

    def value(self, f):
        return lambda inputs, given: _computed(f(inputs, given))


def _computed(found):
    """Return what a graph stands for, computed; calls return before that."""
    dr.eval(found)
    dr.sync_thread()
    return found
