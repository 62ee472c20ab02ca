"""Functions of PyTorch as people write them, lowered: values, gradients and Hessians."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from lowered_torch import CLOSE
from torch_calls import calls

from gradiometer.reference.lookup import certified
from gradiometer.tracing.derived import derivative, named
from gradiometer.tracing.lazy import lazy_modules_hidden
from gradiometer.tracing.torch import framework as folder
from gradiometer.tracing.torch.kernels import kernels
from gradiometer.tracing.torch.lower import lower
from gradiometer.tracing.torch.storages import numbers
from gradiometer.tracing.torch.taken import taken
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.recorded import NUMPY

CALLS = calls()
SECOND = ("MLP", "CNN in training", "attention", "LSTM", "Gaussian process", "norms", "where")


@pytest.fixture(autouse=True)
def lazy_libraries_stay_unloaded() -> Iterator[None]:
    """Hide lazy modules, as a check does: PyTorch asks all that it sees for their files."""
    with lazy_modules_hidden():
        yield


def prepared(name: str) -> tuple[Any, Any, Problem]:
    """Return what is taken of a call, what is lowered of it, and that as a problem."""
    found = taken(*CALLS[name])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lowered = lower(found.flat, found.arrays, found.names, tuple(found.given))
    inputs = {k: numbers(x) for k, x in found.inputs.items()}
    given = {k: numbers(x) for k, x in found.given.items()}
    return found, lowered, Problem("lowered", lowered.graph, inputs, constants=given)


def flat(arrays: Any) -> Any:
    return np.concatenate([np.ravel(a) for a in arrays])


@pytest.mark.parametrize("name", sorted(CALLS))
def test_value_and_gradient_are_the_frameworks(name: str) -> None:
    found, lowered, problem = prepared(name)
    point = problem.points().checked[0].point
    value = found.flat(*found.arrays)
    inputs = list(found.inputs.values())
    slopes = torch.autograd.grad(value, inputs, allow_unused=True)
    slopes = [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, slopes, strict=True)]
    own = lowered.graph(NUMPY, *point.inputs.values(), **point.given)
    np.testing.assert_allclose(float(own), value.item(), **CLOSE)
    true = certified(problem, problem.points().checked[0], "gradient", kept=False).high
    np.testing.assert_allclose(true, flat(map(numbers, slopes)), **CLOSE)


@pytest.mark.parametrize("name", SECOND)
def test_second_order_is_the_frameworks(name: str) -> None:
    found, _, problem = prepared(name)
    at = problem.points().checked[0]
    tangents = list(at.directions.tangents.values())
    arrays = [t.detach().numpy() for t in found.arrays]
    computed = derivative(
        folder, found.flat, arrays, found.names, tuple(found.given), "hvp", tangents
    )
    along = named(tangents)
    products = computed.graph(NUMPY, *at.point.inputs.values(), **at.point.given, **along)
    true = certified(problem, at, "hvp", kept=False).high
    np.testing.assert_allclose(flat(products), true, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", ["MLP", "CNN in training", "Gaussian process", "losses"])
def test_kernels_carry_out_what_their_graphs_say(name: str) -> None:
    found = taken(*CALLS[name])
    listed = kernels(found.flat, found.arrays)
    assert len(listed) > 10
    for kernel in listed:
        values = kernel.forward(NUMPY, *kernel.at)
        for value, number in zip(values, kernel.found, strict=True):
            np.testing.assert_allclose(value, number, err_msg=kernel.name, rtol=1e-9, atol=1e-12)


def test_a_kernel_of_too_few_digits_is_found() -> None:
    x = torch.tensor([0.3, 1.0], dtype=torch.float64)
    listed = kernels(lambda x: torch.nn.functional.hardsigmoid(x * x).sum(), (x,))
    apart = {
        kernel.name: np.max(np.abs(np.asarray(value) - number))
        for kernel in listed
        for value, number in zip(kernel.forward(NUMPY, *kernel.at), kernel.found, strict=True)
    }
    assert [name for name, far in apart.items() if far > 1e-12] == ["hardsigmoid_backward"]
