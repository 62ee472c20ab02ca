"""Every rule of the table for JAX: its value and gradient are JAX's."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from rows_jax import ROWS
from test_lower_jax import by_jax, called, close, evaluated, gradient, lowered, taken_uncalled

from gradiometer.tracing.jax.interpret import Call, Interpreter
from gradiometer.tracing.jax.table import LAZY, RULES
from gradiometer.tracing.taken import Taken

ALIASES = {
    "call", "checkpoint", "conj", "core_call", "layout_constraint", "pvary", "real", "remat_opt",
    "reshard", "sharding_constraint",
}  # fmt: skip
"""Rows that share another's rule, of operations that need several devices or complex numbers."""

FORWARD = {"custom_vmap_call", "while", "scatter-max", "scatter-min"}
"""Operations that JAX differentiates forward alone."""

BY_DIFFERENCES = {"composite", "householder_product", "reduce_window"}
"""Operations that JAX does not differentiate."""

TO_SINGLE = {"convert_element_type"}
"""Where JAX rounds to float32, what is modelled as exact."""


@pytest.fixture(autouse=True)
def doubles() -> Any:
    with jax.enable_x64(True):
        yield


def weighed(function: Any) -> Any:
    """Return a function as a scalar one, in which each component has a weight of its own.

    It is compiled as a whole, which takes JAX less than to compile each operation by itself.
    """

    @jax.jit
    def scalar(*arrays: Any) -> Any:
        y = jax.numpy.ravel(function(*arrays))
        weights = np.sin(1.0 + np.arange(y.size))
        return jax.numpy.dot(y.astype(float), weights) * (1.0 + 0.1 * arrays[0].ravel()[0])

    return scalar


def by_differences(at: Taken) -> np.ndarray[Any, Any]:
    """Return central differences of JAX's values."""
    found = []
    for name in at.inputs:
        for k in range(at.arrays[name].size):
            step = np.zeros(at.arrays[name].size)
            step[k] = 1e-6
            ends = [at.arrays[name] + s * step.reshape(at.arrays[name].shape) for s in (1, -1)]
            high, low = (called(at, **{name: end})[""] for end in ends)
            found.append((high - low) / 2e-6)
    return np.array(found)


@pytest.mark.parametrize("name", sorted((RULES.keys() | LAZY.keys()) - ALIASES))
def test_a_rule_agrees_with_jax(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    function, arrays = ROWS[name]
    met = set()
    apply = Interpreter.apply

    def noting(self: Interpreter, call: Call, values: Any) -> Any:
        met.add(call.name)
        return apply(self, call, values)

    monkeypatch.setattr(Interpreter, "apply", noting)
    at = taken_uncalled(weighed(function), arrays)
    found = lowered(at)
    assert name in met
    digits = 1e-6 if name in TO_SINGLE else 1e-10
    if name in BY_DIFFERENCES:
        assert close(evaluated(found.graph, at)[0], called(at)[""], digits)
        assert close(gradient(found.graph, at), by_differences(at), 1e-7)
    else:
        outputs, wanted = by_jax(at, forward=name in FORWARD)
        assert close(evaluated(found.graph, at)[0], outputs[0], digits)
        assert close(gradient(found.graph, at), wanted, digits)
