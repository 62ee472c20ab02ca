"""Checks the conformance of every method; writes the tables in docs/conformance.md.

    python benchmarks/conformance.py                        # every method that is installed
    python benchmarks/conformance.py 'jax*' --page jax.md   # some, into another page
    python benchmarks/conformance.py --quick --page few.md  # few problems, float64 alone
    python benchmarks/conformance.py --missing              # those that nothing is known of

Each method is checked in a process of its own, some minutes long, and the page is written again
after each, from all that is kept: an interrupted run goes on where it was, and methods that are
named take the place of what was known of them. What fails unexpectedly is told on stderr, and
makes the exit code 1.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from separately import Separately

from gradiometer.conformance import Report, Verdict
from gradiometer.plugins import loader
from gradiometer.plugins.registry import Registry
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
float32. What is not in the table was not installed, or not asked for, where this was written; a
line stays until its method is checked again.
Each method is checked in a process of its own.

"""


def entry(report: Report, column: str) -> str:
    """Return what a method's checks of an operator, or of another part, came to: `35 –5 ~1`."""
    found = Counter(c.verdict for c in report.checks if column in (c.operator, c.part))
    several = [f"{mark}{found[verdict]}" for verdict, mark in MARKS.items() if found[verdict]]
    return " ".join(several) or " "


def page(report: Report, names: Iterable[str], before: str = "") -> str:
    """Return the page: a table of methods and operators, and the reasons of expected failures.

    Args:
        report: What was found.
        names: All methods, in the order of the table.
        before: The page as it was: lines of methods of which nothing is found here stay.
    """
    columns = [*PARTS, *OPERATORS]
    found = {m: f"| `{m}` | {' | '.join(entry(report.of(m), c) for c in columns)} |" for m in names}
    rows, reasons = [], []
    for method in names:
        known = method in report.methods
        old = [line for line in before.splitlines() if f"`{method}`" in line[: len(method) + 4]]
        rows += [found[method]] if known else [line for line in old if line.startswith("|")]
        reasons += expected(report, method) if known else [x for x in old if x.startswith("- ")]
    head = [
        f"| method | {' | '.join(columns)} |",
        f"| {' | '.join(['---'] * (1 + len(columns)))} |",
    ]
    table, told = "\n".join([*head, *rows]), "\n".join(reasons) or "Nothing."
    return f"{PREFACE}{table}\n\n## What is expected to fail\n\n{told}\n"


def expected(report: Report, method: str) -> list[str]:
    """Return the expected failures of a method, those of one reason in a line."""
    lines = []
    for checks in report.of(method).groups(Verdict.EXPECTED):
        places = ", ".join(f"`{check.where}`" for check in checks[:3])
        more = f" and {len(checks) - 3} more" if len(checks) > 3 else ""
        lines.append(f"- `{method}`: {places}{more}: {checks[0].cause}")
    return lines


def chosen(registry: Registry, patterns: list[str]) -> list[str]:
    """Return the methods that are named, and can run here.

    Raises:
        SystemExit: If none is.
    """
    named = {
        each.name: each for pattern in patterns for each in registry.matching("methods", pattern)
    }
    able = [name for name in registry.methods if name in named and not named[name].missing]
    if not able:
        raise SystemExit(f"No method that can run here is called {' or '.join(patterns)}.")
    return able


def main() -> int:
    """Check everything, and write the page after each method."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("methods", nargs="*", default=["*"], help="names or globs")
    parser.add_argument("--quick", action="store_true", help="few problems, float64 alone")
    parser.add_argument(
        "--missing", action="store_true", help="leave what is known, of any sources"
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="that a method may take")
    parser.add_argument("--page", type=Path, default=PAGE, help="where it is written")
    asked = parser.parse_args()
    registry = loader.built_ins()
    separately = Separately(asked.quick, 60.0 * asked.minutes)
    names = chosen(registry, asked.methods)
    for name in names:
        if separately.fresh(registry.methods[name]) or (asked.missing and separately.known(name)):
            tell(f"{name}: kept")
        else:
            start = time.monotonic()
            found = separately.check(registry.methods[name])
            counts = ", ".join(f"{n} {verdict}" for verdict, n in found.counts().items() if n)
            tell(f"{name}: {counts}, in {time.monotonic() - start:.0f} s")
        before = asked.page.read_text("utf-8") if asked.page.exists() else ""
        report = separately.report(registry.methods)
        asked.page.write_text(page(report, registry.methods, before), "utf-8")
    failed = separately.report(names).having(Verdict.FAILED)
    for check in failed:
        tell(f"{check.method} {check.where}: {check.found} ({check.cause})")
    return 1 if failed else 0


def tell(text: str) -> None:
    """Print a line on stderr."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
