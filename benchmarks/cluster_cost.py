"""What a cluster costs a case: time, bytes and memory, over cases that take no time themselves.

    python benchmarks/cluster_cost.py                 # 2,000 cases on local:1, and on local:2
    python benchmarks/cluster_cost.py --cases 500

Coordinator, engine and nodes are as they are; in the place of the harness a node returns at once
what a case of three methods comes to, with 100 samples and ten components each. Bytes are those
that the loopback interface carried, whoever sent them.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import psutil

from gradiometer.api import CORE_PACKAGES
from gradiometer.cluster import coordinator, task
from gradiometer.cluster.measuring import joined
from gradiometer.judging.kept import Kept
from gradiometer.measure.harness import Ended
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Plan
from gradiometer.plugins import loader
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.outcome import Cold, Outcome, Status, Verdict, Warm

METHODS = ("backprop", "central-difference", "complex-step")
SIZES = 10
"""Cases of a problem, which are measured one after the other."""


def at_once(token: str, cells: Sequence[Cell], known: Any) -> task.Measured:
    """Return what a case could have come to."""
    seconds = {number: 1e-6 + 1e-9 * number for number in range(100)}
    ten = [0.1 * place for place in range(10)]
    kept = Kept(list(range(10)), [f"x[{k}]" for k in range(10)], ten, ten, ten, [False] * 10)
    outcome = Outcome(
        Status.OK,
        verdict=Verdict(10, 14.0, 15.0, 15.0),
        cold=Cold(0.1, 0.001, 0.001, 4096, 0),
        warm=Warm(1e-6, 0.9e-6, 1.1e-6, 1.0, 0.9, 1.1, 100, 100, 1000, "precision", 1e-8, 1.0, 0),
    )
    return task.Measured(
        [Ended(cell, outcome, seconds, range(100), kept) for cell in cells], {}, []
    )


def plan(cases: int) -> Plan:
    """Return a plan of many problems with ten sizes each."""
    registry = loader.built_ins()
    one, found = registry.problems["rosenbrock"], []
    for number in range(cases // SIZES):
        named = replace(one, name=f"rosenbrock-{number}")
        registry.problems[named.name] = named
        found += [
            Cell(Case(named.name, str(size), "value"), method)
            for size in range(SIZES)
            for method in METHODS
        ]
    return Plan.of(found, registry)


def measure(cases: int, nodes: int) -> None:
    """Print what the cases cost on so many nodes."""
    planned, options = plan(cases), Options()
    stand_in = mock.Mock(wraps=task, begin=lambda setup: None, measure=at_once, end=print)
    start = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as folder,
        joined(f"local:{nodes}", planned.methods, options, CORE_PACKAGES) as (engine, members),
        mock.patch.object(coordinator, "task", stand_in),
    ):
        began, used, sent = time.monotonic(), time.process_time(), _sent()
        measuring = coordinator.Coordinator(planned, options, engine, members, Path(folder))
        resident = []
        for number, _ in enumerate(measuring.outcomes()):
            if number % (len(planned.cells) // 4) == 0:
                resident.append(psutil.Process().memory_info().rss / 2**20)
        wall, cpu = time.monotonic() - began, time.process_time() - used
        resident.append(psutil.Process().memory_info().rss / 2**20)
        count = len(planned.cases)
        print(
            f"local:{nodes}: {count} cases in {wall:.1f} s, {1e3 * wall / count:.1f} ms a case, "
            f"{1e3 * cpu / count:.1f} ms of the coordinator with its scheduler; "
            f"{(_sent() - sent) / count / 1e3:.1f} kB a case; began after {began - start:.1f} s; "
            f"coordinator {', '.join(f'{each:.0f}' for each in resident)} MB by quarters"
        )


def _sent() -> int:
    return int(psutil.net_io_counters(pernic=True)["lo"].bytes_sent)


def main() -> None:
    """Measure on one node, and on two."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    asked = parser.parse_args()
    for nodes in (1, 2):
        measure(asked.cases, nodes)


if __name__ == "__main__":
    main()
