"""Evaluates recorded branches where a tool cannot tell which is taken: while it traces.

Where branches part, all are computed, and the decision chooses between their results: by the tool's
own `cond`, which computes one alone, else by `where`. Where a decision comes out as in no branch
that was recorded, the result is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from gradiometer.errors import GradiometerError
from gradiometer.vocabulary.graph import (
    Branches,
    Graph,
    Guard,
    UnknownBranch,
    shape_of,
    substitute,
)
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.recorded import NUMPY


def evaluate(branches: Branches, xp: Any, inputs: Sequence[Any], given: Mapping[str, Any]) -> Any:
    """Return the outputs: one array, or a tuple of several.

    Raises:
        UnknownBranch: If no branch has the shapes that are met.
    """
    values = [*inputs, *(given[name] for name in branches.names[1])]
    with np.errstate(all="ignore"):  # branches are computed that are not taken
        *found, known = _Merging(xp).outputs(branches.graphs, 0, values)
    found = [each * known for each in found]
    return tuple(found) if isinstance(branches.graphs[0].result, tuple) else found[0]


def unknown(branches: Branches, point: Point) -> str:
    """Return which decision comes out at a point as in no branch that was recorded, if one does."""
    inputs = [np.asarray(x) for x in point.inputs.values()]
    try:
        with np.errstate(all="ignore"):
            branches.evaluate(NUMPY, inputs, point.given)
    except UnknownBranch as error:
        return str(error)
    return ""


class _Merging:
    """Evaluates graphs that are one and the same up to some step.

    Beside the outputs it returns a factor: 1, or NaN where no graph is known.
    """

    def __init__(self, xp: Any) -> None:
        self.xp = xp
        self._one, self._nan = xp.asarray(1.0), xp.asarray(math.nan)
        try:
            self._cond: Any = xp.cond
        except (AttributeError, GradiometerError):
            self._cond = None

    def outputs(self, graphs: Sequence[Graph], at: int, values: list[Any]) -> tuple[Any, ...]:
        """Return the outputs, and the factor, from a step on."""
        known = self._one
        while at < len(graphs[0].steps):
            step = graphs[0].steps[at]
            if not isinstance(step, Guard):
                values.append(step.evaluate(self.xp, values))
            elif step.test is shape_of:
                graphs = _of_shape(graphs, at, step.value.find(self.xp, values))
            else:
                same = [g for g in graphs if _guard(g, at).outcome == step.outcome]
                others = [g for g in graphs if g not in same]
                decision = self._decision(step, values)
                if others:
                    *found, factor = self._chosen(
                        decision,
                        lambda same=same, at=at: self.outputs(same, at + 1, list(values)),
                        lambda others=others, at=at: self._rest(others, at, list(values)),
                    )
                    return *found, factor * known
                known = self._where(decision, known, self._nan)
            at += 1
        result = graphs[0].result
        results = result if isinstance(result, tuple) else (result,)
        return *substitute(results, lambda each: self._found(each, values)), known

    def _rest(self, graphs: Sequence[Graph], at: int, values: list[Any]) -> tuple[Any, ...]:
        """Return the outputs of graphs in which a guard came out otherwise."""
        if _guard(graphs[0], at).test is bool:  # there is but one other way
            return self.outputs(graphs, at + 1, values)
        return self.outputs(graphs, at, values)

    def _found(self, each: Any, values: list[Any]) -> Any:
        return each.find(self.xp, values) if hasattr(each, "find") else each

    def _decision(self, guard: Guard, values: list[Any]) -> tuple[Any, bool]:
        """Return a condition of the tool's, and whether the guard holds where it is true."""
        value = guard.value.find(self.xp, values)
        kind = str(getattr(value, "dtype", "object"))  # formulas are objects
        if guard.test is bool and ("bool" in kind or kind == "object"):
            return value, bool(guard.outcome)
        return value == guard.outcome, True

    def _where(self, decision: tuple[Any, bool], a: Any, b: Any) -> Any:
        condition, holds = decision
        return self.xp.where(condition, a, b) if holds else self.xp.where(condition, b, a)

    def _chosen(self, decision: tuple[Any, bool], one: Any, other: Any) -> tuple[Any, ...]:
        condition, holds = decision
        if self._cond is not None:
            return tuple(self._cond(condition, *((one, other) if holds else (other, one))))
        return tuple(self._where(decision, a, b) for a, b in zip(one(), other(), strict=True))


def _guard(graph: Graph, at: int) -> Guard:
    return cast("Guard", graph.steps[at])


def _of_shape(graphs: Sequence[Graph], at: int, value: Any) -> list[Graph]:
    """Return the graphs that hold for a value's shape."""
    shape = tuple(map(int, shape_of(value)))
    found = [g for g in graphs if _guard(g, at).outcome == shape]
    if not found:
        raise UnknownBranch(f"no branch of shape {shape} was recorded{_guard(graphs[0], at).place}")
    return found
