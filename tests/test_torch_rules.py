"""Rules written by hand in PyTorch: each is met, and the wrong one is told from the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from lowered_torch import compare, frameworks, named, scalar, tensors, truth
from wrong_rules_torch import RIGHT, WRONG, WrongSign

from gradiometer.reference.lookup import certified
from gradiometer.tracing.derived import answer, derivative
from gradiometer.tracing.lowered import Rule
from gradiometer.tracing.torch import framework as folder
from gradiometer.tracing.torch.lower import lower
from gradiometer.vocabulary.point import Argument, Directions
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.recorded import NUMPY


def wrong(rule: Rule) -> bool:
    """Return whether a rule's pullback differs from the certified one of what it computes."""
    values = dict(zip(rule.forward.names[0], rule.at, strict=True))
    found = rule.forward(NUMPY, *rule.at)
    outputs = found if isinstance(found, tuple) else (found,)
    cotangents = [np.cos(np.arange(np.size(y)) + 0.5).reshape(np.shape(y)) for y in outputs]
    names = tuple(f"y{k}" for k in range(len(outputs)))
    problem = Problem("forward", rule.forward, values, outputs=names)
    at = problem.points().checked[0]
    directions = Directions(cotangents=dict(zip(names, cotangents, strict=True)))
    true = certified(problem, Argument(at.point, directions), "vjp", kept=False).high
    pulled = np.concatenate(
        [np.ravel(x) for x in answer(folder, rule.function, rule.at, "vjp", cotangents)]
    )
    return not np.allclose(pulled, true, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_a_right_rule_is_met_and_agrees(name: str) -> None:
    function, arrays = RIGHT[name]
    lowered = compare(function, arrays)
    assert [(r.kind, r.name) for r in lowered.rules] == [("autograd.Function", name)]
    assert not any(map(wrong, lowered.rules))
    assert all(" at wrong_rules_torch.py, line " in r.place + r.written for r in lowered.rules)


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_rule_is_found_among_others(name: str) -> None:
    function, arrays = WRONG[name]
    summed, values = scalar(function), named(arrays)
    lowered = lower(summed, tensors(arrays), tuple(values))
    assert [r.name for r in lowered.rules if wrong(r)] == [name]
    value, gradient = frameworks(summed, arrays)
    assert np.allclose(float(lowered.graph(NUMPY, *values.values())), value)
    assert not np.allclose(truth(lowered.graph, values), gradient, rtol=1e-10, atol=1e-12)


BOUND = WrongSign.apply


def test_a_rule_that_was_bound_before_is_met_inside_modules() -> None:
    class Layer(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return BOUND(x)

    layers = torch.nn.Sequential(torch.nn.Tanh(), Layer())
    lowered = lower(scalar(layers), tensors(([0.5, 1.5],)), ("x0",))
    assert [rule.name for rule in lowered.rules if wrong(rule)] == ["WrongSign"]


def test_a_rule_is_followed_through_vmap() -> None:
    class Squared(torch.autograd.Function):
        @staticmethod
        def forward(x: Any) -> Any:
            return x * x

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return 2.0 * g * ctx.saved_tensors[0]

        @staticmethod
        def vmap(info: Any, in_dims: Any, x: Any) -> Any:
            return Squared.apply(x), in_dims[0]

    compare(lambda x: torch.func.vmap(Squared.apply)(x), ([0.5, 1.5],))


def test_a_frameworks_derivative_uses_the_rules() -> None:
    function, arrays = WRONG["WrongSign"]
    summed, values = scalar(function), named(arrays)
    found: Any = derivative(folder, summed, list(values.values()), tuple(values), (), "gradient")
    _, gradient = frameworks(summed, arrays)
    np.testing.assert_allclose(np.ravel(found.graph(NUMPY, *values.values())[0]), gradient)


def test_a_rule_that_is_wrong_in_second_order_alone_shows_in_the_hessian() -> None:
    function, arrays = RIGHT["SecondOrderOnly"]
    summed, values = scalar(function), named(arrays)
    graph = lower(summed, tensors(arrays), tuple(values)).graph
    found: Any = derivative(folder, summed, list(values.values()), tuple(values), (), "hessian")
    computed = np.ravel(found.graph(NUMPY, *values.values())[0])
    true = truth(graph, values, "hessian")
    assert not np.allclose(computed, true)
    assert np.allclose(computed, 0.0)
