"""Measures the instrument itself and prints one table: goals, and what was reached.

    python benchmarks/goals.py             # everything, some minutes
    python benchmarks/goals.py fidelity    # one part: start-up, runs, fidelity, reference

Nothing is asserted: times depend on the machine. Run it on one that is otherwise idle.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from table import Figure, print_table

from gradiometer import Argument, Problem, Target
from gradiometer.measure import environment
from gradiometer.measure.plan import make_plan
from gradiometer.plugins import loader
from gradiometer.reference.certify import certify
from gradiometer.worker import requests, sampling
from gradiometer.worker.cores import pin
from gradiometer.worker.tool import Tool

GRADIOMETER = [sys.executable, "-m", "gradiometer"]


def start_up() -> Iterator[Figure]:
    """Time the commands that must answer at once, with modules that are compiled, as installed."""
    environ = {name: os.environ[name] for name in {*os.environ} - {"PYTHONDONTWRITEBYTECODE"}}
    for arguments, goal in ((["--help"], 0.3), (["list", "methods"], 0.5)):
        command = [*GRADIOMETER, *arguments]
        call = functools.partial(
            subprocess.run, command, stdout=subprocess.DEVNULL, check=True, env=environ
        )
        seconds = statistics.median(_timed(call) for _ in range(7))
        what = f"gradiometer {' '.join(arguments)}"
        yield Figure(what, f"{goal:g} s", f"{seconds:.2f} s", seconds <= goal)


def runs() -> Iterator[Figure]:
    """Time whole runs, and watch the coordinator's peak memory."""
    for options, goal in ((["--quick"], 30.0), ([], 120.0)):
        with tempfile.TemporaryDirectory() as folder:
            where = ["--results", f"{folder}/results", "--reports", f"{folder}/reports"]
            environ = os.environ | {"GRADIOMETER_CACHE": f"{folder}/cache"}
            seconds, peak = _watched([*GRADIOMETER, "run", *options, *where], environ)
        what = " ".join(["gradiometer run", *options])
        yield Figure(what, f"{goal:g} s", f"{seconds:.0f} s", seconds <= goal)
        yield Figure(f"{what}, coordinator", "200 MB", f"{peak / 1e6:.0f} MB", peak <= 200e6)


def fidelity() -> Iterator[Figure]:
    """Compare what the suite reports with a bare loop, in a fresh process held to one thread."""
    for what, ratio in _alone("--bare-loops").items():
        off = abs(ratio - 1)
        yield Figure(f"warm call, {what}", "within 5%", f"{ratio - 1:+.1%}", off <= 0.05)


def reference() -> Iterator[Figure]:
    """Time certified gradients, bound included, and look-ups, in fresh processes."""
    for what, goal, memory in (
        ("mlp 10-50-50-1x32, 3,471 inputs", 0.1, None),
        ("mlp 64-256-256-10x64, 89,098 inputs", 1.0, None),
        ("log-sum-exp of 1,000,000 inputs", 5.0, 1.2e9),
    ):
        seconds, peak = _alone("--certify", what)
        named = f"certified gradient, {what}"
        yield Figure(named, f"{goal:g} s", f"{seconds:.2f} s", seconds <= goal)
        if memory:
            yield Figure(f"{named}, memory", "1.2 GB", f"{peak / 1e9:.2f} GB", peak <= memory)
    seconds, name = _alone("--look-up")
    what = "look-up of a certificate, slowest problem at its default size"
    yield Figure(what, "40 ms", f"{seconds * 1e3:.0f} ms ({name})", seconds <= 0.04)


def _alone(*arguments: str) -> Any:
    """Return what this script measures in a process of its own, held to one thread."""
    environ = dict(os.environ)
    environment.restrict(environ, threads=1)
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def certification(what: str) -> list[float]:
    """Return the seconds that a certified gradient takes, the median of three, and peak memory."""
    if what.startswith("mlp"):
        problem = loader.load().problems["mlp"].address.load()
        at = Argument(problem.point(what.split()[1].rstrip(",")))
    else:
        x = np.random.default_rng(0).standard_normal(1_000_000)
        problem = Problem("large", lambda xp, x: xp.logsumexp(x), {"x": x})
        at = Argument(problem.point())
    times = [_timed(lambda: certify(problem, at, "gradient")) for _ in range(3)]
    return [statistics.median(times), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]


def look_ups() -> list[Any]:
    """Return the longest that finding a first derivative again takes, and of which problem."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GRADIOMETER_CACHE"] = folder
        found, tool, registry = [], Tool(), loader.load()
        problems, methods = registry.matching("problems", "*"), registry.matching("methods", "jax")
        plan = make_plan(registry, problems, methods, extent="default")
        for case in (case for case in plan.cases if case.operator != "value"):
            problem = registry.problems[case.problem].address
            at = requests.points(tool, problem, case.size, 0, case.dtype).checked[0]
            again = functools.partial(requests.certify, tool, problem, at, case.operator)
            again()
            found.append((statistics.median(_timed(again) for _ in range(5)), case.problem))
    return list(max(found))


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def bare_loops(rounds: int = 31) -> dict[str, float]:
    """Return the suite's time over a bare loop's, by cell: the median of paired ratios."""
    from bare import CELLS  # which imports the tools

    pin(threads=1)
    registry, tool, ratios = loader.load(), Tool(), {}
    for (name, label, method), bare in CELLS.items():
        problem, chosen = registry.problems[name].address, registry.methods[method].address
        points = requests.points(tool, problem, label, 0, "float64")
        at, work = points.checked[0], requests.Work(chosen, problem, "gradient", points.signature)
        requests.set_up(tool, chosen, Target())
        requests.prepare(tool, "cell", work, points.preparation, 60.0)
        loops, _ = requests.calibrate(tool, "cell", [at], 0.005)
        loop = bare(problem.load(), at.point)
        loop(loops)
        paired = [
            requests.sample(tool, "cell", loops).wall_s / sampling.sample(loop, loops).wall_s
            for _ in range(rounds)
        ]
        ratios[" ".join(filter(None, (name, label, method)))] = statistics.median(paired)
    return ratios


def _watched(command: list[str], environ: dict[str, str]) -> tuple[float, int]:
    """Return a command's wall time and its own peak resident memory, children apart."""
    start, peak = time.perf_counter(), 0
    process = psutil.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        peak = max([peak, *(int(x.split()[1]) for x in status.splitlines() if "VmHWM" in x)])
        time.sleep(0.05)
    return time.perf_counter() - start, peak * 1024


PARTS = {"start-up": start_up, "reference": reference, "fidelity": fidelity, "runs": runs}
ALONE: dict[str, Callable[..., Any]] = {
    "--bare-loops": bare_loops,
    "--certify": certification,
    "--look-up": look_ups,
}
"""What is measured in a process of its own."""

if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in ALONE:
        print(json.dumps(ALONE[sys.argv[1]](*sys.argv[2:])))
    else:
        print_table(PARTS, sys.argv[1:])
