"""PyTorch's functional transforms: reverse mode, eager and compiled, and forward mode."""

import contextlib

import lazy_loader as lazy

from gradiometer import Declined, Namespace, Primal, Unsupported, UnsupportedOperation
from gradiometer.vocabulary.graph import Operation
from gradiometer.vocabulary.in_torch import TorchMethod, matrices
from gradiometer.vocabulary.recorded import Unrecordable
from gradiometer.vocabulary.recording import record

torch = lazy.load("torch")

START_S, STEP_S = 8.0, 0.1
"""Seconds that compiling takes, and per operation of the function: measured up to 400."""
MOST_S = 30.0


class PyTorchFunc(TorchMethod):
    """torch.func.grad: the same tape behind a functional transform.

    Cost: as `pytorch`, plus the transform's own work in every call. Error: rounding only. Use it
    when derivatives are nested, or taken of a batch at once by `vmap`.
    """

    name, mode, primal = "pytorch-func", "reverse", "tensors"

    def gradient(self, f):
        return torch.func.grad(f)

    def jacobian(self, f):
        return torch.func.jacrev(f)

    def hessian(self, f):
        return _in_one_type(f, torch.func.hessian(f))

    def jvp(self, f):
        return _in_one_type(f, _jvp(f))

    def vjp(self, f):
        def vjp(inputs, given, cotangents):
            y, pullback = torch.func.vjp(lambda inputs: f(inputs, given), inputs)
            return pullback(cotangents if isinstance(y, tuple) else cotangents[0])[0]

        return vjp

    def hvp(self, f):
        return _in_one_type(f, _jvp(torch.func.grad(f)))


def _forecast(operator):
    """Return an operator of `torch.func`'s that declines what takes too long to compile."""

    def prepared(self, f):
        with contextlib.suppress(Unrecordable):
            steps = record(f.problem.function, f.point).steps
            n = sum(isinstance(step, Operation) for step in steps)
            if START_S + n * STEP_S > MOST_S:
                raise Declined(
                    f"{n:,} operations: forecast {START_S + n * STEP_S:.0f} s to compile; not "
                    f"attempted beyond {MOST_S:.0f} s."
                )
        return getattr(PyTorchFunc, operator)(self, f)

    return prepared


class PyTorchCompile(PyTorchFunc):
    """torch.compile(torch.func.grad(f), fullgraph=True): traced, fused, compiled by a C++ compiler.

    Cost: some ten seconds in the first call, a tenth of a second more for each operation; then
    little more than the dispatch. Error: rounding only. Use it when one function is called very
    often, with arrays so small that starting their operations takes longer than the operations.
    """

    name, primal = "pytorch-compile", ""

    value, gradient, jacobian, hessian = map(
        _forecast, ("value", "gradient", "jacobian", "hessian")
    )
    jvp, vjp, hvp = map(_forecast, ("jvp", "vjp", "hvp"))

    def setup(self, target):
        super().setup(target)
        limits = torch._dynamo.config  # how often one function may be compiled: once a cell
        limits.recompile_limit = limits.accumulated_recompile_limit = 10_000

    def finish(self, prepared):
        try:
            torch._inductor.cpp_builder.get_cpp_compiler()
        except torch._inductor.exc.InvalidCxxCompiler as error:
            raise Unsupported("torch.compile needs a C++ compiler, g++: none was found.") from error
        return torch.compile(prepared, fullgraph=True)


class PyTorchForward(TorchMethod):
    """torch.func.jacfwd: dual numbers, pushed forward in all n directions at once by vmap.

    Cost: about n primals, and n times the memory. Error: rounding only. Where a number in
    float32 meets a Python float, its tangent goes on in float64 (pytorch/pytorch#90065). Use it
    when a function has few inputs and many outputs.
    """

    name, mode, primal = "pytorch-forward", "forward", "tensors"

    def jacobian(self, f):
        return _in_one_type(f, torch.func.jacfwd(f))

    gradient = jacobian

    def hessian(self, f):
        return _in_one_type(f, torch.func.jacfwd(torch.func.jacfwd(self._twice(f))))

    def jvp(self, f):
        return _in_one_type(f, _jvp(f))

    def hvp(self, f):
        return _in_one_type(f, _jvp(torch.func.jacfwd(self._twice(f))))

    def _twice(self, f):
        """Return f without the operations whose tangents torch differentiates wrongly."""
        linalg = Namespace(torch.linalg, matrices() | {"solve": _drops_a_term})
        overrides = vars(super().namespace()) | {"linalg": linalg}
        return Primal(f.problem, Namespace(torch, overrides), f.point, f.signature)

    def evaluations(self, operator, n, m):
        return {"jvp": None, "hessian": n * n}.get(operator, n)

    def result(self, native):
        found = super().result(native)
        # Where f is linear, a tensor stands for zeros that are not made before it is copied.
        return found.clone() if torch.is_tensor(found) else found


def _drops_a_term(a, b):
    raise UnsupportedOperation(
        "linalg.solve loses a second-order term under nested forward mode: pytorch/pytorch#196695."
    )


def _in_one_type(f, call):
    """Return the call; in float32, where tangents become float64, refuse what fails for that."""
    if f.point.dtype == "float64":
        return call

    def checked(*given):
        try:
            return call(*given)
        except RuntimeError as error:
            if "double" not in str(error).lower():
                raise
            raise Unsupported(
                f"forward mode goes on in float64, pytorch/pytorch#90065, and fails: {error}"
            ) from error

    return checked


def _jvp(f):
    def jvp(inputs, given, tangents):
        return torch.func.jvp(lambda inputs: f(inputs, given), (inputs,), (tangents,))[1]

    return jvp
