"""What is kept of an answer: each of its components beside the true one, or the ten worst."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradiometer.judging.compared import Compared
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.point import Signature

WHOLE = 1_000
"""Components up to which an answer is kept whole."""

WORST = 10
"""Components that are kept of a larger one."""

WRONG = " ✗"
"""Marks a value that is beyond what is allowed, wherever it is shown."""


@dataclass(frozen=True)
class Kept:
    """Components of an answer, in their order.

    Attributes:
        places: Where each stands among all components.
        names: What it is called; where two conventions give different derivatives, with that by
            which it was judged.
        certified: The true ones, rounded to doubles.
        values: Those of the answer.
        errors: Bounds on their errors, to three digits.
        wrong: Whether each is beyond what is allowed.
    """

    places: list[int]
    names: list[str]
    certified: list[float]
    values: list[float]
    errors: list[float]
    wrong: list[bool]


def kept(found: Compared | None, asked: Operator, signature: Signature) -> Kept | None:
    """Return what is kept of an answer; nothing of one that was not of the right shape.

    The worst components are those with the largest errors in units of what is allowed.
    """
    if found is None:
        return None
    if found.answer.size > WHOLE:
        places = worst(found)
        names: Iterable[str] = (asked.locate(signature, i) for i in places.tolist())
    else:
        places, names = np.arange(found.answer.size), asked.components(signature)
    by = f", {found.truth.convention}" if found.truth.convention else ""
    return Kept(
        places.tolist(),
        [name + by for name in names],
        found.truth.high[places].tolist(),
        found.answer[places].tolist(),
        [float(f"{error:.2e}") for error in found.errors[places]],
        found.wrong[places].tolist(),
    )


def worst(found: Compared) -> NDArray[np.intp]:
    """Return the places of the worst components, in order."""
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.where(found.errors > 0.0, found.errors / found.allowed, 0.0)
    return np.sort(np.argsort(-excess, kind="stable")[:WORST])
