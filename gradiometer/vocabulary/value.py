"""A function's value, computed with NumPy at arguments that a caller gives.

The arguments must be those of a declared point: as many, of the same shapes, of real numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gradiometer.errors import GradiometerError, UnknownName, listing
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.recorded import NUMPY
from gradiometer.vocabulary.space import Array, Shape, Space


def value(
    name: str,
    function: Callable[..., Any],
    declared: Iterable[Point],
    inputs: Sequence[Any],
    given: Mapping[str, Any],
) -> Any:
    """Return what a function returns: a number or an array, or a tuple of them.

    Args:
        name: The problem's, in an error.
        function: `function(xp, *inputs, **given)`.
        declared: The declared points, one a size.
        inputs: The inputs in order; of the first point if there are none.
        given: Given values that stand for those of the point whose shapes the inputs have.

    Raises:
        GradiometerError: If the inputs are of no declared point's number and shapes, a given value
            has another name or shape, or something is no array of real numbers.
    """
    points = iter(declared)
    at = _fitting(name, points, [_real(name, x) for x in inputs]) if inputs else next(points)
    known = dict(at.given)
    for key, x in given.items():
        if key not in known:
            raise UnknownName(f"given value of problem {name!r}", key, known)
        known[key] = _like(f"Problem {name!r}: given value {key!r}", x, known[key])
    found = function(NUMPY, *_numbers(at.inputs).values(), **_numbers(known))
    if isinstance(found, tuple | list):
        return tuple(np.asarray(y)[()] for y in found)
    return np.asarray(found)[()]


def _fitting(name: str, points: Iterable[Point], inputs: Sequence[Array]) -> Point:
    """Return these inputs, with the given values of the first point of their shapes.

    Raises:
        GradiometerError: If there is none.
    """
    shapes, spaces = [x.shape for x in inputs], []
    for point in points:
        space = Space.of(point.inputs)
        if list(space.shapes.values()) == shapes:
            pairs = zip(point.inputs.items(), inputs, strict=True)
            return Point({key: x.astype(a.dtype) for (key, a), x in pairs}, point.given)
        spaces.append(space)
    names = listing(max((space.names for space in spaces), key=len))
    counts = sorted({len(space.names) for space in spaces})
    if len(shapes) not in counts:
        many = "input" if counts == [1] else "inputs"
        raise GradiometerError(
            f"Problem {name!r} takes {' or '.join(map(str, counts))} {many} ({names}), not "
            f"{len(shapes)}. Give all of them, in this order, or none for the declared point."
        )
    told = listing([_shapes(space.shapes.values()) for space in spaces], 4)
    raise GradiometerError(
        f"Problem {name!r} has no inputs of shapes {_shapes(shapes)}: expected those of one of its "
        f"sizes, {told} for {names}."
    )


def _real(name: str, x: Any) -> Array:
    """Return an input as an array of real numbers.

    Raises:
        GradiometerError: If it is none.
    """
    try:
        return np.asarray(x).astype(np.float64, casting="same_kind")
    except (TypeError, ValueError):
        told = f"takes arrays of real numbers: {x!r} is none."
        raise GradiometerError(f"Problem {name!r} {told}") from None


def _like(what: str, x: Any, declared: Array) -> Array:
    """Return a given value as an array of the declared one's shape, and of its kind of numbers.

    Raises:
        GradiometerError: If it has another shape, or other numbers.
    """
    try:
        found = np.asarray(x).astype(declared.dtype, casting="same_kind")
    except (TypeError, ValueError):
        told = f"expected an array of {declared.dtype}."
        raise GradiometerError(f"{what} is {x!r}: {told}") from None
    if found.shape != declared.shape:
        raise GradiometerError(f"{what} has shape {found.shape}: expected {declared.shape}.")
    return found


def _numbers(arrays: Mapping[str, Array]) -> dict[str, Any]:
    """Return arrays by name, scalars among them as NumPy's numbers."""
    return {key: a[()] for key, a in arrays.items()}


def _shapes(shapes: Iterable[Shape]) -> str:
    return " ".join(map(str, shapes))
