"""Lowers what PyTorch computes as a function's derivative, its rules and kernels included.

The graph's value is what PyTorch's derivative would be in real numbers; it is to be compared with
the derivative of the function, and not to be differentiated itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from gradiometer.errors import GradiometerError, UnknownName
from gradiometer.tracing.lowered import Lowered
from gradiometer.tracing.torch.lower import Function, values_only

Derivative = Callable[..., Sequence[Any]]


def derivative(
    function: Function,
    arrays: Sequence[Any],
    names: Sequence[str],
    given: Sequence[str],
    operator: str,
    directions: Sequence[Any] = (),
) -> Lowered:
    """Return the graph of a derivative as PyTorch computes it, by backward passes.

    Args:
        function: Takes tensors in the order of `names`, returns a tensor or a tuple of tensors.
        arrays: The tensors.
        names: Their names: inputs first.
        given: Which of them are held constant.
        operator: `gradient`, `jacobian`, `hessian`, `jvp`, `vjp` or `hvp`.
        directions: Tangents, one tensor an input (of `jvp` and `hvp`), or cotangents, one an output
            (of `vjp`).

    Returns:
        A graph with one array for each of the operator's, in the order that it declares.

    Raises:
        UnknownName: If there is no such operator.
        GradiometerError: As `lower`.
    """
    if operator not in OPERATORS:
        raise UnknownName("operator", operator, OPERATORS)
    by = OPERATORS[operator]
    held = tuple(torch.as_tensor(d).detach().clone() for d in directions)
    at = [k for k, name in enumerate(names) if name not in given]

    def derived(*tensors: Any) -> Any:
        inputs = [tensors[k] for k in at]
        returned = function(*tensors)
        outputs = returned if isinstance(returned, tuple | list) else (returned,)
        wanted = {"gradient", "hessian", "hvp"}
        if operator in wanted and (len(outputs) != 1 or outputs[0].numel() != 1):
            raise GradiometerError(
                f"{operator} of a function that does not return one number: its outputs have the "
                f"shapes {[tuple(y.shape) for y in outputs]}. Ask for the jacobian, or a sum."
            )
        return tuple(by(outputs, inputs, held))

    return values_only(derived, arrays, names, given)


def _pulled(
    outputs: Sequence[Any], inputs: Sequence[Any], cotangents: Sequence[Any], *, again: bool = False
) -> list[Any]:
    """Return cotangents of inputs; zeros of those that outputs do not depend on."""
    pairs = [(y, w) for y, w in zip(outputs, cotangents, strict=True) if y.requires_grad]
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


OPERATORS: dict[str, Derivative] = {
    "gradient": _gradient,
    "hessian": _hessian,
    "hvp": _hvp,
    "jacobian": _jacobian,
    "jvp": _jvp,
    "vjp": _vjp,
}
