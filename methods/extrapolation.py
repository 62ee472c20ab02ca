"""Extrapolated differences: central ones at shrinking steps, and the limit that they tend to."""

from typing import ClassVar

from gradiometer.vocabulary.answer import Estimated
from gradiometer.vocabulary.differences import SecondDifferences, central, mixed
from gradiometer.vocabulary.extrapolated import ROWS, Sized, limit

FIRST = 0.125
"""The first step, relative to max(1, |x|)."""


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

    name, primal = "richardson", "numpy"
    digits: ClassVar = {"float64": (8.0, 7.0), "float32": (2.0, 1.0)}

    def evaluations(self, operator, n, m):
        each = {"jvp": 1, "hvp": 2 * n, "hessian": n * (n + 1)}.get(operator, n)
        return 2 * ROWS * each

    def step(self, f):
        return f.step(FIRST)

    def second_step(self, f):
        return f.step(FIRST)

    def slope(self, shifted, x, base, step, scale=None):
        h = step * (max(1.0, abs(x)) if scale is None else scale)
        sized = Sized(shifted)
        return limit(lambda s: central(sized, x, s * h), sized, lambda s: s * h)

    def curvature(self, shifted, h, k):
        sized = Sized(shifted)
        return limit(lambda s: mixed(sized, s * h, s * k), sized, lambda s: s * s * h * k)

    def joined(self, slopes, make):
        answers, errors = zip(*slopes, strict=True) if slopes else ((), ())
        return Estimated(make(list(answers)), make(list(errors)))
