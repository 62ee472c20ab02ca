"""Ways to make one ratio of two methods' samples, taken in the same rounds; each with an interval.

Each takes two arrays, a sample a round: seconds of the method, and of the one compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

from gradiometer.measure.statistics import Median, median

Array = np.ndarray[Any, np.dtype[np.float64]]
Way = Callable[[Array, Array], Median]


def paired_median(ours: Array, theirs: Array) -> Median:
    """Return the median of the ratios within rounds, with its interval by order statistics."""
    return median((ours / theirs).tolist())


def ratio_of_medians(ours: Array, theirs: Array) -> Median:
    """Return the ratio of the two medians, with a bootstrap interval over rounds."""
    rng, n = np.random.default_rng(0), len(ours)
    drawn = rng.integers(n, size=(400, n))
    found = np.median(ours[drawn], axis=1) / np.median(theirs[drawn], axis=1)
    return _median(np.median(ours) / np.median(theirs), *np.quantile(found, [0.025, 0.975]))


def hodges_lehmann(ours: Array, theirs: Array) -> Median:
    """Return the median of the averages of all pairs of log ratios, with Wilcoxon's interval."""
    logs = np.log(ours / theirs)
    n = len(logs)
    first, second = np.triu_indices(n)
    walsh = np.sort((logs[first] + logs[second]) / 2)
    mean, spread = n * (n + 1) / 4, np.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    k = max(0, int(mean - 1.96 * spread))
    return _median(*np.exp([np.median(walsh), walsh[k], walsh[-1 - k]]))


def trimmed(ours: Array, theirs: Array, share: float = 0.2) -> Median:
    """Return the mean of the middle three fifths of the log ratios; Student's t, winsorised."""
    logs = np.sort(np.log(ours / theirs))
    cut = int(share * len(logs))
    middle = logs[cut : len(logs) - cut]
    error = stats.mstats.trimmed_stde(logs, limits=(share, share))
    half = stats.t.ppf(0.975, len(middle) - 1) * float(error)
    return _median(*np.exp([middle.mean(), middle.mean() - half, middle.mean() + half]))


def quartiles(ours: Array, theirs: Array) -> Median:
    """Return the ratio of the lower quartiles, with a bootstrap interval over rounds."""
    rng, n = np.random.default_rng(0), len(ours)
    drawn = rng.integers(n, size=(400, n))
    found = np.quantile(ours[drawn], 0.25, axis=1) / np.quantile(theirs[drawn], 0.25, axis=1)
    value = np.quantile(ours, 0.25) / np.quantile(theirs, 0.25)
    return _median(value, *np.quantile(found, [0.025, 0.975]))


def _median(value: float, low: float, high: float) -> Median:
    return Median(float(value), float(low), float(high))


WAYS: dict[str, Way] = {
    "median of paired ratios": paired_median,
    "ratio of medians": ratio_of_medians,
    "Hodges-Lehmann": hodges_lehmann,
    "trimmed mean": trimmed,
    "ratio of lower quartiles": quartiles,
}
