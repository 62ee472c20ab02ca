"""Bare loops around idiomatic code: what `timeit` would time, for the suite to be held against.

Each entry takes a problem and its point, and returns `loop(n)`, the seconds that n calls take.
"""

from __future__ import annotations

import timeit
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import torch

from gradiometer import Point, Problem

jax.config.update("jax_enable_x64", True)
torch.set_num_threads(1)

Loop = Callable[[int], float]


def _timeit(statement: str, **names: Any) -> Loop:
    return timeit.Timer(statement, globals=names).timeit


def by_hand(problem: Problem, point: Point) -> Loop:
    """Return the hand-coded backward pass itself, on Python floats and NumPy arrays."""
    inputs = [float(a) if a.ndim == 0 else a for a in point.inputs.values()]
    names = [f"a{i}" for i in range(len(inputs))]
    passed = ", ".join([*names, *(f"{name}={name}" for name in point.given)])
    bound = dict(zip(names, inputs, strict=True)) | point.given
    return _timeit(f"backward({passed})", backward=problem.backward, **bound)


def sigmoid_torch(problem: Problem, point: Point) -> Loop:
    """Return the neuron in PyTorch."""
    x, a, b = (torch.tensor(float(v), dtype=torch.float64) for v in point.inputs.values())
    for leaf in (x, a, b):
        leaf.requires_grad_()
    statement = "torch.autograd.grad(torch.sigmoid(a * x + b), (x, a, b))"
    return _timeit(statement, torch=torch, x=x, a=a, b=b)


def sigmoid_jax(problem: Problem, point: Point) -> Loop:
    """Return the neuron in JAX, compiled."""

    def f(x: Any, a: Any, b: Any) -> Any:
        return jax.nn.sigmoid(a * x + b)

    gradient = jax.jit(jax.grad(f, argnums=(0, 1, 2)))
    x, a, b = (jnp.asarray(v) for v in point.inputs.values())
    ready = jax.block_until_ready
    ready(gradient(x, a, b))
    return _timeit("ready(gradient(x, a, b))", ready=ready, gradient=gradient, x=x, a=a, b=b)


def mlp_torch(problem: Problem, point: Point) -> Loop:
    """Return the network in PyTorch."""
    leaves = [torch.from_numpy(a.copy()).requires_grad_() for a in point.inputs.values()]
    y = torch.from_numpy(point.given["y"].copy())

    def step() -> tuple[Any, ...]:
        x, W1, b1, W2, b2, W3, b3 = leaves
        h = torch.tanh(torch.tanh(x @ W1 + b1) @ W2 + b2)
        r = h @ W3 + b3 - y
        return torch.autograd.grad(0.5 * torch.sum(r * r), leaves)

    return _timeit("step()", step=step)


def mlp_jax(problem: Problem, point: Point) -> Loop:
    """Return the network in JAX, compiled."""

    def loss(inputs: Any, y: Any) -> Any:
        x, W1, b1, W2, b2, W3, b3 = inputs
        h = jnp.tanh(jnp.tanh(x @ W1 + b1) @ W2 + b2)
        r = h @ W3 + b3 - y
        return 0.5 * jnp.sum(r * r)

    gradient = jax.jit(jax.grad(loss))
    inputs = tuple(jnp.asarray(a) for a in point.inputs.values())
    y, ready = jnp.asarray(point.given["y"]), jax.block_until_ready
    ready(gradient(inputs, y))
    return _timeit("ready(gradient(inputs, y))", ready=ready, gradient=gradient, inputs=inputs, y=y)


SIZE = "10-50-50-1x32"
CELLS: dict[tuple[str, str, str], Callable[[Problem, Point], Loop]] = {
    ("sigmoid-affine", "", "backprop"): by_hand,
    ("sigmoid-affine", "", "pytorch"): sigmoid_torch,
    ("sigmoid-affine", "", "jax-jit"): sigmoid_jax,
    ("mlp", SIZE, "backprop"): by_hand,
    ("mlp", SIZE, "pytorch"): mlp_torch,
    ("mlp", SIZE, "jax-jit"): mlp_jax,
}
