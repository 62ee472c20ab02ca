"""Runs of some days that are made up, and what becomes of them: as docs/compare.md shows it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import ruptures  # noqa: F401  # its SciPy asks all modules for their files: before lazy ones are there
from records import plan, row

from gradiometer.runs.schema import record, samples
from gradiometer.runs.store import RunFolder
from gradiometer.versions.measure import Measured
from gradiometer.versions.result import VERSIONS, Ended, Processes

DAYS = 8
METHODS = {"backprop": 80.0, "jax-jit": 95.0, "pytorch": 240.0, "autograd": 410.0, "my-tool": 150.0}
"""Microseconds of a gradient of the first problem, by method."""

PROBLEMS = {"mlp": 1.0, "rosenbrock": 0.4, "log-sum-exp": 2.5, "prelu-chain": 0.05}


def write(results: Path) -> None:
    """Write the runs of all days; `my-tool` is slower from the sixth on, and once wrong."""
    for day in range(DAYS):
        folder = RunFolder.create(results, _facts(day))
        for each, series in _cells(day):
            folder.append(each, series)
        folder.info["id"] = f"202601{day + 1:02}-090000-aaaa"
        folder.finish("complete")
        folder.path.rename(results / folder.info["id"])


def versions(results: Path) -> Path:
    """Write what two versions of `my-tool` came to, and return the run's folder."""
    identity = {k: v for k, v in row("my-tool", "mlp").items() if k in VERSIONS.columns}
    machine = {"cpu": "a processor", "cores": 2}
    info = {"environment": machine, "plan": plan(row("my-tool", "mlp"))}
    info |= {"versions": {"old": "git:main", "new": "working tree"}, "options": {}}
    folder = RunFolder.create(results, info, VERSIONS)
    for operator, factor in (("value", 1.0), ("gradient", 1.12)):
        rng, series = np.random.default_rng(5), Processes()
        for _ in range(6):
            old = 150e-6 * float(np.exp(0.02 * rng.standard_normal()))
            series.old_seconds.append(old)
            series.new_seconds.append(old * factor * float(np.exp(0.01 * rng.standard_normal())))
            series.ratios.append(series.new_seconds[-1] / old)
        each = Measured(None, Ended(old_digits=15.2, new_digits=15.2), series)  # type: ignore[arg-type]
        each.tell()
        named = {"case": f"mlp/float64/{operator}", "operator": operator}
        folder.append(identity | record(each.ended) | named, record(series))
    folder.info["id"] = "20260109-090000-aaaa"
    folder.finish("complete")
    path = results / folder.info["id"]
    folder.path.rename(path)
    return path


def _facts(day: int) -> dict[str, Any]:
    told = {"numpy": "2.1.0" if day < 3 else "2.2.0", "my-tool": "1.4" if day < 5 else "1.5"}
    started = f"2026-01-{day + 1:02}T09:00:00+00:00"
    machine = {"started": started, "cpu": "a processor", "cores": 2, "versions": told}
    rows = [each for each, _ in _cells(day)]
    return {"environment": machine, "options": {"threads": 1}, "plan": plan(*rows)}


def _cells(day: int) -> Iterator[tuple[dict[str, Any], dict[str, Any] | None]]:
    rng = np.random.default_rng(day)
    machine = math.exp(0.05 * rng.standard_normal())
    for problem, size in PROBLEMS.items():
        moment = np.exp(0.05 * rng.standard_normal(20))
        for method, micros in METHODS.items():
            slower = 1.3 if method == "my-tool" and day >= 5 and problem != "prelu-chain" else 1.0
            placed = math.exp(0.01 * rng.standard_normal())
            seconds = micros * 1e-6 * size * slower * placed * machine * moment
            seconds *= np.exp(0.01 * rng.standard_normal(20))
            middle = float(np.median(seconds))
            times = {"time_s": middle, "low_s": 0.995 * middle, "high_s": 1.005 * middle}
            times |= {"ratio": micros / 80.0 * slower, "digits": 15.2}
            if method == "my-tool" and problem == "log-sum-exp" and day == DAYS - 1:
                wrong = {"status": "disagrees", "reason": "sign", "digits": 0.0}
                yield row(method, problem, **wrong), None
            else:
                drawn = dict(enumerate(map(float, seconds)))
                yield row(method, problem, **times), samples(drawn, drawn, 10)
