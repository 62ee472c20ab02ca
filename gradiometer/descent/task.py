"""What a worker is asked in a descent: to take steps with a method's, or certified, derivatives.

As in `gradiometer.worker.requests`, what needs the inside of the worker is imported there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gradiometer.descent.steps import Limits, NoFurtherStep, Steps, take_steps
from gradiometer.plugins.address import Address
from gradiometer.vocabulary.point import Argument, Point
from gradiometer.vocabulary.problem import Problem
from gradiometer.vocabulary.space import Floats

if TYPE_CHECKING:
    from gradiometer.worker.tool import Tool


def descend(tool: Tool, keys: dict[str, str], point: Point, limits: Limits) -> Steps:
    """Take steps from a point with a method's prepared cells, given by operator."""

    def evaluate(operator: str, here: Point) -> tuple[Floats, float]:
        cell = tool.cells[keys[operator]]
        result, seconds = cell.run(Argument(here))
        flat = np.concatenate([np.ravel(a) for a in cell.read(result).arrays])
        return flat.astype(np.float64), seconds

    into = tool.states["descent"] = Steps()
    return take_steps(into, point, limits, evaluate)


def descend_certified(tool: Tool, problem: Address[Problem], point: Point, limits: Limits) -> Steps:
    """Take steps from a point with certified derivatives, rounded to float64."""
    from gradiometer.errors import NotFinite, ReferenceFailure
    from gradiometer.reference.certify import nearest

    loss = problem.load()

    def evaluate(operator: str, here: Point) -> tuple[Floats, float]:
        try:
            return nearest(loss, Argument(here), operator), 0.0
        except NotFinite:
            return np.array([np.nan]), 0.0
        except ReferenceFailure as error:
            raise NoFurtherStep(str(error).rstrip(".")) from error

    into = tool.states["descent"] = Steps()
    return take_steps(into, point, limits, evaluate)


def taken(tool: Tool) -> Steps:
    """Return the steps of the last request, which may have failed on its way."""
    steps: Steps = tool.states["descent"]
    return steps
