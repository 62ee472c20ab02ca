"""NumPy, and what wraps it: by hand, differences, tapes."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from idioms.functions import Array, Call, Idiom, Written, numbers, of_vector, written


def by_hand(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return the derivative by hand, in NumPy and math."""
    return functools.partial(_derivative(problem), *numbers(inputs), **given)


def numba(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return numba.njit of the derivative by hand."""
    import numba

    return functools.partial(numba.njit(_derivative(problem)), *numbers(inputs), **given)


def _derivative(problem: str) -> Written:
    def sigmoid_affine(x: float, a: float, b: float) -> Any:
        y = 1.0 / (1.0 + math.exp(-(a * x + b)))
        d = y * (1.0 - y)
        return d * a, d * x, d

    def log_sum_exp(x: Array) -> Any:
        e = np.exp(x - x.max())
        return (e / e.sum(),)

    def mlp(x: Array, *theta: Array, y: Array) -> Any:
        layers = list(zip(theta[::2], theta[1::2], strict=True))
        hs = [x]
        for W, b in layers[:-1]:
            hs.append(np.tanh(hs[-1] @ W + b))
        d = hs[-1] @ layers[-1][0] + layers[-1][1] - y
        found: list[Array] = []
        for (W, _), h in zip(layers[:0:-1], hs[:0:-1], strict=True):
            found = [h.T @ d, d.sum(axis=0), *found]
            d = (d @ W.T) * (1.0 - h * h)
        return d @ layers[0][0].T, x.T @ d, d.sum(axis=0), *found

    functions: dict[str, Written] = {
        "sigmoid-affine": sigmoid_affine, "log-sum-exp": log_sum_exp, "mlp": mlp,
    }  # fmt: skip
    return functions[problem]


def forward_difference(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return (f(x + h·e) − f(x)) / h, in a loop over the components of a vector."""
    f, x = of_vector(problem, _numpy(), inputs, given)
    root = math.sqrt(np.finfo(x.dtype).eps)

    def call() -> Any:
        base, found = f(x), np.empty(len(x))
        for i in range(len(x)):
            moved = x.copy()
            moved[i] += root * max(1.0, abs(x[i]))
            found[i] = (f(moved) - base) / (moved[i] - x[i])
        return found

    return call


def central_difference(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return (f(x + h·e) − f(x − h·e)) / 2h, in a loop over the components of a vector."""
    f, x = of_vector(problem, _numpy(), inputs, given)
    root = np.cbrt(np.finfo(x.dtype).eps)

    def call() -> Any:
        found = np.empty(len(x))
        for i in range(len(x)):
            above, below = x.copy(), x.copy()
            h = root * max(1.0, abs(x[i]))
            above[i] += h
            below[i] -= h
            found[i] = (f(above) - f(below)) / (above[i] - below[i])
        return found

    return call


def complex_step(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return Im f(x + i·h·e) / h, in a loop over the components of a vector."""
    f, x = of_vector(problem, _numpy(), inputs, given)

    def call() -> Any:
        found, moved = np.empty(len(x)), x.astype(complex)
        for i in range(len(x)):
            moved[i] = complex(x[i], 1e-200)
            found[i] = f(moved).imag / 1e-200
            moved[i] = x[i]
        return found

    return call


def _numpy() -> Any:
    from scipy.special import logsumexp

    return SimpleNamespace(
        sigmoid=lambda z: 1.0 / (1.0 + np.exp(-z)), logsumexp=logsumexp, tanh=np.tanh, sum=np.sum
    )


def autograd(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return grad(f, argnums)(*args), of autograd.numpy's functions."""
    import autograd

    gradient = autograd.grad(written(problem, _autograd()), tuple(range(len(inputs))))
    return functools.partial(gradient, *numbers(inputs), **given)


def autograd_forward(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return make_jvp(f, i)(*args)(e) for each component: forward mode has no other gradient."""
    import autograd

    push = [autograd.make_jvp(written(problem, _autograd()), i) for i in range(len(inputs))]
    own = numbers(inputs)
    units = [[1.0] if a.ndim == 0 else list(np.eye(a.size).reshape(-1, *a.shape)) for a in inputs]

    def call() -> Any:
        return [
            [pushed(e)[1] for e in along]
            for along, pushed in zip(units, (p(*own, **given) for p in push), strict=True)
        ]

    return call


def _autograd() -> Any:
    import autograd.numpy as anp
    from autograd.scipy.special import logsumexp

    return SimpleNamespace(
        sigmoid=lambda z: 1.0 / (1.0 + anp.exp(-z)), logsumexp=logsumexp, tanh=anp.tanh, sum=anp.sum
    )


def mygrad(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return f(*tensors).backward(), of tensors that are made once."""
    import mygrad as mg
    from mygrad.nnet.activations import sigmoid

    def logsumexp(x: Array) -> Array:
        most = x.data.max()
        return mg.log(mg.sum(mg.exp(x - most))) + most

    tool = SimpleNamespace(sigmoid=sigmoid, logsumexp=logsumexp, tanh=mg.tanh, sum=mg.sum)
    function, tensors = written(problem, tool), [mg.tensor(a) for a in inputs]  # type: ignore[attr-defined]

    def call() -> Any:
        function(*tensors, **given).backward()
        return [t.grad for t in tensors]

    return call


IDIOMS: dict[str, Idiom] = {
    "backprop": by_hand,
    "numba-backprop": numba,
    "forward-difference": forward_difference,
    "central-difference": central_difference,
    "complex-step": complex_step,
    "autograd": autograd,
    "autograd-forward": autograd_forward,
    "mygrad": mygrad,
}
