"""Tools that read the source of a function: Tangent and Warp."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from idioms.functions import Array, Call, Idiom, library, numbers


def by_tangent(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return tangent.grad(f, wrt)(*args)."""
    tangent = library("tangent")

    functions: dict[str, Any] = {
        "sigmoid-affine": _sigmoid_affine, "log-sum-exp": _log_sum_exp, "mlp": _mlp,
    }  # fmt: skip
    gradient = tangent.grad(functions[problem], wrt=tuple(range(len(inputs))))
    return functools.partial(gradient, *numbers(inputs), *given.values())


def _sigmoid_affine(x, a, b):  # type: ignore[no-untyped-def]
    return 1.0 / (1.0 + np.exp(-(a * x + b)))


def _log_sum_exp(x):  # type: ignore[no-untyped-def]
    return np.log(np.sum(np.exp(x)))


def _mlp(x, W1, b1, W2, b2, W3, b3, y):  # type: ignore[no-untyped-def]
    h1 = np.tanh(np.dot(x, W1) + b1)
    h2 = np.tanh(np.dot(h1, W2) + b2)
    r = np.dot(h2, W3) + b3 - y
    return 0.5 * np.sum(r * r)


def by_warp(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return x.grad, after tape.backward of a kernel's launch."""
    wp = library("warp")

    if problem != "sigmoid-affine":
        raise NotImplementedError("a kernel would be written for it, of many threads")

    def sigmoid_affine(x, y):  # type: ignore[no-untyped-def]
        one = wp.float64(1.0)
        y[0] = one / (one + wp.exp(-(x[1] * x[0] + x[2])))

    sigmoid_affine.__annotations__ = dict.fromkeys("xy", wp.array(dtype=wp.float64))
    kernel = wp.kernel(sigmoid_affine)
    x = wp.array(np.array(numbers(inputs)), dtype=wp.float64, device="cpu", requires_grad=True)
    y = wp.zeros(1, dtype=wp.float64, device="cpu", requires_grad=True)

    def call() -> Any:
        with wp.Tape() as tape:
            wp.launch(kernel, dim=1, inputs=[x], outputs=[y], device="cpu")
        tape.backward(y)
        found = x.grad.numpy().copy()
        tape.zero()
        return found

    return call


IDIOMS: dict[str, Idiom] = {
    "tangent": by_tangent,
    "warp": by_warp,
}
