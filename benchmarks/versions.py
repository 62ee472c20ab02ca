"""Compares equal code, and code slowed by 5 %, as `run --against` does, and counts the verdicts.

    python benchmarks/versions.py        # 200 comparisons of each, about an hour
    python benchmarks/versions.py 40     # fewer

Comparisons of one run share its processes. The slowed version waits, computing, for a twentieth of
what each call took. Nothing is asserted.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from table import Figure, print_table

from gradiometer.measure.verdicts import Change
from gradiometer.versions.compare import compare_versions

METHOD = """
import time
import numpy as np
from gradiometer import Method, Namespace
from slowed import SLOWED

class Mine(Method):
    '''A complex step.'''

    name, mode = "mine", "numerical"

    def namespace(self):
        return Namespace(np)

    def array(self, a):
        return np.asarray(a, dtype=complex)

    def gradient(self, f):
        def gradient(inputs, given):
            start = time.perf_counter()
            found = []
            for i, x in enumerate(inputs):
                slopes = np.zeros(x.shape)
                for k in np.ndindex(x.shape):
                    moved = [np.array(each) for each in inputs]
                    moved[i][k] += 1e-30j
                    slopes[k] = np.imag(f(moved, given)) / 1e-30
                found.append(slopes)
            now = time.perf_counter()
            end = now + SLOWED * (now - start)
            while now < end:
                now = time.perf_counter()
            return tuple(found)
        return gradient
"""
PROBLEMS = [
    "sigmoid-affine", "log-cos-exp-sin-chain", "cos-exp-sin-chain", "prelu-chain", "rosenbrock",
    "product-of-sum",
]  # fmt: skip
"""Of small sizes, of which a complex step takes from ten microseconds to a millisecond."""

COMPARISONS = int(sys.argv.pop(1)) if sys.argv[1:] and sys.argv[1].isdigit() else 200


def equal() -> Iterator[Figure]:
    """Count how often equal code is told apart."""
    found = _changes(0.0)
    told = found[Change.FASTER] + found[Change.SLOWER]
    share = told / found.total()
    yield Figure(f"equal code told apart: {_shown(found)}", "5%", f"{share:.1%}", share <= 0.05)


def slowed() -> Iterator[Figure]:
    """Count how often a slowdown of 5 % is found."""
    found = _changes(0.05)
    share = found[Change.SLOWER] / found.total()
    yield Figure(f"5 % slower found: {_shown(found)}", "90%", f"{share:.1%}", share >= 0.9)


def _changes(by: float) -> Counter[str]:
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for name, factor in (("old", 0.0), ("new", by)):
            (Path(folder) / name).mkdir()
            (Path(folder) / name / "mine.py").write_text(METHOD)
            (Path(folder) / name / "slowed.py").write_text(f"SLOWED = {factor}\n")
        while found.total() < COMPARISONS:
            compared = compare_versions(
                [str(Path(folder) / "new" / "mine.py"), *PROBLEMS],
                str(Path(folder) / "old"),
                operators=["gradient"],
                results=Path(folder) / "results",
            )
            found.update(compared.records["change"].tolist())
            print(dict(found), file=sys.stderr, flush=True)
    return found


def _shown(found: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in found.most_common())


if __name__ == "__main__":
    print_table({"equal": equal, "slowed": slowed}, sys.argv[1:])
