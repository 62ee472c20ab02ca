"""Measures certificates at the sizes that people train: time, memory, width, containment.

    python benchmarks/certificates.py                   # all rows but `huge`, some minutes
    python benchmarks/certificates.py small hvp         # rows by name
    python benchmarks/certificates.py large --unchecked # without balls of 192 bits beside it

Each row is a process of its own with one BLAS thread. Seconds are those of a gradient's (or
product's) enclosure with its bounds on rounding, the function and its point being there; of several
times the smallest. `peak` is the most memory that the process had, less what it had before.
`outside` counts the components whose ball does not meet that of Arb at 192 bits: of up to a million
inputs all; beyond, Arb takes too much memory, and nothing is compared.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gradiometer import Argument, Problem, problem
from gradiometer.plugins import loader
from gradiometer.reference.answers import ANSWERS
from gradiometer.reference.certify import certify, rounded
from gradiometer.reference.forward import BALLS, forward_pass
from gradiometer.vocabulary.enclosure import Enclosure
from gradiometer.vocabulary.operators import operator as find_operator

MOST_COMPARED = 1_200_000


@problem(
    at=lambda size, rng: {
        "x": rng.standard_normal((8, 3, size, size)),
        "K1": rng.standard_normal((16, 3, 3, 3)) / 5,
        "K2": rng.standard_normal((16, 16, 3, 3)) / 12,
        "W": rng.standard_normal((16 * (size - 4) ** 2, 17)) / 120,
    },
    sizes=(8, 32),
    source="the usual small network of two convolutions",
)
def convolutions(xp: Any, x: Any, K1: Any, K2: Any, W: Any) -> Any:
    """L = Σ (tanh(tanh(x ∗ K₁) ∗ K₂)·W)²."""
    h = xp.tanh(xp.conv(xp.tanh(xp.conv(x, K1)), K2))
    r = xp.reshape(h, (8, -1)) @ W
    return xp.sum(r * r)


ROWS: dict[str, tuple[str, Any, str, str]] = {
    "small": ("mlp", "10-50-50-1x32", "gradient", "0.015 s"),
    "middle": ("mlp", "64-256-256-10x64", "gradient", "0.1 s"),
    "large": ("mlp", "784-1024-256-10x64", "gradient", "0.8 s, 300 MB"),
    "larger": ("mlp", "1024-2048-2048-1000x32", "gradient", "5 s, 1 GB"),
    "huge": ("mlp", "4096-8192-8192-10x16", "gradient", "60 s, 8 GB"),
    "convolutions": ("", 32, "gradient", "1 s"),
    "hvp": ("mlp", "64-256-256-10x64", "hvp", "0.25 s"),
    "log-sum-exp": ("log-sum-exp", 1_000_000, "gradient", "0.7 s"),
    "rosenbrock": ("rosenbrock", 1_000_000, "gradient", "0.7 s"),
}


def main() -> None:
    """Print the rows that are asked for."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--unchecked", action="store_true", help="compare with nothing")
    parser.add_argument("--here", action="store_true", help="measure in this process")
    asked = parser.parse_args()
    names = asked.rows or [name for name in ROWS if name != "huge"]
    if asked.here:
        print(measured(names[0], checked=not asked.unchecked))
        return
    print(f"{'row':14}{'inputs':>12}{'s':>9}{'peak':>9}{'radius':>9}{'bits':>5}  outside; wanted")
    flags = ["--unchecked"] * asked.unchecked
    for name in names:
        command = [sys.executable, "-P", str(Path(__file__)), name, "--here", *flags]
        subprocess.run(command, check=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})


def measured(name: str, *, checked: bool) -> str:
    """Return a row."""
    stem, size, operator, wanted = ROWS[name]
    of = loader.load().problems[stem].address.load() if stem else convolutions
    of = replace(of, sizes=(size,))
    at = _argument(of, str(size))
    inputs = sum(a.size for a in at.point.inputs.values())
    before = _memory()
    times: list[float] = []
    found: Any = None
    while len(times) < 2 or (sum(times) < 3.0 and len(times) < 7):
        found, start = None, time.perf_counter()
        found = certify(of, at, operator)
        times.append(time.perf_counter() - start)
    peak = _memory() - before
    outside = "–"
    if checked and inputs <= MOST_COMPARED:
        outside = str(_outside(of, at, operator, found))
    width = np.max(found.radius) / found.norm
    figures = f"{inputs:>12,}{min(times):>9.3f}{peak:>6.0f} MB{width:>9.0e}{found.bits:>5}"
    return f"{name:14}{figures}  {outside}; {wanted}"


def _argument(of: Problem, label: str) -> Argument:
    return of.points(label, 0, outline=lambda at: ((),)).declared


def _outside(of: Problem, at: Argument, operator: str, found: Enclosure) -> int:
    done = replace(forward_pass(of, at.point, BALLS[0]), bounded=False)
    with done.working():
        answer = ANSWERS[operator](done, find_operator(operator), at.directions)
    truth = rounded(answer, done)
    gap = np.abs((found.high - truth.high) + (found.low - truth.low))
    reach = (found.radius + truth.radius) * (1.0 + 2.0**-40)
    return int((gap * (1.0 - 2.0**-40) - 2.0**-105 * np.abs(truth.high) > reach).sum())


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
