"""Trials of cells in workers of their own, sampled side by side, as a run does it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gradiometer.measure.conditions import References
from gradiometer.measure.noise import NoiseMeter
from gradiometer.measure.options import Options
from gradiometer.measure.pool import Pool
from gradiometer.measure.rounds import take_rounds
from gradiometer.measure.trial import Trial
from gradiometer.plugins.registry import Registry
from gradiometer.vocabulary.case import Cell


@contextmanager
def side_by_side(
    registry: Registry, cells: Sequence[Cell], options: Options
) -> Iterator[tuple[list[Trial], NoiseMeter]]:
    """Yield the trials, checked and sampled in the same rounds, and the controls beside them.

    Raises:
        Failure: If a cell does not agree.
    """
    with tempfile.TemporaryDirectory() as logs, Pool(Path(logs), options.threads) as pool:
        references, meter = References(pool, options.timeout_s), NoiseMeter(pool, options)
        trials = []
        for cell in cells:
            problem = registry.problems[cell.case.problem].address
            conditions = references.conditions(cell.case, problem, options)
            trials.append(Trial(registry.methods[cell.method], conditions, pool))
            trials[-1].check()
        take_rounds(trials, meter, options, lambda text: None)
        meter.close()
        yield trials, meter
