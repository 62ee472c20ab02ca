"""Straight lines: a function as operations in order, and what none can be made of."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from gradiometer import Problem
from gradiometer.errors import Unsupported
from gradiometer.vocabulary.method import Primal
from gradiometer.vocabulary.namespace import Namespace
from gradiometer.vocabulary.point import Signature
from gradiometer.vocabulary.space import Space
from gradiometer.vocabulary.straight_line import straight_line


def primal(function: Any, **at: Any) -> Primal:
    problem = Problem("mine", function, {name: np.asarray(a) for name, a in at.items()})
    point = problem.point()
    inputs = Space({name: a.shape for name, a in point.inputs.items()})
    return Primal(problem, Namespace(np), point, Signature(inputs, Space({"value": ()})))


def test_a_loop_over_a_shape_is_unrolled() -> None:
    def product(xp: Any, x: Any) -> Any:
        found = x[0]
        for k in range(1, x.shape[0]):
            found = found * x[k]
        return found

    steps, _ = straight_line(primal(product, x=[1.5, 2.0, 3.0]))
    assert [step.function for step in steps].count(operator.mul) == 2


def test_what_the_tool_has_is_kept_and_the_rest_composed() -> None:
    def softplus(xp: Any, x: Any) -> Any:
        return xp.softplus(x)

    f = primal(softplus, x=0.5)
    assert [step.function for step in straight_line(f, ("softplus",))[0]] == ["softplus"]
    assert "log1p" in [step.function for step in straight_line(f)[0]]


def test_what_branches_on_a_value_is_refused() -> None:
    def kinked(xp: Any, x: Any) -> Any:
        return x if x > 0.0 else -x

    with pytest.raises(Unsupported, match="branches on a value"):
        straight_line(primal(kinked, x=0.5))
