"""Scalar problems as functions of JAX and of PyTorch: their certificates are the problems'."""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from typing import Any

import jax
import numpy as np
import pytest
import torch

from gradiometer.plugins import loader
from gradiometer.reference.lookup import certified
from gradiometer.tracing.frameworks import framework
from gradiometer.vocabulary.point import Argument
from gradiometer.vocabulary.problem import Problem

ENTRIES = {
    name: entry
    for name, entry in loader.load().problems.items()
    if entry.address.built_in and not entry.outputs
}


class Doubles:
    """An array namespace whose π and e are the doubles next to them, as the frameworks' are."""

    pi, e = math.pi, math.e

    def __init__(self, xp: Any) -> None:
        self._xp = xp

    def __getattr__(self, name: str) -> Any:
        return getattr(self._xp, name)


@pytest.mark.parametrize("tool", ["jax", "torch"])
@pytest.mark.parametrize("name", ENTRIES)
def test_a_native_function_has_the_enclosure_of_the_problem(name: str, tool: str) -> None:
    problem = ENTRIES[name].address.load()
    at = problem.points(problem.labels[0]).declared
    own = replace(problem, function=in_doubles(problem))
    method = loader.load().methods[{"jax": "jax", "torch": "pytorch"}[tool]].address.load()
    names = [*at.point.inputs, *at.point.given]
    values = [*at.point.inputs.values(), *at.point.given.values()]
    count = len(at.point.inputs)

    def native(*xs: Any) -> Any:
        given = dict(zip(names[count:], xs[count:], strict=True))
        return problem.function(method.namespace(), *xs[:count], **given)

    folder = framework(tool)
    with jax.enable_x64(True), torch.enable_grad():
        arrays = [folder.native(np.asarray(x)) for x in values]
        lowered = folder.lower(native, arrays, names, names[count:])
    ours = Problem(name, lowered.graph, at.point.inputs, at.point.given)
    one = certified(own, Argument(at.point), "gradient", kept=False)
    other = certified(ours, Argument(at.point), "gradient", kept=False)
    gap = np.abs((one.high - other.high) + (one.low - other.low))
    assert (gap <= one.radius + other.radius).all()


def in_doubles(problem: Problem) -> Any:
    @functools.wraps(problem.function)
    def function(xp: Any, *inputs: Any, **given: Any) -> Any:
        return problem.function(Doubles(xp), *inputs, **given)

    return function
