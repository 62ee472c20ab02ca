"""PyTorch: its tape, its functional transforms, and its forward mode."""

import lazy_loader as lazy

from gradiometer import Method, Namespace

torch = lazy.load("torch")


class _Torch(Method):
    """What the variants share: tensors on the CPU, threads, and names that differ."""

    package, extra = "torch", "torch"

    def setup(self, threads):
        torch.set_num_threads(threads)

    def namespace(self):
        return Namespace(
            torch,
            {
                "max": torch.amax,
                "min": torch.amin,
                "pow": torch.pow,
                "permute_dims": torch.permute,
                "softplus": torch.nn.functional.softplus,
            },
        )

    def array(self, a):
        return torch.from_numpy(a.copy())


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


class PyTorchFunc(_Torch):
    """torch.func.grad: the same tape behind a functional transform.

    Cost: as `pytorch`, plus the transform's own work in every call. Error: rounding only.
    """

    name, mode = "pytorch-func", "reverse"

    def gradient(self, f):
        return torch.func.grad(f)


class PyTorchForward(_Torch):
    """torch.func.jacfwd: dual numbers, pushed forward in all n directions at once by vmap.

    Cost: about n primals, and n times the memory. Error: rounding only.
    """

    name, mode = "pytorch-forward", "forward"

    def gradient(self, f):
        return torch.func.jacfwd(f)

    def evaluations(self, n):
        return n
