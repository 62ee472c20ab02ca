"""The figures made of samples: a median, and a distribution-free interval for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import bdtr


class Median(NamedTuple):
    """A median and the ends of its interval."""

    value: float
    low: float
    high: float


def median(samples: Sequence[float], confidence: float = 0.95) -> Median:
    """Return the median with an interval between two order statistics.

    The interval from the r-th smallest to the r-th largest of n samples misses the median with
    probability 2·P(B ≤ r − 1), B ~ Binomial(n, ½), whatever the distribution; r is the largest
    that keeps this below 1 − confidence. With too few samples for any r, it is the whole range.

    Reference:
        Conover, Practical Nonparametric Statistics, 3rd ed., §3.2.

    Example:
        >>> median([3.0, 1.0, 2.0, 5.0, 4.0, 7.0, 6.0])
        Median(value=4.0, low=1.0, high=7.0)
    """
    ordered = np.sort(np.asarray(samples, dtype=np.float64))
    n = ordered.size
    if n == 0:
        raise ValueError("No samples: expected at least one.")
    ranks = np.arange(1, n // 2 + 1)
    covered = ranks[2.0 * bdtr(ranks - 1, n, 0.5) <= 1.0 - confidence]
    r = int(covered[-1]) if covered.size else 1
    return Median(float(np.median(ordered)), float(ordered[r - 1]), float(ordered[n - r]))


def paired(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Median:
    """Return the median of the ratios within the rounds that two methods share.

    What slows a round down slows both samples down, and leaves their ratio.

    Args:
        ours: Seconds by the number of the round.
        theirs: The same of the method compared with.

    Raises:
        ValueError: If they share no round.
    """
    return median([seconds / theirs[k] for k, seconds in ours.items() if k in theirs])
