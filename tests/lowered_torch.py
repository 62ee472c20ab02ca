"""Functions of PyTorch lowered and certified, beside what PyTorch computes itself."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from gradiometer.reference.lookup import certified
from gradiometer.tracing.torch.lower import lower
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.recorded import NUMPY

CLOSE: dict[str, float] = {"rtol": 1e-9, "atol": 1e-10}


def scalar(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose result is a weighted sum of all components of the outputs."""

    @functools.wraps(function)
    def summed(*tensors: Any) -> Any:
        returned = function(*tensors)
        total: Any = 0.0
        for y in returned if isinstance(returned, tuple | list) else (returned,):
            weights = torch.cos(torch.arange(y.numel(), dtype=torch.float64)).to(y.dtype)
            total = total + (y.reshape(-1) * weights).sum()
        return total

    return summed


def tensors(arrays: Sequence[Any], dtype: Any = torch.float64) -> list[Any]:
    return [torch.tensor(np.asarray(a), dtype=dtype).requires_grad_() for a in arrays]


def named(arrays: Sequence[Any]) -> dict[str, Any]:
    return {f"x{k}": np.asarray(a, dtype=np.float64) for k, a in enumerate(arrays)}


def truth(graph: Any, values: dict[str, Any], operator: str = "gradient") -> Any:
    """Return the certified derivative of a graph at values of its inputs, flat."""
    problem = Problem("lowered", graph, values)
    return certified(problem, problem.points().checked[0], operator, kept=False).high


def frameworks(function: Callable[..., Any], arrays: Sequence[Any]) -> tuple[Any, Any]:
    """Return PyTorch's own value and gradient, flat."""
    inputs = tensors(arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = function(*inputs)
        if not value.requires_grad:
            return value.detach().numpy(force=True), np.zeros(sum(x.numel() for x in inputs))
        found = torch.autograd.grad(value, inputs, allow_unused=True)
    flat = [
        np.zeros(x.numel()) if g is None else g.detach().numpy(force=True).ravel()
        for x, g in zip(inputs, found, strict=True)
    ]
    return value.detach().numpy(force=True), np.concatenate(flat)


def compare(function: Callable[..., Any], arrays: Sequence[Any]) -> Any:
    """Check value and certified gradient of a lowered function against PyTorch's; return it."""
    summed, values = scalar(function), named(arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lowered = lower(summed, tensors(arrays), tuple(values))
    value, gradient = frameworks(summed, arrays)
    np.testing.assert_allclose(float(lowered.graph(NUMPY, *values.values())), value, **CLOSE)
    np.testing.assert_allclose(truth(lowered.graph, values), gradient, **CLOSE)
    return lowered
