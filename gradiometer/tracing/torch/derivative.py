"""The derivatives of a function as PyTorch computes them by backward passes, rules and all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from gradiometer.errors import GradiometerError

Derivative = Callable[..., Sequence[Any]]

OF_SCALARS = frozenset({"gradient", "hessian", "hvp"})


def differentiate(
    function: Callable[..., Any], operator: str, inputs: Sequence[Any], along: Sequence[Any]
) -> Sequence[Any]:
    """Return the tensors of a derivative.

    Args:
        function: Takes tensors, and returns a tensor or a tuple of tensors.
        operator: One of Gradiometer's operators.
        inputs: The tensors.
        along: Of a pushforward or an `hvp` a tangent for each input, of a pullback a cotangent for
            each output.

    Raises:
        GradiometerError: If the operator is one of scalar functions, and this is none.
    """
    leaves = [x if x.requires_grad else x.detach().clone().requires_grad_() for x in inputs]
    held = tuple(v.detach().clone() for v in along)
    with torch.enable_grad():
        returned = function(*leaves)
        outputs = returned if isinstance(returned, tuple | list) else (returned,)
        if operator in OF_SCALARS and (len(outputs) != 1 or outputs[0].numel() != 1):
            raise GradiometerError(
                f"{operator} of a function that does not return one number: its outputs have the "
                f"shapes {[tuple(y.shape) for y in outputs]}. Ask for the jacobian, or a sum."
            )
        return WAYS[operator](outputs, leaves, held)


def _pulled(
    outputs: Sequence[Any], inputs: Sequence[Any], cotangents: Sequence[Any], *, again: bool = False
) -> list[Any]:
    """Return cotangents of inputs; zeros of those that outputs do not depend on."""
    pairs = [
        (y, w.to(y.dtype)) for y, w in zip(outputs, cotangents, strict=True) if y.requires_grad
    ]
    if not pairs:
        return [torch.zeros_like(x) for x in inputs]
    found = torch.autograd.grad(
        [y for y, _ in pairs], inputs, [w for _, w in pairs], retain_graph=True,
        create_graph=again, allow_unused=True,
    )  # fmt: skip
    return [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]


def _ones(outputs: Sequence[Any]) -> list[Any]:
    return [torch.ones_like(y) for y in outputs]


def _gradient(outputs: Any, inputs: Any, held: Any) -> Sequence[Any]:
    return _pulled(outputs, inputs, _ones(outputs))


def _vjp(outputs: Any, inputs: Any, held: Any) -> Sequence[Any]:
    return _pulled(outputs, inputs, held)


def _hvp(outputs: Any, inputs: Any, held: Any) -> Sequence[Any]:
    slopes = _pulled(outputs, inputs, _ones(outputs), again=True)
    return _pulled(slopes, inputs, held)


def _jvp(outputs: Any, inputs: Any, held: Any) -> Sequence[Any]:
    """Return tangents of outputs: the pullback's own pullback, since that is linear."""
    weights = [torch.zeros_like(y).requires_grad_() for y in outputs]
    pulled = _pulled(outputs, inputs, weights, again=True)
    return _pulled(pulled, weights, held)


def _rows(outputs: Any, inputs: Any) -> list[list[Any]]:
    """Return for each output its blocks of the Jacobian, one an input."""
    blocks = []
    for k, y in enumerate(outputs):
        rows = []
        for i in range(y.numel()):
            unit = [torch.zeros_like(each) for each in outputs]
            unit[k].view(-1)[i] = 1.0
            rows.append(_pulled(outputs, inputs, unit))
        blocks.append([
            torch.stack([row[n] for row in rows]).reshape(*y.shape, *x.shape)
            for n, x in enumerate(inputs)
        ])  # fmt: skip
    return blocks


def _jacobian(outputs: Any, inputs: Any, held: Any) -> Sequence[Any]:
    return [block for line in _rows(outputs, inputs) for block in line]


def _hessian(outputs: Any, inputs: Any, held: Any) -> Sequence[Any]:
    slopes = _pulled(outputs, inputs, _ones(outputs), again=True)
    return [block for line in _rows(slopes, inputs) for block in line]


WAYS: dict[str, Derivative] = {
    "gradient": _gradient,
    "hessian": _hessian,
    "hvp": _hvp,
    "jacobian": _jacobian,
    "jvp": _jvp,
    "value": lambda outputs, inputs, held: outputs,
    "vjp": _vjp,
}
