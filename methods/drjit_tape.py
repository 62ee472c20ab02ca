"""Dr.Jit: arrays that are traced, and compiled by LLVM in one kernel with their derivatives."""

import lazy_loader as lazy

from gradiometer import Method, Unsupported
from gradiometer.vocabulary import in_drjit

dr = lazy.load("drjit")


class DrJit(Method):
    """Dr.Jit on LLVM: forward and backward traversal of the graph of a traced evaluation.

    Cost: a trace in every call, tens of microseconds; kernels are compiled once. It is made for
    arrays of millions of components. Error: rounding only. First order only. On LLVM before 17 what
    takes a maximum (`atan`, too) is refused: there it aborts. Use it when a program works on each
    of very many components alike, as renderers and simulations of particles do.
    """

    name, mode, requires, extra = "drjit", "reverse", ("drjit",), "drjit"

    def setup(self, target):
        if not dr.has_backend(dr.JitBackend.LLVM):
            raise Unsupported("no libLLVM: install Debian's libllvm19, or set DRJIT_LIBLLVM_PATH.")
        dr.set_thread_count(target.threads)

    def namespace(self):
        return in_drjit.functions()

    def array(self, a):
        return in_drjit.opaque(a)

    def variable(self, a):
        found = self.array(a)
        dr.enable_grad(found)
        return found

    def gradient(self, f):
        @in_drjit.named
        def gradient(inputs, given):
            dr.clear_grad(inputs)
            y = f(inputs, given)
            if dr.grad_enabled(y):
                dr.backward(y)
            return in_drjit.computed(tuple(map(dr.grad, inputs)))

        return gradient

    def jvp(self, f):
        @in_drjit.named
        def jvp(inputs, given, tangents):
            dr.set_grad(inputs, tangents)
            y = f(inputs, given)
            outputs = y if isinstance(y, tuple) else (y,)
            dr.enqueue(dr.ADMode.Forward, *inputs)
            # An output may be an intermediate value of another: none is cleared.
            dr.traverse(dr.ADMode.Forward, dr.ADFlag.ClearNone)
            pushed = tuple(map(dr.grad, outputs))
            return in_drjit.computed(pushed if isinstance(y, tuple) else pushed[0])

        return jvp

    def vjp(self, f):
        @in_drjit.named
        def vjp(inputs, given, cotangents):
            dr.clear_grad(inputs)
            y = f(inputs, given)
            outputs = y if isinstance(y, tuple) else (y,)
            dr.set_grad(list(outputs), list(cotangents))
            dr.enqueue(dr.ADMode.Backward, *outputs)
            dr.traverse(dr.ADMode.Backward)
            return in_drjit.computed(tuple(map(dr.grad, inputs)))

        return vjp

    def value(self, f):
        return in_drjit.named(lambda inputs, given: in_drjit.computed(f(inputs, given)))
