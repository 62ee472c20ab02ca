"""Keras, on each of its backends; a process has one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from idioms.functions import Array, Call, Idiom, library, written


def on_jax(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return jax.jit(jax.grad(f, argnums))(*args), of keras.ops."""
    import jax
    import jax.numpy as jnp

    function, names = written(problem, _ops()), tuple(given)
    which, k = tuple(range(len(inputs))), len(inputs)
    gradient = jax.jit(
        jax.grad(lambda *a: function(*a[:k], **dict(zip(names, a[k:], strict=True))), which)
    )
    arrays = [jnp.asarray(a) for a in (*inputs, *given.values())]
    return lambda: jax.block_until_ready(gradient(*arrays))


def on_torch(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return loss.backward(), of keras.ops on leaves whose .grad is cleared before."""
    import torch

    function, leaves = written(problem, _ops()), [torch.tensor(a).requires_grad_() for a in inputs]
    constants = {name: torch.tensor(a) for name, a in given.items()}

    def call() -> Any:
        for leaf in leaves:
            leaf.grad = None
        function(*leaves, **constants).backward()
        return [leaf.grad for leaf in leaves]

    return call


def on_tensorflow(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return tape.gradient(y, variables) under @tf.function, of keras.ops."""
    tf = library("tensorflow")

    function, variables = written(problem, _ops()), [tf.Variable(a) for a in inputs]
    constants = {name: tf.constant(a) for name, a in given.items()}

    def call() -> Any:
        with tf.GradientTape() as tape:
            y = function(*variables, **constants)
        return tape.gradient(y, variables)

    return tf.function(call)


def _ops() -> Any:
    from keras import ops

    return SimpleNamespace(sigmoid=ops.sigmoid, logsumexp=ops.logsumexp, tanh=ops.tanh, sum=ops.sum)


IDIOMS: dict[str, Idiom] = {
    "keras-jax": on_jax,
    "keras-torch": on_torch,
    "keras-tensorflow": on_tensorflow,
}
