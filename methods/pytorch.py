"""PyTorch's tape: `torch.autograd.grad`, and `backward` as most people call it."""

import lazy_loader as lazy

from gradiometer.vocabulary.in_torch import TorchMethod

torch = lazy.load("torch")


class PyTorch(TorchMethod):
    """torch.autograd.grad over eager operations: the tape is recorded anew in every call.

    Cost: two to four primals, plus some microseconds a node. Error: rounding only. Use it when
    Python decides what is computed, or arrays are large: it is the first choice on PyTorch.
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
            return _grad(y if isinstance(y, tuple) else (y,), inputs, cotangents)

        return vjp

    def hvp(self, f):
        def hvp(inputs, given, tangents):
            y = f(inputs, given)
            gradient = torch.autograd.grad(y, inputs, create_graph=True, allow_unused=True)
            return _grad(gradient, inputs, tangents)

        return hvp


class PyTorchBackward(TorchMethod):
    """loss.backward(), which adds to each input's `.grad`: how most networks are trained.

    Cost: as `pytorch`; gradients are dropped before each call, as an optimiser's `zero_grad` does.
    Error: rounding only. Use it when you want to know what a training loop as it is commonly
    written pays for its derivatives.
    """

    name, mode = "pytorch-backward", "reverse"

    def variable(self, a):
        return self.array(a).requires_grad_()

    def gradient(self, f):
        def gradient(inputs, given):
            return _pulled(inputs, f(inputs, given))

        return gradient

    def vjp(self, f):
        def vjp(inputs, given, cotangents):
            return _pulled(inputs, f(inputs, given), cotangents)

        return vjp


def _of_inputs(f, function, pick=None):
    """Return one of torch.autograd.functional's, which take a function of tensors."""

    def call(inputs, given, *directions):
        result = function(lambda *inputs: f(inputs, given), inputs, *directions)
        return result if pick is None else result[pick]

    return call


def _grad(outputs, inputs, seeds):
    """Return torch.autograd.grad's derivatives, None of an input that no output depends on."""
    ys, ws = _depending(outputs, seeds)
    if not ys:
        return (None,) * len(inputs)
    return torch.autograd.grad(ys, inputs, ws, allow_unused=True)


def _depending(outputs, seeds):
    """Return the outputs that depend on an input, and their seeds: others have no graph."""
    pairs = zip(outputs, seeds, strict=True)
    kept = [(y, w) for y, w in pairs if y is not None and y.requires_grad]
    return [y for y, _ in kept], [w for _, w in kept]


def _pulled(inputs, y, cotangents=None):
    """Return what `backward` leaves in the inputs' `.grad`; None where one is not used."""
    for x in inputs:
        x.grad = None
    if cotangents is not None:
        y, cotangents = _depending(y if isinstance(y, tuple) else (y,), cotangents)
    torch.autograd.backward(y, cotangents, inputs=inputs)
    return tuple(x.grad for x in inputs)
