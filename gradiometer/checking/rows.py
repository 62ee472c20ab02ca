"""The components of an answer beside the true ones, as they are shown: all, or the ten worst."""

from __future__ import annotations

import numpy as np

from gradiometer.checking.result import Row
from gradiometer.judging.compared import Compared, Mask
from gradiometer.judging.kept import WORST, worst
from gradiometer.vocabulary.enclosure import Floats, decimal
from gradiometer.vocabulary.hull import Hull
from gradiometer.vocabulary.operators import Operator
from gradiometer.vocabulary.point import Signature

SHOWN = 17
"""Significant digits of the truth that are shown: they tell every double from the next."""


def rows_of(compared: Compared, asked: Operator, signature: Signature) -> list[Row]:
    """Return components beside the true ones."""
    truth, size = compared.truth, np.abs(compared.truth.high)
    return [
        Row(
            asked.locate(signature, i),
            float(compared.answer[i]),
            decimal(truth.high[i], truth.low[i], SHOWN),
            _digits(compared.errors[i], size[i]),
            _digits(truth.bound[i], size[i]),
            bool(compared.wrong[i]),
        )
        for i in worst(compared).tolist()
    ]


def rows_at_kink(
    answer: Floats, hull: Hull, beyond: Mask, asked: Operator, signature: Signature
) -> list[Row]:
    """Return components beside the least and the largest of the branches."""
    least, most = _ends(hull)
    shown = np.argsort(~beyond, kind="stable")[:WORST]
    return [
        Row(
            asked.locate(signature, i),
            float(answer[i]),
            f"{least[i]:.8g} … {most[i]:.8g}" if least[i] < most[i] else f"{least[i]:.17g}",
            None,
            None,
            bool(beyond[i]),
        )
        for i in sorted(shown.tolist())
    ]


def _ends(hull: Hull) -> tuple[Floats, Floats]:
    if hull.branches:
        numbers = np.array([each.high for each in hull.branches])
        return numbers.min(axis=0), numbers.max(axis=0)
    return hull.box.high - hull.box.radius, hull.box.high + hull.box.radius


def _digits(error: float, size: float) -> float | None:
    """Return −log₁₀ of a relative error; none of a zero."""
    if size == 0.0:
        return None
    if error == 0.0:
        return float("inf")
    return float(np.log10(size) - np.log10(error))
