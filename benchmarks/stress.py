"""Kills the coordinator at random, takes the run up, and counts what is lost: nothing may be.

    python benchmarks/stress.py          # thirty times
    python benchmarks/stress.py 5

Each time: `gradiometer run` is killed with SIGKILL after a random time, then resumed, and killed
again with a chance of one half. At the end every planned cell must have exactly one record, and no
worker may be left.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

import gradiometer
from gradiometer.measure.pool import MARK
from gradiometer.runs.run import Run
from gradiometer.runs.store import run_folders

COMMAND = [sys.executable, "-m", "gradiometer", "run"]
CHOSEN = ["--problem", "*chain*", "--rounds", "15", "--budget", "1"]
OURS = "GRADIOMETER_STRESS"
METHODS = ("backprop", "central-difference", "sympy", "jax-jit")


def once(rng: random.Random) -> str:
    """Kill and resume one run; return what went wrong, or nothing."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # a report may go on
        results = Path(folder) / "results"
        chosen = [*CHOSEN, *(part for m in METHODS for part in ("--method", m))]
        _killed([*COMMAND, *chosen], folder, rng.uniform(0.3, 12.0))
        while not run_folders(results):
            _killed([*COMMAND, *chosen], folder, rng.uniform(1.0, 12.0))
        (path,) = run_folders(results)
        while rng.random() < 0.5:
            _killed([*COMMAND, "--resume", str(path)], folder, rng.uniform(0.3, 8.0))
        if not (path / "run.json").exists():
            return "run.json is missing"
        return _judge(gradiometer.resume(path))


def _killed(command: list[str], folder: str, after_s: float) -> None:
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.kill()


def _judge(run: Run) -> str:
    found = Counter(zip(run.records["case"], run.records["method"], strict=True))
    planned = {(row["case"], row["method"]) for row in run.info["plan"]}
    if set(found) != planned:
        return f"{len(planned - set(found))} cells have no record"
    if max(found.values()) > 1:
        return "a cell has two records"
    left = [p for p in psutil.process_iter() if _is_worker(p)]
    return f"{len(left)} workers are left" if left else ""


def _is_worker(process: psutil.Process) -> bool:
    """Return whether a process is a worker of these runs; other runs on the machine have theirs."""
    try:
        environ = process.environ()
    except psutil.Error:
        return False
    return MARK in environ and environ.get(OURS) == os.environ[OURS]


def main(times: int) -> None:
    """Print what happened, and exit with 1 if anything was lost."""
    os.environ[OURS] = str(os.getpid())  # inherited by all that is started here
    rng, start, faults = random.Random(2026), time.monotonic(), 0
    for number in range(1, times + 1):
        fault = once(rng)
        faults += bool(fault)
        print(f"{number:3d}  {fault or 'whole'}", flush=True)
    print(f"{times - faults} of {times} runs whole, in {time.monotonic() - start:.0f} s")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 30)
