"""Interleaved rounds: one sample of every method in turn, until the ratios are precise enough.

Methods that meet the same moments of a noisy machine are compared by the ratios within a round.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial

import numpy as np

from gradiometer.measure.contender import Contender
from gradiometer.measure.fleet import Failure
from gradiometer.measure.instrument import Instrument
from gradiometer.measure.options import FEWEST_ROUNDS, Options
from gradiometer.measure.outcome import Status
from gradiometer.measure.statistics import median

LOOK_EVERY = 5
"""Rounds between two looks at the precision reached."""


def take_rounds(
    contenders: Sequence[Contender],
    instrument: Instrument,
    options: Options,
    say: Callable[[str], None],
) -> None:
    """Sample contenders until their ratios are precise or the budget is spent; conclude each.

    A contender that fails is out, with its status; the others go on.
    """
    rng = np.random.default_rng(options.seed)
    for contender in contenders:
        attempt(contender, contender.calibrate)
    start, stopped = time.monotonic(), "rounds"  # calibrating is not charged to the budget
    instrument.begin()
    done = 0
    for number in range(options.rounds):
        going = [c for c in contenders if _running(c) and not c.slow]
        if not going:
            break
        say(f"round {number + 1}")
        instrument.sample(number)
        for i in rng.permutation(len(going)):
            attempt(going[i], partial(going[i].sample, number))
        done = number + 1
        if done < FEWEST_ROUNDS:
            continue
        if done % LOOK_EVERY == 0 and not instrument.waits(0.0):
            _choose(contenders, instrument.calm)
            if _precise(contenders, options.precision):
                stopped = "precision"
                break
        over_s = time.monotonic() - start - _slow_s(contenders) - options.budget_s
        if over_s > 0 and not instrument.waits(over_s):
            stopped = "budget"
            break
    instrument.sample(done)
    sampled = [c for c in contenders if c.samples]
    _choose(sampled, instrument.calm)
    instrument.end(sum(c.spent_s for c in sampled))
    _conclude(sampled, stopped, instrument.floor_s)


def attempt(contender: Contender, step: Callable[[], None]) -> bool:
    """Take a step; a failure ends the contender with its status, and without figures of time."""
    try:
        step()
    except Failure as failure:
        contender.outcome.status, contender.outcome.reason = failure.status, failure.reason
        contender.samples.clear()
        return False
    return True


def _choose(contenders: Sequence[Contender], calm: Collection[int]) -> None:
    """Tell contenders which rounds were undisturbed: figures are made of those, if they suffice."""
    for contender in contenders:
        contender.calm = [number for number in contender.samples if number in calm]


def _conclude(sampled: Sequence[Contender], stopped: str, floor_s: float | None) -> None:
    right = [c for c in sampled if attempt(c, c.check_again)]
    if right:
        fastest = _fastest(right)
        for contender in right:
            contender.conclude(fastest, stopped, floor_s)


def _slow_s(contenders: Sequence[Contender]) -> float:
    """Return the seconds that slow methods took, which are not charged to the others."""
    return sum(c.spent_s for c in contenders if c.slow)


def _precise(contenders: Sequence[Contender], precision: float) -> bool:
    """Return whether every ratio to the fastest is known within the precision."""
    going = [c for c in contenders if _running(c) and not c.slow]
    if not going:
        return True
    fastest = _fastest([c for c in contenders if c.samples])
    ratios = [c.ratio_to(fastest) for c in going]
    return all((r.high - r.low) / 2 <= precision * r.value for r in ratios)


def _fastest(contenders: Sequence[Contender]) -> Contender:
    return min(contenders, key=lambda c: median(list(c.counted.values())).value)


def _running(contender: Contender) -> bool:
    return contender.outcome.status is Status.OK
