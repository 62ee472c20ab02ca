"""Measures the page of a report: its size, and how soon it can be used.

    python benchmarks/pages.py            # 2,000 and 20,000 cells
    python benchmarks/pages.py 500

Runs are made up. `usable` is when the matrix is there and its filters work, `whole` when all lists
are, both from the start of navigation, by the browser's own clock. Nothing is asserted: times
depend on the machine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from table import Figure, print_table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import documents
import records
from browser import browsing

from gradiometer.report import page
from gradiometer.report.run import Run

METHODS = 50
MARKS = "return performance.getEntriesByType('mark').map((each) => [each.name, each.startTime])"


def made_up(cells: int) -> Run:
    """Return a run of so many cells, of 50 methods on as many functions as it takes."""
    rows = [
        records.row(
            f"method-{m}", f"problem-{p // 3}", f"{10 ** (p % 3)}", n=3 * 10 ** (p % 3),
            digits=15.0 - m / 10, promise=12.0, prepare_s=1e-3 * m, first_s=1e-3, call_bytes=10**6,
            **records.timed(1.0 + (m * 7919 % 1000) * 1.01 + p / 7),
        )
        for p in range(cells // METHODS)
        for m in range(METHODS)
    ]  # fmt: skip
    told = records.run(*rows)
    return Run(told.path, documents.INFO | {"plan": told.info["plan"]}, told.records)


def pages(cells: int) -> Iterator[Figure]:
    """Write and open the page of a run of so many cells."""
    small = cells <= 2000
    with tempfile.TemporaryDirectory() as folder, browsing() as browser:
        start = time.process_time()
        (path,) = page.write(made_up(cells), Path(folder), ["html"])
        written, size = time.process_time() - start, path.stat().st_size / 1e6
        browser.open(path)
        marks = {name: ms / 1e3 for name, ms in browser.run(MARKS)}
    of = f"{cells:,} cells"
    yield Figure(f"{of}: size", "5 MB" if small else "–", f"{size:.1f} MB", size < 5 or not small)
    yield Figure(f"{of}: written in CPU s", "–", f"{written:.1f} s", True)
    usable = marks["usable"]
    yield Figure(
        f"{of}: usable", "2 s" if small else "–", f"{usable:.1f} s", usable < 2 or not small
    )
    yield Figure(f"{of}: whole", "–", f"{marks['whole']:.1f} s", True)


if __name__ == "__main__":
    counts = [int(word) for word in sys.argv[1:]] or [2000, 20_000]
    print_table({f"{count}": lambda count=count: pages(count) for count in counts}, [])
