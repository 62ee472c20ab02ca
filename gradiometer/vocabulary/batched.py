"""A function of numbers, called once with arrays of points in their place: where that can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradiometer.errors import Unsupported
from gradiometer.vocabulary.flat import flattened, number
from gradiometer.vocabulary.method import Primal
from gradiometer.vocabulary.space import Array


def batched(f):
    """Return f's outputs at points, which are columns, as columns: by one call.

    Raises:
        Unsupported: If no axis of points gives what calls at one after the other give.
    """
    given = {name: a if a.ndim else number(a) for name, a in f.point.given.items()}
    x, unpack = flattened([*f.point.inputs.values()])
    shapes = [np.shape(a) for a in (*f.point.inputs.values(), *given.values())]
    count = next(k for k in range(3, 99) if all(k not in shape for shape in shapes))
    apart = 1e-3 * np.arange(1, count + 1, dtype=x.dtype) / count
    points = x[:, None] * (1 + apart) + (x[:, None] == 0.0) * apart
    outputs = (f(unpack(column), given) for column in points.T)
    several = len(f.problem.output_names) > 1
    due = np.stack([flattened(y)[0] if several else np.ravel(y) for y in outputs], axis=1)
    near = 1e4 * np.finfo(x.dtype).eps
    for axis in (-1, 0):
        try:
            found = called(f, points, given, axis)
        except (AttributeError, IndexError, TypeError, ValueError):  # of shapes, or of a choice
            continue
        if found is not None and np.allclose(found, due, near, near * np.max(np.abs(due))):
            return lambda points, given, axis=axis: called(f, points, given, axis)
    raise Unsupported(
        f"{f.problem.name!r} does not take arrays in the place of numbers: several points, as the "
        "last axis or the first, do not give what calls at one after the other give."
    )


def called(f, points, given, axis):
    """Return f's outputs, where the points are one axis of its inputs; None if of no output."""
    inputs, start, count = [], 0, points.shape[1]
    for shape, size in zip(
        f.signature.inputs.shapes.values(), f.signature.inputs.sizes, strict=True
    ):
        part = points[start : start + size].reshape(*shape, count)
        inputs.append(np.moveaxis(part, -1, axis))
        start += size
    y = f(tuple(inputs), given)
    columns = []
    outputs = y if len(f.problem.output_names) > 1 else (y,)
    for output, shape in zip(outputs, f.signature.outputs.shapes.values(), strict=True):
        moved = np.moveaxis(output, axis, -1)
        if moved.shape != (*shape, count):
            return None
        columns.append(moved.reshape(-1, count))
    return np.concatenate(columns)
