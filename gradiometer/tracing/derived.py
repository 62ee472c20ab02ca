"""A framework's own derivative of a function, rules and all: its numbers, and its graph.

What a graph of it is worth in real numbers is what the framework's derivative would be without
rounding; it is to be compared with the derivative of the function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradiometer.errors import UnknownName
from gradiometer.tracing.frameworks import Framework
from gradiometer.tracing.lowered import Function, Lowered
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.space import Array


def derivative(
    folder: Framework,
    function: Function,
    arrays: Sequence[Array],
    names: Sequence[str],
    given: Sequence[str],
    operator: str,
    directions: Sequence[Array] = (),
) -> Lowered:
    """Return a derivative as a framework computes it, lowered: its outputs are the answer's arrays.

    Args:
        folder: The framework.
        function: Takes flat arrays of the framework's, and returns one, or a tuple of them.
        arrays: Their values: inputs, then those that are held constant.
        names: Their names, in the same order.
        given: Which of them are held constant.
        operator: One of Gradiometer's operators.
        directions: Of a pushforward or an `hvp` a tangent for each input, of a pullback a cotangent
            for each output; they become given values, as `named` tells.

    Raises:
        UnknownName: If there is no such operator.
        GradiometerError: If the derivative has an operation without a rule.
    """
    extra = named(directions)
    whole = [folder.native(np.asarray(x)) for x in (*arrays, *extra.values())]
    derived = _derived(folder, function, operator, len(names) - len(given), len(names))
    return folder.values_only(derived, whole, [*names, *extra], [*given, *extra])


def named(directions: Sequence[Array]) -> dict[str, Array]:
    """Return directions by the names that they have as given values of a derivative."""
    return {f"direction{k}": np.asarray(v) for k, v in enumerate(directions)}


def answer(
    folder: Framework,
    function: Function,
    arrays: Sequence[Array],
    operator: str,
    directions: Sequence[Array] = (),
) -> tuple[Array, ...]:
    """Return the numbers of a derivative in all arrays, as a framework computes it.

    Args:
        folder: The framework.
        function: As of `derivative`.
        arrays: The values of its inputs.
        operator: One of Gradiometer's operators.
        directions: As of `derivative`.

    Raises:
        UnknownName: If there is no such operator.
    """
    derived = _derived(folder, function, operator, len(arrays), len(arrays))
    return folder.call(derived, [*arrays, *directions])


def _derived(
    folder: Framework, function: Function, operator: str, inputs: int, ends: int
) -> Function:
    """Return a derivative as a function of inputs, given values and directions."""
    if operator not in OPERATORS:
        raise UnknownName("operator", operator, OPERATORS)

    def derived(*xs: Any) -> tuple[Any, ...]:
        held = xs[inputs:ends]
        return tuple(
            folder.differentiate(lambda *ys: function(*ys, *held), operator, xs[:inputs], xs[ends:])
        )

    return derived
