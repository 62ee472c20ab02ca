"""What two times say of each other: the same, faster, slower, or not clear."""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from gradiometer.measure.statistics import Median

BAND = 1.03
"""Ratio up to which, in either direction, two times are the same: `same` and `slower` mean no less.

Where code lies in memory moves the time of a process by a few per cent with nothing changed; see
Mytkowicz et al., Producing wrong data without doing anything obviously wrong, ASPLOS 2009."""

LEVEL = 0.99
"""Confidence of the interval of a mean over processes, at each of up to sixteen looks at it.

With 95 % at each look, one comparison of equal code in five would end as `faster` or `slower` where
processes scatter much. With this, at most one in twenty does, whatever the scatter (simulated, with
normal and with heavy tails), and a slowdown of 5 % is found in 98 of 100 where they scatter by
4 %."""

FEWEST, MOST = 5, 20
"""Processes a side before the first look, and after which the comparison ends."""


class Change(StrEnum):
    """What became of a time."""

    SAME = "same"
    FASTER = "faster"
    SLOWER = "slower"
    UNCLEAR = "unclear"


def change(ratio: Median, significant: bool | None = None) -> Change:
    """Return what a ratio of times, new to old, says.

    Args:
        ratio: The ratio with its interval.
        significant: Whether it differs from 1; by default, whether its interval excludes 1.
    """
    if ratio.low > 1.0 / BAND and ratio.high < BAND:
        return Change.SAME
    if significant is None:
        significant = ratio.low > 1.0 or ratio.high < 1.0
    if significant and ratio.value > BAND:
        return Change.SLOWER
    if significant and ratio.value < 1.0 / BAND:
        return Change.FASTER
    return Change.UNCLEAR


def over_processes(ratios: Sequence[float], level: float = LEVEL) -> Median:
    """Return the geometric mean of the ratios of several processes, with its interval.

    The process is the replicate: what happens within one says nothing of the next one's place in
    memory. Student's t of the logarithms; with one process there is no interval.

    Args:
        ratios: One ratio a pair of processes, new to old.
        level: Confidence of the interval.

    Example:
        >>> over_processes([1.1, 1.1, 1.1]).value
        1.1
    """
    logs = np.log(np.asarray(ratios, dtype=np.float64))
    mean = float(logs.mean())
    if logs.size < 2:
        return Median(math.exp(mean), 0.0, math.inf)
    half = _quantile(0.5 + level / 2, logs.size - 1) * float(logs.std(ddof=1))
    half /= math.sqrt(logs.size)
    value, low, high = (round(math.exp(x), 12) for x in (mean, mean - half, mean + half))
    return Median(value, low, high)


def interval(ratio: float, error: float, freedom: float = math.inf, level: float = 0.95) -> Median:
    """Return a ratio with the interval that a standard error of its logarithm gives it.

    Args:
        ratio: The ratio.
        error: The standard error.
        freedom: Degrees of freedom with which that is known.
        level: Confidence of the interval.
    """
    half = _quantile(0.5 + level / 2, freedom) * error
    return Median(ratio, ratio * math.exp(-half), ratio * math.exp(half))


def two_sided(ratio: float, error: float, freedom: float = math.inf) -> float:
    """Return how likely a logarithm so far from 0, or farther, is by chance: its p-value."""
    if error == 0.0:
        return float(ratio == 1.0)
    return 2.0 * _below(-abs(math.log(ratio)) / error, freedom)


def holm(p_values: Sequence[float], level: float = 0.05) -> list[bool]:
    """Return which of several hypotheses are refused, with one error in `level` of all families.

    Reference: Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal
    of Statistics 6 (1979).

    Example:
        >>> holm([0.001, 0.04, 0.03])
        [True, False, False]
    """
    refused = [False] * len(p_values)
    for passed, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[i] > level / (len(p_values) - passed):
            break
        refused[i] = True
    return refused


def _quantile(share: float, freedom: float) -> float:
    """Return a quantile of Student's t; of the normal distribution, with infinite freedom."""
    return float(ndtri(share) if math.isinf(freedom) else stdtrit(freedom, share))


def _below(value: float, freedom: float) -> float:
    """Return the probability that Student's t stays below a value."""
    return float(ndtr(value) if math.isinf(freedom) else stdtr(freedom, value))
