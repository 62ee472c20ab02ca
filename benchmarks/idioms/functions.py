"""The three functions, as one writes them in a tool: over its own tanh, sum, sigmoid, logsumexp."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

Array = Any
Call = Callable[[], Any]
Written = Callable[..., Any]
Idiom = Callable[[str, Sequence[Array], Mapping[str, Array]], Call]
"""What is called, of a problem's name, inputs and given values."""


def written(problem: str, tool: Any) -> Written:
    """Return a problem's function as one writes it in a tool."""

    def sigmoid_affine(x: Array, a: Array, b: Array) -> Array:
        return tool.sigmoid(a * x + b)

    def log_sum_exp(x: Array) -> Array:
        return tool.logsumexp(x)

    def mlp(x: Array, *theta: Array, y: Array) -> Array:
        *hidden, last = zip(theta[::2], theta[1::2], strict=True)
        for W, b in hidden:
            x = tool.tanh(x @ W + b)
        r = x @ last[0] + last[1] - y
        return 0.5 * tool.sum(r * r)

    functions: dict[str, Written] = {
        "sigmoid-affine": sigmoid_affine, "log-sum-exp": log_sum_exp, "mlp": mlp,
    }  # fmt: skip
    return functions[problem]


def of_vector(
    problem: str, tool: Any, inputs: Sequence[Array], given: Mapping[str, Array]
) -> tuple[Written, Array]:
    """Return a problem's function of one vector, and that vector."""
    function = written(problem, tool)
    ends = np.cumsum([a.size for a in inputs]).tolist()
    parts = [
        (slice(end - a.size, end) if a.ndim else end - 1, a.shape if a.ndim > 1 else None)
        for a, end in zip(inputs, ends, strict=True)
    ]

    def called(p: Array) -> Array:
        taken = (p[where] if shape is None else p[where].reshape(shape) for where, shape in parts)
        return function(*taken, **given)

    return called, np.concatenate([np.ravel(a) for a in inputs])


def numbers(inputs: Sequence[Array]) -> list[Any]:
    """Return inputs with Python's numbers for those without axes."""
    return [float(a) if a.ndim == 0 else a for a in inputs]


def library(name: str) -> Any:
    """Return a library, of whose types nothing is known."""
    return import_module(name)
