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

import psutil
from table import Figure, print_table

from gradiometer import Options
from gradiometer.measure.harness import Harness
from gradiometer.measure.noise import NoiseMeter
from gradiometer.measure.plan import make_plan
from gradiometer.measure.pool import Pool
from gradiometer.measure.references import References
from gradiometer.measure.rounds import take_rounds
from gradiometer.measure.trial import Trial
from gradiometer.plugins import loader
from gradiometer.plugins.selection import choose
from gradiometer.runs.run import Run
from gradiometer.runs.schema import Identity, record
from gradiometer.runs.store import RunFolder
from gradiometer.vocabulary.case import Case
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
    """Compare the timing loop with timeit's around the same call, from 0.1 µs to 100 ms."""
    backward = loader.load().problems["product-of-sum"].address.load().backward
    calls: dict[str, tuple[Any, tuple[Any, ...]]] = {"by hand": (backward, (-2.0, 5.0, -4.0))}
    calls |= {f"kernel({n:,})": (sampling.kernel, (n,)) for n in (20, 2_000, 200_000, 2_000_000)}
    floor = _per_call(sampling.nothing, (1.0, 2.0, 3.0))
    for name, (call, args) in calls.items():
        loop = sampling.make_loop(call, args, {})
        names = {f"a{i}": a for i, a in enumerate(args)}
        bare = timeit.Timer(f"call({', '.join(names)})", globals=names | {"call": call}).timeit
        loops = sampling.calibrate(loop, 0.005)
        pairs = [(sampling.sample(loop, loops).wall_s, bare(loops) / loops) for _ in range(41)]
        off = statistics.median(a / b for a, b in pairs) - 1
        seconds = statistics.median(a for a, _ in pairs)
        shown = f"{seconds * 1e6:,.3g} µs"
        if seconds < 1e-6:
            shown += f", {max(0.0, seconds - floor) * 1e6:.2g} µs over a floor of {floor * 1e6:.2g}"
        yield Figure(f"{name}: {shown}", "within 3%", f"{off:+.1%}", abs(off) <= 0.03)


def scale() -> Iterator[Figure]:
    """Measure what ten thousand cells cost the coordinator, and what reading many records takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.py"
        path.write_text(MANY)
        registry = loader.load([path])
        chosen = choose(registry, ["many-*", "trivial-*"])
        plan = make_plan(registry, chosen["problems"], chosen["methods"])
        options = Options(rounds=0)
        process, marks, cells = psutil.Process(), list[int](), len(plan.cells)
        start = time.process_time()
        with Harness(plan, options, Path(folder) / "logs") as harness:
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


PARTS = {"repeatability": repeatability, "fidelity": fidelity, "scale": scale}

MANY = '''
"""Many trivial problems and methods."""
import numpy as np
from gradiometer import Method, Problem


def _line(xp, x, y):
    """f = x + 2·y."""
    return x + 2.0 * y


for i in range(50):
    globals()[f"many_{i}"] = Problem(f"many-{i}", _line, {"x": 1.0 + i, "y": 2.0})


class _Trivial(Method):
    mode = "manual"

    def namespace(self):
        return np

    def array(self, a):
        return a

    def gradient(self, f):
        return lambda inputs, given: (1.0, 2.0)


for i in range(100):
    made = type(f"Trivial{i}", (_Trivial,), {"name": f"trivial-{i}", "__module__": __name__})
    globals()[f"Trivial{i}"] = made
'''


def _one_repeat(seed: int) -> tuple[dict[str, float], dict[str, list[float]], float]:
    """Return paired ratios, samples taken one after the other, and the rounds' efficiency."""
    registry = loader.load()
    case = Case("mlp", "10-50-50-1x32", "gradient")
    options = Options(budget_s=SECONDS, precision=1e-9, seed=seed)
    with tempfile.TemporaryDirectory() as logs, Pool(Path(logs), threads=1) as pool:
        references = References(pool, options.timeout_s)
        conditions = references.conditions(case, registry.problems["mlp"].address, options)
        trials = [Trial(registry.methods[name], conditions, pool) for name in METHODS]
        for trial in trials:
            trial.check()
            trial.calibrate()
        meter = NoiseMeter(pool, options)
        start = time.monotonic()
        take_rounds(trials, meter, options, lambda text: None)
        seconds = time.monotonic() - start
        meter.close()
        first = trials[0]
        paired = {c.method.name: c.ratio_to(first).value for c in trials[1:]}
        apart = _apart(trials, seconds)
    return paired, apart, meter.noise().efficiency or math.nan


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


def _per_call(call: Callable[..., Any], args: tuple[Any, ...]) -> float:
    loop = sampling.make_loop(call, args, {})
    loops = sampling.calibrate(loop, 0.005)
    return statistics.median(sampling.sample(loop, loops).wall_s for _ in range(15))


if __name__ == "__main__":
    print_table(PARTS, sys.argv[1:])
