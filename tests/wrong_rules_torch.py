"""Derivative rules written by hand, right ones and wrong ones, each in a function that uses it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

Function: Any = torch.autograd.Function


class RightExp(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.saved_tensors[0]


class RightMatmul(Function):
    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> Any:
        ctx.save_for_backward(a, b)
        return a @ b

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        a, b = ctx.saved_tensors
        return g @ b.T, a.T @ g


class RightScaled(Function):
    @staticmethod
    def forward(ctx: Any, x: Any, factor: float, mode: str) -> Any:
        ctx.factor = factor
        return x.detach() * factor

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.factor, None, None


class WrongSign(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x.cos()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.saved_tensors[0].sin()


class WrongFactor(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.saved_tensors[0]


class MissingTerm(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * torch.sigmoid(ctx.saved_tensors[0])


class ForgottenInput(Function):
    @staticmethod
    def forward(ctx: Any, x: Any, scale: Any) -> Any:
        ctx.save_for_backward(scale)
        return x * scale

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.saved_tensors[0], None


class Transposed(Function):
    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> Any:
        ctx.save_for_backward(a, b)
        return a @ b

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        a, b = ctx.saved_tensors
        return g @ b, a.T @ g


class ForgottenMean(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x - x.mean(-1, keepdim=True)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g


class WrongAtNegative(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return torch.where(x > 0, x, 0.1 * x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return torch.where(ctx.saved_tensors[0] > 0, g, 0.01 * g)


class StraightThrough(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return torch.round(x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g


class ReversedGradient(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return -g


class ClippedGradient(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 3.0

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return (g * 3.0).clamp(-1.0, 1.0)


class SinglePrecision(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x / 3.0

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * float(np.float32(1.0 / 3.0))


class WrongSecondOutput(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x.sin(), x.cos()

    @staticmethod
    def backward(ctx: Any, g: Any, h: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * x.cos() + h * x.sin()


class SwappedInputs(Function):
    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        ctx.save_for_backward(x, y)
        return x * x * y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, y = ctx.saved_tensors
        return g * x * x, 2.0 * g * x * y


class LogDeterminant(Function):
    @staticmethod
    def forward(ctx: Any, a: Any) -> Any:
        ctx.save_for_backward(a)
        return torch.logdet(a)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * torch.linalg.inv(ctx.saved_tensors[0])


class SecondOrderOnly(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return 3.0 * g * ctx.saved_tensors[0].detach() ** 2


ROWS = np.array([[0.7, -1.3, 0.4], [2.2, 0.9, -0.6]])
SQUARE = np.array([[2.0, 0.5, -0.3], [0.25, 3.0, 0.7], [-0.6, 0.1, 2.5]])
RIGHT: dict[str, Any] = {
    "RightExp": (lambda x: RightExp.apply(torch.sin(x)), (ROWS,)),
    "RightMatmul": (lambda a, b: RightMatmul.apply(torch.tanh(a), b), (ROWS, SQUARE)),
    "RightScaled": (lambda x: RightScaled.apply(x * x, 0.3, "mode"), (ROWS,)),
    "SecondOrderOnly": (lambda x: SecondOrderOnly.apply(x), (ROWS,)),
}
"""Functions of rules that are right to first order, by the rule's name."""

WRONG: dict[str, Any] = {
    "WrongSign": (lambda x: WrongSign.apply(x * x) * RightExp.apply(x), (ROWS,)),
    "WrongFactor": (lambda x: WrongFactor.apply(RightExp.apply(x)), (ROWS,)),
    "MissingTerm": (lambda x: RightExp.apply(MissingTerm.apply(x)), (ROWS,)),
    "ForgottenInput": (lambda x, s: ForgottenInput.apply(x, torch.exp(s)), (ROWS, 0.5)),
    "Transposed": (lambda a, b: Transposed.apply(a, RightExp.apply(b)), (SQUARE, SQUARE + 0.1)),
    "ForgottenMean": (lambda x: ForgottenMean.apply(x) ** 2, (ROWS,)),
    "WrongAtNegative": (lambda x: WrongAtNegative.apply(x * 2.0), (ROWS,)),
    "StraightThrough": (lambda x: StraightThrough.apply(x) * x, (ROWS,)),
    "ReversedGradient": (lambda x: ReversedGradient.apply(torch.tanh(x)), (ROWS,)),
    "ClippedGradient": (lambda x: ClippedGradient.apply(x) * x, (ROWS,)),
    "SinglePrecision": (lambda x: SinglePrecision.apply(x) * x, (ROWS,)),
    "WrongSecondOutput": (lambda x: sum(WrongSecondOutput.apply(x)), (ROWS,)),
    "SwappedInputs": (lambda x, y: SwappedInputs.apply(x, y + x), (ROWS, ROWS + 1.0)),
    "LogDeterminant": (lambda a: LogDeterminant.apply(a @ a) * 1.0, (SQUARE,)),
}
"""Functions of one wrong rule each, and of right ones, by the name of the wrong one."""
