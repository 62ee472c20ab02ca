"""Interleaved rounds: one sample of every method in turn, until the ratios are precise enough.

Methods that meet the same moments of a noisy machine are compared by the ratios within a round.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from gradiometer.measure.noise import NoiseMeter
from gradiometer.measure.options import FEWEST_ROUNDS, Options
from gradiometer.measure.statistics import median
from gradiometer.measure.trial import Trial
from gradiometer.vocabulary.outcome import Failure, Status

LOOK_EVERY = 5
"""Rounds between two looks at the precision reached."""


def take_rounds(
    trials: Sequence[Trial], meter: NoiseMeter, options: Options, say: Callable[[str], None]
) -> None:
    """Sample trials until their ratios are precise or the budget is spent; conclude each.

    A trial that fails is out, with its status; the others go on.
    """
    rng = np.random.default_rng(options.seed)
    for trial in trials:
        attempt(trial, trial.calibrate)
    start, stopped = time.monotonic(), "rounds"  # calibrating is not charged to the budget
    meter.begin()
    done = 0
    for number in range(options.rounds):
        going = _going(trials)
        if not going:
            break
        say(f"round {number + 1}")
        meter.sample(number)
        for i in rng.permutation(len(going)):
            attempt(going[i], going[i].sample, number)
        done = number + 1
        if done < FEWEST_ROUNDS:
            continue
        if done % LOOK_EVERY == 0 and not meter.waits(0.0):
            _choose(trials, meter.calm)
            if _precise(trials, options.precision):
                stopped = "precision"
                break
        slow_s = sum(c.spent_s for c in trials if c.slow)  # is not charged to the others
        over_s = time.monotonic() - start - slow_s - options.budget_s
        if over_s > 0 and not meter.waits(over_s):
            stopped = "budget"
            break
    meter.sample(done)
    sampled = [c for c in trials if c.samples]
    if stopped != "precision":  # which was found of the rounds that were chosen then
        _choose(sampled, meter.calm)
    meter.end(sum(c.spent_s for c in sampled))
    _conclude(sampled, stopped, meter.floor_s)


def attempt(trial: Trial, step: Callable[..., None], *args: Any) -> bool:
    """Take a step; a failure ends the trial with its status, and without figures of time."""
    try:
        step(*args)
    except Failure as failure:
        trial.outcome.status, trial.outcome.reason = failure.status, failure.reason
        trial.samples.clear()
        return False
    return True


def _choose(trials: Sequence[Trial], calm: Collection[int]) -> None:
    """Tell trials which rounds were undisturbed: figures are made of those, if they suffice."""
    for trial in trials:
        trial.calm = [number for number in trial.samples if number in calm]


def _conclude(sampled: Sequence[Trial], stopped: str, floor_s: float | None) -> None:
    right = [c for c in sampled if attempt(c, c.check_again)]
    right = [c for c in right if attempt(c, c.meet_fresh_points, min(c.samples.values()))]
    if right:
        fastest = _fastest(right)
        for trial in right:
            trial.conclude(fastest, stopped, floor_s)


def _precise(trials: Sequence[Trial], precision: float) -> bool:
    """Return whether every ratio to the fastest is known within the precision."""
    going = _going(trials)
    if not going:
        return True
    fastest = _fastest([c for c in trials if c.samples])
    ratios = [c.ratio_to(fastest) for c in going]
    return all((r.high - r.low) / 2 <= precision * r.value for r in ratios)


def _fastest(trials: Sequence[Trial]) -> Trial:
    """Return the fastest of those that took the function itself, if there are any."""
    itself = [c for c in trials if not c.outcome.translated]
    return min(itself or trials, key=lambda c: median(list(c.counted.values())).value)


def _going(trials: Sequence[Trial]) -> list[Trial]:
    """Return the trials that are sampled further: none that failed, none that is slow."""
    return [c for c in trials if c.outcome.status is Status.OK and not c.slow]
