"""A method's own estimate of its error, beside the error that its answer has."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradiometer.judging.agreement import digits_of, flattened, misfit
from gradiometer.judging.compared import Compared
from gradiometer.vocabulary.enclosure import norm
from gradiometer.vocabulary.space import Space

OPTIMISTIC = 10.0
"""How many times what is estimated an error may be, before that is told."""


class Estimate(NamedTuple):
    """What a method takes its answer to be worth.

    Attributes:
        digits: Digits by its own estimate, in the norm; none where it gives none that can be read,
            or where the truth is zero.
        note: What is to be said of the estimate.
    """

    digits: float | None = None
    note: str = ""


def estimate(error: list[Any] | None, compared: Compared | None, layout: Space) -> Estimate:
    """Return what a method's estimate of its error says, and whether it is far too small.

    Only the error beyond what rounding does to any method is held against it.

    Args:
        error: The estimated errors, as arrays of the layout, if the method gives any.
        compared: Its answer beside the truth, if it was of the right shape.
        layout: The arrays that it must be, and what they are called.
    """
    if error is None or compared is None:
        return Estimate()
    fault = misfit(error, layout)
    if fault:
        return Estimate(note=f"its estimate of the error cannot be read: {fault}")
    claimed = np.abs(flattened(error))
    if np.isnan(claimed).any():
        return Estimate(note="its estimate of the error is no number")
    truth, own, found = compared.truth, norm(claimed), norm(compared.errors)
    told = ""
    if found > OPTIMISTIC * own + norm(truth.bound + truth.radius):
        told = f"estimates an error of {own:.1e}, has {found:.1e}"
    return Estimate(None if truth.zero else digits_of(own, truth.norm), told)
