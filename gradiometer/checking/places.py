"""Where a derivative is checked, and what is proven of the true one there.

At the declared point, at neighbours that reach other branches, and where the caller says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from gradiometer.errors import GradiometerError, Kink, ReferenceFailure
from gradiometer.reference.branches import neighbour
from gradiometer.reference.kinks import hull
from gradiometer.reference.lookup import certified, outline
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.hull import Hull
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.point import Argument, Point, Points
from gradiometer.vocabulary.problem import Problem

_certified = partial(certified, kept=False)


@dataclass(frozen=True)
class Place:
    """A point, and what is proven there.

    Attributes:
        at: The point, with the directions there.
        truth: The enclosure of the true answer; at a kink the hull of what it is on the branches.
        refusal: Why nothing is proven, where nothing is.
    """

    at: Argument
    truth: Enclosure | Hull | None
    refusal: str = ""


def places(
    problem: Problem,
    asked: Operator,
    size: str = "",
    seed: int = 0,
    dtype: str = "float64",
    also_at: Sequence[Mapping[str, Any]] = (),
) -> tuple[Points, list[Place], str]:
    """Return the points of a problem, what is proven at each, and a remark on them.

    Args:
        problem: The problem.
        asked: Of which operator.
        size: Label of its size.
        seed: What points are drawn with.
        dtype: What their numbers are.
        also_at: Inputs of further points, by name.

    Raises:
        GradiometerError: If the points cannot be drawn, the problem cannot be evaluated at its
            declared one, or the answer is too large.
    """
    operator = asked.name
    shapes = partial(outline, problem)
    points = problem.points(size, seed, dtype, outline=shapes)
    components = asked.layout(points.signature).size
    if components > asked.most:
        raise GradiometerError(
            f"the {operator} of {problem.name!r} has {components:,} components: none is certified "
            f"beyond {asked.most:,}. Choose a smaller size, or jvp, vjp, hvp."
        )
    found, remark = [_place(problem, points.declared, operator)], ""
    named = [_named(problem, points, each, size, seed, dtype) for each in also_at]
    try:
        drawn = size, seed, dtype, operator, _certified
        while (new := neighbour(problem, points, *drawn)) is not None:
            points = replace(points, checked=(*points.checked, new[0]))
            found.append(Place(*new))
    except GradiometerError as error:
        remark = f"checked at fewer points than wanted: {error}"
    found += [_place(problem, each, operator) for each in named]
    return replace(points, checked=tuple(each.at for each in found)), found, remark


def _place(problem: Problem, at: Argument, operator: str) -> Place:
    try:
        return Place(at, _certified(problem, at, operator))
    except Kink:
        try:
            return Place(at, hull(problem, at, operator))
        except ReferenceFailure as error:
            return Place(at, None, f"the point lies on a kink, and {error}")
    except ReferenceFailure as error:
        return Place(at, None, str(error))


def _named(
    problem: Problem, points: Points, inputs: Mapping[str, Any], size: str, seed: int, dtype: str
) -> Argument:
    """Return a point that the caller names, with the declared one's given values.

    Raises:
        GradiometerError: If the inputs have other names or shapes than the declared point's.
    """
    there = replace(problem, at=inputs).point(size, seed, dtype)
    for name, shape in points.signature.inputs.shapes.items():
        if there.inputs[name].shape != shape:
            raise GradiometerError(
                f"{name} has shape {there.inputs[name].shape} at the point that is named, "
                f"{shape} at the declared one. Give it the declared shape."
            )
    at = Point(there.inputs, points.declared.point.given)
    return Argument(at, points.declared.directions)
