"""Agreement with the certified truth: every operator of small problems, in both dtypes, untimed.

The harness prepares at another point than it checks, checks several points, repeats the calls, and
compares what they are given bit by bit. Identities between operators (a vjp as the transposed jvp,
a symmetric Hessian) are not tested: they follow where each agrees with its enclosure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from gradiometer.conformance.result import Check
from gradiometer.measure.harness import Harness
from gradiometer.measure.options import Options
from gradiometer.measure.plan import Plan, applies
from gradiometer.plugins import default
from gradiometer.plugins.registry import MethodEntry, ProblemEntry, Registry
from gradiometer.vocabulary.case import Case, Cell
from gradiometer.vocabulary.dtype import DTYPES
from gradiometer.vocabulary.operators import OPERATORS
from gradiometer.vocabulary.outcome import Outcome, Status

OPTIONS = Options(rounds=0, budget_s=2.0, timeout_s=60.0)
"""Nothing is timed; one call may be forecast to take two seconds."""

QUICK = ("product-of-sum", "logistic-regression", "polar-coordinates")
"""Built-in problems that a quick check takes, beside the special ones."""

SPECIAL = "special-*"

REFERENCE = ("reference: ", "point of ")
"""How the reasons begin that are of the truth, not of the method."""


def problems_of(
    registry: Registry, patterns: Sequence[str] | None, *, quick: bool = False
) -> list[ProblemEntry]:
    """Return the problems that methods are checked on.

    Args:
        registry: What there is, the special problems among it.
        patterns: Names or globs; by default all that are built in, and the special ones.
        quick: Whether `QUICK` and the special ones are taken by default.
    """
    taken = []
    for problem in registry.problems.values():
        special, built_in = fnmatchcase(problem.name, SPECIAL), default.built_in(problem)
        if patterns is not None:
            wanted = any(fnmatchcase(problem.name, pattern) for pattern in patterns)
        elif quick:
            wanted = special or problem.name in QUICK
        else:
            wanted = special or built_in
        if wanted and not (problem.on_request and (patterns is None or "*" in "".join(patterns))):
            taken.append(problem)
    return taken


def cells_of(
    problems: Sequence[ProblemEntry],
    methods: Sequence[MethodEntry],
    operators: Sequence[str] | None = None,
    dtypes: Sequence[str] | None = None,
) -> list[Cell]:
    """Return the cells of problems, in their first size, case by case.

    Args:
        problems: The problems.
        methods: The methods.
        operators: Operators by name, all by default.
        dtypes: What numbers are, both by default.
    """
    return [
        Cell(Case(problem.name, problem.labels[0], name, dtype), method.name)
        for dtype in dtypes or DTYPES
        for problem in problems
        for name in operators or OPERATORS
        if applies(name, problem)
        for method in methods
    ]


def agreement(
    cells: Sequence[Cell],
    registry: Registry,
    logs: Path,
    said: Callable[[Check], None] = lambda check: None,
    options: Options = OPTIONS,
) -> Iterator[Check]:
    """Yield the check of each cell as it ends.

    Args:
        cells: What is checked, case by case.
        registry: What their names stand for.
        logs: Folder for the workers' output.
        said: Told each check.
        options: How; nothing is timed.
    """
    with Harness(Plan.of(cells, registry), options, logs) as harness:
        for ended in harness.outcomes():
            check = _check(ended.cell, ended.outcome, registry)
            said(check)
            yield check


def _check(cell: Cell, outcome: Outcome, registry: Registry) -> Check:
    case, status, reason = cell.case, outcome.status, outcome.reason
    promise = outcome.verdict.promise
    digits = f"{promise:g} digits of " if promise else ""
    wanted = f"{digits}the certified {case.operator} at several points, in call after call"
    if status is Status.UNSUPPORTED and reason.partition(":")[0] in ("", "NotImplementedError"):
        named = reason.partition(":")[2].strip()
        status = status if named else Status.ERROR
        wanted = wanted if named else "a refusal that names what cannot be done"
    if reason.startswith(REFERENCE) and not status.blameless:
        status = Status.SKIPPED  # there is no truth: nothing is said of the method
    if registry.problems[case.problem].expects(cell.method) == status:
        status, reason = Status.SKIPPED, f"the problem expects it: {status}: {reason}"
    found = reason if status.blameless else f"{status}: {reason}"
    return Check(
        cell.method, "agreement", case.problem, case.operator, case.dtype,
        str(status), wanted, found,
    )  # fmt: skip
