"""Checks every activation and loss of PyTorch and JAX, at both orders, in both dtypes.

    python benchmarks/scan.py                  # all; prints what is not right, and how many are
    python benchmarks/scan.py torch --order 1  # one framework, first derivatives
    python benchmarks/scan.py jax --far        # in the tails, where functions saturate

What it finds goes into docs/found.md, with the lines that show it.
"""

from __future__ import annotations

import argparse
import inspect
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import jax
import numpy as np
import torch
from tabulate import tabulate

import gradiometer
from gradiometer.errors import GradiometerError

X = np.array([0.3, -1.7, 2.4, 0.8, -0.2, 1.1])
FAR = np.array([10.0, -10.0, 17.0, -15.0, 25.0, -25.0])
TARGET = np.array([0.6, 0.2, 0.9, 0.4, 0.7, 0.1])
ACTIVATIONS = [
    "celu", "elu", "gelu", "hardshrink", "hardsigmoid", "hardswish",
    "hardtanh", "leaky_relu", "logsigmoid", "mish", "relu", "relu6",
    "selu", "sigmoid", "silu", "softmax", "log_softmax", "softmin",
    "softplus", "softshrink", "softsign", "tanh", "tanhshrink", "threshold",
    "glu", "normalize",
]  # fmt: skip
LOSSES = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "huber_loss",
    "kl_div", "l1_loss", "mse_loss", "poisson_nll_loss", "smooth_l1_loss",
    "soft_margin_loss", "cosine_similarity", "pairwise_distance",
]  # fmt: skip
OPTIONS: dict[str, dict[str, Any]] = {
    "softmax": {"dim": 0}, "log_softmax": {"dim": 0}, "softmin": {"dim": 0},
    "threshold": {"threshold": 0.1, "value": 20.0}, "cosine_similarity": {"dim": 0},
    "normalize": {"dim": 0},
}  # fmt: skip
WEIGHTS = np.array([1.0, -0.5, 0.25, 2.0, 1.5, -1.0])
"""What outputs are summed with, so that no row of a Jacobian hides another."""

LOSSES_OF_JAX: dict[str, Callable[[Any, Any], Any]] = {
    "cross entropy": lambda x, t: -jax.nn.softmax(t) * jax.nn.log_softmax(x),
    "binary cross entropy": lambda x, t: t * jax.nn.softplus(-x) + (1 - t) * jax.nn.softplus(x),
    "log-sigmoid": lambda x, t: -t * jax.nn.log_sigmoid(x) - (1 - t) * jax.nn.log_sigmoid(-x),
    "mean squared": lambda x, t: jax.numpy.mean((x - t) ** 2, keepdims=True),
    "Huber": lambda x, t: jax.numpy.where(abs(x - t) < 1, (x - t) ** 2 / 2, abs(x - t) - 0.5),
    "log-cosh": lambda x, t: jax.numpy.logaddexp(x - t, t - x),
    "hinge": lambda x, t: jax.nn.relu(1 - t * x),
    "Poisson": lambda x, t: jax.numpy.exp(x) - t * x,
    "cosine": lambda x, t: jax.numpy.sum(x * t, keepdims=True) / jax.numpy.linalg.norm(x),
    "kl_div": lambda x, t: jax.scipy.special.kl_div(t, x),
    "rel_entr": lambda x, t: jax.scipy.special.rel_entr(x, t),
    "entr": lambda x, t: jax.scipy.special.entr(x) * t,
    "xlogy": lambda x, t: jax.scipy.special.xlogy(x, t + x),
    "xlog1py": lambda x, t: jax.scipy.special.xlog1py(x, t + x),
    "log_ndtr": lambda x, t: jax.scipy.special.log_ndtr(-x) * t,
}
"""Losses as users write them, and what SciPy's names have for them; at positive x."""

Function = Callable[[Any], Any]


def of_torch(dtype: str, at: Any) -> Iterator[tuple[str, Function, Any]]:
    """Yield functions of `torch.nn.functional`, and where to differentiate them."""
    kind = getattr(torch, dtype)
    x, target, weights = (torch.tensor(a, dtype=kind) for a in (at, TARGET, WEIGHTS))
    for name in ACTIVATIONS:
        function, options = getattr(torch.nn.functional, name), OPTIONS.get(name, {})
        yield name, _activation(function, options, weights), x
    for name in LOSSES:
        function, options = getattr(torch.nn.functional, name), OPTIONS.get(name, {})
        bounded = name in ("binary_cross_entropy", "kl_div")
        yield name, _loss(function, options, target), target.flip(0) if bounded else x


def of_jax(dtype: str, at: Any) -> Iterator[tuple[str, Function, Any]]:
    """Yield functions of `jax.nn`, losses made of them, and where to differentiate them."""
    with jax.enable_x64(dtype == "float64"):
        x, target, weights = (jax.numpy.asarray(a, dtype) for a in (at, TARGET, WEIGHTS))
    for name, function in vars(jax.nn).items():
        takes = list(inspect.signature(function).parameters) if callable(function) else []
        if takes[:1] in (["x"], ["a"]) and name not in ("one_hot", "initializers"):
            yield name, _activation(function, {}, weights), abs(x) if name == "log1mexp" else x
    for name, loss in LOSSES_OF_JAX.items():
        yield name, _loss(loss, {}, target), abs(x)


def _activation(function: Any, options: dict[str, Any], weights: Any) -> Function:
    return lambda x: _weighed(function(x, **options), weights)


def _loss(function: Any, options: dict[str, Any], target: Any) -> Function:
    return lambda x: function(x, target, **options).sum()


def _weighed(y: Any, weights: Any) -> Any:
    return (y * weights[: y.shape[0]]).sum() if y.shape else y


def verdict(function: Function, at: Any, operator: str) -> tuple[str, str]:
    """Return what a check says, and what it blames."""
    try:
        done = gradiometer.check(function, at, operator=operator)
    except GradiometerError as error:
        return "refused", str(error)
    told = "; ".join(map(str, done.causes)) or repr(done).splitlines()[0]
    return str(done.verdict), told if done.verdict != "right" else ""


def main() -> None:
    """Scan, and print what is not right."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("framework", nargs="?", choices=("torch", "jax"))
    parser.add_argument("--order", type=int, choices=(1, 2))
    parser.add_argument("--far", action="store_true", help="where functions saturate")
    asked = parser.parse_args()
    counts: Counter[str] = Counter()
    rows = []
    for name, functions in {"torch": of_torch, "jax": of_jax}.items():
        for dtype in ("float64", "float32") if asked.framework in (None, name) else ():
            for function, call, at in functions(dtype, FAR if asked.far else X):
                for order, operator in ((1, "gradient"), (2, "hvp")):
                    if asked.order in (None, order):
                        found, told = verdict(call, at, operator)
                        counts[found] += 1
                        if found != "right":
                            rows.append([name, function, dtype, operator, found, told[:160]])
    print(tabulate(rows, ["", "function", "dtype", "operator", "verdict", "why"]))
    print(", ".join(f"{count} {found}" for found, count in counts.most_common()))


if __name__ == "__main__":
    main()
