"""The enclosure of a true derivative, as plain float64 arrays.

Each component is known to lie within `radius` of `high + low`, an unevaluated sum of two doubles
(32 digits). Knows nothing of how it was found, so that the coordinator can check answers and read
cached references without loading python-flint.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Enclosure:
    """Balls around the true answer's components, flattened in declared order.

    Attributes:
        high: The nearest doubles, shape `(n,)`.
        low: What they lack, shape `(n,)`.
        radius: Proven bounds on |truth − (high + low)|, shape `(n,)`.
        magnitude: Σ over the paths of the computation of |product of local derivatives|: what the
            component would be if nothing cancelled, shape `(n,)`, float64 accuracy. Its ratio to
            the component bounds how far rounding is amplified (F. L. Bauer, Computational graphs
            and rounding error, SIAM J. Numer. Anal. 11, 1974).
        bits: Working precision at which it was found.
        shapes: Shapes of the problem's outputs.
    """

    high: Floats
    low: Floats
    radius: Floats
    magnitude: Floats
    bits: int
    shapes: tuple[tuple[int, ...], ...] = ((),)

    @property
    def norm(self) -> float:
        """Euclidean norm of the midpoint."""
        return norm(self.high)

    @property
    def condition(self) -> float:
        """‖magnitude‖ / ‖truth‖, at least 1: how much cancels in the chain rule's sums."""
        return max(1.0, norm(self.magnitude) / self.norm)

    def errors(self, answer: Floats) -> Floats:
        """Return proven bounds on |answer − truth| for each component; the radius counts against.

        The first difference is exact where the answer is within a factor of two of the truth
        (Sterbenz); elsewhere it is rounded by a relative 2⁻⁵¹, far below what is being measured.
        """
        with np.errstate(over="ignore"):
            return np.abs((answer - self.high) - self.low) + self.radius


def norm(x: Floats) -> float:
    """Return the Euclidean norm of x, scaled so that squares neither overflow nor vanish."""
    scale = float(np.max(np.abs(x), initial=0.0))
    if scale == 0.0 or not np.isfinite(scale):
        return scale
    return scale * float(np.sqrt(np.sum((x / scale) ** 2)))
