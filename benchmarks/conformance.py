"""Checks the conformance of every method; writes the tables in docs/conformance.md.

    python benchmarks/conformance.py                        # every method that is installed
    python benchmarks/conformance.py 'jax*' --page jax.md   # some, into another page
    python benchmarks/conformance.py --quick                # few problems, float64 alone

It takes a minute a method, several of those that compile. What fails unexpectedly is told on
stderr, and makes the exit code 1.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from gradiometer import conformance
from gradiometer.conformance import Report, Verdict
from gradiometer.measure.progress import Progress
from gradiometer.vocabulary.operators import OPERATORS

PAGE = Path(__file__).parents[1] / "docs" / "conformance.md"
PARTS = ("contract", "process")
MARKS = {Verdict.PASSED: "", Verdict.DECLINED: "–", Verdict.EXPECTED: "~", Verdict.FAILED: "✗"}
PREFACE = """# Which method conforms, and where it does not

Written by `make conformance`, from `gradiometer conformance` of every method;
[CONTRIBUTING](../CONTRIBUTING.md#check-a-method) says what is checked. How many checks passed;
after –, how many were declined (refused by name, or with a forecast); after ~, failed as is
expected, for a reason that stands below; after ✗, failed otherwise. Operators are of all built-in
problems in their first sizes, and of those in `gradiometer/conformance/problems.py`, in float64 and
float32. What is not in the table was not installed, or not asked for, where this was written.

"""


class Told(Progress):
    """Tells a line for every hundred checks."""

    count = 0

    def advance(self, text: str) -> None:
        """Count a check."""
        self.count += 1
        if self.count % 100 == 0:
            print(f"{self.count} checks, the last {text}", file=sys.stderr, flush=True)


def entry(report: Report, column: str) -> str:
    """Return what a method's checks of an operator, or of another part, came to: `35 –5 ~1`."""
    found = Counter(c.verdict for c in report.checks if column in (c.operator, c.part))
    several = [f"{mark}{found[verdict]}" for verdict, mark in MARKS.items() if found[verdict]]
    return " ".join(several) or " "


def page(report: Report) -> str:
    """Return the page: a table of methods and operators, and the reasons of expected failures."""
    columns = [*PARTS, *OPERATORS]
    lines = [["method", *columns], ["---"] * (1 + len(columns))]
    lines += [[f"`{m}`", *(entry(report.of(m), c) for c in columns)] for m in report.methods]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{PREFACE}{table}\n\n## What is expected to fail\n\n{expected(report)}"


def expected(report: Report) -> str:
    """Return the expected failures, those of one reason in a line."""
    lines = []
    for method in report.methods:
        for checks in report.of(method).groups(Verdict.EXPECTED):
            places = ", ".join(f"`{check.where}`" for check in checks[:3])
            more = f" and {len(checks) - 3} more" if len(checks) > 3 else ""
            lines.append(f"- `{method}`: {places}{more}: {checks[0].cause}\n")
    return "".join(lines) or "Nothing.\n"


def main() -> int:
    """Check everything, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("methods", nargs="*", default=["*"], help="names or globs")
    parser.add_argument("--quick", action="store_true", help="few problems, float64 alone")
    parser.add_argument("--page", type=Path, default=PAGE, help="where it is written")
    asked = parser.parse_args()
    report = conformance.check(asked.methods, quick=asked.quick, progress=Told())
    asked.page.write_text(page(report), "utf-8")
    for check in report.having(Verdict.FAILED):
        print(f"{check.method} {check.where}: {check.found} ({check.cause})", file=sys.stderr)
    return 1 if report.having(Verdict.FAILED) else 0


if __name__ == "__main__":
    raise SystemExit(main())
