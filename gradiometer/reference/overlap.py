"""Whether a program computes, in real numbers, what an enclosure holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gradiometer.reference import literal
from gradiometer.reference.answers import flat
from gradiometer.reference.certify import rounded
from gradiometer.reference.forward import BALLS, forward_pass
from gradiometer.vocabulary.dtype import find_dtype
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.point import Point
from gradiometer.vocabulary.problem import Problem


def apart(problem: Problem, point: Point, truth: Enclosure) -> bool:
    """Return whether a component of the outputs is proven to be another than an enclosure's.

    The program's constants are taken to be rounded: as known up to two units.

    Args:
        problem: The program; its outputs, flattened one after the other, are compared.
        point: Where.
        truth: What they should be.

    Raises:
        ReferenceFailure: If it cannot be evaluated there.
    """
    with literal.within(2.0 * find_dtype(point.dtype).unit):
        done = replace(forward_pass(problem, point, BALLS[0]), bounded=False)
        with done.working():
            found = rounded(flat(done, done.outputs), done)
    gap = np.abs((found.high - truth.high) + (found.low - truth.low))
    return bool((gap > found.radius + truth.radius + np.spacing(gap)).any())
