"""TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from idioms.functions import Array, Call, Idiom, library, written


def tensorflow(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return tape.gradient(y, variables), of tf.Variable, recorded eagerly."""
    tf = library("tensorflow")

    function, variables = written(problem, _tensorflow()), [tf.Variable(a) for a in inputs]
    constants = {name: tf.constant(a) for name, a in given.items()}

    def call() -> Any:
        with tf.GradientTape() as tape:
            y = function(*variables, **constants)
        return tape.gradient(y, variables)

    return call


def tensorflow_function(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return the same under @tf.function."""
    tf = library("tensorflow")

    return tf.function(tensorflow(problem, inputs, given))


def tensorflow_xla(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return the same under @tf.function(jit_compile=True)."""
    tf = library("tensorflow")

    call = tensorflow(problem, inputs, given)
    return tf.function(call, jit_compile=True)


def tensorflow_forward(problem: str, inputs: Sequence[Array], given: Mapping[str, Array]) -> Call:
    """Return accumulator.jvp(y) for each component: forward mode has no other gradient."""
    tf = library("tensorflow")

    function, primals = written(problem, _tensorflow()), [tf.constant(a) for a in inputs]
    constants = {name: tf.constant(a) for name, a in given.items()}
    ends = np.cumsum([a.size for a in inputs])[:-1]
    units = [
        [tf.constant(e.reshape(a.shape)) for e, a in zip(np.split(row, ends), inputs, strict=True)]
        for row in np.eye(sum(a.size for a in inputs))
    ]

    def call() -> Any:
        found = []
        for tangents in units:
            with tf.autodiff.ForwardAccumulator(primals, tangents) as accumulator:
                y = function(*primals, **constants)
            found.append(accumulator.jvp(y))
        return found

    return call


def _tensorflow() -> Any:
    tf = library("tensorflow")

    return SimpleNamespace(
        sigmoid=tf.sigmoid, logsumexp=tf.reduce_logsumexp, tanh=tf.tanh, sum=tf.reduce_sum
    )


IDIOMS: dict[str, Idiom] = {
    "tensorflow": tensorflow,
    "tensorflow-function": tensorflow_function,
    "tensorflow-xla": tensorflow_xla,
    "tensorflow-forward": tensorflow_forward,
}
