"""Ends runs in every way at random, takes them up, and counts what is lost: nothing may be.

    python benchmarks/stress.py     # 30 kills, 30 SIGTERMs, 10 full disks, 40 on a cluster, damage
    python benchmarks/stress.py --kills 5 --terms 5 --disks 2 --clusters 5

A run is ended by SIGKILL, or by SIGTERM, after a random time, then resumed, and ended again with a
chance of one half; or its results lie on a small disk (a tmpfs, which root can mount), which is
made larger before it is resumed; or it is measured on a cluster of three nodes, of which a node,
the scheduler or the coordinator is killed, or a node is parted from the others (nodes are in
network namespaces, where root can make them). At the end every planned cell must have exactly one
record, every record that was there before must be there still, and no worker may be left. Then a
plan is checked without a cluster and on one, and cells that end otherwise are counted; and each
file of a run is cut at twenty places and flipped at twenty (`tests/test_damage.py`).
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import hosts
import psutil
from hosts import LOST_S, Cluster, cluster

import gradiometer
from gradiometer.measure.pool import MARK
from gradiometer.report.run import Run
from gradiometer.runs.facts import read_info
from gradiometer.runs.journal import read_journal
from gradiometer.runs.store import run_folders

COMMAND = [sys.executable, "-m", "gradiometer", "run"]
CHOSEN = ["--problem", "*chain*", "--rounds", "15", "--budget", "1"]
OURS = "GRADIOMETER_STRESS"
LONGEST_S = 300.0
"""Time within which a run on a cluster ends, whatever was killed, seconds."""
METHODS = ("backprop", "central-difference", "sympy", "jax-jit")
ALIKE = ["--problem", "all", "--quick", "--all", "--rounds", "0", "--fail-on", "none"]
ALIKE += ["--method", "backprop", "--method", "autograd", "--method", "central-difference"]
ALIKE += ["--dtype", "float64", "--dtype", "float32"]
NEW = [*COMMAND, *CHOSEN, *(part for m in METHODS for part in ("--method", m))]


def ended_by(number: signal.Signals, rng: random.Random) -> str:
    """End and resume one run; return what went wrong, or nothing."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # a report may go on
        results = Path(folder) / "results"
        _end(number, NEW, folder, rng.uniform(0.3, 12.0))
        while not run_folders(results):
            _end(number, NEW, folder, rng.uniform(1.0, 12.0))
        (path,) = run_folders(results)
        while rng.random() < 0.5:
            _end(number, [*COMMAND, "--resume", str(path)], folder, rng.uniform(0.3, 8.0))
        return _resumed(path)


def killed(rng: random.Random) -> str:
    """End a run by SIGKILL."""
    return ended_by(signal.SIGKILL, rng)


def terminated(rng: random.Random) -> str:
    """End a run by SIGTERM."""
    return ended_by(signal.SIGTERM, rng)


def on_a_full_disk(rng: random.Random) -> str:
    """Measure onto a disk that is too small, make it larger, and resume."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        results.mkdir()
        small = f"size={rng.randrange(24, 120)}k"
        subprocess.run(["mount", "-t", "tmpfs", "-o", small, "tmpfs", str(results)], check=True)
        try:
            done = subprocess.run(NEW, cwd=folder, capture_output=True, text=True)
            if done.returncode not in (1, 2) or "Traceback" in done.stderr:
                return f"exit code {done.returncode}: {done.stderr[-300:]}"
            subprocess.run(["mount", "-o", "remount,size=64m", str(results)], check=True)
            folders = run_folders(results)
            return _resumed(folders[0]) if folders else ""
        finally:
            subprocess.run(["umount", str(results)], check=True)


def on_a_cluster(rng: random.Random) -> str:
    """Kill a node, the scheduler or the coordinator, and resume, with a cluster or without."""

    def kill(on: Cluster, coordinator: subprocess.Popen[bytes]) -> bool:
        rng.choice([*on.processes, coordinator]).kill()
        coordinator.wait(LONGEST_S)
        return rng.random() < 0.5 and all(each.poll() is None for each in on.processes)

    return _disturbed(rng, kill)


def on_a_parted_network(rng: random.Random) -> str:
    """Part a node from the scheduler for a while, or for good."""

    def part(on: Cluster, coordinator: subprocess.Popen[bytes]) -> bool:
        host = rng.choice(on.hosts)
        on.cut(host)
        time.sleep(rng.uniform(1.0, 2.0 * LOST_S))
        if rng.random() < 0.7:
            on.mend(host)
        return coordinator.wait(LONGEST_S) not in (0, 1)

    return _disturbed(rng, part)


def _disturbed(
    rng: random.Random, disturb: Callable[[Cluster, subprocess.Popen[bytes]], bool]
) -> str:
    """Measure on a cluster, do something to it, and resume; return what went wrong.

    Args:
        rng: When it is done.
        disturb: Does it, waits for the coordinator's end, and tells whether the cluster resumes.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        results = Path(folder) / "results"
        with cluster(folder) as on:
            command = [*NEW, "--cluster", on.address]
            none = subprocess.DEVNULL
            with subprocess.Popen(command, cwd=folder, stdout=none, stderr=none) as coordinator:
                while not run_folders(results) and coordinator.poll() is None:
                    time.sleep(0.1)
                time.sleep(rng.uniform(0.0, 6.0))
                again = disturb(on, coordinator)
            if not run_folders(results):
                return "no run has begun"
            (path,) = run_folders(results)
            if again:
                command = [*COMMAND, "--resume", str(path), "--cluster", on.address]
                subprocess.run(command, cwd=folder, capture_output=True, timeout=LONGEST_S)
        return _resumed(path)


def alike_on_a_cluster() -> int:
    """Check a plan without a cluster and on one; return how many cells ended otherwise."""
    with tempfile.TemporaryDirectory() as folder:
        ended = []
        with cluster(folder) as on:
            for more in ([], ["--cluster", on.address]):
                command = [*COMMAND, *ALIKE, *more]
                subprocess.run(command, cwd=folder, capture_output=True, check=True)
        for path in sorted(run_folders(Path(folder) / "results")):
            rows = Run.read(path).records
            cells = zip(rows["case"], rows["method"], strict=True)
            told = rows[["status", "reason", "digits", "worst_digits", "promise"]].astype(str)
            ended.append(dict(zip(cells, map(tuple, told.to_numpy()), strict=True)))
        one, other = ended
        apart = [cell for cell in one.keys() | other.keys() if one.get(cell) != other.get(cell)]
        for cell in apart:
            print(*cell, one.get(cell), other.get(cell), sep="  ")
        cases = len({case for case, _ in one})
        print(f"alike_on_a_cluster: {len(apart)} of {len(one)} cells of {cases} cases otherwise")
        return len(apart)


def _end(number: signal.Signals, command: list[str], folder: str, after_s: float) -> None:
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.send_signal(number)


def _resumed(path: Path) -> str:
    """Resume a run, and return what went wrong, or nothing."""
    if not (path / "run.json").exists():
        return "run.json is missing"
    state = read_info(path)["state"]
    if state not in ("interrupted", "complete", "failed"):
        return f"its state is {state}"
    before = read_journal(path / "records.jsonl")
    if before.broken:
        return before.damage
    fault = _judge(gradiometer.resume(path))
    after = read_journal(path / "records.jsonl").rows
    return fault or ("" if after[: len(before.rows)] == before.rows else "a record has changed")


def _judge(run: Run) -> str:
    found = Counter(zip(run.records["case"], run.records["method"], strict=True))
    planned = {(row["case"], row["method"]) for row in run.info["plan"]}
    if set(found) != planned:
        return f"{len(planned - set(found))} cells have no record"
    if max(found.values()) > 1:
        return "a cell has two records"
    if run.damage:
        return str(run.damage)
    left = [p for p in psutil.process_iter() if _is_worker(p)]
    return f"{len(left)} workers are left" if left else ""


def _is_worker(process: psutil.Process) -> bool:
    """Return whether a process is a worker of these runs; other runs on the machine have theirs."""
    try:
        environ = process.environ()
    except psutil.Error:
        return False
    return MARK in environ and environ.get(OURS) == os.environ[OURS]


def repeat(what: Callable[[random.Random], str], times: int) -> int:
    """Do something many times, print what happened, and return how often something was lost."""
    rng, start, faults = random.Random(2026), time.monotonic(), 0
    for number in range(1, times + 1):
        fault = what(rng)
        faults += bool(fault)
        print(f"{what.__name__:16} {number:3d}  {fault or 'whole'}", flush=True)
    seconds = time.monotonic() - start
    print(f"{what.__name__}: {times - faults} of {times} runs whole, in {seconds:.0f} s")
    return faults


def main() -> None:
    """Do all of it, and exit with 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30, help="runs ended by SIGKILL")
    parser.add_argument("--terms", type=int, default=30, help="runs ended by SIGTERM")
    parser.add_argument("--disks", type=int, default=10, help="runs on a full disk")
    parser.add_argument("--clusters", type=int, default=30, help="runs on a cluster with a kill")
    parser.add_argument("--partings", type=int, default=10, help="runs with a node cut off")
    parser.add_argument("--alike", type=int, default=1, help="0: no plan without and on a cluster")
    parser.add_argument("--damage", type=int, default=20, help="cuts, and flips, of each file")
    asked = parser.parse_args()
    os.environ[OURS] = str(os.getpid())  # inherited by all that is started here
    faults = repeat(killed, asked.kills) + repeat(terminated, asked.terms)
    faults += repeat(on_a_cluster, asked.clusters)
    if hosts.possible():
        faults += repeat(on_a_parted_network, asked.partings)
    else:
        print("on_a_parted_network: left out, since network namespaces cannot be made")
    faults += alike_on_a_cluster() if asked.alike else 0
    if os.geteuid() == 0:
        faults += repeat(on_a_full_disk, asked.disks)
    else:
        print("on_a_full_disk: left out, since only root can mount a small disk")
    if asked.damage:
        tests = str(Path(__file__).parents[1] / "tests" / "test_damage.py")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests]
        environ = os.environ | {"TIMES": str(asked.damage)}
        faults += subprocess.run(command, env=environ).returncode != 0
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
