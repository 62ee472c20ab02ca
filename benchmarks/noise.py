"""Measures the measuring engine and prints one table: goals, and what was reached.

    python benchmarks/noise.py                  # everything, some minutes
    python benchmarks/noise.py repeatability    # one part

Repeatability compares four ways to spend the same time on the same methods: interleaved rounds with
paired ratios, and one method after the other by mean, by median and by minimum. Nothing is
asserted.
"""

from __future__ import annotations

import math
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from table import Figure, print_table
from trials import side_by_side

from gradiometer import Method, Options, Problem
from gradiometer.measure.harness import Harness
from gradiometer.measure.plan import make_plan
from gradiometer.measure.trial import Trial
from gradiometer.plugins import loader
from gradiometer.plugins.registry import Registry
from gradiometer.report.run import Run
from gradiometer.runs.schema import Identity, record
from gradiometer.runs.store import RunFolder
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.outcome import Outcome, Status, Verdict, Warm
from gradiometer.worker import sampling

REPEATS = 8
SECONDS = 3.0
METHODS = ("backprop", "pytorch", "jax-jit", "tensorflow-function")
WAYS: dict[str, Callable[[list[float]], float]] = {
    "mean": statistics.fmean,
    "median": statistics.median,
    "minimum": min,
}


def repeatability() -> Iterator[Figure]:
    """Repeat a case in fresh workers; compare how far ratios scatter between repeats."""
    found: dict[str, list[dict[str, float]]] = {way: [] for way in ("interleaved", *WAYS)}
    inside = []
    for repeat in range(REPEATS):
        paired, apart, efficiency = _one_repeat(seed=repeat)
        found["interleaved"].append(paired)
        inside.append(efficiency)
        for way, figure in WAYS.items():
            first = figure(apart[METHODS[0]])
            found[way].append({m: figure(apart[m]) / first for m in METHODS[1:]})
    scatter = {way: _scatter(ratios) for way, ratios in found.items()}
    ours = scatter.pop("interleaved")
    yield Figure("scatter of ratios, interleaved", "3%", f"{ours:.1%}", ours <= 0.03)
    for way, other in scatter.items():
        yield Figure(
            f"scatter of ratios, one after the other, {way}",
            "3 times ours",
            f"{other:.1%} ({other / ours:.1f} times)",
            ours <= other / 3,
        )
    share = statistics.median(inside)
    yield Figure("rounds' time inside timed calls", "50%", f"{share:.0%}", share >= 0.5)


def fidelity() -> Iterator[Figure]:
    """Compare the timing loop with timeit's around the same call, from 1 µs to 100 ms."""
    for n in (20, 2_000, 200_000, 2_000_000):
        loop = sampling.make_loop(sampling.kernel, [((n,), {})])
        bare = timeit.Timer("f(n)", globals={"f": sampling.kernel, "n": n}).timeit
        loops = sampling.calibrate(loop.run, 0.005)
        pairs = [(sampling.sample(loop, loops).wall_s, bare(loops) / loops) for _ in range(41)]
        off = statistics.median(ours / theirs for ours, theirs in pairs) - 1
        shown = f"{statistics.median(ours for ours, _ in pairs) * 1e6:,.3g} µs"
        yield Figure(f"a call of {shown}", "within 3%", f"{off:+.1%}", abs(off) <= 0.03)


def scale() -> Iterator[Figure]:
    """Measure what ten thousand cells cost the coordinator, and what reading many records takes."""
    with tempfile.TemporaryDirectory() as folder:
        registry = _trivial(problems=50, methods=100)
        plan = make_plan(registry, [*registry.problems.values()], [*registry.methods.values()])
        process, marks, cells = psutil.Process(), list[int](), len(plan.cells)
        start = time.process_time()
        with Harness(plan, Options(rounds=0), Path(folder) / "logs") as harness:
            for number, _ in enumerate(harness.outcomes(), start=1):
                if number % (cells // 4) == 0:
                    marks.append(process.memory_info().rss)
        each = (time.process_time() - start) / cells
        grown = (marks[-1] - marks[0]) / 1e6
        what = f"coordinator's CPU time a cell, {cells:,} cells"
        yield Figure(what, "1 ms", f"{each * 1e3:.2f} ms", each <= 1e-3)
        yield Figure("memory, from a quarter to the end", "flat", f"{grown:+.1f} MB", grown < 10)
        yield from _reading(Path(folder))


def _reading(folder: Path, cases: int = 5_000, methods: int = 20) -> Iterator[Figure]:
    """Time loading and tabulating a run of made-up records."""

    def identity(i: int, k: int) -> Identity:
        names = {"problem": f"p{i}", "size": "", "operator": "gradient", "mode": "reverse"}
        return Identity(case=f"p{i}/float64/gradient", method=f"m{k}", tool=f"m{k}", **names)

    cells = [(identity(i, k), k + 1.0) for i in range(cases) for k in range(methods)]
    info = {"environment": {}, "options": {}, "timing": "interleaved"}
    made = RunFolder.create(folder, info | {"plan": [asdict(cell) for cell, _ in cells]})
    verdict = Verdict(n=3, promise=12.0, digits=15.5)
    for cell, x in cells:
        warm = Warm(1e-6 * x, 9e-7 * x, 1.1e-6 * x, x, x - 0.1, x + 0.1)
        made.append(record(cell, Outcome(Status.OK, verdict=verdict, warm=warm)))
    made.finish("complete")
    start = time.perf_counter()
    run = Run.read(made.path)
    for table in (run.agreement, run.speed, run.timing, run.ranking, run.coverage):
        table()
    seconds = time.perf_counter() - start
    what = f"loading and tabulating {len(run.records):,} records"
    yield Figure(what, "2 s", f"{seconds:.1f} s", seconds <= 2.0)


def _line(xp: Any, x: Any, y: Any) -> Any:
    return x + 2.0 * y


class Trivial(Method):
    """The gradient of the line."""

    def namespace(self) -> Any:
        """Return NumPy."""
        return np

    def gradient(self, f: Any) -> Any:
        """Return what is known."""
        return lambda inputs, given: (1.0, 2.0)


def _trivial(problems: int, methods: int) -> Registry:
    """Return a registry of problems and methods that cost nothing themselves."""
    registry = Registry()
    for i in range(problems):
        registry.add(Problem(f"line-{i}", _line, {"x": 1.0 + i, "y": 2.0}))
    for i in range(methods):
        registry.add(type(f"Trivial{i}", (Trivial,), {"name": f"trivial-{i}"})(), "trivial")
    return registry


def _one_repeat(seed: int) -> tuple[dict[str, float], dict[str, list[float]], float]:
    """Return paired ratios, samples taken one after the other, and the rounds' efficiency."""
    case = Case("mlp", "10-50-50-1x32", "gradient")
    options = Options(budget_s=SECONDS, precision=1e-9, seed=seed)
    cells = [Cell(case, name) for name in METHODS]
    with side_by_side(loader.load(), cells, options) as (trials, meter):
        efficiency = meter.noise().efficiency or math.nan
        paired = {c.method.name: c.ratio_to(trials[0]).value for c in trials[1:]}
        apart = _apart(trials, sum(c.spent_s for c in trials) / efficiency)
    return paired, apart, efficiency


def _apart(trials: list[Trial], seconds: float) -> dict[str, list[float]]:
    """Return samples of each method in turn, for the same total time."""
    taken = {}
    for trial in trials:
        kept, trial.samples = trial.samples, {}
        end, number = time.monotonic() + seconds / len(trials), 0
        while time.monotonic() < end:
            trial.sample(number)
            number += 1
        taken[trial.method.name] = list(trial.samples.values())
        trial.samples = kept
    return taken


def _scatter(ratios: list[dict[str, float]]) -> float:
    """Return the standard deviation of the log ratio over repeats, pooled over methods."""
    variances = [statistics.variance([math.log(r[m]) for r in ratios]) for m in METHODS[1:]]
    return math.sqrt(statistics.fmean(variances))


PARTS = {"repeatability": repeatability, "fidelity": fidelity, "scale": scale}

if __name__ == "__main__":
    print_table(PARTS, sys.argv[1:])
