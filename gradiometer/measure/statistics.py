"""The figures made of samples: a median, and a distribution-free interval for it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import bdtr, stdtrit

TRIMMED = 0.2
"""Share of the ratios, on either side, that do not count."""

FEWEST = 6
"""Ratios below which the interval is their whole range."""


class Median(NamedTuple):
    """The middle of some figures, and the ends of its interval."""

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


def trimmed_mean(logs: Sequence[float], confidence: float = 0.95) -> Median:
    """Return the mean of the middle three fifths of numbers, with its interval.

    What disturbs a round moves its number far to one side, and does not count. The interval is
    Student's t with the winsorised variance.

    Reference:
        Tukey and McLaughlin, Less vulnerable confidence and significance procedures for location
        based on a single sample, Sankhyā A 25 (1963); Wilcox, Introduction to Robust Estimation
        and Hypothesis Testing, 4th ed., §4.3.

    Example:
        >>> trimmed_mean([1.0, 1.0, 1.0, 1.0, 50.0])
        Median(value=1.0, low=1.0, high=1.0)
    """
    ordered = np.sort(np.asarray(logs, dtype=np.float64))
    n = ordered.size
    if n == 0:
        raise ValueError("No samples: expected at least one.")
    cut = int(TRIMMED * n)
    middle = ordered[cut : n - cut]
    value = float(middle.mean())
    if n < FEWEST:
        return Median(value, float(ordered[0]), float(ordered[-1]))
    winsorised = np.clip(ordered, middle[0], middle[-1])
    error = float(winsorised.std(ddof=1)) / ((1.0 - 2.0 * TRIMMED) * math.sqrt(n))
    half = float(stdtrit(middle.size - 1, 0.5 + confidence / 2)) * error
    return Median(value, value - half, value + half)


def paired(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Median:
    """Return the ratio of two methods, of the ratios within the rounds that they share.

    What slows a round down slows both samples down, and leaves their ratio. The ratios' logarithms
    are averaged as `trimmed_mean` does.

    Args:
        ours: Seconds by the number of the round.
        theirs: The same of the method compared with.

    Raises:
        ValueError: If they share no round.
    """
    logs = [math.log(seconds / theirs[k]) for k, seconds in ours.items() if k in theirs]
    return Median(*map(math.exp, trimmed_mean(logs)))
