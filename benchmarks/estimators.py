"""Compares ways to make one ratio of samples: how far it scatters, and whether its interval holds.

    python benchmarks/estimators.py                    # measures, some 20 minutes, and prints
    python benchmarks/estimators.py --keep FILE.json   # keeps the samples, too
    python benchmarks/estimators.py --from FILE.json   # prints what kept samples say

Three regimes are made here: a calm machine; a child that computes in random bursts on the core on
which methods are timed; a child that takes half of that core for tens of seconds at a time. In each
the same workers are sampled again and again, in interleaved rounds and then one method after the
other, for the same time. The scatter is the standard deviation of the logarithm of a ratio over the
repeats. Coverage is that of two names of one method in one worker, whose ratio is 1. Nothing is
asserted.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from trials import side_by_side
from ways import WAYS, Way

from gradiometer.measure.noise import CALM, NoiseMeter
from gradiometer.measure.options import FEWEST_ROUNDS, Options
from gradiometer.measure.statistics import Median
from gradiometer.measure.trial import Trial
from gradiometer.plugins import loader
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.worker import cores

REPEATS, SECONDS = 48, 1.0
"""Repeats in each regime, and seconds of each of the two ways of sampling in each repeat."""

COVERED, ROUNDS = 200, 40
"""Repeats of equal methods, and rounds in each."""

CASE = Case("mlp", "10-50-50-1x32", "gradient")
METHODS = ("backprop", "autograd", "jax-jit")

TWICE = """
from gradiometer.plugins.loader import built_ins

Backprop = type(built_ins().methods["backprop"].address.load())

class Once(Backprop):
    name = "once"

class Twice(Backprop):
    name = "twice"
"""

Repeat = dict[str, Any]


def bursts() -> None:
    """Compute for random times, with random pauses between."""
    rng = random.Random(1)
    while True:
        end = time.monotonic() + rng.expovariate(1 / 0.05)
        while time.monotonic() < end:
            pass
        time.sleep(rng.expovariate(1 / 0.1))


def spells() -> None:
    """Take half of a core for tens of seconds at a time, and then leave it."""
    while True:
        end = time.monotonic() + 25.0
        while time.monotonic() < end:
            pass
        time.sleep(25.0)


REGIMES: dict[str, Callable[[], None] | None] = {
    "calm": None, "bursts": bursts, "spells": spells,
}  # fmt: skip


def disturb(how: Callable[[], None]) -> None:
    """Disturb the core on which methods are timed, until the parent ends this process."""
    cores.pin(1)
    how()


@contextmanager
def regime(name: str) -> Iterator[None]:
    """Make a regime while the block is carried out."""
    how = REGIMES[name]
    if how is None:
        yield
        return
    child = get_context("spawn").Process(target=disturb, args=(how,), daemon=True)
    child.start()
    try:
        yield
    finally:
        child.terminate()
        child.join()


def record() -> dict[str, list[Repeat]]:
    """Return the repeats of each regime, and of equal methods."""
    found: dict[str, list[Repeat]] = {}
    options = Options(budget_s=0.2, rounds=FEWEST_ROUNDS, precision=0.5)
    cells = [Cell(CASE, name) for name in METHODS]
    for name in REGIMES:
        with side_by_side(loader.load(), cells, options) as (trials, meter), regime(name):
            found[name] = []
            for number in range(REPEATS):
                _say(f"{name}: repeat {number + 1} of {REPEATS}")
                found[name].append(_both_ways(trials, meter, number))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "equal.py"
        file.write_text(TWICE)
        cells = [Cell(CASE, name) for name in ("once", "twice")]
        with side_by_side(loader.load([file]), cells, options) as (trials, meter):
            found["equal"] = []
            for number in range(COVERED):
                _say(f"equal: repeat {number + 1} of {COVERED}")
                found["equal"].append(_rounds(trials, meter, number, rounds=ROUNDS))
    return found


def _both_ways(trials: Sequence[Trial], meter: NoiseMeter, seed: int) -> Repeat:
    repeat = _rounds(trials, meter, seed, seconds=SECONDS)
    apart = {}
    for trial in trials:
        trial.samples, end, number = {}, time.monotonic() + SECONDS / len(trials), 0
        while time.monotonic() < end:
            trial.sample(number)
            number += 1
        apart[trial.method.name] = list(trial.samples.values())
    return repeat | {"apart": apart}


def _rounds(
    trials: Sequence[Trial],
    meter: NoiseMeter,
    seed: int,
    *,
    seconds: float = math.inf,
    rounds: int = sys.maxsize,
) -> Repeat:
    rng, end, number = np.random.default_rng(seed), time.monotonic() + seconds, 0
    for trial in trials:
        trial.samples = {}
    meter.begin()
    while time.monotonic() < end and number < rounds:
        meter.sample(number)
        for i in rng.permutation(len(trials)):
            trials[i].sample(number)
        number += 1
    meter.sample(number)
    kernel = [meter._rounds.get(k, math.nan) for k in range(number + 1)]
    samples = {t.method.name: [t.samples[k] for k in range(number)] for t in trials}
    return {"kernel": kernel, "samples": samples, "baseline": meter.baseline_s}


def calm(repeat: Repeat) -> list[int]:
    """Return the rounds in which the kernel kept to its baseline, as a run finds them."""
    kernel, most = repeat["kernel"], CALM * repeat["baseline"]
    kept = [k for k in range(len(kernel) - 1) if kernel[k] <= most and kernel[k + 1] <= most]
    return kept if len(kept) >= FEWEST_ROUNDS else list(range(len(kernel) - 1))


def ratio(repeat: Repeat, ours: str, theirs: str, way: Way) -> Median:
    """Return a ratio of a repeat, of its calm rounds, made in some way."""
    rounds = calm(repeat)
    first, second = (np.array(repeat["samples"][name])[rounds] for name in (ours, theirs))
    found: Median = way(first, second)
    return found


SEQUENTIAL: dict[str, Callable[[Sequence[float]], float]] = {
    "one after the other, median": statistics.median,
    "one after the other, minimum": min,
    "one after the other, mean": statistics.fmean,
}


def report(kept: Mapping[str, list[Repeat]]) -> None:
    """Print the scatter of each way in each regime, and how often its interval holds 1."""
    table = Table("way", *REGIMES, "interval holds 1", "half-width")
    first, *others = METHODS
    for name, way in WAYS.items():
        scatters = [
            _scatter([[ratio(r, m, first, way).value for m in others] for r in kept[where]])
            for where in REGIMES
        ]
        found = [ratio(r, "twice", "once", way) for r in kept["equal"]]
        holds = statistics.fmean(each.low <= 1.0 <= each.high for each in found)
        half = statistics.median((each.high - each.low) / 2 for each in found)
        table.add_row(name, *(f"{s:.2%}" for s in scatters), f"{holds:.1%}", f"{half:.2%}")
    for name, figure in SEQUENTIAL.items():
        scatters = [
            _scatter([[figure(r["apart"][m]) / figure(r["apart"][first]) for m in others]
                      for r in kept[where]])
            for where in REGIMES
        ]  # fmt: skip
        table.add_row(name, *(f"{s:.2%}" for s in scatters), "", "")
    Console(width=120).print(table)


def _scatter(ratios: list[list[float]]) -> float:
    """Return the standard deviation of the log ratio over repeats, pooled over methods."""
    logs = np.log(np.array(ratios))
    return float(np.sqrt(np.mean(np.var(logs, axis=0, ddof=1))))


def _say(text: str) -> None:
    sys.stderr.write(f"\r{text:60}")
    sys.stderr.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="a file for the samples")
    parser.add_argument("--from", dest="kept", type=Path, help="a file of kept samples")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    known = json.loads(asked.kept.read_text()) if asked.kept else record()
    if asked.keep:
        asked.keep.write_text(json.dumps(known))
    report(known)
