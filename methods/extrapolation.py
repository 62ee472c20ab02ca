"""Extrapolated differences: central ones at shrinking steps, and the limit that they tend to."""

import math
from typing import Any, ClassVar

import numpy as np

from gradiometer.vocabulary.answer import Estimated
from gradiometer.vocabulary.differences import SecondDifferences, central, mixed

FIRST, ROWS = 0.125, 12
"""The first step, relative to max(1, |x|), and how many there are, each half of the one before."""

GIVEN_UP = 2.0
"""How many times more than the best estimate so far the last two rows may differ."""


class Richardson(SecondDifferences):
    """Central differences of steps ⅛, 1/16, …, extrapolated to step zero: Ridders' method.

    Entry j of row i is free of the powers h² … h²ʲ. Of all entries the one that differs least from
    its two parents, rounding added, is taken, and what it differs by is the estimate of its error.
    Steps end where rounding leaves nothing to gain, or where they make the table worse. Cost: 8 to
    24 primals a component, twice as many of a Hessian's. Error: ε·f/h, h the longest step that the
    function bears. At f = 1000·f′, and steps of 1/100, five digits are lost, eight at second order,
    and one in the extrapolation; in float32, which has seven, two and one can be promised where
    less is lost.

    Use it when the function is smooth code that nothing can look into, no step is known to suit it,
    and the answer is to say how far it can be trusted.

    Reference: Ridders, Accurate computation of F′(x) and F′(x)·F″(x), Advances in Engineering
    Software 4 (1982).
    """

    name, root, second_root, primal = "richardson", math.inf, math.inf, "numpy"
    digits: ClassVar = {"float64": (8.0, 7.0), "float32": (2.0, 1.0)}

    def evaluations(self, operator, n, m):
        each = {"jvp": 1, "hvp": 2 * n, "hessian": n * (n + 1)}.get(operator, n)
        return 2 * ROWS * each

    def slope(self, shifted, x, base, step, scale=None):
        reach = max(1.0, abs(x)) if scale is None else scale
        sized = _Sized(shifted)
        return _limit(lambda h: central(sized, x, h * reach), sized, lambda h: h * reach)

    def curvature(self, shifted, h, k):
        sized = _Sized(shifted)
        return _limit(lambda s: mixed(sized, s * h, s * k), sized, lambda s: s * s * h * k)

    def joined(self, slopes, make):
        answers, errors = zip(*slopes, strict=True) if slopes else ((), ())
        return Estimated(make(list(answers)), make(list(errors)))


class _Sized:
    """A function, and the largest values that it had."""

    def __init__(self, function):
        self.function = function
        self.size = 0.0

    def __call__(self, *x):
        y = self.function(*x)
        self.size = np.maximum(self.size, abs(y))
        return y


def _limit(quotient, sized, divisor):
    """Return what `quotient(h)` tends to as h does to zero, and the error of each component.

    Values of `sized` are wrong by their rounding, which is divided by `divisor(h)`: no entry is
    better than that, and where the next row's cannot be, the table ends.
    """
    above: list[Any] = []
    best, error = None, math.inf
    for i in range(ROWS):
        step = FIRST * 0.5**i
        row = [quotient(step)]
        unit = np.finfo(np.asarray(row[0]).dtype).eps
        rounding = unit * sized.size / divisor(step)
        if not np.isfinite(row[0]).all():  # beyond where the function is defined
            above, sized.size = [], 0.0
            continue
        if best is None:
            best, error = row[0], error + abs(row[0])
        for j, former in enumerate(above):
            row.append(row[j] + (row[j] - former) / (4.0 ** (j + 1) - 1.0))
            apart = np.maximum(abs(row[-1] - row[j]), abs(row[-1] - former)) + rounding
            best, error = _better(best, error, row[-1], apart)
        worse = above and (abs(row[-1] - above[-1]) >= GIVEN_UP * error)
        if np.all(error <= 2.0 * rounding) or (
            np.all(worse) and np.all(error <= math.sqrt(unit) * abs(best))
        ):
            break
        above = row
    return (row[0], math.inf + abs(row[0])) if best is None else (best, error)


def _better(best, error, entry, apart):
    """Return the answer so far, in each component, or the entry where that is less in doubt."""
    if np.ndim(entry) == 0:
        return (entry, apart) if apart < error else (best, error)
    better = apart < error
    return np.where(better, entry, best), np.where(better, apart, error)
