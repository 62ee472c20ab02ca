"""PyTorch: its tape, its functional transforms, and its forward mode."""

import lazy_loader as lazy

from gradiometer import Method, Namespace, Primal, Unsupported, UnsupportedOperation
from gradiometer.vocabulary.in_torch import functions, matrices

torch = lazy.load("torch")


class _Torch(Method):
    """What the variants share: tensors on the CPU, threads, and names that differ."""

    requires, extra = ("torch",), "torch"

    def setup(self, target):
        torch.set_num_threads(target.threads)

    def namespace(self):
        return Namespace(torch, functions() | {"linalg": Namespace(torch.linalg, matrices())})

    def array(self, a):
        return torch.from_numpy(a.copy())

    def result(self, native):
        if type(native) is tuple:
            return tuple(map(self.result, native))
        # A function may use tensors of its own that require grad.
        return native.detach() if torch.is_tensor(native) else native


class PyTorch(_Torch):
    """torch.autograd.grad over eager operations: the tape is recorded anew in every call.

    Cost: two to four primals, plus some microseconds a node. Error: rounding only.
    """

    name, mode = "pytorch", "reverse"

    def variable(self, a):
        return self.array(a).requires_grad_()

    def gradient(self, f):
        def gradient(inputs, given):
            return torch.autograd.grad(f(inputs, given), inputs, allow_unused=True)

        return gradient

    def jacobian(self, f):
        return _of_inputs(f, torch.autograd.functional.jacobian)

    def hessian(self, f):
        return _of_inputs(f, torch.autograd.functional.hessian)

    def jvp(self, f):
        return _of_inputs(f, torch.autograd.functional.jvp, pick=1)

    def vjp(self, f):
        def vjp(inputs, given, cotangents):
            y = f(inputs, given)
            outputs = y if isinstance(y, tuple) else (y,)
            return torch.autograd.grad(outputs, inputs, cotangents, allow_unused=True)

        return vjp

    def hvp(self, f):
        def hvp(inputs, given, tangents):
            y = f(inputs, given)
            gradient = torch.autograd.grad(y, inputs, create_graph=True, allow_unused=True)
            both = zip(gradient, tangents, strict=True)  # where f is linear, there is no graph
            pairs = [(g, v) for g, v in both if g is not None and g.requires_grad]
            if not pairs:
                return (None,) * len(inputs)
            return torch.autograd.grad(
                [g for g, _ in pairs], inputs, [v for _, v in pairs], allow_unused=True
            )

        return hvp


class PyTorchFunc(_Torch):
    """torch.func.grad: the same tape behind a functional transform.

    Cost: as `pytorch`, plus the transform's own work in every call. Error: rounding only.
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


class PyTorchForward(_Torch):
    """torch.func.jacfwd: dual numbers, pushed forward in all n directions at once by vmap.

    Cost: about n primals, and n times the memory. Error: rounding only. Where a number in
    float32 meets a Python float, its tangent goes on in float64 (pytorch/pytorch#90065).
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


def _of_inputs(f, function, pick=None):
    """Return one of torch.autograd.functional's, which take a function of tensors."""

    def call(inputs, given, *directions):
        result = function(lambda *inputs: f(inputs, given), inputs, *directions)
        return result if pick is None else result[pick]

    return call
