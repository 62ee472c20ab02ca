"""Evaluates recorded branches where a tool cannot tell which is taken: while it traces.

Where branches part, all are computed, and the decision chooses between their results: by the tool's
own `cond`, which computes one alone, else by `where`. Where a decision comes out as in no branch
that was recorded, the result is NaN.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gradiometer.errors import GradiometerError
from gradiometer.vocabulary.graph import (
    Branches,
    Graph,
    Guard,
    UnknownBranch,
    shape_of,
    substitute,
    Value,
    Named,
    Constant,
)


def evaluate(branches: Branches, xp: Any, inputs: Sequence[Any], given: Any) -> Any:
    """Return the outputs: one array, or a tuple of several.

    Raises:
        UnknownBranch: If no branch has the shapes that are met.
    """
    values = [*inputs, *(given[name] for name in branches.names[1])]
    found = _outputs(branches.graphs, 0, values, xp)
    return found[0] if not isinstance(branches.graphs[0].result, tuple) else found


def _outputs(graphs: Sequence[Graph], at: int, values: list[Any], xp: Any) -> tuple[Any, ...]:
    """Return the outputs of graphs that are one and the same up to a step."""
    known: list[Any] = []
    while at < len(graphs[0].steps):
        step = graphs[0].steps[at]
        if not isinstance(step, Guard):
            values.append(step.evaluate(xp, values))
            at += 1
            continue
        value = step.value.find(xp, values)
        if step.test is shape_of:
            shape = tuple(map(int, shape_of(value)))
            graphs = [g for g in graphs if g.steps[at].outcome == shape]  # type: ignore[union-attr]
            if not graphs:
                raise UnknownBranch(f"no branch of shape {shape} was recorded{step.place}.")
            at += 1
            continue
        same = [g for g in graphs if g.steps[at].outcome == step.outcome]  # type: ignore[union-attr]
        others = [g for g in graphs if g not in same]
        decision = _decision(step, value, xp)
        if others:
            one, other = (
                lambda: _outputs(same, at + 1, list(values), xp),
                lambda: _outputs(others, at, list(values), xp),
            )
            results = _chosen(xp, *decision, one, other)
            return _poisoned(xp, known, results)
        known.append(decision)
        at += 1
    result = graphs[0].result
    results = result if isinstance(result, tuple) else (result,)

    def leaf(each: Any) -> Any:
        return each.find(xp, values) if isinstance(each, Value | Named | Constant) else each

    return _poisoned(xp, known, tuple(substitute(each, leaf) for each in results))


def _decision(guard: Guard, value: Any, xp: Any) -> tuple[Any, bool]:
    """Return a condition of the tool's, and whether the guard holds where it is true."""
    if guard.test is bool and "bool" in str(getattr(value, "dtype", "bool")):
        return value, bool(guard.outcome)
    return value == guard.outcome, True


def _chosen(xp: Any, condition: Any, holds: bool, one: Any, other: Any) -> tuple[Any, ...]:
    first, second = (one, other) if holds else (other, one)
    try:
        cond = xp.cond
    except (AttributeError, GradiometerError):
        pairs = zip(first(), second(), strict=True)
        return tuple(xp.where(condition, a, b) for a, b in pairs)
    return tuple(cond(condition, first, second))


def _poisoned(xp: Any, known: list[Any], results: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return results, NaN where a decision came out otherwise than in what was recorded."""
    for condition, holds in known:
        one, nan = (xp.asarray(x) for x in (1.0, math.nan))
        factor = xp.where(condition, one, nan) if holds else xp.where(condition, nan, one)
        results = tuple(each * factor for each in results)
    return results
